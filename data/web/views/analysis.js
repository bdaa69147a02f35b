// analysis.js - the Analysis view: how a stream was over any time, as charts over one another
//
// The address says which time, and what to compare with. Everything is drawn anew from one reading of
// the desk (analysis-data.js); the cursor alone moves without drawing (analysis-cursor.js).

import { html, loadStyle, useEffect, useLayoutEffect, useMemo, useRef, useState } from '../lib/ui.js';
import { useKeys } from '../lib/keys.js';
import { serverNow, useStream, useStreams } from '../lib/live.js';
import { Age, Button, Empty, ProblemNote, announce } from '../lib/parts.js';
import { go, href, setTitle } from '../lib/route.js';
import { StateBadge, stateOf } from '../lib/state.js';
import { Chart } from './analysis-chart.js';
import { Compare, compareQuery, parseCompare } from './analysis-compare.js';
import { Controls } from './analysis-controls.js';
import { csvOf, fileName } from './analysis-csv.js';
import { makeCursor } from './analysis-cursor.js';
import { useHistory, useMarks, useOthers } from './analysis-data.js';
import { TimeHead } from './analysis-head.js';
import { METRICS, axisOf } from './analysis-metrics.js';
import { AXIS_PX, SIDE_PX, loadPlot, usePalette } from './analysis-plot.js';
import { PRESETS, isFollowing, isSameRange, panned, parseRange, rangeQuery, settle,
  zoomed } from './analysis-range.js';
import { Summary } from './analysis-summary.js';
import { rangeText, timeTicks } from './analysis-ticks.js';

const ZOOM = 2;
const STEP = 0.5; // of what is shown
const LEAST_WIDTH = 240;

loadPlot().catch(() => {}); // at once; usePlotClass() tells when it fails
await loadStyle('analysis');

/* ---- what the page is made of ---- */

// The class of the charts; null until it is there.
function usePlotClass() {
  const [state, setState] = useState({ uPlot: null, problem: null });
  const [tries, setTries] = useState(0);
  useEffect(() => {
    let isHere = true;
    loadPlot().then((uPlot) => isHere && setState({ uPlot, problem: null }),
      (problem) => isHere && setState({ uPlot: null, problem }));
    return () => { isHere = false; };
  }, [tries]);
  return { ...state, retry: () => setTries(tries + 1) };
}

function useWidth(ref) {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const measure = () => ref.current && setWidth(Math.max(LEAST_WIDTH, Math.floor(ref.current.clientWidth)));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, []);
  return width;
}

const spanOf = (range) => range.last ?? range.to - range.from;

// The newest of the kept ranges that shows more; those that do not are dropped.
function wider(kept, range) {
  while (kept.length > 0) {
    const last = kept.pop();
    if (spanOf(last) > spanOf(range))
      return last;
  }
  return null;
}

// The range of the address, and everything that leads to another one.
function useRange(id, query, cursor) {
  const search = query.toString();
  const { range, fault } = useMemo(() => parseRange(query, serverNow()), [search]);
  const compare = useMemo(() => parseCompare(query, id), [search]);
  const before = useRef([]); // ranges that were zoomed into, to come back the same way
  const actions = useRef({});
  const show = (next, nextCompare = compare, options = {}) => {
    if (!isSameRange(next, range) || nextCompare !== compare)
      go('analysis', id, { ...rangeQuery(next), ...compareQuery(nextCompare) }, options);
  };
  const into = (next) => {
    before.current = [...before.current.slice(-20), range];
    show(next);
  };
  actions.current = {
    setRange: (next) => { before.current = []; show(next); },
    setCompare: (next) => show(range, next),
    zoomTo: (from, to) => into(settle(from, to, serverNow())),
    zoomIn: () => into(zoomed(range, serverNow(), 1 / ZOOM, cursor.at ?? undefined)),
    zoomOut: () => show(wider(before.current, range) ?? zoomed(range, serverNow(), ZOOM)),
    pan: (share) => show(panned(range, serverNow(), share), compare, { replace: true }),
    follow: () => { before.current = []; show({ last: spanOf(range) }); },
  };
  return { range, fault, compare, actions };
}

