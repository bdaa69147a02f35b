/* test-life.c - streams come, change, pause and go at any moment; ladders change */
#include "film.h"
#include "puppet.h"
#include "watching.h"

#include <string.h>

static char *
media (guint64 first) {
  GString *text = g_string_new ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n");
  g_string_append_printf (text, "#EXT-X-MEDIA-SEQUENCE:%" G_GUINT64_FORMAT "\n", first);
  for (guint64 n = first; n < first + 6; n++)
    g_string_append_printf (text, "#EXTINF:1.0,\n%" G_GUINT64_FORMAT ".ts\n", n);
  return g_string_free (text, FALSE);
}

static gboolean
on_play (gpointer user_data) {
  static guint64 first = 1;
  g_autofree char *text = media (++first);
  puppet_say_text (user_data, "/a.m3u8", text);
  puppet_say_text (user_data, "/b.m3u8", text);
  return G_SOURCE_CONTINUE;
}

static void
put (Watching *watching, const char *id, const char *url, gboolean is_paused) {
  g_autoptr (UsStreamConfig) config = us_stream_config_new (id, id, url);
  config->is_paused = is_paused;
  config->segment_share = 0;
  us_monitor_put (watching->monitor, config);
}

/* Requests are under way when the stream goes. */
static void
test_removal (void) {
  g_autoptr (Hole) hole = hole_new ();
  g_autoptr (Puppet) puppet = puppet_new ();
  g_autoptr (Material) material = material_new (MATERIAL_PLAIN);
  FilmOrigin origin = { .fake = fake_origin_new (), .material = material };
  Film film;
  Watching watching = { 0 };
  film_begin (&film, &origin, 1, 5 * G_USEC_PER_SEC);
  watching_open (&watching);
  g_autofree char *base = fake_origin_url (origin.fake);
  g_autofree char *good = g_strconcat (base, "/index.m3u8", NULL);
  g_autofree char *hung = hole_url (hole, "/a.m3u8");
  g_autofree char *missing = puppet_url (puppet, "/none.m3u8");
  for (guint round = 0; round < 60; round++) {
    watching_put (&watching, "good", good);
    watching_put (&watching, "hung", hung);
    watching_put (&watching, "missing", missing);
    watching_run (0.007 * (round % 9));
    us_monitor_want_thumbnail (watching.monitor, "good", "asked");
    if (round % 3 == 0)
      put (&watching, "good", good, TRUE);
    if (round % 5 == 0)
      put (&watching, "hung", good, FALSE);
    if (round % 7 == 0)
      watching_run (0.03);
    us_monitor_remove (watching.monitor, "good");
    us_monitor_remove (watching.monitor, "hung");
    us_monitor_remove (watching.monitor, "missing");
    us_monitor_remove (watching.monitor, "never");
  }
  UsMonitorStats stats;
  us_monitor_get_stats (watching.monitor, &stats);
  g_assert_cmpuint (stats.n_streams, ==, 0);
  g_assert_cmpuint (stats.n_under_way + stats.n_queued, ==, 0);
  /* The end of the monitor itself, in the middle of everything. */
  watching_put (&watching, "good", good);
  watching_put (&watching, "hung", hung);
  watching_run (0.3);
  watching_close (&watching);
  film_end (&film);
  fake_origin_free (origin.fake);
}

/* The handler removes the stream that it is called for. */
static void
test_removal_inside (void) {
  g_autoptr (Puppet) puppet = puppet_new ();
  g_autofree char *url = puppet_url (puppet, "/a.m3u8");
  guint timer = g_timeout_add (500, on_play, puppet);
  Watching watching = { 0 };
  UsWatchView view;
  on_play (puppet);
  watching_open (&watching);
  watching.remove_on_verdict = "a";
  for (guint i = 0; i < 4; i++) {
    put (&watching, "a", url, FALSE);
    watching_await (!us_monitor_view (watching.monitor, "a", &view));
  }
  watching_close (&watching);
  g_source_remove (timer);
}

