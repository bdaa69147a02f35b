// investigation-range.js - which time is shown: in the address, by buttons, by keys
//
// Without one in the address it is what needs to be seen: the incident with five minutes before it,
// or the last hour. What the user chooses goes into the address when the hand rests.

import { html, useEffect, useMemo, useRef, useState } from '../lib/ui.js';
import { dateTime } from '../lib/format.js';
import { useKeys } from '../lib/keys.js';
import { Button } from '../lib/parts.js';
import { go, href } from '../lib/route.js';
import { HOUR, PRESETS, formatRange, incidentRange, isFollowing, panned, parseRange, zoomed }
  from './investigation-axis.js';

const REST_MS = 400;
const ZOOM = 1.6;
const STEP = 0.25;

const wordsOf = (range) => range && JSON.stringify(formatRange(range));

/**
 * @param {{id: string, query: URLSearchParams, incident: object|null, createdAt: string|null,
 *   clock: () => number}} wish `incident`: the one that is shown; `createdAt`: of the stream
 * @returns {[object, (range: object|null) => void, boolean]} the range; null lets it be the usual
 *   one again; whether it is the usual one
 */
export function useRange({ id, query, incident, createdAt, clock }) {
  const [own, setOwn] = useState(() => parseRange(query));
  const written = useRef(wordsOf(own));
  const search = query.toString();
  useEffect(() => { // the address was changed by somebody else: a link, the way back
    const there = parseRange(query);
    if (wordsOf(there) !== written.current) {
      written.current = wordsOf(there);
      setOwn(there);
    }
  }, [search]);
  useEffect(() => {
    if (wordsOf(own) === written.current)
      return undefined;
    const timer = setTimeout(() => {
      written.current = wordsOf(own);
      const kept = { incident: query.get('incident') };
      go('investigation', id, own ? { ...kept, ...formatRange(own) } : kept, { replace: true });
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [own, search]);
  const usual = useMemo(() => incident
    ? incidentRange(Date.parse(incident.opened_at),
      incident.resolved_at ? Date.parse(incident.resolved_at) : null, clock())
    : { last: clock() - Date.parse(createdAt ?? 0) < HOUR / 3 ? HOUR / 4 : HOUR },
  [incident?.id, incident?.opened_at, incident?.resolved_at, createdAt]);
  return [own ?? usual, setOwn, own === null];
}

/** The keys of the axis, wherever the focus is. */
export function useAxisKeys({ range, clock, onRange, incident }) {
  const zoom = (factor) => () => onRange(zoomed(range, clock(), factor));
  const pan = (share) => () => onRange(panned(range, clock(), share));
  useKeys([
    { key: '+', label: 'Zoom in', run: zoom(1 / ZOOM) },
    { key: '=', label: 'Zoom in', run: zoom(1 / ZOOM) },
    { key: '-', label: 'Zoom out', run: zoom(ZOOM) },
    { key: 'ArrowLeft', label: 'Earlier, later', run: pan(-STEP) },
    { key: 'ArrowRight', label: 'Earlier, later', run: pan(STEP) },
    { key: 'Home', label: 'Go to now', run: () => onRange(nowRange(range)) },
    ...PRESETS.map(({ label, last }, i) => ({ key: String(i + 1), label: `The last ${label}`,
      run: () => onRange({ last }) })),
    ...(incident ? [{ key: 'i', label: 'The whole incident', run: () => onRange(null) }] : []),
  ], { scope: 'Time axis' });
}

/** The same width, up to now. */
export function nowRange(range) {
  if (isFollowing(range))
    return range;
  return { last: range.to - range.from };
}

const ICONS = {
  in: 'M8 3.5v9M3.5 8h9',
  out: 'M3.5 8h9',
  left: 'M10 3 5 8l5 5',
  right: 'M6 3l5 5-5 5',
};

function Icon({ name }) {
  return html`<svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor"
    stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
    <path d=${ICONS[name]} /></svg>`;
}

/**
 * @param {{id: string, range: object, view: object, isUsual: boolean, incident: object|null,
 *   clock: () => number, onRange: (range: object|null) => void, children: any}} props
 */
export function RangeBar({ id, range, view, isUsual, incident, clock, onRange, children }) {
  const now = isFollowing(range);
  const press = (name, label, run) => html`<${Button} class="is-small" icon=${html`<${Icon}
    name=${name} />`} aria-label=${label} title=${label} onClick=${run} />`;
  const chart = href('analysis', id, { from: new Date(view.from).toISOString(),
    to: new Date(view.to).toISOString() });
  return html`
    <div class="range-bar" role="group" aria-label="Time">
      <div class="row">
        ${incident && html`<${Button} class="is-small" aria-pressed=${isUsual ? 'true' : 'false'}
          onClick=${() => onRange(null)}>Incident<//>`}
        ${PRESETS.map(({ label, last }) => html`<${Button} key=${label} class="is-small"
          aria-pressed=${Math.abs((range.last ?? 0) - last) < 1000 ? 'true' : 'false'}
          onClick=${() => onRange({ last })}>${label}<//>`)}
      </div>
      <div class="row">
        ${press('left', 'Earlier', () => onRange(panned(range, clock(), -STEP)))}
        ${press('out', 'Zoom out', () => onRange(zoomed(range, clock(), ZOOM)))}
        ${press('in', 'Zoom in', () => onRange(zoomed(range, clock(), 1 / ZOOM)))}
        ${press('right', 'Later', () => onRange(panned(range, clock(), STEP)))}
        <${Button} class="is-small" aria-pressed=${now ? 'true' : 'false'}
          onClick=${() => onRange(nowRange(range))}>Now<//>
      </div>
      <span class="range-words num dim">${now ? `since ${dateTime(view.from)}, goes on`
        : `${dateTime(view.from)} to ${dateTime(view.to)}`}</span>
      ${children}
      <a class="range-link" href=${chart}>Charts of this time</a>
    </div>`;
}
