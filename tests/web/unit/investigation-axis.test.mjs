// investigation-axis.test.mjs - the arithmetic of the time axis

import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './live-modules.mjs';

const axis = await load('views/investigation-axis.js');

const { DAY, HOUR, MINUTE, SECOND } = axis;
const NOW = Date.UTC(2026, 10, 22, 12, 0, 0);
const UTC = () => 0;
const query = (text) => new URLSearchParams(text);
const near = (a, b, slack = 1) => assert.ok(Math.abs(a - b) <= slack, `${a} is not near ${b}`);

test('a range is read from the address', () => {
  assert.deepEqual(axis.parseRange(query('last=3600')), { last: HOUR });
  assert.deepEqual(axis.parseRange(query('from=2026-11-22T11:00:00Z&to=2026-11-22T12:00:00Z')),
    { from: NOW - HOUR, to: NOW });
  assert.deepEqual(axis.parseRange(query('from=2026-11-22T11:00:00Z')), { from: NOW - HOUR });
});

test('what is no range is none, and what is too wide is bounded', () => {
  for (const text of ['', 'last=0', 'last=-5', 'last=x', 'from=yesterday', 'to=2026-11-22T12:00:00Z',
    'from=2026-11-22T12:00:00Z&to=2026-11-22T11:00:00Z'])
    assert.equal(axis.parseRange(query(text)), null, text);
  assert.deepEqual(axis.parseRange(query('last=1')), { last: axis.MIN_SPAN });
  assert.deepEqual(axis.parseRange(query('last=99999999999')), { last: axis.MAX_SPAN });
});

test('the address brings back the same range', () => {
  for (const range of [{ last: 15 * MINUTE }, { from: NOW - HOUR }, { from: NOW - HOUR, to: NOW }]) {
    const pairs = Object.entries(axis.formatRange(range)).filter(([, value]) => value !== null);
    assert.deepEqual(axis.parseRange(new URLSearchParams(pairs)), range);
  }
});

test('a view that follows now ends a little after it', () => {
  const view = axis.viewOf({ last: HOUR }, NOW);
  assert.equal(view.from, NOW - HOUR);
  assert.ok(view.to > NOW && view.to < NOW + 2 * MINUTE);
  assert.equal(axis.viewOf({ from: NOW - 10 * MINUTE }, NOW).from, NOW - 10 * MINUTE);
  assert.deepEqual(axis.viewOf({ from: 5, to: 9 }, NOW), { from: 5, to: 9 });
});

test('zooming follows now while nothing is pointed at, and keeps what is pointed at', () => {
  const nearer = axis.zoomed({ last: HOUR }, NOW, 0.5);
  near(nearer.last, 30 * MINUTE, SECOND);
  const at = NOW - 45 * MINUTE;
  const before = axis.viewOf({ last: HOUR }, NOW);
  const share = (at - before.from) / (before.to - before.from);
  const pointed = axis.zoomed({ last: HOUR }, NOW, 0.2, share);
  assert.ok(!axis.isFollowing(pointed));
  near((at - pointed.from) / (pointed.to - pointed.from), share, 0.001);
  const fixed = axis.zoomed({ from: NOW - 3 * HOUR, to: NOW - HOUR }, NOW, 0.5);
  assert.deepEqual(fixed, { from: NOW - 2.5 * HOUR, to: NOW - 1.5 * HOUR });
});

test('zooming has ends', () => {
  let range = { last: HOUR };
  for (let i = 0; i < 50; i++)
    range = axis.zoomed(range, NOW, 0.5);
  assert.deepEqual(range, { last: axis.MIN_SPAN });
  for (let i = 0; i < 80; i++)
    range = axis.zoomed(range, NOW, 2);
  assert.ok(range.last <= axis.MAX_SPAN);
});

test('panning leaves now, and comes back to it', () => {
  const back = axis.panned({ last: HOUR }, NOW, -0.5);
  assert.ok(!axis.isFollowing(back));
  near(back.from, NOW - 1.5 * HOUR, 2 * MINUTE);
  const again = axis.panned(back, NOW, 0.5);
  assert.ok(axis.isFollowing(again));
  near(again.last, HOUR, SECOND);
});

test('two fingers keep their times', () => {
  const view = axis.pinched(NOW - HOUR, NOW - 30 * MINUTE, 0.25, 0.75);
  assert.deepEqual(view, { from: NOW - 75 * MINUTE, to: NOW - 15 * MINUTE });
  assert.equal(axis.pinched(NOW - HOUR, NOW, 0.5, 0.5), null);
  assert.equal(axis.pinched(NOW - HOUR, NOW, 0.7, 0.3), null);
});