static void
test_pause (void) {
  g_autoptr (Puppet) puppet = puppet_new ();
  g_autofree char *url = puppet_url (puppet, "/a.m3u8");
  guint timer = g_timeout_add (500, on_play, puppet);
  Watching watching = { 0 };
  on_play (puppet);
  watching_open (&watching);
  put (&watching, "a", url, FALSE);
  watching_await (watching_health (&watching, "a") == US_HEALTH_HEALTHY);
  put (&watching, "a", url, TRUE);
  watching_await (watching_health (&watching, "a") == US_HEALTH_NO_DATA);
  guint n = puppet_count (puppet, "/a.m3u8");
  watching_run (2.5);
  g_assert_cmpuint (puppet_count (puppet, "/a.m3u8"), ==, n);
  put (&watching, "a", url, FALSE);
  watching_await (watching_health (&watching, "a") == US_HEALTH_HEALTHY);
  /* The numbers that passed in between are nobody's fault. */
  watching_assert_clean (&watching, "a");
  watching_close (&watching);
  g_source_remove (timer);
}

/* A segment that is missing is asked for again and again; meanwhile somebody renames the stream. */
static void
test_renamed_inside (void) {
  g_autoptr (Puppet) puppet = puppet_new ();
  g_autofree char *url = puppet_url (puppet, "/a.m3u8");
  guint timer = g_timeout_add (500, on_play, puppet);
  Watching watching = { 0 };
  on_play (puppet);
  watching_open (&watching);
  for (guint i = 0; i < 100; i++) {
    g_autofree char *name = g_strdup_printf ("name %u", i);
    g_autoptr (UsStreamConfig) config = us_stream_config_new ("a", name, url);
    config->authorization = g_strdup ("Bearer 0123456789");
    us_monitor_put (watching.monitor, config);
    watching_run (0.03);
  }
  watching_await (watching.n_samples > 0);
  watching_close (&watching);
  g_source_remove (timer);
}

/* What was wrong at another address is over: nobody would ever close it. */
static void
test_other_url (void) {
  g_autoptr (Puppet) puppet = puppet_new ();
  g_autofree char *missing = puppet_url (puppet, "/none.m3u8");
  g_autofree char *other = puppet_url (puppet, "/neither.m3u8");
  Watching watching = { 0 };
  watching_open (&watching);
  put (&watching, "a", missing, FALSE);
  watching_await (watching_is_open (&watching, "a", US_CHECK_HTTP_4XX));
  put (&watching, "a", other, FALSE);
  g_assert_false (watching_is_open (&watching, "a", US_CHECK_HTTP_4XX));
  watching_await (watching_is_open (&watching, "a", US_CHECK_HTTP_4XX));
  watching_close (&watching);
}

/* Who says no late says no, as an origin does that waits for a stream to begin; once a playlist was
 * had, late is late. */
static void
test_late_no (void) {
  g_autoptr (Puppet) puppet = puppet_new ();
  g_autofree char *url = puppet_url (puppet, "/a.m3u8");
  g_autofree char *known = puppet_url (puppet, "/b.m3u8");
  Watching watching = { 0 };
  us_monitor_settings_default (&watching.settings);
  watching.settings.allow_loopback = TRUE;
  watching.settings.max_decodes = 0;
  watching.settings.deadline_ms = 200;
  watching.settings.first_deadline_ms = 20000;
  puppet_say_text (puppet, "/b.m3u8",
                   "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:1/0.ts\n");
  watching_open (&watching);
  put (&watching, "b", known, FALSE);
  watching_await (puppet_count (puppet, "/b.m3u8") >= 2);
  puppet_hold (puppet, 600);
  put (&watching, "a", url, FALSE);
  watching_await (watching_is_open (&watching, "a", US_CHECK_HTTP_5XX)
                  && watching_is_open (&watching, "b", US_CHECK_TIMEOUT));
  g_assert_null (watching_find (&watching, "a", US_CHECK_TIMEOUT));
  g_assert_null (watching_find (&watching, "b", US_CHECK_HTTP_5XX));
  watching_close (&watching);
}

