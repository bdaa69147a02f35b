// analysis-data.js - reads what the charts show, and again while they follow
//
// One reading is up to two answers of the same moment (see analysis-series.js). What is shown stays
// until the next reading is whole, so that charts never show half of one range and half of another.
// While the page is hidden nothing is read; what was missed is read when it is looked at again.

import { useEffect, useMemo, useRef, useState } from '../lib/ui.js';
import { get, on } from '../lib/api.js';
import { serverNow, useFetch } from '../lib/live.js';
import { MARK_KINDS, marksOf } from './analysis-marks.js';
import { isFine, isFollowing, paceOf, resolutionOf, viewOf } from './analysis-range.js';
import { shape } from './analysis-series.js';

const MOST_INCIDENTS = 200;
const MOST_EVENTS = 500;
const BUSY_MS = 1000; // somebody drags: look again soon

/**
 * Both answers of one stream.
 * @returns {Promise<object>} as shape() gives it
 */
export async function readHistory(id, view, resolution, signal) {
  const path = `api/streams/${encodeURIComponent(id)}/metrics/history`;
  const query = { since: new Date(view.from).toISOString(), until: new Date(view.to).toISOString() };
  const ask = (seconds) => get(path, { query: { ...query, resolution: seconds }, signal });
  if (!isFine(view, serverNow(), resolution))
    return shape(await ask(Math.max(resolution, 60)));
  return shape(...await Promise.all([ask(resolution), ask(60)]));
}

// Reads now and then; ends with end().
function makeReader({ id, range, resolution, isBusy, publish }) {
  const control = new AbortController();
  let timer = 0;
  let dueAt = 0;
  const pace = paceOf(resolution);
  const plan = (ms) => {
    clearTimeout(timer);
    timer = setTimeout(tick, ms);
  };
  const read = async () => {
    dueAt = Date.now() + pace;
    publish({ isLoading: true });
    try {
      const shaped = await readHistory(id, viewOf(range, serverNow()), resolution, control.signal);
      if (!control.signal.aborted)
        publish({ shaped, range, problem: null, isLoading: false });
    } catch (problem) {
      if (!control.signal.aborted)
        publish({ problem, isLoading: false });
    }
    if (isFollowing(range) && !control.signal.aborted)
      plan(pace);
  };
  function tick() {
    if (document.hidden)
      return; // onShown() goes on
    if (isBusy())
      plan(BUSY_MS);
    else
      read();
  }
  const onShown = () => {
    if (!document.hidden && isFollowing(range) && Date.now() >= dueAt)
      tick();
  };
  document.addEventListener('visibilitychange', onShown);
  read();
  return { read, end: () => {
    control.abort();
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', onShown);
  } };
}

const NOTHING = { shaped: null, range: null, problem: null, isLoading: true };

/**
 * @param {string} id of a stream
 * @param {object} range see analysis-range.js
 * @param {number} width px that the charts have, or will have
 * @param {() => boolean} isBusy whether the charts had better stay as they are just now
 * @returns {{shaped: object|null, range: object|null, problem: Error|null, isLoading: boolean,
 *   reload: () => void}} `range` is the one that `shaped` is of
 */
export function useHistory(id, range, width, isBusy) {
  const [state, setState] = useState({ ...NOTHING, id });
  const reader = useRef(null);
  const view = viewOf(range, 0);
  const resolution = resolutionOf(view.to - view.from, width);
  useEffect(() => {
    const own = reader.current = makeReader({ id, range, resolution, isBusy,
      publish: (part) => setState((before) => ({
        ...(before.id === id ? before : NOTHING), id, ...part })) });
    const offs = [on('reset', own.read), on('open', ({ isAgain }) => isAgain && own.read())];
    return () => {
      offs.forEach((off) => off());
      own.end();
    };
  }, [id, range.last, range.from, range.to, resolution]);
  const shown = state.id === id ? state : NOTHING;
  return { ...shown, resolution, reload: () => reader.current?.read() };
}

/**
 * Incidents and failovers of a range, also the incident that had begun before it.
 * @param {object|null} view of what is shown
 * @returns {{marks: object[], isCut: boolean, problem: Error|null}} `isCut`: there are more
 */
export function useMarks(id, range, view) {
  const wanted = viewOf(range, serverNow());
  const tenth = (wanted.to - wanted.from) / 10; // while it follows, the same question for a while
  const since = isFollowing(range) ? Math.floor(wanted.from / tenth) * tenth : wanted.from;
  const time = { since: new Date(since).toISOString(),
    until: isFollowing(range) ? null : new Date(wanted.to).toISOString() };
  const options = { on: ['incident'], streamId: id };
  const within = useFetch('api/incidents', { ...options,
    query: { stream_id: id, active_only: false, limit: MOST_INCIDENTS, ...time } });
  const before = useFetch('api/incidents', { ...options,
    query: { stream_id: id, active_only: false, limit: 1, until: time.since } });
  const events = useFetch(`api/streams/${encodeURIComponent(id)}/timeline`, {
    query: { kinds: MARK_KINDS.join(), limit: MOST_EVENTS, ...time } });
  useEffect(() => on('event', (event) => {
    if (event.stream_id === id && MARK_KINDS.includes(event.event_type))
      events.reload();
  }), [id, time.since, time.until]);
  const marks = useMemo(() => view === null ? [] : marksOf(
    [...(within.data ?? []), ...(before.data ?? [])], events.data ?? [], view, serverNow()),
  [within.data, before.data, events.data, view]);
  return { marks, problem: within.problem ?? before.problem ?? events.problem,
    isCut: within.data?.length === MOST_INCIDENTS || events.data?.length === MOST_EVENTS };
}

/**
 * Tracks of other streams over the same time, read whenever that was read again.
 * @param {string[]} ids
 * @param {object|null} view
 * @param {number} resolution
 * @returns {Map<string, object>} tracks by stream; those that could not be read are not there
 */
export function useOthers(ids, view, resolution) {
  const [tracks, setTracks] = useState(new Map());
  const key = ids.join();
  useEffect(() => {
    if (view === null || ids.length === 0) {
      setTracks(new Map());
      return undefined;
    }
    const control = new AbortController();
    Promise.allSettled(ids.map((id) => readHistory(id, view, resolution, control.signal)))
      .then((results) => {
        if (!control.signal.aborted)
          setTracks(new Map(ids.map((id, i) => [id, results[i].value?.tracks])
            .filter(([, found]) => found)));
      });
    return () => control.abort();
  }, [key, view, resolution]);
  return tracks;
}
