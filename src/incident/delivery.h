/* delivery.h - what a webhook and an Alertmanager have in common: a peer, a log, one request */
#pragma once

#include "base/clock.h"
#include "http/client.h"
#include "store/store.h"

G_BEGIN_DECLS

#define US_DELIVERY_DEADLINE_MS 10000
#define US_DELIVERY_TICK_MS 200 /* how often due times are looked at */

typedef struct {
  guint64 n_delivered, n_failed, n_given_up;
} UsDeliveryCounts;

/* UsPeer: one address that is told. Its URL may hold a secret: @name is for logs. */
typedef struct {
  const char *channel; /* static: "webhook", "alertmanager" */
  char *url, *name;    /* "https://host:port" */
  UsHttpClient *client;
  UsHttpReach reach;
  UsStore *store;
  const UsClock *clock;
  UsDeliveryCounts counts;
  gboolean is_failing; /* and the log says so */
} UsPeer;

/* UsPeerLine: of the log of deliveries. */
typedef struct {
  const char *message, *event, *incident;
  guint attempt, status;
  const char *outcome;
} UsPeerLine;

gboolean us_peer_init (UsPeer *peer, const char *channel, const char *url, const char *path,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_peer_clear (UsPeer *peer);
void us_peer_log (UsPeer *peer, const UsPeerLine *line);
char *us_peer_outcome (const UsHttpReply *reply, const GError *error, gboolean *is_delivered);
void us_peer_set_failing (UsPeer *peer, gboolean is_failing, const char *outcome);

G_END_DECLS
