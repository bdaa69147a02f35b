/* test-directory.c - a folder of HLS that somebody else writes, served over HTTP
 *
 * The folder is looked at when the test says so; where time itself is tested, by the poll. */
#include "packager/directory.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "component/switcher/viewer.h"

#define WATCHDOG_US (30 * G_USEC_PER_SEC)

typedef struct {
  char *root;
  UsDirectory *directory;
  UsViewer *viewer;
} Stage;

/* --- the folder ------------------------------------------------------------------------------ */

static void
write_bytes (const Stage *stage, const char *name, const void *data, gsize size) {
  g_autofree char *path = g_build_filename (stage->root, name, NULL);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr (GError) error = NULL;
  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_file_set_contents (path, data, (gssize)size, &error);
  g_assert_no_error (error);
}

static void
write_text (const Stage *stage, const char *name, const char *text) {
  write_bytes (stage, name, text, strlen (text));
}

/* As most packagers do it: a file may also be written where it is. */
static void
append_text (const Stage *stage, const char *name, const char *text) {
  g_autofree char *path = g_build_filename (stage->root, name, NULL);
  FILE *file = g_fopen (path, "a");
  g_assert_cmpint (fputs (text, file), >=, 0);
  fclose (file);
}

static void delete (const Stage *stage, const char *name) {
  g_autofree char *path = g_build_filename (stage->root, name, NULL);
  g_assert_cmpint (g_remove (path), ==, 0);
}

static void
link_to (const Stage *stage, const char *target, const char *name) {
  g_autofree char *path = g_build_filename (stage->root, name, NULL);
  g_assert_cmpint (symlink (target, path), ==, 0);
}

