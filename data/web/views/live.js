// live.js - the Live view: what viewers see beside both origins, the ledger as it grows, the controls
//
// Everything here is of one stream of the chain behind the desk. What is read once a second comes
// from live-poll.js; each player is in a frame of its own and reports by itself.

import { html, loadStyle, useEffect, useRef, useState } from '../lib/ui.js';
import { Empty, ProblemNote, announce } from '../lib/parts.js';
import { count, time } from '../lib/format.js';
import { go, href, setTitle } from '../lib/route.js';
import { changeKey, chooseStream, viewerUrl } from './live-model.js';
import { changeReason, pairWords, situation } from './live-words.js';
import { useChain, useLedger } from './live-poll.js';
import { OriginMark } from './live-parts.js';
import { ViewerPlayer } from './live-player.js';
import { Encoder } from './live-encoder.js';
import { Origins } from './live-origins.js';
import { Controls, StandingOrders } from './live-orders.js';
import { OrderDialog } from './live-order-dialog.js';
import { Ledger } from './live-ledger.js';
import { DrillDialog, Drills } from './live-drills.js';
import { RecordList } from './live-record.js';

function useStyle(name) {
  const [isThere, setThere] = useState(false);
  useEffect(() => {
    let isHere = true;
    loadStyle(name).then(() => isHere && setThere(true));
    return () => { isHere = false; };
  }, []);
  return isThere;
}

// Tells those who do not see it that sides were changed.
function useAnnouncements(stream) {
  const last = stream?.switches.at(-1);
  const known = useRef({ name: null, key: null });
  useEffect(() => {
    if (!stream)
      return;
    const key = last ? changeKey(last) : null;
    if (known.current.name === stream.name && key !== null && key !== known.current.key)
      announce(`Changed from the ${last.from} to the ${last.to}: ${changeReason(last)}`);
    known.current = { name: stream.name, key };
  }, [stream?.name, last && changeKey(last)]);
}

function StreamSelect({ streams, name }) {
  if (streams.length < 2)
    return html`<span class="live-name">${name}</span>`;
  return html`<select class="input live-select" aria-label="Stream" value=${name}
    onChange=${(event) => go('live', event.currentTarget.value)}>
    ${streams.map((stream) => html`<option key=${stream.name} value=${stream.name} selected=${stream.name === name}>${stream.name}</option>`)}
  </select>`;
}

function Head({ streams, stream }) {
  const isTrouble = !stream.is_served || Object.values(stream.origins).some((origin) => origin.state === 'failed');
  return html`
    <header class="live-head">
      <h1>Live</h1>
      <${StreamSelect} streams=${streams} name=${stream.name} />
      <p class=${`situation ${isTrouble ? 'is-trouble' : ''}`}><${OriginMark} origin=${stream.active} />${situation(stream)}</p>
      <span class="grow"></span>
      <p class="dim live-counts" title=${`${pairWords(stream.pair)}: ${stream.pair_reason ?? ''}`}>
        <span class="num">${count(stream.failovers)}</span> to the backup, <span class="num">${count(stream.switchbacks)}</span> back ·
        pair ${stream.pair}</p>
    </header>`;
}

function NoChain({ chain }) {
  const isSet = Boolean(chain.viewer_url);
  return html`<${Empty} title=${isSet ? 'The switcher cannot be asked' : 'No chain is connected'}
    text=${chain.problem ?? (isSet ? 'It does not answer at its control address.'
      : 'This view steers a switcher of Understudy, and this desk knows of none.')}>
    <p>Start everything at once with <code>understudy run</code>, or tell the desk where its switcher is:</p>
    <p><code>understudy monitor --monitor.switcher-url http://localhost:8080</code></p>
    <p>In the configuration file that is <code>switcher-url</code> in the group <code>[monitor]</code>.</p>
  <//>`;
}

