/* url.c - URLs as people may read them, and as playlists write them
 *
 * An origin's address may hold a password, or a signature in its query. Neither belongs into a log,
 * a bus or a page.
 */
#include "base/url.h"

/**
 * us_url_for_people:
 * @url: as it is set
 *
 * Returns: (transfer full): the same without password and query; what is no URL is not shown
 */
char *
us_url_for_people (const char *url) {
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_ENCODED | G_URI_FLAGS_HAS_PASSWORD, NULL);
  return uri != NULL ? g_uri_to_string_partial (uri, G_URI_HIDE_PASSWORD | G_URI_HIDE_QUERY)
                     : g_strdup ("(no URL)");
}

/* "100%.ts" is no URI, and players ask for it all the same: a sign that begins no escape stands for
 * itself. */
static char *
mend (const char *uri) {
  GString *out = g_string_new (NULL);
  for (const char *p = uri; *p != '\0'; p++) {
    g_string_append_c (out, *p);
    if (*p == '%' && !(g_ascii_isxdigit (p[1]) && g_ascii_isxdigit (p[2])))
      g_string_append (out, "25");
  }
  return g_string_free (out, FALSE);
}

/**
 * us_url_resolve:
 * @base: absolute
 * @uri: as a playlist has it, with blanks and stray percent signs if it must be
 *
 * Returns: (transfer full) (nullable): the absolute URL (RFC 3986 5), one that can be parsed again;
 *   %NULL when nothing can be made of it
 */
char *
us_url_resolve (const char *base, const char *uri) {
  g_autofree char *mended = mend (uri);
  return g_uri_resolve_relative (base, mended, G_URI_FLAGS_ENCODED | G_URI_FLAGS_PARSE_RELAXED,
                                 NULL);
}
