// investigation-axis.js - the arithmetic of the time axis: ranges, ticks, clusters, neighbours
//
// Times are ms since 1970, places are px from the left edge. Pure and without DOM:
// tests/web/unit/investigation-axis.test.mjs.
//
// A range says what the user wants to see, a view what that is at a moment:
//   {from, to}  stays where it is
//   {from}      grows with now: an incident that goes on
//   {last}      follows now

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export const MIN_SPAN = 10 * SECOND;
export const MAX_SPAN = 31 * DAY;
const MAX_AGE = 400 * DAY;
const FUTURE = 0.02; // how much of the axis is to the right of now while it follows
const BEFORE_INCIDENT = 5 * MINUTE;

/** What the buttons offer, beside the incident. */
export const PRESETS = [
  { label: '15 min', last: 15 * MINUTE },
  { label: '1 h', last: HOUR },
  { label: '6 h', last: 6 * HOUR },
  { label: '24 h', last: DAY },
];

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/* ---- ranges ---- */

/**
 * Reads a range from the query of the URL.
 * @param {URLSearchParams} query
 * @returns {{from?: number, to?: number, last?: number}|null} null: none is there, or it is no range
 */
export function parseRange(query) {
  const last = Number(query.get('last')) * SECOND;
  const from = Date.parse(query.get('from') ?? '');
  const to = Date.parse(query.get('to') ?? '');
  if (last > 0)
    return { last: clamp(last, MIN_SPAN, MAX_SPAN) };
  if (Number.isNaN(from))
    return null;
  if (Number.isNaN(to))
    return { from };
  if (to <= from)
    return null;
  return { from, to: from + clamp(to - from, MIN_SPAN, MAX_SPAN) };
}

/** The members of the query that parseRange() reads. */
export function formatRange(range) {
  if (range.last)
    return { last: String(Math.round(range.last / SECOND)), from: null, to: null };
  return { last: null, from: new Date(range.from).toISOString(),
    to: range.to === undefined ? null : new Date(range.to).toISOString() };
}

export function isFollowing(range) {
  return range.to === undefined;
}

/**
 * What a range is now.
 * @returns {{from: number, to: number}}
 */
export function viewOf(range, now) {
  if (!isFollowing(range))
    return { from: range.from, to: range.to };
  const from = range.last ? now - range.last : range.from;
  const span = clamp(now - from, MIN_SPAN, MAX_SPAN);
  return { from: range.last ? from : Math.max(from, now - span), to: now + span * FUTURE };
}

/** A view as a range: one that reaches now follows it. */
export function rangeOf(view, now) {
  const span = clamp(view.to - view.from, MIN_SPAN, MAX_SPAN);
  if (view.to >= now)
    return { last: clamp(span / (1 + FUTURE), MIN_SPAN, MAX_SPAN) };
  const from = Math.max(view.from, now - MAX_AGE);
  return { from: Math.round(from), to: Math.round(from + span) };
}

/**
 * @param {number} factor below 1 shows less time
 * @param {number} [share] the place that stays where it is, 0 left to 1 right; without: now, or the
 *   middle
 */
export function zoomed(range, now, factor, share) {
  const view = viewOf(range, now);
  const before = view.to - view.from;
  const span = clamp(before * factor, MIN_SPAN, MAX_SPAN);
  const place = share ?? (isFollowing(range) ? 1 / (1 + FUTURE) : 0.5);
  const from = view.from + before * place - span * place;
  if (share === undefined && isFollowing(range))
    return { last: clamp(span / (1 + FUTURE), MIN_SPAN, MAX_SPAN) };
  return rangeOf({ from, to: from + span }, now);
}

/** @param {number} share of the view; below 0 goes back in time */
export function panned(range, now, share) {
  const view = viewOf(range, now);
  const by = (view.to - view.from) * share;
  return rangeOf({ from: view.from + by, to: view.to + by }, now);
}

/**
 * Two fingers: the times that were under them stay under them.
 * @param {number} t0 the time under the first finger when it came, t1: under the other one
 * @param {number} s0 where the first finger is now, 0 to 1, s1: the other one
 * @returns {{from: number, to: number}|null} null: the fingers are where no view can be
 */
