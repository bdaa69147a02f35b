/* playlist-file.c - follows one playlist that somebody else writes
 *
 * A new version is taken over only when every file it lists could be read, so what is listed can
 * always be served (RFC 8216 6.2.1), also when the writer lists a segment a moment before it is
 * there. Until then the version before stays. Reading is bounded per look, and goes on in the next
 * one: `ready` keeps what was read for a version that is not complete yet.
 *
 * Files are told apart by name and stamp: a packager that was restarted writes other bytes under
 * names that it has used before, and one that lists a segment early may still append to it. The
 * newest file's stamp is compared in every look, all others when the playlist changed.
 *
 * Owned by directory.c; main loop only. Time is passed in.
 */
#include "packager/playlist-file.h"

#define US_LOG_TOPIC "packager.directory"
#include "base/log.h"
#include "hls/playlist.h"
#include "hls/segment.h"

#define PATIENCE_US (2 * G_USEC_PER_SEC) /* for a file that is listed, but not there yet */
#define REWRITE_QUIET_US (60 * G_USEC_PER_SEC)
#define SETTLED_US (2 * G_USEC_PER_SEC) /* a file system may count time that coarsely */

typedef struct {
  UsSegment *segment;
  UsFileStamp stamp;
  guint64 drop_at; /* once listed_total reaches this; 0: is listed */
} Held;

struct UsPlaylistFile {
  char *name, *path;
  UsPlaylistFacts facts;
  UsFileStamp stamp;    /* of the text taken over */
  gboolean is_settled;  /* the stamp stands for that text beyond doubt */
  GHashTable *held;     /* name to Held: what is served */
  GHashTable *ready;    /* name to Held: read for a version that is not complete */
  char *newest;         /* (nullable) name of the last listed file */
  guint64 listed_total; /* names that were ever new in a version */
  gsize held_bytes, ready_bytes;
  GError *fault; /* (nullable) why the newest version is not taken over */
  gint64 fault_since_us;
  gboolean is_fault_told;
  gint64 rewrite_told_us;
};

static void
held_free (gpointer data) {
  Held *held = data;
  us_segment_unref (held->segment);
  g_free (held);
}

static Held *
held_copy (const Held *from) {
  Held *held = g_memdup2 (from, sizeof *from);
  us_segment_ref (held->segment);
  held->drop_at = 0;
  return held;
}

static GHashTable *
table_new (void) {
  return g_hash_table_new_full (g_str_hash, g_str_equal, NULL, held_free);
}

static gsize
table_bytes (GHashTable *table) {
  gsize sum = 0;
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    sum += g_bytes_get_size (((Held *)value)->segment->bytes);
  return sum;
}

/**
 * us_playlist_file_new:
 * @name: of the file in its folder
 * @path: for the log
 *
 * Returns: (transfer full): a playlist that was not looked at yet
 */
UsPlaylistFile *
us_playlist_file_new (const char *name, const char *path) {
  UsPlaylistFile *file = g_new0 (UsPlaylistFile, 1);
  file->name = g_strdup (name);
  file->path = g_strdup (path);
  file->held = table_new ();
  file->ready = table_new ();
  file->facts.segments = g_ptr_array_new ();
  return file;
}

/**
 * us_playlist_file_free:
 * @file: (nullable) (transfer full): the playlist
 */
void
us_playlist_file_free (UsPlaylistFile *file) {
  if (file == NULL)
    return;
  g_clear_pointer (&file->facts.text, g_bytes_unref);
  g_ptr_array_unref (file->facts.segments);
  g_hash_table_unref (file->held);
  g_hash_table_unref (file->ready);
  g_clear_error (&file->fault);
  g_free (file->newest);
  g_free (file->name);
  g_free (file->path);
  g_free (file);
}

const UsPlaylistFacts *
us_playlist_file_get_facts (const UsPlaylistFile *file) {
  return &file->facts;
}

/**
 * us_playlist_file_get_bytes:
 *
 * Returns: what is held in memory
 */
