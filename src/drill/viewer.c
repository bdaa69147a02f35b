/* viewer.c - two loops over HTTP: the playlist, and the segments it lists, one after the other
 *
 * The playlist is reloaded as RFC 8216 6.3.4 says: with a blocking request for the next segment
 * where that is offered, else one target duration after the last change and half of one after a
 * reload that brought nothing. Of a multivariant playlist the first variant is played. Everything
 * is told to the books (account.c); nothing counts before the stream has played for the first time.
 *
 * On the main context of the thread that made it. us_viewer_free() cancels what is under way and
 * waits until it has ended.
 */
#define US_LOG_TOPIC "drill.viewer"
#include "drill/viewer.h"

#include <string.h>

#include "base/log.h"
#include "base/timer.h"
#include "drill/pictures.h"
#include "http/client.h"

#define REQUEST_LIMIT_MS 10000 /* a player gives up about here */
#define RETRY_MS 200
#define START_SEGMENTS 3
#define MAX_TRIES 2

struct UsViewer {
  const UsViewerHandler *handler;
  gpointer user_data;
  UsHttpClient *client;
  GCancellable *cancellable;
  UsAccount *account;
  char *url;    /* of the media playlist; first of what was given */
  GBytes *text; /* nullable: the last playlist */
  GSource *reload, *fetch_again;
  gboolean can_block, has_started, is_fetching;
  guint64 next_number; /* to ask for when blocking */
  gint64 target_us;
  gint64 asked_us;
  guint n_tries, n_pending;
  guint64 fetching;   /* number of the segment under way */
  char *fetching_url; /* nullable: of it */
  char *init_url;     /* nullable: of @init */
  GBytes *init;
  GBytes *last_segment; /* nullable */
};

static void reload_now (UsViewer *viewer);
static void fetch_next (UsViewer *viewer);

static gboolean
on_reload (gpointer data) {
  UsViewer *viewer = data;
  us_timer_stop (&viewer->reload);
  reload_now (viewer);
  return G_SOURCE_REMOVE;
}

static void
tell (UsViewer *viewer, const char *url, const UsHttpReply *reply, gint64 begun_us,
      const GError *error) {
  gboolean is_good = reply != NULL && reply->status >= 200 && reply->status < 300;
  UsViewerRequest request = { .url = url,
                              .status = reply != NULL ? reply->status : 0,
                              .size = reply != NULL ? g_bytes_get_size (reply->body) : 0,
                              .begun_us = begun_us,
                              .took_us = g_get_monotonic_time () - begun_us,
                              .error = error != NULL ? error->message : NULL };
  if (!is_good && viewer->has_started)
    us_account_failure (viewer->account, g_get_monotonic_time ());
  if (viewer->handler->request != NULL)
    viewer->handler->request (viewer, &request, viewer->user_data);
}

static void
get (UsViewer *viewer, const char *url, GAsyncReadyCallback callback) {
  UsHttpFetch fetch = { .connect_timeout_ms = REQUEST_LIMIT_MS,
                        .first_byte_timeout_ms = REQUEST_LIMIT_MS,
                        .deadline_ms = REQUEST_LIMIT_MS };
  viewer->n_pending++;
  us_http_client_fetch_async (viewer->client, url, &fetch, viewer->cancellable, callback, viewer);
}

static gboolean
is_over (const UsViewer *viewer) {
  return g_cancellable_is_cancelled (viewer->cancellable);
}

static char *
resolve (const UsViewer *viewer, const char *uri) {
  return g_uri_resolve_relative (viewer->url, uri, G_URI_FLAGS_ENCODED, NULL);
}

/* ---- segments ---- */

static gboolean
on_fetch_again (gpointer data) {
  UsViewer *viewer = data;
  us_timer_stop (&viewer->fetch_again);
  fetch_next (viewer);
  return G_SOURCE_REMOVE;
}

static void
take_segment (UsViewer *viewer, GBytes *bytes) {
  UsPictures pictures;
  g_autoptr (GError) error = NULL;
  gint64 now_us = g_get_monotonic_time ();
  gboolean is_read = us_pictures_read (bytes, viewer->init, &pictures, &error);
  if (!is_read)
    us_account_violate (viewer->account, now_us, "segment %" G_GUINT64_FORMAT ": %s",
                        viewer->fetching, error->message);
  us_account_fetched (viewer->account, viewer->fetching, is_read ? &pictures : NULL, now_us);
  g_clear_pointer (&viewer->last_segment, g_bytes_unref);
  viewer->last_segment = g_bytes_ref (bytes);
  viewer->n_tries = 0;
}

