/* stage.c - two fake origins, a real switcher between them and a viewer */
#include "stage.h"

#include <string.h>

#include "unit/switcher/ts-segment.h"

#define FOREIGN_MS 300

static gint64
get_monotonic_us (const UsClock *clock) {
  return us_clock_monotonic_us (us_clock_system ()) + ((const StageClock *)clock)->ahead_us;
}

static gint64
get_wall_us (const UsClock *clock) {
  return us_clock_wall_us (us_clock_system ()) + ((const StageClock *)clock)->ahead_us;
}

void
stage_open (Stage *stage) {
  *stage = (Stage){ .clock = { .clock = { get_monotonic_us, get_wall_us } },
                    .number = 1000,
                    .required_windows = 1,
                    .segment_megabytes = 16,
                    .max_streams = 64,
                    .playlist_path = "index.m3u8",
                    .base = { 1000, 500 } };
  for (guint i = 0; i < 2; i++)
    stage->fakes[i] = fake_origin_new ();
}

void
stage_start_switcher (Stage *stage) {
  g_autoptr (GError) error = NULL;
  g_autofree char *primary = fake_origin_url (stage->fakes[0]);
  g_autofree char *backup = fake_origin_url (stage->fakes[1]);
  UsSwitcherSettings settings;
  us_switcher_settings_default (&settings);
  settings.http.address = "127.0.0.1";
  settings.http.port = 0;
  settings.http.n_shards = 1;
  if (stage->user_info != NULL) {
    char *with = g_strdup_printf ("http://%s@%s", stage->user_info, primary + strlen ("http://"));
    g_free (primary);
    primary = with;
  }
  settings.primary_base_url = primary;
  settings.backup_base_url = backup;
  settings.required_windows = stage->required_windows;
  settings.segment_megabytes = stage->segment_megabytes;
  settings.max_streams = stage->max_streams;
  settings.playlist_path = stage->playlist_path;
  settings.has_self_verdict = stage->has_self_verdict;
  settings.clock = &stage->clock.clock;
  stage->switcher = us_switcher_new (&settings, &error);
  g_assert_no_error (error);
  gboolean is_started = us_switcher_start (stage->switcher, &error);
  g_assert_no_error (error);
  g_assert_true (is_started);
  guint16 port = us_switcher_get_port (stage->switcher);
  if (stage->viewer == NULL) {
    stage->viewer = us_viewer_new (port, "");
  } else { /* the same viewer comes to the switcher's new address */
    g_free (stage->viewer->base);
    stage->viewer->base = g_strdup_printf ("http://127.0.0.1:%u/hls/", port);
  }
}

void
stage_stop_switcher (Stage *stage) {
  us_switcher_drain (stage->switcher, 0);
  g_clear_pointer (&stage->switcher, us_switcher_free);
}

void
stage_close (Stage *stage) {
  if (stage->timer != 0)
    g_source_remove (stage->timer);
  if (stage->switcher != NULL)
    us_switcher_free (stage->switcher);
  g_clear_pointer (&stage->viewer, us_viewer_free);
  for (guint i = 0; i < 2; i++)
    fake_origin_free (stage->fakes[i]);
}

char *
stage_name (Stage *stage) {
  return us_segment_name (STAGE_EPOCH, stage->number);
}

void
stage_next (Stage *stage, gboolean on_primary, gboolean on_backup) {
  guint64 n = ++stage->number;
  g_autofree char *name = stage_name (stage);
  g_autoptr (GBytes) bytes = ts_segment (n, 0);
  const gboolean is_on[2] = { on_primary, on_backup };
  for (guint i = 0; i < 2; i++)
    if (is_on[i])
      fake_origin_add (stage->fakes[i], name, n, 0, 1700000000000 + (gint64)n * 1000,
                       G_USEC_PER_SEC, bytes);
}

static gboolean
on_foreign (gpointer user_data) {
  Stage *stage = user_data;
  guint64 n = ++stage->number;
  for (guint i = 0; i < 2; i++) {
    if (stage->is_stale[i])
      continue;
    /* same names, other numbers, other bytes: as two ffmpegs would */
    guint64 number = n - stage->base[i];
    g_autofree char *name = stage->has_our_look
                                ? us_segment_name (0xcafe, number)
                                : g_strdup_printf ("seg_%05u.ts", (guint)(number % 100000));
    g_autoptr (GBytes) bytes = ts_segment (number, (guint8)(1 + i));
    fake_origin_add (
        stage->fakes[i], name, number, 0,
        1700000000000 + (gint64)n * FOREIGN_MS + (i == 0 ? 0 : 100),
        i == 0 && n == stage->without_duration ? 0 : FOREIGN_MS * G_TIME_SPAN_MILLISECOND, bytes);
  }
  return G_SOURCE_CONTINUE;
}

void
stage_play_foreign (Stage *stage) {
  for (guint i = 0; i < 2; i++)
    fake_origin_set_blocking (stage->fakes[i], FALSE);
  for (guint i = 0; i < 10; i++)
    on_foreign (stage);
  stage->timer = g_timeout_add (FOREIGN_MS, on_foreign, stage);
}

char *
stage_health (Stage *stage, guint *status) {
  g_autoptr (UsHttpReply) reply = us_viewer_get (stage->viewer, "/healthz");
  *status = reply->status;
  return g_strndup (g_bytes_get_data (reply->body, NULL), g_bytes_get_size (reply->body));
}

/* The value of a sample, written with its labels as in the exposition. */
double
stage_metric (Stage *stage, const char *sample) {
  g_autoptr (UsHttpReply) reply = us_viewer_get (stage->viewer, "/metrics");
  g_assert_cmpuint (reply->status, ==, 200);
  g_autofree char *text
      = g_strndup (g_bytes_get_data (reply->body, NULL), g_bytes_get_size (reply->body));
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  gsize length = strlen (sample);
  for (guint i = 0; lines[i] != NULL; i++)
    if (strncmp (lines[i], sample, length) == 0 && lines[i][length] == ' ')
      return g_ascii_strtod (lines[i] + length, NULL);
  g_error ("no sample \"%s\" in:\n%s", sample, text);
}

void
stage_await_metric (Stage *stage, const char *sample, double value) {
  gint64 begun_us = g_get_monotonic_time ();
  while (stage_metric (stage, sample) != value)
    g_assert_cmpint (g_get_monotonic_time () - begun_us, <, 30 * G_USEC_PER_SEC);
}
