// analysis-range.js - which time the charts show: read from the address, zoomed, panned
//
// A range says what the user wants to see:
//   {last}      so many ms up to now, and it follows
//   {from, to}  ms since 1970, and it stays
// Pure and without DOM: tests/web/unit/analysis-range.test.mjs.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export const SHORTEST = MINUTE;
export const LONGEST = 400 * DAY;

/** What the buttons offer. `name` is said where `label` is too short to be understood. */
export const PRESETS = [
  { key: '1', label: '15 min', name: 'Last 15 minutes', last: 15 * MINUTE },
  { key: '2', label: '1 h', name: 'Last hour', last: HOUR },
  { key: '3', label: '6 h', name: 'Last 6 hours', last: 6 * HOUR },
  { key: '4', label: '24 h', name: 'Last 24 hours', last: DAY },
  { key: '5', label: '7 d', name: 'Last 7 days', last: 7 * DAY },
  { key: '6', label: '30 d', name: 'Last 30 days', last: 30 * DAY },
  { key: '7', label: '90 d', name: 'Last 90 days', last: 90 * DAY },
];
export const DEFAULT = { last: HOUR };

const UNITS = { s: SECOND, m: MINUTE, h: HOUR, d: DAY };
const FINE_PAST = HOUR + MINUTE; // the desk has single segments of that time only
const STEPS_S = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800,
  14400, 21600, 43200, 86400];
const MOST_POINTS = 1000; // of an answer of the desk

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/* ---- in the address ---- */

/** "90m", "1h", "7d", "3600" (seconds) as ms; null: it is none of these */
export function parseSpan(text) {
  const match = /^(\d{1,9})([smhd]?)$/.exec(text ?? '');
  const span = match ? Number(match[1]) * UNITS[match[2] || 's'] : 0;
  return span > 0 ? clamp(span, SHORTEST, LONGEST) : null;
}

/** The shortest way to write a span: 5400000 is "90m" */
export function spanText(span) {
  const whole = Math.round(span / SECOND) * SECOND;
  const unit = ['d', 'h', 'm'].find((each) => whole % UNITS[each] === 0) ?? 's';
  return `${whole / UNITS[unit]}${unit}`;
}

/** ISO 8601, or ms since 1970; null: it is neither */
export function parseTime(text) {
  if (!text)
    return null;
  const at = /^\d{11,14}$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isNaN(at) ? null : at;
}

function withoutMs(at) {
  return new Date(Math.round(at / SECOND) * SECOND).toISOString().replace('.000Z', 'Z');
}

/**
 * @param {URLSearchParams} query
 * @param {number} now
 * @returns {{range: {last: number}|{from: number, to: number}, fault: string|null}} `fault`: why the
 *   address was not understood; the range is then another one
 */
export function parseRange(query, now) {
  if (query.has('last')) {
    const last = parseSpan(query.get('last'));
    return last === null
      ? { range: DEFAULT, fault: `"last=${query.get('last').slice(0, 40)}" is no length of time such as 15m, 6h or 7d.` }
      : { range: { last }, fault: null };
  }
  if (!query.has('from') && !query.has('to'))
    return { range: DEFAULT, fault: null };
  const to = query.has('to') ? parseTime(query.get('to')) : now;
  const from = query.has('from') ? parseTime(query.get('from')) : to === null ? null : to - HOUR;
  if (from === null || to === null)
    return { range: DEFAULT, fault: 'The times in the address cannot be read; they are to be as 2026-01-31T12:00:00Z.' };
  if (from >= to || from >= now)
    return { range: DEFAULT, fault: from >= to ? 'The time in the address ends before it begins.'
      : 'The time in the address has not come yet.' };
  return { range: settle(from, to, now), fault: null };
}

/** The members of the query that parseRange() reads. */
export function rangeQuery(range) {
  return range.last ? { last: spanText(range.last) }
    : { from: withoutMs(range.from), to: withoutMs(range.to) };
}

