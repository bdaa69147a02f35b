// analysis-head.js - the time axis above the charts: states, incidents and failovers, ticks, and what
// was at the time that is pointed at
//
// It stays in sight while the charts scroll. A worse state is taller, so that it is not told by its
// colour alone.

import { cx, html, memo, useEffect, useMemo, useRef, useState } from '../lib/ui.js';
import { dateTime, seconds, time } from '../lib/format.js';
import { href } from '../lib/route.js';
import { STATES, StateIcon } from '../lib/state.js';
import { followPointer } from './analysis-cursor.js';
import { groupsOf, marksAt } from './analysis-marks.js';
import { cellsOf, shareText, stateAt } from './analysis-series.js';
import { rangeText } from './analysis-ticks.js';

const BAND_PX = 22;
const CELL_PX = 2;
const MARK_PX = 24; // of a button at least
const GROUP_PX = 36; // nearer ones are one
const LABEL_PX = 46; // of a time; one that would be cut is left out
const HEIGHTS = { HEALTHY: 8, DEGRADED: 15, UNHEALTHY: 22, 'NO DATA': 5 };
const WORD_PX = 84; // a state of this width says its name
const CONTEXT_MS = 5 * 60 * 1000;

/* ---- states ---- */

function stateWord(state) {
  return state === null ? 'Not recorded' : STATES[state].word;
}

function bandLabel(states, shares) {
  const changes = states.filter((span, i) => i > 0 && span.state !== null).length;
  const parts = shares.list.map(({ state, share }) => `${STATES[state].word} ${shareText(share)}`);
  return `Health: ${parts.join(', ') || 'nothing recorded'}; ${changes} ${changes === 1 ? 'change' : 'changes'}`;
}

const Band = memo(({ states, view, shares, width }) => {
  const cells = Math.max(1, Math.floor(width / CELL_PX));
  const runs = useMemo(() => cellsOf(states, view, cells), [states, view, cells]);
  const px = width / cells;
  return html`
    <svg class="health-band" role="img" aria-label=${bandLabel(states, shares)} width=${width} height=${BAND_PX}>
      <pattern id="not-recorded" width="6" height="6" patternUnits="userSpaceOnUse"><path d="M-1 7L7 -1" /></pattern>
      ${runs.filter((run) => run.state === null).map((run) => html`<rect fill="url(#not-recorded)"
        x=${run.first * px} width=${run.count * px} y="0" height=${BAND_PX} />`)}
      ${runs.filter((run) => run.state !== null).map((run) => html`<rect class=${`is-${STATES[run.state].css}`}
        x=${run.first * px} width=${run.count * px} y=${BAND_PX - HEIGHTS[run.state]} height=${HEIGHTS[run.state]} />`)}
      ${runs.filter((run) => run.state !== null && run.state !== 'HEALTHY' && run.count * px > WORD_PX)
        .map((run) => html`<text x=${run.first * px + 6} y=${run.state === 'NO DATA' ? 12 : 18} aria-hidden="true"
          class=${`on-${STATES[run.state].css}`}>${STATES[run.state].word}</text>`)}
    </svg>`;
});

/* ---- incidents and failovers ---- */

function MarkIcon({ kind }) {
  if (kind === 'switch')
    return html`<svg width="14" height="14" viewBox="0 0 16 16" class="timemark-swap" aria-hidden="true" focusable="false">
      <path d="M2.5 5.5h10M9.5 2.5l3 3-3 3M13.5 10.5h-10M6.5 7.5l-3 3 3 3" /></svg>`;
  return html`<${StateIcon} state=${kind === 'maintenance' ? 'MAINTENANCE' : 'PAUSED'} size=${13} />`;
}

function markHref(id, mark) {
  return href('investigation', id, mark.kind === 'incident' ? { incident: mark.incident }
    : { from: new Date(mark.from - CONTEXT_MS).toISOString(), to: new Date(mark.from + CONTEXT_MS).toISOString() });
}

function groupSentence(marks) {
  const more = marks.length > 3 ? ` And ${marks.length - 3} more.` : '';
  return marks.slice(0, 3).map((mark) => `${dateTime(mark.from)} ${mark.sentence}.`).join(' ') + more;
}

function worstState(marks) {
  const states = marks.map((mark) => mark.state).filter(Boolean);
  return states.sort((a, b) => STATES[a].rank - STATES[b].rank)[0] ?? null;
}

