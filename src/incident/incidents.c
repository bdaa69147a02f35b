/* incidents.c - all incidents: opened and closed by themselves, kept on disk, told to people
 *
 * Owned by the desk, in its main loop. Everything that happens comes in through two doors: an
 * evaluation (us_incidents_judge()) and an event (us_incidents_add_event()); nothing here has a
 * timer of its own. The state machine is incident.c, the cause is cause.c; this file applies their
 * answers to the row, the store and the timeline, in this order: first the row, then what belongs
 * to it, so that a crash in between leaves an incident with less of a timeline, never a timeline of
 * nothing. What people order is in incidents-orders.c. Ends with us_incidents_free(), before its
 * store does; who still waits for a confirmation is told then that there is none.
 */
#include "incident/incidents-private.h"

#include "base/names.h"

#include <string.h>

#define US_LOG_TOPIC "incidents"
#include "base/log.h"

#define MAX_KEPT_GOOD 1000 /* events of one incident */
#define MAX_KEPT_OTHER 5000
#define DIAGNOSE_US (5 * G_USEC_PER_SEC)
#define CLEARER 0.1 /* by how much another cause must be better to be told instead */
#define DESK "desk"

G_DEFINE_QUARK (us_incident_error, us_incident_error)

/* ---- streams ---- */

static void
stream_free (gpointer data) {
  UsIncidentStream *stream = data;
  us_incident_row_clear (&stream->row);
  us_event_ring_clear (&stream->ring);
  g_free (stream->id);
  g_free (stream);
}

static UsIncidentStream *
ensure (UsIncidents *self, const char *id) {
  UsIncidentStream *stream = g_hash_table_lookup (self->streams, id);
  if (stream != NULL)
    return stream;
  stream = g_new0 (UsIncidentStream, 1);
  stream->id = g_strdup (id);
  stream->life.leading = US_N_CHECKS;
  us_event_ring_init (&stream->ring);
  g_hash_table_insert (self->streams, stream->id, stream);
  return stream;
}

static gint64
wall_us (UsIncidents *self) {
  return us_clock_wall_us (self->clock);
}

/* Returns: (nullable): the stream whose active incident is @id */
UsIncidentStream *
us_incidents_find (UsIncidents *self, const char *id) {
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    UsIncidentStream *stream = value;
    if (us_incident_is_active (&stream->life) && g_strcmp0 (stream->row.id, id) == 0)
      return stream;
  }
  return NULL;
}

/* ---- events ---- */

static gint64
keep_event (UsIncidents *self, const UsEvent *event) {
  const UsEventRow row = {
    .id = (gint64)event->id,
    .stream = event->stream,
    .kind = (char *)us_event_word (event->kind),
    .severity = (char *)us_severity_word (event->severity),
    .source = event->source,
    .text = event->text,
    .data = event->data,
    .incident = event->incident,
    .thumbnail = event->thumbnail,
    .rendition = event->rendition,
    .wall_us = event->wall_us,
  };
  return us_store_add_event (self->store, &row);
}

/* Whether @event is worth the disk; counts it when an incident has it. */
static gboolean
is_kept (UsIncidentStream *stream, const UsEvent *event) {
  gboolean is_good = event->kind == US_EVENT_SEGMENT_OK;
  if (event->incident == NULL)
    return !is_good;
  if (is_good)
    return stream->n_good_kept++ < MAX_KEPT_GOOD;
  return stream->n_other_kept++ < MAX_KEPT_OTHER || g_strcmp0 (event->source, DESK) == 0;
}

static void
take_event (UsIncidents *self, UsIncidentStream *stream, UsEvent *event) {
  if (us_incident_is_active (&stream->life) && event->incident == NULL)
    event->incident = g_strdup (stream->row.id);
  gboolean is_for_disk = is_kept (stream, event);
  event->id = (guint64)(is_for_disk ? keep_event (self, event) : us_store_next_id (self->store));
  us_event_ring_add (&stream->ring, event, is_for_disk, us_clock_monotonic_us (self->clock),
                     US_INCIDENT_PREROLL_US);
  if (self->handler.on_event != NULL)
    self->handler.on_event (event, self->user_data);
}

