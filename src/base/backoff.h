/* backoff.h - how long to wait before the next try: a pure function of the number of failures */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  guint first_ms; /* delay after the first failure; 0 tries again at once */
  guint step_ms;  /* delay after the second failure, doubled from then on */
  guint cap_ms;   /* never longer than this */
} UsBackoff;

guint us_backoff_delay_ms (const UsBackoff *backoff, guint failures, double jitter);

G_END_DECLS
