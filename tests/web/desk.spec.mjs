// desk.spec.mjs - a desk by itself: nothing watched yet, the demo, refusals in words, a thousand streams
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { assertAccessible, assertQuiet, launch, open, shoot } from './support/browser.mjs';
import { Desk } from './support/desk.mjs';
import { Many } from './support/origin.mjs';
import { WAIT_MS, waitFor } from './support/wait.mjs';

const FIRST_VIEW_BYTES = 60_000;
const PAINT_MS = 10_000; // the aim is 1 s; only a fault takes this long
const FILTER_MS = 5_000; // the same
const MOST_ROWS = 60;
const STREAMS = 1000;

let browser;

before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });

async function withDesk(options, run, streams = []) {
  const desk = await Desk.start(options, streams);
  try {
    await run(desk);
  } finally {
    await desk.close();
  }
}

test('nothing is watched yet: one sentence, and the demo', () => withDesk([], async (desk) => {
  const page = await open(browser, desk.url);
  page.setDefaultTimeout(WAIT_MS);
  await page.getByRole('heading', { name: 'No stream is watched yet' }).waitFor();
  for (const theme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: theme });
    await assertAccessible(page, `nothing watched, ${theme}`);
    await shoot(page, `empty-${theme}`);
  }

  const sizes = await page.evaluate(() => [...performance.getEntriesByType('navigation'),
    ...performance.getEntriesByType('resource')]
    .filter((one) => !new URL(one.name).pathname.startsWith('/api/'))
    .map((one) => [new URL(one.name).pathname, one.encodedBodySize]));
  const total = sizes.reduce((sum, [, bytes]) => sum + bytes, 0);
  const paint = await page.evaluate(() =>
    performance.getEntriesByName('first-contentful-paint')[0].startTime);
  console.log(`first view: ${total} bytes in ${sizes.length} files, first paint after ${Math.round(paint)} ms`);
  assert.ok(total > 10_000 && total < FIRST_VIEW_BYTES, JSON.stringify(sizes));
  assert.ok(paint < PAINT_MS);

  await page.getByRole('button', { name: 'Start the demo stream' }).click();
  const demo = page.getByRole('row', { name: /^Demo stream: / });
  await demo.waitFor();
  await page.getByRole('row', { name: /^Demo stream: HEALTHY/ }).waitFor();
  await demo.getByRole('button', { name: 'Actions for Demo stream' }).click();
  await page.getByRole('menuitem', { name: 'Remove…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove stream' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await shoot(page, 'demo-removed');
  await page.getByRole('heading', { name: 'No stream is watched yet' }).waitFor();
  assertQuiet(page);
}));

test('what is refused says why, beside the field', () => withDesk([], async (desk) => {
  const page = await open(browser, desk.url);
  page.setDefaultTimeout(WAIT_MS);
  await page.getByRole('button', { name: 'Add a stream' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add a stream' });
  const address = dialog.getByLabel('Address');
  await address.fill('file:///etc/passwd');
  await dialog.getByLabel('Name').fill('Secrets');
  await dialog.getByRole('button', { name: 'Add stream' }).click();
  await waitFor('the address to be marked', async () => await address.getAttribute('aria-invalid') === 'true');
  const said = await page.evaluate(() => {
    const field = document.querySelector('[name=manifest_url]');
    return field.getAttribute('aria-describedby').split(' ')
      .map((id) => document.getElementById(id)?.textContent ?? '').join(' ');
  });
  assert.match(said, /file|http/);
  await assertAccessible(page, 'a refused stream');
  await shoot(page, 'add-refused');
  assertQuiet(page);
}));

test('a desk that wants a token asks for it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-token-'));
  const token = randomBytes(16).toString('hex');
  writeFileSync(join(folder, 'tokens'), `ada ${token}\n`, { mode: 0o600 });
  try {
    await withDesk([`--token-file=${join(folder, 'tokens')}`, '--open-reading=false'], async (desk) => {
      const page = await open(browser, desk.url);
      page.setDefaultTimeout(WAIT_MS);
      const dialog = page.getByRole('dialog');
      await dialog.waitFor();
      await assertAccessible(page, 'the question for a token');
      await shoot(page, 'token');
      await dialog.getByRole('textbox').or(dialog.locator('input[type=password]')).first().fill(token);
      await dialog.locator('button[type=submit]').click();
      await page.getByRole('heading', { name: 'No stream is watched yet' }).waitFor();
      assertQuiet(page);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a desk that is gone is said to be, and what was seen stays', async () => {
  const many = await Many.start();
  const streams = [{ name: 'Channel 1', url: many.url(1), segment_share: 0 }];
  try {
    await withDesk([], async (desk) => {
      const page = await open(browser, desk.url);
      page.setDefaultTimeout(WAIT_MS);
      const row = page.getByRole('row', { name: /^Channel 1: / });
      await row.waitFor();
      await desk.kill();
      await page.getByText('What you see is from').waitFor();
      assert.ok(await row.isVisible());
      await assertAccessible(page, 'a desk that is gone');
      await shoot(page, 'desk-gone');
      await desk.startAgain();
      await page.getByRole('region', { name: 'Connection' }).getByText(/The desk is back/).waitFor();
      await page.getByTitle('Changes are shown as they happen').waitFor();
      assertQuiet(page);
    }, streams);
  } finally {
    await many.close();
  }
});

test('a thousand streams scroll and filter', async () => {
  const many = await Many.start();
  const streams = Array.from({ length: STREAMS }, (_, n) => (
    { name: `Channel ${n}`, url: many.url(n), segment_share: 0 }));
  try {
    await withDesk(['--thumbnail-interval=0s'], scrollAndFilter, streams);
  } finally {
    await many.close();
  }
});

async function scrollAndFilter(desk) {
  const page = await open(browser, desk.url);
  page.setDefaultTimeout(WAIT_MS);
  await page.getByRole('button', { name: /^All 1.?000$/ }).waitFor();
  const frames = await page.evaluate(async () => {
    const gaps = [];
    let last = performance.now();
    for (let i = 0; i < 120; i++) {
      window.scrollBy(0, 400);
      await new Promise((done) => { requestAnimationFrame(done); });
      gaps.push(performance.now() - last);
      last = performance.now();
    }
    return gaps.sort((a, b) => a - b);
  });
  console.log(`scrolling: frames p50 ${frames[60].toFixed(1)} ms, p95 ${frames[114].toFixed(1)} ms, worst ${frames[119].toFixed(1)} ms`);
  const rows = await page.locator('.stream-row').count();
  assert.ok(rows > 0 && rows < MOST_ROWS, `${rows} rows in the document`);
  await shoot(page, 'thousand');

  const taken = await page.evaluate(async () => {
    const field = document.querySelector('input[type=search]');
    const from = performance.now();
    field.value = 'channel 777';
    field.dispatchEvent(new InputEvent('input', { bubbles: true }));
    while (document.querySelectorAll('.stream-row').length !== 1)
      await new Promise((done) => { requestAnimationFrame(done); });
    return performance.now() - from;
  });
  console.log(`filtering 1,000 streams: ${taken.toFixed(0)} ms`);
  assert.ok(taken < FILTER_MS);
  assertQuiet(page);
}