/**
 * us_incidents_add_event:
 * @event: copied; its id is ignored
 *
 * Of any stream, whether it has an incident or not.
 */
void
us_incidents_add_event (UsIncidents *self, const UsEvent *event) {
  UsEvent *copy = us_event_copy (event);
  copy->id = 0;
  take_event (self, ensure (self, event->stream), copy);
}

void
us_incidents_add_late_event (UsIncidents *self, const UsEvent *event) {
  if (g_hash_table_contains (self->streams, event->stream)) {
    us_incidents_add_event (self, event);
    return;
  }
  g_autoptr (UsEvent) copy = us_event_copy (event);
  copy->id = 0;
  copy->id = (guint64)keep_event (self, copy);
  if (self->handler.on_event != NULL)
    self->handler.on_event (copy, self->user_data);
}

static UsSeverity
severity_of (UsHealth health) {
  return health == US_HEALTH_UNHEALTHY  ? US_SEVERITY_UNHEALTHY
         : health == US_HEALTH_DEGRADED ? US_SEVERITY_DEGRADED
                                        : US_SEVERITY_INFO;
}

/* Adds a line of the incident's own life to the timeline. @data: (nullable) */
void
us_incidents_log (UsIncidents *self, UsIncidentStream *stream, UsEventKind kind, const char *source,
                  const char *data, const char *format, ...) {
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  us_event (US_LOG_NOTICE, US_EVENT_INCIDENT, "%s: %s", stream->id, text);
  UsEvent *event = us_event_new (stream->id, wall_us (self), kind, severity_of (stream->health),
                                 source, "%s", text);
  event->data = g_strdup (data);
  event->incident = g_strdup (stream->row.id);
  take_event (self, stream, event);
}

/* ---- rows ---- */

static void
set_text (char **text, const char *value) {
  char *copy = g_strdup (value);
  g_free (*text);
  *text = copy;
}

void
us_incidents_save (UsIncidents *self, UsIncidentStream *stream, UsStoreDone done,
                   gpointer user_data) {
  UsIncidentRow *row = &stream->row;
  set_text (&row->state, us_incident_state_word (stream->life.state));
  set_text (&row->health, us_health_word (stream->life.worst));
  row->is_flapping = stream->life.is_flapping;
  row->n_reopened = stream->life.n_reopened;
  row->updated_us = wall_us (self);
  us_store_put_incident (self->store, row, done, user_data);
}

void
us_incidents_tell (UsIncidents *self, const UsIncidentStream *stream, UsIncidentStep step) {
  if (self->handler.on_incident != NULL)
    self->handler.on_incident (&stream->row, step, self->user_data);
}

/* What happened before an incident belongs to it, good segments included, unless another has it. */
static void
adopt_before (UsIncidents *self, UsIncidentStream *stream) {
  us_event_ring_trim (&stream->ring, us_clock_monotonic_us (self->clock), US_INCIDENT_PREROLL_US);
  g_autoptr (GPtrArray) entries = us_event_ring_list (&stream->ring);
  for (guint i = 0; i < entries->len; i++) {
    UsRingEntry *entry = entries->pdata[i];
    if (entry->event->incident != NULL)
      continue;
    entry->event->incident = g_strdup (stream->row.id);
    keep_event (self, entry->event);
    entry->is_kept = TRUE;
  }
}

/* ---- the cause ---- */

static void
set_cause (UsIncidentStream *stream, const GPtrArray *diagnoses, gint64 now_us) {
  const UsDiagnosis *best = diagnoses->pdata[0];
  g_free (stream->row.cause);
  stream->row.cause = us_incident_cause_text (diagnoses);
  stream->cause = best->cause;
  stream->confidence = best->confidence;
  stream->diagnosed_us = now_us;
}

static gboolean
is_vague (UsCause cause) {
  return cause == US_CAUSE_UNKNOWN || cause == US_CAUSE_INTERMITTENT;
}

