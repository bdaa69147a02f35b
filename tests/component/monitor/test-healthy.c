/* test-healthy.c - streams that are well stay HEALTHY: transport stream, fragmented MP4, encrypted,
 * a ladder with sound of its own, a share of the segments */
#include "base/aes128.h"
#include "film.h"
#include "watching.h"

#include <nettle/aes.h>
#include <nettle/cbc.h>
#include <string.h>

#define RUN_S 9

static const guint8 key[US_AES128_SIZE] = "0123456789abcde";

/* As a packager without IV attributes does: the number of the segment is the vector. */
static Material *
encrypt (const Material *plain) {
  Material *coded = g_new0 (Material, 1);
  coded->durations_us = g_array_ref (plain->durations_us);
  coded->bytes = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  coded->start_us = plain->start_us;
  for (guint i = 0; i < plain->bytes->len; i++) {
    gsize size;
    const guint8 *data = g_bytes_get_data (plain->bytes->pdata[i], &size);
    gsize padding = 16 - size % 16;
    guint8 *padded = g_malloc (size + padding), *out = g_malloc (size + padding);
    guint8 iv[16] = { [14] = (guint8)((i + 1) >> 8), [15] = (guint8)(i + 1) };
    struct aes128_ctx context;
    memcpy (padded, data, size);
    memset (padded + size, (int)padding, padding);
    aes128_set_encrypt_key (&context, key);
    cbc_encrypt (&context, (nettle_cipher_func *)(void (*) (void))aes128_encrypt, 16, iv,
                 size + padding, out, padded);
    g_ptr_array_add (coded->bytes, g_bytes_new_take (out, size + padding));
    g_free (padded);
  }
  return coded;
}

static void
put_text (FakeOrigin *fake, const char *name, const char *text) {
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  fake_origin_put (fake, name, bytes);
}

static char *
list_of (FakeOrigin *fake) {
  g_autofree char *base = fake_origin_url (fake);
  return g_strconcat (base, "/index.m3u8", NULL);
}

static char *
ladder_of (FakeOrigin *small, FakeOrigin *large, FakeOrigin *sound) {
  g_autofree char *a = list_of (small), *b = list_of (large), *c = list_of (sound);
  return g_strdup_printf (
      "#EXTM3U\n#EXT-X-VERSION:6\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"English\",LANGUAGE=\"en\",DEFAULT=YES,"
      "AUTOSELECT=YES,URI=\"%s\"\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=5000000,RESOLUTION=160x90,AUDIO=\"a\"\n%s\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=9000000,RESOLUTION=160x90,AUDIO=\"a\"\n%s\n",
      c, a, b);
}

static void
assert_encryption (const Watching *watching, const char *id, const char *data) {
  for (guint i = 0; i < watching->events->len; i++) {
    const UsEvent *event = watching->events->pdata[i];
    if (event->kind == US_EVENT_SEGMENT_OK && strcmp (event->stream, id) == 0)
      g_assert_nonnull (strstr (event->data, data));
  }
}

