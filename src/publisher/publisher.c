/* publisher.c - from a source's items to an RTMP client, with reconnect
 *
 * The source runs all the time, as an encoder does; while there is no server its items are dropped,
 * and publishing goes on at the next key frame. Everything on one main loop.
 */
#define US_LOG_TOPIC "publish"
#include "publisher/publisher.h"

#include "base/backoff.h"
#include "base/log.h"
#include "base/route.h"
#include "rtmp/client.h"

#define TIMEOUT_MS 5000
#define STOP_MS 2000 /* for an orderly goodbye */

static const UsBackoff reconnect = { .first_ms = 100, .step_ms = 250, .cap_ms = 5000 };

struct UsPublisher {
  char *url;
  char *shown; /* @url as people may see it */
  const UsPublisherHandler *handler;
  gpointer user_data;
  UsSource *source;
  UsRtmpClient *client; /* (nullable) */
  GSource *retry, *stop;
  GBytes *config[2]; /* audio, video: the latest */
  guint failures;
  gboolean has_video, is_ready, is_waiting_for_key, is_stopping, has_begun;
};

static void connect_now (UsPublisher *publisher);

static void
detach (GSource **source) {
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}

static GSource *
after (guint ms, const char *name, GSourceFunc callback, gpointer data) {
  GSource *source = g_timeout_source_new (ms);
  g_source_set_static_name (source, name);
  g_source_set_callback (source, callback, data, NULL);
  g_source_attach (source, g_main_context_get_thread_default ());
  return source;
}

/* Connection ------------------------------------------------------------------------------------
 */

static gboolean
on_retry (gpointer data) {
  UsPublisher *publisher = data;
  detach (&publisher->retry);
  connect_now (publisher);
  return G_SOURCE_REMOVE;
}

static void
retry_later (UsPublisher *publisher, const char *reason) {
  guint delay_ms
      = us_backoff_delay_ms (&reconnect, ++publisher->failures, g_random_double_range (-1, 1));
  g_autofree char *clean = us_route_scrub (reason, publisher->url);
  if (publisher->failures == 1)
    us_notice ("%s: %s; trying again", publisher->shown, clean);
  else
    us_info ("%s: %s; trying again in %u ms", publisher->shown, clean, delay_ms);
  publisher->retry = after (delay_ms, "publisher-retry", on_retry, publisher);
}

static void
on_ready (UsRtmpClient *client, const UsAmf0 *info, gpointer data) {
  UsPublisher *publisher = data;
  us_notice ("publishing to %s", publisher->shown);
  publisher->is_ready = TRUE;
  publisher->is_waiting_for_key = TRUE;
  publisher->failures = 0;
}

static void
on_writable (UsRtmpClient *client, gpointer data) {
}

static gboolean
on_stopped_later (gpointer data) {
  UsPublisher *publisher = data;
  detach (&publisher->stop);
  publisher->handler->stopped (publisher, publisher->user_data);
  return G_SOURCE_REMOVE;
}

static void
on_closed (UsRtmpClient *client, const GError *error, gpointer data) {
  UsPublisher *publisher = data;
  g_autofree char *reason = g_strdup (error != NULL ? error->message : "closed by the server");
  g_clear_pointer (&publisher->client, us_rtmp_client_free);
  publisher->is_ready = FALSE;
  if (publisher->is_stopping) {
    detach (&publisher->stop);
    publisher->stop = after (0, "publisher-stopped", on_stopped_later, publisher);
    return;
  }
  retry_later (publisher, reason);
}

static const UsRtmpClientHandler client_handler = { on_ready, on_writable, on_closed };

static void
connect_now (UsPublisher *publisher) {
  g_autoptr (GError) error = NULL;
  publisher->client
      = us_rtmp_client_new (publisher->url, TIMEOUT_MS, &client_handler, publisher, &error);
  if (publisher->client == NULL)
    retry_later (publisher, error->message);
}

/* Items -----------------------------------------------------------------------------------------
 */

static gboolean
send (UsPublisher *publisher, UsRtmpMessageType type, guint64 time_ms, GBytes *payload) {
  return us_rtmp_client_send (publisher->client, type, (guint32)time_ms, payload);
}

