// investigation-model.test.mjs - from what the desk tells to the lanes of the axis

import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './live-modules.mjs';

const model = await load('views/investigation-model.js');

const T0 = Date.UTC(2026, 10, 22, 12, 0, 0);
const at = (s) => new Date(T0 + s * 1000).toISOString();
const view = { from: T0, to: T0 + 600000 };
const NOW = T0 + 600000;
let next = 1;

function event(s, type, more = {}) {
  return { event_id: String(next++), stream_id: 'own', timestamp: at(s), event_type: type, severity: 'info',
    source: 'probe', message: `${type} at ${s}`, rendition: null, metadata: {}, incident_id: null,
    thumbnail_url: null, ...more };
}

function finding(id, s, end, more = {}) {
  return { id, stream_id: 'own', check: 'stale', title: 'Playlist stands still', group: 'playlist',
    severity: 'degraded', text: 'no new segment', rendition: null, value: 7, limit: 6, count: 3,
    is_open: end === null, first_at: at(s), last_at: at(s + 1), closed_at: end === null ? null : at(end), ...more };
}

const nothing = { events: [], findings: [], health: [], points: [], thumbnails: [], incidents: [], resolution: 1000 };

test('every kind of event has a group and a word', () => {
  const kinds = model.KIND_GROUPS.flatMap((group) => group.kinds);
  assert.equal(new Set(kinds).size, kinds.length);
  assert.equal(kinds.length, 24);
  for (const kind of kinds)
    assert.ok(model.KIND_WORDS[kind], kind);
});

test('events are in order of time, each once', () => {
  const a = event(5, 'switch');
  const b = event(1, 'origin');
  const list = model.mergeEvents([], [a, b, a]);
  assert.deepEqual(list.map(({ event_type: type }) => type), ['origin', 'switch']);
  assert.equal(model.mergeEvents(list, [b]), list);
});

test('too many events lose the oldest', () => {
  const many = Array.from({ length: 6000 }, (_, i) => event(i, 'segment_error'));
  const list = model.mergeEvents([], many);
  assert.equal(list.length, 5000);
  assert.equal(list.at(-1).timestamp, at(5999));
});

test('the later knowledge of a finding counts', () => {
  const open = finding('1', 0, null);
  const closed = finding('1', 0, 50);
  assert.equal(model.mergeFindings([closed], [open])[0].is_open, false);
  assert.equal(model.mergeFindings([open], [closed])[0].is_open, false);
  assert.equal(model.mergeFindings([open], [{ ...open, count: 9 }])[0].count, 9);
  assert.equal(model.upsert([open], closed)[0], closed);
  assert.equal(model.upsert([open], finding('2', 1, null)).length, 2);
});

test('states last until the next change, the last one until now', () => {
  const spans = model.stateSpans([{ timestamp: at(0), state: 'HEALTHY', reason: null },
    { timestamp: at(100), state: 'UNHEALTHY', reason: 'gone' }], [], { since: at(100), state: 'UNHEALTHY' }, NOW);
  assert.deepEqual(spans.map(({ state, from, to }) => [state, from - T0, to - T0]),
    [['HEALTHY', 0, 100000], ['UNHEALTHY', 100000, 600000]]);
  assert.equal(spans[1].text, 'gone');
});

test('a change that only the stream knows of is there', () => {
  const spans = model.stateSpans([{ timestamp: at(0), state: 'HEALTHY', reason: null }], [],
    { since: at(300), state: 'DEGRADED', reason: 'slow' }, NOW);
  assert.deepEqual(spans.map(({ state }) => state), ['HEALTHY', 'DEGRADED']);
  assert.deepEqual(model.stateSpans([], [], undefined, NOW), []);
});

test('a pause stands in the state', () => {
  const health = [{ timestamp: at(0), state: 'HEALTHY', reason: null }];
  const over = model.stateSpans(health, [event(100, 'stream_paused'), event(200, 'stream_resumed')],
    { since: at(0), state: 'HEALTHY', paused: false }, NOW);
  assert.deepEqual(over.map(({ state, from, to }) => [state, from - T0, to - T0]), [['HEALTHY', 0, 100000],
    ['PAUSED', 100000, 200000], ['HEALTHY', 200000, 600000]]);
  const now = model.stateSpans(health, [event(100, 'stream_paused')], { since: at(0), state: 'HEALTHY', paused: true }, NOW);
  assert.equal(now.at(-1).state, 'PAUSED');
});

test('each check has a lane, what is open and bad first', () => {
  const lanes = model.findingLanes([finding('1', 10, 20, { check: 'ttfb', title: 'Slow' }),
    finding('2', 30, null), finding('3', 400, 410, { check: 'black', title: 'Black', severity: 'unhealthy' }),
    finding('4', -500, -400, { check: 'dns' })], view, NOW);
  assert.deepEqual(lanes.map(({ id }) => id), ['check-stale', 'check-black', 'check-ttfb']);
  assert.equal(lanes[0].items[0].to, NOW);
  assert.equal(lanes[0].items[0].isOpen, true);
});

