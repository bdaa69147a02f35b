// investigation-cause.js - why: the cause with its confidence, what speaks for it and against it,
// and what to do next

import { html } from '../lib/ui.js';
import { plural } from '../lib/format.js';

const CONFIDENCE = {
  high: { word: 'High confidence', bars: 3 },
  medium: { word: 'Medium confidence', bars: 2 },
  low: { word: 'Low confidence', bars: 1 },
  none: { word: 'No evidence yet', bars: 0 },
};

/** Word and shape: as many full bars as it is sure. */
export function Confidence({ level, isShort = false }) {
  const { word, bars } = CONFIDENCE[level] ?? CONFIDENCE.none;
  return html`
    <span class=${`confidence is-${level}`} title=${word}>
      <svg width="18" height="14" viewBox="0 0 18 14" aria-hidden="true">
        ${[0, 1, 2].map((i) => html`<rect key=${i} class=${i < bars ? 'is-full' : ''}
          x=${1.5 + i * 5.5} y=${9 - i * 3.5} width="4" height=${4 + i * 3.5} rx="1" />`)}
      </svg>${isShort ? (level === 'none' ? 'none' : level) : word}</span>`;
}

function Evidence({ title, texts, none, kind }) {
  return html`
    <div class=${`cause-side is-${kind}`}>
      <h3>${title}</h3>
      ${texts.length === 0 ? html`<p class="dim">${none}</p>`
        : html`<ul>${texts.map((text) => html`<li key=${text}>
            <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">
              ${kind === 'for' ? html`<path d="M7 2.5v9M2.5 7h9" />` : html`<path d="M2.5 7h9" />`}
            </svg><span>${text}</span></li>`)}</ul>`}
    </div>`;
}

function Others({ others }) {
  return html`
    <details class="others">
      <summary>${plural(others.length, 'other possible cause')}</summary>
      <ul>${others.map((other) => html`<li key=${other.cause} class="row">
        <${Confidence} level=${other.confidence} isShort /><span>${other.title}</span></li>`)}</ul>
    </details>`;
}

/**
 * @param {{cause: object|null, about: string, isLoading: boolean}} props `about`: of what it is the
 *   cause, in words
 */
export function CausePanel({ cause, about, isLoading = false }) {
  return html`
    <section class="cause card" aria-labelledby="cause-title">
      <p class="panel-label">Cause<span class="dim"> · ${about}</span></p>
      ${cause ? html`
        <div class="row cause-head"><h2 id="cause-title">${cause.title}</h2>
          <${Confidence} level=${cause.confidence} /></div>
        <div class="next-step"><h3>Next step</h3><p>${cause.next_step}</p></div>
        <div class="cause-sides">
          <${Evidence} kind="for" title="What speaks for it" texts=${cause.evidence}
            none="Nothing yet" />
          <${Evidence} kind="against" title="What speaks against it" texts=${cause.against}
            none="Nothing was found" />
        </div>
        ${cause.others?.length > 0 && html`<${Others} others=${cause.others} />`}`
        : html`<h2 id="cause-title">${isLoading ? 'Looking' : 'Nothing to explain'}</h2>
          <p class="dim">${isLoading ? 'The desk is asked' : 'The stream is well. A cause is looked for as soon as it is not.'}</p>`}
    </section>`;
}
