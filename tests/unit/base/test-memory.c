/* test-memory.c - how much memory there is */
#include "base/memory.h"

static void
test_cgroup (void) {
  g_assert_cmpuint (us_memory_of_cgroup (NULL), ==, 0);
  g_assert_cmpuint (us_memory_of_cgroup ("max\n"), ==, 0);
  g_assert_cmpuint (us_memory_of_cgroup ("536870912\n"), ==, 536870912);
  g_assert_cmpuint (us_memory_of_cgroup ("-1\n"), ==, 0);
  g_assert_cmpuint (us_memory_of_cgroup ("0"), ==, 0);
  g_assert_cmpuint (us_memory_of_cgroup ("99999999999999999999999\n"), ==, 0);
  g_assert_cmpuint (us_memory_of_machine (), >, 64 * 1024 * 1024);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/memory/cgroup", test_cgroup);
  return g_test_run ();
}
