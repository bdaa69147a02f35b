// investigation-incident.js - the incident: what became of it, and what people do with it

import { cx, html, useState } from '../lib/ui.js';
import { asCurl, getBlob, send } from '../lib/api.js';
import { dateTime, plural, seconds, time } from '../lib/format.js';
import { recall, remember } from '../lib/keep.js';
import { useNow } from '../lib/live.js';
import { Button, ConfirmDialog, CopyButton, Dialog, Field, ProblemNote, announce, toast }
  from '../lib/parts.js';
import { serverNow } from '../lib/clock.js';
import { Confidence } from './investigation-cause.js';
import { incidentHistory, personOf } from './investigation-incident-model.js';

const MAX_NOTE = 4000;
export const INCIDENT_STATES = {
  open: { word: 'Open', css: 'unhealthy' },
  acknowledged: { word: 'Acknowledged', css: 'degraded' },
  recovering: { word: 'Recovering', css: 'maintenance' },
  resolved: { word: 'Resolved', css: 'healthy' },
};
const STATE_SHAPES = {
  open: html`<circle cx="7" cy="7" r="5" class="is-full" />`,
  acknowledged: html`<circle cx="7" cy="7" r="5" /><path d="M7 2a5 5 0 0 1 0 10z" class="is-full" />`,
  recovering: html`<circle cx="7" cy="7" r="5" stroke-dasharray="3 2" /><path d="M4.5 8 7 5l2.5 3" />`,
  resolved: html`<path d="M2.5 7.5 5.5 10.5 11.5 3.5" />`,
};

export const incidentPath = (id) => `api/incidents/${encodeURIComponent(id)}`;

/** The state of an incident: shape and word. */
export function IncidentBadge({ status }) {
  const { word, css } = INCIDENT_STATES[status] ?? INCIDENT_STATES.open;
  return html`<span class=${`chip is-${css} incident-badge`}>
    <svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">${STATE_SHAPES[status]}</svg>
    ${word}</span>`;
}

/** How long it has lasted, on and on while it does. */
export function Lasting({ incident }) {
  useNow(1000);
  const end = incident.resolved_at ? Date.parse(incident.resolved_at) : serverNow();
  return html`<span class="num">${seconds(Math.max(0, Math.round((end
    - Date.parse(incident.opened_at)) / 1000)))}</span>`;
}

/* ---- what people do ---- */

