// settings-dialog.js - asks for name and token; read when it is opened first

import { html, useState } from './ui.js';
import { mayAskAgain, retryNow } from './api.js';
import { recall, remember } from './keep.js';
import { Button, Dialog, Field, toast } from './parts.js';
import { reload } from './streams.js';

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

/** The name and the token that this browser keeps. */
export function SettingsDialog({ onClose }) {
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
