/* ledger.c - the append-only account of what one stream has published, and its playlist
 *
 * Owned by a UsFeed on the main loop; no I/O, no clock of its own. Rows enter whole, with their
 * bytes (commit before advertise), so that everything listed can be served with both origins dead.
 * All rules of RFC 8216 6.2.1 and 6.2.2 that bind a server are kept here and nowhere else: media
 * sequence numbers rise by one within what is listed, a published row never changes, the target
 * duration never changes, a segment outlives its listing by the length of the playlist plus its
 * own.
 *
 * Numbers. Segments of our packagers keep their number, name and discontinuity number, so that two
 * switchers, or one before and after its restart, publish the same lines without talking to each
 * other. Foreign segments get the number after the last one and a name made of the ledger's id.
 *
 * Holes. A few missing segments of ours within one epoch are listed as EXT-X-GAP: the numbers
 * behind them stay those of the packagers, and no discontinuity number is invented that a restarted
 * switcher would not know of. A gap's URI answers too, with the tables of its neighbour and no
 * media, for players that do not know the tag; it is not the segment's own, which another switcher
 * may have and a cache before both must not mix up. Behind a longer hole, or one between epochs,
 * the ledger steps: everything before it leaves the playlist at once, and what comes behind has the
 * number of its packager, as if the switcher had been started anew. Going on with the next number
 * was rejected: this switcher would then never agree with another one again. Only where a step
 * would go back (another ingest, a join behind foreign segments) is the next number taken.
 */
#include "switcher/ledger.h"

#include <string.h>

#include "hls/mpegts.h"
#include "hls/playlist.h"

#define MAX_DRIFT_MS 1000 /* of a date from where the row before it ends */
#define BELIEVED_ROWS 6   /* dates that follow from each other for so long are right */

struct UsLedger {
  GPtrArray *rows; /* UsLedgerRow, oldest first: those that left the playlist, then the listed */
  guint n_left;    /* rows before the playlist's first */
  guint window;
  guint target_s; /* 0: not fixed yet */
  char *prefix;   /* of all names */
  guint64 id, first_number, first_discontinuity;
  guint64 n_gaps, n_steps, n_over_target;
  gint64 stepped_length_us; /* of the longest playlist before a step, while rows of it are left */
  guint64 step_number;      /* of the first row behind the last step */
  gint64 origin_end_ms;     /* where the newest row ends by the origin's own date; -1: unknown */
  guint n_apart; /* rows so far whose dates were not shown, and followed from each other */
};

G_DEFINE_QUARK (us_ledger_error, us_ledger_error)

static void
row_free (gpointer data) {
  UsLedgerRow *row = data;
  us_segment_unref (row->segment);
  g_clear_pointer (&row->map, us_segment_unref);
  g_free (row->key);
  g_free (row->map_key);
  g_free (row);
}

/**
 * us_ledger_new:
 * @window: rows listed in the playlist, at least 3
 * @prefix: of all segment names: "" unless the stream has several ledgers
 * @id: epoch of the names given to foreign segments; unique per start of a switcher
 * @first_number: media sequence number of the first row when it is foreign; from the wall clock, so
 *   that it is above everything an earlier switcher used
 * @first_discontinuity: its discontinuity sequence number, likewise
 *
 * Returns: (transfer full): an empty ledger
 */
UsLedger *
us_ledger_new (guint window, const char *prefix, guint64 id, guint64 first_number,
               guint64 first_discontinuity) {
  UsLedger *ledger = g_new0 (UsLedger, 1);
  ledger->rows = g_ptr_array_new_with_free_func (row_free);
  ledger->window = MAX (window, 3);
  ledger->prefix = g_strdup (prefix);
  ledger->id = id;
  ledger->first_number = first_number;
  ledger->first_discontinuity = first_discontinuity;
  return ledger;
}

void
us_ledger_free (UsLedger *ledger) {
  g_ptr_array_unref (ledger->rows);
  g_free (ledger->prefix);
  g_free (ledger);
}

/* Returns: (transfer full): what a segment of ours is published as */
char *
us_ledger_name (const UsLedger *ledger, guint64 epoch, guint64 number) {
  g_autofree char *name = us_segment_name (epoch, number);
  return g_strconcat (ledger->prefix, name, NULL);
}

