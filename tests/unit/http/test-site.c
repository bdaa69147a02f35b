/* test-site.c - what src/http/site.c answers, as tables over one picture */
#include "http/site.h"

#include <string.h>

static GBytes *
text_bytes (const char *text) {
  return g_bytes_new_static (text, strlen (text));
}

static void
add_stream (UsSite *site, const char *name, gboolean is_default, const char *playlist,
            const char *unavailable) {
  g_autoptr (GBytes) bytes = playlist != NULL ? text_bytes (playlist) : NULL;
  UsSiteStream stream = { .name = name,
                          .is_default = is_default,
                          .playlist_name = "index.m3u8",
                          .playlist = bytes,
                          .last_number = 41,
                          .target_duration_s = 2,
                          .unavailable = unavailable };
  g_autoptr (GBytes) segment = text_bytes ("segment");

  us_site_add_stream (site, &stream);
  us_site_add_segment (site, name, "e-41.ts", segment, "\"tag\"", "video/mp2t");
}

static UsSite *
make_site (void) {
  UsSite *site = us_site_new ();

  add_stream (site, "mystream", TRUE, "#EXTM3U default", NULL);
  add_stream (site, "live/other", FALSE, "#EXTM3U other", NULL);
  add_stream (site, "starting", FALSE, NULL, NULL);
  add_stream (site, "stale", FALSE, "#EXTM3U stale", "input silent for 9 s");
  us_site_set_patience (site, 1000, 500);
  return site;
}

typedef struct {
  const char *path, *query;
  guint waited_ms;
  guint status; /* 0: waits */
  const char *contains;
} Row;

static void
check (UsSite *site, const Row *row) {
  UsHttpRequest request = { .method = "GET", .path = row->path, .query = row->query };
  UsHttpResponse response = { 0 };
  UsHttpVerdict verdict = us_site_respond (site, &request, row->waited_ms, &response);

  g_test_message ("%s?%s after %u ms", row->path, row->query, row->waited_ms);
  g_assert_cmpint (verdict, ==, row->status == 0 ? US_HTTP_WAIT : US_HTTP_REPLY);
  if (verdict == US_HTTP_REPLY) {
    gsize size;
    const char *data = g_bytes_get_data (response.body, &size);

    g_assert_cmpuint (response.status, ==, row->status);
    if (row->contains != NULL)
      g_assert_nonnull (g_strstr_len (data, (gssize)size, row->contains));
    if (row->status == 503) {
      g_assert_cmpstr (response.cache_control, ==, "no-store");
      g_assert_nonnull (response.retry_after);
    }
  }
  g_clear_pointer (&response.body, g_bytes_unref);
  g_free (response.etag);
  g_free (response.retry_after);
}

static void
test_paths (void) {
  static const Row rows[] = {
    { "/hls/index.m3u8", "", 0, 200, "default" },
    { "/hls/mystream/index.m3u8", "", 0, 200, "default" },
    { "/hls/live/other/index.m3u8", "", 0, 200, "other" },
    { "/hls/e-41.ts", "", 0, 200, "segment" },
    { "/hls/live/other/e-41.ts", "", 0, 200, "segment" },
    { "/hls/e-40.ts", "", 0, 404, "e-40.ts" },
    /* the next one is worth waiting for, and only that */
    { "/hls/e-42.ts", "", 0, 0, NULL },
    { "/hls/e-42.ts", "", 499, 0, NULL },
    { "/hls/e-42.ts", "", 500, 404, "unknown-segment" },
    { "/hls/e-43.ts", "", 0, 404, NULL },
    { "/hls/x-42.ts", "", 0, 404, NULL },
    { "/hls/e-42.tsx", "", 0, 404, NULL },
    { "/hls/e-42", "", 0, 404, NULL },
    { "/hls/-42.ts", "", 0, 404, NULL },
    { "/hls/e-.ts", "", 0, 404, NULL },
    { "/hls/e-99999999999999999999999.ts", "", 0, 404, NULL },
    { "/hls/", "", 0, 404, NULL },
    { "/hls/mystream/", "", 0, 404, NULL },
    { "/hls", "", 0, 404, NULL },
    /* an unknown stream may be starting; a piece of it is of no use */
    { "/hls/nobody/index.m3u8", "", 0, 0, NULL },
    { "/hls/nobody/index.m3u8", "", 1000, 404, "unknown-stream" },
    { "/hls/nobody/e-42.ts", "", 0, 404, NULL },
    { "/hls/starting/index.m3u8", "", 999, 0, NULL },
    { "/hls/starting/index.m3u8", "", 1000, 503, "stream-starting" },
    { "/hls/starting/e-40.ts", "", 0, 404, "unknown-segment" },
    { "/hls/stale/index.m3u8", "", 0, 503, "input silent for 9 s" },
    { "/hls/stale/e-41.ts", "", 0, 200, "segment" },
  };
  UsSite *site = make_site ();

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    check (site, &rows[i]);
  us_site_free (site);
}