/* Whether @diagnoses are to be told instead of what is known. What was sure once stays so when its
 * symptoms fade; of two that are equally sure, the one that is told stays unless the other is
 * clearly better, so that they do not take turns. */
static gboolean
is_news (const UsIncidentStream *stream, const GPtrArray *diagnoses) {
  const UsDiagnosis *best = diagnoses->pdata[0], *old = NULL;
  if (is_vague (best->cause))
    return FALSE;
  /* What is left when the fault has gone, and was there before it. */
  if (best->cause == US_CAUSE_CONFIGURATION && !is_vague (stream->cause))
    return FALSE;
  for (guint i = 0; i < diagnoses->len && old == NULL; i++)
    if (((const UsDiagnosis *)diagnoses->pdata[i])->cause == stream->cause)
      old = diagnoses->pdata[i];
  if (is_vague (stream->cause) || best->confidence > stream->confidence)
    return TRUE;
  if (best->cause == stream->cause)
    return FALSE;
  if (old == NULL)
    return stream->confidence < US_CONFIDENCE_HIGH || best->confidence == US_CONFIDENCE_HIGH;
  return best->confidence == stream->confidence
         && (old->confidence < best->confidence || best->score >= old->score + CLEARER);
}

static void
rediagnose (UsIncidents *self, UsIncidentStream *stream, const UsSymptoms *symptoms) {
  gint64 now_us = us_clock_monotonic_us (self->clock);
  if (now_us - stream->diagnosed_us < DIAGNOSE_US)
    return;
  g_autoptr (GPtrArray) diagnoses = us_cause_diagnose (symptoms);
  stream->diagnosed_us = now_us;
  if (!is_news (stream, diagnoses))
    return;
  UsCause before = stream->cause;
  set_cause (stream, diagnoses, now_us);
  us_incidents_save (self, stream, NULL, NULL);
  us_incidents_log (self, stream, US_EVENT_CAUSE_CHANGED, DESK, stream->row.cause,
                    "Cause: %s (confidence %s)%s%s", us_cause_info (stream->cause)->title,
                    us_confidence_word (stream->confidence),
                    before != stream->cause && !is_vague (before) ? ", thought before: " : "",
                    before != stream->cause && !is_vague (before) ? us_cause_info (before)->title
                                                                  : "");
  us_incidents_tell (self, stream, US_INCIDENT_KEEP);
}

/* ---- what a step does ---- */

static void
diagnose_first (UsIncidents *self, UsIncidentStream *stream, const UsSymptoms *symptoms) {
  stream->cause = US_CAUSE_UNKNOWN;
  stream->confidence = US_CONFIDENCE_NONE;
  g_clear_pointer (&stream->row.cause, g_free);
  if (symptoms == NULL)
    return;
  g_autoptr (GPtrArray) diagnoses = us_cause_diagnose (symptoms);
  set_cause (stream, diagnoses, us_clock_monotonic_us (self->clock));
}

static void
open_one (UsIncidents *self, UsIncidentStream *stream, const UsIncidentInput *input) {
  UsIncidentRow *row = &stream->row;
  gint64 now_us = wall_us (self);
  us_incident_row_clear (row);
  row->id = us_incident_new_id ((guint64)us_store_next_id (self->store));
  row->stream = g_strdup (stream->id);
  row->stream_name = g_strdup (input->stream_name);
  row->fingerprint = us_incident_fingerprint (stream->id, input->leading);
  row->reason = us_incident_reason (input->reasons);
  row->snapshot = input->snapshot != NULL
                      ? g_strdup (input->snapshot)
                      : us_incident_snapshot (input->health, row->reason, input->symptoms, now_us);
  row->opened_us = now_us;
  stream->n_good_kept = stream->n_other_kept = 0;
  diagnose_first (self, stream, input->symptoms);
  self->stats.n_opened++;
  us_incidents_save (self, stream, NULL, NULL);
  adopt_before (self, stream);
  us_incidents_log (self, stream, US_EVENT_INCIDENT_OPENED, DESK, row->cause,
                    "Incident %s opened: %s", row->id, row->reason);
}

