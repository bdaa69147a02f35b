/* route-template.c - paths with parameters
 *
 * A handler of everything below "/api/" has a table of templates; this finds the row. A literal
 * segment is preferred to a parameter, so that "/api/streams/export" may stand beside
 * "/api/streams/{id}". Paths come decoded, so that a value cannot have a slash, however it was
 * written. Pure; the table is the caller's and static.
 */
#include "http/route-template.h"

#include <string.h>

#include "http/problem.h"

/* The next segment of @path, without its slash; moves on. Returns: FALSE at the end */
static gboolean
next_segment (const char **path, const char **segment, gsize *length) {
  if (**path != '/')
    return FALSE;
  *segment = *path + 1;
  *length = strcspn (*segment, "/");
  *path = *segment + *length;
  return TRUE;
}

static gboolean
is_parameter (const char *segment, gsize length) {
  return length > 2 && segment[0] == '{' && segment[length - 1] == '}';
}

/* Returns: 0: does not fit; else the higher the earlier its literals, a bit for each segment */
static guint
fit (const char *template, const char *path) {
  guint score = 1;

  while (TRUE) {
    const char *wanted, *given;
    gsize n_wanted, n_given;
    gboolean has_wanted = next_segment (&template, &wanted, &n_wanted);

    if (has_wanted != next_segment (&path, &given, &n_given))
      return 0;
    if (!has_wanted)
      return *path == '\0' && *template == '\0' ? score : 0;
    gboolean is_free = is_parameter (wanted, n_wanted);
    if (is_free ? n_given == 0 : n_wanted != n_given || memcmp (wanted, given, n_wanted) != 0)
      return 0;
    score = score << 1 | (is_free ? 0 : 1);
  }
}

static void
take_values (UsTemplateMatch *match, const char *template, const char *path) {
  const char *wanted, *given;
  gsize n_wanted, n_given;
  guint n = 0;

  while (next_segment (&template, &wanted, &n_wanted) && next_segment (&path, &given, &n_given))
    if (is_parameter (wanted, n_wanted) && n < US_TEMPLATE_MAX_VALUES)
      match->values[n++] = g_strndup (given, n_given);
}

static gboolean
is_method (const char *of_route, const char *method) {
  return strcmp (of_route, method) == 0
         || (strcmp (of_route, "GET") == 0 && strcmp (method, "HEAD") == 0);
}

static char *
list_methods (const UsTemplateRoute *routes, const char *template) {
  GString *allow = g_string_new (NULL);

  for (const UsTemplateRoute *route = routes; route->path != NULL; route++)
    if (strcmp (route->path, template) == 0)
      g_string_append_printf (allow, "%s%s%s", allow->len > 0 ? ", " : "", route->method,
                              strcmp (route->method, "GET") == 0 ? ", HEAD" : "");
  g_string_append (allow, ", OPTIONS");
  return g_string_free (allow, FALSE);
}

/**
 * us_template_find:
 * @routes: ended by a row of zeros
 * @match: (out): us_template_match_clear() it
 * @allow: (out) (nullable) (transfer full): with %US_TEMPLATE_NO_METHOD, the header of that name
 *
 * Returns: whether, or why not, @match has a route
 */
UsTemplateResult
us_template_find (const UsTemplateRoute *routes, const char *method, const char *path,
                  UsTemplateMatch *match, char **allow) {
  const char *template = NULL;
  guint best = 0;

  memset (match, 0, sizeof *match);
  *allow = NULL;
  for (const UsTemplateRoute *route = routes; route->path != NULL; route++) {
    guint score = fit (route->path, path);

    if (score <= best)
      continue;
    best = score;
    template = route->path;
  }
  if (template == NULL)
    return US_TEMPLATE_NO_PATH;
  for (const UsTemplateRoute *route = routes; route->path != NULL; route++) {
    if (strcmp (route->path, template) != 0 || !is_method (route->method, method))
      continue;
    match->route = route;
    take_values (match, template, path);
    return US_TEMPLATE_FOUND;
  }
  *allow = list_methods (routes, template);
  return US_TEMPLATE_NO_METHOD;
}

/**
 * us_template_match_get:
 * @name: of a parameter, without braces
 *
 * Returns: (nullable) (transfer none): its value
 */
const char *
us_template_match_get (const UsTemplateMatch *match, const char *name) {
  const char *template = match->route != NULL ? match->route->path : "";
  const char *wanted;
  gsize length;
  guint n = 0;

  while (next_segment (&template, &wanted, &length)) {
    if (!is_parameter (wanted, length))
      continue;
    if (n == US_TEMPLATE_MAX_VALUES)
      return NULL;
    if (strlen (name) == length - 2 && memcmp (wanted + 1, name, length - 2) == 0)
      return match->values[n];
    n++;
  }
  return NULL;
}

void
us_template_match_clear (UsTemplateMatch *match) {
  for (guint i = 0; i < US_TEMPLATE_MAX_VALUES; i++)
    g_free (match->values[i]);
  memset (match, 0, sizeof *match);
}

/**
 * us_template_dispatch:
 * @self: for the handles
 *
 * Calls the handle of the row that fits, or answers 404 or 405.
 */
void
us_template_dispatch (const UsTemplateRoute *routes, gpointer self, const UsHttpRequest *request,
                      UsHttpResponse *response) {
  g_auto (UsTemplateMatch) match = { 0 };
  g_autofree char *allow = NULL;

  switch (us_template_find (routes, request->method, request->path, &match, &allow)) {
  case US_TEMPLATE_FOUND:
    match.route->handle (self, request, &match, response);
    break;
  case US_TEMPLATE_NO_METHOD:
    us_http_problem (response, 405, "method-not-allowed", "Method not allowed",
                     "%s is not possible here; possible: %s", request->method, allow);
    us_http_response_add_header (response, "Allow", allow);
    break;
  case US_TEMPLATE_NO_PATH:
  default:
    us_http_problem (response, 404, "not-found", "Not found", "Nothing is served at \"%.200s\".",
                     request->path);
    break;
  }
}
