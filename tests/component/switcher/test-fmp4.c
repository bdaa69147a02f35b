/* test-fmp4.c - fragmented MP4: initialisation sections, whole fragments, byte ranges */
#include "film.h"

#include <string.h>

static char *
text_of (UsViewer *viewer, const char *uri) {
  g_autoptr (UsHttpReply) reply = us_viewer_get (viewer, uri);
  g_assert_cmpuint (reply->status, ==, 200);
  return g_strndup (g_bytes_get_data (reply->body, NULL), g_bytes_get_size (reply->body));
}

static void
watch (Stage *stage, guint ms) {
  gint64 end_us = g_get_monotonic_time () + ms * 1000;
  while (g_get_monotonic_time () < end_us) {
    us_viewer_look (stage->viewer);
    us_viewer_pass (50);
  }
}

static void
check_map (Stage *stage, const Material *material) {
  const UsPlaylist *playlist = stage->viewer->playlist;
  const UsPlaylistSegment *last
      = g_ptr_array_index (playlist->segments, playlist->segments->len - 1);
  g_assert_true (g_str_has_suffix (last->uri, ".m4s"));
  g_assert_nonnull (last->map_uri);
  g_assert_true (g_str_has_suffix (last->map_uri, ".mp4"));
  g_autoptr (UsHttpReply) map = us_viewer_get (stage->viewer, last->map_uri);
  g_assert_cmpuint (map->status, ==, 200);
  g_assert_cmpstr (map->content_type, ==, "video/mp4");
  g_assert_true (g_bytes_equal (map->body, material->init));
  g_autoptr (UsHttpReply) segment = us_viewer_get (stage->viewer, last->uri);
  g_assert_cmpstr (segment->content_type, ==, "video/mp4");
}

/* The backup is the same film, and later: joined at a whole fragment with the same pictures. */
static void
test_switch (void) {
  Stage stage;
  Film film;
  stage_open (&stage);
  g_autoptr (Material) material = material_new (MATERIAL_FMP4);
  FilmOrigin origins[2] = { 0 };
  for (guint i = 0; i < 2; i++) {
    origins[i].fake = stage.fakes[i];
    origins[i].material = material;
    origins[i].map_uri = i == 0 ? "init.mp4" : "sub/other.mp4";
    origins[i].ending = "m4s";
    fake_origin_put (stage.fakes[i], i == 0 ? "init.mp4" : "other.mp4", material->init);
  }
  origins[1].late_us = 200 * 1000;
  film_begin (&film, origins, 2, 4 * G_USEC_PER_SEC);
  stage_start_switcher (&stage);
  watch (&stage, 2500);
  check_map (&stage, material);
  fake_origin_set_mode (stage.fakes[0], FAKE_DEAD);
  stage_await_metric (&stage, "failovers_total", 1);
  watch (&stage, 2500);
  check_map (&stage, material);
  g_assert_cmpfloat (
      stage_metric (&stage,
                    "understudy_switcher_joins_total{stream=\"mystream\",method=\"fingerprint\"}"),
      ==, 1);
  g_assert_cmpfloat (
      stage_metric (&stage, "understudy_switcher_join_gap_seconds_total{stream=\"mystream\"}"), <=,
      0.04);
  /* the same section has one name: the playlist names it once */
  g_autofree char *text = text_of (stage.viewer, "index.m3u8");
  const char *first = strstr (text, "#EXT-X-MAP");
  g_assert_nonnull (first);
  g_assert_null (strstr (first + 1, "#EXT-X-MAP"));
  g_assert_null (strstr (text, "#EXT-X-DISCONTINUITY\n"));
  film_end (&film);
  stage_close (&stage);
}

/* A missing or broken initialisation section is the origin's fault, and nothing is published. */
static void
test_no_map (void) {
  Stage stage;
  Film film;
  stage_open (&stage);
  g_autoptr (Material) material = material_new (MATERIAL_FMP4);
  FilmOrigin origins[2] = { 0 };
  for (guint i = 0; i < 2; i++)
    origins[i] = (FilmOrigin){
      .fake = stage.fakes[i], .material = material, .map_uri = "init.mp4", .ending = "m4s"
    };
  g_autoptr (GBytes) noise = g_bytes_new_static ("not an init section", 19);
  fake_origin_put (stage.fakes[0], "init.mp4", noise);
  fake_origin_put (stage.fakes[1], "init.mp4", material->init);
  film_begin (&film, origins, 2, 4 * G_USEC_PER_SEC);
  stage_start_switcher (&stage);
  stage_await_metric (&stage, "switcher_active_origin", 0);
  watch (&stage, 1500);
  check_map (&stage, material);
  film_end (&film);
  stage_close (&stage);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/switcher/fmp4/switch", test_switch);
  g_test_add_func ("/switcher/fmp4/no-map", test_no_map);
  return g_test_run ();
}
