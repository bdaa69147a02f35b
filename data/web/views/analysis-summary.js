// analysis-summary.js - the time in a few numbers: how long in which state, incidents, errors

import { html, memo } from '../lib/ui.js';
import { bytes, count, plural, seconds } from '../lib/format.js';
import { STATES, StateIcon } from '../lib/state.js';
import { shareText } from './analysis-series.js';

const MISSING_S = 180; // the newest minutes are not summed up yet

function Shares({ shares }) {
  const { list, recorded, missing } = shares;
  if (list.length === 0)
    return html`<p class="dim">No state was recorded in this time.</p>`;
  return html`
    <div class="share-bar" aria-hidden="true">
      ${list.map(({ state, share }) => html`<span key=${state} class=${`is-${STATES[state].css}`}
        style=${{ flexGrow: share }}></span>`)}
    </div>
    <ul class="share-list">
      ${list.map(({ state, share, seconds: s }) => html`<li key=${state}>
        <${StateIcon} state=${state} size=${14} /><span>${STATES[state].word}</span>
        <strong class="num">${shareText(share)}</strong> <span class="dim num">${seconds(s)}</span></li>`)}
      ${missing > Math.max(MISSING_S, recorded * 0.005) && html`<li class="dim">Not recorded <span
        class="num">${seconds(missing)}</span></li>`}
    </ul>`;
}

// Only what is in the time counts.
function incidentText(marks, { from, to }) {
  const incidents = marks.filter((mark) => mark.kind === 'incident');
  const total = incidents.reduce((sum, mark) => sum + Math.min(mark.to, to) - Math.max(mark.from, from), 0);
  return [count(incidents.length), incidents.length === 0 ? null : `for ${seconds(total / 1000)}${incidents.length > 1 ? ' in all' : ''}`];
}

function Fact({ name, value, more = null }) {
  return html`<div class="time-fact"><dt>${name}</dt>
    <dd><strong class="num">${value}</strong>${more && html` <span class="dim num">${more}</span>`}</dd></div>`;
}

/** @param {{shaped: object, marks: object[], isCut: boolean}} props */
export const Summary = memo(({ shaped, marks, isCut }) => {
  const { sums, shares } = shaped;
  const [incidents, length] = incidentText(marks, shaped.view);
  const switches = marks.filter((mark) => mark.kind === 'switch').length;
  const requests = sums.segments + sums.playlists;
  return html`
    <section class="card summary-card" aria-label="This time in numbers">
      <div class="shares"><${Shares} shares=${shares} /></div>
      <dl class="time-facts">
        <${Fact} name="Incidents" value=${`${incidents}${isCut ? '+' : ''}`} more=${length} />
        <${Fact} name="Failovers" value=${`${count(switches)}${isCut ? '+' : ''}`} />
        <${Fact} name="Errors" value=${count(sums.errors)} more=${requests > 0 ? `of ${plural(requests, 'request')}` : null} />
        <${Fact} name="Segments" value=${count(sums.segments)} more=${`of ${bytes(sums.bytes)}`} />
      </dl>
    </section>`;
});
