// analysis-range.test.mjs - which time the charts show: addresses, zoom, pan, what is asked for

import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './live-modules.mjs';

process.env.TZ = 'Europe/Berlin';
const range = await load('views/analysis-range.js');

const MIN = 60e3;
const HOUR = 60 * MIN;
const DAY = 24 * HOUR;
const NOW = Date.parse('2026-03-14T12:00:00Z');
const parse = (search) => range.parseRange(new URLSearchParams(search), NOW);

test('a span is read in s, m, h and d, and plain numbers are seconds', () => {
  const cases = { '90s': 90e3, '15m': 15 * MIN, '1h': HOUR, '7d': 7 * DAY, 3600: HOUR, '10s': MIN, '9999d': 400 * DAY };
  for (const [text, ms] of Object.entries(cases))
    assert.equal(range.parseSpan(text), ms, text);
  for (const bad of ['', '0', '0h', '-1h', '1.5h', '1w', 'h', '1 h', '1e3', null, undefined, '99999999999h'])
    assert.equal(range.parseSpan(bad), null, String(bad));
});

test('a span is written as short as can be, and read back', () => {
  const cases = { '15m': 15 * MIN, '1h': HOUR, '90m': 90 * MIN, '7d': 7 * DAY, '36h': 36 * HOUR, '61s': 61e3 };
  for (const [text, ms] of Object.entries(cases)) {
    assert.equal(range.spanText(ms), text);
    assert.equal(range.parseSpan(text), ms);
  }
  assert.equal(range.spanText(60499), '1m');
});

test('the address without a time is the last hour', () => {
  assert.deepEqual(parse(''), { range: { last: HOUR }, fault: null });
  assert.deepEqual(parse('last=7d').range, { last: 7 * DAY });
});

test('two times in the address stay; one of them is completed', () => {
  const from = NOW - 3 * HOUR;
  assert.deepEqual(parse(`from=${new Date(from).toISOString()}&to=2026-03-14T10:00:00Z`).range, { from, to: NOW - 2 * HOUR });
  assert.deepEqual(parse(`from=${from}&to=${NOW - HOUR}`).range, { from, to: NOW - HOUR });
  assert.deepEqual(parse(`from=${from}`).range, { from, to: NOW });
  assert.deepEqual(parse(`to=${NOW - HOUR}`).range, { from: NOW - 2 * HOUR, to: NOW - HOUR });
});

test('a time that goes beyond now ends now and follows', () => {
  assert.deepEqual(parse(`from=${NOW - HOUR}&to=${NOW + HOUR}`).range, { last: 2 * HOUR });
});

test('what cannot be read says why, and the last hour is shown', () => {
  for (const bad of ['last=soon', 'last=', 'from=yesterday', `from=${NOW - HOUR}&to=x`, `from=${NOW - HOUR}&to=${NOW - 2 * HOUR}`,
    `from=${NOW + HOUR}`, `from=${NOW - HOUR}&to=${NOW - HOUR}`]) {
    const { range: shown, fault } = parse(bad);
    assert.deepEqual(shown, { last: HOUR }, bad);
    assert.ok(fault.length > 10 && fault.length < 120, bad);
  }
  assert.ok(parse(`last=${'x'.repeat(5000)}`).fault.length < 140);
});

test('a range is written into the address and read back', () => {
  for (const each of [{ last: 90 * MIN }, { last: 30 * DAY }, { from: NOW - DAY, to: NOW - HOUR }])
    assert.deepEqual(parse(new URLSearchParams(range.rangeQuery(each)).toString()).range, each);
  assert.deepEqual(range.rangeQuery({ from: NOW - DAY + 400, to: NOW - HOUR }),
    { from: '2026-03-13T12:00:00Z', to: '2026-03-14T11:00:00Z' });
});

test('spans are bounded from both sides', () => {
  assert.deepEqual(range.settle(NOW - HOUR, NOW - HOUR + 1000, NOW), { from: NOW - HOUR - 29500, to: NOW - HOUR + 30500 });
  const long = range.settle(NOW - 1000 * DAY, NOW, NOW);
  assert.deepEqual(long, { from: NOW - 400 * DAY, to: NOW });
});

