/* test-playlist-render.c - keys, maps and byte ranges where they change; master playlists */
#include "hls/playlist.h"

#include <string.h>

#define HEAD(version)                                                                              \
  "#EXTM3U\n#EXT-X-VERSION:" version "\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n"        \
  "#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
#define ROW(uri) "#EXTINF:2.000,\n" uri "\n"

static UsPlaylist *
parse (const char *text) {
  g_autoptr (GError) error = NULL;
  UsPlaylist *playlist = us_playlist_parse (text, strlen (text), &error);
  g_assert_no_error (error);
  return playlist;
}

/* What is written in the form that we write comes back to the byte. */
static void
test_same (void) {
  static const char *TEXTS[] = {
    HEAD ("6") "#EXT-X-MAP:URI=\"i\"\n" ROW ("a") ROW ("b"),
    HEAD ("6") "#EXT-X-MAP:URI=\"i\"\n" ROW ("a") "#EXT-X-MAP:URI=\"j\"\n" ROW ("b"),
    HEAD ("6") "#EXT-X-MAP:URI=\"i\",BYTERANGE=\"700@0\"\n#EXTINF:2.000,\n"
               "#EXT-X-BYTERANGE:1000@700\nf\n#EXTINF:2.000,\n#EXT-X-BYTERANGE:500@1700\nf\n",
    HEAD ("6") "#EXT-X-MAP:URI=\"i\"\n" ROW (
        "a") "#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"i\"\n" ROW ("b"),
    HEAD ("4") "#EXTINF:2.000,\n#EXT-X-BYTERANGE:10@0\nf\n" ROW ("g"),
    HEAD ("1") "#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n" ROW ("a") ROW ("b"),
    HEAD ("2") "#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0x1\n" ROW (
        "a") "#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0x2\n" ROW ("b") "#EXT-X-KEY:METHOD="
                                                                      "NONE\n" ROW ("c"),
    HEAD ("5") "#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n"
               "#EXT-X-KEY:METHOD=AES-128,URI=\"l\",KEYFORMAT=\"x\"\n" ROW (
                   "a") "#EXT-X-KEY:METHOD=NONE\n#EXT-X-KEY:METHOD=AES-128,URI=\"m\"\n" ROW ("b"),
    /* the map in the clear, the segments not; and a map with the key of its time */
    HEAD ("6") "#EXT-X-MAP:URI=\"i\"\n#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n" ROW ("a")
        ROW ("b") "#EXT-X-DISCONTINUITY\n#EXT-X-KEY:METHOD=NONE\n#EXT-X-MAP:URI=\"i\"\n"
                  "#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n" ROW ("c"),
    HEAD ("6") "#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n#EXT-X-MAP:URI=\"i\"\n" ROW (
        "a") "#EXT-X-KEY:METHOD=AES-128,URI=\"l\"\n" ROW ("b") "#EXT-X-DISCONTINUITY\n"
                                                               "#EXT-X-KEY:METHOD=AES-128,URI="
                                                               "\"k\"\n#EXT-X-MAP:URI=\"i\"\n"
                                                               "#EXT-X-KEY:METHOD=AES-128,URI="
                                                               "\"l\"\n" ROW ("c"),
  };
  for (guint i = 0; i < G_N_ELEMENTS (TEXTS); i++) {
    g_autoptr (UsPlaylist) playlist = parse (TEXTS[i]);
    g_autofree char *text = us_playlist_render (playlist);
    g_test_message ("case %u", i);
    g_assert_cmpstr (text, ==, TEXTS[i]);
  }
}

/* What another form of the same says. */
static void
test_normal_form (void) {
  static const struct {
    const char *text, *same;
  } CASES[] = {
    /* the version that the tags need */
    { HEAD ("3") "#EXT-X-MAP:URI=\"i\"\n" ROW ("a"),
      HEAD ("6") "#EXT-X-MAP:URI=\"i\"\n" ROW ("a") },
    { HEAD ("3") "#EXT-X-KEY:METHOD=A,KEYFORMAT=\"x\"\n" ROW ("a"),
      HEAD ("5") "#EXT-X-KEY:METHOD=A,KEYFORMAT=\"x\"\n" ROW ("a") },
    { HEAD ("7") "#EXT-X-MAP:URI=\"i\"\n" ROW ("a"),
      HEAD ("7") "#EXT-X-MAP:URI=\"i\"\n" ROW ("a") },
    /* said again without need */
    { HEAD ("6") "#EXT-X-MAP:URI=\"i\"\n" ROW ("a") "#EXT-X-MAP:URI=\"i\"\n" ROW ("b"),
      HEAD ("6") "#EXT-X-MAP:URI=\"i\"\n" ROW ("a") ROW ("b") },
    /* offsets that follow from the part before; the tag may stand before EXTINF */
    { HEAD ("4") "#EXT-X-BYTERANGE:10@5\n#EXTINF:2,\nf\n#EXTINF:2,\n#EXT-X-BYTERANGE:20\nf\n"
                 "#EXTINF:2,\n#EXT-X-BYTERANGE:1\nf\n",
      HEAD ("4") "#EXTINF:2.000,\n#EXT-X-BYTERANGE:10@5\nf\n"
                 "#EXTINF:2.000,\n#EXT-X-BYTERANGE:20@15\nf\n"
                 "#EXTINF:2.000,\n#EXT-X-BYTERANGE:1@35\nf\n" },
    /* the same KEYFORMAT takes the place, NONE of all */
    { HEAD ("5") "#EXT-X-KEY:METHOD=A,URI=\"k\"\n#EXT-X-KEY:METHOD=A,URI=\"l\"\n" ROW (
          "a") "#EXT-X-KEY:METHOD=A,URI=\"m\",KEYFORMAT=\"x\"\n#EXT-X-KEY:METHOD=NONE\n" ROW ("b"),
      HEAD ("5") "#EXT-X-KEY:METHOD=A,URI=\"l\"\n" ROW ("a") "#EXT-X-KEY:METHOD=NONE\n" ROW ("b") },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    g_autoptr (UsPlaylist) playlist = parse (CASES[i].text);
    g_autofree char *text = us_playlist_render (playlist);
    g_test_message ("case %u", i);
    g_assert_cmpstr (text, ==, CASES[i].same);
  }
}