function useRangeKeys(actions, range) {
  const act = (name, ...args) => () => actions.current[name](...args);
  useKeys([
    { key: '+', label: 'Zoom in, to the cursor if there is one', run: act('zoomIn') },
    { key: '=', label: 'Zoom in, to the cursor if there is one', run: act('zoomIn') },
    { key: '-', label: 'Zoom out', run: act('zoomOut') },
    { key: 'ArrowLeft', label: 'Earlier, later', run: act('pan', -STEP) },
    { key: 'ArrowRight', label: 'Earlier, later', run: act('pan', STEP) },
    { key: 'Home', label: 'Go to now', run: () => isFollowing(range) || actions.current.follow() },
    ...PRESETS.map(({ key, name, last }) => ({ key, label: name, run: act('setRange', { last }) })),
  ], { scope: 'Analysis' });
}

/** One model for each chart; they stay the same objects until there is something new. */
function useModels(name, shaped, marks, width, others, compare) {
  return useMemo(() => {
    if (!shaped || width === 0)
      return null;
    const { view, tracks, unknown } = shaped;
    const ticks = timeTicks(view.from, view.to, width);
    const charts = METRICS.map((metric) => {
      const beside = metric.key === compare.metric ? others.map(({ id, name, tracks: all }) =>
        ({ id, name, track: all[metric.key] })) : [];
      const track = tracks[metric.key];
      return { view, name, ticks, unknown, marks, track, others: beside,
        axis: axisOf(metric, [track, ...beside.map((other) => other.track)]) };
    });
    return { charts, head: { view, ticks, states: shaped.states, shares: shaped.shares, step: shaped.step } };
  }, [name, shaped, marks, width, others, compare.metric]);
}

// Tells those who do not see it that another time is shown.
function useAnnouncement(history) {
  const said = useRef(null);
  const { range, shaped } = history;
  useEffect(() => {
    if (said.current !== null && range !== null && !isSameRange(said.current, range))
      announce(`Shown: ${rangeText(shaped.view.from, shaped.view.to, serverNow())}`);
    said.current = range;
  }, [range]);
}

function save(stream, id, shaped) {
  const blob = new Blob([csvOf(shaped)], { type: 'text/csv;charset=utf-8' });
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = fileName(stream?.name ?? id, shaped.view);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  announce('The series was saved');
}

/* ---- its parts ---- */

function Head({ id, stream, range }) {
  const time = isFollowing(range) ? {} : rangeQuery(range);
  return html`
    <header class="analysis-head">
      <div>
        <p class="crumb"><a href=${href('monitoring')}>All streams</a></p>
        <div class="row"><h1>${stream?.name ?? id}</h1>${stream && html`<${StateBadge} state=${stateOf(stream)} />
          ${stream.since && html`<span class="dim">for <${Age} at=${stream.since} /></span>`}`}</div>
      </div>
      <a class="btn" href=${href('investigation', id, time)}>What happened in this time</a>
    </header>`;
}

function Nothing({ view, actions, stream }) {
  const since = stream?.created_at ? Date.parse(stream.created_at) : null;
  const isBefore = since !== null && since > view.to;
  return html`<${Empty} title="Nothing recorded in this time"
    text=${isBefore ? 'The stream was not watched yet. Choose a later time.'
      : 'The desk did not watch the stream then, or the record is older than it keeps.'}>
    <div class="row">
      <${Button} onClick=${() => actions.current.zoomOut()}>Zoom out<//>
      <${Button} kind="primary" onClick=${() => actions.current.setRange({ last: PRESETS[1].last })}>Last hour<//>
    </div><//>`;
}

// Of streams that are compared: the names, of those that could be read.
function useOtherStreams(compare, shaped, resolution) {
  const tracks = useOthers(compare.ids, shaped?.view ?? null, resolution);
  const { streams } = useStreams();
  const names = compare.ids.map((id) => streams.get(id)?.name ?? id).join('\n');
  return useMemo(() => compare.ids.filter((id) => tracks.has(id))
    .map((id) => ({ id, name: streams.get(id)?.name ?? id, tracks: tracks.get(id) })), [tracks, names]);
}

