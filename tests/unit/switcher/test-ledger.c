/* test-ledger.c - what may and may not be published, and how it is numbered */
#include "switcher/ledger.h"

#include <string.h>

#include "hls/mpegts.h"
#include "hls/playlist.h"
#include "ts-segment.h"

#define SECOND G_USEC_PER_SEC

static UsLedgerOffer
ours (guint64 epoch, guint64 number, guint64 discontinuity, gboolean is_discontinuous) {
  return (UsLedgerOffer){ .is_ours = TRUE,
                          .epoch = epoch,
                          .number = number,
                          .discontinuity = discontinuity,
                          .is_discontinuous = is_discontinuous,
                          .duration_us = 2 * SECOND,
                          .wall_ms = 1000000 + (gint64)number * 2000,
                          .before_end_ms = -1 };
}

static gboolean
append (UsLedger *ledger, UsLedgerOffer offer, gint64 now_us, GError **error) {
  g_autoptr (GBytes) bytes = ts_segment (offer.number, 0);
  offer.bytes = bytes;
  return us_ledger_append (ledger, &offer, now_us, error);
}

static void
append_ok (UsLedger *ledger, UsLedgerOffer offer, gint64 now_us) {
  g_autoptr (GError) error = NULL;
  gboolean is_appended = append (ledger, offer, now_us, &error);
  g_assert_no_error (error);
  g_assert_true (is_appended);
}

static UsPlaylist *
listed (UsLedger *ledger) {
  g_autoptr (GError) error = NULL;
  g_autofree char *text = us_ledger_render (ledger);
  g_assert_nonnull (text);
  UsPlaylist *playlist = us_playlist_parse (text, strlen (text), &error);
  g_assert_no_error (error);
  return playlist;
}

static const UsPlaylistSegment *
at (UsPlaylist *playlist, guint index) {
  g_assert_cmpuint (index, <, playlist->segments->len);
  return g_ptr_array_index (playlist->segments, index);
}

static void
test_window (void) {
  g_autoptr (UsLedger) ledger = us_ledger_new (3, "", 1, 1, 1);
  g_assert_null (us_ledger_render (ledger));
  g_assert_true (us_ledger_set_target (ledger, 2));
  for (guint64 n = 100; n < 110; n++) {
    append_ok (ledger, ours (7, n, 4, FALSE), (gint64)n * 2 * SECOND);
    g_autoptr (UsPlaylist) playlist = listed (ledger);
    g_assert_cmpuint (playlist->media_sequence, ==, MAX (n, 102) - 2);
    g_assert_cmpuint (at (playlist, playlist->segments->len - 1)->number, ==, n);
    g_assert_cmpuint (playlist->discontinuity_sequence, ==, 4);
    g_assert_cmpuint (playlist->target_duration_s, ==, 2);
    g_assert_true (playlist->can_block_reload);
    g_assert_false (playlist->is_ended);
  }
  g_autoptr (UsPlaylist) playlist = listed (ledger);
  g_assert_cmpstr (at (playlist, 0)->uri, ==, "7-107.ts");
}

static gboolean
recall (UsLedger *ledger, guint64 epoch, guint64 number, gint64 now_us) {
  g_autoptr (GBytes) bytes = ts_segment (number, 0);
  g_autofree char *name = us_ledger_name (ledger, epoch, number);
  UsSegment *segment = us_segment_new (epoch, number, name, bytes);
  gboolean is_taken = us_ledger_recall (ledger, segment, US_ORIGIN_BACKUP, now_us);
  us_segment_unref (segment);
  return is_taken;
}

