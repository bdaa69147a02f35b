// monitoring-model.js - which streams the list shows, in what order, and what is said of each. Pure.

import { ago } from '../lib/format.js';
import { STATES, compareWorst, stateOf } from '../lib/state.js';

const texts = new WeakMap(); // a changed stream is another object

function textOf(stream) {
  let text = texts.get(stream);
  if (text === undefined) {
    text = `${stream.name}\n${stream.manifest_url}\n${stream.reason ?? ''}\n${stream.own_stream ?? ''}`
      .toLowerCase();
    texts.set(stream, text);
  }
  return text;
}

/** @returns {string[]} the words of a search */
export function termsOf(search) {
  return search.toLowerCase().split(/\s+/).filter(Boolean);
}

// A state's word counts from its beginning, or "healthy" would find what is unhealthy.
function hasTerm(stream, term) {
  return stateOf(stream).toLowerCase().startsWith(term) || textOf(stream).includes(term)
    || (stream.is_flapping && 'flapping'.startsWith(term))
    || (stream.has_active_incident && 'incident'.startsWith(term))
    || (term.length > 2 && (stream.chain?.active_origin ?? '').startsWith(term));
}

/**
 * @param {object[]} list
 * @param {{state: string|null, terms: string[]}} filter
 */
export function filterStreams(list, { state, terms }) {
  return list.filter((stream) => (!state || stateOf(stream) === state)
    && terms.every((term) => hasTerm(stream, term)));
}

/** @returns {string[]} ids, worst first */
export function sortedIds(list) {
  return [...list].sort(compareWorst).map(({ id }) => id);
}

// How many positions of a row of numbers form its longest rising part.
function longestRising(numbers) {
  const tails = [];
  for (const n of numbers) {
    let low = 0;
    let high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (tails[middle] < n)
        low = middle + 1;
      else
        high = middle;
    }
    tails[low] = n;
  }
  return tails.length;
}

/**
 * An order that does not move: what was there stays, what is new comes at the end.
 * @param {string[]} before
 * @param {string[]} sorted
 * @returns {{order: string[], moved: number}} `moved`: how many rows stand elsewhere than they would
 */
export function holdOrder(before, sorted) {
  const place = new Map(sorted.map((id, i) => [id, i]));
  const order = before.filter((id) => place.has(id));
  const kept = new Set(order);
  order.push(...sorted.filter((id) => !kept.has(id)));
  return { order, moved: order.length - longestRising(order.map((id) => place.get(id))) };
}

const WORSE = 'UDNH';

function worse(a, b) {
  const left = WORSE.indexOf(a);
  const right = WORSE.indexOf(b);
  return left < 0 ? b : right < 0 || left <= right ? a : b;
}

/**
 * The strip of a stream: what the desk said, up to now. The minute under way has at least the state
 * of now, which events change; minutes of which nothing is known yet are empty.
 * @param {{until: string, step_s: number, strips: object}|undefined} data of api/strips
 * @param {object} stream
 * @param {number} now by the desk's clock
 */
export function lettersOf(data, stream, now) {
  const letter = STATES[stateOf(stream)].letter;
  const known = data?.strips[stream.id] ?? '';
  const base = known.padStart(60, '-');
  const passed = data ? Math.floor((now - Date.parse(data.until)) / (data.step_s * 1000)) + 1 : 0;
  const missed = Math.min(Math.max(passed, 0), base.length);
  const shifted = base.slice(missed) + '-'.repeat(missed);
  const last = shifted[shifted.length - 1];
  return shifted.slice(0, -1) + (WORSE.includes(letter) ? worse(last, letter) : letter);
}

/** "news: UNHEALTHY for 3 min, segments return 404" */
export function nameOf(stream, now) {
  const state = stateOf(stream);
  const since = Date.parse(stream.since ?? '');
  const span = Number.isNaN(since) || state === 'PAUSED' ? '' : ` for ${ago(now - since)}`;
  const reason = stream.reason && state !== 'HEALTHY' && state !== 'PAUSED' ? `, ${stream.reason}` : '';
  return `${stream.name}: ${STATES[state].word}${span}${reason}`;
}
