/* memory.c - the machine's memory, or what its container is allowed of it */
#include "base/memory.h"

#include <gio/gio.h>
#include <unistd.h>

#define CGROUP_FILE "/sys/fs/cgroup/memory.max" /* of the container's own namespace */

/**
 * us_memory_of_cgroup:
 * @text: (nullable): content of memory.max (cgroup v2)
 *
 * Returns: bytes, 0: no limit
 */
guint64
us_memory_of_cgroup (const char *text) {
  g_autofree char *word = g_strstrip (g_strdup (text != NULL ? text : ""));
  guint64 bytes = 0;
  return g_ascii_string_to_unsigned (word, 10, 1, G_MAXUINT64, &bytes, NULL) ? bytes : 0;
}

/**
 * us_memory_of_machine:
 *
 * Returns: bytes of memory, the limit of the container if that is less
 */
guint64
us_memory_of_machine (void) {
  g_autofree char *text = NULL;
  guint64 machine = (guint64)sysconf (_SC_PHYS_PAGES) * (guint64)sysconf (_SC_PAGESIZE);
  guint64 allowed
      = g_file_get_contents (CGROUP_FILE, &text, NULL, NULL) ? us_memory_of_cgroup (text) : 0;
  return allowed > 0 ? MIN (machine, allowed) : machine;
}
