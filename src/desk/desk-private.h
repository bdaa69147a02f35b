/* desk-private.h - what the parts of the desk share: its state, and the ways that news take */
#pragma once

#include "desk/desk.h"
#include "desk/gallery.h"
#include "desk/roster.h"
#include "desk/samples.h"
#include "desk/strips.h"
#include "desk/tallies.h"

G_BEGIN_DECLS

typedef struct UsDeskDemo UsDeskDemo; /* desk-demo.c */

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
  UsTallies *tallies;
  UsStrips *strips;
  GHashTable *chain_marks; /* id of an own stream -> what was last told of it, as text */
  UsDeskDemo *demo;
  const UsDeskNews *news;
  gpointer news_data;
  GHashTable *finding_rows; /* desk-finding-rows.c: what is open, as the disk knows it */
  gint64 renewed_us;        /* monotonic: when these were looked at last */
  GHashTable *gone;         /* ids of own streams that the chain no longer has */
  GQueue tellings;          /* of incidents that are not known to be on disk */
  UsFindings *findings;     /* of the desk itself */
  GSource *housekeeping;
  gint64 streams_retry_us; /* monotonic: when the streams file may be written by itself again */
  char *store_problem;     /* nullable */
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

/* desk-finding-rows.c: findings of streams, on disk */
GHashTable *us_desk_finding_rows_new (void);
void us_desk_keep_finding (UsDesk *desk, const char *stream, const UsFinding *finding);
void us_desk_renew_findings (UsDesk *desk);
void us_desk_keep_findings (UsDesk *desk);
void us_desk_forget_findings (UsDesk *desk, const char *id);
void us_desk_close_findings (UsDesk *desk, const char *id);

/* desk-streams.c */
void us_desk_keep_house (UsDesk *desk);
void us_desk_forget_stream (UsDesk *desk, const char *id);

/* desk-chain.c */
void us_desk_follow_chain (UsDesk *desk);
void us_desk_leave_chain (UsDesk *desk);
void us_desk_drop_gone (UsDesk *desk);

/* desk-demo.c: the demo stream */
void us_desk_open_demo (UsDesk *desk, const UsDeskSettings *settings);
void us_desk_close_demo (UsDesk *desk);
void us_desk_drop_demo (UsDesk *desk);
void us_desk_end_demo_of (UsDesk *desk, const char *stream);

/* desk-findings.c: what is wrong with the desk itself */
void us_desk_judge_itself (UsDesk *desk);

/* desk-telling.c: the notifier hears of what is on disk */
void us_desk_tell_incident (UsDesk *desk, const UsIncidentRow *row, UsIncidentStep step);
void us_desk_tell_all (UsDesk *desk);
void us_desk_tell_late (UsDesk *desk);
void us_desk_forget_tellings (UsDesk *desk);

/* desk-store.c: the history when the disk or a former life fails it */
void us_desk_on_trouble (UsStore *store, const GError *error, gpointer desk);
void us_desk_tidy_store (UsDesk *desk);
void us_desk_load_strips (UsDesk *desk);

G_END_DECLS