static char *
playlist_text (const char *prefix, guint first, guint n, guint target_s) {
  g_autoptr (GString) text = g_string_new ("#EXTM3U\n#EXT-X-VERSION:3\n");
  g_string_append_printf (text, "#EXT-X-TARGETDURATION:%u\n#EXT-X-MEDIA-SEQUENCE:%u\n", target_s,
                          first);
  for (guint i = first; i < first + n; i++)
    g_string_append_printf (text, "#EXTINF:%u.000000,\n%s%u.ts\n", target_s, prefix, i);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
write_playlist (const Stage *stage, const char *name, const char *prefix, guint first, guint n,
                guint target_s) {
  g_autofree char *text = playlist_text (prefix, first, n, target_s);
  write_text (stage, name, text);
}

static void
write_segments (const Stage *stage, const char *folder, const char *prefix, guint first, guint n) {
  for (guint i = first; i < first + n; i++) {
    g_autofree char *name = g_strdup_printf ("%s%s%u.ts", folder, prefix, i);
    g_autofree char *text = g_strdup_printf ("bytes of %s%u", prefix, i);
    write_text (stage, name, text);
  }
}

static void
remove_tree (const char *path) {
  GDir *dir = g_dir_open (path, 0, NULL);
  for (const char *name; dir != NULL && (name = g_dir_read_name (dir)) != NULL;) {
    g_autofree char *child = g_build_filename (path, name, NULL);
    if (g_file_test (child, G_FILE_TEST_IS_DIR) && !g_file_test (child, G_FILE_TEST_IS_SYMLINK))
      remove_tree (child);
    else
      g_remove (child);
  }
  g_clear_pointer (&dir, g_dir_close);
  g_rmdir (path);
}

/* --- the stage ------------------------------------------------------------------------------- */

static void
default_settings (UsDirectorySettings *settings) {
  us_directory_settings_default (settings);
  settings->origin.http.address = "127.0.0.1";
  settings->origin.http.port = 0;
  settings->origin.unknown_stream_ms = 0;
  settings->poll_ms = 3600 * 1000; /* the test says when */
  settings->has_self_verdict = FALSE;
}

static void
stage_make_folder (Stage *stage) {
  g_autoptr (GError) error = NULL;
  stage->root = g_dir_make_tmp ("understudy-directory-XXXXXX", &error);
  g_assert_no_error (error);
}

static void
stage_start (Stage *stage, UsDirectorySettings *settings) {
  g_autoptr (GError) error = NULL;
  settings->root = stage->root;
  stage->directory = us_directory_new (settings, &error);
  g_assert_no_error (error);
  stage->viewer = us_viewer_new (us_directory_get_http_port (stage->directory), "");
}

/* An empty folder, and an origin that serves it. */
static void
stage_init (Stage *stage) {
  UsDirectorySettings settings;
  default_settings (&settings);
  stage_make_folder (stage);
  stage_start (stage, &settings);
}

static void
stage_clear (Stage *stage) {
  us_viewer_free (stage->viewer);
  us_directory_free (stage->directory);
  remove_tree (stage->root);
  g_free (stage->root);
}

/* Looks, and lets what was found be published. */
static void
look (Stage *stage) {
  us_directory_scan (stage->directory);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static UsHttpReply *
get (Stage *stage, const char *uri, guint status) {
  UsHttpReply *reply = us_viewer_get (stage->viewer, uri);
  g_test_message ("%s: %u", uri, reply->status);
  g_assert_cmpuint (reply->status, ==, status);
  return reply;
}

static void
assert_status (Stage *stage, const char *uri, guint status) {
  g_autoptr (UsHttpReply) reply = get (stage, uri, status);
}

static void
assert_text (Stage *stage, const char *uri, const char *text) {
  g_autoptr (UsHttpReply) reply = get (stage, uri, 200);
  g_assert_cmpmem (g_bytes_get_data (reply->body, NULL), g_bytes_get_size (reply->body), text,
                   strlen (text));
}

static UsHttpReply *
await_status (Stage *stage, const char *uri, guint status) {
  gint64 begun_us = g_get_monotonic_time ();
  for (;;) {
    g_autoptr (UsHttpReply) reply = us_viewer_get (stage->viewer, uri);
    if (reply->status == status)
      return g_steal_pointer (&reply);
    g_assert_cmpint (g_get_monotonic_time () - begun_us, <, WATCHDOG_US);
  }
}

/* --- the log --------------------------------------------------------------------------------- */

typedef struct {
  int old_fd, fd;
} Capture;

static void
capture_begin (Capture *capture) {
  capture->fd = open (g_get_tmp_dir (), O_TMPFILE | O_RDWR, 0600);
  g_assert_cmpint (capture->fd, >=, 0);
  capture->old_fd = dup (STDERR_FILENO);
  dup2 (capture->fd, STDERR_FILENO);
}

/* Returns: how many lines with @needle were logged */
static guint
capture_end (Capture *capture, const char *needle) {
  dup2 (capture->old_fd, STDERR_FILENO);
  close (capture->old_fd);
  g_autofree char *text = g_malloc0 (65536);
  g_assert_cmpint (pread (capture->fd, text, 65535, 0), >=, 0);
  close (capture->fd);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint n = 0;
  for (guint i = 0; lines[i] != NULL; i++) {
    g_test_message ("logged: %s", lines[i]);
    n += strstr (lines[i], needle) != NULL;
  }
  return n;
}

/* --- what is served -------------------------------------------------------------------------- */

static void
test_byte_for_byte (void) {
  Stage stage;
  stage_init (&stage);
  assert_status (&stage, "index.m3u8", 404);
  const char *text = "#EXTM3U\r\n#EXT-X-VERSION:6\r\n# written by hand\r\n"
                     "#EXT-X-TARGETDURATION:4\r\n#EXT-X-MEDIA-SEQUENCE:7\r\n"
                     "#EXT-X-MY-OWN-TAG:x=1\r\n#EXTINF:3.9,title\r\nseg 7.ts\r\n"
                     "#EXTINF:4,\r\nseg8.aac\r\n";
  write_text (&stage, "seg 7.ts", "seven");
  write_text (&stage, "seg8.aac", "eight");
  write_text (&stage, "secret.ts", "not listed");
  write_text (&stage, "index.m3u8", text);
  look (&stage);
  assert_text (&stage, "index.m3u8", text);
  g_autoptr (UsHttpReply) playlist = get (&stage, "index.m3u8", 200);
  g_assert_cmpstr (playlist->content_type, ==, "application/vnd.apple.mpegurl");
  g_assert_nonnull (playlist->etag);
  g_autoptr (UsHttpReply) seven = get (&stage, "seg%207.ts", 200);
  g_assert_cmpstr (seven->content_type, ==, "video/mp2t");
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, "seven", -1);
  g_autofree char *etag = g_strdup_printf ("\"%s\"", hash);
  g_assert_cmpstr (seven->etag, ==, etag);
  g_autoptr (UsHttpReply) eight = get (&stage, "seg8.aac", 200);
  g_assert_cmpstr (eight->content_type, ==, "audio/aac");
  assert_status (&stage, "secret.ts", 404); /* requests are no file names */
  assert_status (&stage, "../../../etc/passwd", 404);
  assert_status (&stage, "%2e%2e/%2e%2e/etc/passwd", 404);
  g_autoptr (UsHttpReply) health = get (&stage, "/healthz", 200);
  g_assert_nonnull (g_strstr_len (g_bytes_get_data (health->body, NULL),
                                  (gssize)g_bytes_get_size (health->body), "\"playlists\":1"));
  stage_clear (&stage);
}

static void
test_fragmented_mp4 (void) {
  Stage stage;
  stage_init (&stage);
  const char *text = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:2\n"
                     "#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-MAP:URI=\"init.mp4\"\n"
                     "#EXTINF:2,\na1.m4s\n#EXTINF:2,\na2.m4s\n";
  write_text (&stage, "a1.m4s", "one");
  write_text (&stage, "a2.m4s", "two");
  write_text (&stage, "index.m3u8", text);
  look (&stage);
  assert_status (&stage, "index.m3u8", 404); /* no player could use it yet */
  write_text (&stage, "init.mp4", "init");
  look (&stage);
  assert_text (&stage, "index.m3u8", text);
  g_autoptr (UsHttpReply) init = get (&stage, "init.mp4", 200);
  g_assert_cmpstr (init->content_type, ==, "video/mp4");
  g_autoptr (UsHttpReply) one = get (&stage, "a1.m4s", 200);
  g_assert_cmpstr (one->content_type, ==, "video/iso.segment");
  stage_clear (&stage);
}

/* The writer deletes what it no longer lists; players may still ask for it. */
static void
test_retention (void) {
  Stage stage;
  stage_init (&stage);
  const guint n = 4;
  write_segments (&stage, "", "s", 0, n);
  write_playlist (&stage, "index.m3u8", "s", 0, n, 2);
  look (&stage);
  for (guint first = 1; first < 30; first++) {
    g_autofree char *old = g_strdup_printf ("s%u.ts", first - 1);
    write_segments (&stage, "", "s", first + n - 1, 1);
    write_playlist (&stage, "index.m3u8", "s", first, n, 2);
    delete (&stage, old);
    look (&stage);
    for (guint i = 0; i < first; i++) {
      g_autofree char *name = g_strdup_printf ("s%u.ts", i);
      guint n_since = first - 1 - i; /* listed anew since it left */
      assert_status (&stage, name, n_since < n + 1 ? 200 : 404);
    }
  }
  stage_clear (&stage);
}

/* A restarted packager lists one segment at first: what its old self listed stays as long. */
static void
test_retention_across_a_restart (void) {
  Stage stage;
  stage_init (&stage);
  write_segments (&stage, "", "s", 0, 5);
  write_playlist (&stage, "index.m3u8", "s", 0, 5, 2);
  look (&stage);
  write_segments (&stage, "", "t", 5, 4);
  for (guint n = 1; n <= 4; n++) {
    write_playlist (&stage, "index.m3u8", "t", 5, n, 2);
    look (&stage);
    assert_text (&stage, "s0.ts", "bytes of s0");
    assert_text (&stage, "s4.ts", "bytes of s4");
  }
  stage_clear (&stage);
}

/* --- a writer at work ------------------------------------------------------------------------ */

static void
test_listed_before_it_is_there (void) {
  Stage stage;
  stage_init (&stage);
  write_segments (&stage, "", "s", 0, 3);
  write_playlist (&stage, "index.m3u8", "s", 0, 3, 2);
  look (&stage);
  g_autofree char *before = playlist_text ("s", 0, 3, 2), *after = playlist_text ("s", 1, 3, 2);
  write_playlist (&stage, "index.m3u8", "s", 1, 3, 2);
  Capture capture;
  capture_begin (&capture);
  for (guint i = 0; i < 5; i++) {
    look (&stage);
    assert_text (&stage, "index.m3u8", before);
  }
  g_assert_cmpuint (capture_end (&capture, "not taken over"), ==, 0); /* late by a moment */
  write_text (&stage, "s3.ts", "");                                   /* created, nothing in it */
  look (&stage);
  assert_text (&stage, "index.m3u8", before);
  append_text (&stage, "s3.ts", "begin");
  look (&stage);
  assert_text (&stage, "index.m3u8", after);
  assert_text (&stage, "s3.ts", "begin");
  append_text (&stage, "s3.ts", " and end"); /* it was listed before it was whole */
  look (&stage);
  assert_text (&stage, "s3.ts", "begin and end");
  stage_clear (&stage);
}

/* A playlist that is being written in place is no playlist, or a shorter one: no harm is done. */
static void
test_half_a_playlist (void) {
  static const char *const halves[] = { "", "#EXT", "#EXTM3U\n#EXT-X-TARGETDURATION:abc\n",
                                        "<html>not found</html>", "\xff\xfe\x00\x01" };
  Stage stage;
  stage_init (&stage);
  write_segments (&stage, "", "s", 0, 3);
  write_playlist (&stage, "index.m3u8", "s", 0, 3, 2);
  look (&stage);
  g_autofree char *text = playlist_text ("s", 0, 3, 2);
  for (guint i = 0; i < G_N_ELEMENTS (halves); i++) {
    write_text (&stage, "index.m3u8", halves[i]);
    look (&stage);
    assert_text (&stage, "index.m3u8", text);
  }
  stage_clear (&stage);
}

static void
test_reused_names (void) {
  Stage stage;
  stage_init (&stage);
  write_segments (&stage, "", "s", 0, 3);
  write_playlist (&stage, "index.m3u8", "s", 0, 3, 2);
  look (&stage);
  assert_text (&stage, "s0.ts", "bytes of s0");
  /* Anew from 0: the same numbers, names and sizes, and a playlist with the same text. */
  write_text (&stage, "s0.ts", "BYTES OF S0");
  write_text (&stage, "s1.ts", "BYTES OF S1");
  write_playlist (&stage, "index.m3u8", "s", 0, 3, 2);
  Capture capture;
  capture_begin (&capture);
  look (&stage);
  g_assert_cmpuint (capture_end (&capture, "2 files have other bytes"), ==, 1);
  assert_text (&stage, "s0.ts", "BYTES OF S0");
  assert_text (&stage, "s1.ts", "BYTES OF S1");
  assert_text (&stage, "s2.ts", "bytes of s2");
  stage_clear (&stage);
}

static void
test_removed (void) {
  Stage stage;
  stage_init (&stage);
  write_segments (&stage, "show/", "s", 0, 3);
  write_playlist (&stage, "show/index.m3u8", "s", 0, 3, 2);
  write_segments (&stage, "", "s", 0, 3);
  write_playlist (&stage, "index.m3u8", "s", 0, 3, 2);
  look (&stage);
  assert_status (&stage, "show/index.m3u8", 200);
  assert_status (&stage, "index.m3u8", 200);
  delete (&stage, "index.m3u8");
  look (&stage);
  assert_status (&stage, "index.m3u8", 404);
  assert_status (&stage, "s1.ts", 404);
  assert_status (&stage, "show/index.m3u8", 200);
  g_autofree char *show = g_build_filename (stage.root, "show", NULL);
  remove_tree (show);
  look (&stage);
  assert_status (&stage, "show/index.m3u8", 404);
  write_segments (&stage, "show/", "s", 5, 3); /* and back */
  write_playlist (&stage, "show/index.m3u8", "s", 5, 3, 2);
  look (&stage);
  assert_status (&stage, "show/index.m3u8", 200);
  remove_tree (stage.root);
  look (&stage);
  assert_status (&stage, "show/index.m3u8", 404);
  stage_clear (&stage);
}

/* --- several playlists ----------------------------------------------------------------------- */

static void
test_renditions (void) {
  Stage stage;
  stage_init (&stage);
  const char *master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000000\nlow/index.m3u8\n"
                       "#EXT-X-STREAM-INF:BANDWIDTH=3000000\nhigh/index.m3u8\n";
  write_text (&stage, "master.m3u8", master);
  write_segments (&stage, "low/", "l", 0, 3);
  write_playlist (&stage, "low/index.m3u8", "l", 0, 3, 2);
  write_segments (&stage, "high/", "h", 0, 3);
  write_playlist (&stage, "high/index.m3u8", "h", 0, 3, 2);
  look (&stage);
  assert_text (&stage, "master.m3u8", master);
  assert_status (&stage, "low/index.m3u8", 200);
  assert_text (&stage, "low/l2.ts", "bytes of l2");
  assert_text (&stage, "high/h0.ts", "bytes of h0");
  assert_status (&stage, "high/l0.ts", 404);
  stage_clear (&stage);
}

static void
test_renditions_beside_each_other (void) {
  Stage stage;
  stage_init (&stage);
  const char *master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000000\nlow.m3u8\n"
                       "#EXT-X-STREAM-INF:BANDWIDTH=3000000\nhigh.m3u8\n";
  write_text (&stage, "show/master.m3u8", master);
  write_segments (&stage, "show/", "l", 0, 3);
  write_playlist (&stage, "show/low.m3u8", "l", 0, 3, 2);
  write_segments (&stage, "show/", "h", 0, 3);
  write_playlist (&stage, "show/high.m3u8", "h", 0, 3, 2);
  look (&stage);
  assert_text (&stage, "show/master.m3u8", master);
  assert_status (&stage, "show/low.m3u8", 200);
  assert_status (&stage, "show/high.m3u8", 200);
  assert_text (&stage, "show/l2.ts", "bytes of l2");
  assert_text (&stage, "show/h0.ts", "bytes of h0");
  delete (&stage, "show/low.m3u8");
  look (&stage);
  assert_status (&stage, "show/low.m3u8", 404);
  assert_status (&stage, "show/high.m3u8", 200);
  stage_clear (&stage);
}

static void
test_many_playlists (void) {
  Stage stage;
  stage_init (&stage);
  for (guint i = 0; i < 300; i++) {
    g_autofree char *folder = g_strdup_printf ("s%03u/", i);
    g_autofree char *name = g_strconcat (folder, "index.m3u8", NULL);
    write_segments (&stage, folder, "x", 0, 1);
    write_playlist (&stage, name, "x", 0, 1, 2);
  }
  Capture capture;
  capture_begin (&capture);
  for (guint i = 0; i < 20; i++) /* one look is bounded in time */
    look (&stage);
  g_assert_cmpuint (capture_end (&capture, "more than 256 playlists"), ==, 1);
  guint n = 0;
  for (guint i = 0; i < 300; i++) {
    g_autofree char *uri = g_strdup_printf ("s%03u/index.m3u8", i);
    g_autoptr (UsHttpReply) reply = us_viewer_get (stage.viewer, uri);
    n += reply->status == 200;
  }
  g_assert_cmpuint (n, ==, 256);
  stage_clear (&stage);
}

/* --- what is refused ------------------------------------------------------------------------- */

static void
test_foreign_names (void) {
  static const char *const names[] = {
    "../outside.ts",
    "/etc/passwd",
    "http://127.0.0.1:1/a.ts",
    "sub/a.ts",
    "a.ts?token=1",
    "..%2foutside.ts",
    "file:///etc/passwd",
    ".hidden.ts",
    "a\\..\\b.ts",
    "..",
  };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    Stage stage;
    stage_init (&stage);
    write_segments (&stage, "good/", "s", 0, 2);
    write_playlist (&stage, "good/index.m3u8", "s", 0, 2, 2);
    write_text (&stage, "a.ts", "a");
    write_text (&stage, "sub/a.ts", "a");
    write_text (&stage, ".hidden.ts", "a");
    Capture capture;
    capture_begin (&capture);
    for (guint version = 0; version < 4; version++) {
      g_autofree char *text = g_strdup_printf (
          "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%u\n#EXTINF:2,\n%s\n", version,
          names[i]);
      write_text (&stage, "index.m3u8", text);
      look (&stage);
      look (&stage);
    }
    g_assert_cmpuint (capture_end (&capture, "only files beside the playlist"), ==, 1);
    assert_status (&stage, "index.m3u8", 404);
    assert_status (&stage, "good/index.m3u8", 200);
    stage_clear (&stage);
  }
}

