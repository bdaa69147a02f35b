/* delivery.c - what a webhook and an Alertmanager have in common: a peer, a log, one request
 *
 * Part of the notifier, in its main loop. The URL of a webhook is a secret as often as not (chat
 * services put it into the path), so only host and port are ever written anywhere.
 */
#include "incident/delivery.h"

#include "base/names.h"
#include "incident/webhook-signature.h"

#include <string.h>

#define US_LOG_TOPIC "notifier"
#include "base/log.h"

#define MAX_URL 2048

static char *
name_of (GUri *uri) {
  const char *host = g_uri_get_host (uri);
  gboolean is_v6 = strchr (host, ':') != NULL;
  g_autofree char *port
      = g_uri_get_port (uri) > 0 ? g_strdup_printf (":%d", g_uri_get_port (uri)) : g_strdup ("");
  return g_strdup_printf ("%s://%s%s%s%s", g_uri_get_scheme (uri), is_v6 ? "[" : "", host,
                          is_v6 ? "]" : "", port);
}

/**
 * us_peer_init:
 * @peer: (inout): client, reach, store and clock are the caller's to set
 * @channel: static
 * @path: added to @url; "": nothing
 *
 * Returns: %FALSE when @url is not a URL of http or https without user and password
 */
gboolean
us_peer_init (UsPeer *peer, const char *channel, const char *url, const char *path,
              GError **error) {
  g_autoptr (GUri) uri
      = strlen (url) <= MAX_URL ? g_uri_parse (url, G_URI_FLAGS_HAS_PASSWORD, NULL) : NULL;
  const char *scheme = uri != NULL ? g_uri_get_scheme (uri) : "";
  gboolean is_http = strcmp (scheme, "http") == 0 || strcmp (scheme, "https") == 0;
  if (!is_http || g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0'
      || g_uri_get_user (uri) != NULL) {
    g_set_error (error, US_WEBHOOK_ERROR, US_WEBHOOK_ERROR_URL,
                 "the URL of the %s is not http://... or https://... without user and password",
                 channel);
    return FALSE;
  }
  gsize n = strlen (url);
  while (*path != '\0' && n > 0 && url[n - 1] == '/')
    n--;
  peer->channel = channel;
  peer->url = g_strdup_printf ("%.*s%s", (int)n, url, path);
  peer->name = name_of (uri);
  return TRUE;
}

void
us_peer_clear (UsPeer *peer) {
  g_clear_pointer (&peer->url, g_free);
  g_clear_pointer (&peer->name, g_free);
  g_clear_object (&peer->client);
}

void
us_peer_log (UsPeer *peer, const UsPeerLine *line) {
  const UsDeliveryRow row = { .message = (char *)line->message,
                              .channel = (char *)peer->channel,
                              .target = peer->name,
                              .event = (char *)line->event,
                              .incident = (char *)line->incident,
                              .attempt = line->attempt,
                              .status = line->status,
                              .outcome = (char *)line->outcome,
                              .wall_us = us_clock_wall_us (peer->clock) };
  us_store_add_delivery (peer->store, &row);
}

/**
 * us_peer_outcome:
 * @reply: (nullable)
 * @error: (nullable): when there is no @reply
 * @is_delivered: (out): 2xx
 *
 * Returns: (transfer full): for the log of deliveries
 */
char *
us_peer_outcome (const UsHttpReply *reply, const GError *error, gboolean *is_delivered) {
  *is_delivered = reply != NULL && reply->status >= 200 && reply->status < 300;
  if (*is_delivered)
    return g_strdup ("delivered");
  return reply != NULL ? g_strdup_printf ("failed: status %u", reply->status)
                       : g_strdup_printf ("failed: %s", us_http_error_word (error));
}

/* One line when it begins, one when it ends. */
void
us_peer_set_failing (UsPeer *peer, gboolean is_failing, const char *outcome) {
  if (is_failing == peer->is_failing)
    return;
  peer->is_failing = is_failing;
  if (is_failing)
    us_event (US_LOG_WARNING, US_EVENT_NOTIFICATION, "%s %s: %s", peer->channel, peer->name,
              outcome);
  else
    us_event (US_LOG_NOTICE, US_EVENT_NOTIFICATION, "%s %s takes what it is sent again",
              peer->channel, peer->name);
}
