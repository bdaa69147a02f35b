// investigation-layout.js - from lanes to marks with places: what the time axis draws
//
// Pure and without DOM: tests/web/unit/investigation-layout.test.mjs.

import { clusters, condensed, pictureStretches } from './investigation-axis.js';

const HEIGHTS = { state: 26, incidents: 38, bars: 20, ribbon: 26, marks: 24, pictures: 46, speed: 46 };
const CAPTION = 15; // the name of a lane above it, where there is no room beside it
const SHAPE = 16; // px of a mark with its count: what is closer would overlap
const GAP = 6; // between lanes of different rows
export const INCIDENT_HEIGHT = 20; // of a span; what people did stands beneath it
export const PICTURE_WIDTH = 68;
export const TICKS_HEIGHT = 22;

/**
 * @param {object[]} lanes from top to bottom
 * @param {boolean} hasCaptions names stand above their lanes
 * @returns {{placed: {lane: object, top: number, height: number, captionTop: number}[],
 *   height: number}}
 */
export function placeLanes(lanes, hasCaptions) {
  let y = TICKS_HEIGHT;
  const placed = lanes.map((lane, i) => {
    if (i > 0 && lanes[i - 1].row !== lane.row)
      y += GAP;
    const captionTop = y;
    if (hasCaptions)
      y += CAPTION;
    const entry = { lane, top: y, height: HEIGHTS[lane.type], captionTop };
    y += entry.height + 2;
    return entry;
  });
  return { placed, height: y + 4 };
}

function markOf(lane, type, x0, x1, rank, items, more = {}) {
  return { key: `${lane.id}:${items[0].id}`, laneId: lane.id, type, x0, x1, x: (x0 + x1) / 2, rank,
    items, ...more };
}

function spansAsMarks(lane, scale, type) {
  return lane.spans.filter((span) => scale.x(span.to) > 0 && scale.x(span.from) < scale.width)
    .map((span) => markOf(lane, type, Math.max(scale.x(span.from), 0),
      Math.min(scale.x(span.to), scale.width), span.rank, [span], { isOpen: span.isOpen }));
}

function pointsAsMarks(lane, scale) {
  return clusters(lane.items, scale, SHAPE).map((cluster) =>
    markOf(lane, 'point', cluster.x0, cluster.x1, cluster.rank, cluster.items));
}

function barsAsMarks(lane, scale) {
  return clusters(lane.items, scale).map((cluster) =>
    markOf(lane, 'bar', Math.max(cluster.x0, -4), Math.min(cluster.x1, scale.width), cluster.rank,
      cluster.items, { isOpen: cluster.items.some((item) => item.isOpen) }));
}

function statesAsMarks(lane, scale) {
  return condensed(lane.spans, scale).map(({ x0, x1, span, count }) =>
    markOf(lane, 'state', x0, x1, span.rank, [span], { state: span.state, count }));
}

function picturesAsMarks(lane, scale) {
  return pictureStretches(lane.items, scale, PICTURE_WIDTH).map(({ x, best, items }) =>
    ({ ...markOf(lane, 'picture', x, x + PICTURE_WIDTH, best.rank, items), best,
      key: `${lane.id}:${best.id}` }));
}

const MAKERS = {
  state: statesAsMarks,
  incidents: (lane, scale) => [...spansAsMarks(lane, scale, 'incident'),
    ...pointsAsMarks(lane, scale)].sort((a, b) => a.x0 - b.x0),
  bars: barsAsMarks,
  ribbon: pointsAsMarks,
  marks: pointsAsMarks,
  pictures: picturesAsMarks,
  speed: () => [],
};

/**
 * What can be seen, hovered, focused and chosen in a lane, from left to right.
 * @returns {{key: string, laneId: string, type: string, x0: number, x1: number, x: number,
 *   rank: number, items: object[]}[]}
 */
export function marksOf(lane, scale) {
  return MAKERS[lane.type](lane, scale);
}

/** The largest value of a scale that is round: 1, 2 or 5 times a power of ten. */
export function niceMax(values, least) {
  const largest = values.reduce((max, value) => (value !== null && value > max ? value : max), least);
  const power = 10 ** Math.floor(Math.log10(largest));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= largest * 0.999);
}

const MOST_WORDS = 3;

/**
 * A mark in words.
 * @param {object} mark of marksOf()
 * @param {(at: number) => string} time
 */
export function sentenceOf(mark, time) {
  const [first] = mark.items;
  const more = mark.items.length - MOST_WORDS;
  if (mark.type === 'picture')
    return `${time(mark.best.from)}, ${mark.best.text}${mark.items.length > 1
      ? `, and ${mark.items.length - 1} more` : ''}`;
  if (mark.items.length > 1)
    return `${mark.items.length} between ${time(first.from)} and `
      + `${time(Math.max(...mark.items.map((item) => item.to)))}: `
      + mark.items.slice(0, MOST_WORDS).map((item) => item.text).join('; ')
      + (more > 0 ? `; and ${more} more` : '');
  if (first.from === first.to)
    return `${time(first.from)}, ${first.text}`;
  const end = first.isOpen ? 'until now' : `to ${time(first.to)}`;
  const times = first.count > 1 ? `, ${first.count} times` : '';
  return `${time(first.from)} ${end}, ${first.text}${times}`
    + (mark.count > 1 ? `, and ${mark.count - 1} short changes beside it` : '');
}