static char *
name_of (const UsLedger *ledger, const UsLedgerOffer *offer, guint64 number, gboolean is_gap) {
  if (offer->is_ours && is_gap)
    return g_strdup_printf ("%s%" G_GINT64_MODIFIER "x-%" G_GUINT64_FORMAT "-gap.ts",
                            ledger->prefix, offer->epoch, offer->number);
  if (offer->is_ours)
    return us_ledger_name (ledger, offer->epoch, offer->number);
  return g_strdup_printf ("%s%" G_GINT64_MODIFIER "x-%" G_GUINT64_FORMAT ".%s", ledger->prefix,
                          ledger->id, number, us_shape_ending (offer->shape));
}

/**
 * us_ledger_set_target:
 * @target_duration_s: the longest that is known to be needed
 *
 * Fixes the target duration if it is still open. RFC 8216 6.2.1: it must never change.
 *
 * Returns: %FALSE when another value stands already, which stays
 */
gboolean
us_ledger_set_target (UsLedger *ledger, guint target_duration_s) {
  if (ledger->target_s == 0)
    ledger->target_s = target_duration_s;
  return ledger->target_s == target_duration_s;
}

guint
us_ledger_get_target (const UsLedger *ledger) {
  return ledger->target_s;
}

guint
us_ledger_get_n_rows (const UsLedger *ledger) {
  return ledger->rows->len;
}

/* Returns: memory of all rows, listed or not */
gsize
us_ledger_get_bytes (const UsLedger *ledger) {
  gsize sum = 0;
  for (guint i = 0; i < ledger->rows->len; i++)
    sum += g_bytes_get_size (us_ledger_get_row (ledger, i)->segment->bytes);
  return sum;
}

guint
us_ledger_get_n_listed (const UsLedger *ledger) {
  return ledger->rows->len - ledger->n_left;
}

const UsLedgerRow *
us_ledger_get_row (const UsLedger *ledger, guint index) {
  g_return_val_if_fail (index < ledger->rows->len, NULL);
  return g_ptr_array_index (ledger->rows, index);
}

/* Returns: (transfer none) (nullable): the newest row */
const UsLedgerRow *
us_ledger_get_last (const UsLedger *ledger) {
  return ledger->rows->len > 0 ? g_ptr_array_index (ledger->rows, ledger->rows->len - 1) : NULL;
}

guint64
us_ledger_get_n_gaps (const UsLedger *ledger) {
  return ledger->n_gaps;
}

/* How often everything listed gave way to what came behind a hole. */
guint64
us_ledger_get_n_steps (const UsLedger *ledger) {
  return ledger->n_steps;
}

/* Rows whose duration rounds to more than the target duration: an origin broke its promise. */
guint64
us_ledger_get_n_over_target (const UsLedger *ledger) {
  return ledger->n_over_target;
}

static gint64
end_wall_ms (const UsLedgerRow *row) {
  if (row->segment->wall_ms < 0)
    return -1;
  return row->segment->wall_ms + row->segment->duration_us / 1000;
}

/* Returns: wall time in ms at which the newest row ends; -1: unknown */
gint64
us_ledger_get_end_wall_ms (const UsLedger *ledger) {
  const UsLedgerRow *last = us_ledger_get_last (ledger);
  return last != NULL ? end_wall_ms (last) : -1;
}

static gboolean
is_name_used (const UsLedger *ledger, const char *name) {
  for (guint i = ledger->rows->len; i > 0; i--) {
    const UsLedgerRow *row = g_ptr_array_index (ledger->rows, i - 1);
    if (g_str_equal (row->segment->name, name))
      return TRUE;
  }
  return FALSE;
}

