/* test-gallery.c - which pictures are kept: those before and after what somebody will ask about */
#include "desk/gallery.h"

#include <glib/gstdio.h>

#define MINUTE ((gint64)60 * G_USEC_PER_SEC)

typedef struct {
  char *folder, *path;
  UsStore *store;
  UsGallery *gallery;
} World;

static void
world_init (World *world) {
  UsStoreSettings settings;
  world->folder = g_dir_make_tmp ("understudy-gallery-XXXXXX", NULL);
  world->path = g_build_filename (world->folder, "desk.sqlite", NULL);
  us_store_settings_default (&settings);
  settings.path = world->path;
  world->store = us_store_open (&settings, NULL, NULL);
  g_assert_nonnull (world->store);
  world->gallery = us_gallery_new (world->store);
}

static void
world_clear (World *world) {
  us_gallery_free (world->gallery);
  us_store_close (world->store, 5000);
  g_autoptr (GDir) dir = g_dir_open (world->folder, 0, NULL);
  for (const char *name = g_dir_read_name (dir); name != NULL; name = g_dir_read_name (dir)) {
    g_autofree char *path = g_build_filename (world->folder, name, NULL);
    g_unlink (path);
  }
  g_rmdir (world->folder);
  g_free (world->path);
  g_free (world->folder);
}

static char *
show (World *world, gint64 wall_us, const char *reason) {
  g_autoptr (GBytes) jpeg = g_bytes_new_static ("jpeg", 4);
  return us_gallery_show (world->gallery, "a", wall_us, jpeg, 320, 180, reason);
}

static guint
count_kept (World *world) {
  us_store_flush (world->store, 30000);
  g_autoptr (GArray) rows = us_store_list_thumbnails (world->store, "a", 0, 0, 100, NULL);
  return rows->len;
}

/* Of those that nobody asked for, one in five minutes. */
static void
test_interval (void) {
  World world;
  gint64 taken_us;
  world_init (&world);
  g_assert_null (us_gallery_get (world.gallery, "a", &taken_us));
  for (guint i = 0; i < 60; i++)
    g_assert_null (show (&world, 100 * MINUTE + i * MINUTE / 6, "interval"));
  g_assert_nonnull (us_gallery_get (world.gallery, "a", &taken_us));
  g_assert_cmpint (taken_us, ==, 100 * MINUTE + 59 * MINUTE / 6);
  g_assert_cmpuint (count_kept (&world), ==, 2);
  world_clear (&world);
}

static void
test_before (void) {
  World world;
  world_init (&world);
  g_assert_null (us_gallery_keep (world.gallery, "a", "switch-before"));
  show (&world, 100 * MINUTE, "interval");
  show (&world, 101 * MINUTE, "interval");
  const char *id = us_gallery_keep (world.gallery, "a", "switch-before");
  g_assert_nonnull (id);
  g_assert_cmpstr (us_gallery_keep (world.gallery, "a", "finding-before"), ==, id);
  g_assert_cmpuint (count_kept (&world), ==, 2);
  g_auto (UsThumbnailRow) row = { 0 };
  us_store_flush (world.store, 30000);
  g_assert_true (us_store_get_thumbnail (world.store, id, &row, NULL));
  g_assert_cmpstr (row.reason, ==, "switch-before");
  g_assert_cmpint (row.wall_us, ==, 101 * MINUTE);
  world_clear (&world);
}

/* The id is there before the picture; one that was taken before is not it. */
static void
test_after (void) {
  World world;
  world_init (&world);
  g_autofree char *id = g_strdup (us_gallery_expect (world.gallery, "a", 100 * MINUTE));
  g_assert_cmpstr (us_gallery_expect (world.gallery, "a", 101 * MINUTE), ==, id);
  g_assert_cmpuint (count_kept (&world), ==, 0);
  g_autofree char *early = show (&world, 99 * MINUTE, "finding");
  g_assert_cmpstr (early, !=, id);
  g_autofree char *after = show (&world, 100 * MINUTE, "incident-opened"); /* whatever it is for */
  g_assert_cmpstr (after, ==, id);
  g_auto (UsThumbnailRow) row = { 0 };
  us_store_flush (world.store, 30000);
  g_assert_true (us_store_get_thumbnail (world.store, id, &row, NULL));
  g_autofree char *later = show (&world, 101 * MINUTE, "finding");
  g_assert_cmpstr (later, !=, id);
  us_gallery_expect (world.gallery, "a", 102 * MINUTE);
  us_gallery_remove (world.gallery, "a");
  world_clear (&world);
}

/* What waits for a time is not kept waiting by a clock that was put back. */
static void
test_clock_put_back (void) {
  World world;
  world_init (&world);
  show (&world, 100 * MINUTE, "interval");
  g_autofree char *id = g_strdup (us_gallery_expect (world.gallery, "a", 101 * MINUTE));
  g_assert_null (show (&world, 41 * MINUTE, "interval"));
  g_assert_cmpuint (count_kept (&world), ==, 2);
  g_auto (UsThumbnailRow) row = { 0 };
  g_assert_true (us_store_get_thumbnail (world.store, id, &row, NULL));
  g_assert_cmpint (row.wall_us, ==, 41 * MINUTE);
  show (&world, 42 * MINUTE, "interval");
  g_assert_cmpuint (count_kept (&world), ==, 2);
  show (&world, 46 * MINUTE, "interval");
  g_assert_cmpuint (count_kept (&world), ==, 3);
  world_clear (&world);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/desk/gallery/interval", test_interval);
  g_test_add_func ("/desk/gallery/before", test_before);
  g_test_add_func ("/desk/gallery/after", test_after);
  g_test_add_func ("/desk/gallery/clock-put-back", test_clock_put_back);
  return g_test_run ();
}
