// parts.js - the small pieces that all views share

import { cx, html, memo, useEffect, useRef, useState } from './ui.js';
import { askForToken } from './api.js';
import { serverNow } from './clock.js';
import { ago, dateOf, dateTime, plural } from './format.js';
import { useNow } from './live.js';
import { announce, toast } from './speech.js';

export { Dialog, ConfirmDialog } from './dialog.js';
export { Thumbnail } from './picture.js';
export { announce, toast } from './speech.js';

/**
 * `onClick` may return a promise: the button is busy until then, and a failure is told.
 * @param {{kind?: 'primary'|'plain'|'danger'|'quiet', icon?: any, isBusy?: boolean,
 *   isFirst?: boolean, onClick?: (event: Event) => any}} props others go to the <button>;
 *   `isFirst` has the focus when a dialog opens
 */
export function Button({ kind = 'plain', icon = null, isBusy = false, isFirst = false, onClick,
  children, class: extra, ...rest }) {
  const [isRunning, setRunning] = useState(false);
  const isHere = useRef(true);
  useEffect(() => () => { isHere.current = false; }, []);
  const isWaiting = isBusy || isRunning;
  const run = async (event) => {
    if (isWaiting) {
      event.preventDefault();
      return;
    }
    const result = onClick?.(event);
    if (!(result instanceof Promise))
      return;
    setRunning(true);
    try {
      await result;
    } catch (error) {
      toast(error.detail ?? error.message, 'error');
    }
    if (isHere.current)
      setRunning(false);
  };
  return html`
    <button type="button" ...${rest} class=${cx('btn', kind !== 'plain' && `is-${kind}`, isWaiting && 'is-busy',
      icon && !children && 'is-icon', extra)} aria-busy=${isWaiting ? 'true' : undefined}
      data-autofocus=${isFirst ? '' : undefined} onClick=${run}>${icon}${children}</button>`;
}

let nextField = 1;

/**
 * A labelled input. `onInput` gets the value.
 * @param {{label: string, name: string, value: string, onInput: (value: string) => void,
 *   error?: string|null, hint?: string, type?: string, isFirst?: boolean}} props others go to the
 *   <input>; type 'textarea' and, with `options` [[value, text]], 'select' are other elements
 */
export function Field({ label, name, value, onInput, error = null, hint = null, type = 'text',
  isFirst = false, options = [], ...rest }) {
  const id = useRef(null);
  id.current ??= `field-${nextField++}`;
  const about = cx(error && `${id.current}-error`, hint && `${id.current}-hint`) || undefined;
  const common = { ...rest, id: id.current, name, value, 'aria-describedby': about,
    'aria-invalid': error ? 'true' : undefined, 'data-autofocus': isFirst ? '' : undefined,
    class: 'input', onInput: (event) => onInput(event.currentTarget.value) };
  const control = type === 'textarea' ? html`<textarea rows="3" ...${common}></textarea>`
    : type === 'select' ? html`<select ...${common}>${options.map(([key, text]) =>
      html`<option value=${key} selected=${key === value}>${text}</option>`)}</select>`
      : html`<input type=${type} autocomplete="off" ...${common} />`;
  return html`
    <div class=${cx('field', error && 'has-error')}>
      <label for=${id.current}>${label}</label>
      ${control}
      ${error && html`<p class="field-error" id=${`${id.current}-error`}>${error}</p>`}
      ${hint && html`<p class="field-hint" id=${`${id.current}-hint`}>${hint}</p>`}
    </div>`;
}

/**
 * How long ago, with the time itself as its title.
 * @param {{at: string|number|null, prefix?: string, suffix?: string}} props
 */
export function Age({ at, prefix = '', suffix = '' }) {
  useNow(1000);
  const date = dateOf(at);
  if (!date)
    return html`<span class="num dim">–</span>`;
  return html`<time class="num" datetime=${date.toISOString()} title=${dateTime(date)}
    >${prefix}${ago(serverNow() - date.getTime())}${suffix}</time>`;
}

