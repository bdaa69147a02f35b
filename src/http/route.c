/* route.c - which route answers a path
 *
 * Filled before the server starts and never changed after, so that all shards read it without a
 * lock. A handful of routes: a scan in order of falling length is the longest-prefix rule.
 */
#include "http/route.h"

#include <string.h>

static void
route_free (gpointer data) {
  UsHttpRoute *route = data;

  g_free (route->prefix);
  g_free (route->allow);
  g_strfreev (route->origins);
  g_free (route);
}

UsHttpRoutes *
us_http_routes_new (void) {
  return g_ptr_array_new_with_free_func (route_free);
}

static gboolean
has_token (const char *list, const char *token) {
  gsize length = strlen (token);
  const char *p = list;

  while (*p != '\0') {
    gsize n;

    p += strspn (p, ", |");
    n = strcspn (p, ", |");
    if (n > 0 && n == length && memcmp (p, token, n) == 0)
      return TRUE;
    p += n;
  }
  return FALSE;
}

static char *
make_allow (const char *methods) {
  g_auto (GStrv) tokens = g_strsplit_set (methods, ", |", -1);
  GString *allow = g_string_new (NULL);

  for (char **t = tokens; *t != NULL; t++)
    if (**t != '\0' && !has_token (allow->str, *t))
      g_string_append_printf (allow, "%s%s", allow->len > 0 ? ", " : "", *t);
  if (has_token (allow->str, "GET") && !has_token (allow->str, "HEAD"))
    g_string_append (allow, ", HEAD");
  if (!has_token (allow->str, "OPTIONS"))
    g_string_append (allow, ", OPTIONS");
  return g_string_free (allow, FALSE);
}

/* Longest first. Stable only for different lengths; equal prefixes are a programmer's mistake. */
static int
compare_length (gconstpointer a, gconstpointer b) {
  const UsHttpRoute *const *x = a, *const *y = b;
  gsize m = strlen ((*x)->prefix), n = strlen ((*y)->prefix);

  return m < n ? 1 : m > n ? -1 : 0;
}

/**
 * us_http_routes_add:
 * @prefix: begins with "/"; ends with "/" to match everything below
 * @methods: upper-case names parted by comma, space or bar: "GET, POST"
 */
void
us_http_routes_add (UsHttpRoutes *routes, const char *prefix, const char *methods,
                    UsHttpRespond respond, UsHttpHandle handle, gpointer user_data) {
  UsHttpRoute *route = g_new0 (UsHttpRoute, 1);

  route->prefix = g_strdup (prefix);
  route->allow = make_allow (methods);
  route->respond = respond;
  route->handle = handle;
  route->user_data = user_data;
  g_ptr_array_add (routes, route);
  g_ptr_array_sort (routes, compare_length);
}

void
us_http_routes_add_events (UsHttpRoutes *routes, const char *path, UsHttpEvents *events) {
  UsHttpRoute *route = g_new0 (UsHttpRoute, 1);

  route->prefix = g_strdup (path);
  route->allow = make_allow ("GET");
  route->events = events;
  g_ptr_array_add (routes, route);
  g_ptr_array_sort (routes, compare_length);
}

/**
 * us_http_routes_find:
 * @path: decoded
 *
 * Returns: (nullable): the route with the longest matching prefix
 */
const UsHttpRoute *
us_http_routes_find (const UsHttpRoutes *routes, const char *path) {
  for (guint i = 0; i < routes->len; i++) {
    const UsHttpRoute *route = g_ptr_array_index (routes, i);
    gsize length = strlen (route->prefix);

    if (route->prefix[length - 1] == '/' ? strncmp (path, route->prefix, length) == 0
                                         : strcmp (path, route->prefix) == 0)
      return route;
  }
  return NULL;
}

gboolean
us_http_route_allows (const UsHttpRoute *route, const char *method) {
  return has_token (route->allow, method);
}

/**
 * us_http_routes_allow_origins:
 * @prefix: of the routes that it is for, added before
 * @origins: as in an Origin header; "*": any
 */
void
us_http_routes_allow_origins (UsHttpRoutes *routes, const char *prefix,
                              const char *const *origins) {
  for (guint i = 0; i < routes->len; i++) {
    UsHttpRoute *route = g_ptr_array_index (routes, i);

    if (!g_str_has_prefix (route->prefix, prefix))
      continue;
    g_strfreev (route->origins);
    route->origins = g_strdupv ((char **)origins);
  }
}

/* @origin: (nullable): of the request */
gboolean
us_http_route_allows_origin (const UsHttpRoute *route, const char *origin) {
  if (route->origins == NULL || origin == NULL || *origin == '\0')
    return FALSE;
  return g_strv_contains ((const char *const *)route->origins, "*")
         || g_strv_contains ((const char *const *)route->origins, origin);
}