/* From before the start: answers, is not listed, and goes like those that were. */
static void
test_recall (void) {
  g_autoptr (UsLedger) ledger = us_ledger_new (3, "", 1, 1, 1);
  g_assert_true (us_ledger_set_target (ledger, 2));
  g_assert_false (recall (ledger, 7, 99, SECOND)); /* before what? */
  for (guint64 n = 100; n < 103; n++)
    append_ok (ledger, ours (7, n, 4, TRUE), SECOND);
  g_autofree char *before = us_ledger_render (ledger);
  g_assert_false (recall (ledger, 7, 98, SECOND));
  g_assert_false (recall (ledger, 7, 100, SECOND));
  g_assert_false (recall (ledger, 6, 99, SECOND));
  g_assert_true (recall (ledger, 7, 99, SECOND));
  g_assert_true (recall (ledger, 7, 98, SECOND));
  g_autofree char *after = us_ledger_render (ledger);
  g_assert_cmpstr (before, ==, after);
  g_assert_cmpuint (us_ledger_get_n_rows (ledger), ==, 5);
  g_assert_cmpuint (us_ledger_get_row (ledger, 0)->segment->number, ==, 98);
  g_assert_cmpuint (us_ledger_expire (ledger, 8 * SECOND), ==, 0); /* 6 s listed, 2 s itself */
  g_assert_cmpuint (us_ledger_expire (ledger, 9 * SECOND), ==, 2);
  append_ok (ledger, ours (7, 103, 4, FALSE), 9 * SECOND);
  g_autoptr (UsPlaylist) playlist = listed (ledger);
  g_assert_cmpuint (playlist->media_sequence, ==, 101);
}

/* Only what has a name of ours can have been listed by somebody else. */
static void
test_recall_foreign (void) {
  g_autoptr (UsLedger) ledger = us_ledger_new (3, "", 1, 100, 1);
  UsLedgerOffer offer = ours (7, 100, 4, FALSE);
  offer.is_ours = FALSE;
  g_assert_true (us_ledger_set_target (ledger, 2));
  append_ok (ledger, offer, SECOND);
  g_assert_false (recall (ledger, 1, 99, SECOND));
}

/* RFC 8216 6.2.2: no shorter than three target durations. */
static void
test_short_segments (void) {
  g_autoptr (UsLedger) ledger = us_ledger_new (3, "", 1, 1, 1);
  us_ledger_set_target (ledger, 2);
  for (guint64 n = 1; n <= 20; n++) {
    UsLedgerOffer offer = ours (7, n, 0, FALSE);
    offer.duration_us = SECOND;
    append_ok (ledger, offer, 0);
  }
  g_assert_cmpuint (us_ledger_get_n_listed (ledger), ==, 6);
}

static void
test_retention (void) {
  g_autoptr (UsLedger) ledger = us_ledger_new (3, "", 1, 1, 1);
  us_ledger_set_target (ledger, 2);
  for (guint64 n = 0; n < 4; n++)
    append_ok (ledger, ours (7, n + 1, 0, FALSE), 0);
  /* the first left at 0; it stays for the playlist's 6 s and its own 2 s */
  g_assert_cmpuint (us_ledger_expire (ledger, 8 * SECOND - 1), ==, 0);
  g_assert_cmpuint (us_ledger_get_n_rows (ledger), ==, 4);
  g_assert_cmpuint (us_ledger_expire (ledger, 8 * SECOND), ==, 1);
  g_assert_cmpuint (us_ledger_get_n_rows (ledger), ==, 3);
  g_assert_cmpuint (us_ledger_expire (ledger, 1000 * SECOND), ==, 0); /* listed ones never */
  g_assert_cmpuint (us_ledger_get_n_listed (ledger), ==, 3);
}

