// settings.js - what one browser sets for itself: the theme, and in a dialog name and token

import { html, useModule, useState } from './ui.js';
import { recall, remember } from './keep.js';
import { toast } from './parts.js';

const THEMES = ['auto', 'light', 'dark'];
const THEME_ICONS = {
  auto: () => html`<circle cx="8" cy="8" r="6" /><path d="M8 2a6 6 0 0 1 0 12z" fill="currentColor" />`,
  light: () => html`<circle cx="8" cy="8" r="3" /><path d="M8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8 13 13M13 3l-1.2 1.2M4.2 11.8 3 13" />`,
  dark: () => html`<path d="M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z" />`,
};

function Icon({ children }) {
  return html`<svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor"
    stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${children}</svg>`;
}

function themeNow() {
  const theme = recall('theme');
  return THEMES.includes(theme) ? theme : 'auto';
}

function setTheme(theme) {
  remember('theme', theme === 'auto' ? null : theme);
  if (theme === 'auto')
    delete document.documentElement.dataset.theme;
  else
    document.documentElement.dataset.theme = theme;
}

/** Auto, light, dark, and round again. */
export function ThemeButton() {
  const [theme, set] = useState(themeNow);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
  const change = () => {
    setTheme(next);
    set(next);
  };
  return html`<button type="button" class="btn is-quiet is-icon" onClick=${change}
    aria-label=${`Theme: ${theme}`} title=${`Theme: ${theme}; press for ${next}`}>
    <${Icon}>${THEME_ICONS[theme]()}<//></button>`;
}

/** Opens the settings. */
export function SettingsButton() {
  const [isOpen, setOpen] = useState(false);
  const dialogs = useModule(() => import('./settings-dialog.js'), isOpen, () => {
    setOpen(false);
    toast('The settings could not be read from the desk', 'error');
  });
  return html`
    <button type="button" class="btn is-quiet is-icon" aria-label="Settings"
      title="Your name and token" onClick=${() => setOpen(true)}>
      <${Icon}><circle cx="8" cy="5.4" r="2.9" /><path d="M2.4 14.2c.6-3 2.8-4.4 5.6-4.4s5 1.4 5.6 4.4" /><//>
    </button>
    ${isOpen && dialogs && html`<${dialogs.SettingsDialog} onClose=${() => setOpen(false)} />`}`;
}
