// live-player.test.mjs - the player's own parts: addresses, words for faults, and what is a stall

import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './live-modules.mjs';

await load('player-parts.js');
const { PlayerParts: parts } = globalThis;

const page = (search, base = 'http://desk.example:8000/player.html') => parts.readAddress(`${base}${search}`);
const src = (url) => `?src=${encodeURIComponent(url)}`;

test('only http and https are played', () => {
  assert.equal(page(src('http://h/x.m3u8')).src, 'http://h/x.m3u8');
  assert.equal(page(src('hls/x.m3u8')).src, 'http://desk.example:8000/hls/x.m3u8');
  assert.match(page('').problem, /Nothing to play/);
  assert.match(page(src('http://[')).problem, /no address/);
  for (const bad of ['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'blob:http://h/1'])
    assert.match(page(src(bad)).problem, /Only http and https/);
});

test('an http stream in an https page is refused in words, but for loopback', () => {
  const secure = 'https://desk.example/player.html';
  assert.match(page(src('http://h/x'), secure).problem, /browsers do not mix/);
  assert.equal(page(src('http://127.0.0.1:8080/x'), secure).problem, null);
  assert.equal(page(src('https://h/x'), secure).problem, null);
});

test('label, size and start come from the address', () => {
  const options = page(`${src('http://h/x')}&label=Primary&small=1&autoplay=0`);
  assert.deepEqual([options.label, options.isSmall, options.mayStart], ['Primary', true, false]);
  assert.equal(page(src('http://h/x')).mayStart, true);
});

test('faults are told in words, with the status', () => {
  assert.equal(parts.describe({ details: 'manifestLoadError', response: { code: 404 } }), 'Nothing to play yet: there is no such playlist (404)');
  assert.equal(parts.describe({ details: 'levelLoadError', response: { code: 503 } }), 'Nothing to play yet: no segments have come (503)');
  assert.equal(parts.describe({ details: 'fragLoadError', response: { code: 500 } }), 'A segment cannot be loaded (500)');
  assert.equal(parts.describe({ details: 'fragLoadError', response: { code: 0 } }), 'A segment cannot be loaded: no answer');
  assert.equal(parts.describe({ details: 'somethingNew' }), 'Playback failed (somethingNew)');
  assert.equal(parts.describe({}), 'Playback failed (unknown)');
});

function play(meter, steps) {
  let now = 0;
  let position = 0;
  for (const [count, advance, isMeant = true, elapsed = 100] of steps) {
    for (let i = 0; i < count; i++) {
      meter.step(now, position, isMeant);
      now += elapsed;
      position += advance;
    }
  }
  return meter;
}

test('a picture that moves has no stalls', () => {
  const meter = play(new parts.StallMeter(), [[50, 0.1]]);
  assert.deepEqual([meter.count, meter.totalMs, meter.hasStarted], [0, 0, true]);
});

test('a picture that stands still is one stall, from its beginning', () => {
  const meter = play(new parts.StallMeter(), [[10, 0.1], [10, 0], [10, 0.1], [5, 0], [10, 0.1]]);
  assert.equal(meter.count, 2);
  assert.equal(meter.isStalled, false);
  assert.ok(meter.totalMs >= 1200 && meter.totalMs <= 1600, `${meter.totalMs}`);
});

test('a hiccup, a pause, and the time before the first picture are none', () => {
  assert.equal(play(new parts.StallMeter(), [[10, 0.1], [2, 0], [10, 0.1]]).count, 0);
  assert.equal(play(new parts.StallMeter(), [[10, 0.1], [30, 0, false], [10, 0.1]]).count, 0);
  assert.equal(play(new parts.StallMeter(), [[40, 0], [10, 0.1]]).count, 0);
});

test('when the page itself got no time, nobody knows', () => {
  assert.equal(play(new parts.StallMeter(), [[10, 0.1], [2, 0, true, 5000], [10, 0.1]]).count, 0);
});

test('a new start is not compared with the old one', () => {
  const meter = play(new parts.StallMeter(), [[10, 0.1], [10, 0]]);
  assert.equal(meter.isStalled, true);
  meter.restart();
  assert.equal(meter.isStalled, false);
  assert.equal(meter.count, 1);
});

test('the buffer ends at the first hole', () => {
  const ranges = (pairs) => ({ length: pairs.length, start: (i) => pairs[i][0], end: (i) => pairs[i][1] });
  assert.equal(parts.bufferAhead(ranges([[0, 10], [12, 20]]), 4), 6);
  assert.equal(parts.bufferAhead(ranges([[0, 10], [12, 20]]), 11), 0);
  assert.equal(parts.bufferAhead(ranges([]), 0), 0);
});
