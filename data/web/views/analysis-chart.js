// analysis-chart.js - one chart with its values in words
//
// The plot is a slider for keyboards and screen readers: arrow keys move the time that all charts
// point at, and its value is said. Values beside the title follow the cursor without drawing the
// component again; without a cursor they sum the chart up.

import { html, memo, useEffect, useLayoutEffect, useRef } from '../lib/ui.js';
import { followPointer } from './analysis-cursor.js';
import { valueText } from './analysis-metrics.js';
import { STYLES, dataOf, optionsOf } from './analysis-plot.js';
import { indexAt, neighbourAt, summaryOf } from './analysis-series.js';
import { pointText } from './analysis-ticks.js';

const FAR = 10; // points

const DAY_MS = 86400 * 1000;
const spansDays = (view) => new Date(view.from).toDateString() !== new Date(view.to).toDateString();

/* ---- words ---- */

function timeText(at, track, view) {
  return pointText(at, track.step, spansDays(view));
}

/** "median 84 ms · highest 1.2 s at 18:40" */
function restText({ metric, model }) {
  const sum = summaryOf(model.track);
  if (!sum)
    return 'Nothing measured in this time';
  const isBad = metric.worst !== null;
  if (metric.key === 'errors' && sum.max === 0)
    return 'None';
  const [word, value, at] = metric.worst === 'min' ? ['lowest', sum.min, sum.minAt] : ['highest', sum.max, sum.maxAt];
  const worst = `${word} ${metric.text(value)}`;
  return `median ${metric.text(sum.median)} · ${worst}${isBad ? ` at ${timeText(at, model.track, model.view)}` : ''}`;
}

/** For those who do not see the chart. */
function description({ metric, model }) {
  const sum = summaryOf(model.track);
  if (!sum)
    return `${metric.about}. Nothing was measured in this time.`;
  const { track, view } = model;
  const gaps = model.unknown.length;
  return `${metric.about}. ${sum.n} points: lowest ${metric.text(sum.min)} at ${timeText(sum.minAt, track, view)}, `
    + `median of the points ${metric.text(sum.median)}, highest ${metric.text(sum.max)} at ${timeText(sum.maxAt, track, view)}. `
    + `${gaps === 0 ? '' : gaps === 1 ? 'There is a time without any record. ' : `There are ${gaps} times without any record. `}`
    + 'Left and right arrow keys move through the points.';
}

/** What a track has at a time, and the time of its point. */
function reading(metric, track, at, view) {
  const index = indexAt(track, at);
  return { value: valueText(metric, track, index), when: index < 0 ? null : timeText(track.at[index], track, view) };
}

/* ---- the plot itself ---- */

// Makes the uPlot once it has a width, and anew when it has more or fewer lines.
function usePlot(host, holder, { uPlot, width, model, palette, actions }) {
  const plot = useRef(null);
  useLayoutEffect(() => {
    const options = optionsOf(holder, width, {
      onSelect: (from, to) => actions.current.zoomTo(from, to),
      onDouble: () => actions.current.zoomOut(),
    });
    plot.current = new uPlot(options, dataOf(uPlot, model), host.current);
    return () => {
      plot.current.destroy();
      plot.current = null;
    };
  }, [uPlot, holder, model.others.length]);
  const made = useRef(null);
  useLayoutEffect(() => {
    if (made.current?.plot === plot.current && made.current.model !== model)
      plot.current.setData(dataOf(uPlot, model));
    made.current = { plot: plot.current, model };
  }, [model]);
  useLayoutEffect(() => {
    if (plot.current.width !== width)
      plot.current.setSize({ width, height: plot.current.height });
  }, [width]);
  useLayoutEffect(() => {
    plot.current.redraw(false);
  }, [palette]);
  return plot;
}

