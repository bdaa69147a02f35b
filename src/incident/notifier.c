/* notifier.c - tells people: signed webhooks and Alertmanager, each once, with a delivery log
 *
 * Owned by the desk, in its main loop. Turns a change of an incident into a message, and hands it
 * to every webhook (webhook.c) and every Alertmanager (alertmanager.c), which each have their own
 * queue and troubles. Nothing is told twice of a standing fault: relapses are not told at all, and
 * "recovering" once until the incident is resolved or reopened. What has not been delivered when
 * the process ends is in the store: webhooks are sent it after a restart, under the same id.
 * Alertmanagers are told again what is active.
 */
#include "incident/notifier.h"

#include "http/json.h"
#include "incident/alertmanager.h"
#include "incident/incidents-private.h"
#include "incident/webhook-signature.h"
#include "incident/webhook.h"

#include <string.h>

#define US_LOG_TOPIC "notifier"
#include "base/log.h"

#define ALERT_NAME "StreamIncident"
#define TEST_NAME "StreamIncidentTest"
#define MAX_TARGETS 16

/* UsNotice: @event: static; NULL: nothing for webhooks; @ids: of its messages, one for each webhook
 */
struct UsNotice {
  UsIncidentRow row;
  const char *event;
  GBytes *body;
  GPtrArray *ids;
  gint64 wall_us;
};

struct UsNotifier {
  const UsClock *clock;
  UsStore *store;
  char *desk_url; /* nullable */
  char *instance;
  GPtrArray *webhooks, *alertmanagers;
  GHashTable *recovering; /* ids of incidents that have been told to recover */
};

/* ---- what is told ---- */

static const char *
event_of (UsIncidentStep step) {
  switch (step) {
  case US_INCIDENT_OPENS:
    return "incident.opened";
  case US_INCIDENT_REOPENS:
    return "incident.reopened";
  case US_INCIDENT_RECOVERS:
    return "incident.recovering";
  case US_INCIDENT_RESOLVES:
    return "incident.resolved";
  case US_INCIDENT_ACKNOWLEDGES:
    return "incident.acknowledged";
  case US_INCIDENT_KEEP:
  case US_INCIDENT_RELAPSES:
  default:
    return NULL;
  }
}

static void
add_time (JsonBuilder *json, const char *name, gint64 wall_us) {
  g_autofree char *text = wall_us != 0 ? us_incident_time (wall_us) : NULL;
  us_json_add_text (json, name, text);
}

static char *
url_of (const UsNotifier *self, const char *incident) {
  if (self->desk_url == NULL)
    return NULL;
  gsize n = strlen (self->desk_url);
  while (n > 0 && self->desk_url[n - 1] == '/')
    n--;
  return g_strdup_printf ("%.*s/?incident=%s", (int)n, self->desk_url, incident);
}

static void
add_incident (JsonBuilder *json, const UsNotifier *self, const UsIncidentRow *row) {
  g_autoptr (JsonNode) cause = row->cause != NULL ? json_from_string (row->cause, NULL) : NULL;
  g_autofree char *url = url_of (self, row->id);
  UsHealth health;
  json_builder_set_member_name (json, "incident");
  json_builder_begin_object (json);
  us_json_add_text (json, "id", row->id);
  us_json_add_text (json, "stream", row->stream);
  us_json_add_text (json, "stream_name", row->stream_name);
  us_json_add_text (json, "state", row->state);
  us_json_add_text (json, "health", row->health);
  us_json_add_text (json, "colour",
                    us_health_from_word (row->health, &health) ? us_health_colour (health) : NULL);
  us_json_add_text (json, "reason", row->reason);
  add_time (json, "opened_at", row->opened_us);
  add_time (json, "acknowledged_at", row->acknowledged_us);
  us_json_add_text (json, "acknowledged_by", row->acknowledged_by);
  add_time (json, "resolved_at", row->resolved_us);
  us_json_add_integer (json, "reopened", row->n_reopened);
  us_json_add_flag (json, "is_flapping", row->is_flapping);
  json_builder_set_member_name (json, "cause");
  if (cause != NULL)
    json_builder_add_value (json, g_steal_pointer (&cause));
  else
    json_builder_add_null_value (json);
  us_json_add_text (json, "url", url);
  json_builder_end_object (json);
}