/* A switcher that was restarted knows nothing for a moment: what it listed before it died is asked
 * for now, and there is no elsewhere. */
/* Origins that keep each stream in a folder below its name. */
static void
test_folder (void) {
  static const Row rows[] = {
    { "/hls/live/index.m3u8", "", 0, 200, "default" },
    { "/hls/live/e-41.ts", "", 0, 200, "segment" },
    { "/hls/live/e-42.ts", "", 0, 0, NULL },
    { "/hls/live/e-40.ts", "", 0, 404, "unknown-segment" },
    { "/hls/mystream/live/index.m3u8", "", 0, 200, "default" },
    { "/hls/live/other/live/index.m3u8", "", 0, 200, "other" },
    { "/hls/live/other/live/e-41.ts", "", 0, 200, "segment" },
    { "/hls/stale/live/index.m3u8", "", 0, 503, "input silent for 9 s" },
    /* what has no folder is where it was */
    { "/hls/index.m3u8", "", 0, 200, "default" },
    { "/hls/live/other/index.m3u8", "", 0, 200, "other" },
    { "/hls//live/index.m3u8", "", 1000, 404, "unknown-stream" },
    { "/hls/alive/index.m3u8", "", 1000, 404, "unknown-stream" },
    { "/hls/live/live/index.m3u8", "", 1000, 404, "unknown-stream" },
    { "/hls/live/", "", 0, 404, NULL },
  };
  UsSite *site = make_site ();

  us_site_set_folder (site, "live");
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    check (site, &rows[i]);
  us_site_set_folder (site, "a/b");
  check (site, &(Row){ "/hls/a/b/index.m3u8", "", 0, 200, "default" });
  check (site, &(Row){ "/hls/b/index.m3u8", "", 1000, 404, "unknown-stream" });
  us_site_free (site);
}

