/* stream-file.c - the streams an operator watches, in a JSON file that can be read by hand
 *
 * {"version": 1, "streams": [{"url": "https://...", "name": "Main hall", ...}, ...]}
 *
 * Owned by the desk, in one thread. Only "url" is needed of a stream; a name and an id are made
 * where they are missing, the same ones at every start. Whatever else is wrong, an unknown member
 * too (a typing error would else be a setting that does nothing), refuses the whole file with its
 * line, and nothing is half taken over.
 *
 * Written as a new file that is synced and renamed, so that a crash leaves the old or the new one.
 * What stands there and is not what this object has read or written (a file it could not read, an
 * edit by hand) is copied to "<path>.aside-<n>" before: nobody's work is overwritten.
 *
 * json-glib forgets where a value stood, so its signal for each member keeps the lines.
 */
#include "monitor/stream-file.h"

#include <errno.h>
#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/json.h"

#define VERSION 1
#define MAX_DEPTH 8
#define MAX_ASIDE 999
#define FILE_MODE 0600 /* it may hold authorizations */

struct UsStreamFile {
  char *path;
  char *known; /* nullable: checksum of what was read or written last */
};

/* Reading: what is needed to say where something is wrong. */
typedef struct {
  const char *path;
  JsonParser *parser;
  GHashTable *lines; /* of JsonObject to GHashTable of member to line */
  char *twice;       /* nullable: a member that stands twice in one object */
  guint twice_line;
  GPtrArray *configs;     /* element-type UsStreamConfig */
  GHashTable *ids, *urls; /* of text to index + 1 */
} Reading;

UsStreamFile *
us_stream_file_new (const char *path) {
  UsStreamFile *file = g_new0 (UsStreamFile, 1);
  file->path = g_strdup (path);
  return file;
}

void
us_stream_file_free (UsStreamFile *file) {
  if (file == NULL)
    return;
  g_free (file->path);
  g_free (file->known);
  g_free (file);
}

static char *
checksum_of (const char *text, gsize size) {
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guint8 *)text, size);
}

/* ---- lines ---- */

static void
on_member (JsonParser *parser, JsonObject *object, const char *name, gpointer user_data) {
  Reading *reading = user_data;
  GHashTable *members = g_hash_table_lookup (reading->lines, object);
  guint line = json_parser_get_current_line (parser);
  if (members == NULL) {
    members = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
    g_hash_table_insert (reading->lines, object, members);
  }
  if (!g_hash_table_insert (members, g_strdup (name), GUINT_TO_POINTER (line))
      && reading->twice == NULL) {
    reading->twice = g_strdup (name);
    reading->twice_line = line;
  }
}

static guint
line_of (const Reading *reading, JsonObject *object, const char *name) {
  GHashTable *members = g_hash_table_lookup (reading->lines, object);
  if (members == NULL)
    return 0;
  if (name != NULL)
    return GPOINTER_TO_UINT (g_hash_table_lookup (members, name));
  guint least = 0;
  GHashTableIter iter;
  gpointer line;
  g_hash_table_iter_init (&iter, members);
  while (g_hash_table_iter_next (&iter, NULL, &line))
    least = least == 0 ? GPOINTER_TO_UINT (line) : MIN (least, GPOINTER_TO_UINT (line));
  return least;
}

G_GNUC_PRINTF (4, 5)
static gboolean
fail (const Reading *reading, guint line, GError **error, const char *format, ...) {
  va_list args;
  va_start (args, format);
  g_autofree char *text = g_strdup_vprintf (format, args);
  va_end (args);
  if (line > 0)
    g_set_error (error, US_STREAM_ERROR, US_STREAM_ERROR_FILE, "%s:%u: %s", reading->path, line,
                 text);
  else
    g_set_error (error, US_STREAM_ERROR, US_STREAM_ERROR_FILE, "%s: %s", reading->path, text);
  return FALSE;
}

