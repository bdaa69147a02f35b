// clock.js - the desk's clock, as well as it can be told from here
//
// Every answer has a Date of whole seconds, written between our asking and its coming. That bounds
// the difference between the two clocks from both sides; many answers narrow it. A difference that
// may be zero is zero, so that a page on the desk's own machine never jumps.

const PATIENCE_MS = 10 * 60 * 1000; // a clock may be set; older bounds are forgotten
let lower = -Infinity;
let upper = Infinity;
let begun = 0;

function forget(now) {
  lower = -Infinity;
  upper = Infinity;
  begun = now;
}

/**
 * @param {string|null} date the Date header of an answer
 * @param {number} asked when it was asked for, ms
 * @param {number} came when it came, ms
 */
export function learn(date, asked, came) {
  const at = Date.parse(date ?? '');
  if (Number.isNaN(at))
    return;
  const low = at - came;
  const high = at + 1000 - asked;
  if (came - begun > PATIENCE_MS || low > upper || high < lower)
    forget(came);
  lower = Math.max(lower, low);
  upper = Math.min(upper, high);
}

function offset() {
  if (lower <= 0 && upper >= 0)
    return 0;
  return Number.isFinite(lower) && Number.isFinite(upper) ? Math.round((lower + upper) / 2) : 0;
}

/** Now, in ms since 1970, by the desk's clock. */
export function serverNow() {
  return Date.now() + offset();
}