static gboolean
check_offer (const UsLedger *ledger, const UsLedgerOffer *offer, GError **error) {
  if (offer->bytes == NULL || g_bytes_get_size (offer->bytes) == 0 || offer->duration_us <= 0
      || ledger->target_s == 0) {
    g_set_error (error, US_LEDGER_ERROR, US_LEDGER_ERROR_VALUE,
                 "segment %" G_GUINT64_FORMAT " has no bytes, no duration or no target duration",
                 offer->number);
    return FALSE;
  }
  const UsLedgerRow *last = us_ledger_get_last (ledger);
  if (last == NULL || !offer->is_ours)
    return TRUE;
  g_autofree char *name = us_ledger_name (ledger, offer->epoch, offer->number);
  gboolean is_before = last->is_ours && last->segment->epoch == offer->epoch
                       && offer->number <= last->origin_number;
  if (is_before || is_name_used (ledger, name)) {
    g_set_error (error, US_LEDGER_ERROR, US_LEDGER_ERROR_NOT_NEXT,
                 "segment %s is not after %s, the last one published", name, last->segment->name);
    return FALSE;
  }
  return TRUE;
}

/* How long a row lasts as viewers are told: RFC 8216 4.3.3.1 has no EXTINF that rounds to more than
 * the target duration, and one segment of an origin that lies cannot stretch the playlist's life.
 */
static gint64
told_us (const UsLedger *ledger, const UsLedgerRow *row) {
  gint64 most_ms = (gint64)ledger->target_s * 1000 + 499;
  return MIN (row->segment->duration_us, most_ms * 1000);
}

static gint64
listed_us (const UsLedger *ledger) {
  gint64 sum_us = 0;
  for (guint i = ledger->n_left; i < ledger->rows->len; i++)
    sum_us += told_us (ledger, us_ledger_get_row (ledger, i));
  return sum_us;
}

static guint
most_listed (const UsLedger *ledger) {
  return MAX (ledger->window, US_LEDGER_MAX_LISTED);
}

/* The listed rows are the newest @window ones, and more while they last less than three target
 * durations (RFC 8216 6.2.2), as far as an origin with a target duration of its dreams does not
 * fill our memory with that. The rule looks at rows only, so every switcher trims alike. */
static void
trim (UsLedger *ledger, gint64 now_us) {
  gint64 left_us = listed_us (ledger);
  while (us_ledger_get_n_listed (ledger) > ledger->window) {
    UsLedgerRow *oldest = g_ptr_array_index (ledger->rows, ledger->n_left);
    left_us -= told_us (ledger, oldest);
    if (left_us < 3 * (gint64)ledger->target_s * G_USEC_PER_SEC
        && us_ledger_get_n_listed (ledger) <= most_listed (ledger))
      return;
    oldest->left_us = now_us;
    ledger->n_left++;
  }
}

static void
push_row (UsLedger *ledger, const UsLedgerOffer *offer, guint64 number, guint64 discontinuity,
          gboolean is_discontinuous, gboolean is_gap) {
  guint64 epoch = offer->is_ours ? offer->epoch : ledger->id;
  g_autofree char *name = name_of (ledger, offer, number, is_gap);
  UsLedgerRow *row = g_new0 (UsLedgerRow, 1);
  if (offer->segment != NULL && offer->is_ours && !is_gap && offer->number == number
      && strcmp (offer->segment->name, name) == 0)
    row->segment = us_segment_ref (offer->segment);
  else
    row->segment = us_segment_new (epoch, number, name, offer->bytes);
  row->segment->discontinuity = discontinuity;
  row->segment->is_discontinuous = is_discontinuous;
  row->segment->duration_us = offer->duration_us;
  row->segment->wall_ms = offer->wall_ms;
  row->origin = offer->origin;
  row->is_ours = offer->is_ours;
  row->is_gap = is_gap;
  row->shape = offer->shape;
  row->map = offer->map != NULL ? us_segment_ref (offer->map) : NULL;
  row->key = g_strdup (offer->key);
  row->map_key = g_strdup (offer->map_key);
  row->origin_number = offer->number;
  row->origin_discontinuity = offer->discontinuity;
  g_ptr_array_add (ledger->rows, row);

  gint64 rounded_s = (offer->duration_us + G_USEC_PER_SEC / 2) / G_USEC_PER_SEC;
  if (rounded_s > ledger->target_s)
    ledger->n_over_target++;
}

