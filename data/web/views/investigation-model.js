// investigation-model.js - from what the desk tells to the lanes of the time axis
//
// A lane is one line of the axis; its items have from, to (the same for a moment), rank (how bad:
// 0 to 2) and a sentence. Pure and without DOM: tests/web/unit/investigation-model.test.mjs.

export const RANKS = { info: 0, degraded: 1, unhealthy: 2 };
const STATE_RANKS = { 'NO DATA': 1, PAUSED: 0, HEALTHY: 0, DEGRADED: 2, UNHEALTHY: 3 };
const MAX_EVENTS = 5000;
const MAX_FINDING_LANES = 7;
const PICTURE_RANKS = { 'switch-before': 2, 'switch-after': 2, finding: 1,
  'finding-before': 1, 'incident-opened': 1, 'incident-resolved': 1 };

/** Kinds of events as the list offers them. `isQuiet`: only when asked for. */
export const KIND_GROUPS = [
  { key: 'health', label: 'Health', kinds: ['health_change'] },
  { key: 'findings', label: 'Findings', kinds: ['finding_opened', 'finding_closed'] },
  { key: 'failovers', label: 'Failovers and orders', kinds: ['switch', 'order'] },
  { key: 'chain', label: 'Encoder and packagers', kinds: ['publisher', 'packager', 'origin'] },
  { key: 'incidents', label: 'Incidents and notes', kinds: ['incident_opened',
    'incident_acknowledged', 'incident_recovering', 'incident_resolved', 'incident_reopened',
    'cause_changed', 'note'] },
  { key: 'errors', label: 'Failed fetches', kinds: ['segment_error', 'playlist_error'] },
  { key: 'stream', label: 'The stream itself', kinds: ['stream_added', 'stream_paused',
    'stream_resumed', 'maintenance', 'ladder_changed'] },
  { key: 'pictures', label: 'Pictures', kinds: ['thumbnail'], isQuiet: true },
  { key: 'segments', label: 'Good segments', kinds: ['segment_ok'], isQuiet: true },
];

/** One word for each kind of event. */
export const KIND_WORDS = {
  segment_ok: 'Segment', segment_error: 'Segment', health_change: 'Health',
  incident_opened: 'Incident', incident_acknowledged: 'Acknowledged',
  incident_recovering: 'Recovering', incident_resolved: 'Resolved', incident_reopened: 'Reopened',
  cause_changed: 'Cause', note: 'Note', playlist_error: 'Playlist', finding_opened: 'Finding',
  finding_closed: 'Over', ladder_changed: 'Renditions', thumbnail: 'Picture',
  stream_added: 'Added', stream_paused: 'Paused', stream_resumed: 'Resumed',
  maintenance: 'Maintenance', publisher: 'Encoder', packager: 'Packager', origin: 'Origin',
  switch: 'Failover', order: 'Order',
};

/** What the axis reads: few for all times, many only as far as they go. */
export const RARE_KINDS = KIND_GROUPS.filter((group) =>
  ['failovers', 'chain', 'incidents', 'stream'].includes(group.key)).flatMap((group) => group.kinds);
export const ERROR_KINDS = ['segment_error', 'playlist_error'];

const SOURCES = [
  { source: 'ingest', label: 'Encoder' },
  { source: 'packager-primary', label: 'Primary packager' },
  { source: 'packager-backup', label: 'Backup packager' },
];

const ms = (at) => (at === null || at === undefined ? null : Date.parse(at));

/* ---- keeping up ---- */

function compareEvents(a, b) {
  return ms(a.timestamp) - ms(b.timestamp) || Number(a.event_id) - Number(b.event_id);
}

/**
 * Events by time, each once.
 * @param {object[]} list sorted already
 * @param {object[]} more in any order
 * @returns {object[]} `list` itself when nothing is new; the newest when there are too many
 */
export function mergeEvents(list, more) {
  const known = new Set(list.map((event) => event.event_id));
  const fresh = more.filter((event) => !known.has(event.event_id)
    && known.add(event.event_id));
  if (fresh.length === 0)
    return list;
  return [...list, ...fresh].sort(compareEvents).slice(-MAX_EVENTS);
}

