/* test-faults.c - what goes wrong is found by its name; what stands beside it stays HEALTHY */
#include "film.h"
#include "puppet.h"
#include "watching.h"

#include <math.h>
#include <string.h>

/* ---- a film shown by several origins, each ill in its own way ---- */

typedef struct {
  const char *id;
  FakeMode mode;
  gboolean stops;
  UsCheck check;
} Illness;

static const Illness illnesses[] = {
  { "well", FAKE_GOOD, FALSE, US_N_CHECKS },
  { "frozen", FAKE_GOOD, TRUE, US_CHECK_STALE },
  { "dead", FAKE_DEAD, FALSE, US_CHECK_CONNECT },
  { "broken", FAKE_HTTP_500, FALSE, US_CHECK_HTTP_5XX },
  { "gone", FAKE_HTTP_404, FALSE, US_CHECK_HTTP_4XX },
  { "login", FAKE_HTML, FALSE, US_CHECK_NOT_A_PLAYLIST },
  { "noise", FAKE_BAD_SEGMENT, FALSE, US_CHECK_MEDIA_BROKEN },
  { "cut", FAKE_CUT_SEGMENT, FALSE, US_CHECK_SEGMENT_TRUNCATED },
  { "hung", FAKE_FROZEN, FALSE, US_CHECK_TIMEOUT },
  { "stuck", FAKE_FROZEN_SEGMENT, FALSE, US_CHECK_SEGMENT_TIMEOUT },
};
#define N_ILL G_N_ELEMENTS (illnesses)

static void
test_film (void) {
  g_autoptr (Material) material = material_new (MATERIAL_LOOP);
  FilmOrigin origins[N_ILL] = { 0 };
  Film film;
  Watching watching = { 0 };
  for (guint i = 0; i < N_ILL; i++)
    origins[i] = (FilmOrigin){ .fake = fake_origin_new (), .material = material };
  film_begin (&film, origins, N_ILL, 4 * G_USEC_PER_SEC);
  watching_open (&watching);
  for (guint i = 0; i < N_ILL; i++) {
    g_autofree char *base = fake_origin_url (origins[i].fake);
    g_autofree char *url = g_strconcat (base, "/index.m3u8", NULL);
    watching_put (&watching, illnesses[i].id, url);
  }
  for (guint i = 0; i < N_ILL; i++)
    watching_await (watching_health (&watching, illnesses[i].id) == US_HEALTH_HEALTHY);
  watching_run (1);
  for (guint i = 0; i < N_ILL; i++) {
    watching_assert_clean (&watching, illnesses[i].id);
    fake_origin_set_mode (origins[i].fake, illnesses[i].mode);
    origins[i].is_stopped = illnesses[i].stops;
  }
  for (guint i = 1; i < N_ILL; i++) {
    g_test_message ("awaiting %s", illnesses[i].id);
    watching_await (watching_is_open (&watching, illnesses[i].id, illnesses[i].check));
  }
  /* Also the one from which nothing comes any more. */
  for (guint i = 1; i < N_ILL; i++) {
    g_test_message ("awaiting that %s is UNHEALTHY", illnesses[i].id);
    watching_await (watching_health (&watching, illnesses[i].id) == US_HEALTH_UNHEALTHY);
  }
  watching_assert_clean (&watching, "well");

  UsWatchView view;
  UsSymptoms symptoms;
  us_monitor_get_symptoms (watching.monitor, "frozen", &symptoms);
  g_assert_cmpuint (symptoms.n_stopped, ==, 1);
  g_assert_true (symptoms.is_stopped_together);
  g_assert_cmpuint (symptoms.n_unreachable, ==, 0);
  us_monitor_get_symptoms (watching.monitor, "dead", &symptoms);
  g_assert_cmpuint (symptoms.n_unreachable, ==, 1);
  g_assert_cmpuint (symptoms.playlists[US_OUTCOME_CONNECT], >=, 2);
  g_assert_cmpuint (symptoms.n_failed_in_a_row, >=, 2);
  /* Streams on this machine say nothing of the network. */
  g_assert_cmpuint (symptoms.n_hosts, ==, 0);
  us_monitor_get_symptoms (watching.monitor, "stuck", &symptoms);
  g_assert_cmpuint (symptoms.n_segments_failing, ==, 1);
  g_assert_cmpuint (watching_count (&watching, "dead", US_EVENT_PLAYLIST_ERROR), <=, 2);
  g_assert_cmpuint (watching_count (&watching, "cut", US_EVENT_SEGMENT_ERROR), >, 0);
  g_assert_true (us_monitor_view (watching.monitor, "login", &view));
  g_assert_nonnull (view.verdict->reasons[0]);
  g_assert_cmpint (view.verdict->leading, ==, US_CHECK_NOT_A_PLAYLIST);

  /* Well again: what stands closes, and the state is held a while. */
  for (guint i = 1; i < N_ILL; i++) {
    fake_origin_set_mode (origins[i].fake, FAKE_GOOD);
    origins[i].is_stopped = FALSE;
  }
  static const char *const standing[] = { "dead", "broken", "gone", "login", "hung" };
  for (guint i = 0; i < G_N_ELEMENTS (standing); i++) {
    g_test_message ("awaiting the end of %s", standing[i]);
    watching_await (!watching_is_open (&watching, standing[i], US_CHECK_CONNECT)
                    && !watching_is_open (&watching, standing[i], US_CHECK_HTTP_5XX)
                    && !watching_is_open (&watching, standing[i], US_CHECK_HTTP_4XX)
                    && !watching_is_open (&watching, standing[i], US_CHECK_NOT_A_PLAYLIST)
                    && !watching_is_open (&watching, standing[i], US_CHECK_TIMEOUT));
    g_assert_cmpint (watching_health (&watching, standing[i]), >=, US_HEALTH_DEGRADED);
  }
  watching_close (&watching);
  film_end (&film);
  for (guint i = 0; i < N_ILL; i++)
    fake_origin_free (origins[i].fake);
}

