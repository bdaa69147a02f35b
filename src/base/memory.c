/* memory.c - the machine's memory, or what a container or a service is allowed of it */
#include "base/memory.h"

#include <unistd.h>

#include "base/cgroup.h"

/**
 * us_memory_of_cgroup:
 * @text: content of memory.max (cgroup v2)
 *
 * Returns: bytes, 0: no limit
 */
guint64
us_memory_of_cgroup (const char *text) {
  g_autofree char *word = g_strstrip (g_strdup (text));
  guint64 bytes = 0;
  return g_ascii_string_to_unsigned (word, 10, 1, G_MAXUINT64, &bytes, NULL) ? bytes : 0;
}

/**
 * us_memory_of_machine:
 *
 * Returns: bytes of memory, the limit of the container or the service if that is less
 */
guint64
us_memory_of_machine (void) {
  guint64 machine = (guint64)sysconf (_SC_PHYS_PAGES) * (guint64)sysconf (_SC_PAGESIZE);
  guint64 limit = us_cgroup_least_of_self ("memory.max", us_memory_of_cgroup);
  return limit != 0 ? MIN (limit, machine) : machine;
}
