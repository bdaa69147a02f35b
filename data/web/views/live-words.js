// live-words.js - what the Live view says of origins, orders and changes of sides, in words
//
// Pure: no page, no clock of its own. The words of the switcher are a closed list
// (docs/reference/reasons.md); one that is not known here is shown as it is.

import { seconds, time } from '../lib/format.js';

export const ORIGINS = ['primary', 'backup'];

/** @param {string} origin @returns {string} the twin */
export function otherOf(origin) {
  return origin === 'primary' ? 'backup' : 'primary';
}

const STATES = {
  up: { word: 'In step', state: 'HEALTHY' },
  suspect: { word: 'Suspect', state: 'DEGRADED' },
  recovering: { word: 'Recovering', state: 'DEGRADED' },
  failed: { word: 'Failed', state: 'UNHEALTHY' },
  unknown: { word: 'Unknown', state: 'NO DATA' },
};

/**
 * @param {string} word of the switcher
 * @returns {{word: string, state: string}} for people, and the shape and colour it is shown with
 */
export function originState(word) {
  return STATES[word] ?? { word: String(word ?? 'Unknown'), state: 'NO DATA' };
}

// What an origin does, and what it did when it was left.
const REASONS = {
  ok: ['delivers as it should', 'was in step'],
  starting: ['has not answered yet, or lists nothing yet', 'had not answered yet'],
  recovering: ['is in step again, not yet for long enough to be trusted', 'was not trusted yet'],
  'source-quiet': ['brings nothing new, but neither does its twin: look at the encoder',
    'brought nothing new, like its twin'],
  refused: ['refuses connections, or its machine cannot be reached', 'refused connections'],
  reset: ['closes connections before the answer is whole', 'closed a connection before the answer was whole'],
  resolve: ['has a host name that is not found', 'had a host name that was not found'],
  timeout: ['does not answer in time', 'did not answer in time'],
  truncated: ['sends fewer bytes than it promises', 'sent fewer bytes than promised'],
  protocol: ['does not speak HTTP, or TLS failed', 'did not speak HTTP, or TLS failed'],
  'http-4xx': ['answers with a 4xx status', 'answered with a 4xx status'],
  'http-5xx': ['answers with an error of its own (5xx)', 'answered with an error of its own (5xx)'],
  unparsable: ['sends something that is no playlist', 'sent something that is no playlist'],
  unsupported: ['has a playlist that cannot be switched', 'had a playlist that cannot be switched'],
  'sequence-regress': ['went back in its numbering', 'went back in its numbering'],
  stale: ['does not advance, while its twin does', 'stopped advancing'],
  late: ['has been behind its twin for too long', 'was behind its twin for too long'],
  'bad-segment': ['sends segments that are no media', 'sent a segment that is no media'],
  'too-large': ['sends more bytes than are taken', 'sent more bytes than are taken'],
};

/** What is said of an origin under its state: "refuses connections". */
export function originReason(reason) {
  return REASONS[reason]?.[0] ?? String(reason ?? '');
}

/**
 * Why sides were changed, as half a sentence: "the primary refused connections".
 * @param {{from: string, to: string, reason: string}} change
 */
export function changeReason(change) {
  const own = {
    returned: `the ${change.to} is trusted again`,
    'operator-force': `the ${change.to} was ordered`,
    'operator-switchback': 'the return to the primary was ordered',
    drained: `the ${change.from} is in maintenance`,
    released: `the order that kept it on the ${change.from} was taken back`,
    expired: 'the time of the order is over',
  };
  return own[change.reason]
    ?? (REASONS[change.reason] ? `the ${change.from} ${REASONS[change.reason][1]}` : change.reason);
}

/** What is between the two sides: "no gap, no overlap", "gap 40 ms". */
export function seamWords({ gap_ms: gap, overlap_ms: overlap }) {
  const parts = [];
  if (gap > 0)
    parts.push(`gap ${gap} ms`);
  if (overlap > 0)
    parts.push(`overlap ${overlap} ms`);
  return parts.join(', ') || 'no gap, no overlap';
}

// The switcher has it from the desk, by which name it knows whom: "127.0.0.1 (says alice at the desk)".
function nameOf(who) {
  return /^\S+ \(says (.+ at the desk)\)$/.exec(who)?.[1] ?? who;
}

/** "by alice: new disk"; empty when nobody did it */
export function authorWords({ who, why }) {
  if (!who)
    return why ? `because: ${why}` : '';
  return why ? `by ${nameOf(who)}: ${why}` : `by ${nameOf(who)}`;
}

/** What the ledger tells, for those who wonder why it is not always the active side. */
export function ledgerWords(pair) {
  return pair === 'identical' ? 'What was published, and whose copy was whole first: both have the same segments'
    : 'What was published, and which origin delivered it';
}

const PAIRS = {
  identical: 'The two have the same segments, byte for byte',
  aligned: 'The two have the same cuts and times, but other bytes',
  foreign: 'The two number or cut their segments by themselves',
  unknown: 'What the two are to each other is not known yet',
};

/** What the origins are to each other, in a sentence. */
export function pairWords(pair) {
  return PAIRS[pair] ?? PAIRS.unknown;
}

/**
 * What viewers would feel when sides are changed now.
 * @param {{pair: string, is_served: boolean}} stream
 */
