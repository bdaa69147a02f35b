// investigation-gestures.js - wheel, drag and two fingers on the time axis
//
// Vertical movements of one finger stay with the page (touch-action: pan-y). What was a drag is no
// click: the plot has captured the pointer by then.

import { useEffect, useRef } from '../lib/ui.js';
import { panned, pinched, rangeOf, viewOf, zoomed } from './investigation-axis.js';

const DRAG_PX = 4;
const LINE_PX = 16;

function pixels(event, delta) {
  return event.deltaMode === 1 ? delta * LINE_PX : event.deltaMode === 2 ? delta * 400 : delta;
}

function onWheel(event, state, element) {
  const box = element.getBoundingClientRect();
  const dx = pixels(event, event.deltaX);
  const dy = pixels(event, event.deltaY);
  const { range, now, onRange } = state;
  event.preventDefault();
  if (event.shiftKey || Math.abs(dx) > Math.abs(dy))
    onRange(panned(range, now, (event.shiftKey && !dx ? dy : dx) / box.width));
  else
    onRange(zoomed(range, now, Math.exp(dy * (event.ctrlKey ? 0.01 : 0.0016)),
      (event.clientX - box.left) / box.width));
}

function makeFingers(element, newest) {
  const fingers = new Map(); // pointer: {share, at} where it is, and the time it holds
  let drag = null;
  const shareOf = (event) => {
    const box = element.getBoundingClientRect();
    return (event.clientX - box.left) / box.width;
  };
  const begin = (event) => {
    const { range, now } = newest.current;
    const view = viewOf(range, now);
    const share = shareOf(event);
    fingers.set(event.pointerId, { share, at: view.from + share * (view.to - view.from) });
    drag = fingers.size === 1 ? { view, share, x: event.clientX, isMoving: false } : null;
  };
  const move = (event) => {
    const finger = fingers.get(event.pointerId);
    if (!finger)
      return;
    const { now, onRange } = newest.current;
    finger.share = shareOf(event);
    if (fingers.size === 2) {
      const [a, b] = [...fingers.values()].sort((x, y) => x.at - y.at);
      const view = pinched(a.at, b.at, a.share, b.share);
      if (view)
        onRange(rangeOf(view, now));
    } else if (drag && (drag.isMoving || Math.abs(event.clientX - drag.x) > DRAG_PX)) {
      if (!drag.isMoving)
        element.setPointerCapture(event.pointerId);
      drag.isMoving = true;
      const by = (drag.share - finger.share) * (drag.view.to - drag.view.from);
      onRange(rangeOf({ from: drag.view.from + by, to: drag.view.to + by }, now));
    }
  };
  const end = (event) => {
    fingers.delete(event.pointerId);
    drag = null;
  };
  return { begin, move, end };
}

/**
 * @param {{current: Element}} plot
 * @param {{range: object, now: number, onRange: (range: object) => void}} state of this drawing
 */
export function useGestures(plot, state) {
  const newest = useRef(state);
  newest.current = state;
  useEffect(() => {
    const element = plot.current;
    const { begin, move, end } = makeFingers(element, newest);
    const wheel = (event) => onWheel(event, newest.current, element);
    const down = (event) => event.button === 0 && begin(event);
    element.addEventListener('wheel', wheel, { passive: false });
    element.addEventListener('pointerdown', down);
    element.addEventListener('pointermove', move);
    element.addEventListener('pointerup', end);
    element.addEventListener('pointercancel', end);
    element.addEventListener('lostpointercapture', end);
    return () => {
      element.removeEventListener('wheel', wheel);
      element.removeEventListener('pointerdown', down);
      element.removeEventListener('pointermove', move);
      element.removeEventListener('pointerup', end);
      element.removeEventListener('pointercancel', end);
      element.removeEventListener('lostpointercapture', end);
    };
  }, []);
}
