/* punctuality.c - whether the probe itself keeps its times
 *
 * Pure. A poll that begins late makes every age that is measured with it too large, and a probe
 * that cannot keep up sees faults everywhere. How late the polls of hosts that answer began is kept
 * for the newest few thousand; what hosts that hang do to themselves is not added.
 */
#include "monitor/punctuality.h"

#include <math.h>
#include <stdlib.h>

#define WINDOW_US (30 * G_USEC_PER_SEC)
#define MIN_SAMPLES 20
#define MAX_LATE_SHARE 0.02 /* of the polls, late by more than their own interval */

/**
 * us_punctuality_add:
 * @late_us: from when a poll was due to when it began
 * @interval_us: to the one before it
 */
void
us_punctuality_add (UsPunctuality *punctuality, gint64 now_us, gint64 late_us, gint64 interval_us) {
  punctuality->samples[punctuality->next].at_us = now_us;
  punctuality->samples[punctuality->next].late_s = (float)MAX (late_us, 0) / G_USEC_PER_SEC;
  punctuality->samples[punctuality->next].interval_s = (float)interval_us / G_USEC_PER_SEC;
  punctuality->next = (punctuality->next + 1) % US_PUNCTUALITY_SAMPLES;
  punctuality->n = MIN (punctuality->n + 1, US_PUNCTUALITY_SAMPLES);
  if (late_us > interval_us)
    punctuality->n_late++;
}

static int
compare (const void *a, const void *b) {
  float one = *(const float *)a, other = *(const float *)b;
  return one < other ? -1 : one > other;
}

/**
 * us_punctuality_percentile:
 * @share: 0.99
 *
 * Returns: seconds, of the last half minute; %NAN: none
 */
double
us_punctuality_percentile (const UsPunctuality *punctuality, gint64 now_us, double share) {
  g_autofree float *late = g_new (float, US_PUNCTUALITY_SAMPLES);
  guint n = 0;
  for (guint i = 0; i < punctuality->n; i++)
    if (punctuality->samples[i].at_us > now_us - WINDOW_US)
      late[n++] = punctuality->samples[i].late_s;
  if (n == 0)
    return NAN;
  qsort (late, n, sizeof *late, compare);
  return late[MIN ((guint)((double)n * share), n - 1)];
}

/**
 * us_punctuality_is_overloaded:
 *
 * Returns: whether too many polls of the last half minute began too late
 */
gboolean
us_punctuality_is_overloaded (const UsPunctuality *punctuality, gint64 now_us) {
  guint n = 0, n_late = 0;
  for (guint i = 0; i < punctuality->n; i++) {
    if (punctuality->samples[i].at_us <= now_us - WINDOW_US)
      continue;
    n++;
    n_late += punctuality->samples[i].late_s > punctuality->samples[i].interval_s;
  }
  return n >= MIN_SAMPLES && (double)n_late > (double)n * MAX_LATE_SHARE;
}