export function seamFeel(stream) {
  if (!stream.is_served)
    return 'There is nothing to be seen at present, so nobody feels anything.';
  if (stream.pair === 'identical')
    return 'Viewers feel nothing: both origins have the same segments.';
  if (stream.pair === 'aligned')
    return 'Viewers should feel nothing: both origins cut at the same pictures.';
  if (stream.pair === 'foreign')
    return 'Viewers go on across a seam that is marked for their players: a few pictures may be'
      + ' missing or come twice.';
  return 'What viewers feel cannot be said: it is not known yet whether the two have the same segments.';
}

/** What is going on, in one sentence. */
export function situation(stream) {
  const { active, origins } = stream;
  if (!stream.is_served)
    return 'Viewers get nothing: neither origin has brought a segment yet';
  const twin = otherOf(active);
  const dead = origins[active].state === 'failed';
  const twinDead = origins[twin].state === 'failed';
  if (dead && twinDead)
    return 'Both origins have failed: viewers see what is left in the playlist';
  if (dead)
    return `Viewers are on the ${active}, which has failed`;
  if (twinDead)
    return `Viewers are on the ${active}; the ${twin} has failed, so there is no understudy`;
  if (origins[twin].state !== 'up')
    return `Viewers are on the ${active}; the ${twin} is ${originState(origins[twin].state).word.toLowerCase()}`;
  return `Viewers are on the ${active}; the ${twin} is in step beside it`;
}

function isFor(command, stream) {
  return command.refused === null && (command.stream === null || command.stream === stream.name);
}

function lastOf(commands, matches) {
  for (let i = commands.length - 1; i >= 0; i--)
    if (matches(commands[i]))
      return commands[i];
  return null;
}

function untilWords(untilMs) {
  return untilMs === null || untilMs === undefined ? 'until it is released' : `until ${time(untilMs)}`;
}

/**
 * The orders that stand, each as what is shown of it.
 * @param {object} stream
 * @param {object[]} commands oldest first
 * @returns {{key: string, title: string, text: string, undo: {verb: string, origin: string|null, label: string}}[]}
 */
export function standingOrders(stream, commands) {
  const orders = [];
  if (stream.mode === 'forced' || stream.mode === 'held') {
    const isForce = stream.mode === 'forced';
    const by = lastOf(commands, (c) => isFor(c, stream) && c.command === (isForce ? 'failover' : 'hold'));
    const strict = stream.is_strict ? (isForce ? ', even if it fails' : ', even on a dead origin') : '';
    orders.push({
      key: stream.mode,
      title: isForce ? `Ordered to the ${stream.home ?? stream.active}${strict}` : `Held on the ${stream.active}${strict}`,
      text: [untilWords(stream.until_ms), by && authorWords(by)].filter(Boolean).join(', '),
      undo: { verb: 'release', origin: null, label: 'Release' },
    });
  }
  for (const origin of ORIGINS) {
    if (!stream.origins[origin].is_drained)
      continue;
    const by = lastOf(commands, (c) => isFor(c, stream) && c.command === 'drain' && c.what.endsWith(` ${origin}`));
    orders.push({
      key: `drained-${origin}`,
      title: `The ${origin} is in maintenance`,
      text: by ? [`since ${time(by.time_ms)}`, authorWords(by)].join(', ') : 'until it is undrained',
      undo: { verb: 'undrain', origin, label: 'End maintenance' },
    });
  }
  if (stream.failback === 'sticky') {
    const by = lastOf(commands, (c) => isFor(c, stream) && c.command === 'failback');
    orders.push({
      key: 'sticky',
      title: 'Sticky: never goes home by itself',
      text: by ? authorWords(by) : 'by the settings',
      undo: { verb: 'failback', mode: 'auto', origin: null, label: 'Go home again' },
    });
  }
  return orders;
}

/** What became of an order, from the stream before and after it. */
export function outcome(order, before, after) {
  const moved = before && after.active !== before.active;
  const where = moved ? `Viewers are on the ${after.active} now` : `Viewers stay on the ${after.active}`;
  const until = after.until_ms === null ? '' : ` until ${time(after.until_ms)}`;
  switch (order.verb) {
    case 'failover':
      return moved || after.active === order.origin ? `${where}, and it is home${until}`
        : `Ordered; ${where.toLowerCase()} for the moment`;
    case 'hold':
      return `Held on the ${after.active}${until || ' until released'}`;
    case 'release':
      return `Released. ${where}`;
    case 'drain':
      return after.active === order.origin
        ? `The ${order.origin} is in maintenance, but viewers stay on it until the ${otherOf(order.origin)} is trusted`
        : `The ${order.origin} is in maintenance. ${where}`;
    case 'undrain':
      return `The ${order.origin} takes part again. ${where}`;
    case 'failback':
      return after.failback === 'sticky' ? 'Sticky: it stays where it is' : 'It goes home by itself again';
    default:
      return where;
  }
}

/** "for 15 min", "until it is released" */
export function durationWords(s) {
  return s > 0 ? `for ${seconds(s)}` : 'until it is released';
}

/** How a segment compares with the twin's copy. */
export const COMPARISONS = {
  equal: { word: 'Equal', text: 'The other origin has the same bytes', mark: 'equal' },
  different: { word: 'Different', text: 'The other origin has other bytes', mark: 'different' },
  'not-compared': { word: 'Not compared', text: 'The other copy was not asked for, or is still to come', mark: 'open' },
  'not-comparable': { word: 'Other by nature', text: 'The two do not make the same bytes', mark: 'none' },
};
