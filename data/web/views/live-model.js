// live-model.js - the Live view without a page: addresses, the ledger's rows, what a player reports
//
// Pure. Rows come from the desk oldest first, by number; a row may come again with more known of it.

export const MAX_ROWS = 200;
export const STRIP_ROWS = 60;
/** Rows whose comparison may still change; they are asked for again. */
export const OPEN_ROWS = 12;

const PASSED_MS = 10 * 1000; // without a date: so long after a change its seam has been played

/** Whether a host name means the machine it is spoken on. */
export function isLoopback(hostname) {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]'
    || hostname === '0.0.0.0' || /^127\./.test(hostname);
}

/**
 * An address as it can be reached from here: the desk's "localhost" is not the browser's.
 * @param {string|null} url
 * @param {string} hostname of this page
 * @returns {string|null} null: no address
 */
export function reachable(url, hostname) {
  let parsed;
  try {
    parsed = new URL(url);
  } catch {
    return null;
  }
  if (isLoopback(parsed.hostname) && !isLoopback(hostname))
    parsed.hostname = hostname;
  return parsed.href;
}

/** Where viewers get a stream. */
export function viewerUrl(chain, stream, hostname) {
  if (!chain.viewer_url)
    return null;
  return reachable(chain.viewer_url.replace(/\/$/, '') + stream.path, hostname);
}

/** Where one origin has it, as the switcher asks for it. */
export function originUrl(chain, stream, origin, hostname) {
  const own = reachable(stream.origins[origin].url, hostname);
  if (own)
    return own;
  const base = chain.origin_urls?.[origin];
  if (!base)
    return null;
  return reachable(`${base.replace(/\/$/, '')}/${stream.is_default ? '' : `${stream.name}/`}index.m3u8`, hostname);
}

/** Whether the browser will refuse to play it: an http stream in an https page. */
export function isMixed(url, protocol) {
  return protocol === 'https:' && /^http:/.test(url ?? '') && !isLoopback(new URL(url).hostname);
}

/**
 * What the desk tells of the chain, without streams of which too little is known to show them: it
 * passes on what it was told, and null for what it was not.
 */
export function readChain(chain) {
  const isWhole = ({ name, path, active, origins }) => name && path && (active === 'primary' || active === 'backup')
    && origins?.primary && origins.backup;
  const streams = chain.streams.filter(isWhole).map((stream) => ({ ...stream,
    switches: stream.switches.filter(({ time_ms, from, to }) => time_ms > 0 && from && to) }));
  const commands = chain.commands.filter(({ time_ms, command, what }) => time_ms > 0 && command && what);
  const runs = chain.runs.filter(({ id, name, started_ms }) => id && name && started_ms > 0);
  return { ...chain, streams, commands, runs, drills: chain.drills.filter(({ name }) => name) };
}

/** The stream that is shown: the one asked for, else the default one, else the first. */
export function chooseStream(streams, name) {
  return streams.find((stream) => stream.name === name)
    ?? (name ? undefined : streams.find((stream) => stream.is_default && stream.is_served)
      ?? streams.find((stream) => stream.is_served) ?? streams[0]);
}

// ---- the ledger ----

/**
 * Where to read on from: some rows back, because their comparison may be known by now.
 * @param {object[]} rows oldest first
 * @returns {number|null} null: from the beginning of what is shown
 */
export function nextAfter(rows) {
  return rows.length === 0 ? null : Math.max(rows[Math.max(rows.length - OPEN_ROWS, 0)].number - 1, 0);
}

/**
 * @param {object[]} rows known so far, oldest first
 * @param {{newest: number|null, rows: object[]}} page what came
 * @returns {object[]} the same array when nothing is new
 */
export function mergeRows(rows, page) {
  const last = rows.at(-1);
  // A new ledger counts from elsewhere: what is known is not of it.
  if (last && page.newest !== null && page.newest < last.number)
    return page.rows.slice(-MAX_ROWS);
  if (page.rows.length === 0)
    return rows;
  const known = new Map(rows.map((row) => [row.number, row]));
  let isNew = false;
  for (const row of page.rows) {
    if (isSameRow(known.get(row.number), row))
      continue;
    known.set(row.number, row);
    isNew = true;
  }
  if (!isNew)
    return rows;
  return [...known.values()].sort((a, b) => a.number - b.number).slice(-MAX_ROWS);
}

function isSameRow(a, b) {
  return a !== undefined && a.hash === b.hash && a.comparison === b.comparison && a.origin === b.origin;
}

/** The last rows for the strip; what is not there yet is null, at the front. */
export function stripOf(rows, n = STRIP_ROWS) {
  const last = rows.slice(-n);
  return [...Array(n - last.length).fill(null), ...last];
}

/** "The last 60 segments: 48 from the primary, 12 from the backup" for those who hear the strip. */
export function stripWords(rows, n = STRIP_ROWS) {
  const last = rows.slice(-n);
  if (last.length === 0)
    return 'No segments yet';
  const of = (origin) => last.filter((row) => row.origin === origin).length;
  const gaps = last.filter((row) => row.is_gap).length;
  const differing = last.filter((row) => row.comparison === 'different').length;
  const words = [`${of('primary')} from the primary`, `${of('backup')} from the backup`];
  if (gaps > 0)
    words.push(gaps === 1 ? 'one gap' : `${gaps} gaps`);
  if (differing > 0)
    words.push(`${differing} with other bytes at the twin`);
  return `The last ${last.length === 1 ? 'segment' : `${last.length} segments`}: ${words.join(', ')}`;
}

const atOf = (row) => (typeof row.at === 'number' ? row.at : Date.parse(row.at));

/** What makes a change of sides that change and no other. */
export function changeKey(change) {
  return `${change.time_ms}:${change.from}:${change.to}`;
}