/* How many segments between the last row and @offer can be listed as gaps; 0: none, or not so. */
static guint
count_gap (const UsLedger *ledger, const UsLedgerOffer *offer) {
  const UsLedgerRow *last = us_ledger_get_last (ledger);
  if (last == NULL || !last->is_ours || !offer->is_ours || offer->is_join
      || last->segment->epoch != offer->epoch
      || g_bytes_get_size (offer->bytes) < 2 * US_MPEGTS_PACKET)
    return 0;
  guint64 missing = offer->number - last->origin_number - 1;
  return missing <= US_LEDGER_MAX_GAP ? (guint)missing : 0;
}

static void
push_gap (UsLedger *ledger, const UsLedgerOffer *offer, guint n_missing) {
  const UsLedgerRow *last = us_ledger_get_last (ledger);
  const guint64 discontinuity_behind = offer->discontinuity;
  gint64 start_ms = end_wall_ms (last);
  gint64 target_us = (gint64)ledger->target_s * G_USEC_PER_SEC;
  gint64 each_us = target_us;
  if (start_ms >= 0 && offer->wall_ms > start_ms)
    each_us = CLAMP ((offer->wall_ms - start_ms) * 1000 / n_missing, 1000, target_us);

  g_autoptr (GBytes) tables = g_bytes_new_from_bytes (offer->bytes, 0, 2 * US_MPEGTS_PACKET);
  for (guint i = 0; i < n_missing; i++) {
    last = us_ledger_get_last (ledger);
    UsLedgerOffer gap = *offer;
    gap.number = last->origin_number + 1;
    gap.duration_us = each_us;
    gap.wall_ms = start_ms < 0 ? -1 : start_ms + i * each_us / 1000;
    gap.bytes = tables;
    /* Discontinuities that fell into the hole are tagged as late as possible, one per row. */
    guint64 rows_behind = n_missing - i;
    gboolean is_discontinuous = discontinuity_behind > last->origin_discontinuity
                                && discontinuity_behind - last->origin_discontinuity > rows_behind;
    gap.discontinuity = last->origin_discontinuity + (is_discontinuous ? 1 : 0);
    push_row (ledger, &gap, last->segment->number + 1,
              last->segment->discontinuity + (is_discontinuous ? 1 : 0), is_discontinuous, TRUE);
    ledger->n_gaps++;
  }
}

static gboolean
needs_discontinuity (const UsLedgerRow *last, const UsLedgerOffer *offer) {
  if (offer->is_join || last->is_ours != offer->is_ours)
    return !offer->is_smooth;
  if (offer->is_discontinuous)
    return TRUE;
  if (!offer->is_ours)
    return FALSE; /* a hole in a foreign list is told by its follower */
  return last->segment->epoch != offer->epoch || offer->number != last->origin_number + 1
         || offer->discontinuity != last->origin_discontinuity;
}

/* Within an epoch the ingest's dates follow from each other. One that does not is that of an origin
 * whose clock, or a cache before it, is wrong; viewers are not to see it jump. But where the same
 * list has the date before it as we have it, the ingest itself has stepped with its clock; and also
 * when dates go on like that. Another switcher, started only now, takes them as they are. */
static gint64
date_of (UsLedger *ledger, const UsLedgerRow *last, const UsLedgerOffer *offer) {
  gint64 end_ms = end_wall_ms (last);
  gboolean is_next = last->is_ours && offer->is_ours && last->segment->epoch == offer->epoch
                     && offer->number == last->origin_number + 1;
  gboolean is_ingest_step = end_ms >= 0 && offer->before_end_ms >= 0
                            && ABS (offer->before_end_ms - end_ms) <= MAX_DRIFT_MS;
  gboolean follows
      = ledger->origin_end_ms >= 0 && ABS (offer->wall_ms - ledger->origin_end_ms) <= MAX_DRIFT_MS;
  ledger->origin_end_ms = offer->wall_ms < 0 ? -1 : offer->wall_ms + offer->duration_us / 1000;
  if (!is_next || is_ingest_step || end_ms < 0 || offer->wall_ms < 0
      || ABS (offer->wall_ms - end_ms) <= MAX_DRIFT_MS) {
    ledger->n_apart = 0;
    return offer->wall_ms;
  }
  ledger->n_apart = follows ? ledger->n_apart + 1 : 1;
  if (ledger->n_apart < BELIEVED_ROWS)
    return end_ms;
  ledger->n_apart = 0;
  return offer->wall_ms;
}

