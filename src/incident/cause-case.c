/* cause-case.c - how a cause rule makes its case, and what several rules ask of the symptoms
 *
 * Pure; a UsCase lives as long as its rule runs (cause.c). Sentences are for people: numbers with
 * units, no full stop.
 */
#include "incident/cause-private.h"

#include <math.h>

static char *
sentence (const char *format, va_list args) {
  return g_strdup_vprintf (format, args);
}

void
us_case_must (UsCase *self, double base, UsSource source, const char *format, ...) {
  va_list args;
  va_start (args, format);
  g_ptr_array_add (self->diagnosis->evidence_for, sentence (format, args));
  va_end (args);
  self->base = MAX (self->base, base);
  self->sources |= source;
}

void
us_case_for (UsCase *self, UsSource source, const char *format, ...) {
  va_list args;
  va_start (args, format);
  g_ptr_array_add (self->diagnosis->evidence_for, sentence (format, args));
  va_end (args);
  self->n_for++;
  self->sources |= source;
}

void
us_case_against (UsCase *self, const char *format, ...) {
  va_list args;
  va_start (args, format);
  g_ptr_array_add (self->diagnosis->evidence_against, sentence (format, args));
  va_end (args);
  self->n_against++;
}

void
us_case_cap (UsCase *self, UsConfidence confidence) {
  self->ceiling = MIN (self->ceiling, confidence);
}

/* ---- questions ---- */

/* Open now, or hit within two minutes. */
gboolean
us_has_seen (const UsSymptoms *s, UsCheck check) {
  return s->is_open[check] || s->n_hits[check] > 0;
}

/* @outcomes: bits 1 << UsOutcome */
guint
us_count (const guint by_outcome[US_N_OUTCOMES], guint outcomes) {
  guint n = 0;
  for (guint i = 0; i < US_N_OUTCOMES; i++)
    n += outcomes & 1u << i ? by_outcome[i] : 0;
  return n;
}

/* Whether at least half of the failures are such. */
gboolean
us_is_mostly (const guint by_outcome[US_N_OUTCOMES], guint outcomes) {
  guint n = us_count (by_outcome, outcomes);
  return n > 0 && n * 2 >= us_symptoms_failed (by_outcome);
}

/* A stream that never answered has no renditions yet. */
gboolean
us_is_unreachable (const UsSymptoms *s) {
  return s->n_renditions > 0 ? s->n_unreachable >= s->n_renditions
                             : s->n_failed_in_a_row > 0 && !s->has_succeeded;
}

gboolean
us_is_stopped (const UsSymptoms *s) {
  return s->n_renditions > 0 && s->n_stopped >= s->n_renditions;
}

gboolean
us_is_advancing (const UsSymptoms *s) {
  return s->n_renditions > 0 && s->n_stopped == 0 && s->n_unreachable == 0
         && s->n_segments_failing == 0;
}

gboolean
us_is_failing (const UsSymptoms *s) {
  return s->n_stopped > 0 || s->n_unreachable > 0 || s->n_segments_failing > 0
         || us_is_unreachable (s);
}

gboolean
us_are_others_well (const UsSymptoms *s) {
  return s->n_hosts >= 2 && s->n_hosts_failing <= 1 && s->n_hosts_answering > 0
         && !s->is_local_net_down;
}

gboolean
us_is_host_failing (const UsSymptoms *s) {
  return s->n_host_streams >= 2 && s->n_host_streams_failing >= s->n_host_streams;
}

gboolean
us_has_lost_publisher (const UsSymptoms *s) {
  return s->is_own && s->is_ingest_known && s->is_ingest_up && s->had_publisher
         && !s->has_publisher;
}

double
us_td (const UsSymptoms *s) {
  return isnan (s->target_duration) || s->target_duration <= 0 ? 6 : s->target_duration;
}
