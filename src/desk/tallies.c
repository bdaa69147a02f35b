/* tallies.c - what has been counted of every stream since the desk began, for its metrics
 *
 * Owned by the desk. As many as there are streams, each of fixed size; a stream that goes takes its
 * counts along.
 */
#include "desk/tallies.h"

#include <math.h>

const double us_tally_bounds[US_TALLY_N_BOUNDS] = { 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8 };

struct UsTallies {
  GHashTable *by_stream; /* id -> UsTally */
};

UsTallies *
us_tallies_new (void) {
  UsTallies *self = g_new0 (UsTallies, 1);
  self->by_stream = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
us_tallies_free (UsTallies *self) {
  g_hash_table_unref (self->by_stream);
  g_free (self);
}

static UsTally *
ensure (UsTallies *self, const char *stream) {
  UsTally *tally = g_hash_table_lookup (self->by_stream, stream);
  if (tally == NULL) {
    tally = g_new0 (UsTally, 1);
    g_hash_table_insert (self->by_stream, g_strdup (stream), tally);
  }
  return tally;
}

/**
 * us_tallies_get:
 *
 * Returns: (transfer none): zeros where nothing was counted yet
 */
const UsTally *
us_tallies_get (UsTallies *self, const char *stream) {
  return ensure (self, stream);
}

void
us_tallies_add_segment (UsTallies *self, const char *stream, const UsSample *sample) {
  UsTally *tally = ensure (self, stream);
  guint bucket = 0;
  tally->segments[MIN (sample->outcome, US_N_OUTCOMES - 1)]++;
  tally->n_bytes += sample->n_bytes;
  if (!isfinite (sample->ttfb_s))
    return;
  while (bucket < US_TALLY_N_BOUNDS && sample->ttfb_s > us_tally_bounds[bucket])
    bucket++;
  tally->first_bytes[bucket]++;
  tally->first_bytes_s += sample->ttfb_s;
}

void
us_tallies_add_finding (UsTallies *self, const char *stream, UsCheck check) {
  if (check < US_N_CHECKS)
    ensure (self, stream)->findings[check]++;
}

void
us_tallies_add_minute (UsTallies *self, const char *stream, const UsMinute *minute) {
  UsTally *tally = ensure (self, stream);
  tally->n_playlists += minute->n_playlists;
  tally->n_playlist_errors += minute->n_playlist_errors;
  for (guint i = 0; i < US_N_HEALTHS; i++)
    tally->seconds[i] += minute->seconds[i];
}

void
us_tallies_remove (UsTallies *self, const char *stream) {
  g_hash_table_remove (self->by_stream, stream);
}
