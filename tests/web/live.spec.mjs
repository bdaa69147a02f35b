// live.spec.mjs - the player goes on whatever breaks behind it, and the page that shows it as well
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PHONE, assertAccessible, assertQuiet, launch, open, shoot } from './support/browser.mjs';
import { Chain } from './support/chain.mjs';
import { WAIT_MS, waitFor } from './support/wait.mjs';

let chain;
let browser;
let page;

before(async () => {
  chain = await Chain.start();
  browser = await launch();
  page = await open(browser, `${chain.desk}#/live`);
  page.setDefaultTimeout(WAIT_MS);
});
after(async () => {
  await browser?.close();
  await chain?.close();
});

// What the element of the viewer's player says, in its frame.
async function playing() {
  const frame = page.frames().find((one) => one.url().includes('player.html'));
  return frame?.evaluate(() => {
    const video = document.querySelector('video');
    return { at: video.currentTime, isPaused: video.paused, error: video.error?.message ?? null,
      state: document.getElementById('player').dataset.state };
  });
}

async function assertGoesOn(seconds) {
  const from = await waitFor('the player to play', async () => {
    const now = await playing();
    return now?.state === 'playing' && now.at > 0 && now;
  });
  const until = await waitFor(`${seconds} s more of the stream`, async () => {
    const now = await playing();
    assert.equal(now.error, null);
    assert.equal(now.isPaused, false);
    return now.at > from.at + seconds && now;
  });
  assert.ok(until.at < from.at + WAIT_MS / 1000);
}

const origin = (name) => page.getByRole('region', { name, exact: true });

test('the viewer\'s player plays', async () => {
  await assertGoesOn(3);
  await origin('Primary').getByText('Active', { exact: true }).waitFor();
  await page.getByRole('region', { name: 'Encoder' }).getByText('25 fps').waitFor(); // as it was measured
  await waitFor('the ledger', async () => await page.locator('table.ledger tbody tr').count() >= 5);
  for (const theme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: theme });
    await assertAccessible(page, `live, ${theme}`);
    await shoot(page, `live-${theme}`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
});

test('a failover by hand, with its reason on record, is not seen by the player', async () => {
  await page.getByRole('button', { name: 'Fail over to the backup…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Reason').fill('new disk in the primary');
  await assertAccessible(page, 'the question before a failover');
  await dialog.locator('button[type=submit]').click();
  await origin('Backup').getByText('Active', { exact: true }).waitFor();
  await assertGoesOn(8);
  await page.getByRole('region', { name: 'Orders and changes of sides' }).getByText('new disk in the primary').first().waitFor();
  await page.getByRole('list', { name: 'Orders that stand' }).getByRole('listitem').first().waitFor();
});

test('the packager on air is killed, and the player goes on', async () => {
  const pid = chain.signal('packager-backup', 'SIGKILL');
  await assertGoesOn(8);
  await waitFor('the packager to be started again', () => ![0, pid].includes(chain.pid('packager-backup')));
  await page.getByRole('button', { name: 'Switch back…' }).click();
  await page.getByRole('dialog').locator('button[type=submit]').click();
  await origin('Primary').getByText('Active', { exact: true }).waitFor();
  await assertGoesOn(4);
});

test('a drill is run from the page, with its result', async () => {
  await page.getByRole('button', { name: 'Run a drill…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Run a drill' });
  await dialog.getByRole('radio', { name: /^kill / }).check();
  await dialog.getByRole('button', { name: 'Run kill' }).click();
  const drills = page.getByRole('region', { name: 'Drills' });
  await drills.getByText(/^(passed|failed)$/).first().waitFor(); // failed: a busy machine drops pictures of its encoder
  await shoot(page, 'live-drill');
});

test('the page finds its way back when the desk was killed', async () => {
  await page.goto(`${chain.desk}#/`);
  await page.getByRole('row', { name: /^mystream: / }).waitFor();
  const { started_at: before } = await (await fetch(new URL('health', chain.desk))).json();
  chain.signal('monitor', 'SIGKILL');
  await waitFor('another desk', async () => {
    const answer = await fetch(new URL('health', chain.desk)).catch(() => null);
    return answer?.ok && (await answer.json()).started_at !== before;
  });
  // Only what comes by its events shows this row: the page is not loaded again.
  const added = await fetch(new URL('api/streams', chain.desk), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'Added later', manifest_url: chain.status().urls.backup }),
  });
  assert.equal(added.status, 201);
  await page.getByRole('row', { name: /^Added later: / }).waitFor();
  await page.getByTitle('Changes are shown as they happen').waitFor();
});

test('on a phone', async () => {
  const phone = await open(browser, `${chain.desk}#/live`, { viewport: PHONE });
  phone.setDefaultTimeout(WAIT_MS);
  await phone.locator('table.ledger tbody tr').first().waitFor();
  const wide = await phone.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(wide <= 0, `${wide} px wider than a phone`);
  await assertAccessible(phone, 'live on a phone');
  await shoot(phone, 'live-phone');
  assertQuiet(page);
});
