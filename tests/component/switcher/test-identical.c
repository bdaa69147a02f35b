/* test-identical.c - between twins there is no moment of switching */
#include "stage.h"

#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <unistd.h>

#include "unit/switcher/ts-segment.h"

#define GENEROUS_US (3 * G_USEC_PER_SEC) /* a fault would be the next segment that never comes */

static void
begin (Stage *stage, guint n) {
  stage_open (stage);
  for (guint i = 0; i < n; i++)
    stage_next (stage, TRUE, TRUE);
  stage_start_switcher (stage);
  g_autofree char *name = stage_name (stage);
  us_viewer_await (stage->viewer, name);
}

static gint64
await_last (Stage *stage) {
  gint64 begun_us = g_get_monotonic_time ();
  g_autofree char *name = stage_name (stage);
  us_viewer_await (stage->viewer, name);
  return g_get_monotonic_time () - begun_us;
}

/* Whole at once, then one by one; nothing is fetched twice while both are well. */
static void
test_steady (void) {
  Stage stage;
  begin (&stage, 12);
  g_assert_cmpuint (stage.viewer->playlist->segments->len, ==, 10);
  g_assert_cmpuint (stage.viewer->playlist->media_sequence, ==, stage.number - 9);
  for (guint i = 0; i < 15; i++) {
    stage_next (&stage, TRUE, TRUE);
    await_last (&stage);
  }
  g_assert_cmpuint (stage.viewer->newest, ==, stage.number);
  g_assert_cmpfloat (stage_metric (&stage, "switcher_active_origin"), ==, 1);
  g_assert_cmpfloat (stage_metric (&stage, "failovers_total"), ==, 0);
  g_assert_cmpfloat (
      stage_metric (&stage, "understudy_switcher_target_duration_seconds{stream=\"mystream\"}"), ==,
      1);
  double hedges = stage_metric (&stage, "understudy_switcher_hedges_total{stream=\"mystream\"}");
  guint fetched
      = fake_origin_count (stage.fakes[0], ".ts") + fake_origin_count (stage.fakes[1], ".ts");
  /* 25 listed, two that were listed before, one at both before those that there never was; twins
   * are compared without their bytes */
  g_assert_cmpuint (fetched, >=, 27);
  g_assert_cmpfloat (fetched, <=, 29 + hedges);
  stage_close (&stage);
}

/* The primary fails in every way; the backup's copy is listed without a viewer noticing. */
static void
test_primary_fails (gconstpointer data) {
  FakeMode mode = (FakeMode)GPOINTER_TO_INT (data);
  Stage stage;
  begin (&stage, 10);
  fake_origin_set_mode (stage.fakes[0], mode);
  gboolean announces = mode >= FAKE_BAD_SEGMENT;
  for (guint i = 0; i < 3; i++) {
    stage_next (&stage, announces, TRUE);
    gint64 took_us = await_last (&stage);
    g_test_message ("mode %d: next segment after %" G_GINT64_FORMAT " ms", mode, took_us / 1000);
    g_assert_cmpint (took_us, <, GENEROUS_US);
  }
  stage_await_metric (&stage, "switcher_active_origin", mode == FAKE_FROZEN_SEGMENT ? 1 : 0);
  if (mode != FAKE_FROZEN_SEGMENT)
    g_assert_cmpfloat (stage_metric (&stage, "failovers_total"), ==, 1);
  stage_close (&stage);
}

/* What breaks off at one is gone on with at the other, and only the rest is asked for. */
static void
test_resume (void) {
  Stage stage;
  begin (&stage, 10);
  fake_origin_set_mode (stage.fakes[0], FAKE_CUT_SEGMENT);
  stage_next (&stage, TRUE, TRUE);
  await_last (&stage);
  g_assert_cmpfloat (
      stage_metric (&stage, "understudy_switcher_resumes_total{stream=\"mystream\"}"), ==, 1);
  g_assert_cmpuint (fake_origin_count_ranges (stage.fakes[1]), ==, 1);
  g_autofree char *name = stage_name (&stage);
  g_autoptr (GBytes) whole = ts_segment (stage.number, 0);
  g_assert_true (g_bytes_equal (g_hash_table_lookup (stage.viewer->bytes, name), whole));
  stage_close (&stage);
}

/* A twin that answers with another part is not believed. */
/* Whoever is asked is asked in his own words; also while the other one is preferred, because the
 * primary was slow, and while he is suspected. */
static void
test_signed (void) {
  Stage stage;
  for (guint i = 0; i < 2; i++) {
    stage_open (&stage);
    for (guint f = 0; f < 2; f++)
      fake_origin_set_signed (stage.fakes[f]);
    for (guint n = 0; n < 10; n++)
      stage_next (&stage, TRUE, TRUE);
    stage_start_switcher (&stage);
    await_last (&stage);
    fake_origin_set_mode (stage.fakes[0], i == 0 ? FAKE_FROZEN_SEGMENT : FAKE_BAD_SEGMENT);
    for (guint n = 0; n < 3; n++) {
      stage_next (&stage, TRUE, TRUE);
      await_last (&stage);
    }
    fake_origin_set_mode (stage.fakes[0], FAKE_GOOD);
    for (guint n = 0; n < 5; n++) /* at once, so that both list all but the first of them */
      stage_next (&stage, TRUE, TRUE);
    await_last (&stage);
    for (guint f = 0; f < 2; f++)
      g_assert_cmpuint (fake_origin_count_forbidden (stage.fakes[f]), ==, 0);
    stage_close (&stage);
  }
}

