/* test-outcome.c - what drills brought: whole, strange and broken files */
#include "switcher/outcome.h"

#include <glib/gstdio.h>
#include <string.h>

static const char whole[]
    = "{\"schema\":1,\"pair\":\"twins\",\"drills\":["
      "{\"name\":\"kill\",\"hit\":\"primary\",\"passed\":true,\"skipped\":false,"
      "\"verdict\":\"nobody noticed\",\"viewer\":{\"stall_ms\":0,\"failed_requests\":1,"
      "\"missing_frames\":2,\"repeated_frames\":3,\"added_delay_ms\":15}},"
      "{\"name\":\"encoder-gone\",\"passed\":false,\"skipped\":true,\"verdict\":\"skipped\"}]}";

static void
test_whole (void) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) outcomes = us_outcomes_parse (whole, -1, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (outcomes->len, ==, 2);
  const UsOutcome *kill = g_ptr_array_index (outcomes, 0);
  g_assert_cmpstr (kill->name, ==, "kill");
  g_assert_cmpstr (kill->hit, ==, "primary");
  g_assert_cmpstr (kill->verdict, ==, "nobody noticed");
  g_assert_true (kill->has_passed);
  g_assert_false (kill->is_skipped);
  g_assert_cmpint (kill->stall_ms, ==, 0);
  g_assert_cmpint (kill->failed_requests, ==, 1);
  g_assert_cmpint (kill->missing_frames, ==, 2);
  g_assert_cmpint (kill->repeated_frames, ==, 3);
  g_assert_cmpint (kill->added_delay_ms, ==, 15);
  const UsOutcome *gone = g_ptr_array_index (outcomes, 1);
  g_assert_true (gone->is_skipped);
  g_assert_cmpstr (gone->hit, ==, "");
}

/* Members of another type count as not there, and what is no object is passed over. */
static void
test_strange (void) {
  static const char json[] = "{\"drills\":[7,null,[],{\"name\":5,\"passed\":\"yes\",\"viewer\":[],"
                             "\"verdict\":\"a\\nb\"},{\"viewer\":{\"stall_ms\":\"1\"}}]}";
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) outcomes = us_outcomes_parse (json, -1, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (outcomes->len, ==, 2);
  const UsOutcome *outcome = g_ptr_array_index (outcomes, 0);
  g_assert_cmpstr (outcome->name, ==, "");
  g_assert_false (outcome->has_passed);
  g_assert_cmpstr (outcome->verdict, ==, "a?b");
}

static void
test_broken (void) {
  static const char *const broken[] = { "", "{", "[]", "7", "{}", "{\"drills\":{}}", "\xff" };
  for (guint i = 0; i < G_N_ELEMENTS (broken); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_null (us_outcomes_parse (broken[i], -1, &error));
    g_assert_nonnull (error);
  }
}

static void
test_many (void) {
  g_autoptr (GString) json = g_string_new ("{\"drills\":[{}");
  g_autoptr (GError) error = NULL;
  for (guint i = 0; i < 2 * US_OUTCOMES_MAX; i++)
    g_string_append (json, ",{}");
  g_string_append (json, "]}");
  g_autoptr (GPtrArray) outcomes = us_outcomes_parse (json->str, -1, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (outcomes->len, ==, US_OUTCOMES_MAX);
}

/* ---- the file ---- */

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data) {
  *(GAsyncResult **)user_data = g_object_ref (result);
}

static GPtrArray *
read_folder (const char *folder, GError **error) {
  GAsyncResult *result = NULL;
  us_outcomes_read_async (folder, NULL, on_read, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  GPtrArray *outcomes = us_outcomes_read_finish (result, error);
  g_object_unref (result);
  return outcomes;
}

static void
test_file (void) {
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("outcome-XXXXXX", &error);
  g_assert_no_error (error);
  g_autofree char *path = g_build_filename (folder, "result.json", NULL);
  g_assert_null (read_folder (folder, &error));
  g_assert_error (error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
  g_clear_error (&error);
  g_assert_true (g_file_set_contents (path, whole, -1, NULL));
  g_autoptr (GPtrArray) outcomes = read_folder (folder, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (outcomes->len, ==, 2);
  g_autofree char *large = g_malloc (US_OUTCOMES_MAX_BYTES + 1);
  memset (large, ' ', US_OUTCOMES_MAX_BYTES + 1);
  g_assert_true (g_file_set_contents (path, large, US_OUTCOMES_MAX_BYTES + 1, NULL));
  g_assert_null (read_folder (folder, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_cmpint (g_remove (path), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

int
main (int argc, char *argv[]) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/outcome/whole", test_whole);
  g_test_add_func ("/outcome/strange", test_strange);
  g_test_add_func ("/outcome/broken", test_broken);
  g_test_add_func ("/outcome/many", test_many);
  g_test_add_func ("/outcome/file", test_file);
  return g_test_run ();
}
