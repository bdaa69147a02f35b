/* test-account.c - what the books say of a viewing that is told to them */
#include "drill/account.h"

#include <string.h>

#define S ((gint64)G_USEC_PER_SEC)
#define FRAME_US (S / 25)
#define WALL_MS G_GINT64_CONSTANT (1700000000000)
#define TARGET_S 2

/* @n segments of 2 s from @first on, as a switcher lists them; numbers from @cut on belong to a
 * second timeline. */
static UsPlaylist *
playlist_of (guint64 first, guint n, guint64 cut) {
  UsPlaylist *playlist = us_playlist_new ();
  playlist->target_duration_s = TARGET_S;
  playlist->media_sequence = first;
  playlist->discontinuity_sequence = first > cut ? 1 : 0;
  for (guint64 i = first; i < first + n; i++) {
    g_autofree char *uri = g_strdup_printf ("s%u.ts", (guint)i);
    UsPlaylistSegment *segment = us_playlist_add (playlist, uri, i, 2 * S);
    segment->wall_ms = WALL_MS + (gint64)i * 2000;
    segment->discontinuity = i >= cut ? 1 : 0;
    segment->is_discontinuous = i == cut;
  }
  return playlist;
}

#define NO_CUT 1000000

static void
list (UsAccount *account, guint64 first, guint n, gint64 now_us) {
  g_autoptr (UsPlaylist) playlist = playlist_of (first, n, NO_CUT);
  us_account_playlist (account, playlist, now_us);
}

static void
fetch_shifted (UsAccount *account, guint64 number, gint64 shift_us, guint n_frames, gint64 now_us) {
  UsPictures pictures = { .first_us = (gint64)number * 2 * S + shift_us,
                          .frame_us = FRAME_US,
                          .n_frames = n_frames };
  pictures.end_us = pictures.first_us + n_frames * FRAME_US;
  us_account_fetched (account, number, &pictures, now_us);
}

static void
fetch (UsAccount *account, guint64 number, gint64 now_us) {
  fetch_shifted (account, number, 0, 50, now_us);
}

/* Rows 0 to 5 listed at 0, the last three of them fetched at once; 6 ... @last each 2 s later,
 * listed and fetched in time. */
static UsAccount *
watch_until (guint64 last) {
  UsAccount *account = us_account_new ();
  list (account, 0, 6, 0);
  for (guint64 n = 3; n <= 5; n++)
    fetch (account, n, 0);
  for (guint64 n = 6; n <= last; n++) {
    list (account, n - 5, 6, (gint64)(n - 5) * 2 * S);
    fetch (account, n, (gint64)(n - 5) * 2 * S);
  }
  return account;
}

static void
test_start (void) {
  g_autoptr (UsAccount) account = us_account_new ();
  guint64 number = 0;
  const char *uri = NULL, *map_uri = NULL;
  g_assert_false (us_account_next (account, &number, &uri, &map_uri));
  list (account, 10, 8, 0);
  g_assert_true (us_account_next (account, &number, &uri, &map_uri));
  g_assert_cmpuint (number, ==, 15); /* three target durations from the end */
  g_assert_cmpstr (uri, ==, "s15.ts");
  fetch (account, 15, 0);
  g_assert_true (us_account_next (account, &number, &uri, &map_uri));
  g_assert_cmpuint (number, ==, 16);
  us_account_lost (account, 16, 0);
  fetch (account, 17, 0);
  g_assert_false (us_account_next (account, &number, &uri, &map_uri));
}

static void
test_calm (void) {
  g_autoptr (UsAccount) account = watch_until (20);
  UsFelt felt;
  us_account_felt (account, S, 30 * S, &felt);
  g_assert_cmpint (felt.stall_ms, ==, 0);
  g_assert_cmpuint (felt.n_segments, ==, 15);
  g_assert_cmpuint (felt.failed_requests, ==, 0);
  g_assert_cmpuint (felt.missing_frames + felt.repeated_frames, ==, 0);
  g_assert_cmpuint (felt.discontinuities, ==, 0);
  g_assert_cmpint (felt.added_delay_ms, ==, 0);
  g_assert_cmpuint (felt.violations->len, ==, 0);
  us_felt_clear (&felt);
}

