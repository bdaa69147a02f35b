/* punctuality.h - whether the probe itself keeps its times */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_PUNCTUALITY_SAMPLES 4096

/* UsPunctuality: plain data; zeros at first. */
typedef struct {
  struct {
    gint64 at_us;
    float late_s, interval_s;
  } samples[US_PUNCTUALITY_SAMPLES];
  guint n, next;
  guint64 n_late; /* more than one interval late, in all */
} UsPunctuality;

void us_punctuality_add (UsPunctuality *punctuality, gint64 now_us, gint64 late_us,
                         gint64 interval_us);
double us_punctuality_percentile (const UsPunctuality *punctuality, gint64 now_us, double share);
gboolean us_punctuality_is_overloaded (const UsPunctuality *punctuality, gint64 now_us);

G_END_DECLS
