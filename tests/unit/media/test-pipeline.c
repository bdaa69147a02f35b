/* test-pipeline.c - selecting paragraphs, filling in, errors that name the file, every text in
 * pipelines/ */
#include "media/pipeline.h"

#include <glib/gstdio.h>

static void
test_select (void) {
  static const struct {
    const char *text, *tags, *expected;
  } rows[] = {
    { "a ! b", "", "a ! b " },
    { "# note\na\n  ! b\n", "", "a ! b " },
    { "a\n\n# only with: aac\nb\n\n# only with: mp3\nc\n", "aac", "a b " },
    { "a\n\n# only with: aac\nb\n\n# only with: mp3\nc\n", "mp3", "a c " },
    { "a\n\n# only with: aac mp3\nb\n", "mp3", "a b " },
    { "a\n\n# only with: aac\nb\n", "", "a " },
    { "# only with: x\n# y\nb\n\n\nc", "z", "c " },
    { "", "z", "" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_auto (GStrv) tags = g_strsplit (rows[i].tags, " ", -1);
    g_autofree char *got = us_pipeline_select (rows[i].text, (const char *const *)tags);
    g_assert_cmpstr (got, ==, rows[i].expected);
  }
}

static const UsPipelineKnob knobs[]
    = { { "video-bitrate", "2500" }, { "x", "a b" }, { NULL, NULL } };

static void
test_fill (void) {
  static const struct {
    const char *text, *expected; /* NULL: refused */
  } rows[] = {
    { "", "" },
    { "x264enc bitrate={video-bitrate}", "x264enc bitrate=2500" },
    { "{x}{x} ! {x}", "a ba b ! a b" },
    { "a\n  # {nobody} knows {video-bitrate}\nb={x}",
      "a\n  # {nobody} knows {video-bitrate}\nb=a b" },
    { "a # {x}", "a # a b" }, /* no comment: the line begins otherwise */
    /* Lists of caps are none of ours. */
    { "video/x-raw,format={I420,NV12}", "video/x-raw,format={I420,NV12}" },
    { "video/x-raw,format={I420}", "video/x-raw,format={I420}" },
    { "stream-format={ avc }", "stream-format={ avc }" },
    { "{", "{" },
    { "{}", "{}" },
    { "{video-bitrate", "{video-bitrate" },
    { "{{video-bitrate}}", "{2500}" },
    { "a={nobody}", NULL },
    { "a={video-bitrat}", NULL },
    { "a={video-bitrate-}", NULL },
    { "# only with: nothing\na={nobody}", NULL },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *got = us_pipeline_fill (rows[i].text, knobs, &error);
    g_assert_cmpstr (got, ==, rows[i].expected);
    if (rows[i].expected == NULL)
      g_assert_error (error, US_PIPELINE_ERROR, US_PIPELINE_ERROR_SYNTAX);
    else
      g_assert_no_error (error);
  }
}

static void
test_fill_errors (void) {
  g_autoptr (GError) error = NULL;
  g_assert_null (us_pipeline_fill ("# one\n\na ! b\n  c={video-rate}", knobs, &error));
  g_assert_cmpstr (error->message, ==,
                   "line 4: unknown placeholder {video-rate}; known here: {video-bitrate}, {x}");
  g_clear_error (&error);
  g_assert_null (us_pipeline_fill ("{a}", NULL, &error));
  g_assert_cmpstr (error->message, ==, "line 1: unknown placeholder {a}; known here: none");
}

/* The value reaches the element; an unknown word names the file and the line. */
static void
test_parse_with (void) {
  g_autofree char *folder = g_dir_make_tmp ("us-pipeline-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "knob.launch", NULL);
  g_autoptr (GError) error = NULL;
  const char *text = "# knob: {anything}\nfakesrc name=s num-buffers={video-bitrate} ! fakesink";
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_autoptr (GstElement) pipeline = us_pipeline_parse_with (folder, "knob", NULL, knobs, &error);
  g_assert_no_error (error);
  g_autoptr (GstElement) source = gst_bin_get_by_name (GST_BIN (pipeline), "s");
  int value = 0;
  g_object_get (source, "num-buffers", &value, NULL);
  g_assert_cmpint (value, ==, 2500);
  g_assert_false (us_pipeline_encodes_video (pipeline));

  g_assert_null (us_pipeline_parse (folder, "knob", NULL, &error));
  g_assert_error (error, US_PIPELINE_ERROR, US_PIPELINE_ERROR_SYNTAX);
  g_autofree char *expected = g_strdup_printf ("%s: line 2: unknown placeholder", path);
  g_assert_true (g_str_has_prefix (error->message, expected));
  g_remove (path);
  g_rmdir (folder);
}

static void
test_encodes_video (void) {
  static const struct {
    const char *text;
    gboolean is_encoding;
  } rows[] = {
    { "fakesrc ! fakesink", FALSE },
    { "audiotestsrc ! avenc_aac ! fakesink", FALSE },
    { "fakesrc ! avdec_h264 ! fakesink", FALSE },
    { "videotestsrc ! x264enc ! fakesink", TRUE },
    { "fakesrc ! bin.( videotestsrc ! x264enc ! fakesink ) fakesrc ! fakesink", TRUE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GstElement) pipeline = gst_parse_launch (rows[i].text, NULL);
    g_assert_nonnull (pipeline);
    g_assert_cmpint (us_pipeline_encodes_video (pipeline), ==, rows[i].is_encoding);
  }
}

static void
test_errors (void) {
  g_autoptr (GError) error = NULL;
  g_assert_null (us_pipeline_parse (NULL, "no-such-text", NULL, &error));
  g_assert_error (error, US_PIPELINE_ERROR, US_PIPELINE_ERROR_MISSING);
  g_assert_nonnull (strstr (error->message, "no-such-text.launch"));
  g_clear_error (&error);

  g_autofree char *folder = g_dir_make_tmp ("us-pipeline-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "bad.launch", NULL);
  static const struct {
    const char *text;
    int code;
  } rows[] = {
    { "fakesrc ! nosuchelement ! fakesink", US_PIPELINE_ERROR_MISSING },
    { "fakesrc ! ! fakesink", US_PIPELINE_ERROR_SYNTAX },
    { "fakesrc no-such-property=1 ! fakesink", US_PIPELINE_ERROR_SYNTAX },
    { "\xff\xfe", US_PIPELINE_ERROR_SYNTAX },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_assert_true (g_file_set_contents (path, rows[i].text, -1, NULL));
    g_assert_null (us_pipeline_parse (folder, "bad", NULL, &error));
    g_assert_error (error, US_PIPELINE_ERROR, rows[i].code);
    g_assert_nonnull (strstr (error->message, path));
    g_clear_error (&error);
  }
  g_remove (path);
  g_rmdir (folder);
}

static void
test_shipped_texts (void) {
  g_autoptr (GDir) dir = g_dir_open (g_getenv ("UNDERSTUDY_PIPELINES"), 0, NULL);
  g_assert_nonnull (dir);
  const char *const tags[] = { "h264", "aac", "video", "audio", NULL };
  static const UsPipelineKnob all[] = { { "video-bitrate", "800" },
                                        { "container", "video/mpegts,systemstream=true" },
                                        { "demuxer", "tsdemux" },
                                        { "video-parser", "h264parse" },
                                        { "video-decoder", "avdec_h264" },
                                        { "audio-parser", "aacparse" },
                                        { "audio-decoder", "avdec_aac" },
                                        { "dropped", "delta-unit" },
                                        { NULL, NULL } };
  guint n = 0;
  for (const char *name; (name = g_dir_read_name (dir)) != NULL;) {
    if (!g_str_has_suffix (name, ".launch"))
      continue;
    g_autofree char *base = g_strndup (name, strlen (name) - strlen (".launch"));
    g_autoptr (GError) error = NULL;
    g_autoptr (GstElement) pipeline = us_pipeline_parse_with (NULL, base, tags, all, &error);
    g_assert_no_error (error);
    n++;
  }
  g_assert_cmpuint (n, >, 0);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_autoptr (GError) error = NULL;
  gboolean is_ready = us_media_init (&error);
  g_assert_no_error (error);
  g_assert_true (is_ready);
  g_test_add_func ("/media/pipeline/select", test_select);
  g_test_add_func ("/media/pipeline/fill", test_fill);
  g_test_add_func ("/media/pipeline/fill-errors", test_fill_errors);
  g_test_add_func ("/media/pipeline/parse-with", test_parse_with);
  g_test_add_func ("/media/pipeline/encodes-video", test_encodes_video);
  g_test_add_func ("/media/pipeline/errors", test_errors);
  g_test_add_func ("/media/pipeline/shipped-texts", test_shipped_texts);
  return g_test_run ();
}