function Charts({ id, name, uPlot, shaped, marks, width, others, compare, cursor, actions }) {
  const palette = usePalette();
  const plotWidth = width - AXIS_PX - SIDE_PX;
  const models = useModels(name, shaped, marks, plotWidth, others, compare);
  return html`
    <${TimeHead} id=${id} model=${models.head} marks=${marks} width=${plotWidth} cursor=${cursor} actions=${actions}
      now=${serverNow()} />
    ${METRICS.map((metric, i) => html`<${Chart} key=${metric.key} uPlot=${uPlot} metric=${metric} cursor=${cursor}
      model=${models.charts[i]} palette=${palette} width=${width} actions=${actions} />`)}`;
}

function Body({ id, stream, plot, history, marks, others, compare, width, cursor, actions }) {
  const { shaped } = history;
  if (plot.problem)
    return html`<${ProblemNote} problem=${plot.problem} retry=${plot.retry} />`;
  if (history.problem && !shaped)
    return html`<${ProblemNote} problem=${history.problem} retry=${history.reload} />`;
  if (!shaped || !plot.uPlot || width === 0)
    return html`<p class="dim charts-wait" role="status">Reading the record</p>`;
  if (shaped.isEmpty && shaped.states.every((span) => span.state === null))
    return html`<${Nothing} view=${shaped.view} actions=${actions} stream=${stream} />`;
  return html`
    <${Charts} id=${id} name=${stream?.name ?? id} uPlot=${plot.uPlot} shaped=${shaped} marks=${marks} width=${width} others=${others}
      compare=${compare} cursor=${cursor} actions=${actions} />
    <p class="dim charts-hint"><span class="for-mice">Drag over a chart to zoom in, double-click to come back. On a
      chart the arrow keys move the cursor, elsewhere they go earlier and later; <kbd>+</kbd> and <kbd>-</kbd> zoom.</span>
      <span class="for-fingers">Touch a chart to read its values; the zoom goes to where you touched.</span></p>`;
}

/** @param {{id: string, query: URLSearchParams}} props */
export default function Analysis({ id, query }) {
  const stream = useStream(id);
  const cursor = useState(makeCursor)[0];
  const box = useRef(null);
  const plot = usePlotClass();
  const { range, fault, compare, actions } = useRange(id, query, cursor);
  const width = useWidth(box);
  const history = useHistory(id, range, width > 0 ? width : window.innerWidth, () => cursor.isBusy);
  const { marks, isCut, problem: markProblem } = useMarks(id, range, history.shaped?.view ?? null);
  const others = useOtherStreams(compare, history.shaped, history.resolution);
  useRangeKeys(actions, range);
  useAnnouncement(history);
  useEffect(() => setTitle(`${stream?.name ?? id} · Analysis`), [stream?.name, id]);
  useEffect(() => () => cursor.end(), []);
  const { shaped } = history;
  const isOld = history.isLoading && history.range !== null && !isSameRange(history.range, range);
  const stale = shaped && history.problem;
  if (history.problem?.status === 404)
    return html`<${Empty} title="This stream is not watched"
      text="It may have been removed, or the address is cut short. The history of a removed stream is forgotten.">
      <a class="btn is-primary" href=${href('monitoring')}>All streams</a><//>`;
  return html`
    <div class="analysis">
      <${Head} id=${id} stream=${stream} range=${range} />
      <${Controls} range=${range} actions=${actions} isLoading=${history.isLoading}
        onSave=${shaped && !shaped.isEmpty ? () => save(stream, id, shaped) : null}>
        <${Compare} id=${id} compare=${compare} onApply=${(next) => actions.current.setCompare(next)} />
      <//>
      ${fault && html`<p class="note" role="status">${fault} The last hour is shown instead.</p>`}
      ${stale && html`<p class="note is-error" role="status">The record could not be read again: ${history.problem.detail
        ?? history.problem.message} What you see is ${rangeText(shaped.view.from, shaped.view.to, serverNow())}.</p>`}
      ${markProblem && shaped && !stale && html`<p class="note is-error" role="status">Incidents and failovers could not be read: ${markProblem.message}</p>`}
      ${shaped && !shaped.isEmpty && plot.uPlot && html`<${Summary} shaped=${shaped} marks=${marks} isCut=${isCut} />`}
      <div class=${`charts ${isOld ? 'is-old' : ''}`} ref=${box} aria-busy=${isOld ? 'true' : undefined}>
        <${Body} id=${id} stream=${stream} plot=${plot} history=${history} marks=${marks} others=${others}
          compare=${compare} width=${width} cursor=${cursor} actions=${actions} />
      </div>
    </div>`;
}
