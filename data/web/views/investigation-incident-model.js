// investigation-incident-model.js - incidents: their history, who has them, which comes first
//
// Pure and without DOM: tests/web/unit/investigation-incident-model.test.mjs.

const DAY_MS = 24 * 3600 * 1000;
const ms = (at) => Date.parse(at);

/**
 * Who it was, in their own words, where the desk says "127.0.0.1:4711 (says Ann)".
 * @param {string} who
 */
export function personOf(who) {
  return /\(says ([^)]+)\)/.exec(who)?.[1] ?? who.replace(/^(.+) \(.*\)$/, '$1');
}

const HISTORY_WORDS = { incident_opened: 'Opened', incident_acknowledged: 'Acknowledged',
  incident_recovering: 'Recovering', incident_resolved: 'Resolved', incident_reopened: 'Reopened' };

// The word says what happened; of its sentence the rest.
function restOf(message) {
  return message.replace(/^Incident \S+ (?:opened|reopened|acknowledged|resolved)\b(?:, |: | )?/, '')
    .replace(/^Incident \S+: /, '').replace(/^Incident \S+ /, 'it ')
    .replace(/\S+ \(says ([^)]+)\)/, '$1');
}

/**
 * What became of an incident, oldest first. Its events tell all; without them its own times must do.
 * @param {object} incident
 * @param {object[]} events of its timeline
 * @returns {{at: number, word: string, text: string, kind: string}[]}
 */
export function incidentHistory(incident, events) {
  const told = events.filter((event) => event.event_type in HISTORY_WORDS)
    .map((event) => ({ at: ms(event.timestamp), kind: event.event_type,
      word: HISTORY_WORDS[event.event_type], text: restOf(event.message) }));
  const times = [['incident_opened', incident.opened_at, incident.reason],
    ['incident_acknowledged', incident.acknowledged_at, incident.acknowledged_by
      && `by ${personOf(incident.acknowledged_by)}`],
    ['incident_recovering', incident.recovering_at, null],
    ['incident_resolved', incident.resolved_at, null]];
  for (const [kind, at, text] of times)
    if (at && !told.some((entry) => entry.kind === kind))
      told.push({ at: ms(at), kind, word: HISTORY_WORDS[kind], text: text ?? '' });
  return told.sort((a, b) => a.at - b.at);
}

/**
 * Whether an incident belongs to what somebody looks at.
 * @param {object} incident
 * @param {{state: string, stream: string, days: number}} filter empty members: any
 */
export function fitsFilter(incident, { state, stream, days }, now) {
  const isOfState = !state || incident.status === state
    || (state === 'active' && incident.status !== 'resolved');
  return isOfState && (!stream || incident.stream_id === stream)
    && (!days || ms(incident.opened_at) >= now - days * DAY_MS);
}

const INCIDENT_RANKS = { 'NO DATA': 0, HEALTHY: 0, DEGRADED: 1, UNHEALTHY: 2 };

/** Active ones first, of those the worst; then the newest. */
export function compareIncidents(a, b) {
  const isOver = (incident) => Number(incident.status === 'resolved');
  return isOver(a) - isOver(b)
    || (isOver(a) ? 0 : (INCIDENT_RANKS[b.state] ?? 0) - (INCIDENT_RANKS[a.state] ?? 0))
    || ms(b.opened_at) - ms(a.opened_at) || (a.id < b.id ? -1 : 1);
}
