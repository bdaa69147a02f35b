/* webhook.c - one receiver of signed webhooks: a bounded queue, retries, a log
 *
 * Standard Webhooks. Owned by the notifier, in its main loop. Messages do not wait for each other:
 * one that is refused is tried again later while others go out, so a receiver orders them by their
 * time stamps. A tick looks for due ones, as long as there are any. What is still waiting at the
 * end stays in the store, under its id, and is sent by the next life; a receiver that had taken it
 * already knows the id. Requests under way are cancelled at the end; their callbacks find that
 * their message has no webhook any more.
 */
#include "incident/webhook.h"

#include "base/timer.h"
#include "incident/webhook-signature.h"

#include <string.h>

#define MAX_ANSWER (64 * 1024) /* nobody reads it */
#define TARGET_CHARS 32        /* of a digest: the URL itself may be a secret */

typedef struct {
  UsWebhook *webhook; /* NULL: gone; then the callback frees this */
  char *id, *type, *incident;
  GBytes *body;
  guint n_tries;
  gint64 due_us;  /* monotonic */
  gint64 wall_us; /* when it was to be told first */
  gboolean is_under_way, is_kept;
} Message;

struct UsWebhook {
  UsPeer peer;
  char *target;       /* its name in the store */
  GPtrArray *secrets; /* nullable */
  GQueue messages;    /* element-type Message, oldest first */
  guint n_under_way;
  GSource *tick;
  GCancellable *cancellable;
  gboolean is_disabled;
};

static void send_due (UsWebhook *self);

static void
message_free (gpointer data) {
  Message *message = data;
  g_free (message->id);
  g_free (message->type);
  g_free (message->incident);
  g_bytes_unref (message->body);
  g_free (message);
}

static void
write_line (UsWebhook *self, const Message *message, guint status, const char *outcome) {
  const UsPeerLine line = { .message = message->id,
                            .event = message->type,
                            .incident = message->incident,
                            .attempt = message->n_tries,
                            .status = status,
                            .outcome = outcome };
  us_peer_log (&self->peer, &line);
}

/* ---- in the store ---- */

static void
put (UsWebhook *self, const char *id, const char *type, const char *incident, GBytes *body,
     guint n_tries, gint64 wall_us) {
  gsize size;
  const char *data = g_bytes_get_data (body, &size);
  g_autofree char *text = g_strndup (data, size);
  const UsOutgoingRow row = { .message = (char *)id,
                              .target = self->target,
                              .event = (char *)type,
                              .incident = (char *)incident,
                              .body = text,
                              .attempt = n_tries,
                              .wall_us = wall_us };
  us_store_put_outgoing (self->peer.store, &row);
}

/**
 * us_webhook_keep:
 * @message: of which @is_kept is for us_webhook_send()
 *
 * Before it is sent: what is kept and never sent in this life is sent in the next one.
 */
void
us_webhook_keep (UsWebhook *self, const UsWebhookMessage *message) {
  put (self, message->id, message->type, message->incident, message->body, message->n_tries,
       message->wall_us);
}

gboolean
us_webhook_is_target (const UsWebhook *self, const char *target) {
  return g_strcmp0 (self->target, target) == 0;
}

/* ---- outcomes ---- */

/* It has been delivered, or never will be. */
static void
end_message (UsWebhook *self, Message *message) {
  if (message->is_kept)
    us_store_remove_outgoing (self->peer.store, message->id);
  g_queue_remove (&self->messages, message);
  message_free (message);
}

static void
give_up (UsWebhook *self, Message *message, guint status, const char *why) {
  g_autofree char *outcome = g_strconcat ("gave up: ", why, NULL);
  self->peer.counts.n_given_up++;
  write_line (self, message, status, outcome);
  end_message (self, message);
}

/* 410: the receiver is gone for good and has said so. */
static void
disable (UsWebhook *self) {
  self->is_disabled = TRUE;
  us_peer_set_failing (&self->peer, TRUE, "disabled: it answered 410, Gone");
  for (GList *l = self->messages.head, *next; l != NULL; l = next) {
    Message *message = l->data;
    next = l->next;
    if (!message->is_under_way)
      give_up (self, message, 0, "the receiver is disabled");
  }
}

static void
settle (UsWebhook *self, Message *message, const UsHttpReply *reply, const GError *error) {
  gboolean is_delivered;
  guint status = reply != NULL ? reply->status : 0;
  g_autofree char *outcome = us_peer_outcome (reply, error, &is_delivered);
  gint64 now_s = us_clock_wall_us (self->peer.clock) / G_USEC_PER_SEC;
  gint64 wait_s = us_webhook_delay_s (
      message->n_tries,
      us_webhook_retry_after_s (reply != NULL ? reply->facts->retry_after : NULL, now_s),
      g_random_double ());

  if (is_delivered) {
    self->peer.counts.n_delivered++;
    write_line (self, message, status, outcome);
    end_message (self, message);
    us_peer_set_failing (&self->peer, self->is_disabled, outcome);
    return;
  }
  self->peer.counts.n_failed++;
  if (status == 410) {
    write_line (self, message, status, "disabled");
    end_message (self, message);
    disable (self);
    return;
  }
  us_peer_set_failing (&self->peer, TRUE, outcome);
  if (wait_s < 0 || self->is_disabled) {
    give_up (self, message, status, outcome);
    return;
  }
  write_line (self, message, status, outcome);
  if (message->is_kept)
    put (self, message->id, message->type, message->incident, message->body, message->n_tries,
         message->wall_us);
  message->due_us = us_clock_monotonic_us (self->peer.clock) + wait_s * G_USEC_PER_SEC;
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data) {
  Message *message = user_data;
  UsWebhook *self = message->webhook;
  g_autoptr (GError) error = NULL;
  g_autoptr (UsHttpReply) reply
      = us_http_client_fetch_finish (US_HTTP_CLIENT (source), result, &error);
  if (self == NULL) {
    message_free (message);
    return;
  }
  message->is_under_way = FALSE;
  self->n_under_way--;
  settle (self, message, reply, error);
  send_due (self);
}

