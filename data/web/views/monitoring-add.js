// monitoring-add.js - the dialog that adds a stream; what the desk says of a value stands beside it

import { html, useState } from '../lib/ui.js';
import { send } from '../lib/api.js';
import { Button, Dialog, Field, toast } from '../lib/parts.js';

const FIELDS = ['manifest_url', 'name', 'authorization'];

// "https://cdn.example.org/news/index.m3u8" is "cdn.example.org news"
function suggestName(address) {
  try {
    const { hostname, pathname } = new URL(address);
    const parts = pathname.split('/').filter((part) => part
      && !/^(hls|live|index|master|playlist|main|manifest|stream)?(\.m3u8)?$/i.test(part));
    const last = (parts.pop() ?? '').replace(/\.m3u8$/i, '');
    return last ? `${hostname} ${last}` : hostname;
  } catch {
    return '';
  }
}

function fieldOf(problem) {
  const field = (problem?.pointer ?? '').replace(/^#?\//, '') || problem?.parameter;
  return FIELDS.includes(field) ? field : null;
}

// What is missing is said before anything is sent; all else is the desk's to judge.
function missing({ url, name }) {
  if (!url.trim())
    return { pointer: '#/manifest_url', detail: 'Enter the address of a playlist' };
  return name.trim() ? null : { pointer: '#/name', detail: 'Enter a name' };
}

/**
 * @param {{onAdded: (stream: object) => void, onClose: () => void}} props
 */
export function AddDialog({ onAdded, onClose }) {
  const [url, setUrl] = useState('');
  const [name, setName] = useState(null); // null: as the address suggests
  const [authorization, setAuthorization] = useState('');
  const [problem, setProblem] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const given = name ?? suggestName(url.trim());
  const errorOf = (field) => (fieldOf(problem) === field ? problem.detail : null);
  const submit = async (event) => {
    event.preventDefault();
    const fault = missing({ url, name: given });
    setProblem(fault);
    if (fault || isBusy)
      return;
    setBusy(true);
    try {
      const body = { name: given.trim(), manifest_url: url.trim() };
      if (authorization.trim())
        body.authorization = authorization.trim();
      const stream = await send('POST', 'api/streams', body);
      toast(`${stream.name} is watched from now on`);
      onAdded(stream);
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };
  return html`
    <${Dialog} title="Add a stream" onClose=${onClose}>
      <form class="stack" onSubmit=${submit} novalidate>
        <${Field} label="Address" name="manifest_url" type="url" inputmode="url" value=${url} onInput=${setUrl}
          isFirst error=${errorOf('manifest_url')} placeholder="https://example.org/live/index.m3u8"
          spellcheck=${false} hint="An HLS playlist, of one rendition or of all of them" />
        <${Field} label="Name" name="name" value=${given} onInput=${setName} maxlength="200"
          error=${errorOf('name')} />
        <details class="more" open=${errorOf('authorization') !== null || undefined}>
          <summary>It needs an authorization</summary>
          <${Field} label="Authorization" name="authorization" type="password" value=${authorization}
            onInput=${setAuthorization} error=${errorOf('authorization')} spellcheck=${false}
            hint="The value of the header, sent to the host of the address only; it is never shown again" />
        </details>
        ${problem && !fieldOf(problem) && html`<p class="note is-error" role="alert">${problem.detail}</p>`}
        <div class="dialog-foot">
          <${Button} onClick=${onClose}>Cancel<//>
          <${Button} kind="primary" type="submit" isBusy=${isBusy}>Add stream<//>
        </div>
      </form>
    <//>`;
}
