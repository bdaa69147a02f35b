// investigation-marks.js - what the lanes of the time axis look like, as SVG elements
//
// Worse is taller and filled, so that the shape tells as well as the colour. A mark has an area to
// hit that is larger than what is drawn; what it does is decided by the axis, through data-key.

import { cx, html, memo } from '../lib/ui.js';
import { ms, time } from '../lib/format.js';
import { STATES } from '../lib/state.js';
import { linePath } from './investigation-axis.js';
import { INCIDENT_HEIGHT, niceMax, sentenceOf } from './investigation-layout.js';

const SEVERITIES = ['info', 'degraded', 'unhealthy'];
const BAR_HEIGHTS = [6, 11, 16];
const LETTER_PX = 12;
const CHAR_PX = 6.6;
const ORIGIN_WORDS = { primary: 'Primary', backup: 'Backup' };

function fitting(text, px) {
  const most = Math.floor((px - 8) / CHAR_PX);
  return text.length <= most ? text : most > 5 ? `${text.slice(0, most - 1)}…` : '';
}

// The part that takes the pointer and the focus.
function Hit({ mark, top, height, current, children, class: extra }) {
  const width = Math.max(mark.x1 - mark.x0, 14);
  const x = (mark.x0 + mark.x1 - width) / 2;
  return html`
    <g class=${cx('mark', extra)} data-key=${mark.key} role="button"
      transform=${top > 0 ? `translate(0 ${top})` : undefined}
      tabindex=${mark.key === current ? 0 : -1} aria-label=${sentenceOf(mark, time)}>
      <rect class="mark-hit" x=${x} y="0" width=${width} height=${height} rx="3" />
      ${children}
    </g>`;
}

/* ---- shapes ---- */

/** Circle, triangle, octagon: the same shapes as everywhere. */
export function SeverityShape({ severity, x = 8, y = 8 }) {
  const shape = severity === 'unhealthy'
    ? html`<path d=${`M${x - 2.5} ${y - 6}h5l3.5 3.5v5l-3.5 3.5h-5l-3.5-3.5v-5z`} />`
    : severity === 'degraded' ? html`<path d=${`M${x} ${y - 6}l6.5 11.5h-13z`} />`
      : html`<circle cx=${x} cy=${y} r="4.2" />`;
  return html`<g class=${`severity is-${severity}`}>${shape}</g>`;
}

function Count({ n, x, y, severity }) {
  const width = 12 + String(n).length * 6.5;
  return html`<g class=${`count is-${severity}`}>
    <rect x=${x - width / 2} y=${y - 8} width=${width} height="16" rx="8" />
    <text x=${x} y=${y + 4} text-anchor="middle">${n}</text></g>`;
}

/* ---- one mark ---- */

const DRAW = {
  state: ({ mark, height }) => {
    const { word, css, letter } = STATES[mark.state] ?? STATES['NO DATA'];
    const tall = { UNHEALTHY: height, DEGRADED: height - 5, HEALTHY: 9 }[mark.state] ?? height - 12;
    const px = mark.x1 - mark.x0;
    const label = tall < 12 ? '' : px > word.length * 7.6 + 12 ? word : px > LETTER_PX ? letter : '';
    return html`
      <rect class=${`state-block is-${css}`} x=${mark.x0} width=${Math.max(px, 1.5)}
        y=${height - tall} height=${tall} rx=${px > 6 ? 2 : 0} />
      ${label && html`<text class=${`axis-word is-${css}`} x=${mark.x0 + 6} y=${height - tall / 2 + 4}
        >${label}</text>`}`;
  },
  incident: ({ mark, height }) => {
    const px = mark.x1 - mark.x0;
    const { incident, text } = mark.items[0];
    return html`
      <rect class=${cx('incident-block', incident.resolved_at === null && 'is-open')} x=${mark.x0}
        y="2" width=${Math.max(px, 3)} height=${height - 3} rx="3" />
      <text class="incident-word" x=${Math.max(mark.x0, 0) + 6} y=${height / 2 + 4.5}
        >${fitting(text, px)}</text>`;
  },
  bar: ({ mark, height }) => {
    const px = Math.max(mark.x1 - mark.x0, 4);
    const tall = BAR_HEIGHTS[mark.rank];
    const y = (height - tall) / 2;
    const { length } = mark.items;
    return html`
      <rect class=${`bar is-${SEVERITIES[mark.rank]}`} x=${mark.x0} y=${y} width=${px} height=${tall}
        rx="2" />
      ${mark.isOpen && html`<path class=${`bar-end is-${SEVERITIES[mark.rank]}`}
        d=${`M${mark.x1} ${y - 1}l5 ${tall / 2 + 1}l-5 ${tall / 2 + 1}z`} />`}
      ${length > 1 && html`<${Count} n=${length} severity=${SEVERITIES[mark.rank]} y=${height / 2}
        x=${Math.max(mark.x0 + px / 2, 10)} />`}`;
  },
  point: ({ mark, height }) => html`
    ${mark.x1 - mark.x0 > 2 && html`<rect class="mark-run" x=${mark.x0} y=${height / 2 - 1.5}
      width=${mark.x1 - mark.x0} height="3" />`}
    ${mark.items.length > 1
      ? html`<${Count} n=${mark.items.length} x=${mark.x} y=${height / 2}
          severity=${SEVERITIES[mark.rank]} />`
      : html`<${SeverityShape} severity=${SEVERITIES[mark.rank]} x=${mark.x} y=${height / 2} />`}`,
};

