/* test-cgroup.c - what memory and which processors a process may expect to have */
#include "base/cgroup.h"

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "base/cores.h"
#include "base/memory.h"

#define SERVICE "system.slice/understudy-ingest.service"

static void
test_memory (void) {
  g_assert_cmpuint (us_memory_of_cgroup (""), ==, 0);
  g_assert_cmpuint (us_memory_of_cgroup ("max\n"), ==, 0);
  g_assert_cmpuint (us_memory_of_cgroup ("536870912\n"), ==, 536870912);
  g_assert_cmpuint (us_memory_of_cgroup ("-1\n"), ==, 0);
  g_assert_cmpuint (us_memory_of_cgroup ("0"), ==, 0);
  g_assert_cmpuint (us_memory_of_cgroup ("99999999999999999999999\n"), ==, 0);
  g_assert_cmpuint (us_memory_of_machine (), >, 64 * 1024 * 1024);
}

static void
test_cores (void) {
  g_assert_cmpuint (us_cores_of_cgroup (""), ==, 0);
  g_assert_cmpuint (us_cores_of_cgroup ("max 100000\n"), ==, 0);
  g_assert_cmpuint (us_cores_of_cgroup ("200000 100000\n"), ==, 2);
  g_assert_cmpuint (us_cores_of_cgroup ("150000 100000\n"), ==, 2);
  g_assert_cmpuint (us_cores_of_cgroup ("20000 100000\n"), ==, 1);
  g_assert_cmpuint (us_cores_of_cgroup ("200000"), ==, 0);
  g_assert_cmpuint (us_cores_of_cgroup ("-1 100000"), ==, 0);
  g_assert_cmpuint (us_cores_of_cgroup ("100000 0"), ==, 0);
  g_assert_cmpuint (us_cores_of_machine (), >=, 1);
  g_assert_cmpuint (us_cores_of_machine (), <=, g_get_num_processors ());
}

/* @limit: (nullable): what memory.max of a group says; %NULL: takes the file away again */
static void
put (const char *root, const char *group, const char *limit) {
  g_autofree char *folder = g_build_filename (root, group, NULL);
  g_autofree char *file = g_build_filename (folder, "memory.max", NULL);
  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  if (limit == NULL)
    g_assert_cmpint (g_unlink (file), ==, 0);
  else
    g_assert_true (g_file_set_contents (file, limit, -1, NULL));
}

static guint64
least (const char *root, const char *rows) {
  return us_cgroup_least (root, rows, "memory.max", us_memory_of_cgroup);
}

/* The root of a machine has no memory.max; that of a container has one. */
static void
test_group (void) {
  g_autofree char *root = g_dir_make_tmp ("understudy-cgroup-XXXXXX", NULL);
  g_autofree char *slice = g_build_filename (root, "system.slice", NULL);
  g_autofree char *service = g_build_filename (root, SERVICE, NULL);
  g_assert_cmpuint (least (root, NULL), ==, 0);
  g_assert_cmpuint (least (root, "0::/\n"), ==, 0);
  put (root, SERVICE, "1000000\n");
  put (root, "system.slice", "max\n");
  g_assert_cmpuint (least (root, "0::/" SERVICE "\n"), ==, 1000000);
  g_assert_cmpuint (least (root, "4:memory:/a\n0::/" SERVICE "\n"), ==, 1000000);
  g_assert_cmpuint (least (root, "0::/" SERVICE "/below/it\n"), ==, 1000000);
  put (root, "system.slice", "900000\n");
  g_assert_cmpuint (least (root, "0::/" SERVICE "\n"), ==, 900000);
  put (root, "", "2000000\n");
  g_assert_cmpuint (least (root, "0::/" SERVICE "\n"), ==, 900000);
  g_assert_cmpuint (least (root, "0::/docker/of-the-host\n"), ==, 2000000);
  g_assert_cmpuint (least (root, "0::/../elsewhere\n"), ==, 2000000);
  g_assert_cmpuint (least (root, "0::/\n"), ==, 2000000);
  g_assert_cmpuint (least (root, "nonsense"), ==, 2000000);
  put (root, SERVICE, NULL);
  put (root, "system.slice", NULL);
  put (root, "", NULL);
  g_assert_cmpint (g_rmdir (service), ==, 0);
  g_assert_cmpint (g_rmdir (slice), ==, 0);
  g_assert_cmpint (g_rmdir (root), ==, 0);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cgroup/memory", test_memory);
  g_test_add_func ("/cgroup/cores", test_cores);
  g_test_add_func ("/cgroup/group", test_group);
  return g_test_run ();
}
