// tabs.js - how many pages of this desk a browser has open
//
// A browser opens six connections to one host and no more, over HTTP/1.1. Each page holds one for
// its events, so the seventh page would wait for ever. Where there are many, those that nobody sees
// give theirs up (events.js) and read now and then instead.

const MOST = 4;
const WORD_MS = 60 * 1000; // browsers let hidden pages do something once a minute
const me = Math.random().toString(36).slice(2);
const others = new Map(); // id: when it was heard of
const listeners = new Set();
const channel = 'BroadcastChannel' in window
  ? new BroadcastChannel(`understudy:${new URL('.', document.baseURI).pathname}`) : null;

function changed() {
  listeners.forEach((fn) => fn());
}

function say(word) {
  channel?.postMessage({ id: me, word });
}

function onMessage({ data: { id, word } }) {
  if (word === 'gone')
    others.delete(id);
  else
    others.set(id, Date.now());
  if (word === 'new')
    say('here');
  changed();
}

/** Whether this page is to do without a connection of its own. */
export function shouldRest() {
  for (const [id, at] of others)
    if (Date.now() - at > 3 * WORD_MS)
      others.delete(id);
  return document.hidden && others.size >= MOST;
}

/** Tells when that may be another answer. */
export function onTabs(fn) {
  listeners.add(fn);
}

if (channel) {
  channel.onmessage = onMessage;
  document.addEventListener('visibilitychange', changed);
  window.addEventListener('pagehide', () => say('gone'));
  window.addEventListener('pageshow', (event) => event.persisted && say('new'));
  setInterval(() => say('here'), WORD_MS);
  say('new');
}