static void
test_links (void) {
  Stage outside, stage;
  stage_make_folder (&outside);
  write_segments (&outside, "", "s", 0, 2);
  write_playlist (&outside, "index.m3u8", "s", 0, 2, 2);
  stage_init (&stage);
  g_autofree char *segment = g_build_filename (outside.root, "s1.ts", NULL);
  g_autofree char *playlist = g_build_filename (outside.root, "index.m3u8", NULL);
  Capture capture;
  capture_begin (&capture);
  link_to (&stage, segment, "s1.ts"); /* a segment */
  write_segments (&stage, "", "s", 0, 1);
  write_playlist (&stage, "index.m3u8", "s", 0, 2, 2);
  link_to (&stage, playlist, "other.m3u8"); /* a playlist */
  link_to (&stage, outside.root, "stream"); /* a folder */
  look (&stage);
  look (&stage);
  g_assert_cmpuint (capture_end (&capture, "links are not followed"), ==, 3);
  assert_status (&stage, "index.m3u8", 404);
  assert_status (&stage, "other.m3u8", 404);
  assert_status (&stage, "stream/index.m3u8", 404);

  delete (&stage, "s1.ts"); /* a real one in its place */
  write_segments (&stage, "", "s", 1, 1);
  look (&stage);
  assert_status (&stage, "index.m3u8", 200);
  /* Exchanged for a link after it was taken: what is held stays, the link is not read. */
  delete (&stage, "s1.ts");
  link_to (&stage, segment, "s1.ts");
  look (&stage);
  assert_text (&stage, "s1.ts", "bytes of s1");
  stage_clear (&stage);
  remove_tree (outside.root);
  g_free (outside.root);
}

