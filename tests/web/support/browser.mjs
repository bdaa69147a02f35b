// browser.mjs - headless Chromium with a page that must not complain: uncaught errors, refusals by
// the content security policy and requests to anywhere else fail the test
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { BUILD } from './chain.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SCREENS = join(BUILD, 'e2e-logs', 'screens');

export const PHONE = { width: 360, height: 740 };
export const DESKTOP = { width: 1280, height: 800 };

export async function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM
      ?? execFileSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--mute-audio',
      '--autoplay-policy=no-user-gesture-required', '--disable-background-timer-throttling',
      '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows'],
  });
}

/**
 * A page of its own context.
 * @returns page with page.complaints: what it must not have said
 */
export async function open(browser, url, { viewport = DESKTOP, theme = 'light', motion = 'reduce' } = {}) {
  const context = await browser.newContext({ viewport, colorScheme: theme, reducedMotion: motion });
  const page = await context.newPage();
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(`uncaught: ${error.stack ?? error}`));
  page.on('console', (message) => {
    // A request that fails says so by itself; what the page makes of it is what is tested.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      page.complaints.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (protocol.startsWith('http') && !['127.0.0.1', 'localhost'].includes(hostname))
      page.complaints.push(`asked elsewhere: ${request.url()}`);
  });
  await page.goto(url);
  return page;
}

export function assertQuiet(page) {
  assert.deepEqual(page.complaints, []);
}

/** axe-core over the whole page: the violations as text, none being right. */
export async function assertAccessible(page, what) {
  await page.evaluate(`${AXE}; undefined`);
  const violations = await page.evaluate(async () => {
    const found = await globalThis.axe.run(document, { resultTypes: ['violations'] });
    return found.violations.map(({ id, help, nodes }) => ({
      id, help, nodes: nodes.slice(0, 5).map((node) => `${node.html.slice(0, 300)} ${
        node.any.map((one) => one.message).join('; ')}`),
    }));
  });
  assert.deepEqual(violations, [], `axe: ${what}`);
}

/** Kept beside the logs, for people: every view as it looked. */
export async function shoot(page, name) {
  mkdirSync(SCREENS, { recursive: true });
  await page.screenshot({ path: join(SCREENS, `${name}.png`) });
}
