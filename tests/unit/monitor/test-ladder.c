/* test-ladder.c - renditions under indexes and labels that stay */
#include "monitor/ladder.h"

#include <string.h>

#define BASE "https://example.com/live/master.m3u8"
#define HEAD "#EXTM3U\n"

static GPtrArray *
read_ladder (const char *text, const GPtrArray *before) {
  g_autoptr (GError) error = NULL;
  g_autoptr (UsPlaylist) playlist = us_playlist_parse (text, strlen (text), &error);
  g_assert_no_error (error);
  return us_ladder_read (playlist, BASE, before);
}

static const UsRenditionInfo *
at (const GPtrArray *ladder, guint i) {
  g_assert_cmpuint (i, <, ladder->len);
  return ladder->pdata[i];
}

static void
test_kinds (void) {
  g_autoptr (GPtrArray) ladder = read_ladder (
      HEAD
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"English (stereo)\",LANGUAGE=\"en\","
      "DEFAULT=YES,URI=\"en.m3u8\"\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"Main\"\n" /* in the variants themselves */
      "#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"Français\",URI=\"fr.m3u8\"\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=2500000,RESOLUTION=1280x720,CODECS=\"avc1.64001f,mp4a.40.2\"\n"
      "720.m3u8\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=2700000,RESOLUTION=1280x720\n720.m3u8\n" /* the same again */
      "#EXT-X-STREAM-INF:BANDWIDTH=64000,CODECS=\"mp4a.40.2\"\n../sound.m3u8\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=900499\nhttp://other.example/x.m3u8\n"
      "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=100000,URI=\"i.m3u8\"\n",
      NULL);
  static const struct {
    const char *label, *url;
    UsRenditionKind kind;
  } rows[] = {
    { "0-1280x720-2500k", "https://example.com/live/720.m3u8", US_RENDITION_VIDEO },
    { "1-audio-64k", "https://example.com/sound.m3u8", US_RENDITION_AUDIO },
    { "2-900k", "http://other.example/x.m3u8", US_RENDITION_VIDEO },
    { "a3-en", "https://example.com/live/en.m3u8", US_RENDITION_AUDIO },
    { "s4-francais", "https://example.com/live/fr.m3u8", US_RENDITION_SUBTITLES },
  };
  g_assert_cmpuint (ladder->len, ==, G_N_ELEMENTS (rows));
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_assert_cmpint (at (ladder, i)->index, ==, (int)i);
    g_assert_cmpstr (at (ladder, i)->label, ==, rows[i].label);
    g_assert_cmpstr (at (ladder, i)->url, ==, rows[i].url);
    g_assert_cmpint (at (ladder, i)->kind, ==, rows[i].kind);
  }
  g_assert_true (at (ladder, 3)->is_default);
}

#define A "#EXT-X-STREAM-INF:BANDWIDTH=1000000\na.m3u8"
#define B "#EXT-X-STREAM-INF:BANDWIDTH=2000000\nb.m3u8"
#define C "#EXT-X-STREAM-INF:BANDWIDTH=3000000\nc.m3u8"

/* Places stay when the order, the tokens or the company change. */
static void
test_stable (void) {
  g_autoptr (GPtrArray) first = read_ladder (HEAD A "?t=1\n" B "?t=1\n", NULL);
  g_autoptr (GPtrArray) turned = read_ladder (HEAD B "?t=2\n" A "?t=2\n", first);
  g_assert_cmpint (at (turned, 0)->index, ==, 1);
  g_assert_cmpstr (at (turned, 0)->label, ==, "1-2000k");
  g_assert_cmpint (at (turned, 1)->index, ==, 0);
  g_autoptr (GPtrArray) without = read_ladder (HEAD B "?t=3\n", turned);
  g_assert_cmpuint (without->len, ==, 1);
  g_assert_cmpint (at (without, 0)->index, ==, 1);
  /* A new one takes the free place, not that of one that comes later in the list. */
  g_autoptr (GPtrArray) more = read_ladder (HEAD C "\n" B "?t=4\n", without);
  g_assert_cmpint (at (more, 0)->index, ==, 0);
  g_assert_cmpint (at (more, 1)->index, ==, 1);
  /* Another rung under the same path is another rung. */
  g_autoptr (GPtrArray) other
      = read_ladder (HEAD "#EXT-X-STREAM-INF:BANDWIDTH=5\nb.m3u8?t=9\n" B "?t=5\n", more);
  g_assert_cmpint (at (other, 1)->index, ==, 1);
  g_assert_cmpint (at (other, 0)->index, !=, 1);
}

static void
test_many (void) {
  g_autoptr (GString) text = g_string_new (HEAD);
  for (guint i = 0; i < 300; i++)
    g_string_append_printf (text, "#EXT-X-STREAM-INF:BANDWIDTH=%u\n%u.m3u8\n", i + 1, i);
  g_autoptr (GPtrArray) ladder = read_ladder (text->str, NULL);
  g_assert_cmpuint (ladder->len, ==, US_MAX_RENDITIONS);
  guint64 seen = 0;
  for (guint i = 0; i < ladder->len; i++) {
    g_assert_cmpint (at (ladder, i)->index, >=, 0);
    g_assert_cmpint (at (ladder, i)->index, <, US_MAX_RENDITIONS);
    seen |= G_GUINT64_CONSTANT (1) << at (ladder, i)->index;
  }
  g_assert_cmpuint (seen, ==, G_MAXUINT64);
  /* All others in their place: there are places for all of them. */
  g_string_assign (text, HEAD);
  for (guint i = 300; i < 364; i++)
    g_string_append_printf (text, "#EXT-X-STREAM-INF:BANDWIDTH=%u\n%u.m3u8\n", i + 1, i);
  g_autoptr (GPtrArray) next = read_ladder (text->str, ladder);
  seen = 0;
  for (guint i = 0; i < next->len; i++)
    seen |= G_GUINT64_CONSTANT (1) << at (next, i)->index;
  g_assert_cmpuint (seen, ==, G_MAXUINT64);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/ladder/kinds", test_kinds);
  g_test_add_func ("/monitor/ladder/stable", test_stable);
  g_test_add_func ("/monitor/ladder/many", test_many);
  return g_test_run ();
}