static void
test_healthy (void) {
  g_autoptr (Material) plain = material_new (MATERIAL_PLAIN);
  g_autoptr (Material) fmp4 = material_new (MATERIAL_FMP4);
  g_autoptr (Material) brother = material_new (MATERIAL_BROTHER);
  g_autoptr (Material) sound = material_new (MATERIAL_SOUND);
  g_autoptr (Material) coded = encrypt (plain);
  const Material *const materials[] = { plain, fmp4, coded, brother, sound, coded };
  FilmOrigin origins[G_N_ELEMENTS (materials)] = { 0 };
  Film film;
  for (guint i = 0; i < G_N_ELEMENTS (origins); i++)
    origins[i] = (FilmOrigin){ .fake = fake_origin_new (), .material = materials[i] };
  origins[1].map_uri = "init.mp4";
  origins[1].ending = "m4s";
  fake_origin_put (origins[1].fake, "init.mp4", fmp4->init);
  g_autoptr (GBytes) key_bytes = g_bytes_new_static (key, sizeof key);
  fake_origin_put (origins[2].fake, "key.bin", key_bytes);
  fake_origin_set_key (origins[2].fake, "METHOD=AES-128,URI=\"key.bin\"");
  /* Pictures that are sealed for players cannot be looked at, and are no fault. */
  fake_origin_set_key (origins[5].fake, "METHOD=SAMPLE-AES,URI=\"skd://key\",KEYFORMAT=\"com.apple."
                                        "streamingkeydelivery\",KEYFORMATVERSIONS=\"1\"");
  g_autofree char *ladder = ladder_of (origins[0].fake, origins[3].fake, origins[4].fake);
  put_text (origins[0].fake, "master.m3u8", ladder);
  film_begin (&film, origins, G_N_ELEMENTS (origins), 5 * G_USEC_PER_SEC);

  Watching watching = { 0 };
  watching_open (&watching);
  static const char *const ids[] = { "ts", "fmp4", "aes" };
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++) {
    g_autofree char *url = list_of (origins[i].fake);
    watching_put (&watching, ids[i], url);
  }
  g_autofree char *base = fake_origin_url (origins[0].fake);
  g_autofree char *master = g_strconcat (base, "/master.m3u8", NULL);
  watching_put (&watching, "ladder", master);
  g_autofree char *lone = list_of (origins[0].fake);
  g_autoptr (UsStreamConfig) some = us_stream_config_new ("some", "some", lone);
  some->segment_share = 0.25;
  us_monitor_put (watching.monitor, some);
  g_autofree char *sealed = list_of (origins[5].fake);
  watching_put (&watching, "sealed", sealed);
  g_autoptr (UsStreamConfig) none = us_stream_config_new ("none", "none", lone);
  none->segment_share = 0;
  us_monitor_put (watching.monitor, none);
  watching_run (RUN_S);

  UsWatchView view;
  static const char *const all[] = { "ts", "fmp4", "aes", "ladder", "some", "none", "sealed" };
  for (guint i = 0; i < G_N_ELEMENTS (all); i++) {
    g_test_message ("%s", all[i]);
    watching_assert_clean (&watching, all[i]);
    g_assert_cmpint (watching_health (&watching, all[i]), ==, US_HEALTH_HEALTHY);
    g_assert_true (us_monitor_view (watching.monitor, all[i], &view));
    g_assert_cmpuint (view.n_errors, ==, 0);
    g_assert_cmpint (view.last_segment_wall_us, >, 0);
    for (guint r = 0; r < view.n_renditions; r++) {
      const UsRenditionFacts *its = &view.renditions[r];
      g_assert_cmpint (its->advanced_us, >, 0);
      g_assert_cmpfloat (its->produced_s, >, 4);
      g_assert_cmpfloat (its->produced_s, <, its->produced_over_s * 1.3);
      g_assert_cmpfloat (its->latency_s, >, -0.5);
      g_assert_cmpfloat (its->latency_s, <, 3);
    }
  }
  /* Everything was looked into, and every segment once. */
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++) {
    g_assert_true (us_monitor_view (watching.monitor, ids[i], &view));
    g_assert_cmpuint (view.n_renditions, ==, 1);
    g_assert_nonnull (view.renditions[0].media);
    g_assert_true (view.renditions[0].media->probe->has_video);
    guint n = watching_count (&watching, ids[i], US_EVENT_SEGMENT_OK);
    g_assert_cmpuint (n, >=, RUN_S / 0.4 * 0.7);
    g_assert_cmpuint (n, <=, RUN_S / 0.4 + 6);
    g_assert_cmpfloat (view.ttfb_avg_s, <, 1);
    g_assert_cmpfloat (view.ratio_avg, >, 1);
  }
  g_assert_true (us_monitor_view (watching.monitor, "sealed", &view));
  g_assert_null (view.renditions[0].media);
  g_assert_cmpuint (watching_count (&watching, "sealed", US_EVENT_SEGMENT_OK), >, RUN_S);
  assert_encryption (&watching, "sealed", "\"encryption\":\"sample-aes\"");
  assert_encryption (&watching, "aes", "\"encryption\":\"aes-128\"");
  g_assert_cmpuint (fake_origin_count (origins[2].fake, "key.bin"), <=, 2);
  g_assert_cmpuint (fake_origin_count (origins[1].fake, "init.mp4"), <=, 2);
  g_assert_true (us_monitor_view (watching.monitor, "ladder", &view));
  g_assert_true (view.is_multivariant);
  g_assert_cmpuint (view.n_renditions, ==, 3);
  g_assert_cmpstr (view.renditions[0].info->label, ==, "0-160x90-5000k");
  g_assert_cmpstr (view.renditions[2].info->label, ==, "a2-en");
  g_assert_cmpint (view.renditions[2].info->kind, ==, US_RENDITION_AUDIO);
  g_assert_false (view.renditions[2].media->probe->has_video);
  g_assert_true (view.renditions[2].media->probe->has_audio);
  guint n_all = watching_count (&watching, "ts", US_EVENT_SEGMENT_OK);
  guint n_some = watching_count (&watching, "some", US_EVENT_SEGMENT_OK);
  g_assert_cmpuint (n_some, >=, n_all / 6);
  g_assert_cmpuint (n_some, <=, n_all / 3 + 1);
  g_assert_cmpuint (watching_count (&watching, "none", US_EVENT_SEGMENT_OK), ==, 0);
  g_assert_cmpuint (watching.n_samples, >, n_all);

  UsSymptoms symptoms;
  us_monitor_get_symptoms (watching.monitor, "ladder", &symptoms);
  g_assert_cmpuint (symptoms.n_renditions, ==, 3);
  g_assert_cmpuint (symptoms.n_video, ==, 2);
  g_assert_cmpuint (symptoms.n_audio, ==, 1);
  g_assert_cmpuint (symptoms.n_unreachable + symptoms.n_stopped, ==, 0);
  g_assert_true (symptoms.has_succeeded);
  g_assert_cmpuint (us_symptoms_failed (symptoms.playlists), ==, 0);
  g_assert_cmpuint (symptoms.segments[US_OUTCOME_OK], >, 30);
  UsMonitorStats stats;
  us_monitor_get_stats (watching.monitor, &stats);
  g_assert_cmpuint (stats.n_streams, ==, 7);
  g_assert_false (stats.is_network_down);
  g_test_message ("requests %" G_GUINT64_FORMAT ", late %" G_GUINT64_FORMAT ", p99 %.3f s",
                  stats.n_requests, stats.n_late, stats.lateness_p99_s);

  watching_close (&watching);
  film_end (&film);
  for (guint i = 0; i < G_N_ELEMENTS (origins); i++)
    fake_origin_free (origins[i].fake);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/healthy", test_healthy);
  return g_test_run ();
}
