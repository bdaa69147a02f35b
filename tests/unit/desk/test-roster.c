/* test-roster.c - what is watched: on disk before it holds, our own ones by themselves */
#include "desk/roster.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define NOW 1000000

typedef struct {
  char *folder, *path;
  UsRoster *roster;
} World;

static void
world_open (World *world) {
  g_autoptr (GError) error = NULL;
  world->roster = us_roster_open (world->path, &error);
  g_assert_no_error (error);
}

static void
world_init (World *world) {
  world->folder = g_dir_make_tmp ("understudy-roster-XXXXXX", NULL);
  world->path = g_build_filename (world->folder, "streams.json", NULL);
  world_open (world);
}

static void
world_again (World *world) {
  us_roster_free (world->roster);
  world_open (world);
}

static void
world_clear (World *world) {
  us_roster_free (world->roster);
  g_unlink (world->path);
  g_rmdir (world->folder);
  g_free (world->path);
  g_free (world->folder);
}

static const UsStreamConfig *
add (World *world, const char *name, const char *url, GError **error) {
  const char *pointer;
  g_autoptr (UsStreamConfig) config = us_stream_config_new ("new", name, url);
  return us_roster_add (world->roster, config, NOW, &pointer, error);
}

static void
test_add (void) {
  World world;
  world_init (&world);
  g_autoptr (GError) error = NULL;
  const UsStreamConfig *one = add (&world, "Studio 1", "http://a.example/1.m3u8", NULL);
  g_assert_cmpstr (one->id, ==, "studio-1");
  g_assert_cmpint (one->added_us, ==, NOW);
  guint64 revision = us_roster_get_revision (world.roster, "studio-1");
  g_assert_cmpuint (revision, >, 0);
  g_assert_cmpstr (add (&world, "Studio 1", "http://a.example/2.m3u8", NULL)->id, !=, "studio-1");
  g_assert_null (add (&world, "other", "http://a.example/1.m3u8", &error));
  g_assert_error (error, US_STREAM_ERROR, US_STREAM_ERROR_DUPLICATE);
  g_assert_nonnull (strstr (error->message, "studio-1"));
  g_clear_error (&error);
  g_assert_null (add (&world, "file", "file:///etc/passwd", &error));
  g_assert_error (error, US_STREAM_ERROR, US_STREAM_ERROR_VALUE);
  g_assert_cmpuint (us_roster_count (world.roster), ==, 2);
  world_again (&world);
  g_assert_cmpuint (us_roster_count (world.roster), ==, 2);
  g_assert_cmpstr (us_roster_find (world.roster, "studio-1")->url, ==, "http://a.example/1.m3u8");
  world_clear (&world);
}

static void
test_change (void) {
  World world;
  const char *pointer;
  world_init (&world);
  g_autoptr (GError) error = NULL;
  add (&world, "one", "http://a.example/1.m3u8", NULL);
  add (&world, "two", "http://a.example/2.m3u8", NULL);
  g_autoptr (UsStreamConfig) wanted = us_stream_config_copy (us_roster_find (world.roster, "one"));
  guint64 revision = us_roster_get_revision (world.roster, "one");
  wanted->is_paused = TRUE;
  g_assert_true (us_roster_change (world.roster, wanted, &pointer, NULL));
  g_assert_cmpuint (us_roster_get_revision (world.roster, "one"), >, revision);
  revision = us_roster_get_revision (world.roster, "one");

  g_free (wanted->url);
  wanted->url = g_strdup ("http://a.example/2.m3u8");
  g_assert_false (us_roster_change (world.roster, wanted, &pointer, &error));
  g_assert_error (error, US_STREAM_ERROR, US_STREAM_ERROR_DUPLICATE);
  g_assert_cmpstr (pointer, ==, "#/manifest_url");
  g_assert_cmpuint (us_roster_get_revision (world.roster, "one"), ==, revision);
  world_again (&world);
  g_assert_true (us_roster_find (world.roster, "one")->is_paused);
  g_assert_cmpstr (us_roster_find (world.roster, "one")->url, ==, "http://a.example/1.m3u8");

  g_clear_error (&error);
  g_free (wanted->id);
  wanted->id = g_strdup ("nobody");
  g_assert_false (us_roster_change (world.roster, wanted, &pointer, &error));
  g_assert_error (error, US_STREAM_ERROR, US_STREAM_ERROR_UNKNOWN);
  world_clear (&world);
}

