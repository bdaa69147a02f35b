/* directory.c - follows playlists in a folder and serves them, with their segments, from memory
 *
 * A request never turns into a file name: only files that a playlist in the folder lists are read,
 * by the scan, and requests are answered from the published site. A new playlist is taken over
 * only when every segment it lists could be read, so what is listed can always be served
 * (RFC 8216 6.2.1), also when the writer lists a segment before it is complete on disk.
 *
 * Layout: ROOT/<playlist>.m3u8 belongs to the default stream, ROOT/<stream>/<playlist>.m3u8 to
 * <stream>. Multivariant playlists are served as they are; their variants are found by the same
 * rule. Main loop only; the folder is polled, since inotify misses network file systems.
 */
#include "packager/directory.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#define US_LOG_TOPIC "packager.directory"
#include "base/log.h"
#include "base/names.h"
#include "hls/playlist.h"
#include "hls/segment.h"
#include "packager/verdict.h"

#define MAX_SEGMENT_BYTES (64 * 1024 * 1024)
#define MAX_PLAYLISTS 256

typedef struct {
  char *stream;
  char *playlist_name;
  char *path;
  GBytes *text;         /* as last taken over */
  GHashTable *segments; /* name to UsSegment, all that must answer */
  GQueue leaving;       /* names not listed any more, oldest first */
  guint64 last_number;
  guint n_listed;
  guint target_duration_s;
  gint64 advanced_us;
  gboolean is_live;
  gboolean was_seen; /* in this scan */
  UsVerdict verdict;
  char *complaint; /* (nullable) last problem logged, so that it is logged once */
} Followed;

struct UsDirectory {
  UsOrigin *origin;
  char *root;
  char *default_stream;
  gboolean has_self_verdict;
  GHashTable *followed; /* path to Followed */
  GSource *poll;
};

static void
followed_free (gpointer data) {
  Followed *followed = data;
  g_clear_pointer (&followed->text, g_bytes_unref);
  g_hash_table_unref (followed->segments);
  g_queue_clear_full (&followed->leaving, g_free);
  g_free (followed->stream);
  g_free (followed->playlist_name);
  g_free (followed->path);
  g_free (followed->complaint);
  g_free (followed);
}

static void
complain (Followed *followed, const char *text) {
  if (g_strcmp0 (followed->complaint, text) == 0)
    return;
  if (text != NULL)
    us_warning ("%s: %s", followed->path, text);
  g_free (followed->complaint);
  followed->complaint = g_strdup (text);
}

/* Only plain names inside the playlist's own folder: no scheme, no folder, no query. */
static gboolean
is_plain_name (const char *uri) {
  return *uri != '\0' && *uri != '.' && strpbrk (uri, "/\\:?#%") == NULL;
}

static UsSegment *
read_segment (const Followed *followed, const UsPlaylistSegment *row, const char *uri,
              GError **error) {
  g_autofree char *folder = g_path_get_dirname (followed->path);
  g_autofree char *path = g_build_filename (folder, uri, NULL);
  GStatBuf info;
  if (g_stat (path, &info) != 0 || !S_ISREG (info.st_mode) || info.st_size == 0
      || info.st_size > MAX_SEGMENT_BYTES) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 "lists '%s', which is no file of 1 to %d bytes", uri, MAX_SEGMENT_BYTES);
    return NULL;
  }
  char *data = NULL;
  gsize size = 0;
  if (!g_file_get_contents (path, &data, &size, error))
    return NULL;
  g_autoptr (GBytes) bytes = g_bytes_new_take (data, size);
  UsSegment *segment = us_segment_new (0, row->number, uri, bytes);
  segment->duration_us = row->duration_us;
  return segment;
}

/* Reads what @row needs and is not held yet into @fresh. */
static gboolean
gather (Followed *followed, const UsPlaylistSegment *row, GHashTable *fresh, GError **error) {
  const char *uris[] = { row->uri, row->map_uri };
  for (guint i = 0; i < G_N_ELEMENTS (uris); i++) {
    if (uris[i] == NULL || g_hash_table_contains (fresh, uris[i]) || row->is_gap)
      continue;
    if (!is_plain_name (uris[i])) {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME,
                   "lists '%.80s'; only files beside the playlist are served", uris[i]);
      return FALSE;
    }
    UsSegment *segment = g_hash_table_lookup (followed->segments, uris[i]);
    /* A packager that restarted writes other bytes under a name it has used before. */
    if (segment != NULL && i == 0 && segment->number != row->number)
      segment = NULL;
    segment
        = segment != NULL ? us_segment_ref (segment) : read_segment (followed, row, uris[i], error);
    if (segment == NULL)
      return FALSE;
    g_hash_table_insert (fresh, segment->name, segment);
  }
  return TRUE;
}

