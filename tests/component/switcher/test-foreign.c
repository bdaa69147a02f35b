/* test-foreign.c - between foreign origins: the seed's seven cases, and that no rule is broken */
#include "stage.h"

#include <string.h>

#include "unit/switcher/ts-segment.h"

#define FOREIGN_MS 300  /* that a segment of stage_play_foreign() lasts */
#define SETTLED_MS 3000 /* longer than any verdict takes at these segment lengths */

typedef enum {
  FAULT_MODE,    /* a FakeMode */
  FAULT_STALE,   /* the list answers and does not go on */
  FAULT_RESTART, /* it counts from 1 again */
} FaultKind;

typedef struct {
  const char *name;
  FaultKind kind;
  FakeMode mode;
} Fault;

static const Fault faults[] = {
  { "refused", FAULT_MODE, FAKE_DEAD },
  { "timeout", FAULT_MODE, FAKE_FROZEN },
  { "5xx", FAULT_MODE, FAKE_HTTP_500 },
  { "4xx", FAULT_MODE, FAKE_HTTP_404 },
  { "unparsable", FAULT_MODE, FAKE_HTML },
  { "bad-segment", FAULT_MODE, FAKE_BAD_SEGMENT },
  { "cut-segment", FAULT_MODE, FAKE_CUT_SEGMENT },
  { "stale", FAULT_STALE, FAKE_GOOD },
  { "regress", FAULT_RESTART, FAKE_GOOD },
};

static void
strike (Stage *stage, guint origin, const Fault *fault) {
  fake_origin_set_mode (stage->fakes[origin], fault->mode);
  if (fault->kind == FAULT_STALE)
    stage->is_stale[origin] = TRUE;
  if (fault->kind == FAULT_RESTART) {
    fake_origin_clear (stage->fakes[origin]);
    stage->base[origin] = stage->number;
  }
}

static void
heal (Stage *stage, guint origin) {
  stage->is_stale[origin] = FALSE;
  fake_origin_set_mode (stage->fakes[origin], FAKE_GOOD);
}

static void
await_more (Stage *stage, guint n) {
  gint64 begun_us = g_get_monotonic_time ();
  guint64 goal = stage->viewer->newest + n;
  while (stage->viewer->newest < goal) {
    g_assert_cmpint (g_get_monotonic_time () - begun_us, <, 30 * G_USEC_PER_SEC);
    us_viewer_look (stage->viewer);
  }
}

static void
begin (Stage *stage) {
  stage_open (stage);
  stage_play_foreign (stage);
  stage_start_switcher (stage);
  us_viewer_look (stage->viewer);
  g_assert_cmpuint (stage->viewer->playlist->segments->len, >=, 10);
  await_more (stage, 2);
  g_assert_cmpfloat (stage_metric (stage, "switcher_active_origin"), ==, 1);
  g_assert_cmpfloat (
      stage_metric (stage, "understudy_switcher_interchangeable{stream=\"mystream\"}"), ==, 0);
}

/* Case: primary bad, backup fresh. */
static void
test_primary_bad (gconstpointer data) {
  const Fault *fault = data;
  Stage stage;
  begin (&stage);
  guint64 discontinuities = stage.viewer->playlist->discontinuity_sequence;
  strike (&stage, 0, fault);
  gint64 begun_us = g_get_monotonic_time ();
  stage_await_metric (&stage, "switcher_active_origin", 0);
  g_test_message ("%s: on the backup after %" G_GINT64_FORMAT " ms", fault->name,
                  (g_get_monotonic_time () - begun_us) / 1000);
  await_more (&stage, 4);
  g_assert_cmpfloat (stage_metric (&stage, "failovers_total"), ==, 1);
  const UsPlaylistSegment *last = g_ptr_array_index (stage.viewer->playlist->segments,
                                                     stage.viewer->playlist->segments->len - 1);
  g_assert_cmpuint (last->discontinuity, ==, discontinuities + 1); /* one, at the join */
  stage_close (&stage);
}

/* Cases: the backup is bad already, then the primary too: never to one that is no better. */
static void
test_both_bad (gconstpointer data) {
  const Fault *fault = data;
  static const Fault dead = { "refused", FAULT_MODE, FAKE_DEAD };
  Stage stage;
  begin (&stage);
  strike (&stage, 1, fault);
  us_viewer_pass (SETTLED_MS);
  strike (&stage, 0, fault->kind == FAULT_STALE ? &dead : &faults[7]);
  us_viewer_pass (SETTLED_MS);
  us_viewer_look (stage.viewer); /* what was listed still answers */
  g_assert_cmpfloat (stage_metric (&stage, "switcher_active_origin"), ==, 1);
  g_assert_cmpfloat (stage_metric (&stage, "failovers_total"), ==, 0);
  heal (&stage, 0);
  await_more (&stage, 2);
  stage_close (&stage);
}

