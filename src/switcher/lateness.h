/* lateness.h - which of two live edges on one timeline is later than it should be */
#pragma once

#include "switcher/policy.h"

G_BEGIN_DECLS

#define US_LATENESS_LAGS 16
#define US_LATENESS_LEAST 2 /* advances seen before anything is held against an origin */
#define US_LATENESS_LAG_CAP_US (3 * G_TIME_SPAN_SECOND)

typedef struct {
  gboolean is_set;
  gint64 edge_us;    /* where its newest segment ends */
  gint64 next_us;    /* how long its next one may last */
  gint64 covered_us; /* monotonic: when the twin was first seen to list all that the next one should
                        bring; 0: it does not */
  guint n_lags;      /* advances seen */
  gint64 lags_us[US_LATENESS_LAGS]; /* how long after the twin it usually brings it */
} UsLatenessSide;

/* UsLateness: plain data; zero is a fresh one. */
typedef struct {
  UsLatenessSide sides[US_N_ORIGINS];
} UsLateness;

void us_lateness_reset (UsLateness *lateness);
void us_lateness_note (UsLateness *lateness, UsOriginId origin, gint64 edge_us, gint64 next_us,
                       gint64 now_us);
void us_lateness_forgive (UsLateness *lateness, gint64 pause_us, gint64 now_us);
gint64 us_lateness_behind_since (const UsLateness *lateness, UsOriginId origin, gint64 now_us);

G_END_DECLS
