// streams.js - all streams as they are now, and their active incidents
//
// Read once, then kept up by events. Changes are gathered and shown once per frame; a stream that
// did not change stays the same object, so that its row is not drawn again. Events that come while
// the list is read are put on it afterwards: a later one is then never lost.

import { get, getPage, on } from './api.js';

const REREAD_MS = 2 * 60 * 1000; // measured values and pictures change without an event
const WAIT_OPEN_MS = 1500;
const MAX_PAGES = 20;
const CHAIN_EVENTS = ['switch', 'publisher', 'order'];

let streams = new Map();
let incidents = new Map(); // by stream
let isLoaded = false;
let problem = null;
let isLoading = false;
let mustReload = false;
let isScheduled = false;
let isStarted = false;
const waiting = []; // events while the list is read
const subscribers = new Set();
const touched = new Set(); // own streams whose chain is to be read again

let snapshot = makeSnapshot();

// Copies: what is drawn from one snapshot must not lose a stream half-way.
function makeSnapshot() {
  return { streams: new Map(streams), list: [...streams.values()], incidents: new Map(incidents),
    isLoaded, problem };
}

function flush() {
  isScheduled = false;
  snapshot = makeSnapshot();
  subscribers.forEach((fn) => fn(snapshot));
}

function schedule() {
  if (isScheduled)
    return;
  isScheduled = true;
  if (document.hidden)
    setTimeout(flush, 250); // no frames are drawn, but the title tells
  else
    requestAnimationFrame(flush);
}

function isSame(a, b) {
  return a !== undefined && JSON.stringify(a) === JSON.stringify(b);
}

function put(stream) {
  if (!isSame(streams.get(stream.id), stream))
    streams.set(stream.id, stream);
}

function patch(id, members) {
  const before = streams.get(id);
  if (before)
    streams.set(id, { ...before, ...members });
}

// ---- events ----

function onStream({ stream_id: id, change, stream }) {
  if (change === 'removed') {
    streams.delete(id);
    incidents.delete(id);
  } else if (stream) {
    put(stream);
  }
}

function onHealth({ stream_id: id, state, health, reason, at }) {
  const before = streams.get(id);
  if (!before)
    return;
  const reasons = reason ? [reason] : [];
  const since = before.state === state ? before.since : at;
  if (before.state !== state || before.reason !== reason)
    patch(id, { state, health, reason, reasons, since });
}

function onIncident({ stream_id: id, change, incident }) {
  const isActive = change !== 'resolved' && incident.status !== 'resolved';
  if (isActive)
    incidents.set(id, incident);
  else if (incidents.get(id)?.id === incident.id)
    incidents.delete(id);
  else
    return;
  incidents = new Map(incidents);
  patch(id, { has_active_incident: isActive, active_incident_id: isActive ? incident.id : null });
}

function onEvent({ stream_id: id, event_type: type }) {
  if (id && CHAIN_EVENTS.includes(type) && streams.get(id)?.is_own)
    readSoon(id);
}

const handlers = { stream: onStream, health: onHealth, incident: onIncident, event: onEvent };

function take(kind, data) {
  if (isLoading)
    waiting.push([kind, data]);
  handlers[kind](data);
  if (kind !== 'event')
    schedule();
}

// ---- reading ----

// Who delivers is told by no event of its own; the stream is read again, once for many events.
function readSoon(id) {
  if (touched.has(id))
    return;
  touched.add(id);
  setTimeout(async () => {
    touched.delete(id);
    try {
      const { active_incident, root_cause, renditions, findings, ...stream }
        = await get(`api/streams/${encodeURIComponent(id)}`);
      if (streams.has(id)) {
        put(stream);
        schedule();
      }
    } catch {
      // the next reading of the list has it
    }
  }, 300);
}

async function readIncidents() {
  const found = new Map();
  let path = 'api/incidents?active_only=true&limit=500';
  for (let i = 0; path && i < MAX_PAGES; i++) {
    const { items, next } = await getPage(path);
    items.forEach((incident) => found.set(incident.stream_id, incident));
    path = next;
  }
  return found;
}

function replaceAll(list, found) {
  const before = streams;
  streams = new Map();
  for (const stream of list) {
    const old = before.get(stream.id);
    streams.set(stream.id, isSame(old, stream) ? old : stream);
  }
  incidents = found;
}

/** Reads everything again. */
export async function reload() {
  if (isLoading) {
    mustReload = true;
    return;
  }
  isLoading = true;
  waiting.length = 0;
  try {
    const [list, found] = await Promise.all([get('api/streams'), readIncidents()]);
    replaceAll(list, found);
    waiting.forEach(([kind, data]) => handlers[kind](data));
    isLoaded = true;
    problem = null;
  } catch (error) {
    problem = error;
  }
  isLoading = false;
  schedule();
  if (mustReload) {
    mustReload = false;
    reload();
  }
}

/** Reads the streams once the events are connected, and keeps them. The page does so once. */
export function startStreams() {
  if (isStarted)
    return;
  isStarted = true;
  Object.keys(handlers).forEach((kind) => on(kind, (data) => take(kind, data)));
  on('reset', reload);
  on('open', ({ isAgain }) => {
    if (!isAgain || !isLoaded || problem)
      reload();
  });
  setTimeout(() => !isLoaded && reload(), WAIT_OPEN_MS);
  setInterval(() => !document.hidden && isLoaded && reload(), REREAD_MS);
}

/** What is known now. */
export function currentStreams() {
  return snapshot;
}

/**
 * @param {(snapshot: object) => void} fn once per frame in which something changed
 * @returns {() => void} ends it
 */
export function subscribe(fn) {
  subscribers.add(fn);
  return () => subscribers.delete(fn);
}
