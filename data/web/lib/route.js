// route.js - where in the page one is, as the address after the #
//
//   #/                        monitoring           #/incidents          all incidents
//   #/stream/ID               investigation        #/live/NAME          a stream of our own chain
//   #/stream/ID/analysis      analysis

import { useEffect, useState } from './ui.js';

const listeners = new Set();
const PATHS = {
  monitoring: () => '#/',
  investigation: (id) => `#/stream/${id}`,
  stream: (id) => `#/stream/${id}`,
  analysis: (id) => `#/stream/${id}/analysis`,
  incidents: () => '#/incidents',
  live: (id) => (id ? `#/live/${id}` : '#/live'),
};

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * @param {string} hash
 * @returns {{view: string, id: string|null, sub: string|null, query: URLSearchParams}}
 */
export function parse(hash) {
  const [path, search = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const [head = '', id = null, sub = null] = path.split('/').filter(Boolean).map(decode);
  const query = new URLSearchParams(search);
  if (head === '' || head === 'monitoring')
    return { view: 'monitoring', id: null, sub: null, query };
  if (head === 'stream' && id !== null)
    return { view: sub === 'analysis' ? 'analysis' : 'investigation', id, sub, query };
  if (head === 'incidents' || head === 'live')
    return { view: head, id, sub, query };
  return { view: 'unknown', id: null, sub: null, query };
}

let current = parse(location.hash);

function update() {
  current = parse(location.hash);
  listeners.forEach((fn) => fn(current));
}
window.addEventListener('hashchange', update);

/** The route, drawn again when it changes. */
export function useRoute() {
  const [route, setRoute] = useState(current);
  useEffect(() => {
    setRoute(current);
    listeners.add(setRoute);
    return () => listeners.delete(setRoute);
  }, []);
  return route;
}

/**
 * @param {'monitoring'|'investigation'|'analysis'|'incidents'|'live'} view
 * @param {string|null} [id]
 * @param {object|URLSearchParams} [query] members that are null, undefined or '' are left out
 * @returns {string} for an <a href>
 */
export function href(view, id = null, query = {}) {
  const pairs = query instanceof URLSearchParams ? [...query] : Object.entries(query);
  const kept = pairs.filter(([, value]) => value !== null && value !== undefined && value !== '');
  const search = new URLSearchParams(kept).toString();
  const path = PATHS[view](id === null ? '' : encodeURIComponent(id));
  return search ? `${path}?${search}` : path;
}

/**
 * Goes there. `replace`: without a new entry in the browser's history.
 */
export function go(view, id = null, query = {}, { replace = false } = {}) {
  const to = href(view, id, query);
  if (to === location.hash)
    return;
  history[replace ? 'replaceState' : 'pushState'](null, '', to);
  update();
}

let title = '';
const titleListeners = new Set();

/** Names the page; the shell puts the worst state before it. */
export function setTitle(text) {
  title = text;
  titleListeners.forEach((fn) => fn(title));
}

/** @returns {string} what the view calls itself */
export function useTitle() {
  const [text, setText] = useState(title);
  useEffect(() => {
    setText(title);
    titleListeners.add(setText);
    return () => titleListeners.delete(setText);
  }, []);
  return text;
}
