/* test-stream-config.c - what an operator may say of a stream, and how ids are made */
#include "monitor/stream-config.h"

#include <math.h>

static UsStreamConfig *
good (void) {
  return us_stream_config_new ("main-hall", "Main hall", "https://example.com/live/index.m3u8?t=1");
}

static void
assert_refused (const UsStreamConfig *config, const char *pointer) {
  g_autoptr (GError) error = NULL;
  const char *its = "";
  g_assert_false (us_stream_config_check (config, &its, &error));
  g_assert_error (error, US_STREAM_ERROR, US_STREAM_ERROR_VALUE);
  g_assert_cmpstr (its, ==, pointer);
}

static void
test_good (void) {
  static const char *const urls[] = {
    "http://127.0.0.1:8080/hls/index.m3u8",
    "https://[2001:db8::1]:443/a.m3u8",
    "https://example.com",
    "https://example.com/a%20b.m3u8?x=%C3%A4#t",
    "https://example.com/path;v=1/a,b.m3u8",
  };
  for (guint i = 0; i < G_N_ELEMENTS (urls); i++) {
    g_autoptr (UsStreamConfig) config = us_stream_config_new ("a", "Öffentlich 1", urls[i]);
    g_autoptr (GError) error = NULL;
    const char *pointer = "";
    config->authorization = g_strdup ("Bearer abc.def");
    config->maintenance_reason = g_strdup ("");
    g_assert_true (us_stream_config_check (config, &pointer, &error));
    g_assert_no_error (error);
    g_assert_null (pointer);
  }
}

static void
test_urls (void) {
  g_autofree char *filler = g_strnfill (US_STREAM_MAX_URL, 'a');
  g_autofree char *too_long = g_strconcat ("http://a/", filler, NULL);
  const char *const urls[] = {
    NULL,
    "",
    "index.m3u8",
    "/hls/index.m3u8",
    "file:///etc/passwd",
    "ftp://example.com/a",
    "http://",
    "http:///a",
    "https://user:secret@example.com/a",
    "https://user@example.com/a",
    "http://example.com/a b",
    "http://example.com/a\nHost: b",
    "http://example.com/\xc3\xa4",
    "http://example.com:99999/a",
    "http://exa mple.com/",
    "javascript:alert(1)",
    too_long,
  };
  for (guint i = 0; i < G_N_ELEMENTS (urls); i++) {
    g_autoptr (UsStreamConfig) config = us_stream_config_new ("a", "a", urls[i]);
    assert_refused (config, "/url");
  }
}

static void
test_members (void) {
  static const char *const ids[] = { "", "A", "a_b", "ä", "a b", "../a" };
  static const char *const names[] = { "", "a\nb", "\xff", "a\tb" };
  static const double shares[] = { -0.01, 1.01, INFINITY };
  static const char *const authorizations[] = { "", "Bearer a\r\nHost: b", "Bearer \xc3\xa4" };
  for (guint i = 0; i < G_N_ELEMENTS (ids); i++) {
    g_autoptr (UsStreamConfig) config = us_stream_config_new (ids[i], "a", "http://a/");
    assert_refused (config, "/id");
  }
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (UsStreamConfig) config = us_stream_config_new ("a", names[i], "http://a/");
    assert_refused (config, "/name");
  }
  for (guint i = 0; i < G_N_ELEMENTS (authorizations); i++) {
    g_autoptr (UsStreamConfig) config = good ();
    config->authorization = g_strdup (authorizations[i]);
    assert_refused (config, "/authorization");
  }
  g_autoptr (UsStreamConfig) config = good ();
  for (guint i = 0; i < G_N_ELEMENTS (shares); i++) {
    config->segment_share = shares[i];
    assert_refused (config, "/segment_share");
  }
  config->segment_share = NAN;
  assert_refused (config, "/segment_share");
  config->segment_share = 0.5;
  config->maintenance_until_us = -1;
  assert_refused (config, "/maintenance_until");
  config->maintenance_until_us = 0;
  config->maintenance_reason = g_strdup ("a\nb");
  assert_refused (config, "/maintenance_reason");
  g_autofree char *long_name = g_strnfill (US_STREAM_MAX_NAME + 1, 'a');
  g_autoptr (UsStreamConfig) other = us_stream_config_new ("a", long_name, "http://a/");
  assert_refused (other, "/name");
}

static void
test_copy (void) {
  g_autoptr (UsStreamConfig) config = good ();
  config->authorization = g_strdup ("x");
  config->own_stream = g_strdup ("mystream");
  config->segment_share = 0.25;
  g_autoptr (UsStreamConfig) copy = us_stream_config_copy (config);
  g_assert_cmpstr (copy->url, ==, config->url);
  g_assert_true (copy->url != config->url);
  g_assert_cmpstr (copy->own_stream, ==, "mystream");
  g_assert_cmpfloat (copy->segment_share, ==, 0.25);
}

static gboolean
is_in (const char *id, gpointer user_data) {
  return g_strv_contains (user_data, id);
}

static void
test_ids (void) {
  static const struct {
    const char *name, *id;
  } rows[] = {
    { "Main Hall (HD)", "main-hall-hd" }, { "  x  ", "x" },       { "日本語", "stream" },
    { "Münster--Süd", "munster-sud" },    { "taken", "taken-3" }, { "!!!", "stream" },
  };
  const char *const taken[] = { "taken", "taken-2", NULL };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *id = us_stream_config_make_id (rows[i].name, is_in, (gpointer)taken);
    g_assert_cmpstr (id, ==, rows[i].id);
  }
  g_autofree char *long_name = g_strnfill (190, 'b');
  g_autofree char *id = us_stream_config_make_id (long_name, is_in, (gpointer)taken);
  g_autoptr (UsStreamConfig) config = us_stream_config_new (id, long_name, "http://a/");
  const char *pointer;
  g_assert_true (us_stream_config_check (config, &pointer, NULL));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/stream-config/good", test_good);
  g_test_add_func ("/monitor/stream-config/urls", test_urls);
  g_test_add_func ("/monitor/stream-config/members", test_members);
  g_test_add_func ("/monitor/stream-config/copy", test_copy);
  g_test_add_func ("/monitor/stream-config/ids", test_ids);
  return g_test_run ();
}
