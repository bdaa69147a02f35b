// analysis-csv.test.mjs - the table that is saved

import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './live-modules.mjs';

const { csvOf, fileName } = await load('views/analysis-csv.js');
const { shape } = await load('views/analysis-series.js');

const T0 = Date.parse('2026-03-14T12:00:00Z');
const iso = (s) => new Date(T0 + s * 1000).toISOString();

function history(step, seconds, members = {}) {
  return { stream_id: 's', since: iso(0), until: iso(120), resolution_s: step,
    data_points: seconds.map((s) => ({ timestamp: iso(s), ttfb_ms: 80.5, ttfb_min_ms: 60, ttfb_max_ms: 200, download_ratio: 12,
      download_ratio_min: 3, download_ratio_max: 40, latency_s: step < 60 ? null : 6, segments: members.segments ?? 10, errors: 1,
      is_error: true, bytes: 1000 })),
    health_timeline: [{ timestamp: iso(0), state: 'HEALTHY', health: 'green', reason: null },
      { timestamp: iso(60), state: 'NO DATA', health: 'grey', reason: 'a "quoted", reason' }],
    error_rate_series: [0, 60].map((s) => ({ timestamp: iso(s), errors: 2, error_count: 2, segments: 10, playlists: 30, rate: 2 })),
    state_seconds: { HEALTHY: 60, 'NO DATA': 60 }, ...members };
}
const table = (csv) => csv.trimEnd().split('\r\n').map((line) => line.split(','));

test('a row for each point, with the names of its columns', () => {
  const [head, ...rows] = table(csvOf(shape(history(60, [0, 60]))));
  assert.deepEqual(head.slice(0, 4), ['time_utc', 'seconds', 'state', 'ttfb_mean_ms']);
  assert.deepEqual(rows, [
    ['2026-03-14T12:00:00.000Z', '60', 'HEALTHY', '80.5', '60', '200', '12', '3', '40', '6', '10', '1', '1000', '30', '2', '2'],
    ['2026-03-14T12:01:00.000Z', '60', 'NO DATA', '80.5', '60', '200', '12', '3', '40', '6', '10', '1', '1000', '30', '2', '2'],
  ]);
});

test('points of seconds and of minutes stand by their times, with what each has', () => {
  const [, ...rows] = table(csvOf(shape(history(5, [0, 5, 60], { segments: 1 }), history(60, [0, 60]))));
  assert.deepEqual(rows.map((row) => [row[0].slice(14, 19), row[1], row[9], row[15]]),
    [['00:00', '5', '', ''], ['00:00', '60', '6', '2'], ['00:05', '5', '', ''], ['01:00', '5', '', ''], ['01:00', '60', '6', '2']]);
});

test('a minute that stands in both answers is there once', () => {
  const fine = history(5, [0, 60, 65]);
  fine.data_points[2].segments = fine.data_points[1].segments = 1;
  const [, ...rows] = table(csvOf(shape(fine, history(60, [0, 60]))));
  assert.deepEqual(rows.map((row) => [row[0].slice(14, 19), row[1]]), [['00:00', '60'], ['01:00', '5'], ['01:00', '60'], ['01:05', '5']]);
});

test('what is not known is empty, and a table of nothing has its head', () => {
  const empty = csvOf(shape(history(60, [], { error_rate_series: [], health_timeline: [], state_seconds: {} })));
  assert.equal(table(empty).length, 1);
  assert.ok(empty.endsWith('\r\n'));
});

test('a file name is harmless, whatever the stream is called', () => {
  const view = { from: T0, to: T0 + 3600e3 };
  const stamps = '20260314T120000Z-20260314T130000Z.csv';
  assert.equal(fileName('News 24', view), `understudy-News-24-${stamps}`);
  assert.equal(fileName('../../etc/passwd\0', view), `understudy-etc-passwd-${stamps}`);
  assert.equal(fileName('Živě', view), `understudy-Zive-${stamps}`);
  assert.equal(fileName('日本', view), `understudy-stream-${stamps}`);
  assert.ok(fileName('x'.repeat(500), view).length < 120);
});
