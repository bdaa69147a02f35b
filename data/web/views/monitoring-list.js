// monitoring-list.js - the list of streams: rows in sight only, an order that does not jump
//
// A grid with one row that Tab reaches; j, k and the arrows move it. While the pointer or the focus
// is in the list its order is kept, and what has moved is told; then it is put in order again. A
// pointer that lies still for long is nobody's.

import { cx, html, useCallback, useEffect, useLayoutEffect, useReducer, useRef, useState } from '../lib/ui.js';
import { plural } from '../lib/format.js';
import { serverNow, useNow } from '../lib/live.js';
import { useKeys } from '../lib/keys.js';
import { Button } from '../lib/parts.js';
import { go } from '../lib/route.js';
import { acknowledge } from './monitoring-acknowledge.js';
import { holdOrder, lettersOf, nameOf, sortedIds } from './monitoring-model.js';
import { Row } from './monitoring-row.js';

const WIDE_PX = 62;
const NARROW_PX = 104;
const NARROW = '(max-width: 720px)';
const AHEAD = 6; // rows beyond both edges, in steps of as many
const GLIDE_MS = 240;
const POINTER_IDLE_MS = 60 * 1000;
const HEADS = [['state', 'State'], ['thumb', 'Picture'], ['main', 'Stream'], ['incident', 'Incident'],
  ['chain', 'Delivery'], ['strip', 'Last hour'], ['age', 'Since'], ['menu', 'Actions']];

const STILL = window.matchMedia('(prefers-reduced-motion: reduce)');
const kept = { id: null, scroll: 0 }; // for when one comes back from a stream

function useRowHeight() {
  const query = useRef(null);
  query.current ??= window.matchMedia(NARROW);
  const [isNarrow, setNarrow] = useState(query.current.matches);
  useEffect(() => {
    const onChange = () => setNarrow(query.current.matches);
    query.current.addEventListener('change', onChange);
    return () => query.current.removeEventListener('change', onChange);
  }, []);
  return isNarrow ? NARROW_PX : WIDE_PX;
}

// Which rows are in sight, in coarse steps: most scrolling draws nothing.
function useWindow(body, height, n) {
  const [range, setRange] = useState({ first: 0, last: 30 });
  useLayoutEffect(() => {
    let frame = 0;
    const look = () => {
      frame = 0;
      const top = -body.current.getBoundingClientRect().top;
      const first = Math.floor(top / height / AHEAD) * AHEAD - AHEAD;
      const last = Math.ceil((top + window.innerHeight) / height / AHEAD) * AHEAD + AHEAD;
      setRange((before) => (before.first === first && before.last === last ? before : { first, last }));
    };
    const soon = () => { frame ||= requestAnimationFrame(look); };
    look();
    window.addEventListener('scroll', soon, { passive: true });
    window.addEventListener('resize', soon);
    return () => {
      cancelAnimationFrame(frame);
      window.removeEventListener('scroll', soon);
      window.removeEventListener('resize', soon);
    };
  }, [height, n]);
  return range;
}

// Whether somebody is at the list: [isHeld, handlers for its element].
function useHold() {
  const [isPointed, setPointed] = useState(false);
  const [isFocused, setFocused] = useState(false);
  const timer = useRef(0);
  const point = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(setPointed, POINTER_IDLE_MS, false);
    setPointed(true);
  };
  const leave = () => {
    clearTimeout(timer.current);
    setPointed(false);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  return [isPointed || isFocused, {
    onPointerEnter: point, onPointerMove: point, onPointerLeave: leave,
    onfocusin: () => setFocused(true), // lower case: preact knows no other name of these two
    onfocusout: (event) => setFocused(event.currentTarget.contains(event.relatedTarget)),
  }];
}

// The ids in the order they are shown, and how many would stand elsewhere.
function useOrder(streams, isHeld, filterKey) {
  const shown = useRef({ order: [], filterKey: null });
  const [, draw] = useReducer((n) => n + 1, 0);
  const sorted = sortedIds(streams);
  const isFresh = shown.current.filterKey !== filterKey || shown.current.order.length === 0;
  const { order, moved } = isHeld && !isFresh ? holdOrder(shown.current.order, sorted)
    : { order: sorted, moved: 0 };
  shown.current = { order, filterKey };
  const resort = () => {
    shown.current = { order: sorted, filterKey };
    draw();
  };
  return { order, moved, resort: useNewest(resort) };
}

