// analysis-series.js - the desk's history as what the charts show: series with gaps, states, sums
//
// A track is one line or row of bars: `at` the beginnings of its points, `x` their middles, `mean`,
// `low` and `high` the values. Where nothing is known a point of nulls stands at either end of the
// gap, so that no line is drawn across and the cursor finds nothing there.
//
// Up to the last hour the desk knows single segments, but delays, playlists and sums by minutes only;
// such a time is made of two answers, a fine one and one by minutes.
// Pure and without DOM: tests/web/unit/analysis-series.test.mjs.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const LATE = 90 * SECOND; // a minute is known when it is over and written
const RANK = { UNHEALTHY: 4, DEGRADED: 3, 'NO DATA': 2, HEALTHY: 1 };

export const STATE_ORDER = ['HEALTHY', 'DEGRADED', 'UNHEALTHY', 'NO DATA'];

const isKnown = (value) => value !== null && value !== undefined;

/* ---- gaps ---- */

function median(values) {
  if (values.length === 0)
    return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Between which points there is a gap: where the distance is much more than around it. Segments come
 * as often as they are long, and only a share of them may be fetched, so that it is not the step.
 * @param {number[]} at ms, in order
 * @param {number} step s
 * @returns {boolean[]} `[i]`: between i and i + 1
 */
export function gapsOf(at, step) {
  const factor = step < 60 ? 2.5 : 1.9;
  const deltas = at.slice(1).map((each, i) => each - at[i]);
  return deltas.map((delta, i) => {
    const around = [...deltas.slice(Math.max(0, i - 3), i), ...deltas.slice(i + 1, i + 4)];
    return delta > factor * (median(around) ?? step * SECOND);
  });
}

/* ---- tracks ---- */

function emptyTrack(step) {
  return { step, at: [], x: [], mean: [], low: [], high: [], alone: [] };
}

function push(track, at, values, span = track.step) {
  track.at.push(at);
  track.x.push(at + span * SECOND / 2);
  track.mean.push(values?.mean ?? null);
  track.low.push(values?.low ?? values?.mean ?? null);
  track.high.push(values?.high ?? values?.mean ?? null);
}

/**
 * @param {object[]} points with `at`, and with `span` in s where that is not the step
 * @param {number} step s
 * @param {(point: object) => {mean: number, low?: number, high?: number}|null} pick
 * @returns {{step: number, at: number[], x: number[], mean: (number|null)[], low: (number|null)[],
 *   high: (number|null)[], alone: number[]}} `alone`: points between two gaps, which are no line
 */
export function trackOf(points, step, pick) {
  const known = points.map((point) => ({ at: point.at, span: point.span ?? step, values: pick(point) }))
    .filter(({ values }) => isKnown(values?.mean));
  const gaps = gapsOf(known.map(({ at }) => at), step);
  const track = emptyTrack(step);
  known.forEach(({ at, span, values }, i) => {
    if ((i === 0 || gaps[i - 1]) && (i === known.length - 1 || gaps[i]))
      track.alone.push(track.at.length);
    push(track, at, values, span);
    if (i < known.length - 1 && gaps[i]) {
      const [first, last] = [at + span * SECOND, known[i + 1].at - step * SECOND];
      push(track, first, null);
      if (last > first)
        push(track, last, null);
    }
  });
  return track;
}

/**
 * The point that stands for a time.
 * @returns {number} -1: nothing is known of it
 */
export function indexAt(track, time) {
  const { x, mean, step } = track;
  if (x.length === 0 || time < x[0] - step * SECOND || time > x.at(-1) + step * SECOND)
    return -1;
  let [low, high] = [0, x.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (x[middle] <= time)
      low = middle;
    else
      high = middle;
  }
  const nearest = time - x[low] <= x[high] - time ? low : high;
  return mean[nearest] === null ? -1 : nearest;
}

/**
 * The next point that is known.
 * @param {number|null} time null: from outside, the newest one backwards and the oldest one forwards
 * @returns {number|null} its middle
 */
export function neighbourAt(track, time, steps) {
  const known = track.x.filter((_, i) => track.mean[i] !== null);
  if (known.length === 0)
    return null;
  if (time === null)
    return steps < 0 ? known.at(-1) : known[0];
  const forward = steps > 0;
  const next = known.findIndex((x) => (forward ? x > time : x >= time));
  const base = next < 0 ? known.length : next;
  const index = forward ? base + steps - 1 : base + steps;
  return known[Math.min(Math.max(index, 0), known.length - 1)];
}

/**
 * @param {object} track
 * @returns {{n: number, median: number, min: number, max: number, minAt: number, maxAt: number}|null}
 *   `median` is that of the points; `min` and `max` are of what is behind them
 */
export function summaryOf(track) {
  const known = track.mean.filter((value) => value !== null);
  if (known.length === 0)
    return null;
  const sum = { n: known.length, median: median(known), min: Infinity, max: -Infinity, minAt: 0, maxAt: 0 };
  track.mean.forEach((value, i) => {
    if (value === null)
      return;
    if (track.low[i] < sum.min)
      [sum.min, sum.minAt] = [track.low[i], track.at[i]];
    if (track.high[i] > sum.max)
      [sum.max, sum.maxAt] = [track.high[i], track.at[i]];
  });
  return sum;
}

/* ---- the desk's answer ---- */

function withTimes(list) {
  return list.map((point) => ({ ...point, at: Date.parse(point.timestamp) }));
}

// Before the first segment that the desk still has, a fine answer has whole minutes.
function markMinutes(fine, coarse) {
  const minutes = new Map(coarse.map((point) => [point.at, point]));
  return fine.map((point) => {
    const minute = minutes.get(point.at);
    const isSame = minute && minute.segments === point.segments && minute.bytes === point.bytes;
    return isSame ? { ...point, span: MINUTE / SECOND } : point;
  });
}

// A stretch at either end may be cut by what was asked for.
function coveredS(at, step, view) {
  const begin = Math.max(at, Math.floor(view.from / MINUTE) * MINUTE);
  return (Math.min(at + step * SECOND, view.to) - begin) / SECOND;
}

// Of the last stretch too little may have passed to tell a rate. One beside a time without any record
// may be without it in part, nobody knows in which.
function rates(points, step, view, count) {
  const apart = 1.5 * step * SECOND;
  return points.map((point, i) => {
    const covered = coveredS(point.at, step, view);
    const isFirst = point.at - (points[i - 1]?.at ?? view.from) > apart;
    const isLast = (points[i + 1]?.at ?? Math.min(view.to, point.at + apart)) - point.at > apart;
    return { at: point.at, mean: covered < step / 2 || isFirst || isLast ? null : count(point) / covered };
  });
}

function errorRate(point, step, view) {
  return { mean: point.errors * 60 / Math.max(coveredS(point.at, step, view), 60) };
}

/**
 * @param {object} history of the desk
 * @param {object} [minutes] the same time by minutes, where the first one is finer
 * @returns {object} `tracks` by metric, and the rest of what the page shows
 */
export function shape(history, minutes = history) {
  const view = { from: Date.parse(history.since), to: Date.parse(history.until) };
  const coarse = withTimes(minutes.data_points);
  const fine = minutes === history ? coarse : markMinutes(withTimes(history.data_points), coarse);
  const [fineS, coarseS] = [history.resolution_s, minutes.resolution_s];
  const errors = withTimes(minutes.error_rate_series);
  const errorS = Math.max(coarseS, 60);
  const ranged = (mean, low, high) => (p) => ({ mean: p[mean], low: p[low], high: p[high] });
  const tracks = {
    ttfb: trackOf(fine, fineS, ranged('ttfb_ms', 'ttfb_min_ms', 'ttfb_max_ms')),
    ratio: trackOf(fine, fineS, ranged('download_ratio', 'download_ratio_min', 'download_ratio_max')),
    errors: trackOf(errors, errorS, (p) => errorRate(p, errorS, view)),
    latency: trackOf(coarse, coarseS, (p) => ({ mean: p.latency_s })),
    bits: trackOf(rates(coarse, coarseS, view, (p) => p.bytes * 8), coarseS, (p) => p),
    segments: trackOf(rates(coarse, coarseS, view, (p) => p.segments * 60), coarseS, (p) => p),
  };
  const unknown = unknownSpans(errors.map(({ at }) => at), errorS, view);
  return { view, tracks, unknown, step: fineS, minuteStep: coarseS, fine, coarse, errors,
    states: statesOf(withTimes(history.health_timeline), view, unknown),
    shares: sharesOf(minutes.state_seconds, view), sums: sumsOf(errors, coarse),
    isEmpty: fine.length === 0 && coarse.length === 0 && errors.length === 0 };
}

function sumsOf(errors, points) {
  const total = (list, name) => list.reduce((sum, point) => sum + point[name], 0);
  return { errors: total(errors, 'errors'), segments: total(errors, 'segments'),
    playlists: total(errors, 'playlists'), bytes: total(points, 'bytes') };
}

/* ---- states ---- */

/**
 * Where nothing was recorded at all: the desk did not run, or did not watch the stream.
 * @param {number[]} at beginnings of what there is, in order
 * @returns {{from: number, to: number}[]}
 */
export function unknownSpans(at, step, { from, to }) {
  const spans = [];
  let end = from;
  for (const each of at) {
    if (each - end > step * SECOND / 2)
      spans.push({ from: end, to: Math.min(each, to) });
    end = Math.max(end, each + step * SECOND);
  }
  if (to - end > LATE || (at.length === 0 && to > end))
    spans.push({ from: end, to });
  return spans.filter((span) => span.to > span.from);
}

function cut(span, holes) {
  let parts = [span];
  for (const hole of holes)
    parts = parts.flatMap((part) => hole.to <= part.from || hole.from >= part.to ? [part]
      : [{ ...part, to: hole.from }, { ...part, from: hole.to }].filter((p) => p.to > p.from));
  return parts;
}

/**
 * How the stream was, from change to change. What was not recorded is no state, whatever the last
 * one was.
 * @returns {{from: number, to: number, state: string|null, reason: string|null}[]} in order, without
 *   holes; state null: not recorded
 */
export function statesOf(changes, view, unknown) {
  const spans = [];
  if (changes.length === 0 || changes[0].at > view.from)
    spans.push({ from: view.from, to: Math.min(changes[0]?.at ?? view.to, view.to), state: null, reason: null });
  changes.forEach(({ at, state, reason }, i) => {
    const to = Math.min(changes[i + 1]?.at ?? view.to, view.to);
    if (to > at)
      spans.push({ from: Math.max(at, view.from), to, state, reason });
  });
  const holes = unknown.map((span) => ({ ...span, state: null, reason: null }));
  return [...spans.flatMap((span) => cut(span, holes)),
    ...holes].filter((span) => span.to > span.from).sort((a, b) => a.from - b.from);
}

/** @returns {object|undefined} the span of a time */
export function stateAt(states, time) {
  return states.find((span) => time >= span.from && time < span.to)
    ?? (states.length > 0 && time === states.at(-1).to ? states.at(-1) : undefined);
}

/**
 * States as runs of cells, each as bad as the worst of its time, so that a short outage is to be
 * seen on a long axis too.
 * @param {number} cells how many there are
 * @returns {{first: number, count: number, state: string|null}[]}
 */
export function cellsOf(states, view, cells) {
  const worst = new Array(cells).fill(null);
  const perCell = (view.to - view.from) / cells;
  for (const { from, to, state } of states) {
    const first = Math.max(0, Math.floor((from - view.from) / perCell));
    const last = Math.min(cells - 1, Math.ceil((to - view.from) / perCell) - 1);
    for (let i = first; i <= last; i++)
      if ((RANK[state] ?? 0) > (RANK[worst[i]] ?? 0))
        worst[i] = state;
  }
  const runs = [];
  worst.forEach((state, i) => {
    if (runs.length > 0 && runs.at(-1).state === state)
      runs.at(-1).count++;
    else
      runs.push({ first: i, count: 1, state });
  });
  return runs;
}

/**
 * @param {object} seconds by state
 * @returns {{list: {state: string, seconds: number, share: number}[], recorded: number,
 *   missing: number}} shares are of the recorded time, which is not all of it
 */
export function sharesOf(seconds, view) {
  const recorded = STATE_ORDER.reduce((sum, state) => sum + (seconds[state] ?? 0), 0);
  const list = STATE_ORDER.filter((state) => seconds[state] > 0)
    .map((state) => ({ state, seconds: seconds[state], share: seconds[state] / recorded }));
  return { list, recorded, missing: Math.max(0, (view.to - view.from) / SECOND - recorded) };
}

/** "99.7 %"; never "100 %" of what is not all, nor "0 %" of what is something */
export function shareText(share) {
  const percent = share * 100;
  if (share >= 1 || share <= 0)
    return share >= 1 ? '100 %' : '0 %';
  if (percent > 99.95)
    return '> 99.9 %';
  if (percent < 0.05)
    return '< 0.1 %';
  return `${percent.toFixed(1).replace(/\.0$/, '')} %`;
}