gsize
us_playlist_file_get_bytes (const UsPlaylistFile *file) {
  return file->held_bytes + file->ready_bytes;
}

const char *
us_playlist_file_get_path (const UsPlaylistFile *file) {
  return file->path;
}

/* --- one version ----------------------------------------------------------------------------- */

/* A file that a version needs. */
typedef struct {
  const char *uri;
  guint64 number;
  guint64 size;
  const Held *known; /* nullable: is to be read */
} Need;

typedef struct {
  UsPlaylistFile *file;
  int folder;
  GArray *needs;     /* element-type Need, each name once */
  GHashTable *names; /* of the needs */
  guint64 unread_bytes;
  GHashTable *fresh; /* name to Held */
  guint n_rewritten;
  gboolean is_put_off; /* the rest is for the next look */
} Version;

static void
version_clear (Version *version) {
  g_array_unref (version->needs);
  g_hash_table_unref (version->names);
  g_hash_table_unref (version->fresh);
}

static const Held *
find_known (const UsPlaylistFile *file, const char *uri, const UsFileStamp *stamp) {
  GHashTable *tables[] = { file->held, file->ready };
  for (guint i = 0; i < G_N_ELEMENTS (tables); i++) {
    const Held *held = g_hash_table_lookup (tables[i], uri);
    if (held != NULL && us_file_stamp_equal (&held->stamp, stamp))
      return held;
  }
  return NULL;
}

static gboolean
add_need (Version *version, const char *uri, guint64 number, GError **error) {
  if (!g_hash_table_add (version->names, (gpointer)uri))
    return TRUE;
  if (!us_file_is_plain_name (uri)) {
    g_autofree char *shown = g_strescape (uri, NULL);
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME,
                 "lists '%.80s'; only files beside the playlist are served", shown);
    return FALSE;
  }
  UsFileStamp stamp;
  if (!us_file_stat (version->folder, uri, &stamp, error)) {
    g_prefix_error (error, "of the files it lists, ");
    return FALSE;
  }
  Need need = { uri, number, stamp.size, find_known (version->file, uri, &stamp) };
  if (need.known == NULL)
    version->unread_bytes += need.size;
  g_array_append_val (version->needs, need);
  return TRUE;
}

static gboolean
add_needs (Version *version, const UsPlaylist *playlist, gsize memory_left, GError **error) {
  for (guint i = 0; i < playlist->segments->len; i++) {
    const UsPlaylistSegment *row = g_ptr_array_index (playlist->segments, i);
    if (row->is_gap)
      continue;
    if (!add_need (version, row->uri, row->number, error)
        || (row->map_uri != NULL && !add_need (version, row->map_uri, row->number, error)))
      return FALSE;
  }
  if (version->unread_bytes > memory_left) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                 "its files have %" G_GUINT64_FORMAT " bytes, and %" G_GSIZE_FORMAT
                 " are left of what this origin may hold in memory",
                 version->unread_bytes, memory_left);
    return FALSE;
  }
  return TRUE;
}

static gboolean
gather (Version *version, GError **error) {
  gsize read_bytes = 0;
  for (guint i = 0; i < version->needs->len; i++) {
    const Need *need = &g_array_index (version->needs, Need, i);
    if (need->known != NULL) {
      Held *held = held_copy (need->known);
      g_hash_table_replace (version->fresh, held->segment->name, held);
      continue;
    }
    if (read_bytes > 0 && read_bytes + need->size > US_PLAYLIST_FILE_MAX_READ) {
      version->is_put_off = TRUE;
      continue;
    }
    UsFileStamp stamp;
    g_autoptr (GBytes) bytes
        = us_file_read (version->folder, need->uri, US_PLAYLIST_FILE_MAX_SEGMENT, &stamp, error);
    if (bytes == NULL) {
      g_prefix_error (error, "of the files it lists, ");
      return FALSE;
    }
    read_bytes += g_bytes_get_size (bytes);
    Held *held = g_new0 (Held, 1);
    held->segment = us_segment_new (0, need->number, need->uri, bytes);
    held->stamp = stamp;
    g_hash_table_replace (version->fresh, held->segment->name, held);
    if (g_hash_table_contains (version->file->held, need->uri))
      version->n_rewritten++;
  }
  return TRUE;
}