/* Neither a password nor a signature is for those who may read logs. */
static void
test_secrets (void) {
  Stage stage;
  stage_open (&stage);
  stage.user_info = "me:tellnobody";
  fake_origin_set_signed (stage.fakes[0]);
  for (guint n = 0; n < 10; n++)
    stage_next (&stage, TRUE, TRUE);
  int log = open (g_get_tmp_dir (), O_TMPFILE | O_RDWR, 0600), old = dup (STDERR_FILENO);
  g_assert_cmpint (dup2 (log, STDERR_FILENO), >=, 0);
  stage_start_switcher (&stage);
  await_last (&stage);
  fake_origin_set_mode (stage.fakes[0], FAKE_BAD_SEGMENT);
  stage_next (&stage, TRUE, TRUE);
  await_last (&stage);
  stage_stop_switcher (&stage);
  g_assert_cmpint (dup2 (old, STDERR_FILENO), >=, 0);
  char text[65536] = "";
  g_assert_cmpint (pread (log, text, sizeof text - 1, 0), >, 0);
  g_assert_nonnull (strstr (text, "bad-segment"));
  g_assert_null (strstr (text, "tellnobody"));
  g_assert_null (strstr (text, "signature="));
  close (old);
  close (log);
  stage_close (&stage);
}

static void
test_wrong_range (void) {
  Stage stage;
  begin (&stage, 10);
  fake_origin_set_mode (stage.fakes[1], FAKE_WRONG_RANGE);
  fake_origin_set_mode (stage.fakes[0], FAKE_CUT_SEGMENT);
  stage_next (&stage, TRUE, TRUE);
  await_last (&stage);
  g_autofree char *name = stage_name (&stage);
  g_autoptr (GBytes) whole = ts_segment (stage.number, 0);
  g_assert_true (g_bytes_equal (g_hash_table_lookup (stage.viewer->bytes, name), whole));
  g_assert_cmpfloat (
      stage_metric (&stage, "understudy_switcher_resumes_total{stream=\"mystream\"}"), ==, 0);
  stage_close (&stage);
}

/* One fetch behind however many viewers, and none for what a viewer asks ahead. */
static void
test_many_viewers (void) {
  Stage stage;
  begin (&stage, 10);
  UsViewer *crowd[20];
  for (guint i = 0; i < G_N_ELEMENTS (crowd); i++)
    crowd[i] = us_viewer_new (us_switcher_get_port (stage.switcher), "");
  stage_next (&stage, TRUE, TRUE);
  g_autofree char *name = stage_name (&stage);
  for (guint i = 0; i < G_N_ELEMENTS (crowd); i++) {
    g_autoptr (UsHttpReply) reply = us_viewer_get (crowd[i], name); /* held until it is there */
    g_assert_cmpuint (reply->status, ==, 200);
    us_viewer_await (crowd[i], name);
  }
  guint n_fetches
      = fake_origin_count (stage.fakes[0], name) + fake_origin_count (stage.fakes[1], name);
  double hedges = stage_metric (&stage, "understudy_switcher_hedges_total{stream=\"mystream\"}");
  g_assert_cmpuint (n_fetches, >=, 1);
  g_assert_cmpfloat (n_fetches, <=, 1 + hedges);
  for (guint i = 0; i < G_N_ELEMENTS (crowd); i++)
    us_viewer_free (crowd[i]);
  stage_close (&stage);
}

/* Frozen between saying "there is one more" and delivering it: only the hedge helps. */
static void
test_freezes_while_fetched (void) {
  Stage stage;
  begin (&stage, 10);
  fake_origin_set_mode (stage.fakes[0], FAKE_FROZEN_SEGMENT);
  stage_next (&stage, TRUE, FALSE);
  us_viewer_pass (20); /* the fetch is under way */
  g_autofree char *name = stage_name (&stage);
  g_autoptr (GBytes) bytes = NULL;
  fake_origin_set_mode (stage.fakes[0], FAKE_FROZEN);
  stage.number--;
  stage_next (&stage, FALSE, TRUE);
  gint64 took_us = await_last (&stage);
  g_test_message ("hedged after %" G_GINT64_FORMAT " ms", took_us / 1000);
  g_assert_cmpint (took_us, <, GENEROUS_US);
  stage_close (&stage);
}

static void
test_both_dead (void) {
  Stage stage;
  begin (&stage, 10);
  for (guint i = 0; i < 2; i++)
    fake_origin_set_mode (stage.fakes[i], FAKE_DEAD);
  us_viewer_pass (500);
  us_viewer_look (stage.viewer); /* every listed segment is fetched */
  guint status;
  g_autofree char *health = stage_health (&stage, &status);
  g_assert_cmpuint (status, ==, 200);
  g_assert_nonnull (strstr (health, "\"refused\""));
  g_assert_cmpfloat (stage_metric (&stage, "failovers_total"), <=, 1);

  for (guint i = 0; i < 2; i++)
    fake_origin_set_mode (stage.fakes[i], FAKE_GOOD);
  stage_next (&stage, TRUE, TRUE);
  await_last (&stage);
  stage_close (&stage);
}

