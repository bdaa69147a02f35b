/* directory.c - finds the playlists of a folder and serves them, with their segments, from memory
 *
 * A request never turns into a file name: only files that a playlist in the folder lists are read
 * (playlist-file.c), by the scan, and requests are answered from the published site.
 *
 * Layout: ROOT/<playlist>.m3u8 belongs to the default stream, ROOT/<stream>/<playlist>.m3u8 to
 * <stream>. Multivariant playlists are served as they are; their variants are found by the same
 * rule. Links are not followed. Main loop only; the folder is polled, since inotify misses network
 * file systems. How long a scan may take is bounded: known playlists are looked at in turn until
 * the time is up, and a folder is searched for new ones the more seldom the longer that takes.
 */
#include "packager/directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define US_LOG_TOPIC "packager.directory"
#include "base/log.h"
#include "base/names.h"
#include "base/timer.h"
#include "packager/playlist-file.h"
#include "packager/verdict.h"

#define SCAN_US (100 * 1000) /* of looking at playlists, per scan; the rest waits for the next */
#define SEARCH_SHARE 20      /* searching takes at most this part of the time */
#define MAX_ENTRIES 100000   /* of one folder, per search */
#define MAX_FOLDERS 1024     /* below the root, per search */
#define MAX_COMPLAINTS 64

typedef struct {
  char *stream;
  char *folder; /* (nullable) below the root */
  char *playlist_name;
  UsPlaylistFile *file;
  UsVerdict verdict;
} Entry;

struct UsDirectory {
  UsOrigin *origin;
  char *root;
  char *default_stream;
  gboolean has_self_verdict;
  guint max_playlists;
  gsize max_bytes;
  GHashTable *keys;       /* "stream/playlist" to Entry (not owned) */
  GQueue entries;         /* Entry; the head is looked at next */
  gint64 search_us;       /* when to search again */
  GHashTable *complaints; /* sentences that were logged */
  GSource *poll;
};

static void
entry_free (gpointer data) {
  Entry *entry = data;
  us_playlist_file_free (entry->file);
  g_free (entry->stream);
  g_free (entry->folder);
  g_free (entry->playlist_name);
  g_free (entry);
}

