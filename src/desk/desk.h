/* desk.h - the operations desk: streams, their health, incidents and history, in one place */
#pragma once

#include "desk/demo.h"
#include "desk/strips.h"
#include "http/exposition.h"
#include "incident/cause.h"
#include "incident/incidents.h"
#include "incident/inside.h"
#include "incident/notifier.h"
#include "monitor/monitor.h"
#include "monitor/stream-config.h"
#include "store/store.h"

G_BEGIN_DECLS

/* UsDeskSettings: strings are copied. */
typedef struct {
  const char *state_dir; /* streams.json and desk.sqlite are in it */
  UsMonitorSettings monitor;
  UsStoreSettings store; /* its path is made from @state_dir */
  UsNotifierSettings notifier;
  UsInsideSettings inside;
  UsDemoSettings demo;
  const UsClock *clock; /* nullable: the system's */
} UsDeskSettings;
void us_desk_settings_default (UsDeskSettings *settings);

/* UsDeskNews: what happens, for whoever streams it on; valid during the call. Any may be NULL. */
typedef struct {
  /* Added, changed, or no longer watched. */
  void (*on_stream) (const char *stream, gboolean is_gone, gpointer user_data);
  /* After a change of the health. */
  void (*on_health) (const char *stream, const UsVerdict *verdict, gpointer user_data);
  void (*on_finding) (const char *stream, const UsFinding *finding, UsFindingChange change,
                      gpointer user_data);
  void (*on_event) (const UsEvent *event, gpointer user_data);
  void (*on_incident) (const UsIncidentRow *row, UsIncidentStep step, gpointer user_data);
} UsDeskNews;

/* UsDesk: use in one thread. Joins the monitor (what is), the incidents (what it means), the inside
 * of our chain, the store and the notifier. */
typedef struct UsDesk UsDesk;

/* Fails only on what an operator must mend first: an unreadable state folder, a bad streams file, a
 * database of a later version. */
UsDesk *us_desk_new (const UsDeskSettings *settings, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* @news: static; NULL: nobody listens any more */
void us_desk_set_news (UsDesk *desk, const UsDeskNews *news, gpointer user_data);
void us_desk_start (UsDesk *desk);
/* Writes what is pending. */
void us_desk_free (UsDesk *desk);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsDesk, us_desk_free)

/* Streams. Changes are on disk (streams.json) when these return TRUE. Errors: US_STREAM_ERROR. */
/* Returns: (transfer container) (element-type UsStreamConfig): by name */
GPtrArray *us_desk_list_streams (UsDesk *desk);
const UsStreamConfig *us_desk_get_stream (UsDesk *desk, const char *id);
/* @config: without id; gets one. @pointer: (out) (nullable): the member that is wrong */
const UsStreamConfig *us_desk_add_stream (UsDesk *desk, const UsStreamConfig *config,
                                          const char **pointer,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_desk_change_stream (UsDesk *desk, const UsStreamConfig *config, const char *who,
                                const char **pointer, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_desk_remove_stream (UsDesk *desk, const char *id, const char *who,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Rises with each change of the list; for ETag and If-Match. */
guint64 us_desk_get_revision (UsDesk *desk, const char *id);

gboolean us_desk_view (UsDesk *desk, const char *id, UsWatchView *view);
/* Returns: (transfer full) (element-type UsDiagnosis): of now, whether there is an incident or not
 */
GPtrArray *us_desk_diagnose (UsDesk *desk, const char *id);
/* Samples of up to an hour, oldest first, for charts that are finer than a minute. Returns:
 * (transfer none) (nullable) (element-type UsSample) */
const GArray *us_desk_get_samples (UsDesk *desk, const char *id);
/* How all streams were in the last minutes. */
const UsStrips *us_desk_get_strips (UsDesk *desk);
/* What our own chain says of a stream of ours. Returns: %FALSE: nothing, or it is not ours */
gboolean us_desk_view_chain (UsDesk *desk, const UsStreamConfig *config, UsInsideView *view);
/* What our ingest tells of its publishers. Returns: (transfer none) (nullable): its /healthz */
GBytes *us_desk_get_ingest (UsDesk *desk);

/* The demo: a chain with a test picture that is started when it is asked for; its stream is one as
 * any other, and ends it when it is removed. */
void us_desk_start_demo (UsDesk *desk, UsStoreDone done, gpointer user_data);
const char *us_desk_get_demo (UsDesk *desk);

/* A finding in the form in which the store keeps it; borrows every text. */
UsFindingRow us_desk_finding_row (const char *stream, const UsFinding *finding,
                                  UsSeverity severity);

/* The newest picture. Returns: (nullable) (transfer none): JPEG */
GBytes *us_desk_get_thumbnail (UsDesk *desk, const char *id, gint64 *wall_us);

UsIncidents *us_desk_get_incidents (UsDesk *desk);
UsStore *us_desk_get_store (UsDesk *desk);
UsNotifier *us_desk_get_notifier (UsDesk *desk);
UsMonitor *us_desk_get_monitor (UsDesk *desk);
gint64 us_desk_get_started_us (UsDesk *desk); /* since the epoch */
/* Where the roles of our own chain are; all NULL: there is none. */
const UsInsideSettings *us_desk_get_chain (UsDesk *desk);
/* NULL: history is being written; else why not. */
const char *us_desk_get_store_problem (UsDesk *desk);
/* What is wrong with the desk itself, now. */
const UsFindings *us_desk_get_findings (UsDesk *desk);
/* What /metrics says. Returns: (transfer full) */
GBytes *us_desk_metrics (UsDesk *desk, UsExpositionFormat format);

G_END_DECLS