// Which row a change stands before: the first that its new side delivered, unless that came much
// later; else the first that was published after it. Of an identical pair either side delivers.
function placeOf(rows, change, isIdentical) {
  const first = rows.findIndex((row) => atOf(row) >= change.time_ms);
  if (first < 0)
    return rows.length;
  if (isIdentical)
    return first;
  for (let i = first; i < Math.min(first + 3, rows.length); i++)
    if (rows[i].origin === change.to)
      return i;
  return first;
}

/**
 * Rows and the changes of sides between them, newest first.
 * @param {object[]} rows oldest first
 * @param {object[]} changes oldest first
 * @param {boolean} [isIdentical] the two have the same segments
 * @returns {{kind: 'row'|'change', key: string, row?: object, change?: object}[]}
 */
export function interleave(rows, changes, isIdentical = false) {
  if (rows.length === 0)
    return [];
  const begin = atOf(rows[0]);
  const before = new Map(); // index of a row to the changes before it
  for (const change of changes) {
    if (change.time_ms < begin)
      continue;
    const index = placeOf(rows, change, isIdentical);
    before.set(index, [...(before.get(index) ?? []), change]);
  }
  const items = [];
  const put = (index) => {
    for (const change of (before.get(index) ?? []))
      items.push({ kind: 'change', key: changeKey(change), change });
  };
  rows.forEach((row, index) => {
    put(index);
    items.push({ kind: 'row', key: String(row.number), row });
  });
  put(rows.length);
  return items.reverse();
}

/**
 * Commands and changes of sides of a stream in one list, newest first. Commands for all streams,
 * and drills, belong to each.
 * @param {{commands: object[]}} chain
 * @param {object} stream
 * @returns {{key: string, at: number, change?: object, command?: object}[]}
 */
export function recordOf(chain, stream) {
  const own = `${stream.name}: `;
  const commands = chain.commands
    .filter((command) => command.stream === null || command.stream === stream.name)
    .map((command) => ({ key: `c${command.id}`, at: command.time_ms, command: { ...command,
      short: command.what.startsWith(own) ? command.what.slice(own.length) : command.what } }));
  const changes = stream.switches.map((change) => ({ key: changeKey(change), at: change.time_ms, change }));
  // A command and what it caused may have the same time: the cause is the older one.
  return [...commands, ...changes].sort((a, b) => b.at - a.at || (a.change ? -1 : 1));
}

// ---- the player ----

/**
 * How far a player is behind what happens.
 * @param {object} report of the player
 * @param {number} skew ms by which the desk's clock is ahead of the browser's
 * @returns {{s: number|null, isByDate: boolean}} by the pictures' own date where they have one that
 *   makes sense, else from the live edge
 */
export function latencyOf(report, skew) {
  if (report?.date_ms > 0) {
    const s = (report.sent_ms + skew - report.date_ms) / 1000;
    if (s > -1 && s < 3600)
      return { s: Math.max(s, 0), isByDate: true };
  }
  return { s: report?.edge_s ?? null, isByDate: false };
}

/**
 * The changes of sides that a player has played across.
 * @param {object[]} changes those that happened since it plays
 * @param {object} report of the player
 * @param {number} now ms, by the desk's clock
 */
export function passedChanges(changes, report, now) {
  const isPassed = (change) => (report.date_ms > 0 ? report.date_ms >= change.time_ms
    : now - change.time_ms > PASSED_MS);
  return changes.filter(isPassed).length;
}

// Seconds until a player comes to the next change of sides; null: there is none, or nobody knows.
function nextIn(changes, report) {
  const next = report.date_ms > 0 ? changes.find((change) => change.time_ms > report.date_ms) : undefined;
  return next ? Math.ceil((next.time_ms - report.date_ms) / 1000) : null;
}

/**
 * "Has gone on through 3 changes of sides without a stall", and when the next one comes.
 * @param {object[]} changes those that happened since the player plays, oldest first
 * @param {object} report of the player
 * @param {number} now ms, by the desk's clock
 */
export function goneOnWords(changes, report, now) {
  const passed = passedChanges(changes, report, now);
  const next = nextIn(changes, report);
  if (passed === 0)
    return next === null ? 'No change of sides since this player opened' : `A change of sides reaches this player in ${next} s`;
  const noun = passed === 1 ? 'one change of sides' : `${passed} changes of sides`;
  const words = report.stalls === 0 ? `Has gone on through ${noun} without a stall` : `Has gone on through ${noun}`;
  return next === null ? words : `${words}; another one reaches this player in ${next} s`;
}

const PLAYER_STATES = {
  loading: 'Opening',
  playing: 'Playing',
  paused: 'Paused',
  stalled: 'Stalled: waiting for the next segment',
  waiting: 'Waiting',
  error: 'Cannot play',
};

/** The state of a player in words. */
export function playerWords(report) {
  return report ? PLAYER_STATES[report.state] ?? report.state : 'Opening';
}

/** A message is a report of a player, and of no other kind. */
export function isReport(data) {
  return typeof data === 'object' && data !== null && data.type === 'understudy-player'
    && typeof data.state === 'string' && typeof data.stalls === 'number';
}

// ---- drills ----

/** @returns {{active: object|null, past: object[]}} runs, the newest first */
export function sortRuns(chain) {
  const runs = [...chain.runs].reverse();
  return { active: runs.find((run) => run.ended_ms === null && run.id === chain.active_drill) ?? null,
    past: runs.filter((run) => run.ended_ms !== null) };
}

/** How a drill of a run ended, in a word. */
export function outcomeOf(result) {
  return result.skipped ? 'skipped' : result.passed ? 'passed' : 'failed';
}
