/* punctual.h - whether a publisher sends in time, measured against itself */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_PUNCTUAL_WINDOW_MS 15000 /* one to two of these are looked back for the baseline */
#define US_PUNCTUAL_JUMP_MS 3000    /* a step of time stamps against arrival: measured afresh */
#define US_PUNCTUAL_INTERVALS 3     /* of silence that are usual for any sender */
#define US_PUNCTUAL_TAU_MS 10000    /* how long a distance of frames is remembered */

/* UsPunctual: plain value, zero-initialised at the start of a publish; times of the caller's
 * monotonic clock. */
typedef struct {
  gboolean is_started;
  guint32 raw;      /* last time stamp ... */
  gint64 media_ms;  /* ... unwrapped */
  gint64 newest_ms; /* latest of them */
  gint64 last_us;   /* ... and when a frame last came */
  gint64 steady_us; /* not behind its limit since */
  /* Smallest of arrival - media in the present window and in the one before. */
  gint64 best_ms, last_best_ms;
  gint64 window_us;
  double weight_ms, weighted_ms2; /* decaying sums of distances between frames, and their squares */
} UsPunctual;

void us_punctual_push (UsPunctual *punctual, guint32 raw_ms, gint64 now_us, gint64 limit_ms);
gint64 us_punctual_get_behind_ms (const UsPunctual *punctual, gint64 now_us);
gint64 us_punctual_get_silent_ms (const UsPunctual *punctual, gint64 now_us);
gint64 us_punctual_get_interval_ms (const UsPunctual *punctual);
gint64 us_punctual_get_limit_ms (const UsPunctual *punctual, gint64 limit_ms);
gint64 us_punctual_get_steady_ms (const UsPunctual *punctual, gint64 now_us, gint64 limit_ms);

G_END_DECLS
