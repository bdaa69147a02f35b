// investigation-chart.js - the time axis: lanes over one time, a cursor across them, and what is there
//
// One stop for Tab: the axis itself, whose arrow keys move in time, and from it the marks, of which
// one at a time can be reached; arrow keys lead from mark to mark. The number of elements is bounded
// by the width, whatever happened.

import { cx, html, memo, useEffect, useLayoutEffect, useMemo, useRef, useState }
  from '../lib/ui.js';
import { ms, plural, time } from '../lib/format.js';
import { Thumbnail } from '../lib/parts.js';
import { STATES } from '../lib/state.js';
import { neighbour, scaleOf, ticks } from './investigation-axis.js';
import { useGestures } from './investigation-gestures.js';
import { PICTURE_WIDTH, TICKS_HEIGHT, marksOf, placeLanes, sentenceOf }
  from './investigation-layout.js';
import { Lane, SeverityShape } from './investigation-marks.js';
import { momentAt } from './investigation-model.js';

const CAPTIONS_BELOW = 640; // px of the whole axis
const ARROWS = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End'];
const MOST_IN_TIP = 6;
const SEVERITIES = ['info', 'degraded', 'unhealthy'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const dayOf = (at) => `${new Date(at).getDate()} ${MONTHS[new Date(at).getMonth()]}`;
const tickWord = ({ at, kind }) =>
  kind === 'day' ? dayOf(at) : kind === 'second' ? time(at) : time(at).slice(0, 5);

function useWidth(ref) {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const measure = () => setWidth(Math.floor(ref.current.clientWidth));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, []);
  return width;
}

/* ---- the ground ---- */

const Ground = memo(({ view, scale, height, now }) => {
  const list = ticks(view, scale.width);
  const x = scale.x(now);
  return html`
    <g class="ticks" aria-hidden="true">
      ${list.map((tick) => html`
        <path key=${tick.at} d=${`M${tick.x} ${TICKS_HEIGHT - 5}V${height}`}
          class=${tick.kind === 'day' ? 'is-day' : ''} />
        <text x=${Math.min(Math.max(tick.x, 27), scale.width - 27)} y="13" text-anchor="middle"
          >${tickWord(tick)}</text>`)}
      ${x < scale.width && html`
        <rect class="future" x=${x} y=${TICKS_HEIGHT} width=${scale.width - x}
          height=${height - TICKS_HEIGHT} />
        <path class="now-line" d=${`M${x} ${TICKS_HEIGHT - 5}V${height}`} />`}
    </g>`;
});

/* ---- the cursor ---- */

function Moment({ moment, at }) {
  const { state, origin, incident, findings, moments, point } = moment;
  const css = state && (STATES[state.state]?.css ?? 'nodata');
  return html`
    <span class="readout-time num">${time(at)}</span>
    ${state && html`<span class=${`state-badge is-${css}`}>${state.state}</span>`}
    ${incident && html`<span class="mono">${incident.id}</span>`}
    ${origin && html`<span>from <b>${origin}</b></span>`}
    ${point && point.ttfb !== null && html`<span class="num">first byte ${ms(point.ttfb)}</span>`}
    ${point && point.errors > 0 && html`<span class="num">${plural(point.errors, 'error')}</span>`}
    ${findings.slice(0, 2).map((item) => html`<span key=${item.id} class="readout-text"
      >${item.finding.title}</span>`)}
    ${findings.length > 2 && html`<span class="num">and ${findings.length - 2} more</span>`}
    ${moments.slice(0, 1).map((item) => html`<span key=${item.id} class="readout-text"
      >${item.text}</span>`)}`;
}

