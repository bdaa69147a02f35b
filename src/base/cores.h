/* cores.h - how many processors this process may keep busy */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

guint us_cores_of_machine (void);
guint64 us_cores_of_cgroup (const char *text);

G_END_DECLS
