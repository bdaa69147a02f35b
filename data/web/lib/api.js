// api.js - requests to the desk: JSON in and out, problems as errors, tokens, and its events
//
// Paths are relative to the page, so that a proxy may put the desk under a prefix; those that the
// desk gives ("/api/...") are taken as the same thing.

import { learn } from './clock.js';
import { retryNow } from './events.js';
import { recall } from './keep.js';

export { on, connection, start, retryNow } from './events.js';

const TIMEOUT_MS = 20 * 1000;
const base = new URL('.', document.baseURI);
let asker = null; // shows the token dialog: (problem) => Promise<boolean>
let asking = null;
let wasDeclined = false;

/** An error in the words of RFC 9457. `type` is the last word of its URN. */
export class Problem extends Error {
  constructor({ status = 0, type = 'unknown', title, detail, pointer = null, parameter = null }) {
    super(detail || title);
    this.name = 'Problem';
    this.status = status;
    this.type = type;
    this.title = title;
    this.detail = detail || title;
    this.pointer = pointer;
    this.parameter = parameter;
  }
}

/**
 * @param {string} path 'api/streams', or '/api/streams' as the desk says it
 * @param {object|URLSearchParams} [query] members that are null or undefined are left out
 * @returns {URL}
 */
export function addressOf(path, query) {
  const url = new URL(path.replace(/^\//, ''), base);
  const pairs = query instanceof URLSearchParams ? [...query] : Object.entries(query ?? {});
  for (const [name, value] of pairs)
    if (value !== null && value !== undefined && value !== '')
      url.searchParams.set(name, value);
  return url;
}

/** Tells who asks for a token when one is needed. */
export function setTokenAsker(fn) {
  asker = fn;
}

/** The next request that needs a token asks for it again. */
export function mayAskAgain() {
  wasDeclined = false;
}

/**
 * Asks for a token, once for all requests that wait for one.
 * @param {Problem} problem
 * @param {{isPolite?: boolean, used?: string|null}} [options] `isPolite`: not when people have
 *   declined before; `used`: the token that was refused, when another may have been given since
 * @returns {Promise<boolean>} whether there is another one now
 */
export async function askForToken(problem, { isPolite = false, used } = {}) {
  if (used !== undefined && recall('token') !== used)
    return true; // it was under way before somebody answered
  if (!asker || (isPolite && wasDeclined))
    return false;
  asking ??= asker(problem).finally(() => { asking = null; });
  const isGiven = await asking;
  wasDeclined = !isGiven;
  if (isGiven)
    retryNow();
  return isGiven;
}

// Header values are bytes; a name of any script goes as UTF-8.
function asBytes(text) {
  return String.fromCharCode(...new TextEncoder().encode(text.slice(0, 60)));
}

/** Headers that say who asks. */
export function identity() {
  const headers = {};
  const token = recall('token');
  const who = recall('who');
  if (token)
    headers.Authorization = `Bearer ${token}`;
  if (who)
    headers['X-Understudy-User'] = asBytes(who);
  return headers;
}

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The problem that an answer with an error status is. */
export async function problemOf(response) {
  let body = null;
  try {
    body = await response.json();
  } catch {
    // a proxy's page, or nothing: the status must do
  }
  return new Problem({
    status: response.status,
    type: String(body?.type ?? 'unknown').split(':').pop(),
    title: body?.title ?? `The desk answered ${response.status} ${response.statusText}`.trim(),
    detail: body?.detail,
    pointer: body?.pointer ?? null,
    parameter: body?.parameter ?? null,
  });
}

function networkProblem(signal, timeout, cause) {
  if (signal?.aborted)
    return cause;
  if (timeout.signal.aborted)
    return new Problem({ type: 'timeout', title: 'The desk did not answer',
      detail: `There was no answer for ${TIMEOUT_MS / 1000} s.` });
  return new Problem({ type: 'unreachable', title: 'The desk cannot be reached',
    detail: 'The desk cannot be reached. Is "understudy monitor" running?' });
}

async function attempt(url, options, signal) {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), TIMEOUT_MS);
  const onAbort = () => timeout.abort();
  signal?.addEventListener('abort', onAbort, { once: true });
  const asked = Date.now();
  try {
    if (signal?.aborted)
      throw new DOMException('Aborted', 'AbortError');
    const response = await fetch(url, { ...options, signal: timeout.signal,
      headers: { ...options.headers, ...identity() }, credentials: 'same-origin' });
    learn(response.headers.get('Date'), asked, Date.now());
    if (!response.ok)
      throw await problemOf(response);
    const body = options.as === 'blob' ? await response.blob()
      : response.status === 204 ? null : await response.json();
    return { body, response };
  } catch (error) {
    throw error instanceof Problem ? error : networkProblem(signal, timeout, error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

async function ask(url, options, signal) {
  const isReading = (options.method ?? 'GET') === 'GET';
  const used = recall('token');
  try {
    return await attempt(url, options, signal);
  } catch (error) {
    if (error.status !== 401 || !await askForToken(error, { isPolite: isReading, used }))
      throw error;
    return attempt(url, options, signal);
  }
}

/**
 * @param {string} path
 * @param {{query?: object, signal?: AbortSignal}} [options]
 * @returns {Promise<any>} the JSON
 * @throws {Problem}
 */
export async function get(path, { query, signal } = {}) {
  return (await ask(addressOf(path, query), { headers: { Accept: 'application/json' } }, signal)).body;
}

/** A picture or a file. @returns {Promise<Blob>} */
export async function getBlob(path, { query, signal } = {}) {
  return (await ask(addressOf(path, query), { as: 'blob' }, signal)).body;
}

function nextOf(link) {
  for (const part of (link ?? '').split(/,\s*(?=<)/)) {
    const match = /^\s*<([^>]*)>.*;\s*rel="?next"?/.exec(part);
    if (match)
      return match[1].replace(/^\//, '');
  }
  return null;
}

/**
 * @returns {Promise<{items: any[], next: string|null}>} `next` is the path of the next page
 * @throws {Problem}
 */
export async function getPage(path, { query, signal } = {}) {
  const { body, response } = await ask(addressOf(path, query),
    { headers: { Accept: 'application/json' } }, signal);
  return { items: body, next: nextOf(response.headers.get('Link')) };
}

/**
 * @param {'POST'|'PUT'|'PATCH'|'DELETE'} method
 * @param {string} path
 * @param {object} [body]
 * @param {{ifMatch?: string, signal?: AbortSignal}} [options]
 * @returns {Promise<any>} the JSON of the answer
 * @throws {Problem}
 */
export async function send(method, path, body, { ifMatch, signal } = {}) {
  const headers = { Accept: 'application/json' };
  if (body !== undefined)
    headers['Content-Type'] = 'application/json';
  if (method === 'POST')
    headers['Idempotency-Key'] = newKey();
  if (ifMatch)
    headers['If-Match'] = ifMatch;
  const text = body === undefined ? undefined : JSON.stringify(body);
  return (await ask(addressOf(path), { method, headers, body: text }, signal)).body;
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * The same request as a command for a shell. The token itself is not in it.
 * @returns {string}
 */
export function asCurl(method, path, body) {
  const words = ['curl', '-sS'];
  if (method !== 'GET')
    words.push('-X', method);
  if (recall('token'))
    words.push('-H', '"Authorization: Bearer $TOKEN"');
  if (body !== undefined && body !== null)
    words.push('-H', quoted('Content-Type: application/json'), '-d', quoted(JSON.stringify(body)));
  words.push(quoted(addressOf(path).href));
  return words.join(' ');
}
