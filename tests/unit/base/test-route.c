/* test-route.c - routes, and that no secret of theirs is shown */
#include "base/route.h"

static void
test_split (void) {
  static const struct {
    const char *route, *name, *url;
  } rows[] = {
    { "rtmp://a/b", NULL, "rtmp://a/b" },
    { "cam=rtmp://a/b", "cam", "rtmp://a/b" },
    { "cam_1.x-y=rtmp://a/b?c=d", "cam_1.x-y", "rtmp://a/b?c=d" },
    { "rtmp://a/b?c=d", NULL, "rtmp://a/b?c=d" },
    { "=rtmp://a/b", NULL, "=rtmp://a/b" },
    { "a b=rtmp://a/b", NULL, "a b=rtmp://a/b" },
    { "", NULL, "" },
    { "cam=", "cam", "" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    const char *url = NULL;
    g_autofree char *name = us_route_split (rows[i].route, &url);
    g_assert_cmpstr (name, ==, rows[i].name);
    g_assert_cmpstr (url, ==, rows[i].url);
  }
}

static void
test_fill (void) {
  g_autofree char *once = us_route_fill ("rtmp://a/b/{stream}", "cam1");
  g_assert_cmpstr (once, ==, "rtmp://a/b/cam1");
  g_autofree char *twice = us_route_fill ("rtmp://a/{stream}/x?n={stream}", "c");
  g_assert_cmpstr (twice, ==, "rtmp://a/c/x?n=c");
  g_autofree char *plain = us_route_fill ("rtmp://a/b", "c");
  g_assert_cmpstr (plain, ==, "rtmp://a/b");
}

static void
test_for_people (void) {
  static const struct {
    const char *url, *shown;
  } rows[] = {
    { "rtmp://h/app", "rtmp://h/app" },
    { "rtmp://h:1936/app/", "rtmp://h:1936/app" },
    { "rtmps://h:443/app/SECRET", "rtmps://h:443/app/***" },
    { "rtmp://h/app/SECRET/SECRET?SECRET=SECRET", "rtmp://h/app/***?***" },
    { "rtmp://h/app?SECRET", "rtmp://h/app?***" },
    { "rtmp://user:SECRET@h/app/SECRET", "rtmp://h/app/***" },
    { "rtmp://SECRET@SECRET@[::1]:1/app", "rtmp://[::1]:1/app" },
    { "rtmp://h/app/{stream}", "rtmp://h/app/{stream}" },
    { "rtmp://h/app/{stream}SECRET", "rtmp://h/app/***" },
    { "rtmp://h/app/{stream}?SECRET", "rtmp://h/app/{stream}?***" },
    { "srt://h:9000?passphrase=SECRET", "srt://h:9000?***" },
    { "rtmp://h/app#SECRET", "rtmp://h/app?***" },
    { "http://h", "http://h" },
    { "", "" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *shown = us_route_for_people (rows[i].url);
    g_assert_cmpstr (shown, ==, rows[i].shown);
  }
}

static void
test_scrub (void) {
  static const struct {
    const char *url, *text, *clean;
  } rows[] = {
    { "rtmp://h/app/k-e-y", "BadName: k-e-y is busy, k-e-y", "BadName: *** is busy, ***" },
    { "rtmp://h/app/k-e-y?tok=1", "k-e-y?tok=1: no", "***?***: no" },
    { "rtmp://h/app", "app: no", "app: no" },
    { "rtmp://me:word@h/app", "who is me:word?", "who is ***?" },
    { "rtmp://h/app/ab", "about ab", "about ab" },
    { "rtmp://h/app/cam", "nothing came from cam, 'cam' or webcam",
      "nothing came from ***, '***' or webcam" },
    { "rtmp://h/app/longer-key", "xlonger-keyx longer-key", "x***x ***" },
    { "rtmp://h/app/key", "", "" },
    /* a part of what is secret is secret */
    { "rtmp://h/app/inst/live_1234567", "no publisher live_1234567", "no publisher ***" },
    { "rtmp://me:word@h/app", "wrong password word", "wrong password ***" },
    { "srt://h:1?mode=caller&passphrase=12345678&x", "12345678 is too short for a caller",
      "*** is too short for a caller" },
    { "http://h/a/b%20c-567890?t=ab%2Fcdefgh", "no b c-567890 with ab/cdefgh", "no *** with ***" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *clean = us_route_scrub (rows[i].text, rows[i].url);
    g_assert_cmpstr (clean, ==, rows[i].clean);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/route/split", test_split);
  g_test_add_func ("/route/fill", test_fill);
  g_test_add_func ("/route/for-people", test_for_people);
  g_test_add_func ("/route/scrub", test_scrub);
  return g_test_run ();
}
