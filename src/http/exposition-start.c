/* exposition-start.c - the one metric that every role has: when its process began
 *
 * A supervisor hides a crash: the role is back before the next scrape, and all that is left of it
 * is that this value changed.
 */
#include "base/clock.h"
#include "http/exposition.h"

/**
 * us_exposition_start_time:
 * @role: its label: "ingest", "packager", "switcher" or "monitor"
 *
 * Adds the family understudy_start_time_seconds: seconds since the epoch, as the system clock was
 * when the process began.
 */
void
us_exposition_start_time (UsExposition *exposition, const char *role) {
  us_exposition_family (exposition, "understudy_start_time_seconds", "gauge",
                        "When the process began, in seconds since the epoch");
  us_exposition_sample (exposition, (double)us_clock_started_ms () / 1000.0, "role", role, NULL);
}