static void
post (UsWebhook *self, Message *message) {
  gint64 now_s = us_clock_wall_us (self->peer.clock) / G_USEC_PER_SEC;
  g_autofree char *timestamp = g_strdup_printf ("%" G_GINT64_FORMAT, now_s);
  g_autofree char *signature
      = self->secrets != NULL ? us_webhook_sign (self->secrets, message->id, now_s, message->body)
                              : NULL;
  const char *headers[] = { "webhook-id",
                            message->id,
                            "webhook-timestamp",
                            timestamp,
                            signature != NULL ? "webhook-signature" : NULL,
                            signature,
                            NULL };
  const UsHttpFetch fetch = { .json = message->body,
                              .headers = headers,
                              .reach = &self->peer.reach,
                              .first_byte_timeout_ms = US_DELIVERY_DEADLINE_MS,
                              .connect_timeout_ms = US_DELIVERY_DEADLINE_MS,
                              .deadline_ms = US_DELIVERY_DEADLINE_MS,
                              .max_bytes = MAX_ANSWER };
  message->n_tries++;
  message->is_under_way = TRUE;
  self->n_under_way++;
  us_http_client_fetch_async (self->peer.client, self->peer.url, &fetch, self->cancellable,
                              on_answered, message);
}

static gboolean
on_tick (gpointer user_data) {
  send_due (user_data);
  return G_SOURCE_CONTINUE;
}

static void
send_due (UsWebhook *self) {
  gint64 now_us = us_clock_monotonic_us (self->peer.clock);
  for (GList *l = self->messages.head; l != NULL && self->n_under_way < US_WEBHOOK_MAX_UNDER_WAY;
       l = l->next) {
    Message *message = l->data;
    if (!message->is_under_way && message->due_us <= now_us)
      post (self, message);
  }
  if (self->messages.length > 0)
    us_timer_start (&self->tick, US_DELIVERY_TICK_MS, "webhook tick", on_tick, self);
  else
    us_timer_stop (&self->tick);
}

UsWebhook *
us_webhook_new (const UsPeer *peer, GPtrArray *secrets) {
  UsWebhook *self = g_new0 (UsWebhook, 1);
  self->peer = *peer;
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, peer->url, -1);
  self->target = g_strndup (digest, TARGET_CHARS);
  self->secrets = secrets != NULL ? g_ptr_array_ref (secrets) : NULL;
  self->cancellable = g_cancellable_new ();
  g_queue_init (&self->messages);
  return self;
}

/**
 * us_webhook_free:
 * @self: (nullable) (transfer full)
 */
void
us_webhook_free (UsWebhook *self) {
  if (self == NULL)
    return;
  us_timer_stop (&self->tick);
  Message *message;
  while ((message = g_queue_pop_head (&self->messages)) != NULL) {
    write_line (self, message, 0,
                message->is_kept ? "kept for the next start" : "gave up: the monitor ended");
    message->webhook = NULL;
    if (!message->is_under_way)
      message_free (message);
  }
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->secrets, g_ptr_array_unref);
  us_peer_clear (&self->peer);
  g_free (self->target);
  g_free (self);
}

/* Room for one more: the oldest that is not under way goes. */
static void
make_room (UsWebhook *self) {
  for (GList *l = self->messages.head; l != NULL; l = l->next) {
    Message *message = l->data;
    if (!message->is_under_way) {
      give_up (self, message, 0, "too many are waiting");
      return;
    }
  }
}

/**
 * us_webhook_send:
 * @source: copied
 *
 * Now, and again when it fails. One that is kept goes from the store when its end has come.
 */
void
us_webhook_send (UsWebhook *self, const UsWebhookMessage *source) {
  if (self->is_disabled) {
    if (source->is_kept)
      us_store_remove_outgoing (self->peer.store, source->id);
    return;
  }
  if (self->messages.length >= US_WEBHOOK_MAX_WAITING)
    make_room (self);
  Message *message = g_new0 (Message, 1);
  message->webhook = self;
  message->id = g_strdup (source->id);
  message->type = g_strdup (source->type);
  message->incident = g_strdup (source->incident);
  message->body = g_bytes_ref (source->body);
  message->n_tries = source->n_tries;
  message->wall_us = source->wall_us;
  message->is_kept = source->is_kept;
  message->due_us = us_clock_monotonic_us (self->peer.clock);
  g_queue_push_tail (&self->messages, message);
  send_due (self);
}

const UsDeliveryCounts *
us_webhook_get_counts (const UsWebhook *self) {
  return &self->peer.counts;
}

guint
us_webhook_get_n_waiting (const UsWebhook *self) {
  return self->messages.length;
}

gboolean
us_webhook_is_disabled (const UsWebhook *self) {
  return self->is_disabled;
}
