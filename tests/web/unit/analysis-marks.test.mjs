// analysis-marks.test.mjs - incidents and failovers over the charts, and their sentences

import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './live-modules.mjs';

const { marksOf, marksAt, groupsOf } = await load('views/analysis-marks.js');

const T0 = Date.parse('2026-03-14T12:00:00Z');
const iso = (s) => new Date(T0 + s * 1000).toISOString();
const view = { from: T0, to: T0 + 3600e3 };
const NOW = T0 + 3600e3;

function incident(id, from, to, members = {}) {
  return { id, state: 'UNHEALTHY', reason: 'No new segment for 12 s', root_cause: { title: 'Encoder stopped' },
    opened_at: iso(from), resolved_at: to === null ? null : iso(to), ...members };
}
const change = (id, s, type = 'switch') => ({ event_id: String(id), event_type: type, timestamp: iso(s),
  message: 'To the backup: the primary stands still', incident_id: null });

test('an incident is a span with its reason and its cause, an event a line with its message', () => {
  const marks = marksOf([incident('INC-1', 600, 900)], [change(7, 620)], view, NOW);
  assert.deepEqual(marks.map(({ key, kind, from, to }) => [key, kind, (from - T0) / 1000, (to - T0) / 1000]),
    [['INC-1', 'incident', 600, 900], ['event-7', 'switch', 620, 620]]);
  assert.equal(marks[0].sentence, 'Incident, UNHEALTHY for 5 min. No new segment for 12 s. Cause: Encoder stopped');
  assert.equal(marks[1].sentence, 'Failover: To the backup: the primary stands still');
});

test('a reason and a cause are sentences, however they are written', () => {
  const [mark] = marksOf([incident('INC-1', 600, 900, { reason: 'segment 230: black.', root_cause: null })], [], view, NOW);
  assert.equal(mark.sentence, 'Incident, UNHEALTHY for 5 min. Segment 230: black');
});

test('an incident that goes on ends now, and says so', () => {
  const [mark] = marksOf([incident('INC-1', 3000, null, { root_cause: null })], [], view, NOW);
  assert.equal(mark.to, NOW);
  assert.equal(mark.isOpen, true);
  assert.match(mark.sentence, /for 10 min now/);
});

test('what is not in the view is left out, what reaches into it stays', () => {
  const marks = marksOf([incident('before', -900, -60), incident('into', -60, 30), incident('after', 4000, 5000)],
    [change(1, -5), change(2, 3601)], view, NOW);
  assert.deepEqual(marks.map((mark) => mark.key), ['into']);
});

test('under the cursor is what it touches or nearly touches, the shortest first', () => {
  const marks = marksOf([incident('INC-1', 600, 900)], [change(7, 620)], view, NOW);
  const keys = (s, perPx = 1000) => marksAt(marks, T0 + s * 1000, perPx).map((mark) => mark.key);
  assert.deepEqual(keys(621), ['event-7', 'INC-1']);
  assert.deepEqual(keys(700), ['INC-1']);
  assert.deepEqual(keys(596), ['INC-1']);
  assert.deepEqual(keys(500), []);
});

test('marks that would cover one another are one', () => {
  const marks = marksOf([incident('INC-1', 600, 610), incident('INC-2', 620, 1200)], [change(7, 3000)], view, NOW);
  const groups = groupsOf(marks, view, 360, 14);
  assert.deepEqual(groups.map((group) => group.marks.map((mark) => mark.key)), [['INC-1', 'INC-2'], ['event-7']]);
  assert.equal(groups[0].left, 60);
  assert.equal(groups[0].width, 60);
  assert.deepEqual(groups[0].bars, [{ left: 60, width: 1 }, { left: 62, width: 58 }]);
  assert.deepEqual(groups[1].bars, []);
  assert.deepEqual(groupsOf(marks, view, 36000, 14).map((group) => group.marks.length), [1, 1, 1]);
});

test('a mark that began before the view begins at its edge', () => {
  const [group] = groupsOf(marksOf([incident('INC-1', -600, 360)], [], view, NOW), view, 1000);
  assert.deepEqual([group.left, group.width], [0, 100]);
});
