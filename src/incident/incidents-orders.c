/* incidents-orders.c - what people do with an incident: acknowledge, note, resolve
 *
 * Part of UsIncidents. A refusal is told at once; anything else when it is on disk, and only then
 * does the timeline say so, and whoever listens: unless more happens to the incident before the
 * disk has answered, since things are told in their order. Each order lives until the store has
 * answered, even if the incidents are gone by then.
 */
#include "incident/incidents-private.h"

#include <string.h>

typedef enum { ORDER_ACKNOWLEDGE, ORDER_NOTE, ORDER_RESOLVE } OrderKind;

typedef struct {
  UsIncidents *incidents; /* NULL: gone */
  OrderKind kind;
  char *incident, *stream, *who, *text; /* @text nullable */
  UsIncidentLife before;                /* of a resolution: what it goes back to */
  gboolean is_told;
  UsStoreDone done;
  gpointer user_data;
} Order;

static void
order_free (Order *order) {
  g_free (order->incident);
  g_free (order->stream);
  g_free (order->who);
  g_free (order->text);
  g_free (order);
}

/* ---- refusals ---- */

static void refuse (UsStoreDone done, gpointer user_data, UsIncidentError code, const char *format,
                    ...) G_GNUC_PRINTF (4, 5);

static void
refuse (UsStoreDone done, gpointer user_data, UsIncidentError code, const char *format, ...) {
  va_list args;
  va_start (args, format);
  g_autoptr (GError) error = g_error_new_valist (US_INCIDENT_ERROR, (int)code, format, args);
  va_end (args);
  if (done != NULL)
    done (error, user_data);
}

static const char *
fault_of (const char *text, gsize max) {
  if (text == NULL || *text == '\0')
    return "is missing";
  if (strlen (text) > max)
    return "is too long";
  return g_utf8_validate (text, -1, NULL) ? NULL : "is no UTF-8";
}

static gboolean
is_valid (const char *who, const char *text, gboolean needs_text, UsStoreDone done,
          gpointer user_data) {
  const char *fault = fault_of (who, US_INCIDENTS_MAX_WHO);
  if (fault != NULL) {
    refuse (done, user_data, US_INCIDENT_ERROR_VALUE, "who it is %s: 1 to %d bytes", fault,
            US_INCIDENTS_MAX_WHO);
    return FALSE;
  }
  fault = text != NULL || needs_text ? fault_of (text, US_INCIDENTS_MAX_NOTE) : NULL;
  if (fault == NULL)
    return TRUE;
  refuse (done, user_data, US_INCIDENT_ERROR_VALUE, "the note %s: 1 to %d bytes", fault,
          US_INCIDENTS_MAX_NOTE);
  return FALSE;
}

/* Of an incident that is not active. Returns: whether it exists */
static gboolean
read_row (UsIncidents *self, const char *id, UsIncidentRow *row, UsStoreDone done,
          gpointer user_data) {
  g_autoptr (GError) error = NULL;
  if (us_store_get_incident (self->store, id, row, &error))
    return TRUE;
  if (error != NULL)
    refuse (done, user_data, US_INCIDENT_ERROR_STORE, "%s", error->message);
  else
    refuse (done, user_data, US_INCIDENT_ERROR_UNKNOWN, "there is no incident %s", id);
  return FALSE;
}

/* The newest of its stream, active or not: the disk may not know it yet. */
static UsIncidentStream *
find_known (UsIncidents *self, const char *id) {
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, self->streams);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    UsIncidentStream *stream = value;
    if (g_strcmp0 (stream->row.id, id) == 0)
      return stream;
  }
  return NULL;
}

/* Returns: (nullable): NULL: refused */
static UsIncidentStream *
find_active (UsIncidents *self, const char *id, UsStoreDone done, gpointer user_data) {
  UsIncidentStream *stream = find_known (self, id);
  g_auto (UsIncidentRow) row = { 0 };
  if (stream != NULL && us_incident_is_active (&stream->life))
    return stream;
  if (stream == NULL && !read_row (self, id, &row, done, user_data))
    return NULL;
  gint64 resolved_us = stream != NULL ? stream->row.resolved_us : row.resolved_us;
  g_autofree char *when = us_incident_time (resolved_us);
  refuse (done, user_data, US_INCIDENT_ERROR_STATE, "incident %s was resolved at %s", id, when);
  return NULL;
}