/* One after the other, with both in between: nothing is missing. */
static void
test_one_after_the_other (void) {
  Stage stage;
  begin (&stage, 10);
  guint64 first = stage.number;
  for (guint i = 0; i < 8; i++) {
    gboolean is_primary_dead = i % 4 == 1, is_backup_dead = i % 4 == 3;
    fake_origin_set_mode (stage.fakes[0], is_primary_dead ? FAKE_DEAD : FAKE_GOOD);
    fake_origin_set_mode (stage.fakes[1], is_backup_dead ? FAKE_DEAD : FAKE_GOOD);
    stage_next (&stage, TRUE, TRUE);
    await_last (&stage);
  }
  for (guint64 n = first; n <= stage.number; n++) {
    g_autofree char *name = us_segment_name (STAGE_EPOCH, n);
    g_assert_true (g_hash_table_contains (stage.viewer->bytes, name));
  }
  stage_close (&stage);
}

/* A number that nobody has becomes a gap, and play goes on. */
static void
test_hole (void) {
  Stage stage;
  begin (&stage, 10);
  stage_next (&stage, FALSE, FALSE);
  g_autofree char *name = stage_name (&stage);
  g_autofree char *missing
      = g_strdup_printf ("%.*s-gap.ts", (int)(strlen (name) - strlen (".ts")), name);
  stage_next (&stage, TRUE, TRUE);
  await_last (&stage);
  g_assert_true (us_viewer_lists (stage.viewer, missing));
  g_assert_false (us_viewer_lists (stage.viewer, name)); /* another switcher's may be whole */
  g_assert_cmpuint (stage.viewer->newest, ==, stage.number);
  g_assert_cmpfloat (stage_metric (&stage, "understudy_switcher_gaps_total{stream=\"mystream\"}"),
                     ==, 1);
  stage_close (&stage);
}

/* Two thousand that are all new at once are not gone through: near their end it goes on. */
static void
test_far_ahead (void) {
  enum { MANY = 2000, MOST = 60 };
  Stage stage;
  begin (&stage, 10);
  guint asked
      = fake_origin_count (stage.fakes[0], ".ts") + fake_origin_count (stage.fakes[1], ".ts");
  for (guint i = 0; i < 2; i++)
    fake_origin_set_listed (stage.fakes[i], MANY);
  for (guint i = 0; i < MANY; i++)
    stage_next (&stage, TRUE, TRUE);
  await_last (&stage);
  g_assert_cmpfloat (stage_metric (&stage, "understudy_switcher_holes_total{stream=\"mystream\"}"),
                     >, MANY - MOST);
  g_assert_cmpuint (fake_origin_count (stage.fakes[0], ".ts")
                        + fake_origin_count (stage.fakes[1], ".ts") - asked,
                    <, MOST);
  g_assert_cmpuint (stage.viewer->newest, ==, stage.number);
  for (guint i = 0; i < 3; i++) {
    stage_next (&stage, TRUE, TRUE);
    await_last (&stage);
  }
  g_assert_cmpfloat (stage_metric (&stage, "failovers_total"), ==, 0);
  stage_close (&stage);
}

/* One that only the slower twin has is waited for. */
static void
test_hole_on_one_side (void) {
  Stage stage;
  begin (&stage, 10);
  stage_next (&stage, FALSE, FALSE);
  stage_next (&stage, TRUE, FALSE); /* the primary jumps ahead */
  us_viewer_pass (200);
  stage.number -= 2;
  stage_next (&stage, FALSE, TRUE);
  stage_next (&stage, FALSE, TRUE);
  await_last (&stage);
  g_assert_cmpfloat (stage_metric (&stage, "understudy_switcher_gaps_total{stream=\"mystream\"}"),
                     ==, 0);
  stage_close (&stage);
}

/* A segment that both deliver damaged does not stop the stream. */
static void
test_bad_on_both (void) {
  Stage stage;
  begin (&stage, 10);
  for (guint i = 0; i < 2; i++)
    fake_origin_set_mode (stage.fakes[i], FAKE_BAD_SEGMENT);
  stage_next (&stage, TRUE, TRUE);
  us_viewer_pass (300);
  stage_next (&stage, TRUE, TRUE);
  us_viewer_pass (1500);
  for (guint i = 0; i < 2; i++)
    fake_origin_set_mode (stage.fakes[i], FAKE_GOOD);
  stage_next (&stage, TRUE, TRUE);
  await_last (&stage);
  stage_close (&stage);
}

/* What had just left the old one's playlist still answers, if either origin has it. */
static void
check_recalled (Stage *stage) {
  for (guint64 number = stage->number - 13; number <= stage->number - 10; number++) {
    g_autofree char *name = us_segment_name (STAGE_EPOCH, number);
    g_autoptr (UsHttpReply) reply = us_viewer_get (stage->viewer, name);
    GBytes *seen = g_hash_table_lookup (stage->viewer->bytes, name);
    g_assert_nonnull (seen);
    g_assert_cmpuint (reply->status, ==, 200);
    g_assert_true (g_bytes_equal (reply->body, seen));
  }
}

