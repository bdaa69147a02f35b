/* outlet.c - from items to an RTMP client, with reconnect
 *
 * Owned by a publisher or a puller; everything on one main loop. While there is no server, items
 * are dropped, and publishing goes on at the next key frame.
 */
#define US_LOG_TOPIC "publish"
#include "publisher/outlet.h"

#include "base/backoff.h"
#include "base/log.h"
#include "base/route.h"
#include "base/timer.h"
#include "rtmp/client.h"

#define TIMEOUT_MS 5000
#define STOP_MS 2000 /* for an orderly goodbye */

static const UsBackoff reconnect = { .first_ms = 100, .step_ms = 250, .cap_ms = 5000 };

struct UsOutlet {
  char *url;
  char *shown; /* @url as people may see it */
  UsOutletFunc stopped;
  gpointer user_data;
  UsRtmpClient *client; /* (nullable) */
  GSource *retry, *stop;
  GBytes *config[2]; /* audio, video: the latest */
  guint failures;
  gboolean has_video, is_ready, is_waiting_for_key, is_stopping, is_resting, has_begun;
};

static void connect_now (UsOutlet *outlet);

/* Connection ------------------------------------------------------------------------------------
 */

static gboolean
on_retry (gpointer data) {
  UsOutlet *outlet = data;
  us_timer_stop (&outlet->retry);
  connect_now (outlet);
  return G_SOURCE_REMOVE;
}

static void
retry_later (UsOutlet *outlet, const char *reason) {
  guint delay_ms
      = us_backoff_delay_ms (&reconnect, ++outlet->failures, g_random_double_range (-1, 1));
  g_autofree char *clean = us_route_scrub (reason, outlet->url);
  if (outlet->failures == 1)
    us_notice ("%s: %s; trying again", outlet->shown, clean);
  else
    us_info ("%s: %s; trying again in %u ms", outlet->shown, clean, delay_ms);
  us_timer_start (&outlet->retry, delay_ms, "outlet-retry", on_retry, outlet);
}

static void
on_ready (UsRtmpClient *client, const UsAmf0 *info, gpointer data) {
  UsOutlet *outlet = data;
  us_notice ("publishing to %s", outlet->shown);
  outlet->is_ready = TRUE;
  outlet->is_waiting_for_key = TRUE;
  outlet->failures = 0;
}

static void
on_writable (UsRtmpClient *client, gpointer data) {
}

static gboolean
on_stopped_later (gpointer data) {
  UsOutlet *outlet = data;
  us_timer_stop (&outlet->stop);
  outlet->stopped (outlet, outlet->user_data);
  return G_SOURCE_REMOVE;
}

static void
on_closed (UsRtmpClient *client, const GError *error, gpointer data) {
  UsOutlet *outlet = data;
  g_autofree char *reason = g_strdup (error != NULL ? error->message : "closed by the server");
  g_clear_pointer (&outlet->client, us_rtmp_client_free);
  outlet->is_ready = FALSE;
  if (outlet->is_stopping) {
    us_timer_stop (&outlet->stop);
    us_timer_start (&outlet->stop, 0, "outlet-stopped", on_stopped_later, outlet);
    return;
  }
  if (!outlet->is_resting) {
    retry_later (outlet, reason);
    return;
  }
  outlet->is_resting = FALSE;
  if (outlet->has_begun)
    connect_now (outlet);
}

static const UsRtmpClientHandler client_handler = { on_ready, on_writable, on_closed };

static void
connect_now (UsOutlet *outlet) {
  g_autoptr (GError) error = NULL;
  outlet->client = us_rtmp_client_new (outlet->url, TIMEOUT_MS, &client_handler, outlet, &error);
  if (outlet->client == NULL)
    retry_later (outlet, error->message);
}

/* Items -----------------------------------------------------------------------------------------
 */

static gboolean
send (UsOutlet *outlet, UsRtmpMessageType type, guint64 time_ms, GBytes *payload) {
  return us_rtmp_client_send (outlet->client, type, (guint32)time_ms, payload);
}

