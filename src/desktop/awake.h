/* awake.h - keeps the machine from going to sleep by itself */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

guint us_awake_begin (GDBusConnection *bus);

G_END_DECLS