/* Whether the row cannot stand behind the last one under its packager's number. */
static gboolean
needs_step (const UsLedgerRow *last, const UsLedgerOffer *offer) {
  return last->is_ours && offer->is_ours && !offer->is_join
         && offer->number != last->origin_number + 1 && offer->number > last->segment->number + 1;
}

static void
push_first (UsLedger *ledger, const UsLedgerOffer *offer) {
  ledger->origin_end_ms = -1;
  ledger->n_apart = 0;
  push_row (ledger, offer, offer->is_ours ? offer->number : ledger->first_number,
            offer->is_ours ? offer->discontinuity : ledger->first_discontinuity,
            offer->is_ours && offer->is_discontinuous && offer->discontinuity > 0, FALSE);
}

/* RFC 8216 6.2.2: DISCONTINUITY-SEQUENCE must not go back, whatever an ingest that lost its memory
 * counts. */
static void
step (UsLedger *ledger, const UsLedgerOffer *offer) {
  guint64 least = us_ledger_get_last (ledger)->segment->discontinuity;
  for (guint i = ledger->n_left; i < ledger->rows->len; i++) {
    UsLedgerRow *row = g_ptr_array_index (ledger->rows, i);
    row->left_us = US_LEDGER_LEAVING;
  }
  ledger->stepped_length_us = MAX (ledger->stepped_length_us, listed_us (ledger));
  ledger->n_left = ledger->rows->len;
  ledger->n_steps++;
  push_first (ledger, offer);
  UsSegment *segment = us_ledger_get_last (ledger)->segment;
  ledger->step_number = segment->number;
  segment->discontinuity
      = MAX (segment->discontinuity, least + (segment->is_discontinuous ? 1 : 0));
}

/**
 * us_ledger_append:
 * @offer: a whole, validated segment
 * @now_us: monotonic time
 * @error: US_LEDGER_ERROR
 *
 * Publishes @offer as the next row, behind gap rows for what is missing before it, and moves the
 * playlist's window; or, when more is missing, begins another one (us_ledger_get_n_steps() tells),
 * which is to be shown when it is long enough: us_ledger_settle() then. Decides the number and the
 * discontinuity for good (RFC 8216 6.2.1: neither may be changed later).
 *
 * Returns: %FALSE, with nothing changed, when it cannot be next
 */
gboolean
us_ledger_append (UsLedger *ledger, const UsLedgerOffer *offer, gint64 now_us, GError **error) {
  if (!check_offer (ledger, offer, error))
    return FALSE;

  if (ledger->rows->len == 0) {
    push_first (ledger, offer);
    return TRUE;
  }
  guint n_missing = count_gap (ledger, offer);
  if (n_missing > 0)
    push_gap (ledger, offer, n_missing);
  const UsLedgerRow *last = us_ledger_get_last (ledger);
  if (needs_step (last, offer)) {
    step (ledger, offer);
    return TRUE;
  }
  gboolean is_discontinuous = needs_discontinuity (last, offer);
  UsLedgerOffer dated = *offer;
  dated.wall_ms = date_of (ledger, last, offer);
  push_row (ledger, &dated, last->segment->number + 1,
            last->segment->discontinuity + (is_discontinuous ? 1 : 0), is_discontinuous, FALSE);
  trim (ledger, now_us);
  return TRUE;
}

/**
 * us_ledger_recall:
 * @segment: of ours, under the name it would be published as
 * @origin: who had it
 * @now_us: monotonic time
 *
 * Has a segment answer that an earlier switcher has listed: it stands before the oldest row, as one
 * that has just left the playlist. How long it lasts is not known, and taken for as long as it may.
 *
 * Returns: %FALSE, with nothing changed, when it is not the one before the oldest row
 */