export function pinched(t0, t1, s0, s1) {
  const span = (t1 - t0) / (s1 - s0);
  if (!(span > 0) || !Number.isFinite(span))
    return null;
  const bounded = clamp(span, MIN_SPAN, MAX_SPAN);
  const from = (t0 + t1) / 2 - bounded * (s0 + s1) / 2;
  return { from, to: from + bounded };
}

/**
 * An incident with what came before it.
 * @param {number} opened
 * @param {number|null} resolved null: it goes on
 */
export function incidentRange(opened, resolved, now) {
  const from = opened - BEFORE_INCIDENT;
  if (resolved === null)
    return { from };
  const to = resolved + Math.max(MINUTE, (resolved - opened) * 0.1);
  return to < now ? { from, to } : { from };
}

/** A view of the same width with something in its middle, or as near to it as now allows. */
export function centred(view, at, now) {
  const span = view.to - view.from;
  const to = Math.min(at + span / 2, now + span * FUTURE);
  return rangeOf({ from: to - span, to }, now);
}

/**
 * Now in steps of a pixel: nothing is drawn again that would look the same.
 * @param {number} width of the axis
 */
export function steppedNow(now, range, width) {
  const view = viewOf(range, now);
  const step = Math.max(SECOND, (view.to - view.from) / Math.max(width, 1));
  return Math.floor(now / step) * step;
}

/* ---- what to read ---- */

/** The time to read for a view: half of it more on both sides. */
export function windowOf(view, now) {
  const half = (view.to - view.from) / 2;
  return { from: Math.floor(view.from - half), to: Math.ceil(Math.min(view.to + half, now)) };
}

/**
 * Whether what was read is not enough for a view.
 * @param {{from: number, to: number, isLive: boolean, isPartial: boolean, resolution: number}|null}
 *   loaded `isLive`: it grows with what happens
 */
export function needsReading(loaded, view, now) {
  if (!loaded || view.from < loaded.from || view.from >= loaded.to)
    return true;
  if (!loaded.isLive && Math.min(view.to, now) > loaded.to)
    return true;
  const span = view.to - view.from;
  return (loaded.to - loaded.from) / span > 6 && (loaded.isPartial || loaded.resolution > 1);
}

/* ---- places ---- */

/** @returns {{x: (at: number) => number, at: (x: number) => number, width: number}} */
export function scaleOf(view, width) {
  const perMs = width / (view.to - view.from);
  return { width, x: (at) => (at - view.from) * perMs, at: (x) => view.from + x / perMs };
}

const STEPS = [1, 2, 5, 10, 15, 30].map((n) => n * SECOND)
  .concat([1, 2, 5, 10, 15, 30].map((n) => n * MINUTE), [1, 2, 3, 6, 12].map((n) => n * HOUR),
    [1, 2, 7, 14].map((n) => n * DAY));

function localOffset(at) {
  return -new Date(at).getTimezoneOffset() * MINUTE;
}

/**
 * Ticks at round local times.
 * @param {(at: number) => number} [offsetOf] ms that local time is ahead of UTC; a test has its own
 * @returns {{at: number, x: number, kind: 'second'|'minute'|'day'}[]}
 */
export function ticks(view, width, offsetOf = localOffset, minPx = 84) {
  const { x } = scaleOf(view, width);
  const span = view.to - view.from;
  const step = STEPS.find((each) => each / span * width >= minPx) ?? STEPS.at(-1);
  const list = [];
  const end = view.to + offsetOf(view.to);
  let local = Math.ceil((view.from + offsetOf(view.from)) / step) * step;
  for (; local <= end && list.length < 200; local += step) {
    const at = local - offsetOf(local - offsetOf(view.from));
    const kind = local % DAY === 0 ? 'day' : step < MINUTE ? 'second' : 'minute';
    if (at >= view.from && at <= view.to)
      list.push({ at, x: x(at), kind });
  }
  return list;
}

/* ---- clusters ---- */

/**
 * Joins what is closer than `gap` px, so that the number of marks is bounded by the width.
 * @template {{from: number, to: number, rank: number}} T
 * @param {T[]} items those of one lane, in any order; `rank`: how bad
 * @returns {{x0: number, x1: number, from: number, to: number, rank: number, items: T[]}[]} from
 *   left to right; only what is to be seen
 */
