/* incidents-private.h - what the files of UsIncidents share */
#pragma once

#include "incident/cause.h"
#include "incident/event-ring.h"
#include "incident/incidents.h"

G_BEGIN_DECLS

/* UsIncidentStream: one watched stream. @row: of the active incident, or of the last one as long as
 * it may be reopened; its id is NULL when there is none. */
typedef struct {
  char *id;
  UsIncidentLife life;
  UsIncidentRow row;
  UsEventRing ring;
  UsHealth health; /* of the last evaluation */
  UsCause cause;   /* told first, of the active incident */
  UsConfidence confidence;
  gint64 diagnosed_us;             /* monotonic */
  guint n_good_kept, n_other_kept; /* events of this incident in the store */
} UsIncidentStream;

struct UsIncidents {
  UsStore *store;
  const UsClock *clock;
  UsIncidentsHandler handler;
  gpointer user_data;
  GHashTable *streams; /* id (owned by the value) to UsIncidentStream */
  GPtrArray *orders;   /* element-type Order: writes whose end somebody waits for */
  UsIncidentStats stats;
};

UsIncidentStream *us_incidents_find (UsIncidents *self, const char *id);
void us_incidents_save (UsIncidents *self, UsIncidentStream *stream, UsStoreDone done,
                        gpointer user_data);
void us_incidents_tell (UsIncidents *self, const UsIncidentStream *stream, UsIncidentStep step);
void us_incidents_log (UsIncidents *self, UsIncidentStream *stream, UsEventKind kind,
                       const char *source, const char *data, const char *format, ...)
    G_GNUC_PRINTF (6, 7);
/* Of a stream that may be gone: then it is only kept and told. @event: its id is ignored */
void us_incidents_add_late_event (UsIncidents *self, const UsEvent *event);

/* incidents-orders.c */
void us_incidents_end_orders (UsIncidents *self);
/* What was ordered of the incident of @stream and is not known to be on disk yet is told now: more
 * is about to happen to it. */
void us_incidents_hurry_orders (UsIncidents *self, UsIncidentStream *stream);

/* incident-text.c */
char *us_incident_new_id (guint64 number);
char *us_incident_time (gint64 wall_us);
char *us_incident_span (gint64 us);
char *us_incident_reason (const char *const reasons[2]);
char *us_incident_fingerprint (const char *stream, UsCheck leading);
UsCheck us_incident_leading (const char *fingerprint);
char *us_incident_snapshot (UsHealth health, const char *reason, const UsSymptoms *symptoms,
                            gint64 wall_us);
char *us_incident_cause_text (const GPtrArray *diagnoses);
void us_incident_read_cause (const char *json, UsCause *cause, UsConfidence *confidence);

G_END_DECLS
