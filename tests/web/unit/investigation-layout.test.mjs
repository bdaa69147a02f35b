// investigation-layout.test.mjs - lanes become marks with places and words

import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from './live-modules.mjs';

const { scaleOf } = await load('views/investigation-axis.js');
const { marksOf, niceMax, placeLanes, sentenceOf } = await load('views/investigation-layout.js');

const scale = scaleOf({ from: 0, to: 1000000 }, 1000);
const clock = (at) => `${at / 1000}s`;
const point = (at, rank = 0) => ({ id: `event-${at}`, from: at, to: at, rank, text: `thing at ${at}` });

test('lanes do not overlap, and names above them take room', () => {
  const lanes = [{ id: 'state', row: 'state', type: 'state' }, { id: 'a', row: 'findings', type: 'bars' },
    { id: 'b', row: 'findings', type: 'bars' }, { id: 'p', row: 'pictures', type: 'pictures' }];
  for (const hasCaptions of [false, true]) {
    const { placed, height } = placeLanes(lanes, hasCaptions);
    for (let i = 1; i < placed.length; i++)
      assert.ok(placed[i].captionTop >= placed[i - 1].top + placed[i - 1].height);
    assert.ok(height >= placed.at(-1).top + placed.at(-1).height);
  }
  assert.ok(placeLanes(lanes, true).height > placeLanes(lanes, false).height);
});

test('marks have keys of their own and stay inside', () => {
  const lane = { id: 'ingest', type: 'marks', items: [point(100000), point(103000, 2), point(500000)] };
  const marks = marksOf(lane, scale);
  assert.equal(marks.length, 2);
  assert.equal(new Set(marks.map(({ key }) => key)).size, 2);
  assert.equal(marks[0].rank, 2);
  const incidents = { id: 'incidents', type: 'incidents', items: [point(300000)],
    spans: [{ id: 'incident-1', from: -500000, to: 2000000, rank: 2, isOpen: true, text: 'x' }] };
  const [span] = marksOf(incidents, scale);
  assert.deepEqual([span.x0, span.x1, span.type], [0, 1000, 'incident']);
});

test('a state that began before the view is there', () => {
  const marks = marksOf({ id: 'state', type: 'state', items: [], spans: [
    { id: 'state-0', from: -9000, to: 400000, state: 'HEALTHY', rank: 0, text: 'HEALTHY' },
    { id: 'state-4', from: 400000, to: 1000000, state: 'UNHEALTHY', rank: 3, text: 'gone' }] }, scale);
  assert.deepEqual(marks.map(({ state, x0, x1 }) => [state, x0, x1]), [['HEALTHY', 0, 400], ['UNHEALTHY', 400, 1000]]);
});

test('marks are told in words', () => {
  const lane = { id: 'ingest', type: 'marks', items: [point(100000), point(101000), point(102000), point(103000), point(500000)] };
  const [many, one] = marksOf(lane, scale);
  assert.equal(sentenceOf(one, clock), '500s, thing at 500000');
  assert.equal(sentenceOf(many, clock),
    '4 between 100s and 103s: thing at 100000; thing at 101000; thing at 102000; and 1 more');
  const [bar] = marksOf({ id: 'check-x', type: 'bars', items: [{ id: 'finding-1', from: 100000, to: 300000, rank: 1,
    isOpen: true, count: 3, text: 'Slow: 3 s' }] }, scale);
  assert.equal(sentenceOf(bar, clock), '100s until now, Slow: 3 s, 3 times');
  assert.equal(bar.isOpen, true);
});

test('scales end at round numbers', () => {
  assert.equal(niceMax([3, 7, null], 1), 10);
  assert.equal(niceMax([], 10), 10);
  assert.equal(niceMax([130], 10), 200);
  assert.equal(niceMax([500], 10), 500);
  assert.equal(niceMax([0.3], 0.1), 0.5);
});
