// investigation-events.js - the list of events beneath the axis: what happened, newest first
//
// The same time as the axis shows. What is chosen on the axis is looked for here, page by page if
// need be, and gets the focus. New events come in on top while the axis follows now.

import { cx, html, memo, useEffect, useRef, useState } from '../lib/ui.js';
import { getPage, on } from '../lib/api.js';
import { dateTime, iso, plural, time } from '../lib/format.js';
import { Button, ProblemNote, Thumbnail } from '../lib/parts.js';
import { isFollowing } from './investigation-axis.js';
import { pathOf } from './investigation-data.js';
import { SeverityShape } from './investigation-marks.js';
import { KIND_GROUPS, KIND_WORDS, mergeEvents } from './investigation-model.js';

const PAGE = 100;
const MOST = 1000; // rows; who looks for older ones turns to another time
const SETTLE_MS = 350;
const SEARCH_PAGES = 8;
const LOUD_KINDS = KIND_GROUPS.filter((group) => !group.isQuiet).flatMap((group) => group.kinds);

/** Kinds of the groups that are chosen; none chosen: all but the quiet ones. */
export function kindsOf(groups) {
  const chosen = KIND_GROUPS.filter((group) => groups.includes(group.key));
  return chosen.length > 0 ? chosen.flatMap((group) => group.kinds) : LOUD_KINDS;
}

/* ---- reading ---- */

const EMPTY = { events: [], hasOlder: false, isLoading: true, problem: null };

/**
 * Events of a time, the newest page of them first.
 * @param {string} id of the stream
 * @param {{since: number, until: number|null}} span null: up to now, and on
 * @param {string[]} kinds
 */
function useEventPages(id, span, kinds) {
  const [state, setState] = useState(EMPTY);
  const newest = useRef(state);
  newest.current = state;
  const names = kinds.join();
  const round = useRef(0);
  const read = async (before) => {
    const mine = round.current;
    try {
      const query = { since: iso(span.since), until: span.until === null ? null : iso(span.until),
        kinds: names, limit: PAGE, before };
      const { items } = await getPage(`${pathOf(id)}/timeline`, { query });
      if (round.current === mine)
        setState((old) => ({ events: mergeEvents(before ? old.events : [], items),
          hasOlder: items.length === PAGE, isLoading: false, problem: null }));
      return items;
    } catch (problem) {
      if (round.current === mine)
        setState((old) => ({ ...old, isLoading: false, problem }));
      return [];
    }
  };
  useEffect(() => {
    const mine = ++round.current;
    setState((old) => ({ ...old, isLoading: true }));
    const timer = setTimeout(read, SETTLE_MS);
    const offs = [on('reset', () => round.current === mine && read()), on('event', (event) => {
      if (event.stream_id === id && span.until === null && kinds.includes(event.event_type))
        setState((old) => ({ ...old, events: mergeEvents(old.events, [event]) }));
    })];
    return () => {
      round.current++;
      clearTimeout(timer);
      offs.forEach((off) => off());
    };
  }, [id, span.since, span.until, names]);
  return { ...state, newest, loadOlder: () => read(newest.current.events[0]?.event_id),
    reload: () => read() };
}

/* ---- one event ---- */

const HIDDEN = ['thumbnail_after', 'finding', 'colour', 'reasons', 'evidence', 'against', 'others'];

function Details({ event }) {
  const pairs = Object.entries(event.metadata ?? {}).filter(([name, value]) =>
    value !== null && !HIDDEN.includes(name) && typeof value !== 'object');
  return html`
    <dl class="event-details">
      <dt>Time</dt><dd class="mono">${event.timestamp}</dd>
      <dt>Seen by</dt><dd>${event.source}</dd>
      ${pairs.map(([name, value]) => [html`<dt key=${name}>${name.replaceAll('_', ' ')}</dt>`,
        html`<dd key=${`${name}=`} class="mono">${String(value)}</dd>`])}
      ${event.incident_id && html`<dt>Incident</dt><dd class="mono">${event.incident_id}</dd>`}
    </dl>`;
}

function EventPictures({ event, onPicture }) {
  const after = event.metadata?.thumbnail_after;
  const pictures = [[event.thumbnail_url, after ? 'before' : 'picture'],
    [after && `/api/thumbnails/${after}`, 'after']].filter(([url]) => url);
  return pictures.length > 0 && html`
    <span class="event-pictures">${pictures.map(([url, word]) => html`
      <button key=${url} type="button" class="event-picture"
        aria-label=${`Picture ${word === 'picture' ? '' : `${word} `}at ${time(event.timestamp)}, show it large`}
        onClick=${() => onPicture(url, event)}>
        <${Thumbnail} src=${url} alt="" width=${64} hasAge=${false} />
        ${after && html`<span class="event-picture-word">${word}</span>`}</button>`)}</span>`;
}

