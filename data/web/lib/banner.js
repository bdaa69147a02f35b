// banner.js - says that the desk is gone, for how long, and when it is back

import { html, useEffect, useRef, useState } from './ui.js';
import { askForToken, retryNow } from './api.js';
import { ago, plural, time } from './format.js';
import { useConnection, useNow } from './live.js';
import { Button, announce } from './parts.js';
import { reload } from './streams.js';

const GOOD_NEWS_MS = 8000;

function Lost({ connection }) {
  const now = useNow(1000);
  const { problem, lastAt, retryAt } = connection;
  const wait = Math.max(0, Math.ceil((retryAt - now) / 1000));
  const enter = async () => {
    if (await askForToken(problem))
      reload();
  };
  const isToken = problem?.status === 401;
  return html`
    <div class="banner" role="region" aria-label="Connection">
      <strong>${isToken ? 'A token is needed to follow what happens'
        : problem ? problem.detail : 'The desk cannot be reached'}</strong>
      <span class="grow">${lastAt > 0 ? html`What you see is from ${time(lastAt)}, <span class="num"
        >${ago(now - lastAt)}</span> ago. ` : ''}${isToken ? ''
        : wait > 0 ? `Trying again in ${plural(wait, 'second')}` : 'Trying again'}</span>
      ${isToken ? html`<${Button} onClick=${enter}>Enter token<//>`
        : html`<${Button} onClick=${retryNow}>Try now<//>`}
    </div>`;
}

/** Nothing, while all is well. */
export function Banner() {
  const connection = useConnection();
  const lostAt = useRef(0);
  const [news, setNews] = useState(null);
  useEffect(() => {
    if (connection.state === 'lost' && connection.problem?.status !== 401) {
      if (!lostAt.current)
        announce('The desk cannot be reached. What is shown is no longer new.');
      lostAt.current ||= connection.lastAt || connection.since;
      setNews(null);
    } else if (connection.state === 'live' && lostAt.current) {
      const text = `The desk is back after ${ago(Date.now() - lostAt.current)}; everything is live again`;
      lostAt.current = 0;
      setNews(text);
      announce(text);
    }
  }, [connection.state]);
  useEffect(() => {
    const timer = news ? setTimeout(setNews, GOOD_NEWS_MS, null) : 0;
    return () => clearTimeout(timer);
  }, [news]);
  if (connection.state === 'lost')
    return html`<${Lost} connection=${connection} />`;
  return news ? html`<div class="banner is-good" role="region" aria-label="Connection">${news}</div>` : null;
}
