/* desk-private.h - what the parts of the desk share: its state, and the ways that news take */
#pragma once

#include "desk/desk.h"
#include "desk/gallery.h"
#include "desk/roster.h"
#include "desk/samples.h"

G_BEGIN_DECLS

struct UsDesk {
  const UsClock *clock;
  UsRoster *roster;
  UsStore *store;
  UsIncidents *incidents;
  UsNotifier *notifier;
  UsMonitor *monitor;
  UsInsideSettings inside_settings; /* strings owned */
  UsInside *inside;                 /* nullable: not started, or no chain of ours */
  UsGallery *gallery;
  GHashTable *samples; /* stream id -> UsSamples */
  const UsDeskNews *news;
  gpointer news_data;
  GSource *maintenance;
  char *store_problem; /* nullable */
  gint64 started_us;
};

/* desk.c */
gint64 us_desk_now (const UsDesk *desk); /* since the epoch */
void us_desk_add_event (UsDesk *desk, const char *stream, UsEventKind kind, UsSeverity severity,
                        const char *source, const char *text);
void us_desk_tell_stream (UsDesk *desk, const char *stream, gboolean is_gone);
gboolean us_desk_is_in_maintenance (const UsDesk *desk, const UsStreamConfig *config);

/* desk-watch.c: what the monitor and the incidents say */
extern const UsMonitorHandler us_desk_monitor_handler;
extern const UsIncidentsHandler us_desk_incidents_handler;

/* desk-streams.c */
void us_desk_watch_maintenance (UsDesk *desk);

/* desk-chain.c */
void us_desk_follow_chain (UsDesk *desk);
void us_desk_leave_chain (UsDesk *desk);

G_END_DECLS