/* Begins at a key frame, with the configurations of both tracks in front. */
static gboolean
begin (UsPublisher *publisher, const UsSourceItem *item) {
  gboolean is_start = publisher->has_video ? item->type == US_RTMP_VIDEO && item->is_keyframe
                                           : item->type == US_RTMP_AUDIO;
  if (!is_start)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (publisher->config); i++) {
    UsRtmpMessageType type = i == 0 ? US_RTMP_AUDIO : US_RTMP_VIDEO;
    if (publisher->config[i] != NULL
        && !send (publisher, type, item->time_ms, publisher->config[i]))
      return FALSE;
  }
  publisher->is_waiting_for_key = FALSE;
  return TRUE;
}

static void
on_item (UsSource *source, const UsSourceItem *item, gpointer data) {
  UsPublisher *publisher = data;
  gboolean is_video = item->type == US_RTMP_VIDEO;
  publisher->has_video = publisher->has_video || is_video;
  if (item->is_config) {
    GBytes **config = &publisher->config[is_video ? 1 : 0];
    g_clear_pointer (config, g_bytes_unref);
    *config = g_bytes_ref (item->payload);
  }
  if (!publisher->has_begun && !publisher->is_stopping) {
    publisher->has_begun = TRUE;
    connect_now (publisher);
  }
  if (!publisher->is_ready || publisher->is_stopping)
    return;
  if (publisher->is_waiting_for_key && (item->is_config || !begin (publisher, item)))
    return;
  if (!send (publisher, item->type, item->time_ms, item->payload)) {
    us_warning ("%s takes data too slowly: skipping to the next key frame", publisher->shown);
    publisher->is_waiting_for_key = TRUE;
    return;
  }
  us_rtmp_client_flush (publisher->client);
}

static void
on_failed (UsSource *source, const GError *error, gpointer data) {
  UsPublisher *publisher = data;
  publisher->handler->failed (publisher, error, publisher->user_data);
}

static const UsSourceHandler source_handler = { on_item, on_failed };

/**
 * us_publisher_new:
 * @settings: copied
 * @handler: static
 * @user_data: for the handler
 * @error: when the source cannot be built
 *
 * Connects when the source has given its first item, so that a wrong file bothers no server.
 *
 * Returns: (transfer full): the publisher
 */
UsPublisher *
us_publisher_new (const UsPublisherSettings *settings, const UsPublisherHandler *handler,
                  gpointer user_data, GError **error) {
  g_autoptr (UsPublisher) publisher = g_new0 (UsPublisher, 1);
  publisher->url = g_strdup (settings->url);
  publisher->shown = us_route_for_people (settings->url);
  publisher->handler = handler;
  publisher->user_data = user_data;
  publisher->source = us_source_new (settings->file, settings->pipelines_dir, settings->pipeline,
                                     &source_handler, publisher, error);
  if (publisher->source == NULL)
    return NULL;
  return g_steal_pointer (&publisher);
}

/**
 * us_publisher_stop:
 * @publisher: the publisher
 *
 * Ends the stream in order (FCUnpublish, deleteStream); the handler's stopped() follows, at the
 * latest after two seconds.
 */
void
us_publisher_stop (UsPublisher *publisher) {
  if (publisher->is_stopping)
    return;
  gboolean has_session = publisher->client != NULL && publisher->is_ready;
  publisher->is_stopping = TRUE;
  detach (&publisher->retry);
  publisher->stop
      = after (has_session ? STOP_MS : 0, "publisher-stop", on_stopped_later, publisher);
  if (has_session)
    us_rtmp_client_finish (publisher->client);
}

/**
 * us_publisher_free:
 * @publisher: (transfer full) (nullable): the publisher
 */
void
us_publisher_free (UsPublisher *publisher) {
  if (publisher == NULL)
    return;
  detach (&publisher->retry);
  detach (&publisher->stop);
  us_source_free (publisher->source);
  us_rtmp_client_free (publisher->client);
  for (guint i = 0; i < G_N_ELEMENTS (publisher->config); i++)
    g_clear_pointer (&publisher->config[i], g_bytes_unref);
  g_free (publisher->url);
  g_free (publisher->shown);
  g_free (publisher);
}
