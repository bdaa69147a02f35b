/* test-clean.c - whole streams of real packagers: the media detectors find nothing
 *
 * What ffmpeg's HLS muxer writes, in every container and with the codecs of HLS, is judged segment
 * by segment as the monitor does; not one hit, not even for information. The same streams with one
 * thing done to them show that the detectors look at all. */
#include "clip.h"
#include "monitor/detect.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

typedef struct {
  const char *name, *inputs, *arguments;
} Stream;

#define PICTURE "-f lavfi -i testsrc2=s=320x180:r=25 "
#define SOUND "-f lavfi -i sine=r=48000 "
#define H264 "-c:v libx264 -preset veryfast -pix_fmt yuv420p -x264-params threads=1 "
#define HLS "-f hls -hls_time 2 -hls_list_size 0 "
#define TWO_SECONDS "-force_key_frames expr:gte(t,n_forced*2) "

static const Stream streams[] = {
  { "TS, B-frames", PICTURE SOUND, H264 "-bf 3 " TWO_SECONDS "-c:a aac " HLS },
  { "fMP4, B-frames", PICTURE SOUND,
    H264 "-bf 3 " TWO_SECONDS "-c:a aac -hls_segment_type fmp4 " HLS },
  { "TS, key frames where they like", PICTURE SOUND, H264 "-g 33 -c:a aac " HLS },
  { "TS, open GOPs", PICTURE SOUND,
    H264 "-bf 2 -x264-params open-gop=1:keyint=50:threads=1 "
         "-c:a aac " HLS },
  { "TS, NTSC and 44.1 kHz",
    "-f lavfi -i testsrc2=s=320x180:r=30000/1001 -f lavfi -i "
    "sine=r=44100 ",
    H264 TWO_SECONDS "-c:a aac " HLS },
  { "TS, over the 33-bit wrap", PICTURE SOUND,
    H264 "-bf 2 " TWO_SECONDS "-c:a aac -output_ts_offset 95438 " HLS },
  { "TS, pictures now and then",
    "-f lavfi -i testsrc2=s=320x180:r=25,select='not(mod(n\\,9))' " SOUND,
    "-fps_mode vfr " H264 TWO_SECONDS "-c:a aac " HLS },
  /* 0.8 s apart: nobody can tell whether one is missing */
  { "TS, pictures now and then and no sound",
    "-f lavfi -i testsrc2=s=320x180:r=25,select='not(mod(n\\,19))' ",
    "-fps_mode vfr " H264 TWO_SECONDS HLS },
  { "TS, pictures only", PICTURE, H264 TWO_SECONDS HLS },
  { "fMP4, pictures only", PICTURE, H264 TWO_SECONDS "-hls_segment_type fmp4 " HLS },
  { "TS, AAC only", SOUND, "-c:a aac " HLS },
  { "fMP4, AAC only", SOUND, "-c:a aac -hls_segment_type fmp4 " HLS },
  { "TS, MP3", PICTURE SOUND, H264 TWO_SECONDS "-c:a libmp3lame " HLS },
  { "TS, AC-3", PICTURE SOUND, H264 TWO_SECONDS "-c:a ac3 " HLS },
  { "fMP4, E-AC-3", PICTURE SOUND, H264 TWO_SECONDS "-c:a eac3 -hls_segment_type fmp4 " HLS },
  { "fMP4, HEVC", PICTURE SOUND,
    "-c:v libx265 -preset ultrafast -x265-params "
    "log-level=none:pools=none:keyint=50:min-keyint=50:scenecut=0 -tag:v hvc1 -c:a aac "
    "-hls_segment_type fmp4 " HLS },
  { "TS, HEVC", PICTURE SOUND,
    "-c:v libx265 -preset ultrafast -x265-params "
    "log-level=none:pools=none:keyint=50:min-keyint=50:scenecut=0 -c:a aac " HLS },
};

/* ---- the stage ---- */

typedef struct {
  char *folder;
  UsPlaylist *playlist;
  GBytes *init; /* nullable */
} Stage;

