/* reach.h - whether a URL that a peer has named may be asked by us */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

gboolean us_http_is_local_host (const char *host);
gboolean us_http_may_lead (const char *peer_url, const char *host);

G_END_DECLS
