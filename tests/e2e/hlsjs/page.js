// page.js - plays the stream named in ?url= with hls.js and reports what it saw
//
// Reports go to /report as JSON lines, twice a second. Every line has `at`: performance.now() in ms.
// Each report ends with the time of sending, by which browser.py finds the clock's offset.
//   error     what hls.js calls an error, fatal or not
//   clock     every 250 ms: the media's time, its rate, what is buffered, frames painted and dropped
//   picture   a painted frame: its media time and the 16 blocks of the strip (numbered.py)
//   waiting   the element ran out of data; playing: it goes on
//   level     a playlist was taken: first and last number, discontinuities counted
const video = document.getElementById('video');
const canvas = new OffscreenCanvas(320, 16);
const context = canvas.getContext('2d', {willReadFrequently: true});
const lines = [];

function note(kind, values = {}) {
  lines.push({at: performance.now(), kind, ...values});
}

async function send() {
  const batch = lines.splice(0);
  batch.push({at: performance.now(), kind: 'sent'});
  await fetch('/report', {
    method: 'POST',
    body: batch.map((line) => JSON.stringify(line)).join('\n'),
  });
}

function readStrip() {
  context.drawImage(video, 0, 0, 320, 16, 0, 0, 320, 16);
  const row = context.getImageData(0, 8, 320, 1).data;
  let bits = '';
  for (let block = 0; block < 16; block++) {
    bits += row[(block * 20 + 10) * 4 + 1] > 128 ? '1' : '0';
  }
  return bits;
}

function onFrame(now, frame) {
  video.requestVideoFrameCallback(onFrame);
  note('picture', {media: frame.mediaTime, bits: readStrip(), presented: frame.presentedFrames});
}

function buffered() {
  return Array.from(video.buffered, (_, i) => [video.buffered.start(i), video.buffered.end(i)]);
}

function onClock() {
  const quality = video.getVideoPlaybackQuality();
  note('clock', {
    media: video.currentTime,
    rate: video.playbackRate,
    ready: video.readyState,
    paused: video.paused,
    seeking: video.seeking,
    buffered: buffered(),
    painted: quality.totalVideoFrames,
    dropped: quality.droppedVideoFrames,
  });
}

function onError(event, data) {
  note('error', {
    type: data.type,
    details: data.details,
    fatal: data.fatal,
    reason: data.reason || data.error?.message,
    status: data.response?.code,
    url: data.frag?.url || data.url,
    hole: data.hole,
    media: video.currentTime,
  });
}

function onLevel(event, {details}) {
  note('level', {
    start: details.startSN,
    end: details.endSN,
    discontinuities: details.endCC,
    age: details.age,
  });
}

function play(url) {
  const hls = new Hls({debug: false, backBufferLength: 30});
  hls.on(Hls.Events.ERROR, onError);
  hls.on(Hls.Events.LEVEL_UPDATED, onLevel);
  hls.on(Hls.Events.MANIFEST_PARSED, () => video.play().catch((error) => {
    note('error', {type: 'page', details: 'play', fatal: true, reason: String(error)});
  }));
  for (const kind of ['waiting', 'playing', 'seeking', 'ended']) {
    video.addEventListener(kind, () => note(kind, {media: video.currentTime}));
  }
  video.addEventListener('error', () => {
    note('error', {type: 'element', details: video.error?.message, fatal: true});
  });
  hls.loadSource(url);
  hls.attachMedia(video);
  video.requestVideoFrameCallback(onFrame);
  note('start', {version: Hls.version, agent: navigator.userAgent});
}

addEventListener('error', (event) => {
  note('error', {type: 'page', details: event.message, fatal: true});
});
setInterval(onClock, 250);
setInterval(() => send().catch(() => {}), 500);
play(new URLSearchParams(location.search).get('url'));
