// analysis-plot.js - uPlot: loaded when charts are opened, its options, and its colours
//
// A canvas knows no CSS variables, and those of the page are pairs for light and dark: what a token
// is just now is asked of an element that has it as its colour.

import { loadStyle, useEffect, useState } from '../lib/ui.js';
import { paintAlone, paintBars, paintBehind, paintLines, paintRange, paintRule } from './analysis-paint.js';

const SCRIPT = 'vendor/uplot/uPlot.iife.min.js';
const TOKENS = ['text', 'dim', 'line', 'accent', 'surface', 'surface-2', 'unhealthy', 'unhealthy-soft',
  'unhealthy-bar', 'degraded-soft', 'degraded-bar', 'nodata-soft', 'nodata-bar', 'paused',
  'primary-origin', 'backup-origin', 'maintenance'];
const MIN_DRAG_PX = 6;

/** The place of the plot in its box; the time axis above has the same. */
export const AXIS_PX = 62;
export const SIDE_PX = 10;
export const PLOT_PX = 120;

/** Of streams that are laid over: colour and dash, so that it is not the colour alone. */
export const STYLES = [
  { tone: 'backup-origin', dash: [7, 4] },
  { tone: 'maintenance', dash: [2, 3] },
  { tone: 'degraded-bar', dash: [9, 3, 2, 3] },
];

let loading = null;

function loadScript(path) {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = path;
    script.onload = () => resolve();
    script.onerror = () => reject(new Error('The charts could not be loaded from the desk.'));
    document.head.append(script);
  });
}

/** @returns {Promise<Function>} the class */
export function loadPlot() {
  loading ??= Promise.all([loadScript(SCRIPT), loadStyle('vendor/uplot/uPlot.min.css')])
    .then(() => window.uPlot)
    .catch((error) => {
      loading = null;
      throw error;
    });
  return loading;
}

/* ---- colours ---- */

function readPalette() {
  const probe = document.createElement('span');
  probe.hidden = true;
  document.body.append(probe);
  const style = getComputedStyle(probe);
  const palette = Object.fromEntries(TOKENS.map((token) => {
    probe.style.color = `var(--${token})`;
    return [token, style.color];
  }));
  palette.font = style.fontFamily;
  probe.remove();
  return palette;
}

/** The colours of the page, anew when its theme changes. */
export function usePalette() {
  const [palette, setPalette] = useState(readPalette);
  useEffect(() => {
    const update = () => setPalette(readPalette());
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const observer = new MutationObserver(update);
    dark.addEventListener('change', update);
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme', 'class'] });
    return () => {
      dark.removeEventListener('change', update);
      observer.disconnect();
    };
  }, []);
  return palette;
}

/* ---- options ---- */

// The model and the palette are exchanged in `holder`; functions look there each time they are asked.
function axesOf(holder) {
  const { metric } = holder;
  const grid = () => holder.palette.line;
  return [
    { scale: 'x', size: 0, splits: () => holder.model.ticks.map((tick) => tick.at), values: (u, list) => list.map(() => ''),
      ticks: { show: false }, grid: { stroke: grid, width: 1 }, border: { show: true, stroke: grid, width: 1 } },
    { scale: 'y', size: AXIS_PX, gap: 6, stroke: () => holder.palette.dim, font: `11px ${holder.palette.font}`,
      splits: () => holder.model.axis.ticks, filter: (u, list) => list,
      values: (u, list) => list.map(metric.text), ticks: { show: false }, grid: { stroke: grid, width: 1 } },
  ];
}

function seriesOf(holder) {
  const { metric, model } = holder;
  const hidden = () => null;
  const line = (tone, dash) => ({ stroke: () => holder.palette[tone], width: 1.5, dash,
    points: { show: false }, paths: metric.shape === 'bars' && !dash ? hidden : undefined });
  return [{}, line(metric.tone), ...model.others.map((_, i) => line(STYLES[i].tone, STYLES[i].dash))];
}

function hooksOf(holder, onSelect) {
  const px = () => devicePixelRatio || 1;
  const color = () => holder.palette[holder.metric.tone];
  return {
    drawClear: [(u) => paintBehind(u, holder.model, holder.palette, px())],
    drawAxes: [(u) => {
      const { metric, model, palette } = holder;
      if (metric.shape === 'bars')
        paintBars(u, model.track, color(), px(), metric.worst === null ? 0.32 : 1);
      else if (metric.hasRange && model.others.length === 0)
        paintRange(u, model.track, palette, px(), metric.isLogarithmic);
    }],
    draw: [(u) => {
      const { metric, model, palette } = holder;
      if (metric.rule)
        paintRule(u, metric.rule, palette, px());
      if (metric.shape === 'line')
        paintAlone(u, model.track, color(), px());
      paintLines(u, model.marks, palette, px());
    }],
    setSelect: [(u) => {
      const { left, width } = u.select;
      u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      if (width >= MIN_DRAG_PX)
        onSelect(u.posToVal(left, 'x'), u.posToVal(left + width, 'x'));
    }],
  };
}

/**
 * @param {{metric: object, model: object, palette: object}} holder
 * @param {number} width px
 * @param {{onSelect: (from: number, to: number) => void, onDouble: () => void}} actions
 * @returns {object} of uPlot
 */
export function optionsOf(holder, width, { onSelect, onDouble }) {
  const isLogarithmic = Boolean(holder.metric.isLogarithmic);
  return {
    width, height: PLOT_PX, ms: 1, pxAlign: 1, padding: [8, SIDE_PX, 6, 0],
    legend: { show: false },
    scales: {
      x: { time: false, range: () => [holder.model.view.from, holder.model.view.to] },
      y: { distr: isLogarithmic ? 3 : 1, range: () => [holder.model.axis.low, holder.model.axis.high] },
    },
    axes: axesOf(holder),
    series: seriesOf(holder),
    cursor: {
      y: false,
      points: holder.metric.shape === 'bars' ? { show: false }
        : { size: 7, fill: (u, i) => u.series[i]._stroke },
      drag: { x: true, y: false, setScale: false, dist: MIN_DRAG_PX },
      bind: { dblclick: () => () => { onDouble(); return null; } },
    },
    hooks: hooksOf(holder, onSelect),
  };
}

/** The columns of uPlot; without any point the axes are there all the same. */
export function dataOf(uPlot, { track, others, view }) {
  const tables = [track, ...others.map((other) => other.track)].map(({ x, mean }) => [x, mean]);
  const isEmpty = tables.every(([x]) => x.length === 0);
  if (isEmpty)
    return [[view.from, view.to], ...tables.map(() => [null, null])];
  return tables.length === 1 ? tables[0] : uPlot.join(tables);
}
