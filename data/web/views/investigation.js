// investigation.js - one stream: how it is, what happened on one time axis, why, and what people do
//
// The incident that is shown is the one of the address, else the active one, else the last one that
// was active while the page was open. What is chosen anywhere (axis, list, findings) is chosen
// everywhere.

import { html, loadStyle, useCallback, useEffect, useMemo, useRef, useState } from '../lib/ui.js';
import { serverNow } from '../lib/clock.js';
import { time } from '../lib/format.js';
import { useKeys } from '../lib/keys.js';
import { useConnection, useFetch, useNow, useStream } from '../lib/live.js';
import { Empty, ProblemNote } from '../lib/parts.js';
import { go, href, setTitle } from '../lib/route.js';
import { centred, formatRange, isFollowing, steppedNow, viewOf } from './investigation-axis.js';
import { CausePanel } from './investigation-cause.js';
import { TimeAxis } from './investigation-chart.js';
import { pathOf, useStreamIncidents, useTimeline } from './investigation-data.js';
import { EventList } from './investigation-events.js';
import { StreamHeader } from './investigation-header.js';
import { IncidentList, IncidentPanel, incidentPath } from './investigation-incident.js';
import { KIND_GROUPS, lanesOf, mergeFindings, pictureItems } from './investigation-model.js';
import { PictureDialog } from './investigation-picture.js';
import { RangeBar, useAxisKeys, useRange } from './investigation-range.js';
import { itemOf, wishOf } from './investigation-choice.js';
import { OpenFindings, Renditions } from './investigation-tables.js';

await loadStyle('investigation');

const TYPICAL_WIDTH = 1200;
const LIFE_KINDS = KIND_GROUPS.find((group) => group.key === 'incidents').kinds.join();

/* ---- what is shown ---- */

function useIncidentShown(id, query, active) {
  const sticky = useRef(null);
  sticky.current = active ?? sticky.current;
  const shown = query.get('incident') ?? sticky.current;
  const path = shown ? incidentPath(shown) : null;
  const whole = useFetch(path, { on: ['incident'], streamId: id, every: 15000 });
  const life = useFetch(path && `${path}/timeline`, { query: { kinds: LIFE_KINDS, limit: 500 },
    on: ['incident'], streamId: id });
  const reload = () => {
    whole.reload();
    life.reload();
  };
  return { id: shown, incident: whole.data ?? null, events: life.data ?? [], problem: whole.problem,
    reload };
}

// While the desk is gone, nothing is known of now: what was open ends where it was last heard of.
function useKnownUntil(now) {
  const { state, lastAt } = useConnection();
  return state === 'lost' && lastAt ? Math.min(now, lastAt + serverNow() - Date.now()) : now;
}

function useLanes(data, whole, incident, incidents, stream, view, now) {
  const until = useKnownUntil(now);
  return useMemo(() => {
    const findings = mergeFindings(incident?.findings ?? [], data.findings, whole?.findings ?? []);
    return lanesOf({ ...data, findings, incidents }, stream, view, until);
  }, [data, whole, incident, incidents, stream, view, until]);
}

/* ---- what is chosen ---- */

// On the axis: a mark, whose events are looked for in the list. In the list: an event.
function useChoice(range, view, setRange) {
  const [choice, setChoice] = useState({ event: null, item: null, wish: null });
  const newest = useRef(null);
  newest.current = { range, view, setRange };
  const rounds = useRef(0);
  const chooseItems = useCallback((items) => {
    setChoice({ event: null, item: items[0].id, wish: wishOf(items, ++rounds.current) });
    const { view: shown, setRange: show } = newest.current;
    if (items[0].finding && items[0].from < shown.from) // its beginning is what is asked for
      show(centred(shown, items[0].from, serverNow()));
  }, []);
  const chooseEvent = useCallback((event, wish = null) => {
    setChoice((before) => (wish ? { ...before, event: event.event_id }
      : before.event === event.event_id ? { event: null, item: null, wish: null }
        : { event: event.event_id, item: itemOf(event), wish: null }));
    const { view: shown, setRange: show } = newest.current;
    const at = Date.parse(event.timestamp);
    if (!wish && (at < shown.from || at > shown.to))
      show(centred(shown, at, serverNow()));
  }, []);
  return { choice, chooseItems, chooseEvent };
}