/* ---- a playlist whose segments are there or not, as the test says ---- */

typedef struct {
  Puppet *puppet;
  guint64 newest;
  guint timer, n_ticks;
  GBytes *bytes;
  gboolean is_missing, is_late, is_oldest_gone, is_mixed;
  guint window; /* segments listed */
} Live;

static void
say_segment (Live *live, guint64 number, gboolean is_there) {
  g_autofree char *path = g_strdup_printf ("/s%" G_GUINT64_FORMAT ".ts", number);
  g_autoptr (GBytes) page = g_bytes_new_static ("none", 4);
  puppet_say (live->puppet, path, is_there ? 200 : 404, "video/mp2t",
              is_there ? live->bytes : page);
}

/* Every other one fails, now in this way, now in that. */
static void
spoil (Live *live, guint64 number) {
  g_autofree char *path = g_strdup_printf ("/s%" G_GUINT64_FORMAT ".ts", number);
  g_autoptr (GBytes) page = g_bytes_new_static ("none", 4);
  if (number % 2 == 0)
    puppet_say (live->puppet, path, number % 4 == 0 ? 500 : 404, "text/plain", page);
}

static gboolean
on_live (gpointer user_data) {
  Live *live = user_data;
  guint64 behind = live->window - 1;
  g_autoptr (GString) text = g_string_new ("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n");
  if (live->is_late && live->n_ticks++ % 2 == 0) {
    /* Half a second after it was listed. */
    say_segment (live, live->newest, TRUE);
    return G_SOURCE_CONTINUE;
  }
  if (!live->is_late && live->n_ticks++ % 2 == 0)
    return G_SOURCE_CONTINUE;
  guint64 newest = ++live->newest;
  say_segment (live, newest, !live->is_missing && !live->is_late);
  if (live->is_mixed)
    spoil (live, newest);
  if (live->is_oldest_gone)
    say_segment (live, newest - behind, FALSE);
  g_string_append_printf (text, "#EXT-X-MEDIA-SEQUENCE:%" G_GUINT64_FORMAT "\n", newest - behind);
  g_string_append_printf (text, "#EXT-X-DISCONTINUITY-SEQUENCE:%" G_GUINT64_FORMAT "\n",
                          newest - behind);
  for (guint64 n = newest - behind; n <= newest; n++)
    g_string_append_printf (text, "#EXT-X-DISCONTINUITY\n#EXTINF:1.0,\ns%" G_GUINT64_FORMAT ".ts\n",
                            n);
  puppet_say_text (live->puppet, "/live.m3u8", text->str);
  return G_SOURCE_CONTINUE;
}

