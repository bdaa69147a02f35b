// dialog.js - questions in front of the page: the focus is kept inside and goes back afterwards

import { html, useLayoutEffect, useRef, useState } from './ui.js';
import { Button, Field } from './parts.js';

let nextId = 1;

/**
 * @param {{title: string, onClose: () => void, children: any, isWide?: boolean}} props
 */
export function Dialog({ title, onClose, children, isWide = false }) {
  const dialog = useRef(null);
  const id = useRef(null);
  const isOpen = useRef(true);
  id.current ??= `dialog-${nextId++}`;
  useLayoutEffect(() => {
    const before = document.activeElement;
    const element = dialog.current;
    element.showModal();
    element.querySelector('[data-autofocus]')?.focus();
    return () => {
      isOpen.current = false;
      element.close();
      if (before instanceof HTMLElement && before.isConnected)
        before.focus({ preventScroll: true });
    };
  }, []);
  const onCancel = (event) => {
    event.preventDefault();
    onClose();
  };
  const onClosed = () => isOpen.current && onClose(); // by the browser: Escape pressed twice
  const onPress = (event) => event.target === dialog.current && onClose();
  return html`
    <dialog ref=${dialog} class=${`dialog ${isWide ? 'is-wide' : ''}`}
      aria-labelledby=${id.current} onCancel=${onCancel}
      onClose=${onClosed} onMouseDown=${onPress}>
      <div class="dialog-body">
        <div class="dialog-head">
          <h2 id=${id.current}>${title}</h2>
          <button type="button" class="btn is-quiet is-icon" aria-label="Close"
            onClick=${onClose}>×</button>
        </div>
        ${children}
      </div>
    </dialog>`;
}

/**
 * Asks before something is done. Stays open, with the reason, when it fails.
 * @param {{title: string, text: any, action: string, isDanger?: boolean, needsReason?: boolean,
 *   onConfirm: (reason: string) => Promise<any>, onClose: () => void, children?: any}} props
 */
export function ConfirmDialog({ title, text, action, isDanger = false, needsReason = false,
  onConfirm, onClose, children = null }) {
  const [reason, setReason] = useState('');
  const [problem, setProblem] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const [isAsked, setAsked] = useState(false);
  const isMissing = needsReason && reason.trim() === '';
  const run = async (event) => {
    event.preventDefault();
    setAsked(true);
    if (isMissing || isBusy)
      return;
    setBusy(true);
    setProblem(null);
    try {
      await onConfirm(reason.trim());
      onClose();
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };
  return html`
    <${Dialog} title=${title} onClose=${onClose}>
      <form class="stack" onSubmit=${run} novalidate>
        <p>${text}</p>
        ${children}
        ${needsReason && html`<${Field} label="Reason" name="reason" value=${reason}
          onInput=${setReason} isFirst hint="Kept with the order, for those who come after"
          error=${isAsked && isMissing ? 'Say why, in a few words' : null} />`}
        ${problem && html`<p class="note is-error" role="alert">${problem.detail ?? problem.message}</p>`}
        <div class="dialog-foot">
          <${Button} onClick=${onClose}>Cancel<//>
          <${Button} kind=${isDanger ? 'danger' : 'primary'} type="submit" isBusy=${isBusy}
            isFirst=${!needsReason}>${action}<//>
        </div>
      </form>
    <//>`;
}