/* Case: both stale at once. */
static void
test_source_quiet (void) {
  Stage stage;
  begin (&stage);
  stage.is_stale[0] = stage.is_stale[1] = TRUE;
  us_viewer_pass (SETTLED_MS);
  g_assert_cmpfloat (stage_metric (&stage, "failovers_total"), ==, 0);
  guint status;
  g_autofree char *health = stage_health (&stage, &status);
  g_assert_cmpuint (status, ==, 200);
  g_assert_nonnull (strstr (health, "source-quiet"));
  stage.is_stale[0] = stage.is_stale[1] = FALSE;
  await_more (&stage, 2);
  g_assert_cmpfloat (stage_metric (&stage, "failovers_total"), ==, 0);
  stage_close (&stage);
}

/* Case: on the backup, the backup goes, the primary is there again: not stuck on a dead one. */
static void
test_backup_bad (void) {
  Stage stage;
  begin (&stage);
  strike (&stage, 0, &faults[0]);
  stage_await_metric (&stage, "switcher_active_origin", 0);
  await_more (&stage, 2);
  heal (&stage, 0);
  us_viewer_pass (1200); /* long before the hold-down ends */
  strike (&stage, 1, &faults[0]);
  stage_await_metric (&stage, "switcher_active_origin", 1);
  await_more (&stage, 3);
  g_assert_cmpfloat (stage_metric (&stage, "switchbacks_total"), ==, 1);
  stage_close (&stage);
}

/* Case: on the backup, both fresh: home again. */
static void
test_switchback (void) {
  Stage stage;
  begin (&stage);
  strike (&stage, 0, &faults[2]);
  stage_await_metric (&stage, "switcher_active_origin", 0);
  g_assert_cmpfloat (stage_metric (&stage, "origin_http_5xx_total{origin=\"primary\"}"), >=, 1);
  heal (&stage, 0);
  gint64 begun_us = g_get_monotonic_time ();
  while (stage_metric (&stage, "switcher_active_origin") != 1) {
    g_assert_cmpint (g_get_monotonic_time () - begun_us, <, 30 * G_USEC_PER_SEC);
    us_viewer_look (stage.viewer);
  }
  await_more (&stage, 3);
  g_assert_cmpfloat (stage_metric (&stage, "failovers_total"), ==, 1);
  g_assert_cmpfloat (stage_metric (&stage, "switchbacks_total"), ==, 1);
  stage_close (&stage);
}

/* The only origin restarts and counts from 1 under the names it had before. */
static void
test_lonely_restart (void) {
  Stage stage;
  begin (&stage);
  strike (&stage, 1, &faults[0]);
  strike (&stage, 0, &faults[8]);
  await_more (&stage, 5); /* the viewer fails on a repeated URI or a falling number */
  g_assert_cmpfloat (stage_metric (&stage, "failovers_total"), ==, 0);
  stage_close (&stage);
}

/* An answer to a question that was not asked is no answer. */
static void
test_not_modified (void) {
  Stage stage;
  begin (&stage);
  fake_origin_set_mode (stage.fakes[0], FAKE_NOT_MODIFIED);
  stage_await_metric (&stage, "switcher_active_origin", 0);
  g_assert_cmpfloat (
      stage_metric (&stage,
                    "understudy_switcher_errors_total{stream=\"mystream\",origin=\"primary\","
                    "reason=\"protocol\"}"),
      >=, 1);
  await_more (&stage, 3);
  stage_close (&stage);
}

/* The standby restarts and counts from below while one of its old segments is still asked for. */
static void
test_standby_restarts (void) {
  static const char fetches[] = "understudy_switcher_standby_fetches_total{stream=\"mystream\"}";
  Stage stage;
  stage_open (&stage);
  stage.number = 1000;
  stage_play_foreign (&stage);
  stage_start_switcher (&stage);
  us_viewer_look (stage.viewer);
  await_more (&stage, 2);
  fake_origin_set_mode (stage.fakes[1], FAKE_FROZEN_SEGMENT);
  guint asked = fake_origin_count (stage.fakes[1], "seg_");
  while (fake_origin_count (stage.fakes[1], "seg_") == asked)
    us_viewer_pass (20);
  fake_origin_clear (stage.fakes[1]);
  stage.base[1] = stage.number;
  fake_origin_set_mode (stage.fakes[1], FAKE_GOOD);
  gint64 begun_us = g_get_monotonic_time ();
  double before = stage_metric (&stage, fetches);
  while (stage_metric (&stage, fetches) < before + 20) {
    g_assert_cmpint (g_get_monotonic_time () - begun_us, <, 30 * G_USEC_PER_SEC);
    us_viewer_look (stage.viewer);
  }
  stage_close (&stage);
}

