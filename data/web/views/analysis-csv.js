// analysis-csv.js - the shown series as a table for other programs, RFC 4180
//
// A row for each point, in UTC and in units that stand in the head; what is not known is empty. Where
// some series are by seconds and others by minutes, each row has what there is of its time.
// Pure and without DOM: tests/web/unit/analysis-csv.test.mjs.

import { stateAt } from './analysis-series.js';

const COLUMNS = [
  ['ttfb_mean_ms', 'ttfb_ms'], ['ttfb_min_ms', 'ttfb_min_ms'], ['ttfb_max_ms', 'ttfb_max_ms'],
  ['throughput_ratio_mean', 'download_ratio'], ['throughput_ratio_min', 'download_ratio_min'],
  ['throughput_ratio_max', 'download_ratio_max'], ['live_latency_s', 'latency_s'],
  ['segments', 'segments'], ['segment_errors', 'errors'], ['bytes', 'bytes'],
];
const HEAD = ['time_utc', 'seconds', 'state', ...COLUMNS.map(([name]) => name), 'playlists', 'all_errors',
  'errors_per_minute'];

function field(value) {
  if (value === null || value === undefined)
    return '';
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function merge(rows, points, step, names) {
  for (const point of points) {
    const key = `${point.at} ${step}`;
    const row = rows.get(key) ?? { at: point.at, step };
    for (const [to, from] of names)
      row[to] = point[from];
    rows.set(key, row);
  }
}

/**
 * @param {object} shaped what shape() of analysis-series.js gives
 * @returns {string}
 */
export function csvOf(shaped) {
  const rows = new Map();
  merge(rows, shaped.fine.filter((point) => !point.span), shaped.step, COLUMNS); // the others are minutes
  merge(rows, shaped.coarse, shaped.minuteStep, COLUMNS);
  merge(rows, shaped.errors, Math.max(shaped.minuteStep, 60),
    [['playlists', 'playlists'], ['all_errors', 'errors'], ['errors_per_minute', 'rate']]);
  const sorted = [...rows.values()].sort((a, b) => a.at - b.at || a.step - b.step);
  const lines = sorted.map((row) => [new Date(row.at).toISOString(), row.step,
    stateAt(shaped.states, Math.max(row.at, shaped.view.from))?.state ?? '',
    ...HEAD.slice(3).map((name) => row[name])].map(field).join(','));
  return `${[HEAD.join(','), ...lines].join('\r\n')}\r\n`;
}

/** "understudy-news-24-20260131T120000Z-20260131T130000Z.csv" */
export function fileName(name, view) {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '');
  const word = plain.replace(/[^\w]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 60) || 'stream';
  const stamp = (at) => new Date(at).toISOString().replace(/[-:]|\.\d+/g, '');
  return `understudy-${word}-${stamp(view.from)}-${stamp(view.to)}.csv`;
}
