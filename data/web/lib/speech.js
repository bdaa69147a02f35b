// speech.js - short messages: on the screen for a while, and for those who listen to the page

import { html, useEffect, useState } from './ui.js';

const SHOWN_MS = 6000;
const MOST = 4;
let toasts = [];
let said = '';
let nextId = 1;
const listeners = new Set();

function changed() {
  listeners.forEach((fn) => fn({ toasts, said }));
}

function drop(id) {
  toasts = toasts.filter((toast) => toast.id !== id);
  changed();
}

/**
 * Says what was done, or why it was not. An error stays until it is closed.
 * @param {string} text
 * @param {'ok'|'error'} [kind]
 */
export function toast(text, kind = 'ok') {
  const id = nextId++;
  toasts = [...toasts.filter((other) => other.text !== text), { id, text, kind }].slice(-MOST);
  changed();
  if (kind === 'ok')
    setTimeout(drop, SHOWN_MS, id);
}

/** Tells a screen reader, politely. */
export function announce(text) {
  said = text;
  changed();
}

/** Where both appear. The shell has it once. */
export function Speech() {
  const [state, setState] = useState({ toasts, said });
  useEffect(() => {
    listeners.add(setState);
    return () => listeners.delete(setState);
  }, []);
  return html`
    <div class="toasts" role="status" aria-label="Messages">
      ${state.toasts.map(({ id, text, kind }) => html`
        <div key=${id} class=${`toast is-${kind}`}>
          <span>${text}</span>
          <button type="button" class="btn is-quiet is-icon" aria-label="Close message"
            onClick=${() => drop(id)}>×</button>
        </div>`)}
    </div>
    <div class="visually-hidden" aria-live="polite">${state.said}</div>`;
}
