// incidents.js - all incidents, those that need somebody first
//
// The filters are in the address. What happens meanwhile changes the rows in place; pages come
// through the Link header. Keys: j and k go through the rows, Enter opens one, a acknowledges.

import { cx, html, loadStyle, memo, useEffect, useRef, useState } from '../lib/ui.js';
import { getPage, on } from '../lib/api.js';
import { serverNow } from '../lib/clock.js';
import { dateTime, iso, plural } from '../lib/format.js';
import { useKeys } from '../lib/keys.js';
import { useStreams } from '../lib/live.js';
import { Button, Empty, Field, ProblemNote } from '../lib/parts.js';
import { go, href, setTitle } from '../lib/route.js';
import { StateBadge } from '../lib/state.js';
import { Confidence } from './investigation-cause.js';
import { AcknowledgeDialog, INCIDENT_STATES, IncidentBadge, Lasting } from './investigation-incident.js';
import { compareIncidents, fitsFilter, personOf } from './investigation-incident-model.js';
import { upsert } from './investigation-model.js';

await loadStyle('investigation');

const PAGE = 50;
const DAY_MS = 24 * 3600 * 1000;
const STATES = [['', 'All'], ['active', 'Active'], ...Object.entries(INCIDENT_STATES)
  .map(([key, { word }]) => [key, word])];
const TIMES = [['', 'All that is kept'], ['1', 'The last 24 hours'], ['7', 'The last 7 days'],
  ['30', 'The last 30 days']];

function filterOf(query) {
  const state = query.get('state') ?? '';
  return { state: STATES.some(([key]) => key === state) ? state : '',
    stream: query.get('stream') ?? '', days: Number(query.get('days')) || 0 };
}

function queryOf({ state, stream, days }) {
  return { limit: PAGE, stream_id: stream || null, state: state || null,
    active_only: state ? null : false, since: days ? iso(serverNow() - days * DAY_MS) : null };
}

/* ---- reading ---- */

const NOTHING = { list: [], next: null, isLoaded: false, problem: null };

function useIncidents(filter) {
  const [state, setState] = useState(NOTHING);
  const key = JSON.stringify(filter);
  const reader = useRef(null);
  useEffect(() => {
    let isHere = true;
    const read = async () => {
      try {
        const { items, next } = await getPage('api/incidents', { query: queryOf(filter) });
        if (isHere)
          setState({ list: items, next, isLoaded: true, problem: null });
      } catch (problem) {
        if (isHere)
          setState((before) => ({ ...before, problem }));
      }
    };
    reader.current = read;
    read();
    // One that no longer fits stays until the filter is changed: it must not go under one's hand.
    const offs = [on('reset', read), on('incident', ({ incident }) => setState((before) =>
      before.list.some(({ id }) => id === incident.id) || fitsFilter(incident, filter, serverNow())
        ? { ...before, list: upsert(before.list, incident) } : before))];
    return () => {
      isHere = false;
      offs.forEach((off) => off());
    };
  }, [key]);
  const loadMore = async () => {
    const { items, next } = await getPage(state.next);
    setState((before) => ({ ...before, next,
      list: items.reduce((list, incident) => (list.some(({ id }) => id === incident.id) ? list
        : [...list, incident]), before.list) }));
  };
  return { ...state, loadMore, reload: () => reader.current() };
}

/* ---- rows ---- */

const linkOf = (incident) => href('investigation', incident.stream_id, { incident: incident.id });