/** Puts a thing where the one with its id is, or at the beginning. */
export function upsert(list, thing) {
  const i = list.findIndex((each) => each.id === thing.id);
  return i < 0 ? [thing, ...list] : list.map((each, k) => (k === i ? thing : each));
}

/** The later knowledge of each finding; what was read later counts more. */
export function mergeFindings(...lists) {
  const all = new Map();
  for (const finding of lists.flat()) {
    const before = all.get(finding.id);
    if (!before || before.is_open || !finding.is_open)
      all.set(finding.id, finding);
  }
  return [...all.values()];
}

/* ---- states ---- */

function pausedSpans(events, isPaused, until) {
  const spans = [];
  let from = null;
  for (const event of events) {
    if (event.event_type === 'stream_paused')
      from ??= ms(event.timestamp);
    else if (event.event_type === 'stream_resumed' && from !== null) {
      spans.push({ from, to: ms(event.timestamp) });
      from = null;
    }
  }
  if (from !== null && isPaused)
    spans.push({ from, to: until });
  return spans;
}

function cut(spans, hole) {
  return spans.flatMap((span) => {
    if (hole.to <= span.from || hole.from >= span.to)
      return [span];
    return [{ ...span, to: hole.from }, { ...span, from: hole.to }]
      .filter((part) => part.to > part.from);
  });
}

/**
 * How the stream was, from one change to the next.
 * @param {{timestamp: string, state: string, reason: string|null}[]} points
 * @param {object[]} events for pauses
 * @param {object|undefined} stream as it is now
 * @returns {{id, from, to, state, rank, text}[]} oldest first
 */
export function stateSpans(points, events, stream, now) {
  const changes = points.map((point) => ({ at: ms(point.timestamp), state: point.state,
    text: point.reason ?? point.state }));
  const since = ms(stream?.since);
  if (since !== null && stream && (changes.length === 0 || since > changes.at(-1).at)
      && changes.at(-1)?.state !== stream.state)
    changes.push({ at: since, state: stream.state, text: stream.reason ?? stream.state });
  let spans = changes.map((change, i) => ({ id: `state-${change.at}`, from: change.at,
    to: changes[i + 1]?.at ?? Math.max(now, change.at), state: change.state,
    rank: STATE_RANKS[change.state] ?? 1, text: change.text }));
  for (const pause of pausedSpans(events, stream?.paused, now))
    spans = [...cut(spans, pause), { id: `pause-${pause.from}`, ...pause, state: 'PAUSED', rank: 0,
      text: 'Paused: it was not probed' }];
  return spans.filter((span) => span.to > span.from).sort((a, b) => a.from - b.from);
}

/* ---- findings ---- */

function findingItem(finding, now) {
  const from = ms(finding.first_at);
  const to = finding.is_open ? now : ms(finding.closed_at) ?? ms(finding.last_at);
  return { id: `finding-${finding.id}`, from, to: Math.max(to, from), isOpen: finding.is_open,
    rank: RANKS[finding.severity] ?? 0, text: `${finding.title}: ${finding.text}`,
    count: finding.count, finding };
}

function laneOrder(a, b) {
  return b.isOpen - a.isOpen || b.rank - a.rank || b.newest - a.newest;
}

/**
 * A lane for each check that found something in the view, the worst first; the last one is for all
 * that have no lane of their own.
 */
export function findingLanes(findings, view, now) {
  const byCheck = new Map();
  for (const finding of findings) {
    const item = findingItem(finding, now);
    if (item.to < view.from || item.from > view.to)
      continue;
    const lane = byCheck.get(finding.check)
      ?? { id: `check-${finding.check}`, type: 'bars', row: 'findings', label: finding.title,
        group: finding.group, items: [], rank: 0, isOpen: false, newest: 0 };
    lane.items.push(item);
    lane.rank = Math.max(lane.rank, item.rank);
    lane.isOpen ||= item.isOpen;
    lane.newest = Math.max(lane.newest, item.from);
    byCheck.set(finding.check, lane);
  }
  const lanes = [...byCheck.values()].sort(laneOrder);
  if (lanes.length <= MAX_FINDING_LANES)
    return lanes;
  const others = lanes.slice(MAX_FINDING_LANES - 1);
  return [...lanes.slice(0, MAX_FINDING_LANES - 1), { id: 'check-others', type: 'bars',
    row: 'findings', label: `${others.length} more checks`, group: null,
    items: others.flatMap((lane) => lane.items) }];
}

