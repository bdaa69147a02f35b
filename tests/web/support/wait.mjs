// wait.mjs - the only way these tests wait: for something, never for a time

export const WAIT_MS = 120_000; // a watchdog: only a fault takes this long

/** Polls until the condition is truthy (it may be a promise); returns its value. */
export async function waitFor(what, condition, limitMs = WAIT_MS) {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited ${limitMs / 1000} s in vain for ${what}`);
    await new Promise((done) => { setTimeout(done, 50); });
  }
}
