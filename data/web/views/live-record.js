// live-record.js - the last commands and changes of sides, newest first: who did what, and why

import { cx, html, useState } from '../lib/ui.js';
import { Button } from '../lib/parts.js';
import { dateTime } from '../lib/format.js';
import { recordOf } from './live-model.js';
import { authorWords, changeReason, seamWords } from './live-words.js';
import { OriginMark, Sign } from './live-parts.js';

const FEW = 8;

function Change({ change }) {
  const author = authorWords(change);
  return html`<p><span class="from"><${OriginMark} origin=${change.from} isNamed /><span aria-hidden="true">→</span>
    <span class="visually-hidden"> to </span><${OriginMark} origin=${change.to} isNamed /></span> ${changeReason(change)}${author && `, ${author}`}
    <span class="dim"> · ${seamWords(change)}</span></p>`;
}

function Command({ command }) {
  return html`<p><strong>${command.short}</strong> ${authorWords(command)}<span class="dim"> · via ${command.via}</span></p>
    ${command.refused && html`<p class="refused"><${Sign} name="failed" />Refused: ${command.refused}</p>`}`;
}

/** What happened to a stream, by hand and by itself. */
export function RecordList({ chain, stream }) {
  const [isAll, setAll] = useState(false);
  const entries = recordOf(chain, stream);
  const shown = isAll ? entries : entries.slice(0, FEW);
  return html`
    <section class="card live-record" aria-labelledby="live-record-title">
      <h2 id="live-record-title">Orders and changes of sides</h2>
      ${entries.length === 0 && html`<p class="dim">Nothing was ordered, and nothing has failed, since the switcher was started</p>`}
      <ol>${shown.map(({ key, at, change, command }) => html`
        <li key=${key} class=${cx(change ? 'is-change' : 'is-command')}>
          <time class="num dim" datetime=${new Date(at).toISOString()}>${dateTime(at)}</time>
          <div>${change ? html`<${Change} change=${change} />` : html`<${Command} command=${command} />`}</div></li>`)}</ol>
      ${entries.length > FEW && html`<${Button} class="is-small" onClick=${() => setAll(!isAll)}>${isAll ? 'Fewer' : `All ${entries.length}`}<//>`}
    </section>`;
}
