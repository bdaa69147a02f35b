// live-drills.js - breaking something on purpose: which drills there are, the one that runs, what they brought

import { cx, html, useEffect, useRef, useState } from '../lib/ui.js';
import { Button, CopyButton, Dialog, announce, toast } from '../lib/parts.js';
import { send } from '../lib/api.js';
import { ago, count, dateTime, ms, seconds } from '../lib/format.js';
import { serverNow } from '../lib/clock.js';
import { useNow } from '../lib/live.js';
import { bodyOf } from './live-confirm.js';
import { outcomeOf, sortRuns } from './live-model.js';
import { Sign } from './live-parts.js';
import { Consequences, ReasonField, Refusal, rememberReason } from './live-order-dialog.js';

const SHOWN_RUNS = 8;
const TEXT = ['A chain of its own is started on the switcher\'s machine, on free ports and with a test picture. One thing in it'
  + ' is broken, a viewer of its own watches, and what it saw is kept as evidence.'];
const FEEL = 'Your viewers feel nothing: what runs here is not touched. The machine is busier while it lasts.';

function durationOf(name) {
  return name === 'all' ? 'All of them take about five minutes.' : 'It takes about half a minute.';
}

function DrillChoice({ drills, value, onInput }) {
  const all = [...drills, { name: 'all', summary: 'all of the above, one after another, but for those that must be named' }];
  return html`<fieldset class="drill-choice"><legend>Which one</legend>
    ${all.map(({ name, summary }) => html`<label class="check"><input type="radio" name="drill" value=${name}
      checked=${value === name} data-autofocus=${value === name ? '' : undefined} onChange=${() => onInput(name)} /><span><strong>${name}</strong> <span class="dim">${summary}</span></span></label>`)}
  </fieldset>`;
}

/** Chooses a drill and starts it. */
export function DrillDialog({ chain, onClose, onDone }) {
  const { drills } = chain;
  const [name, setName] = useState(drills[0]?.name ?? '');
  const [why, setWhy] = useState('');
  const [problem, setProblem] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const isRunning = Boolean(chain.active_drill);
  const run = async (event) => {
    event.preventDefault();
    if (isBusy || !name)
      return;
    setBusy(true);
    setProblem(null);
    try {
      const body = bodyOf({ verb: 'drill' }, why);
      await send('POST', `api/chain/drills/${encodeURIComponent(name)}`, body);
      rememberReason(body.why);
      toast(`The drill ${name} has begun`);
      onDone();
      onClose();
    } catch (error) {
      setProblem(error);
      setBusy(false);
    }
  };
  return html`
    <${Dialog} title="Run a drill" onClose=${onClose} isWide>
      ${drills.length === 0 ? html`<p>The switcher has no list of drills yet. Open this again in a moment.</p>` : html`
        <form class="stack" onSubmit=${run} novalidate>
          <${DrillChoice} drills=${drills} value=${name} onInput=${setName} />
          <${Consequences} text=${[...TEXT, durationOf(name)]} feel=${FEEL}
            warnings=${isRunning ? ['A drill runs already. One at a time, so this is refused until it has ended.'] : []} />
          <${ReasonField} value=${why} onInput=${setWhy} error=${problem?.pointer === '#/why' ? problem.detail : null} />
          ${problem && html`<${Refusal} problem=${problem} />`}
          <div class="dialog-foot"><${Button} onClick=${onClose}>Cancel<//>
            <${Button} kind="primary" type="submit" isBusy=${isBusy}>Run ${name}<//></div>
        </form>`}
    <//>`;
}

function ActiveRun({ run }) {
  useNow(1000);
  const elapsed = serverNow() - run.started_ms;
  return html`<div class="run is-running" role="status">
    <div class="live-title"><strong>${run.name}</strong><span class="grow"></span><span class="dim">running for ${ago(elapsed)}</span></div>
    <progress aria-label=${`Drill ${run.name} runs`}></progress>
    <p class="dim">Its chain is started, broken and watched; your viewers are not touched</p></div>`;
}

const FELT = [['stall_ms', 'Stall', ms], ['failed_requests', 'Failed requests', count], ['missing_frames', 'Missing pictures', count],
  ['repeated_frames', 'Repeated pictures', count], ['added_delay_ms', 'Added delay', ms]];

// "nobody noticed", or what was felt, in a line.
function ResultRow({ row, isOnly }) {
  const outcome = outcomeOf(row);
  return html`
    <li class="result">
      <p>${!isOnly && html`<${Sign} name=${outcome} /><strong>${row.name}</strong> ${outcome}. `}${row.hit && `Hit the ${row.hit}`}${row.hit && row.verdict && ': '}${row.verdict}</p>
      ${outcome !== 'skipped' && html`<dl class="facts is-small">${FELT.map(([member, name, format]) => html`
        <div class=${cx('fact', member !== 'added_delay_ms' && row[member] > 0 && 'is-bad')}><dt>${name}</dt><dd class="num">${format(row[member])}</dd></div>`)}</dl>`}
    </li>`;
}

function PastRun({ run, isOpen }) {
  const rows = run.results ?? [];
  const verdict = run.passed ? 'passed' : 'failed';
  return html`
    <details class="run" open=${isOpen}>
      <summary><${Sign} name=${verdict} /><strong>${run.name}</strong> <span class=${`verdict is-${verdict}`}>${verdict}</span>
        <span class="grow"></span><span class="dim num">${dateTime(run.started_ms)}, took ${seconds((run.ended_ms - run.started_ms) / 1000)}</span></summary>
      ${rows.length > 0 ? html`<p class="dim">What a viewer of its chain felt:</p><ul>${rows.map((row) => html`<${ResultRow} row=${row} isOnly=${rows.length === 1} />`)}</ul>`
        : html`<p>${run.passed ? 'A viewer felt nothing that breaks the promise.' : 'It did not pass.'} The numbers are in the evidence.</p>`}
      <p class="evidence"><span class="dim">Evidence on the switcher's machine:</span> <code>${run.evidence}</code>
        <${CopyButton} text=${run.evidence} label="Copy path" /></p>
    </details>`;
}

// Says how a drill ended to whoever saw it run.
function useEndings(past, active) {
  const watched = useRef(null);
  const ended = watched.current && past.find((run) => run.id === watched.current);
  useEffect(() => {
    if (!ended)
      return;
    const words = `The drill ${ended.name} ${ended.passed ? 'passed' : 'failed'}`;
    toast(words, ended.passed ? 'ok' : 'error');
    announce(words);
  }, [ended?.id]);
  const open = useRef(null);
  if (ended)
    open.current = ended.id;
  watched.current = active?.id ?? (ended ? null : watched.current);
  return open.current;
}

/** The drills: a way to run one, the one that runs, those that ran. */
export function Drills({ chain, mayControl, onOrder }) {
  const { active, past } = sortRuns(chain);
  const justEnded = useEndings(past, active);
  return html`
    <section class="card live-drills" aria-labelledby="live-drills-title">
      <div class="live-title"><h2 id="live-drills-title">Drills</h2><span class="grow"></span>
        <${Button} class="is-small" disabled=${!mayControl || Boolean(active)} onClick=${() => onOrder({ verb: 'drill' })}>Run a drill…<//></div>
      ${active && html`<${ActiveRun} run=${active} />`}
      ${!active && past.length === 0 && html`<p class="dim">A promise that is never tried is a hope: a drill breaks one thing on a chain of its own, and says what a viewer felt</p>`}
      ${past.slice(0, SHOWN_RUNS).map((run) => html`<${PastRun} key=${run.id} run=${run} isOpen=${run.id === justEnded} />`)}
    </section>`;
}
