/* url.c - URLs as people may read them
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
