// analysis-series.test.mjs - the desk's history as series: gaps are gaps, and nothing is made up

import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './live-modules.mjs';

const series = await load('views/analysis-series.js');

const T0 = Date.parse('2026-03-14T12:00:00Z');
const iso = (s) => new Date(T0 + s * 1000).toISOString();
const points = (seconds, value = (s) => s) => seconds.map((s) => ({ at: T0 + s * 1000, value: value(s) }));
const pick = (point) => ({ mean: point.value });
const every = (step, n, from = 0) => Array.from({ length: n }, (_, i) => from + i * step);

function dataPoint(s, members = {}) {
  return { timestamp: iso(s), ttfb_ms: 80, ttfb_min_ms: 60, ttfb_max_ms: 200, download_ratio: 12, download_ratio_min: 3,
    download_ratio_max: 40, latency_s: 6, segments: 10, errors: 0, is_error: false, bytes: 1000, ...members };
}

function history(members = {}) {
  const data = every(60, 10).map((s) => dataPoint(s));
  return { stream_id: 's', since: iso(0), until: iso(600), resolution_s: 60, data_points: data, health_timeline: [],
    error_rate_series: data.map((p) => ({ timestamp: p.timestamp, errors: 0, error_count: 0, segments: 10, playlists: 20, rate: 0 })),
    state_seconds: { HEALTHY: 600, DEGRADED: 0, UNHEALTHY: 0, 'NO DATA': 0 }, ...members };
}

test('a regular series has no gap', () => {
  assert.ok(series.gapsOf(every(60, 20).map((s) => s * 1000), 60).every((gap) => !gap));
});

test('a minute that is not there is a gap', () => {
  assert.deepEqual(series.gapsOf([0, 60, 120, 240, 300, 360].map((s) => s * 1000), 60), [false, false, true, false, false]);
});

test('segments that are longer than a step are no gaps, a pause of some of them is one', () => {
  const regular = every(6, 10).map((s) => Math.floor(s / 5) * 5000);
  assert.ok(series.gapsOf(regular, 5).every((gap) => !gap));
  const paused = [...regular, ...regular.map((ms) => ms + 54000 + 30000)];
  assert.deepEqual(series.gapsOf(paused, 5).flatMap((gap, i) => gap ? [i] : []), [9]);
});

test('where few of the segments are fetched, the distance between them is the measure', () => {
  assert.ok(series.gapsOf(every(120, 8).map((s) => s * 1000), 60).every((gap) => !gap));
});

test('minutes before and single segments after are one line', () => {
  assert.ok(series.gapsOf([0, 60, 120, 180, 240, 245, 250, 255, 260].map((s) => s * 1000), 5).every((gap) => !gap));
});

test('two points and one point are no reason for anything', () => {
  assert.deepEqual(series.gapsOf([0, 60000], 60), [false]);
  assert.deepEqual(series.gapsOf([0, 600000], 60), [true]);
  assert.deepEqual(series.gapsOf([5], 60), []);
  assert.deepEqual(series.gapsOf([], 60), []);
});

test('a gap has nulls at both ends, so that no line crosses it', () => {
  const track = series.trackOf(points([0, 60, 120, 600, 660, 720]), 60, pick);
  assert.deepEqual(track.mean, [0, 60, 120, null, null, 600, 660, 720]);
  assert.deepEqual(track.at.map((at) => (at - T0) / 1000), [0, 60, 120, 180, 540, 600, 660, 720]);
  assert.ok(track.x.every((x, i) => i === 0 || x > track.x[i - 1]));
});

test('a gap of one point has one null', () => {
  const track = series.trackOf(points([0, 60, 120, 240, 300, 360]), 60, pick);
  assert.deepEqual(track.mean, [0, 60, 120, null, 240, 300, 360]);
});

test('values that are not known are left out, and are a gap where they are some', () => {
  const track = series.trackOf(points(every(60, 10), (s) => s >= 240 && s <= 360 ? null : 1), 60, pick);
  assert.deepEqual(track.mean, [1, 1, 1, 1, null, null, 1, 1, 1]);
  assert.deepEqual(series.trackOf(points([0, 60], () => null), 60, pick).mean, []);
});

test('points between gaps are known as such', () => {
  const track = series.trackOf(points([0, 60, 120, 1200, 2400, 2460, 2520]), 60, pick);
  assert.deepEqual(track.alone.map((i) => (track.at[i] - T0) / 1000), [1200]);
  assert.deepEqual(series.trackOf(points([0]), 60, pick).alone, [0]);
});