/* ---- our own chain ---- */

function eventItem(event) {
  const at = ms(event.timestamp);
  return { id: `event-${event.event_id}`, from: at, to: at, rank: RANKS[event.severity] ?? 0,
    text: event.message, event };
}

/**
 * Who delivered, from one failover to the next.
 * @param {object[]} switches events, oldest first
 * @param {string|null} active who delivers now, as the stream says
 * @returns {{id, from, to, origin, rank, text}[]}
 */
export function originSpans(switches, active, view, now) {
  const end = Math.min(view.to, now);
  const known = switches.filter((event) => event.metadata?.to);
  const spans = [];
  let from = view.from;
  let origin = known.length > 0 ? known[0].metadata.from : active;
  for (const event of known) {
    const at = ms(event.timestamp);
    if (at > from && origin)
      spans.push({ from, to: Math.min(at, end), origin });
    from = Math.max(at, view.from);
    origin = event.metadata.to;
  }
  if (origin && end > from)
    spans.push({ from, to: end, origin });
  return spans.filter((span) => span.to > span.from).map((span) => ({ ...span,
    id: `origin-${span.from}`, rank: 0, text: `Viewers get ${span.origin}` }));
}

// From a fault to the next good news of the same source.
function faultSpans(events, now) {
  const spans = [];
  let open = null;
  for (const event of events) {
    const at = ms(event.timestamp);
    if (event.severity === 'info' && open !== null) {
      spans.push({ from: open, to: at });
      open = null;
    } else if (event.severity !== 'info') {
      open ??= at;
    }
  }
  return open === null ? spans : [...spans, { from: open, to: now }];
}

function chainLanes(events, stream, view, now) {
  const switches = events.filter((event) => event.event_type === 'switch');
  const lanes = [{ id: 'failovers', row: 'chain', type: 'ribbon', label: 'Failovers',
    spans: originSpans(switches, stream?.chain?.active_origin ?? null, view, now),
    items: switches.map(eventItem) }];
  for (const { source, label } of SOURCES) {
    const own = events.filter((event) => event.source === source);
    lanes.push({ id: source, row: 'chain', type: 'marks', label, faults: faultSpans(own, now),
      items: own.map(eventItem) });
  }
  lanes.push({ id: 'switcher', row: 'chain', type: 'marks', label: 'Origins and orders',
    items: events.filter((event) => ['origin', 'order'].includes(event.event_type)
      && !SOURCES.some(({ source }) => source === event.source)).map(eventItem) });
  return lanes;
}

/* ---- incidents, errors, pictures ---- */

const INCIDENT_MARKS = KIND_GROUPS.find((group) => group.key === 'incidents').kinds
  .concat(KIND_GROUPS.find((group) => group.key === 'stream').kinds);

function incidentLane(incidents, events, now) {
  return { id: 'incidents', row: 'incidents', type: 'incidents', label: 'Incident and people',
    spans: incidents.map((incident) => ({ id: `incident-${incident.id}`, incident,
      from: ms(incident.opened_at), to: ms(incident.resolved_at) ?? now,
      isOpen: incident.resolved_at === null, rank: incident.state === 'UNHEALTHY' ? 2 : 1,
      text: `${incident.id}: ${incident.root_cause?.title ?? incident.reason ?? 'not well'}` })),
    items: events.filter((event) => INCIDENT_MARKS.includes(event.event_type)).map(eventItem) };
}

/**
 * Pictures of a failover say "before" and "after"; the event knows which they are.
 * @param {object[]} thumbnails as the desk lists them
 * @param {object[]} events
 */
export function pictureItems(thumbnails, events) {
  const all = new Map(thumbnails.map(({ id, at, reason, thumbnail_url: url }) => [id, {
    id: `picture-${id}`, pictureId: id, from: ms(at), to: ms(at), url,
    rank: PICTURE_RANKS[reason] ?? 0, text: pictureWords(reason) }]));
  for (const event of events.filter((each) => each.event_type === 'switch')) {
    const ids = { before: event.thumbnail_url?.split('/').pop(),
      after: event.metadata?.thumbnail_after };
    for (const [when, id] of Object.entries(ids))
      if (all.has(id))
        all.set(id, { ...all.get(id), rank: 2, text: pictureWords(`switch-${when}`, event) });
  }
  return [...all.values()].sort((a, b) => a.from - b.from);
}

