// live-ledger.js - the ledger as it grows: each segment, who delivered it, whether the twin has the same

import { cx, html, memo, useMemo } from '../lib/ui.js';
import { Empty, ProblemNote } from '../lib/parts.js';
import { bytes, ms, seconds, time } from '../lib/format.js';
import { STRIP_ROWS, interleave, stripOf, stripWords } from './live-model.js';
import { COMPARISONS, authorWords, changeReason, ledgerWords, seamWords } from './live-words.js';
import { OriginMark, Sign, originWord } from './live-parts.js';

const STRIP_HEIGHT = 26;

// The upper half is the primary's, the lower one the backup's, so that the place tells as well.
function StripBar({ row, index }) {
  if (!row)
    return null;
  if (row.is_gap)
    return html`<rect class="is-gap" x=${index + 0.12} width="0.76" y="1" height=${STRIP_HEIGHT - 2} />`;
  const y = row.origin === 'primary' ? 0 : STRIP_HEIGHT / 2 + 1;
  return html`<g>
    <rect class=${`is-${row.origin}`} x=${index + 0.12} width="0.76" y=${y} height=${STRIP_HEIGHT / 2 - 1} />
    ${row.comparison === 'different' && html`<rect class="is-different" x=${index + 0.12} width="0.76"
      y=${STRIP_HEIGHT / 2 - 1} height="2" />`}</g>`;
}

const OriginStrip = memo(({ rows }) => html`
  <div class="ledger-strip">
    <div class="ledger-strip-names" aria-hidden="true"><${OriginMark} origin="primary" /><${OriginMark} origin="backup" /></div>
    <svg role="img" aria-label=${stripWords(rows)} viewBox=${`0 0 ${STRIP_ROWS} ${STRIP_HEIGHT}`} preserveAspectRatio="none">
      ${stripOf(rows).map((row, index) => html`<${StripBar} row=${row} index=${index} />`)}
    </svg>
  </div>`);

function Comparison({ value }) {
  const { word, text, mark } = COMPARISONS[value] ?? { word: value, text: '', mark: 'open' };
  return html`<span class=${`comparison is-${mark}`} title=${text}><${Sign} name=${mark} /><span class="comparison-word">${word}</span></span>`;
}

const MARKS = [
  ['is_gap', 'is-unhealthy', 'Gap', 'Neither origin had this segment'],
  ['is_discontinuous', 'is-degraded', 'Discontinuity', 'Players are told that time stamps or codecs begin anew'],
  ['was_hedged', '', 'Asked twice', 'Both origins were asked, and the first answer was taken'],
  ['was_resumed', '', 'Resumed', 'It broke off at one origin and was gone on with at the other'],
];

const LedgerRow = memo(({ row }) => html`
  <tr>
    <td class="num">${row.number}</td>
    <td class="num">${time(row.at)}</td>
    <td><span class="from"><${OriginMark} origin=${row.origin} /><span class="from-word">${originWord(row.origin)}</span></span></td>
    <td class="num is-extra">${row.is_gap ? '–' : seconds(row.duration_s)}</td>
    <td class="num is-extra">${row.is_gap ? '–' : bytes(row.bytes)}</td>
    <td class="num is-extra">${ms(row.took_ms)}</td>
    <td class="is-extra"><code title=${row.hash}>${row.is_gap ? '–' : (row.hash ?? '–').slice(0, 8)}</code></td>
    <td>${row.is_gap ? '–' : html`<${Comparison} value=${row.comparison} />`}</td>
    <td class="marks">${MARKS.filter(([member]) => row[member]).map(([, css, word, title]) =>
      html`<span class=${cx('chip', css)} title=${title}>${word}</span>`)}</td>
  </tr>`);

const ChangeRow = memo(({ change }) => {
  const author = authorWords(change);
  return html`
    <tr class=${cx('ledger-change', `is-to-${change.to}`)}>
      <td colspan="9"><span class="change-line"><${Sign} name="change" /><span class="num">${time(change.time_ms)}</span>
        <span class="from"><${OriginMark} origin=${change.from} isNamed /><span aria-hidden="true">→</span><span class="visually-hidden"> to </span>
          <${OriginMark} origin=${change.to} isNamed /></span>
        <strong>${changeReason(change)}</strong>${author && html`<span>${author}</span>`}
        <span class="dim">${seamWords(change)}</span></span></td>
    </tr>`;
});

function LedgerTable({ rows, changes, isIdentical }) {
  const items = useMemo(() => interleave(rows, changes, isIdentical), [rows, JSON.stringify(changes), isIdentical]);
  return html`
    <div class="ledger-scroll" tabindex="0" role="region" aria-label="Segments, the newest first">
      <table class="table ledger">
        <thead><tr>
          <th scope="col" class="num">Segment</th><th scope="col" class="num">Time</th><th scope="col">From</th>
          <th scope="col" class="num is-extra">Lasts</th><th scope="col" class="num is-extra">Size</th>
          <th scope="col" class="num is-extra">Fetched in</th><th scope="col" class="is-extra">Hash</th>
          <th scope="col">Twin's copy</th><th scope="col"><span class="visually-hidden">Marks</span></th>
        </tr></thead>
        <tbody>${items.map((item) => (item.kind === 'row'
          ? html`<${LedgerRow} key=${item.key} row=${item.row} />`
          : html`<${ChangeRow} key=${item.key} change=${item.change} />`))}</tbody>
      </table>
    </div>`;
}

function RenditionSelect({ ledger, onRendition }) {
  if (ledger.renditions.length < 2)
    return null;
  return html`<select class="input live-select" aria-label="Rendition" value=${ledger.rendition}
    onChange=${(event) => onRendition(event.currentTarget.value)}>
    ${ledger.renditions.map((name) => html`<option key=${name} value=${name} selected=${name === ledger.rendition}>${name}</option>`)}
  </select>`;
}

/** The account of what was published, with the changes of sides between the segments. */
export function Ledger({ stream, ledger, onRendition }) {
  const { rows, problem, isLoaded } = ledger;
  return html`
    <section class="card live-ledger" aria-labelledby="live-ledger-title">
      <div class="live-title"><h2 id="live-ledger-title">Ledger</h2>
        <span class="dim">${ledgerWords(stream.pair)}</span><span class="grow"></span>
        <${RenditionSelect} ledger=${ledger} onRendition=${onRendition} /></div>
      ${problem && html`<${ProblemNote} problem=${problem} />`}
      ${rows.length > 0 && html`
        <${OriginStrip} rows=${rows} />
        <${LedgerTable} rows=${rows} changes=${stream.switches} isIdentical=${stream.pair === 'identical'} />`}
      ${isLoaded && rows.length === 0 && html`<${Empty} title="Nothing published yet"
        text="Rows appear here as soon as an origin delivers a segment." />`}
    </section>`;
}
