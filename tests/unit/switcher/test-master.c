/* test-master.c - renditions found by their attributes, and offered under our own names */
#include "switcher/master.h"

#include <string.h>

static const char *const lead_text
    = "#EXTM3U\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"snd\",NAME=\"English\",LANGUAGE=\"en\",URI=\"en.m3u8\"\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"snd\",NAME=\"Deutsch\",LANGUAGE=\"de\",URI=\"de.m3u8\"\n"
      "#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"cc\",NAME=\"cc\",INSTREAM-ID=\"CC1\"\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=5000000,RESOLUTION=1920x1080,CODECS=\"avc1.640028\"\nhi.m3u8\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=1000000,RESOLUTION=640x360,CODECS=\"avc1.640028\"\nlo.m3u8\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=1100000,RESOLUTION=640x360,CODECS=\"avc1.640028\"\nlo.m3u8\n"
      "#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=90000,URI=\"i.m3u8\"\n";

static UsPlaylist *
parse (const char *text) {
  g_autoptr (GError) error = NULL;
  UsPlaylist *playlist = us_playlist_parse (text, strlen (text), &error);
  g_assert_no_error (error);
  return playlist;
}

static const char *
url_of (const UsMaster *master, const char *name, UsOriginId origin) {
  for (guint i = 0; i < us_master_get_n_entries (master); i++) {
    const UsMasterEntry *entry = us_master_get_entry (master, i);
    if (strcmp (entry->name, name) == 0)
      return entry->url[origin];
  }
  return NULL;
}

static void
test_match (void) {
  g_autoptr (UsPlaylist) lead = parse (lead_text);
  g_autoptr (UsPlaylist) twin = parse (
      "#EXTM3U\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"Deutsch\",LANGUAGE=\"de\",URI=\"/d/x.m3u8\"\n"
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"English\",LANGUAGE=\"en\",URI=\"/e/x.m3u8\"\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=640x360,CODECS=\"avc1.640028\"\n360.m3u8\n"
      "#EXT-X-STREAM-INF:BANDWIDTH=2000000,RESOLUTION=1280x720,CODECS=\"avc1.640028\"\n720.m3u8\n");
  g_autoptr (UsMaster) master = us_master_new (lead);
  g_assert_cmpuint (us_master_get_n_entries (master), ==, 4);
  g_assert_cmpstr (us_master_get_entry (master, 0)->name, ==, "v0"); /* speaks for the stream */
  us_master_match (master, US_ORIGIN_PRIMARY, lead, "http://a/hls/index.m3u8");
  us_master_match (master, US_ORIGIN_BACKUP, twin, "http://b/x/index.m3u8");
  static const struct {
    const char *name, *primary, *backup;
  } table[] = {
    { "v0", "http://a/hls/hi.m3u8", "http://b/x/720.m3u8" }, /* the nearest there is */
    { "v1", "http://a/hls/lo.m3u8", "http://b/x/360.m3u8" },
    { "a0", "http://a/hls/en.m3u8", "http://b/e/x.m3u8" },
    { "a1", "http://a/hls/de.m3u8", "http://b/d/x.m3u8" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_assert_cmpstr (url_of (master, table[i].name, US_ORIGIN_PRIMARY), ==, table[i].primary);
    g_assert_cmpstr (url_of (master, table[i].name, US_ORIGIN_BACKUP), ==, table[i].backup);
  }
}

/* A type that the other lacks finds nobody; what was found once keeps its place. */
static void
test_missing (void) {
  g_autoptr (UsPlaylist) lead = parse (lead_text);
  g_autoptr (UsPlaylist) bare = parse ("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nonly.m3u8\n");
  g_autoptr (UsMaster) master = us_master_new (lead);
  us_master_match (master, US_ORIGIN_BACKUP, bare, "http://b/index.m3u8");
  g_assert_cmpstr (url_of (master, "v0", US_ORIGIN_BACKUP), ==, "http://b/only.m3u8");
  g_assert_cmpstr (url_of (master, "v1", US_ORIGIN_BACKUP), ==, "http://b/only.m3u8");
  g_assert_null (url_of (master, "a0", US_ORIGIN_BACKUP));
  us_master_match (master, US_ORIGIN_BACKUP, lead, "http://b/index.m3u8");
  us_master_match (master, US_ORIGIN_BACKUP, bare, "http://b/index.m3u8");
  g_assert_cmpstr (url_of (master, "a0", US_ORIGIN_BACKUP), ==, "http://b/en.m3u8");
}

static void
test_render (void) {
  g_autoptr (UsPlaylist) lead = parse (lead_text);
  g_autoptr (UsMaster) master = us_master_new (lead);
  g_autofree char *text = us_master_render (master);
  g_autoptr (UsPlaylist) ours = parse (text);
  g_assert_cmpuint (ours->variants->len, ==, 3);
  g_assert_cmpuint (ours->renditions->len, ==, 3);
  g_assert_cmpuint (ours->i_frame_variants->len, ==, 0);
  static const char *const uris[] = { "v0.m3u8", "v1.m3u8", "v1.m3u8" };
  for (guint i = 0; i < 3; i++) {
    const UsPlaylistVariant *variant = g_ptr_array_index (ours->variants, i);
    const UsPlaylistVariant *its = g_ptr_array_index (lead->variants, i);
    g_assert_cmpstr (variant->uri, ==, uris[i]);
    g_assert_cmpuint (variant->bandwidth_bps, ==, its->bandwidth_bps);
    g_assert_cmpuint (variant->height, ==, its->height);
  }
  const UsPlaylistRendition *captions = g_ptr_array_index (ours->renditions, 2);
  g_assert_null (captions->uri);
}

static void
test_too_many (void) {
  g_autoptr (GString) text = g_string_new ("#EXTM3U\n");
  for (guint i = 0; i < 40; i++)
    g_string_append_printf (text, "#EXT-X-STREAM-INF:BANDWIDTH=%u\n%u.m3u8\n", i + 1, i);
  g_autoptr (UsPlaylist) lead = parse (text->str);
  g_autoptr (UsMaster) master = us_master_new (lead);
  g_assert_cmpuint (us_master_get_n_entries (master), ==, US_MASTER_MAX_RENDITIONS);
  g_assert_cmpuint (us_master_get_n_left_out (master), ==, 40 - US_MASTER_MAX_RENDITIONS);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/switcher/master/match", test_match);
  g_test_add_func ("/switcher/master/missing", test_missing);
  g_test_add_func ("/switcher/master/render", test_render);
  g_test_add_func ("/switcher/master/too-many", test_too_many);
  return g_test_run ();
}
