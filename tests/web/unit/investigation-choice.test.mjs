// investigation-choice.test.mjs - what is chosen on the axis is found in the list, and back

import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './live-modules.mjs';

const { itemOf, wishOf } = await load('views/investigation-choice.js');

const event = (more) => ({ event_id: '7', timestamp: '2026-11-22T12:00:00.000Z', event_type: 'switch', metadata: {}, incident_id: null, ...more });
const AT = Date.parse('2026-11-22T12:00:00.000Z');

test('an event is itself', () => {
  const wish = wishOf([{ from: AT, event: event() }], 1);
  assert.ok(wish.fits(event()));
  assert.ok(!wish.fits(event({ event_id: '8' })));
  assert.equal(itemOf(event()), 'event-7');
});

test('a finding is the event that it was opened', () => {
  const wish = wishOf([{ from: AT, finding: { id: '42' } }], 2);
  assert.ok(wish.fits(event({ event_type: 'finding_opened', metadata: { finding: 42 } })));
  assert.ok(!wish.fits(event({ event_type: 'finding_closed', metadata: { finding: 42 } })));
  assert.equal(itemOf(event({ event_type: 'finding_closed', metadata: { finding: 42 } })), 'finding-42');
});

test('a state is the change to it, an incident its opening', () => {
  const state = wishOf([{ from: AT, state: 'DEGRADED' }], 3);
  assert.ok(state.fits(event({ event_type: 'health_change' })));
  assert.ok(!state.fits(event({ event_type: 'health_change', timestamp: '2026-11-22T12:00:01.000Z' })));
  assert.equal(itemOf(event({ event_type: 'health_change' })), `state-${AT}`);
  const incident = wishOf([{ from: AT, incident: { id: 'INC-1' } }], 4);
  assert.ok(incident.fits(event({ event_type: 'incident_opened', incident_id: 'INC-1' })));
  assert.ok(!incident.fits(event({ event_type: 'incident_opened', incident_id: 'INC-2' })));
});

test('many items are looked for at once, the oldest says how far back', () => {
  const wish = wishOf([{ from: AT + 5, event: event() }, { from: AT, event: event({ event_id: '9' }) }], 5);
  assert.ok(wish.fits(event()) && wish.fits(event({ event_id: '9' })));
  assert.equal(wish.at, AT);
  assert.equal(wish.key, 5);
});
