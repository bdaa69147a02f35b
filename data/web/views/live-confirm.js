// live-confirm.js - what is said before an order is given: what will happen, what viewers will feel
//
// Pure. The rules are those of docs/control.md; what the switcher then really does it says itself.

import { durationWords, originReason, otherOf, seamFeel } from './live-words.js';

const stay = (stream) => (stream.is_served ? `Viewers feel nothing: they stay on the ${stream.active}.`
  : 'There is nothing to be seen at present, so nobody feels anything.');

function failover(stream, { origin, seconds, isStrict }) {
  const target = stream.origins[origin];
  const twin = otherOf(origin);
  const isThere = stream.active === origin;
  const text = [isThere
    ? `Viewers are on the ${origin} already. It becomes home, ${durationWords(seconds)}.`
    : `Viewers are moved to the ${origin} at once, and stay there ${durationWords(seconds)}.`];
  if (isStrict)
    text.push(`They stay there whatever comes, even when the ${origin} is dead. For a test, never for a night.`);
  else
    text.push(`If the ${origin} fails, they go to the ${twin}, and back when it is trusted again.`);
  const warnings = [];
  if (target.is_drained)
    warnings.push(`The ${origin} is in maintenance: end that first, or this is refused.`);
  else if (target.state === 'failed' && !isThere)
    warnings.push(isStrict ? `The ${origin} has failed: it ${originReason(target.reason)}. Viewers will see the picture stop.`
      : `The ${origin} has failed: it ${originReason(target.reason)}. This is refused.`);
  return {
    title: `Fail over to the ${origin}`, action: `Fail over to the ${origin}`, isDanger: true, text, warnings,
    feel: isThere ? stay(stream) : target.state === 'failed' && isStrict ? 'Viewers will notice.' : seamFeel(stream),
  };
}

function switchback(stream) {
  const isThere = stream.active === 'primary';
  const target = stream.origins.primary;
  const text = [isThere ? 'Viewers are on the primary already.'
    : 'Viewers go home to the primary at once, without waiting for the hold-down.'];
  if (stream.mode !== 'auto')
    text.push(`The ${stream.mode === 'forced' ? 'failover' : 'hold'} that stands ends.`);
  const warnings = [];
  if (target.is_drained)
    warnings.push('The primary is in maintenance: end that first, or this is refused.');
  else if (target.state === 'failed' && !isThere)
    warnings.push(`The primary has failed: it ${originReason(target.reason)}. This is refused.`);
  return { title: 'Switch back to the primary', action: 'Switch back', isDanger: false, text, warnings,
    feel: isThere ? stay(stream) : seamFeel(stream) };
}

function hold(stream, { seconds, isStrict }) {
  const twin = otherOf(stream.active);
  const text = [`Viewers are kept on the ${stream.active}, ${durationWords(seconds)}.`,
    isStrict ? `Even when it dies: nobody goes to the ${twin}, and the picture stops.`
      : `Only when it dies do they go to the ${twin}.`];
  if (stream.mode === 'forced')
    text.push('The failover that stands ends.');
  const warnings = isStrict ? ['Strictly means without an understudy.'] : [];
  return { title: `Hold on the ${stream.active}`, action: 'Hold', isDanger: isStrict, text, warnings, feel: stay(stream) };
}

function release(stream) {
  const drained = ['primary', 'backup'].find((origin) => stream.origins[origin].is_drained);
  const home = drained ? otherOf(drained) : stream.failback === 'sticky' ? stream.active : 'primary';
  const text = [stream.mode === 'auto' ? 'No failover or hold stands; nothing changes.'
    : `The ${stream.mode === 'forced' ? 'failover' : 'hold'} ends, and the switcher decides by itself again.`];
  const isLeaving = home !== stream.active;
  if (isLeaving)
    text.push(`Viewers go home to the ${home} when it is trusted and the hold-down is over.`);
  return { title: 'Release', action: 'Release', isDanger: false, text, warnings: [],
    feel: isLeaving ? seamFeel(stream) : stay(stream) };
}

