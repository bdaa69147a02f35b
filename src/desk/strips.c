/* strips.c - how every stream was in each of the last minutes, as one letter each
 *
 * Owned by the desk. A ring of a few bytes per stream, so that a page of a thousand streams asks
 * neither the disk nor the monitor: what was is read once when the desk starts, what is comes with
 * every verdict. A minute has the worst state it saw, as its row in the history has.
 */
#include "desk/strips.h"

#include <string.h>

static const char letter_of[] = { '-', 'N', 'H', 'D', 'U' }; /* nothing known, then as UsHealth */

typedef struct {
  gint64 last;                     /* newest minute, since the epoch */
  guint8 states[US_STRIP_MINUTES]; /* of minute m at m % US_STRIP_MINUTES: 0, or health + 1 */
} Ring;

struct UsStrips {
  GHashTable *rings; /* stream id -> Ring */
};

UsStrips *
us_strips_new (void) {
  UsStrips *self = g_new0 (UsStrips, 1);
  self->rings = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
us_strips_free (UsStrips *self) {
  g_hash_table_unref (self->rings);
  g_free (self);
}

/* A clock that was wrong by hours makes all that is known worthless, in either direction. */
static void
turn (Ring *ring, gint64 minute) {
  gint64 step = minute - ring->last;
  if (step >= US_STRIP_MINUTES || step <= -US_STRIP_MINUTES) {
    memset (ring->states, 0, sizeof ring->states);
    ring->last = minute;
  }
  while (ring->last < minute)
    ring->states[++ring->last % US_STRIP_MINUTES] = 0;
}

/**
 * us_strips_note:
 * @wall_us: at any time of the minute, since the epoch
 */
void
us_strips_note (UsStrips *self, const char *stream, gint64 wall_us, UsHealth health) {
  gint64 minute = wall_us / US_STRIP_MINUTE_US;
  Ring *ring = g_hash_table_lookup (self->rings, stream);
  if (minute < 0)
    return;
  if (ring == NULL) {
    ring = g_new0 (Ring, 1);
    ring->last = minute;
    g_hash_table_insert (self->rings, g_strdup (stream), ring);
  }
  turn (ring, minute);
  guint8 *state = &ring->states[minute % US_STRIP_MINUTES];
  *state = MAX (*state, (guint8)(health + 1));
}

void
us_strips_remove (UsStrips *self, const char *stream) {
  g_hash_table_remove (self->rings, stream);
}

/**
 * us_strips_read:
 * @since_us: the first minute
 * @letters: (out): @n_minutes of "HDUN-", and a zero
 */
void
us_strips_read (const UsStrips *self, const char *stream, gint64 since_us, guint n_minutes,
                char *letters) {
  const Ring *ring = g_hash_table_lookup (self->rings, stream);
  gint64 first = since_us / US_STRIP_MINUTE_US;
  for (guint i = 0; i < n_minutes; i++) {
    gint64 minute = first + i;
    gboolean is_known = ring != NULL && minute >= 0 && minute <= ring->last
                        && minute > ring->last - US_STRIP_MINUTES;
    letters[i] = letter_of[is_known ? ring->states[minute % US_STRIP_MINUTES] : 0];
  }
  letters[n_minutes] = '\0';
}
