// events.js - the desk's events: one connection for the whole page
//
// Made by fetch(), since an EventSource can send neither a token nor, after its own end, the last
// id. It comes back by itself, at once and then ever more slowly; the desk sends what was missed,
// or `reset`, which all who keep something answer by reading it again. The desk says something
// every 15 s: longer silence is a dead connection, whatever the browser believes.

import { learn } from './clock.js';
import { addressOf, askForToken, identity, problemOf } from './api.js';
import { recall } from './keep.js';
import { onTabs, shouldRest } from './tabs.js';

const SILENCE_MS = 40 * 1000;
const GRACE_MS = 1500; // a connection that is back by then was never missed
const DELAYS_MS = [0, 1000, 2000, 4000, 8000, 15000];
const REST_MS = 30 * 1000; // how often a page without a connection reads everything
const LASTING_MS = 5000; // a connection that ended sooner counts as a failure

const listeners = new Map();
/** What useConnection() shows. `connection` as a kind of on() tells of changes. */
export let connection
  = { state: 'connecting', since: Date.now(), lastAt: 0, retryAt: 0, problem: null };
let lastId = null;
let failures = 0;
let isStarted = false;
let problem = null; // why the last try was refused
let wake = null; // ends the pause before the next try
let control = null; // ends the connection
let graceTimer = 0;

/**
 * @param {'stream'|'health'|'finding'|'event'|'incident'|'reset'|'open'|'connection'} kind
 *   those of the desk; `open`: connected, with {isAgain}; `connection`: it is another one
 * @param {(data: any, about: {id: string|null}) => void} fn
 * @returns {() => void} ends it
 */
export function on(kind, fn) {
  if (!listeners.has(kind))
    listeners.set(kind, new Set());
  listeners.get(kind).add(fn);
  return () => listeners.get(kind).delete(fn);
}

function emit(kind, data, about = { id: null }) {
  for (const fn of listeners.get(kind) ?? []) {
    try {
      fn(data, about);
    } catch (error) {
      console.error(error);
    }
  }
}

function setState(state, retryAt = 0) {
  if (state === connection.state && retryAt === connection.retryAt)
    return;
  const since = state === connection.state ? connection.since : Date.now();
  connection = { ...connection, state, since, retryAt, problem };
  emit('connection', connection);
}

function touch() {
  connection.lastAt = Date.now();
}

function dispatch(kind, id, text) {
  if (id)
    lastId = id;
  if (!listeners.get(kind)?.size)
    return;
  let data;
  try {
    data = JSON.parse(text);
  } catch {
    console.error(`an event "${kind}" is not JSON`);
    return;
  }
  emit(kind, data, { id });
}

// The format of the HTML standard, 9.2.6, as far as the desk uses it.
function makeReader() {
  let rest = '';
  let kind = 'message';
  let id = null;
  let data = [];
  const take = (line) => {
    if (line === '') {
      if (data.length > 0)
        dispatch(kind, id, data.join('\n'));
      kind = 'message';
      data = [];
    } else if (!line.startsWith(':')) {
      const colon = line.indexOf(':');
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (name === 'event')
        kind = value;
      else if (name === 'id')
        id = value;
      else if (name === 'data')
        data.push(value);
    }
  };
  return (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    lines.forEach((line) => take(line.replace(/\r$/, '')));
  };
}

async function readAll(response, watch) {
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  const feed = makeReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done)
      return;
    touch();
    watch();
    feed(decoder.decode(value, { stream: true }));
  }
}

// A page that nobody sees, one of many, leaves the browser's few connections to the others.
async function rest() {
  while (shouldRest()) {
    emit('reset', {});
    await pause(REST_MS);
  }
}

// One connection, from its beginning to its end. Returns whether to try again at once.
async function connect() {
  control = new AbortController();
  let timer = 0;
  const watch = () => {
    clearTimeout(timer);
    timer = setTimeout(() => control.abort(), SILENCE_MS);
  };
  watch();
  try {
    const used = recall('token');
    const headers = { Accept: 'text/event-stream', ...identity() };
    const asked = Date.now();
    if (lastId)
      headers['Last-Event-ID'] = lastId;
    const response = await fetch(addressOf('api/events'), { headers, cache: 'no-store',
      credentials: 'same-origin', signal: control.signal });
    learn(response.headers.get('Date'), asked, Date.now());
    if (!response.ok) {
      problem = await problemOf(response);
      return problem.status === 401 && await askForToken(problem, { isPolite: true, used });
    }
    opened();
    await readAll(response, watch);
    return false;
  } finally {
    clearTimeout(timer);
  }
}

let wasOpen = false;
function opened() {
  clearTimeout(graceTimer);
  problem = null;
  touch();
  const isAgain = wasOpen;
  const hadId = lastId !== null;
  wasOpen = true;
  setState('live');
  emit('open', { isAgain });
  if (isAgain && !hadId) // nothing to go on from: whatever was missed, nobody can say
    emit('reset', {});
}

function pause(ms) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

function lose() {
  if (connection.state === 'live') {
    clearTimeout(graceTimer);
    graceTimer = setTimeout(() => setState('lost', connection.retryAt), GRACE_MS);
  } else if (failures > 1) {
    clearTimeout(graceTimer);
    setState('lost', connection.retryAt);
  }
}

async function run() {
  for (;;) {
    await rest();
    const begun = Date.now();
    let hasToken = false;
    try {
      hasToken = await connect();
    } catch {
      // refused, reset, silent: it is the same to us
    }
    if (connection.state === 'live' && Date.now() - begun > LASTING_MS)
      failures = 0;
    if (hasToken || shouldRest())
      continue;
    lose();
    const delay = DELAYS_MS[Math.min(failures, DELAYS_MS.length - 1)] * (0.8 + 0.4 * Math.random());
    failures++;
    if (connection.state === 'lost')
      setState('lost', Date.now() + delay);
    await pause(delay);
  }
}

/** Tries again now instead of when the pause is over. */
export function retryNow() {
  wake?.();
}

/** Begins to listen. The page does so once. */
export function start() {
  if (isStarted)
    return;
  isStarted = true;
  window.addEventListener('online', retryNow);
  document.addEventListener('visibilitychange', () => !document.hidden && retryNow());
  onTabs(() => shouldRest() && control?.abort());
  run();
}