test('an incident is shown with what came before it', () => {
  const opened = NOW - 2 * HOUR;
  assert.deepEqual(axis.incidentRange(opened, null, NOW), { from: opened - 5 * MINUTE });
  const past = axis.incidentRange(opened, opened + 30 * MINUTE, NOW);
  assert.equal(past.from, opened - 5 * MINUTE);
  assert.equal(past.to, opened + 33 * MINUTE);
  assert.deepEqual(axis.incidentRange(opened, NOW - SECOND, NOW), { from: opened - 5 * MINUTE });
});

test('what is centred is in sight, even near now', () => {
  const view = { from: NOW - 2 * HOUR, to: NOW - HOUR };
  const middle = axis.centred(view, NOW - 5 * HOUR, NOW);
  assert.deepEqual(middle, { from: NOW - 5.5 * HOUR, to: NOW - 4.5 * HOUR });
  const late = axis.centred(view, NOW - MINUTE, NOW);
  assert.ok(axis.isFollowing(late));
  const shown = axis.viewOf(late, NOW);
  assert.ok(shown.from < NOW - MINUTE && shown.to > NOW - MINUTE);
});

test('now moves in steps of a pixel', () => {
  assert.equal(axis.steppedNow(NOW + 400, { last: 15 * MINUTE }, 1000), NOW);
  const step = axis.steppedNow(NOW + 5000, { last: DAY }, 1000) - axis.steppedNow(NOW, { last: DAY }, 1000);
  assert.equal(step, 0);
});

test('what was read is enough until one looks beside it', () => {
  const view = { from: NOW - HOUR, to: NOW };
  const window = axis.windowOf(view, NOW);
  assert.deepEqual(window, { from: NOW - 1.5 * HOUR, to: NOW });
  const loaded = { ...window, isLive: true, isPartial: false, resolution: 30 };
  assert.equal(axis.needsReading(null, view, NOW), true);
  assert.equal(axis.needsReading(loaded, view, NOW), false);
  assert.equal(axis.needsReading(loaded, { from: NOW - HOUR, to: NOW + 5 * MINUTE }, NOW + 5 * MINUTE), false);
  assert.equal(axis.needsReading(loaded, { from: NOW - 2 * HOUR, to: NOW }, NOW), true);
  const past = { ...loaded, to: NOW - HOUR, isLive: false };
  assert.equal(axis.needsReading(past, { from: NOW - 1.4 * HOUR, to: NOW - 0.5 * HOUR }, NOW), true);
  assert.equal(axis.needsReading(loaded, { from: NOW - MINUTE, to: NOW }, NOW), true, 'finer');
  assert.equal(axis.needsReading({ ...loaded, resolution: 1 }, { from: NOW - MINUTE, to: NOW }, NOW), false);
});

test('ticks stand at round local times and do not touch', () => {
  for (const [span, width] of [[10 * SECOND, 300], [15 * MINUTE, 1200], [HOUR, 320], [DAY, 900],
    [31 * DAY, 1000], [6 * HOUR, 1600]]) {
    const list = axis.ticks({ from: NOW - span, to: NOW }, width, UTC);
    assert.ok(list.length >= 2 && list.length <= width / 60, `${span}: ${list.length}`);
    for (let i = 1; i < list.length; i++)
      assert.ok(list[i].x - list[i - 1].x >= 80);
  }
  const quarter = axis.ticks({ from: NOW - 15 * MINUTE, to: NOW }, 1200, UTC);
  assert.equal(quarter[0].at % MINUTE, 0);
});

test('ticks of hours follow the local clock, also where it is changed', () => {
  const half = () => 5.5 * HOUR;
  for (const tick of axis.ticks({ from: NOW - 12 * HOUR, to: NOW }, 900, half))
    assert.equal((tick.at + 5.5 * HOUR) % HOUR, 0);
  const change = NOW - 12 * HOUR;
  const summer = (at) => (at < change ? 2 * HOUR : HOUR);
  const list = axis.ticks({ from: NOW - DAY, to: NOW }, 900, summer);
  for (const tick of list)
    assert.equal((tick.at + summer(tick.at)) % HOUR, 0);
  assert.ok(list.some((tick) => tick.kind === 'day'));
});