static void
test_refusals (void) {
  g_autoptr (UsLedger) ledger = us_ledger_new (3, "", 1, 1, 1);
  g_autoptr (GError) error = NULL;
  g_assert_false (append (ledger, ours (7, 5, 0, FALSE), 0, &error)); /* no target duration */
  g_assert_error (error, US_LEDGER_ERROR, US_LEDGER_ERROR_VALUE);
  g_clear_error (&error);
  us_ledger_set_target (ledger, 2);
  append_ok (ledger, ours (7, 5, 0, FALSE), 0);
  g_autofree char *before = us_ledger_render (ledger);

  for (guint64 n = 4; n <= 5; n++) {
    g_assert_false (append (ledger, ours (7, n, 0, FALSE), 0, &error));
    g_assert_error (error, US_LEDGER_ERROR, US_LEDGER_ERROR_NOT_NEXT);
    g_clear_error (&error);
  }
  UsLedgerOffer empty = ours (7, 6, 0, FALSE);
  empty.bytes = NULL;
  g_assert_false (us_ledger_append (ledger, &empty, 0, &error));
  g_assert_error (error, US_LEDGER_ERROR, US_LEDGER_ERROR_VALUE);
  g_clear_error (&error);
  UsLedgerOffer timeless = ours (7, 6, 0, FALSE);
  timeless.duration_us = 0;
  g_assert_false (append (ledger, timeless, 0, &error));
  g_assert_error (error, US_LEDGER_ERROR, US_LEDGER_ERROR_VALUE);
  g_autofree char *after = us_ledger_render (ledger);
  g_assert_cmpstr (before, ==, after);
}

static void
test_target_never_changes (void) {
  g_autoptr (UsLedger) ledger = us_ledger_new (3, "", 1, 1, 1);
  g_assert_true (us_ledger_set_target (ledger, 2));
  g_assert_false (us_ledger_set_target (ledger, 6));
  g_assert_cmpuint (us_ledger_get_target (ledger), ==, 2);
  UsLedgerOffer offer = ours (7, 5, 0, FALSE);
  offer.duration_us = 3 * SECOND;
  append_ok (ledger, offer, 0);
  g_assert_cmpuint (us_ledger_get_n_over_target (ledger), ==, 1);
  g_assert_cmpint (us_ledger_get_last (ledger)->segment->duration_us, ==, 3 * SECOND);
  /* RFC 8216 4.3.3.1: no EXTINF that rounds to more */
  g_autofree char *text = us_ledger_render (ledger);
  g_assert_nonnull (strstr (text, "#EXTINF:2.499,"));
}

/* An origin's numbers are its own affair; our memory is not. */
static void
test_absurd_durations (void) {
  for (guint i = 0; i < 2; i++) {
    g_autoptr (UsLedger) ledger = us_ledger_new (10, "", 1, 1, 1);
    g_assert_true (us_ledger_set_target (ledger, i == 0 ? 86400 : 2));
    for (guint n = 0; n < 2000; n++) {
      UsLedgerOffer offer = { .number = n, .duration_us = 2 * SECOND, .wall_ms = -1 };
      if (i == 1)
        offer.duration_us = n % 2 == 0 ? (gint64)86400 * SECOND : 1000;
      append_ok (ledger, offer, (gint64)n * SECOND);
      us_ledger_expire (ledger, (gint64)n * SECOND);
      g_assert_cmpuint (us_ledger_get_n_listed (ledger), <=, US_LEDGER_MAX_LISTED);
      g_assert_cmpuint (us_ledger_get_n_rows (ledger), <=, 3 * US_LEDGER_MAX_LISTED);
    }
    if (i == 1)
      g_assert_cmpuint (us_ledger_get_n_rows (ledger), <, 40);
  }
}

/* The tag ages out of the window: DISCONTINUITY-SEQUENCE counts it, MEDIA-SEQUENCE goes on. */
static void
test_discontinuity_ages (void) {
  g_autoptr (UsLedger) ledger = us_ledger_new (3, "", 1, 1, 1);
  us_ledger_set_target (ledger, 2);
  for (guint64 n = 10; n < 20; n++) {
    append_ok (ledger, ours (7, n, n >= 12 ? 1 : 0, n == 12), 0);
    g_autoptr (UsPlaylist) playlist = listed (ledger);
    guint64 first = playlist->media_sequence;
    g_assert_cmpuint (playlist->discontinuity_sequence, ==, first > 12 ? 1 : 0);
    for (guint i = 0; i < playlist->segments->len; i++) {
      const UsPlaylistSegment *segment = at (playlist, i);
      g_assert_cmpint (segment->is_discontinuous, ==, segment->number == 12);
      g_assert_cmpuint (segment->discontinuity, ==, segment->number >= 12 ? 1 : 0);
    }
  }
}