/* What is no longer listed stays for as many segments as the playlist held, and one more. */
static void
keep_leaving (Followed *followed, GHashTable *fresh) {
  GHashTableIter iter;
  gpointer name, segment;
  g_hash_table_iter_init (&iter, followed->segments);
  while (g_hash_table_iter_next (&iter, &name, NULL)) {
    if (!g_hash_table_contains (fresh, name)
        && g_queue_find_custom (&followed->leaving, name, (GCompareFunc)strcmp) == NULL)
      g_queue_push_tail (&followed->leaving, g_strdup (name));
  }
  while (followed->leaving.length > followed->n_listed + 1)
    g_free (g_queue_pop_head (&followed->leaving));
  for (GList *link = followed->leaving.head; link != NULL; link = link->next) {
    segment = g_hash_table_lookup (followed->segments, link->data);
    if (segment != NULL && !g_hash_table_contains (fresh, link->data))
      g_hash_table_insert (fresh, ((UsSegment *)segment)->name, us_segment_ref (segment));
  }
}

static gboolean
take_over (Followed *followed, GBytes *text, GError **error) {
  g_autoptr (UsPlaylist) playlist
      = us_playlist_parse (g_bytes_get_data (text, NULL), g_bytes_get_size (text), error);
  if (playlist == NULL)
    return FALSE;
  g_autoptr (GHashTable) fresh
      = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)us_segment_unref);
  for (guint i = 0; i < playlist->segments->len; i++) {
    if (!gather (followed, g_ptr_array_index (playlist->segments, i), fresh, error))
      return FALSE;
  }
  const UsPlaylistSegment *last
      = playlist->segments->len > 0
            ? g_ptr_array_index (playlist->segments, playlist->segments->len - 1)
            : NULL;
  guint64 last_number = last != NULL ? last->number : 0;
  if (followed->text == NULL || last_number != followed->last_number)
    followed->advanced_us = g_get_monotonic_time ();
  followed->last_number = last_number;
  followed->n_listed = playlist->segments->len;
  followed->target_duration_s = playlist->target_duration_s;
  followed->is_live = !playlist->is_ended && playlist->variants->len == 0;
  keep_leaving (followed, fresh);
  g_hash_table_unref (followed->segments);
  followed->segments = g_steal_pointer (&fresh);
  g_clear_pointer (&followed->text, g_bytes_unref);
  followed->text = g_bytes_ref (text);
  return TRUE;
}

static void
show (UsDirectory *directory, Followed *followed) {
  g_autoptr (GPtrArray) segments = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer segment;
  g_hash_table_iter_init (&iter, followed->segments);
  while (g_hash_table_iter_next (&iter, NULL, &segment))
    g_ptr_array_add (segments, segment);
  UsOriginStream shown = {
    .name = followed->stream,
    .playlist_name = followed->playlist_name,
    .playlist = followed->text,
    .segments = segments,
    .last_number = followed->last_number,
    .target_duration_s = followed->target_duration_s,
    .unavailable = directory->has_self_verdict ? us_verdict_sentence (followed->verdict) : NULL,
  };
  us_origin_set_stream (directory->origin, &shown);
}

static UsVerdict
judge (const Followed *followed) {
  UsVerdictFacts facts = {
    .has_segments = followed->is_live && followed->n_listed > 0,
    .is_connected = TRUE,
    .since_advance_us = g_get_monotonic_time () - followed->advanced_us,
    .target_duration_s = followed->target_duration_s,
  };
  return us_verdict (&facts);
}

static void
look_at (UsDirectory *directory, Followed *followed) {
  g_autoptr (GError) error = NULL;
  char *data = NULL;
  gsize size = 0;
  GStatBuf info;
  gboolean has_changed = FALSE;

  if (g_stat (followed->path, &info) == 0 && info.st_size <= US_PLAYLIST_MAX_BYTES
      && g_file_get_contents (followed->path, &data, &size, &error)) {
    g_autoptr (GBytes) text = g_bytes_new_take (data, size);
    if (followed->text == NULL || !g_bytes_equal (text, followed->text))
      has_changed = take_over (followed, text, &error);
  }
  complain (followed, error != NULL ? error->message : NULL);
  UsVerdict verdict = judge (followed);
  if (verdict != followed->verdict) {
    us_event (US_LOG_NOTICE, US_EVENT_ORIGIN_STATE, "%s is %s", followed->path,
              us_verdict_word (verdict));
    followed->verdict = verdict;
    has_changed = TRUE;
  }
  if (has_changed && followed->text != NULL)
    show (directory, followed);
}