/* When a segment is due, 4 s are left to play: one that is later than that is a stall. */
static void
test_stall (void) {
  static const struct {
    gint64 late_us, until_us, stall_ms, delay_ms;
  } table[] = {
    { 3 * S, 60 * S, 0, 3000 },
    { 4 * S, 60 * S, 0, 4000 },
    { 5 * S, 60 * S, 1000, 5000 },
    { 7 * S, 16 * S + 500000, 2500, 0 }, /* in the middle of it: it did not come yet */
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (UsAccount) account = watch_until (9);
    gint64 due_us = 10 * S;
    UsFelt felt;
    if (due_us + table[i].late_us <= table[i].until_us) {
      list (account, 5, 6, due_us + table[i].late_us);
      fetch (account, 10, due_us + table[i].late_us);
      for (guint64 n = 11; n < 60; n++) { /* all at once, so that the rest plays */
        list (account, n - 5, 6, due_us + table[i].late_us);
        fetch (account, n, due_us + table[i].late_us);
      }
    }
    us_account_felt (account, 9 * S, table[i].until_us, &felt);
    g_assert_cmpint (felt.stall_ms, ==, table[i].stall_ms);
    g_assert_cmpint (felt.added_delay_ms, ==, table[i].delay_ms);
    us_felt_clear (&felt);
  }
}

/* Who has stalled has nothing in hand, and the next who comes has three target durations. */
static void
test_rejoin (void) {
  static const struct {
    gboolean is_rejoining;
    gint64 stall_ms;
  } table[] = { { FALSE, 3000 }, { TRUE, 0 } };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (UsAccount) account = watch_until (10); /* plays until 16 s */
    UsFelt felt;
    for (guint64 n = 11; n <= 14; n++) { /* all at 20 s, after 4 s without any */
      list (account, n - 5, 6, 20 * S);
      fetch (account, n, 20 * S);
    }
    for (guint64 n = 15; n <= 16; n++) { /* plays until 32 s, with 8 s in hand at 24 s */
      list (account, n - 5, 6, 22 * S);
      fetch (account, n, 22 * S);
    }
    if (table[i].is_rejoining)
      us_account_rejoin (account, 31 * S); /* until 37 s */
    list (account, 12, 6, 35 * S);
    fetch (account, 17, 35 * S);
    us_account_felt (account, 21 * S, 36 * S, &felt);
    g_assert_cmpint (felt.stall_ms, ==, table[i].stall_ms);
    us_felt_clear (&felt);
  }
}

