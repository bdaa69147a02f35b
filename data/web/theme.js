// theme.js - the chosen theme, before the first paint; lib/settings.js changes it
(() => {
  const key = `understudy:${new URL('.', document.baseURI).pathname}:theme`;
  try {
    const theme = localStorage.getItem(key);
    if (theme === 'light' || theme === 'dark')
      document.documentElement.dataset.theme = theme;
  } catch {
    // storage is refused: the browser's preference it is
  }
})();