/* A new switcher goes on where the old one was, to the line. @data: the primary's mode then */
static void
test_restart (gconstpointer data) {
  Stage stage;
  begin (&stage, 10);
  for (guint i = 0; i < 4; i++) {
    stage_next (&stage, TRUE, TRUE);
    await_last (&stage);
  }
  g_autoptr (UsHttpReply) before = us_viewer_get (stage.viewer, "index.m3u8");
  stage_stop_switcher (&stage);
  fake_origin_set_mode (stage.fakes[0], (FakeMode)GPOINTER_TO_INT (data));
  stage_start_switcher (&stage);
  g_autoptr (UsHttpReply) after = us_viewer_get (stage.viewer, "index.m3u8");
  g_assert_cmpmem (g_bytes_get_data (before->body, NULL), g_bytes_get_size (before->body),
                   g_bytes_get_data (after->body, NULL), g_bytes_get_size (after->body));
  check_recalled (&stage);
  stage_next (&stage, TRUE, TRUE);
  await_last (&stage);
  stage_close (&stage);
}

/* The first playlist of a new one does not end before the last of the old one, although its first
 * choice is behind. */
static void
test_restart_behind (void) {
  Stage stage;
  begin (&stage, 12);
  for (guint i = 0; i < 3; i++) {
    stage_next (&stage, FALSE, TRUE);
    await_last (&stage);
  }
  stage_stop_switcher (&stage);
  stage_start_switcher (&stage);
  us_viewer_look (stage.viewer);
  g_assert_cmpuint (stage.viewer->playlist->segments->len, ==, 10);
  g_assert_cmpuint (stage.viewer->playlist->media_sequence, ==, stage.number - 9);
  stage_close (&stage);
}

static UsHttpReply *
get_playlist (Stage *stage) {
  UsHttpReply *reply = us_viewer_get (stage->viewer, "index.m3u8");
  g_assert_cmpuint (reply->status, ==, 200);
  return reply;
}

static void
assert_same (const UsHttpReply *one, const UsHttpReply *other) {
  g_assert_cmpmem (g_bytes_get_data (one->body, NULL), g_bytes_get_size (one->body),
                   g_bytes_get_data (other->body, NULL), g_bytes_get_size (other->body));
}

/* One that was cut off for longer than the origins' lists reach back says, when that is over, what
 * one says that was started only now. */
static void
test_agrees_after_being_cut_off (void) {
  Stage stage;
  begin (&stage, 14);
  for (guint i = 0; i < 2; i++)
    fake_origin_set_mode (stage.fakes[i], FAKE_DEAD);
  for (guint i = 0; i < 15; i++)
    stage_next (&stage, TRUE, TRUE);
  for (guint i = 0; i < 2; i++)
    fake_origin_set_mode (stage.fakes[i], FAKE_GOOD);
  await_last (&stage);
  g_assert_cmpuint (stage.viewer->newest, ==, stage.number);
  g_assert_cmpuint (stage.viewer->playlist->segments->len, ==, 10);
  us_viewer_pass (300);
  /* Each of the 20 is compared once, and not for ever. */
  g_assert_cmpuint (fake_origin_count_heads (stage.fakes[0], ".ts")
                        + fake_origin_count_heads (stage.fakes[1], ".ts"),
                    <=, 20);
  g_autoptr (UsHttpReply) before = get_playlist (&stage);
  stage_stop_switcher (&stage);
  stage_start_switcher (&stage);
  g_autoptr (UsHttpReply) after = get_playlist (&stage);
  assert_same (before, after);
  stage_close (&stage);
}

static guint
get_status (Stage *stage, const char *uri) {
  g_autoptr (UsHttpReply) reply = us_viewer_get (stage->viewer, uri);
  return reply->status;
}

/* One of several that has lost both origins sends those who ask to another, serves what it has
 * listed, and goes on when one is back. Origins that are there and have nothing new are no reason.
 */
static void
test_self_verdict (void) {
  Stage stage;
  stage_open (&stage);
  stage.has_self_verdict = TRUE;
  for (guint i = 0; i < 10; i++)
    stage_next (&stage, TRUE, TRUE);
  stage_start_switcher (&stage);
  await_last (&stage);
  g_autofree char *listed = stage_name (&stage);
  for (guint i = 0; i < 2; i++)
    fake_origin_set_mode (stage.fakes[i], FAKE_HTTP_500);
  us_viewer_pass (2500); /* 1.5 target durations and more */
  g_assert_cmpuint (get_status (&stage, "index.m3u8"), ==, 200);
  for (guint i = 0; i < 2; i++)
    fake_origin_set_mode (stage.fakes[i], FAKE_DEAD);
  gint64 begun_us = g_get_monotonic_time ();
  while (get_status (&stage, "index.m3u8") == 200)
    g_assert_cmpint (g_get_monotonic_time () - begun_us, <, 30 * G_USEC_PER_SEC);
  g_autoptr (UsHttpReply) reply = us_viewer_get (stage.viewer, "index.m3u8");
  g_assert_cmpuint (reply->status, ==, 503);
  g_assert_cmpuint (get_status (&stage, listed), ==, 200);
  fake_origin_set_mode (stage.fakes[1], FAKE_GOOD);
  while (get_status (&stage, "index.m3u8") == 503)
    g_assert_cmpint (g_get_monotonic_time () - begun_us, <, 30 * G_USEC_PER_SEC);
  stage_next (&stage, FALSE, TRUE);
  await_last (&stage);
  stage_close (&stage);
}

/* Behind such a hole the playlist that viewers have stands, and all that it lists answers, until
 * another is as long as one must be. */
