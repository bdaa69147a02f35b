/* account.c - the books of one viewing: rows, the play clock, and what broke a rule
 *
 * Pure: told what a viewer saw and when, it never looks at a clock. One row for each segment that
 * was ever listed; rows stay, a viewing is hours at most.
 *
 * The play clock starts with the first segment fetched, three target durations from the end
 * (RFC 8216 6.3.3), and runs as long as there is something to play: when the next segment is not
 * there in time it stands still, and that is the stall. After one it has nothing in hand, so each
 * drill begins with a viewer who has just come (us_account_rejoin()). A picture is missing or
 * repeated where the time stamps of neighbours do not meet; across a DISCONTINUITY they need not,
 * and nobody can tell from outside.
 */
#include "drill/account.h"

#include <string.h>

#define START_TARGETS 3
#define PDT_TOLERANCE_MS 20
#define WINDOW_MIN 3
#define MAX_JUMP 100
#define RUN_IN_ROWS 10 /* how many rows before a stretch make the usual cadence */

typedef struct {
  guint64 number, discontinuity;
  gboolean is_discontinuous, was_there; /* in the first playlist, not seen to appear */
  char *uri, *map_uri;
  gint64 duration_us, wall_ms, visible_us;
  gint64 media_us; /* sum of the durations before it since the first row */
  gboolean is_due; /* to be fetched: not before the starting point */
  gboolean is_done, is_lost;
  UsPictures pictures; /* frame_us 0: unknown */
  gint64 done_us;
} Row;

typedef struct {
  gint64 at_us;
  char *text; /* nullable: a failed request */
} Note;

typedef struct {
  gint64 from_us, to_us;
} Stall;

struct UsAccount {
  GPtrArray *rows;  /* Row, numbers ascending by one */
  GHashTable *uris; /* uri to Row */
  GPtrArray *violations, *failures;
  GArray *stalls; /* Stall */
  guint target_s, n_longest;
  guint64 sequence, discontinuity_sequence;
  gboolean has_playlist, is_playing;
  gint64 play_end_us; /* when the clock will stand still for want of the next segment */
};

static void
row_free (gpointer data) {
  Row *row = data;
  g_free (row->uri);
  g_free (row->map_uri);
  g_free (row);
}

static void
note_free (gpointer data) {
  Note *note = data;
  g_free (note->text);
  g_free (note);
}

/**
 * us_account_new:
 *
 * Returns: (transfer full): empty books
 */
UsAccount *
us_account_new (void) {
  UsAccount *account = g_new0 (UsAccount, 1);
  account->rows = g_ptr_array_new_with_free_func (row_free);
  account->uris = g_hash_table_new (g_str_hash, g_str_equal);
  account->violations = g_ptr_array_new_with_free_func (note_free);
  account->failures = g_ptr_array_new_with_free_func (note_free);
  account->stalls = g_array_new (FALSE, FALSE, sizeof (Stall));
  return account;
}

void
us_account_free (UsAccount *account) {
  if (account == NULL)
    return;
  g_hash_table_unref (account->uris);
  g_ptr_array_unref (account->rows);
  g_ptr_array_unref (account->violations);
  g_ptr_array_unref (account->failures);
  g_array_unref (account->stalls);
  g_free (account);
}

static void
add_note (GPtrArray *notes, gint64 now_us, char *text) {
  if (notes->len >= US_ACCOUNT_MAX_NOTES) {
    g_free (text);
    return;
  }
  Note *note = g_new0 (Note, 1);
  note->at_us = now_us;
  note->text = text;
  g_ptr_array_add (notes, note);
}

/**
 * us_account_violate:
 * @format: which rule was broken, and by what
 */
void
us_account_violate (UsAccount *account, gint64 now_us, const char *format, ...) {
  va_list args;
  va_start (args, format);
  add_note (account->violations, now_us, g_strdup_vprintf (format, args));
  va_end (args);
}

/**
 * us_account_failure:
 *
 * A request for something listed, or for the playlist, went wrong.
 */
void
us_account_failure (UsAccount *account, gint64 now_us) {
  add_note (account->failures, now_us, NULL);
}

