/* webhook.h - one receiver of signed webhooks: a bounded queue, retries, a log */
#pragma once

#include "incident/delivery.h"

G_BEGIN_DECLS

#define US_WEBHOOK_MAX_WAITING 256
#define US_WEBHOOK_MAX_UNDER_WAY 4

typedef struct UsWebhook UsWebhook;

/* @peer: (transfer full): its contents; @secrets: (nullable) (element-type GBytes): unsigned */
UsWebhook *us_webhook_new (const UsPeer *peer, GPtrArray *secrets);
void us_webhook_free (UsWebhook *webhook);
/* @id: webhook-id, the same on every try */
void us_webhook_send (UsWebhook *webhook, const char *id, const char *type, const char *incident,
                      GBytes *body);
const UsDeliveryCounts *us_webhook_get_counts (const UsWebhook *webhook);
guint us_webhook_get_n_waiting (const UsWebhook *webhook);
gboolean us_webhook_is_disabled (const UsWebhook *webhook);

G_END_DECLS
