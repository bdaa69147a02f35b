// format.js - numbers and times in words; what is not known is a dash

const DASH = '–';
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function isKnown(value) {
  return value !== null && value !== undefined && !Number.isNaN(value);
}

function two(n) {
  return String(n).padStart(2, '0');
}

/** @param {string|number|null} at ISO or ms @returns {Date|null} */
export function dateOf(at) {
  if (!isKnown(at))
    return null;
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? null : date;
}

/** "18:40:12", in the time zone of the browser */
export function time(at) {
  const d = dateOf(at);
  return d ? `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}` : DASH;
}

/** "22 Nov 18:40:12"; with the year where it is not this one */
export function dateTime(at) {
  const d = dateOf(at);
  if (!d)
    return DASH;
  const year = d.getFullYear() === new Date().getFullYear() ? '' : ` ${d.getFullYear()}`;
  return `${d.getDate()} ${MONTHS[d.getMonth()]}${year} ${time(d)}`;
}

/** "2026-01-31T12:00:00.000Z" */
export function iso(at) {
  return dateOf(at)?.toISOString() ?? DASH;
}

/** A span of ms: "3 s", "12 min", "5 h", "3 d" */
export function ago(span) {
  if (!isKnown(span))
    return DASH;
  const s = Math.max(0, Math.floor(span / 1000));
  if (s < 60)
    return `${s} s`;
  if (s < 3600)
    return `${Math.floor(s / 60)} min`;
  return s < 48 * 3600 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86400)} d`;
}

function rounded(n, digits = 3) {
  const whole = Math.floor(Math.log10(Math.abs(n) || 1)) + 1;
  return n.toFixed(Math.max(0, Math.min(2, digits - Math.max(1, whole)))).replace(/\.0+$/, '');
}

/** "3.4 s", "2 min 5 s", "3 h 12 min" */
export function seconds(s) {
  if (!isKnown(s))
    return DASH;
  if (s < 60)
    return `${s < 10 ? s.toFixed(1).replace(/\.0$/, '') : Math.round(s)} s`;
  const whole = Math.round(s);
  if (whole < 3600)
    return whole % 60 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${whole / 60} min`;
  const min = Math.round(whole / 60);
  if (min < 48 * 60)
    return min % 60 ? `${Math.floor(min / 60)} h ${min % 60} min` : `${min / 60} h`;
  return `${Math.round(whole / 86400)} d`;
}

/** "812 ms", "1.2 s" */
export function ms(n) {
  if (!isKnown(n))
    return DASH;
  if (n >= 10000)
    return seconds(n / 1000);
  return n >= 1000 ? `${rounded(n / 1000, 2)} s` : `${rounded(n, n < 10 ? 2 : 3)} ms`;
}

/** "3.2×" */
export function ratio(n) {
  return isKnown(n) ? `${rounded(n, 2)}×` : DASH;
}

function scaled(n, step, units) {
  let i = 0;
  let value = n;
  while (Math.abs(value) >= step && i < units.length - 1) {
    value /= step;
    i++;
  }
  return `${rounded(value, i === 0 ? 1 : 3)} ${units[i]}`;
}

/** "1.21 MB" */
export function bytes(n) {
  return isKnown(n) ? scaled(n, 1000, ['B', 'kB', 'MB', 'GB', 'TB']) : DASH;
}

/** "2.5 Mb/s" */
export function bits(n) {
  return isKnown(n) ? scaled(n, 1000, ['b/s', 'kb/s', 'Mb/s', 'Gb/s']) : DASH;
}

/** A share of 0 to 1: "12 %" */
export function percent(n) {
  if (!isKnown(n))
    return DASH;
  const p = n * 100;
  return `${p > 0 && p < 10 ? rounded(p, 2) : Math.round(p)} %`;
}

/** "12,345" */
export function count(n) {
  return isKnown(n) ? Math.round(n).toLocaleString('en') : DASH;
}

/** "1 stream", "3 streams" */
export function plural(n, noun, nouns = `${noun}s`) {
  return `${count(n)} ${n === 1 ? noun : nouns}`;
}
