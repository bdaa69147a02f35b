/* webhook.h - one receiver of signed webhooks: a bounded queue, retries, a log */
#pragma once

#include "incident/delivery.h"

G_BEGIN_DECLS

#define US_WEBHOOK_MAX_WAITING 256
#define US_WEBHOOK_MAX_UNDER_WAY 4
/* A message that was kept for so long is told to nobody: all its tries would have been made. */
#define US_WEBHOOK_MAX_AGE_US (4 * 24 * 3600 * (gint64)G_USEC_PER_SEC)

typedef struct UsWebhook UsWebhook;

/* UsWebhookMessage: @id: webhook-id, the same on every try, over restarts too; @n_tries: up to now;
 * @is_kept: it is in the store until it is delivered or given up. */
typedef struct {
  const char *id, *type, *incident; /* the last: nullable */
  GBytes *body;                     /* JSON */
  guint n_tries;
  gint64 wall_us; /* when it was to be told first */
  gboolean is_kept;
} UsWebhookMessage;

/* @peer: (transfer full): its contents; @secrets: (nullable) (element-type GBytes): unsigned */
UsWebhook *us_webhook_new (const UsPeer *peer, GPtrArray *secrets);
void us_webhook_free (UsWebhook *webhook);
/* Puts a message into the store, where it outlives us: to be sent, and sent on after a restart. */
void us_webhook_keep (UsWebhook *webhook, const UsWebhookMessage *message);
/* Returns: whether it was kept by this receiver's name */
gboolean us_webhook_is_target (const UsWebhook *webhook, const char *target);
void us_webhook_send (UsWebhook *webhook, const UsWebhookMessage *message);
const UsDeliveryCounts *us_webhook_get_counts (const UsWebhook *webhook);
guint us_webhook_get_n_waiting (const UsWebhook *webhook);
gboolean us_webhook_is_disabled (const UsWebhook *webhook);

G_END_DECLS