const EventRow = memo(({ event, isSelected, isMarked, onChoose, onPicture }) => html`
  <li class=${cx('event', `is-${event.severity}`, isSelected && 'is-selected', isMarked && 'is-marked')}>
    <button type="button" class="event-main" data-event=${event.event_id}
      aria-expanded=${isSelected ? 'true' : 'false'} onClick=${() => onChoose(event)}>
      <time class="event-time num" datetime=${event.timestamp} title=${dateTime(event.timestamp)}
        >${time(event.timestamp)}</time>
      <svg width="16" height="16" viewBox="0 0 16 16" role="img" aria-label=${event.severity}>
        <${SeverityShape} severity=${event.severity} /></svg>
      <span class="event-kind">${KIND_WORDS[event.event_type] ?? event.event_type}</span>
      <span class="event-text">${event.message}</span>
      <span class="event-source dim">${event.source}</span>
    </button>
    <${EventPictures} event=${event} onPicture=${onPicture} />
    ${isSelected && html`<${Details} event=${event} />`}
  </li>`);

/* ---- the filter ---- */

function KindFilter({ groups, onGroups }) {
  const toggle = (key) => onGroups(groups.includes(key) ? groups.filter((each) => each !== key)
    : [...groups, key]);
  return html`
    <div class="kind-filter" role="group" aria-label="Kinds of events">
      <button type="button" class="chip" aria-pressed=${groups.length === 0 ? 'true' : 'false'}
        onClick=${() => onGroups([])}>All but the quiet ones</button>
      ${KIND_GROUPS.map(({ key, label }) => html`
        <button key=${key} type="button" class="chip"
          aria-pressed=${groups.includes(key) ? 'true' : 'false'} onClick=${() => toggle(key)}
          >${label}</button>`)}
    </div>`;
}

/* ---- the list ---- */

// Finds one of `ids` among the events, reading older pages as long as it may be there.
async function search(pages, wish) {
  for (let i = 0; i < SEARCH_PAGES; i++) {
    const { events, hasOlder } = pages.newest.current;
    const found = events.find(wish.fits);
    if (found || !hasOlder || Date.parse(events[0]?.timestamp) < wish.at)
      return found ?? null;
    if ((await pages.loadOlder()).length === 0)
      return null;
    await new Promise((resolve) => setTimeout(resolve));
  }
  return null;
}

function spanOf(range, view, hold) {
  if (!isFollowing(range))
    return { since: view.from, until: view.to };
  const key = range.last ? `last ${range.last}` : `from ${range.from}`;
  if (hold.current?.key !== key)
    hold.current = { key, since: view.from };
  return { since: hold.current.since, until: null };
}

function List({ id, range, view, wish, selected, onSelect, onPicture }) {
  const [groups, setGroups] = useState([]);
  const hold = useRef(null);
  const list = useRef(null);
  const kinds = kindsOf(groups);
  const pages = useEventPages(id, spanOf(range, view, hold), kinds);
  const focus = (event) => list.current?.querySelector(`[data-event="${event.event_id}"]`)?.focus();

  const handled = useRef(0);
  useEffect(() => {
    if (!wish || handled.current === wish.key || pages.isLoading)
      return undefined;
    let isHere = true;
    search(pages, wish).then((found) => {
      if (!isHere)
        return;
      if (!found && groups.length > 0) {
        setGroups([]); // it is hidden by the filter
        return;
      }
      handled.current = wish.key;
      if (!found)
        return;
      onSelect(found, wish);
      requestAnimationFrame(() => focus(found));
    });
    return () => { isHere = false; };
  }, [wish?.key, pages.isLoading]);

  const shown = pages.events.slice(-MOST).reverse();
  return html`
    <section class="events card" aria-labelledby="events-title">
      <div class="row"><h2 id="events-title">Events</h2>
        <span class="dim num">${plural(shown.length, 'event')}${pages.hasOlder ? ' and more' : ''}</span>
        ${wish && handled.current === wish.key && !shown.some(wish.fits) && html`<span class="dim"
          >What was chosen has no event in this time</span>`}</div>
      <${KindFilter} groups=${groups} onGroups=${setGroups} />
      ${pages.problem && html`<${ProblemNote} problem=${pages.problem} retry=${pages.reload} />`}
      ${shown.length === 0 && !pages.isLoading && !pages.problem && html`<p class="dim"
        >Nothing of these kinds happened in this time.</p>`}
      <ol class="event-list" ref=${list}>
        ${shown.map((event) => html`<${EventRow} key=${event.event_id} event=${event}
          isSelected=${selected === event.event_id} isMarked=${Boolean(wish?.fits(event))}
          onChoose=${onSelect} onPicture=${onPicture} />`)}
      </ol>
      ${pages.hasOlder && shown.length < MOST && html`<${Button} onClick=${pages.loadOlder}
        >Older events<//>`}
      ${pages.hasOlder && shown.length >= MOST && html`<p class="dim">These are the newest
        ${MOST} of this time. Zoom in or move back to see older ones.</p>`}
    </section>`;
}

const DRAWN_BY = ['id', 'range', 'wish', 'selected', 'onSelect', 'onPicture'];

/**
 * Not drawn again because a view goes on with now: its events come by themselves.
 * @param {{id: string, range: object, view: object, wish: object|null, selected: string|null,
 *   onSelect: (event: object) => void, onPicture: (url: string, event: object) => void}} props
 *   `wish`: {at, fits(event), key}: what was chosen on the axis; `selected`: id of an event
 */
export const EventList = memo(List, (a, b) => DRAWN_BY.every((name) => a[name] === b[name]));