static void
live_begin (Live *live, GBytes *bytes) {
  live->puppet = puppet_new ();
  live->newest = 100;
  live->bytes = bytes;
  live->window = live->window > 0 ? live->window : 8;
  for (guint64 n = 90; n <= 100; n++)
    say_segment (live, n, TRUE);
  on_live (live);
  on_live (live);
  live->timer = g_timeout_add (500, on_live, live);
}

static void
live_end (Live *live) {
  g_source_remove (live->timer);
  puppet_free (live->puppet);
}

static void
test_missing (void) {
  g_autoptr (Material) material = material_new (MATERIAL_LOOP);
  Live missing = { .is_missing = TRUE }, late = { .is_late = TRUE },
       early = { .is_oldest_gone = TRUE }, early_of_four = { .is_oldest_gone = TRUE, .window = 4 };
  Live *const lives[] = { &missing, &late, &early, &early_of_four };
  static const char *const ids[] = { "missing", "late", "early", "early-of-four" };
  static const UsCheck checks[] = { US_CHECK_SEGMENT_MISSING, US_CHECK_SEGMENT_LATE,
                                    US_CHECK_SEGMENT_EARLY_GONE, US_CHECK_SEGMENT_EARLY_GONE };
  Watching watching = { 0 };
  UsWatchView view;
  watching_open (&watching);
  for (guint i = 0; i < G_N_ELEMENTS (lives); i++) {
    live_begin (lives[i], material->bytes->pdata[0]);
    g_autofree char *url = puppet_url (lives[i]->puppet, "/live.m3u8");
    watching_put (&watching, ids[i], url);
  }
  for (guint i = 0; i < G_N_ELEMENTS (lives); i++) {
    g_test_message ("awaiting %s", ids[i]);
    watching_await (watching_find (&watching, ids[i], checks[i]) != NULL);
  }
  watching_await (watching_health (&watching, "missing") == US_HEALTH_UNHEALTHY);
  watching_run (3);
  UsSymptoms symptoms;
  us_monitor_get_symptoms (watching.monitor, "missing", &symptoms);
  g_assert_true (symptoms.is_newest_only);
  g_assert_cmpuint (symptoms.n_hits[US_CHECK_SEGMENT_MISSING], >=, 2);
  us_monitor_get_symptoms (watching.monitor, "early", &symptoms);
  g_assert_true (symptoms.is_oldest_only);
  /* Late is not missing, and the other way round. */
  g_assert_null (watching_find (&watching, "late", US_CHECK_SEGMENT_MISSING));
  g_assert_null (watching_find (&watching, "missing", US_CHECK_SEGMENT_LATE));
  g_assert_null (watching_find (&watching, "early", US_CHECK_SEGMENT_MISSING));
  /* It goes on listing: what counts is what could be had. */
  g_assert_true (us_monitor_view (watching.monitor, "missing", &view));
  gint64 missing_us = view.last_segment_wall_us;
  g_assert_true (us_monitor_view (watching.monitor, "early", &view));
  g_assert_cmpint (view.last_segment_wall_us, >, missing_us);
  watching_close (&watching);
  for (guint i = 0; i < G_N_ELEMENTS (lives); i++)
    live_end (lives[i]);
}

static gboolean
is_said (const Watching *watching, const char *id, const char *text) {
  UsWatchView view;
  g_assert_true (us_monitor_view (watching->monitor, id, &view));
  g_autoptr (GPtrArray) open = us_findings_list (view.findings);
  for (guint i = 0; i < open->len; i++)
    if (strstr (((const UsFinding *)open->pdata[i])->text, text) != NULL)
      return TRUE;
  return FALSE;
}

/* Never two in a row, never three of one kind: three in two minutes all the same. */
static void
test_mixed (void) {
  g_autoptr (Material) material = material_new (MATERIAL_LOOP);
  Live mixed = { .is_mixed = TRUE };
  Watching watching = { 0 };
  watching_open (&watching);
  live_begin (&mixed, material->bytes->pdata[0]);
  g_autofree char *url = puppet_url (mixed.puppet, "/live.m3u8");
  watching_put (&watching, "mixed", url);
  watching_await (is_said (&watching, "mixed", " in two minutes: "));
  watching_await (watching_health (&watching, "mixed") == US_HEALTH_UNHEALTHY);
  watching_close (&watching);
  live_end (&mixed);
}

/* ---- our own chain: what its inside says of the two packagers ---- */

