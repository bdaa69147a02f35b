/* roster.c - which streams are watched: the operator's from the file, our own by themselves
 *
 * Owned by the desk, in its thread. A change is tried on a copy of the list, written, and only then
 * taken over, so that a full disk leaves everything as it was. Streams of our own chain come and go
 * by themselves and are in no file; what an operator sets on one (paused, maintenance) lasts as
 * long as this process.
 */
#include "desk/roster.h"

#include "monitor/stream-file.h"

#include <string.h>

typedef struct {
  UsStreamConfig *config;
  char *key; /* of its name, to sort by: comparing names themselves is slow */
  guint64 revision;
} Entry;

struct UsRoster {
  UsStreamFile *file;
  GHashTable *entries; /* id -> Entry */
  guint64 revision;    /* of the newest change */
};

static void
entry_free (gpointer data) {
  Entry *entry = data;
  us_stream_config_free (entry->config);
  g_free (entry->key);
  g_free (entry);
}

/* Takes @config over. */
static const UsStreamConfig *
put (UsRoster *self, UsStreamConfig *config) {
  Entry *entry = g_new0 (Entry, 1);
  entry->config = config;
  entry->key = g_utf8_collate_key (config->name, -1);
  entry->revision = ++self->revision;
  g_hash_table_replace (self->entries, config->id, entry);
  return config;
}

/**
 * us_roster_open:
 * @path: of the streams file; need not exist
 * @error: US_STREAM_ERROR_FILE
 *
 * Returns: (transfer full): the streams of the file
 */
UsRoster *
us_roster_open (const char *path, GError **error) {
  g_autoptr (UsRoster) self = g_new0 (UsRoster, 1);
  self->file = us_stream_file_new (path);
  /* The key is the config's own id, so that the entry frees both. */
  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, entry_free);
  g_autoptr (GPtrArray) configs = us_stream_file_load (self->file, error);
  if (configs == NULL)
    return NULL;
  for (guint i = 0; i < configs->len; i++)
    put (self, us_stream_config_copy (g_ptr_array_index (configs, i)));
  return g_steal_pointer (&self);
}

void
us_roster_free (UsRoster *self) {
  g_clear_pointer (&self->entries, g_hash_table_unref);
  g_clear_pointer (&self->file, us_stream_file_free);
  g_free (self);
}

static int
compare_names (gconstpointer a, gconstpointer b) {
  const Entry *one = *(Entry *const *)a, *other = *(Entry *const *)b;
  int order = strcmp (one->key, other->key);
  return order != 0 ? order : g_strcmp0 (one->config->id, other->config->id);
}

/**
 * us_roster_list:
 *
 * Returns: (transfer container) (element-type UsStreamConfig): by name
 */
GPtrArray *
us_roster_list (const UsRoster *self) {
  GPtrArray *list = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer entry;
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &entry))
    g_ptr_array_add (list, entry);
  g_ptr_array_sort (list, compare_names);
  for (guint i = 0; i < list->len; i++)
    list->pdata[i] = ((Entry *)list->pdata[i])->config;
  return list;
}

/**
 * us_roster_find:
 *
 * Returns: (nullable) (transfer none): valid until the stream changes
 */
const UsStreamConfig *
us_roster_find (const UsRoster *self, const char *id) {
  const Entry *entry = g_hash_table_lookup (self->entries, id);
  return entry != NULL ? entry->config : NULL;
}

const UsStreamConfig *
us_roster_find_own (const UsRoster *self, const char *own_stream) {
  GHashTableIter iter;
  gpointer data;
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &data)) {
    const UsStreamConfig *config = ((Entry *)data)->config;
    if (config->is_own && g_strcmp0 (config->own_stream, own_stream) == 0)
      return config;
  }
  return NULL;
}

guint
us_roster_count (const UsRoster *self) {
  return g_hash_table_size (self->entries);
}

/**
 * us_roster_get_revision:
 *
 * Returns: a number that is another one after every change of the stream; 0: no such stream
 */
guint64
us_roster_get_revision (const UsRoster *self, const char *id) {
  const Entry *entry = g_hash_table_lookup (self->entries, id);
  return entry != NULL ? entry->revision : 0;
}

/* ---- changes ---- */

static gboolean
is_taken (const char *id, gpointer data) {
  return us_roster_find (data, id) != NULL;
}

static gboolean
check_unique (const UsRoster *self, const UsStreamConfig *config, const char **pointer,
              GError **error) {
  GHashTableIter iter;
  gpointer data;
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &data)) {
    const UsStreamConfig *other = ((Entry *)data)->config;
    if (g_strcmp0 (other->id, config->id) == 0 || g_strcmp0 (other->url, config->url) != 0)
      continue;
    *pointer = "#/manifest_url";
    g_set_error (error, US_STREAM_ERROR, US_STREAM_ERROR_DUPLICATE,
                 "This URL is watched already, as stream %s (%s)", other->id, other->name);
    return FALSE;
  }
  return TRUE;
}

/* Writes the list as it would be with @with (nullable) and without @without (nullable). */
static gboolean
save (UsRoster *self, const UsStreamConfig *with, const char *without, GError **error) {
  g_autoptr (GPtrArray) list = us_roster_list (self);
  for (guint i = list->len; i-- > 0;) {
    const UsStreamConfig *config = g_ptr_array_index (list, i);
    if (g_strcmp0 (config->id, without) == 0
        || (with != NULL && g_strcmp0 (config->id, with->id) == 0))
      g_ptr_array_remove_index (list, i);
  }
  if (with != NULL)
    g_ptr_array_add (list, (gpointer)with);
  return us_stream_file_save (self->file, list, error);
}