/* Another switcher, started later, publishes the same lines. */
static void
test_two_agree (void) {
  g_autoptr (UsLedger) a = us_ledger_new (3, "", 1, 1, 1);
  g_autoptr (UsLedger) b = us_ledger_new (3, "", 99, 99, 99);
  us_ledger_set_target (a, 2);
  us_ledger_set_target (b, 2);
  for (guint64 n = 10; n < 20; n++) {
    append_ok (a, ours (7, n, n >= 13 ? 6 : 5, n == 13), 0);
    if (n >= 13)
      append_ok (b, ours (7, n, 6, n == 13), 0);
  }
  g_autofree char *text_a = us_ledger_render (a);
  g_autofree char *text_b = us_ledger_render (b);
  g_assert_cmpstr (text_a, ==, text_b);
}

static void
test_gap (void) {
  g_autoptr (UsLedger) ledger = us_ledger_new (10, "", 1, 1, 1);
  us_ledger_set_target (ledger, 2);
  append_ok (ledger, ours (7, 10, 0, FALSE), 0);
  append_ok (ledger, ours (7, 13, 0, FALSE), 0);
  g_assert_cmpuint (us_ledger_get_n_gaps (ledger), ==, 2);
  g_autoptr (UsPlaylist) playlist = listed (ledger);
  g_assert_cmpuint (playlist->segments->len, ==, 4);
  for (guint i = 0; i < 4; i++) {
    const UsPlaylistSegment *segment = at (playlist, i);
    const UsLedgerRow *row = us_ledger_get_row (ledger, i);
    g_assert_cmpuint (segment->number, ==, 10 + i);
    g_assert_cmpint (segment->is_gap, ==, i == 1 || i == 2);
    g_assert_false (segment->is_discontinuous); /* time goes on, pictures are missing */
    g_assert_cmpint (segment->wall_ms, ==, 1000000 + (10 + i) * 2000);
    g_assert_cmpint (segment->duration_us, ==, 2 * SECOND);
    g_assert_cmpuint (g_bytes_get_size (row->segment->bytes), >, 0); /* and still it answers */
    /* under a name that no segment has */
    g_assert_cmpint (g_str_has_suffix (row->segment->name, "-gap.ts"), ==, segment->is_gap);
  }
  g_assert_cmpuint (playlist->version, >=, 8);
}

/* Discontinuities that fell into the hole are still counted, so that the numbers agree. */
static void
test_gap_with_discontinuities (void) {
  g_autoptr (UsLedger) ledger = us_ledger_new (10, "", 1, 1, 1);
  us_ledger_set_target (ledger, 2);
  append_ok (ledger, ours (7, 10, 3, FALSE), 0);
  append_ok (ledger, ours (7, 13, 5, FALSE), 0);
  g_assert_cmpuint (us_ledger_get_last (ledger)->segment->discontinuity, ==, 5);
  g_assert_true (us_ledger_get_last (ledger)->segment->is_discontinuous);
  g_assert_true (us_ledger_get_row (ledger, 2)->segment->is_discontinuous);
  g_assert_false (us_ledger_get_row (ledger, 1)->segment->is_discontinuous);
}

