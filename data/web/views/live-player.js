// live-player.js - a player in a frame of its own, what it reports, and the large one for viewers

import { cx, html, useEffect, useRef, useState } from '../lib/ui.js';
import { CopyButton } from '../lib/parts.js';
import { bits, count, ms, seconds } from '../lib/format.js';
import { serverNow } from '../lib/clock.js';
import { useKeys } from '../lib/keys.js';
import { changeKey, goneOnWords, isMixed, isReport, latencyOf, passedChanges, playerWords } from './live-model.js';
import { Fact } from './live-parts.js';

// A key that the frame had no use for is this page's.
function passKey(key) {
  if (/^[a-z?]$/.test(key))
    document.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
}

/**
 * What a player in a frame reports, and how to order it.
 * @param {string|null} src another one is another player
 * @returns {{frame: object, report: object|null, order: (name: string) => void}}
 */
export function usePlayer(src) {
  const frame = useRef(null);
  const [report, setReport] = useState(null);
  useEffect(() => {
    setReport(null);
    const onMessage = (event) => {
      if (!frame.current || event.source !== frame.current.contentWindow)
        return;
      if (isReport(event.data))
        setReport(event.data);
      else if (event.data?.type === 'understudy-player-key' && typeof event.data.key === 'string')
        passKey(event.data.key);
    };
    window.addEventListener('message', onMessage);
    return () => window.removeEventListener('message', onMessage);
  }, [src]);
  // The frame has nobody's origin, so none can be named; an order is no secret.
  const order = (name) => frame.current?.contentWindow?.postMessage(
    { type: 'understudy-player-order', order: name }, '*');
  return { frame, report, order };
}

/** The frame itself. It may run scripts and nothing else: its page has no part in this one. */
export function PlayerFrame({ frame, src, label, isSmall = false }) {
  const query = new URLSearchParams({ src, label });
  if (isSmall)
    query.set('small', '1');
  return html`<iframe key=${src} ref=${frame} class="player-frame" title=${`Player: ${label}`}
    sandbox="allow-scripts" allow="autoplay; fullscreen; picture-in-picture"
    src=${`player.html?${query}`}></iframe>`;
}

/** Instead of a player that could not play. */
export function MixedNote({ url }) {
  return html`<div class="player-off">
    <p>This page came over https and the stream is on http, which browsers do not mix</p>
    <p class="dim">Open the page over http, or put TLS in front of the switcher. Other players are not
      concerned: <a href=${url}>${url}</a></p></div>`;
}

// The changes of sides since this player began to play.
function useSeen(changes, report, src) {
  const seen = useRef({ src, since: 0, changes: new Map() });
  if (seen.current.src !== src)
    seen.current = { src, since: 0, changes: new Map() };
  const own = seen.current;
  if (own.since === 0 && report?.state === 'playing')
    own.since = serverNow();
  if (own.since > 0)
    changes.filter((change) => change.time_ms >= own.since)
      .forEach((change) => own.changes.set(changeKey(change), change));
  return [...own.changes.values()];
}

function pictureWords({ width, height, bitrate }) {
  const size = width && height ? `${width} × ${height}` : null;
  return [size, bitrate ? bits(bitrate) : null].filter(Boolean).join(', ') || '–';
}

const stallWords = (report) => (report.stalls === 0 ? 'None' : `${count(report.stalls)} (${ms(report.stall_ms)})`);
const droppedWords = ({ dropped, decoded }) => (dropped === null ? '–' : `${count(dropped)} of ${count(decoded)}`);

/** What a broadcaster asks first, of one player. */
export function PlayerFacts({ report, isSmall = false }) {
  if (!report)
    return null;
  const latency = latencyOf(report, serverNow() - Date.now());
  const hasStalled = report.stalls > 0;
  return html`
    <dl class=${cx('facts', isSmall && 'is-small')}>
      <${Fact} name=${latency.isByDate ? 'Latency' : 'Behind the live edge'} value=${seconds(latency.s)}
        title=${latency.isByDate ? 'From the date of the picture that is shown to now' : 'From the newest segment listed'} />
      <${Fact} name="Buffer" value=${seconds(report.buffer_s)} />
      <${Fact} name="Stalls" value=${stallWords(report)} isBad=${hasStalled} />
      ${!isSmall && html`
        <${Fact} name="Dropped pictures" value=${droppedWords(report)} />
        <${Fact} name="Errors" value=${count(report.errors)} isBad=${report.errors > 0} title=${report.last_error} />
        <${Fact} name="Picture" value=${pictureWords(report.level)} />`}
    </dl>`;
}

function PlayerState({ report }) {
  const state = report?.state ?? 'loading';
  const words = report?.why && state === 'waiting' ? report.why : playerWords(report);
  return html`<span class=${`player-state is-${state}`}><span class="player-dot" aria-hidden="true"></span>${words}</span>`;
}

/** The large player on the switcher's address: what viewers see. */
export function ViewerPlayer({ url, stream }) {
  const { frame, report, order } = usePlayer(url);
  const changes = useSeen(stream.switches, report, url);
  const passed = report ? passedChanges(changes, report, serverNow()) : 0;
  useKeys([
    { key: 'p', label: 'Play or pause', run: () => order('toggle') },
    { key: 'm', label: 'Mute or unmute', run: () => order('toggle-mute') },
  ], { scope: 'Live' });
  return html`
    <section class="card live-viewer" aria-labelledby="live-viewer-title">
      <div class="live-title">
        <h2 id="live-viewer-title">What viewers see</h2>
        <${PlayerState} report=${report} />
        <span class="grow"></span>
        <${CopyButton} text=${url} label="Copy address" />
      </div>
      <div class="player-box">
        ${isMixed(url, location.protocol) ? html`<${MixedNote} url=${url} />`
          : html`<${PlayerFrame} frame=${frame} src=${url} label=${stream.name} />`}
      </div>
      <${PlayerFacts} report=${report} />
      <p class=${cx('gone-on', report?.stalls === 0 && passed > 0 && 'is-good')} data-testid="gone-on">${report
        ? goneOnWords(changes, report, serverNow()) : ''}</p>
    </section>`;
}
