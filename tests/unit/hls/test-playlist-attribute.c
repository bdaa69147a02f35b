/* test-playlist-attribute.c - attribute lists, keys that move to another playlist, renditions */
#include "hls/playlist-private.h"

#include <string.h>

static void
test_attribute (void) {
  static const struct {
    const char *list, *name, *value;
  } CASES[] = {
    { "BANDWIDTH=1,CODECS=\"a,b\",X=y", "BANDWIDTH", "1" },
    { "BANDWIDTH=1,CODECS=\"a,b\",X=y", "CODECS", "a,b" },
    { "BANDWIDTH=1,CODECS=\"a,b\",X=y", "X", "y" },
    { "A=\"B=2\",B=3", "B", "3" },
    { "AB=1,B=2", "B", "2" },
    { "A=1, B=2", "B", "2" },
    { "A=1,A=2", "A", "1" },
    { "A=\"\"", "A", "" },
    { "A=", "A", "" },
    { "A", "A", NULL },
    { "", "A", NULL },
    { ",,,", "A", NULL },
    { "a=1", "A", NULL },
    { "A=\"open", "A", "open" },
    { "A=\"x\"rest,B=1", "B", "1" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    g_autofree char *value = us_playlist_attribute (CASES[i].list, CASES[i].name);
    g_assert_cmpstr (value, ==, CASES[i].value);
  }
}

static void
test_closed (void) {
  static const struct {
    const char *list;
    gboolean is_closed;
  } CASES[] = {
    { "", TRUE },           { "A", TRUE },     { "A=", TRUE },         { "A=1,B=\"2\"", TRUE },
    { "A=a\"b,C=1", TRUE }, { "A=\"", FALSE }, { "A=\"x,B=1", FALSE }, { "A=\"x\"y,B=\"", FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++)
    g_assert_cmpint (us_playlist_attributes_are_closed (CASES[i].list), ==, CASES[i].is_closed);
}

static void
test_with (void) {
  static const struct {
    const char *list, *value, *result;
  } CASES[] = {
    { "TYPE=AUDIO,URI=\"a,b\",NAME=\"x\"", "v0.m3u8", "TYPE=AUDIO,URI=\"v0.m3u8\",NAME=\"x\"" },
    { "TYPE=AUDIO,NAME=\"x\"", "v0", "TYPE=AUDIO,NAME=\"x\",URI=\"v0\"" },
    { "URI=\"a\", X=1", NULL, "X=1" },
    { "URI=\"a\",URI=\"b\"", "c", "URI=\"c\"" },
    { "", "c", "URI=\"c\"" },
    { "A=1", "q\"q", "A=1,URI=\"q%22q\"" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    g_autofree char *result = us_playlist_attributes_with (CASES[i].list, "URI", CASES[i].value);
    g_assert_cmpstr (result, ==, CASES[i].result);
  }
}

#define AES "METHOD=AES-128,URI=\"k1\""
#define AES_2 "METHOD=AES-128,URI=\"k2\",KEYFORMAT=\"identity\""
#define SKD "METHOD=SAMPLE-AES,URI=\"skd://x\",KEYFORMAT=\"com.apple.streamingkeydelivery\""

static void
test_key_add (void) {
  static const struct {
    const char *key, *added, *result;
  } CASES[] = {
    { NULL, AES, AES },
    { AES, AES_2, AES_2 }, /* the same KEYFORMAT */
    { AES, SKD, AES "\n" SKD },
    { AES "\n" SKD, AES_2, AES_2 "\n" SKD },
    { AES "\n" SKD, "METHOD=NONE", NULL },
    { NULL, "METHOD=NONE", NULL },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    g_autofree char *result = us_playlist_key_add (CASES[i].key, CASES[i].added);
    g_assert_cmpstr (result, ==, CASES[i].result);
  }
}

static void
test_key_with_base (void) {
  static const struct {
    const char *uri, *absolute;
  } CASES[] = {
    { "k.bin", "https://h:8/a/b/k.bin" },
    { "k.bin?x=1&y=%20", "https://h:8/a/b/k.bin?x=1&y=%20" },
    { "../k", "https://h:8/a/k" },
    { "../../../k", "https://h:8/k" },
    { "/k", "https://h:8/k" },
    { "//o/k", "https://o/k" },
    { "?q", "https://h:8/a/b/c.m3u8?q" },
    { "http://o/k", "http://o/k" },
    { "HTTP://O/k", "HTTP://O/k" },
    { "data:text/plain;base64,AA==", "data:text/plain;base64,AA==" },
    { "skd://id", "skd://id" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    g_autofree char *key = g_strdup_printf ("METHOD=AES-128,URI=\"%s\",IV=0x1", CASES[i].uri);
    g_autofree char *due = g_strdup_printf ("METHOD=AES-128,URI=\"%s\",IV=0x1", CASES[i].absolute);
    g_autofree char *result = us_playlist_key_with_base (key, "https://h:8/a/b/c.m3u8?token=1");
    g_assert_cmpstr (result, ==, due);
  }
  g_autofree char *two = us_playlist_key_with_base (AES "\n" SKD, "http://h/p/i.m3u8");
  g_assert_cmpstr (two, ==, "METHOD=AES-128,URI=\"http://h/p/k1\"\n" SKD);
  g_autofree char *named = us_playlist_key_with_base (AES, "http://me:secret@h/p/i.m3u8");
  g_assert_cmpstr (named, ==, "METHOD=AES-128,URI=\"http://h/p/k1\"");
  g_autofree char *none = us_playlist_key_with_base ("METHOD=NONE", "http://h/");
  g_assert_cmpstr (none, ==, "METHOD=NONE");
  g_autofree char *odd = us_playlist_key_with_base (AES, "no base");
  g_assert_cmpstr (odd, ==, AES);
}

static void
test_key_with_iv (void) {
  static const struct {
    const char *key;
    guint64 number;
    const char *result;
  } CASES[] = {
    { AES, 0, AES ",IV=0x00000000000000000000000000000000" },
    { AES, 258, AES ",IV=0x00000000000000000000000000000102" },
    { AES, G_MAXUINT64, AES ",IV=0x0000000000000000ffffffffffffffff" },
    { AES_2, 1, AES_2 ",IV=0x00000000000000000000000000000001" },
    { AES ",IV=0xAB", 1, AES ",IV=0xAB" },
    { SKD, 1, SKD },
    { "METHOD=NONE", 1, "METHOD=NONE" },
    { AES "\n" SKD, 1, AES ",IV=0x00000000000000000000000000000001\n" SKD },
    { "METHOD=AES-128,URI=\"IV=1\"", 1,
      "METHOD=AES-128,URI=\"IV=1\",IV=0x00000000000000000000000000000001" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    g_autofree char *result = us_playlist_key_with_iv (CASES[i].key, CASES[i].number);
    g_assert_cmpstr (result, ==, CASES[i].result);
  }
}

static void
test_variant (void) {
  UsPlaylistVariant *full = us_playlist_variant_new (
      "BANDWIDTH=2000000,AVERAGE-BANDWIDTH=1800000,RESOLUTION=1280x720,FRAME-RATE=29.970,"
      "CODECS=\"avc1.64001f,mp4a.40.2\",AUDIO=\"aac\",VIDEO=\"v\",SUBTITLES=\"s\"",
      "v.m3u8");
  g_assert_cmpuint (full->bandwidth_bps, ==, 2000000);
  g_assert_cmpuint (full->average_bandwidth_bps, ==, 1800000);
  g_assert_cmpuint (full->width, ==, 1280);
  g_assert_cmpuint (full->height, ==, 720);
  g_assert_cmpuint (full->frame_rate_mhz, ==, 29970);
  g_assert_cmpstr (full->codecs, ==, "avc1.64001f,mp4a.40.2");
  g_assert_cmpstr (full->audio, ==, "aac");
  g_assert_cmpstr (full->video, ==, "v");
  g_assert_cmpstr (full->subtitles, ==, "s");
  us_playlist_variant_free (full);

  static const char *ODD[] = { "BANDWIDTH=1", "BANDWIDTH=1,RESOLUTION=720,FRAME-RATE=fast",
                               "BANDWIDTH=1,RESOLUTION=-1x5,FRAME-RATE=nan",
                               "BANDWIDTH=1,RESOLUTION=1x99999999999,FRAME-RATE=1e30",
                               "BANDWIDTH=1,RESOLUTION=1x2x3,FRAME-RATE=25fps" };
  for (guint i = 0; i < G_N_ELEMENTS (ODD); i++) {
    UsPlaylistVariant *odd = us_playlist_variant_new (ODD[i], "u");
    g_assert_cmpuint (odd->width + odd->height + odd->frame_rate_mhz, ==, 0);
    g_assert_null (odd->codecs);
    us_playlist_variant_free (odd);
  }
}

static void
test_rendition (void) {
  UsPlaylistRendition *full = us_playlist_rendition_new (
      "TYPE=AUDIO,GROUP-ID=\"g\",NAME=\"English, US\",LANGUAGE=\"en\",DEFAULT=YES,AUTOSELECT=NO,"
      "URI=\"a.m3u8\"");
  g_assert_cmpstr (full->type, ==, "AUDIO");
  g_assert_cmpstr (full->group_id, ==, "g");
  g_assert_cmpstr (full->name, ==, "English, US");
  g_assert_cmpstr (full->language, ==, "en");
  g_assert_cmpstr (full->uri, ==, "a.m3u8");
  g_assert_true (full->is_default);
  g_assert_false (full->is_autoselect);
  us_playlist_rendition_free (full);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hls/playlist-attribute/attribute", test_attribute);
  g_test_add_func ("/hls/playlist-attribute/closed", test_closed);
  g_test_add_func ("/hls/playlist-attribute/with", test_with);
  g_test_add_func ("/hls/playlist-attribute/key-add", test_key_add);
  g_test_add_func ("/hls/playlist-attribute/key-with-base", test_key_with_base);
  g_test_add_func ("/hls/playlist-attribute/key-with-iv", test_key_with_iv);
  g_test_add_func ("/hls/playlist-attribute/variant", test_variant);
  g_test_add_func ("/hls/playlist-attribute/rendition", test_rendition);
  return g_test_run ();
}
