/* baseline.h - what is normal for a figure of one stream: its median over the last hour */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_BASELINE_MINUTES 60
#define US_BASELINE_MINUTE_SAMPLES 32 /* kept of the minute that runs; the newest */

/* UsBaseline: plain data; zeros at first. */
typedef struct {
  float minutes[US_BASELINE_MINUTES]; /* medians */
  float samples[US_BASELINE_MINUTE_SAMPLES];
  guint n_minutes, n_samples; /* ever; the arrays are rings */
  gint64 minute_us;           /* when the one that runs began */
} UsBaseline;

void us_baseline_add (UsBaseline *baseline, gint64 now_us, double value);
double us_baseline_get (const UsBaseline *baseline);

G_END_DECLS