// Rows that have got another place glide there from the one they had.
function useGliding(body, rows, height) {
  const places = useRef(new Map());
  useLayoutEffect(() => {
    const before = places.current;
    places.current = new Map(rows.map(([id, i]) => [id, i * height]));
    if (STILL.matches)
      return;
    for (const [id, top] of places.current) {
      const from = before.get(id);
      if (from !== undefined && from !== top)
        body.current.querySelector(`[data-id="${CSS.escape(id)}"]`)?.animate(
          [{ transform: `translateY(${from}px)` }, { transform: `translateY(${top}px)` }],
          { duration: GLIDE_MS, easing: 'ease-out' });
    }
  });
}

// The newest of a function behind one that stays the same.
function useNewest(fn) {
  const newest = useRef(fn);
  newest.current = fn;
  return useCallback((...args) => newest.current(...args), []);
}

// The row that has or would have the focus, and ways to move it.
function useCurrent(order, body, height) {
  const [id, setId] = useState(kept.id);
  const index = Math.max(0, order.indexOf(id));
  const current = order[index] ?? null;
  const isWanted = useRef(false);
  const focusRow = (to) => {
    const next = order[Math.max(0, Math.min(order.length - 1, to))];
    if (next === undefined)
      return;
    kept.id = next;
    isWanted.current = true;
    setId(next);
    reveal(body.current, order.indexOf(next) * height, height);
    if (next === id)
      take();
  };
  const take = () => {
    isWanted.current = false;
    body.current?.querySelector('[role=row][tabindex="0"]')?.focus({ preventScroll: true });
  };
  useLayoutEffect(() => {
    if (isWanted.current)
      take();
  });
  const mark = useNewest((row) => {
    kept.id = row;
    setId(row);
  });
  const keepFocus = () => { isWanted.current = body.current.contains(document.activeElement); };
  return { current, index, mark, focusRow: useNewest(focusRow), keepFocus, hasMoved: id !== null };
}

// Scrolls as little as needed, and not behind the bars at the top.
function reveal(body, top, height) {
  const head = Math.max(...[...document.querySelectorAll('.shell-top, .monitoring-bar')]
    .map((bar) => bar.getBoundingClientRect().bottom));
  const at = body.getBoundingClientRect().top + top;
  if (at < head)
    window.scrollBy(0, at - head - 4);
  else if (at + height > window.innerHeight)
    window.scrollBy(0, at + height - window.innerHeight + 8);
}

// Back from a stream one is where one was; another filter begins at the top.
function useScroll(filterKey) {
  const isFirst = useRef(true);
  useLayoutEffect(() => {
    window.scrollTo(0, isFirst.current ? kept.scroll : 0);
    isFirst.current = false;
  }, [filterKey]);
  useLayoutEffect(() => {
    const onScroll = () => { kept.scroll = window.scrollY; };
    window.addEventListener('scroll', onScroll, { passive: true });
    return () => window.removeEventListener('scroll', onScroll);
  }, []);
}

function useListKeys({ streams, incidents, current, index, focusRow, hasMoved, resort }) {
  const stream = streams.get(current);
  const step = (by) => focusRow(document.activeElement?.closest('.stream-row') || hasMoved ? index + by : 0);
  useKeys([
    { key: 'j', label: 'Next stream', run: () => step(1) },
    { key: 'k', label: 'Previous stream', run: () => step(-1) },
    { key: 'Enter', label: 'Investigate', run: () => stream && go('investigation', stream.id) },
    { key: 'a', label: 'Acknowledge the incident',
      run: () => incidents.get(current)?.status === 'open' && acknowledge(stream, incidents.get(current)) },
    { key: 'r', label: 'Put in order again', run: resort },
  ], { scope: 'List' });
}

