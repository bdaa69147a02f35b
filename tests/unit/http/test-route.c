/* test-route.c - the route table of src/http/route.c */
#include "http/route.h"

static void
handle (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
}

static const char *
found (UsHttpRoutes *routes, const char *path) {
  const UsHttpRoute *route = us_http_routes_find (routes, path);

  return route != NULL ? route->prefix : NULL;
}

static void
test_longest_prefix (void) {
  g_autoptr (GPtrArray) routes = us_http_routes_new ();

  us_http_routes_add (routes, "/api/", "GET", NULL, handle, NULL);
  us_http_routes_add (routes, "/metrics", "GET", NULL, handle, NULL);
  us_http_routes_add (routes, "/api/streams/", "GET, POST", NULL, handle, NULL);
  us_http_routes_add (routes, "/api/streams", "GET|DELETE", NULL, handle, NULL);

  g_assert_cmpstr (found (routes, "/api/x"), ==, "/api/");
  g_assert_cmpstr (found (routes, "/api/"), ==, "/api/");
  g_assert_null (found (routes, "/api"));
  g_assert_cmpstr (found (routes, "/api/streams"), ==, "/api/streams");
  g_assert_cmpstr (found (routes, "/api/streams/1"), ==, "/api/streams/");
  g_assert_cmpstr (found (routes, "/api/streamsx"), ==, "/api/");
  g_assert_cmpstr (found (routes, "/metrics"), ==, "/metrics");
  g_assert_null (found (routes, "/metrics/"));
  g_assert_null (found (routes, "/"));
}

static void
test_methods (void) {
  g_autoptr (GPtrArray) routes = us_http_routes_new ();
  const UsHttpRoute *route;

  us_http_routes_add (routes, "/a", "GET, POST", NULL, handle, NULL);
  us_http_routes_add (routes, "/bb", "DELETE", NULL, handle, NULL);
  route = us_http_routes_find (routes, "/a");
  g_assert_cmpstr (route->allow, ==, "GET, POST, HEAD, OPTIONS");
  g_assert_true (us_http_route_allows (route, "HEAD"));
  g_assert_false (us_http_route_allows (route, "DELETE"));
  g_assert_false (us_http_route_allows (route, "GE"));
  g_assert_false (us_http_route_allows (route, "get"));
  g_assert_false (us_http_route_allows (route, ""));
  route = us_http_routes_find (routes, "/bb");
  g_assert_cmpstr (route->allow, ==, "DELETE, OPTIONS");
  g_assert_false (us_http_route_allows (route, "HEAD"));
}

static void
test_origins (void) {
  g_autoptr (GPtrArray) routes = us_http_routes_new ();
  const char *const origins[] = { "https://a.example", "null", NULL };
  const UsHttpRoute *route;

  us_http_routes_add (routes, "/api/", "GET", NULL, handle, NULL);
  us_http_routes_add (routes, "/health", "GET", NULL, handle, NULL);
  us_http_routes_allow_origins (routes, "/api/", origins);
  route = us_http_routes_find (routes, "/api/x");
  g_assert_true (us_http_route_allows_origin (route, "https://a.example"));
  g_assert_true (us_http_route_allows_origin (route, "null"));
  g_assert_false (us_http_route_allows_origin (route, "https://a.example.evil"));
  g_assert_false (us_http_route_allows_origin (route, "http://a.example"));
  g_assert_false (us_http_route_allows_origin (route, ""));
  g_assert_false (us_http_route_allows_origin (route, NULL));
  route = us_http_routes_find (routes, "/health");
  g_assert_false (us_http_route_allows_origin (route, "https://a.example"));
  us_http_routes_allow_origins (routes, "/", (const char *const[]){ "*", NULL });
  g_assert_true (us_http_route_allows_origin (route, "https://b.example"));
  g_assert_false (us_http_route_allows_origin (route, ""));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/route/longest-prefix", test_longest_prefix);
  g_test_add_func ("/http/route/methods", test_methods);
  g_test_add_func ("/http/route/origins", test_origins);
  return g_test_run ();
}