/* Too long for gaps, or across epochs: another playlist begins, with the packagers' numbers. */
static void
test_step (void) {
  g_autoptr (UsLedger) ledger = us_ledger_new (10, "", 1, 1, 1);
  us_ledger_set_target (ledger, 2);
  for (guint64 n = 8; n <= 10; n++)
    append_ok (ledger, ours (7, n, 4, FALSE), 0);
  append_ok (ledger, ours (7, 15, 6, FALSE), SECOND); /* four are missing */
  const UsLedgerRow *row = us_ledger_get_last (ledger);
  g_assert_cmpuint (row->segment->number, ==, 15);
  g_assert_cmpuint (row->segment->discontinuity, ==, 6);
  g_assert_cmpstr (row->segment->name, ==, "7-15.ts");
  g_assert_false (row->segment->is_discontinuous);
  g_assert_cmpuint (us_ledger_get_n_steps (ledger), ==, 1);
  g_assert_cmpuint (us_ledger_get_n_gaps (ledger), ==, 0);
  g_assert_cmpuint (us_ledger_get_n_listed (ledger), ==, 1);
  append_ok (ledger, ours (7, 16, 6, FALSE), 0);
  g_assert_false (us_ledger_is_long_enough (ledger));
  append_ok (ledger, ours (7, 17, 6, FALSE), 0);
  g_assert_true (us_ledger_is_long_enough (ledger));
  append_ok (ledger, ours (8, 5000, 7, TRUE), 0); /* a new epoch, far ahead */
  g_assert_cmpuint (us_ledger_get_last (ledger)->segment->number, ==, 5000);
  g_assert_cmpuint (us_ledger_get_last (ledger)->segment->discontinuity, ==, 7);
  g_assert_cmpuint (us_ledger_get_n_steps (ledger), ==, 2);
  append_ok (ledger, ours (8, 5001, 7, FALSE), 0);

  g_autoptr (UsLedger) other = us_ledger_new (10, "", 2, 2, 2);
  us_ledger_set_target (other, 2);
  append_ok (other, ours (8, 5000, 7, TRUE), 0);
  append_ok (other, ours (8, 5001, 7, FALSE), 0);
  g_autofree char *text = us_ledger_render (ledger);
  g_autofree char *its = us_ledger_render (other);
  g_assert_cmpstr (text, ==, its);
}

/* What the playlist before the step listed answers until its time is over, counted from when that
 * playlist gave way. */
static void
test_step_keeps (void) {
  g_autoptr (UsLedger) ledger = us_ledger_new (4, "", 1, 1, 1);
  us_ledger_set_target (ledger, 2);
  for (guint64 n = 1; n <= 4; n++)
    append_ok (ledger, ours (7, n, 0, FALSE), 0);
  append_ok (ledger, ours (7, 100, 0, FALSE), SECOND);
  g_assert_cmpuint (us_ledger_expire (ledger, 1000 * SECOND), ==, 0);
  append_ok (ledger, ours (7, 200, 0, FALSE), 1000 * SECOND); /* again, before that was shown */
  us_ledger_settle (ledger, 2000 * SECOND);
  g_assert_cmpuint (us_ledger_expire (ledger, 2010 * SECOND - 1), ==, 0); /* 8 s and its own 2 s */
  g_assert_cmpuint (us_ledger_expire (ledger, 2010 * SECOND), ==, 5);
  g_assert_cmpuint (us_ledger_get_n_rows (ledger), ==, 1);
}

/* An ingest that lost its memory counts discontinuities from the beginning: ours do not go back. */
static void
test_step_keeps_discontinuity (void) {
  g_autoptr (UsLedger) ledger = us_ledger_new (4, "", 1, 1, 1);
  us_ledger_set_target (ledger, 2);
  append_ok (ledger, ours (7, 1, 9, FALSE), 0);
  append_ok (ledger, ours (8, 5000, 1, TRUE), 0);
  g_assert_cmpuint (us_ledger_get_last (ledger)->segment->discontinuity, ==, 10);
}