function FailoverPoint({ mark, height }) {
  const event = mark.items[0].event;
  const to = event.metadata?.to;
  if (mark.items.length > 1)
    return DRAW.point({ mark, height });
  return html`
    <path class="failover-line" d=${`M${mark.x} 0v${height}`} />
    <g class=${`failover-flag is-${to ?? 'unknown'}`}>
      <path d=${`M${mark.x - 7} ${height / 2 - 7}h9l6 7-6 7h-9z`} />
      <text x=${mark.x - 0.5} y=${height / 2 + 4} text-anchor="middle">${(to ?? '?')[0].toUpperCase()}</text>
    </g>`;
}

/* ---- what lies behind the marks ---- */

function Ribbon({ lane, scale, height }) {
  return lane.spans.map((span) => {
    const x0 = Math.max(scale.x(span.from), 0);
    const px = Math.min(scale.x(span.to), scale.width) - x0;
    const word = ORIGIN_WORDS[span.origin] ?? span.origin;
    return px > 0 && html`
      <rect key=${span.id} class=${`ribbon is-${span.origin}`} x=${x0} y="5" width=${px}
        height=${height - 10} />
      ${px > word.length * 7 + 30 && html`<text class="ribbon-word" x=${x0 + 14} y=${height / 2 + 4}
        >${word}</text>`}`;
  });
}

function Faults({ lane, scale, height }) {
  return lane.faults?.map((span) => {
    const x0 = Math.max(scale.x(span.from), 0);
    const px = Math.min(scale.x(span.to), scale.width) - x0;
    return px > 0 && html`<rect key=${span.from} class="fault" x=${x0} y=${height / 2 - 3}
      width=${px} height="6" />`;
  });
}

function area(points, scale, y, maxGap) {
  const runs = [];
  for (const point of points) {
    const last = runs.at(-1)?.at(-1);
    if (point.low === null || point.high === null)
      continue;
    if (last && point.at - last.at <= maxGap)
      runs.at(-1).push(point);
    else
      runs.push([point]);
  }
  const place = (at, value) => `${scale.x(at).toFixed(1)} ${y(value).toFixed(1)}`;
  return runs.map((run) => `M${run.map((point) => place(point.at, point.high)).join('L')}`
    + `L${run.reverse().map((point) => place(point.at, point.low)).join('L')}Z`).join('');
}

const SpeedLane = memo(({ lane, scale, height }) => {
  const points = lane.points.filter(({ at }) => scale.x(at) > -40 && scale.x(at) < scale.width + 40);
  const max = niceMax(points.map((point) => point.high), 10);
  const y = (value) => height - 2 - Math.min(value / max, 1) * (height - 12);
  const maxGap = Math.max(lane.resolution * 3, 15000);
  const px = Math.max(scale.x(lane.resolution) - scale.x(0) - 1, 2.5);
  return html`
    <path class="speed-floor" d=${`M0 ${height - 1.5}H${scale.width}`} />
    <path class="speed-area" d=${area(points, scale, y, maxGap)} />
    <path class="speed-line" d=${linePath(points.map(({ at, ttfb }) => ({ at, value: ttfb })), scale,
      y, maxGap)} />
    ${points.filter((point) => point.errors > 0).map((point) => html`<rect key=${point.at}
      class="speed-error" x=${scale.x(point.at)} width=${px} y=${height - 4
        - Math.min(point.errors, 8) * 4} height=${2 + Math.min(point.errors, 8) * 4} />`)}
    <text class="speed-max" x="4" y="9">${ms(max)}</text>`;
});

/**
 * One lane, without its pictures: those are HTML, above the SVG.
 * @param {{lane: object, marks: object[], top: number, height: number, scale: object,
 *   current: string|null, selected: string|null}} props `current` can be reached with Tab
 */
export function Lane({ lane, marks, top, height, scale, current, selected }) {
  const draw = (mark, tall) => lane.type === 'ribbon' ? FailoverPoint({ mark, height: tall })
    : DRAW[mark.type]({ mark, height: tall });
  const placeOf = (mark) => lane.type !== 'incidents' ? [0, height]
    : mark.type === 'incident' ? [0, INCIDENT_HEIGHT] : [INCIDENT_HEIGHT, height - INCIDENT_HEIGHT];
  return html`
    <g class=${`lane is-${lane.type}`} transform=${`translate(0 ${top})`} role="group"
      aria-label=${lane.label}>
      <rect class="lane-floor" width=${scale.width} height=${height} />
      ${lane.type === 'ribbon' && html`<${Ribbon} ...${{ lane, scale, height }} />`}
      ${lane.faults && html`<${Faults} ...${{ lane, scale, height }} />`}
      ${lane.type === 'speed' && html`<${SpeedLane} ...${{ lane, scale, height }} />`}
      ${lane.type !== 'pictures' && marks.map((mark) => {
        const [y, tall] = placeOf(mark);
        return html`<${Hit} key=${mark.key} mark=${mark} top=${y} height=${tall} current=${current}
          class=${mark.items.some((item) => item.id === selected) && 'is-selected'}
          >${draw(mark, tall)}<//>`;
      })}
    </g>`;
}