/* @row: (nullable): of a test */
static GBytes *
body_of (const UsNotifier *self, const char *type, const UsIncidentRow *row) {
  g_autoptr (JsonBuilder) json = json_builder_new ();
  json_builder_begin_object (json);
  us_json_add_text (json, "type", type);
  add_time (json, "timestamp", us_clock_wall_us (self->clock));
  json_builder_set_member_name (json, "data");
  json_builder_begin_object (json);
  us_json_add_text (json, "instance", self->instance);
  if (row != NULL)
    add_incident (json, self, row);
  else
    us_json_add_text (json, "message", "A test: nothing is wrong");
  json_builder_end_object (json);
  json_builder_end_object (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  char *text = json_to_string (root, FALSE);
  return g_bytes_new_take (text, strlen (text));
}

static char *
new_message_id (void) {
  g_autofree char *uuid = g_uuid_string_random ();
  return g_strconcat ("msg_", uuid, NULL);
}

static char *
description_of (const UsIncidentRow *row, UsCause cause, UsConfidence confidence) {
  const UsCauseInfo *info = us_cause_info (cause);
  const char *flapping = row->is_flapping ? " The stream is flapping." : "";
  if (cause == US_CAUSE_UNKNOWN)
    return g_strdup_printf ("%s.%s Next: %s.", row->reason, flapping, info->next_step);
  return g_strdup_printf ("%s.%s Cause: %s (confidence %s). Next: %s.", row->reason, flapping,
                          info->title, us_confidence_word (confidence), info->next_step);
}

static void
tell_alertmanagers (UsNotifier *self, const char *event, const UsIncidentRow *row) {
  UsCause cause;
  UsConfidence confidence;
  us_incident_read_cause (row->cause, &cause, &confidence);
  g_autofree char *summary = g_strdup_printf (
      "%s: %s", row->stream_name != NULL ? row->stream_name : row->stream, row->reason);
  g_autofree char *description = description_of (row, cause, confidence);
  g_autofree char *url = url_of (self, row->id);
  gboolean is_critical = g_strcmp0 (row->health, us_health_word (US_HEALTH_UNHEALTHY)) == 0;
  const UsAlert alert = { .incident = row->id,
                          .event = event,
                          .name = ALERT_NAME,
                          .stream = row->stream,
                          .severity = is_critical ? "critical" : "warning",
                          .cause = us_cause_info (cause)->word,
                          .instance = self->instance,
                          .summary = summary,
                          .description = description,
                          .url = url,
                          .acknowledged_by = row->acknowledged_by,
                          .starts_us = row->opened_us,
                          .ends_us = row->resolved_us };
  for (guint i = 0; i < self->alertmanagers->len; i++)
    us_alertmanager_put (self->alertmanagers->pdata[i], &alert);
}

/* ---- notices ---- */

/* What webhooks are told of @step. */
static const char *
news_of (UsNotifier *self, const UsIncidentRow *row, UsIncidentStep step) {
  gboolean is_recovering = g_strcmp0 (row->state, "recovering") == 0;
  if (step == US_INCIDENT_RESOLVES || step == US_INCIDENT_REOPENS)
    g_hash_table_remove (self->recovering, row->id);
  gboolean is_known = g_hash_table_contains (self->recovering, row->id);
  /* One that is there after a restart has been told by the life before. */
  if (step == US_INCIDENT_RECOVERS || (step == US_INCIDENT_KEEP && is_recovering))
    g_hash_table_add (self->recovering, g_strdup (row->id));
  return step == US_INCIDENT_RECOVERS && is_known ? NULL : event_of (step);
}

static UsWebhookMessage
message_of (const UsNotice *notice, guint i) {
  return (UsWebhookMessage){ .id = notice->ids->pdata[i],
                             .type = notice->event,
                             .incident = notice->row.id,
                             .body = notice->body,
                             .wall_us = notice->wall_us,
                             .is_kept = TRUE };
}

/**
 * us_notifier_prepare:
 * @row: as it is now
 * @step: what happened to it; %US_INCIDENT_KEEP: something that only Alertmanagers need to know
 *
 * To be called in the order in which things happen.
 *
 * Returns: (transfer full): for us_notifier_tell_notice()
 */
UsNotice *
us_notifier_prepare (UsNotifier *self, const UsIncidentRow *row, UsIncidentStep step) {
  UsNotice *notice = g_new0 (UsNotice, 1);
  us_incident_row_copy (&notice->row, row);
  notice->event = news_of (self, row, step);
  notice->wall_us = us_clock_wall_us (self->clock);
  notice->ids = g_ptr_array_new_with_free_func (g_free);
  if (notice->event == NULL || self->webhooks->len == 0)
    return notice;
  notice->body = body_of (self, notice->event, row);
  for (guint i = 0; i < self->webhooks->len; i++) {
    UsWebhook *webhook = self->webhooks->pdata[i];
    g_ptr_array_add (notice->ids, new_message_id ());
    const UsWebhookMessage message = message_of (notice, i);
    if (!us_webhook_is_disabled (webhook))
      us_webhook_keep (webhook, &message);
  }
  return notice;
}

/**
 * us_notice_free:
 * @notice: (nullable) (transfer full)
 *
 * What is in the store stays there.
 */
void
us_notice_free (UsNotice *notice) {
  if (notice == NULL)
    return;
  us_incident_row_clear (&notice->row);
  g_clear_pointer (&notice->body, g_bytes_unref);
  g_ptr_array_unref (notice->ids);
  g_free (notice);
}

void
us_notifier_tell_notice (UsNotifier *self, UsNotice *notice) {
  for (guint i = 0; i < notice->ids->len; i++) {
    const UsWebhookMessage message = message_of (notice, i);
    us_webhook_send (self->webhooks->pdata[i], &message);
  }
  tell_alertmanagers (self, notice->event, &notice->row);
  us_notice_free (notice);
}

/* See us_notifier_prepare(). */
void
us_notifier_tell (UsNotifier *self, const UsIncidentRow *row, UsIncidentStep step) {
  us_notifier_tell_notice (self, us_notifier_prepare (self, row, step));
}

static UsWebhook *
find_target (UsNotifier *self, const char *target) {
  for (guint i = 0; i < self->webhooks->len; i++) {
    if (us_webhook_is_target (self->webhooks->pdata[i], target))
      return self->webhooks->pdata[i];
  }
  return NULL;
}

static void
resume_one (UsNotifier *self, const UsOutgoingRow *row) {
  UsWebhook *webhook = find_target (self, row->target);
  gint64 age_us = us_clock_wall_us (self->clock) - row->wall_us;
  if (webhook == NULL || age_us > US_WEBHOOK_MAX_AGE_US) {
    us_notice ("%s of %s is not told any more: %s", row->event,
               row->incident != NULL ? row->incident : "nothing",
               webhook == NULL ? "its receiver is no longer set" : "it is too old");
    us_store_remove_outgoing (self->store, row->message);
    return;
  }
  g_autoptr (GBytes) body = g_bytes_new (row->body, strlen (row->body));
  const UsWebhookMessage message = { .id = row->message,
                                     .type = row->event,
                                     .incident = row->incident,
                                     .body = body,
                                     .n_tries = row->attempt,
                                     .wall_us = row->wall_us,
                                     .is_kept = TRUE };
  us_webhook_send (webhook, &message);
}

/**
 * us_notifier_resume:
 *
 * Once, before anything else is told.
 */
void
us_notifier_resume (UsNotifier *self) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) rows = us_store_list_outgoing (self->store, &error);
  if (rows == NULL) {
    us_warning ("messages of before: %s", error->message);
    return;
  }
  for (guint i = 0; i < rows->len; i++)
    resume_one (self, &g_array_index (rows, UsOutgoingRow, i));
}