/* A lower number cannot be taken over: the next one is. */
static void
test_renumbering (void) {
  g_autoptr (UsLedger) ledger = us_ledger_new (10, "", 1, 1, 1);
  us_ledger_set_target (ledger, 2);
  append_ok (ledger, ours (7, 10, 0, FALSE), 0);
  append_ok (ledger, ours (8, 5, 0, FALSE), 0);
  const UsLedgerRow *row = us_ledger_get_last (ledger);
  g_assert_cmpuint (row->segment->number, ==, 11);
  g_assert_cmpstr (row->segment->name, ==, "8-5.ts");
  g_assert_true (row->segment->is_discontinuous);
  append_ok (ledger, ours (8, 6, 0, FALSE), 0);
  g_assert_cmpuint (us_ledger_get_last (ledger)->segment->number, ==, 12);
  g_assert_cmpuint (us_ledger_get_n_steps (ledger), ==, 0);
}

static void
test_foreign (void) {
  g_autoptr (UsLedger) ledger = us_ledger_new (3, "", 0xabc, 1000, 1000);
  us_ledger_set_target (ledger, 2);
  for (guint64 n = 0; n < 5; n++)
    append_ok (ledger, (UsLedgerOffer){ .number = n, .duration_us = 2 * SECOND, .wall_ms = -1 }, 0);
  const UsLedgerRow *row = us_ledger_get_last (ledger);
  g_assert_cmpuint (row->segment->number, ==, 1004);
  g_assert_cmpstr (row->segment->name, ==, "abc-1004.ts");
  g_assert_false (row->segment->is_discontinuous);
  /* the other side counts from elsewhere and has used the same names */
  append_ok (ledger,
             (UsLedgerOffer){ .origin = US_ORIGIN_BACKUP,
                              .number = 2,
                              .is_join = TRUE,
                              .duration_us = 2 * SECOND,
                              .wall_ms = -1 },
             0);
  row = us_ledger_get_last (ledger);
  g_assert_cmpuint (row->segment->number, ==, 1005);
  g_assert_true (row->segment->is_discontinuous);
  g_assert_cmpuint (row->segment->discontinuity, ==, 1001);
}

/* A clock that steps on one side is not shown to viewers, unless the epoch is another one. */
static void
test_dates_follow (void) {
  g_autoptr (UsLedger) ledger = us_ledger_new (5, "", 1, 1, 1);
  g_assert_true (us_ledger_set_target (ledger, 2));
  const gint64 dates_ms[] = { 9010000, 9012000, 9044000, 9015950, 5417950, 9020000 };
  const gint64 expected_ms[] = { 9010000, 9012000, 9014000, 9015950, 9017950, 9020000 };
  for (guint i = 0; i < G_N_ELEMENTS (dates_ms); i++) {
    UsLedgerOffer offer = ours (7, 100 + i, 0, FALSE);
    offer.wall_ms = dates_ms[i];
    append_ok (ledger, offer, i * SECOND);
    g_assert_cmpint (us_ledger_get_last (ledger)->segment->wall_ms, ==, expected_ms[i]);
  }
  UsLedgerOffer next = ours (8, 200, 1, TRUE);
  next.wall_ms = 90000;
  append_ok (ledger, next, 10 * SECOND);
  g_assert_cmpint (us_ledger_get_last (ledger)->segment->wall_ms, ==, 90000);
}

/* The ingest follows its clock, or durations were wrong for a while: its dates are shown again as
 * soon as they have followed from each other long enough; until then ours do. */
static void
test_dates_believed (void) {
  g_autoptr (UsLedger) ledger = us_ledger_new (5, "", 1, 1, 1);
  g_assert_true (us_ledger_set_target (ledger, 2));
  for (guint i = 0; i < 10; i++) {
    UsLedgerOffer offer = ours (7, 100 + i, 0, FALSE);
    offer.wall_ms = 9000000 + i * 2000 + (i > 0 ? 12000 : 0);
    append_ok (ledger, offer, i * SECOND);
    gint64 expected_ms = 9000000 + i * 2000 + (i >= 6 ? 12000 : 0);
    g_assert_cmpint (us_ledger_get_last (ledger)->segment->wall_ms, ==, expected_ms);
  }
}

