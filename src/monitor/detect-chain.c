/* detect-chain.c - do the two packagers of our own chain make the same?
 *
 * Pure, over what the switcher has found: it compares one segment in ten of the two, byte by byte.
 * Viewers get either, so that nothing is ill yet; but the next change of sides will show. Two
 * transcoders never have the same bytes, and are meant not to.
 */
#include "monitor/detect.h"

#include <math.h>

const UsCheck us_detect_chain_checks[] = { US_CHECK_TWINS_DIFFER, US_N_CHECKS };

/**
 * us_detect_chain:
 * @inside: its members behind "from inside"
 */
void
us_detect_chain (const UsSymptoms *inside, UsHits *hits) {
  switch (inside->twins) {
  case US_TWINS_APART:
    us_hits_add (hits, US_CHECK_TWINS_DIFFER, US_SEVERITY_DEGRADED, NAN, NAN,
                 "primary and backup made the same segments byte for byte, and do not any more");
    break;
  case US_TWINS_FOREIGN:
    us_hits_add (hits, US_CHECK_TWINS_DIFFER, US_SEVERITY_DEGRADED, NAN, NAN,
                 "the segments of primary and backup do not belong together, a change of sides "
                 "would be seen");
    break;
  case US_TWINS_UNKNOWN:
  case US_TWINS_ALIKE:
  default:
    break;
  }
}
