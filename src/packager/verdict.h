/* verdict.h - an origin's judgement of its own stream: fit to be served, or not and why */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  gboolean has_segments;
  gboolean is_connected;   /* its input is there */
  gboolean is_ended;       /* ingest said that the publisher is gone */
  gint64 since_advance_us; /* since the playlist last grew */
  guint target_duration_s;
} UsVerdictFacts;

typedef enum {
  US_VERDICT_FRESH,
  US_VERDICT_STARTING,     /* nothing to list yet */
  US_VERDICT_STALE,        /* input there, but no segment for more than 1.5 target durations */
  US_VERDICT_NO_INPUT,     /* the same, and the input is gone */
  US_VERDICT_NO_PUBLISHER, /* the same, and ingest said that the publisher left */
} UsVerdict;

UsVerdict us_verdict (const UsVerdictFacts *facts);
const char *us_verdict_word (UsVerdict verdict);
const char *us_verdict_sentence (UsVerdict verdict);

G_END_DECLS