static void
test_values (void) {
  g_autoptr (UsPlaylist) playlist = parse (
      HEAD ("6") "#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n#EXT-X-MAP:URI=\"i\",BYTERANGE=\"9\"\n"
                 "#EXT-X-KEY:METHOD=AES-128,URI=\"l\",KEYFORMAT=\"x\"\n#EXTINF:2,\n"
                 "#EXT-X-BYTERANGE:7@3\nf\n" ROW ("g"));
  const UsPlaylistSegment *f = g_ptr_array_index (playlist->segments, 0);
  const UsPlaylistSegment *g = g_ptr_array_index (playlist->segments, 1);
  g_assert_cmpuint (f->range.offset, ==, 3);
  g_assert_cmpuint (f->range.length, ==, 7);
  g_assert_cmpuint (g->range.length, ==, 0);
  g_assert_cmpuint (g->map_range.length, ==, 9);
  g_assert_cmpuint (g->map_range.offset, ==, 0);
  g_assert_cmpstr (g->map_key, ==, "METHOD=AES-128,URI=\"k\"");
  g_assert_cmpstr (g->key, ==,
                   "METHOD=AES-128,URI=\"k\"\nMETHOD=AES-128,URI=\"l\",KEYFORMAT=\"x\"");
}

/* Rows put together by a switcher: the first row of a window brings its own tags. */
static void
test_rows (void) {
  g_autoptr (UsPlaylist) playlist = us_playlist_new ();
  playlist->target_duration_s = 2;
  playlist->version = 3;
  for (guint i = 0; i < 3; i++) {
    UsPlaylistSegment *row = us_playlist_add (playlist, "s", i, 2000000);
    row->map_uri = g_strdup (i < 2 ? "a-init.mp4" : "b-init.mp4");
    row->key = i == 1 ? g_strdup ("METHOD=AES-128,URI=\"http://o/k\",IV=0x1") : NULL;
    row->map_key = NULL;
  }
  g_autofree char *text = us_playlist_render (playlist);
  g_assert_cmpstr (text, ==,
                   HEAD ("6") "#EXT-X-MAP:URI=\"a-init.mp4\"\n" ROW (
                       "s") "#EXT-X-KEY:METHOD=AES-128,URI=\"http:"
                            "//o/k\",IV=0x1\n" ROW ("s") "#EXT-X-KEY:METHOD=NONE\n#"
                                                         "EXT-X-MAP:URI=\"b-init."
                                                         "mp4\"\n" ROW ("s"));
  g_ptr_array_remove_index (playlist->segments, 0);
  g_autofree char *later = us_playlist_render (playlist);
  g_assert_nonnull (strstr (later, "#EXT-X-MAP:URI=\"a-init.mp4\"\n#EXT-X-KEY:METHOD=AES-128"));
}