// A moment is under the middle of its button. A button stays within the axis; its bar is where the
// time is.
function Mark({ id, group, say, zoomTo, room }) {
  const { left, width, marks } = group;
  const at = Math.max(0, Math.min(width < 4 ? left - MARK_PX / 2 + 2 : left, room - MARK_PX));
  const [first] = marks;
  const state = worstState(marks);
  const sentence = groupSentence(marks);
  const common = {
    class: cx('timemark', state && `is-${STATES[state].css}`), 'aria-label': sentence,
    style: { left: `${at}px`, width: `${Math.max(width, MARK_PX)}px` },
    onMouseEnter: () => say(sentence), onMouseLeave: () => say(null),
    onFocus: () => say(sentence), onBlur: () => say(null),
  };
  const bars = group.bars.map((bar) => html`<span class="timemark-bar"
    style=${{ left: `${bar.left - at}px`, width: `${Math.max(bar.width, 4)}px` }}></span>`);
  const icon = marks.length > 1 ? html`<span class="timemark-count num">${marks.length}</span>`
    : first.kind === 'incident' ? html`<${StateIcon} state=${state ?? 'NO DATA'} size=${13} />`
      : html`<${MarkIcon} kind=${first.kind} />`;
  if (marks.length === 1)
    return html`<li><a ...${common} href=${markHref(id, first)}>${bars}${icon}</a></li>`;
  const to = Math.max(...marks.map((mark) => mark.to));
  const around = Math.max((to - first.from) * 0.2, CONTEXT_MS / 5);
  return html`<li><button type="button" ...${common}
    onClick=${() => zoomTo(first.from - around, to + around)}>${bars}${icon}</button></li>`;
}

const Marks = memo(({ id, marks, view, width, say, actions }) => {
  const groups = useMemo(() => groupsOf(marks, view, width, GROUP_PX), [marks, view, width]);
  if (groups.length === 0)
    return html`<div class="timemarks"></div>`; // its room stays, so that nothing jumps while one zooms
  return html`<ul class="timemarks" aria-label="Incidents and failovers in this time">
    ${groups.map((group) => html`<${Mark} key=${group.marks[0].key} id=${id} group=${group} say=${say} room=${width}
      zoomTo=${(from, to) => actions.current.zoomTo(from, to)} />`)}
  </ul>`;
});

/* ---- the time that is pointed at ---- */

// Drawn without the component, at every move.
function useReadout(cursor, model, marks, width, refs) {
  const newest = useRef(null);
  newest.current = { model, marks, width };
  const text = useRef(null); // of a mark that has the pointer or the focus
  const show = (at) => {
    const { model: { view, states }, marks: all, width: px } = newest.current;
    const isInside = at !== null && at >= view.from && at <= view.to;
    refs.line.current.hidden = !isInside;
    if (isInside)
      refs.line.current.style.transform = `translateX(${(at - view.from) / (view.to - view.from) * px}px)`;
    refs.time.current.textContent = isInside ? (view.to - view.from > 12 * 3600e3 ? dateTime(at) : time(at)) : '';
    const span = isInside ? stateAt(states, at) : undefined;
    refs.state.current.textContent = span ? stateWord(span.state) : '';
    refs.state.current.className = cx('cursor-state', span?.state && `is-${STATES[span.state].css}`);
    const near = isInside ? marksAt(all, at, (view.to - view.from) / px) : [];
    const reason = span?.state && span.state !== 'HEALTHY' ? span.reason ?? '' : '';
    refs.text.current.textContent = text.current ?? near[0]?.sentence ?? reason;
    refs.rest.current.hidden = isInside || text.current !== null;
  };
  useEffect(() => {
    show(cursor.at);
    return cursor.on(show);
  }, [cursor]);
  useEffect(() => show(cursor.at), [model, marks, width]);
  return useRef((sentence) => {
    text.current = sentence;
    show(cursor.at);
  }).current;
}

/**
 * @param {{id: string, model: object, marks: object[], width: number, cursor: object, actions: object,
 *   now: number}} props `model`: {view, states, shares, ticks, step}; `width` of the plot in px
 */
export function TimeHead({ id, model, marks, width, cursor, actions, now }) {
  const { view, states, shares, ticks, step } = model;
  const refs = { line: useRef(null), time: useRef(null), state: useRef(null), text: useRef(null), rest: useRef(null) };
  const box = useRef(null);
  const perMs = width / (view.to - view.from);
  const say = useReadout(cursor, model, marks, width, refs);
  const [newestView] = useState({ current: view });
  newestView.current = view;
  useEffect(() => followPointer(box.current, cursor, (share) => newestView.current.from
    + share * (newestView.current.to - newestView.current.from)), []);
  return html`
    <div class="timehead">
      <p class="cursor-words">
        <strong class="num" ref=${refs.time}></strong> <span ref=${refs.state}></span> <span class="cursor-sentence" ref=${refs.text}></span>
        <span class="dim" ref=${refs.rest}>${rangeText(view.from, view.to, now)} · a point for every ${seconds(step)}</span>
      </p>
      <div class="timehead-plot">
        <div ref=${box} class="band-box">
          <${Band} states=${states} view=${view} shares=${shares} width=${width} />
          <span class="hairline" ref=${refs.line} hidden></span>
        </div>
        <${Marks} id=${id} marks=${marks} view=${view} width=${width} say=${say} actions=${actions} />
        <div class="time-axis" aria-hidden="true">
          ${ticks.filter((tick) => (view.to - tick.at) * perMs > LABEL_PX).map((tick) => html`<span key=${tick.at} class=${cx('tick num', tick.isMajor && 'is-major')}
            style=${{ left: `${(tick.at - view.from) / (view.to - view.from) * 100}%` }}>${tick.label}</span>`)}
        </div>
      </div>
    </div>`;
}