static void
on_segment (GObject *source, GAsyncResult *result, gpointer data) {
  UsViewer *viewer = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (UsHttpReply) reply
      = us_http_client_fetch_finish (US_HTTP_CLIENT (source), result, &error);
  g_autofree char *url = g_steal_pointer (&viewer->fetching_url);
  viewer->n_pending--;
  viewer->is_fetching = FALSE;
  if (is_over (viewer))
    return;
  tell (viewer, url, reply, viewer->asked_us, error);
  if (reply != NULL && reply->status == 200) {
    take_segment (viewer, reply->body);
  } else if (++viewer->n_tries < MAX_TRIES) {
    us_timer_start (&viewer->fetch_again, RETRY_MS, "drill-viewer-retry", on_fetch_again, viewer);
    return;
  } else {
    us_account_lost (viewer->account, viewer->fetching, g_get_monotonic_time ());
    viewer->n_tries = 0;
  }
  fetch_next (viewer);
}

static void
on_init (GObject *source, GAsyncResult *result, gpointer data) {
  UsViewer *viewer = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (UsHttpReply) reply
      = us_http_client_fetch_finish (US_HTTP_CLIENT (source), result, &error);
  viewer->n_pending--;
  viewer->is_fetching = FALSE;
  if (is_over (viewer))
    return;
  tell (viewer, viewer->init_url, reply, viewer->asked_us, error);
  if (reply != NULL && reply->status == 200)
    viewer->init = g_bytes_ref (reply->body);
  else
    g_clear_pointer (&viewer->init_url, g_free);
  us_timer_start (&viewer->fetch_again, viewer->init != NULL ? 0 : RETRY_MS, "drill-viewer-retry",
                  on_fetch_again, viewer);
}

static void
fetch_next (UsViewer *viewer) {
  const char *uri, *map_uri;
  guint64 number;
  if (viewer->is_fetching || viewer->fetch_again != NULL
      || !us_account_next (viewer->account, &number, &uri, &map_uri))
    return;
  g_autofree char *url = resolve (viewer, uri);
  g_autofree char *map_url = map_uri != NULL ? resolve (viewer, map_uri) : NULL;
  if (url == NULL) {
    us_account_violate (viewer->account, g_get_monotonic_time (), "'%.200s' is no URI", uri);
    us_account_lost (viewer->account, number, g_get_monotonic_time ());
    return;
  }
  viewer->is_fetching = TRUE;
  viewer->asked_us = g_get_monotonic_time ();
  if (map_url != NULL && g_strcmp0 (map_url, viewer->init_url) != 0) {
    g_clear_pointer (&viewer->init, g_bytes_unref);
    g_free (viewer->init_url);
    viewer->init_url = g_steal_pointer (&map_url);
    get (viewer, viewer->init_url, on_init);
    return;
  }
  viewer->fetching = number;
  get (viewer, url, on_segment);
  viewer->fetching_url = g_steal_pointer (&url);
}

/* ---- the playlist ---- */

typedef struct {
  UsViewer *viewer;
  char *url;
  gint64 begun_us;
  gboolean is_blocking;
} Reload;

static void
reload_free (Reload *reload) {
  g_free (reload->url);
  g_free (reload);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reload, reload_free)

static void
reload_after (UsViewer *viewer, gint64 begun_us, gint64 wait_us) {
  gint64 left_us = begun_us + wait_us - g_get_monotonic_time ();
  us_timer_start (&viewer->reload, (guint)(MAX (left_us, 0) / 1000), "drill-viewer-reload",
                  on_reload, viewer);
}

static gboolean
follow_variant (UsViewer *viewer, const UsPlaylist *playlist) {
  if (playlist->variants->len == 0)
    return FALSE;
  const UsPlaylistVariant *variant = playlist->variants->pdata[0];
  char *url = resolve (viewer, variant->uri);
  if (url == NULL || strcmp (url, viewer->url) == 0) {
    g_free (url);
    return FALSE;
  }
  g_free (viewer->url);
  viewer->url = url;
  reload_after (viewer, 0, 0);
  return TRUE;
}

/* Returns: whether it is another playlist than before */
static gboolean
take_playlist (UsViewer *viewer, GBytes *body, gint64 now_us) {
  g_autoptr (GError) error = NULL;
  gsize size;
  const char *text = g_bytes_get_data (body, &size);
  if (viewer->text != NULL && g_bytes_equal (viewer->text, body))
    return FALSE;
  g_autoptr (UsPlaylist) playlist = us_playlist_parse (text, size, &error);
  if (playlist == NULL) {
    if (viewer->has_started)
      us_account_violate (viewer->account, now_us, "the playlist cannot be read: %s",
                          error->message);
    return FALSE;
  }
  if (follow_variant (viewer, playlist))
    return TRUE;
  if (!viewer->has_started && playlist->segments->len < START_SEGMENTS)
    return FALSE;
  viewer->has_started = TRUE;
  g_clear_pointer (&viewer->text, g_bytes_unref);
  viewer->text = g_bytes_ref (body);
  viewer->can_block = playlist->can_block_reload;
  viewer->next_number = playlist->media_sequence + playlist->segments->len;
  viewer->target_us = (gint64)playlist->target_duration_s * G_USEC_PER_SEC;
  us_account_playlist (viewer->account, playlist, now_us);
  if (viewer->handler->playlist != NULL)
    viewer->handler->playlist (viewer, body, viewer->user_data);
  return TRUE;
}

