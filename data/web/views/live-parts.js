// live-parts.js - small pieces of the Live view: marks of the origins, facts, signs

import { cx, html } from '../lib/ui.js';

/** One number with its name, in a <dl class="facts">. */
export function Fact({ name, value, title = null, isBad = false }) {
  return html`<div class=${cx('fact', isBad && 'is-bad')} title=${title || undefined}>
    <dt>${name}</dt><dd class="num">${value}</dd></div>`;
}

const WORDS = { primary: 'Primary', backup: 'Backup' };

/** @param {string} origin @returns {string} with a capital */
export function originWord(origin) {
  return WORDS[origin] ?? String(origin ?? 'Nobody');
}

/** Letter, shape and colour of an origin: a square P, a round B. */
export function OriginMark({ origin, isNamed = false }) {
  return html`<span class=${`origin-mark is-${origin}`} role=${isNamed ? 'img' : undefined}
    aria-label=${isNamed ? originWord(origin) : undefined} aria-hidden=${isNamed ? undefined : 'true'}
    >${origin ? originWord(origin)[0] : '–'}</span>`;
}

/** Whether viewers are on this side: word, shape and colour. */
export function AirMark({ isActive }) {
  return isActive
    ? html`<span class="air is-on"><svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true"><circle cx="8" cy="8" r="3" />
        <path d="M3.6 3.6a6.2 6.2 0 0 0 0 8.8M12.4 3.6a6.2 6.2 0 0 1 0 8.8" /></svg>Active</span>`
    : html`<span class="air"><svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true"><circle cx="8" cy="8" r="3" /></svg>Standby</span>`;
}

const SIGNS = {
  equal: 'M3 6h10M3 10h10',
  different: 'M3 6h10M3 10h10M11 2.5 5 13.5',
  open: 'M4 8h.01M8 8h.01M12 8h.01',
  none: 'M5 8h6',
  passed: 'M3 8.5l3.2 3.2L13 4.8',
  failed: 'M4 4l8 8M12 4l-8 8',
  skipped: 'M5 8h6',
  change: 'M3 5.5h9M9.5 3 12 5.5 9.5 8M13 10.5H4M6.5 8 4 10.5 6.5 13',
  warning: 'M8 2 15 14H1zM8 6.5v3.2M8 11.8v.1',
};

/** A small line drawing; a word stands beside it. */
export function Sign({ name }) {
  return html`<svg class=${`sign is-${name}`} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
    <path d=${SIGNS[name]} /></svg>`;
}
