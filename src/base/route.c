/* route.c - routes of streams, and what of their URLs is secret; pure
 *
 * The addresses that platforms give out hold the stream key in the path or in the query
 * (rtmp://live.example/app/KEY?token=...). Logs, metrics and status show the server and the first
 * part of the path, which is what tells one target from another, and nothing behind it.
 */
#include "base/route.h"

#include <string.h>

#define HIDDEN "***"
#define SHORTEST_SECRET 3 /* what is shorter cannot be told from ordinary text ... */
#define UNMISTAKABLE 8    /* ... and what is longer can, also within a word */

static gboolean
is_name_char (char c) {
  return g_ascii_isalnum (c) || c == '.' || c == '_' || c == '-';
}

/**
 * us_route_split:
 * @route: "URL" or "NAME=URL"
 * @url: (out) (transfer none): the URL in @route
 *
 * Returns: (transfer full) (nullable): NAME; %NULL: the route is for every stream
 */
char *
us_route_split (const char *route, const char **url) {
  const char *end = route;
  while (is_name_char (*end))
    end++;
  gboolean has_name = end != route && *end == '=';
  *url = has_name ? end + 1 : route;
  return has_name ? g_strndup (route, (gsize)(end - route)) : NULL;
}

/**
 * us_route_fill:
 * @url: a URL, perhaps with %US_ROUTE_STREAM in it
 * @stream: a stream's name
 *
 * Returns: (transfer full): the URL for that stream
 */
char *
us_route_fill (const char *url, const char *stream) {
  g_auto (GStrv) parts = g_strsplit (url, US_ROUTE_STREAM, -1);
  return g_strjoinv (stream, parts);
}

/* Where the authority, the path and the query of @url begin; its end where one is missing. */
static void
find_parts (const char *url, const char **authority, const char **path, const char **query) {
  const char *scheme_end = strstr (url, "://");
  *authority = scheme_end != NULL ? scheme_end + strlen ("://") : url;
  *path = *authority + strcspn (*authority, "/?#");
  *query = *path + strcspn (*path, "?#");
}

/* Behind the first part of the path. */
static const char *
find_hidden_path (const char *path, const char *query) {
  const char *first = path + (*path == '/');
  gsize length = strcspn (first, "/?#");
  return first + length < query ? first + length : query;
}

/**
 * us_route_for_people:
 * @url: a URL, as it is set or filled in
 *
 * Returns: (transfer full): its scheme, server and first part of the path; that there is more is
 *   shown by asterisks, but for a %US_ROUTE_STREAM that stands alone
 */
char *
us_route_for_people (const char *url) {
  const char *authority, *path, *query;
  find_parts (url, &authority, &path, &query);
  const char *hidden = find_hidden_path (path, query);
  const char *at = g_strrstr_len (authority, path - authority, "@");
  GString *shown = g_string_new_len (url, authority - url);
  const char *host = at != NULL ? at + 1 : authority;
  g_string_append_len (shown, host, hidden - host);
  if (query - hidden > 1) {
    gboolean is_stream = (gsize)(query - hidden) == strlen ("/" US_ROUTE_STREAM)
                         && g_str_has_prefix (hidden, "/" US_ROUTE_STREAM);
    g_string_append (shown, is_stream ? "/" US_ROUTE_STREAM : "/" HIDDEN);
  }
  if (*query != '\0')
    g_string_append (shown, "?" HIDDEN);
  return g_string_free (shown, FALSE);
}

/* Whether [@at, @at + @length) stands by itself: "cam" does not in "came". */
static gboolean
is_word (const char *text, const char *at, gsize length) {
  return !(at > text && g_ascii_isalnum (at[-1])) && !g_ascii_isalnum (at[length]);
}

static char *
hide (char *text, const char *secret, gsize length) {
  g_autofree char *owned = text, *word = g_strndup (secret, length);
  GString *clean = g_string_new (NULL);
  const char *rest = owned;
  for (const char *at = strstr (rest, word); at != NULL; at = strstr (at, word)) {
    if (length < UNMISTAKABLE && !is_word (owned, at, length)) {
      at++;
      continue;
    }
    g_string_append_len (clean, rest, at - rest);
    g_string_append (clean, HIDDEN);
    rest = at += length;
  }
  g_string_append (clean, rest);
  return g_string_free (clean, FALSE);
}

/* The parts of what is secret, each by itself and decoded: a server may have split it. Only long
 * ones, for "live" and "caller" are no secrets. */
static char *
hide_parts (char *clean, const char *secret) {
  g_auto (GStrv) words = g_strsplit_set (secret, "/?&#", -1);
  for (guint i = 0; words[i] != NULL; i++) {
    const char *sign = strchr (words[i], '=');
    const char *value = sign != NULL ? sign + 1 : words[i];
    g_autofree char *decoded = g_uri_unescape_string (value, NULL);
    if (strlen (value) >= UNMISTAKABLE)
      clean = hide (clean, value, strlen (value));
    if (decoded != NULL && strlen (decoded) >= UNMISTAKABLE)
      clean = hide (clean, decoded, strlen (decoded));
  }
  return clean;
}

static char *
hide_user (char *clean, const char *user, gsize length) {
  const char *colon = memchr (user, ':', length);
  if (length >= SHORTEST_SECRET)
    clean = hide (clean, user, length);
  gsize password = colon != NULL ? length - (gsize)(colon + 1 - user) : 0;
  return password >= SHORTEST_SECRET ? hide (clean, colon + 1, password) : clean;
}

/**
 * us_route_scrub:
 * @text: what somebody else said, a server perhaps
 * @url: the URL that they were given
 *
 * Returns: (transfer full): the same text without the parts of @url that are not for people
 */
char *
us_route_scrub (const char *text, const char *url) {
  const char *authority, *path, *query;
  find_parts (url, &authority, &path, &query);
  const char *hidden = find_hidden_path (path, query), *at;
  char *clean = g_strdup (text);
  at = g_strrstr_len (authority, path - authority, "@");
  if (at != NULL)
    clean = hide_user (clean, authority, (gsize)(at - authority));
  hidden += *hidden == '/';
  if (query - hidden >= SHORTEST_SECRET)
    clean = hide (clean, hidden, (gsize)(query - hidden));
  if (strlen (query) > SHORTEST_SECRET)
    clean = hide (clean, query + 1, strlen (query) - 1);
  return hide_parts (clean, hidden);
}