export function isSameRange(a, b) {
  return a.last === b.last && a.from === b.from && a.to === b.to;
}

/* ---- what it is now ---- */

export function isFollowing(range) {
  return range.last !== undefined;
}

/** @returns {{from: number, to: number}} */
export function viewOf(range, now) {
  return range.last ? { from: now - range.last, to: now } : { from: range.from, to: range.to };
}

/** A time as a range: one that would go beyond now ends now, and follows. */
export function settle(from, to, now) {
  const span = clamp(to - from, SHORTEST, LONGEST);
  if (to > now)
    return { last: Math.round(span / SECOND) * SECOND };
  const end = span < to - from ? to : Math.min((from + to + span) / 2, now); // longer ones lose their beginning
  return { from: Math.round(end - span), to: Math.round(end) };
}

/* ---- from one to the next ---- */

/**
 * @param {number} factor below 1 shows less time
 * @param {number} [at] the time that stays where it is; without: the middle, or now when following
 */
export function zoomed(range, now, factor, at) {
  const view = viewOf(range, now);
  const span = clamp((view.to - view.from) * factor, SHORTEST, LONGEST);
  if (at === undefined && isFollowing(range))
    return { last: Math.round(span / SECOND) * SECOND };
  const place = at === undefined ? 0.5 : (at - view.from) / (view.to - view.from);
  const anchor = view.from + (view.to - view.from) * place;
  return settle(anchor - span * place, anchor + span * (1 - place), now);
}

/** @param {number} share of what is shown; below 0 goes back in time */
export function panned(range, now, share) {
  const { from, to } = viewOf(range, now);
  const by = (to - from) * share;
  if (isFollowing(range) && by >= 0)
    return range;
  return settle(from + by, to + by, now);
}

/* ---- what to ask of the desk ---- */

/**
 * Seconds of a point: of a size that people know, enough for the width, and not more than the desk
 * would give.
 * @param {number} span ms
 * @param {number} width px
 */
export function resolutionOf(span, width) {
  const points = clamp(Math.floor(width), 200, MOST_POINTS);
  const least = Math.ceil(span / SECOND / points);
  return STEPS_S.find((step) => step >= least) ?? STEPS_S.at(-1);
}

/** Whether the desk knows that time by single segments, and not by minutes only. */
export function isFine(view, now, resolution) {
  return resolution < 60 && view.from >= now - FINE_PAST;
}

/** How often to read again what follows, in ms: as new points come, but sparingly. */
export function paceOf(resolution) {
  return clamp(resolution * SECOND, 10 * SECOND, 5 * MINUTE);
}

/* ---- for <input type="datetime-local"> ---- */

const two = (n) => String(n).padStart(2, '0');

/** "2026-01-31T13:00:00" in local time */
export function inputValue(at) {
  const d = new Date(at);
  return `${String(d.getFullYear()).padStart(4, '0')}-${two(d.getMonth() + 1)}-${two(d.getDate())}`
    + `T${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

/**
 * What was typed, as a range or with a reason beside the field.
 * @returns {{range: object|null, fromError: string|null, toError: string|null}}
 */
export function typedRange(fromText, toText, now) {
  const from = Date.parse(fromText);
  const to = Date.parse(toText);
  const refuse = (fromError, toError = null) => ({ range: null, fromError, toError });
  if (Number.isNaN(from) || Number.isNaN(to))
    return refuse(Number.isNaN(from) ? 'Choose a day and a time' : null,
      Number.isNaN(to) ? 'Choose a day and a time' : null);
  if (from >= now)
    return refuse('This time has not come yet');
  if (to <= from)
    return refuse(null, 'This is not after the beginning');
  if (to - from > LONGEST)
    return refuse(`At most ${LONGEST / DAY} days can be shown`);
  return { range: settle(from, to, now), fromError: null, toError: null };
}
