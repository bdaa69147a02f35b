// live-poll.js - reads the chain and the ledger again and again, only while somebody looks

import { useCallback, useEffect, useRef, useState } from '../lib/ui.js';
import { get } from '../lib/api.js';
import { mergeRows, nextAfter, readChain } from './live-model.js';

const EVERY_MS = 1000;
const AFTER_FAULT_MS = 3000;
const PAGE = 200;

// One reading after the other, a pause between them, none while the page is hidden.
function makePoll(read) {
  let timer = 0;
  let control = null;
  let isHere = true;
  let isRunning = false;
  const step = async () => {
    if (isRunning || !isHere)
      return;
    clearTimeout(timer);
    isRunning = true;
    control = new AbortController();
    const isDone = await read(control.signal).catch(() => false);
    isRunning = false;
    if (isHere && !document.hidden)
      timer = setTimeout(step, isDone ? EVERY_MS : AFTER_FAULT_MS);
  };
  const look = () => !document.hidden && step();
  document.addEventListener('visibilitychange', look);
  look();
  return {
    now: step,
    end: () => {
      isHere = false;
      clearTimeout(timer);
      control?.abort();
      document.removeEventListener('visibilitychange', look);
    },
  };
}

// Runs `read(signal)` as long as the component is there; another key begins anew.
function usePoll(read, key) {
  const newest = useRef(read);
  newest.current = read;
  const poll = useRef(null);
  useEffect(() => {
    if (key === null)
      return undefined;
    poll.current = makePoll((signal) => newest.current(signal));
    return () => poll.current.end();
  }, [key]);
  return useCallback(() => poll.current?.now(), []);
}

/**
 * The chain behind the desk, once a second.
 * @returns {{chain: object|null, problem: Error|null, at: number, reload: () => void}} `chain` stays
 *   while a reading fails; `at`: when it was read, by the browser's clock
 */
export function useChain() {
  const [state, setState] = useState({ chain: null, problem: null, at: 0 });
  const reload = usePoll(async (signal) => {
    try {
      const chain = readChain(await get('api/chain', { signal }));
      setState({ chain, problem: null, at: Date.now() });
      return true;
    } catch (problem) {
      if (problem.name !== 'AbortError')
        setState((before) => ({ ...before, problem }));
      return false;
    }
  }, 'chain');
  return { ...state, reload };
}

const EMPTY = { rows: [], renditions: [], rendition: null, problem: null, isLoaded: false };

/**
 * The ledger of a stream as it grows.
 * @param {string|null} name null: of none
 * @param {string|null} rendition null: the first
 * @returns {{rows: object[], renditions: string[], rendition: string|null, problem: Error|null,
 *   isLoaded: boolean}} rows oldest first
 */
export function useLedger(name, rendition) {
  const key = name === null ? null : `${name}\t${rendition ?? ''}`;
  const [state, setState] = useState({ ...EMPTY, key });
  const rows = useRef([]);
  useEffect(() => {
    rows.current = [];
    setState({ ...EMPTY, key });
  }, [key]);
  usePoll(async (signal) => {
    try {
      const page = await get(`api/chain/streams/${encodeURIComponent(name)}/ledger`,
        { query: { after: nextAfter(rows.current), limit: PAGE, rendition }, signal });
      rows.current = mergeRows(rows.current, page);
      setState({ key, rows: rows.current, renditions: page.renditions ?? [], rendition: page.rendition, problem: null,
        isLoaded: true });
      return true;
    } catch (problem) {
      if (problem.name !== 'AbortError')
        setState((before) => ({ ...before, problem }));
      return false;
    }
  }, key);
  return state.key === key ? state : EMPTY;
}