static void
test_the_root_may_be_a_link (void) {
  Stage real, stage;
  stage_make_folder (&real);
  stage_make_folder (&stage);
  write_segments (&real, "", "s", 0, 2);
  write_playlist (&real, "index.m3u8", "s", 0, 2, 2);
  g_rmdir (stage.root);
  g_assert_cmpint (symlink (real.root, stage.root), ==, 0);
  UsDirectorySettings settings;
  default_settings (&settings);
  stage_start (&stage, &settings);
  assert_status (&stage, "index.m3u8", 200);
  stage_clear (&stage);
  remove_tree (real.root);
  g_free (real.root);
}

static void
make_sparse (const Stage *stage, const char *name, gint64 size) {
  g_autofree char *path = g_build_filename (stage->root, name, NULL);
  int fd = open (path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  g_assert_cmpint (ftruncate (fd, size), ==, 0);
  close (fd);
}

static void
test_huge_files (void) {
  Stage stage;
  stage_init (&stage);
  make_sparse (&stage, "index.m3u8", 100 * 1000 * 1000);
  Capture capture;
  capture_begin (&capture);
  look (&stage);
  look (&stage);
  g_assert_cmpuint (capture_end (&capture, "'index.m3u8' has 100000000 bytes"), ==, 1);
  assert_status (&stage, "index.m3u8", 404);
  delete (&stage, "index.m3u8");
  make_sparse (&stage, "s0.ts", G_GINT64_CONSTANT (5000000000));
  write_playlist (&stage, "index.m3u8", "s", 0, 1, 2);
  capture_begin (&capture);
  look (&stage);
  look (&stage);
  g_assert_cmpuint (capture_end (&capture, "not taken over"), ==, 1);
  assert_status (&stage, "index.m3u8", 404);
  stage_clear (&stage);
}

/* What all playlists hold together is bounded; one that does not fit harms no other. */
static void
test_memory_is_bounded (void) {
  Stage stage;
  UsDirectorySettings settings;
  default_settings (&settings);
  settings.max_bytes = 1000 * 1000;
  stage_make_folder (&stage);
  stage_start (&stage, &settings);
  write_segments (&stage, "small/", "s", 0, 2);
  write_playlist (&stage, "small/index.m3u8", "s", 0, 2, 2);
  g_autofree char *block = g_strnfill (300 * 1000, 'x');
  for (guint i = 0; i < 4; i++) {
    g_autofree char *name = g_strdup_printf ("large/s%u.ts", i);
    write_bytes (&stage, name, block, 300 * 1000);
  }
  write_playlist (&stage, "large/index.m3u8", "s", 0, 4, 2);
  Capture capture;
  capture_begin (&capture);
  look (&stage);
  look (&stage);
  g_assert_cmpuint (capture_end (&capture, "may hold in memory"), ==, 1);
  assert_status (&stage, "large/index.m3u8", 404);
  assert_status (&stage, "small/index.m3u8", 200);
  write_playlist (&stage, "large/index.m3u8", "s", 1, 3, 2); /* fits */
  look (&stage);
  assert_status (&stage, "large/index.m3u8", 200);
  stage_clear (&stage);
}

/* A long recording is read in many looks, and others are not kept waiting. */
static void
test_reading_is_bounded (void) {
  Stage stage;
  stage_init (&stage);
  g_autofree char *block = g_strnfill (3 * 1024 * 1024, 'x');
  for (guint i = 0; i < 7; i++) {
    g_autofree char *name = g_strdup_printf ("large/s%u.ts", i);
    write_bytes (&stage, name, block, 3 * 1024 * 1024);
  }
  write_playlist (&stage, "large/index.m3u8", "s", 0, 7, 2);
  write_segments (&stage, "small/", "s", 0, 2);
  write_playlist (&stage, "small/index.m3u8", "s", 0, 2, 2);
  guint n_looks = 0;
  for (;;) {
    g_assert_cmpuint (n_looks++, <, 100);
    look (&stage);
    g_autoptr (UsHttpReply) reply = us_viewer_get (stage.viewer, "large/index.m3u8");
    if (reply->status == 200)
      break;
    if (n_looks == 2)
      assert_status (&stage, "small/index.m3u8", 200);
  }
  g_assert_cmpuint (n_looks, >=, 4); /* two files at a time */
  g_autoptr (UsHttpReply) last = get (&stage, "large/s6.ts", 200);
  g_assert_cmpuint (g_bytes_get_size (last->body), ==, 3 * 1024 * 1024);
  stage_clear (&stage);
}

/* --- the verdict ----------------------------------------------------------------------------- */

static void
test_stale (void) {
  Stage stage;
  UsDirectorySettings settings;
  default_settings (&settings);
  settings.has_self_verdict = TRUE;
  settings.poll_ms = 20;
  stage_make_folder (&stage);
  write_segments (&stage, "", "s", 0, 3);
  write_playlist (&stage, "index.m3u8", "s", 0, 3, 1);
  write_segments (&stage, "ended/", "s", 0, 3);
  g_autofree char *text = playlist_text ("s", 0, 3, 1);
  g_autofree char *ended = g_strconcat (text, "#EXT-X-ENDLIST\n", NULL);
  write_text (&stage, "ended/index.m3u8", ended);
  stage_start (&stage, &settings);
  assert_status (&stage, "index.m3u8", 200);
  g_autoptr (UsHttpReply) stale = await_status (&stage, "index.m3u8", 503);
  g_assert_cmpstr (stale->content_type, ==, "application/problem+json");
  assert_status (&stage, "s1.ts", 200);
  assert_status (&stage, "ended/index.m3u8", 200); /* nothing is late there */
  write_segments (&stage, "", "s", 3, 1);
  write_playlist (&stage, "index.m3u8", "s", 1, 3, 1);
  g_autoptr (UsHttpReply) fresh = await_status (&stage, "index.m3u8", 200);
  stage_clear (&stage);
}

static void
test_bad_root (void) {
  UsDirectorySettings settings;
  default_settings (&settings);
  settings.root = "/nonexistent/folder";
  g_autoptr (GError) error = NULL;
  g_assert_null (us_directory_new (&settings, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY);
  g_assert_nonnull (strstr (error->message, "/nonexistent/folder"));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/directory/byte-for-byte", test_byte_for_byte);
  g_test_add_func ("/directory/fragmented-mp4", test_fragmented_mp4);
  g_test_add_func ("/directory/retention", test_retention);
  g_test_add_func ("/directory/retention-across-a-restart", test_retention_across_a_restart);
  g_test_add_func ("/directory/listed-before-it-is-there", test_listed_before_it_is_there);
  g_test_add_func ("/directory/half-a-playlist", test_half_a_playlist);
  g_test_add_func ("/directory/reused-names", test_reused_names);
  g_test_add_func ("/directory/removed", test_removed);
  g_test_add_func ("/directory/renditions", test_renditions);
  g_test_add_func ("/directory/renditions-beside", test_renditions_beside_each_other);
  g_test_add_func ("/directory/many-playlists", test_many_playlists);
  g_test_add_func ("/directory/foreign-names", test_foreign_names);
  g_test_add_func ("/directory/links", test_links);
  g_test_add_func ("/directory/root-may-be-a-link", test_the_root_may_be_a_link);
  g_test_add_func ("/directory/huge-files", test_huge_files);
  g_test_add_func ("/directory/memory-is-bounded", test_memory_is_bounded);
  g_test_add_func ("/directory/reading-is-bounded", test_reading_is_bounded);
  g_test_add_func ("/directory/stale", test_stale);
  g_test_add_func ("/directory/bad-root", test_bad_root);
  return g_test_run ();
}
