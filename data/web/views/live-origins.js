// live-origins.js - both origins beside the viewer's player: how they are, and their pictures on demand

import { cx, html, useState } from '../lib/ui.js';
import { Button } from '../lib/parts.js';
import { StateIcon } from '../lib/state.js';
import { seconds } from '../lib/format.js';
import { isMixed, originUrl } from './live-model.js';
import { ORIGINS, originReason, originState } from './live-words.js';
import { AirMark, Fact, OriginMark, originWord } from './live-parts.js';
import { MixedNote, PlayerFacts, PlayerFrame, usePlayer } from './live-player.js';

function OriginPlayer({ url, label }) {
  const { frame, report } = usePlayer(url);
  return html`
    <div class="player-box">
      ${isMixed(url, location.protocol) ? html`<${MixedNote} url=${url} />`
        : html`<${PlayerFrame} frame=${frame} src=${url} label=${label} isSmall />`}
    </div>
    <${PlayerFacts} report=${report} isSmall />`;
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

// One origin. Its picture is not downloaded before somebody wants to see it.
function OriginCard({ chain, stream, origin, mayControl, onOrder }) {
  const [isShown, setShown] = useState(false);
  const facts = stream.origins[origin];
  const { word, state } = originState(facts.state);
  const url = originUrl(chain, stream, origin, location.hostname);
  const name = originWord(origin);
  return html`
    <section class=${cx('card live-origin', `is-${origin}`, facts.is_active && 'is-active')} aria-label=${name}>
      <div class="live-title">
        <${OriginMark} origin=${origin} /><h2>${name}</h2>
        <${AirMark} isActive=${facts.is_active} />
        <span class="grow"></span>
        <span class=${`origin-state is-${facts.state}`}><${StateIcon} state=${state} size=${15} />${word}</span>
      </div>
      <p class="origin-reason">${capital(originReason(facts.reason))}</p>
      <dl class="facts is-small">
        <${Fact} name="Newest segment" value=${facts.newest_segment ?? '–'} />
        <${Fact} name="Came" value=${facts.age_ms === null ? '–' : `${seconds(Math.max(facts.age_ms, 0) / 1000)} ago`} />
      </dl>
      ${facts.is_drained && html`<p class="origin-drained"><${StateIcon} state="MAINTENANCE" size=${15} />In maintenance: drained</p>`}
      ${isShown && url && html`<${OriginPlayer} url=${url} label=${`${name} of ${stream.name}`} />`}
      <div class="live-buttons">
        <${Button} class="is-small" disabled=${!url} aria-expanded=${isShown ? 'true' : 'false'}
          aria-label=${`${isShown ? 'Stop' : 'Show'} picture of the ${origin}`} onClick=${() => setShown(!isShown)}
          >${isShown ? 'Stop' : 'Show'} picture<//>
        <${Button} class="is-small" disabled=${!mayControl}
          aria-label=${`${facts.is_drained ? 'Undrain' : 'Drain'} the ${origin}`}
          onClick=${() => onOrder({ verb: facts.is_drained ? 'undrain' : 'drain', origin })}>${facts.is_drained ? 'Undrain' : 'Drain'}…<//>
      </div>
    </section>`;
}

/** Both origins of a stream. */
export function Origins({ chain, stream, mayControl, onOrder }) {
  return ORIGINS.map((origin) => html`<${OriginCard} key=${`${stream.name}/${origin}`} chain=${chain}
    stream=${stream} origin=${origin} mayControl=${mayControl} onOrder=${onOrder} />`);
}
