/* incidents.h - all incidents: opened and closed by themselves, kept on disk, told to people */
#pragma once

#include "base/clock.h"
#include "finding/event.h"
#include "finding/symptom.h"
#include "incident/incident.h"
#include "store/store.h"

G_BEGIN_DECLS

#define US_INCIDENT_ERROR us_incident_error_quark ()
typedef enum {
  US_INCIDENT_ERROR_UNKNOWN, /* no such incident */
  US_INCIDENT_ERROR_STATE,   /* resolved, or acknowledged already: says by whom and when */
  US_INCIDENT_ERROR_VALUE,
  US_INCIDENT_ERROR_STORE, /* could not be written: nothing is confirmed */
} UsIncidentError;
GQuark us_incident_error_quark (void);

/* UsIncidents: one active incident per stream at most. Owns the always-on ring of events of every
 * stream (five minutes; what belongs to an incident, and all events but segment_ok, go to the store
 * as well) and writes the pre-roll when an incident opens. Use in one thread. */
typedef struct UsIncidents UsIncidents;

typedef struct {
  /* A new or changed incident, already queued for the disk. @step: what happened to it */
  void (*on_incident) (const UsIncidentRow *row, UsIncidentStep step, gpointer user_data);
  /* Each event, with its id. */
  void (*on_event) (const UsEvent *event, gpointer user_data);
} UsIncidentsHandler;

#define US_INCIDENTS_MAX_WHO 200   /* bytes */
#define US_INCIDENTS_MAX_NOTE 4000 /* bytes */

/* Active incidents are taken up again from @store: none is lost or doubled by a crash. */
UsIncidents *us_incidents_new (UsStore *store, const UsClock *clock,
                               const UsIncidentsHandler *handler, gpointer user_data,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_incidents_free (UsIncidents *incidents);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsIncidents, us_incidents_free)

/* Hands every active one to on_incident, with US_INCIDENT_KEEP: once after a restart, so that
 * whoever must go on telling of them can. */
void us_incidents_tell_active (UsIncidents *incidents);

/* UsIncidentInput: what one evaluation of one stream says. */
typedef struct {
  const char *stream, *stream_name;
  UsHealth health;
  const char *reasons[2]; /* nullable */
  UsCheck leading;
  gboolean is_flapping, is_in_maintenance;
  const UsSymptoms *symptoms; /* asked for the cause while an incident is active */
  const char *snapshot; /* nullable: JSON object, kept when one opens; else made of @symptoms */
} UsIncidentInput;
void us_incidents_judge (UsIncidents *incidents, const UsIncidentInput *input);

void us_incidents_add_event (UsIncidents *incidents, const UsEvent *event);
void us_incidents_remove_stream (UsIncidents *incidents, const char *stream);
/* Returns: (transfer none) (nullable): as it is now; valid until the next call */
const UsIncidentRow *us_incidents_get_active (UsIncidents *incidents, const char *stream);
guint us_incidents_n_active (UsIncidents *incidents);
/* Confirmed (on disk) when @done is called without an error, and told to nobody before. A refusal
 * is told before these return. @done is always called, at the latest by us_incidents_free(). */
void us_incidents_acknowledge (UsIncidents *incidents, const char *id, const char *who,
                               const char *note, UsStoreDone done, gpointer user_data);
void us_incidents_add_note (UsIncidents *incidents, const char *id, const char *who,
                            const char *text, UsStoreDone done, gpointer user_data);
/* By hand: the stream may still be ill; it is reopened when it falls ill anew. */
void us_incidents_resolve (UsIncidents *incidents, const char *id, const char *who,
                           const char *note, UsStoreDone done, gpointer user_data);

/* The ring, oldest first. Returns: (transfer container) (element-type UsEvent) */
GPtrArray *us_incidents_recent (UsIncidents *incidents, const char *stream, gint64 since_us,
                                guint limit);

typedef struct {
  guint64 n_opened, n_reopened, n_resolved;
  guint n_active, n_acknowledged;
} UsIncidentStats;
void us_incidents_get_stats (UsIncidents *incidents, UsIncidentStats *stats);

G_END_DECLS
