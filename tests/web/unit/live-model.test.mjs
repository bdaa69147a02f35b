// live-model.test.mjs - addresses, the ledger's rows and what a player reports, without a page

import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './live-modules.mjs';

const model = await load('views/live-model.js');

const row = (number, members = {}) => ({ number, at: new Date(number * 1000).toISOString(), origin: 'primary', hash: `h${number}`,
  comparison: 'equal', is_gap: false, ...members });
const rows = (from, to, members) => Array.from({ length: to - from + 1 }, (_, i) => row(from + i, members));
const change = (timeMs, from = 'primary', to = 'backup') => ({ time_ms: timeMs, from, to, reason: 'refused', gap_ms: 0, overlap_ms: 0 });

test('a loopback address is that of the page\'s host when the page is from elsewhere', () => {
  assert.equal(model.reachable('http://127.0.0.1:8080/hls/index.m3u8', 'desk.example'), 'http://desk.example:8080/hls/index.m3u8');
  assert.equal(model.reachable('http://localhost:8081/x', 'desk.example'), 'http://desk.example:8081/x');
  assert.equal(model.reachable('http://[::1]:8081/x', 'desk.example'), 'http://desk.example:8081/x');
  assert.equal(model.reachable('http://127.0.0.1:8080/x', 'localhost'), 'http://127.0.0.1:8080/x');
  assert.equal(model.reachable('http://cdn.example/x', 'desk.example'), 'http://cdn.example/x');
  for (const bad of [null, undefined, '', 'hls/index.m3u8', '::'])
    assert.equal(model.reachable(bad, 'localhost'), null);
});

test('the viewer\'s address joins the switcher\'s and the stream\'s path', () => {
  const stream = { path: '/hls/two/index.m3u8' };
  assert.equal(model.viewerUrl({ viewer_url: 'http://127.0.0.1:8080/' }, stream, 'localhost'), 'http://127.0.0.1:8080/hls/two/index.m3u8');
  assert.equal(model.viewerUrl({ viewer_url: null }, stream, 'localhost'), null);
});

test('an origin\'s address is what the switcher asks, else what the desk knows', () => {
  const chain = { origin_urls: { primary: 'http://127.0.0.1:8081/hls', backup: null } };
  const stream = (url, isDefault) => ({ name: 'two', is_default: isDefault, origins: { primary: { url }, backup: { url } } });
  assert.equal(model.originUrl(chain, stream('http://127.0.0.1:9001/a/index.m3u8', true), 'primary', 'localhost'), 'http://127.0.0.1:9001/a/index.m3u8');
  assert.equal(model.originUrl(chain, stream(null, true), 'primary', 'localhost'), 'http://127.0.0.1:8081/hls/index.m3u8');
  assert.equal(model.originUrl(chain, stream(null, false), 'primary', 'h.example'), 'http://h.example:8081/hls/two/index.m3u8');
  assert.equal(model.originUrl(chain, stream(null, true), 'backup', 'localhost'), null);
});

test('http in https is mixed, but for loopback', () => {
  assert.equal(model.isMixed('http://h.example/x', 'https:'), true);
  assert.equal(model.isMixed('http://127.0.0.1:8080/x', 'https:'), false);
  assert.equal(model.isMixed('https://h.example/x', 'https:'), false);
  assert.equal(model.isMixed('http://h.example/x', 'http:'), false);
  assert.equal(model.isMixed(null, 'https:'), false);
});

test('the stream shown is the one asked for, else the default, else one that is served', () => {
  const streams = [{ name: 'a', is_served: false }, { name: 'b', is_served: true }, { name: 'c', is_served: true, is_default: true }];
  assert.equal(model.chooseStream(streams, 'a').name, 'a');
  assert.equal(model.chooseStream(streams, null).name, 'c');
  assert.equal(model.chooseStream(streams.slice(0, 2), null).name, 'b');
  assert.equal(model.chooseStream(streams.slice(0, 1), null).name, 'a');
  assert.equal(model.chooseStream(streams, 'gone'), undefined);
  assert.equal(model.chooseStream([], null), undefined);
});

test('rows that may still be compared are asked for again', () => {
  assert.equal(model.nextAfter([]), null);
  assert.equal(model.nextAfter(rows(5, 6)), 4);
  assert.equal(model.nextAfter(rows(1, 100)), 100 - model.OPEN_ROWS);
  assert.equal(model.nextAfter(rows(0, 3)), 0);
});