static Row *
get_row (const UsAccount *account, guint64 number) {
  if (account->rows->len == 0)
    return NULL;
  const Row *first = account->rows->pdata[0];
  if (number < first->number || number - first->number >= account->rows->len)
    return NULL;
  return account->rows->pdata[number - first->number];
}

static Row *
last_row (const UsAccount *account) {
  return account->rows->len > 0 ? account->rows->pdata[account->rows->len - 1] : NULL;
}

/* ---- the rules of a live playlist (RFC 8216 6.2.1, 6.2.2) ---- */

static void
check_header (UsAccount *account, const UsPlaylist *playlist, gint64 now_us) {
  guint n = playlist->segments->len;
  if (playlist->is_ended)
    us_account_violate (account, now_us, "the playlist says that it has ended");
  if (!account->has_playlist)
    return;
  if (playlist->target_duration_s != account->target_s)
    us_account_violate (account, now_us, "target duration changed from %u to %u", account->target_s,
                        playlist->target_duration_s);
  if (playlist->media_sequence < account->sequence)
    us_account_violate (account, now_us,
                        "media sequence went back from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
                        account->sequence, playlist->media_sequence);
  if (playlist->discontinuity_sequence < account->discontinuity_sequence)
    us_account_violate (account, now_us,
                        "discontinuity sequence went back from %" G_GUINT64_FORMAT
                        " to %" G_GUINT64_FORMAT,
                        account->discontinuity_sequence, playlist->discontinuity_sequence);
  if (n < WINDOW_MIN && account->n_longest >= WINDOW_MIN)
    us_account_violate (account, now_us, "%u segments listed after there were %u", n,
                        account->n_longest);
  const Row *last = last_row (account);
  if (last != NULL && playlist->media_sequence + n <= last->number)
    us_account_violate (account, now_us,
                        "the last segment was %" G_GUINT64_FORMAT " and is now %" G_GUINT64_FORMAT,
                        last->number, playlist->media_sequence + n - 1);
}

static void
check_unchanged (UsAccount *account, const Row *row, const UsPlaylistSegment *now, gint64 now_us) {
  const char *what = NULL;
  if (strcmp (row->uri, now->uri) != 0)
    what = "the URI";
  else if (row->duration_us != now->duration_us)
    what = "the duration";
  else if (row->wall_ms != now->wall_ms)
    what = "the date";
  else if (row->is_discontinuous != now->is_discontinuous)
    what = "the DISCONTINUITY";
  else if (row->discontinuity != now->discontinuity)
    what = "the discontinuity number";
  if (what != NULL)
    us_account_violate (account, now_us, "%s of published segment %" G_GUINT64_FORMAT " changed",
                        what, row->number);
}

static void
check_new (UsAccount *account, const Row *before, const UsPlaylistSegment *segment, gint64 now_us) {
  gint64 rounded_s = (segment->duration_us + G_USEC_PER_SEC / 2) / G_USEC_PER_SEC;
  if (rounded_s > account->target_s)
    us_account_violate (account, now_us,
                        "segment %" G_GUINT64_FORMAT " lasts %.3f s, the target duration is %u",
                        segment->number, segment->duration_us / 1e6, account->target_s);
  const Row *same = g_hash_table_lookup (account->uris, segment->uri);
  if (same != NULL)
    us_account_violate (account, now_us,
                        "segment %" G_GUINT64_FORMAT " has the URI of segment %" G_GUINT64_FORMAT,
                        segment->number, same->number);
  if (before == NULL)
    return;
  if (segment->discontinuity != before->discontinuity + (segment->is_discontinuous ? 1 : 0))
    us_account_violate (account, now_us,
                        "segment %" G_GUINT64_FORMAT " has discontinuity number %" G_GUINT64_FORMAT
                        ", the one before %" G_GUINT64_FORMAT,
                        segment->number, segment->discontinuity, before->discontinuity);
  if (segment->is_discontinuous || segment->wall_ms < 0 || before->wall_ms < 0)
    return;
  gint64 error_ms = segment->wall_ms - before->wall_ms - before->duration_us / 1000;
  if (ABS (error_ms) > PDT_TOLERANCE_MS)
    us_account_violate (account, now_us,
                        "segment %" G_GUINT64_FORMAT " is dated %+" G_GINT64_FORMAT
                        " ms off the end of the one before",
                        segment->number, error_ms);
}