static GBytes *
read_file (const Stage *self, const char *name) {
  g_autofree char *path = g_build_filename (self->folder, name, NULL);
  g_autoptr (GError) error = NULL;
  char *data;
  gsize size;
  g_file_get_contents (path, &data, &size, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (data, size);
}

static void
stage_open (Stage *self, const Stream *stream) {
  g_autoptr (GError) error = NULL;
  int status = -1;
  self->folder = g_dir_make_tmp ("understudy-clean-XXXXXX", &error);
  g_assert_no_error (error);
  g_autofree char *line
      = g_strdup_printf ("ffmpeg -nostdin -v error -threads 1 %s -t 12 %s index.m3u8",
                         stream->inputs, stream->arguments);
  g_auto (GStrv) argv = NULL;
  g_shell_parse_argv (line, NULL, &argv, &error);
  g_assert_no_error (error);
  g_spawn_sync (self->folder, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, &status,
                &error);
  g_assert_no_error (error);
  g_assert_cmpint (status, ==, 0);
  g_autoptr (GBytes) text = read_file (self, "index.m3u8");
  gsize size;
  const char *bytes = g_bytes_get_data (text, &size);
  self->playlist = us_playlist_parse (bytes, size, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (self->playlist->segments->len, >=, 4);
  const UsPlaylistSegment *first = g_ptr_array_index (self->playlist->segments, 0);
  self->init = first->map_uri != NULL ? read_file (self, first->map_uri) : NULL;
}

static void
stage_close (Stage *self) {
  g_autoptr (GDir) dir = g_dir_open (self->folder, 0, NULL);
  const char *name;
  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (self->folder, name, NULL);
    g_remove (path);
  }
  g_rmdir (self->folder);
  g_free (self->folder);
  g_clear_pointer (&self->init, g_bytes_unref);
  us_playlist_free (self->playlist);
}

static UsSegmentSeen *
see (const Stage *self, guint index) {
  const UsPlaylistSegment *segment = g_ptr_array_index (self->playlist->segments, index);
  g_autoptr (GBytes) bytes = read_file (self, segment->uri);
  g_autoptr (GError) error = NULL;
  UsSegmentSeen *seen = g_new0 (UsSegmentSeen, 1);
  seen->number = segment->number;
  seen->duration_us = segment->duration_us;
  seen->is_discontinuous = segment->is_discontinuous;
  seen->discontinuity = segment->discontinuity;
  seen->fetched.outcome = US_OUTCOME_OK;
  seen->fetched.n_bytes = g_bytes_get_size (bytes);
  seen->media = us_inspect_segment (bytes, self->init, &error);
  g_assert_no_error (error);
  return seen;
}

/* Judges all segments but @left_out (G_MAXUINT: none), which the playlist does not tell about. */
static UsHits *
judge (const Stage *self, guint left_out) {
  UsRenditionInfo info = { .kind = US_RENDITION_VIDEO };
  UsHits *hits = us_hits_new ();
  UsSegmentSeen *before = NULL;
  guint64 number = 0;
  for (guint i = 0; i < self->playlist->segments->len; i++) {
    if (i == left_out)
      continue;
    UsSegmentSeen *seen = see (self, i);
    seen->number = number++;
    us_segment_seen_follow (seen, before, &info);
    us_detect_segment (seen, 2, hits);
    us_detect_media (before, seen, &info, hits);
    g_clear_pointer (&before, us_segment_seen_free);
    before = seen;
  }
  g_clear_pointer (&before, us_segment_seen_free);
  return hits;
}

static gboolean
has (const UsHits *hits, UsCheck check) {
  for (guint i = 0; i < hits->len; i++)
    if (g_array_index (hits, UsHit, i).check == check)
      return TRUE;
  return FALSE;
}

static void
test_clean (gconstpointer data) {
  const Stream *stream = data;
  Stage self;
  if ((strstr (stream->arguments, "libx265") != NULL && !us_clip_has_encoder ("libx265"))
      || (strstr (stream->arguments, "libmp3lame") != NULL && !us_clip_has_encoder ("libmp3lame")))
    return;
  stage_open (&self, stream);
  g_autoptr (UsHits) hits = judge (&self, G_MAXUINT);
  for (guint i = 0; i < hits->len; i++)
    g_test_message ("%s", g_array_index (hits, UsHit, i).text);
  g_assert_cmpuint (hits->len, ==, 0);
  /* One segment less, and nobody says so: time is missing. */
  g_autoptr (UsHits) gaps = judge (&self, 2);
  gboolean can_tell = strstr (stream->name, "no sound") == NULL;
  g_assert_cmpint (has (gaps, US_CHECK_PTS_GAP), ==, can_tell);
  stage_close (&self);
}

/* Segments of our own packager. */
static void
test_ours (void) {
  static const char *const names[] = { "gst-1.ts", "gst-2.ts", "gst-3.ts" };
  UsRenditionInfo info = { .kind = US_RENDITION_VIDEO };
  g_autoptr (UsHits) hits = us_hits_new ();
  UsSegmentSeen *before = NULL;
  Stage self = { .folder = (char *)g_getenv ("HLS_DATA") };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GBytes) bytes = read_file (&self, names[i]);
    g_autoptr (GError) error = NULL;
    UsSegmentSeen *seen = g_new0 (UsSegmentSeen, 1);
    seen->number = i;
    seen->duration_us = G_USEC_PER_SEC;
    seen->media = us_inspect_segment (bytes, NULL, &error);
    g_assert_no_error (error);
    us_segment_seen_follow (seen, before, &info);
    us_detect_media (before, seen, &info, hits);
    g_clear_pointer (&before, us_segment_seen_free);
    before = seen;
  }
  us_segment_seen_free (before);
  for (guint i = 0; i < hits->len; i++) /* sound stands before the tables in one of them */
    g_assert_cmpint (g_array_index (hits, UsHit, i).severity, ==, US_SEVERITY_INFO);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (streams); i++) {
    g_autofree char *path = g_strdup_printf ("/clean/%s", streams[i].name);
    g_test_add_data_func (path, &streams[i], test_clean);
  }
  g_test_add_func ("/clean/ours", test_ours);
  return g_test_run ();
}