test('what is close becomes one, whatever the order', () => {
  const scale = axis.scaleOf({ from: 0, to: 1000 }, 1000);
  const items = [500, 100, 103, 108, 300].map((at) => ({ from: at, to: at, rank: at === 103 ? 2 : 0 }));
  const list = axis.clusters(items, scale, 6);
  assert.deepEqual(list.map(({ items: own }) => own.length), [3, 1, 1]);
  assert.equal(list[0].rank, 2);
  assert.equal(list[0].x0, 100);
  assert.equal(list[0].x1, 108);
});

test('a long bar takes in what lies in it, and what is out of sight is nothing', () => {
  const scale = axis.scaleOf({ from: 0, to: 1000 }, 1000);
  const list = axis.clusters([{ from: 100, to: 900, rank: 1 }, { from: 200, to: 210, rank: 2 },
    { from: 880, to: 895, rank: 0 }, { from: 950, to: 1200, rank: 0 }, { from: -50, to: -20, rank: 0 },
    { from: 1300, to: 1400, rank: 0 }], scale);
  assert.deepEqual(list.map(({ items }) => items.length), [3, 1]);
  assert.equal(list[0].x1, 900);
});

test('ten thousand events are few marks', () => {
  const scale = axis.scaleOf({ from: 0, to: 10000 }, 1200);
  const items = Array.from({ length: 10000 }, (_, i) => ({ from: i, to: i, rank: 0 }));
  assert.equal(axis.clusters(items, scale).length, 1);
  const sparse = items.filter((_, i) => i % 100 < 2);
  assert.ok(axis.clusters(sparse, scale).length <= 1200 / 6);
});

test('of many pictures in one place the one that tells most is shown', () => {
  const scale = axis.scaleOf({ from: 0, to: 1000000 }, 1000);
  const items = [{ from: 5000, rank: 0 }, { from: 9000, rank: 2 }, { from: 11000, rank: 1 },
    { from: 400000, rank: 0 }];
  const list = axis.pictureStretches(items, scale, 68);
  assert.deepEqual(list.map(({ best, items: own }) => [best.from, own.length]), [[9000, 3], [400000, 1]]);
  const moved = axis.scaleOf({ from: 500, to: 1000500 }, 1000);
  assert.deepEqual(axis.pictureStretches(items, moved, 68).map(({ best }) => best.from), [9000, 400000]);
});

test('short changes of state stay in sight as the worst of them', () => {
  const scale = axis.scaleOf({ from: 0, to: 1000000 }, 1000);
  const spans = [{ from: 0, to: 500000, rank: 0 }, { from: 500000, to: 500200, rank: 3 },
    { from: 500200, to: 500900, rank: 2 }, { from: 500900, to: 1000000, rank: 0 }];
  const list = axis.condensed(spans, scale);
  assert.ok(list.some(({ span }) => span.rank === 3));
  assert.ok(list.length <= 3);
  const many = Array.from({ length: 5000 }, (_, i) => ({ from: i * 200, to: (i + 1) * 200, rank: i % 4 }));
  assert.ok(axis.condensed(many, scale).length <= 500);
});

test('arrow keys go from mark to mark', () => {
  const lanes = [[], [{ key: 'a', x: 10 }, { key: 'b', x: 500 }], [], [{ key: 'c', x: 20 }, { key: 'd', x: 480 }]];
  assert.equal(axis.neighbour(lanes, null, 'ArrowRight'), 'a');
  assert.equal(axis.neighbour(lanes, 'a', 'ArrowRight'), 'b');
  assert.equal(axis.neighbour(lanes, 'b', 'ArrowRight'), 'b');
  assert.equal(axis.neighbour(lanes, 'b', 'ArrowDown'), 'd');
  assert.equal(axis.neighbour(lanes, 'd', 'ArrowUp'), 'b');
  assert.equal(axis.neighbour(lanes, 'd', 'ArrowDown'), 'd');
  assert.equal(axis.neighbour(lanes, 'd', 'Home'), 'c');
  assert.equal(axis.neighbour(lanes, 'c', 'End'), 'd');
  assert.equal(axis.neighbour([[], []], 'x', 'ArrowUp'), null);
});

test('a line is interrupted where there is nothing', () => {
  const scale = axis.scaleOf({ from: 0, to: 100 }, 100);
  const points = [{ at: 0, value: 1 }, { at: 10, value: 2 }, { at: 20, value: null }, { at: 30, value: 3 },
    { at: 90, value: 4 }];
  const path = axis.linePath(points, scale, (value) => value, 20);
  assert.equal(path.match(/M/g).length, 3);
  assert.equal(path.match(/L/g).length, 1);
});