// Arrows and the like, for a grid that has the focus (j and k work everywhere).
function gridMove(event, index, n, page) {
  const to = { ArrowDown: index + 1, ArrowUp: index - 1, PageDown: index + page, PageUp: index - page,
    Home: 0, End: n - 1 }[event.key];
  if (to === undefined || event.ctrlKey || event.metaKey || event.altKey)
    return null;
  event.preventDefault();
  return to;
}

// Left and right go through what can be pressed in the row.
function rowMove(event) {
  const row = event.target.closest('.stream-row');
  const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!by || !row)
    return;
  const stops = [row, ...row.querySelectorAll('a, button')];
  stops[Math.max(0, Math.min(stops.length - 1, stops.indexOf(event.target) + by))].focus();
  event.preventDefault();
}

function openRow(event) {
  const row = event.target.closest('.stream-row');
  if (row && !event.target.closest('a, button') && getSelection().isCollapsed && event.button === 0)
    go('investigation', row.dataset.id);
}

function Moved({ moved, resort }) {
  return html`<div class="list-moved" aria-live="polite">${moved > 0 && html`
    <${Button} class="is-small" onClick=${resort}>${moved === 1 ? '1 stream has moved: re-sort'
      : `${plural(moved, 'stream')} have moved: re-sort`}<//>`}</div>`;
}

/**
 * @param {{list: object[], all: Map<string, object>, incidents: Map<string, object>, strips: object,
 *   filterKey: string, menuId: string|null, onMenu: (id: string, button: HTMLElement) => void}} props
 */
export function StreamList({ list, all, incidents, strips, filterKey, menuId, onMenu }) {
  const body = useRef(null);
  const height = useRowHeight();
  const [isHeld, hold] = useHold();
  const { order, moved, resort: sortAgain } = useOrder(list, isHeld || menuId !== null, filterKey);
  const { first, last } = useWindow(body, height, order.length);
  const { current, index, mark, focusRow, keepFocus, hasMoved } = useCurrent(order, body, height);
  const resort = () => {
    keepFocus(); // a row that moves in the document loses it
    sortAgain();
  };
  useNow(15 * 1000); // the names of the rows say for how long
  useListKeys({ streams: all, incidents, current, index, focusRow, hasMoved, resort });
  useScroll(filterKey);
  const onAck = useCallback(acknowledge, []);
  const openMenu = useNewest(onMenu);
  const now = serverNow();
  const rows = order.map((id, i) => [id, i]).filter(([id, i]) => (i >= first && i < last) || id === current);
  useGliding(body, rows, height);
  const onKeyDown = (event) => {
    const to = gridMove(event, index, order.length, Math.floor(window.innerHeight / height) - 3);
    if (to !== null)
      focusRow(to);
    else
      rowMove(event);
  };
  const onFocus = (event) => {
    const row = event.target.closest('.stream-row');
    if (row)
      mark(row.dataset.id);
    hold.onfocusin();
  };
  const hasChain = list.some((stream) => stream.chain);
  return html`
    <div class=${cx('stream-grid', hasChain && 'has-chain')} role="grid" aria-label="Streams, worst first" aria-rowcount=${order.length + 1}
      ...${hold} onfocusin=${onFocus} onKeyDown=${onKeyDown} onClick=${openRow}>
      <div class="list-head" role="rowgroup"><div role="row" class="head-row" aria-rowindex="1">
        ${HEADS.map(([name, word]) => html`<div key=${name} role="columnheader" class=${`cell-${name}`}
          >${word}</div>`)}</div></div>
      <div class="list-body" role="rowgroup" ref=${body} style=${{ height: `${order.length * height}px` }}>
        ${rows.map(([id, i]) => html`<${Row} key=${id} stream=${all.get(id)} incident=${incidents.get(id)}
          letters=${lettersOf(strips, all.get(id), now)} index=${i} top=${i * height} label=${nameOf(all.get(id), now)}
          isCurrent=${id === current} isMenuOpen=${menuId === id} onAck=${onAck} onMenu=${openMenu} />`)}
      </div>
    </div>
    <${Moved} moved=${moved} resort=${resort} />`;
}
