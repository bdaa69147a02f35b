/* test-damage.c - fault R10 for packagers: media with flipped bits, through the real pipeline
 *
 * Two packagers have two streams each. One stream is damaged, as a bad memory or a hostile encoder
 * would do it: ingest does not look inside pictures. The other one is whole. Parsers of GStreamer
 * may lose what is damaged; the healthy stream has every segment, the same on both, and the damaged
 * one is there again with its first good segment.
 */
#include "packager/packager.h"

#include <string.h>

#include "component/switcher/viewer.h"
#include "feeder.h"
#include "hls/segment.h"
#include "media/pipeline.h"

#define WATCHDOG_US (60 * G_USEC_PER_SEC)
#define N_DAMAGED 6
#define N_SEGMENTS 10

static UsMaterial *material; /* 11 s, key frames every second, AAC */

static void
unit_clear (gpointer data) {
  g_bytes_unref (((UsMaterialUnit *)data)->data);
}

/* @reach: of the first bytes of a unit only, so that headers are hit; 0: anywhere */
static GBytes *
flip_bits (GRand *random, GBytes *bytes, guint n_flips, gsize reach) {
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  guint8 *copy = g_memdup2 (data, size);
  for (guint i = 0; i < n_flips && size > 0; i++) {
    gsize most = reach > 0 ? MIN (reach, size) : size;
    copy[g_rand_int_range (random, 0, (gint32)most)]
        ^= (guint8)(1 << g_rand_int_range (random, 0, 8));
  }
  return g_bytes_new_take (copy, size);
}

static UsMaterial *
damaged (guint32 seed, gsize reach) {
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);
  UsMaterial *copy = g_new (UsMaterial, 1);
  *copy = *material;
  copy->video_config = g_bytes_ref (material->video_config);
  copy->audio_config = g_bytes_ref (material->audio_config);
  copy->units = g_array_new (FALSE, FALSE, sizeof (UsMaterialUnit));
  g_array_set_clear_func (copy->units, unit_clear);
  for (guint i = 0; i < material->units->len; i++) {
    UsMaterialUnit unit = g_array_index (material->units, UsMaterialUnit, i);
    guint n_flips = (guint)g_rand_int_range (random, 0, 4);
    unit.data = flip_bits (random, unit.data, n_flips, reach);
    g_array_append_val (copy->units, unit);
  }
  return copy;
}

static UsPackager *
packager_new (void) {
  UsPackagerSettings settings;
  us_packager_settings_default (&settings);
  settings.rtmp.port = 0;
  settings.origin.http.address = "127.0.0.1";
  settings.origin.http.port = 0;
  settings.origin.unknown_stream_ms = 0;
  settings.muxer.deadline_ms = 10000;
  settings.has_self_verdict = FALSE;
  g_autoptr (GError) error = NULL;
  UsPackager *packager = us_packager_new (&settings, &error);
  g_assert_no_error (error);
  return packager;
}

static GBytes *
await_segment (UsViewer *viewer, const UsFeeder *feeder, guint k) {
  g_autofree char *name = us_segment_name (feeder->epoch, feeder->first + k);
  gint64 begun_us = g_get_monotonic_time ();
  for (;;) {
    g_autoptr (UsHttpReply) reply = us_viewer_get (viewer, name);
    if (reply->status == 200)
      return g_bytes_ref (reply->body);
    if (g_get_monotonic_time () - begun_us > WATCHDOG_US)
      g_error ("segment %u did not come within 60 s", k);
  }
}

typedef struct {
  UsPackager *packagers[2];
  UsFeeder *steady[2], *bad[2];
  UsViewer *viewers[2], *bad_viewers[2];
} Pair;

static void
pair_init (Pair *pair, const UsMaterial *bad) {
  for (guint i = 0; i < 2; i++) {
    pair->packagers[i] = packager_new ();
    guint16 rtmp = us_packager_get_rtmp_port (pair->packagers[i]);
    guint16 http = us_packager_get_http_port (pair->packagers[i]);
    pair->steady[i] = us_feeder_new (rtmp, "steady", material);
    pair->bad[i] = us_feeder_new (rtmp, "bad", bad);
    pair->viewers[i] = us_viewer_new (http, "steady/");
    pair->bad_viewers[i] = us_viewer_new (http, "bad/");
  }
}

