/* watch.h - one GSource for a socket and its deadline */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A condition: the peer sends no more, though what it has sent may not be read yet. */
#define US_RTMP_WATCH_PEER_SHUT ((GIOCondition)0x2000)

/* UsRtmpWatchFunc:
 * @ready: what the socket is ready for; 0 when only the deadline passed
 *
 * Returns: %G_SOURCE_CONTINUE, or %G_SOURCE_REMOVE
 */
typedef gboolean (*UsRtmpWatchFunc) (GIOCondition ready, gpointer user_data);

GSource *us_rtmp_watch_new (int fd, GIOCondition conditions, const char *name, UsRtmpWatchFunc func,
                            gpointer user_data);
void us_rtmp_watch_free (GSource *watch);
void us_rtmp_watch_set_conditions (GSource *source, GIOCondition conditions);
void us_rtmp_watch_set_deadline (GSource *watch, gint64 monotonic_us);

G_END_DECLS