static void
reopen (UsIncidents *self, UsIncidentStream *stream, const UsIncidentInput *input) {
  UsIncidentRow *row = &stream->row;
  g_autofree char *reason = us_incident_reason (input->reasons);
  g_autofree char *span = us_incident_span (wall_us (self) - row->resolved_us);
  g_clear_pointer (&row->acknowledged_by, g_free);
  row->acknowledged_us = row->recovering_us = row->resolved_us = 0;
  diagnose_first (self, stream, input->symptoms);
  self->stats.n_reopened++;
  us_incidents_save (self, stream, NULL, NULL);
  adopt_before (self, stream);
  us_incidents_log (self, stream, US_EVENT_INCIDENT_REOPENED, DESK, row->cause,
                    "Incident %s reopened, %s after it was resolved: %s", row->id, span, reason);
}

static void
relapse (UsIncidents *self, UsIncidentStream *stream, const UsIncidentInput *input) {
  g_autofree char *reason = us_incident_reason (input->reasons);
  stream->row.recovering_us = 0;
  us_incidents_save (self, stream, NULL, NULL);
  us_incidents_log (self, stream, US_EVENT_INCIDENT_REOPENED, DESK, NULL,
                    "Incident %s is not over%s: %s", stream->row.id,
                    stream->life.is_flapping ? ", the stream is flapping" : "", reason);
}

static void
recover (UsIncidents *self, UsIncidentStream *stream) {
  g_autofree char *hold = us_incident_span (stream->life.hold_us);
  stream->row.recovering_us = wall_us (self);
  us_incidents_save (self, stream, NULL, NULL);
  us_incidents_log (self, stream, US_EVENT_INCIDENT_RECOVERING, DESK, NULL,
                    "Incident %s: the stream is well again; resolved when it stays so for %s",
                    stream->row.id, hold);
}

static void
resolve (UsIncidents *self, UsIncidentStream *stream) {
  stream->row.resolved_us = wall_us (self);
  g_autofree char *span = us_incident_span (stream->row.resolved_us - stream->row.opened_us);
  self->stats.n_resolved++;
  us_incidents_save (self, stream, NULL, NULL);
  us_incidents_log (self, stream, US_EVENT_INCIDENT_RESOLVED, DESK, NULL,
                    "Incident %s resolved after %s", stream->row.id, span);
}

static void
carry_out (UsIncidents *self, UsIncidentStream *stream, UsIncidentStep step,
           const UsIncidentInput *input) {
  switch (step) {
  case US_INCIDENT_OPENS:
    open_one (self, stream, input);
    break;
  case US_INCIDENT_REOPENS:
    reopen (self, stream, input);
    break;
  case US_INCIDENT_RELAPSES:
    relapse (self, stream, input);
    break;
  case US_INCIDENT_RECOVERS:
    recover (self, stream);
    break;
  case US_INCIDENT_RESOLVES:
    resolve (self, stream);
    break;
  case US_INCIDENT_KEEP:
  case US_INCIDENT_ACKNOWLEDGES:
  default:
    return;
  }
  us_incidents_tell (self, stream, step);
}

/**
 * us_incidents_judge:
 * @input: of one evaluation; copied where it is kept
 */
void
us_incidents_judge (UsIncidents *self, const UsIncidentInput *input) {
  UsIncidentStream *stream = ensure (self, input->stream);
  UsIncidentLife before = stream->life;
  const UsIncidentFacts facts = { .now_us = us_clock_monotonic_us (self->clock),
                                  .health = input->health,
                                  .leading = input->leading,
                                  .is_flapping = input->is_flapping,
                                  .is_in_maintenance = input->is_in_maintenance };
  UsIncidentStep step = us_incident_step (&stream->life, &facts);
  gboolean is_ill = input->health == US_HEALTH_DEGRADED || input->health == US_HEALTH_UNHEALTHY;

  stream->health = input->health;
  if (step != US_INCIDENT_KEEP) {
    us_incidents_hurry_orders (self, stream);
    carry_out (self, stream, step, input);
  } else if (us_incident_is_active (&stream->life)) {
    if (before.worst != stream->life.worst || before.is_flapping != stream->life.is_flapping) {
      us_incidents_save (self, stream, NULL, NULL);
      us_incidents_tell (self, stream, US_INCIDENT_KEEP);
    }
    if (is_ill && input->symptoms != NULL)
      rediagnose (self, stream, input->symptoms);
  }
}

