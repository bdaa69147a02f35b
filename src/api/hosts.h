/* hosts.h - names under which this desk may be read without a token */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct UsHosts UsHosts;

UsHosts *us_hosts_new (const char *machine, const char *resolver, const char *desk_url);
void us_hosts_free (UsHosts *hosts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsHosts, us_hosts_free)

gboolean us_hosts_has (const UsHosts *hosts, const char *authority);

G_END_DECLS