test('zoom keeps the place it is asked for, or the middle; what follows goes on following', () => {
  const fixed = { from: NOW - 4 * HOUR, to: NOW - 2 * HOUR };
  assert.deepEqual(range.zoomed(fixed, NOW, 0.5), { from: NOW - 3.5 * HOUR, to: NOW - 2.5 * HOUR });
  assert.deepEqual(range.zoomed(fixed, NOW, 0.5, fixed.from), { from: fixed.from, to: fixed.from + HOUR });
  assert.deepEqual(range.zoomed({ last: HOUR }, NOW, 2), { last: 2 * HOUR });
  assert.deepEqual(range.zoomed({ last: HOUR }, NOW, 0.5, NOW - HOUR), { from: NOW - HOUR, to: NOW - HOUR / 2 });
  assert.deepEqual(range.zoomed({ last: MIN }, NOW, 0.1), { last: MIN });
});

test('zooming out and panning never go beyond now', () => {
  assert.deepEqual(range.zoomed({ from: NOW - 2 * HOUR, to: NOW - 1000 }, NOW, 2), { last: 4 * HOUR - 2000 });
  assert.deepEqual(range.panned({ last: HOUR }, NOW, 0.5), { last: HOUR });
  assert.deepEqual(range.panned({ last: HOUR }, NOW, -0.5), { from: NOW - 1.5 * HOUR, to: NOW - 0.5 * HOUR });
  assert.deepEqual(range.panned({ from: NOW - 1.5 * HOUR, to: NOW - 0.5 * HOUR }, NOW, 0.6), { last: HOUR });
});

test('a point is of a size that people know, and there are never more than 1000', () => {
  const cases = [[15 * MIN, 1100, 1], [HOUR, 1100, 5], [6 * HOUR, 1100, 30], [DAY, 1100, 120], [7 * DAY, 1100, 900],
    [30 * DAY, 1100, 3600], [90 * DAY, 1100, 10800], [HOUR, 320, 15], [400 * DAY, 1000, 43200], [400 * DAY, 200, 86400]];
  for (const [span, width, seconds] of cases) {
    assert.equal(range.resolutionOf(span, width), seconds);
    assert.ok(span / 1000 / seconds <= 1000);
  }
});

test('single segments are known of the last hour only', () => {
  assert.equal(range.isFine({ from: NOW - HOUR, to: NOW }, NOW, 5), true);
  assert.equal(range.isFine({ from: NOW - 2 * HOUR, to: NOW - 1.9 * HOUR }, NOW, 1), false);
  assert.equal(range.isFine({ from: NOW - HOUR, to: NOW }, NOW, 60), false);
});

test('it is read again as new points come, but neither too often nor too seldom', () => {
  assert.equal(range.paceOf(1), 10e3);
  assert.equal(range.paceOf(30), 30e3);
  assert.equal(range.paceOf(10800), 300e3);
});

test('what is typed is in local time, and is refused beside its field', () => {
  assert.equal(range.inputValue(NOW), '2026-03-14T13:00:00');
  const typed = (from, to) => range.typedRange(from, to, NOW);
  assert.deepEqual(typed('2026-03-14T11:00:00', '2026-03-14T12:00:00').range, { from: NOW - 2 * HOUR, to: NOW - HOUR });
  assert.equal(typed('', '2026-03-14T12:00').fromError, 'Choose a day and a time');
  assert.equal(typed('2026-03-14T12:00', '').toError, 'Choose a day and a time');
  assert.match(typed('2026-03-14T12:00', '2026-03-14T11:00').toError, /not after/);
  assert.match(typed('2026-03-15T12:00', '2026-03-16T11:00').fromError, /not come yet/);
  assert.match(typed('2024-01-01T12:00', '2026-03-14T11:00').fromError, /400 days/);
});
