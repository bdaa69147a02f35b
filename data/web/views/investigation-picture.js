// investigation-picture.js - one picture large, with its time, and the way to its neighbours

import { html, useEffect, useState } from '../lib/ui.js';
import { getBlob } from '../lib/api.js';
import { dateTime } from '../lib/format.js';
import { Button, Dialog, ProblemNote } from '../lib/parts.js';

function useBlob(url) {
  const [state, setState] = useState({ src: null, problem: null });
  useEffect(() => {
    const control = new AbortController();
    let src = null;
    setState({ src: null, problem: null });
    getBlob(url, { signal: control.signal }).then((blob) => {
      src = URL.createObjectURL(blob);
      setState({ src, problem: null });
    }, (problem) => !control.signal.aborted && setState({ src: null, problem }));
    return () => {
      control.abort();
      URL.revokeObjectURL(src);
    };
  }, [url]);
  return state;
}

/**
 * @param {{picture: {url: string, from: number, text: string}, pictures: object[],
 *   onPicture: (picture: object|null) => void}} props `pictures`: all that are known, by time
 */
export function PictureDialog({ picture, pictures, onPicture }) {
  const { src, problem } = useBlob(picture.url);
  const at = pictures.findIndex(({ url }) => url === picture.url);
  const go = (by) => at >= 0 && pictures[at + by] && onPicture(pictures[at + by]);
  const onKeyDown = (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) {
      event.preventDefault();
      go(by);
    }
  };
  return html`
    <${Dialog} title=${dateTime(picture.from)} isWide onClose=${() => onPicture(null)}>
      <div class="large-picture stack" onKeyDown=${onKeyDown}>
        ${problem?.status === 404 ? html`<p class="note">There is no such picture, or not yet: it is
            taken with the next segment.</p>`
          : problem ? html`<${ProblemNote} problem=${problem} />`
            : html`<div class="large-frame">${src && html`<img src=${src} alt=${picture.text} />`}</div>`}
        <p>${picture.text}</p>
        <div class="dialog-foot">
          <${Button} disabled=${at <= 0} onClick=${() => go(-1)}>Earlier<//>
          <${Button} disabled=${at < 0 || at === pictures.length - 1} onClick=${() => go(1)}>Later<//>
          <${Button} kind="primary" isFirst onClick=${() => onPicture(null)}>Close<//>
        </div>
      </div>
    <//>`;
}
