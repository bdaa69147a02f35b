/* name.c - stream names; pure
 *
 * rtmp://host/mystream arrives as app "mystream" without a key from ffmpeg and OBS, and as an empty
 * app with key "mystream" from older clients; rtmp://host/live/mystream has both. All three mean
 * the stream "mystream". The name ends up in URLs, state files and metric labels of other roles,
 * so its alphabet is small and checked here, once.
 */
#include "ingest/name.h"

#include <gio/gio.h>
#include <string.h>

static gboolean
is_name_char (char c) {
  return g_ascii_isalnum (c) || c == '.' || c == '_' || c == '-';
}

/**
 * us_stream_name_is_valid:
 * @name: (nullable): a candidate
 * @why: (out) (optional) (transfer none): the rule it breaks, as the end of a sentence
 *
 * Returns: %TRUE for 1 to %US_STREAM_NAME_MAX of [A-Za-z0-9._-], not starting with a dot
 */
gboolean
us_stream_name_is_valid (const char *name, const char **why) {
  const char *fault = NULL;
  if (name == NULL || name[0] == '\0')
    fault = "must not be empty";
  else if (strlen (name) > US_STREAM_NAME_MAX)
    fault = "must have at most 64 characters";
  else if (name[0] == '.')
    fault = "must not start with a dot";
  for (gsize i = 0; fault == NULL && name[i] != '\0'; i++) {
    if (!is_name_char (name[i]))
      fault = "may hold only letters, digits, '.', '_' and '-'";
  }
  if (why != NULL)
    *why = fault;
  return fault == NULL;
}

/**
 * us_stream_name_raw:
 * @app: (nullable): application of the connect command
 * @key: (nullable): stream key of the publish command, without query
 *
 * Returns: (transfer full): the part of the URL that says what is published, "" when none does;
 *   nothing about it was checked
 */
char *
us_stream_name_raw (const char *app, const char *key) {
  const char *source = key != NULL && key[0] != '\0' ? key : app;
  char *name = g_strdup (source != NULL ? source : "");
  /* "rtmp://host/mystream/" is the same stream: a trailing slash comes from OBS's two fields. */
  for (gsize n = strlen (name); n > 0 && name[n - 1] == '/'; n--)
    name[n - 1] = '\0';
  return name;
}

static gboolean
is_word (const char *word, const char *name) {
  gsize length = strcspn (word, "=");
  return length == strlen (name) && strncmp (word, name, length) == 0;
}

/**
 * us_stream_query_get:
 * @query: the text behind '?' of an URL
 * @name: of one of its words
 *
 * Returns: (transfer full) (nullable): the value of the first such word, decoded; %NULL when there
 *   is none, or it cannot be decoded
 */
char *
us_stream_query_get (const char *query, const char *name) {
  g_auto (GStrv) words = g_strsplit (query, "&", -1);
  for (guint i = 0; words[i] != NULL; i++) {
    if (is_word (words[i], name))
      return g_uri_unescape_string (
          words[i][strlen (name)] == '=' ? words[i] + strlen (name) + 1 : "", NULL);
  }
  return NULL;
}

/**
 * us_stream_query_without:
 * @query: the text behind '?' of an URL
 * @name: of words to be left out
 *
 * Returns: (transfer full): the rest
 */
char *
us_stream_query_without (const char *query, const char *name) {
  g_auto (GStrv) words = g_strsplit (query, "&", -1);
  GString *rest = g_string_new (NULL);
  for (guint i = 0; words[i] != NULL; i++) {
    if (!is_word (words[i], name))
      g_string_append_printf (rest, "%s%s", rest->len > 0 ? "&" : "", words[i]);
  }
  return g_string_free (rest, FALSE);
}

/**
 * us_stream_name_from_publish:
 * @app: (nullable): application of the connect command
 * @key: (nullable): stream key of the publish command, without query
 * @default_stream: name for a publisher that gave neither
 * @error: %G_IO_ERROR_INVALID_FILENAME with a sentence fit for NetStream.Publish.Denied
 *
 * Returns: (transfer full) (nullable): the stream name: the key, else the application
 */
char *
us_stream_name_from_publish (const char *app, const char *key, const char *default_stream,
                             GError **error) {
  g_autofree char *name = us_stream_name_raw (app, key);
  if (name[0] == '\0')
    return g_strdup (default_stream);
  const char *why = NULL;
  if (!us_stream_name_is_valid (name, &why)) {
    g_autofree char *shown = g_strescape (name, NULL);
    if (strlen (shown) > US_STREAM_NAME_MAX)
      shown[US_STREAM_NAME_MAX] = '\0';
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME, "stream key \"%s\" %s", shown,
                 why);
    return NULL;
  }
  return g_steal_pointer (&name);
}
