// state.js - how a stream is: the word, the shape, the colour, and which is worse
//
// What the desk knows are four states; paused and under maintenance are the operator's own doing
// and stand before them.

import { html } from './ui.js';
import { serverNow } from './clock.js';

/**
 * By rank, worst first. `letter`: in the strips of the last hour. `css`: names the tokens
 * --healthy, --healthy-soft, --on-healthy.
 */
export const STATES = {
  UNHEALTHY: { word: 'UNHEALTHY', rank: 0, letter: 'U', css: 'unhealthy' },
  DEGRADED: { word: 'DEGRADED', rank: 1, letter: 'D', css: 'degraded' },
  'NO DATA': { word: 'NO DATA', rank: 2, letter: 'N', css: 'nodata' },
  MAINTENANCE: { word: 'MAINTENANCE', rank: 3, letter: 'M', css: 'maintenance' },
  HEALTHY: { word: 'HEALTHY', rank: 4, letter: 'H', css: 'healthy' },
  PAUSED: { word: 'PAUSED', rank: 5, letter: 'P', css: 'paused' },
};

const SHAPES = {
  HEALTHY: () => html`<circle cx="8" cy="8" r="6.5" /><path d="M5 8.2l2.1 2.1L11.2 6" />`,
  DEGRADED: () => html`<path d="M8 1.8 15 14H1z" /><path d="M8 6.2v3.6M8 11.9v.2" />`,
  UNHEALTHY: () => html`<path d="M5.2 1.2h5.6l4 4v5.6l-4 4H5.2l-4-4V5.2z" class="icon-fill" />
    <path d="M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8" class="icon-cut" />`,
  'NO DATA': () => html`<circle cx="8" cy="8" r="6.2" stroke-dasharray="3.2 2" />`,
  PAUSED: () => html`<path d="M5.5 3v10M10.5 3v10" stroke-width="2.6" />`,
  MAINTENANCE: () => html`<path d="M13.6 4.2l-2.3 2.3-1.8-1.8 2.3-2.3a3.8 3.8 0 0 0-5 4.9L2 12l2 2 4.7-4.7a3.8 3.8 0 0 0 4.9-5.1z" />`,
};

/**
 * @param {object} stream as the desk lists it
 * @returns {keyof STATES}
 */
export function stateOf(stream) {
  if (stream.paused)
    return 'PAUSED';
  if (stream.maintenance && Date.parse(stream.maintenance.until) > serverNow())
    return 'MAINTENANCE';
  return stream.state in STATES ? stream.state : 'NO DATA';
}

/** When its state began, in ms; what is not known is now. */
export function sinceOf(stream) {
  const at = Date.parse(stream.since ?? stream.created_at ?? '');
  return Number.isNaN(at) ? Infinity : at;
}

const names = new Intl.Collator('en', { numeric: true });
const keys = new WeakMap(); // a changed stream is another object

// Times are parsed once; the rank only where no end of a maintenance can change it.
function keyOf(stream) {
  let key = keys.get(stream);
  if (!key) {
    key = { since: sinceOf(stream), rank: STATES[stateOf(stream)].rank };
    keys.set(stream, key);
  }
  if (stream.maintenance)
    key.rank = STATES[stateOf(stream)].rank;
  return key;
}

/** Worst first, then the longest in the state, then by name. */
export function compareWorst(a, b) {
  const left = keyOf(a);
  const right = keyOf(b);
  return left.rank - right.rank || (left.since - right.since || 0)
    || names.compare(a.name, b.name) || (a.id < b.id ? -1 : 1);
}

/** The shape of a state; a word stands beside it or in the name of what it is in. */
export function StateIcon({ state, size = 16 }) {
  return html`<svg class=${`state-icon is-${STATES[state].css}`} width=${size} height=${size}
    viewBox="0 0 16 16" aria-hidden="true" focusable="false">${SHAPES[state]()}</svg>`;
}

/** Shape and word. */
export function StateBadge({ state }) {
  return html`<span class=${`state-badge is-${STATES[state].css}`}>
    <${StateIcon} state=${state} size=${14} />${STATES[state].word}</span>`;
}