static void
test_step_waits (void) {
  Stage stage;
  begin (&stage, 12);
  const char *published = "understudy_switcher_publish_delay_seconds_count{stream=\"mystream\"}";
  const char *steps = "understudy_switcher_playlist_steps_total{stream=\"mystream\"}";
  g_autoptr (UsHttpReply) before = get_playlist (&stage);
  g_assert_cmpfloat (stage_metric (&stage, published), ==, 10);
  g_assert_cmpfloat (stage_metric (&stage, steps), ==, 0);
  for (guint i = 0; i < 2; i++)
    fake_origin_clear (stage.fakes[i]);
  stage.number += 100;
  for (guint i = 0; i < 2; i++) {
    stage_next (&stage, TRUE, TRUE);
    stage_await_metric (&stage, published, 11 + i);
    g_autoptr (UsHttpReply) still = get_playlist (&stage);
    assert_same (before, still);
  }
  us_viewer_look (stage.viewer);
  stage_next (&stage, TRUE, TRUE);
  await_last (&stage);
  g_assert_cmpuint (stage.viewer->playlist->segments->len, ==, 3);
  g_assert_cmpfloat (stage_metric (&stage, steps), ==, 1);
  g_assert_cmpuint (stage.viewer->playlist->media_sequence, ==, stage.number - 2);
  g_assert_cmpuint (stage.viewer->playlist->discontinuity_sequence, ==, 0);
  stage_close (&stage);
}

/* A switcher that was frozen finds both playlists old, and the first to answer new: no fault. */
static void
test_own_pause (void) {
  Stage stage;
  begin (&stage, 10);
  stage_await_metric (&stage, "switcher_active_origin", 1);
  for (guint i = 0; i < 3; i++) {
    stage.clock.ahead_us += 10 * G_USEC_PER_SEC;
    stage_next (&stage, i > 0, TRUE); /* first the primary has not gone on yet, then both have */
    await_last (&stage);
    if (i == 0)
      stage_next (&stage, TRUE, TRUE);
    await_last (&stage);
  }
  g_assert_cmpfloat (stage_metric (&stage, "failovers_total"), ==, 0);
  stage_close (&stage);
}

/* A stream that has ended gives up what left its playlist, though nothing new pushes it out. */
static void
test_ended_stream_is_let_go (void) {
  Stage stage;
  begin (&stage, 10);
  for (guint i = 0; i < 3; i++) {
    stage_next (&stage, TRUE, TRUE);
    await_last (&stage);
  }
  const char *rows = "understudy_switcher_ledger_rows{stream=\"mystream\"}";
  g_assert_cmpfloat (stage_metric (&stage, rows), ==, 13);
  stage.clock.ahead_us += G_USEC_PER_SEC * 30;
  stage_await_metric (&stage, rows, 10);
  g_autoptr (UsHttpReply) reply = us_viewer_get (stage.viewer, "index.m3u8");
  g_assert_cmpuint (reply->status, ==, 200);
  stage_close (&stage);
}

static void
test_end_is_not_passed_on (void) {
  Stage stage;
  begin (&stage, 10);
  fake_origin_set_ended (stage.fakes[0], TRUE);
  fake_origin_set_ended (stage.fakes[1], TRUE);
  stage_next (&stage, TRUE, TRUE);
  await_last (&stage); /* the viewer fails on EXT-X-ENDLIST */
  fake_origin_set_ended (stage.fakes[0], FALSE);
  stage_next (&stage, TRUE, FALSE);
  await_last (&stage);
  stage_close (&stage);
}

static void
test_blocking_reload (void) {
  Stage stage;
  begin (&stage, 10);
  g_autofree char *uri
      = g_strdup_printf ("index.m3u8?_HLS_msn=%" G_GUINT64_FORMAT, stage.viewer->newest);
  g_autoptr (UsHttpReply) now = us_viewer_get (stage.viewer, uri);
  g_assert_cmpuint (now->status, ==, 200);
  stage_close (&stage);
}

/* Equal names over other bytes are found out. */
static void
test_divergence (void) {
  Stage stage;
  begin (&stage, 10);
  for (guint i = 0; i < 12; i++) {
    stage_next (&stage, TRUE, i < 5);
    if (i >= 5) { /* the backup's own idea of it */
      g_autofree char *name = stage_name (&stage);
      g_autoptr (GBytes) other = g_bytes_new_static ("other", 5);
      fake_origin_add (stage.fakes[1], name, stage.number, 0, -1, G_USEC_PER_SEC, other);
    }
    await_last (&stage);
  }
  stage_await_metric (&stage, "understudy_switcher_divergences_total{stream=\"mystream\"}", 1);
  g_assert_cmpfloat (
      stage_metric (&stage, "understudy_switcher_interchangeable{stream=\"mystream\"}"), ==, 0);
  stage_next (&stage, TRUE, FALSE);
  await_last (&stage); /* the active one goes on, without a discontinuity */
  g_assert_cmpuint (stage.viewer->playlist->discontinuity_sequence, ==, 0);
  stage_close (&stage);
}

/* What is damaged on its way is no other opinion: its own entity tag speaks against it. */
static void
test_damage_is_no_divergence (void) {
  Stage stage;
  begin (&stage, 10);
  fake_origin_set_mode (stage.fakes[1], FAKE_WRONG_SEGMENT);
  guint asked = fake_origin_count_heads (stage.fakes[1], ".ts");
  for (guint i = 0; i < 12; i++) {
    stage_next (&stage, TRUE, TRUE);
    await_last (&stage);
  }
  while (fake_origin_count_heads (stage.fakes[1], ".ts") == asked)
    us_viewer_pass (50);
  us_viewer_pass (300);
  g_assert_cmpfloat (
      stage_metric (&stage, "understudy_switcher_divergences_total{stream=\"mystream\"}"), ==, 0);
  g_assert_cmpfloat (
      stage_metric (&stage, "understudy_switcher_interchangeable{stream=\"mystream\"}"), ==, 1);
  stage_close (&stage);
}