static Row *
append_row (UsAccount *account, const UsPlaylistSegment *segment, gint64 now_us) {
  const Row *before = last_row (account);
  Row *row = g_new0 (Row, 1);
  row->number = segment->number;
  row->discontinuity = segment->discontinuity;
  row->is_discontinuous = segment->is_discontinuous;
  row->was_there = !account->has_playlist;
  row->uri = g_strdup (segment->uri);
  row->map_uri = g_strdup (segment->map_uri);
  row->duration_us = segment->duration_us;
  row->wall_ms = segment->wall_ms;
  row->visible_us = now_us;
  row->media_us = before != NULL ? before->media_us + before->duration_us : 0;
  row->is_due = account->has_playlist;
  g_ptr_array_add (account->rows, row);
  g_hash_table_insert (account->uris, row->uri, row);
  return row;
}

/* Three target durations from the end, never before the beginning. */
static void
choose_start (UsAccount *account) {
  gint64 left_us = (gint64)START_TARGETS * account->target_s * G_USEC_PER_SEC;
  for (guint i = account->rows->len; i > 0 && left_us > 0; i--) {
    Row *row = account->rows->pdata[i - 1];
    row->is_due = TRUE;
    left_us -= row->duration_us;
  }
}

/* Rows of segments that were never listed; after a wild jump the books begin anew. */
static void
take_jump (UsAccount *account, guint64 first, const UsPlaylistSegment *segment, gint64 now_us) {
  us_account_violate (account, now_us,
                      "segment %" G_GUINT64_FORMAT " appears, %" G_GUINT64_FORMAT " was never seen",
                      segment->number, first);
  if (segment->number - first > MAX_JUMP) {
    g_hash_table_remove_all (account->uris);
    g_ptr_array_set_size (account->rows, 0);
    return;
  }
  for (guint64 n = first; n < segment->number; n++) {
    UsPlaylistSegment hole = {
      .uri = (char *)"", .number = n, .discontinuity = segment->discontinuity, .wall_ms = -1
    };
    Row *row = append_row (account, &hole, now_us);
    row->is_lost = row->is_done = TRUE;
  }
}

/**
 * us_account_playlist:
 * @playlist: a media playlist as it came
 * @now_us: monotonic time when it was whole
 *
 * Checks it against everything seen before and books the segments that are new.
 */
void
us_account_playlist (UsAccount *account, const UsPlaylist *playlist, gint64 now_us) {
  check_header (account, playlist, now_us);
  if (!account->has_playlist)
    account->target_s = playlist->target_duration_s;
  for (guint i = 0; i < playlist->segments->len; i++) {
    const UsPlaylistSegment *segment = playlist->segments->pdata[i];
    const Row *last = last_row (account), *known = get_row (account, segment->number);
    if (known != NULL)
      check_unchanged (account, known, segment, now_us);
    if (known != NULL || (last != NULL && segment->number < last->number))
      continue;
    if (last != NULL && segment->number > last->number + 1) {
      take_jump (account, last->number + 1, segment, now_us);
      append_row (account, segment, now_us);
      continue;
    }
    check_new (account, last, segment, now_us);
    append_row (account, segment, now_us);
  }
  if (!account->has_playlist && account->rows->len > 0)
    choose_start (account);
  account->has_playlist = account->rows->len > 0;
  account->sequence = MAX (account->sequence, playlist->media_sequence);
  account->discontinuity_sequence
      = MAX (account->discontinuity_sequence, playlist->discontinuity_sequence);
  account->n_longest = MAX (account->n_longest, playlist->segments->len);
}

/**
 * us_account_next:
 * @number: (out): of the first segment that is listed, due and not fetched
 * @uri: (out) (transfer none): as written in the playlist
 * @map_uri: (out) (transfer none) (nullable): of its initialisation section
 *
 * Returns: whether there is one
 */
gboolean
us_account_next (const UsAccount *account, guint64 *number, const char **uri,
                 const char **map_uri) {
  guint i = account->rows->len;
  const Row *next = NULL;
  for (; i > 0; i--) {
    const Row *row = account->rows->pdata[i - 1];
    if (row->is_done || !row->is_due)
      break;
    next = row;
  }
  if (next == NULL)
    return FALSE;
  *number = next->number;
  *uri = next->uri;
  *map_uri = next->map_uri;
  return TRUE;
}