/* Its list says that the dates stepped at this one: then the ingest did, and one switcher that was
 * there is to say the same as another that came later. A list that is off as a whole is not
 * believed. */
static void
test_dates_stepped (void) {
  g_autoptr (UsLedger) ledger = us_ledger_new (5, "", 1, 1, 1);
  g_assert_true (us_ledger_set_target (ledger, 2));
  const gint64 dates_ms[] = { 9000000, 9002000, 9034000, 9036000, 9068000, 9040000 };
  const gint64 befores_ms[] = { -1, 9002000, 9004000, 9036000, 9068000, 9040000 };
  const gint64 expected_ms[] = { 9000000, 9002000, 9034000, 9036000, 9038000, 9040000 };
  for (guint i = 0; i < G_N_ELEMENTS (dates_ms); i++) {
    UsLedgerOffer offer = ours (7, 100 + i, 0, FALSE);
    offer.wall_ms = dates_ms[i];
    offer.before_end_ms = befores_ms[i];
    append_ok (ledger, offer, i * SECOND);
    g_assert_cmpint (us_ledger_get_last (ledger)->segment->wall_ms, ==, expected_ms[i]);
  }
}

/* Segments that last longer than they take, as of an encoder whose sound runs ahead: what is shown
 * goes astray only while they come. */
static void
test_dates_astray (void) {
  g_autoptr (UsLedger) ledger = us_ledger_new (5, "", 1, 1, 1);
  g_assert_true (us_ledger_set_target (ledger, 2));
  for (guint i = 0; i < 30; i++) {
    UsLedgerOffer offer = ours (7, 100 + i, 0, FALSE);
    offer.wall_ms = 9000000 + i * 2000;
    if (i < 10)
      offer.duration_us = 10 * SECOND;
    append_ok (ledger, offer, i * SECOND);
    if (i >= 16)
      g_assert_cmpint (us_ledger_get_last (ledger)->segment->wall_ms, ==, offer.wall_ms);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/switcher/ledger/window", test_window);
  g_test_add_func ("/switcher/ledger/short-segments", test_short_segments);
  g_test_add_func ("/switcher/ledger/retention", test_retention);
  g_test_add_func ("/switcher/ledger/refusals", test_refusals);
  g_test_add_func ("/switcher/ledger/target-never-changes", test_target_never_changes);
  g_test_add_func ("/switcher/ledger/absurd-durations", test_absurd_durations);
  g_test_add_func ("/switcher/ledger/discontinuity-ages", test_discontinuity_ages);
  g_test_add_func ("/switcher/ledger/two-agree", test_two_agree);
  g_test_add_func ("/switcher/ledger/recall", test_recall);
  g_test_add_func ("/switcher/ledger/recall-foreign", test_recall_foreign);
  g_test_add_func ("/switcher/ledger/gap", test_gap);
  g_test_add_func ("/switcher/ledger/gap-with-discontinuities", test_gap_with_discontinuities);
  g_test_add_func ("/switcher/ledger/step", test_step);
  g_test_add_func ("/switcher/ledger/step-keeps", test_step_keeps);
  g_test_add_func ("/switcher/ledger/step-keeps-discontinuity", test_step_keeps_discontinuity);
  g_test_add_func ("/switcher/ledger/renumbering", test_renumbering);
  g_test_add_func ("/switcher/ledger/foreign", test_foreign);
  g_test_add_func ("/switcher/ledger/dates-follow", test_dates_follow);
  g_test_add_func ("/switcher/ledger/dates-believed", test_dates_believed);
  g_test_add_func ("/switcher/ledger/dates-stepped", test_dates_stepped);
  g_test_add_func ("/switcher/ledger/dates-astray", test_dates_astray);
  return g_test_run ();
}