test('the point of a time is the one whose stretch it is in; gaps and outside have none', () => {
  const track = series.trackOf(points([0, 60, 120, 600, 660, 720]), 60, pick);
  const valueAt = (s) => { const i = series.indexAt(track, T0 + s * 1000); return i < 0 ? null : track.mean[i]; };
  assert.deepEqual([0, 59, 61, 170, 200, 400, 590, 610, 779].map(valueAt), [0, 0, 60, 120, null, null, null, 600, 720]);
  assert.equal(valueAt(-100), null);
  assert.equal(valueAt(2000), null);
  assert.equal(series.indexAt(series.trackOf([], 60, pick), T0), -1);
});

test('keys go from point to point, over gaps, and stop at the ends', () => {
  const track = series.trackOf(points([0, 60, 120, 600, 660]), 60, pick);
  const step = (s, n) => (series.neighbourAt(track, s === null ? null : T0 + s * 1000, n) - T0) / 1000;
  assert.equal(step(null, 1), 30);
  assert.equal(step(null, -1), 690);
  assert.equal(step(30, 1), 90);
  assert.equal(step(150, 1), 630);
  assert.equal(step(630, -1), 150);
  assert.equal(step(400, -1), 150);
  assert.equal(step(400, 1), 630);
  assert.equal(step(690, 10), 690);
  assert.equal(step(30, -10), 30);
  assert.equal(step(30, 3), 630);
  assert.equal(series.neighbourAt(series.trackOf([], 60, pick), T0, 1), null);
});

test('a summary has the median of the points, and the extremes behind them with their times', () => {
  const list = [{ at: T0, m: 5, l: 4, h: 9 }, { at: T0 + 60e3, m: 7, l: 1, h: 8 }, { at: T0 + 120e3, m: 6, l: 5, h: 30 }];
  const track = series.trackOf(list, 60, ({ m, l, h }) => ({ mean: m, low: l, high: h }));
  assert.deepEqual(series.summaryOf(track), { n: 3, median: 6, min: 1, max: 30, minAt: T0 + 60e3, maxAt: T0 + 120e3 });
  assert.equal(series.summaryOf(series.trackOf([], 60, pick)), null);
});

test('the history becomes six tracks of one time', () => {
  const shaped = series.shape(history());
  assert.deepEqual(Object.keys(shaped.tracks), ['ttfb', 'ratio', 'errors', 'latency', 'bits', 'segments']);
  assert.deepEqual([shaped.tracks.ttfb.mean[0], shaped.tracks.ttfb.low[0], shaped.tracks.ttfb.high[0]], [80, 60, 200]);
  assert.equal(shaped.tracks.bits.mean[0], 8000 / 60);
  assert.equal(shaped.tracks.segments.mean[0], 10);
  assert.deepEqual(shaped.sums, { errors: 0, segments: 100, playlists: 200, bytes: 10000 });
  assert.deepEqual(shaped.unknown, []);
  assert.equal(shaped.isEmpty, false);
});

test('a stretch that has hardly begun has no rate yet', () => {
  const shaped = series.shape(history({ until: iso(550) }));
  assert.equal(shaped.tracks.bits.mean.length, 9);
  assert.equal(shaped.tracks.ttfb.mean.length, 10);
});

test('a stretch that is half over has the rate of its half', () => {
  const shaped = series.shape(history({ until: iso(580) }));
  assert.equal(shaped.tracks.bits.mean.at(-1), 8000 / 40);
});

test('a rate beside a time without any record is not known, since its stretch may be cut', () => {
  const data = [0, 60, 120, 600, 660, 720].map((s) => dataPoint(s));
  const shaped = series.shape(history({ until: iso(780), data_points: data }));
  assert.deepEqual(shaped.tracks.segments.at.filter((_, i) => shaped.tracks.segments.mean[i] !== null)
    .map((at) => (at - T0) / 1000), [0, 60, 660, 720]);
  assert.equal(shaped.tracks.ttfb.mean.filter((value) => value !== null).length, 6);
});

test('what is known by minutes only comes from the answer by minutes', () => {
  const fine = history({ resolution_s: 5, data_points: every(5, 120).map((s) => dataPoint(s, { latency_s: null, segments: 1 })) });
  const shaped = series.shape(fine, history());
  assert.equal(shaped.tracks.ttfb.step, 5);
  assert.equal(shaped.tracks.latency.step, 60);
  assert.equal(shaped.tracks.latency.mean.length, 10);
  assert.equal(shaped.tracks.segments.mean[0], 10);
  assert.equal(shaped.sums.bytes, 10000);
});

test('minutes in a fine answer are as long as minutes', () => {
  const shaped = series.shape(history({ resolution_s: 5,
    data_points: [...every(60, 5).map((s) => dataPoint(s)), ...every(5, 12, 300).map((s) => dataPoint(s, { segments: 1 }))] }), history());
  assert.deepEqual(shaped.tracks.ttfb.x.slice(3, 7).map((x) => (x - T0) / 1000), [210, 270, 302.5, 307.5]);
  assert.ok(shaped.tracks.ttfb.mean.every((value) => value !== null));
});