/* What was read is kept for the next look, without what is held anyway. */
static void
keep_ready (UsPlaylistFile *file, GHashTable *fresh) {
  GHashTableIter iter;
  gpointer name, value;
  g_hash_table_iter_init (&iter, fresh);
  while (g_hash_table_iter_next (&iter, &name, &value)) {
    const Held *held = g_hash_table_lookup (file->held, name);
    if (held != NULL && held->segment == ((Held *)value)->segment)
      g_hash_table_iter_remove (&iter);
  }
  g_hash_table_unref (file->ready);
  file->ready = g_hash_table_ref (fresh);
  file->ready_bytes = table_bytes (fresh);
}

/* What is not listed any more stays until as many new segments were listed as the playlist that
 * listed it held, and one more (RFC 8216 6.2.2). */
static void
keep_leaving (UsPlaylistFile *file, GHashTable *fresh) {
  GHashTableIter iter;
  gpointer name, value;
  g_hash_table_iter_init (&iter, fresh);
  while (g_hash_table_iter_next (&iter, &name, NULL)) {
    if (!g_hash_table_contains (file->held, name))
      file->listed_total++;
  }
  g_hash_table_iter_init (&iter, file->held);
  while (g_hash_table_iter_next (&iter, &name, &value)) {
    Held *held = value;
    if (g_hash_table_contains (fresh, name))
      continue;
    guint64 drop_at
        = held->drop_at != 0 ? held->drop_at : file->listed_total + file->facts.n_listed + 1;
    if (file->listed_total >= drop_at)
      continue;
    Held *kept = held_copy (held);
    kept->drop_at = drop_at;
    g_hash_table_replace (fresh, kept->segment->name, kept);
  }
}

static void
take_over (UsPlaylistFile *file, const UsPlaylist *playlist, GBytes *text, Version *version,
           gint64 now_us) {
  const UsPlaylistSegment *last
      = playlist->segments->len > 0
            ? g_ptr_array_index (playlist->segments, playlist->segments->len - 1)
            : NULL;
  guint64 last_number = last != NULL ? last->number : 0;
  UsPlaylistFacts *facts = &file->facts;
  gboolean is_long_ago = now_us - file->rewrite_told_us > REWRITE_QUIET_US;
  if (version->n_rewritten > 0 && (file->rewrite_told_us == 0 || is_long_ago)) {
    file->rewrite_told_us = now_us;
    us_warning ("%s: %u files have other bytes than before under the same name; caches may still "
                "answer with the old ones",
                file->path, version->n_rewritten);
  }
  if (facts->text == NULL || last_number != facts->last_number)
    facts->advanced_us = now_us;
  keep_leaving (file, version->fresh);
  facts->last_number = last_number;
  facts->n_listed = playlist->segments->len;
  facts->target_duration_s = playlist->target_duration_s;
  facts->is_live = !playlist->is_ended && playlist->variants->len == 0;
  g_free (file->newest);
  file->newest = last != NULL && !last->is_gap ? g_strdup (last->uri) : NULL;

  g_hash_table_unref (file->held);
  file->held = g_hash_table_ref (version->fresh);
  file->held_bytes = table_bytes (file->held);
  g_hash_table_remove_all (file->ready);
  file->ready_bytes = 0;
  g_ptr_array_set_size (facts->segments, 0);
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, file->held);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    g_ptr_array_add (facts->segments, ((Held *)value)->segment);
  if (facts->text != text) {
    g_clear_pointer (&facts->text, g_bytes_unref);
    facts->text = g_bytes_ref (text);
  }
}

