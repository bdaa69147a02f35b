/* api-docs.c - the contract: /openapi.yaml for programs, /docs for people
 *
 * Both are part of the program: data/openapi.yaml as it is, and the page that data/api-docs/render
 * made of it when the program was built. The page loads nothing and runs nothing.
 */
#include "api/api-private.h"

#include "api/api-texts.h"
#include "base/etag.h"
#include "http/problem.h"

#define POLICY                                                                                     \
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "           \
  "frame-ancestors 'none'"

static void
answer_resource (const char *path, const char *type, UsHttpResponse *response) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes
      = g_resource_lookup_data (us_api_get_resource (), path, G_RESOURCE_LOOKUP_FLAGS_NONE, &error);
  if (bytes == NULL) {
    us_http_problem (response, 404, "not-found", "Not found", "%s", error->message);
    return;
  }
  response->status = 200;
  response->content_type = type;
  response->cache_control = US_API_CACHE_ASK;
  response->etag = us_etag (bytes);
  response->body = g_steal_pointer (&bytes);
}

void
us_api_on_openapi (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  answer_resource ("/org/understudy/api/openapi.yaml", "application/yaml", response);
}

void
us_api_on_docs (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  answer_resource ("/org/understudy/api/docs.html", "text/html; charset=utf-8", response);
  us_http_response_add_header (response, "Content-Security-Policy", POLICY);
}
