// header.js - the bar above every view: where one is, how all streams are, whether it is live
//
// The worst state is also in the title and the icon of the tab, for those who look elsewhere.

import { cx, html, memo, useEffect, useRef, useState } from './ui.js';
import { plural } from './format.js';
import { useConnection, useStreams } from './live.js';
import { href, useTitle } from './route.js';
import { STATES, StateIcon, stateOf } from './state.js';
import { SettingsButton, ThemeButton } from './settings.js';

const SAY_EVERY_MS = 10 * 1000;
const VIEWS = [['monitoring', 'Monitoring'], ['incidents', 'Incidents'], ['live', 'Live']];
const BAD = ['UNHEALTHY', 'DEGRADED', 'NO DATA'];

/** @returns {object} how many streams are in each state */
export function countStates(list) {
  const counts = {};
  for (const stream of list) {
    const state = stateOf(stream);
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

function inWords(counts) {
  return Object.keys(STATES).filter((state) => counts[state])
    .map((state) => `${counts[state]} ${state.toLowerCase()}`).join(', ');
}

function textOf(counts) {
  return JSON.stringify(counts);
}

// Says the counts when they have changed, at most every ten seconds.
function useSaid(text) {
  const [said, setSaid] = useState('');
  const last = useRef(0);
  useEffect(() => {
    const wait = Math.max(0, last.current + SAY_EVERY_MS - Date.now());
    const timer = setTimeout(() => {
      last.current = Date.now();
      setSaid(text);
    }, wait);
    return () => clearTimeout(timer);
  }, [text]);
  return said;
}

const Summary = memo(({ counts }) => {
  const said = useSaid(inWords(counts));
  return html`
    <nav class="summary num" aria-label="Streams by state">
      ${Object.keys(STATES).filter((state) => counts[state]).map((state) => html`
        <a key=${state} href=${href('monitoring', null, { state })}
          class=${BAD.includes(state) ? '' : 'is-quiet-count'}
          title=${`${plural(counts[state], 'stream')} ${state.toLowerCase()}`}
          aria-label=${`${plural(counts[state], 'stream')} ${state.toLowerCase()}`}>
          <${StateIcon} state=${state} />${counts[state]}</a>`)}
    </nav>
    <span class="visually-hidden" aria-live="polite">${said}</span>`;
}, (a, b) => textOf(a.counts) === textOf(b.counts));

const LINKS = {
  live: ['Live', 'Changes are shown as they happen'],
  connecting: ['Connecting', 'Waiting for the desk'],
  lost: ['Not connected', 'What is shown may be old'],
};

function LinkState() {
  const { state } = useConnection();
  const [word, title] = LINKS[state];
  return html`
    <span class=${`link-state is-${state}`} title=${title}>
      <svg width="12" height="12" viewBox="0 0 12 12" aria-hidden="true">
        ${state === 'lost' ? html`<path d="M2 2l8 8M10 2l-8 8" stroke="currentColor" stroke-width="2" />`
          : html`<circle cx="6" cy="6" r="4" fill=${state === 'live' ? 'currentColor' : 'none'}
              stroke="currentColor" stroke-width="1.6" />`}
      </svg>
      <span class="link-word">${word}</span>
    </span>`;
}

const TAB_SHAPES = {
  UNHEALTHY: '<path d="M10 2h12l8 8v12l-8 8H10l-8-8V10z" fill="#d0342b"/><path d="M11 11l10 10M21 11L11 21" stroke="#fff" stroke-width="4" stroke-linecap="round"/>',
  DEGRADED: '<path d="M16 3 31 29H1z" fill="#eda51c"/><path d="M16 12v8M16 24v1" stroke="#241800" stroke-width="4" stroke-linecap="round"/>',
  'NO DATA': '<circle cx="16" cy="16" r="12" fill="none" stroke="#7a8594" stroke-width="5" stroke-dasharray="9 4"/>',
  lost: '<circle cx="16" cy="16" r="14" fill="#7a8594"/><path d="M9 9l14 14M23 9L9 23" stroke="#fff" stroke-width="4" stroke-linecap="round"/>',
};

function showInTab(worst, state, title, counts) {
  const shape = TAB_SHAPES[state === 'lost' ? 'lost' : worst];
  const icon = document.querySelector('link[rel=icon]');
  const to = shape ? `data:image/svg+xml,${encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${shape}</svg>`)}` : 'icon.svg';
  if (icon.getAttribute('href') !== to)
    icon.setAttribute('href', to);
  const alarm = state === 'lost' ? 'Not connected · '
    : BAD.includes(worst) ? `${counts[worst]} ${worst.toLowerCase()} · ` : '';
  const text = `${alarm}${title ? `${title} · ` : ''}Understudy`;
  if (document.title !== text)
    document.title = text;
}

/** @param {{view: string, onKeys: () => void}} props */
export function Header({ view, onKeys }) {
  const { list, incidents, isLoaded } = useStreams();
  const { state } = useConnection();
  const title = useTitle();
  const counts = countStates(list);
  const worst = Object.keys(STATES).find((name) => counts[name]);
  const waiting = [...incidents.values()].filter(({ status }) => status === 'open').length;
  useEffect(() => showInTab(worst, state, title, counts));
  const here = { investigation: 'monitoring', analysis: 'monitoring' }[view] ?? view;
  return html`
    <header class="shell-head">
      <a class="brand" href=${href('monitoring')} aria-label="Understudy">
        <img src="icon.svg" width="22" height="22" alt="" /><span>Understudy</span></a>
      <nav class="shell-nav" aria-label="Views">
        ${VIEWS.map(([name, word]) => html`
          <a key=${name} href=${href(name)} aria-current=${here !== name ? undefined
            : here === view ? 'page' : 'true'}>${word}${name === 'incidents' && waiting > 0
            && html`<span class="count num">${waiting}<span class="visually-hidden"> not acknowledged</span></span>`}</a>`)}
      </nav>
      <div class="shell-side">
        ${isLoaded && html`<${Summary} counts=${counts} />`}
        <${LinkState} />
        <a class=${cx('btn', 'is-quiet', 'is-wide-only')} href="docs" title="The API and its description">API</a>
        <button type="button" class="btn is-quiet is-icon is-wide-only" aria-label="Keys" title="Keys (?)"
          onClick=${onKeys}>?</button>
        <${ThemeButton} />
        <${SettingsButton} />
      </div>
    </header>`;
}
