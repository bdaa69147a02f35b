// picture.js - thumbnails: read when they come into sight, few at a time, and again now and then
//
// By fetch() and not as <img src>, because a picture may need the token, and because the newest one
// has always the same address. A stream's newest picture is asked for its time first.

import { cx, html, useEffect, useRef, useState } from './ui.js';
import { get, getBlob } from './api.js';
import { serverNow } from './clock.js';
import { ago } from './format.js';
import { useNow } from './live.js';

const MOST_AT_ONCE = 3;
const EVERY_MS = 30 * 1000;
const KEPT = 150; // pictures of rows out of sight
const cache = new Map(); // src: {url, at, readAt, users, mayChange}
const queue = [];
let running = 0;

function keep(src, entry) {
  const before = cache.get(src);
  cache.delete(src);
  cache.set(src, entry);
  if (before?.url && before.url !== entry.url)
    setTimeout(() => URL.revokeObjectURL(before.url), 1000);
  for (const [old, { url, users }] of cache) {
    if (cache.size <= KEPT)
      break;
    if (users > 0)
      continue;
    URL.revokeObjectURL(url);
    cache.delete(old);
  }
}

// The newest picture of a stream has a description beside it: whether it is there, from when.
async function readNewest(src, before) {
  const about = await get(src.replace(/\/file$/, ''));
  if (!about.available)
    return { url: null, at: null };
  if (before?.url && before.at === about.at)
    return { url: before.url, at: about.at };
  return { url: URL.createObjectURL(await getBlob(src)), at: about.at };
}

async function read(src) {
  const before = cache.get(src);
  const isNewest = /\/thumbnail\/file$/.test(src);
  const part = isNewest ? await readNewest(src, before)
    : { url: URL.createObjectURL(await getBlob(src)), at: null };
  keep(src, { ...part, users: cache.get(src)?.users ?? 0, readAt: Date.now(), mayChange: isNewest });
}

async function next() {
  if (running >= MOST_AT_ONCE || queue.length === 0)
    return;
  running++;
  const { src, isWanted, done } = queue.pop(); // the newest wish is what is looked at now
  try {
    const kept = cache.get(src);
    if (isWanted() && (!kept?.readAt || (kept.mayChange && Date.now() - kept.readAt >= EVERY_MS)))
      await read(src);
  } catch {
    keep(src, { url: null, at: null, ...cache.get(src), readAt: Date.now(), mayChange: true });
  }
  running--;
  done();
  next();
}

const watched = new WeakMap(); // element: what hears of it
const observer = new IntersectionObserver((entries) => entries.forEach(
  ({ target, isIntersecting }) => watched.get(target)?.(isIntersecting)), { rootMargin: '80px' });

function useIsSeen(ref) {
  const [isSeen, setSeen] = useState(false);
  useEffect(() => {
    const element = ref.current;
    watched.set(element, setSeen);
    observer.observe(element);
    return () => observer.unobserve(element);
  }, []);
  return isSeen;
}

function hold(src, n) {
  const entry = cache.get(src) ?? { url: null, at: null, readAt: 0, users: 0 };
  cache.set(src, { ...entry, users: entry.users + n });
}

function usePicture(src, isSeen) {
  const [picture, setPicture] = useState(cache.get(src) ?? null);
  useEffect(() => {
    if (!src)
      return undefined;
    let isHere = true;
    hold(src, 1);
    setPicture(cache.get(src));
    const look = () => queue.push({ src, isWanted: () => isHere && !document.hidden,
      done: () => isHere && setPicture(cache.get(src)) }) && next();
    if (isSeen)
      look();
    const timer = isSeen ? setInterval(look, EVERY_MS + 500) : 0;
    return () => {
      isHere = false;
      clearInterval(timer);
      if (cache.has(src))
        hold(src, -1);
    };
  }, [src, isSeen]);
  return picture;
}

function PictureAge({ at }) {
  useNow(5000);
  const age = serverNow() - Date.parse(at);
  return html`<span class=${cx('thumb-age num', age > 120000 && 'is-old')}>${ago(age)}</span>`;
}

/**
 * A picture of a stream with its age on it. `src` as the desk gives it; null: there is none.
 * @param {{src: string|null, at?: string|number|null, alt: string, width?: number,
 *   hasAge?: boolean}} props `at`: when it was taken; the newest picture knows by itself
 */
export function Thumbnail({ src, at = null, alt, width = 96, hasAge = true }) {
  const box = useRef(null);
  const isSeen = useIsSeen(box);
  const picture = usePicture(src?.replace(/^\//, '') ?? null, isSeen);
  const when = picture?.at ?? at;
  return html`
    <span class="thumb" ref=${box} style=${{ width: `${width}px` }}>
      ${picture?.url ? html`<img src=${picture.url} alt=${alt} draggable=${false} />`
        : html`<span class="thumb-none" role="img" aria-label=${`${alt}: none yet`}>
            <svg viewBox="0 0 32 18" width="32" height="18" aria-hidden="true">
              <path d="M11 4h10v10H11zM11 14l3.6-4 2.6 2.4 1.6-1.4 2.2 3" /></svg></span>`}
      ${hasAge && when && picture?.url && html`<${PictureAge} at=${when} />`}
    </span>`;
}
