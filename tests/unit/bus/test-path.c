/* test-path.c - every stream's name makes a path that D-Bus allows, and no two the same */
#include "bus/path.h"

#include "bus/error.h"

static const struct {
  const char *stream, *origin, *path;
} rows[] = {
  { "mystream", NULL, US_BUS_PATH "/streams/mystream" },
  { "mystream", "primary", US_BUS_PATH "/streams/mystream/origins/primary" },
  { "a_b", NULL, US_BUS_PATH "/streams/a_5fb" },
  { "a-b.c", NULL, US_BUS_PATH "/streams/a_2db_2ec" },
  { "a/b", NULL, US_BUS_PATH "/streams/a_2fb" },
  { "\303\244", "backup", US_BUS_PATH "/streams/_c3_a4/origins/backup" },
};

static void
test_rows (void) {
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = us_bus_path_of (rows[i].stream, rows[i].origin);
    g_assert_cmpstr (path, ==, rows[i].path);
    g_assert_true (g_variant_is_object_path (path));
  }
}

/* The escape sign is escaped itself. */
static void
test_no_two (void) {
  g_autofree char *a = us_bus_path_of ("a_2d", NULL), *b = us_bus_path_of ("a-", NULL);
  g_assert_cmpstr (a, !=, b);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bus/path/rows", test_rows);
  g_test_add_func ("/bus/path/no-two", test_no_two);
  return g_test_run ();
}
