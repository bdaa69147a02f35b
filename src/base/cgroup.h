/* cgroup.h - what the kernel's control groups (v2) allow this process */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Returns: the limit that the content of a file means; 0: none */
typedef guint64 (*UsCgroupParse) (const char *text);

guint64 us_cgroup_least (const char *root, const char *rows, const char *file, UsCgroupParse parse);
guint64 us_cgroup_least_of_self (const char *file, UsCgroupParse parse);

G_END_DECLS
