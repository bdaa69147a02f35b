// player-parts.js - what the player knows without a page: addresses, words for faults, stalls
//
// A classic script, since the player's frame has an origin of its own that may not load modules.
// Everything is in one object, so that it can be tested without a browser.

'use strict';

globalThis.PlayerParts = (() => {
  const STALL_MS = 250; // shorter is a hiccup of the clock that measures, not of the picture
  const JUMP_MS = 3000; // this page got no time for so long: nobody knows what was to be seen

  /**
   * What is to be played, from the address of this page.
   * @param {string} href of the page
   * @returns {{src: string|null, label: string, isSmall: boolean, mayStart: boolean, problem: string|null}}
   */
  function readAddress(href) {
    const page = new URL(href);
    const given = page.searchParams.get('src') ?? '';
    const options = {
      src: null,
      label: (page.searchParams.get('label') ?? '').slice(0, 80),
      isSmall: page.searchParams.has('small'),
      mayStart: page.searchParams.get('autoplay') !== '0',
      problem: null,
    };
    if (given === '')
      return { ...options, problem: 'Nothing to play: the address of this page ends without ?src=URL.' };
    let url;
    try {
      url = new URL(given, page);
    } catch {
      return { ...options, problem: `"${given.slice(0, 200)}" is no address.` };
    }
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      return { ...options, problem: `Only http and https can be played, not ${url.protocol.slice(0, 20)}` };
    if (page.protocol === 'https:' && url.protocol === 'http:' && !isLoopback(url.hostname))
      return { ...options, problem: 'This page came over https and the stream is on http, which browsers'
        + ' do not mix. Open the page over http, or put TLS in front of the switcher.' };
    return { ...options, src: url.href };
  }

  function isLoopback(hostname) {
    return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]'
      || /^127\./.test(hostname);
  }

  const FAULTS = {
    manifestLoadError: 'The playlist cannot be loaded',
    manifestLoadTimeOut: 'The playlist does not come',
    manifestParsingError: 'What came is not a playlist',
    manifestIncompatibleCodecsError: 'This browser cannot play the codecs of this stream',
    levelLoadError: 'The playlist cannot be loaded',
    levelLoadTimeOut: 'The playlist does not come',
    levelParsingError: 'The playlist cannot be read',
    levelEmptyError: 'The playlist lists no segments',
    fragLoadError: 'A segment cannot be loaded',
    fragLoadTimeOut: 'A segment does not come',
    fragParsingError: 'A segment cannot be read',
    fragDecryptError: 'A segment cannot be decrypted',
    bufferAppendError: 'The browser does not take a segment',
    bufferAddCodecError: 'This browser cannot play the codecs of this stream',
    bufferIncompatibleCodecsError: 'This browser cannot play the codecs of this stream',
  };

  /**
   * @param {{details?: string, response?: {code?: number}}} fault as hls.js tells it
   * @returns {string} without a full stop
   */
  function describe(fault) {
    const words = FAULTS[fault.details] ?? `Playback failed (${fault.details ?? 'unknown'})`;
    const code = fault.response?.code;
    if (code === 404 && /^(manifest|level)/.test(fault.details ?? ''))
      return 'Nothing to play yet: there is no such playlist (404)';
    if (code === 503 && /^(manifest|level)/.test(fault.details ?? ''))
      return 'Nothing to play yet: no segments have come (503)';
    if (code > 0)
      return `${words} (${code})`;
    return /Load(Error|TimeOut)$/.test(fault.details ?? '') ? `${words}: no answer` : words;
  }

  /** How long to wait before the n-th try in a row, from 1. */
  function retryDelay(n) {
    return [1000, 1000, 2000, 3000][Math.min(Math.max(n, 1), 4) - 1];
  }

  /** Stalls: the picture should move and does not. Fed with what a clock sees, a few times a second. */
  class StallMeter {
    constructor() {
      this.count = 0;
      this.totalMs = 0;
      this.isStalled = false;
      this.hasStarted = false;
      this.frozenMs = 0;
      this.last = null;
    }

    /** After a seek or a new start: what comes is compared with nothing before. */
    restart() {
      this.last = null;
      this.endFreeze();
    }

    endFreeze() {
      this.frozenMs = 0;
      this.isStalled = false;
    }

    /**
     * @param {number} now ms, monotonic
     * @param {number} position s
     * @param {boolean} isMeant to be playing: not paused, not seeking, page visible
     */
    step(now, position, isMeant) {
      const last = this.last;
      this.last = { now, position, isMeant };
      if (!last || !isMeant || !last.isMeant) {
        this.endFreeze();
        return;
      }
      const elapsed = now - last.now;
      if (Math.abs(position - last.position) > 0.001) {
        this.hasStarted = true;
        this.endFreeze();
      } else if (this.hasStarted && elapsed < JUMP_MS) {
        this.addFrozen(elapsed);
      }
    }

    addFrozen(elapsed) {
      this.frozenMs += elapsed;
      if (this.isStalled) {
        this.totalMs += elapsed;
      } else if (this.frozenMs >= STALL_MS) {
        this.isStalled = true;
        this.count++;
        this.totalMs += this.frozenMs;
      }
    }
  }

  /** Seconds of media from `position` on, without a hole. */
  function bufferAhead(ranges, position) {
    for (let i = 0; i < ranges.length; i++)
      if (ranges.start(i) <= position + 0.1 && ranges.end(i) > position)
        return ranges.end(i) - position;
    return 0;
  }

  return { readAddress, isLoopback, describe, retryDelay, StallMeter, bufferAhead };
})();
