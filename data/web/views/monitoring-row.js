// monitoring-row.js - one stream of the list: state, picture, reason, who delivers, the last hour
//
// Drawn again only when something of it changed. Its controls can be reached by Tab in the current
// row only, so that Tab does not lead through a thousand rows.

import { cx, html, memo } from '../lib/ui.js';
import { Age, Button, Strip, Thumbnail } from '../lib/parts.js';
import { plural } from '../lib/format.js';
import { href } from '../lib/route.js';
import { STATES, StateBadge, stateOf } from '../lib/state.js';

const QUIET = ['HEALTHY', 'PAUSED'];
const INCIDENT_WORDS = { open: 'Incident', acknowledged: 'Acknowledged', recovering: 'Recovering' };

function secondLine(stream, state) {
  if (state === 'MAINTENANCE')
    return stream.maintenance.reason ?? stream.reason ?? 'No incidents open until it ends';
  if (stream.reason && state !== 'PAUSED')
    return stream.reason;
  return stream.manifest_url.replace(/^https?:\/\//, '');
}

// Who delivers, of our own streams only; beside the word a square or a circle, as in the live view.
function Chain({ chain }) {
  const { active_origin: origin, failovers, has_publisher: hasPublisher } = chain;
  return html`
    <span class=${cx('origin', origin && `is-${origin}`)} title="Who delivers to viewers now">
      <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">${origin === 'backup'
        ? html`<circle cx="5" cy="5" r="4.5" />` : html`<rect x=".8" y=".8" width="8.4" height="8.4" rx="1" />`}</svg>
      ${origin === 'primary' ? 'Primary' : origin === 'backup' ? 'Backup' : 'No origin'}</span>
    <span class="dim num">${hasPublisher === false ? 'no publisher'
      : failovers > 0 ? plural(failovers, 'failover') : 'no failover'}</span>`;
}

function IncidentCell({ stream, incident, onAck, tabIndex }) {
  const word = INCIDENT_WORDS[incident.status] ?? 'Incident';
  const by = incident.status === 'acknowledged' && incident.acknowledged_by
    ? ` by ${incident.acknowledged_by}` : '';
  const isOpen = incident.status === 'open';
  return html`
    <a class=${cx('chip', isOpen && `is-${STATES[incident.state]?.css}`)} tabindex=${tabIndex}
      href=${href('investigation', stream.id, { incident: incident.id })}
      title=${`${word}${by}: ${incident.reason ?? ''}`}>
      ${word} <${Age} at=${incident.opened_at} /><span class="visually-hidden">${by}, ${stream.name}</span></a>
    ${isOpen && html`<${Button} class="is-small" tabindex=${tabIndex} onClick=${() => onAck(stream, incident)}
      >Acknowledge<span class="visually-hidden"> the incident of ${stream.name}</span><//>`}`;
}

function Main({ stream, state, tabIndex }) {
  return html`
    <span class="row-name">
      <a href=${href('investigation', stream.id)} tabindex=${tabIndex}>${stream.name}</a>
      <span class=${`state-word is-${STATES[state].css}`} aria-hidden="true">${state}</span>
      ${stream.is_own && html`<span class="tag" title="Of our own chain">own</span>`}
      ${stream.is_flapping && html`<span class="tag" title="Its state keeps changing">flapping</span>`}
    </span>
    <span class=${cx('row-reason', QUIET.includes(state) && 'dim')}
      title=${[...stream.reasons, stream.manifest_url].join('\n')}
      >${secondLine(stream, state)}</span>`;
}

/**
 * @param {{stream: object, incident: object|undefined, letters: string, index: number, top: number,
 *   label: string, isCurrent: boolean, isMenuOpen: boolean, onAck: Function, onMenu: Function}} props
 */
export const Row = memo(({ stream, incident, letters, index, top, label, isCurrent, isMenuOpen, onAck, onMenu }) => {
  const state = stateOf(stream);
  const tabIndex = isCurrent ? 0 : -1;
  return html`
    <div role="row" aria-rowindex=${index + 2} class=${cx('stream-row', `is-${STATES[state].css}`,
      isMenuOpen && 'has-menu', incident && 'has-incident', incident?.status === 'open' && 'is-open')}
      aria-label=${label} tabindex=${tabIndex} data-id=${stream.id}
      style=${{ transform: `translateY(${top}px)` }}>
      <div role="gridcell" class="cell-state"><${StateBadge} state=${state} /></div>
      <div role="gridcell" class="cell-thumb"><${Thumbnail} width=${80}
        src=${`api/streams/${encodeURIComponent(stream.id)}/thumbnail/file`} alt=${`Picture of ${stream.name}`} /></div>
      <div role="gridcell" class="cell-main"><${Main} stream=${stream} state=${state} tabIndex=${tabIndex} /></div>
      <div role="gridcell" class="cell-incident">${incident
        && html`<${IncidentCell} stream=${stream} incident=${incident} onAck=${onAck} tabIndex=${tabIndex} />`}</div>
      <div role="gridcell" class="cell-chain">${stream.chain && html`<${Chain} chain=${stream.chain} />`}</div>
      <div role="gridcell" class="cell-strip"><${Strip} letters=${letters} label="Last 60 minutes" /></div>
      <div role="gridcell" class="cell-age dim">${state !== 'PAUSED' && html`<${Age} at=${stream.since} />`}</div>
      <div role="gridcell" class="cell-menu">
        <button type="button" class="btn is-quiet is-icon" aria-haspopup="menu" tabindex=${tabIndex}
          aria-expanded=${isMenuOpen ? 'true' : 'false'} aria-label=${`Actions for ${stream.name}`}
          onClick=${(event) => onMenu(stream.id, event.currentTarget)}>⋯</button>
      </div>
    </div>`;
});