/* A stream that the origins start to have is served by its name; the default stays what it is. */
static void
test_second_stream (void) {
  Stage stage;
  begin (&stage, 10);
  fake_origin_set_streams (stage.fakes[1], "{\"streams\":[\"mystream\",\"other\"]}");
  g_autoptr (UsViewer) viewer = us_viewer_new (us_switcher_get_port (stage.switcher), "other/");
  stage_stop_switcher (&stage); /* the first question was answered 404: asked again in a minute */
  stage_start_switcher (&stage);
  g_free (viewer->base);
  viewer->base
      = g_strdup_printf ("http://127.0.0.1:%u/hls/other/", us_switcher_get_port (stage.switcher));
  g_autofree char *name = stage_name (&stage);
  us_viewer_await (viewer, name);
  us_viewer_await (stage.viewer, name);
  g_assert_cmpfloat (
      stage_metric (&stage, "understudy_switcher_default_stream{stream=\"mystream\"}"), ==, 1);
  g_autoptr (UsHttpReply) reply = us_viewer_get (stage.viewer, "/metrics");
  g_autofree char *text
      = g_strndup (g_bytes_get_data (reply->body, NULL), g_bytes_get_size (reply->body));
  g_assert_nonnull (strstr (text, "understudy_switcher_pair{stream=\"other\"}"));
  g_assert_null (strstr (text, "understudy_switcher_default_stream{stream=\"other\"}"));
  stage_close (&stage);
}

/* As many as are set, the default stream among them. */
static void
test_many_streams (void) {
  Stage stage;
  stage_open (&stage);
  stage.max_streams = 80;
  g_autoptr (GString) list = g_string_new ("{\"streams\":[\"mystream\"");
  for (guint i = 0; i < 90; i++)
    g_string_append_printf (list, ",\"s%u\"", i);
  g_string_append (list, "]}");
  fake_origin_set_streams (stage.fakes[1], list->str);
  for (guint n = 0; n < 10; n++)
    stage_next (&stage, TRUE, TRUE);
  stage_start_switcher (&stage);
  g_autoptr (UsViewer) viewer = us_viewer_new (us_switcher_get_port (stage.switcher), "s78/");
  g_autofree char *name = stage_name (&stage);
  us_viewer_await (viewer, name);
  g_assert_cmpuint (get_status (&stage, "s79/index.m3u8"), ==, 404);
  stage_close (&stage);
}

/* A playlist path with a folder is asked for there, and served there. */
static void
test_folder (void) {
  Stage stage;
  stage_open (&stage);
  stage.playlist_path = "live/index.m3u8";
  fake_origin_set_streams (stage.fakes[0], "{\"streams\":[\"mystream\",\"other\"]}");
  for (guint i = 0; i < 10; i++)
    stage_next (&stage, TRUE, TRUE);
  stage_start_switcher (&stage);
  guint16 port = us_switcher_get_port (stage.switcher);
  g_autofree char *name = stage_name (&stage);
  static const char *const folders[] = { "live/", "mystream/live/", "other/live/", "" };
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++) {
    g_autoptr (UsViewer) viewer = us_viewer_new (port, folders[i]);
    g_test_message ("/hls/%s", folders[i]);
    us_viewer_await (viewer, name); /* and has every segment listed there */
  }
  g_assert_cmpuint (fake_origin_count (stage.fakes[0], "/hls/live/index.m3u8"), >, 0);
  g_assert_cmpuint (fake_origin_count (stage.fakes[0], "/hls/other/live/index.m3u8"), >, 0);
  g_assert_cmpuint (fake_origin_count (stage.fakes[0], "/hls/index.m3u8"), ==, 0);
  stage_close (&stage);
}

static void
order (Stage *stage, const char *verb, const char *json) {
  g_autofree char *path = g_strconcat ("/control/streams/mystream/", verb, NULL);
  g_autoptr (UsHttpReply) reply = us_viewer_post (stage->viewer, path, json);
  g_assert_cmpuint (reply->status, ==, 200);
}

/* What somebody has ordered and not taken back is in the metrics. */
static void
test_orders (void) {
  static const struct {
    const char *verb, *json;
    double force, hold, drain;
  } table[] = {
    { "hold", "{}", 0, 1, 0 },     { "drain", "{\"origin\":\"backup\"}", 0, 1, 1 },
    { "release", "{}", 0, 0, 1 },  { "undrain", "{\"origin\":\"backup\"}", 0, 0, 0 },
    { "failover", "{}", 1, 0, 0 }, { "switchback", "{}", 0, 0, 0 },
  };
  static const char *const orders[] = { "force", "hold", "drain" };
  Stage stage;
  begin (&stage, 10);
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    const double standing[] = { table[i].force, table[i].hold, table[i].drain };
    order (&stage, table[i].verb, table[i].json);
    for (guint o = 0; o < G_N_ELEMENTS (orders); o++) {
      g_autofree char *name = g_strdup_printf (
          "understudy_switcher_order{stream=\"mystream\",order=\"%s\"}", orders[o]);
      g_test_message ("after %s: %s", table[i].verb, name);
      g_assert_cmpfloat (stage_metric (&stage, name), ==, standing[o]);
    }
  }
  stage_close (&stage);
}

