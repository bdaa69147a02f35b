/* alertmanager.c - keeps one Alertmanager told of what is active, API v2
 *
 * An alert lives in Alertmanager as long as it is re-sent, so all active ones are posted again
 * every minute, and resolved ones for five minutes more, as Prometheus does; what has just changed
 * is posted at once. Its labels are its identity: those of an incident stay as first told, and a
 * change of severity ends one alert and begins another, which is what lets Alertmanager route it
 * anew. Owned by the notifier, in its main loop; one request at a time, in batches. Nothing is lost
 * by a failure: the next post has it all.
 */
#include "incident/alertmanager.h"

#include "base/backoff.h"
#include "base/timer.h"
#include "http/json.h"
#include "incident/incidents-private.h"

#include <string.h>

#define MAX_ANSWER (256 * 1024)

/* One alert as it is known there. */
typedef struct {
  char *incident, *severity;
  char *labels;      /* JSON object, fixed */
  char *annotations; /* JSON object */
  char *url;         /* nullable */
  char *event;       /* nullable: not delivered yet */
  guint revision;    /* rises with each change: what a request holds may be old when it ends */
  gint64 starts_us, ends_us;
  gint64 forget_us; /* monotonic: when it need not be re-sent any more; 0: it is active */
} Entry;

typedef struct {
  UsAlertmanager *alertmanager; /* NULL: gone */
  GPtrArray *entries;           /* element-type utf8: keys of what is in it */
  GArray *revisions;            /* element-type guint: of each, as it was sent */
  char *id;
} Post;

struct UsAlertmanager {
  UsPeer peer;
  GHashTable *entries; /* key (incident and severity) to Entry */
  GQueue batches;      /* element-type Post: to be sent one after the other */
  Post *under_way;     /* nullable */
  GCancellable *cancellable;
  GSource *tick;
  gint64 due_us; /* monotonic: of the next round; 0: now */
  guint n_failures;
};

static void send_next (UsAlertmanager *self);

static void
entry_free (gpointer data) {
  Entry *entry = data;
  g_free (entry->incident);
  g_free (entry->severity);
  g_free (entry->labels);
  g_free (entry->annotations);
  g_free (entry->url);
  g_free (entry->event);
  g_free (entry);
}

static void
post_free (gpointer data) {
  Post *post = data;
  g_ptr_array_unref (post->entries);
  g_array_unref (post->revisions);
  g_free (post->id);
  g_free (post);
}

/* ---- JSON ---- */

static char *
to_text (JsonBuilder *json) {
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  return json_to_string (root, FALSE);
}

static char *
labels_of (const UsAlert *alert) {
  g_autoptr (JsonBuilder) json = json_builder_new ();
  json_builder_begin_object (json);
  us_json_add_text (json, "alertname", alert->name);
  us_json_add_text (json, "stream", alert->stream);
  us_json_add_text (json, "severity", alert->severity);
  us_json_add_text (json, "incident", alert->incident);
  us_json_add_text (json, "cause", alert->cause);
  us_json_add_text (json, "instance", alert->instance);
  json_builder_end_object (json);
  return to_text (json);
}

static char *
annotations_of (const UsAlert *alert) {
  g_autoptr (JsonBuilder) json = json_builder_new ();
  json_builder_begin_object (json);
  us_json_add_text (json, "summary", alert->summary);
  us_json_add_text (json, "description", alert->description);
  if (alert->acknowledged_by != NULL)
    us_json_add_text (json, "acknowledged_by", alert->acknowledged_by);
  json_builder_end_object (json);
  return to_text (json);
}

/* A clock that was put back leaves what ends before it began, or begins in the future: Alertmanager
 * refuses both, with all that came in the same request. */
static void
append_entry (GString *body, const Entry *entry, gint64 wall_us) {
  gint64 starts_us = MIN (entry->starts_us, wall_us);
  g_autofree char *starts = us_incident_time (starts_us);
  g_autofree char *ends
      = entry->ends_us != 0 ? us_incident_time (MAX (entry->ends_us, starts_us)) : NULL;
  g_string_append_printf (body, "%s{\"labels\":%s,\"annotations\":%s,\"startsAt\":\"%s\"",
                          body->len > 1 ? "," : "", entry->labels, entry->annotations, starts);
  if (ends != NULL)
    g_string_append_printf (body, ",\"endsAt\":\"%s\"", ends);
  if (entry->url != NULL) {
    g_autoptr (JsonNode) node = json_node_init_string (json_node_alloc (), entry->url);
    g_autofree char *url = json_to_string (node, FALSE);
    g_string_append_printf (body, ",\"generatorURL\":%s", url);
  }
  g_string_append_c (body, '}');
}

static GBytes *
body_of (UsAlertmanager *self, Post *post) {
  GString *body = g_string_new ("[");
  for (guint i = 0; i < post->entries->len; i++) {
    const Entry *entry = g_hash_table_lookup (self->entries, post->entries->pdata[i]);
    guint revision = entry != NULL ? entry->revision : 0;
    g_array_append_val (post->revisions, revision);
    if (entry != NULL)
      append_entry (body, entry, us_clock_wall_us (self->peer.clock));
  }
  g_string_append_c (body, ']');
  return g_string_free_to_bytes (body);
}

