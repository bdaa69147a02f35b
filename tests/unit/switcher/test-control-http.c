/* test-control-http.c - bodies of the control API: what is understood, what is refused and where */
#include "switcher/control-http.h"

#include <string.h>

static const struct {
  UsControlVerb verb;
  const char *body;
  guint status;        /* 0: understood */
  const char *pointer; /* nullable */
} rows[] = {
  { US_CONTROL_FAILOVER, NULL, 0, NULL },
  { US_CONTROL_FAILOVER, "", 0, NULL },
  { US_CONTROL_FAILOVER, "{}", 0, NULL },
  { US_CONTROL_FAILOVER, " {\n} ", 0, NULL },
  { US_CONTROL_FAILOVER,
    "{\"why\":\"x\",\"origin\":\"primary\",\"seconds\":5,\"even_if_failed\":true}", 0, NULL },
  { US_CONTROL_HOLD, "{\"seconds\":0,\"strict\":false}", 0, NULL },
  { US_CONTROL_HOLD, "{\"seconds\":9223372036854775807}", 0, NULL }, /* control.c judges */
  { US_CONTROL_DRAIN, "{\"origin\":\"x\"}", 0, NULL },
  { US_CONTROL_FAILBACK, "{\"mode\":\"sticky\"}", 0, NULL },
  { US_CONTROL_DRILL, "{\"why\":\"it is Monday\"}", 0, NULL },

  { US_CONTROL_HOLD, "{", 400, NULL },
  { US_CONTROL_HOLD, "nonsense", 400, NULL },
  { US_CONTROL_HOLD, "{\"why\":\"\xff\"}", 400, NULL },
  { US_CONTROL_HOLD, "\"text\"", 422, "#\"" },
  { US_CONTROL_HOLD, "[]", 422, "#\"" },
  { US_CONTROL_HOLD, "null", 422, "#\"" },
  { US_CONTROL_HOLD, "7", 422, "#\"" },
  { US_CONTROL_HOLD, "{\"seconds\":\"5\"}", 422, "#/seconds" },
  { US_CONTROL_HOLD, "{\"seconds\":1.5}", 422, "#/seconds" },
  { US_CONTROL_HOLD, "{\"seconds\":null}", 422, "#/seconds" },
  { US_CONTROL_HOLD, "{\"seconds\":true}", 422, "#/seconds" },
  { US_CONTROL_HOLD, "{\"seconds\":[5]}", 422, "#/seconds" },
  { US_CONTROL_HOLD, "{\"strict\":1}", 422, "#/strict" },
  { US_CONTROL_HOLD, "{\"strict\":\"true\"}", 422, "#/strict" },
  { US_CONTROL_HOLD, "{\"why\":{}}", 422, "#/why" },
  { US_CONTROL_HOLD, "{\"reason\":\"x\"}", 422, "#/reason" },
  { US_CONTROL_HOLD, "{\"Why\":\"x\"}", 422, "#/Why" },
  { US_CONTROL_HOLD, "{\"origin\":\"primary\"}", 422, "#/origin" },
  { US_CONTROL_HOLD, "{\"who\":\"root\"}", 422, "#/who" }, /* nobody says who he is */
  { US_CONTROL_HOLD, "{\"via\":\"dbus\"}", 422, "#/via" },
  { US_CONTROL_RELEASE, "{\"seconds\":5}", 422, "#/seconds" },
  { US_CONTROL_SWITCHBACK, "{\"even_if_failed\":true}", 422, "#/even_if_failed" },
  { US_CONTROL_DRAIN, "{}", 422, "#/origin" },
  { US_CONTROL_UNDRAIN, NULL, 422, "#/origin" },
  { US_CONTROL_FAILBACK, "{\"why\":\"x\"}", 422, "#/mode" },
  { US_CONTROL_HOLD, "{\"\":1}", 422, "#/" },
  { US_CONTROL_HOLD, "{\"a\\nb\":1}", 422, "#/a?b" },
};

static void
test_bodies (void) {
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GBytes) bytes
        = rows[i].body != NULL ? g_bytes_new_static (rows[i].body, strlen (rows[i].body)) : NULL;
    g_auto (UsControlBody) body = { 0 };
    UsHttpResponse response = { 0 };
    gboolean is_read = us_control_body_read (&body, rows[i].verb, bytes, &response);
    g_test_message ("%s", rows[i].body != NULL ? rows[i].body : "(none)");
    g_assert_cmpuint (response.status, ==, rows[i].status);
    g_assert_cmpint (is_read, ==, rows[i].status == 0);
    if (is_read)
      continue;
    g_autofree char *text
        = g_strndup (g_bytes_get_data (response.body, NULL), g_bytes_get_size (response.body));
    g_assert_cmpstr (response.content_type, ==, "application/problem+json");
    if (rows[i].pointer != NULL) {
      g_autofree char *pointer = g_strdup_printf ("\"pointer\":\"%s", rows[i].pointer);
      g_assert_nonnull (strstr (text, pointer));
    }
    g_bytes_unref (response.body);
  }
}

static void
test_values (void) {
  static const char text[]
      = "{\"why\":\"w\",\"origin\":\"o\",\"seconds\":7,\"even_if_failed\":true}";
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, strlen (text));
  g_auto (UsControlBody) body = { 0 };
  UsHttpResponse response = { 0 };
  g_assert_true (us_control_body_read (&body, US_CONTROL_FAILOVER, bytes, &response));
  g_assert_cmpstr (body.request.why, ==, "w");
  g_assert_cmpstr (body.request.origin, ==, "o");
  g_assert_cmpint (body.request.seconds, ==, 7);
  g_assert_true (body.request.even_if_failed);
  g_assert_false (body.request.is_strict);
  g_assert_null (body.request.who);
}

/* As deep as it gets within the limit, and one byte beyond it. */
static void
test_limits (void) {
  for (guint i = 0; i < 2; i++) {
    g_autofree char *deep = g_strnfill (US_CONTROL_HTTP_MAX_BODY + i, '[');
    g_autoptr (GBytes) bytes = g_bytes_new (deep, strlen (deep));
    g_auto (UsControlBody) body = { 0 };
    UsHttpResponse response = { 0 };
    g_assert_false (us_control_body_read (&body, US_CONTROL_HOLD, bytes, &response));
    g_assert_cmpuint (response.status, ==, i == 0 ? 400 : 413);
    g_bytes_unref (response.body);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/switcher/control-http/bodies", test_bodies);
  g_test_add_func ("/switcher/control-http/values", test_values);
  g_test_add_func ("/switcher/control-http/limits", test_limits);
  return g_test_run ();
}