const WHAT_TO_DO = {
  unreachable: 'It is tried again by itself.',
  timeout: 'It may be busy; try again.',
  'no-token': 'Enter a token of the desk to see this.',
  'no-stream': 'It may have been removed meanwhile.',
};

/**
 * Says what went wrong, and offers to do something about it.
 * @param {{problem: Error, retry?: () => any}} props
 */
export function ProblemNote({ problem, retry = null }) {
  const again = problem.status === 401
    ? async () => { if (await askForToken(problem)) await retry?.(); } : retry;
  const why = problem.title ? problem.detail : problem.message;
  return html`
    <div class="note is-error" role="alert">
      <p><strong>${problem.title ?? 'Something went wrong in this page'}</strong></p>
      <p>${why !== problem.title && problem.status !== 401 && `${why} `}${WHAT_TO_DO[problem.type]}</p>
      ${again && html`<${Button} onClick=${async () => again()}>${problem.status === 401
        ? 'Enter token' : 'Try again'}<//>`}
    </div>`;
}

/** Why a place is empty, and what to do. */
export function Empty({ title, text = null, children = null }) {
  return html`<div class="empty"><h2>${title}</h2>${text && html`<p>${text}</p>`}${children}</div>`;
}

// Without a secure context (http from another machine) browsers have no clipboard for pages.
async function copy(text) {
  if (navigator.clipboard)
    return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'visually-hidden';
  const parent = document.querySelector('dialog[open]') ?? document.body;
  parent.append(area);
  area.select();
  const isDone = document.execCommand('copy');
  area.remove();
  if (!isDone)
    throw new Error('The browser does not let pages copy; select the text instead');
  return undefined;
}

/** @param {{text: string, label?: string}} props */
export function CopyButton({ text, label = 'Copy' }) {
  const [isCopied, setCopied] = useState(false);
  const run = async () => {
    await copy(text);
    announce('Copied');
    setCopied(true);
    setTimeout(setCopied, 1500, false);
  };
  return html`<${Button} kind="quiet" onClick=${run}>${isCopied ? 'Copied' : label}<//>`;
}

// Letter: class, height of 16. Worse is taller, so that the shape tells as well as the colour.
const BARS = {
  H: ['healthy', 5], D: ['degraded', 10], U: ['unhealthy', 16],
  N: ['nodata', 3], M: ['maintenance', 3], P: ['paused', 3],
};
const BAR_WORDS = { H: 'healthy', D: 'degraded', U: 'unhealthy', N: 'without data',
  M: 'in maintenance', P: 'paused' };

// One path for each state: an hour of changes is a few elements, not sixty.
function pathsOf(letters) {
  const paths = {};
  for (let start = 0, end; start < letters.length; start = end) {
    const letter = letters[start];
    for (end = start + 1; letters[end] === letter; end++);
    if (letter in BARS)
      paths[letter] = `${paths[letter] ?? ''}M${start} 16V${16 - BARS[letter][1]}H${end}V16z`;
  }
  return Object.entries(paths);
}

function stripWords(letters) {
  const words = Object.keys(BAR_WORDS).filter((letter) => letters.includes(letter)).map((letter) =>
    `${plural(letters.split(letter).length - 1, 'minute')} ${BAR_WORDS[letter]}`);
  return words.join(', ') || 'nothing known';
}

/**
 * A strip of states, one letter for each minute, oldest first: H D U N P M, '-' for not known.
 * @param {{letters: string, label: string}} props
 */
export const Strip = memo(({ letters, label }) => html`
  <svg class="strip" role="img" viewBox=${`0 0 ${Math.max(letters.length, 1)} 16`}
    preserveAspectRatio="none" aria-label=${`${label}: ${stripWords(letters)}`}>
    ${pathsOf(letters).map(([letter, d]) => html`<path class=${`is-${BARS[letter][0]}`} d=${d} />`)}
  </svg>`);
