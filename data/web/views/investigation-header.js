// investigation-header.js - which stream it is, how it is, and what can be done with it

import { html, useState } from '../lib/ui.js';
import { send } from '../lib/api.js';
import { dateTime } from '../lib/format.js';
import { Age, Button, CopyButton, toast } from '../lib/parts.js';
import { href } from '../lib/route.js';
import { StateBadge, stateOf } from '../lib/state.js';
import { pathOf } from './investigation-data.js';
import { Question } from './monitoring-menu.js';

const ORIGINS = { primary: 'Primary', backup: 'Backup' };

async function resume(stream) {
  await send('POST', `${pathOf(stream.id)}/resume`);
  toast(`${stream.name} is probed again`);
}

async function endMaintenance(stream) {
  await send('DELETE', `${pathOf(stream.id)}/maintenance`);
  toast(`Maintenance of ${stream.name} is over`);
}

function Chain({ chain }) {
  if (!chain)
    return null;
  const { active_origin: origin, failovers, has_publisher: isPublished } = chain;
  return html`
    <span class="chain-facts">
      ${origin && html`<span class=${`origin-word is-${origin}`}>${ORIGINS[origin] ?? origin} delivers</span>`}
      ${failovers > 0 && html`<span class="num">${failovers} failover${failovers === 1 ? '' : 's'}</span>`}
      ${isPublished === false && html`<span>no encoder</span>`}
    </span>`;
}

function Why({ stream }) {
  const state = stateOf(stream);
  if (state === 'MAINTENANCE')
    return html`<p class="stream-reason">Maintenance until ${dateTime(stream.maintenance.until)}${
      stream.maintenance.reason && `: ${stream.maintenance.reason}`}. It is ${stream.state} meanwhile.</p>`;
  if (state === 'PAUSED')
    return html`<p class="stream-reason">It is not probed, and nobody is told of anything.</p>`;
  const reasons = stream.reasons?.length ? stream.reasons : [stream.reason].filter(Boolean);
  return reasons.length > 0 && html`<p class="stream-reason">${reasons.join('; ')}</p>`;
}

function Actions({ stream, onAsk }) {
  const isInMaintenance = stateOf(stream) === 'MAINTENANCE';
  return html`
    <div class="row stream-actions">
      ${stream.own_stream && html`<a class="btn" href=${href('live', stream.own_stream)}>Open in player</a>`}
      ${stream.paused ? html`<${Button} kind="primary" onClick=${() => resume(stream)}>Resume<//>`
        : html`<${Button} onClick=${() => onAsk('pause')}>Pause<//>`}
      ${isInMaintenance ? html`<${Button} onClick=${() => endMaintenance(stream)}>End maintenance<//>`
        : html`<${Button} onClick=${() => onAsk('maintenance')}>Maintenance<//>`}
    </div>`;
}

/** @param {{stream: object}} props */
export function StreamHeader({ stream }) {
  const [question, setQuestion] = useState(null);
  return html`
    <header class="stream-head">
      <div class="stream-who">
        <p class="crumb"><a href=${href('monitoring')}>All streams</a></p>
        <div class="row"><h1>${stream.name}</h1>
          <${StateBadge} state=${stateOf(stream)} />
          ${stream.since && html`<span class="dim">for <${Age} at=${stream.since} /></span>`}
          ${stream.is_flapping && html`<span class="chip is-degraded">flapping</span>`}
          <${Chain} chain=${stream.chain} /></div>
        <${Why} stream=${stream} />
        <p class="stream-url"><span class="mono dim">${stream.manifest_url}</span>
          <${CopyButton} text=${stream.manifest_url} label="Copy URL" /></p>
      </div>
      <${Actions} stream=${stream} onAsk=${setQuestion} />
      ${question && html`<${Question} what=${question} stream=${stream}
        onClose=${() => setQuestion(null)} />`}
    </header>`;
}