static void
scan_folder (UsDirectory *directory, const char *folder, const char *stream) {
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  for (const char *name; dir != NULL && (name = g_dir_read_name (dir)) != NULL;) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    if (*name == '.')
      continue;
    if (stream == NULL && g_file_test (path, G_FILE_TEST_IS_DIR)) {
      scan_folder (directory, path, name);
      continue;
    }
    if (!g_str_has_suffix (name, ".m3u8"))
      continue;
    Followed *followed = g_hash_table_lookup (directory->followed, path);
    if (followed == NULL) {
      if (g_hash_table_size (directory->followed) >= MAX_PLAYLISTS)
        continue;
      followed = g_new0 (Followed, 1);
      followed->stream = g_strdup (stream != NULL ? stream : directory->default_stream);
      followed->playlist_name = g_strdup (name);
      followed->path = g_strdup (path);
      followed->segments
          = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify)us_segment_unref);
      followed->verdict = US_VERDICT_STARTING;
      g_queue_init (&followed->leaving);
      g_hash_table_insert (directory->followed, followed->path, followed);
    }
    followed->was_seen = TRUE;
    look_at (directory, followed);
  }
}

/**
 * us_directory_scan:
 * @directory: the directory
 *
 * Takes over what changed in the folder since the last look.
 */
void
us_directory_scan (UsDirectory *directory) {
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, directory->followed);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    ((Followed *)value)->was_seen = FALSE;

  scan_folder (directory, directory->root, NULL);

  g_hash_table_iter_init (&iter, directory->followed);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    Followed *followed = value;
    if (followed->was_seen)
      continue;
    us_origin_remove_stream (directory->origin, followed->stream, followed->playlist_name);
    g_hash_table_iter_remove (&iter);
  }
}

static gboolean
on_poll (gpointer user_data) {
  us_directory_scan (user_data);
  return G_SOURCE_CONTINUE;
}

/**
 * us_directory_settings_default:
 * @settings: filled; the root is the current folder
 */
void
us_directory_settings_default (UsDirectorySettings *settings) {
  *settings = (UsDirectorySettings){ .root = ".", .poll_ms = 200, .has_self_verdict = TRUE };
  us_origin_settings_default (&settings->origin);
}

static void
on_get_health (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  UsDirectory *directory = user_data;
  char *text = g_strdup_printf ("{\"status\":\"ok\",\"playlists\":%u}",
                                g_hash_table_size (directory->followed));
  response->status = 200;
  response->content_type = "application/json";
  response->cache_control = "no-store";
  response->body = g_bytes_new_take (text, strlen (text));
}

/**
 * us_directory_new:
 * @settings: copied
 * @error: set when the folder does not exist or the port cannot be had
 *
 * Returns: (transfer full): an origin that listens and has looked at the folder once
 */
UsDirectory *
us_directory_new (const UsDirectorySettings *settings, GError **error) {
  if (!g_file_test (settings->root, G_FILE_TEST_IS_DIR)) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY, "root '%s' is not a folder",
                 settings->root);
    return NULL;
  }
  g_autoptr (UsOrigin) origin = us_origin_new (&settings->origin, error);
  if (origin == NULL)
    return NULL;
  UsDirectory *directory = g_new0 (UsDirectory, 1);
  directory->origin = g_steal_pointer (&origin);
  directory->root = g_strdup (settings->root);
  directory->default_stream = g_strdup (settings->origin.default_stream);
  directory->has_self_verdict = settings->has_self_verdict;
  directory->followed = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, followed_free);
  us_http_server_add_handler (us_origin_get_server (directory->origin), "/healthz", "GET",
                              on_get_health, directory);
  if (!us_origin_start (directory->origin, error)) {
    us_directory_free (directory);
    return NULL;
  }
  us_directory_scan (directory);
  directory->poll = g_timeout_source_new (settings->poll_ms);
  g_source_set_name (directory->poll, "understudy directory poll");
  g_source_set_callback (directory->poll, on_poll, directory, NULL);
  g_source_attach (directory->poll, g_main_context_get_thread_default ());
  return directory;
}

guint16
us_directory_get_http_port (UsDirectory *directory) {
  return us_http_server_get_port (us_origin_get_server (directory->origin));
}

/**
 * us_directory_free:
 * @directory: (nullable) (transfer full): the directory
 */
void
us_directory_free (UsDirectory *directory) {
  if (directory == NULL)
    return;
  if (directory->poll != NULL) {
    g_source_destroy (directory->poll);
    g_clear_pointer (&directory->poll, g_source_unref);
  }
  g_clear_pointer (&directory->origin, us_origin_free);
  g_hash_table_unref (directory->followed);
  g_free (directory->root);
  g_free (directory->default_stream);
  g_free (directory);
}
