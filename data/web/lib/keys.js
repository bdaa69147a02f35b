// keys.js - keys of the whole page, each with what it does; those of a view while it is there
//
// Not while somebody types, nor behind a dialog. A key may be two after one another: 'g i'.

import { useEffect, useReducer, useRef } from './ui.js';

const FOLLOW_MS = 1200; // for the second of two keys
const groups = new Set(); // {scope, keys}
const listeners = new Set();
let prefix = '';
let prefixTimer = 0;

function changed() {
  listeners.forEach((fn) => fn());
}

function isTyping(target) {
  return target instanceof Element
    && target.closest('input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]') !== null;
}

// Enter and space belong to what has the focus, where that does something by itself.
function isTaken(event) {
  return ['Enter', ' '].includes(event.key) && event.target instanceof Element
    && event.target.closest('a, button, summary, [role=menuitem], [role=tab], [role=slider]') !== null;
}

function find(key) {
  let found = null;
  for (const group of groups) // a later group is of a finer scope
    for (const entry of group.keys)
      if (entry.key === key)
        found = entry;
  return found;
}

function isPrefix(key) {
  return [...groups].some((group) => group.keys.some((entry) => entry.key.startsWith(`${key} `)));
}

function onKeyDown(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey
      || isTyping(event.target) || isTaken(event) || document.querySelector('dialog[open]'))
    return;
  const key = prefix ? `${prefix} ${event.key}` : event.key;
  const entry = find(key) ?? find(event.key);
  clearTimeout(prefixTimer);
  prefix = '';
  if (entry) {
    event.preventDefault();
    entry.run(event);
  } else if (isPrefix(event.key)) {
    prefix = event.key;
    prefixTimer = setTimeout(() => { prefix = ''; }, FOLLOW_MS);
  }
}
document.addEventListener('keydown', onKeyDown);

/**
 * Keys that work while the component is there.
 * @param {{key: string, label: string, run: (event: KeyboardEvent) => void}[]} keys as
 *   KeyboardEvent.key says; entries with the same label are shown as one
 * @param {{scope?: string}} [options] the heading in the list of keys
 */
export function useKeys(keys, { scope = 'Page' } = {}) {
  const newest = useRef(keys);
  newest.current = keys;
  const names = keys.map(({ key, label }) => `${key}\t${label}`).join('\n');
  useEffect(() => {
    const group = { scope, keys: newest.current.map(({ key, label }) => ({ key, label,
      run: (event) => newest.current.find((entry) => entry.key === key)?.run(event) })) };
    groups.add(group);
    changed();
    return () => {
      groups.delete(group);
      changed();
    };
  }, [names, scope]);
}

/** @returns {{scope: string, keys: {label: string, keys: string[]}[]}[]} what works now */
export function useKeyList() {
  const [, draw] = useReducer((n) => n + 1, 0);
  useEffect(() => {
    listeners.add(draw);
    return () => listeners.delete(draw);
  }, []);
  const scopes = new Map();
  for (const { scope, keys } of groups) {
    if (!scopes.has(scope))
      scopes.set(scope, new Map());
    for (const { key, label } of keys)
      scopes.get(scope).set(label, [...(scopes.get(scope).get(label) ?? []), key]);
  }
  return [...scopes].map(([scope, labels]) => ({ scope,
    keys: [...labels].map(([label, names]) => ({ label, keys: names })) }));
}