static void
test_faults (void) {
  static const struct {
    const char *text;
    UsPlaylistError code;
    const char *message;
  } CASES[] = {
    { HEAD ("4") "#EXT-X-BYTERANGE:x\n", US_PLAYLIST_ERROR_VALUE,
      "line 6: #EXT-X-BYTERANGE: \"x\"" },
    { HEAD ("4") "#EXT-X-BYTERANGE:0@0\n", US_PLAYLIST_ERROR_VALUE, "<length>[@<offset>]" },
    { HEAD ("4") "#EXT-X-BYTERANGE:1@-1\n", US_PLAYLIST_ERROR_VALUE, "line 6" },
    { HEAD ("4") "#EXT-X-BYTERANGE:1@\n", US_PLAYLIST_ERROR_VALUE, "line 6" },
    { HEAD ("4") "#EXT-X-BYTERANGE:9223372036854775807@1\n", US_PLAYLIST_ERROR_VALUE, "line 6" },
    { HEAD ("4") "#EXT-X-BYTERANGE:5\n" ROW ("a"), US_PLAYLIST_ERROR_FORMAT,
      "goes on from nothing" },
    { HEAD ("4") "#EXT-X-BYTERANGE:5@0\n" ROW ("a") "#EXT-X-BYTERANGE:5\n" ROW ("b"),
      US_PLAYLIST_ERROR_FORMAT, "goes on from nothing" },
    { HEAD ("4") ROW ("a") "#EXT-X-BYTERANGE:5\n" ROW ("a"), US_PLAYLIST_ERROR_FORMAT, "line 10" },
    { HEAD ("6") "#EXT-X-MAP:URI=\"i\",BYTERANGE=\"\"\n", US_PLAYLIST_ERROR_VALUE, "BYTERANGE" },
    { HEAD ("1") "#EXT-X-KEY:METHOD=A,URI=\"k\n", US_PLAYLIST_ERROR_VALUE, "#EXT-X-KEY" },
    { "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1,X=\"\nv\n", US_PLAYLIST_ERROR_VALUE, "line 2" },
    { "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,NAME=\"n\"\n", US_PLAYLIST_ERROR_VALUE,
      "line 2: #EXT-X-MEDIA: \"TYPE=AUDIO" },
    { "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,NAME=\"n\",GROUP-ID=\"g\",URI=\"\"\n",
      US_PLAYLIST_ERROR_VALUE, "#EXT-X-MEDIA" },
    { "#EXTM3U\n#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1\n", US_PLAYLIST_ERROR_VALUE,
      "line 2: #EXT-X-I-FRAME-STREAM-INF" },
    { "#EXTM3U\n#EXT-X-I-FRAME-STREAM-INF:URI=\"i\",BANDWIDTH=x\n", US_PLAYLIST_ERROR_VALUE,
      "a URI and a BANDWIDTH" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_null (us_playlist_parse (CASES[i].text, strlen (CASES[i].text), &error));
    g_assert_error (error, US_PLAYLIST_ERROR, (int)CASES[i].code);
    if (strstr (error->message, CASES[i].message) == NULL)
      g_error ("got: %s, wanted: %s", error->message, CASES[i].message);
  }

  g_autoptr (GString) keys = g_string_new (HEAD ("5"));
  g_autofree char *name = g_strnfill (4000, 'k');
  for (guint i = 0; i < 9; i++)
    g_string_append_printf (keys, "#EXT-X-KEY:METHOD=A,URI=\"%s\",KEYFORMAT=\"%u\"\n", name, i);
  g_autoptr (GError) error = NULL;
  g_assert_null (us_playlist_parse (keys->str, keys->len, &error));
  g_assert_error (error, US_PLAYLIST_ERROR, US_PLAYLIST_ERROR_LIMIT);
}

static void
test_multivariant (void) {
  static const char TEXT[]
      = "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n"
        "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"g\",NAME=\"n, m\",URI=\"x/a.m3u8\",CHANNELS=\"2\"\n"
        "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"c\",NAME=\"cc\",INSTREAM-ID=\"CC1\"\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"g\",UNKNOWN=1\nlow.m3u8\n"
        "#EXT-X-STREAM-INF:BANDWIDTH=2,AUDIO=\"g\"\nhigh.m3u8\n"
        "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI=\"i.m3u8\"\n";
  g_autoptr (UsPlaylist) playlist = parse (TEXT);
  g_assert_cmpuint (playlist->variants->len, ==, 2);
  g_assert_cmpuint (playlist->renditions->len, ==, 2);
  g_assert_cmpuint (playlist->i_frame_variants->len, ==, 1);
  g_autofree char *same = us_playlist_render_multivariant (playlist);
  g_assert_cmpstr (same, ==, TEXT);

  UsPlaylistRendition *sound = g_ptr_array_index (playlist->renditions, 0);
  UsPlaylistVariant *low = g_ptr_array_index (playlist->variants, 0);
  g_free (sound->uri);
  sound->uri = g_strdup ("a0.m3u8");
  g_free (low->uri);
  low->uri = g_strdup ("v0.m3u8");
  g_ptr_array_set_size (playlist->i_frame_variants, 0);
  g_autofree char *changed = us_playlist_render_multivariant (playlist);
  g_assert_cmpstr (
      changed, ==,
      "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-INDEPENDENT-SEGMENTS\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"g\",NAME=\"n, m\",URI=\"a0.m3u8\",CHANNELS=\"2\"\n"
      "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"c\",NAME=\"cc\",INSTREAM-ID=\"CC1\"\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"g\",UNKNOWN=1\nv0.m3u8\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=2,AUDIO=\"g\"\nhigh.m3u8\n");
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hls/playlist-render/same", test_same);
  g_test_add_func ("/hls/playlist-render/normal-form", test_normal_form);
  g_test_add_func ("/hls/playlist-render/values", test_values);
  g_test_add_func ("/hls/playlist-render/rows", test_rows);
  g_test_add_func ("/hls/playlist-render/faults", test_faults);
  g_test_add_func ("/hls/playlist-render/multivariant", test_multivariant);
  return g_test_run ();
}
