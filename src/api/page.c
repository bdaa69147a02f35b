/* page.c - where the next page of a list is, and which version of a thing somebody has seen
 *
 * Lists are plain arrays, as clients of the first generation expect them; the way to the next page
 * stands in the Link header (RFC 8288). The entity tag of a stream is "START.REVISION-HASH": all of
 * it says whether the representation changed (If-None-Match), the part before the dash whether
 * somebody changed the stream (If-Match): its health changes every few seconds and is nobody's
 * edit. Pure.
 */
#include "api/api-private.h"

#include "base/etag.h"
#include "http/negotiate.h"

#include <string.h>

#define HASH_CHARS 16
#define MAX_ID 64

/**
 * us_api_add_link:
 * @relation: "next", "prev"
 * @name: the parameter that makes the difference; "before" and "after" replace each other
 */
void
us_api_add_link (UsHttpResponse *response, const UsHttpRequest *request, const char *relation,
                 const char *name, const char *value) {
  g_autofree char *path = g_uri_escape_string (request->path, "/", FALSE);
  g_autofree char *escaped = g_uri_escape_string (value, NULL, FALSE);
  g_auto (GStrv) pairs = g_strsplit (request->query, "&", -1);
  g_autoptr (GString) link = g_string_new (NULL);
  g_string_append_printf (link, "<%s?%s=%s", path, name, escaped);
  for (guint i = 0; pairs[i] != NULL; i++) {
    static const char *const moving[] = { "before", "after", "cursor" };
    gsize length = strcspn (pairs[i], "=");
    gboolean is_kept = *pairs[i] != '\0';
    for (guint j = 0; j < G_N_ELEMENTS (moving); j++)
      if (strlen (moving[j]) == length && strncmp (pairs[i], moving[j], length) == 0)
        is_kept = FALSE;
    if (is_kept && strpbrk (pairs[i], "<>\"") == NULL)
      g_string_append_printf (link, "&%s", pairs[i]);
  }
  g_string_append_printf (link, ">; rel=\"%s\"", relation);
  us_http_response_add_header (response, "Link", link->str);
}

/* ---- cursors ---- */

/* Returns: (transfer full): what clients hand back and need not understand */
char *
us_api_incident_cursor (gint64 opened_us, const char *id) {
  return g_strdup_printf ("%" G_GINT64_FORMAT ".%s", opened_us, id);
}

/**
 * us_api_read_incident_cursor:
 * @text: of a stranger
 * @id: (out) (transfer full)
 */
gboolean
us_api_read_incident_cursor (const char *text, gint64 *opened_us, char **id) {
  const char *dot = strchr (text, '.');
  if (dot == NULL || dot == text || dot[1] == '\0' || strlen (dot + 1) > MAX_ID)
    return FALSE;
  for (const char *p = dot + 1; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && *p != '-')
      return FALSE;
  g_autofree char *number = g_strndup (text, (gsize)(dot - text));
  if (!g_ascii_string_to_signed (number, 10, 1, G_MAXINT64, opened_us, NULL))
    return FALSE;
  *id = g_strdup (dot + 1);
  return TRUE;
}

/* ---- versions ---- */

static char *
version (gint64 started_us, guint64 revision) {
  return g_strdup_printf ("%" G_GINT64_MODIFIER "x.%" G_GUINT64_FORMAT, started_us, revision);
}

/**
 * us_api_version_tag:
 * @started_us: of the desk: revisions begin anew with it
 *
 * Returns: (transfer full): an entity tag with its quotes
 */
char *
us_api_version_tag (gint64 started_us, guint64 revision, GBytes *body) {
  g_autofree char *before = version (started_us, revision);
  g_autofree char *hash = us_etag (body);
  return g_strdup_printf ("\"%s-%.*s\"", before, HASH_CHARS, hash + 1);
}

/**
 * us_api_is_version:
 * @if_match: (nullable): the header
 *
 * Returns: %FALSE when somebody changed the stream since
 */
gboolean
us_api_is_version (const char *if_match, gint64 started_us, guint64 revision) {
  if (if_match == NULL)
    return TRUE;
  g_autofree char *before = version (started_us, revision);
  g_autofree char *tag = g_strdup_printf ("\"%s\"", before);
  g_autoptr (GString) shortened = g_string_new (NULL);
  gboolean is_hash = FALSE;
  for (const char *p = if_match; *p != '\0'; p++) {
    is_hash = *p == '-' || (is_hash && *p != '"');
    if (!is_hash)
      g_string_append_c (shortened, *p);
  }
  return us_negotiate_may_change (shortened->str, tag);
}