static void
test_twins (void) {
  g_autoptr (Material) material = material_new (MATERIAL_LOOP);
  Live live = { .is_missing = FALSE };
  Watching watching = { 0 };
  UsSymptoms inside;
  us_symptoms_init (&inside);
  watching_open (&watching);
  live_begin (&live, material->bytes->pdata[0]);
  g_autofree char *url = puppet_url (live.puppet, "/live.m3u8");
  g_autoptr (UsStreamConfig) own = us_stream_config_new ("own", "own", url);
  own->is_own = TRUE;
  us_monitor_put (watching.monitor, own);
  watching_put (&watching, "foreign", url);
  watching_await (watching_health (&watching, "own") == US_HEALTH_HEALTHY
                  && watching_health (&watching, "foreign") == US_HEALTH_HEALTHY);
  inside.is_own = TRUE;
  inside.twins = US_TWINS_APART;
  us_monitor_set_inside (watching.monitor, "own", &inside);
  us_monitor_set_inside (watching.monitor, "foreign", &inside);
  watching_await (watching_is_open (&watching, "own", US_CHECK_TWINS_DIFFER));
  watching_await (watching_health (&watching, "own") == US_HEALTH_DEGRADED);
  g_assert_cmpint (watching_find (&watching, "own", US_CHECK_TWINS_DIFFER)->rendition, ==,
                   US_FINDING_WHOLE);
  inside.twins = US_TWINS_ALIKE;
  us_monitor_set_inside (watching.monitor, "own", &inside);
  watching_await (!watching_is_open (&watching, "own", US_CHECK_TWINS_DIFFER));
  g_assert_null (watching_find (&watching, "foreign", US_CHECK_TWINS_DIFFER));
  watching_close (&watching);
  live_end (&live);
}

/* ---- hosts that hang delay nobody else ---- */

#define HOLES 10

static void
test_hanging (void) {
  g_autoptr (Material) material = material_new (MATERIAL_LOOP);
  FilmOrigin origins[2] = { { .fake = fake_origin_new (), .material = material },
                            { .fake = fake_origin_new (), .material = material } };
  Film film;
  Hole *holes[HOLES];
  Watching watching = { 0 };
  us_monitor_settings_default (&watching.settings);
  watching.settings.allow_loopback = TRUE;
  watching.settings.max_decodes = 0;
  watching.settings.max_requests = 40; /* fewer than the holes would take */
  watching_open (&watching);
  film_begin (&film, origins, 2, 4 * G_USEC_PER_SEC);
  for (guint i = 0; i < HOLES; i++) {
    holes[i] = hole_new ();
    for (guint s = 0; s < 4; s++) {
      g_autofree char *id = g_strdup_printf ("hole-%u-%u", i, s);
      g_autofree char *path = g_strdup_printf ("/%u.m3u8", s);
      g_autofree char *url = hole_url (holes[i], path);
      watching_put (&watching, id, url);
    }
  }
  watching_run (1);
  for (guint i = 0; i < 2; i++) {
    g_autofree char *base = fake_origin_url (origins[i].fake);
    g_autofree char *url = g_strconcat (base, "/index.m3u8", NULL);
    watching_put (&watching, i == 0 ? "well" : "well-too", url);
  }
  watching_await (watching_health (&watching, "hole-0-0") >= US_HEALTH_DEGRADED
                  && watching_health (&watching, "hole-9-3") >= US_HEALTH_DEGRADED);
  watching_assert_clean (&watching, "well");
  watching_assert_clean (&watching, "well-too");
  UsMonitorStats stats;
  us_monitor_get_stats (watching.monitor, &stats);
  g_test_message ("under way %u, queued %u, late %" G_GUINT64_FORMAT ", p99 %.3f s",
                  stats.n_under_way, stats.n_queued, stats.n_late, stats.lateness_p99_s);
  g_assert_false (stats.is_overloaded);
  watching_close (&watching);
  film_end (&film);
  for (guint i = 0; i < 2; i++)
    fake_origin_free (origins[i].fake);
  for (guint i = 0; i < HOLES; i++)
    hole_free (holes[i]);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/faults/film", test_film);
  g_test_add_func ("/monitor/faults/missing", test_missing);
  g_test_add_func ("/monitor/faults/mixed", test_mixed);
  g_test_add_func ("/monitor/faults/twins", test_twins);
  g_test_add_func ("/monitor/faults/hanging", test_hanging);
  return g_test_run ();
}
