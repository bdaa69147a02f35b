// keep.js - what the browser remembers for this desk: name, token, theme
//
// Storage may be refused (private windows, policies); then it lasts as long as the page. A desk
// behind a path of a shared host has its own memory.

const prefix = `understudy:${new URL('.', document.baseURI).pathname}:`;
const memory = new Map();

function read(storage, key) {
  try {
    return window[storage].getItem(prefix + key);
  } catch {
    return null;
  }
}

function write(storage, key, value) {
  try {
    if (value === null)
      window[storage].removeItem(prefix + key);
    else
      window[storage].setItem(prefix + key, value);
  } catch {
    // the memory of the page has it
  }
}

/**
 * @param {string} key
 * @returns {string|null}
 */
export function recall(key) {
  if (memory.has(key))
    return memory.get(key);
  return read('sessionStorage', key) ?? read('localStorage', key);
}

/**
 * @param {string} key
 * @param {string|null} value null forgets it
 * @param {boolean} [isLasting] beyond this session of the browser
 */
export function remember(key, value, isLasting = true) {
  memory.set(key, value);
  write('sessionStorage', key, isLasting ? null : value);
  write('localStorage', key, isLasting ? value : null);
}
