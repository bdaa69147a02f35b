// live-modules.mjs - lets tests import the page's modules: theirs end in .js, which for older Node.js
// says nothing

import { register } from 'node:module';

const hook = `export const load = (url, context, next) => next(url,
  /[/]data[/]web[/].*[.]js$/.test(url) ? { ...context, format: 'module' } : context);`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);

/** @param {string} name below data/web: 'views/live-words.js' */
export function load(name) {
  return import(new URL(`../../../data/web/${name}`, import.meta.url));
}
