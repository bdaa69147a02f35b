// desk.mjs - `understudy monitor` by itself, in a temporary home
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BINARY, Child } from './chain.mjs';
import { waitFor } from './wait.mjs';

export class Desk {
  runs = 0;

  /**
   * @param {string[]} [options] of the command
   * @param {object[]} [streams] that are watched from the start, as streams.json has them
   */
  static async start(options = [], streams = []) {
    const desk = new Desk();
    desk.home = mkdtempSync(join(tmpdir(), 'understudy-desk-'));
    const folder = join(desk.home, 'state', 'understudy', 'desk');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (streams.length > 0)
      writeFileSync(join(folder, 'streams.json'), JSON.stringify({ version: 1, streams }), { mode: 0o600 });
    desk.options = options;
    try {
      await desk.#run('127.0.0.1:0');
    } catch (error) {
      await desk.close();
      throw error;
    }
    return desk;
  }

  async #run(address) {
    this.child = new Child([BINARY, 'monitor', `--http=${address}`, ...this.options],
      { home: this.home, name: `monitor-${this.runs++}` });
    this.url = await waitFor('the desk to answer', () => {
      if (!this.child.isRunning) throw new Error(`the desk ended:\n${this.child.log()}`);
      const port = /desk at port (\d+)/.exec(this.child.log());
      return port && `http://127.0.0.1:${port[1]}/`;
    });
  }

  async kill() {
    this.child.process.kill('SIGKILL');
    await this.child.ended;
  }

  /** At the same address. */
  startAgain() {
    return this.#run(new URL(this.url).host);
  }

  async call(method, path, body) {
    const answer = await fetch(new URL(path, this.url), {
      method,
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  async close() {
    await this.child?.close();
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }
}