function pictureWords(reason, event) {
  const change = event?.metadata?.to ? ` from ${event.metadata.from} to ${event.metadata.to}` : '';
  if (reason === 'switch-before')
    return `The last picture before the failover${change}`;
  if (reason === 'switch-after')
    return `The first picture after the failover${change}`;
  return { finding: 'What it looked like when something was found',
    'finding-before': 'The last picture before something was found',
    'incident-opened': 'What it looked like when the incident opened',
    'incident-resolved': 'What it looked like when the incident was resolved' }[reason]
    ?? `Picture taken: ${reason ?? 'no reason given'}`;
}

/* ---- all lanes ---- */

/**
 * @param {object} data {events, findings, health, points, thumbnails, incidents}
 * @param {object|undefined} stream as it is now
 * @returns {object[]} from top to bottom
 */
export function lanesOf(data, stream, view, now) {
  const lanes = [
    { id: 'state', row: 'state', type: 'state', label: 'State', items: [],
      spans: stateSpans(data.health, data.events, stream, now) },
    incidentLane(data.incidents, data.events, now),
    ...findingLanes(data.findings, view, now),
  ];
  if (stream?.is_own)
    lanes.push(...chainLanes(data.events, stream, view, now));
  const errors = data.events.filter((event) => ERROR_KINDS.includes(event.event_type));
  if (errors.length > 0)
    lanes.push({ id: 'errors', row: 'errors', type: 'marks', label: 'Failed fetches',
      items: errors.map(eventItem) });
  const pictures = pictureItems(data.thumbnails, data.events);
  if (pictures.length > 0)
    lanes.push({ id: 'pictures', row: 'pictures', type: 'pictures', label: 'Pictures',
      items: pictures });
  lanes.push({ id: 'speed', row: 'speed', type: 'speed', label: 'First byte, errors', items: [],
    points: data.points, resolution: data.resolution });
  return lanes;
}

/* ---- what is there at a moment ---- */

function during(items, at, slack) {
  return items.filter((item) => item.from - slack <= at && item.to + slack >= at);
}

function pointAt(points, at, resolution) {
  return points.findLast((point) => point.at <= at && at < point.at + Math.max(resolution, 2000) * 1.5)
    ?? null;
}

/**
 * @param {object[]} lanes of lanesOf()
 * @param {number} slack ms: as near counts as there
 * @returns {{state: object|null, origin: string|null, findings: object[], incident: object|null,
 *   moments: object[], point: object|null}}
 */
export function momentAt(lanes, at, slack) {
  const by = (id) => lanes.find((lane) => lane.id === id);
  const bars = lanes.filter((lane) => lane.type === 'bars').flatMap((lane) => lane.items);
  const moments = lanes.filter((lane) => ['marks', 'ribbon', 'incidents'].includes(lane.type))
    .flatMap((lane) => during(lane.items, at, slack));
  const speed = by('speed');
  return {
    state: during(by('state')?.spans ?? [], at, 0).at(-1) ?? null,
    origin: during(by('failovers')?.spans ?? [], at, 0).at(-1)?.origin ?? null,
    incident: during(by('incidents')?.spans ?? [], at, 0)[0]?.incident ?? null,
    findings: during(bars, at, slack).sort((a, b) => b.rank - a.rank),
    moments: moments.sort((a, b) => Math.abs(a.from - at) - Math.abs(b.from - at)),
    point: speed ? pointAt(speed.points, at, speed.resolution) : null,
  };
}

/** Series of the desk as points: {at, ttfb, low, high, errors, segments} */
export function speedPoints(dataPoints) {
  return dataPoints.map((point) => ({ at: ms(point.timestamp), ttfb: point.ttfb_ms,
    low: point.ttfb_min_ms, high: point.ttfb_max_ms, errors: point.errors,
    segments: point.segments }));
}
