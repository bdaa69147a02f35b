// monitoring.js - the first view: all streams, worst first, with one line each; no charts here
//
// What is looked for stands in the address (?state=UNHEALTHY&q=news), so that it can be sent on.

import { cx, html, useEffect, useMemo, useModule, useRef, useState } from '../lib/ui.js';
import { send } from '../lib/api.js';
import { count, plural } from '../lib/format.js';
import { countStates } from '../lib/header.js';
import { useKeys } from '../lib/keys.js';
import { useFetch, useStreams } from '../lib/live.js';
import { Button, Empty, ProblemNote, toast } from '../lib/parts.js';
import { go, setTitle } from '../lib/route.js';
import { STATES, StateIcon } from '../lib/state.js';
import { reload } from '../lib/streams.js';
import { StreamList } from './monitoring-list.js';
import { filterStreams, termsOf } from './monitoring-model.js';

const TYPING_MS = 250;
const STRIPS_MS = 60 * 1000;

// What is looked for, shown at once and in the address soon after.
function useFilter(query) {
  const state = query.get('state') in STATES ? query.get('state') : null;
  const [search, setSearch] = useState(query.get('q') ?? '');
  const written = useRef(search);
  const timer = useRef(0);
  const write = (next) => {
    written.current = next.q;
    go('monitoring', null, next, { replace: true });
  };
  useEffect(() => {
    const q = query.get('q') ?? '';
    if (q !== written.current) { // a link, or the way back
      written.current = q;
      setSearch(q);
    }
  }, [query]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const type = (text) => {
    setSearch(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => write({ state, q: text }), TYPING_MS);
  };
  const choose = (next) => {
    clearTimeout(timer.current);
    write({ state: next, q: search });
  };
  const clear = () => {
    clearTimeout(timer.current);
    setSearch('');
    write({ state: null, q: '' });
  };
  return { state, search, type, choose, clear };
}

function Filters({ list, filter }) {
  const counts = countStates(list);
  const chip = (state, word, n) => html`
    <button key=${word} type="button" class=${cx('chip', 'filter', state && `is-of-${STATES[state].css}`)}
      aria-pressed=${filter.state === state ? 'true' : 'false'}
      onClick=${() => filter.choose(filter.state === state ? null : state)}>
      ${state && html`<${StateIcon} state=${state} size=${13} />`}${word}
      <span class="num">${count(n)}</span></button>`;
  return html`
    <div class="filters row" role="group" aria-label="Filter by state">
      ${chip(null, 'All', list.length)}
      ${Object.keys(STATES).filter((state) => counts[state] || filter.state === state)
        .map((state) => chip(state, state.toLowerCase(), counts[state] ?? 0))}
    </div>`;
}

function Toolbar({ list, filter, search, onAdd, found }) {
  const onKeyDown = (event) => {
    if (event.key !== 'Escape')
      return;
    if (filter.search)
      filter.type('');
    else
      event.currentTarget.blur();
    event.preventDefault();
  };
  return html`
    <div class="toolbar monitoring-bar">
      <input class="input search" type="search" aria-label="Search streams" ref=${search}
        placeholder="Search name, address, reason, state" value=${filter.search}
        onInput=${(event) => filter.type(event.currentTarget.value)} onKeyDown=${onKeyDown} />
      <${Filters} list=${list} filter=${filter} />
      <span class="dim num found" role="status">${found === list.length ? ''
        : `${count(found)} of ${plural(list.length, 'stream')}`}</span>
      <${Button} kind="primary" class="add-button" onClick=${onAdd} title="Add a stream (n)">Add stream<//>
    </div>`;
}

async function startDemo() {
  const stream = await send('POST', 'api/demo');
  toast(`${stream.name} is starting; it has a picture in a few seconds`);
  reload();
}

function NoStreams({ onAdd }) {
  return html`
    <${Empty} title="No stream is watched yet"
      text="Give the address of any HLS stream: the desk plays it like a viewer, says how it is, and keeps what happened.">
      <div class="row">
        <${Button} kind="primary" onClick=${onAdd}>Add a stream<//>
        <${Button} onClick=${startDemo}>Start the demo stream<//>
      </div>
      <p>The demo is a small chain on the desk's own machine with a test picture; remove it when you have seen enough.</p>
    <//>`;
}

function Nothing({ filter }) {
  return html`<${Empty} title="No stream is like that"
    text=${filter.state && !filter.search ? `None is ${filter.state.toLowerCase()} now.`
      : 'Try fewer words, or another state.'}>
    <${Button} onClick=${filter.clear}>Show all streams<//><//>`;
}

function useStrips(hasStreams) {
  return useFetch(hasStreams ? 'api/strips' : null, { query: { minutes: 60 }, every: STRIPS_MS }).data;
}

function tellUnread() {
  toast('This part of the page could not be read from the desk', 'error');
}

// The menu of a row, and what it asks.
function useActions(streams, incidents) {
  const [menu, setMenu] = useState(null); // {id, button}
  const [question, setQuestion] = useState(null); // {what, id}
  const toggle = (id, button) => setMenu(menu?.id === id ? null : { id, button });
  const code = useModule(() => import('./monitoring-menu.js'), menu !== null, () => {
    setMenu(null);
    tellUnread();
  });
  const stream = streams.get(menu?.id);
  const asked = question?.stream;
  const parts = html`
    ${code && menu && stream && html`<${code.RowMenu} key=${menu.id} stream=${stream} incident=${incidents.get(menu.id)}
      button=${menu.button} ask=${(what) => setQuestion({ what, stream })} onClose=${() => setMenu(null)} />`}
    ${asked && html`<${code.Question} what=${question.what} stream=${asked} onClose=${() => setQuestion(null)} />`}`;
  return { menuId: menu && stream ? menu.id : null, toggle, parts };
}

/** @param {{query: URLSearchParams}} props */
export default function Monitoring({ query }) {
  const { streams, list, incidents, isLoaded, problem } = useStreams();
  const filter = useFilter(query);
  const strips = useStrips(list.length > 0);
  const [isAdding, setAdding] = useState(false);
  const adding = useModule(() => import('./monitoring-add.js'), isAdding, () => {
    setAdding(false);
    tellUnread();
  });
  const search = useRef(null);
  const { menuId, toggle, parts } = useActions(streams, incidents);
  const terms = useMemo(() => termsOf(filter.search), [filter.search]);
  const shown = filterStreams(list, { state: filter.state, terms });
  useEffect(() => setTitle('Monitoring'), []);
  useKeys([
    { key: '/', label: 'Search', run: () => search.current?.focus() },
    { key: 'n', label: 'Add a stream', run: () => setAdding(true) },
  ], { scope: 'Monitoring' });
  const onAdded = () => {
    setAdding(false);
    filter.clear();
  };
  return html`
    <h1 class="visually-hidden">Monitoring</h1>
    ${problem && !isLoaded && html`<div class="first-problem"><${ProblemNote} problem=${problem} retry=${reload} /></div>`}
    ${!problem && !isLoaded && html`<p class="loading dim">Reading the streams</p>`}
    ${isLoaded && list.length === 0 && html`<${NoStreams} onAdd=${() => setAdding(true)} />`}
    ${list.length > 0 && html`
      <${Toolbar} list=${list} filter=${filter} search=${search} found=${shown.length} onAdd=${() => setAdding(true)} />
      ${shown.length === 0 ? html`<${Nothing} filter=${filter} />`
        : html`<${StreamList} list=${shown} all=${streams} incidents=${incidents} strips=${strips}
            filterKey=${`${filter.state}\n${terms.join(' ')}`} menuId=${menuId} onMenu=${toggle} />`}`}
    ${parts}
    ${isAdding && adding && html`<${adding.AddDialog} onAdded=${onAdded} onClose=${() => setAdding(false)} />`}`;
}