// j and k go through the list of events, wherever the focus is.
function stepInList(by) {
  const rows = [...document.querySelectorAll('.event-main')];
  const here = rows.indexOf(document.activeElement);
  const chosen = here < 0 ? rows.findIndex((row) => row.getAttribute('aria-expanded') === 'true') : here;
  rows[Math.min(Math.max(chosen + by, 0), rows.length - 1)]?.focus();
}

function focusAxis() {
  (document.querySelector('.mark.is-selected') ?? document.querySelector('.axis-plot'))?.focus();
}

/* ---- the page ---- */

function Gone({ problem, retry }) {
  useEffect(() => setTitle('No such stream'), []);
  const isUnknown = problem.status === 404;
  return html`
    <h1 class="visually-hidden">Investigation</h1>
    <${Empty} title=${isUnknown ? 'This stream is not watched' : 'The stream cannot be shown'}
      text=${isUnknown ? 'It may have been removed, or the address is cut short. The history of a removed stream is forgotten.' : null}>
      ${!isUnknown && html`<${ProblemNote} problem=${problem} retry=${retry} />`}
      <a class="btn is-primary" href=${href('monitoring')}>All streams</a>
    <//>`;
}

function AxisNotes({ data }) {
  if (data.problem)
    return html`<span class="axis-note is-error">The history could not be read: ${
      data.problem.detail ?? data.problem.message}</span>`;
  if (data.isLoading)
    return html`<span class="axis-note dim">Reading</span>`;
  return data.isPartial && html`<span class="axis-note">So much happened that the oldest of it is
    left out; zoom in to see all</span>`;
}

function Cause({ stream, whole, shown }) {
  const { incident } = shown;
  const isOwn = incident && incident.status !== 'resolved';
  const cause = incident ? incident.root_cause ?? (isOwn ? whole?.root_cause : null)
    : whole?.root_cause;
  const about = !incident ? 'as it seems now'
    : isOwn ? `of the active incident ${incident.id}`
      : `of ${incident.id}, resolved ${time(incident.resolved_at)}`;
  return html`<${CausePanel} cause=${cause ?? null} about=${cause || incident ? about : stream.state}
    isLoading=${Boolean(shown.id && !incident && !shown.problem)} />`;
}

function IncidentPart({ shown, ask, onAsk }) {
  if (shown.problem && !shown.incident)
    return html`<section class="card" aria-label="Incident"><${ProblemNote} problem=${shown.problem}
      retry=${shown.reload} /></section>`;
  return shown.incident && html`<${IncidentPanel} incident=${shown.incident} events=${shown.events}
    ask=${ask} onAsk=${onAsk} onChanged=${shown.reload} />`;
}

function useIncidentKeys(incident, onAsk) {
  const canAcknowledge = incident && incident.status !== 'resolved' && !incident.acknowledged_at;
  useKeys([
    { key: 'j', label: 'Next, previous event', run: () => stepInList(1) },
    { key: 'k', label: 'Next, previous event', run: () => stepInList(-1) },
    { key: 'Escape', label: 'Back to the time axis', run: focusAxis },
    ...(canAcknowledge ? [{ key: 'a', label: 'Acknowledge', run: () => onAsk('acknowledge') }] : []),
    ...(incident ? [{ key: 'n', label: 'Add note', run: () => onAsk('note') }] : []),
  ], { scope: 'Investigation' });
}

