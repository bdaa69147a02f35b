/* cores.c - the machine's processors, or what a container or a service is allowed of them
 *
 * `cpus:` of a container and CPUQuota= of a service leave all processors in sight and limit the
 * time on them: as many threads as there are processors would take turns within that.
 */
#include "base/cores.h"

#include "base/cgroup.h"

/**
 * us_cores_of_cgroup:
 * @text: content of cpu.max (cgroup v2): "200000 100000", of how many microseconds in how many
 *
 * Returns: processors, a part of one counts as one; 0: no limit
 */
guint64
us_cores_of_cgroup (const char *text) {
  g_autofree char *line = g_strchomp (g_strdup (text));
  g_auto (GStrv) words = g_strsplit (line, " ", 2);
  guint64 quota = 0, period = 0;
  if (g_strv_length (words) != 2
      || !g_ascii_string_to_unsigned (words[0], 10, 1, G_MAXUINT32, &quota, NULL)
      || !g_ascii_string_to_unsigned (words[1], 10, 1, G_MAXUINT32, &period, NULL))
    return 0;
  return (quota + period - 1) / period;
}

/**
 * us_cores_of_machine:
 *
 * Returns: processors that this process may run on, the quota of the container or the service if
 * that is less; at least 1
 */
guint
us_cores_of_machine (void) {
  guint64 limit = us_cgroup_least_of_self ("cpu.max", us_cores_of_cgroup);
  return limit != 0 ? (guint)MIN (limit, g_get_num_processors ()) : g_get_num_processors ();
}