/**
 * us_account_fetched:
 * @pictures: (nullable): what is in it; %NULL: it cannot be read, and is not counted
 * @now_us: when it was whole
 */
void
us_account_fetched (UsAccount *account, guint64 number, const UsPictures *pictures, gint64 now_us) {
  Row *row = get_row (account, number);
  if (row == NULL || row->is_done)
    return;
  row->is_done = TRUE;
  row->done_us = now_us;
  if (pictures != NULL)
    row->pictures = *pictures;
  if (account->is_playing && now_us <= account->play_end_us) {
    account->play_end_us += row->duration_us;
    return;
  }
  if (account->is_playing) {
    Stall stall = { account->play_end_us, now_us };
    g_array_append_val (account->stalls, stall);
  }
  account->is_playing = TRUE;
  account->play_end_us = now_us + row->duration_us;
}

/**
 * us_account_rejoin:
 *
 * The play clock goes on as that of a viewer who comes now: three target durations from the end of
 * what was listed and fetched.
 */
void
us_account_rejoin (UsAccount *account, gint64 now_us) {
  gint64 left_us = (gint64)START_TARGETS * account->target_s * G_USEC_PER_SEC;
  gint64 in_hand_us = 0;
  for (guint i = account->rows->len; i > 0 && in_hand_us < left_us; i--) {
    const Row *row = account->rows->pdata[i - 1];
    if (row->is_lost || (!row->is_done && in_hand_us > 0))
      break;
    in_hand_us += row->is_done ? row->duration_us : 0;
  }
  account->is_playing = in_hand_us > 0;
  account->play_end_us = now_us + in_hand_us;
}

/**
 * us_account_lost:
 *
 * The segment could not be had: a player skips it, and its pictures are missing.
 */
void
us_account_lost (UsAccount *account, guint64 number, gint64 now_us) {
  Row *row = get_row (account, number);
  if (row == NULL || row->is_done)
    return;
  row->is_done = row->is_lost = TRUE;
  row->done_us = now_us;
}

guint
us_account_get_n_segments (const UsAccount *account) {
  return account->rows->len;
}

/**
 * us_account_get_last_visible_us:
 *
 * Returns: when the newest segment appeared, monotonic; 0: there is none
 */
gint64
us_account_get_last_visible_us (const UsAccount *account) {
  const Row *last = last_row (account);
  return last != NULL ? last->visible_us : 0;
}

/* ---- the balance of a stretch ---- */

static gint64
round_frames (gint64 us, gint64 frame_us) {
  return us >= 0 ? (us + frame_us / 2) / frame_us : -((-us + frame_us / 2) / frame_us);
}

/* Later minus earlier on a clock that wraps. */
static gint64
difference (gint64 later_us, gint64 earlier_us, gint64 wrap_us) {
  gint64 d = later_us - earlier_us;
  if (wrap_us > 0) {
    d %= wrap_us;
    if (d > wrap_us / 2)
      d -= wrap_us;
    else if (d < -wrap_us / 2)
      d += wrap_us;
  }
  return d;
}

static void
add_frames (UsFelt *felt, const Row *row, gint64 missing, const char *where) {
  if (missing == 0)
    return;
  felt->missing_frames += (guint)MAX (missing, 0);
  felt->repeated_frames += (guint)MAX (-missing, 0);
  g_ptr_array_add (felt->details, g_strdup_printf ("segment %" G_GUINT64_FORMAT
                                                   ": %" G_GINT64_FORMAT " frames %s %s",
                                                   row->number, ABS (missing),
                                                   missing > 0 ? "missing" : "repeated", where));
}

static void
count_frames (const Row *before, const Row *row, UsFelt *felt) {
  const UsPictures *mine = &row->pictures, *theirs = before != NULL ? &before->pictures : NULL;
  if (row->is_lost && felt->frame_us > 0) {
    add_frames (felt, row, round_frames (row->duration_us, felt->frame_us), "with it");
    return;
  }
  if (mine->frame_us <= 0)
    return;
  felt->frame_us = mine->frame_us;
  gint64 length = round_frames (mine->end_us - mine->first_us, mine->frame_us);
  add_frames (felt, row, length - mine->n_frames, "inside");
  if (theirs == NULL || theirs->frame_us <= 0 || row->is_discontinuous
      || row->discontinuity != before->discontinuity)
    return;
  gint64 hole_us = difference (mine->first_us, theirs->end_us, mine->wrap_us);
  add_frames (felt, row, round_frames (hole_us, mine->frame_us), "before it");
}

