/* network.h - which addresses count as one peer, where something is counted by peer */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *us_network_of (const char *host);

G_END_DECLS