test('an answer without anything is empty, and all of it is not recorded', () => {
  const shaped = series.shape(history({ data_points: [], error_rate_series: [], state_seconds: {} }));
  assert.equal(shaped.isEmpty, true);
  assert.deepEqual(shaped.unknown, [{ from: T0, to: T0 + 600e3 }]);
  assert.deepEqual(shaped.states, [{ from: T0, to: T0 + 600e3, state: null, reason: null }]);
  assert.deepEqual(shaped.shares, { list: [], recorded: 0, missing: 600 });
});

test('what was not recorded is found at the beginning, between and at the end', () => {
  const view = { from: T0, to: T0 + 3600e3 };
  const spans = series.unknownSpans([600, 660, 720, 1800, 1860].map((s) => T0 + s * 1000), 60, view);
  assert.deepEqual(spans.map(({ from, to }) => [(from - T0) / 1000, (to - T0) / 1000]), [[0, 600], [780, 1800], [1920, 3600]]);
  assert.deepEqual(series.unknownSpans(every(60, 59).map((s) => T0 + s * 1000), 60, view), []);
});

test('a stretch that began before the view is no hole', () => {
  assert.deepEqual(series.unknownSpans([T0 - 40e3, T0 + 20e3], 60, { from: T0, to: T0 + 80e3 }), []);
});

const change = (s, state, reason = null) => ({ at: T0 + s * 1000, state, reason });
const asText = (states) => states.map(({ from, to, state }) => `${(from - T0) / 1000}-${(to - T0) / 1000} ${state}`);
const view600 = { from: T0, to: T0 + 600e3 };

test('states go from change to change', () => {
  const states = series.statesOf([change(0, 'HEALTHY'), change(100, 'UNHEALTHY', 'down'), change(160, 'HEALTHY')], view600, []);
  assert.deepEqual(asText(states), ['0-100 HEALTHY', '100-160 UNHEALTHY', '160-600 HEALTHY']);
  assert.equal(states[1].reason, 'down');
});

test('before the first change nothing is known', () => {
  assert.deepEqual(asText(series.statesOf([change(60, 'HEALTHY')], view600, [])), ['0-60 null', '60-600 HEALTHY']);
});

test('what was not recorded is no state, whatever was said last', () => {
  const hole = { from: T0 + 200e3, to: T0 + 400e3 };
  assert.deepEqual(asText(series.statesOf([change(0, 'HEALTHY'), change(300, 'DEGRADED')], view600, [hole])),
    ['0-200 HEALTHY', '200-400 null', '400-600 DEGRADED']);
  assert.deepEqual(asText(series.statesOf([], view600, [view600])), ['0-600 null']);
});

test('the state of a time is found, also at the very end', () => {
  const states = series.statesOf([change(0, 'HEALTHY'), change(100, 'UNHEALTHY')], view600, []);
  assert.equal(series.stateAt(states, T0 + 99e3).state, 'HEALTHY');
  assert.equal(series.stateAt(states, T0 + 100e3).state, 'UNHEALTHY');
  assert.equal(series.stateAt(states, T0 + 600e3).state, 'UNHEALTHY');
  assert.equal(series.stateAt(states, T0 - 1), undefined);
});

test('a short outage is to be seen on a long axis, and cells cover it all', () => {
  const view = { from: T0, to: T0 + 30 * 86400e3 };
  const states = series.statesOf([change(0, 'HEALTHY'), change(86400, 'UNHEALTHY'), change(86405, 'HEALTHY')], view, []);
  const runs = series.cellsOf(states, view, 500);
  assert.deepEqual(runs.map((run) => run.state), ['HEALTHY', 'UNHEALTHY', 'HEALTHY']);
  assert.equal(runs[1].count, 1);
  assert.equal(runs.reduce((sum, run) => sum + run.count, 0), 500);
});

test('shares are of the recorded time', () => {
  const { list, recorded, missing } = series.sharesOf({ HEALTHY: 270, DEGRADED: 0, UNHEALTHY: 30, 'NO DATA': 0 }, view600);
  assert.deepEqual(list.map(({ state, share }) => [state, share]), [['HEALTHY', 0.9], ['UNHEALTHY', 0.1]]);
  assert.deepEqual([recorded, missing], [300, 300]);
});

test('a share is never rounded to all or nothing', () => {
  const cases = { '100 %': 1, '0 %': 0, '99.7 %': 0.997, '> 99.9 %': 0.99999, '< 0.1 %': 0.00001, '50 %': 0.5, '99.9 %': 0.9992, '0.1 %': 0.0009 };
  for (const [text, share] of Object.entries(cases))
    assert.equal(series.shareText(share), text);
});
