// chain.mjs - `understudy run` in a temporary home with everything on free ports, as
// tests/e2e/chain.py has it. Everything is gone after close().
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from './wait.mjs';

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
export const BUILD = resolve(process.env.UNDERSTUDY_BUILD ?? join(ROOT, 'build'));
export const BINARY = join(BUILD, 'src/commands/understudy');

/** The environment of a program that must find nothing of this machine's user. */
export function environmentOf(home) {
  return {
    ...process.env,
    HOME: home,
    XDG_STATE_HOME: join(home, 'state'),
    XDG_CONFIG_HOME: join(home, 'config'),
    XDG_CACHE_HOME: join(BUILD, 'cache'),
    XDG_RUNTIME_DIR: home,
    DBUS_SESSION_BUS_ADDRESS: 'disabled:',
    UNDERSTUDY_PIPELINES: join(ROOT, 'pipelines'),
  };
}

/** A child whose output goes to a file, and which ends with SIGTERM, or else SIGKILL. */
export class Child {
  constructor(argv, { home, name }) {
    this.logPath = join(home, `${name}.log`);
    const log = openSync(this.logPath, 'a');
    this.process = spawn(argv[0], argv.slice(1), {
      env: environmentOf(home), stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.ended = new Promise((done) => {
      this.process.on('exit', done);
      this.process.on('error', done);
    });
  }

  get isRunning() {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  log() {
    return readFileSync(this.logPath, 'utf8');
  }

  async close() {
    if (!this.isRunning) return;
    this.process.kill('SIGTERM');
    const timer = setTimeout(() => this.process.kill('SIGKILL'), 30_000);
    await this.ended;
    clearTimeout(timer);
  }
}

// Twenty seconds of pictures and sound, encoded once and published in a loop: a test of pages leaves
// the processors to the browser. The sound is exactly as long as the pictures, so that the loop has
// no seam.
function makeMaterial(path) {
  const samples = (Math.floor(20 * 48000 / 1024) - 1) * 1024;
  execFileSync('ffmpeg', ['-nostdin', '-v', 'error', '-y', '-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25',
    '-f', 'lavfi', '-i', 'sine=r=48000:b=2', '-t', '20', '-c:v', 'libx264', '-preset', 'ultrafast',
    '-g', '50', '-keyint_min', '50', '-sc_threshold', '0', '-b:v', '600k', '-pix_fmt', 'yuv420p',
    '-c:a', 'aac', '-b:a', '96k', '-ac', '2', '-af', `atrim=end_sample=${samples}`,
    '-bsf:a', 'setts=ts=TS+1024', path], { stdio: 'inherit' });
  return path;
}

const SETTINGS = {
  ingest: { rtmp: '127.0.0.1:0', status: '127.0.0.1:0' },
  'packager-primary': { rtmp: '127.0.0.1:0', http: '127.0.0.1:0' },
  'packager-backup': { rtmp: '127.0.0.1:0', http: '127.0.0.1:0' },
  switcher: { http: '127.0.0.1:0' },
  monitor: { http: '127.0.0.1:0', 'thumbnail-interval': '2s' },
  run: { publish: 'true', monitor: 'true' },
};

export class Chain {
  /** @param {Record<string, Record<string, string>>} [settings] over the ones above */
  static async start(settings = {}) {
    const chain = new Chain();
    chain.home = mkdtempSync(join(tmpdir(), 'understudy-web-'));
    try {
      await chain.#run(settings);
      return chain;
    } catch (error) {
      await chain.close();
      throw error;
    }
  }

  async #run(settings) {
    const config = join(this.home, 'understudy.conf');
    const groups = { ...SETTINGS, publish: { file: makeMaterial(join(this.home, 'loop.mp4')) } };
    for (const [group, keys] of Object.entries(settings))
      groups[group] = { ...groups[group], ...keys };
    writeFileSync(config, Object.entries(groups).map(([group, keys]) => `[${group}]\n${
      Object.entries(keys).map(([key, value]) => `${key} = ${value}\n`).join('')}`).join(''));
    this.child = new Child([BINARY, 'run', `--config=${config}`,
      `--status-file=${join(this.home, 'run.json')}`], { home: this.home, name: 'chain' });
    await waitFor('all roles to run', () => {
      if (!this.child.isRunning) throw new Error(`understudy run ended:\n${this.child.log()}`);
      const roles = this.status().roles ?? [];
      return roles.length >= 5 && roles.every((role) => role.state === 'running');
    });
  }

  /** What the supervisor says; {} while it says nothing. */
  status() {
    try {
      return JSON.parse(readFileSync(join(this.home, 'run.json'), 'utf8'));
    } catch {
      return {};
    }
  }

  pid(role) {
    return this.status().roles.find((one) => one.name === role).pid;
  }

  signal(role, signal) {
    const pid = this.pid(role);
    process.kill(pid, signal);
    return pid;
  }

  get desk() {
    return this.status().urls.desk.replace('localhost', '127.0.0.1').replace(/\/?$/, '/');
  }

  get viewer() {
    return this.status().urls.viewer.replace('localhost', '127.0.0.1');
  }

  async close() {
    await this.child?.close();
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }
}
