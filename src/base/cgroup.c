/* cgroup.c - what the kernel's control groups (v2) allow this process
 *
 * A limit may stand at any group on the way from the process to the root: at the service's own, for
 * MemoryMax= and CPUQuota=, at a slice above it, or at the root that a container sees. The smallest
 * is the one that is kept.
 */
#include "base/cgroup.h"

#include <gio/gio.h>
#include <string.h>

#define CGROUP_ROOT "/sys/fs/cgroup"
#define CGROUP_OF_SELF "/proc/self/cgroup"
#define V2_PREFIX "0::/"

/* The row "0::/system.slice/understudy.service" of /proc/self/cgroup, without "0::/"; others are of
 * cgroup v1. "/../..." is a group outside of what this process can see. */
static char *
find_group (const char *rows) {
  g_auto (GStrv) lines = g_strsplit (rows != NULL ? rows : "", "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    if (g_str_has_prefix (lines[i], V2_PREFIX) && strstr (lines[i], "/..") == NULL)
      return g_strdup (lines[i] + strlen (V2_PREFIX));
  }
  return g_strdup ("");
}

/**
 * us_cgroup_least:
 * @root: folder in which the groups are
 * @rows: (nullable): content of /proc/self/cgroup
 * @file: of a group: "memory.max"
 * @parse: reads it
 *
 * A group that is not there is passed over: a container may know its group by the host's name.
 *
 * Returns: the smallest limit from the process's group up to the root, 0: there is none
 */
guint64
us_cgroup_least (const char *root, const char *rows, const char *file, UsCgroupParse parse) {
  guint64 least = 0;
  g_autofree char *group = find_group (rows);
  while (TRUE) {
    g_autofree char *path = g_build_filename (root, group, file, NULL);
    g_autofree char *text = NULL;
    guint64 limit = g_file_get_contents (path, &text, NULL, NULL) ? parse (text) : 0;
    if (limit != 0 && (least == 0 || limit < least))
      least = limit;
    if (group[0] == '\0')
      return least;
    char *slash = strrchr (group, '/');
    *(slash != NULL ? slash : group) = '\0';
  }
}

/* The same for this process, on this machine. */
guint64
us_cgroup_least_of_self (const char *file, UsCgroupParse parse) {
  g_autofree char *rows = NULL;
  (void)g_file_get_contents (CGROUP_OF_SELF, &rows, NULL, NULL);
  return us_cgroup_least (CGROUP_ROOT, rows, file, parse);
}
