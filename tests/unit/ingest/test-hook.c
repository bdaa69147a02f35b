/* test-hook.c - what the publish callback is told, and what its answers mean */
#include "ingest/hook.h"

#include <string.h>

static void
test_render (void) {
  static const UsHookCall call = {
    .app = "live",
    .name = "a&b=c d",
    .host = "2001:db8::1",
    .encoder = "FMLE/3.0",
    .tc_url = "rtmp://host/live",
    .query = "token=a%2Bb&name=forged&NAME=x&%6eame=y&call=z&flag&=v&bad=%zz&x=%26addr%3D1",
    .key_id = "studio-1",
    .client_id = 7,
  };
  g_autofree char *body = us_hook_render ("publish", &call);
  g_assert_cmpstr (body, ==,
                   "call=publish&app=live&name=a%26b%3Dc%20d&type=live&addr=2001%3Adb8%3A%3A1"
                   "&clientid=7&flashver=FMLE%2F3.0&tcurl=rtmp%3A%2F%2Fhost%2Flive&swfurl=&pageurl="
                   "&keyid=studio-1&token=a%2Bb&flag=&x=%26addr%3D1");
}

/* What web frameworks take for one of our words: PHP drops blanks in front and makes an array of
 * "name[]", and each would believe the last one. */
static void
test_lookalikes (void) {
  static const char *const names[] = { "%20name", "%09name", "name%5B%5D", "name[x]",  "name%5B",
                                       "+name",   "n%C3%A4", "a%0Db",      "a%26name", "a%3Dname" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *query = g_strdup_printf ("a-b.c_1=good&%s=forged", names[i]);
    UsHookCall call = { "live", "cam", "::1", "", "", query, "", 7 };
    g_autofree char *body = us_hook_render ("publish", &call);
    g_test_message ("%s", body);
    g_assert_null (strstr (body, "forged"));
    g_assert_true (g_str_has_suffix (body, "&a-b.c_1=good"));
  }
}

static void
test_judge (void) {
  static const struct {
    guint status;
    const char *location;
    UsHookVerdict verdict;
  } rows[] = {
    { 200, NULL, US_HOOK_ALLOWED },
    { 204, NULL, US_HOOK_ALLOWED },
    { 200, "other", US_HOOK_ALLOWED },
    { 302, "mystream", US_HOOK_RENAMED },
    { 301, "a.b-c_1", US_HOOK_RENAMED },
    { 302, NULL, US_HOOK_FAILED },
    { 302, "", US_HOOK_FAILED },
    { 302, "../x", US_HOOK_FAILED },
    { 302, "a/b", US_HOOK_FAILED },
    { 302, "rtmp://h/a/b", US_HOOK_FAILED },
    { 302, "http://h/login", US_HOOK_FAILED },
    { 400, NULL, US_HOOK_DENIED },
    { 403, "mystream", US_HOOK_DENIED },
    { 404, NULL, US_HOOK_DENIED },
    { 500, NULL, US_HOOK_FAILED },
    { 503, "mystream", US_HOOK_FAILED },
    { 100, NULL, US_HOOK_DENIED },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    const char *why = NULL;
    g_test_message ("row %u", i);
    g_assert_cmpint (us_hook_judge (rows[i].status, rows[i].location, &why), ==, rows[i].verdict);
    g_assert_nonnull (why);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hook/render", test_render);
  g_test_add_func ("/hook/lookalikes", test_lookalikes);
  g_test_add_func ("/hook/judge", test_judge);
  return g_test_run ();
}
