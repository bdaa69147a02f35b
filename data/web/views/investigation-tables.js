// investigation-tables.js - how the renditions are now, and what is wrong now

import { html, memo } from '../lib/ui.js';
import { bits, count, ms, ratio, seconds } from '../lib/format.js';
import { Age } from '../lib/parts.js';
import { SeverityShape } from './investigation-marks.js';

const KINDS = { audio: 'Audio', subtitles: 'Subtitles', video: 'Video' };

function sizeOf({ width, height, frame_rate: rate, kind }) {
  if (width && height)
    return `${width}×${height}${rate ? `, ${Number(rate.toFixed(2))} fps` : ''}`;
  return KINDS[kind] ?? kind;
}

// Late is what RFC 8216 calls so: one and a half target durations.
function isLate({ advanced_age_s: age, target_duration_s: target }) {
  return age !== null && target !== null && age > target * 1.5;
}

function Row({ rendition }) {
  const { label, bandwidth_bps: bandwidth, segment_ttfb_ms: ttfb, download_ratio: speed,
    latency_s: latency, advanced_age_s: age, segment_errors: errors, failed_polls: polls } = rendition;
  const faults = [errors > 0 && `${errors} failed segments`, polls > 0 && `${polls} failed polls`]
    .filter(Boolean).join(', ');
  return html`
    <tr>
      <th scope="row">${label}</th>
      <td>${sizeOf(rendition)}</td>
      <td class="num">${bits(bandwidth)}</td>
      <td class="num">${ms(ttfb)}</td>
      <td class="num">${ratio(speed)}</td>
      <td class="num">${latency === null ? '–' : seconds(latency)}</td>
      <td class="num">${age === null ? '–' : seconds(age)}${isLate(rendition)
        && html` <span class="late">late</span>`}</td>
      <td>${faults || '–'}</td>
    </tr>`;
}

/** @param {{renditions: object[]}} props */
export const Renditions = memo(({ renditions }) => html`
  <section class="card" aria-labelledby="renditions-title">
    <h2 id="renditions-title">Renditions</h2>
    ${renditions.length === 0 ? html`<p class="dim">None is known yet: no playlist was read.</p>` : html`
      <div class="table-box" tabindex="0" role="region" aria-label="Table of renditions">
        <table class="table">
          <thead><tr><th scope="col">Label</th><th scope="col">Size</th>
            <th scope="col" class="num">Bandwidth</th><th scope="col" class="num">First byte</th>
            <th scope="col" class="num">Speed</th><th scope="col" class="num">Latency</th>
            <th scope="col" class="num">Newest segment</th><th scope="col">Faults in 2 min</th></tr></thead>
          <tbody>${renditions.map((rendition) => html`<${Row} key=${rendition.index}
            rendition=${rendition} />`)}</tbody>
        </table>
      </div>`}
  </section>`);

const round = (n) => (n === null ? '–' : String(Number(n.toPrecision(4))));

/** @param {{findings: object[], renditions: object[], onSelect: (finding: object) => void}} props */
export function OpenFindings({ findings, renditions, onSelect }) {
  const labelOf = (index) => index === null || renditions.length < 2 ? null
    : `rendition ${renditions.find((rendition) => rendition.index === index)?.label ?? index}`;
  return html`
    <section class="card" aria-labelledby="findings-title">
      <h2 id="findings-title">Wrong now</h2>
      ${findings.length === 0 ? html`<p class="dim">Nothing is wrong with this stream now.</p>` : html`
        <ul class="finding-list">${findings.map((finding) => html`
          <li key=${finding.id} class=${`finding is-${finding.severity}`}>
            <button type="button" class="finding-main" onClick=${() => onSelect(finding)}>
              <svg width="16" height="16" viewBox="0 0 16 16" role="img" aria-label=${finding.severity}>
                <${SeverityShape} severity=${finding.severity} /></svg>
              <span class="finding-words"><b>${finding.title}</b> <span>${finding.text}</span></span>
              <span class="finding-facts dim num">
                <span>${finding.group ?? 'other'}</span>
                ${labelOf(finding.rendition) && html`<span>${labelOf(finding.rendition)}</span>`}
                ${finding.value !== null && html`<span>value ${round(finding.value)}${finding.limit
                  !== null && `, limit ${round(finding.limit)}`}</span>`}
                <span>seen ${count(finding.count)}×</span>
                <span>since <${Age} at=${finding.first_at} /></span>
              </span>
            </button>
          </li>`)}</ul>`}
    </section>`;
}
