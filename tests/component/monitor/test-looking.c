/* test-looking.c - pictures of watched streams, taken by children of this program */
#include "film.h"
#include "monitor/decode-worker.h"
#include "watching.h"

#include <string.h>
#include <unistd.h>

typedef struct {
  Material *material;
  FilmOrigin origin;
  Film film;
  Watching watching;
} World;

/* The film is half a minute long, and a decoder's first start may take long: each test its own. */
static void
set_up (World *world, gconstpointer data) {
  UsMonitorSettings *settings = &world->watching.settings;
  world->material = material_new (MATERIAL_LOOP);
  world->origin = (FilmOrigin){ .fake = fake_origin_new (), .material = world->material };
  us_monitor_settings_default (settings);
  settings->allow_loopback = TRUE;
  settings->max_decodes = 1;
  settings->thumbnail_interval_ms = 1000;
  film_begin (&world->film, &world->origin, 1, 4 * G_USEC_PER_SEC);
  watching_open (&world->watching);
}

static void
tear_down (World *world, gconstpointer data) {
  watching_close (&world->watching);
  film_end (&world->film);
  fake_origin_free (world->origin.fake);
  material_free (world->material);
}

static void
put (World *world, double share) {
  g_autofree char *base = fake_origin_url (world->origin.fake);
  g_autofree char *url = g_strconcat (base, "/index.m3u8", NULL);
  g_autoptr (UsStreamConfig) config = us_stream_config_new ("a", "a", url);
  config->segment_share = share;
  us_monitor_put (world->watching.monitor, config);
}

static void
test_interval (World *world, gconstpointer data) {
  Watching *watching = &world->watching;
  UsMonitorStats stats;
  put (world, 1);
  watching_await (watching->n_pictures >= 2);
  g_assert_cmpstr (watching->reason, ==, "interval");
  us_monitor_get_stats (watching->monitor, &stats);
  g_assert_cmpuint (stats.n_decodes, >=, 2);
  g_assert_cmpuint (stats.n_decoder_crashes + stats.n_decoder_timeouts, ==, 0);
}

/* Of a stream whose segments are not fetched, one is when somebody asks for a picture. */
static void
test_wanted (World *world, gconstpointer data) {
  Watching *watching = &world->watching;
  put (world, 0);
  watching_await (watching_health (watching, "a") == US_HEALTH_HEALTHY);
  watching_run (2.5);
  g_assert_cmpuint (watching_count (watching, "a", US_EVENT_SEGMENT_OK), ==, 0);
  us_monitor_want_thumbnail (watching->monitor, "a", "finding");
  watching_await (watching->n_pictures == 1);
  g_assert_cmpstr (watching->reason, ==, "finding");
  g_assert_cmpuint (watching_count (watching, "a", US_EVENT_SEGMENT_OK), <=, 2);
  /* The end comes while another one is taken. */
  us_monitor_want_thumbnail (watching->monitor, "a", "finding");
  watching_await (watching_count (watching, "a", US_EVENT_SEGMENT_OK) >= 2);
}

int
main (int argc, char **argv) {
  if (argc > 1 && strcmp (argv[1], US_DECODE_WORKER_COMMAND) == 0)
    return us_decode_worker_run (STDIN_FILENO, STDOUT_FILENO, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/monitor/looking/interval", World, NULL, set_up, test_interval, tear_down);
  g_test_add ("/monitor/looking/wanted", World, NULL, set_up, test_wanted, tear_down);
  return g_test_run ();
}