static gint
compare_times (gconstpointer a, gconstpointer b) {
  gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
  return x < y ? -1 : x > y;
}

/* How late the worst row of the stretch appeared: against the median of the rows before it, since
 * any single one of those may itself have been late. */
static gint64
worst_delay_us (const UsAccount *account, gint64 from_us, gint64 to_us) {
  g_autoptr (GArray) usual = g_array_new (FALSE, FALSE, sizeof (gint64));
  guint first = 0;
  while (first < account->rows->len && ((Row *)account->rows->pdata[first])->visible_us < from_us)
    first++;
  for (guint i = first; i > 0 && usual->len < RUN_IN_ROWS; i--) {
    const Row *row = account->rows->pdata[i - 1];
    gint64 offset_us = row->visible_us - row->media_us;
    if (!row->was_there)
      g_array_append_val (usual, offset_us);
    if (row->is_discontinuous)
      break; /* another timeline before it */
  }
  if (usual->len == 0)
    return 0;
  g_array_sort (usual, compare_times);
  gint64 median_us = g_array_index (usual, gint64, usual->len / 2), worst_us = 0;
  for (guint i = first; i < account->rows->len; i++) {
    const Row *row = account->rows->pdata[i];
    if (row->visible_us <= to_us)
      worst_us = MAX (worst_us, row->visible_us - row->media_us - median_us);
  }
  return worst_us;
}

static guint
count_notes (const GPtrArray *notes, gint64 from_us, gint64 to_us, GPtrArray *texts) {
  guint n = 0;
  for (guint i = 0; i < notes->len; i++) {
    const Note *note = notes->pdata[i];
    if (note->at_us < from_us || note->at_us > to_us)
      continue;
    n++;
    if (texts != NULL)
      g_ptr_array_add (texts, g_strdup (note->text));
  }
  return n;
}

/**
 * us_account_felt:
 * @from_us: monotonic beginning of the stretch
 * @to_us: its end, which should be now
 * @felt: (out): us_felt_clear() it
 */
void
us_account_felt (const UsAccount *account, gint64 from_us, gint64 to_us, UsFelt *felt) {
  gint64 stall_us = 0;
  *felt = (UsFelt){ .violations = g_ptr_array_new_with_free_func (g_free),
                    .details = g_ptr_array_new_with_free_func (g_free) };
  count_notes (account->violations, from_us, to_us, felt->violations);
  felt->failed_requests = count_notes (account->failures, from_us, to_us, NULL);
  for (guint i = 0; i < account->stalls->len; i++) {
    const Stall *stall = &g_array_index (account->stalls, Stall, i);
    stall_us += MAX (MIN (stall->to_us, to_us) - MAX (stall->from_us, from_us), 0);
  }
  if (account->is_playing && account->play_end_us < to_us)
    stall_us += to_us - MAX (account->play_end_us, from_us); /* it still lasts */
  felt->stall_ms = (stall_us + 500) / 1000;
  for (guint i = 0; i < account->rows->len; i++) {
    const Row *row = account->rows->pdata[i];
    const Row *before = i > 0 ? account->rows->pdata[i - 1] : NULL;
    gboolean is_inside = row->visible_us >= from_us && row->visible_us <= to_us;
    if (!is_inside || !row->is_due) {
      felt->frame_us = row->pictures.frame_us > 0 ? row->pictures.frame_us : felt->frame_us;
      continue;
    }
    felt->n_segments++;
    felt->discontinuities += row->is_discontinuous ? 1 : 0;
    if (row->is_done)
      count_frames (before, row, felt);
  }
  felt->added_delay_ms = (worst_delay_us (account, from_us, to_us) + 500) / 1000;
}

void
us_felt_clear (UsFelt *felt) {
  g_clear_pointer (&felt->violations, g_ptr_array_unref);
  g_clear_pointer (&felt->details, g_ptr_array_unref);
}