/* ---- sending ---- */

/* A line of the log for each thing that people wait for; the re-sending is not worth one. */
static void
write_lines (UsAlertmanager *self, const Post *post, guint status, const char *outcome,
             gboolean is_delivered) {
  for (guint i = 0; i < post->entries->len; i++) {
    Entry *entry = g_hash_table_lookup (self->entries, post->entries->pdata[i]);
    if (entry == NULL || entry->event == NULL
        || entry->revision != g_array_index (post->revisions, guint, i))
      continue;
    const UsPeerLine line = { .message = post->id,
                              .event = entry->event,
                              .incident = entry->incident,
                              .attempt = self->n_failures + 1,
                              .status = status,
                              .outcome = outcome };
    if (is_delivered || !self->peer.is_failing)
      us_peer_log (&self->peer, &line);
    self->peer.counts.n_delivered += is_delivered;
    if (is_delivered)
      g_clear_pointer (&entry->event, g_free);
  }
}

/* It will not take that the next time either; the other requests are not to wait for it. */
static void
give_up (UsAlertmanager *self, const Post *post) {
  self->peer.counts.n_failed++;
  for (guint i = 0; i < post->entries->len; i++) {
    Entry *entry = g_hash_table_lookup (self->entries, post->entries->pdata[i]);
    if (entry == NULL || entry->event == NULL
        || entry->revision != g_array_index (post->revisions, guint, i))
      continue;
    g_clear_pointer (&entry->event, g_free);
    self->peer.counts.n_given_up++;
  }
}

static void
settle (UsAlertmanager *self, Post *post, const UsHttpReply *reply, const GError *error) {
  static const UsBackoff backoff = { .first_ms = 5000, .step_ms = 10000, .cap_ms = 60000 };
  gboolean is_delivered;
  g_autofree char *outcome = us_peer_outcome (reply, error, &is_delivered);

  write_lines (self, post, reply != NULL ? reply->status : 0, outcome, is_delivered);
  us_peer_set_failing (&self->peer, !is_delivered, outcome);
  if (is_delivered) {
    self->n_failures = 0;
    return;
  }
  if (reply != NULL && reply->status == 400) {
    give_up (self, post);
    return;
  }
  self->n_failures++;
  self->peer.counts.n_failed++;
  g_queue_clear_full (&self->batches, post_free); /* all of it comes again */
  self->due_us
      = us_clock_monotonic_us (self->peer.clock)
        + 1000 * (gint64)us_backoff_delay_ms (&backoff, self->n_failures, g_random_double ());
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data) {
  Post *post = user_data;
  UsAlertmanager *self = post->alertmanager;
  g_autoptr (GError) error = NULL;
  g_autoptr (UsHttpReply) reply
      = us_http_client_fetch_finish (US_HTTP_CLIENT (source), result, &error);
  if (self != NULL) {
    self->under_way = NULL;
    settle (self, post, reply, error);
    send_next (self);
  }
  post_free (post);
}

static void
send_next (UsAlertmanager *self) {
  if (self->under_way != NULL || g_queue_is_empty (&self->batches))
    return;
  Post *post = self->under_way = g_queue_pop_head (&self->batches);
  g_autoptr (GBytes) body = body_of (self, post);
  const UsHttpFetch fetch = { .json = body,
                              .reach = &self->peer.reach,
                              .connect_timeout_ms = US_DELIVERY_DEADLINE_MS,
                              .first_byte_timeout_ms = US_DELIVERY_DEADLINE_MS,
                              .deadline_ms = US_DELIVERY_DEADLINE_MS,
                              .max_bytes = MAX_ANSWER };
  us_http_client_fetch_async (self->peer.client, self->peer.url, &fetch, self->cancellable,
                              on_answered, post);
}

/* Divides all entries into requests of bounded size. */
static void
make_batches (UsAlertmanager *self) {
  GHashTableIter iter;
  gpointer key;
  Post *post = NULL;
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, &key, NULL)) {
    if (post == NULL || post->entries->len >= US_ALERTMANAGER_MAX_BATCH) {
      post = g_new0 (Post, 1);
      post->alertmanager = self;
      post->entries = g_ptr_array_new_with_free_func (g_free);
      post->revisions = g_array_new (FALSE, FALSE, sizeof (guint));
      post->id = g_uuid_string_random ();
      g_queue_push_tail (&self->batches, post);
    }
    g_ptr_array_add (post->entries, g_strdup (key));
  }
}

static gboolean
is_over (gpointer key, gpointer value, gpointer user_data) {
  const Entry *entry = value;
  return entry->forget_us != 0 && entry->event == NULL && *(gint64 *)user_data >= entry->forget_us;
}

