// ui.js - what every view is made of: preact with htm, and a few words beside it

import htm from '../vendor/htm/htm.module.js';
import { Component, h, useEffect, useState } from '../vendor/htm-preact.js';

export * from '../vendor/htm-preact.js';

// htm keeps the elements of a template that have nothing variable in them, and each keeps the tree
// in which it was shown first, and so all the rows there ever were. `this[0] = 3` is its way to be
// told not to.
function create(...parts) {
  this[0] = 3;
  return h(...parts);
}

/** Elements from a template. */
export const html = htm.bind(create);

/** Joins those names that are there: cx('row', isOpen && 'open') */
export function cx(...names) {
  return names.filter(Boolean).join(' ');
}

const styles = new Map();

/**
 * Adds css/NAME.css once; a name that ends in .css is the path itself.
 * @param {string} name
 * @returns {Promise<void>} when it applies; also when it could not be had, since a plain view is
 *   better than none
 */
export function loadStyle(name) {
  const path = name.endsWith('.css') ? name : `css/${name}.css`;
  if (!styles.has(path)) {
    styles.set(path, new Promise((resolve) => {
      const link = document.createElement('link');
      link.rel = 'stylesheet';
      link.href = path;
      link.onload = link.onerror = () => resolve();
      document.head.append(link);
    }));
  }
  return styles.get(path);
}

function isSameShallow(a, b) {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/**
 * A component that is drawn again only when one of its properties is another one.
 * @param {Function} render a function component
 * @param {(before: object, after: object) => boolean} [isSame]
 */
export function memo(render, isSame = isSameShallow) {
  return class Memo extends Component {
    shouldComponentUpdate(next) {
      return !isSame(this.props, next);
    }

    render(props) {
      return h(render, props);
    }
  };
}

/**
 * A module that is read when it is wanted first.
 * @param {() => Promise<object>} load () => import('./other.js')
 * @param {boolean} isWanted
 * @param {(error: Error) => void} onError it could not be read
 * @returns {object|null} null until it is there
 */
export function useModule(load, isWanted, onError) {
  const [module, setModule] = useState(null);
  useEffect(() => {
    if (isWanted && !module)
      load().then(setModule, onError);
  }, [isWanted]);
  return module;
}
