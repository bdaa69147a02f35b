// settings.js - what one browser sets for itself: theme, name, token

import { html, useState } from './ui.js';
import { mayAskAgain, retryNow } from './api.js';
import { recall, remember } from './keep.js';
import { Button, Dialog, Field, toast } from './parts.js';
import { reload } from './streams.js';

const THEMES = ['auto', 'light', 'dark'];
const THEME_ICONS = {
  auto: () => html`<circle cx="8" cy="8" r="6" /><path d="M8 2a6 6 0 0 1 0 12z" fill="currentColor" />`,
  light: () => html`<circle cx="8" cy="8" r="3" /><path d="M8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8 13 13M13 3l-1.2 1.2M4.2 11.8 3 13" />`,
  dark: () => html`<path d="M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z" />`,
};

function Icon({ children }) {
  return html`<svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor"
    stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${children}</svg>`;
}

function themeNow() {
  const theme = recall('theme');
  return THEMES.includes(theme) ? theme : 'auto';
}

function setTheme(theme) {
  remember('theme', theme === 'auto' ? null : theme);
  if (theme === 'auto')
    delete document.documentElement.dataset.theme;
  else
    document.documentElement.dataset.theme = theme;
}

/** Auto, light, dark, and round again. */
export function ThemeButton() {
  const [theme, set] = useState(themeNow);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  const change = () => {
    setTheme(next);
    set(next);
  };
  return html`<button type="button" class="btn is-quiet is-icon" onClick=${change}
    aria-label=${`Theme: ${theme}`} title=${`Theme: ${theme}; press for ${next}`}>
    <${Icon}>${THEME_ICONS[theme]()}<//></button>`;
}

// A token that is typed here is not in the page's address, nor in anything that is shown again.
function TokenField({ value, onInput, error, isFirst }) {
  return html`<${Field} label="Token" name="token" type="password" value=${value} onInput=${onInput}
    error=${error} isFirst=${isFirst} spellcheck=${false}
    hint="One of the tokens of the desk's token-file" />`;
}

function NameField({ value, onInput }) {
  return html`<${Field} label="Your name" name="who" value=${value} onInput=${onInput} maxlength="32"
    hint="Kept with what you do: acknowledgements, notes, orders" />`;
}

function Remember({ isOn, onChange }) {
  return html`<label class="check"><input type="checkbox" checked=${isOn}
    onChange=${(event) => onChange(event.currentTarget.checked)} />
    Keep the token when the browser is closed</label>`;
}

/** Shown when the desk wants a token. `onDone` is told whether there is one now. */
export function TokenDialog({ onDone }) {
  const [token, setToken] = useState('');
  const [who, setWho] = useState(recall('who') ?? '');
  const [isLasting, setLasting] = useState(false);
  const [isAsked, setAsked] = useState(false);
  const wasRefused = recall('token') !== null;
  const save = (event) => {
    event.preventDefault();
    setAsked(true);
    if (!token.trim())
      return;
    remember('token', token.trim(), isLasting);
    remember('who', who.trim() || null);
    onDone(true);
  };
  return html`
    <${Dialog} title="A token is needed" onClose=${() => onDone(false)}>
      <form class="stack" onSubmit=${save} novalidate>
        <p>${wasRefused ? 'The desk does not accept the token that was used. Enter another one.'
          : 'The desk answers this only to those who have a token.'}</p>
        <${TokenField} value=${token} onInput=${setToken} isFirst
          error=${isAsked && !token.trim() ? 'Enter the token' : null} />
        <${NameField} value=${who} onInput=${setWho} />
        <${Remember} isOn=${isLasting} onChange=${setLasting} />
        <div class="dialog-foot">
          <${Button} onClick=${() => onDone(false)}>Cancel<//>
          <${Button} kind="primary" type="submit">Continue<//>
        </div>
      </form>
    <//>`;
}

function SettingsDialog({ onClose }) {
  const [who, setWho] = useState(recall('who') ?? '');
  const [token, setToken] = useState('');
  const [isLasting, setLasting] = useState(false);
  const [hasToken, setHasToken] = useState(recall('token') !== null);
  const save = (event) => {
    event.preventDefault();
    remember('who', who.trim() || null);
    if (token.trim()) {
      remember('token', token.trim(), isLasting);
      mayAskAgain();
      retryNow();
      reload();
    }
    toast('Saved in this browser');
    onClose();
  };
  const forget = () => {
    remember('token', null);
    setHasToken(false);
  };
  return html`
    <${Dialog} title="Settings of this browser" onClose=${onClose}>
      <form class="stack" onSubmit=${save} novalidate>
        <${NameField} value=${who} onInput=${setWho} />
        ${hasToken ? html`<div class="row"><span class="grow">A token is used for requests</span>
          <${Button} onClick=${forget}>Forget token<//></div>`
          : html`<${TokenField} value=${token} onInput=${setToken} />
            <${Remember} isOn=${isLasting} onChange=${setLasting} />`}
        <div class="dialog-foot">
          <a class="btn is-quiet" href="docs">API</a>
          <${Button} onClick=${onClose}>Cancel<//>
          <${Button} kind="primary" type="submit">Save<//>
        </div>
      </form>
    <//>`;
}

/** Opens the settings. */
export function SettingsButton() {
  const [isOpen, setOpen] = useState(false);
  return html`
    <button type="button" class="btn is-quiet is-icon" aria-label="Settings"
      title="Your name and token" onClick=${() => setOpen(true)}>
      <${Icon}><circle cx="8" cy="5.4" r="2.9" /><path d="M2.4 14.2c.6-3 2.8-4.4 5.6-4.4s5 1.4 5.6 4.4" /><//>
    </button>
    ${isOpen && html`<${SettingsDialog} onClose=${() => setOpen(false)} />`}`;
}