/**
 * us_incidents_remove_stream:
 *
 * Its active incident is resolved, with a note that says why; its events in memory go.
 */
void
us_incidents_remove_stream (UsIncidents *self, const char *id) {
  UsIncidentStream *stream = g_hash_table_lookup (self->streams, id);
  if (stream == NULL)
    return;
  us_incidents_hurry_orders (self, stream);
  if (us_incident_resolve (&stream->life, stream->health, us_clock_monotonic_us (self->clock))) {
    UsNoteRow note = { .incident = stream->row.id,
                       .author = (char *)DESK,
                       .text = (char *)"Resolved because the stream was removed",
                       .wall_us = wall_us (self) };
    resolve (self, stream);
    us_store_add_note (self->store, &note, NULL, NULL);
    us_incidents_tell (self, stream, US_INCIDENT_RESOLVES);
  }
  g_hash_table_remove (self->streams, id);
}

/* ---- after a restart ---- */

/* One stream has one active incident. A second, which only a fault of ours can have left, is older
 * news: it is resolved. */
static void
resolve_doubled (UsIncidents *self, UsIncidentRow *row) {
  UsNoteRow note = { .incident = row->id,
                     .author = (char *)DESK,
                     .text = (char *)"Resolved because its stream has a newer incident",
                     .wall_us = wall_us (self) };
  set_text (&row->state, us_incident_state_word (US_INCIDENT_RESOLVED));
  row->resolved_us = row->updated_us = wall_us (self);
  us_store_put_incident (self->store, row, NULL, NULL);
  us_store_add_note (self->store, &note, NULL, NULL);
}

static void
take_up (UsIncidents *self, UsIncidentRow *row) {
  UsIncidentState state;
  UsHealth worst;
  gint64 now_us = us_clock_monotonic_us (self->clock);
  if (!us_incident_state_from_word (row->state, &state))
    return;
  UsIncidentStream *stream = ensure (self, row->stream);
  if (stream->row.id != NULL) { /* the newest came first */
    if (state != US_INCIDENT_RESOLVED)
      resolve_doubled (self, row);
    return;
  }
  gint64 since_us = state == US_INCIDENT_RESOLVED ? row->resolved_us : row->opened_us;
  us_incident_life_restore (&stream->life, state, wall_us (self) - since_us, now_us);
  stream->life.is_acknowledged = row->acknowledged_us != 0;
  stream->life.leading = us_incident_leading (row->fingerprint);
  stream->life.worst = us_health_from_word (row->health, &worst) ? worst : US_HEALTH_DEGRADED;
  stream->life.n_reopened = row->n_reopened;
  stream->life.is_flapping = row->is_flapping;
  us_incident_read_cause (row->cause, &stream->cause, &stream->confidence);
  stream->diagnosed_us = now_us;
  stream->row = *row;
  *row = (UsIncidentRow){ 0 };
}

static gboolean
take_up_active (UsIncidents *self, GError **error) {
  UsIncidentQuery query = { .state = "active", .limit = US_STORE_MAX_ROWS };
  g_autofree char *last_id = NULL;
  for (;;) {
    g_autoptr (GArray) rows = us_store_list_incidents (self->store, &query, error);
    if (rows == NULL)
      return FALSE;
    guint n = rows->len;
    if (n > 0) {
      const UsIncidentRow *last = &g_array_index (rows, UsIncidentRow, n - 1);
      query.before_us = last->opened_us;
      g_free (last_id);
      query.before_id = last_id = g_strdup (last->id);
    }
    for (guint i = 0; i < n; i++)
      take_up (self, &g_array_index (rows, UsIncidentRow, i));
    if (n < US_STORE_MAX_ROWS)
      return TRUE;
  }
}

/* Those that may still be reopened. Only the newest are looked through: one that was open for very
 * long is opened anew instead, which nobody will mind. */