function NoStream({ chain, id }) {
  if (chain.streams.length === 0)
    return html`<${Empty} title="The chain has no stream yet"
      text="Publish one: point OBS or ffmpeg at the ingest, rtmp://HOST:1936/mystream. It appears here by itself." />`;
  return html`<${Empty} title=${`The chain has no stream "${id}"`} text="It may be published later; this page will see it. There are:">
    <div class="row">${chain.streams.map(({ name }) => html`<a class="chip" href=${href('live', name)}>${name}</a>`)}</div><//>`;
}

// The chain was there and cannot be reached now: what is shown is from then.
function LostNote({ at, problem, chain }) {
  if (!problem && chain.is_connected)
    return null;
  return html`<div class="note is-error" role="alert"><p><strong>${problem ? problem.title : 'The switcher cannot be asked'}</strong></p>
    <p>${problem ? problem.detail : chain.problem} What is below was read at ${time(at)}; it is tried again by itself.</p></div>`;
}

function Page({ source, stream, ledger, onRendition }) {
  const { chain, problem, reload } = source;
  const [order, setOrder] = useState(null);
  const mayControl = chain.may_control && chain.is_connected && !problem;
  const url = viewerUrl(chain, stream, location.hostname);
  const about = { chain, stream, mayControl, reload, onOrder: setOrder };
  const close = () => setOrder(null);
  return html`
    <div class="live">
      <${Head} streams=${chain.streams} stream=${stream} />
      <${LostNote} at=${source.readAt} problem=${problem} chain=${chain} />
      <${StandingOrders} ...${about} commands=${chain.commands} />
      <div class="live-columns">
        ${url ? html`<${ViewerPlayer} key=${url} url=${url} stream=${stream} />` : html`<section class="card live-viewer">
          <p>The desk does not know the address that viewers use</p></section>`}
        <${Encoder} chain=${chain} stream=${stream} />
        <div class="live-side"><${Origins} ...${about} /><${Controls} ...${about} /><${Drills} ...${about} />
          <${RecordList} chain=${chain} stream=${stream} /></div>
        <${Ledger} stream=${stream} ledger=${ledger} onRendition=${onRendition} />
      </div>
      ${order?.verb === 'drill' && html`<${DrillDialog} chain=${chain} onClose=${close} onDone=${reload} />`}
      ${order && order.verb !== 'drill' && html`<${OrderDialog} key=${JSON.stringify(order)} stream=${stream} order=${order}
        onClose=${close} onDone=${reload} />`}
    </div>`;
}

// What was read last while the switcher answered: it stays on the screen when it does not.
function useLastGood(source) {
  const good = useRef(null);
  const { chain } = source;
  if (chain && (chain.is_connected || !good.current))
    good.current = { chain, readAt: source.at };
  if (!chain || chain.is_connected || good.current.chain === chain)
    return { ...source, readAt: good.current?.readAt ?? source.at };
  return { ...source, readAt: good.current.readAt,
    chain: { ...good.current.chain, is_connected: false, problem: chain.problem } };
}

/** @param {{id: string|null}} props the name of a stream; null: the first */
export default function View({ id }) {
  const isStyled = useStyle('live');
  const source = useLastGood(useChain());
  const { chain, problem } = source;
  const stream = chain ? chooseStream(chain.streams, id) : undefined;
  const [rendition, setRendition] = useState(null);
  const ledger = useLedger(stream?.name ?? null, rendition);
  useAnnouncements(stream);
  useEffect(() => setTitle(stream ? `Live: ${stream.name}` : 'Live'), [stream?.name]);
  if (!chain && problem)
    return html`<div class="live"><h1 class="visually-hidden">Live</h1><${ProblemNote} problem=${problem} retry=${source.reload} /></div>`;
  if (!chain || !isStyled)
    return html`<p class="dim" role="status">Reading the chain</p>`;
  if (!stream)
    return html`<div class="live"><h1 class="visually-hidden">Live</h1>${chain.is_connected
      ? html`<${NoStream} chain=${chain} id=${id} />` : html`<${NoChain} chain=${chain} />`}</div>`;
  return html`<${Page} source=${source} stream=${stream} ledger=${ledger} onRendition=${setRendition} />`;
}