/* json-glib calls itself for each level. Returns: the line where it gets too deep, or 0 */
static guint
find_depth (const char *text, gsize size) {
  guint depth = 0, line = 1;
  gboolean is_text = FALSE;
  for (gsize i = 0; i < size; i++) {
    if (text[i] == '\n')
      line++;
    else if (is_text && text[i] == '\\')
      i++;
    else if (text[i] == '"')
      is_text = !is_text;
    else if (!is_text && (text[i] == '[' || text[i] == '{') && ++depth > MAX_DEPTH)
      return line;
    else if (!is_text && (text[i] == ']' || text[i] == '}') && depth > 0)
      depth--;
  }
  return 0;
}

/* ---- members ---- */

typedef enum { MEMBER_TEXT, MEMBER_FLAG, MEMBER_NUMBER, MEMBER_DATE } MemberType;

typedef struct {
  const char *name;
  MemberType type;
  gsize offset; /* in UsStreamConfig */
} Member;

static const Member members[] = {
#define MEMBER(name, type, field)                                                                  \
  { name, MEMBER_##type, G_STRUCT_OFFSET (UsStreamConfig, field) }
  MEMBER ("id", TEXT, id),
  MEMBER ("name", TEXT, name),
  MEMBER ("url", TEXT, url),
  MEMBER ("paused", FLAG, is_paused),
  MEMBER ("segment_share", NUMBER, segment_share),
  MEMBER ("black", FLAG, has_black),
  MEMBER ("frozen", FLAG, has_frozen),
  MEMBER ("silent", FLAG, has_silent),
  MEMBER ("maintenance_until", DATE, maintenance_until_us),
  MEMBER ("maintenance_reason", TEXT, maintenance_reason),
  MEMBER ("authorization", TEXT, authorization),
  MEMBER ("added", DATE, added_us),
#undef MEMBER
};

static const Member *
find_member (const char *name) {
  for (guint i = 0; i < G_N_ELEMENTS (members); i++)
    if (strcmp (members[i].name, name) == 0)
      return &members[i];
  return NULL;
}

static char *
format_date (gint64 wall_us) {
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (wall_us / G_USEC_PER_SEC);
  g_autoptr (GDateTime) exact
      = date != NULL ? g_date_time_add (date, wall_us % G_USEC_PER_SEC) : NULL;
  return exact != NULL ? g_date_time_format (exact, "%Y-%m-%dT%H:%M:%S.%fZ") : g_strdup ("");
}

static gboolean
read_date (const char *text, gint64 *wall_us) {
  g_autoptr (GDateTime) date = g_date_time_new_from_iso8601 (text, NULL);
  if (date == NULL)
    return FALSE;
  *wall_us = g_date_time_to_unix (date) * G_USEC_PER_SEC + g_date_time_get_microsecond (date);
  return TRUE;
}

/* Returns: (nullable): what was expected instead */
static const char *
read_member (UsStreamConfig *config, const Member *member, JsonNode *node) {
  GType type = json_node_get_value_type (node);
  gpointer field = G_STRUCT_MEMBER_P (config, member->offset);
  switch (member->type) {
  case MEMBER_TEXT:
    if (type != G_TYPE_STRING)
      return "a text in quotes";
    g_free (*(char **)field);
    *(char **)field = json_node_dup_string (node);
    return NULL;
  case MEMBER_FLAG:
    if (type != G_TYPE_BOOLEAN)
      return "true or false";
    *(gboolean *)field = json_node_get_boolean (node);
    return NULL;
  case MEMBER_NUMBER:
    if (type != G_TYPE_DOUBLE && type != G_TYPE_INT64)
      return "a number";
    *(double *)field = json_node_get_double (node);
    return NULL;
  case MEMBER_DATE:
    if (type != G_TYPE_STRING || !read_date (json_node_get_string (node), field))
      return "a date as \"2026-01-31T18:00:00Z\"";
    return NULL;
  default:
    return "something else";
  }
}

/* ---- streams ---- */

static gboolean
is_id_taken (const char *id, gpointer user_data) {
  return g_hash_table_contains (((const Reading *)user_data)->ids, id);
}

/* "https://example.com/a/b.m3u8?token=x" -> "example.com/a/b.m3u8" */
static char *
name_of_url (const char *url) {
  const char *start = strstr (url, "://");
  start = start != NULL ? start + 3 : url;
  char *name = g_strndup (start, MIN (strcspn (start, "?#"), US_STREAM_MAX_NAME));
  return name;
}

/* Ids that are written come first, so that one which is made never takes another's. */
static gboolean
note_written_ids (Reading *reading, JsonArray *streams, GError **error) {
  for (guint i = 0; i < json_array_get_length (streams); i++) {
    JsonNode *node = json_array_get_element (streams, i);
    if (!JSON_NODE_HOLDS_OBJECT (node))
      continue;
    JsonObject *object = json_node_get_object (node);
    JsonNode *id = json_object_get_member (object, "id");
    if (id == NULL || json_node_get_value_type (id) != G_TYPE_STRING)
      continue;
    guint other = GPOINTER_TO_UINT (g_hash_table_lookup (reading->ids, json_node_get_string (id)));
    if (other > 0)
      return fail (reading, line_of (reading, object, "id"), error,
                   "streams[%u].id: \"%s\" is the id of streams[%u] already", i,
                   json_node_get_string (id), other - 1);
    g_hash_table_insert (reading->ids, json_node_dup_string (id), GUINT_TO_POINTER (i + 1));
  }
  return TRUE;
}

static gboolean
check_stream (Reading *reading, JsonObject *object, guint index, UsStreamConfig *config,
              GError **error) {
  const char *pointer;
  g_autoptr (GError) fault = NULL;
  if (config->url == NULL)
    return fail (reading, line_of (reading, object, NULL), error,
                 "streams[%u].url: missing; every stream needs one", index);
  if (config->name == NULL)
    config->name = name_of_url (config->url);
  if (config->id == NULL && g_utf8_validate (config->name, -1, NULL)) {
    config->id = us_stream_config_make_id (config->name, is_id_taken, reading);
    g_hash_table_insert (reading->ids, g_strdup (config->id), GUINT_TO_POINTER (index + 1));
  }
  if (!us_stream_config_check (config, &pointer, &fault))
    return fail (reading, line_of (reading, object, pointer + 1), error, "streams[%u].%s: %s",
                 index, pointer + 1, fault->message);
  guint other = GPOINTER_TO_UINT (g_hash_table_lookup (reading->urls, config->url));
  if (other > 0)
    return fail (reading, line_of (reading, object, "url"), error,
                 "streams[%u].url: streams[%u] watches it already", index, other - 1);
  g_hash_table_insert (reading->urls, g_strdup (config->url), GUINT_TO_POINTER (index + 1));
  return TRUE;
}

static gboolean
read_stream (Reading *reading, JsonNode *node, guint index, GError **error) {
  if (!JSON_NODE_HOLDS_OBJECT (node))
    return fail (reading, 0, error, "streams[%u]: expected an object", index);
  JsonObject *object = json_node_get_object (node);
  g_autoptr (UsStreamConfig) config = us_stream_config_new (NULL, NULL, NULL);
  g_autoptr (GList) names = json_object_get_members (object);
  for (GList *link = names; link != NULL; link = link->next) {
    const char *name = link->data;
    const Member *member = find_member (name);
    guint line = line_of (reading, object, name);
    if (member == NULL)
      return fail (reading, line, error, "streams[%u].%s: unknown", index, name);
    const char *expected = read_member (config, member, json_object_get_member (object, name));
    if (expected != NULL)
      return fail (reading, line, error, "streams[%u].%s: expected %s", index, name, expected);
  }
  if (!check_stream (reading, object, index, config, error))
    return FALSE;
  g_ptr_array_add (reading->configs, g_steal_pointer (&config));
  return TRUE;
}

static gboolean
read_root (Reading *reading, JsonNode *root, GError **error) {
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    return fail (reading, 1, error, "expected an object with \"version\" and \"streams\"");
  if (reading->twice != NULL)
    return fail (reading, reading->twice_line, error, "%s: stands twice", reading->twice);
  JsonObject *object = json_node_get_object (root);
  g_autoptr (GList) names = json_object_get_members (object);
  for (GList *link = names; link != NULL; link = link->next)
    if (strcmp (link->data, "version") != 0 && strcmp (link->data, "streams") != 0)
      return fail (reading, line_of (reading, object, link->data), error, "%s: unknown",
                   (const char *)link->data);
  JsonNode *version = json_object_get_member (object, "version");
  JsonNode *streams = json_object_get_member (object, "streams");
  if (version == NULL || json_node_get_value_type (version) != G_TYPE_INT64
      || json_node_get_int (version) != VERSION)
    return fail (reading, line_of (reading, object, "version"), error, "version: expected %d",
                 VERSION);
  if (streams == NULL || !JSON_NODE_HOLDS_ARRAY (streams))
    return fail (reading, line_of (reading, object, "streams"), error, "streams: expected a list");
  JsonArray *array = json_node_get_array (streams);
  if (json_array_get_length (array) > US_STREAMS_MAX)
    return fail (reading, 0, error, "streams: %u of them, at most %d",
                 json_array_get_length (array), US_STREAMS_MAX);
  if (!note_written_ids (reading, array, error))
    return FALSE;
  for (guint i = 0; i < json_array_get_length (array); i++)
    if (!read_stream (reading, json_array_get_element (array, i), i, error))
      return FALSE;
  return TRUE;
}

static gboolean
parse (Reading *reading, const char *text, gsize size, GError **error) {
  g_autoptr (GError) fault = NULL;
  guint too_deep = find_depth (text, size);
  if (too_deep > 0)
    return fail (reading, too_deep, error, "more than %d levels of brackets", MAX_DEPTH);
  if (memchr (text, '\0', size) != NULL || !g_utf8_validate (text, (gssize)size, NULL))
    return fail (reading, 0, error, "is no text in UTF-8");
  g_signal_connect (reading->parser, "object-member", G_CALLBACK (on_member), reading);
  if (!json_parser_load_from_data (reading->parser, text, (gssize)size, &fault)) {
    /* "<data>:3:1: Parse error: ..." */
    const char *place = strchr (fault->message, ':');
    const char *words = strstr (fault->message, "rror: ");
    return fail (reading, place != NULL ? (guint)g_ascii_strtoull (place + 1, NULL, 10) : 0, error,
                 "%s", words != NULL ? words + strlen ("rror: ") : fault->message);
  }
  return read_root (reading, json_parser_get_root (reading->parser), error);
}

/* Returns: FALSE with a GError; @text is NULL when there is no file */
static gboolean
read_bytes (const char *path, char **text, gsize *size, GError **error) {
  g_autoptr (GError) fault = NULL;
  struct stat about;
  *text = NULL;
  *size = 0;
  if (stat (path, &about) != 0 && errno == ENOENT)
    return TRUE;
  if (stat (path, &about) == 0 && about.st_size > US_STREAM_FILE_MAX_BYTES) {
    g_set_error (error, US_STREAM_ERROR, US_STREAM_ERROR_FILE, "%s: larger than %d bytes", path,
                 US_STREAM_FILE_MAX_BYTES);
    return FALSE;
  }
  if (g_file_get_contents (path, text, size, &fault))
    return TRUE;
  g_set_error (error, US_STREAM_ERROR, US_STREAM_ERROR_FILE, "%s", fault->message);
  return FALSE;
}

/**
 * us_stream_file_load:
 *
 * Returns: (transfer container) (element-type UsStreamConfig) (nullable): the streams, none when
 *   there is no file; %NULL with %US_STREAM_ERROR_FILE, which names path, line and member
 */
GPtrArray *
us_stream_file_load (UsStreamFile *file, GError **error) {
  g_autofree char *text = NULL;
  gsize size;
  if (!read_bytes (file->path, &text, &size, error))
    return NULL;
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GPtrArray) configs
      = g_ptr_array_new_with_free_func ((GDestroyNotify)us_stream_config_free);
  g_autoptr (GHashTable) lines
      = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify)g_hash_table_unref);
  g_autoptr (GHashTable) ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) urls = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Reading reading = { file->path, parser, lines, NULL, 0, configs, ids, urls };
  gboolean is_good = text == NULL || parse (&reading, text, size, error);
  g_free (reading.twice);
  if (!is_good)
    return NULL;
  g_free (file->known);
  file->known = text != NULL ? checksum_of (text, size) : NULL;
  return g_steal_pointer (&configs);
}

