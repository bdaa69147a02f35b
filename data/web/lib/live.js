// live.js - what the desk knows, as hooks: a view that uses one is drawn again when it changes

import { useEffect, useReducer, useRef, useState } from './ui.js';
import { connection, get, on } from './api.js';
import { currentStreams, subscribe } from './streams.js';

export { serverNow } from './clock.js';

const GATHER_MS = 250; // many events are one reading

/** @returns {{state: 'connecting'|'live'|'lost', since: number, lastAt: number}} */
export function useConnection() {
  const [value, setValue] = useState(connection);
  useEffect(() => {
    setValue(connection);
    return on('connection', setValue);
  }, []);
  return value;
}

// Draws again when what `select` takes of all streams is another thing.
function useSelected(select) {
  const [, draw] = useReducer((n) => n + 1, 0);
  const kept = useRef();
  kept.current = { value: select(currentStreams()), select };
  useEffect(() => {
    const look = (snapshot) => {
      if (kept.current.select(snapshot) !== kept.current.value)
        draw();
    };
    look(currentStreams());
    return subscribe(look);
  }, []);
  return kept.current.value;
}

/**
 * @returns {{streams: Map<string, object>, list: object[], incidents: Map<string, object>,
 *   isLoaded: boolean, problem: Error|null}} the list is not sorted; incidents are the active ones,
 *   by stream
 */
export function useStreams() {
  return useSelected((snapshot) => snapshot);
}

/** One stream as the list has it; undefined while there is none. */
export function useStream(id) {
  return useSelected((snapshot) => snapshot.streams.get(id));
}

/** The active incident of a stream, or undefined. */
export function useIncident(streamId) {
  return useSelected((snapshot) => snapshot.incidents.get(streamId));
}

const clocks = new Map(); // by interval: {timer, listeners}

function clockOf(every) {
  if (!clocks.has(every)) {
    const listeners = new Set();
    const tick = () => listeners.forEach((fn) => fn(Date.now()));
    clocks.set(every, { listeners, timer: setInterval(tick, every) });
  }
  return clocks.get(every);
}

/** Date.now(), again every `every` ms; all who ask for the same interval share a timer. */
export function useNow(every = 1000) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const clock = clockOf(every);
    clock.listeners.add(setNow);
    return () => {
      clock.listeners.delete(setNow);
      if (clock.listeners.size === 0) {
        clearInterval(clock.timer);
        clocks.delete(every);
      }
    };
  }, [every]);
  return now;
}

// What reads one path for one useFetch(): the newest request counts, older ones are aborted.
function makeLoader(publish) {
  let control = null;
  let timer = 0;
  const load = async (path, query) => {
    clearTimeout(timer);
    timer = 0;
    control?.abort();
    const mine = control = new AbortController();
    publish({ isLoading: true });
    try {
      const data = await get(path, { query, signal: mine.signal });
      if (control === mine)
        publish({ data, problem: null, isLoading: false, at: Date.now() });
    } catch (problem) {
      if (control === mine && problem.name !== 'AbortError')
        publish({ problem, isLoading: false });
    }
  };
  return {
    load,
    loadSoon: (path, query) => { timer ||= setTimeout(() => load(path, query), GATHER_MS); },
    end: () => {
      clearTimeout(timer);
      control?.abort();
      control = null;
    },
  };
}

const NOTHING = { data: undefined, problem: null, isLoading: false, at: 0 };

/**
 * Reads a path, and again: every so often, when events say so, after the connection was lost.
 * The data stay while they are read again and when that fails; another path begins anew.
 * @param {string|null} path null: nothing yet
 * @param {{query?: object, every?: number, on?: string[], streamId?: string}} [options] `on`: kinds
 *   of events; with streamId only those of that stream
 * @returns {{data: any, problem: Error|null, isLoading: boolean, at: number, reload: () => void}}
 */
export function useFetch(path, { query, every = 0, on: kinds = [], streamId } = {}) {
  const [state, setState] = useState({ ...NOTHING, path, isLoading: path !== null });
  const loader = useRef(null);
  const search = query ? new URLSearchParams(
    [...(query instanceof URLSearchParams ? query : Object.entries(query))]
      .filter(([, value]) => value !== null && value !== undefined)).toString() : '';
  const names = kinds.join();

  useEffect(() => {
    if (path === null)
      return undefined;
    const wish = new URLSearchParams(search);
    const own = loader.current = makeLoader((part) => setState((before) => ({
      ...(before.path === path ? before : NOTHING), path, ...part })));
    const soon = () => own.loadSoon(path, wish);
    const offs = names.split(',').filter(Boolean).map((kind) => on(kind, (data) => {
      if (!streamId || (data.stream_id ?? streamId) === streamId)
        soon();
    }));
    offs.push(on('reset', soon), on('open', ({ isAgain }) => isAgain && soon()));
    const timer = every > 0 ? setInterval(() => !document.hidden && own.load(path, wish), every) : 0;
    own.load(path, wish);
    return () => {
      offs.forEach((off) => off());
      clearInterval(timer);
      own.end();
    };
  }, [path, search, every, names, streamId]);

  const shown = state.path === path ? state : { ...NOTHING, isLoading: path !== null };
  return { data: shown.data, problem: shown.problem, isLoading: shown.isLoading, at: shown.at,
    reload: () => path !== null && loader.current?.load(path, new URLSearchParams(search)) };
}