static gboolean
on_tick (gpointer user_data) {
  UsAlertmanager *self = user_data;
  gint64 now_us = us_clock_monotonic_us (self->peer.clock);
  g_hash_table_foreach_remove (self->entries, is_over, &now_us);
  if (g_hash_table_size (self->entries) == 0 && self->under_way == NULL) {
    us_timer_stop (&self->tick);
    return G_SOURCE_REMOVE;
  }
  if (now_us < self->due_us || self->under_way != NULL || !g_queue_is_empty (&self->batches))
    return G_SOURCE_CONTINUE;
  self->due_us = now_us + US_ALERTMANAGER_RESEND_US;
  make_batches (self);
  send_next (self);
  return G_SOURCE_CONTINUE;
}

UsAlertmanager *
us_alertmanager_new (const UsPeer *peer) {
  UsAlertmanager *self = g_new0 (UsAlertmanager, 1);
  self->peer = *peer;
  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, entry_free);
  self->cancellable = g_cancellable_new ();
  g_queue_init (&self->batches);
  return self;
}

/**
 * us_alertmanager_free:
 * @self: (nullable) (transfer full)
 *
 * Active alerts are not resolved: after a restart they go on, otherwise they expire there.
 */
void
us_alertmanager_free (UsAlertmanager *self) {
  if (self == NULL)
    return;
  us_timer_stop (&self->tick);
  g_queue_clear_full (&self->batches, post_free);
  if (self->under_way != NULL)
    self->under_way->alertmanager = NULL;
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_hash_table_unref (self->entries);
  us_peer_clear (&self->peer);
  g_free (self);
}

static void
end_entry (Entry *entry, gint64 wall_us, gint64 now_us) {
  if (entry->ends_us == 0) {
    entry->ends_us = MAX (wall_us, entry->starts_us + 1);
    entry->revision++;
  }
  if (entry->forget_us == 0)
    entry->forget_us = now_us + US_ALERTMANAGER_RESOLVED_US;
}

/* Of @incident, but not of @severity: what it was told as before. */
static void
end_others (UsAlertmanager *self, const UsAlert *alert, gint64 now_us) {
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Entry *entry = value;
    if (strcmp (entry->incident, alert->incident) == 0
        && strcmp (entry->severity, alert->severity) != 0)
      end_entry (entry, us_clock_wall_us (self->peer.clock), now_us);
  }
}

/* While Alertmanager is away what has ended stays, to be told; what is so now comes first. */
static gboolean
make_room (UsAlertmanager *self) {
  if (g_hash_table_size (self->entries) < US_ALERTMANAGER_MAX_ALERTS)
    return TRUE;
  GHashTableIter iter;
  gpointer key, value, oldest = NULL;
  gint64 oldest_us = G_MAXINT64;
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, &key, &value)) {
    gint64 forget_us = ((const Entry *)value)->forget_us;
    if (forget_us != 0 && forget_us < oldest_us) {
      oldest = key;
      oldest_us = forget_us;
    }
  }
  if (oldest == NULL)
    return FALSE;
  self->peer.counts.n_given_up++;
  g_hash_table_remove (self->entries, oldest);
  return TRUE;
}

/**
 * us_alertmanager_put:
 * @alert: copied
 *
 * Posted with the next tick, and then as long as it is active.
 */
void
us_alertmanager_put (UsAlertmanager *self, const UsAlert *alert) {
  g_autofree char *key = g_strdup_printf ("%s %s", alert->incident, alert->severity);
  gint64 now_us = us_clock_monotonic_us (self->peer.clock);
  Entry *entry = g_hash_table_lookup (self->entries, key);
  end_others (self, alert, now_us);
  if (entry == NULL && !make_room (self)) {
    self->peer.counts.n_given_up++;
    return;
  }
  if (entry == NULL) {
    entry = g_new0 (Entry, 1);
    entry->incident = g_strdup (alert->incident);
    entry->severity = g_strdup (alert->severity);
    entry->labels = labels_of (alert);
    g_hash_table_insert (self->entries, g_steal_pointer (&key), entry);
  }
  entry->revision++;
  g_free (entry->annotations);
  entry->annotations = annotations_of (alert);
  g_free (entry->url);
  entry->url = g_strdup (alert->url);
  entry->starts_us = alert->starts_us;
  entry->ends_us = alert->ends_us;
  entry->forget_us = alert->ends_us != 0 ? now_us + US_ALERTMANAGER_RESOLVED_US : 0;
  if (alert->event != NULL) {
    g_free (entry->event);
    entry->event = g_strdup (alert->event);
  }
  if (self->n_failures == 0) /* it is there, whatever it thinks of what it was sent */
    self->due_us = 0;
  us_timer_start (&self->tick, US_DELIVERY_TICK_MS, "alertmanager tick", on_tick, self);
}

const UsDeliveryCounts *
us_alertmanager_get_counts (const UsAlertmanager *self) {
  return &self->peer.counts;
}

/* Returns: alerts that have changed and are not told yet */
guint
us_alertmanager_get_n_waiting (const UsAlertmanager *self) {
  GHashTableIter iter;
  gpointer value;
  guint n = 0;
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    n += ((const Entry *)value)->event != NULL;
  return n;
}
