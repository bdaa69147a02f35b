/* material.c - one short film, packaged several times over */
#include "material.h"

#include <glib/gstdio.h>

static const char *const film
    = "ffmpeg -v error -y -f lavfi -i testsrc2=size=160x90:rate=25 -f lavfi -i sine=frequency=440 "
      "-t 20 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -g 5 -keyint_min 5 -sc_threshold 0 "
      "-c:a aac -b:a 32k film.mp4";

static const char *const short_film = "ffmpeg -v error -y -i film.mp4 -c copy -an -t 8 short.mp4";

#define HLS "-f hls -hls_list_size 0 -hls_playlist_type vod "

static const struct {
  const char *command; /* writes index.m3u8 and what it names */
  gint64 start_ms;
} packagings[] = {
  [MATERIAL_PLAIN]
  = { "ffmpeg -v error -y -i film.mp4 -c copy " HLS "-hls_time 0.4 index.m3u8", 0 },
  [MATERIAL_SHIFTED]
  = { "ffmpeg -v error -y -ss 0.2 -i film.mp4 -c copy -output_ts_offset 1000 " HLS
      "-hls_time 0.6 index.m3u8",
      200 },
  /* 2^33 / 90,000 s, less 5 s, less the 1.4 s at which ffmpeg's time stamps begin */
  [MATERIAL_WRAPPED]
  = { "ffmpeg -v error -y -ss 0.2 -i film.mp4 -c copy -output_ts_offset 95437.3 " HLS
      "-hls_time 0.6 index.m3u8",
      200 },
  [MATERIAL_ENCODED]
  = { "ffmpeg -v error -y -i film.mp4 -c:v libx264 -preset ultrafast -crf 35 "
      "-g 5 -keyint_min 5 -sc_threshold 0 -c:a copy " HLS "-hls_time 0.6 index.m3u8",
      0 },
  [MATERIAL_FMP4] = { "ffmpeg -v error -y -i film.mp4 -c copy " HLS
                      "-hls_segment_type fmp4 -hls_time 0.4 index.m3u8",
                      0 },
  [MATERIAL_SOUND]
  = { "ffmpeg -v error -y -i film.mp4 -vn -c copy " HLS "-hls_time 0.4 index.m3u8", 0 },
  [MATERIAL_BROTHER] = { "ffmpeg -v error -y -i film.mp4 -c:v libx264 -preset ultrafast -crf 35 "
                         "-profile:v main -bf 0 -g 5 -keyint_min 5 -sc_threshold 0 -c:a copy " HLS
                         "-hls_time 0.4 index.m3u8",
                         0 },
  [MATERIAL_LOOP]
  = { "ffmpeg -v error -y -stream_loop 3 -i short.mp4 -c copy " HLS "-hls_time 1.2 index.m3u8", 0 },
  [MATERIAL_ROUND] = { "ffmpeg -v error -y -stream_loop 3 -i short.mp4 -c copy "
                       "-output_ts_offset 1000 " HLS "-hls_time 1.2 index.m3u8",
                       0 },
};

static void
run (const char *folder, const char *command) {
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) argv = g_strsplit (command, " ", -1);
  int status;
  gboolean is_run = g_spawn_sync (folder, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL,
                                  &status, &error);
  g_assert_no_error (error);
  g_assert_true (is_run);
  g_assert_cmpint (status, ==, 0);
}

static GBytes *
take_file (const char *folder, const char *name) {
  g_autofree char *path = g_build_filename (folder, name, NULL);
  char *data;
  gsize size;
  gboolean is_read = g_file_get_contents (path, &data, &size, NULL);
  g_assert_true (is_read);
  return g_bytes_new_take (data, size);
}

static void
remove_folder (const char *folder) {
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    g_unlink (path);
  }
  g_rmdir (folder);
}

Material *
material_new (MaterialKind kind) {
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("material-XXXXXX", &error);
  g_assert_no_error (error);
  run (folder, film);
  if (kind == MATERIAL_LOOP || kind == MATERIAL_ROUND)
    run (folder, short_film);
  run (folder, packagings[kind].command);
  g_autoptr (GBytes) file = take_file (folder, "index.m3u8");
  GString *text = g_string_new_len (g_bytes_get_data (file, NULL), (gssize)g_bytes_get_size (file));
  /* 0.4 s is rounded to none, which is no target duration */
  g_string_replace (text, "TARGETDURATION:0", "TARGETDURATION:1", 1);
  g_autoptr (UsPlaylist) playlist = us_playlist_parse (text->str, text->len, &error);
  g_assert_no_error (error);
  g_string_free (text, TRUE);

  Material *material = g_new0 (Material, 1);
  material->bytes = g_ptr_array_new_with_free_func ((GDestroyNotify)g_bytes_unref);
  material->durations_us = g_array_new (FALSE, FALSE, sizeof (gint64));
  material->start_us = packagings[kind].start_ms * 1000;
  for (guint i = 0; i < playlist->segments->len; i++) {
    const UsPlaylistSegment *segment = g_ptr_array_index (playlist->segments, i);
    g_ptr_array_add (material->bytes, take_file (folder, segment->uri));
    g_array_append_val (material->durations_us, segment->duration_us);
    if (segment->map_uri != NULL && material->init == NULL)
      material->init = take_file (folder, segment->map_uri);
  }
  remove_folder (folder);
  return material;
}

void
material_free (Material *material) {
  g_ptr_array_unref (material->bytes);
  g_array_unref (material->durations_us);
  g_clear_pointer (&material->init, g_bytes_unref);
  g_free (material);
}

int
material_find_picture (const Material *material, guint64 hash) {
  int place = (int)(material->start_us / 1000 / MATERIAL_GOP_MS);
  for (guint i = 0; i < material->bytes->len; i++) {
    g_autoptr (UsProbe) probe
        = us_probe_segment (g_ptr_array_index (material->bytes, i), material->init, NULL);
    for (guint p = 0; probe != NULL && p < probe->pictures->len; p++, place++)
      if (g_array_index (probe->pictures, UsPicture, p).hash == hash)
        return place;
  }
  return -1;
}
