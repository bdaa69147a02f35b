// app.js - the page: header, banner, one view by the address, and what lies in front of it
//
// A view's module and style come when it is opened first. What fails in a view stays in the view.

import { h, html, render, useEffect, useErrorBoundary, useModule, useRef, useState } from './lib/ui.js';
import { setTokenAsker, start } from './lib/api.js';
import { Banner } from './lib/banner.js';
import { Header } from './lib/header.js';
import { useKeyList, useKeys } from './lib/keys.js';
import { useConnection } from './lib/live.js';
import { Button, Dialog, Empty } from './lib/parts.js';
import { go, href, setTitle, useRoute } from './lib/route.js';
import { Speech } from './lib/speech.js';
import { startStreams } from './lib/streams.js';

const VIEWS = {
  monitoring: () => import('./views/monitoring.js'),
  investigation: () => import('./views/investigation.js'),
  analysis: () => import('./views/analysis.js'),
  incidents: () => import('./views/incidents.js'),
  live: () => import('./views/live.js'),
};
const KEY_NAMES = { ' ': 'Space', Escape: 'Esc', ArrowDown: '↓', ArrowUp: '↑', ArrowLeft: '←',
  ArrowRight: '→' };
const modules = new Map(); // those that are here

function Unknown() {
  useEffect(() => setTitle('Not found'), []);
  return html`<${Empty} title="There is nothing at this address"
    text="The link may be from another version, or cut short.">
    <a class="btn is-primary" href=${href('monitoring')}>All streams</a><//>`;
}

function useView(name) {
  const [, setCount] = useState(0);
  const [failed, setFailed] = useState(null);
  useEffect(() => {
    let isHere = true;
    setFailed(null);
    if (VIEWS[name] && !modules.has(name))
      VIEWS[name]().then(({ default: View }) => {
        modules.set(name, View);
        if (isHere)
          setCount((n) => n + 1);
      }, (error) => {
        console.error(error);
        if (isHere)
          setFailed(error);
      });
    return () => { isHere = false; };
  }, [name]);
  return [VIEWS[name] ? modules.get(name) : Unknown, failed];
}

function Failure({ title, text }) {
  return html`<${Empty} title=${title} text=${text}>
    <${Button} kind="primary" onClick=${() => location.reload()}>Load the page again<//><//>`;
}

function Guarded({ View, id, query }) {
  const [error] = useErrorBoundary((cause) => console.error(cause));
  if (error)
    return html`<${Failure} title="This view has failed"
      text=${`The rest goes on. What the browser says: ${error.message}`} />`;
  return h(View, { id, query });
}

function Keys({ onClose }) {
  const groups = useKeyList();
  return html`
    <${Dialog} title="Keys" onClose=${onClose} isWide>
      <div class="key-groups">
        ${groups.map(({ scope, keys }) => html`<section key=${scope}><h3>${scope}</h3><dl>
          ${keys.map(({ label, keys: names }) => html`<dt>${names.map((name, i) => html`${i > 0 && ' '}
            ${name.split(' ').filter(Boolean).concat(name === ' ' ? ' ' : []).map((part) =>
              html`<kbd>${KEY_NAMES[part] ?? part}</kbd> `)}`)}</dt><dd>${label}</dd>`)}
        </dl></section>`)}
      </div>
    <//>`;
}

// A new view begins at its top, and those who cannot see it are taken there. Monitoring goes back
// to where one was by itself.
function useArrival(key, main) {
  const isFirst = useRef(true);
  useEffect(() => {
    if (isFirst.current) {
      isFirst.current = false;
      return;
    }
    if (!key.startsWith('monitoring/'))
      window.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [key]);
}

// How high what sticks to the top is, for those who stick below it.
function useTopHeight(top) {
  useEffect(() => {
    const observer = new ResizeObserver(() => document.documentElement.style.setProperty(
      '--top', `${top.current.offsetHeight}px`));
    observer.observe(top.current);
    return () => observer.disconnect();
  }, []);
}

function App() {
  const { view, id, query } = useRoute();
  const { state } = useConnection();
  const [View, failed] = useView(view);
  const [hasKeys, setKeys] = useState(false);
  const [question, setQuestion] = useState(null); // {done}: the token dialog is open
  const main = useRef(null);
  const top = useRef(null);
  const key = `${view}/${id ?? ''}`;
  useArrival(key, main);
  useTopHeight(top);
  const dialogs = useModule(() => import('./lib/settings-dialog.js'), question !== null,
    () => answer(false));
  useEffect(() => setTokenAsker(() => new Promise((done) => setQuestion({ done }))), []);
  useKeys([
    { key: '?', label: 'These keys', run: () => setKeys(true) },
    { key: 'g m', label: 'Go to monitoring', run: () => go('monitoring') },
    { key: 'g i', label: 'Go to incidents', run: () => go('incidents') },
    { key: 'g l', label: 'Go to live', run: () => go('live') },
  ], { scope: 'Everywhere' });
  const answer = (isGiven) => {
    setQuestion(null);
    question.done(isGiven);
  };
  return html`
    <div class=${state === 'lost' ? 'is-stale' : ''}>
      <a class="btn is-primary skip" href="#main" onClick=${(event) => {
        event.preventDefault();
        main.current.focus();
      }}>Skip to the content</a>
      <div class="shell-top" ref=${top}>
        <${Header} view=${view} onKeys=${() => setKeys(true)} />
        <${Banner} />
      </div>
      <main class="shell-main" id="main" tabindex="-1" ref=${main}>
        ${failed ? html`<${Failure} title="This view could not be loaded"
            text="The desk cannot be reached, or it is another version than this page." />`
          : View && html`<${Guarded} key=${key} View=${View} id=${id} query=${query} />`}
      </main>
      <${Speech} />
      ${hasKeys && html`<${Keys} onClose=${() => setKeys(false)} />`}
      ${question && dialogs && html`<${dialogs.TokenDialog} onDone=${answer} />`}
    </div>`;
}

render(html`<${App} />`, document.getElementById('app'));
start();
startStreams();