/* A server that signs its URIs writes others with every list: it has not begun anew. */
static void
test_signed (void) {
  Stage stage;
  stage_open (&stage);
  for (guint i = 0; i < 2; i++)
    fake_origin_set_signed (stage.fakes[i]);
  stage_play_foreign (&stage);
  stage_start_switcher (&stage);
  us_viewer_look (stage.viewer);
  await_more (&stage, 6);
  g_assert_cmpfloat (stage_metric (&stage, "failovers_total"), ==, 0);
  /* Each of the ten of the first window, and of those since, was asked for once. */
  g_assert_cmpuint (fake_origin_count (stage.fakes[0], ".ts"), <, 30);
  strike (&stage, 0, &faults[0]);
  await_more (&stage, 4);
  g_assert_cmpfloat (stage_metric (&stage, "failovers_total"), ==, 1);
  stage_close (&stage);
}

/* What a playlist names is looked for where redirects have led to. */
static void
test_moved (void) {
  Stage stage;
  stage_open (&stage);
  for (guint i = 0; i < 2; i++)
    fake_origin_set_mode (stage.fakes[i], FAKE_MOVED);
  stage_play_foreign (&stage);
  stage_start_switcher (&stage);
  us_viewer_look (stage.viewer);
  await_more (&stage, 3);
  g_assert_cmpfloat (stage_metric (&stage, "failovers_total"), ==, 0);
  stage_close (&stage);
}

/* A segment that lasts no time cannot be listed; its place is a hole, and the next one says so. */
static void
test_no_duration (void) {
  Stage stage;
  begin (&stage);
  stage.without_duration = stage.number + 2;
  guint64 before = stage.viewer->playlist->discontinuity_sequence;
  const UsPlaylistSegment *newest = NULL;
  await_more (&stage, 4);
  newest = g_ptr_array_index (stage.viewer->playlist->segments,
                              stage.viewer->playlist->segments->len - 1);
  g_assert_cmpuint (newest->discontinuity, ==, before + 1);
  g_assert_cmpfloat (stage_metric (&stage, "failovers_total"), ==, 0);
  stage_close (&stage);
}

/* Two strangers that both carry a stream called "cafe" name their segments alike, as nginx-rtmp
 * and SRS do. They are no twins of ours. */
static void
test_our_look (void) {
  Stage stage;
  stage_open (&stage);
  stage.has_our_look = TRUE;
  stage.base[0] = stage.base[1] = 500;
  stage_play_foreign (&stage);
  stage_start_switcher (&stage);
  us_viewer_look (stage.viewer);
  await_more (&stage, 4);
  g_assert_cmpfloat (
      stage_metric (&stage, "understudy_switcher_interchangeable{stream=\"mystream\"}"), ==, 0);
  g_assert_cmpfloat (stage_metric (&stage, "failovers_total"), ==, 0);
  strike (&stage, 0, &faults[0]);
  await_more (&stage, 4);
  stage_close (&stage);
}

/* Two thousand segments that are all new at once are not gone through: near their end it goes on.
 */
static void
test_far_ahead (void) {
  enum { MANY = 2000, MOST = 60 };
  Stage stage;
  begin (&stage);
  guint64 before = stage.viewer->newest;
  guint64 discontinuity = stage.viewer->playlist->discontinuity_sequence;
  guint asked = fake_origin_count (stage.fakes[0], ".ts");
  fake_origin_set_listed (stage.fakes[0], MANY);
  for (guint i = 0; i < MANY; i++) {
    guint64 number = stage.number - --stage.base[0];
    g_autofree char *name = g_strdup_printf ("seg_%05u.ts", (guint)number);
    g_autoptr (GBytes) bytes = ts_segment (number, 1);
    fake_origin_add (stage.fakes[0], name, number, 0,
                     1700000000000 + (gint64)stage.number * FOREIGN_MS,
                     FOREIGN_MS * G_TIME_SPAN_MILLISECOND, bytes);
  }
  gint64 begun_us = g_get_monotonic_time ();
  while (stage_metric (&stage, "understudy_switcher_holes_total{stream=\"mystream\"}")
         < MANY - MOST) {
    g_assert_cmpint (g_get_monotonic_time () - begun_us, <, 30 * G_USEC_PER_SEC);
    us_viewer_look (stage.viewer);
  }
  await_more (&stage, 12);
  g_assert_cmpuint (fake_origin_count (stage.fakes[0], ".ts") - asked, <, MOST);
  g_assert_cmpuint (stage.viewer->newest - before, <, MOST);
  const UsPlaylistSegment *newest = g_ptr_array_index (stage.viewer->playlist->segments,
                                                       stage.viewer->playlist->segments->len - 1);
  g_assert_cmpuint (newest->discontinuity, ==, discontinuity + 1);
  stage_close (&stage);
}

