/* health.h - the four states a stream can be in, and their names */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* In the order of severity. */
typedef enum {
  US_HEALTH_NO_DATA,   /* starting, paused, or the probe itself is at fault */
  US_HEALTH_HEALTHY,   /* nothing that a viewer or a specification would mind */
  US_HEALTH_DEGRADED,  /* viewers may notice, or soon will */
  US_HEALTH_UNHEALTHY, /* viewers cannot watch it as it is meant to be */
} UsHealth;
#define US_N_HEALTHS (US_HEALTH_UNHEALTHY + 1)

const char *us_health_word (UsHealth health);
const char *us_health_colour (UsHealth health);
gboolean us_health_from_word (const char *word, UsHealth *health);

G_END_DECLS
