/* test-status.c - the three forms of the status, from good answers, odd answers and none */
#include "supervisor/status.h"

#include <string.h>

#include "supervisor/terminal.h"

static const char ingest[]
    = "{\"status\":\"ok\",\"streams\":[{\"name\":\"mystream\",\"publisher\":{\"peer\":\"127.0.0.1:"
      "5\","
      "\"bitrate_bps\":1200000,\"video\":{\"codec\":\"h264\",\"width\":640,\"height\":360},"
      "\"audio\":{\"codec\":\"aac\"}}},{\"name\":\"gone\",\"publisher\":null}]}";
static const char switcher[]
    = "{\"status\":\"ok\",\"active_origin\":\"backup\",\"origins\":{\"primary\":{\"state\":"
      "\"failed\","
      "\"reason\":\"refused\",\"segment_age_seconds\":12.34},\"backup\":{\"state\":\"up\","
      "\"reason\":\"ok\",\"segment_age_seconds\":2}}}";
static const char metrics[] = "# TYPE failovers_total counter\nfailovers_total 3\n"
                              "failovers_total_other 9\nswitchbacks_total 2\n";

static const UsStatusUrls urls
    = { "http://localhost:8080/hls/index.m3u8", "rtmp://localhost:1936/mystream",
        "http://localhost:8081/hls/index.m3u8", "http://localhost:8082/hls/index.m3u8",
        "http://localhost:8083/healthz",        "http://localhost:8000/" };
static const UsRoleStatus roles[]
    = { { "ingest", 42, US_ROLE_STATE_RUNNING, 0, NULL, NULL },
        { "packager-primary", 0, US_ROLE_STATE_WAITING, 2, "SIGKILL", NULL } };

static GBytes *
bytes (const char *text) {
  return g_bytes_new_static (text, strlen (text));
}

static UsStatus *
make (void) {
  UsStatus *status = us_status_new ();
  g_autoptr (GBytes) a = bytes (ingest);
  g_autoptr (GBytes) b = bytes (switcher);
  g_autoptr (GBytes) c = bytes (metrics);
  us_status_take_ingest (status, a);
  us_status_take_switcher (status, b, TRUE);
  us_status_take_metrics (status, c);
  return status;
}

static void
test_block (void) {
  g_autoptr (UsStatus) status = make ();
  g_autofree char *block = us_status_block (status, &urls, roles, G_N_ELEMENTS (roles));
  g_assert_cmpstr (
      block, ==,
      "  watch     http://localhost:8080/hls/index.m3u8\n"
      "  publish   rtmp://localhost:1936/mystream\n"
      "  desk      http://localhost:8000/\n"
      "  stream    mystream: 640x360 h264 + aac 1.2 Mbit/s from 127.0.0.1:5\n"
      "  stream    gone: no publisher\n"
      "  primary   failed (refused), last segment 12.3 s old\n"
      "  backup    up, last segment 2.0 s old, active\n"
      "  switcher  serving, failovers 3, switchbacks 2\n"
      "  roles     1 of 2 running, packager-primary waiting, packager-primary restarted 2x\n");
}

static void
test_line (void) {
  g_autoptr (UsStatus) status = make ();
  g_autofree char *line = us_status_line (status);
  g_assert_cmpstr (line, ==,
                   "1 live, serving, active origin backup, primary failed, backup up, failovers 3, "
                   "switchbacks 2");
}

/* Severe ones first, three in words; the line for the log only counts them. */
static void
test_warnings (void) {
  static const char warned[]
      = "{\"streams\":[{\"name\":\"cam\",\"publisher\":{\"peer\":\"10.0.0.7:5\"},\"warnings\":["
        "{\"text\":\"key frames are far apart\",\"remedy\":\"set 2 s\",\"severity\":\"info\"},"
        "{\"text\":\"audio stopped\",\"remedy\":\"look\",\"severity\":\"degraded\"},"
        "{\"text\":3},7,{\"text\":\"open GOP\"},{\"text\":\"no audio\"}]},"
        "{\"name\":\"other\",\"warnings\":{}}]}";
  g_autoptr (UsStatus) status = us_status_new ();
  g_autoptr (GBytes) body = bytes (warned);
  us_status_take_ingest (status, body);
  g_autofree char *block = us_status_block (status, &urls, roles, G_N_ELEMENTS (roles));
  g_assert_nonnull (strstr (block, "  stream    cam: from 10.0.0.7:5\n"
                                   "  warning   audio stopped; look\n"
                                   "  warning   key frames are far apart; set 2 s\n"
                                   "  warning   open GOP\n"
                                   "            and 1 more\n"
                                   "  stream    other: no publisher\n"));
  g_autofree char *line = us_status_line (status);
  g_assert_true (g_str_has_prefix (line, "1 live, 4 warnings, not serving, "));
}

static void
test_no_answers (void) {
  g_autoptr (UsStatus) status = make ();
  us_status_take_ingest (status, NULL);
  us_status_take_switcher (status, NULL, FALSE);
  us_status_take_metrics (status, NULL); /* counters stay: they only rise */
  g_autofree char *line = us_status_line (status);
  g_assert_cmpstr (line, ==,
                   "0 live, not serving, active origin unknown, primary unknown, backup unknown, "
                   "failovers 3, switchbacks 2");
}

