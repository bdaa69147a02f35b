/* events.h - server-sent events: one hub, many readers, replay of what they missed */
#pragma once

#include "http/server.h"

G_BEGIN_DECLS

#define US_HTTP_EVENTS_RING 2048                /* events kept for those who come back */
#define US_HTTP_EVENTS_MAX_CLIENTS 1000         /* unless set otherwise */
#define US_HTTP_EVENTS_MAX_QUEUE (256 * 1024)   /* bytes that a reader may lag behind */
#define US_HTTP_EVENTS_RETRY_MS 2000            /* for browsers that lost us */
#define US_HTTP_EVENTS_HEARTBEAT_MS (15 * 1000) /* a comment, so that nobody thinks us dead */
#define US_HTTP_EVENTS_MAX_KINDS 64

/* UsHttpEventsWish: what one reader wants. */
typedef struct {
  char *stream; /* nullable: only events of this topic, and those of none */
  GStrv kinds;  /* nullable: only events of these names */
  gboolean has_last_id;
  guint64 last_id; /* the last one it has had */
} UsHttpEventsWish;

gboolean us_http_events_wish_read (UsHttpEventsWish *wish, const UsHttpRequest *request,
                                   UsHttpResponse *response) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_http_events_wish_fits (const UsHttpEventsWish *wish, const char *name,
                                   const char *topic);
void us_http_events_wish_clear (UsHttpEventsWish *wish);

/* UsHttpEvents: the hub; in the main context of its server, and outlives that. */
UsHttpEvents *us_http_events_new (guint64 last_id);
void us_http_events_set_check (UsHttpEvents *events, UsHttpHandle check, gpointer user_data);
void us_http_events_set_limits (UsHttpEvents *events, guint max_clients, guint heartbeat_ms);
void us_http_events_publish (UsHttpEvents *events, const char *name, guint64 id, const char *json,
                             const char *topic);

typedef struct {
  guint clients;
  guint64 clients_total, published_total, refused_total;
  guint64 slow_total;  /* readers dropped because they did not read */
  guint64 reset_total; /* readers told that they missed something for good */
} UsHttpEventsStats;
void us_http_events_get_stats (UsHttpEvents *events, UsHttpEventsStats *stats);
void us_http_events_free (UsHttpEvents *events);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsHttpEvents, us_http_events_free)

G_END_DECLS