// Follows the pointer by itself, so that the lanes are not drawn again.
function Cursor({ plot, lanes, view, scale, height, left, focusAt }) {
  const [x, setX] = useState(null);
  useEffect(() => {
    const element = plot.current;
    const move = (event) => setX(event.clientX - element.getBoundingClientRect().left);
    const leave = () => setX(null);
    element.addEventListener('pointermove', move);
    element.addEventListener('pointerdown', move);
    element.addEventListener('pointerleave', leave);
    return () => {
      element.removeEventListener('pointermove', move);
      element.removeEventListener('pointerdown', move);
      element.removeEventListener('pointerleave', leave);
    };
  }, []);
  const place = x ?? (focusAt === null ? null : scale.x(focusAt));
  const isSeen = place !== null && place >= 0 && place <= scale.width;
  const at = isSeen ? scale.at(place) : null;
  return html`
    ${isSeen && html`<div class="cursor" aria-hidden="true"
      style=${{ transform: `translateX(${left + place}px)`, height: `${height}px` }}>
      <span class=${cx('cursor-time num', place > scale.width - 70 && 'is-left')}>${time(at)}</span></div>`}
    <p class="readout">${isSeen
      ? html`<${Moment} moment=${momentAt(lanes, at, (view.to - view.from) / scale.width * 5)} at=${at} />`
      : html`<span class="dim">${dayOf(view.from)} ${time(view.from)} to ${time(view.to)}. Point at a
        time to see what was then; <kbd>?</kbd> shows the keys</span>`}</p>`;
}

/* ---- the words of a mark ---- */

function Tip({ mark, top, left, width }) {
  const toLeft = left + mark.x > width * 0.62;
  const x = Math.min(Math.max(mark.x, 8), width - left - 8) + left;
  const place = toLeft ? { right: `${width - x}px` } : { left: `${x}px` };
  return html`
    <div class="tip" aria-hidden="true" style=${{ top: `${top}px`, ...place }}>
      ${mark.type === 'picture' ? html`<p>${sentenceOf(mark, time)}</p>`
        : mark.items.slice(0, MOST_IN_TIP).map((item) => html`
          <p key=${item.id}><svg width="16" height="16" viewBox="0 0 16 16">
            <${SeverityShape} severity=${SEVERITIES[item.rank] ?? 'unhealthy'} /></svg>
            <span>${sentenceOf({ ...mark, items: [item] }, time)}</span></p>`)}
      ${mark.type !== 'picture' && mark.items.length > MOST_IN_TIP && html`
        <p class="dim">and ${mark.items.length - MOST_IN_TIP} more; zoom in to tell them apart</p>`}
    </div>`;
}

/* ---- pictures ---- */

function Pictures({ marks, top, current, scale }) {
  return marks.map((mark) => html`
    <button key=${mark.key} type="button" class=${cx('axis-picture', mark.rank > 0 && 'is-telling')}
      data-key=${mark.key} tabindex=${mark.key === current ? 0 : -1}
      aria-label=${sentenceOf(mark, time)}
      style=${{ transform: `translate(${Math.min(Math.max(mark.x0, 0), scale.width - PICTURE_WIDTH)}px, ${top}px)` }}>
      <${Thumbnail} src=${mark.best.url} alt="" width=${PICTURE_WIDTH - 4} hasAge=${false} />
      ${mark.items.length > 1 && html`<span class="axis-picture-count num">${mark.items.length}</span>`}
    </button>`);
}

/* ---- all of it ---- */

function useMarks(lanes, view, width, hasCaptions) {
  return useMemo(() => {
    const scale = scaleOf(view, Math.max(width, 1));
    const { placed, height } = placeLanes(lanes, hasCaptions);
    const rows = placed.map((entry) => ({ ...entry, marks: marksOf(entry.lane, scale) }));
    return { scale, height, rows };
  }, [lanes, view.from, view.to, width, hasCaptions]);
}

function timeOf(mark) {
  return mark.type === 'picture' ? mark.best.from : mark.items[0].from;
}

const keyOf = (event) => event.target.closest?.('[data-key]')?.getAttribute('data-key') ?? null;
const isPlain = (event) => !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);