static void
pair_clear (Pair *pair) {
  for (guint i = 0; i < 2; i++) {
    us_feeder_free (pair->steady[i]);
    us_feeder_free (pair->bad[i]);
    us_viewer_free (pair->viewers[i]);
    us_viewer_free (pair->bad_viewers[i]);
    us_packager_free (pair->packagers[i]);
  }
}

static void
check_healthy (Pair *pair) {
  for (guint k = 0; k < N_SEGMENTS - 1; k++) {
    g_autoptr (GBytes) one = await_segment (pair->viewers[0], pair->steady[0], k);
    g_autoptr (GBytes) two = await_segment (pair->viewers[1], pair->steady[1], k);
    g_assert_true (g_bytes_equal (one, two));
  }
}

typedef struct {
  const char *name;
  guint32 seed;
  gsize reach;
} Row;

static const Row rows[] = {
  { "anywhere", 1, 0 }, { "heads", 2, 8 }, { "anywhere-else", 3, 0 }, { "heads-again", 4, 24 }
};

static void
test_damage (gconstpointer data) {
  const Row *row = data;
  g_autoptr (UsMaterial) bad = damaged (row->seed, row->reach);
  Pair pair;
  pair_init (&pair, bad);
  for (guint k = 0; k < N_SEGMENTS; k++) {
    for (guint i = 0; i < 2; i++) {
      if (k == N_DAMAGED) /* whole again; the configurations have stayed what they are */
        pair.bad[i]->material = material;
      us_feeder_send (pair.bad[i], k);
      us_feeder_send (pair.steady[i], k);
    }
    if (k > 0) { /* in time: before the next one is sent */
      g_autoptr (GBytes) now = await_segment (pair.viewers[0], pair.steady[0], k - 1);
    }
  }
  check_healthy (&pair);
  for (guint k = N_DAMAGED; k < N_SEGMENTS - 1; k++) {
    g_autoptr (GBytes) one = await_segment (pair.bad_viewers[0], pair.bad[0], k);
    g_autoptr (GBytes) two = await_segment (pair.bad_viewers[1], pair.bad[1], k);
    g_autoptr (GBytes) healthy = await_segment (pair.viewers[0], pair.steady[0], k);
    g_assert_true (g_bytes_equal (one, two));
    g_assert_true (g_bytes_equal (one, healthy)); /* nothing of the damage is left in there */
  }
  pair_clear (&pair);
}

/* Configurations that say something else than the pictures: of another size, cut, flipped. */
static void
test_configurations (void) {
  g_autoptr (GRand) random = g_rand_new_with_seed (10);
  for (guint i = 0; i < 6; i++) {
    UsMaterial bad = *material;
    gsize size = g_bytes_get_size (material->video_config);
    g_autoptr (GBytes) cut = g_bytes_new_from_bytes (material->video_config, 0, size - 1 - i);
    g_autoptr (GBytes) flipped = flip_bits (random, material->video_config, 2 + i, 0);
    bad.video_config = i % 2 == 0 ? flipped : cut;
    Pair pair;
    pair_init (&pair, &bad);
    for (guint k = 0; k < N_SEGMENTS; k++)
      for (guint side = 0; side < 2; side++) {
        us_feeder_send (pair.bad[side], k);
        us_feeder_send (pair.steady[side], k);
      }
    check_healthy (&pair);
    pair_clear (&pair);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_autoptr (GError) error = NULL;
  if (!us_media_init (&error))
    g_error ("%s", error->message);
  material = us_material_new (N_SEGMENTS + 1, 30, 160, "aac");
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = g_strconcat ("/packager/damage/R10/", rows[i].name, NULL);
    g_test_add_data_func (path, &rows[i], test_damage);
  }
  g_test_add_func ("/packager/damage/R10/configurations", test_configurations);
  int status = g_test_run ();
  us_material_free (material);
  return status;
}