static void
on_playlist (GObject *source, GAsyncResult *result, gpointer data) {
  g_autoptr (Reload) reload = data;
  UsViewer *viewer = reload->viewer;
  g_autoptr (GError) error = NULL;
  g_autoptr (UsHttpReply) reply
      = us_http_client_fetch_finish (US_HTTP_CLIENT (source), result, &error);
  viewer->n_pending--;
  if (is_over (viewer))
    return;
  gint64 now_us = g_get_monotonic_time ();
  gint64 target_us = viewer->target_us > 0 ? viewer->target_us : G_USEC_PER_SEC;
  tell (viewer, reload->url, reply, reload->begun_us, error);
  gboolean is_new
      = reply != NULL && reply->status == 200 && take_playlist (viewer, reply->body, now_us);
  if (viewer->reload != NULL)
    return; /* another playlist comes first */
  if (!viewer->has_started)
    reload_after (viewer, now_us, RETRY_MS * 1000);
  else if (is_new && viewer->can_block)
    reload_now (viewer);
  else
    reload_after (viewer, reload->begun_us, is_new ? target_us : target_us / 2);
  fetch_next (viewer);
}

static void
reload_now (UsViewer *viewer) {
  Reload *reload = g_new0 (Reload, 1);
  UsHttpFetch fetch = { .connect_timeout_ms = REQUEST_LIMIT_MS,
                        .first_byte_timeout_ms = REQUEST_LIMIT_MS,
                        .deadline_ms = REQUEST_LIMIT_MS,
                        .max_bytes = US_PLAYLIST_MAX_BYTES };
  reload->viewer = viewer;
  reload->begun_us = g_get_monotonic_time ();
  reload->is_blocking = viewer->can_block && strchr (viewer->url, '?') == NULL;
  reload->url = reload->is_blocking ? g_strdup_printf ("%s?_HLS_msn=%" G_GUINT64_FORMAT,
                                                       viewer->url, viewer->next_number)
                                    : g_strdup (viewer->url);
  viewer->n_pending++;
  us_http_client_fetch_async (viewer->client, reload->url, &fetch, viewer->cancellable, on_playlist,
                              reload);
}

/* ---- life ---- */

/**
 * us_viewer_new:
 * @url: of the playlist
 * @handler: static, hears of every request
 * @user_data: for @handler
 *
 * Returns: (transfer full): a viewer that begins with the next turn of the loop and waits for as
 *   long as it takes until there is something to play
 */
UsViewer *
us_viewer_new (const char *url, const UsViewerHandler *handler, gpointer user_data) {
  UsViewer *viewer = g_new0 (UsViewer, 1);
  viewer->handler = handler;
  viewer->user_data = user_data;
  viewer->url = g_strdup (url);
  viewer->client = us_http_client_new ("understudy-drill");
  viewer->cancellable = g_cancellable_new ();
  viewer->account = us_account_new ();
  reload_after (viewer, 0, 0);
  return viewer;
}

/**
 * us_viewer_get_account:
 *
 * Returns: (transfer none): its books
 */
UsAccount *
us_viewer_get_account (UsViewer *viewer) {
  return viewer->account;
}

/**
 * us_viewer_get_last_segment:
 * @init: (out) (transfer none) (nullable): its initialisation section
 *
 * Returns: (transfer none) (nullable): the newest segment fetched
 */
GBytes *
us_viewer_get_last_segment (UsViewer *viewer, GBytes **init) {
  *init = viewer->init;
  return viewer->last_segment;
}

/**
 * us_viewer_is_playing:
 *
 * Returns: whether a segment was fetched
 */
gboolean
us_viewer_is_playing (const UsViewer *viewer) {
  return viewer->last_segment != NULL;
}

/**
 * us_viewer_free:
 * @viewer: (transfer full) (nullable): a viewer
 */
void
us_viewer_free (UsViewer *viewer) {
  if (viewer == NULL)
    return;
  us_timer_stop (&viewer->reload);
  us_timer_stop (&viewer->fetch_again);
  g_cancellable_cancel (viewer->cancellable);
  while (viewer->n_pending > 0)
    g_main_context_iteration (g_main_context_get_thread_default (), TRUE);
  us_account_free (viewer->account);
  g_clear_object (&viewer->client);
  g_clear_object (&viewer->cancellable);
  g_clear_pointer (&viewer->text, g_bytes_unref);
  g_clear_pointer (&viewer->init, g_bytes_unref);
  g_clear_pointer (&viewer->last_segment, g_bytes_unref);
  g_free (viewer->fetching_url);
  g_free (viewer->init_url);
  g_free (viewer->url);
  g_free (viewer);
}