/**
 * us_notifier_test:
 *
 * Alertmanagers get an alert of severity "info" that ends within a minute.
 */
void
us_notifier_test (UsNotifier *self) {
  gint64 now_us = us_clock_wall_us (self->clock);
  const UsAlert alert = { .incident = "test",
                          .event = "test",
                          .name = TEST_NAME,
                          .stream = "",
                          .severity = "info",
                          .cause = "",
                          .instance = self->instance,
                          .summary = "A test: nothing is wrong",
                          .description = "Somebody asked for it.",
                          .starts_us = now_us,
                          .ends_us = now_us + 60 * (gint64)G_USEC_PER_SEC };
  g_autoptr (GBytes) body = body_of (self, "test", NULL);
  for (guint i = 0; i < self->webhooks->len; i++) {
    g_autofree char *id = new_message_id ();
    const UsWebhookMessage message = { .id = id, .type = "test", .body = body, .wall_us = now_us };
    us_webhook_send (self->webhooks->pdata[i], &message);
  }
  for (guint i = 0; i < self->alertmanagers->len; i++)
    us_alertmanager_put (self->alertmanagers->pdata[i], &alert);
}

/* ---- life ---- */

static gboolean
add_peers (UsNotifier *self, const char *channel, const char *const *urls, const char *path,
           const UsPeer *common, GPtrArray *secrets, GError **error) {
  for (guint i = 0; urls != NULL && urls[i] != NULL; i++) {
    UsPeer peer = *common;
    if (i >= MAX_TARGETS) {
      g_set_error (error, US_WEBHOOK_ERROR, US_WEBHOOK_ERROR_URL, "more than %d addresses of a %s",
                   MAX_TARGETS, channel);
      return FALSE;
    }
    if (!us_peer_init (&peer, channel, urls[i], path, error))
      return FALSE;
    g_object_ref (peer.client);
    if (*path == '\0')
      g_ptr_array_add (self->webhooks, us_webhook_new (&peer, secrets));
    else
      g_ptr_array_add (self->alertmanagers, us_alertmanager_new (&peer));
  }
  return TRUE;
}