static void
test_nothing_to_serve (void) {
  Stage stage;
  stage_open (&stage);
  fake_origin_set_mode (stage.fakes[0], FAKE_DEAD);
  fake_origin_set_mode (stage.fakes[1], FAKE_HTTP_404);
  stage_start_switcher (&stage);
  guint status;
  g_autofree char *health = stage_health (&stage, &status);
  g_assert_cmpuint (status, ==, 503);
  g_assert_nonnull (strstr (health, "\"unavailable\""));
  fake_origin_set_mode (stage.fakes[1], FAKE_GOOD);
  stage_next (&stage, FALSE, TRUE);
  us_viewer_look (stage.viewer); /* held until there is something */
  g_autofree char *better = stage_health (&stage, &status);
  g_assert_cmpuint (status, ==, 200);
  stage_close (&stage);
}

/* What dashboards and scripts of the seed rely on. */
static void
test_reports (void) {
  static const char *const families[] = {
    "# TYPE switcher_active_origin gauge",
    "# TYPE segment_age_seconds gauge",
    "# TYPE origin_http_5xx_total counter",
    "# TYPE failovers_total counter",
    "# TYPE switchbacks_total counter",
    "segment_age_seconds{origin=\"primary\"} ",
    "segment_age_seconds{origin=\"backup\"} ",
    "origin_http_5xx_total{origin=\"primary\"} 0\n",
    "understudy_switcher_publish_delay_seconds_bucket{stream=\"mystream\",le=\"+Inf\"} 10\n",
  };
  Stage stage;
  begin (&stage, 10);
  g_autoptr (UsHttpReply) reply = us_viewer_get (stage.viewer, "/metrics");
  g_assert_cmpstr (reply->content_type, ==, "text/plain; version=0.0.4; charset=utf-8");
  g_autofree char *text
      = g_strndup (g_bytes_get_data (reply->body, NULL), g_bytes_get_size (reply->body));
  for (guint i = 0; i < G_N_ELEMENTS (families); i++) {
    if (strstr (text, families[i]) == NULL)
      g_error ("no \"%s\" in:\n%s", families[i], text);
  }

  guint status;
  g_autofree char *health = stage_health (&stage, &status);
  g_autoptr (JsonNode) root = json_from_string (health, NULL);
  JsonObject *object = json_node_get_object (root);
  g_assert_cmpstr (json_object_get_string_member (object, "status"), ==, "ok");
  g_assert_cmpstr (json_object_get_string_member (object, "active_origin"), ==, "primary");
  JsonArray *streams = json_object_get_array_member (object, "streams");
  g_assert_cmpuint (json_array_get_length (streams), ==, 1);
  g_assert_cmpint (json_object_get_int_member (object, "started_ms"), >, 1600000000000);
  JsonObject *stream = json_array_get_object_element (streams, 0);
  g_assert_cmpstr (json_object_get_string_member (stream, "path"), ==, "/hls/index.m3u8");
  JsonObject *origins = json_object_get_object_member (object, "origins");
  g_assert_true (json_object_equal (
      origins, json_object_get_object_member (stream, "origins"))); /* its only one leads */
  for (guint i = 0; i < 2; i++) {
    JsonObject *origin = json_object_get_object_member (origins, i == 0 ? "primary" : "backup");
    g_assert_cmpstr (json_object_get_string_member (origin, "state"), ==, "up");
    g_assert_cmpstr (json_object_get_string_member (origin, "reason"), ==, "ok");
    g_assert_cmpint (json_object_get_int_member (origin, "last_number"), ==, (gint64)stage.number);
    g_assert_true (json_object_has_member (origin, "segment_age_seconds"));
  }
  stage_close (&stage);
}

/* With nobody behind it, a blocked reload ends with the playlist there is, not with an error. */
static void
test_blocked_for_ever (void) {
  Stage stage;
  begin (&stage, 10);
  for (guint i = 0; i < 2; i++)
    fake_origin_set_mode (stage.fakes[i], FAKE_DEAD);
  g_autofree char *uri
      = g_strdup_printf ("index.m3u8?_HLS_msn=%" G_GUINT64_FORMAT, stage.viewer->newest + 1);
  gint64 begun_us = g_get_monotonic_time ();
  g_autoptr (UsHttpReply) reply = us_viewer_get (stage.viewer, uri);
  g_assert_cmpuint (reply->status, ==, 200);
  g_assert_cmpint (g_get_monotonic_time () - begun_us, >=, 3 * G_USEC_PER_SEC);
  stage_close (&stage);
}