/** Words for the desk, and a field for who says so when the page does not know it yet. */
export function NoteDialog({ title, text = null, action, isNeeded, onSend, onClose }) {
  const [note, setNote] = useState('');
  const [who, setWho] = useState(recall('who') ?? '');
  const [problem, setProblem] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const [isAsked, setAsked] = useState(false);
  const isMissing = isNeeded && note.trim() === '';
  const run = async (event) => {
    event?.preventDefault();
    setAsked(true);
    if (isMissing || isBusy)
      return;
    setBusy(true);
    setProblem(null);
    remember('who', who.trim() || null); // goes with every request
    try {
      await onSend({ note: note.trim() || undefined });
      onClose();
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };
  const onKeyDown = (event) => event.key === 'Enter' && (event.ctrlKey || event.metaKey) && run(event);
  return html`
    <${Dialog} title=${title} onClose=${onClose}>
      <form class="stack" novalidate onSubmit=${run} onKeyDown=${onKeyDown}>
        ${text && html`<p>${text}</p>`}
        <${Field} label=${isNeeded ? 'Note' : 'Note (optional)'} name="note" type="textarea"
          value=${note} onInput=${setNote} maxlength=${MAX_NOTE} isFirst
          hint="Kept with the incident. Ctrl+Enter sends"
          error=${problem?.pointer === '/note' ? problem.detail
            : isAsked && isMissing ? 'Write what is to be kept' : null} />
        <${Field} label="Your name (optional)" name="who" value=${who} onInput=${setWho}
          maxlength="32" autocomplete="nickname" />
        ${problem && problem.pointer !== '/note' && html`<${ProblemNote} problem=${problem} />`}
        <div class="dialog-foot"><${Button} onClick=${onClose}>Cancel<//>
          <${Button} kind="primary" type="submit" isBusy=${isBusy}>${action}<//></div>
      </form>
    <//>`;
}

/** Says that somebody looks after it. @param {{incident: object, onDone, onClose}} props */
export function AcknowledgeDialog({ incident, onDone, onClose }) {
  const onSend = async (body) => {
    onDone(await send('POST', `${incidentPath(incident.id)}/acknowledge`, body));
    toast(`${incident.id} is acknowledged`);
  };
  return html`<${NoteDialog} title=${`Acknowledge ${incident.id}`} action="Acknowledge"
    text=${`Others see that somebody looks after ${incident.stream_name ?? incident.stream_id}.`}
    onSend=${onSend} onClose=${onClose} />`;
}

function AddNoteDialog({ incident, onDone, onClose }) {
  const onSend = async (body) => {
    onDone(await send('POST', `${incidentPath(incident.id)}/notes`, body));
    announce('The note is kept');
  };
  return html`<${NoteDialog} title=${`Note to ${incident.id}`} action="Add note" isNeeded
    onSend=${onSend} onClose=${onClose} />`;
}

function ResolveDialog({ incident, onDone, onClose }) {
  const onConfirm = async (note) => {
    onDone(await send('POST', `${incidentPath(incident.id)}/resolve`, { note }));
    toast(`${incident.id} is resolved`);
  };
  return html`<${ConfirmDialog} title=${`Resolve ${incident.id} by hand`} action="Resolve"
    needsReason onConfirm=${onConfirm} onClose=${onClose} text=${`It resolves by itself when the
    stream has been well for a while. Resolve it only when you know better; while the stream is
    still ill, it opens again.`} />`;
}

const DIALOGS = { acknowledge: AcknowledgeDialog, note: AddNoteDialog, resolve: ResolveDialog };

async function download(incident) {
  const blob = await getBlob(`${incidentPath(incident.id)}/bundle`);
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = `understudy-${incident.id}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

function CurlMenu({ incident }) {
  const path = incidentPath(incident.id);
  const onKeyDown = (event) => {
    if (event.key !== 'Escape' || !event.currentTarget.open)
      return;
    event.currentTarget.open = false;
    event.currentTarget.querySelector('summary').focus();
    event.preventDefault();
  };
  const onLeave = (event) => {
    if (!event.currentTarget.contains(event.relatedTarget))
      event.currentTarget.open = false;
  };
  return html`
    <details class="fold-menu" onKeyDown=${onKeyDown} onfocusout=${onLeave}>
      <summary class="btn">Copy as curl</summary>
      <div class="fold-menu-body">
        <${CopyButton} label="Incident" text=${asCurl('GET', path)} />
        <${CopyButton} label="Timeline" text=${asCurl('GET', `${path}/timeline?limit=500`)} />
        <${CopyButton} label="Findings of the stream" text=${asCurl('GET',
          `api/streams/${encodeURIComponent(incident.stream_id)}/findings`)} />
      </div>
    </details>`;
}

function Actions({ incident, onAsk }) {
  const isActive = incident.status !== 'resolved';
  const canAcknowledge = isActive && !incident.acknowledged_at;
  return html`
    <div class="row incident-actions">
      ${canAcknowledge && html`<${Button} kind="primary" onClick=${() => onAsk('acknowledge')}
        aria-keyshortcuts="a">Acknowledge<//>`}
      <${Button} onClick=${() => onAsk('note')} aria-keyshortcuts="n">Add note<//>
      ${isActive && html`<${Button} onClick=${() => onAsk('resolve')}>Resolve by hand<//>`}
      <${CurlMenu} incident=${incident} />
      <${Button} onClick=${() => download(incident)}>Download as JSON<//>
    </div>`;
}

/* ---- what became of it ---- */

function History({ incident, events }) {
  return html`
    <ol class="history">${incidentHistory(incident, events).map((entry) => html`
      <li key=${`${entry.at} ${entry.kind}`} class=${`is-${entry.kind.replace('incident_', '')}`}>
        <time class="num dim" datetime=${new Date(entry.at).toISOString()}
          title=${dateTime(entry.at)}>${time(entry.at)}</time>
        <span><b>${entry.word}</b> ${entry.text}</span></li>`)}
    </ol>`;
}

function Notes({ notes }) {
  return notes.length > 0 && html`
    <h3>Notes</h3>
    <ul class="notes">${notes.map((note) => html`
      <li key=${note.id}><p class="dim"><span title=${note.who}
        >${personOf(note.who)}</span> · <time datetime=${note.at}
        title=${dateTime(note.at)}>${time(note.at)}</time></p><p class="note-text">${note.note}</p></li>`)}
    </ul>`;
}

function Facts({ incident }) {
  return html`
    <p class="incident-facts">
      <${IncidentBadge} status=${incident.status} />
      <span class="mono">${incident.id}</span>
      <span><${Lasting} incident=${incident} /></span>
      ${incident.reopened_count > 0 && html`<span class="chip">reopened
        ${incident.reopened_count}×</span>`}
      ${incident.is_flapping && html`<span class="chip is-degraded">flapping</span>`}
      ${incident.acknowledged_by ? html`<span>in the hands of <b title=${incident.acknowledged_by}
        >${personOf(incident.acknowledged_by)}</b></span>`
        : incident.status !== 'resolved' && html`<span class="dim">nobody has it yet</span>`}
    </p>`;
}

/**
 * @param {{incident: object, events: object[], ask: string|null, onAsk: (what: string|null) => void,
 *   onChanged: (incident: object) => void}} props `incident`: with notes and findings; `events`: of
 *   its own life; `ask`: which dialog is open
 */
export function IncidentPanel({ incident, events, ask, onAsk, onChanged }) {
  const Ask = ask && DIALOGS[ask];
  return html`
    <section class="incident card" aria-labelledby="incident-title">
      <p class="panel-label">Incident</p>
      <h2 id="incident-title">${incident.reason ?? 'The stream was not well'}</h2>
      <${Facts} incident=${incident} />
      <${Actions} incident=${incident} onAsk=${onAsk} />
      <${History} incident=${incident} events=${events} />
      <${Notes} notes=${incident.notes ?? []} />
      ${Ask && html`<${Ask} incident=${incident} onDone=${onChanged} onClose=${() => onAsk(null)} />`}
    </section>`;
}

/* ---- those before ---- */

/**
 * All incidents of the stream, to look at another one.
 * @param {{list: object[], next: string|null, loadMore: () => Promise<void>, chosen: string|null,
 *   hrefOf: (incident: object) => string}} props
 */
export function IncidentList({ list, next, loadMore, chosen, hrefOf }) {
  return html`
    <section class="card" aria-labelledby="incidents-title">
      <h2 id="incidents-title">Incidents of this stream</h2>
      ${list.length === 0 ? html`<p class="dim">There has been none. May it stay so.</p>` : html`
        <p class="dim">${plural(list.length, 'incident')}${next && ', and older ones'}</p>
        <ul class="incident-list">${list.map((incident) => html`
          <li key=${incident.id}><a class=${cx('incident-link', incident.id === chosen && 'is-chosen')}
            href=${hrefOf(incident)} aria-current=${incident.id === chosen ? 'true' : undefined}>
            <${IncidentBadge} status=${incident.status} />
            <span class="incident-words"><b>${incident.root_cause?.title ?? 'Cause unknown'}</b>
              ${incident.root_cause && html` <${Confidence} level=${incident.root_cause.confidence}
                isShort />`}</span>
            <span class="dim num"><${Lasting} incident=${incident} />, <time
              datetime=${incident.opened_at}>${dateTime(incident.opened_at)}</time></span>
            <span class="incident-reason dim">${incident.reason}</span></a></li>`)}
        </ul>
        ${next && html`<${Button} onClick=${loadMore}>Older incidents<//>`}`}
    </section>`;
}