test('many checks share the last lane', () => {
  const many = Array.from({ length: 20 }, (_, i) => finding(String(i), i, 300, { check: `check-${i}` }));
  const lanes = model.findingLanes(many, view, NOW);
  assert.equal(lanes.length, 7);
  assert.equal(lanes.reduce((n, lane) => n + lane.items.length, 0), 20);
  assert.match(lanes.at(-1).label, /14 more/);
});

test('who delivered is known from the failovers', () => {
  const switches = [event(100, 'switch', { metadata: { from: 'primary', to: 'backup' } }),
    event(200, 'switch', { metadata: { from: 'backup', to: 'primary' } })];
  const spans = model.originSpans(switches, 'primary', view, NOW);
  assert.deepEqual(spans.map(({ origin, from, to }) => [origin, from - T0, to - T0]),
    [['primary', 0, 100000], ['backup', 100000, 200000], ['primary', 200000, 600000]]);
  assert.deepEqual(model.originSpans([], 'backup', view, NOW).map(({ origin }) => origin), ['backup']);
  assert.deepEqual(model.originSpans([], null, view, NOW), []);
  const before = model.originSpans([event(-50, 'switch', { metadata: { from: 'primary', to: 'backup' } })], 'backup', view, NOW);
  assert.deepEqual(before.map(({ origin, from }) => [origin, from]), [['backup', T0]]);
});

test('lanes of the chain are for our own streams', () => {
  const events = [event(10, 'publisher', { source: 'ingest', severity: 'degraded', message: 'The encoder left' }),
    event(40, 'publisher', { source: 'ingest', message: 'An encoder publishes' }),
    event(12, 'packager', { source: 'packager-primary' }), event(13, 'origin', { source: 'switcher' }),
    event(14, 'order', { source: 'switcher' })];
  const foreign = model.lanesOf({ ...nothing, events }, { is_own: false }, view, NOW);
  assert.ok(!foreign.some(({ row }) => row === 'chain'));
  const own = model.lanesOf({ ...nothing, events }, { is_own: true, chain: { active_origin: 'primary' } }, view, NOW);
  const lane = (id) => own.find((each) => each.id === id);
  assert.equal(lane('ingest').items.length, 2);
  assert.deepEqual(lane('ingest').faults.map(({ from, to }) => [from - T0, to - T0]), [[10000, 40000]]);
  assert.equal(lane('packager-primary').items.length, 1);
  assert.equal(lane('switcher').items.length, 2);
  assert.equal(lane('failovers').spans[0].origin, 'primary');
});

test('pictures of a failover say which they are', () => {
  const thumbnails = [{ id: 'b', at: at(99), reason: 'finding', thumbnail_url: '/api/thumbnails/b' },
    { id: 'a', at: at(104), reason: 'switch-after', thumbnail_url: '/api/thumbnails/a' },
    { id: 'x', at: at(10), reason: 'finding', thumbnail_url: '/api/thumbnails/x' }];
  const items = model.pictureItems(thumbnails, [event(100, 'switch', { thumbnail_url: '/api/thumbnails/b',
    metadata: { from: 'primary', to: 'backup', thumbnail_after: 'a' } })]);
  assert.deepEqual(items.map(({ pictureId, rank }) => [pictureId, rank]), [['x', 1], ['b', 2], ['a', 2]]);
  assert.match(items[1].text, /before the failover from primary to backup/);
  assert.match(items[2].text, /after the failover/);
});

test('a moment says what was then', () => {
  const data = { ...nothing, findings: [finding('1', 90, 120)],
    health: [{ timestamp: at(0), state: 'HEALTHY', reason: null }, { timestamp: at(95), state: 'DEGRADED', reason: 'x' }],
    events: [event(100, 'switch', { metadata: { from: 'primary', to: 'backup' } })],
    points: [{ at: T0 + 98000, ttfb: 12, errors: 0 }],
    incidents: [{ id: 'INC-1', opened_at: at(96), resolved_at: at(200), state: 'DEGRADED' }] };
  const lanes = model.lanesOf(data, { is_own: true, since: at(95), state: 'DEGRADED' }, view, NOW);
  const there = model.momentAt(lanes, T0 + 100000, 500);
  assert.equal(there.state.state, 'DEGRADED');
  assert.equal(there.findings.length, 1);
  assert.equal(there.incident.id, 'INC-1');
  assert.equal(there.moments.length, 1);
  assert.equal(there.point.ttfb, 12);
  const before = model.momentAt(lanes, T0 + 50000, 500);
  assert.equal(before.state.state, 'HEALTHY');
  assert.equal(before.origin, 'primary');
  assert.deepEqual([before.findings, before.moments, before.incident, before.point], [[], [], null, null]);
});

test('a stream of which nothing is known has lanes all the same', () => {
  const lanes = model.lanesOf(nothing, undefined, view, NOW);
  assert.deepEqual(lanes.map(({ id }) => id), ['state', 'incidents', 'speed']);
  assert.equal(model.momentAt(lanes, NOW, 1000).state, null);
});