/* What is larger than a segment may be is not taken, and its origin left. */
static void
test_too_large (void) {
  Stage stage;
  stage_open (&stage);
  stage.segment_megabytes = 1;
  stage_play_foreign (&stage);
  stage_start_switcher (&stage);
  us_viewer_look (stage.viewer);
  await_more (&stage, 2);
  g_assert_cmpfloat (
      stage_metric (&stage, "understudy_switcher_ledger_bytes{stream=\"mystream\"}"), ==,
      stage_metric (&stage, "understudy_switcher_ledger_rows{stream=\"mystream\"}") * 3 * 188);
  g_autofree char *noise = g_malloc0 (1024 * 1024 + 1);
  g_autoptr (GBytes) huge = g_bytes_new (noise, 1024 * 1024 + 1);
  g_autofree char *name
      = g_strdup_printf ("seg_%05u.ts", (guint)(stage.number + 1 - stage.base[0]));
  fake_origin_put (stage.fakes[0], name, huge);
  stage_await_metric (&stage, "switcher_active_origin", 0);
  g_assert_cmpfloat (stage_metric (&stage,
                                   "understudy_switcher_errors_total{stream=\"mystream\",origin="
                                   "\"primary\",reason=\"too-large\"}"),
                     >=, 1);
  await_more (&stage, 3);
  stage_close (&stage);
}

/* The new switcher knows nothing of the old one's numbers and is above them all the same. */
static void
test_restart (void) {
  Stage stage;
  begin (&stage);
  await_more (&stage, 2);
  guint64 newest = stage.viewer->newest;
  stage_stop_switcher (&stage);
  us_viewer_pass (1100);
  stage_start_switcher (&stage);
  g_autoptr (UsViewer) late = us_viewer_new (us_switcher_get_port (stage.switcher), "");
  us_viewer_look (late);
  g_assert_cmpuint (late->newest, >=, newest);
  g_assert_cmpuint (late->playlist->media_sequence, >=, stage.viewer->playlist->media_sequence);
  stage_close (&stage);
}

/* The origin that listed the first window goes in the middle of it; what it counted is not waited
 * for behind the other one's numbers. */
static void
test_gone_in_the_first_window (void) {
  Stage stage;
  stage_open (&stage);
  stage.base[0] = 0;
  stage.base[1] = 1000;
  stage_play_foreign (&stage);
  stage_start_switcher (&stage);
  while (fake_origin_count (stage.fakes[0], ".ts") < 4)
    g_main_context_iteration (NULL, TRUE);
  fake_origin_set_mode (stage.fakes[0], FAKE_DEAD);
  g_assert_cmpuint (fake_origin_count (stage.fakes[0], ".ts"), <, 10);
  us_viewer_look (stage.viewer);
  await_more (&stage, 5);
  g_assert_cmpfloat (stage_metric (&stage, "switcher_active_origin"), ==, 0);
  stage_close (&stage);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++) {
    g_autofree char *path = g_strconcat ("/switcher/foreign/primary-bad/", faults[i].name, NULL);
    g_test_add_data_func (path, &faults[i], test_primary_bad);
  }
  static const guint bad_backups[] = { 0, 2, 7 };
  for (guint i = 0; i < G_N_ELEMENTS (bad_backups); i++) {
    const Fault *fault = &faults[bad_backups[i]];
    g_autofree char *path = g_strconcat ("/switcher/foreign/both-bad/", fault->name, NULL);
    g_test_add_data_func (path, fault, test_both_bad);
  }
  g_test_add_func ("/switcher/foreign/source-quiet", test_source_quiet);
  g_test_add_func ("/switcher/foreign/backup-bad", test_backup_bad);
  g_test_add_func ("/switcher/foreign/switchback", test_switchback);
  g_test_add_func ("/switcher/foreign/lonely-restart", test_lonely_restart);
  g_test_add_func ("/switcher/foreign/not-modified", test_not_modified);
  g_test_add_func ("/switcher/foreign/standby-restarts", test_standby_restarts);
  g_test_add_func ("/switcher/foreign/signed", test_signed);
  g_test_add_func ("/switcher/foreign/moved", test_moved);
  g_test_add_func ("/switcher/foreign/no-duration", test_no_duration);
  g_test_add_func ("/switcher/foreign/our-look", test_our_look);
  g_test_add_func ("/switcher/foreign/far-ahead", test_far_ahead);
  g_test_add_func ("/switcher/foreign/too-large", test_too_large);
  g_test_add_func ("/switcher/foreign/restart", test_restart);
  g_test_add_func ("/switcher/foreign/gone-in-the-first-window", test_gone_in_the_first_window);
  return g_test_run ();
}