static void
test_steady_start (void) {
  static const Row rows[] = {
    { "/hls/starting/index.m3u8", "", 999, 0, NULL },
    { "/hls/starting/index.m3u8", "", 1000, 503, "stream-starting" },
    { "/hls/starting/e-40.ts", "", 0, 0, NULL },
    { "/hls/starting/e-40.ts", "", 999, 0, NULL },
    { "/hls/starting/e-40.ts", "", 1000, 404, "unknown-segment" },
    { "/hls/starting/favicon.ico", "", 0, 404, "unknown-segment" },
    { "/hls/nobody/e-40.ts", "", 999, 0, NULL },
    { "/hls/nobody/e-40.ts", "", 1000, 404, "unknown-stream" },
    { "/hls/nobody/favicon.ico", "", 0, 404, "unknown-stream" },
    { "/hls/e-40.ts", "", 0, 404, "unknown-segment" }, /* known to be gone */
    /* what another switcher has listed already: it comes here too, or is to be had there only */
    { "/hls/e-42.ts", "", 499, 0, NULL },
    { "/hls/e-44.ts", "", 499, 0, NULL },
    { "/hls/e-44.ts", "", 500, 404, "unknown-segment" },
    { "/hls/e-45.ts", "", 0, 404, "unknown-segment" },
    { "/hls/index.m3u8", "_HLS_msn=50", 0, 0, NULL },
    { "/hls/index.m3u8", "_HLS_msn=50", 5999, 0, NULL },
    { "/hls/index.m3u8", "_HLS_msn=50", 6000, 400, "too-far-ahead" },
    { "/hls/index.m3u8", "_HLS_msn=51", 0, 0, NULL },
    { "/hls/index.m3u8", "_HLS_msn=52", 0, 400, "too-far-ahead" },
    { "/hls/index.m3u8", "_HLS_msn=1000000", 0, 400, "too-far-ahead" },
    { "/hls/index.m3u8", "_HLS_msn=43", 6000, 200, "default" },
    { "/hls/stale/e-41.ts", "", 0, 200, "segment" },
    { "/hls/stale/e-42.ts", "", 0, 503, "input silent for 9 s" },
    { "/hls/stale/e-60.ts", "", 0, 503, NULL },
    { "/hls/stale/e-40.ts", "", 0, 404, "unknown-segment" },
    { "/hls/mystream/e-40.ts", "", 0, 404, "unknown-segment" },
  };
  UsSite *site = make_site ();

  us_site_set_steady (site, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    check (site, &rows[i]);
  us_site_free (site);
}

static void
test_blocking_reload (void) {
  static const Row rows[] = {
    { "/hls/index.m3u8", "_HLS_msn=40", 0, 200, NULL },
    { "/hls/index.m3u8", "_HLS_msn=41", 0, 200, NULL },
    { "/hls/index.m3u8", "_HLS_msn=42", 0, 0, NULL },
    { "/hls/index.m3u8", "_HLS_msn=43", 0, 0, NULL },
    { "/hls/index.m3u8", "_HLS_msn=44", 0, 400, "too-far-ahead" },
    { "/hls/index.m3u8", "_HLS_msn=42", 5999, 0, NULL },
    { "/hls/index.m3u8", "_HLS_msn=42", 6000, 503, "segment-late" },
    { "/hls/index.m3u8", "a=b&_HLS_msn=42&c", 0, 0, NULL },
    { "/hls/index.m3u8", "_HLS_msn=42&_HLS_part=0", 0, 0, NULL },
    { "/hls/index.m3u8", "x_HLS_msn=nonsense", 0, 200, NULL },
    { "/hls/index.m3u8", "_HLS_part=0", 0, 400, "bad-directive" },
    { "/hls/index.m3u8", "_HLS_msn=", 0, 400, NULL },
    { "/hls/index.m3u8", "_HLS_msn=-1", 0, 400, NULL },
    { "/hls/index.m3u8", "_HLS_msn=4x", 0, 400, NULL },
    { "/hls/index.m3u8", "_HLS_msn=42&_HLS_msn=42", 0, 400, NULL },
    { "/hls/index.m3u8", "_HLS_msn=18446744073709551616", 0, 400, NULL },
    { "/hls/index.m3u8", "_HLS_msn=42&_HLS_part=-2", 0, 400, NULL },
    { "/hls/stale/index.m3u8", "_HLS_msn=42", 0, 503, NULL },
  };
  UsSite *site = make_site ();

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    check (site, &rows[i]);
  us_site_free (site);
}

static void
test_same_bytes_same_tag (void) {
  UsSite *one = make_site (), *two = make_site ();
  UsHttpRequest request = { .method = "GET", .path = "/hls/index.m3u8", .query = "" };
  UsHttpResponse a = { 0 }, b = { 0 };

  g_assert_cmpint (us_site_respond (one, &request, 0, &a), ==, US_HTTP_REPLY);
  us_site_free (one); /* what was handed out stays */
  g_assert_cmpint (us_site_respond (two, &request, 0, &b), ==, US_HTTP_REPLY);
  us_site_free (two);
  g_assert_cmpstr (a.etag, ==, b.etag);
  g_assert_true (g_bytes_equal (a.body, b.body));
  g_free (a.etag);
  g_free (b.etag);
  g_bytes_unref (a.body);
  g_bytes_unref (b.body);
}

/* One folder with a multivariant playlist and its renditions beside it. */
static void
test_several_playlists (void) {
  static const Row rows[] = {
    { "/hls/master.m3u8", "", 0, 200, "master" },
    { "/hls/low.m3u8", "", 0, 200, "low" },
    { "/hls/show/high.m3u8", "", 0, 200, "high" },
    { "/hls/show/high.m3u8", "_HLS_msn=8", 0, 0, NULL },
    { "/hls/show/low.m3u8", "_HLS_msn=8", 0, 200, "low" },
    { "/hls/show/a.ts", "", 0, 200, "a" },
    { "/hls/show/b.ts", "", 0, 200, "b" },
    { "/hls/show/none.m3u8", "", 0, 404, NULL },
  };
  static const struct {
    const char *name, *text;
    guint64 last;
    const char *segment;
  } playlists[] = {
    { "low.m3u8", "low", 9, "a.ts" },
    { "master.m3u8", "master", 0, NULL },
    { "high.m3u8", "high", 7, "b.ts" },
  };
  UsSite *site = us_site_new ();

  us_site_set_patience (site, 1000, 500);
  for (guint i = 0; i < G_N_ELEMENTS (playlists); i++) {
    g_autoptr (GBytes) text = text_bytes (playlists[i].text);
    UsSiteStream stream = { .name = "show",
                            .is_default = TRUE,
                            .playlist_name = playlists[i].name,
                            .playlist = text,
                            .last_number = playlists[i].last,
                            .target_duration_s = 2 };

    us_site_add_stream (site, &stream);
    if (playlists[i].segment != NULL) {
      g_autoptr (GBytes) bytes = text_bytes (playlists[i].segment);

      us_site_add_segment (site, "show", playlists[i].segment, bytes, "\"tag\"", "video/mp2t");
    }
  }
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    check (site, &rows[i]);
  us_site_free (site);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/site/paths", test_paths);
  g_test_add_func ("/http/site/folder", test_folder);
  g_test_add_func ("/http/site/steady-start", test_steady_start);
  g_test_add_func ("/http/site/several-playlists", test_several_playlists);
  g_test_add_func ("/http/site/blocking-reload", test_blocking_reload);
  g_test_add_func ("/http/site/same-bytes-same-tag", test_same_bytes_same_tag);
  return g_test_run ();
}
