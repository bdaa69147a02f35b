/* test-master.c - a stream of two variants and one sound, at two foreign origins */
#include "film.h"

#include <string.h>

#define N_PLAYLISTS 3 /* of each side: high, low, sound */

typedef struct {
  Stage stage;
  Film film;
  FakeOrigin *media[2][N_PLAYLISTS];
  FilmOrigin origins[2 * N_PLAYLISTS];
  Material *picture, *other, *sound;
  UsViewer *viewers[N_PLAYLISTS];
} Show;

static const char *const names[N_PLAYLISTS] = { "v0.m3u8", "v1.m3u8", "a0.m3u8" };

static void
put_master (Show *show, guint side) {
  g_auto (GStrv) urls = g_new0 (char *, N_PLAYLISTS + 1);
  for (guint i = 0; i < N_PLAYLISTS; i++) {
    g_autofree char *base = fake_origin_url (show->media[side][i]);
    urls[i] = g_strconcat (base, "/index.m3u8", NULL);
  }
  /* the backup lists them in another order and with other rates */
  g_autofree char *high
      = g_strdup_printf ("#EXT-X-STREAM-INF:BANDWIDTH=%u,RESOLUTION=160x90,AUDIO=\"snd\"\n%s\n",
                         side == 0 ? 2500000 : 2300000, urls[0]);
  g_autofree char *low
      = g_strdup_printf ("#EXT-X-STREAM-INF:BANDWIDTH=%u,RESOLUTION=80x45,AUDIO=\"snd\"\n%s\n",
                         side == 0 ? 1000000 : 900000, urls[1]);
  g_autofree char *text = g_strdup_printf (
      "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"snd\",NAME=\"one\","
      "DEFAULT=YES,URI=\"%s\"\n%s%s",
      urls[2], side == 0 ? high : low, side == 0 ? low : high);
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  fake_origin_put (show->stage.fakes[side], "index.m3u8", bytes);
}

static void
open_show (Show *show) {
  *show = (Show){ 0 };
  stage_open (&show->stage);
  show->picture = material_new (MATERIAL_PLAIN);
  show->other = material_new (MATERIAL_SHIFTED);
  show->sound = material_new (MATERIAL_SOUND);
  for (guint side = 0; side < 2; side++) {
    for (guint i = 0; i < N_PLAYLISTS; i++) {
      show->media[side][i] = fake_origin_new ();
      show->origins[side * N_PLAYLISTS + i] = (FilmOrigin){
        .fake = show->media[side][i],
        .material = i == 2      ? show->sound
                    : side == 0 ? show->picture
                                : show->other,
      };
    }
    put_master (show, side);
  }
  film_begin (&show->film, show->origins, 2 * N_PLAYLISTS, 4 * G_USEC_PER_SEC);
  stage_start_switcher (&show->stage);
  for (guint i = 0; i < N_PLAYLISTS; i++) {
    show->viewers[i] = us_viewer_new (us_switcher_get_port (show->stage.switcher), "");
    show->viewers[i]->name = names[i];
  }
}

static void
close_show (Show *show) {
  film_end (&show->film);
  for (guint i = 0; i < N_PLAYLISTS; i++)
    us_viewer_free (show->viewers[i]);
  stage_close (&show->stage);
  for (guint side = 0; side < 2; side++)
    for (guint i = 0; i < N_PLAYLISTS; i++)
      fake_origin_free (show->media[side][i]);
  material_free (show->picture);
  material_free (show->other);
  material_free (show->sound);
}

static void
watch (Show *show, guint ms) {
  gint64 end_us = g_get_monotonic_time () + ms * 1000;
  while (g_get_monotonic_time () < end_us) {
    for (guint i = 0; i < N_PLAYLISTS; i++)
      us_viewer_look (show->viewers[i]);
    us_viewer_pass (50);
  }
}

static char *
read_master (Show *show) {
  g_autoptr (UsHttpReply) reply = us_viewer_get (show->viewers[0], "index.m3u8");
  g_assert_cmpuint (reply->status, ==, 200);
  return g_strndup (g_bytes_get_data (reply->body, NULL), g_bytes_get_size (reply->body));
}

static void
kill_side (Show *show, guint side) {
  fake_origin_set_mode (show->stage.fakes[side], FAKE_DEAD);
  for (guint i = 0; i < N_PLAYLISTS; i++)
    fake_origin_set_mode (show->media[side][i], FAKE_DEAD);
}

/* What is offered does not change, and all go over together. */
static void
test_switch (void) {
  Show show;
  open_show (&show);
  g_autofree char *before = read_master (&show);
  for (guint i = 0; i < N_PLAYLISTS; i++)
    g_assert_nonnull (strstr (before, names[i]));
  g_assert_null (strstr (before, "http://"));
  g_assert_nonnull (strstr (before, "BANDWIDTH=2500000"));
  watch (&show, 2500);
  kill_side (&show, 0);
  stage_await_metric (&show.stage, "failovers_total", 1);
  watch (&show, 3500);
  g_autofree char *after = read_master (&show);
  g_assert_cmpstr (before, ==, after);
  guint64 discontinuity[N_PLAYLISTS];
  for (guint i = 0; i < N_PLAYLISTS; i++) {
    const UsPlaylist *playlist = show.viewers[i]->playlist;
    const UsPlaylistSegment *last
        = g_ptr_array_index (playlist->segments, playlist->segments->len - 1);
    discontinuity[i] = last->discontinuity;
    g_assert_cmpuint (discontinuity[i], ==, discontinuity[0]); /* RFC 8216 6.2.4 */
  }
  guint status;
  g_autofree char *health = stage_health (&show.stage, &status);
  g_assert_nonnull (strstr (health, "\"method\":\"fingerprint\"")); /* of the first variant */
  g_assert_cmpfloat (stage_metric (&show.stage, "understudy_switcher_renditions"
                                                "{stream=\"mystream\"}"),
                     ==, N_PLAYLISTS);
  close_show (&show);
}

/* One playlist of three that stands still is reason enough for all. */
static void
test_worst_counts (void) {
  Show show;
  open_show (&show);
  watch (&show, 2500);
  fake_origin_set_mode (show.media[0][1], FAKE_DEAD);
  stage_await_metric (&show.stage, "failovers_total", 1);
  watch (&show, 2000);
  for (guint i = 0; i < N_PLAYLISTS; i++)
    g_assert_cmpuint (fake_origin_count (show.media[1][i], "seg"), >, 0);
  close_show (&show);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/switcher/master/switch", test_switch);
  g_test_add_func ("/switcher/master/worst-counts", test_worst_counts);
  return g_test_run ();
}
