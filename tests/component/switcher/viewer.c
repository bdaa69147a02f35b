/* viewer.c - a viewer that checks what a server may and may not do to its playlist
 *
 * The rules are those of RFC 8216 6.2.1 and 6.2.2 that bind a live server. */
#include "viewer.h"

#include <string.h>

#define WATCHDOG_S 30

UsViewer *
us_viewer_new (guint16 port, const char *folder) {
  UsViewer *viewer = g_new0 (UsViewer, 1);
  viewer->client = us_http_client_new ("viewer/1");
  viewer->base = g_strdup_printf ("http://127.0.0.1:%u/hls/%s", port, folder);
  viewer->name = "index.m3u8";
  viewer->uris = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, g_free);
  viewer->bytes
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
  return viewer;
}

void
us_viewer_free (UsViewer *viewer) {
  g_object_unref (viewer->client);
  g_hash_table_unref (viewer->uris);
  g_hash_table_unref (viewer->bytes);
  g_clear_pointer (&viewer->playlist, us_playlist_free);
  g_free (viewer->base);
  g_free (viewer);
}

static gboolean
on_watchdog (gpointer user_data) {
  g_error ("nothing happened for %d s", WATCHDOG_S);
  return G_SOURCE_REMOVE;
}

void
us_viewer_wait (gboolean *flag) {
  guint watchdog = g_timeout_add_seconds (WATCHDOG_S, on_watchdog, NULL);
  while (!*flag)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (watchdog);
}

static gboolean
on_passed (gpointer user_data) {
  *(gboolean *)user_data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Lets real time go by, where the passing of time is what is tested. */
void
us_viewer_pass (guint ms) {
  gboolean has_passed = FALSE;
  g_timeout_add (ms, on_passed, &has_passed);
  us_viewer_wait (&has_passed);
}

typedef struct {
  UsHttpReply *reply;
  GError *error;
  gboolean is_done;
} Get;

static void
on_got (GObject *source, GAsyncResult *result, gpointer user_data) {
  Get *get = user_data;
  get->reply = us_http_client_fetch_finish (US_HTTP_CLIENT (source), result, &get->error);
  get->is_done = TRUE;
}

static UsHttpReply *
ask (UsViewer *viewer, const char *uri, GBytes *json) {
  Get get = { 0 };
  g_autofree char *url = g_uri_resolve_relative (viewer->base, uri, G_URI_FLAGS_ENCODED, NULL);
  UsHttpFetch fetch = { .json = json, .first_byte_timeout_ms = 20000, .deadline_ms = 25000 };
  us_http_client_fetch_async (viewer->client, url, &fetch, NULL, on_got, &get);
  us_viewer_wait (&get.is_done);
  g_assert_no_error (get.error);
  return get.reply;
}

UsHttpReply *
us_viewer_get (UsViewer *viewer, const char *uri) {
  return ask (viewer, uri, NULL);
}

UsHttpReply *
us_viewer_post (UsViewer *viewer, const char *uri, const char *json) {
  g_autoptr (GBytes) body = g_bytes_new (json, strlen (json));
  return ask (viewer, uri, body);
}

static void
check_against (UsViewer *viewer, UsPlaylist *now) {
  const UsPlaylist *before = viewer->playlist;
  g_assert_cmpuint (now->segments->len, >, 0);
  g_assert_false (now->is_ended);
  const UsPlaylistSegment *last = g_ptr_array_index (now->segments, now->segments->len - 1);
  g_assert_cmpuint (last->number, >=, viewer->newest);
  viewer->newest = last->number;
  if (before == NULL)
    return;
  g_assert_cmpuint (now->media_sequence, >=, before->media_sequence);
  g_assert_cmpuint (now->discontinuity_sequence, >=, before->discontinuity_sequence);
  g_assert_cmpuint (now->target_duration_s, ==, before->target_duration_s);
  for (guint i = 0; i < before->segments->len; i++) {
    const UsPlaylistSegment *was = g_ptr_array_index (before->segments, i);
    if (was->number < now->media_sequence)
      continue;
    const UsPlaylistSegment *is
        = g_ptr_array_index (now->segments, was->number - now->media_sequence);
    g_assert_cmpstr (is->uri, ==, was->uri);
    g_assert_cmpuint (is->discontinuity, ==, was->discontinuity);
    g_assert_cmpint (is->duration_us, ==, was->duration_us);
    g_assert_cmpint (is->wall_ms, ==, was->wall_ms);
    g_assert_cmpint (is->is_gap, ==, was->is_gap);
  }
}

static void
check_segment (UsViewer *viewer, const UsPlaylistSegment *segment) {
  const char *known = g_hash_table_lookup (viewer->uris, &segment->number);
  if (known != NULL) {
    g_assert_cmpstr (known, ==, segment->uri);
  } else {
    gint64 *number = g_new (gint64, 1);
    *number = (gint64)segment->number;
    /* one URI never means two segments */
    g_assert_false (g_hash_table_contains (viewer->bytes, segment->uri));
    g_hash_table_insert (viewer->uris, number, g_strdup (segment->uri));
  }
  g_autoptr (UsHttpReply) reply = us_viewer_get (viewer, segment->uri);
  g_assert_cmpuint (reply->status, ==, 200);
  g_assert_cmpuint (g_bytes_get_size (reply->body), >, 0);
  GBytes *bytes = g_hash_table_lookup (viewer->bytes, segment->uri);
  if (bytes != NULL)
    g_assert_true (g_bytes_equal (bytes, reply->body));
  else
    g_hash_table_insert (viewer->bytes, g_strdup (segment->uri), g_bytes_ref (reply->body));
}

void
us_viewer_look (UsViewer *viewer) {
  g_autoptr (GError) error = NULL;
  g_autoptr (UsHttpReply) reply = us_viewer_get (viewer, viewer->name);
  g_assert_cmpuint (reply->status, ==, 200);
  gsize size;
  const char *text = g_bytes_get_data (reply->body, &size);
  UsPlaylist *now = us_playlist_parse (text, size, &error);
  g_assert_no_error (error);
  check_against (viewer, now);
  g_clear_pointer (&viewer->playlist, us_playlist_free);
  viewer->playlist = now;
  for (guint i = 0; i < now->segments->len; i++)
    check_segment (viewer, g_ptr_array_index (now->segments, i));
}

gboolean
us_viewer_lists (UsViewer *viewer, const char *uri) {
  for (guint i = 0; viewer->playlist != NULL && i < viewer->playlist->segments->len; i++) {
    const UsPlaylistSegment *segment = g_ptr_array_index (viewer->playlist->segments, i);
    if (strcmp (segment->uri, uri) == 0)
      return TRUE;
  }
  return FALSE;
}

void
us_viewer_await (UsViewer *viewer, const char *uri) {
  gint64 begun_us = g_get_monotonic_time ();
  while (!us_viewer_lists (viewer, uri)) {
    g_assert_cmpint (g_get_monotonic_time () - begun_us, <, WATCHDOG_S * G_USEC_PER_SEC);
    us_viewer_look (viewer);
  }
}
