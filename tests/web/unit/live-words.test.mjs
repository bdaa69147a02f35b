// live-words.test.mjs - what the Live view says, and what it asks before an order is given

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { load } from './live-modules.mjs';

const words = await load('views/live-words.js');
const confirm = await load('views/live-confirm.js');

function stream(members = {}, primary = {}, backup = {}) {
  const origin = { state: 'up', reason: 'ok', is_drained: false };
  return { name: 'a', is_served: true, active: 'primary', home: 'primary', pair: 'identical', mode: 'auto', is_strict: false,
    until_ms: null, failback: 'auto', failovers: 0, switchbacks: 0, switches: [],
    origins: { primary: { ...origin, is_active: true, ...primary }, backup: { ...origin, is_active: false, ...backup } }, ...members };
}

const command = (members) => ({ id: 1, time_ms: 1000, command: 'failover', stream: 'a', what: 'a: failover to backup', who: 'alice', why: 'new disk',
  refused: null, ...members });

test('every reason of the closed list has words', () => {
  const page = readFileSync(new URL('../../../docs/reference/reasons.md', import.meta.url), 'utf8');
  const [ofOrigins, ofChanges] = page.split('## Of a change of sides');
  const listed = (text) => [...text.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map((match) => match[1]);
  assert.ok(listed(ofOrigins).length > 15 && listed(ofChanges).length > 4);
  for (const reason of listed(ofOrigins)) {
    assert.notEqual(words.originReason(reason), reason);
    assert.match(words.changeReason({ from: 'primary', to: 'backup', reason }), /^the primary /);
  }
  for (const reason of listed(ofChanges))
    assert.notEqual(words.changeReason({ from: 'primary', to: 'backup', reason }), reason);
  assert.equal(words.originReason('brand-new'), 'brand-new');
  assert.equal(words.changeReason({ from: 'primary', to: 'backup', reason: 'brand-new' }), 'brand-new');
});

test('the situation is one sentence', () => {
  assert.equal(words.situation(stream()), 'Viewers are on the primary; the backup is in step beside it');
  assert.match(words.situation(stream({ active: 'backup' }, { state: 'failed' })), /on the backup; the primary has failed, so there is no understudy/);
  assert.match(words.situation(stream({}, { state: 'failed' })), /on the primary, which has failed/);
  assert.match(words.situation(stream({}, { state: 'failed' }, { state: 'failed' })), /Both origins have failed/);
  assert.match(words.situation(stream({}, {}, { state: 'recovering' })), /the backup is recovering/);
  assert.match(words.situation(stream({ is_served: false })), /Viewers get nothing/);
});

test('the orders that stand say who and why, and how they end', () => {
  assert.deepEqual(words.standingOrders(stream(), []), []);
  const [forced] = words.standingOrders(stream({ mode: 'forced', home: 'backup' }),
    [command({ who: 'bob', id: 1 }), command({ id: 2 }), command({ id: 3, refused: 'no', who: 'eve' }), command({ id: 4, stream: 'b', who: 'mallory' })]);
  assert.equal(forced.title, 'Ordered to the backup');
  assert.equal(forced.text, 'until it is released, by alice: new disk');
  assert.equal(forced.undo.verb, 'release');
  const [held] = words.standingOrders(stream({ mode: 'held', home: null, is_strict: true, until_ms: 1e12 }), []);
  assert.match(held.title, /Held on the primary, even on a dead origin/);
  assert.match(held.text, /^until \d\d:\d\d:\d\d$/);
  const both = words.standingOrders(stream({ failback: 'sticky' }, {}, { is_drained: true }),
    [command({ command: 'drain', what: 'a: drain backup' }), command({ command: 'drain', what: 'a: drain primary', who: 'bob' })]);
  assert.deepEqual(both.map(({ key }) => key), ['drained-backup', 'sticky']);
  assert.match(both[0].text, /by alice: new disk/);
  assert.deepEqual(both[0].undo, { verb: 'undrain', origin: 'backup', label: 'End maintenance' });
  assert.equal(both[1].undo.mode, 'auto');
});

test('what became of an order is told from the answer', () => {
  const failover = { verb: 'failover', origin: 'backup' };
  assert.match(words.outcome(failover, stream(), stream({ active: 'backup' })), /Viewers are on the backup now, and it is home$/);
  assert.match(words.outcome(failover, stream(), stream()), /Ordered; viewers stay on the primary for the moment/);
  const drain = { verb: 'drain', origin: 'primary' };
  assert.match(words.outcome(drain, stream(), stream({ active: 'backup' })), /in maintenance. Viewers are on the backup now/);
  assert.match(words.outcome(drain, stream(), stream()), /but viewers stay on it until the backup is trusted/);
  assert.match(words.outcome({ verb: 'hold' }, stream(), stream({ mode: 'held' })), /Held on the primary until released/);
  for (const verb of ['release', 'undrain', 'failback', 'switchback'])
    assert.ok(words.outcome({ verb, origin: 'primary' }, stream(), stream()).length > 0);
});

test('what viewers feel depends on the pair, and on whether sides are changed at all', () => {
  const order = { verb: 'failover', origin: 'backup' };
  assert.match(confirm.confirmation(stream(), order).feel, /feel nothing: both origins have the same segments/);
  assert.match(confirm.confirmation(stream({ pair: 'foreign' }), order).feel, /seam/);
  assert.match(confirm.confirmation(stream({ pair: 'unknown' }), order).feel, /cannot be said/);
  assert.match(confirm.confirmation(stream({ active: 'backup' }), order).feel, /they stay on the backup/);
  assert.match(confirm.confirmation(stream({ is_served: false }), order).feel, /nobody feels anything/);
});

test('what will be refused is said before', () => {
  const order = { verb: 'failover', origin: 'backup' };
  const dead = stream({}, {}, { state: 'failed', reason: 'refused' });
  assert.match(confirm.confirmation(dead, order).warnings[0], /has failed: it refuses connections.*This is refused/);
  assert.match(confirm.confirmation(dead, { ...order, isStrict: true }).warnings[0], /Viewers will see the picture stop/);
  assert.equal(confirm.confirmation(dead, { ...order, isStrict: true }).feel, 'Viewers will notice.');
  assert.match(confirm.confirmation(stream({}, {}, { is_drained: true }), order).warnings[0], /in maintenance/);
  assert.match(confirm.confirmation(stream({}, {}, { is_drained: true }), { verb: 'drain', origin: 'primary' }).warnings[0], /one of the two must stay/);
  assert.match(confirm.confirmation(stream({ mode: 'forced', home: 'primary' }), { verb: 'drain', origin: 'primary' }).warnings[0], /release that first/);
  assert.match(confirm.confirmation(stream({ active: 'backup' }, { state: 'failed', reason: 'stale' }), { verb: 'switchback' }).warnings[0], /This is refused/);
});

test('every order has a title, an action and sentences', () => {
  const orders = [{ verb: 'failover', origin: 'primary' }, { verb: 'switchback' }, { verb: 'hold', seconds: 900 }, { verb: 'hold', isStrict: true },
    { verb: 'release' }, { verb: 'drain', origin: 'primary' }, { verb: 'drain', origin: 'backup' }, { verb: 'undrain', origin: 'primary' },
    { verb: 'failback', mode: 'auto' }, { verb: 'failback', mode: 'sticky' }];
  const streams = [stream(), stream({ active: 'backup', mode: 'forced', home: 'backup' }), stream({ mode: 'held', home: null }),
    stream({ active: 'backup', failback: 'sticky', home: null }, { is_drained: true }), stream({ is_served: false }, { state: 'failed' }, { state: 'failed' })];
  for (const order of orders) {
    for (const given of streams) {
      const { title, action, text, feel } = confirm.confirmation(given, order);
      assert.ok(title && action && text.length > 0 && feel.endsWith('.'));
      assert.ok(text.every((sentence) => sentence.endsWith('.') && !sentence.includes('undefined') && !sentence.includes('null')));
    }
  }
  assert.match(confirm.confirmation(stream(), { verb: 'hold', seconds: 900 }).text[0], /for 15 min/);
});

test('a release says where viewers go', () => {
  const away = stream({ active: 'backup', mode: 'forced', home: 'backup' });
  assert.match(confirm.confirmation(away, { verb: 'release' }).text[1], /go home to the primary/);
  assert.match(confirm.confirmation(stream({ mode: 'held' }), { verb: 'release' }).feel, /stay on the primary/);
});

test('a body has what was said and nothing else', () => {
  assert.deepEqual(confirm.bodyOf({ verb: 'failover', origin: 'backup', seconds: 900, isStrict: true }, '  new \n disk '),
    { why: 'new disk', origin: 'backup', seconds: 900, even_if_failed: true });
  assert.deepEqual(confirm.bodyOf({ verb: 'hold', origin: 'backup', isStrict: true }, ''), { strict: true });
  assert.deepEqual(confirm.bodyOf({ verb: 'release', seconds: 5, isStrict: true }, ' '), {});
  assert.deepEqual(confirm.bodyOf({ verb: 'drain', origin: 'primary' }, 'x'), { why: 'x', origin: 'primary' });
  assert.deepEqual(confirm.bodyOf({ verb: 'failback', mode: 'sticky' }, ''), { mode: 'sticky' });
});

test('durations are read as people write them', () => {
  for (const [text, s] of [['90', 90], ['90 s', 90], ['15 min', 900], ['15m', 900], ['2 H', 7200], ['7 d', 604800]])
    assert.equal(confirm.readDuration(text), s);
  for (const bad of ['', '0', '0 min', '8 d', '-5', '1.5 h', 'soon', '5 weeks', '9999999'])
    assert.equal(confirm.readDuration(bad), null);
});

test('seams and authors', () => {
  assert.equal(words.seamWords({ gap_ms: 0, overlap_ms: 0 }), 'no gap, no overlap');
  assert.equal(words.seamWords({ gap_ms: 40, overlap_ms: 0 }), 'gap 40 ms');
  assert.equal(words.seamWords({ gap_ms: 40, overlap_ms: 7 }), 'gap 40 ms, overlap 7 ms');
  assert.equal(words.authorWords({ who: 'alice', why: '' }), 'by alice');
  assert.equal(words.authorWords({ who: null, why: null }), '');
  assert.equal(words.authorWords({ who: '127.0.0.1 (says bob at the desk)', why: 'x' }), 'by bob at the desk: x');
  assert.equal(words.authorWords({ who: '127.0.0.1 (says bob)', why: '' }), 'by 127.0.0.1 (says bob)');
});
