/* listener.h - the thread that accepts connections and deals them out to the shards */
#pragma once

#include "http/shard.h"

G_BEGIN_DECLS

typedef struct UsHttpListener UsHttpListener;

/* Binds (or takes settings.inherited_fd over); nothing is accepted yet. */
UsHttpListener *us_http_listener_new (UsHttpCore *core, GError **error) G_GNUC_WARN_UNUSED_RESULT;
guint16 us_http_listener_get_port (UsHttpListener *listener);
/* @shards: (element-type UsHttpShard): must outlive the thread. */
gboolean us_http_listener_start (UsHttpListener *listener, GPtrArray *shards,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Ends the thread and closes the socket. */
void us_http_listener_free (UsHttpListener *listener);

G_END_DECLS
