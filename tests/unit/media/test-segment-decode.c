/* test-segment-decode.c - what is refused before anything is decoded; clips are decoded in
 * tests/component/monitor/test-decoder.c */
#include "media/segment-decode.h"

#include <glib/gstdio.h>

#include "media/pipeline.h"
#include "media/thumbnail.h"

static void
on_frame (const UsLumaFrame *frame, gpointer n) {
  ++*(guint *)n;
}

static void
on_sound (double duration_s, const double *rms_db, guint n_channels, gpointer n) {
  ++*(guint *)n;
}

static const UsSegmentDecodeHandler handler = { on_frame, on_sound };

static void
decode_fails (const char *folder, const UsSegmentFormat *format, GBytes *segment, int code) {
  g_autoptr (GError) error = NULL;
  guint n = 0;
  g_assert_false (us_segment_decode (folder, format, segment, NULL, &handler, &n, &error));
  g_assert_error (error, US_PIPELINE_ERROR, code);
  g_assert_cmpuint (n, ==, 0);
}

static void
test_formats (void) {
  static const UsSegmentFormat formats[] = {
    { .container = US_SEGMENT_TS },
    { .container = US_SEGMENT_TS, .video = "theora" },
    { .container = US_SEGMENT_FMP4, .audio = "vorbis" },
    { .container = US_SEGMENT_TS, .video = "theora", .audio = "vorbis" },
  };
  g_autoptr (GBytes) segment = g_bytes_new_static ("\x47", 1);
  g_assert_false (us_segment_decode_has ("theora"));
  g_assert_false (us_segment_decode_has (""));
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    decode_fails (NULL, &formats[i], segment, US_PIPELINE_ERROR_MISSING);
}

/* A text of the operator's that lacks what is needed. */
static void
test_text (void) {
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("understudy-decode-XXXXXX", &error);
  g_assert_no_error (error);
  g_autofree char *path = g_build_filename (folder, "inspect.launch", NULL);
  g_autoptr (GBytes) segment = g_bytes_new_static ("\x47", 1);
  UsSegmentFormat format = { .container = US_SEGMENT_TS, .audio = "aac" };
  g_assert_true (us_segment_decode_has ("aac"));
  g_file_set_contents (path, "fakesrc num-buffers=1 ! fakesink\n", -1, &error);
  g_assert_no_error (error);
  decode_fails (folder, &format, segment, US_PIPELINE_ERROR_SYNTAX);
  g_file_set_contents (path, "appsrc name=segment ! {what}\n", -1, &error);
  g_assert_no_error (error);
  decode_fails (folder, &format, segment, US_PIPELINE_ERROR_SYNTAX);
  g_remove (path);
  g_rmdir (folder);
}

/* Text is no media. Junk as sound is fed in the component tests only: `level` complains of an end
 * without a beginning by g_critical(), which would end this test. */
static void
test_text_is_no_media (void) {
  g_autoptr (GBytes) segment = g_bytes_new_static ("no such segment", 15);
  UsSegmentFormat format = { .container = US_SEGMENT_FMP4, .video = "h264" };
  g_autoptr (GError) error = NULL;
  guint n = 0, width, height;
  if (!us_segment_decode (NULL, &format, segment, NULL, &handler, &n, &error))
    g_assert_error (error, US_PIPELINE_ERROR, US_PIPELINE_ERROR_RUNTIME);
  g_assert_cmpuint (n, ==, 0);
  g_clear_error (&error);
  g_assert_null (us_thumbnail_make (NULL, segment, NULL, &width, &height, &error));
  g_assert_error (error, US_PIPELINE_ERROR, US_PIPELINE_ERROR_RUNTIME);
}

int
main (int argc, char **argv) {
  g_autoptr (GError) error = NULL;
  g_test_init (&argc, &argv, NULL);
  g_assert_true (us_media_init (&error));
  g_test_add_func ("/segment-decode/formats", test_formats);
  g_test_add_func ("/segment-decode/text", test_text);
  g_test_add_func ("/segment-decode/text-is-no-media", test_text_is_no_media);
  return g_test_run ();
}
