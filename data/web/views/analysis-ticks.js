// analysis-ticks.js - where the axes of the charts have their lines, and what is written there
//
// Times are those of the browser's time zone, also on the two days a year when it changes. Pure and
// without DOM: tests/web/unit/analysis-ticks.test.mjs.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

const CLOCK_STEPS = [5, 10, 15, 30].map((n) => n * SECOND)
  .concat([1, 2, 5, 10, 15, 30].map((n) => n * MINUTE), [1, 2, 3, 6, 12].map((n) => n * HOUR));
const DAY_STEPS = [1, 2, 7, 14];
const MONTH_STEPS = [1, 2, 3, 6, 12];

const two = (n) => String(n).padStart(2, '0');
const dayName = (d) => `${d.getDate()} ${MONTHS[d.getMonth()]}`;

function isMidnight(d) {
  return d.getHours() === 0 && d.getMinutes() === 0 && d.getSeconds() === 0;
}

/* ---- times ---- */

// Each local day is walked by its own clock, so that 06:00 is 06:00 when the clock was changed at 03:00.
function clockTicks(from, to, step) {
  const list = [];
  const first = new Date(from);
  for (let day = 0; day <= (to - from) / DAY + 1; day++) {
    for (let s = 0; s < DAY; s += step) {
      const d = new Date(first.getFullYear(), first.getMonth(), first.getDate() + day, 0, 0, s / SECOND);
      const at = d.getTime();
      if (at > to)
        return list;
      if (at >= from && at > (list.at(-1)?.at ?? -Infinity)) {
        const isMajor = isMidnight(d);
        const clock = `${two(d.getHours())}:${two(d.getMinutes())}`;
        list.push({ at, isMajor, label: isMajor ? dayName(d)
          : step < MINUTE ? `${clock}:${two(d.getSeconds())}` : clock });
      }
    }
  }
  return list;
}

// Counted from a fixed day, so that ticks do not jump while the time goes on.
function dayTicks(from, to, days) {
  const list = [];
  const d = new Date(from);
  d.setHours(0, 0, 0, 0);
  for (; d.getTime() <= to; d.setDate(d.getDate() + 1)) {
    const number = Math.round(Date.UTC(d.getFullYear(), d.getMonth(), d.getDate()) / DAY);
    const offset = days >= 7 ? 3 : 0; // 1 January 1970 was a Thursday; weeks begin on Mondays
    if (d.getTime() >= from && (number + offset) % days === 0)
      list.push({ at: d.getTime(), label: dayName(d), isMajor: d.getDate() === 1 });
  }
  return list;
}

function monthTicks(from, to, months) {
  const list = [];
  const first = new Date(from);
  let month = Math.floor(first.getMonth() / months) * months;
  for (let n = 0; n < 200; n++, month += months) {
    const d = new Date(first.getFullYear(), month, 1);
    if (d.getTime() > to)
      break;
    const isMajor = d.getMonth() === 0;
    if (d.getTime() >= from)
      list.push({ at: d.getTime(), label: isMajor ? String(d.getFullYear()) : MONTHS[d.getMonth()], isMajor });
  }
  return list;
}

/**
 * @param {number} from ms
 * @param {number} to ms
 * @param {number} width px
 * @param {number} [minPx] that a label needs
 * @returns {{at: number, label: string, isMajor: boolean}[]} in order; major where a day, a month or
 *   a year begins
 */
export function timeTicks(from, to, width, minPx = 60) {
  const least = (to - from) * minPx / Math.max(width, 1);
  const clock = CLOCK_STEPS.find((step) => step >= least);
  if (clock)
    return clockTicks(from, to, clock);
  const days = DAY_STEPS.find((each) => each * DAY >= least);
  if (days)
    return dayTicks(from, to, days);
  const months = MONTH_STEPS.find((each) => each * 30 * DAY >= least) ?? MONTH_STEPS.at(-1);
  return monthTicks(from, to, months);
}

/* ---- values ---- */

/** The smallest of 1, 2, 2.5, 5 times a power of ten that is not below. */
function niceAbove(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  const part = value / power;
  const nice = [1, 2, 2.5, 5, 10].find((each) => part <= each * (1 + 1e-9));
  return nice * power;
}

