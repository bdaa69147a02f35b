// analysis-controls.js - which time is shown: presets, steps, two times of one's own
//
// The range itself lives in the address, so that what one sees can be sent to a colleague.

import { html, useState } from '../lib/ui.js';
import { serverNow } from '../lib/live.js';
import { Button, Dialog, Field } from '../lib/parts.js';
import { PRESETS, inputValue, isFollowing, typedRange, viewOf } from './analysis-range.js';
import { rangeText } from './analysis-ticks.js';

function Icon({ path }) {
  return html`<svg width="16" height="16" viewBox="0 0 16 16" class="line-icon" aria-hidden="true" focusable="false">
    <path d=${path} /></svg>`;
}

const ICONS = {
  earlier: 'M10 3L5 8l5 5', later: 'M6 3l5 5-5 5', out: 'M3 8h10', in: 'M3 8h10M8 3v10',
  save: 'M8 2v8M4.5 7L8 10.5 11.5 7M3 13.5h10',
};

/** Two times of one's own. */
function RangeDialog({ range, onApply, onClose }) {
  const view = viewOf(range, serverNow());
  const [from, setFrom] = useState(inputValue(view.from));
  const [to, setTo] = useState(inputValue(view.to));
  const [errors, setErrors] = useState({ fromError: null, toError: null });
  const apply = (event) => {
    event.preventDefault();
    const typed = typedRange(from, to, serverNow());
    if (typed.range)
      onApply(typed.range);
    else
      setErrors(typed);
  };
  return html`
    <${Dialog} title="Time to show" onClose=${onClose}>
      <form class="stack" onSubmit=${apply} novalidate>
        <${Field} label="From" name="from" type="datetime-local" step="1" value=${from} onInput=${setFrom}
          error=${errors.fromError} isFirst=${true} />
        <${Field} label="To" name="to" type="datetime-local" step="1" value=${to} onInput=${setTo}
          error=${errors.toError} hint="In the time zone of this browser" />
        <div class="dialog-foot">
          <${Button} onClick=${onClose}>Cancel<//>
          <${Button} kind="primary" type="submit">Show<//>
        </div>
      </form>
    <//>`;
}

/**
 * @param {{range: object, actions: {current: object}, isLoading: boolean, onSave: (() => void)|null,
 *   children: any}} props `actions`: setRange, zoomIn, zoomOut, pan; `onSave` null: nothing to save
 */
export function Controls({ range, actions, isLoading, onSave, children }) {
  const [isChoosing, setChoosing] = useState(false);
  const now = serverNow();
  const view = viewOf(range, now);
  const act = (name, ...args) => () => actions.current[name](...args);
  const isLive = isFollowing(range);
  return html`
    <div class="toolbar analysis-bar" role="group" aria-label="Time to show" aria-busy=${isLoading ? 'true' : undefined}>
      <div class="segments">
        ${PRESETS.map((preset) => html`<button type="button" key=${preset.key} class="segment"
          aria-pressed=${range.last === preset.last ? 'true' : 'false'} aria-label=${preset.name}
          onClick=${act('setRange', { last: preset.last })}>${preset.label}</button>`)}
      </div>
      <div class="row range-steps">
        <${Button} icon=${html`<${Icon} path=${ICONS.earlier} />`} aria-label="Earlier" title="Earlier (←)" onClick=${act('pan', -0.5)} />
        <${Button} icon=${html`<${Icon} path=${ICONS.out} />`} aria-label="Zoom out" title="Zoom out (-)" onClick=${act('zoomOut')} />
        <${Button} icon=${html`<${Icon} path=${ICONS.in} />`} aria-label="Zoom in" title="Zoom in (+)" onClick=${act('zoomIn')} />
        <${Button} icon=${html`<${Icon} path=${ICONS.later} />`} aria-label="Later" title="Later (→)" aria-disabled=${isLive ? 'true' : undefined} onClick=${act('pan', 0.5)} />
      </div>
      <${Button} class="range-text num" aria-haspopup="dialog" title="Choose two times" onClick=${() => setChoosing(true)}>
        ${rangeText(view.from, view.to, now)}<//>
      <${Button} class="follow" aria-pressed=${isLive ? 'true' : 'false'} title="Show new points as they come"
        onClick=${isLive ? act('setRange', view) : act('follow')}><span class="follow-dot"></span>Follow now<//>
      <span class="grow"></span>
      ${children}
      <${Button} icon=${html`<${Icon} path=${ICONS.save} />`} disabled=${onSave === null} onClick=${onSave}>CSV<span
        class="visually-hidden"> of the series in this time</span><//>
      ${isChoosing && html`<${RangeDialog} range=${range} onClose=${() => setChoosing(false)}
        onApply=${(chosen) => { setChoosing(false); actions.current.setRange(chosen); }} />`}
    </div>`;
}
