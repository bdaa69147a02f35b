// analysis-ticks.test.mjs - lines of the axes, also on the days when the clocks change

import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './live-modules.mjs';

process.env.TZ = 'Europe/Berlin';
const { timeTicks, axisFromZero, axisOfRatio, rangeText, pointText } = await load('views/analysis-ticks.js');

const HOUR = 3600e3;
const DAY = 24 * HOUR;
const at = (text) => new Date(text).getTime(); // local, without a Z
const labels = (from, to, width = 1000) => timeTicks(at(from), at(to), width).map((tick) => tick.label);

test('an hour has its minutes', () => {
  assert.deepEqual(labels('2026-03-14T12:03:20', '2026-03-14T13:03:20', 700),
    ['12:10', '12:20', '12:30', '12:40', '12:50', '13:00']);
});

test('a minute has its seconds', () => {
  assert.deepEqual(labels('2026-03-14T12:00:00', '2026-03-14T12:01:00', 300), ['12:00:00', '12:00:15', '12:00:30', '12:00:45', '12:01:00']);
});

test('where a day begins its name stands, and it is major', () => {
  const ticks = timeTicks(at('2026-03-14T20:00'), at('2026-03-15T04:00'), 700);
  assert.deepEqual(ticks.map((tick) => tick.label), ['20:00', '21:00', '22:00', '23:00', '15 Mar', '01:00', '02:00', '03:00', '04:00']);
  assert.deepEqual(ticks.filter((tick) => tick.isMajor).map((tick) => tick.label), ['15 Mar']);
});

test('a clock that jumps forward leaves out an hour, and is right afterwards', () => {
  assert.deepEqual(labels('2026-03-29T00:00', '2026-03-29T07:00', 560), ['29 Mar', '01:00', '03:00', '04:00', '05:00', '06:00', '07:00']);
});

test('a clock that jumps back has every tick once, in order', () => {
  const ticks = timeTicks(at('2026-10-25T00:00'), at('2026-10-25T07:00'), 700);
  assert.deepEqual(ticks.map((tick) => tick.at), [...new Set(ticks.map((tick) => tick.at))].sort((a, b) => a - b));
  assert.equal(ticks.at(-1).label, '07:00');
});

test('days and weeks do not jump while the time goes on', () => {
  const first = timeTicks(at('2026-03-01T00:00'), at('2026-03-31T00:00'), 800).map((tick) => tick.at);
  const later = timeTicks(at('2026-03-01T05:00'), at('2026-03-31T05:00'), 800).map((tick) => tick.at);
  assert.ok(later.filter((each) => first.includes(each)).length >= first.length - 1);
  const weeks = timeTicks(at('2026-01-01T00:00'), at('2026-03-31T00:00'), 1000);
  assert.ok(weeks.every((tick) => new Date(tick.at).getDay() === 1 && new Date(tick.at).getHours() === 0));
});

test('a year has months, and January is the year', () => {
  assert.deepEqual(labels('2025-11-15T00:00', '2026-03-15T00:00', 400), ['Dec', '2026', 'Feb', 'Mar']);
});

test('labels have room, and there are some, for every range and width', () => {
  for (const width of [240, 700, 1300])
    for (const span of [60e3, 900e3, HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY, 90 * DAY, 400 * DAY]) {
      const to = at('2026-06-17T13:37:11');
      const ticks = timeTicks(to - span, to, width);
      assert.ok(ticks.length >= 1, `${span} in ${width}`);
      for (let i = 1; i < ticks.length; i++)
        assert.ok((ticks[i].at - ticks[i - 1].at) / span * width > 50, `${span} in ${width}`);
    }
});

test('an axis from zero ends at a round number above everything', () => {
  assert.deepEqual(axisFromZero(60, 83, { least: 10 }), { low: 0, high: 100, ticks: [0, 50, 100] });
  assert.deepEqual(axisFromZero(null, null, { least: 10 }).ticks, [0, 5, 10]);
  assert.deepEqual(axisFromZero(0, 1, { isWhole: true }).ticks, [0, 1]);
  assert.deepEqual(axisFromZero(1, 7, { isWhole: true }).ticks, [0, 5, 10]);
  for (const high of [0.3, 1, 12, 99.9, 100, 4321, 7.7e6]) {
    const axis = axisFromZero(0, high);
    assert.ok(axis.high >= high && axis.ticks.length <= 4 && axis.ticks.at(-1) === axis.high, String(high));
  }
});

test('an axis goes below zero where there is something', () => {
  assert.deepEqual(axisFromZero(-1.2, 2.3), { low: -2, high: 4, ticks: [-2, 0, 2, 4] });
  const axis = axisFromZero(-40, 3, { least: 2 });
  assert.ok(axis.low <= -40 && axis.high >= 3 && axis.ticks.includes(0));
});

test('an axis of ratios always has 1 between its ends', () => {
  for (const [low, high] of [[null, null], [0.01, 0.3], [3, 5], [0.9, 250], [40, 12000], [1, 1], [0.01, 9000]]) {
    const axis = axisOfRatio(low, high);
    assert.ok(axis.low < 1 && axis.high > 1 && axis.ticks.includes(1), `${low} ${high}`);
    assert.ok(axis.low <= (low ?? 1) && axis.high >= (high ?? 1), `${low} ${high}`);
    assert.ok(axis.ticks.length >= 2 && axis.ticks.length <= 5, `${low} ${high}: ${axis.ticks}`);
  }
});

test('ratios that hardly differ from nothing do not stretch the axis', () => {
  assert.equal(axisOfRatio(0.0001, 20).low, 0.01);
});

test('a range is said with its days', () => {
  const now = at('2026-03-14T18:40');
  assert.equal(rangeText(at('2026-03-14T17:40'), now, now), 'Today 17:40 – 18:40');
  assert.equal(rangeText(at('2026-03-13T18:40'), now, now), 'Fri 13 Mar 18:40 – Today 18:40');
  assert.equal(rangeText(at('2025-12-24T18:00'), at('2025-12-24T18:05'), now), 'Wed 24 Dec 2025 18:00:00 – 18:05:00');
});

test('a point says its time, and how much of it', () => {
  const from = at('2026-03-14T18:40');
  assert.equal(pointText(from, 5, false), '18:40:00');
  assert.equal(pointText(from, 60, false), '18:40');
  assert.equal(pointText(from, 900, true), '14 Mar 18:40 – 18:55');
});