static void
test_frames (void) {
  static const struct {
    gint64 shift_us;
    guint n_frames, missing, repeated;
  } table[] = {
    { 0, 50, 0, 0 },
    { FRAME_US / 3, 50, 0, 0 }, /* jitter is no missing frame */
    { FRAME_US, 49, 1, 0 },     /* the first one lost */
    { 0, 49, 1, 0 },            /* the last one lost: seen at the next segment */
    { -3 * FRAME_US, 53, 0, 3 },
    { 10 * FRAME_US, 40, 10, 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (UsAccount) account = watch_until (9);
    UsFelt felt;
    list (account, 5, 6, 10 * S);
    fetch_shifted (account, 10, table[i].shift_us, table[i].n_frames, 10 * S);
    list (account, 6, 6, 12 * S);
    fetch (account, 11, 12 * S);
    us_account_felt (account, 9 * S, 13 * S, &felt);
    g_assert_cmpuint (felt.missing_frames, ==, table[i].missing);
    g_assert_cmpuint (felt.repeated_frames, ==, table[i].repeated);
    g_assert_cmpint (felt.frame_us, ==, FRAME_US);
    us_felt_clear (&felt);
  }
}

/* A segment inside of which pictures are gone, one that was lost, and a clock that wraps. */
static void
test_frames_inside (void) {
  g_autoptr (UsAccount) account = watch_until (9);
  UsPictures holey = { .first_us = 20 * S, .end_us = 22 * S, .frame_us = FRAME_US, .n_frames = 45 };
  UsPictures wrapped = { .first_us = 26 * S - 26 * S,
                         .end_us = 2 * S,
                         .frame_us = FRAME_US,
                         .n_frames = 50,
                         .wrap_us = 26 * S };
  UsPictures before = {
    .first_us = 24 * S, .end_us = 26 * S, .frame_us = FRAME_US, .n_frames = 50, .wrap_us = 26 * S
  };
  UsFelt felt;
  list (account, 5, 6, 10 * S);
  us_account_fetched (account, 10, &holey, 10 * S);
  us_account_felt (account, 9 * S, 10 * S, &felt);
  g_assert_cmpuint (felt.missing_frames, ==, 5);
  g_assert_cmpuint (felt.details->len, ==, 1);
  us_felt_clear (&felt);
  list (account, 6, 6, 12 * S);
  us_account_lost (account, 11, 12 * S);
  list (account, 7, 6, 14 * S);
  us_account_fetched (account, 12, &before, 14 * S);
  list (account, 8, 6, 16 * S);
  us_account_fetched (account, 13, &wrapped, 16 * S);
  us_account_felt (account, 11 * S, 17 * S, &felt);
  g_assert_cmpuint (felt.missing_frames, ==, 50);
  g_assert_cmpuint (felt.repeated_frames, ==, 0);
  us_felt_clear (&felt);
}

/* Across a DISCONTINUITY time stamps need not meet. */
static void
test_discontinuity (void) {
  g_autoptr (UsAccount) account = watch_until (9);
  g_autoptr (UsPlaylist) cut = playlist_of (5, 6, 10);
  UsFelt felt;
  us_account_playlist (account, cut, 10 * S);
  fetch_shifted (account, 10, -1000 * S, 50, 10 * S);
  us_account_felt (account, 9 * S, 11 * S, &felt);
  g_assert_cmpuint (felt.discontinuities, ==, 1);
  g_assert_cmpuint (felt.missing_frames + felt.repeated_frames, ==, 0);
  g_assert_cmpuint (felt.violations->len, ==, 0);
  us_felt_clear (&felt);
}

static void
test_failures (void) {
  g_autoptr (UsAccount) account = watch_until (9);
  UsFelt felt;
  us_account_failure (account, 3 * S);
  us_account_failure (account, 9 * S + 1);
  us_account_failure (account, 10 * S);
  us_account_felt (account, 9 * S, 11 * S, &felt);
  g_assert_cmpuint (felt.failed_requests, ==, 2);
  us_felt_clear (&felt);
}

/* ---- the rules ---- */

typedef void (*Spoil) (UsPlaylist *playlist);

static UsPlaylistSegment *
row (UsPlaylist *playlist, guint i) {
  return playlist->segments->pdata[i];
}

static void
spoil_nothing (UsPlaylist *playlist) {
}

static void
spoil_target (UsPlaylist *playlist) {
  playlist->target_duration_s = 3;
}

static void
spoil_sequence (UsPlaylist *playlist) {
  playlist->media_sequence -= 3;
  for (guint i = 0; i < playlist->segments->len; i++)
    row (playlist, i)->number -= 3;
}

static void
spoil_discontinuity (UsPlaylist *playlist) {
  row (playlist, 5)->discontinuity = 4;
}

static void
spoil_end (UsPlaylist *playlist) {
  playlist->is_ended = TRUE;
}

static void
spoil_uri (UsPlaylist *playlist) {
  UsPlaylistSegment *last = row (playlist, 5);
  g_free (last->uri);
  last->uri = g_strdup (row (playlist, 4)->uri);
}

static void
spoil_published_uri (UsPlaylist *playlist) {
  g_free (row (playlist, 2)->uri);
  row (playlist, 2)->uri = g_strdup ("other.ts");
}

static void
spoil_published_duration (UsPlaylist *playlist) {
  row (playlist, 2)->duration_us += 1000;
}

static void
spoil_published_date (UsPlaylist *playlist) {
  row (playlist, 2)->wall_ms += 1;
}

static void
spoil_duration (UsPlaylist *playlist) {
  row (playlist, 5)->duration_us = 2600000;
}

static void
spoil_date (UsPlaylist *playlist) {
  row (playlist, 5)->wall_ms += 30000;
}

static void
spoil_window (UsPlaylist *playlist) {
  g_ptr_array_remove_range (playlist->segments, 0, 4);
  playlist->media_sequence += 4;
}

static void
test_rules (void) {
  static const struct {
    const char *name;
    Spoil spoil;
    guint at_least;
    const char *word;
  } table[] = {
    { "nothing", spoil_nothing, 0, NULL },
    { "target", spoil_target, 1, "target duration" },
    { "sequence", spoil_sequence, 1, "media sequence went back" },
    { "discontinuity", spoil_discontinuity, 1, "discontinuity number" },
    { "end", spoil_end, 1, "ended" },
    { "uri", spoil_uri, 1, "has the URI of" },
    { "published uri", spoil_published_uri, 1, "the URI of published segment" },
    { "published duration", spoil_published_duration, 1, "the duration of published" },
    { "published date", spoil_published_date, 1, "the date of published" },
    { "duration", spoil_duration, 1, "lasts 2.600 s" },
    { "date", spoil_date, 1, "+30000 ms off" },
    { "window", spoil_window, 1, "2 segments listed" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (UsAccount) account = watch_until (9);
    g_autoptr (UsPlaylist) playlist = playlist_of (5, 6, NO_CUT);
    UsFelt felt;
    gboolean is_said = table[i].word == NULL;
    table[i].spoil (playlist);
    us_account_playlist (account, playlist, 10 * S);
    us_account_felt (account, 9 * S, 11 * S, &felt);
    g_test_message ("%s", table[i].name);
    g_assert_cmpuint (felt.violations->len, >=, table[i].at_least);
    g_assert_true (table[i].at_least > 0 || felt.violations->len == 0);
    for (guint v = 0; v < felt.violations->len; v++)
      is_said = is_said || strstr (felt.violations->pdata[v], table[i].word) != NULL;
    g_assert_true (is_said);
    us_felt_clear (&felt);
  }
}

static void
test_jump (void) {
  g_autoptr (UsAccount) account = watch_until (9);
  UsFelt felt;
  list (account, 20, 6, 10 * S);
  us_account_felt (account, 9 * S, 11 * S, &felt);
  g_assert_cmpuint (felt.violations->len, ==, 1);
  g_assert_nonnull (strstr (felt.violations->pdata[0], "10 was never seen"));
  g_assert_cmpuint (felt.missing_frames, ==, 0); /* holes have no length; the stall tells */
  us_felt_clear (&felt);
  list (account, 5000, 6, 12 * S); /* a wild jump costs no memory */
  g_assert_cmpuint (us_account_get_n_segments (account), <, 2000);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/drill/account/start", test_start);
  g_test_add_func ("/drill/account/calm", test_calm);
  g_test_add_func ("/drill/account/stall", test_stall);
  g_test_add_func ("/drill/account/rejoin", test_rejoin);
  g_test_add_func ("/drill/account/frames", test_frames);
  g_test_add_func ("/drill/account/frames-inside", test_frames_inside);
  g_test_add_func ("/drill/account/discontinuity", test_discontinuity);
  g_test_add_func ("/drill/account/failures", test_failures);
  g_test_add_func ("/drill/account/rules", test_rules);
  g_test_add_func ("/drill/account/jump", test_jump);
  return g_test_run ();
}
