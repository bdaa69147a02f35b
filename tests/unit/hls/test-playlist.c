/* test-playlist.c - every rule of the parser once broken, and rendering to the byte */
#include "hls/playlist.h"

#include <string.h>

#define HEAD "#EXTM3U\n#EXT-X-TARGETDURATION:2\n"

static const char OURS[] = "#EXTM3U\n"
                           "#EXT-X-VERSION:6\n"
                           "#EXT-X-TARGETDURATION:2\n"
                           "#EXT-X-MEDIA-SEQUENCE:1795292776\n"
                           "#EXT-X-DISCONTINUITY-SEQUENCE:3\n"
                           "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES\n"
                           "#EXT-X-INDEPENDENT-SEGMENTS\n"
                           "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:26:16.123Z\n"
                           "#EXTINF:2.000,\n"
                           "65f-1795292776.ts\n"
                           "#EXT-X-DISCONTINUITY\n"
                           "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T20:26:20.001Z\n"
                           "#EXTINF:1.967,\n"
                           "660-1795292777.ts\n";

static UsPlaylist *
parse (const char *text) {
  g_autoptr (GError) error = NULL;
  UsPlaylist *playlist = us_playlist_parse (text, strlen (text), &error);
  g_assert_no_error (error);
  return playlist;
}

static const UsPlaylistSegment *
segment_at (const UsPlaylist *playlist, guint i) {
  g_assert_cmpuint (i, <, playlist->segments->len);
  return g_ptr_array_index (playlist->segments, i);
}

static void
assert_same (const UsPlaylist *a, const UsPlaylist *b) {
  g_assert_cmpuint (a->version, ==, b->version);
  g_assert_cmpuint (a->target_duration_s, ==, b->target_duration_s);
  g_assert_cmpuint (a->media_sequence, ==, b->media_sequence);
  g_assert_cmpuint (a->discontinuity_sequence, ==, b->discontinuity_sequence);
  g_assert_cmpint (a->is_independent, ==, b->is_independent);
  g_assert_cmpint (a->can_block_reload, ==, b->can_block_reload);
  g_assert_cmpuint (a->segments->len, ==, b->segments->len);
  for (guint i = 0; i < a->segments->len; i++) {
    const UsPlaylistSegment *s = segment_at (a, i), *t = segment_at (b, i);
    g_assert_cmpstr (s->uri, ==, t->uri);
    g_assert_cmpuint (s->number, ==, t->number);
    g_assert_cmpuint (s->discontinuity, ==, t->discontinuity);
    g_assert_cmpint (s->is_discontinuous, ==, t->is_discontinuous);
    g_assert_cmpint (s->is_gap, ==, t->is_gap);
    g_assert_cmpint (s->duration_us, ==, t->duration_us);
    g_assert_cmpint (s->wall_ms, ==, t->wall_ms);
    g_assert_cmpstr (s->map_uri, ==, t->map_uri);
    g_assert_cmpstr (s->key, ==, t->key);
  }
}

static void
test_render (void) {
  g_autoptr (UsPlaylist) playlist = us_playlist_new ();
  playlist->target_duration_s = 2;
  playlist->can_block_reload = playlist->is_independent = TRUE;
  playlist->is_ended = TRUE; /* never rendered */
  UsPlaylistSegment *segment
      = us_playlist_add (playlist, "65f-1795292776.ts", 1795292776, 2000 * 1000);
  segment->discontinuity = 3;
  segment->wall_ms = 1795292776123;
  segment = us_playlist_add (playlist, "660-1795292777.ts", 1795292777, 1966667);
  g_assert_cmpuint (segment->discontinuity, ==, 3);
  segment->discontinuity = 4;
  segment->is_discontinuous = TRUE;
  segment->wall_ms = 1795292780001;
  g_autofree char *text = us_playlist_render (playlist);
  g_assert_cmpstr (text, ==, OURS);
}

