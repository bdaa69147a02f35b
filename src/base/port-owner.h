/* port-owner.h - which program holds a TCP port, for the message "address already in use" */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *us_port_owner (guint16 port);
guint64 us_port_owner_parse (const char *table, guint16 port);

G_END_DECLS
