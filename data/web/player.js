// player.js - one player in a page of its own, mostly in a frame of the Live view
//
// Plays ?src=URL by hls.js where the browser has Media Source Extensions, else by the browser's
// own HLS. Goes on by itself after any fault, saying in words what it waits for. Tells the page
// around it how playing goes, twice a second, and takes its orders (play, mute); both are plain
// messages, since the frame's origin is nobody's. Alone in a window it works as well.

'use strict';

(() => {
  const { readAddress, describe, retryDelay, StallMeter, bufferAhead } = globalThis.PlayerParts;
  const HLS_SCRIPT = 'vendor/hls.js/hls.light.min.js';
  const SAMPLE_MS = 100;
  const REPORT_MS = 500;
  const QUIET_MS = 3000; // then the controls step back
  const EDGE_S = 2; // so much later than meant still is "live"

  const part = (id) => document.getElementById(id);
  const player = part('player');
  const video = part('video');
  const options = readAddress(location.href);
  const opened = Date.now();
  const meter = new StallMeter();
  let hls = null;
  let engine = 'none';
  let why = null; // what it waits for, in words
  let isFatal = Boolean(options.problem);
  let isWanted = options.mayStart; // to be playing; what the element says itself is lost with its source
  let tries = 0;
  let retryTimer = 0;
  let recovered = 0;
  let errors = 0;
  let lastError = null;

  // ---- what is to be seen ----

  function say(words, mayTry = false) {
    why = words;
    player.classList.remove('is-quiet');
    part('words').textContent = words ?? '';
    part('note').hidden = words === null;
    part('again').hidden = !mayTry;
  }

  function stateOf() {
    if (isFatal)
      return 'error';
    if (!isWanted)
      return 'paused';
    if (why !== null)
      return 'waiting';
    if (!meter.hasStarted)
      return 'loading';
    return meter.isStalled ? 'stalled' : 'playing';
  }

  function edgeDistance() {
    if (hls && hls.latency > 0)
      return hls.latency;
    const { seekable } = video;
    return engine === 'native' && seekable.length > 0
      ? Math.max(seekable.end(seekable.length - 1) - video.currentTime, 0) : null;
  }

  function meantDistance() {
    return hls?.targetLatency ?? 6;
  }

  function showLive() {
    const distance = edgeDistance();
    const behind = distance === null ? 0 : distance - meantDistance();
    const isAtEdge = stateOf() === 'playing' && behind < EDGE_S;
    player.classList.toggle('is-at-edge', isAtEdge);
    const words = isAtEdge || !meter.hasStarted ? 'Live' : `Go live, ${Math.max(Math.round(behind), 0)} s`;
    if (part('live-words').textContent !== words)
      part('live-words').textContent = words;
  }

  function nameButton(id, words) {
    if (part(id).getAttribute('aria-label') !== words)
      part(id).setAttribute('aria-label', words);
  }

  function showButtons() {
    const isMuted = video.muted || video.volume === 0;
    player.classList.toggle('is-paused', !isWanted);
    player.classList.toggle('is-muted', isMuted);
    nameButton('play', isWanted ? 'Pause' : 'Play');
    nameButton('mute', isMuted ? 'Unmute' : 'Mute');
    player.dataset.state = stateOf();
  }

  // ---- playing ----

  function start() {
    isWanted = true;
    video.play().catch((error) => {
      if (error.name !== 'NotAllowedError')
        return; // the source went away meanwhile; the next one is started again
      isWanted = false;
      say('The browser wants a click before it plays.');
    });
  }

  function stop() {
    isWanted = false;
    video.pause();
  }

  function goLive() {
    const edge = hls ? hls.liveSyncPosition
      : video.seekable.length > 0 ? video.seekable.end(video.seekable.length - 1) - meantDistance() : null;
    if (edge !== null && Number.isFinite(edge) && edge > 0)
      video.currentTime = edge;
    start();
  }

  function letGo() {
    clearTimeout(retryTimer);
    hls?.destroy();
    hls = null;
    if (engine === 'native') {
      video.removeAttribute('src');
      video.load();
    }
    meter.restart();
  }

  function retry(words) {
    tries++;
    say(`${words}. Trying again.`, true);
    clearTimeout(retryTimer);
    retryTimer = setTimeout(attach, retryDelay(tries));
  }

  function onFault(name, fault) {
    if (fault.details === 'bufferStalledError' || fault.details === 'bufferNudgeOnStall')
      return; // what it does about a stall; the meter has seen it
    errors++;
    lastError = describe(fault);
    if (!fault.fatal)
      return;
    if (fault.type === 'mediaError' && performance.now() - recovered > 5000) {
      recovered = performance.now();
      hls.recoverMediaError();
      return;
    }
    letGo();
    retry(lastError);
  }

  function attachHls() {
    hls = new globalThis.Hls({ liveDurationInfinity: true, backBufferLength: 30, maxBufferLength: 20 });
    engine = 'hls.js';
    hls.on('hlsError', onFault);
    hls.on('hlsManifestParsed', () => {
      say(null);
      if (isWanted)
        start();
    });
    hls.loadSource(options.src);
    hls.attachMedia(video);
  }

  function attachNative() {
    engine = 'native';
    video.src = options.src;
    if (isWanted)
      start();
  }

  function attach() {
    if (globalThis.Hls?.isSupported()) {
      attachHls();
    } else if (video.canPlayType('application/vnd.apple.mpegurl') !== '') {
      attachNative();
    } else {
      isFatal = true;
      say('This browser has neither Media Source Extensions nor HLS of its own: it cannot play this.');
    }
  }

  // Fetched only where it can work: it is the largest file of all.
  function load() {
    if (!globalThis.MediaSource && !globalThis.ManagedMediaSource) {
      attach();
      return;
    }
    const script = document.createElement('script');
    script.src = HLS_SCRIPT;
    script.onload = attach;
    script.onerror = () => {
      script.remove();
      tries++;
      say('The player itself cannot be loaded from the desk. Trying again.');
      retryTimer = setTimeout(load, retryDelay(tries));
    };
    document.head.append(script);
  }

  // ---- telling ----

  function playingDate() {
    if (hls)
      return hls.playingDate?.getTime() ?? null;
    const begin = video.getStartDate?.().getTime();
    return Number.isFinite(begin) ? begin + video.currentTime * 1000 : null;
  }

  function levelOf() {
    const level = hls?.levels?.[hls.currentLevel];
    return { width: video.videoWidth || level?.width || null, height: video.videoHeight || level?.height || null,
      bitrate: level?.bitrate > 1 ? level.bitrate : null };
  }

  function report() {
    const quality = video.getVideoPlaybackQuality?.();
    return {
      type: 'understudy-player',
      state: stateOf(),
      why,
      engine,
      position_s: video.currentTime,
      date_ms: meter.hasStarted ? playingDate() : null,
      edge_s: meter.hasStarted ? edgeDistance() : null,
      buffer_s: bufferAhead(video.buffered, video.currentTime),
      stalls: meter.count,
      stall_ms: Math.round(meter.totalMs),
      dropped: quality?.droppedVideoFrames ?? null,
      decoded: quality?.totalVideoFrames ?? null,
      errors,
      last_error: lastError,
      level: levelOf(),
      is_muted: video.muted,
      is_paused: !isWanted,
      opened_ms: opened,
      sent_ms: Date.now(),
    };
  }

  // To whatever page is around: only pages of this desk may be (frame-ancestors), and what is told
  // is no secret.
  function tell(message) {
    if (window.parent !== window)
      window.parent.postMessage(message, '*');
  }

  function sample() {
    const isMeant = isWanted && !video.seeking && !document.hidden;
    const was = meter.isStalled;
    const had = meter.hasStarted;
    meter.step(performance.now(), video.currentTime, isMeant);
    if (was !== meter.isStalled || had !== meter.hasStarted)
      tell(report());
    showLive();
    showButtons();
  }

  // It plays: whatever was said before is over.
  function settle() {
    tries = 0;
    if (why !== null)
      say(null);
  }

  // ---- orders ----

  const orders = {
    play: start,
    pause: stop,
    toggle: () => (isWanted ? stop() : start()),
    mute: () => setMuted(true),
    unmute: () => setMuted(false),
    'toggle-mute': () => setMuted(!video.muted && video.volume > 0),
    live: goLive,
  };

  function setMuted(isMuted) {
    video.muted = isMuted;
    if (!isMuted && video.volume === 0)
      video.volume = 1;
    part('volume').value = String(isMuted ? 0 : Math.round(video.volume * 100));
  }

  function onMessage(event) {
    if (event.source !== window.parent || window.parent === window)
      return;
    if (event.data?.type === 'understudy-player-order' && Object.hasOwn(orders, event.data.order))
      orders[event.data.order]();
  }

  const keys = { p: 'toggle', m: 'toggle-mute' };

  // Keys that are not the player's go on to the page around, as if the frame were not there.
  function onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey)
      return;
    const order = keys[event.key];
    if (order)
      orders[order]();
    else if (event.key.length === 1 && event.key !== ' ')
      tell({ type: 'understudy-player-key', key: event.key });
  }

  let quietTimer = 0;
  function stir() {
    player.classList.remove('is-quiet');
    clearTimeout(quietTimer);
    quietTimer = setTimeout(() => player.classList.toggle('is-quiet', isWanted && why === null), QUIET_MS);
  }

  function toggleFull() {
    const done = document.fullscreenElement ? document.exitFullscreen() : player.requestFullscreen();
    done.catch(() => {}); // refused by the browser; nothing has changed
  }

  function togglePip() {
    const done = document.pictureInPictureElement ? document.exitPictureInPicture()
      : video.requestPictureInPicture();
    done.catch(() => {}); // as above
  }

  function listen() {
    part('play').addEventListener('click', orders.toggle);
    part('mute').addEventListener('click', orders['toggle-mute']);
    part('live').addEventListener('click', goLive);
    part('full').addEventListener('click', toggleFull);
    part('pip').addEventListener('click', togglePip);
    part('again').addEventListener('click', () => {
      letGo();
      attach();
    });
    part('volume').value = '0';
    part('volume').addEventListener('input', (event) => {
      video.volume = Number(event.target.value) / 100;
      video.muted = video.volume === 0;
    });
    part('full').hidden = !document.fullscreenEnabled;
    part('pip').hidden = !document.pictureInPictureEnabled;
    video.addEventListener('click', (event) => event.pointerType !== 'touch' && orders.toggle());
    video.addEventListener('play', () => { isWanted = true; }); // by the system's own buttons as well
    video.addEventListener('pause', () => { isWanted = false; });
    video.addEventListener('seeking', () => meter.restart());
    video.addEventListener('playing', settle);
    video.addEventListener('error', () => {
      if (engine === 'native') {
        errors++;
        lastError = `Playback failed (${video.error?.message || video.error?.code || 'unknown'})`;
        letGo();
        retry(lastError);
      }
    });
    for (const name of ['pointermove', 'pointerdown', 'keydown', 'focusin'])
      document.addEventListener(name, stir);
    document.addEventListener('keydown', onKey);
    window.addEventListener('message', onMessage);
    setInterval(sample, SAMPLE_MS);
    setInterval(() => tell(report()), REPORT_MS);
  }

  function open() {
    const name = options.label || 'Player';
    document.title = name;
    video.setAttribute('aria-label', options.label ? `Live picture: ${options.label}` : 'Live picture');
    part('label').textContent = name;
    part('label').classList.toggle('is-unseen', options.label === '' || window.parent !== window);
    player.classList.toggle('is-small', options.isSmall);
    listen();
    stir();
    if (options.problem)
      say(options.problem);
    else
      load();
  }

  open();
})();