function Investigation({ id, query, stream, whole }) {
  const [ask, setAsk] = useState(null);
  const [picture, setPicture] = useState(null);
  const incidents = useStreamIncidents(id);
  const shown = useIncidentShown(id, query, stream.active_incident_id);
  const [range, setRange, isUsual] = useRange({ id, query, incident: shown.incident,
    createdAt: stream.created_at, clock: serverNow });
  useNow(1000);
  const now = steppedNow(serverNow(), range, TYPICAL_WIDTH);
  const view = useMemo(() => viewOf(range, now), [range, now]);
  const data = useTimeline(id, view, now, isFollowing(range));
  const lanes = useLanes(data, whole, shown.incident, incidents.list, stream, view, now);
  const { choice, chooseItems, chooseEvent } = useChoice(range, view, setRange);
  useAxisKeys({ range, clock: serverNow, onRange: setRange, incident: shown.incident });
  useIncidentKeys(shown.incident, setAsk);
  useEffect(() => setTitle(stream.name), [stream.name]);

  const chooseMark = (mark) => {
    chooseItems(mark.items);
    if (mark.type === 'incident' && mark.items[0].incident.id !== shown.id)
      go('investigation', id, { incident: mark.items[0].incident.id, ...formatRange(range) });
  };
  const showPicture = useCallback((url, event) => setPicture({ url, from: Date.parse(event.timestamp),
    text: event.message }), []);
  const pictures = pictureItems(data.thumbnails, data.events);
  const findings = whole?.findings ?? [];
  return html`
    <div class="investigation">
      <${StreamHeader} stream=${stream} />
      <section class="axis-card card" aria-label="What happened">
        <${RangeBar} id=${id} range=${range} view=${view} isUsual=${isUsual}
          incident=${shown.incident} clock=${serverNow} onRange=${setRange}>
          <${AxisNotes} data=${data} /><//>
        <${TimeAxis} lanes=${lanes} view=${view} range=${range} now=${now} selected=${choice.item}
          onRange=${setRange} onSelect=${chooseMark} onPicture=${setPicture} />
      </section>
      <div class="panels">
        <div class="panel-column">
          <${Cause} stream=${stream} whole=${whole} shown=${shown} />
          <${IncidentPart} shown=${shown} ask=${ask} onAsk=${setAsk} />
          <${IncidentList} ...${incidents} chosen=${shown.id}
            hrefOf=${(incident) => href('investigation', id, { incident: incident.id })} />
        </div>
        <div class="panel-column">
          <${OpenFindings} findings=${findings} renditions=${whole?.renditions ?? []}
            onSelect=${(finding) => chooseItems([{ id: `finding-${finding.id}`,
              from: Date.parse(finding.first_at), finding }])} />
          <${EventList} id=${id} range=${range} view=${view} wish=${choice.wish}
            selected=${choice.event} onSelect=${chooseEvent} onPicture=${showPicture} />
        </div>
      </div>
      <${Renditions} renditions=${whole?.renditions ?? []} />
      ${picture && html`<${PictureDialog} picture=${picture.pictureId ? picture
        : pictures.find(({ url }) => url === picture.url) ?? picture} pictures=${pictures}
        onPicture=${setPicture} />`}
    </div>`;
}

/**
 * @param {{id: string, query: URLSearchParams}} props
 */
export default function View({ id, query }) {
  const listed = useStream(id);
  const whole = useFetch(pathOf(id), { every: 5000, on: ['health', 'finding', 'incident', 'stream'],
    streamId: id });
  const stream = useMemo(() => (whole.data || listed ? { ...whole.data, ...listed } : null),
    [whole.data, listed]);
  if (whole.problem && (whole.problem.status === 404 || !stream))
    return html`<${Gone} problem=${whole.problem} retry=${whole.reload} />`;
  if (!stream)
    return html`<p class="dim" role="status">Reading what is known of this stream</p>`;
  return html`<${Investigation} id=${id} query=${query} stream=${stream} whole=${whole.data} />`;
}