static void
test_bad_settings (void) {
  static const struct {
    const char *primary, *playlist;
    guint check, windows, length, megabytes;
    const char *named;
  } table[] = {
    { "ftp://x/hls", "index.m3u8", 5, 3, 10, 16, "PRIMARY_BASE_URL" },
    { "localhost:8081", "index.m3u8", 5, 3, 10, 16, "PRIMARY_BASE_URL" },
    { "", "index.m3u8", 5, 3, 10, 16, "PRIMARY_BASE_URL" },
    { "http://x/hls", "../index.m3u8", 5, 3, 10, 16, "PLAYLIST_PATH" },
    { "http://x/hls", "", 5, 3, 10, 16, "PLAYLIST_PATH" },
    { "http://x/hls", "live/", 5, 3, 10, 16, "PLAYLIST_PATH" },
    { "http://x/hls", "live//index.m3u8", 5, 3, 10, 16, "PLAYLIST_PATH" },
    { "http://x/hls", "/index.m3u8", 5, 3, 10, 16, "PLAYLIST_PATH" },
    { "http://x/hls", "index.m3u8", 0, 3, 10, 16, "CHECK_INTERVAL_SECONDS" },
    { "http://x/hls", "index.m3u8", 5, 0, 10, 16, "REQUIRED_WINDOWS" },
    { "http://x/hls", "index.m3u8", 5, 3, 2, 16, "playlist length" },
    { "http://x/hls", "index.m3u8", 5, 3, 10, 0, "segment size" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (GError) error = NULL;
    UsSwitcherSettings settings;
    us_switcher_settings_default (&settings);
    settings.http.port = 0;
    settings.primary_base_url = table[i].primary;
    settings.playlist_path = table[i].playlist;
    settings.check_interval_s = table[i].check;
    settings.required_windows = table[i].windows;
    settings.playlist_length = table[i].length;
    settings.segment_megabytes = table[i].megabytes;
    g_assert_null (us_switcher_new (&settings, &error));
    g_assert_error (error, US_SWITCHER_ERROR, US_SWITCHER_ERROR_VALUE);
    g_assert_nonnull (strstr (error->message, table[i].named));
  }
}

int
main (int argc, char **argv) {
  static const struct {
    const char *path;
    FakeMode mode;
  } modes[] = {
    { "/switcher/identical/primary-killed", FAKE_DEAD },
    { "/switcher/identical/primary-frozen", FAKE_FROZEN },
    { "/switcher/identical/primary-500", FAKE_HTTP_500 },
    { "/switcher/identical/primary-404", FAKE_HTTP_404 },
    { "/switcher/identical/primary-html", FAKE_HTML },
    { "/switcher/identical/primary-bad-segment", FAKE_BAD_SEGMENT },
    { "/switcher/identical/primary-cut-segment", FAKE_CUT_SEGMENT },
    { "/switcher/identical/primary-wrong-segment", FAKE_WRONG_SEGMENT },
    { "/switcher/identical/primary-frozen-segment", FAKE_FROZEN_SEGMENT },
  };
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/switcher/identical/steady", test_steady);
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    g_test_add_data_func (modes[i].path, GINT_TO_POINTER (modes[i].mode), test_primary_fails);
  g_test_add_func ("/switcher/identical/resume", test_resume);
  g_test_add_func ("/switcher/identical/signed", test_signed);
  g_test_add_func ("/switcher/identical/secrets", test_secrets);
  g_test_add_func ("/switcher/identical/wrong-range", test_wrong_range);
  g_test_add_func ("/switcher/identical/many-viewers", test_many_viewers);
  g_test_add_func ("/switcher/identical/freezes-while-fetched", test_freezes_while_fetched);
  g_test_add_func ("/switcher/identical/both-dead", test_both_dead);
  g_test_add_func ("/switcher/identical/one-after-the-other", test_one_after_the_other);
  g_test_add_func ("/switcher/identical/hole", test_hole);
  g_test_add_func ("/switcher/identical/far-ahead", test_far_ahead);
  g_test_add_func ("/switcher/identical/hole-on-one-side", test_hole_on_one_side);
  g_test_add_func ("/switcher/identical/bad-on-both", test_bad_on_both);
  g_test_add_data_func ("/switcher/identical/restart", GINT_TO_POINTER (FAKE_GOOD), test_restart);
  g_test_add_data_func ("/switcher/identical/restart-without-primary", GINT_TO_POINTER (FAKE_DEAD),
                        test_restart);
  g_test_add_data_func ("/switcher/identical/restart-with-frozen-primary",
                        GINT_TO_POINTER (FAKE_FROZEN), test_restart);
  g_test_add_func ("/switcher/identical/restart-behind", test_restart_behind);
  g_test_add_func ("/switcher/identical/agrees-after-being-cut-off",
                   test_agrees_after_being_cut_off);
  g_test_add_func ("/switcher/identical/self-verdict", test_self_verdict);
  g_test_add_func ("/switcher/identical/step-waits", test_step_waits);
  g_test_add_func ("/switcher/identical/own-pause", test_own_pause);
  g_test_add_func ("/switcher/identical/ended-stream-is-let-go", test_ended_stream_is_let_go);
  g_test_add_func ("/switcher/identical/end-is-not-passed-on", test_end_is_not_passed_on);
  g_test_add_func ("/switcher/identical/blocking-reload", test_blocking_reload);
  g_test_add_func ("/switcher/identical/divergence", test_divergence);
  g_test_add_func ("/switcher/identical/damage-is-no-divergence", test_damage_is_no_divergence);
  g_test_add_func ("/switcher/identical/second-stream", test_second_stream);
  g_test_add_func ("/switcher/identical/many-streams", test_many_streams);
  g_test_add_func ("/switcher/identical/folder", test_folder);
  g_test_add_func ("/switcher/identical/orders", test_orders);
  g_test_add_func ("/switcher/identical/nothing-to-serve", test_nothing_to_serve);
  g_test_add_func ("/switcher/identical/reports", test_reports);
  g_test_add_func ("/switcher/identical/blocked-for-ever", test_blocked_for_ever);
  g_test_add_func ("/switcher/identical/bad-settings", test_bad_settings);
  return g_test_run ();
}