static void
test_round_trip (void) {
  static const char *TEXTS[] = {
    OURS,
    HEAD,
    HEAD "#EXT-X-MEDIA-SEQUENCE:9\n#EXT-X-DISCONTINUITY-SEQUENCE:7\n",
    HEAD "#EXT-X-DISCONTINUITY-SEQUENCE:7\n#EXT-X-DISCONTINUITY\n#EXTINF:1,\na\n#EXTINF:2,\nb\n",
    HEAD "#EXTINF:1,\na\n#EXT-X-DISCONTINUITY\n#EXT-X-DISCONTINUITY\n#EXTINF:2,\nb\n",
    HEAD "#EXT-X-VERSION:6\n#EXT-X-KEY:METHOD=AES-128,URI=\"k,1\"\n#EXT-X-MAP:URI=\"i.mp4\"\n#"
         "EXTINF:1,\na\n"
         "#EXT-X-GAP\n#EXTINF:1,\nb\n#EXT-X-KEY:METHOD=NONE\n#EXTINF:1,\nc\n",
    HEAD "#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:00Z\n#EXTINF:0,\na\n#EXTINF:1.5,\nb\n",
  };
  for (guint i = 0; i < G_N_ELEMENTS (TEXTS); i++) {
    g_autoptr (UsPlaylist) first = parse (TEXTS[i]);
    g_autofree char *text = us_playlist_render (first);
    g_autoptr (UsPlaylist) second = parse (text);
    g_autofree char *again = us_playlist_render (second);
    assert_same (first, second);
    g_assert_cmpstr (text, ==, again);
  }
  g_autoptr (UsPlaylist) ours = parse (OURS);
  g_autofree char *same = us_playlist_render (ours);
  g_assert_cmpstr (same, ==, OURS);
}

static void
test_window_head (void) {
  g_autoptr (UsPlaylist) playlist = us_playlist_new ();
  playlist->target_duration_s = 2;
  UsPlaylistSegment *segment = us_playlist_add (playlist, "a.ts", 50, 2000000);
  segment->is_discontinuous = TRUE;
  segment->discontinuity = 4;
  g_autofree char *text = us_playlist_render (playlist);
  g_assert_nonnull (strstr (text, "#EXT-X-MEDIA-SEQUENCE:50\n#EXT-X-DISCONTINUITY-SEQUENCE:3\n"));
  g_assert_null (strstr (text, "PROGRAM-DATE-TIME"));
  segment->discontinuity = 0; /* inconsistent: must not wrap */
  g_autofree char *odd = us_playlist_render (playlist);
  g_assert_nonnull (strstr (odd, "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"));
}

static void
test_parse_live (void) {
  g_autoptr (UsPlaylist) playlist
      = parse ("#EXTM3U\r\n#EXT-X-VERSION:3\r\n#EXT-X-TARGETDURATION:4\r\n# a comment\r\n\r\n"
               "#EXT-X-MEDIA-SEQUENCE:18446744073709531615\r\n#EXT-X-DISCONTINUITY-SEQUENCE:5\r\n"
               "#EXT-X-UNKNOWN-TAG:x=\"y\"\r\n"
               "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T21:26:16.5+0100\r\n"
               "#EXTINF:3.0033333,A title, with comma\r\nlive/a b.ts?x=1\r\n"
               "#EXT-X-BITRATE:1\r\n#EXTINF:4\r\nb.ts  \r\n"
               "#EXT-X-DISCONTINUITY\r\n#EXTINF: 4,\r\nc.ts\r\n#EXT-X-DISCONTINUITY");
  g_assert_cmpuint (playlist->version, ==, 3);
  g_assert_cmpuint (playlist->discontinuity_sequence, ==, 5);
  g_assert_false (playlist->is_ended);
  g_assert_cmpuint (playlist->segments->len, ==, 3);
  const UsPlaylistSegment *a = segment_at (playlist, 0), *b = segment_at (playlist, 1),
                          *c = segment_at (playlist, 2);
  g_assert_cmpstr (a->uri, ==, "live/a b.ts?x=1");
  g_assert_cmpuint (a->number, ==, G_GUINT64_CONSTANT (18446744073709531615));
  g_assert_cmpint (a->duration_us, ==, 3003333);
  g_assert_cmpint (a->wall_ms, ==, 1795292776500);
  g_assert_cmpuint (a->discontinuity, ==, 5);
  g_assert_cmpstr (b->uri, ==, "b.ts");
  g_assert_cmpint (b->wall_ms, ==, 1795292779503); /* carried on */
  g_assert_cmpuint (c->discontinuity, ==, 6);
  g_assert_true (c->is_discontinuous);
  g_assert_cmpint (c->wall_ms, ==, -1); /* another timeline */
}