static char *
instance_of (const char *desk_url) {
  g_autoptr (GUri) uri = desk_url != NULL ? g_uri_parse (desk_url, G_URI_FLAGS_NONE, NULL) : NULL;
  if (uri == NULL || g_uri_get_host (uri) == NULL)
    return g_strdup (g_get_host_name ());
  return g_uri_get_port (uri) > 0
             ? g_strdup_printf ("%s:%d", g_uri_get_host (uri), g_uri_get_port (uri))
             : g_strdup (g_uri_get_host (uri));
}

/**
 * us_notifier_new:
 * @settings: copied
 * @store: for the log of deliveries, and for what is to be delivered; outlives it
 * @error: set for a bad address, and for secrets that cannot be read
 *
 * Returns: (transfer full)
 */
UsNotifier *
us_notifier_new (const UsNotifierSettings *settings, UsStore *store, GError **error) {
  g_autoptr (UsNotifier) self = g_new0 (UsNotifier, 1);
  g_autoptr (GPtrArray) secrets = NULL;
  g_autoptr (UsHttpClient) client = us_http_client_new ("understudy-notifier/" US_VERSION);
  gboolean has_webhooks = settings->webhooks != NULL && settings->webhooks[0] != NULL;

  self->store = store;
  self->clock = settings->clock != NULL ? settings->clock : us_clock_system ();
  self->desk_url = g_strdup (settings->desk_url);
  self->instance = instance_of (settings->desk_url);
  self->webhooks = g_ptr_array_new_with_free_func ((GDestroyNotify)us_webhook_free);
  self->alertmanagers = g_ptr_array_new_with_free_func ((GDestroyNotify)us_alertmanager_free);
  self->recovering = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (has_webhooks && settings->webhook_secret_file != NULL) {
    secrets = us_webhook_read_secrets (settings->webhook_secret_file, error);
    if (secrets == NULL)
      return NULL;
  } else if (has_webhooks) {
    us_warning ("webhooks are not signed: no secret file is set");
  }
  const UsPeer common = { .client = client,
                          .reach = { .allow_private = settings->allow_private,
                                     .allow_loopback = settings->allow_loopback },
                          .store = store,
                          .clock = self->clock };
  if (!add_peers (self, "webhook", settings->webhooks, "", &common, secrets, error)
      || !add_peers (self, "alertmanager", settings->alertmanagers, US_ALERTMANAGER_PATH, &common,
                     NULL, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * us_notifier_free:
 * @self: (nullable) (transfer full)
 */
void
us_notifier_free (UsNotifier *self) {
  if (self == NULL)
    return;
  g_clear_pointer (&self->webhooks, g_ptr_array_unref);
  g_clear_pointer (&self->alertmanagers, g_ptr_array_unref);
  g_clear_pointer (&self->recovering, g_hash_table_unref);
  g_free (self->desk_url);
  g_free (self->instance);
  g_free (self);
}

static void
add_counts (UsNotifierStats *stats, const UsDeliveryCounts *counts) {
  stats->n_delivered += counts->n_delivered;
  stats->n_failed += counts->n_failed;
  stats->n_given_up += counts->n_given_up;
}

void
us_notifier_get_stats (UsNotifier *self, UsNotifierStats *stats) {
  *stats = (UsNotifierStats){ .n_targets = self->webhooks->len + self->alertmanagers->len };
  for (guint i = 0; i < self->webhooks->len; i++) {
    add_counts (stats, us_webhook_get_counts (self->webhooks->pdata[i]));
    stats->n_pending += us_webhook_get_n_waiting (self->webhooks->pdata[i]);
    stats->n_disabled += us_webhook_is_disabled (self->webhooks->pdata[i]);
  }
  for (guint i = 0; i < self->alertmanagers->len; i++) {
    add_counts (stats, us_alertmanager_get_counts (self->alertmanagers->pdata[i]));
    stats->n_pending += us_alertmanager_get_n_waiting (self->alertmanagers->pdata[i]);
  }
}
