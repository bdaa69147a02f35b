/* test-pipeline.c - selecting paragraphs, errors that name the file, every text in pipelines/ */
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
  guint n = 0;
  for (const char *name; (name = g_dir_read_name (dir)) != NULL;) {
    if (!g_str_has_suffix (name, ".launch"))
      continue;
    g_autofree char *base = g_strndup (name, strlen (name) - strlen (".launch"));
    g_autoptr (GError) error = NULL;
    g_autoptr (GstElement) pipeline = us_pipeline_parse (NULL, base, tags, &error);
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
  g_test_add_func ("/media/pipeline/errors", test_errors);
  g_test_add_func ("/media/pipeline/shipped-texts", test_shipped_texts);
  return g_test_run ();
}
