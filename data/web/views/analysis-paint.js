// analysis-paint.js - what is drawn on the canvas of a chart beside the line and the grid
//
// Below: what was not recorded, hatched, and incidents, shaded. Then the range between lowest and
// highest, or bars. Above: points that are no line, the rule of a metric, failovers. All take a uPlot
// and work in the pixels of its canvas.

const HATCH_PX = 7;
const NARROW_PX = 5; // an incident that would hardly be seen by its shade

function clipped(u, paint) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  paint(ctx, bbox);
  ctx.restore();
}

function edges(u, from, to) {
  return [u.valToPos(from, 'x', true), u.valToPos(to, 'x', true)];
}

function hatch(ctx, left, right, { top, height }, px, palette) {
  ctx.fillStyle = palette['surface-2'];
  ctx.fillRect(left, top, right - left, height);
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, right - left, height);
  ctx.clip();
  ctx.beginPath();
  const step = HATCH_PX * px;
  for (let x = Math.floor((left - height) / step) * step; x < right; x += step) {
    ctx.moveTo(x, top + height);
    ctx.lineTo(x + height, top);
  }
  ctx.strokeStyle = palette.line;
  ctx.lineWidth = px;
  ctx.stroke();
  ctx.restore();
}

function shade(ctx, left, right, bbox, px, mark, palette) {
  const tone = mark.state === 'UNHEALTHY' ? 'unhealthy' : mark.state === 'DEGRADED' ? 'degraded' : 'nodata';
  const width = Math.max(right - left, 2 * px);
  const isNarrow = width < NARROW_PX * px;
  ctx.fillStyle = palette[isNarrow ? `${tone}-bar` : `${tone}-soft`];
  ctx.globalAlpha = isNarrow ? 0.45 : 1;
  ctx.fillRect(left, bbox.top, width, bbox.height);
  ctx.globalAlpha = 1;
  ctx.fillStyle = palette[`${tone}-bar`];
  ctx.fillRect(left, bbox.top, width, 3 * px);
}

/** Below the grid. */
export function paintBehind(u, { unknown, marks }, palette, px) {
  clipped(u, (ctx, bbox) => {
    for (const span of unknown)
      hatch(ctx, ...edges(u, span.from, span.to), bbox, px, palette);
    for (const mark of marks)
      if (mark.kind === 'incident')
        shade(ctx, ...edges(u, mark.from, mark.to), bbox, px, mark, palette);
  });
}

// Runs of points without a gap, as [first, last].
function runsOf(track) {
  const runs = [];
  let first = -1;
  for (let i = 0; i <= track.mean.length; i++) {
    const isKnown = i < track.mean.length && track.mean[i] !== null;
    if (isKnown && first < 0)
      first = i;
    if (!isKnown && first >= 0) {
      runs.push([first, i - 1]);
      first = -1;
    }
  }
  return runs;
}

/** The range between lowest and highest. */
export function paintRange(u, track, palette, px, isLogarithmic) {
  const y = (value) => u.valToPos(isLogarithmic ? Math.max(value, u.scales.y.min) : value, 'y', true);
  clipped(u, (ctx) => {
    ctx.fillStyle = palette.accent;
    ctx.globalAlpha = 0.22;
    ctx.beginPath();
    for (const [first, last] of runsOf(track)) {
      const x = (i) => u.valToPos(track.x[i], 'x', true);
      if (first === last) {
        ctx.rect(x(first) - px, y(track.high[first]), 2 * px, y(track.low[first]) - y(track.high[first]));
        continue;
      }
      ctx.moveTo(x(first), y(track.high[first]));
      for (let i = first + 1; i <= last; i++)
        ctx.lineTo(x(i), y(track.high[i]));
      for (let i = last; i >= first; i--)
        ctx.lineTo(x(i), y(track.low[i]));
      ctx.closePath();
    }
    ctx.fill();
  });
}

/** A bar for each point, as wide as its time. */
export function paintBars(u, track, color, px, alpha) {
  const [a, b] = edges(u, 0, track.step * 1000);
  const gap = b - a > 6 * px ? px : 0;
  clipped(u, (ctx) => {
    ctx.fillStyle = color;
    ctx.globalAlpha = alpha;
    const base = u.valToPos(0, 'y', true);
    track.mean.forEach((value, i) => {
      if (!value)
        return;
      const [left, right] = edges(u, track.at[i], track.at[i] + track.step * 1000).map(Math.round);
      const top = Math.min(u.valToPos(value, 'y', true), base - 2 * px);
      ctx.fillRect(left, top, Math.max(right - left - gap, px), base - top);
    });
  });
}

/** Points between two gaps, which no line goes through. */
export function paintAlone(u, track, color, px) {
  clipped(u, (ctx) => {
    ctx.fillStyle = color;
    for (const i of track.alone) {
      ctx.beginPath();
      ctx.arc(u.valToPos(track.x[i], 'x', true), u.valToPos(track.mean[i], 'y', true), 2 * px, 0, 2 * Math.PI);
      ctx.fill();
    }
  });
}

/** A line at a value that means something, with its words where there is room. */
export function paintRule(u, rule, palette, px) {
  clipped(u, (ctx, bbox) => {
    const y = Math.round(u.valToPos(rule.value, 'y', true));
    ctx.strokeStyle = palette.unhealthy;
    ctx.lineWidth = px;
    ctx.setLineDash([5 * px, 4 * px]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y + px / 2);
    ctx.lineTo(bbox.left + bbox.width, y + px / 2);
    ctx.stroke();
    if (bbox.height > 60 * px && y - bbox.top > 14 * px) {
      ctx.font = `${11 * px}px ${palette.font}`;
      ctx.fillStyle = palette.dim;
      ctx.textAlign = 'left';
      ctx.textBaseline = 'bottom';
      ctx.fillText(rule.text, bbox.left + 6 * px, y - px);
    }
  });
}

/** Failovers and orders: a line from top to bottom, with a head so that it is no part of the grid. */
export function paintLines(u, marks, palette, px) {
  clipped(u, (ctx, bbox) => {
    for (const mark of marks) {
      if (mark.kind === 'incident')
        continue;
      const x = Math.round(u.valToPos(mark.from, 'x', true));
      const color = mark.kind === 'switch' ? palette['backup-origin'] : palette.paused;
      ctx.strokeStyle = ctx.fillStyle = color;
      ctx.lineWidth = px;
      ctx.setLineDash([3 * px, 3 * px]);
      ctx.beginPath();
      ctx.moveTo(x + px / 2, bbox.top);
      ctx.lineTo(x + px / 2, bbox.top + bbox.height);
      ctx.stroke();
      ctx.beginPath();
      ctx.moveTo(x - 4 * px, bbox.top);
      ctx.lineTo(x + 5 * px, bbox.top);
      ctx.lineTo(x + px / 2, bbox.top + 6 * px);
      ctx.fill();
    }
  });
}
