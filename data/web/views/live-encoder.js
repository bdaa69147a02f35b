// live-encoder.js - the encoder that feeds the stream: what it sends, measured, and what is wrong with it

import { cx, html } from '../lib/ui.js';
import { ago } from '../lib/format.js';
import { audioWords, encoderFacts, isSevere, publishedOf, reserveWords, videoWords, warningsOf } from './live-encoder-words.js';
import { Fact, Sign } from './live-parts.js';

function Warning({ warning, now }) {
  return html`
    <li class=${cx(isSevere(warning) && 'is-severe')}>
      <${Sign} name="warning" />
      <div><p><strong>${isSevere(warning) ? 'Fault' : 'Hint'}:</strong> ${warning.text}</p>
        <p class="dim">${warning.remedy}${warning.since_ms > 0 && html` · for ${ago(now - warning.since_ms)}`}</p></div></li>`;
}

function Publisher({ published }) {
  const { publisher, measured, publishers } = published;
  const reserve = publishers.filter(({ role }) => role === 'standby');
  return html`
    <dl class="facts is-small">
      <${Fact} name="Video" value=${videoWords(publisher.video)} />
      <${Fact} name="Audio" value=${audioWords(publisher.audio)} />
      ${measured && encoderFacts(measured).map((fact) => html`<${Fact} key=${fact.name} ...${fact} />`)}
    </dl>
    ${reserve.map((one) => html`<p key=${one.peer} class="dim">${reserveWords(one)}</p>`)}`;
}

/** Nothing where the desk does not know an ingest, or the ingest not the stream. */
export function Encoder({ chain, stream }) {
  const published = publishedOf(chain, stream.name);
  if (!published)
    return null;
  const { publisher } = published;
  const warnings = warningsOf(published);
  return html`
    <section class="card live-encoder" aria-labelledby="live-encoder-title">
      <div class="live-title"><h2 id="live-encoder-title">Encoder</h2>
        <span class="dim encoder-name">${publisher ? [publisher.encoder, publisher.peer].filter(Boolean).join(', ') : 'nobody publishes'}</span></div>
      ${warnings.length > 0 && html`<ul class="encoder-warnings" aria-label="Warnings of the ingest">
        ${warnings.map((warning) => html`<${Warning} key=${warning.id} warning=${warning} now=${chain.time_ms ?? Date.now()} />`)}</ul>`}
      ${publisher && html`<${Publisher} published=${published} />`}
    </section>`;
}
