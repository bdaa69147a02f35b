// investigation-incident-model.test.mjs - incidents: history, order, filter

import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './live-modules.mjs';

const { compareIncidents, fitsFilter, incidentHistory, personOf } = await load('views/investigation-incident-model.js');

const T0 = Date.UTC(2026, 10, 22, 12, 0, 0);
const at = (s) => new Date(T0 + s * 1000).toISOString();
const incident = (more) => ({ id: 'INC-1', status: 'open', state: 'UNHEALTHY', stream_id: 'a', opened_at: at(0),
  reason: 'gone', acknowledged_at: null, acknowledged_by: null, recovering_at: null, resolved_at: null, ...more });

test('a person is named as they name themselves', () => {
  assert.equal(personOf('127.0.0.1:4711 (says Ann)'), 'Ann');
  assert.equal(personOf('night (token 2)'), 'night');
  assert.equal(personOf('ops'), 'ops');
});

test('the history is what the events say, in few words', () => {
  const events = [['incident_opened', 0, 'Incident INC-1 opened: no playlist for 4 s'],
    ['incident_acknowledged', 10, 'Incident INC-1 acknowledged by 127.0.0.1:1 (says Ann): on it'],
    ['incident_recovering', 20, 'Incident INC-1: the stream is well again; resolved when it stays so for 30 s'],
    ['incident_reopened', 25, 'Incident INC-1 is not over: gone again'],
    ['incident_resolved', 60, 'Incident INC-1 resolved after 1 min'],
    ['incident_reopened', 90, 'Incident INC-1 reopened, 30 s after it was resolved: gone'],
    ['note', 30, 'Ann: looked']].map(([type, s, message]) => ({ event_type: type, timestamp: at(s), message }));
  const history = incidentHistory(incident(), events);
  assert.deepEqual(history.map(({ word, text }) => `${word} ${text}`), ['Opened no playlist for 4 s',
    'Acknowledged by Ann: on it', 'Recovering the stream is well again; resolved when it stays so for 30 s',
    'Reopened it is not over: gone again', 'Resolved after 1 min',
    'Reopened 30 s after it was resolved: gone']);
});

test('without events the times of the incident do', () => {
  const history = incidentHistory(incident({ acknowledged_at: at(5), acknowledged_by: 'x (says Ann)', resolved_at: at(9) }), []);
  assert.deepEqual(history.map(({ word, text }) => [word, text]), [['Opened', 'gone'], ['Acknowledged', 'by Ann'], ['Resolved', '']]);
});

test('what is active comes first, of that the worst, then the newest', () => {
  const list = [incident({ id: 'old', status: 'resolved', opened_at: at(0) }),
    incident({ id: 'new', status: 'resolved', opened_at: at(50), state: 'DEGRADED' }),
    incident({ id: 'mild', state: 'DEGRADED', opened_at: at(90) }), incident({ id: 'bad', opened_at: at(10) }),
    incident({ id: 'worse', status: 'acknowledged', opened_at: at(20) })];
  assert.deepEqual(list.sort(compareIncidents).map(({ id }) => id), ['worse', 'bad', 'mild', 'new', 'old']);
});

test('what is looked for', () => {
  const any = { state: '', stream: '', days: 0 };
  const now = T0 + 2 * 86400000;
  assert.ok(fitsFilter(incident(), any, now));
  assert.ok(fitsFilter(incident({ status: 'recovering' }), { ...any, state: 'active' }, now));
  assert.ok(!fitsFilter(incident({ status: 'resolved' }), { ...any, state: 'active' }, now));
  assert.ok(!fitsFilter(incident(), { ...any, state: 'acknowledged' }, now));
  assert.ok(!fitsFilter(incident(), { ...any, stream: 'b' }, now));
  assert.ok(!fitsFilter(incident(), { ...any, days: 1 }, now));
  assert.ok(fitsFilter(incident(), { ...any, days: 7 }, now));
});
