/* detect-content.c - is there anything to see and to hear?
 *
 * Pure; over what decoding has confirmed (content.c). What is not known is no hit. A black picture
 * does not move either: it is called black, not frozen as well.
 */
#include "monitor/detect.h"

#include <math.h>

/* ffmpeg's detectors begin at 2 s, people complain at about 30 s; monitoring.md 6.1. */
#define DEGRADED_S 5.0
#define UNHEALTHY_S 20.0
/* How much of a freeze may be other than black and still be the same fault: a fade. */
#define BLACK_SHARE 0.5

const UsCheck us_detect_content_checks[]
    = { US_CHECK_BLACK, US_CHECK_FROZEN, US_CHECK_SILENT, US_N_CHECKS };

static gboolean
judge (UsCheck check, const char *what, double for_s, UsHits *hits) {
  if (isnan (for_s) || for_s < DEGRADED_S)
    return FALSE;
  us_hits_add (hits, check, for_s >= UNHEALTHY_S ? US_SEVERITY_UNHEALTHY : US_SEVERITY_DEGRADED,
               for_s, DEGRADED_S, "%s for %.1f s", what, for_s);
  return TRUE;
}

/**
 * us_detect_content:
 */
void
us_detect_content (const UsRenditionFacts *facts, UsHits *hits) {
  const UsContentFacts *content = &facts->content;
  judge (US_CHECK_BLACK, "the picture has been black", content->black_s, hits);
  if (isnan (content->black_s) || content->black_s < BLACK_SHARE * content->frozen_s)
    judge (US_CHECK_FROZEN, "the picture has not moved", content->frozen_s, hits);
  if (!judge (US_CHECK_SILENT, "the sound has been silent", content->silent_s, hits)
      && content->is_dead_channel)
    us_hits_add (hits, US_CHECK_SILENT, US_SEVERITY_INFO, NAN, NAN,
                 "one channel of the sound is silent, the other is not");
}