static void
test_odd_answers (void) {
  static const char *const texts[] = {
    "",
    "[]",
    "null",
    "{",
    "{\"streams\":3,\"origins\":[],\"active_origin\":{}}",
    "{\"streams\":[1,null,{},{\"name\":7},{\"name\":\"x\",\"publisher\":3}]}",
    "{\"streams\":[{\"name\":\"a\\u001b[2J\\u009b2J\",\"publisher\":{\"video\":4,\"peer\":[],"
    "\"bitrate_bps\":\"many\"}}],\"origins\":{\"primary\":{\"segment_age_seconds\":\"x\"}}}"
  };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autoptr (UsStatus) status = us_status_new ();
    g_autoptr (GBytes) body = bytes (texts[i]);
    us_status_take_ingest (status, body);
    us_status_take_switcher (status, body, TRUE);
    us_status_take_metrics (status, body);
    g_autofree char *block = us_status_block (status, &urls, roles, G_N_ELEMENTS (roles));
    g_assert_null (strchr (block, '\033'));
    g_assert_null (strstr (block, "\302\233"));
    g_assert_nonnull (strstr (block, "  primary   unknown\n"));
  }
}

static void
test_json (void) {
  g_autofree char *json = us_status_json (&urls, roles, G_N_ELEMENTS (roles));
  g_assert_nonnull (strstr (json, "\"last_exit\" : \"SIGKILL\""));
  g_assert_nonnull (strstr (json, "\"last_exit\" : null"));
  g_assert_nonnull (strstr (json, "\"state\" : \"waiting\""));
  g_assert_nonnull (strstr (json, "\"restarts\" : 2"));
  g_assert_nonnull (strstr (json, "\"ingest_status\" : 8083"));
  g_assert_nonnull (strstr (json, "\"desk\" : 8000"));
  g_assert_nonnull (strstr (json, "\"viewer\" : \"http://localhost:8080/hls/index.m3u8\""));
}

/* A chain without a desk has neither an address nor a port of it. */
static void
test_no_desk (void) {
  g_autoptr (UsStatus) status = make ();
  UsStatusUrls fewer = urls;
  fewer.desk = NULL;
  g_autofree char *json = us_status_json (&fewer, roles, G_N_ELEMENTS (roles));
  g_autofree char *block = us_status_block (status, &fewer, roles, G_N_ELEMENTS (roles));
  g_assert_null (strstr (json, "desk"));
  g_assert_null (strstr (block, "desk"));
  g_assert_nonnull (strstr (json, "\"ingest_status\" : 8083"));
}

static void
test_shorten (void) {
  static const struct {
    const char *text;
    gboolean is_line_start;
    const char *expected;
  } rows[] = {
    { "2026-11-21T20:26:16.123Z info x\n", TRUE, "20:26:16.123 info x\n" },
    { "2026-11-21T20:26:16.123Z a\n2026-11-21T20:26:17.000Z b\n", TRUE,
      "20:26:16.123 a\n20:26:17.000 b\n" },
    { "2026-11-21T20:26:16.123Z rest\n2026-11-21T20:26:17.000Z b", FALSE,
      "2026-11-21T20:26:16.123Z rest\n20:26:17.000 b" },
    { "2026-11-21T20:26:16.123Z", TRUE, "20:26:16.123" },
    { "2026-11-21T20:26:16.123", TRUE, "2026-11-21T20:26:16.123" },
    { "a word about 2026-11-21T20:26:16.123Z\n", TRUE, "a word about 2026-11-21T20:26:16.123Z\n" },
    { "", TRUE, "" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *got
        = us_terminal_shorten (rows[i].text, strlen (rows[i].text), rows[i].is_line_start);
    g_assert_cmpstr (got, ==, rows[i].expected);
  }
}

static void
test_clip (void) {
  guint lines = 0;
  g_autofree char *text = us_terminal_clip ("0123456789\n\nab\xc3\xa9"
                                            "defghij\nxyz",
                                            6, &lines);
  g_assert_cmpstr (text, ==,
                   "01234\n\nab\xc3\xa9"
                   "de\nxyz\n");
  g_assert_cmpuint (lines, ==, 4);
  g_autofree char *narrow = us_terminal_clip ("abc\n", 0, &lines);
  g_assert_cmpstr (narrow, ==, "a\n");
  g_assert_cmpuint (lines, ==, 1);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/supervisor/status/block", test_block);
  g_test_add_func ("/supervisor/status/line", test_line);
  g_test_add_func ("/supervisor/status/warnings", test_warnings);
  g_test_add_func ("/supervisor/status/no-answers", test_no_answers);
  g_test_add_func ("/supervisor/status/odd-answers", test_odd_answers);
  g_test_add_func ("/supervisor/status/json", test_json);
  g_test_add_func ("/supervisor/status/no-desk", test_no_desk);
  g_test_add_func ("/supervisor/terminal/shorten", test_shorten);
  g_test_add_func ("/supervisor/terminal/clip", test_clip);
  return g_test_run ();
}
