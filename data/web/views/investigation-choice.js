// investigation-choice.js - what is chosen on the axis, as events of the list, and the other way
//
// Pure and without DOM: tests/web/unit/investigation-choice.test.mjs.

function fitsItem(event, item) {
  if (item.event)
    return event.event_id === item.event.event_id;
  if (item.finding)
    return event.event_type === 'finding_opened'
      && String(event.metadata?.finding) === String(item.finding.id);
  if (item.incident)
    return event.event_type === 'incident_opened' && event.incident_id === item.incident.id;
  if (item.state === 'PAUSED')
    return event.event_type === 'stream_paused' && Date.parse(event.timestamp) === item.from;
  if (item.state)
    return event.event_type === 'health_change' && Date.parse(event.timestamp) === item.from;
  return false;
}

/**
 * What the list is to look for.
 * @param {object[]} items of a mark
 * @param {number} round rises with every choice
 * @returns {{key: number, at: number, fits: (event: object) => boolean}} `at`: nothing that is older
 *   need be looked at
 */
export function wishOf(items, round) {
  return { key: round, at: Math.min(...items.map((item) => item.from)),
    fits: (event) => items.some((item) => fitsItem(event, item)) };
}

/** The item of the axis that an event is, or belongs to. */
export function itemOf(event) {
  if (['finding_opened', 'finding_closed'].includes(event.event_type) && event.metadata?.finding)
    return `finding-${event.metadata.finding}`;
  if (event.event_type === 'health_change')
    return `state-${Date.parse(event.timestamp)}`;
  return `event-${event.event_id}`;
}
