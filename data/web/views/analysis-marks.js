// analysis-marks.js - what lies over the charts: incidents as spans, failovers and orders as lines
//
// Each has one sentence. Pure and without DOM: tests/web/unit/analysis-marks.test.mjs.

/** Kinds of the timeline that explain a chart; the rest is the Investigation's. */
export const MARK_KINDS = ['switch', 'maintenance', 'stream_paused', 'stream_resumed'];

const TITLES = { switch: 'Failover', maintenance: 'Maintenance', stream_paused: 'Paused',
  stream_resumed: 'Resumed' };
const NEAR_PX = 5;

function lengthText(ms) {
  const s = Math.max(1, Math.round(ms / 1000));
  if (s < 90)
    return `${s} s`;
  const min = Math.round(s / 60);
  if (min < 90)
    return `${min} min`;
  const hours = Math.round(min / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} d`;
}

const asSentence = (text) => text[0].toUpperCase() + text.slice(1).replace(/\.$/, '');

function incidentSentence(incident, from, to, now) {
  const length = to === null ? `for ${lengthText(now - from)} now` : `for ${lengthText(to - from)}`;
  const cause = incident.root_cause?.title;
  const why = [incident.reason, cause && cause !== incident.reason ? `cause: ${cause}` : null];
  return [`Incident, ${incident.state} ${length}`, ...why.filter(Boolean).map(asSentence)].join('. ');
}

/**
 * @param {object[]} incidents of the desk, in any order
 * @param {object[]} events of its timeline
 * @param {{from: number, to: number}} view only what is in it
 * @param {number} now
 * @returns {{key: string, kind: 'incident'|'switch'|'maintenance'|'stream_paused'|'stream_resumed',
 *   from: number, to: number, isOpen: boolean, state: string|null, title: string, sentence: string,
 *   incident: string|null}[]} in order
 */
export function marksOf(incidents, events, view, now) {
  const spans = incidents.map((incident) => {
    const from = Date.parse(incident.opened_at);
    const to = incident.resolved_at ? Date.parse(incident.resolved_at) : null;
    return { key: incident.id, kind: 'incident', from, to: to ?? now, isOpen: to === null,
      state: incident.state, title: 'Incident', incident: incident.id,
      sentence: incidentSentence(incident, from, to, now) };
  });
  const lines = events.map((event) => {
    const at = Date.parse(event.timestamp);
    return { key: `event-${event.event_id}`, kind: event.event_type, from: at, to: at, isOpen: false,
      state: null, title: TITLES[event.event_type] ?? 'Event', incident: event.incident_id ?? null,
      sentence: `${TITLES[event.event_type] ?? 'Event'}: ${event.message}` };
  });
  return [...spans, ...lines].filter((mark) => mark.to >= view.from && mark.from <= view.to)
    .sort((a, b) => a.from - b.from || a.to - b.to);
}

/**
 * Those that a time touches, the shortest first.
 * @param {number} perPx ms of a px
 */
export function marksAt(marks, time, perPx) {
  const near = perPx * NEAR_PX;
  return marks.filter((mark) => mark.from - near <= time && time <= mark.to + near)
    .sort((a, b) => (a.to - a.from) - (b.to - b.from));
}

/**
 * Marks as buttons in a row: those that would cover one another are one.
 * @param {number} width px
 * @param {number} [gap] px that a button needs
 * @returns {{left: number, width: number, marks: object[], bars: {left: number, width: number}[]}[]}
 *   px from the left; `bars` are the incidents among the marks
 */
export function groupsOf(marks, view, width, gap = 14) {
  const perMs = width / (view.to - view.from);
  const groups = [];
  for (const mark of marks) {
    const left = Math.max(0, (mark.from - view.from) * perMs);
    const right = Math.min(width, (mark.to - view.from) * perMs);
    const isNear = groups.length > 0 && left - groups.at(-1).left < gap;
    if (!isNear)
      groups.push({ left, width: 0, marks: [], bars: [] });
    const group = groups.at(-1);
    group.marks.push(mark);
    group.width = Math.max(group.width, right - group.left);
    if (mark.kind === 'incident')
      group.bars.push({ left, width: right - left });
  }
  return groups;
}