/* ---- confirmations ---- */

static void
tell_acknowledged (UsIncidents *self, UsIncidentStream *stream, const Order *order) {
  us_incidents_log (self, stream, US_EVENT_INCIDENT_ACKNOWLEDGED, "operator", NULL,
                    "Incident %s acknowledged by %s%s%s", order->incident, order->who,
                    order->text != NULL ? ": " : "", order->text != NULL ? order->text : "");
  us_incidents_tell (self, stream, US_INCIDENT_ACKNOWLEDGES);
}

/* It was not written: nobody has acknowledged it. */
static void
take_back (UsIncidents *self, UsIncidentStream *stream, const Order *order) {
  if (g_strcmp0 (stream->row.acknowledged_by, order->who) != 0)
    return;
  stream->life.is_acknowledged = FALSE;
  if (stream->life.state == US_INCIDENT_ACKNOWLEDGED)
    stream->life.state = US_INCIDENT_OPEN;
  g_clear_pointer (&stream->row.acknowledged_by, g_free);
  stream->row.acknowledged_us = 0;
  us_incidents_save (self, stream, NULL, NULL);
}

static void
tell_resolved (UsIncidents *self, UsIncidentStream *stream, Order *order) {
  order->is_told = TRUE;
  self->stats.n_resolved++;
  us_incidents_log (self, stream, US_EVENT_INCIDENT_RESOLVED, "operator", NULL,
                    "Incident %s resolved by %s%s%s", order->incident, order->who,
                    order->text != NULL ? ": " : "", order->text != NULL ? order->text : "");
  us_incidents_tell (self, stream, US_INCIDENT_RESOLVES);
}

/* Whether @order has resolved what @stream has now. */
static gboolean
is_resolution (const Order *order, const UsIncidentStream *stream) {
  return order->kind == ORDER_RESOLVE && !order->is_told && !us_incident_is_active (&stream->life)
         && g_strcmp0 (order->incident, stream->row.id) == 0;
}

static void
settle_resolution (UsIncidents *self, Order *order, const GError *error) {
  UsIncidentStream *stream = g_hash_table_lookup (self->streams, order->stream);
  if (stream == NULL || !is_resolution (order, stream))
    return;
  if (error == NULL) {
    tell_resolved (self, stream, order);
    return;
  }
  stream->life = order->before; /* it was not written: nobody has resolved it */
  stream->row.resolved_us = 0;
  us_incidents_save (self, stream, NULL, NULL);
}

void
us_incidents_hurry_orders (UsIncidents *self, UsIncidentStream *stream) {
  for (guint i = 0; i < self->orders->len; i++) {
    Order *order = self->orders->pdata[i];
    if (g_strcmp0 (order->stream, stream->id) == 0
        && g_strcmp0 (order->incident, stream->row.id) == 0 && order->kind == ORDER_RESOLVE
        && !order->is_told)
      tell_resolved (self, stream, order);
  }
}

static void
add_note_event (UsIncidents *self, const Order *order) {
  UsEvent *event = us_event_new (order->stream, us_clock_wall_us (self->clock), US_EVENT_NOTE,
                                 US_SEVERITY_INFO, "operator", "%s: %s", order->who, order->text);
  event->incident = g_strdup (order->incident);
  us_incidents_add_late_event (self, event);
  us_event_free (event);
}

static void
on_written (const GError *error, gpointer user_data) {
  Order *order = user_data;
  UsIncidents *self = order->incidents;
  if (self == NULL) {
    order_free (order);
    return;
  }
  g_ptr_array_remove_fast (self->orders, order);
  UsIncidentStream *stream = us_incidents_find (self, order->incident);
  if (order->kind == ORDER_ACKNOWLEDGE && stream != NULL && error == NULL)
    tell_acknowledged (self, stream, order);
  else if (order->kind == ORDER_ACKNOWLEDGE && stream != NULL)
    take_back (self, stream, order);
  else if (order->kind == ORDER_RESOLVE)
    settle_resolution (self, order, error);
  else if (order->kind == ORDER_NOTE && error == NULL)
    add_note_event (self, order);
  if (order->done != NULL && error != NULL)
    refuse (order->done, order->user_data, US_INCIDENT_ERROR_STORE, "%s", error->message);
  else if (order->done != NULL)
    order->done (NULL, order->user_data);
  order_free (order);
}