static gboolean
take_up_recent (UsIncidents *self, GError **error) {
  const UsIncidentQuery query = { .state = "resolved", .limit = US_STORE_MAX_ROWS };
  g_autoptr (GArray) rows = us_store_list_incidents (self->store, &query, error);
  if (rows == NULL)
    return FALSE;
  for (guint i = 0; i < rows->len; i++) {
    UsIncidentRow *row = &g_array_index (rows, UsIncidentRow, i);
    const UsIncidentStream *stream = g_hash_table_lookup (self->streams, row->stream);
    if ((stream == NULL || stream->row.id == NULL)
        && wall_us (self) - row->resolved_us <= US_INCIDENT_REOPEN_US)
      take_up (self, row);
  }
  return TRUE;
}

/**
 * us_incidents_new:
 * @store: outlives it
 * @clock: (nullable): the system's
 * @handler: copied
 * @error: set when the store cannot be read
 *
 * Returns: (transfer full): with the incidents that were active
 */
UsIncidents *
us_incidents_new (UsStore *store, const UsClock *clock, const UsIncidentsHandler *handler,
                  gpointer user_data, GError **error) {
  g_autoptr (UsIncidents) self = g_new0 (UsIncidents, 1);
  self->store = store;
  self->clock = clock != NULL ? clock : us_clock_system ();
  self->handler = *handler;
  self->user_data = user_data;
  self->streams = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, stream_free);
  self->orders = g_ptr_array_new ();
  if (!take_up_active (self, error) || !take_up_recent (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * us_incidents_free:
 * @self: (nullable) (transfer full)
 */
void
us_incidents_free (UsIncidents *self) {
  if (self == NULL)
    return;
  us_incidents_end_orders (self);
  g_ptr_array_unref (self->orders);
  g_hash_table_unref (self->streams);
  g_free (self);
}

void
us_incidents_tell_active (UsIncidents *self) {
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const UsIncidentStream *stream = value;
    if (us_incident_is_active (&stream->life))
      us_incidents_tell (self, stream, US_INCIDENT_KEEP);
  }
}

/* ---- questions ---- */

const UsIncidentRow *
us_incidents_get_active (UsIncidents *self, const char *id) {
  const UsIncidentStream *stream = g_hash_table_lookup (self->streams, id);
  return stream != NULL && us_incident_is_active (&stream->life) ? &stream->row : NULL;
}

guint
us_incidents_n_active (UsIncidents *self) {
  UsIncidentStats stats;
  us_incidents_get_stats (self, &stats);
  return stats.n_active;
}

void
us_incidents_get_stats (UsIncidents *self, UsIncidentStats *stats) {
  GHashTableIter iter;
  gpointer value;
  *stats = self->stats;
  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const UsIncidentStream *stream = value;
    gboolean is_active = us_incident_is_active (&stream->life);
    stats->n_active += is_active;
    stats->n_acknowledged += is_active && stream->life.is_acknowledged;
  }
}

/**
 * us_incidents_recent:
 * @since_us: since the epoch; 0: all there is
 * @limit: the newest of them; 0: all
 *
 * Returns: (transfer container) (element-type UsEvent): oldest first; they stay the ring's
 */
GPtrArray *
us_incidents_recent (UsIncidents *self, const char *id, gint64 since_us, guint limit) {
  GPtrArray *events = g_ptr_array_new ();
  UsIncidentStream *stream = g_hash_table_lookup (self->streams, id);
  if (stream == NULL)
    return events;
  us_event_ring_trim (&stream->ring, us_clock_monotonic_us (self->clock), US_INCIDENT_PREROLL_US);
  g_autoptr (GPtrArray) entries = us_event_ring_list (&stream->ring);
  for (guint i = 0; i < entries->len; i++) {
    UsEvent *event = ((UsRingEntry *)entries->pdata[i])->event;
    if (event->wall_us >= since_us)
      g_ptr_array_add (events, event);
  }
  if (limit > 0 && events->len > limit)
    g_ptr_array_remove_range (events, 0, events->len - limit);
  return events;
}
