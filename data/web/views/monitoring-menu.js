// monitoring-menu.js - what can be done with one stream: its menu, and what asks before it is done.
// Read when the first menu is opened

import { html, useLayoutEffect, useRef, useState } from '../lib/ui.js';
import { send } from '../lib/api.js';
import { ConfirmDialog, Field, toast } from '../lib/parts.js';
import { go } from '../lib/route.js';
import { acknowledge } from './monitoring-acknowledge.js';

const SPANS = [['15', '15 minutes'], ['60', '1 hour'], ['240', '4 hours'], ['1440', '1 day'],
  ['10080', '7 days']];

function pathOf(stream, rest = '') {
  return `api/streams/${encodeURIComponent(stream.id)}${rest}`;
}

async function order(stream, method, rest, said) {
  try {
    await send(method, pathOf(stream, rest));
    toast(said);
  } catch (problem) {
    toast(`${stream.name}: ${problem.detail ?? problem.message}`, 'error');
  }
}

function itemsOf({ stream, incident, ask }) {
  const items = [
    ['Investigate', () => go('investigation', stream.id)],
    ['Analyse', () => go('analysis', stream.id)],
    stream.own_stream && ['Watch live', () => go('live', stream.own_stream)],
    incident?.status === 'open' && ['Acknowledge the incident', () => acknowledge(stream, incident)],
    stream.paused
      ? ['Resume', () => order(stream, 'POST', '/resume', `${stream.name} is watched again`)]
      : ['Pause…', () => ask('pause')],
    stream.maintenance
      ? ['End maintenance', () => order(stream, 'DELETE', '/maintenance', `Maintenance of ${stream.name} is over`)]
      : ['Maintenance…', () => ask('maintenance')],
    ['Remove…', () => ask('remove'), 'is-danger-item'],
  ];
  return items.filter(Boolean);
}

// Under its button where there is room, else above it; always inside the window.
function place(menu, rect) {
  const { offsetWidth: width, offsetHeight: height } = menu;
  const isBelow = rect.bottom + height + 8 < window.innerHeight || rect.top < height;
  menu.style.left = `${Math.max(8, Math.min(rect.right - width, window.innerWidth - width - 8))}px`;
  menu.style.top = `${isBelow ? rect.bottom + 2 : rect.top - height - 2}px`;
}

/**
 * @param {{stream: object, incident: object|undefined, button: HTMLElement,
 *   ask: (what: string) => void, onClose: () => void}} props
 */
export function RowMenu({ stream, incident, button, ask, onClose }) {
  const menu = useRef(null);
  const isDone = useRef(false);
  const close = (takesFocus) => {
    if (isDone.current)
      return;
    isDone.current = true;
    if (takesFocus)
      button.focus({ preventScroll: true });
    onClose();
  };
  useLayoutEffect(() => {
    place(menu.current, button.getBoundingClientRect());
    menu.current.querySelector('[role=menuitem]').focus({ preventScroll: true });
    const onOutside = (event) => !menu.current.contains(event.target) && close(false);
    const onScroll = () => close(true);
    document.addEventListener('pointerdown', onOutside, true);
    window.addEventListener('scroll', onScroll, { passive: true });
    window.addEventListener('resize', onScroll);
    return () => {
      document.removeEventListener('pointerdown', onOutside, true);
      window.removeEventListener('scroll', onScroll);
      window.removeEventListener('resize', onScroll);
    };
  }, []);
  const onKeyDown = (event) => {
    const items = [...menu.current.querySelectorAll('[role=menuitem]')];
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: (at + 1) % items.length, ArrowUp: (at - 1 + items.length) % items.length,
      Home: 0, End: items.length - 1 }[event.key];
    if (to !== undefined)
      items[to].focus();
    else if (event.key === 'Escape' || event.key === 'Tab')
      close(true);
    else
      return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`
    <div class="menu" role="menu" aria-label=${`Actions for ${stream.name}`} ref=${menu} onKeyDown=${onKeyDown}>
      ${itemsOf({ stream, incident, ask }).map(([text, run, kind]) => html`
        <button key=${text} type="button" role="menuitem" tabindex="-1" class=${kind} onClick=${() => {
          close(true);
          run();
        }}>${text}</button>`)}
    </div>`;
}

function MaintenanceDialog({ stream, onClose }) {
  const [minutes, setMinutes] = useState('60');
  const [reason, setReason] = useState('');
  const run = () => send('PUT', pathOf(stream, '/maintenance'),
    { minutes: Number(minutes), ...(reason.trim() && { reason: reason.trim() }) });
  return html`
    <${ConfirmDialog} title=${`Maintenance of ${stream.name}`} action="Begin maintenance" onConfirm=${run}
      text="No incidents open while it lasts. It is still watched, and its history goes on."
      onClose=${onClose}>
      <${Field} label="For" name="minutes" type="select" options=${SPANS} value=${minutes} onInput=${setMinutes} />
      <${Field} label="Why" name="reason" value=${reason} onInput=${setReason} maxlength="500"
        hint="Others see it; may stay empty" />
    <//>`;
}

/**
 * What asks before it is done.
 * @param {{what: 'pause'|'maintenance'|'remove', stream: object, onClose: () => void}} props
 */
export function Question({ what, stream, onClose }) {
  if (what === 'maintenance')
    return html`<${MaintenanceDialog} stream=${stream} onClose=${onClose} />`;
  const isPause = what === 'pause';
  const run = async () => {
    await send(isPause ? 'POST' : 'DELETE', pathOf(stream, isPause ? '/pause' : ''));
    toast(isPause ? `${stream.name} is paused` : `${stream.name} is no longer watched`);
  };
  return html`
    <${ConfirmDialog} title=${isPause ? `Pause ${stream.name}` : `Remove ${stream.name}`}
      text=${isPause ? 'It is not watched until somebody resumes it, and nobody is told of its faults.'
        : 'It is no longer watched, and its history, incidents and pictures are deleted. This cannot be undone.'}
      action=${isPause ? 'Pause' : 'Remove stream'} isDanger=${!isPause} onConfirm=${run} onClose=${onClose} />`;
}