/* Nothing is claimed before anything is known. */
static void
test_no_data (void) {
  g_autoptr (Hole) hole = hole_new ();
  g_autofree char *url = hole_url (hole, "/a.m3u8");
  Watching watching = { 0 };
  watching_open (&watching);
  put (&watching, "a", url, FALSE);
  watching_run (1.5);
  g_assert_cmpint (watching_health (&watching, "a"), ==, US_HEALTH_NO_DATA);
  watching_await (watching_health (&watching, "a") == US_HEALTH_UNHEALTHY);
  g_assert_cmpuint (watching_count (&watching, "a", US_EVENT_HEALTH_CHANGE), ==, 1);
  watching_close (&watching);
}

#define VARIANT "#EXT-X-STREAM-INF:BANDWIDTH="

static void
test_ladder (void) {
  g_autoptr (Puppet) puppet = puppet_new ();
  g_autofree char *url = puppet_url (puppet, "/master.m3u8");
  g_autofree char *lone_url = puppet_url (puppet, "/lone.m3u8");
  guint timer = g_timeout_add (500, on_play, puppet);
  Watching watching = { 0 };
  UsWatchView view;
  on_play (puppet);
  puppet_say_text (puppet, "/master.m3u8",
                   "#EXTM3U\n" VARIANT "1000000\na.m3u8?t=1\n" VARIANT "2000000\nb.m3u8?t=1\n");
  g_autofree char *lone = media (1);
  puppet_say_text (puppet, "/lone.m3u8", lone);
  watching_open (&watching);
  put (&watching, "ladder", url, FALSE);
  put (&watching, "lone", lone_url, FALSE);
  watching_await (watching_health (&watching, "ladder") == US_HEALTH_HEALTHY);
  us_monitor_view (watching.monitor, "ladder", &view);
  g_assert_cmpuint (view.n_renditions, ==, 2);
  watching_await (watching_health (&watching, "lone") == US_HEALTH_HEALTHY);

  /* A rung fails: the ladder is read again at once, and does not name it any more. New tokens make
   * no new renditions. */
  puppet_say_text (puppet, "/master.m3u8", "#EXTM3U\n" VARIANT "1000000\na.m3u8?t=2\n");
  g_source_remove (timer);
  g_autoptr (GBytes) none = g_bytes_new (NULL, 0);
  puppet_say (puppet, "/b.m3u8", 404, "text/plain", none);
  watching_await (watching_count (&watching, "ladder", US_EVENT_LADDER_CHANGED) > 0);
  us_monitor_view (watching.monitor, "ladder", &view);
  g_assert_cmpuint (view.n_renditions, ==, 1);
  g_assert_cmpstr (view.renditions[0].info->label, ==, "0-1000k");
  g_assert_true (g_str_has_suffix (view.renditions[0].info->url, "?t=2"));
  watching_await (watching_is_open (&watching, "ladder", US_CHECK_RENDITION_MISSING));

  /* The lone one becomes a ladder. */
  puppet_say_text (puppet, "/lone.m3u8", "#EXTM3U\n" VARIANT "1000000\na.m3u8\n");
  watching_await (us_monitor_view (watching.monitor, "lone", &view) && view.is_multivariant
                  && view.n_renditions == 1);
  watching_close (&watching);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/life/removal", test_removal);
  g_test_add_func ("/monitor/life/removal-inside", test_removal_inside);
  g_test_add_func ("/monitor/life/pause", test_pause);
  g_test_add_func ("/monitor/life/renamed-inside", test_renamed_inside);
  g_test_add_func ("/monitor/life/other-url", test_other_url);
  g_test_add_func ("/monitor/life/late-no", test_late_no);
  g_test_add_func ("/monitor/life/no-data", test_no_data);
  g_test_add_func ("/monitor/life/ladder", test_ladder);
  return g_test_run ();
}