function drain(stream, { origin }) {
  const twin = otherOf(origin);
  const isActive = stream.active === origin;
  const isTwinDead = stream.origins[twin].state === 'failed';
  const text = [];
  if (isActive && isTwinDead)
    text.push(`Viewers stay on the ${origin} until the ${twin} is trusted, and are moved then.`);
  else if (isActive)
    text.push(`Viewers are moved to the ${twin}.`);
  else
    text.push(`The ${origin} is not gone to, unless the ${twin} fails.`);
  text.push('This stays until somebody ends it. It is safe to forget: a bad picture is better than none.');
  const warnings = [];
  if (stream.origins[twin].is_drained)
    warnings.push(`The ${twin} is in maintenance already: one of the two must stay, so this is refused.`);
  else if (stream.mode === 'forced' && stream.home === origin)
    warnings.push(`Somebody ordered viewers to the ${origin}: release that first, or this is refused.`);
  else if (isTwinDead)
    warnings.push(`The ${twin} has failed: there is no understudy.`);
  return { title: `Take the ${origin} into maintenance`, action: `Drain the ${origin}`, isDanger: isActive, text, warnings,
    feel: isActive && !isTwinDead ? seamFeel(stream) : stay(stream) };
}

function undrain(stream, { origin }) {
  const goesHome = origin === 'primary' && stream.active !== origin && stream.mode === 'auto'
    && stream.failback === 'auto';
  return {
    title: `End the maintenance of the ${origin}`, action: 'End maintenance', isDanger: false, warnings: [],
    text: [`The ${origin} takes part again.`, goesHome
      ? 'Viewers go home to it when it is trusted and the hold-down is over.' : `Viewers stay on the ${stream.active}.`],
    feel: goesHome ? seamFeel(stream) : stay(stream),
  };
}

function failback(stream, { mode }) {
  const goesHome = mode === 'auto' && stream.active !== (stream.home ?? 'primary') && stream.mode === 'auto';
  return mode === 'sticky'
    ? { title: 'Stay where it is: sticky', action: 'Make it sticky', isDanger: false, warnings: [],
      text: ['After a failure nobody goes home by himself: viewers stay until somebody says so, or until that side fails.'],
      feel: stay(stream) }
    : { title: 'Go home by itself', action: 'Go home by itself', isDanger: false, warnings: [],
      text: ['After a failure viewers go home to the primary when it is trusted and the hold-down is over.'],
      feel: goesHome ? seamFeel(stream) : stay(stream) };
}

const VERBS = { failover, switchback, hold, release, drain, undrain, failback };

/** Which orders may end by themselves, and how they may be made strict. */
export const OPTIONS = {
  failover: { hasDuration: true, strict: 'Even if it has failed' },
  hold: { hasDuration: true, strict: 'Strictly, even on a dead origin' },
};

/**
 * @param {object} stream as the switcher tells it
 * @param {{verb: string, origin?: string, mode?: string, seconds?: number, isStrict?: boolean}} order
 * @returns {{title: string, action: string, isDanger: boolean, text: string[], warnings: string[], feel: string}}
 */
export function confirmation(stream, order) {
  return VERBS[order.verb](stream, { seconds: 0, isStrict: false, ...order });
}

/** The body of the request for an order; what is not said is not sent. */
export function bodyOf({ verb, origin, mode, seconds = 0, isStrict = false }, why) {
  const body = {};
  const reason = why.trim().replace(/\s+/g, ' ');
  if (reason)
    body.why = reason;
  if (origin && ['failover', 'drain', 'undrain'].includes(verb))
    body.origin = origin;
  if (verb === 'failback')
    body.mode = mode;
  if (OPTIONS[verb]?.hasDuration && seconds > 0)
    body.seconds = seconds;
  if (isStrict && verb === 'failover')
    body.even_if_failed = true;
  if (isStrict && verb === 'hold')
    body.strict = true;
  return body;
}

/**
 * A length of time as people write it.
 * @param {string} text "90", "90 s", "15 min", "2h", "1 d"
 * @returns {number|null} whole seconds; null: not understood, or more than a week
 */
export function readDuration(text) {
  const match = /^\s*(\d{1,6})\s*(s|sec|min|m|h|d)?\s*$/i.exec(text);
  if (!match)
    return null;
  const unit = { s: 1, sec: 1, m: 60, min: 60, h: 3600, d: 86400 }[(match[2] ?? 's').toLowerCase()];
  const s = Number(match[1]) * unit;
  return s > 0 && s <= 604800 ? s : null;
}