export function clusters(items, scale, gap = 6) {
  const list = [];
  const sorted = [...items].sort((a, b) => a.from - b.from || a.to - b.to);
  for (const item of sorted) {
    const x0 = scale.x(item.from);
    const x1 = scale.x(item.to);
    if (x1 < 0 || x0 > scale.width)
      continue;
    const last = list.at(-1);
    if (last && x0 - last.x1 < gap) {
      last.items.push(item);
      last.x1 = Math.max(last.x1, x1);
      last.to = Math.max(last.to, item.to);
      last.rank = Math.max(last.rank, item.rank);
    } else {
      list.push({ x0, x1, from: item.from, to: item.to, rank: item.rank, items: [item] });
    }
  }
  return list;
}

/**
 * Pictures have a width: at most one in each stretch of `px`, the one that tells most. Stretches lie
 * at fixed times, so that pictures do not change places while the axis moves.
 * @template {{from: number, rank: number}} T
 * @returns {{x: number, best: T, items: T[]}[]} `x`: the left edge of a picture
 */
export function pictureStretches(items, scale, px) {
  const ms = scale.at(px) - scale.at(0);
  const found = new Map();
  for (const item of items) {
    const key = Math.floor(item.from / ms);
    const x = scale.x(key * ms);
    if (x + px < 0 || x > scale.width)
      continue;
    const entry = found.get(key) ?? { x, best: item, items: [] };
    entry.items.push(item);
    if (item.rank > entry.best.rank || (item.rank === entry.best.rank && item.from > entry.best.from))
      entry.best = item;
    found.set(key, entry);
  }
  return [...found.values()].sort((a, b) => a.x - b.x);
}

/**
 * States that are too narrow to be seen become one with the next, the worst of them.
 * @param {{from: number, to: number, rank: number}[]} spans in order, without overlap
 */
export function condensed(spans, scale, minPx = 2) {
  const list = [];
  for (const span of spans) {
    const x0 = Math.max(scale.x(span.from), 0);
    const x1 = Math.min(scale.x(span.to), scale.width);
    if (x1 <= 0 || x0 >= scale.width || x1 <= x0)
      continue;
    const last = list.at(-1);
    if (last && x0 - last.x1 < 1 && (last.x1 - last.x0 < minPx || x1 - x0 < minPx)) {
      last.x1 = x1;
      last.count++;
      if (span.rank > last.span.rank)
        last.span = span;
    } else {
      list.push({ x0, x1, span, count: 1 });
    }
  }
  return list;
}

/* ---- from one mark to the next ---- */

/**
 * Where an arrow key leads.
 * @param {{key: string, x: number}[][]} lanes marks from left to right, lanes from top to bottom
 * @param {string|null} key the mark to go from
 * @param {'ArrowLeft'|'ArrowRight'|'ArrowUp'|'ArrowDown'|'Home'|'End'} direction
 * @returns {string|null} the key of the mark there
 */
export function neighbour(lanes, key, direction) {
  const filled = lanes.filter((lane) => lane.length > 0);
  const row = filled.findIndex((lane) => lane.some((mark) => mark.key === key));
  if (row < 0)
    return filled[0]?.[0].key ?? null;
  const lane = filled[row];
  const column = lane.findIndex((mark) => mark.key === key);
  if (direction === 'Home')
    return lane[0].key;
  if (direction === 'End')
    return lane.at(-1).key;
  if (direction === 'ArrowLeft' || direction === 'ArrowRight') {
    const next = lane[column + (direction === 'ArrowLeft' ? -1 : 1)];
    return (next ?? lane[column]).key;
  }
  const other = filled[row + (direction === 'ArrowUp' ? -1 : 1)];
  if (!other)
    return key;
  const distance = (mark) => Math.abs(mark.x - lane[column].x);
  return other.reduce((best, mark) => distance(mark) < distance(best) ? mark : best).key;
}

/* ---- lines ---- */

/**
 * The path of a line, interrupted where there is nothing.
 * @param {{at: number, value: number|null}[]} points in order
 * @param {number} maxGap ms
 * @returns {string} for the `d` of a path
 */
export function linePath(points, scale, y, maxGap) {
  let path = '';
  let before = null;
  for (const { at, value } of points) {
    if (value === null) {
      before = null;
      continue;
    }
    const command = before !== null && at - before <= maxGap ? 'L' : 'M';
    path += `${command}${scale.x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    if (command === 'M')
      path += 'h0.01';
    before = at;
  }
  return path;
}
