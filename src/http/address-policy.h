/* address-policy.h - which addresses may be asked on behalf of somebody who only names a URL */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define US_HTTP_REACH_MAX_PORTS 8

/* UsHttpReach: what a fetch may reach beyond the public internet. A plain value, copied. */
typedef struct {
  gboolean allow_private;                     /* 10/8, 172.16/12, 192.168/16, 100.64/10, fc00::/7 */
  gboolean allow_loopback;                    /* 127/8, ::1 */
  guint16 own_ports[US_HTTP_REACH_MAX_PORTS]; /* of this machine, never asked; ended by 0 */
} UsHttpReach;

const char *us_address_policy_judge (const UsHttpReach *reach, GInetAddress *address);
gboolean us_address_policy_is_own_port (const UsHttpReach *reach, guint16 port);
gboolean us_address_policy_is_this_machine (GInetAddress *address);
char *us_address_policy_check (const UsHttpReach *reach, GSocketAddress *address);

G_END_DECLS
