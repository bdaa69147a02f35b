/* memory.c - the machine's memory, or what a container or a service is allowed of it
 *
 * A limit may stand at any group on the way from the process to the root (cgroup v2): at the
 * service's own, for MemoryMax=, at a slice above it, or at the root that a container sees. The
 * smallest is the one at which the kernel kills.
 */
#include "base/memory.h"

#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#define CGROUP_ROOT "/sys/fs/cgroup"
#define CGROUP_OF_SELF "/proc/self/cgroup"
#define CGROUP_LIMIT "memory.max"
#define V2_PREFIX "0::/"

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

/* The row "0::/system.slice/understudy.service" of /proc/self/cgroup, without "0::/"; others are of
 * cgroup v1. "/../..." is a group outside of what this process can see. */
static char *
find_group (const char *rows) {
  g_auto (GStrv) lines = g_strsplit (rows != NULL ? rows : "", "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    const char *path = lines[i] + strlen (V2_PREFIX);
    if (g_str_has_prefix (lines[i], V2_PREFIX) && strstr (lines[i], "/..") == NULL)
      return g_strdup (path);
  }
  return g_strdup ("");
}

static guint64
smaller_limit (guint64 a, guint64 b) {
  return a == 0 || (b != 0 && b < a) ? b : a;
}

/**
 * us_memory_of_group:
 * @root: folder in which the groups are
 * @rows: (nullable): content of /proc/self/cgroup
 *
 * A group that is not there is passed over: a container may know its group by the host's name.
 *
 * Returns: the smallest limit in bytes from the process's group up to the root, 0: there is none
 */
guint64
us_memory_of_group (const char *root, const char *rows) {
  guint64 least = 0;
  g_autofree char *group = find_group (rows);
  while (TRUE) {
    g_autofree char *path = g_build_filename (root, group, CGROUP_LIMIT, NULL);
    g_autofree char *text = NULL;
    if (g_file_get_contents (path, &text, NULL, NULL))
      least = smaller_limit (least, us_memory_of_cgroup (text));
    if (group[0] == '\0')
      return least;
    char *slash = strrchr (group, '/');
    *(slash != NULL ? slash : group) = '\0';
  }
}

/**
 * us_memory_of_machine:
 *
 * Returns: bytes of memory, the limit of the container or the service if that is less
 */
guint64
us_memory_of_machine (void) {
  g_autofree char *rows = NULL;
  guint64 machine = (guint64)sysconf (_SC_PHYS_PAGES) * (guint64)sysconf (_SC_PAGESIZE);
  (void)g_file_get_contents (CGROUP_OF_SELF, &rows, NULL, NULL);
  return smaller_limit (machine, us_memory_of_group (CGROUP_ROOT, rows));
}
