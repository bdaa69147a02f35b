// live-order-dialog.js - asks before an order is given, in words; refusals are shown where they arise

import { html, useState } from '../lib/ui.js';
import { Button, Dialog, Field, announce, toast } from '../lib/parts.js';
import { send } from '../lib/api.js';
import { recall, remember } from '../lib/keep.js';
import { OPTIONS, bodyOf, confirmation, readDuration } from './live-confirm.js';
import { ORIGINS, outcome } from './live-words.js';
import { Sign, originWord } from './live-parts.js';

const REASONS = 'live-reasons';
const MOST_REASONS = 6;
const DURATIONS = [['0', 'Until it is released'], ['300', '5 minutes'], ['900', '15 minutes'], ['1800', '30 minutes'],
  ['3600', '1 hour'], ['14400', '4 hours'], ['other', 'Another time']];

/** The reasons given last, the newest first. */
export function recallReasons() {
  try {
    const reasons = JSON.parse(recall(REASONS) ?? '[]');
    return Array.isArray(reasons) ? reasons.filter((reason) => typeof reason === 'string') : [];
  } catch {
    return [];
  }
}

export function rememberReason(reason) {
  if (reason)
    remember(REASONS, JSON.stringify([reason, ...recallReasons().filter((other) => other !== reason)].slice(0, MOST_REASONS)));
}

/** Why, with what was said before at hand. */
export function ReasonField({ value, onInput, error = null, isFirst = false }) {
  const reasons = recallReasons();
  return html`
    <${Field} label="Reason" name="why" value=${value} onInput=${onInput} error=${error} maxlength="200" isFirst=${isFirst}
      list="live-reasons" hint="May be empty. Kept with the order, for those who come after" />
    <datalist id="live-reasons">${reasons.map((reason) => html`<option value=${reason} />`)}</datalist>`;
}

/** What went wrong, as the switcher says it. */
export function Refusal({ problem }) {
  return html`<div class="note is-error" role="alert"><p><strong>${problem.title ?? 'It was not done'}</strong></p>
    <p>${problem.detail ?? problem.message}</p></div>`;
}

/** What will happen, what viewers will feel, what is to be feared. */
export function Consequences({ text, feel, warnings = [] }) {
  return html`
    <div class="consequences">
      ${text.map((sentence) => html`<p>${sentence}</p>`)}
      <p class="feel">${feel}</p>
      ${warnings.map((warning) => html`<p class="warning"><${Sign} name="warning" />${warning}</p>`)}
    </div>`;
}

function OriginChoice({ value, onInput }) {
  return html`<fieldset class="choice"><legend>To</legend>
    ${ORIGINS.map((origin) => html`<label class="check"><input type="radio" name="origin" value=${origin}
      checked=${value === origin} onChange=${() => onInput(origin)} />${originWord(origin)}</label>`)}
  </fieldset>`;
}

function DurationFields({ choice, other, onChoice, onOther, error }) {
  return html`
    <${Field} label="For" name="seconds" type="select" value=${choice} options=${DURATIONS} onInput=${onChoice} />
    ${choice === 'other' && html`<${Field} label="How long" name="duration" value=${other} onInput=${onOther} error=${error}
      hint="Like 90 s, 20 min, 2 h; at most a week" />`}`;
}

function secondsOf(choice, other) {
  return choice === 'other' ? readDuration(other) : Number(choice);
}

// The answer is the stream as it is afterwards.
async function give(stream, order, why) {
  const body = bodyOf(order, why);
  const answer = await send('POST', `api/chain/streams/${encodeURIComponent(stream.name)}/${order.verb}`, body);
  rememberReason(body.why);
  const after = answer?.streams?.find((other) => other.name === stream.name);
  return after ? outcome(order, stream, after) : 'Done';
}

/**
 * @param {{stream: object, order: {verb: string, origin?: string, mode?: string}, onClose: () => void,
 *   onDone: () => void}} props
 */
export function OrderDialog({ stream, order: wish, onClose, onDone }) {
  const [why, setWhy] = useState('');
  const [origin, setOrigin] = useState(wish.origin);
  const [choice, setChoice] = useState('0');
  const [other, setOther] = useState('');
  const [isStrict, setStrict] = useState(false);
  const [problem, setProblem] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const [isAsked, setAsked] = useState(false);
  const options = OPTIONS[wish.verb] ?? {};
  const seconds = secondsOf(choice, other);
  const order = { ...wish, origin, seconds: seconds ?? 0, isStrict };
  const { title, action, isDanger, text, feel, warnings } = confirmation(stream, order);
  const run = async (event) => {
    event.preventDefault();
    setAsked(true);
    if (seconds === null || isBusy)
      return;
    setBusy(true);
    setProblem(null);
    try {
      const done = await give(stream, order, why);
      toast(done);
      onDone();
      onClose();
    } catch (error) {
      setProblem(error);
      setBusy(false);
      announce('It was not done');
    }
  };
  return html`
    <${Dialog} title=${title} onClose=${onClose}>
      <form class="stack" onSubmit=${run} novalidate>
        ${wish.verb === 'failover' && html`<${OriginChoice} value=${origin} onInput=${setOrigin} />`}
        <${Consequences} text=${text} feel=${feel} warnings=${warnings} />
        ${options.hasDuration && html`<${DurationFields} choice=${choice} other=${other} onChoice=${setChoice} onOther=${setOther}
          error=${isAsked && seconds === null ? 'Expected a time like 20 min, at most a week' : null} />`}
        ${options.strict && html`<label class="check"><input type="checkbox" checked=${isStrict}
          onChange=${(event) => setStrict(event.currentTarget.checked)} />${options.strict}</label>`}
        <${ReasonField} isFirst value=${why} onInput=${setWhy} error=${problem?.pointer === '#/why' ? problem.detail : null} />
        ${problem && html`<${Refusal} problem=${problem} />`}
        <div class="dialog-foot">
          <${Button} onClick=${onClose}>Cancel<//>
          <${Button} kind=${isDanger ? 'danger' : 'primary'} type="submit" isBusy=${isBusy}>${action}<//>
        </div>
      </form>
    <//>`;
}