static void
test_parse_flags (void) {
  g_autoptr (UsPlaylist) playlist
      = parse (HEAD "#EXT-X-SERVER-CONTROL:HOLD-BACK=6.0,X=\"CAN-BLOCK-RELOAD=NO,\","
                    "CAN-BLOCK-RELOAD=YES\n"
                    "#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI=\"init,1.mp4\",BYTERANGE=\"5@0\"\n"
                    "#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n#EXT-X-GAP\n#EXTINF:2,\na\n"
                    "#EXT-X-KEY:METHOD=NONE\n#EXTINF:2,\nb\n#EXT-X-ENDLIST\n");
  g_assert_true (playlist->can_block_reload);
  g_assert_true (playlist->is_independent);
  g_assert_true (playlist->is_ended);
  g_assert_cmpuint (playlist->version, ==, 1);
  g_assert_true (segment_at (playlist, 0)->is_gap);
  g_assert_cmpstr (segment_at (playlist, 0)->map_uri, ==, "init,1.mp4");
  g_assert_cmpstr (segment_at (playlist, 0)->key, ==, "METHOD=AES-128,URI=\"k\"");
  g_assert_false (segment_at (playlist, 1)->is_gap);
  g_assert_cmpstr (segment_at (playlist, 1)->map_uri, ==, "init,1.mp4");
  g_assert_null (segment_at (playlist, 1)->key);

  g_autoptr (UsPlaylist) no = parse (HEAD "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=NO\n");
  g_assert_false (no->can_block_reload);
  g_autoptr (UsPlaylist) hidden = parse (HEAD "#EXT-X-SERVER-CONTROL:X=\"CAN-BLOCK-RELOAD=YES\"\n");
  g_assert_false (hidden->can_block_reload);
}

static void
test_parse_master (void) {
  g_autoptr (UsPlaylist) playlist
      = parse ("#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"x\",URI=\"a.m3u8\"\n"
               "#EXT-X-STREAM-INF:AVERAGE-BANDWIDTH=1,BANDWIDTH=1280000,CODECS=\"avc1.4d,mp4a\"\n"
               "low/index.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2560000\n\n# note\nhigh/index.m3u8\n");
  g_assert_cmpuint (playlist->segments->len, ==, 0);
  g_assert_cmpuint (playlist->variants->len, ==, 2);
  const UsPlaylistVariant *low = g_ptr_array_index (playlist->variants, 0);
  const UsPlaylistVariant *high = g_ptr_array_index (playlist->variants, 1);
  g_assert_cmpstr (low->uri, ==, "low/index.m3u8");
  g_assert_cmpuint (low->bandwidth_bps, ==, 1280000);
  g_assert_cmpstr (low->attributes, ==,
                   "AVERAGE-BANDWIDTH=1,BANDWIDTH=1280000,CODECS=\"avc1.4d,mp4a\"");
  g_assert_cmpuint (high->bandwidth_bps, ==, 2560000);
}