static Order *
order_new (UsIncidents *self, OrderKind kind, const char *incident, const char *stream,
           const char *who, const char *text, UsStoreDone done, gpointer user_data) {
  Order *order = g_new0 (Order, 1);
  order->incidents = self;
  order->kind = kind;
  order->incident = g_strdup (incident);
  order->stream = g_strdup (stream);
  order->who = g_strdup (who);
  order->text = g_strdup (text);
  order->done = done;
  order->user_data = user_data;
  g_ptr_array_add (self->orders, order);
  return order;
}

static void
put_note (UsIncidents *self, const Order *order, UsStoreDone done, gpointer user_data) {
  const UsNoteRow note = { .incident = order->incident,
                           .author = order->who,
                           .text = order->text,
                           .wall_us = us_clock_wall_us (self->clock) };
  us_store_add_note (self->store, &note, done, user_data);
}

/* The row, then the note if there is one; the store writes in order, so the last one confirms both.
 */
static void
save_for (UsIncidents *self, UsIncidentStream *stream, Order *order) {
  gboolean has_note = order->text != NULL;
  us_incidents_save (self, stream, has_note ? NULL : on_written, has_note ? NULL : order);
  if (has_note)
    put_note (self, order, on_written, order);
}

/* ---- orders ---- */

/**
 * us_incidents_acknowledge:
 * @who: a name or an address
 * @note: (nullable)
 * @done: (nullable)
 */
void
us_incidents_acknowledge (UsIncidents *self, const char *id, const char *who, const char *note,
                          UsStoreDone done, gpointer user_data) {
  if (!is_valid (who, note, FALSE, done, user_data))
    return;
  UsIncidentStream *stream = find_active (self, id, done, user_data);
  if (stream == NULL)
    return;
  if (!us_incident_acknowledge (&stream->life)) {
    g_autofree char *when = us_incident_time (stream->row.acknowledged_us);
    refuse (done, user_data, US_INCIDENT_ERROR_STATE, "incident %s was acknowledged by %s at %s",
            id, stream->row.acknowledged_by, when);
    return;
  }
  stream->row.acknowledged_by = g_strdup (who);
  stream->row.acknowledged_us = us_clock_wall_us (self->clock);
  save_for (self, stream,
            order_new (self, ORDER_ACKNOWLEDGE, id, stream->id, who, note, done, user_data));
}

/**
 * us_incidents_add_note:
 * @id: of any incident, resolved ones too
 */
void
us_incidents_add_note (UsIncidents *self, const char *id, const char *who, const char *text,
                       UsStoreDone done, gpointer user_data) {
  if (!is_valid (who, text, TRUE, done, user_data))
    return;
  const UsIncidentStream *stream = find_known (self, id);
  g_auto (UsIncidentRow) row = { 0 };
  if (stream == NULL && !read_row (self, id, &row, done, user_data))
    return;
  Order *order = order_new (self, ORDER_NOTE, id, stream != NULL ? stream->id : row.stream, who,
                            text, done, user_data);
  put_note (self, order, on_written, order);
}

/**
 * us_incidents_resolve:
 * @note: (nullable)
 */
void
us_incidents_resolve (UsIncidents *self, const char *id, const char *who, const char *note,
                      UsStoreDone done, gpointer user_data) {
  if (!is_valid (who, note, FALSE, done, user_data))
    return;
  UsIncidentStream *stream = find_active (self, id, done, user_data);
  if (stream == NULL)
    return;
  Order *order = order_new (self, ORDER_RESOLVE, id, stream->id, who, note, done, user_data);
  order->before = stream->life;
  us_incident_resolve (&stream->life, stream->health, us_clock_monotonic_us (self->clock));
  stream->row.resolved_us = us_clock_wall_us (self->clock);
  save_for (self, stream, order);
}

/* ---- the end ---- */

/* Whoever waits hears that it is not known to be done; the store may write it all the same. */
void
us_incidents_end_orders (UsIncidents *self) {
  for (guint i = 0; i < self->orders->len; i++) {
    Order *order = self->orders->pdata[i];
    order->incidents = NULL;
    refuse (g_steal_pointer (&order->done), order->user_data, US_INCIDENT_ERROR_STORE,
            "the desk ended before it was confirmed");
  }
}
