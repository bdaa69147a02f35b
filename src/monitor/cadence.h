/* cadence.h - how often a playlist is asked for */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_CADENCE_ROOT_US (30 * G_USEC_PER_SEC) /* a multivariant playlist that is well */

typedef struct {
  guint target_duration_s; /* 0: not known yet */
  gboolean has_changed;    /* the last answer brought something new */
  gboolean is_ended;       /* it had ENDLIST */
  guint n_failed;          /* polls in a row */
  double jitter;           /* 0 to 1, of this playlist for ever */
} UsCadenceFacts;

gint64 us_cadence_interval_us (const UsCadenceFacts *facts);
gint64 us_cadence_root_us (guint n_failed, double jitter);
gint64 us_cadence_evaluation_us (guint target_duration_s);
guint us_cadence_deadline_ms (guint target_duration_s, guint most_ms);
guint us_cadence_segment_deadline_ms (gint64 duration_us);
double us_cadence_jitter (const char *id, guint index);

G_END_DECLS