/* The message must tell the line, the tag and the value. */
static void
test_faults (void) {
  static const struct {
    const char *text;
    UsPlaylistError code;
    const char *message;
  } CASES[] = {
    { "", US_PLAYLIST_ERROR_FORMAT, "line 1: the body is empty" },
    { "\n" HEAD, US_PLAYLIST_ERROR_FORMAT, "line 1: \"\": a playlist starts with #EXTM3U" },
    { "#EXTM3U8\n", US_PLAYLIST_ERROR_FORMAT, "line 1: \"#EXTM3U8\": a playlist starts" },
    { "<html>404</html>", US_PLAYLIST_ERROR_FORMAT, "line 1: the body is HTML" },
    { "\x1f\x8b\x08", US_PLAYLIST_ERROR_FORMAT, "line 1: the body is gzip" },
    { "\xff\xfe#", US_PLAYLIST_ERROR_FORMAT, "line 1: the body is UTF-16" },
    { "\xef\xbb\xbf" HEAD, US_PLAYLIST_ERROR_FORMAT, "byte order mark" },
    { HEAD "\xc3\x28\n", US_PLAYLIST_ERROR_FORMAT, "line 3: byte 0xc3 is not UTF-8" },
    { HEAD "#EXTINF:2,\na\rb\n", US_PLAYLIST_ERROR_FORMAT, "line 4: control character 0x0d" },
    { HEAD "#\x1b[2J", US_PLAYLIST_ERROR_FORMAT, "line 3: control character 0x1b" },
    { "#EXTM3U\n", US_PLAYLIST_ERROR_FORMAT, "neither #EXT-X-TARGETDURATION nor variants" },
    { HEAD "a.ts\n", US_PLAYLIST_ERROR_FORMAT, "line 3: \"a.ts\": a URI without #EXTINF" },
    { HEAD "#EXTINF:2,\n", US_PLAYLIST_ERROR_FORMAT, "#EXTINF\": the playlist ends before" },
    { HEAD "#EXTINF:2,\n#EXTINF:2,\na\n", US_PLAYLIST_ERROR_FORMAT, "line 4: \"#EXTINF\": no URI" },
    { HEAD "#EXT-X-TARGETDURATION:2\n", US_PLAYLIST_ERROR_FORMAT, "line 3: \"#EXT-X-TARGET" },
    { HEAD "#EXTINF:1,\na\n#EXT-X-MEDIA-SEQUENCE:1\n", US_PLAYLIST_ERROR_FORMAT, "line 5: " },
    { HEAD "#EXT-X-DISCONTINUITY\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n", US_PLAYLIST_ERROR_FORMAT,
      "line 4: " },
    { "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na\n#EXTINF:1,\nb\n", US_PLAYLIST_ERROR_FORMAT,
      "mixed" },
    { "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n#EXTINF:1,\nb\n", US_PLAYLIST_ERROR_FORMAT,
      "has both" },
    { "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n", US_PLAYLIST_ERROR_FORMAT, "ends before" },
    { "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n#EXT-X-STREAM-INF:BANDWIDTH=2\n",
      US_PLAYLIST_ERROR_FORMAT, "line 3: " },
    { "#EXTM3U\n#EXT-X-STREAM-INF:CODECS=\"BANDWIDTH=1\"\na\n", US_PLAYLIST_ERROR_VALUE,
      "line 2: #EXT-X-STREAM-INF: \"CODECS=" },
    { "#EXTM3U\n#EXT-X-TARGETDURATION:abc\n", US_PLAYLIST_ERROR_VALUE,
      "line 2: #EXT-X-TARGETDURATION: \"abc\": expected a whole number" },
    { "#EXTM3U\n#EXT-X-TARGETDURATION:0\n", US_PLAYLIST_ERROR_VALUE, "\"0\"" },
    { "#EXTM3U\n#EXT-X-TARGETDURATION:-2\n", US_PLAYLIST_ERROR_VALUE, "\"-2\"" },
    { "#EXTM3U\n#EXT-X-TARGETDURATION:2.5\n", US_PLAYLIST_ERROR_VALUE, "\"2.5\"" },
    { "#EXTM3U\n#EXT-X-TARGETDURATION:99999999999999999999\n", US_PLAYLIST_ERROR_VALUE, "line 2" },
    { HEAD "#EXT-X-VERSION:\n", US_PLAYLIST_ERROR_VALUE, "line 3: #EXT-X-VERSION: \"\"" },
    { HEAD "#EXT-X-MEDIA-SEQUENCE:18446744073709551616\n", US_PLAYLIST_ERROR_VALUE,
      "line 3: #EXT-X-MEDIA-SEQUENCE: \"18446744073709551616\"" },
    { HEAD "#EXT-X-MEDIA-SEQUENCE:18446744073709551615\n", US_PLAYLIST_ERROR_VALUE, "line 3" },
    { HEAD "#EXT-X-MEDIA-SEQUENCE:-1\n", US_PLAYLIST_ERROR_VALUE, "\"-1\"" },
    { HEAD "#EXT-X-MEDIA-SEQUENCE: 1\n", US_PLAYLIST_ERROR_VALUE, "\" 1\"" },
    { HEAD "#EXT-X-DISCONTINUITY-SEQUENCE:1x\n", US_PLAYLIST_ERROR_VALUE, "\"1x\"" },
    { HEAD "#EXTINF:NaN,\na\n", US_PLAYLIST_ERROR_VALUE, "line 3: #EXTINF: \"NaN,\"" },
    { HEAD "#EXTINF:-2,\na\n", US_PLAYLIST_ERROR_VALUE, "\"-2,\"" },
    { HEAD "#EXTINF:1e300,\na\n", US_PLAYLIST_ERROR_VALUE, "\"1e300,\"" },
    { HEAD "#EXTINF:inf,\na\n", US_PLAYLIST_ERROR_VALUE, "\"inf,\"" },
    { HEAD "#EXTINF:0x10,\na\n", US_PLAYLIST_ERROR_VALUE, "\"0x10,\"" },
    { HEAD "#EXTINF:,\na\n", US_PLAYLIST_ERROR_VALUE, "\",\"" },
    { HEAD "#EXTINF:.5,\na\n", US_PLAYLIST_ERROR_VALUE, "\".5,\"" },
    { HEAD "#EXTINF:99999999999999999999999999,\na\n", US_PLAYLIST_ERROR_VALUE, "line 3" },
    { HEAD "#EXT-X-PROGRAM-DATE-TIME:yesterday\n", US_PLAYLIST_ERROR_VALUE,
      "line 3: #EXT-X-PROGRAM-DATE-TIME: \"yesterday\"" },
    { HEAD "#EXT-X-PROGRAM-DATE-TIME:2026-13-01T00:00:00Z\n", US_PLAYLIST_ERROR_VALUE, "13" },
    { HEAD "#EXT-X-PROGRAM-DATE-TIME:1960-01-01T00:00:00Z\n", US_PLAYLIST_ERROR_VALUE, "1960" },
    { HEAD "#EXT-X-MAP:URI=a\"b\"\n", US_PLAYLIST_ERROR_VALUE, "with a URI" },
    { HEAD "#EXT-X-MAP:BYTERANGE=1\n", US_PLAYLIST_ERROR_VALUE, "with a URI" },
    { HEAD "#EXT-X-KEY:URI=\"METHOD=x\"\n", US_PLAYLIST_ERROR_VALUE, "with a METHOD" },
    { HEAD "#EXT-X-SKIP:SKIPPED-SEGMENTS=3\n", US_PLAYLIST_ERROR_VALUE, "delta update" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    g_autoptr (GError) error = NULL;
    g_test_message ("case %u: %s", i, CASES[i].message);
    g_assert_null (us_playlist_parse (CASES[i].text, strlen (CASES[i].text), &error));
    g_assert_error (error, US_PLAYLIST_ERROR, (int)CASES[i].code);
    if (strstr (error->message, CASES[i].message) == NULL)
      g_error ("got: %s, wanted: %s", error->message, CASES[i].message);
  }
}

static void
test_nul_and_size (void) {
  static const char NUL[] = HEAD "#EXTINF:2,\na\0b.ts\n";
  g_autoptr (GError) error = NULL;
  g_assert_null (us_playlist_parse (NUL, sizeof NUL - 1, &error));
  g_assert_error (error, US_PLAYLIST_ERROR, US_PLAYLIST_ERROR_FORMAT);
  g_assert_nonnull (strstr (error->message, "line 4"));
  g_clear_error (&error);
  g_assert_null (us_playlist_parse (NULL, 0, &error));
  g_assert_error (error, US_PLAYLIST_ERROR, US_PLAYLIST_ERROR_FORMAT);

  /* Any prefix parses or fails, and reads no byte beyond its end. */
  for (gsize size = 0; size < sizeof OURS - 1; size++) {
    g_autofree char *exact = g_memdup2 (OURS, size);
    g_autoptr (UsPlaylist) playlist = us_playlist_parse (exact, size, NULL);
    if (playlist != NULL)
      g_assert_cmpuint (playlist->segments->len, <=, 2);
  }
}

static void
assert_limit (const char *text, gsize size) {
  g_autoptr (GError) error = NULL;
  g_assert_null (us_playlist_parse (text, size, &error));
  g_assert_error (error, US_PLAYLIST_ERROR, US_PLAYLIST_ERROR_LIMIT);
}

static void
test_limits (void) {
  g_autofree char *large = g_malloc (US_PLAYLIST_MAX_BYTES + 1);
  memset (large, '#', US_PLAYLIST_MAX_BYTES + 1);
  assert_limit (large, US_PLAYLIST_MAX_BYTES + 1);

  g_autoptr (GString) many = g_string_new (HEAD);
  for (guint i = 0; i < US_PLAYLIST_MAX_SEGMENTS; i++)
    g_string_append (many, "#EXTINF:2,\na\n");
  g_autoptr (UsPlaylist) full = parse (many->str);
  g_assert_cmpuint (full->segments->len, ==, US_PLAYLIST_MAX_SEGMENTS);
  g_string_append (many, "#EXTINF:2,\na\n");
  assert_limit (many->str, many->len);

  g_autofree char *name = g_strnfill (US_PLAYLIST_MAX_URI + 1, 'u');
  g_autofree char *long_uri = g_strdup_printf (HEAD "#EXTINF:2,\n%s\n", name);
  assert_limit (long_uri, strlen (long_uri));
  name[US_PLAYLIST_MAX_URI] = '\0';
  g_autofree char *fits = g_strdup_printf (HEAD "#EXTINF:2,\n%s\n", name);
  g_autoptr (UsPlaylist) at_limit = parse (fits);
  g_assert_cmpuint (at_limit->segments->len, ==, 1);

  /* 4 kB of map that 15,000 short rows would each keep a copy of */
  g_autoptr (GString) carried = g_string_new (HEAD);
  g_string_append_printf (carried, "#EXT-X-MAP:URI=\"%s\"\n", name);
  for (guint i = 0; i < 15000; i++)
    g_string_append (carried, "#EXTINF:2,\na\n");
  assert_limit (carried->str, carried->len);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hls/playlist/render", test_render);
  g_test_add_func ("/hls/playlist/round-trip", test_round_trip);
  g_test_add_func ("/hls/playlist/window-head", test_window_head);
  g_test_add_func ("/hls/playlist/parse-live", test_parse_live);
  g_test_add_func ("/hls/playlist/parse-flags", test_parse_flags);
  g_test_add_func ("/hls/playlist/parse-master", test_parse_master);
  g_test_add_func ("/hls/playlist/faults", test_faults);
  g_test_add_func ("/hls/playlist/nul-and-size", test_nul_and_size);
  g_test_add_func ("/hls/playlist/limits", test_limits);
  return g_test_run ();
}