/* Begins at a key frame, with the configurations of both tracks in front. */
static gboolean
begin (UsOutlet *outlet, const UsSourceItem *item) {
  gboolean is_start = outlet->has_video ? item->type == US_RTMP_VIDEO && item->is_keyframe
                                        : item->type == US_RTMP_AUDIO;
  if (!is_start)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (outlet->config); i++) {
    UsRtmpMessageType type = i == 0 ? US_RTMP_AUDIO : US_RTMP_VIDEO;
    if (outlet->config[i] != NULL && !send (outlet, type, item->time_ms, outlet->config[i]))
      return FALSE;
  }
  outlet->is_waiting_for_key = FALSE;
  return TRUE;
}

/**
 * us_outlet_push:
 * @outlet: the outlet
 * @item: what to send; without a server it is dropped
 */
void
us_outlet_push (UsOutlet *outlet, const UsSourceItem *item) {
  gboolean is_video = item->type == US_RTMP_VIDEO;
  outlet->has_video = outlet->has_video || is_video;
  if (item->is_config) {
    GBytes **config = &outlet->config[is_video ? 1 : 0];
    g_clear_pointer (config, g_bytes_unref);
    *config = g_bytes_ref (item->payload);
  }
  if (!outlet->has_begun && !outlet->is_stopping) {
    outlet->has_begun = TRUE;
    if (!outlet->is_resting)
      connect_now (outlet);
  }
  if (!outlet->is_ready || outlet->is_stopping || outlet->is_resting)
    return;
  if (outlet->is_waiting_for_key && (item->is_config || !begin (outlet, item)))
    return;
  if (!send (outlet, item->type, item->time_ms, item->payload)) {
    us_warning ("%s takes data too slowly: skipping to the next key frame", outlet->shown);
    outlet->is_waiting_for_key = TRUE;
    return;
  }
  us_rtmp_client_flush (outlet->client);
}

/**
 * us_outlet_new:
 * @url: rtmp[s]://host[:port]/app[/key]
 * @stopped: called after us_outlet_stop()
 * @user_data: for @stopped
 *
 * Returns: (transfer full): an outlet that waits for its first item
 */
UsOutlet *
us_outlet_new (const char *url, UsOutletFunc stopped, gpointer user_data) {
  UsOutlet *outlet = g_new0 (UsOutlet, 1);
  outlet->url = g_strdup (url);
  outlet->shown = us_route_for_people (url);
  outlet->stopped = stopped;
  outlet->user_data = user_data;
  return outlet;
}

static void
forget_config (UsOutlet *outlet) {
  for (guint i = 0; i < G_N_ELEMENTS (outlet->config); i++)
    g_clear_pointer (&outlet->config[i], g_bytes_unref);
}

/**
 * us_outlet_rest:
 * @outlet: the outlet
 *
 * The items have ended for now: the publish ends in order. The next item, of another source
 * perhaps, begins a new one.
 */
void
us_outlet_rest (UsOutlet *outlet) {
  if (outlet->is_stopping)
    return;
  us_timer_stop (&outlet->retry);
  forget_config (outlet);
  outlet->has_video = outlet->has_begun = FALSE;
  outlet->failures = 0;
  if (outlet->client == NULL || outlet->is_resting)
    return;
  outlet->is_resting = TRUE;
  us_rtmp_client_finish (outlet->client);
}

/**
 * us_outlet_stop:
 * @outlet: the outlet
 *
 * Ends the stream in order (FCUnpublish, deleteStream); stopped() follows, at the latest after two
 * seconds.
 */
void
us_outlet_stop (UsOutlet *outlet) {
  if (outlet->is_stopping)
    return;
  gboolean has_session = outlet->client != NULL && outlet->is_ready;
  outlet->is_stopping = TRUE;
  us_timer_stop (&outlet->retry);
  us_timer_start (&outlet->stop, has_session ? STOP_MS : 0, "outlet-stop", on_stopped_later,
                  outlet);
  if (has_session)
    us_rtmp_client_finish (outlet->client);
}

/**
 * us_outlet_free:
 * @outlet: (transfer full) (nullable): the outlet; closes at once
 */
void
us_outlet_free (UsOutlet *outlet) {
  if (outlet == NULL)
    return;
  us_timer_stop (&outlet->retry);
  us_timer_stop (&outlet->stop);
  us_rtmp_client_free (outlet->client);
  forget_config (outlet);
  g_free (outlet->url);
  g_free (outlet->shown);
  g_free (outlet);
}
