/* shard.h - one thread that serves a share of the viewers */
#pragma once

#include "http/connection.h"

G_BEGIN_DECLS

UsHttpShard *us_http_shard_new (UsHttpCore *core, guint index, GError **error);
/* Any thread. */
void us_http_shard_add (UsHttpShard *shard, int fd, const char *peer, GSocketAddress *local,
                        GSocketAddress *remote);
void us_http_shard_publish (UsHttpShard *shard, UsHttpSnapshot *snapshot);
guint us_http_shard_load (UsHttpShard *shard);
/* Lets go of idle connections and turns held requests away; answers under way go on. */
void us_http_shard_drain (UsHttpShard *shard);
gboolean us_http_shard_wait_drained (UsHttpShard *shard, gint64 until_us);
/* Ends the thread, whatever is under way, and frees. */
void us_http_shard_free (UsHttpShard *shard);

/* The shard's own thread, for connection.c and exchange.c. */
UsHttpCore *us_http_shard_core (UsHttpShard *shard);
GMainContext *us_http_shard_context (UsHttpShard *shard);
int us_http_shard_epoll (UsHttpShard *shard);
gboolean us_http_shard_is_draining (UsHttpShard *shard);
gconstpointer us_http_shard_snapshot (UsHttpShard *shard, gboolean *has_snapshot);
gboolean us_http_shard_has_news (UsHttpShard *shard);
void us_http_shard_link (UsHttpShard *shard, UsHttpConnection *connection);
void us_http_shard_unlink (UsHttpShard *shard, UsHttpConnection *connection);
void us_http_shard_queue (UsHttpShard *shard, UsHttpConnection *connection);
void us_http_shard_soup_released (UsHttpShard *shard, UsHttpSoup *soup);
/* FALSE when too many wait already. */
gboolean us_http_shard_wait (UsHttpShard *shard, UsHttpConnection *connection);
void us_http_shard_unwait (UsHttpShard *shard, UsHttpConnection *connection);

G_END_DECLS