/**
 * us_roster_add:
 * @config: the id is made here
 * @wall_us: now, since the epoch
 * @pointer: (out) (nullable): the member that is wrong
 * @error: US_STREAM_ERROR
 *
 * Returns: (nullable) (transfer none): the new stream, on disk
 */
const UsStreamConfig *
us_roster_add (UsRoster *self, const UsStreamConfig *config, gint64 wall_us, const char **pointer,
               GError **error) {
  g_autoptr (UsStreamConfig) copy = us_stream_config_copy (config);
  *pointer = NULL;
  g_free (copy->id);
  copy->id = us_stream_config_make_id (copy->name, is_taken, self);
  copy->added_us = wall_us;
  if (us_roster_count (self) >= US_STREAMS_MAX) {
    g_set_error (error, US_STREAM_ERROR, US_STREAM_ERROR_LIMIT,
                 "%d streams are watched already, which is the most; remove one first",
                 US_STREAMS_MAX);
    return NULL;
  }
  if (!us_stream_config_check (copy, pointer, error) || !check_unique (self, copy, pointer, error)
      || !save (self, copy, NULL, error))
    return NULL;
  return put (self, g_steal_pointer (&copy));
}

static const UsStreamConfig *
find_or_fail (const UsRoster *self, const char *id, GError **error) {
  const UsStreamConfig *config = us_roster_find (self, id);
  if (config == NULL)
    g_set_error (error, US_STREAM_ERROR, US_STREAM_ERROR_UNKNOWN, "There is no stream %s", id);
  return config;
}

/**
 * us_roster_change:
 * @config: replaces the stream of its id
 * @pointer: (out) (nullable): the member that is wrong
 * @error: US_STREAM_ERROR
 *
 * Returns: whether it is so, and on disk
 */
gboolean
us_roster_change (UsRoster *self, const UsStreamConfig *config, const char **pointer,
                  GError **error) {
  *pointer = NULL;
  const UsStreamConfig *before = find_or_fail (self, config->id, error);
  if (before == NULL)
    return FALSE;
  if (before->is_own
      && (g_strcmp0 (before->url, config->url) != 0
          || g_strcmp0 (before->name, config->name) != 0)) {
    *pointer = g_strcmp0 (before->url, config->url) != 0 ? "#/manifest_url" : "#/name";
    g_set_error (error, US_STREAM_ERROR, US_STREAM_ERROR_OWN,
                 "%s is a stream of our own chain: its name and address are the chain's",
                 config->id);
    return FALSE;
  }
  if (!us_stream_config_check (config, pointer, error)
      || !check_unique (self, config, pointer, error)
      || (!before->is_own && !save (self, config, NULL, error)))
    return FALSE;
  put (self, us_stream_config_copy (config));
  return TRUE;
}

/**
 * us_roster_remove:
 * @error: US_STREAM_ERROR_UNKNOWN, US_STREAM_ERROR_OWN, US_STREAM_ERROR_FILE
 *
 * Returns: whether it is gone, on disk too
 */
gboolean
us_roster_remove (UsRoster *self, const char *id, GError **error) {
  const UsStreamConfig *config = find_or_fail (self, id, error);
  if (config == NULL)
    return FALSE;
  if (config->is_own) {
    g_set_error (error, US_STREAM_ERROR, US_STREAM_ERROR_OWN,
                 "%s is a stream of our own chain and goes with it; it can be paused", id);
    return FALSE;
  }
  if (!save (self, NULL, id, error))
    return FALSE;
  g_hash_table_remove (self->entries, id);
  return TRUE;
}

/* ---- our own ---- */

/* Names of the chain may have letters that ids have not. */
static char *
make_own_id (UsRoster *self, const char *own_stream) {
  g_autofree char *name = g_strconcat (US_ROSTER_OWN, own_stream, NULL);
  return us_stream_config_make_id (name, is_taken, self);
}

/**
 * us_roster_put_own:
 * @own_stream: its name in the chain
 * @url: where viewers find it
 *
 * Returns: (transfer none): the stream, new or not
 */
const UsStreamConfig *
us_roster_put_own (UsRoster *self, const char *own_stream, const char *url, gint64 wall_us) {
  const UsStreamConfig *known = us_roster_find_own (self, own_stream);
  if (known != NULL && g_strcmp0 (known->url, url) == 0)
    return known;
  if (known != NULL) { /* the chain has moved: what an operator has set on it stays */
    UsStreamConfig *moved = us_stream_config_copy (known);
    g_free (moved->url);
    moved->url = g_strdup (url);
    return put (self, moved);
  }
  g_autofree char *id = make_own_id (self, own_stream);
  UsStreamConfig *config = us_stream_config_new (id, own_stream, url);
  config->is_own = TRUE;
  config->own_stream = g_strdup (own_stream);
  config->added_us = wall_us;
  return put (self, config);
}

void
us_roster_remove_own (UsRoster *self, const char *own_stream) {
  const UsStreamConfig *config = us_roster_find_own (self, own_stream);
  if (config != NULL)
    g_hash_table_remove (self->entries, config->id);
}