test('new rows come behind, better known ones replace, nothing new changes nothing', () => {
  const known = rows(1, 3);
  const merged = model.mergeRows(known, { newest: 5, rows: [row(3, { comparison: 'different' }), row(4), row(5)] });
  assert.deepEqual(merged.map(({ number }) => number), [1, 2, 3, 4, 5]);
  assert.equal(merged[2].comparison, 'different');
  assert.equal(merged[0], known[0]);
  assert.equal(model.mergeRows(known, { newest: 3, rows: [row(2), row(3)] }), known);
  assert.equal(model.mergeRows(known, { newest: 3, rows: [] }), known);
});

test('the rows are bounded, and begin anew with another ledger', () => {
  const many = model.mergeRows(rows(1, model.MAX_ROWS), { newest: 300, rows: rows(model.MAX_ROWS + 1, 300) });
  assert.equal(many.length, model.MAX_ROWS);
  assert.equal(many.at(-1).number, 300);
  const other = model.mergeRows(rows(100, 110), { newest: 4, rows: rows(1, 4) });
  assert.deepEqual(other.map(({ number }) => number), [1, 2, 3, 4]);
  assert.deepEqual(model.mergeRows(rows(100, 110), { newest: 4, rows: [] }), []);
});

test('a ledger that begins anew is not hidden by rows asked for after the old ones', () => {
  assert.equal(model.mergeRows(rows(1, 3), { newest: null, rows: [] }).length, 3);
});

test('changes of sides stand before the first segment of the new side', () => {
  const list = [...rows(1, 3), ...rows(4, 6, { origin: 'backup' })];
  const items = model.interleave(list, [change(3500)]);
  assert.deepEqual(items.map(({ kind, row: r }) => r?.number ?? kind), [6, 5, 4, 'change', 3, 2, 1]);
  // The clock of the change is a little early: its side delivers only the row after.
  const early = model.interleave(list, [change(2900)]);
  assert.deepEqual(early.map(({ row: r }) => r?.number ?? 'change'), [6, 5, 4, 'change', 3, 2, 1]);
  // Of an identical pair either side delivers, whichever is active.
  const either = model.interleave(list, [change(1900)], true);
  assert.deepEqual(either.map(({ row: r }) => r?.number ?? 'change'), [6, 5, 4, 3, 2, 'change', 1]);
});

test('a change newer than all rows is on top, one older than all is left out', () => {
  const list = rows(10, 12);
  assert.equal(model.interleave(list, [change(99000)])[0].kind, 'change');
  assert.equal(model.interleave(list, [change(1000)]).length, 3);
  assert.deepEqual(model.interleave([], [change(1000)]), []);
});

test('several changes at one place keep their order, newest first', () => {
  const items = model.interleave(rows(1, 3, { origin: 'backup' }), [change(2100), change(2200, 'backup', 'primary'), change(2300)]);
  assert.deepEqual(items.filter(({ kind }) => kind === 'change').map(({ change: c }) => c.time_ms), [2300, 2200, 2100]);
});

test('the strip has the last segments at its end', () => {
  const strip = model.stripOf(rows(1, 3), 5);
  assert.deepEqual(strip.map((r) => r?.number ?? null), [null, null, 1, 2, 3]);
  assert.deepEqual(model.stripOf(rows(1, 9), 2).map((r) => r.number), [8, 9]);
  assert.equal(model.stripWords([]), 'No segments yet');
  assert.equal(model.stripWords([...rows(1, 2), row(3, { origin: 'backup' })]), 'The last 3 segments: 2 from the primary, 1 from the backup');
  assert.match(model.stripWords([row(1, { origin: null, is_gap: true }), row(2, { comparison: 'different' })]),
    /: 1 from the primary, 0 from the backup, one gap, 1 with other bytes at the twin$/);
});

