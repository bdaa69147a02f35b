/* memory.h - how much memory this process may expect to have */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

guint64 us_memory_of_machine (void);
guint64 us_memory_of_cgroup (const char *text);

G_END_DECLS