static void complain (UsDirectory *directory, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* Each sentence once; there are few, and after too many different ones nothing is said any more. */
static void
complain (UsDirectory *directory, const char *format, ...) {
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  if (g_hash_table_size (directory->complaints) >= MAX_COMPLAINTS
      || g_hash_table_contains (directory->complaints, text))
    return;
  us_warning ("%s", text);
  g_hash_table_add (directory->complaints, g_steal_pointer (&text));
}

/* --- what is served -------------------------------------------------------------------------- */

static void
show (UsDirectory *directory, const Entry *entry) {
  const UsPlaylistFacts *facts = us_playlist_file_get_facts (entry->file);
  UsOriginStream shown = {
    .name = entry->stream,
    .playlist_name = entry->playlist_name,
    .playlist = facts->text,
    .segments = facts->segments,
    .last_number = facts->last_number,
    .target_duration_s = facts->target_duration_s,
    .unavailable = directory->has_self_verdict ? us_verdict_sentence (entry->verdict) : NULL,
  };
  us_origin_set_stream (directory->origin, &shown);
}

static UsVerdict
judge (const Entry *entry, gint64 now_us) {
  const UsPlaylistFacts *facts = us_playlist_file_get_facts (entry->file);
  UsVerdictFacts verdict_facts = {
    .has_segments = facts->is_live && facts->n_listed > 0,
    .is_connected = TRUE,
    .since_advance_us = now_us - facts->advanced_us,
    .target_duration_s = facts->target_duration_s,
  };
  return us_verdict (&verdict_facts);
}

/* --- known playlists ------------------------------------------------------------------------- */

static gsize
memory_left (const UsDirectory *directory) {
  gsize held = 0;
  for (const GList *link = directory->entries.head; link != NULL; link = link->next)
    held += us_playlist_file_get_bytes (((const Entry *)link->data)->file);
  return directory->max_bytes > held ? directory->max_bytes - held : 0;
}

static UsPlaylistFileLook
look_into (UsDirectory *directory, Entry *entry, int root, gint64 now_us) {
  int folder = entry->folder != NULL ? us_file_open_folder (root, entry->folder, NULL) : root;
  if (folder < 0)
    return US_PLAYLIST_FILE_GONE;
  UsPlaylistFileLook look
      = us_playlist_file_look (entry->file, folder, now_us, memory_left (directory));
  if (folder != root)
    close (folder);
  return look;
}

/* Returns: %FALSE when it is gone */
static gboolean
look_at (UsDirectory *directory, Entry *entry, int root) {
  gint64 now_us = g_get_monotonic_time ();
  UsPlaylistFileLook look
      = root >= 0 ? look_into (directory, entry, root, now_us) : US_PLAYLIST_FILE_GONE;
  if (look == US_PLAYLIST_FILE_GONE)
    return FALSE;
  UsVerdict verdict = judge (entry, now_us);
  gboolean has_changed = look == US_PLAYLIST_FILE_CHANGED;
  if (verdict != entry->verdict) {
    us_event (US_LOG_NOTICE, US_EVENT_ORIGIN_STATE, "%s is %s",
              us_playlist_file_get_path (entry->file), us_verdict_word (verdict));
    entry->verdict = verdict;
    has_changed = TRUE;
  }
  if (has_changed && us_playlist_file_get_facts (entry->file)->text != NULL)
    show (directory, entry);
  return TRUE;
}

static void
forget (UsDirectory *directory, Entry *entry) {
  g_autofree char *key = g_strconcat (entry->stream, "/", entry->playlist_name, NULL);
  us_info ("%s is gone", us_playlist_file_get_path (entry->file));
  us_origin_remove_stream (directory->origin, entry->stream, entry->playlist_name);
  g_hash_table_remove (directory->keys, key);
  entry_free (entry);
}

static void
look_at_all (UsDirectory *directory, int root) {
  gint64 until_us = g_get_monotonic_time () + SCAN_US;
  for (guint n = directory->entries.length; n > 0; n--) {
    Entry *entry = g_queue_pop_head (&directory->entries);
    /* In the queue while it is looked at: its own memory counts, too. */
    g_queue_push_tail (&directory->entries, entry);
    if (!look_at (directory, entry, root)) {
      g_queue_pop_tail (&directory->entries);
      forget (directory, entry);
    }
    if (g_get_monotonic_time () > until_us)
      return;
  }
}

/* --- new playlists --------------------------------------------------------------------------- */

static void
add_entry (UsDirectory *directory, const char *folder, const char *name) {
  const char *stream = folder != NULL ? folder : directory->default_stream;
  g_autofree char *key = g_strconcat (stream, "/", name, NULL);
  const Entry *known = g_hash_table_lookup (directory->keys, key);
  if (known != NULL) {
    if (g_strcmp0 (known->folder, folder) != 0)
      complain (directory, "%s: '%s' is there twice, in the folder itself and in '%s' below it",
                directory->root, name, stream);
    return;
  }
  if (directory->entries.length >= directory->max_playlists) {
    complain (directory, "%s has more than %u playlists, and the others are not served",
              directory->root, directory->max_playlists);
    return;
  }
  g_autofree char *path = g_build_filename (directory->root, folder != NULL ? folder : name,
                                            folder != NULL ? name : NULL, NULL);
  Entry *entry = g_new0 (Entry, 1);
  entry->stream = g_strdup (stream);
  entry->folder = g_strdup (folder);
  entry->playlist_name = g_strdup (name);
  entry->file = us_playlist_file_new (name, path);
  entry->verdict = US_VERDICT_STARTING;
  g_hash_table_insert (directory->keys, g_steal_pointer (&key), entry);
  g_queue_push_tail (&directory->entries, entry);
}

static gboolean
leads_to_folder (int parent, const char *name) {
  struct stat info;
  return fstatat (parent, name, &info, 0) == 0 && S_ISDIR (info.st_mode);
}

/* Searches an open folder. @fd: (transfer full); @folder: its name, or NULL for the root;
 * @folders: (nullable): filled with the names of folders in it */
static void
search_folder (UsDirectory *directory, int fd, const char *folder, GPtrArray *folders) {
  DIR *dir = fdopendir (fd);
  if (dir == NULL) {
    close (fd);
    return;
  }
  guint n_entries = 0;
  const struct dirent *found;
  while ((found = readdir (dir)) != NULL) {
    if (n_entries++ >= MAX_ENTRIES) {
      complain (directory, "%s%s%s has more than %d entries; playlists behind them are not found",
                directory->root, folder != NULL ? "/" : "", folder != NULL ? folder : "",
                MAX_ENTRIES);
      break;
    }
    if (!us_file_is_plain_name (found->d_name))
      continue;
    if (g_str_has_suffix (found->d_name, ".m3u8"))
      add_entry (directory, folder, found->d_name);
    else if (folders != NULL && (found->d_type == DT_DIR || found->d_type == DT_UNKNOWN)
             && folders->len < MAX_FOLDERS)
      g_ptr_array_add (folders, g_strdup (found->d_name));
    else if (folders != NULL && found->d_type == DT_LNK && leads_to_folder (fd, found->d_name))
      complain (directory, "%s/%s is a link, and links are not followed", directory->root,
                found->d_name);
  }
  closedir (dir);
}

static void
search (UsDirectory *directory) {
  gint64 begun_us = g_get_monotonic_time ();
  g_autoptr (GPtrArray) folders = g_ptr_array_new_with_free_func (g_free);
  int root = us_file_open_folder (AT_FDCWD, directory->root, NULL);
  if (root < 0)
    return;
  search_folder (directory, dup (root), NULL, folders);
  for (guint i = 0; i < folders->len; i++) {
    const char *name = g_ptr_array_index (folders, i);
    int fd = us_file_open_folder (root, name, NULL);
    if (fd >= 0)
      search_folder (directory, fd, name, NULL);
  }
  close (root);
  gint64 now_us = g_get_monotonic_time ();
  directory->search_us = now_us + (now_us - begun_us) * SEARCH_SHARE;
}

static void
scan (UsDirectory *directory) {
  int root = us_file_open_folder (AT_FDCWD, directory->root, NULL);
  look_at_all (directory, root);
  if (root >= 0)
    close (root);
}

/**
 * us_directory_scan:
 * @directory: the directory
 *
 * Searches the folder and takes over what changed since the last look.
 */
void
us_directory_scan (UsDirectory *directory) {
  search (directory);
  scan (directory);
}

static gboolean
on_poll (gpointer user_data) {
  UsDirectory *directory = user_data;
  if (g_get_monotonic_time () >= directory->search_us)
    search (directory);
  scan (directory);
  return G_SOURCE_CONTINUE;
}

/**
 * us_directory_settings_default:
 * @settings: filled; the root is the current folder
 */
void
us_directory_settings_default (UsDirectorySettings *settings) {
  *settings = (UsDirectorySettings){
    .root = ".",
    .poll_ms = 200,
    .max_playlists = 256,
    .max_bytes = (gsize)1024 * 1024 * 1024,
    .has_self_verdict = TRUE,
  };
  us_origin_settings_default (&settings->origin);
}

static void
on_get_health (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  UsDirectory *directory = user_data;
  char *text = g_strdup_printf ("{\"status\":\"ok\",\"playlists\":%u}", directory->entries.length);
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
  directory->max_playlists = settings->max_playlists;
  directory->max_bytes = settings->max_bytes;
  directory->keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  directory->complaints = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_queue_init (&directory->entries);
  us_http_server_add_handler (us_origin_get_server (directory->origin), "/healthz", "GET",
                              on_get_health, directory);
  if (!us_origin_start (directory->origin, error)) {
    us_directory_free (directory);
    return NULL;
  }
  us_directory_scan (directory);
  us_timer_start (&directory->poll, settings->poll_ms, "directory poll", on_poll, directory);
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
  us_timer_stop (&directory->poll);
  g_clear_pointer (&directory->origin, us_origin_free);
  g_queue_clear_full (&directory->entries, entry_free);
  g_hash_table_unref (directory->keys);
  g_hash_table_unref (directory->complaints);
  g_free (directory->root);
  g_free (directory->default_stream);
  g_free (directory);
}
