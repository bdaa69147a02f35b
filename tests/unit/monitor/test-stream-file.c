/* test-stream-file.c - the streams file: read by hand, written whole, never lost */
#include "monitor/stream-file.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct {
  char *dir, *path;
  UsStreamFile *file;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data) {
  fixture->dir = g_dir_make_tmp ("understudy-streams-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->dir, "streams.json", NULL);
  fixture->file = us_stream_file_new (fixture->path);
}

static void
tear_down (Fixture *fixture, gconstpointer data) {
  g_autoptr (GDir) dir = g_dir_open (fixture->dir, 0, NULL);
  const char *name;
  while ((name = g_dir_read_name (dir)) != NULL) {
    g_autofree char *path = g_build_filename (fixture->dir, name, NULL);
    g_unlink (path);
  }
  g_rmdir (fixture->dir);
  us_stream_file_free (fixture->file);
  g_free (fixture->path);
  g_free (fixture->dir);
}

static void
put (const Fixture *fixture, const char *text) {
  g_assert_true (g_file_set_contents (fixture->path, text, -1, NULL));
}

static char *
get (const Fixture *fixture, const char *suffix) {
  g_autofree char *path = g_strconcat (fixture->path, suffix, NULL);
  char *text = NULL;
  g_file_get_contents (path, &text, NULL, NULL);
  return text;
}

static guint
count_files (const Fixture *fixture) {
  g_autoptr (GDir) dir = g_dir_open (fixture->dir, 0, NULL);
  guint n = 0;
  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static GPtrArray *
make_configs (guint n) {
  GPtrArray *configs = g_ptr_array_new_with_free_func ((GDestroyNotify)us_stream_config_free);
  for (guint i = 0; i < n; i++) {
    g_autofree char *id = g_strdup_printf ("stream-%u", i);
    g_autofree char *url = g_strdup_printf ("https://example.com/%u.m3u8", i);
    g_ptr_array_add (configs, us_stream_config_new (id, id, url));
  }
  return configs;
}

static void
test_round (Fixture *fixture, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) configs = make_configs (2);
  UsStreamConfig *first = configs->pdata[0], *own;
  first->is_paused = TRUE;
  first->segment_share = 0.1;
  first->has_frozen = FALSE;
  first->maintenance_until_us = G_GINT64_CONSTANT (1893456000123456);
  first->maintenance_reason = g_strdup ("new \"encoder\"");
  first->authorization = g_strdup ("Bearer x");
  first->added_us = G_GINT64_CONSTANT (1767225600000000);
  own = us_stream_config_new ("mystream", "mystream", "http://127.0.0.1:8080/hls/index.m3u8");
  own->is_own = TRUE;
  g_ptr_array_add (configs, own);
  g_assert_true (us_stream_file_save (fixture->file, configs, &error));
  g_assert_no_error (error);
  g_autoptr (GPtrArray) read = us_stream_file_load (fixture->file, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (read->len, ==, 2);
  const UsStreamConfig *its = read->pdata[0];
  g_assert_cmpstr (its->id, ==, "stream-0");
  g_assert_true (its->is_paused);
  g_assert_cmpfloat (its->segment_share, ==, 0.1);
  g_assert_false (its->has_frozen);
  g_assert_true (its->has_black);
  g_assert_cmpint (its->maintenance_until_us, ==, first->maintenance_until_us);
  g_assert_cmpstr (its->maintenance_reason, ==, "new \"encoder\"");
  g_assert_cmpstr (its->authorization, ==, "Bearer x");
  g_assert_cmpint (its->added_us, ==, first->added_us);
  its = read->pdata[1];
  g_assert_null (its->authorization);
  g_assert_cmpint (its->maintenance_until_us, ==, 0);
  /* Readable: one member per line. */
  g_autofree char *text = get (fixture, "");
  g_assert_nonnull (strstr (text, "\n      \"url\" : \"https://example.com/1.m3u8\""));
  GStatBuf about;
  g_assert_cmpint (g_stat (fixture->path, &about), ==, 0);
  g_assert_cmpuint (about.st_mode & 0777, ==, 0600);
  g_assert_cmpuint (count_files (fixture), ==, 1);
}

static void
test_none (Fixture *fixture, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) configs = us_stream_file_load (fixture->file, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (configs->len, ==, 0);
  g_assert_cmpuint (count_files (fixture), ==, 0);
}

static void
test_by_hand (Fixture *fixture, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  put (fixture, "{\"version\": 1, \"streams\": [\n"
                "  {\"url\": \"https://example.com/a.m3u8?token=x\"},\n"
                "  {\"url\": \"https://example.com/b.m3u8\", \"name\": \"Main\"},\n"
                "  {\"url\": \"https://example.com/c.m3u8\", \"name\": \"Main\"},\n"
                "  {\"url\": \"https://example.com/d.m3u8\", \"name\": \"x\", \"id\": \"main\"}\n"
                "]}");
  g_autoptr (GPtrArray) configs = us_stream_file_load (fixture->file, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (configs->len, ==, 4);
  static const char *const ids[] = { "example-com-a-m3u8", "main-2", "main-3", "main" };
  for (guint i = 0; i < 4; i++)
    g_assert_cmpstr (((UsStreamConfig *)configs->pdata[i])->id, ==, ids[i]);
  g_assert_cmpstr (((UsStreamConfig *)configs->pdata[0])->name, ==, "example.com/a.m3u8");
}

#define HEAD "{\"version\": 1, \"streams\": [\n"

static void
test_bad (Fixture *fixture, gconstpointer data) {
  static const struct {
    const char *text, *where, *says;
  } rows[] = {
    { "", ":1: ", "expected an object" },
    { "[]", ":1: ", "expected an object" },
    { "{\"version\": 1, \"streams\": [\n{\"url\" \"a\"}]}", ":2: ", "" },
    { "{\"version\": 1,\n\"streams\": [{]}", ":2: ", "" },
    { "{\n\"version\": 2,\n\"streams\": []}", ":2: ", "version: expected 1" },
    { "{\n\"streams\": []}", ": ", "version: expected 1" },
    { "{\"version\": 1}", ": ", "streams: expected a list" },
    { "{\"version\": 1,\n\"streams\": {}}", ":2: ", "streams: expected a list" },
    { "{\"version\": 1, \"streams\": [],\n\n\"extra\": 1}", ":3: ", "extra: unknown" },
    { HEAD "3]}", ": ", "streams[0]: expected an object" },
    { HEAD "{\n\"name\": \"a\"}]}", ":3: ", "streams[0].url: missing" },
    { HEAD "{\"url\": \"http://a/\",\n\"shar\": 1}]}", ":3: ", "streams[0].shar: unknown" },
    { HEAD "{\"url\": \"http://a/\"},\n{\"url\": 5}]}", ":3: ", "streams[1].url: expected a text" },
    { HEAD "{\"url\": \"file:///a\"}]}", ":2: ", "streams[0].url: The URL must begin" },
    { HEAD "{\"url\": \"http://a/\",\n\"paused\": \"yes\"}]}", ":3: ", "paused: expected true" },
    { HEAD "{\"url\": \"http://a/\", \"segment_share\": 1.5}]}", ":2: ", "from 0 to 1" },
    { HEAD "{\"url\": \"http://a/\", \"segment_share\": \"1\"}]}", ":2: ", "expected a number" },
    { HEAD "{\"url\": \"http://a/\", \"added\": \"soon\"}]}", ":2: ", "expected a date" },
    { HEAD "{\"url\": \"http://a/\",\n\"id\": \"A\"}]}", ":3: ", "streams[0].id: An id has" },
    { HEAD "{\"url\": \"http://a/\"},\n{\"url\": \"http://a/\"}]}",
      ":3: ", "streams[1].url: streams[0] watches it already" },
    { HEAD "{\"url\": \"http://a/\", \"id\": \"x\"},\n{\"url\": \"http://b/\", \"id\": \"x\"}]}",
      ":3: ", "streams[1].id: \"x\" is the id of streams[0] already" },
    { HEAD "{\"url\": \"http://a/\",\n\"url\": \"http://b/\"}]}", ":3: ", "url: stands twice" },
    { "{\"version\": 1, \"streams\": [\n[[[[[[[[1]]]]]]]]]}", ":2: ", "levels of brackets" },
    { HEAD "{\"url\": \"http://a/\", \"name\": \"\xff\"}]}", ": ", "UTF-8" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    put (fixture, rows[i].text);
    g_autoptr (GPtrArray) configs = us_stream_file_load (fixture->file, &error);
    g_test_message ("%u: %s", i, error != NULL ? error->message : "taken");
    g_assert_null (configs);
    g_assert_error (error, US_STREAM_ERROR, US_STREAM_ERROR_FILE);
    g_autofree char *where = g_strconcat (fixture->path, rows[i].where, NULL);
    g_assert_true (g_str_has_prefix (error->message, where));
    g_assert_nonnull (strstr (error->message, rows[i].says));
    g_autofree char *kept = get (fixture, "");
    g_assert_cmpstr (kept, ==, rows[i].text);
  }
}

static void
test_huge (Fixture *fixture, gconstpointer data) {
  g_autoptr (GString) text = g_string_new (HEAD);
  g_autoptr (GError) error = NULL;
  for (guint i = 0; i <= US_STREAMS_MAX; i++)
    g_string_append_printf (text, "%s{\"url\": \"http://a/%u\"}", i > 0 ? ",\n" : "", i);
  g_string_append (text, "]}");
  put (fixture, text->str);
  g_assert_null (us_stream_file_load (fixture->file, &error));
  g_assert_nonnull (strstr (error->message, "5001"));
  g_clear_error (&error);
  /* A folder is no file. */
  g_unlink (fixture->path);
  g_mkdir (fixture->path, 0700);
  g_assert_null (us_stream_file_load (fixture->file, &error));
  g_assert_error (error, US_STREAM_ERROR, US_STREAM_ERROR_FILE);
  g_autoptr (GPtrArray) configs = make_configs (1);
  g_assert_false (us_stream_file_save (fixture->file, configs, NULL));
  g_rmdir (fixture->path);
}

static void
test_aside (Fixture *fixture, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) configs = make_configs (1);
  put (fixture, "{ my notes");
  g_assert_null (us_stream_file_load (fixture->file, NULL));
  g_assert_true (us_stream_file_save (fixture->file, configs, &error));
  g_autofree char *aside = get (fixture, ".aside-1");
  g_assert_cmpstr (aside, ==, "{ my notes");
  /* What we wrote is ours to replace. */
  g_assert_true (us_stream_file_save (fixture->file, configs, &error));
  g_assert_cmpuint (count_files (fixture), ==, 2);
  /* An edit while we run is somebody's work. */
  put (fixture, "{\"version\": 1, \"streams\": []}");
  g_assert_true (us_stream_file_save (fixture->file, configs, &error));
  g_autofree char *second = get (fixture, ".aside-2");
  g_assert_cmpstr (second, ==, "{\"version\": 1, \"streams\": []}");
  g_autoptr (GPtrArray) read = us_stream_file_load (fixture->file, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (read->len, ==, 1);
}

/* kill -9 at any moment leaves the old list or the new one. */
static void
test_killed (Fixture *fixture, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  for (guint round = 0; round < 40; round++) {
    int ready[2];
    char byte;
    g_assert_cmpint (pipe (ready), ==, 0);
    pid_t child = fork ();
    if (child == 0) {
      UsStreamFile *file = us_stream_file_new (fixture->path);
      g_autoptr (GPtrArray) begun = us_stream_file_load (file, NULL);
      for (guint i = 0; begun != NULL; i++) {
        g_autoptr (GPtrArray) configs = make_configs (i % 2 == 0 ? 3 : 400);
        if (!us_stream_file_save (file, configs, NULL))
          break;
        if (i == 0 && write (ready[1], "x", 1) != 1)
          break;
      }
      _exit (1);
    }
    g_assert_cmpint (read (ready[0], &byte, 1), ==, 1);
    g_usleep ((round * 7919) % 9000);
    kill (child, SIGKILL);
    int status;
    g_assert_cmpint (waitpid (child, &status, 0), ==, child);
    g_assert_true (WIFSIGNALED (status));
    close (ready[0]);
    close (ready[1]);
    g_autoptr (GPtrArray) configs = us_stream_file_load (fixture->file, &error);
    g_assert_no_error (error);
    g_assert_true (configs->len == 3 || configs->len == 400);
    g_autofree char *aside = get (fixture, ".aside-1");
    g_assert_null (aside);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/monitor/stream-file/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("round", test_round);
  ADD ("none", test_none);
  ADD ("by-hand", test_by_hand);
  ADD ("bad", test_bad);
  ADD ("huge", test_huge);
  ADD ("aside", test_aside);
  ADD ("killed", test_killed);
#undef ADD
  return g_test_run ();
}