// The hairline, the words and what a screen reader is told follow the cursor.
function useCursor(cursor, plot, host, holder, words, rest) {
  useEffect(() => {
    const show = (at) => {
      const { metric, model } = holder;
      const u = plot.current;
      const isInside = at !== null && at >= model.view.from && at <= model.view.to;
      u.setCursor({ left: isInside ? u.valToPos(at, 'x') : -10, top: isInside ? 1 : -10 }, false);
      const tracks = [model.track, ...model.others.map((other) => other.track)];
      words.current.querySelectorAll('[data-value]').forEach((element, i) => {
        element.textContent = isInside ? reading(metric, tracks[i], at, model.view).value : i === 0 ? rest.current : '';
      });
      if (document.activeElement === host.current) {
        const { value, when } = reading(metric, model.track, at ?? model.view.to, model.view);
        host.current.setAttribute('aria-valuenow', String(Math.round(at ?? model.view.to)));
        host.current.setAttribute('aria-valuetext', `${when ? `${when}: ` : ''}${value}`);
      }
    };
    show(cursor.at);
    return cursor.on(show);
  }, [cursor]);
}

const MOVES = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -FAR, PageUp: FAR };

function onKey(event, cursor, { track, view }) {
  if (event.ctrlKey || event.metaKey || event.altKey)
    return;
  const at = cursor.at >= view.from && cursor.at <= view.to ? cursor.at : null;
  let to;
  if (event.key in MOVES)
    to = neighbourAt(track, at, MOVES[event.key] * (event.shiftKey ? FAR : 1));
  else if (event.key === 'Home' || event.key === 'End')
    to = neighbourAt(track, event.key === 'Home' ? view.from - DAY_MS : view.to + DAY_MS, event.key === 'Home' ? 1 : -1);
  else if (event.key === 'Escape' && cursor.at !== null)
    to = null;
  else
    return;
  event.preventDefault();
  cursor.move(to);
}

function Values({ words, others, name }) {
  return html`<p class="chart-values num" ref=${words}>
    ${others.length === 0 ? html`<span data-value></span>` : html`<span class="chart-other" key="own">
      <svg width="22" height="8" viewBox="0 0 22 8" aria-hidden="true" focusable="false"><path d="M0 4h22" /></svg>
      ${name} <span data-value></span></span>`}
    ${others.map((other, i) => html`<span class="chart-other" key=${other.id}>
      <svg width="22" height="8" viewBox="0 0 22 8" aria-hidden="true" focusable="false">
        <path d="M0 4h22" class=${`other-${i}`} stroke-dasharray=${STYLES[i].dash.join(' ')} /></svg>
      ${other.name} <span data-value></span></span>`)}
  </p>`;
}

/**
 * @param {{uPlot: Function, metric: object, model: object, palette: object, width: number,
 *   cursor: object, actions: {current: {zoomTo: Function, zoomOut: Function}}}} props `model`:
 *   {view, name, track, others: {id, name, track}[], axis, ticks, unknown, marks}
 */
export const Chart = memo(({ uPlot, metric, model, palette, width, cursor, actions }) => {
  const host = useRef(null);
  const words = useRef(null);
  const rest = useRef('');
  const holder = useRef(null);
  holder.current ??= { metric };
  Object.assign(holder.current, { metric, model, palette });
  rest.current = restText({ metric, model });
  const plot = usePlot(host, holder.current, { uPlot, width, model, palette, actions });
  useCursor(cursor, plot, host, holder.current, words, rest);
  useEffect(() => { // what the cursor shows is of the new points
    cursor.move(cursor.at);
  }, [model]);
  useEffect(() => followPointer(plot.current.over, cursor, (share) => {
    const { from, to } = holder.current.model.view;
    return from + share * (to - from);
  }), [model.others.length]);
  const { view } = model;
  return html`
    <section class="chart" aria-labelledby=${`chart-${metric.key}`}>
      <div class="chart-head">
        <h2 id=${`chart-${metric.key}`} title=${metric.about}>${metric.title}</h2>
        <${Values} words=${words} others=${model.others} name=${model.name} />
      </div>
      <div class="chart-plot" ref=${host} role="slider" tabindex="0" aria-labelledby=${`chart-${metric.key}`}
        aria-describedby=${`about-${metric.key}`} aria-valuemin=${Math.round(view.from)}
        aria-valuemax=${Math.round(view.to)} aria-valuenow=${Math.round(view.to)} aria-valuetext=${rest.current}
        onKeyDown=${(event) => onKey(event, cursor, model)} onFocus=${() => cursor.move(cursor.at)}></div>
      <p class="visually-hidden" id=${`about-${metric.key}`}>${description({ metric, model })}</p>
    </section>`;
});
