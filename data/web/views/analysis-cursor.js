// analysis-cursor.js - the one time that all charts point at
//
// Moved by mouse, finger or key; told to all charts once per frame, without drawing any component
// again. A finger or a dragging mouse says so, so that nothing is exchanged under it.

/**
 * @returns {{at: number|null, isBusy: boolean, move: (at: number|null) => void,
 *   on: (fn: (at: number|null) => void) => () => void, end: () => void}}
 */
export function makeCursor() {
  const listeners = new Set();
  let frame = 0;
  const cursor = {
    at: null,
    isBusy: false,
    move(at) {
      cursor.at = at;
      frame ||= requestAnimationFrame(() => {
        frame = 0;
        listeners.forEach((fn) => fn(cursor.at));
      });
    },
    on(fn) {
      listeners.add(fn);
      return () => listeners.delete(fn);
    },
    end() {
      cancelAnimationFrame(frame);
      frame = 0;
    },
  };
  return cursor;
}

/**
 * Lets a place move the cursor.
 * @param {HTMLElement} element that is as wide as the time
 * @param {object} cursor
 * @param {(share: number) => number} timeOf the time at 0, the left edge, to 1, the right one
 * @returns {() => void} ends it
 */
export function followPointer(element, cursor, timeOf) {
  const place = (event) => {
    const box = element.getBoundingClientRect();
    cursor.move(timeOf(Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1)));
  };
  const setBusy = (event) => { cursor.isBusy = event.buttons !== 0; };
  const onMove = (event) => {
    setBusy(event);
    place(event);
  };
  const onLeave = (event) => {
    if (event.pointerType === 'mouse')
      cursor.move(null); // a finger that was lifted leaves it, so that it can be read
  };
  const onUp = () => { cursor.isBusy = false; };
  element.addEventListener('pointerdown', onMove);
  element.addEventListener('pointermove', onMove);
  element.addEventListener('pointerleave', onLeave);
  window.addEventListener('pointerup', onUp);
  window.addEventListener('pointercancel', onUp);
  return () => {
    element.removeEventListener('pointerdown', onMove);
    element.removeEventListener('pointermove', onMove);
    element.removeEventListener('pointerleave', onLeave);
    window.removeEventListener('pointerup', onUp);
    window.removeEventListener('pointercancel', onUp);
  };
}
