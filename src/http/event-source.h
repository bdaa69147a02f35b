/* event-source.h - follows a stream of server-sent events, and comes back when it breaks */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* UsHttpEventSource: in the main context of who made it; no callback after it is freed. */
typedef struct UsHttpEventSource UsHttpEventSource;

/* @opened: a connection stands; what happened since the last one follows
 * @event: @data is what is in it, valid UTF-8. "reset" when events are missing for good
 * @lost: (nullable): the connection broke, or none came about; once until the next one stands */
typedef struct {
  void (*opened) (gpointer user_data);
  void (*event) (const char *kind, const char *data, gpointer user_data);
  void (*lost) (const char *why, gpointer user_data);
} UsHttpEventSourceHandler;

/* @silence_ms: a connection on which nothing comes for so long is dead; 0: 45 s, which is three of
 * our own server's heartbeats */
typedef struct {
  const char *url;
  const char *authorization; /* nullable */
  guint silence_ms;
} UsHttpEventSourceSettings;

UsHttpEventSource *us_http_event_source_new (const UsHttpEventSourceSettings *settings,
                                             const UsHttpEventSourceHandler *handler,
                                             gpointer user_data);
void us_http_event_source_free (UsHttpEventSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsHttpEventSource, us_http_event_source_free)

G_END_DECLS