/* What cannot be written does not hold. */
static void
test_disk (void) {
  World world;
  world_init (&world);
  g_autoptr (GError) error = NULL;
  add (&world, "one", "http://a.example/1.m3u8", NULL);
  g_unlink (world.path);
  g_assert_cmpint (g_mkdir (world.path, 0700), ==, 0); /* a folder where the file should be */
  g_assert_null (add (&world, "two", "http://a.example/2.m3u8", &error));
  g_assert_error (error, US_STREAM_ERROR, US_STREAM_ERROR_FILE);
  g_clear_error (&error);
  g_assert_false (us_roster_remove (world.roster, "one", &error));
  g_assert_error (error, US_STREAM_ERROR, US_STREAM_ERROR_FILE);
  g_assert_cmpuint (us_roster_count (world.roster), ==, 1);
  g_assert_nonnull (us_roster_find (world.roster, "one"));
  g_rmdir (world.path);
  world_clear (&world);
}

static void
test_own (void) {
  World world;
  const char *pointer;
  world_init (&world);
  g_autoptr (GError) error = NULL;
  const UsStreamConfig *own
      = us_roster_put_own (world.roster, "My Stream", "http://127.0.0.1:8080/hls/a.m3u8", NOW);
  g_assert_true (g_str_has_prefix (own->id, US_ROSTER_OWN));
  g_assert_true (own->is_own);
  g_autofree char *id = g_strdup (own->id);
  g_assert_true (us_roster_put_own (world.roster, "My Stream", own->url, NOW + 5) == own);
  /* The chain has moved: the same stream. */
  own = us_roster_put_own (world.roster, "My Stream", "http://127.0.0.1:9090/hls/a.m3u8", NOW + 5);
  g_assert_cmpstr (own->id, ==, id);
  g_assert_cmpint (own->added_us, ==, NOW);
  g_assert_cmpuint (us_roster_count (world.roster), ==, 1);

  g_assert_false (us_roster_remove (world.roster, id, &error));
  g_assert_error (error, US_STREAM_ERROR, US_STREAM_ERROR_OWN);
  g_clear_error (&error);
  g_autoptr (UsStreamConfig) wanted = us_stream_config_copy (own);
  wanted->is_paused = TRUE;
  g_assert_true (us_roster_change (world.roster, wanted, &pointer, NULL));
  own = us_roster_put_own (world.roster, "My Stream", "http://127.0.0.1:7070/hls/a.m3u8", NOW + 9);
  g_assert_true (own->is_paused); /* wherever the chain goes */
  g_assert_cmpstr (own->url, ==, "http://127.0.0.1:7070/hls/a.m3u8");
  g_free (wanted->url);
  wanted->url = g_strdup (own->url);
  g_free (wanted->name);
  wanted->name = g_strdup ("renamed");
  g_assert_false (us_roster_change (world.roster, wanted, &pointer, &error));
  g_assert_error (error, US_STREAM_ERROR, US_STREAM_ERROR_OWN);
  g_assert_cmpstr (pointer, ==, "#/name");

  add (&world, "other", "http://a.example/1.m3u8", NULL);
  world_again (&world); /* it is in no file */
  g_assert_cmpuint (us_roster_count (world.roster), ==, 1);
  us_roster_put_own (world.roster, "x", "http://127.0.0.1/x.m3u8", NOW);
  us_roster_remove_own (world.roster, "x");
  us_roster_remove_own (world.roster, "x");
  g_assert_null (us_roster_find_own (world.roster, "x"));
  world_clear (&world);
}

static void
test_order (void) {
  World world;
  world_init (&world);
  add (&world, "zebra", "http://a.example/1.m3u8", NULL);
  add (&world, "ant", "http://a.example/2.m3u8", NULL);
  g_autoptr (GPtrArray) list = us_roster_list (world.roster);
  g_assert_cmpuint (list->len, ==, 2);
  g_assert_cmpstr (((UsStreamConfig *)list->pdata[0])->name, ==, "ant");
  world_clear (&world);
}

static void
test_bad_file (void) {
  g_autofree char *folder = g_dir_make_tmp ("understudy-roster-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "streams.json", NULL);
  g_autoptr (GError) error = NULL;
  g_assert_true (g_file_set_contents (path, "{\"streams\": [\n{\"id\":", -1, NULL));
  g_assert_null (us_roster_open (path, &error));
  g_assert_error (error, US_STREAM_ERROR, US_STREAM_ERROR_FILE);
  g_unlink (path);
  g_rmdir (folder);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/desk/roster/add", test_add);
  g_test_add_func ("/desk/roster/change", test_change);
  g_test_add_func ("/desk/roster/disk", test_disk);
  g_test_add_func ("/desk/roster/own", test_own);
  g_test_add_func ("/desk/roster/order", test_order);
  g_test_add_func ("/desk/roster/bad-file", test_bad_file);
  return g_test_run ();
}
