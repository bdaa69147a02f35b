// investigation-data.js - what the investigation reads, and how it keeps up with what happens
//
// The axis reads somewhat more time than it shows. What happens afterwards comes as events and is
// put beside it; nothing is read again until the user looks where nothing was read. When a reading
// fails, what was read stays.

import { useEffect, useRef, useState } from '../lib/ui.js';
import { get, getPage, on } from '../lib/api.js';
import { iso } from '../lib/format.js';
import { needsReading, windowOf } from './investigation-axis.js';
import { ERROR_KINDS, RARE_KINDS, mergeEvents, mergeFindings, speedPoints, upsert }
  from './investigation-model.js';

const PAGE = 500;
const RARE_PAGES = 4;
const ERROR_PAGES = 2;
const FINDING_PAGES = 4;
const POINTS = 240;
const GATHER_MS = 150;
const SETTLE_MS = 250; // while the user still turns the wheel
const RETRY_MS = 5000;
const RECENT_MS = 30000;

const NOTHING = { events: [], findings: [], health: [], points: [], thumbnails: [], resolution: 1,
  loaded: null, isPartial: false, problem: null, isLoading: true };

export const pathOf = (id) => `api/streams/${encodeURIComponent(id)}`;

/* ---- reading ---- */

async function readEvents(id, time, kinds, pages, signal) {
  let events = [];
  let before = null;
  for (let i = 0; i < pages; i++) {
    const { items } = await getPage(`${pathOf(id)}/timeline`,
      { query: { ...time, kinds: kinds.join(), limit: PAGE, before }, signal });
    events = [...items, ...events];
    if (items.length < PAGE)
      return { events, isPartial: false };
    before = items[0].event_id;
  }
  return { events, isPartial: true };
}

// They come newest first, without a bound in time: as far back as the window.
async function readFindings(id, from, signal) {
  const open = await get(`${pathOf(id)}/findings`, { query: { open: true, limit: PAGE }, signal });
  let path = `${pathOf(id)}/findings?limit=${PAGE}`;
  let kept = [];
  for (let i = 0; i < FINDING_PAGES && path; i++) {
    const { items, next } = await getPage(path, { signal });
    kept = [...kept, ...items];
    path = items.length > 0 && Date.parse(items.at(-1).first_at) >= from ? next : null;
  }
  return { findings: mergeFindings(kept, open), isPartial: path !== null };
}

function readHistory(id, window, time, signal) {
  const resolution = Math.max(1, Math.floor((window.to - window.from) / 1000 / POINTS));
  return get(`${pathOf(id)}/metrics/history`, { query: { ...time, resolution }, signal });
}

function fromHistory(history) {
  return { health: history.health_timeline, points: speedPoints(history.data_points),
    resolution: history.resolution_s * 1000 };
}

async function readWindow(id, window, isLive, signal) {
  const time = { since: iso(window.from), until: isLive ? null : iso(window.to) };
  const [rare, errors, found, history, thumbnails] = await Promise.all([
    readEvents(id, time, RARE_KINDS, RARE_PAGES, signal),
    readEvents(id, time, ERROR_KINDS, ERROR_PAGES, signal),
    readFindings(id, window.from, signal),
    readHistory(id, window, time, signal),
    get(`${pathOf(id)}/thumbnails`, { query: { ...time, limit: PAGE }, signal }),
  ]);
  const isPartial = rare.isPartial || errors.isPartial || found.isPartial
    || thumbnails.length === PAGE;
  return { ...fromHistory(history), events: mergeEvents([], [...rare.events, ...errors.events]),
    findings: found.findings, thumbnails, isPartial, problem: null, isLoading: false,
    loaded: { ...window, isLive, isPartial, resolution: history.resolution_s } };
}

/* ---- keeping up ---- */

function takeEvent(data, event) {
  const { event_type: type } = event;
  if (RARE_KINDS.includes(type) || ERROR_KINDS.includes(type))
    return { ...data, events: mergeEvents(data.events, [event]) };
  if (type === 'health_change' && !data.health.some(({ timestamp }) => timestamp === event.timestamp))
    return { ...data, health: [...data.health, { timestamp: event.timestamp,
      state: event.metadata?.to ?? 'NO DATA', reason: event.message }] };
  if (type === 'thumbnail' && event.thumbnail_url)
    return { ...data, thumbnails: upsert(data.thumbnails, { id: event.thumbnail_url.split('/').pop(),
      at: event.timestamp, reason: event.message.replace(/^Picture taken: /, ''),
      thumbnail_url: event.thumbnail_url }) };
  return data;
}

function take(data, [kind, news]) {
  if (!data.loaded?.isLive)
    return data;
  return kind === 'event' ? takeEvent(data, news)
    : { ...data, findings: upsert(data.findings, news.finding) };
}

