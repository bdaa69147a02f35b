/* test-route-template.c - paths with parameters, by tables */
#include "http/message.h"
#include "http/route-template.h"

#include <string.h>

static const char *handled;

static void
on_list (gpointer self, const UsHttpRequest *request, const UsTemplateMatch *match,
         UsHttpResponse *response) {
  handled = "list";
}

static void
on_one (gpointer self, const UsHttpRequest *request, const UsTemplateMatch *match,
        UsHttpResponse *response) {
  handled = g_intern_string (us_template_match_get (match, "id"));
}

static const UsTemplateRoute routes[] = {
  { "GET", "/api/streams", on_list },
  { "POST", "/api/streams", on_list },
  { "GET", "/api/streams/{id}", on_one },
  { "DELETE", "/api/streams/{id}", on_one },
  { "GET", "/api/streams/export", on_list },
  { "GET", "/api/streams/{id}/timeline", on_one },
  { "POST", "/api/{kind}/{id}/notes", on_one },
  { "GET", "/api/streams/{id}/renditions/{rendition}", on_one },
  { "GET", "/", on_list },
  { NULL, NULL, NULL },
};

static void
test_find (void) {
  static const struct {
    const char *method, *path, *template, *values, *allow;
  } cases[] = {
    { "GET", "/api/streams", "/api/streams", "", NULL },
    { "HEAD", "/api/streams", "/api/streams", "", NULL },
    { "POST", "/api/streams", "/api/streams", "", NULL },
    { "GET", "/api/streams/a b", "/api/streams/{id}", "a b", NULL },
    { "GET", "/api/streams/export", "/api/streams/export", "", NULL },
    { "GET", "/api/streams/exports", "/api/streams/{id}", "exports", NULL },
    { "GET", "/api/streams/{id}", "/api/streams/{id}", "{id}", NULL },
    { "GET", "/api/streams/x/timeline", "/api/streams/{id}/timeline", "x", NULL },
    { "POST", "/api/incidents/7/notes", "/api/{kind}/{id}/notes", "incidents|7", NULL },
    { "GET", "/api/streams/x/renditions/0", "/api/streams/{id}/renditions/{rendition}", "x|0",
      NULL },
    { "GET", "/", "/", "", NULL },
    /* no such path */
    { "GET", "/api/streams/", NULL, NULL, NULL },
    { "GET", "/api/streams//timeline", NULL, NULL, NULL },
    { "GET", "/api/streams/x/", NULL, NULL, NULL },
    { "GET", "/api/streams/x/timeline/", NULL, NULL, NULL },
    { "GET", "/api", NULL, NULL, NULL },
    { "GET", "//", NULL, NULL, NULL },
    { "GET", "", NULL, NULL, NULL },
    { "GET", "api/streams", NULL, NULL, NULL },
    { "GET", "/API/streams", NULL, NULL, NULL },
    /* no such method */
    { "PATCH", "/api/streams", NULL, NULL, "GET, HEAD, POST, OPTIONS" },
    { "PUT", "/api/streams/x", NULL, NULL, "GET, HEAD, DELETE, OPTIONS" },
    { "DELETE", "/api/streams/export", NULL, NULL, "GET, HEAD, OPTIONS" },
    { "HEAD", "/api/x/7/notes", NULL, NULL, "POST, OPTIONS" },
    { "get", "/api/streams", NULL, NULL, "GET, HEAD, POST, OPTIONS" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_auto (UsTemplateMatch) match = { 0 };
    g_autofree char *allow = NULL;
    UsTemplateResult result
        = us_template_find (routes, cases[i].method, cases[i].path, &match, &allow);

    g_test_message ("%s %s", cases[i].method, cases[i].path);
    g_assert_cmpint (result, ==,
                     cases[i].template != NULL ? US_TEMPLATE_FOUND
                     : cases[i].allow != NULL  ? US_TEMPLATE_NO_METHOD
                                               : US_TEMPLATE_NO_PATH);
    g_assert_cmpstr (allow, ==, cases[i].allow);
    g_assert_cmpstr (match.route != NULL ? match.route->path : NULL, ==, cases[i].template);
    if (cases[i].template == NULL)
      continue;
    g_autofree char *values = g_strjoinv ("|", match.values);
    g_assert_cmpstr (values, ==, cases[i].values);
  }
}

static void
test_get (void) {
  g_auto (UsTemplateMatch) match = { 0 };
  g_autofree char *allow = NULL;

  us_template_find (routes, "GET", "/api/streams/x/renditions/0", &match, &allow);
  g_assert_cmpstr (us_template_match_get (&match, "id"), ==, "x");
  g_assert_cmpstr (us_template_match_get (&match, "rendition"), ==, "0");
  g_assert_null (us_template_match_get (&match, "streams"));
  g_assert_null (us_template_match_get (&match, "i"));
  g_assert_null (us_template_match_get (&match, ""));
}

static void
test_dispatch (void) {
  UsHttpRequest request = { .method = "GET", .path = "/api/streams/seven", .query = "" };
  UsHttpResponse response = { 0 };

  us_template_dispatch (routes, NULL, &request, &response);
  g_assert_cmpstr (handled, ==, "seven");
  g_assert_cmpuint (response.status, ==, 0);
  request.method = "PUT";
  us_template_dispatch (routes, NULL, &request, &response);
  g_assert_cmpuint (response.status, ==, 405);
  g_assert_cmpstr (g_ptr_array_index (response.headers, 0), ==, "Allow");
  g_assert_cmpstr (g_ptr_array_index (response.headers, 1), ==, "GET, HEAD, DELETE, OPTIONS");
  us_http_response_clear (&response);
  request.path = "/api/nothing";
  us_template_dispatch (routes, NULL, &request, &response);
  g_assert_cmpuint (response.status, ==, 404);
  us_http_response_clear (&response);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/route-template/find", test_find);
  g_test_add_func ("/http/route-template/get", test_get);
  g_test_add_func ("/http/route-template/dispatch", test_dispatch);
  return g_test_run ();
}