const Row = memo(({ incident, isHere, onAcknowledge }) => {
  const { root_cause: cause, acknowledged_by: who } = incident;
  const isActive = incident.status !== 'resolved';
  return html`
    <li class=${cx('incident-row', isActive && 'is-active', isHere && 'is-here')}>
      <a class="incident-row-main" href=${linkOf(incident)} data-incident=${incident.id}>
        <span class="incident-cell is-status"><${IncidentBadge} status=${incident.status} />
          ${isActive && html`<${StateBadge} state=${incident.state} />`}</span>
        <span class="incident-cell is-stream"><b>${incident.stream_name ?? incident.stream_id}</b>
          <span class="mono dim">${incident.id}</span></span>
        <span class="incident-cell is-why"><span>${cause?.title ?? 'Cause unknown'} ${cause
          && html`<${Confidence} level=${cause.confidence} isShort />`}</span>
          <span class="dim">${incident.reason}</span></span>
        <span class="incident-cell is-time"><span><${Lasting} incident=${incident} />${
          incident.reopened_count > 0 && `, reopened ${incident.reopened_count}×`}</span>
          <time class="dim num" datetime=${incident.opened_at}>${dateTime(incident.opened_at)}</time></span>
        <span class="incident-cell is-who">${who ? html`<span title=${who}>${personOf(who)}</span>`
          : html`<span class="dim">${isActive ? 'nobody yet' : '–'}</span>`}</span>
      </a>
      ${isActive && !who && html`<${Button} class="is-small" onClick=${() => onAcknowledge(incident)}
        aria-label=${`Acknowledge ${incident.id}`}>Acknowledge<//>`}
    </li>`;
});

function Nothing({ filter }) {
  const isFiltered = filter.stream || filter.days || filter.state;
  if (filter.state === 'active' || !isFiltered)
    return html`<${Empty} title=${filter.state ? 'All is well' : 'There has been no incident'}
      text="No incident is active. When a stream falls ill, it is here within seconds, with its cause." />`;
  return html`<${Empty} title="None of these"
    text="No incident fits what you are looking for.">
    <a class="btn" href=${href('incidents')}>Show all incidents</a><//>`;
}

/* ---- the view ---- */

function Filters({ filter, streams, count, onFilter }) {
  const names = [...streams].sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
    .map((stream) => [stream.id, stream.name]);
  const isKnown = !filter.stream || names.some(([id]) => id === filter.stream);
  const options = [['', 'All streams'], ...names, ...(isKnown ? [] : [[filter.stream, filter.stream]])];
  const set = (name) => (value) => onFilter({ ...filter, [name]: value });
  return html`
    <div class="incident-filters" role="search" aria-label="Incidents">
      <${Field} label="State" name="state" type="select" options=${STATES} value=${filter.state}
        onInput=${set('state')} />
      <${Field} label="Stream" name="stream" type="select" options=${options} value=${filter.stream}
        onInput=${set('stream')} />
      <${Field} label="Opened" name="days" type="select" options=${TIMES}
        value=${filter.days ? String(filter.days) : ''} onInput=${set('days')} />
      <p class="dim num" role="status">${count}</p>
    </div>`;
}

function useRowKeys(list, onAcknowledge) {
  const [here, setHere] = useState(null);
  const step = (by) => {
    const at = list.findIndex(({ id }) => id === here);
    const next = list[Math.min(Math.max(at + by, 0), list.length - 1)];
    if (!next)
      return;
    setHere(next.id);
    document.querySelector(`[data-incident="${CSS.escape(next.id)}"]`)?.focus();
  };
  const chosen = list.find(({ id }) => id === here);
  useKeys([
    { key: 'j', label: 'Next, previous incident', run: () => step(1) },
    { key: 'k', label: 'Next, previous incident', run: () => step(-1) },
    { key: 'Enter', label: 'Investigate it', run: () => chosen
      && go('investigation', chosen.stream_id, { incident: chosen.id }) },
    { key: 'a', label: 'Acknowledge it', run: () => chosen && chosen.status !== 'resolved'
      && !chosen.acknowledged_by && onAcknowledge(chosen) },
  ], { scope: 'Incidents' });
  return [here, setHere];
}

/**
 * @param {{query: URLSearchParams}} props
 */
export default function View({ query }) {
  const filter = filterOf(query);
  const { list: streams } = useStreams();
  const { list, next, isLoaded, problem, loadMore, reload } = useIncidents(filter);
  const [asked, setAsked] = useState(null);
  const sorted = [...list].sort(compareIncidents);
  const [here, setHere] = useRowKeys(sorted, setAsked);
  const active = list.filter(({ status }) => status !== 'resolved').length;
  useEffect(() => setTitle('Incidents'), []);
  const setFilter = ({ state, stream, days }) => go('incidents', null,
    { state, stream, days: Number(days) || null }, { replace: true });
  const onFocus = (event) => {
    const id = event.target.closest?.('[data-incident]')?.getAttribute('data-incident');
    if (id)
      setHere(id);
  };
  return html`
    <div class="incidents">
      <h1>Incidents</h1>
      <${Filters} filter=${filter} streams=${streams} onFilter=${setFilter}
        count=${isLoaded ? `${plural(list.length, 'incident')}${next ? ' and more' : ''}, ${active} active`
          : 'Reading'} />
      ${problem && html`<${ProblemNote} problem=${problem} retry=${reload} />`}
      ${isLoaded && list.length === 0 && html`<${Nothing} filter=${filter} />`}
      ${list.length > 0 && html`
        <div class="incident-row-names" aria-hidden="true"><span>State</span><span>Stream</span>
          <span>Cause</span><span>Lasted</span><span>Who has it</span></div>
        <ol class="incident-rows" aria-label="Incidents, active ones first" onfocusin=${onFocus}>
          ${sorted.map((incident) => html`<${Row} key=${incident.id} incident=${incident}
            isHere=${incident.id === here} onAcknowledge=${setAsked} />`)}
        </ol>`}
      ${next && html`<${Button} onClick=${loadMore}>Older incidents<//>`}
      ${asked && html`<${AcknowledgeDialog} incident=${asked} onDone=${() => reload()}
        onClose=${() => setAsked(null)} />`}
    </div>`;
}
