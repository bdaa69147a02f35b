// story.spec.mjs - a stream is added, is well, falls ill, is looked after, and gets well again; once
// with the mouse, once by keyboard alone
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PHONE, assertAccessible, assertQuiet, launch, open, shoot } from './support/browser.mjs';
import { Chain } from './support/chain.mjs';
import { Relay } from './support/origin.mjs';
import { WAIT_MS, waitFor } from './support/wait.mjs';

let chain;
let relay;
let browser;
let page;

before(async () => {
  chain = await Chain.start();
  relay = await Relay.start(chain.viewer);
  browser = await launch();
  page = await open(browser, chain.desk);
  page.setDefaultTimeout(WAIT_MS);
});
after(async () => {
  await browser?.close();
  await relay?.close();
  await chain?.close();
});

const row = (state) => page.getByRole('row', { name: new RegExp(`^Studio 1: ${state}`) });

async function desk(path) {
  const answer = await fetch(new URL(path, chain.desk));
  assert.equal(answer.status, 200, path);
  return answer.json();
}

async function studio() {
  return (await desk('api/streams')).find((stream) => stream.name === 'Studio 1');
}

// Every view in both themes, as it is now.
async function look(name, path = page.url()) {
  for (const theme of ['light', 'dark']) {
    const other = await open(browser, path, { theme });
    other.setDefaultTimeout(WAIT_MS);
    await other.getByRole('main').locator('h1, h2').first().waitFor();
    await waitFor('the page to be live', () => other.getByTitle('Changes are shown as they happen').isVisible());
    await assertAccessible(other, `${name}, ${theme}`);
    await shoot(other, `${name}-${theme}`);
    assertQuiet(other);
    await other.context().close();
  }
  const phone = await open(browser, path, { viewport: PHONE });
  await phone.getByRole('main').locator('h1, h2').first().waitFor();
  const wide = await phone.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(wide <= 0, `${name}: ${wide} px wider than a phone`);
  await shoot(phone, `${name}-phone`);
  await phone.context().close();
}

test('a stream that is added turns HEALTHY', async () => {
  await page.getByRole('button', { name: 'Add stream' }).click();
  const dialog = page.getByRole('dialog', { name: 'Add a stream' });
  await dialog.getByLabel('Address').fill(relay.url);
  await dialog.getByLabel('Name').fill('Studio 1');
  await dialog.getByRole('button', { name: 'Add stream' }).click();
  await row('HEALTHY').waitFor();
  await waitFor('a picture', async () => (await studio()).thumbnail_url);
  await page.getByRole('row', { name: /^mystream: HEALTHY/ }).waitFor();
  await look('monitoring-healthy');
});

test('what breaks becomes an incident with its cause, which is acknowledged', async () => {
  relay.fault = 'no-segments';
  await row('UNHEALTHY').waitFor();
  await row('UNHEALTHY').getByRole('link', { name: 'Studio 1', exact: true }).click();
  const incident = page.getByRole('region', { name: (await active()).reason });
  await incident.getByText('Open', { exact: true }).waitFor();
  const cause = page.locator('section.cause');
  await waitFor('the cause of the desk', async () => {
    const told = (await active()).root_cause;
    return told && (await cause.getByRole('heading', { level: 2 }).textContent()) === told.title;
  });
  assert.ok(await cause.getByRole('listitem').count() > 0, 'evidence');
  await look('investigation-incident');

  await incident.getByRole('button', { name: 'Acknowledge' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Note (optional)').fill('The packager is being looked at');
  await dialog.getByLabel('Your name (optional)').fill('Ada');
  await dialog.getByRole('button', { name: 'Acknowledge' }).click();
  await incident.getByText('Acknowledged', { exact: true }).first().waitFor();
  assert.match((await active()).acknowledged_by, /Ada/);
});

async function active() {
  return waitFor('an active incident', async () => (await desk(
    `api/incidents?stream_id=${(await studio()).id}`))[0]);
}

test('the incident can be taken along as one file', async () => {
  const [download] = await Promise.all([page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download as JSON' }).click()]);
  const chunks = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk);
  const bundle = JSON.parse(Buffer.concat(chunks).toString());
  assert.equal(bundle.incident.stream_name, 'Studio 1');
  assert.ok(bundle.timeline.length > 0);
});

test('what is mended resolves by itself', async () => {
  relay.fault = null;
  // Findings last for two minutes, health is trusted after one, and the incident is held open on top.
  await page.locator('section.incident').getByText('Resolved', { exact: true }).first().waitFor({ timeout: 4 * WAIT_MS });
  await page.goto(`${chain.desk}#/`);
  await row('HEALTHY').waitFor();
  await look('incidents', `${chain.desk}#/incidents`);
  assertQuiet(page);
});

test('charts of the same time', async () => {
  const { id } = await studio();
  await page.goto(`${chain.desk}#/stream/${id}/analysis?last=15m`);
  await waitFor('charts', async () => await page.locator('canvas').count() >= 4);
  await look('analysis', `${chain.desk}#/stream/${id}/analysis?last=15m`);
  assertQuiet(page);
});

// ---- by keyboard alone ----

const focused = () => page.evaluate(() => {
  const at = document.activeElement;
  return at === document.body ? '' : (at.getAttribute('aria-label') ?? at.textContent ?? '').trim();
});

// Tab until something has the focus; a page has an end, so this has one as well.
async function tabTo(pattern, key = 'Tab') {
  for (let i = 0; i < 200; i++) {
    if (pattern.test(await focused())) return;
    await page.keyboard.press(key);
  }
  assert.fail(`Tab never reached ${pattern}`);
}

test('a whole investigation without a mouse', async () => {
  relay.fault = 'frozen';
  await page.goto(`${chain.desk}#/`);
  await row('UNHEALTHY').waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type('studio');
  await page.getByText('1 of 2 streams').waitFor();
  await tabTo(/^Studio 1: /);
  await page.keyboard.press('Enter');
  const incident = page.locator('section.incident');
  await incident.getByText('Open', { exact: true }).first().waitFor();

  await page.keyboard.press('a');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.type('On it');
  await page.keyboard.press('Control+Enter');
  await incident.getByText('Acknowledged', { exact: true }).first().waitFor();

  await page.keyboard.press('n');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.type('The playlist stands still');
  await page.keyboard.press('Control+Enter');
  await incident.locator('.notes').getByText('The playlist stands still').waitFor();

  const range = page.locator('.range-words');
  await page.keyboard.press('+');
  const zoomed = await range.textContent();
  await page.keyboard.press('ArrowLeft');
  await waitFor('the axis to move', async () => await range.textContent() !== zoomed);
  await page.keyboard.press('Home');
  await range.getByText('goes on').waitFor();

  await page.keyboard.press('j');
  assert.ok(await page.evaluate(() => document.activeElement.matches('.event-main')), 'j leads to an event');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-expanded')), 'true');

  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });

  relay.fault = null;
  await tabTo(/^Resolve by hand$/, 'Shift+Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.type('The packager was started again');
  await page.keyboard.press('Enter');
  await incident.getByText('Resolved', { exact: true }).first().waitFor();
  assertQuiet(page);
});