// What the pointer and the keys do with marks. `on` is for the plot.
function useMarkActions(rows, plot, { onSelect, onPicture }) {
  const [hovered, setHovered] = useState(null);
  const [focused, setFocused] = useState(null);
  const last = useRef(null); // where Tab comes back to
  const all = rows.flatMap((row) => row.marks);
  const find = (key) => all.find((mark) => mark.key === key) ?? null;
  const choose = (mark) => mark && (mark.type === 'picture' ? onPicture(mark.best) : onSelect(mark));
  const onKeyDown = (event) => {
    const mark = find(keyOf(event));
    if (!mark || !isPlain(event))
      return;
    if (ARROWS.includes(event.key)) {
      const next = neighbour(rows.map((row) => row.marks), mark.key, event.key);
      plot.current.querySelector(`[data-key="${CSS.escape(next)}"]`).focus({ preventScroll: true });
    } else if (event.key === 'Escape') {
      plot.current.focus();
    } else if (['Enter', ' '].includes(event.key) && mark.type !== 'picture') {
      choose(mark); // a picture is a button, which does so by itself
    } else {
      return;
    }
    event.preventDefault();
  };
  last.current = focused ?? last.current;
  return {
    current: find(last.current)?.key ?? all[0]?.key ?? null,
    shown: find(hovered) ?? find(focused),
    isPointed: hovered !== null,
    on: {
      onKeyDown,
      onClick: (event) => choose(find(keyOf(event))),
      onPointerMove: (event) => setHovered(keyOf(event)),
      onPointerLeave: () => setHovered(null),
      onfocusin: (event) => setFocused(event.target.matches(':focus-visible') ? keyOf(event) : null),
      onfocusout: () => setFocused(null),
    },
  };
}

function Names({ rows, hasCaptions }) {
  return html`
    <div class="axis-names" aria-hidden="true">
      ${rows.map(({ lane, top, height, captionTop }) => html`
        <span key=${lane.id} class=${`axis-name is-${lane.type}`} title=${lane.label}
          style=${{ top: `${hasCaptions ? captionTop : top}px`,
            lineHeight: `${hasCaptions ? 15 : height}px` }}>${lane.label}</span>`)}
    </div>`;
}

/**
 * @param {{lanes: object[], view: object, range: object, now: number, selected: string|null,
 *   onRange: (range: object) => void, onSelect: (mark: object) => void,
 *   onPicture: (item: object) => void}} props `selected`: id of an item
 */
export function TimeAxis({ lanes, view, range, now, selected, onRange, onSelect, onPicture }) {
  const box = useRef(null);
  const plot = useRef(null);
  const width = useWidth(plot);
  const whole = useWidth(box);
  const hasCaptions = whole > 0 && whole < CAPTIONS_BELOW;
  const { scale, height, rows } = useMarks(lanes, view, width, hasCaptions);
  useGestures(plot, { range, now, onRange });
  const { current, shown, isPointed, on } = useMarkActions(rows, plot, { onSelect, onPicture });
  const left = hasCaptions ? 0 : whole - width;
  const row = shown && rows.find(({ lane }) => lane.id === shown.laneId);
  return html`
    <div class=${cx('axis', hasCaptions && 'has-captions')} ref=${box}>
      <${Names} rows=${rows} hasCaptions=${hasCaptions} />
      <div class="axis-plot" ref=${plot} tabindex="0" role="group" ...${on}
        aria-label=${`Time axis from ${time(view.from)} to ${time(view.to)}. Plus and minus zoom, arrow keys move, Home goes to now`}>
        <svg width=${scale.width} height=${height} class="axis-svg">
          <${Ground} view=${view} scale=${scale} height=${height} now=${now} />
          ${rows.map(({ lane, marks, top, height: tall }) => html`
            <${Lane} key=${lane.id} lane=${lane} marks=${marks} top=${top} height=${tall}
              scale=${scale} current=${current} selected=${selected} />`)}
        </svg>
        ${rows.filter(({ lane }) => lane.type === 'pictures').map(({ marks, top }) => html`
          <${Pictures} key="pictures" ...${{ marks, top, current, scale }} />`)}
      </div>
      <${Cursor} plot=${plot} lanes=${lanes} view=${view} scale=${scale} height=${height} left=${left}
        focusAt=${shown && !isPointed ? timeOf(shown) : null} />
      ${row && html`<${Tip} mark=${shown} top=${row.top + row.height + 4} left=${left}
        width=${whole} />`}
    </div>`;
}
