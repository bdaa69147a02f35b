// analysis-compare.js - up to three other streams over one of the charts
//
// Which ones, and over which chart, is in the address like the time.

import { html, useState } from '../lib/ui.js';
import { useStreams } from '../lib/live.js';
import { Button, Dialog, Field } from '../lib/parts.js';
import { METRICS } from './analysis-metrics.js';

export const MOST_OTHERS = 3;
const MOST_SHOWN = 100;

/**
 * @param {URLSearchParams} query
 * @param {string} id of the stream itself
 * @returns {{metric: string, ids: string[]}}
 */
export function parseCompare(query, id) {
  const metric = METRICS.some(({ key }) => key === query.get('metric')) ? query.get('metric') : METRICS[0].key;
  const ids = [...new Set((query.get('with') ?? '').split(',').filter((each) => each && each !== id))];
  return { metric, ids: ids.slice(0, MOST_OTHERS) };
}

/** The members of the query that parseCompare() reads. */
export function compareQuery({ metric, ids }) {
  return ids.length === 0 ? {} : { with: ids.join(), metric };
}

function Choice({ stream, isChosen, isFull, onToggle }) {
  return html`<li><label class="check"><input type="checkbox" checked=${isChosen} disabled=${!isChosen && isFull}
    onChange=${() => onToggle(stream.id)} /><span>${stream.name}</span></label></li>`;
}

function CompareDialog({ id, compare, onApply, onClose }) {
  const { list } = useStreams();
  const [metric, setMetric] = useState(compare.metric);
  const [ids, setIds] = useState(compare.ids);
  const [filter, setFilter] = useState('');
  const word = filter.trim().toLowerCase();
  const others = list.filter((stream) => stream.id !== id
    && (ids.includes(stream.id) || stream.name.toLowerCase().includes(word)))
    .sort((a, b) => ids.includes(b.id) - ids.includes(a.id) || a.name.localeCompare(b.name, 'en', { numeric: true }));
  const toggle = (other) => setIds(ids.includes(other) ? ids.filter((each) => each !== other) : [...ids, other]);
  const apply = (event) => {
    event.preventDefault();
    onApply({ metric, ids });
  };
  return html`
    <${Dialog} title="Compare with other streams" onClose=${onClose}>
      <form class="stack" onSubmit=${apply}>
        <${Field} label="Chart" name="metric" type="select" value=${metric} onInput=${setMetric}
          options=${METRICS.map(({ key, title }) => [key, title])} />
        <${Field} label="Streams" name="filter" type="search" value=${filter} onInput=${setFilter}
          placeholder="Part of a name" hint=${`Choose up to ${MOST_OTHERS}`} isFirst=${true} />
        ${others.length === 0 ? html`<p class="dim">There is no other stream of that name.</p>` : html`<ul class="choices" tabindex="0" role="group" aria-label="Streams">
          ${others.slice(0, MOST_SHOWN).map((stream) => html`<${Choice} key=${stream.id} stream=${stream}
            isChosen=${ids.includes(stream.id)} isFull=${ids.length >= MOST_OTHERS} onToggle=${toggle} />`)}</ul>`}
        ${others.length > MOST_SHOWN && html`<p class="dim">Only ${MOST_SHOWN} of ${others.length} are listed; write part of a name.</p>`}
        <div class="dialog-foot">
          ${compare.ids.length > 0 && html`<${Button} onClick=${() => onApply({ metric, ids: [] })}>Compare no longer<//>`}
          <${Button} kind="primary" type="submit">Compare<//>
        </div>
      </form>
    <//>`;
}

/** @param {{id: string, compare: object, onApply: (compare: object) => void}} props */
export function Compare({ id, compare, onApply }) {
  const [isOpen, setOpen] = useState(false);
  const { list } = useStreams();
  if (list.length < 2 && compare.ids.length === 0)
    return null;
  return html`
    <${Button} aria-haspopup="dialog" onClick=${() => setOpen(true)}>
      ${compare.ids.length === 0 ? 'Compare' : `Compared with ${compare.ids.length}`}<//>
    ${isOpen && html`<${CompareDialog} id=${id} compare=${compare} onClose=${() => setOpen(false)}
      onApply=${(chosen) => { setOpen(false); onApply(chosen); }} />`}`;
}