/* ---- writing ---- */

static void
add_stream (JsonBuilder *json, const UsStreamConfig *config) {
  json_builder_begin_object (json);
  for (guint i = 0; i < G_N_ELEMENTS (members); i++) {
    gconstpointer field = G_STRUCT_MEMBER_P (config, members[i].offset);
    gint64 date = members[i].type == MEMBER_DATE ? *(const gint64 *)field : 0;
    if ((members[i].type == MEMBER_TEXT && *(char *const *)field == NULL)
        || (members[i].type == MEMBER_DATE && date == 0))
      continue;
    g_autofree char *date_text = format_date (date);
    json_builder_set_member_name (json, members[i].name);
    if (members[i].type == MEMBER_TEXT)
      json_builder_add_string_value (json, *(char *const *)field);
    else if (members[i].type == MEMBER_FLAG)
      json_builder_add_boolean_value (json, *(const gboolean *)field);
    else if (members[i].type == MEMBER_NUMBER)
      json_builder_add_double_value (json, *(const double *)field);
    else
      json_builder_add_string_value (json, date_text);
  }
  json_builder_end_object (json);
}

static char *
render (const GPtrArray *configs) {
  g_autoptr (JsonBuilder) json = json_builder_new ();
  json_builder_begin_object (json);
  us_json_add_integer (json, "version", VERSION);
  json_builder_set_member_name (json, "streams");
  json_builder_begin_array (json);
  for (guint i = 0; i < configs->len; i++) {
    const UsStreamConfig *config = g_ptr_array_index (configs, i);
    if (!config->is_own)
      add_stream (json, config);
  }
  json_builder_end_array (json);
  json_builder_end_object (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  json_generator_set_root (generator, root);
  json_generator_set_pretty (generator, TRUE);
  g_autofree char *text = json_generator_to_data (generator, NULL);
  return g_strconcat (text, "\n", NULL);
}

static gboolean
write_whole (int fd, const char *text, gsize size) {
  for (gsize done = 0; done < size;) {
    gssize n = write (fd, text + done, size - done);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return FALSE;
    done += (gsize)n;
  }
  return fsync (fd) == 0;
}

/* A copy, not a rename: at no moment is there no file. */
static gboolean
set_aside (const UsStreamFile *file, const char *text, gsize size, GError **error) {
  for (guint i = 1; i <= MAX_ASIDE; i++) {
    g_autofree char *path = g_strdup_printf ("%s.aside-%u", file->path, i);
    int fd = open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (fd < 0 && errno == EEXIST)
      continue;
    gboolean is_written = fd >= 0 && write_whole (fd, text, size);
    int fault = errno;
    if (fd >= 0)
      close (fd);
    if (is_written)
      return TRUE;
    if (fd >= 0)
      unlink (path);
    g_set_error (error, US_STREAM_ERROR, US_STREAM_ERROR_FILE, "%s: cannot set it aside to %s: %s",
                 file->path, path, g_strerror (fault));
    return FALSE;
  }
  g_set_error (error, US_STREAM_ERROR, US_STREAM_ERROR_FILE,
               "%s: cannot set it aside: there are %d such files already", file->path, MAX_ASIDE);
  return FALSE;
}

static gboolean
keep_what_is_there (UsStreamFile *file, GError **error) {
  g_autofree char *text = NULL;
  gsize size;
  if (!read_bytes (file->path, &text, &size, error))
    return FALSE;
  if (text == NULL)
    return TRUE;
  g_autofree char *checksum = checksum_of (text, size);
  return g_strcmp0 (checksum, file->known) == 0 || set_aside (file, text, size, error);
}

/**
 * us_stream_file_save:
 *
 * Returns: %FALSE with %US_STREAM_ERROR_FILE; the old file is whole then
 */
gboolean
us_stream_file_save (UsStreamFile *file, const GPtrArray *configs, GError **error) {
  g_autoptr (GError) fault = NULL;
  g_autofree char *text = render (configs);
  gsize size = strlen (text);
  if (!keep_what_is_there (file, error))
    return FALSE;
  /* Durable: the new file is synced, renamed, and the folder synced. */
  if (!g_file_set_contents_full (file->path, text, (gssize)size,
                                 G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                 FILE_MODE, &fault)) {
    g_set_error (error, US_STREAM_ERROR, US_STREAM_ERROR_FILE, "%s", fault->message);
    return FALSE;
  }
  g_free (file->known);
  file->known = checksum_of (text, size);
  return TRUE;
}