// Gathers what comes in a burst, so that it is drawn once. Returns what came of late: a reading that
// was under way may have missed it.
function useNews(id, setData) {
  const recent = useRef([]);
  useEffect(() => {
    let waiting = [];
    let timer = 0;
    const flush = () => {
      timer = 0;
      const news = waiting;
      waiting = [];
      setData((data) => news.reduce(take, data));
    };
    const gather = (kind) => (news) => {
      if (news.stream_id !== id)
        return;
      const entry = [kind, news, Date.now()];
      recent.current = [...recent.current.filter(([, , at]) => entry[2] - at < RECENT_MS), entry];
      waiting.push(entry);
      timer ||= setTimeout(flush, GATHER_MS);
    };
    const readAgain = () => setData((data) => ({ ...data, loaded: null }));
    const offs = [on('event', gather('event')), on('finding', gather('finding')),
      on('reset', readAgain)];
    return () => {
      clearTimeout(timer);
      recent.current = [];
      offs.forEach((off) => off());
    };
  }, [id]);
  return recent;
}

// Measured values have no events of their own, nor have pictures that were taken anyway and are kept
// because of what came after.
function useFreshHistory(id, data, view, isFollowing, setData) {
  const newest = useRef(view);
  newest.current = view;
  const every = Math.min(Math.max(data.resolution, 5000), 60000);
  const isLive = isFollowing && data.loaded?.isLive;
  useEffect(() => {
    if (!isLive)
      return undefined;
    const control = new AbortController();
    const read = async () => {
      if (document.hidden)
        return;
      const window = windowOf(newest.current, newest.current.to);
      const time = { since: iso(window.from) };
      try {
        const [history, thumbnails] = await Promise.all([
          readHistory(id, window, time, control.signal),
          get(`${pathOf(id)}/thumbnails`, { query: { ...time, limit: PAGE }, signal: control.signal }),
        ]);
        setData((before) => (before.loaded ? { ...before, ...fromHistory(history), thumbnails }
          : before));
      } catch {
        // the next one will do
      }
    };
    const timer = setInterval(read, every);
    return () => {
      clearInterval(timer);
      control.abort();
    };
  }, [id, isLive, every]);
}

/**
 * What happened to a stream around a view, kept up while it is shown. One stream for the life of
 * the component.
 * @param {string} id
 * @param {{from: number, to: number}} view
 * @param {number} now
 * @param {boolean} isFollowing the view goes on with now
 * @returns {object} events, findings, health, points, thumbnails, isPartial, problem, isLoading
 */
export function useTimeline(id, view, now, isFollowing) {
  const [data, setData] = useState(NOTHING);
  const [tries, setTries] = useState(0);
  const pending = useRef(null);
  const failedAt = useRef(0);
  const recent = useNews(id, setData);
  useEffect(() => () => pending.current?.control.abort(), []);
  useFreshHistory(id, data, view, isFollowing, setData);

  const load = async () => {
    const window = windowOf(view, now);
    const isLive = view.to >= now - 2000;
    pending.current?.control.abort();
    const mine = pending.current = { control: new AbortController(),
      window: { ...window, isLive, isPartial: false, resolution: 1 } };
    setData((before) => ({ ...before, isLoading: true }));
    try {
      const read = await readWindow(id, window, isLive, mine.control.signal);
      if (pending.current === mine)
        setData(recent.current.reduce(take, read));
    } catch (problem) {
      if (pending.current !== mine || problem.name === 'AbortError')
        return;
      failedAt.current = Date.now();
      setData((before) => ({ ...before, problem, isLoading: false }));
      setTries((n) => n + 1);
    } finally {
      if (pending.current === mine)
        pending.current = null;
    }
  };
  const isNeeded = needsReading(data.loaded, view, now);
  useEffect(() => {
    const coming = pending.current?.window ?? null;
    if (!isNeeded || (coming && !needsReading(coming, view, now)))
      return undefined;
    const pause = failedAt.current + RETRY_MS - Date.now();
    const timer = setTimeout(load, Math.max(pause, data.loaded ? SETTLE_MS : 0));
    return () => clearTimeout(timer);
  }, [id, isNeeded, Math.round(view.from / 1000), Math.round(view.to / 1000), tries]);
  return data;
}

/**
 * All incidents of a stream, newest first, kept up.
 * @returns {{list: object[], next: string|null, loadMore: () => Promise<void>, problem: Error|null,
 *   isLoaded: boolean}}
 */
export function useStreamIncidents(id) {
  const [state, setState] = useState({ list: [], next: null, problem: null, isLoaded: false });
  useEffect(() => {
    let isHere = true;
    const read = async () => {
      try {
        const { items, next } = await getPage('api/incidents',
          { query: { stream_id: id, active_only: false, limit: 50 } });
        if (isHere)
          setState({ list: items, next, problem: null, isLoaded: true });
      } catch (problem) {
        if (isHere)
          setState((before) => ({ ...before, problem }));
      }
    };
    setState({ list: [], next: null, problem: null, isLoaded: false });
    read();
    const offs = [on('reset', read), on('incident', (news) => news.stream_id === id
      && setState((before) => ({ ...before, list: upsert(before.list, news.incident) })))];
    return () => {
      isHere = false;
      offs.forEach((off) => off());
    };
  }, [id]);
  const loadMore = async () => {
    const { items, next } = await getPage(state.next);
    setState((before) => ({ ...before, next, list: [...before.list, ...items] }));
  };
  return { ...state, loadMore };
}
