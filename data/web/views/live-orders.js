// live-orders.js - the failover controls, and the orders that stand

import { html } from '../lib/ui.js';
import { Button } from '../lib/parts.js';
import { Problem, askForToken } from '../lib/api.js';
import { useKeys } from '../lib/keys.js';
import { otherOf, standingOrders } from './live-words.js';
import { Sign } from './live-parts.js';

/** Why nothing can be ordered from here, and a way to change that. */
function MayNot({ chain, reload }) {
  const ask = async () => {
    const isGiven = await askForToken(new Problem({ status: 401, type: 'no-token', title: 'A token is needed to give orders',
      detail: chain.why_not ?? undefined }));
    if (isGiven)
      reload();
  };
  return html`<div class="note may-not">
    <p><strong>You can look, but not give orders.</strong> ${chain.why_not ?? ''}</p>
    <${Button} onClick=${ask}>Enter a token<//></div>`;
}

/** The orders that stand: what, who, why, until when, and how to end it. */
export function StandingOrders({ stream, commands, mayControl, onOrder }) {
  const orders = standingOrders(stream, commands);
  if (orders.length === 0)
    return null;
  return html`
    <ul class="standing" aria-label="Orders that stand">
      ${orders.map(({ key, title, text, undo }) => html`
        <li key=${key}><${Sign} name="warning" /><span class="grow"><strong>${title}</strong> <span class="dim">${text}</span></span>
          <${Button} class="is-small" disabled=${!mayControl} onClick=${() => onOrder({ ...undo })}>${undo.label}…<//></li>`)}
    </ul>`;
}

function orderKeys(stream, mayControl, onOrder) {
  const hold = stream.mode === 'auto' ? 'hold' : 'release';
  const give = (order) => mayControl && onOrder(order);
  return [
    { key: 'f', label: 'Fail over to the other origin', run: () => give({ verb: 'failover', origin: otherOf(stream.active) }) },
    { key: 'h', label: 'Hold, or release', run: () => give({ verb: hold }) },
    { key: 'd', label: 'Run a drill', run: () => give({ verb: 'drill' }) },
  ];
}

/** The buttons. Each asks before anything happens. */
export function Controls({ chain, stream, mayControl, reload, onOrder }) {
  useKeys(orderKeys(stream, mayControl, onOrder), { scope: 'Live' });
  const twin = otherOf(stream.active);
  const isAuto = stream.mode === 'auto';
  const isHome = stream.active === 'primary' && isAuto;
  const isSticky = stream.failback === 'sticky';
  return html`
    <section class="card live-controls" aria-labelledby="live-controls-title">
      <h2 id="live-controls-title">Steer</h2>
      <div class="live-buttons">
        <${Button} kind="primary" disabled=${!mayControl} onClick=${() => onOrder({ verb: 'failover', origin: twin })}>Fail over to the ${twin}…<//>
        <${Button} disabled=${!mayControl || isHome} onClick=${() => onOrder({ verb: 'switchback' })}>Switch back…<//>
        <${Button} disabled=${!mayControl} onClick=${() => onOrder({ verb: 'hold' })}>Hold…<//>
        <${Button} disabled=${!mayControl || isAuto} onClick=${() => onOrder({ verb: 'release' })}>Release…<//>
        <${Button} disabled=${!mayControl} onClick=${() => onOrder({ verb: 'failback', mode: isSticky ? 'auto' : 'sticky' })}
          >${isSticky ? 'Go home by itself…' : 'Make it sticky…'}<//>
      </div>
      ${!mayControl && html`<${MayNot} chain=${chain} reload=${reload} />`}
    </section>`;
}