gboolean
us_ledger_recall (UsLedger *ledger, UsSegment *segment, UsOriginId origin, gint64 now_us) {
  const UsLedgerRow *oldest = ledger->rows->len > 0 ? us_ledger_get_row (ledger, 0) : NULL;
  if (oldest == NULL || !oldest->is_ours || oldest->segment->epoch != segment->epoch
      || oldest->segment->number != segment->number + 1)
    return FALSE;
  UsLedgerRow *row = g_new0 (UsLedgerRow, 1);
  row->segment = us_segment_ref (segment);
  row->segment->duration_us = (gint64)ledger->target_s * G_USEC_PER_SEC;
  row->segment->wall_ms = -1;
  row->origin = origin;
  row->is_ours = TRUE;
  row->shape = oldest->shape;
  row->origin_number = segment->number;
  row->left_us = now_us;
  g_ptr_array_insert (ledger->rows, 0, row);
  ledger->n_left++;
  return TRUE;
}

/**
 * us_ledger_is_long_enough:
 *
 * Returns: whether the playlist may take the place of a longer one (RFC 8216 6.2.2)
 */
gboolean
us_ledger_is_long_enough (const UsLedger *ledger) {
  return listed_us (ledger) >= 3 * (gint64)ledger->target_s * G_USEC_PER_SEC;
}

/**
 * us_ledger_settle:
 * @now_us: monotonic time
 *
 * The playlist behind a step is shown from now on; until now viewers had the one before it.
 */
void
us_ledger_settle (UsLedger *ledger, gint64 now_us) {
  for (guint i = 0; i < ledger->n_left; i++) {
    UsLedgerRow *row = g_ptr_array_index (ledger->rows, i);
    if (row->left_us == US_LEDGER_LEAVING)
      row->left_us = now_us;
  }
}

/**
 * us_ledger_expire:
 * @now_us: monotonic time
 *
 * Drops rows that left the playlist longer ago than its length plus their own (RFC 8216 6.2.2), and
 * the oldest of more than twice as many as may be listed.
 *
 * Returns: how many
 */
guint
us_ledger_expire (UsLedger *ledger, gint64 now_us) {
  /* Behind a step, the longer playlist that was shown before counts until its rows have gone. */
  gint64 length_us = MAX (listed_us (ledger), ledger->stepped_length_us);
  guint n_dropped = 0;
  while (n_dropped < ledger->n_left) {
    const UsLedgerRow *row = us_ledger_get_row (ledger, n_dropped);
    if (row->left_us == US_LEDGER_LEAVING)
      break;
    if (now_us - row->left_us < length_us + told_us (ledger, row)
        && ledger->n_left - n_dropped <= 2 * most_listed (ledger))
      break;
    n_dropped++;
  }
  if (n_dropped > 0) {
    g_ptr_array_remove_range (ledger->rows, 0, n_dropped);
    ledger->n_left -= n_dropped;
  }
  if (ledger->n_left == 0 || us_ledger_get_row (ledger, 0)->segment->number >= ledger->step_number)
    ledger->stepped_length_us = 0;
  return n_dropped;
}

/**
 * us_ledger_render:
 *
 * Returns: (transfer full) (nullable): the playlist; %NULL while there is nothing to list
 */
char *
us_ledger_render (const UsLedger *ledger) {
  if (us_ledger_get_n_listed (ledger) == 0)
    return NULL;
  g_autoptr (UsPlaylist) playlist = us_playlist_new ();
  playlist->target_duration_s = ledger->target_s;
  playlist->is_independent = TRUE;
  playlist->can_block_reload = TRUE;
  for (guint i = ledger->n_left; i < ledger->rows->len; i++) {
    const UsLedgerRow *row = us_ledger_get_row (ledger, i);
    UsPlaylistSegment *listed = us_playlist_add (playlist, row->segment->name, row->segment->number,
                                                 told_us (ledger, row));
    listed->discontinuity = row->segment->discontinuity;
    listed->is_discontinuous = row->segment->is_discontinuous;
    listed->is_gap = row->is_gap;
    listed->wall_ms = row->segment->wall_ms;
    listed->map_uri = row->map != NULL ? g_strdup (row->map->name) : NULL;
    listed->key = g_strdup (row->key);
    listed->map_key = g_strdup (row->map_key);
    if (row->is_gap)
      playlist->version = 8; /* EXT-X-GAP, RFC 8216bis 8 */
  }
  return us_playlist_render (playlist);
}
