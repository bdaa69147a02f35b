/* test-fault.c - which request a fault is about, and how it is called */
#include "drill/fault.h"

static void
test_is_about (void) {
  static const struct {
    UsFaultKind kind;
    UsFaultOn on;
    const char *path;
    gboolean expected;
  } table[] = {
    { US_FAULT_NONE, US_FAULT_ON_ALL, "/hls/index.m3u8", FALSE },
    { US_FAULT_REFUSE, US_FAULT_ON_ALL, "/anything", TRUE },
    { US_FAULT_FROZEN, US_FAULT_ON_PLAYLISTS, "/hls/index.m3u8", TRUE },
    { US_FAULT_FROZEN, US_FAULT_ON_PLAYLISTS, "/hls/INDEX.M3U8", TRUE },
    { US_FAULT_FROZEN, US_FAULT_ON_PLAYLISTS, "/hls/index.m3u8?_HLS_msn=12", TRUE },
    { US_FAULT_FROZEN, US_FAULT_ON_PLAYLISTS, "/hls/1-2.ts", FALSE },
    { US_FAULT_FROZEN, US_FAULT_ON_PLAYLISTS, "/hls/1.ts?x=.m3u8", FALSE },
    { US_FAULT_FROZEN, US_FAULT_ON_PLAYLISTS, ".m3u8", TRUE },
    { US_FAULT_FROZEN, US_FAULT_ON_PLAYLISTS, "m3u8", FALSE },
    { US_FAULT_CORRUPT, US_FAULT_ON_SEGMENTS, "/hls/1-2.ts", TRUE },
    { US_FAULT_CORRUPT, US_FAULT_ON_SEGMENTS, "/hls/index.m3u8", FALSE },
    { US_FAULT_STATUS, US_FAULT_ON_SEGMENTS, "/hls/", TRUE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    UsFault fault = { table[i].kind, table[i].on, 0, FALSE };
    g_assert_cmpint (us_fault_is_about (&fault, table[i].path), ==, table[i].expected);
  }
}

static void
test_describe (void) {
  static const struct {
    UsFault fault;
    const char *expected;
  } table[] = {
    { { US_FAULT_REFUSE, US_FAULT_ON_ALL, 0, FALSE }, "refuse" },
    { { US_FAULT_STATUS, US_FAULT_ON_SEGMENTS, 404, TRUE }, "status 404 on one segment" },
    { { US_FAULT_SLOW, US_FAULT_ON_ALL, 50000, FALSE }, "slow, 50000 bytes/s" },
    { { US_FAULT_CLOCK, US_FAULT_ON_PLAYLISTS, -30000, FALSE }, "clock -30 s on playlists" },
    { { US_FAULT_BEHIND, US_FAULT_ON_PLAYLISTS, 1, FALSE }, "behind 1 on playlists" },
    { { US_FAULT_CORRUPT, US_FAULT_ON_SEGMENTS, 0, FALSE }, "corrupt on segments" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autofree char *text = us_fault_describe (&table[i].fault);
    g_assert_cmpstr (text, ==, table[i].expected);
  }
}

/* What must be gathered first, and what passes byte by byte. */
static void
test_rewrites (void) {
  for (UsFaultKind kind = US_FAULT_NONE; kind < US_N_FAULTS; kind++) {
    UsFault fault = { .kind = kind };
    gboolean expected = kind == US_FAULT_TRUNCATE || kind == US_FAULT_CORRUPT
                        || kind == US_FAULT_FROZEN || kind == US_FAULT_BEHIND
                        || kind == US_FAULT_REGRESS || kind == US_FAULT_CLOCK;
    g_assert_cmpint (us_fault_rewrites (&fault), ==, expected);
    g_assert_nonnull (us_fault_word (kind));
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/drill/fault/is-about", test_is_about);
  g_test_add_func ("/drill/fault/describe", test_describe);
  g_test_add_func ("/drill/fault/rewrites", test_rewrites);
  return g_test_run ();
}
