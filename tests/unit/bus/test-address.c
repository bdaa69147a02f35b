/* test-address.c - which bus is meant, from the setting and the surroundings */
#include "bus/address.h"

#include <glib/gstdio.h>

#define SESSION "unix:path=/run/user/7/bus"
#define SYSTEM "unix:path=/run/dbus/system_bus_socket"

static const struct {
  UsBusChoice choice;
  UsBusSurroundings surroundings; /* session, system, runtime folder, invocation id */
  UsBusChoice found;
  const char *address; /* nullable */
} rows[] = {
  { US_BUS_AUTO, { SESSION, NULL, NULL, NULL }, US_BUS_SESSION, SESSION },
  { US_BUS_AUTO, { SESSION, NULL, NULL, "id" }, US_BUS_SESSION, SESSION },
  { US_BUS_AUTO, { NULL, NULL, NULL, "id" }, US_BUS_SYSTEM, SYSTEM },
  { US_BUS_AUTO, { "", "", "", "id" }, US_BUS_SYSTEM, SYSTEM },
  { US_BUS_AUTO, { NULL, "unix:path=/x", NULL, "id" }, US_BUS_SYSTEM, "unix:path=/x" },
  { US_BUS_AUTO, { NULL, NULL, NULL, NULL }, US_BUS_NONE, NULL }, /* a container */
  { US_BUS_AUTO, { NULL, "unix:path=/x", NULL, NULL }, US_BUS_NONE, NULL },
  { US_BUS_AUTO, { "disabled:", NULL, NULL, NULL }, US_BUS_NONE, NULL },
  { US_BUS_AUTO, { "disabled:", NULL, NULL, "id" }, US_BUS_NONE, NULL }, /* somebody said no */
  { US_BUS_AUTO, { "nonsense", NULL, NULL, NULL }, US_BUS_NONE, NULL },
  { US_BUS_AUTO, { NULL, NULL, "/nonexistent", NULL }, US_BUS_NONE, NULL },
  { US_BUS_SESSION, { SESSION, NULL, NULL, "id" }, US_BUS_SESSION, SESSION },
  { US_BUS_SESSION, { NULL, NULL, NULL, "id" }, US_BUS_NONE, NULL },
  { US_BUS_SESSION, { "disabled:", NULL, NULL, NULL }, US_BUS_NONE, NULL },
  { US_BUS_SYSTEM, { SESSION, NULL, NULL, NULL }, US_BUS_SYSTEM, SYSTEM },
  { US_BUS_NONE, { SESSION, SYSTEM, "/tmp", "id" }, US_BUS_NONE, NULL },
};

static void
test_rows (void) {
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    UsBusChoice found = US_BUS_AUTO;
    g_autofree char *address = us_bus_find_address (rows[i].choice, &rows[i].surroundings, &found);
    g_test_message ("row %u", i);
    g_assert_cmpstr (address, ==, rows[i].address);
    g_assert_cmpint (found, ==, rows[i].found);
  }
}

/* The desktop's bus where login puts it. */
static void
test_runtime_dir (void) {
  g_autofree char *folder = g_dir_make_tmp ("run time-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "bus", NULL);
  UsBusSurroundings surroundings = { .runtime_dir = folder };
  UsBusChoice found;
  g_assert_true (g_file_set_contents (path, "", 0, NULL));
  g_autofree char *address = us_bus_find_address (US_BUS_AUTO, &surroundings, &found);
  g_assert_cmpint (found, ==, US_BUS_SESSION);
  g_assert_true (g_str_has_prefix (address, "unix:path="));
  g_assert_null (strchr (address, ' ')); /* escaped */
  g_unlink (path);
  g_rmdir (folder);
}

static void
test_words (void) {
  UsBusChoice choice;
  for (guint i = 0; i <= US_BUS_NONE; i++) {
    g_assert_true (us_bus_choice_from_word (us_bus_choice_word ((UsBusChoice)i), &choice));
    g_assert_cmpuint (choice, ==, i);
  }
  g_assert_false (us_bus_choice_from_word ("", &choice));
  g_assert_false (us_bus_choice_from_word ("Session", &choice));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bus/address/rows", test_rows);
  g_test_add_func ("/bus/address/runtime-dir", test_runtime_dir);
  g_test_add_func ("/bus/address/words", test_words);
  return g_test_run ();
}
