/* test-inside-page.c - status pages, whole, partial and hostile */
#include "incident/inside-page.h"

#include <string.h>

static UsPage *
read_text (const char *text) {
  g_autoptr (GBytes) body = g_bytes_new (text, strlen (text));
  return us_page_read (body);
}

static void
test_ingest (void) {
  g_autoptr (UsPage) page = read_text (
      "{\"status\":\"ok\",\"started_ms\":1700000000000,\"connections\":2,\"streams\":["
      "{\"name\":\"cam1\",\"publisher\":{\"peer\":\"10.0.0.7\",\"encoder\":\"OBS\",\"since_s\":4},"
      "\"publishes\":3,\"takeovers\":1,\"number\":77},{\"name\":\"cam2\",\"publisher\":null}]}");
  g_assert_cmpint (page->started_ms, ==, 1700000000000);
  g_assert_cmpuint (page->streams->len, ==, 2);
  const UsPageStream *one = us_page_find (page, "cam1");
  g_assert_true (one->has_publisher);
  g_assert_cmpstr (one->peer, ==, "10.0.0.7");
  g_assert_cmpstr (one->encoder, ==, "OBS");
  g_assert_cmpint (one->publishes, ==, 3);
  g_assert_cmpint (one->takeovers, ==, 1);
  g_assert_cmpint (one->number, ==, 77);
  g_assert_false (us_page_find (page, "cam2")->has_publisher);
  g_assert_null (us_page_find (page, "cam3"));
  g_assert_null (us_page_find (NULL, "cam3"));
  g_assert_false (page->is_full);
}

static void
test_packager (void) {
  g_autoptr (UsPage) page
      = read_text ("{\"name\":\"primary\",\"started_ms\":5,\"streams\":["
                   "{\"name\":\"cam1\",\"state\":\"no-input\",\"connected\":true}]}");
  g_assert_cmpstr (us_page_find (page, "cam1")->state, ==, "no-input");
  g_assert_true (us_page_find (page, "cam1")->is_connected);
}

#define SWITCHER(active, time)                                                                     \
  "{\"started_ms\":5,\"streams\":[{\"name\":\"cam1\",\"path\":\"/hls/index.m3u8\","                \
  "\"is_served\":true,\"" active "\":\"backup\",\"pair\":\"aligned\",\"divergences\":2,"           \
  "\"origins\":{"                                                                                  \
  "\"primary\":{\"state\":\"failed\",\"reason\":\"refused\",\"is_drained\":true},"                 \
  "\"backup\":{\"state\":\"up\",\"reason\":\"ok\"}},\"switches\":["                                \
  "{\"from\":\"primary\",\"to\":\"backup\",\"reason\":\"refused\",\"" time "\":77,\"gap_ms\":0,"   \
  "\"overlap_ms\":-3,\"who\":\"\",\"why\":\"x\"},{\"from\":\"primary\"}]}]"

static void
assert_switcher (const UsPage *page) {
  const UsPageStream *one = us_page_find (page, "cam1");
  g_assert_cmpstr (one->path, ==, "/hls/index.m3u8");
  g_assert_cmpstr (one->active, ==, "backup");
  g_assert_true (one->is_served);
  g_assert_cmpstr (one->pair, ==, "aligned");
  g_assert_cmpint (one->divergences, ==, 2);
  g_assert_cmpstr (one->primary.state, ==, "failed");
  g_assert_true (one->primary.is_drained);
  g_assert_cmpstr (one->backup.reason, ==, "ok");
  g_assert_cmpuint (one->switches->len, ==, 1); /* the other is none */
  const UsPageSwitch *change = one->switches->pdata[0];
  g_assert_cmpstr (change->to, ==, "backup");
  g_assert_cmpint (change->wall_ms, ==, 77);
  g_assert_cmpint (change->overlap_ms, ==, -3);
  g_assert_null (change->who);
  g_assert_cmpstr (change->why, ==, "x");
}

/* The two pages of the switcher name some things differently. */
static void
test_switcher (void) {
  g_autoptr (UsPage) health = read_text (SWITCHER ("active_origin", "wall_ms") "}");
  g_autoptr (UsPage) control = read_text (
      SWITCHER ("active", "time_ms") ",\"commands\":[{\"id\":4,\"time_ms\":9,\"stream\":null,"
                                     "\"what\":\"hold\",\"who\":\"alice\",\"refused\":null},"
                                     "{\"id\":0,\"what\":\"x\"},{\"id\":5},7]}");
  assert_switcher (health);
  assert_switcher (control);
  g_assert_false (health->is_full);
  g_assert_true (control->is_full);
  g_assert_cmpuint (control->orders->len, ==, 1);
  const UsPageOrder *order = control->orders->pdata[0];
  g_assert_cmpint (order->id, ==, 4);
  g_assert_null (order->stream);
  g_assert_cmpstr (order->who, ==, "alice");
}

