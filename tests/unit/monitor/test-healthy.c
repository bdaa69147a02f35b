/* test-healthy.c - playlists of many makers, all of them well: nothing may be found that touches
 * their health, in twenty simulated minutes each */
#include "live-case.h"

static const LiveProfile profiles[] = {
  { .name = "ffmpeg", .duration_ms = 2000, .window = 5, .publish_vary_ms = 100 },
  { .name = "ffmpeg with dates", .duration_ms = 2000, .window = 5, .dates = DATES_EACH },
  { .name = "ffmpeg, key frames as they come",
    .duration_ms = 2000,
    .vary_ms = 1300,
    .window = 6,
    .publish_vary_ms = 200 },
  { .name = "nginx-rtmp",
    .duration_ms = 5000,
    .vary_ms = 400,
    .window = 6,
    .publish_vary_ms = 300 },
  { .name = "event", .duration_ms = 6000, .target_s = 6, .head = "#EXT-X-PLAYLIST-TYPE:EVENT\n" },
  { .name = "6 s",
    .first = 77,
    .duration_ms = 6006,
    .target_s = 6,
    .window = 5,
    .dates = DATES_EACH,
    .publish_vary_ms = 1500 },
  { .name = "10 s", .duration_ms = 10000, .target_s = 10, .window = 3, .publish_vary_ms = 3000 },
  { .name = "10 s in whole seconds, one date",
    .duration_ms = 9600,
    .target_s = 10,
    .window = 6,
    .is_whole = TRUE,
    .dates = DATES_TOP },
  { .name = "announces more than it needs", .duration_ms = 4000, .target_s = 6, .window = 6 },
  { .name = "low latency",
    .duration_ms = 4000,
    .target_s = 4,
    .window = 6,
    .dates = DATES_EACH,
    .is_low_latency = TRUE,
    .head = "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5\n"
            "#EXT-X-PART-INF:PART-TARGET=0.5\n" },
  { .name = "blocking reload",
    .duration_ms = 2000,
    .target_s = 2,
    .window = 10,
    .head = "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES\n",
    .poll_s = 2 },
  { .name = "dates of arrival",
    .duration_ms = 2000,
    .target_s = 2,
    .window = 6,
    .dates = DATES_SHAKY },
  { .name = "slow poller",
    .duration_ms = 2000,
    .target_s = 2,
    .window = 5,
    .dates = DATES_EACH,
    .poll_s = 17 },
  { .name = "slow poller, no dates",
    .duration_ms = 2000,
    .target_s = 2,
    .window = 5,
    .poll_s = 17 },
  { .name = "removes five at once",
    .duration_ms = 2000,
    .target_s = 2,
    .window = 10,
    .remove_at_once = 5 },
  { .name = "discontinuities",
    .duration_ms = 2000,
    .target_s = 2,
    .window = 6,
    .cut_every = 10,
    .dates = DATES_EACH },
  { .name = "discontinuities, several removed at once",
    .duration_ms = 2000,
    .target_s = 2,
    .window = 9,
    .cut_every = 4,
    .remove_at_once = 3 },
  { .name = "as late as RFC 8216 allows",
    .duration_ms = 2000,
    .target_s = 2,
    .window = 6,
    .publish_vary_ms = 950 },
  { .name = "1 s", .duration_ms = 1000, .target_s = 1, .window = 10, .publish_vary_ms = 200 },
};

static void
test_profile (gconstpointer data) {
  const LiveProfile *profile = data;
  for (guint32 seed = 1; seed <= 4; seed++) {
    g_autoptr (Live) live = live_new (profile, seed);
    live_run (live, 1200);
    g_assert_cmpstr (live->log->str, ==, "");
    g_assert_cmpint (live->verdict.health, ==, US_HEALTH_HEALTHY);
    g_assert_cmpuint (live->n_changes, ==, 1); /* from NO DATA, once */
    g_assert_false (live->verdict.is_flapping);
    g_assert_null (live->verdict.reasons[0]);
    g_assert_cmpuint (live->verdict.leading, ==, US_N_CHECKS);
  }
}

/* The same with its encoder stopped: found, in all of them. */
static void
test_stopped (gconstpointer data) {
  const LiveProfile *profile = data;
  g_autoptr (Live) live = live_new (profile, 5);
  live_run (live, 200);
  g_assert_cmpint (live->verdict.health, ==, US_HEALTH_HEALTHY);
  live->stopped_us = live->now_us;
  double target_s = live->facts.target_duration_s, poll_s = MAX (profile->poll_s, target_s);
  double took_s = live_run_until (live, US_HEALTH_UNHEALTHY, 600);
  g_assert_cmpfloat (took_s, <=, MAX (3.5 * target_s, 10) + 2 * poll_s + target_s + 1);
  g_assert_cmpint (live->verdict.leading, ==, US_CHECK_STALE);
  live_run (live, 600);
  g_assert_cmpint (live->verdict.health, ==, US_HEALTH_UNHEALTHY);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (profiles); i++) {
    g_autofree char *well = g_strdup_printf ("/monitor/healthy/%s/well", profiles[i].name);
    g_autofree char *stopped = g_strdup_printf ("/monitor/healthy/%s/stopped", profiles[i].name);
    g_test_add_data_func (well, &profiles[i], test_profile);
    g_test_add_data_func (stopped, &profiles[i], test_stopped);
  }
  return g_test_run ();
}