/* Returns: %TRUE when @text is what is served now */
static gboolean
try_version (UsPlaylistFile *file, int folder, GBytes *text, gint64 now_us, gsize memory_left,
             GError **error) {
  g_autoptr (UsPlaylist) playlist
      = us_playlist_parse (g_bytes_get_data (text, NULL), g_bytes_get_size (text), error);
  if (playlist == NULL)
    return FALSE;
  Version version = {
    .file = file,
    .folder = folder,
    .needs = g_array_new (FALSE, FALSE, sizeof (Need)),
    .names = g_hash_table_new (g_str_hash, g_str_equal),
    .fresh = table_new (),
  };
  gboolean is_whole = add_needs (&version, playlist, memory_left, error) && gather (&version, error)
                      && !version.is_put_off;
  if (is_whole)
    take_over (file, playlist, text, &version, now_us);
  else
    keep_ready (file, version.fresh);
  version_clear (&version);
  return is_whole;
}

/* --- a look ---------------------------------------------------------------------------------- */

/* Once per kind of fault, and a file that is late by a moment is none. */
static void
note_fault (UsPlaylistFile *file, GError *fault, gint64 now_us) {
  if (fault == NULL || file->fault == NULL
      || !g_error_matches (file->fault, fault->domain, fault->code)) {
    file->fault_since_us = now_us;
    file->is_fault_told = FALSE;
  }
  g_clear_error (&file->fault);
  file->fault = fault;
  if (fault == NULL || file->is_fault_told)
    return;
  gboolean may_pass = g_error_matches (fault, G_IO_ERROR, G_IO_ERROR_NOT_FOUND)
                      || g_error_matches (fault, G_IO_ERROR, G_IO_ERROR_BUSY);
  if (may_pass && now_us - file->fault_since_us < PATIENCE_US)
    return;
  file->is_fault_told = TRUE;
  us_warning ("%s is not taken over: %s", file->path, fault->message);
}

static gboolean
newest_has_changed (const UsPlaylistFile *file, int folder) {
  UsFileStamp stamp;
  const Held *held = file->newest != NULL ? g_hash_table_lookup (file->held, file->newest) : NULL;
  return held != NULL && us_file_stat (folder, file->newest, &stamp, NULL)
         && !us_file_stamp_equal (&stamp, &held->stamp);
}

static gboolean
is_old_enough (const UsFileStamp *stamp) {
  return g_get_real_time () - stamp->mtime_ns / 1000 > SETTLED_US;
}

/**
 * us_playlist_file_look:
 * @file: the playlist
 * @folder: its folder, open
 * @now_us: monotonic time
 * @memory_left: bytes that may be held in addition
 *
 * Takes over what changed, if it is whole. What is wrong with the newest version is logged once.
 *
 * Returns: whether the facts changed, or that the file is not there
 */
UsPlaylistFileLook
us_playlist_file_look (UsPlaylistFile *file, int folder, gint64 now_us, gsize memory_left) {
  GError *error = NULL;
  UsFileStamp stamp;
  gboolean is_renewed = newest_has_changed (file, folder);
  if (!us_file_stat (folder, file->name, &stamp, &error)) {
    gboolean is_gone = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
    note_fault (file, error, now_us);
    return is_gone ? US_PLAYLIST_FILE_GONE : US_PLAYLIST_FILE_SAME;
  }
  if (file->is_settled && !is_renewed && us_file_stamp_equal (&stamp, &file->stamp))
    return US_PLAYLIST_FILE_SAME;

  g_autoptr (GBytes) text
      = us_file_read (folder, file->name, US_PLAYLIST_MAX_BYTES, &stamp, &error);
  gboolean has_changed = FALSE;
  if (text != NULL) {
    gboolean is_same = !is_renewed && file->facts.text != NULL
                       && us_file_stamp_equal (&stamp, &file->stamp)
                       && g_bytes_equal (text, file->facts.text);
    if (!is_same)
      has_changed = try_version (file, folder, text, now_us, memory_left, &error);
    if (has_changed)
      file->stamp = stamp;
    if (is_same || has_changed)
      file->is_settled = is_old_enough (&file->stamp);
  }
  note_fault (file, error, now_us);
  return has_changed ? US_PLAYLIST_FILE_CHANGED : US_PLAYLIST_FILE_SAME;
}
