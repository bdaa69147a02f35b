/* test-detect-delivery.c - types, compression, other sites, caches: advice, and what is more */
#include "detect-case.h"

static void
run (const UsPlaylistSeen *seen, const char *expected) {
  g_autoptr (UsHits) hits = us_hits_new ();
  us_detect_delivery (seen, hits);
  assert_hits (hits, expected);
}

static void
test_table (void) {
  static const struct {
    const char *type, *encoding, *origin, *caching;
    guint target_s;
    gsize n_bytes;
    const char *expected;
  } rows[] = {
    { "application/vnd.apple.mpegurl", "gzip", "*", "max-age=1", 2, 99999, "" },
    { "Application/X-mpegURL; charset=utf-8", NULL, "https://a.example", NULL, 2, 500, "" },
    { "audio/mpegurl", NULL, "*", "no-cache", 2, 500, "" },
    { "audio/mpegurlx", NULL, "*", NULL, 2, 500, "mime:info" },
    { "application/octet-stream", NULL, "*", NULL, 2, 500, "mime:info" },
    { NULL, NULL, "*", NULL, 2, 500, "mime:info" },
    { "audio/mpegurl", NULL, "*", NULL, 2, 16383, "" },
    { "audio/mpegurl", NULL, "*", NULL, 2, 16384, "compression:info" },
    { "audio/mpegurl", NULL, NULL, NULL, 2, 500, "cors:info" },
    { "audio/mpegurl", NULL, "", NULL, 2, 500, "cors:info" },
    /* caches */
    { "audio/mpegurl", NULL, "*", "max-age=1", 1, 500, "" },
    { "audio/mpegurl", NULL, "*", "public, max-age=3", 6, 500, "" },
    { "audio/mpegurl", NULL, "*", "public,max-age=4", 6, 500, "cache_control:info" },
    { "audio/mpegurl", NULL, "*", "max-age=10", 6, 500, "cache_control:info" },
    { "audio/mpegurl", NULL, "*", "max-age=11", 6, 500, "cache_control:degraded" },
    { "audio/mpegurl", NULL, "*", "max-age=15", 10, 500, "cache_control:info" },
    { "audio/mpegurl", NULL, "*", "max-age=16", 10, 500, "cache_control:degraded" },
    { "audio/mpegurl", NULL, "*", "max-age=1, s-maxage=60", 2, 500, "cache_control:degraded" },
    { "audio/mpegurl", NULL, "*", "max-age=\"3600\"", 2, 500, "cache_control:degraded" },
    { "audio/mpegurl", NULL, "*", "max-age=99999999999999999999999", 2, 500,
      "cache_control:degraded" },
    { "audio/mpegurl", NULL, "*", "max-age=3600, no-store", 2, 500, "" },
    { "audio/mpegurl", NULL, "*", "max-age, s-maxage=, =,,", 2, 500, "" },
    { "audio/mpegurl", NULL, "*", "max-age=-5", 2, 500, "" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    g_autoptr (UsPlaylist) playlist = make_playlist (0, 3, 2000, rows[i].target_s, -1);
    UsPlaylistSeen seen = { .playlist = playlist };
    seen.fetched.content_type = (char *)rows[i].type;
    seen.fetched.content_encoding = (char *)rows[i].encoding;
    seen.fetched.allow_origin = (char *)rows[i].origin;
    seen.fetched.cache_control = (char *)rows[i].caching;
    seen.fetched.n_bytes = rows[i].n_bytes;
    run (&seen, rows[i].expected);
  }
}

/* What is no new playlist says nothing of how playlists are served. */
static void
test_nothing_to_judge (void) {
  g_autoptr (UsPlaylist) playlist = make_playlist (0, 3, 2000, 2, -1);
  UsPlaylistSeen none = { .fetched = { .outcome = US_OUTCOME_5XX } };
  run (&none, "");
  UsPlaylistSeen unmodified = { .playlist = playlist, .fetched = { .is_unmodified = TRUE } };
  run (&unmodified, "");
  playlist->is_ended = TRUE;
  UsPlaylistSeen recording = { .playlist = playlist };
  recording.fetched.content_type = (char *)"audio/mpegurl";
  recording.fetched.allow_origin = (char *)"*";
  recording.fetched.cache_control = (char *)"max-age=86400";
  run (&recording, "");
}

static void
test_hostile (void) {
  g_autofree char *type = g_strnfill (100000, 'x');
  g_autofree char *caching = g_strnfill (100000, ',');
  g_autoptr (UsPlaylist) playlist = make_playlist (0, 3, 2000, 2, -1);
  UsPlaylistSeen seen = { .playlist = playlist };
  seen.fetched.content_type = type;
  seen.fetched.allow_origin = (char *)"*";
  seen.fetched.cache_control = caching;
  run (&seen, "mime:info");
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/detect-delivery/table", test_table);
  g_test_add_func ("/monitor/detect-delivery/nothing-to-judge", test_nothing_to_judge);
  g_test_add_func ("/monitor/detect-delivery/hostile", test_hostile);
  return g_test_run ();
}