/**
 * An axis from zero, or from below it where there is something.
 * @param {number|null} low the lowest value; null: none
 * @param {number|null} high the highest value
 * @param {{count?: number, least?: number, isWhole?: boolean}} [options] `count`: stretches at most,
 *   one more where there are negative values; `least`: the axis goes at least so far; `isWhole`: only
 *   whole numbers are of use
 * @returns {{low: number, high: number, ticks: number[]}}
 */
export function axisFromZero(low, high, { count = 3, least = 1, isWhole = false } = {}) {
  const top = Math.max(high ?? 0, least);
  const bottom = Math.min(low ?? 0, 0);
  let step = niceAbove((top - bottom) / count);
  if (isWhole)
    step = Math.max(1, step === 2.5 ? 5 : step);
  const first = Math.floor(bottom / step + 1e-9);
  const last = Math.ceil(top / step - 1e-9);
  return { low: first * step, high: last * step,
    ticks: Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step) };
}

const DECADE = [1, 2, 5];
const LEAST_RATIO = 0.01; // what is below is as bad as that

/**
 * A logarithmic axis that always has 1 in it, for ratios.
 * @param {number|null} low the lowest value above zero
 * @param {number|null} high
 * @param {number} [count] ticks at most
 * @returns {{low: number, high: number, ticks: number[]}}
 */
export function axisOfRatio(low, high, count = 5) {
  const bottom = Math.max(Math.min(low ?? 1, 0.5), LEAST_RATIO);
  const top = Math.max(high ?? 1, 2);
  const all = [];
  for (let power = Math.floor(Math.log10(bottom)); power <= Math.ceil(Math.log10(top)); power++)
    all.push(...DECADE.map((each) => Number((each * 10 ** power).toPrecision(1))));
  const first = all.filter((each) => each <= bottom).length - 1;
  const last = all.findIndex((each) => each >= top);
  const fit = all.slice(Math.max(first, 0), last < 0 ? undefined : last + 1);
  const decades = fit.filter((each) => Math.log10(each) % 1 === 0);
  const every = Math.ceil(decades.length / count);
  const one = decades.indexOf(1);
  const ticks = fit.length <= count ? fit : decades.filter((_, i) => (i - one) % every === 0);
  return { low: fit[0], high: fit.at(-1), ticks };
}

/* ---- in words ---- */

function clockText(d, withSeconds) {
  return `${two(d.getHours())}:${two(d.getMinutes())}${withSeconds ? `:${two(d.getSeconds())}` : ''}`;
}

function isSameDay(a, b) {
  return a.getFullYear() === b.getFullYear() && a.getMonth() === b.getMonth() && a.getDate() === b.getDate();
}

function dateText(d, today) {
  if (isSameDay(d, today))
    return 'Today';
  const year = d.getFullYear() === today.getFullYear() ? '' : ` ${d.getFullYear()}`;
  return `${DAYS[d.getDay()]} ${dayName(d)}${year}`;
}

/** "Today 17:40 – 18:40", "Sat 14 Mar 17:40 – Sun 15 Mar 09:00" */
export function rangeText(from, to, now) {
  const [a, b, today] = [new Date(from), new Date(to), new Date(now)];
  const fine = to - from < 10 * MINUTE;
  const end = isSameDay(a, b) ? clockText(b, fine) : `${dateText(b, today)} ${clockText(b, fine)}`;
  return `${dateText(a, today)} ${clockText(a, fine)} – ${end}`;
}

/**
 * The time of one point: "18:40:12", "18:40 – 18:45", with the day where the range has more than one.
 * @param {number} at its beginning
 * @param {number} step s
 * @param {boolean} withDay
 */
export function pointText(at, step, withDay) {
  const [a, b] = [new Date(at), new Date(at + step * SECOND)];
  const day = withDay ? `${dayName(a)} ` : '';
  if (step < 60)
    return `${day}${clockText(a, true)}`;
  if (step === 60)
    return `${day}${clockText(a, false)}`;
  const end = isSameDay(a, b) || step < 86400 ? clockText(b, false) : `${dayName(b)} ${clockText(b, false)}`;
  return `${day}${clockText(a, false)} – ${end}`;
}