static void
test_hostile (void) {
  static const char *const no_pages[] = {
    "",
    "{",
    "[]",
    "7",
    "null",
    "{\"streams\":{}}",
    "{\"stream\":[]}",
    "<html>",
    "{\"a\":\xff}",
    "{\"streams\":",
    "\"streams\"",
  };
  static const char *const odd[] = {
    "{\"streams\":[null,7,[],\"x\",{},{\"name\":null},{\"name\":7},{\"name\":\"\"}]}",
    "{\"started_ms\":\"x\",\"streams\":[{\"name\":{\"name\":[]}}]}",
  };
  for (guint i = 0; i < G_N_ELEMENTS (no_pages); i++)
    g_assert_null (read_text (no_pages[i]));
  for (guint i = 0; i < G_N_ELEMENTS (odd); i++) {
    g_autoptr (UsPage) page = read_text (odd[i]);
    g_assert_nonnull (page);
    g_assert_cmpuint (page->streams->len, ==, 0);
  }
  g_autoptr (UsPage) types = read_text (
      "{\"started_ms\":1.5,\"streams\":[{\"name\":\"a\",\"publisher\":7,\"publishes\":\"9\","
      "\"origins\":[],\"switches\":{},\"is_served\":1,\"state\":false},{\"name\":\"a\"}],"
      "\"commands\":{}}");
  g_assert_cmpuint (types->streams->len, ==, 1);
  const UsPageStream *one = types->streams->pdata[0];
  g_assert_false (one->has_publisher);
  g_assert_cmpint (one->publishes, ==, 0);
  g_assert_false (one->is_served);
  g_assert_null (one->state);
  g_assert_cmpuint (one->switches->len, ==, 0);
}

static void
test_bounds (void) {
  g_autoptr (GString) text = g_string_new ("{\"streams\":[");
  g_autofree char *name = g_strnfill (5000, 'n');
  for (guint i = 0; i < 5000; i++)
    g_string_append_printf (text, "%s{\"name\":\"%u\"}", i > 0 ? "," : "", i);
  g_string_append (text, "]}");
  g_autoptr (UsPage) many = read_text (text->str);
  g_assert_cmpuint (many->streams->len, ==, US_PAGE_MAX_STREAMS);
  g_string_printf (text, "{\"streams\":[{\"name\":\"%s\"}]}", name);
  g_autoptr (UsPage) long_name = read_text (text->str);
  g_assert_cmpuint (strlen (((UsPageStream *)long_name->streams->pdata[0])->name), ==,
                    US_PAGE_MAX_TEXT);
  g_autofree char *spaces = g_strnfill (US_PAGE_MAX_BYTES, ' ');
  g_string_printf (text, "%s{\"streams\":[]}", spaces);
  g_assert_null (read_text (text->str));
}

/* What /control/status counts; else as far as the changes that are told go back. */
static void
test_counts (void) {
  g_autoptr (UsPage) told
      = read_text ("{\"streams\":[{\"name\":\"a\",\"failovers\":40,\"switchbacks\":39,\"switches\":"
                   "[{\"from\":\"primary\",\"to\":\"backup\",\"reason\":\"refused\"}]}]}");
  const UsPageStream *one = us_page_find (told, "a");
  g_assert_cmpint (one->failovers, ==, 40);
  g_assert_cmpint (one->switchbacks, ==, 39);
  g_autoptr (UsPage) untold
      = read_text ("{\"streams\":[{\"name\":\"a\",\"switches\":["
                   "{\"from\":\"primary\",\"to\":\"backup\",\"reason\":\"refused\"},"
                   "{\"from\":\"backup\",\"to\":\"primary\",\"reason\":\"returned\"},"
                   "{\"from\":\"primary\",\"to\":\"backup\",\"reason\":\"stale\"}]}]}");
  one = us_page_find (untold, "a");
  g_assert_cmpint (one->failovers, ==, 2);
  g_assert_cmpint (one->switchbacks, ==, 1);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/incident/inside-page/ingest", test_ingest);
  g_test_add_func ("/incident/inside-page/counts", test_counts);
  g_test_add_func ("/incident/inside-page/packager", test_packager);
  g_test_add_func ("/incident/inside-page/switcher", test_switcher);
  g_test_add_func ("/incident/inside-page/hostile", test_hostile);
  g_test_add_func ("/incident/inside-page/bounds", test_bounds);
  return g_test_run ();
}