test('latency is by the picture\'s date where that makes sense', () => {
  const report = { date_ms: 100000, sent_ms: 106000, edge_s: 5 };
  assert.deepEqual(model.latencyOf(report, 500), { s: 6.5, isByDate: true });
  assert.deepEqual(model.latencyOf({ ...report, sent_ms: 99500 }, 0), { s: 0, isByDate: true });
  assert.deepEqual(model.latencyOf({ ...report, sent_ms: 90000 }, 0), { s: 5, isByDate: false });
  assert.deepEqual(model.latencyOf({ ...report, date_ms: null }, 0), { s: 5, isByDate: false });
  assert.deepEqual(model.latencyOf(null, 0), { s: null, isByDate: false });
});

test('a change counts once its pictures were played', () => {
  const changes = [change(5000), change(9000)];
  assert.equal(model.passedChanges(changes, { date_ms: 6000 }, 20000), 1);
  assert.equal(model.passedChanges(changes, { date_ms: 9000 }, 20000), 2);
  assert.equal(model.passedChanges(changes, { date_ms: null }, 16000), 1);
});

test('what a player has gone through is told, and what is to come', () => {
  const changes = [change(5000), change(9000), change(12000)];
  const told = (dateMs, stalls = 0, list = changes) => model.goneOnWords(list, { date_ms: dateMs, stalls }, 20000);
  assert.equal(told(20000, 0, []), 'No change of sides since this player opened');
  assert.equal(told(3500), 'A change of sides reaches this player in 2 s');
  assert.equal(told(6000), 'Has gone on through one change of sides without a stall; another one reaches this player in 3 s');
  assert.equal(told(13000), 'Has gone on through 3 changes of sides without a stall');
  assert.equal(told(13000, 1), 'Has gone on through 3 changes of sides');
  assert.equal(told(null, 0, [change(19000)]), 'No change of sides since this player opened');
});

test('only a player\'s report is one', () => {
  assert.equal(model.isReport({ type: 'understudy-player', state: 'playing', stalls: 0 }), true);
  for (const other of [null, undefined, 'x', {}, { type: 'understudy-player' }, { type: 'other', state: 'playing', stalls: 0 }])
    assert.equal(model.isReport(other), false);
});

test('the record has a stream\'s commands and changes, newest first, causes below what they caused', () => {
  const command = (id, timeMs, stream, what) => ({ id, time_ms: timeMs, stream, what, command: 'failover', refused: null });
  const chain = { commands: [command(1, 10, 'a', 'a: failover to backup'), command(2, 20, 'b', 'b: hold'), command(3, 30, null, 'all streams: release')] };
  const record = model.recordOf(chain, { name: 'a', switches: [change(10)] });
  assert.deepEqual(record.map(({ command: c }) => c?.short ?? 'change'), ['all streams: release', 'change', 'failover to backup']);
});

test('drills: which one runs, which ran, and how they ended', () => {
  const runs = [{ id: '1-kill', ended_ms: 5 }, { id: '2-freeze', ended_ms: 9 }, { id: '3-slow', ended_ms: null }];
  const sorted = model.sortRuns({ runs, active_drill: '3-slow' });
  assert.equal(sorted.active.id, '3-slow');
  assert.deepEqual(sorted.past.map(({ id }) => id), ['2-freeze', '1-kill']);
  assert.equal(model.sortRuns({ runs: [], active_drill: null }).active, null);
  assert.deepEqual([{ passed: true }, { passed: false }, { passed: false, skipped: true }].map(model.outcomeOf), ['passed', 'failed', 'skipped']);
});

test('what a stranger at the switcher\'s address leaves out does not break the page', () => {
  const whole = { name: 'a', path: '/hls/index.m3u8', active: 'primary', origins: { primary: {}, backup: {} },
    switches: [{ time_ms: 5, from: 'primary', to: 'backup' }, { time_ms: null, from: null, to: null }] };
  const chain = model.readChain({ streams: [whole, { ...whole, name: null }, { ...whole, origins: null }, { ...whole, active: 'x' },
    { ...whole, origins: { primary: {}, backup: null } }], commands: [{ time_ms: 1, command: 'hold', what: 'a: hold' }, { time_ms: null }],
  drills: [{ name: null }, { name: 'kill' }], runs: [{ id: 'x', name: 'kill', started_ms: 4 }, { id: null }] });
  assert.deepEqual(chain.streams.map(({ name, switches }) => [name, switches.length]), [['a', 1]]);
  assert.deepEqual([chain.commands.length, chain.drills.length, chain.runs.length], [1, 1, 1]);
});
