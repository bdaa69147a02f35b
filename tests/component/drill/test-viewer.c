/* test-viewer.c - a viewer in front of a puppet: what it asks for, and the faults it must see */
#include "drill/viewer.h"

#include <string.h>

#include "puppet.h"

#define FRAMES 25 /* in a segment of 1 s */

typedef struct {
  Puppet *origin;
  UsViewer *viewer;
  guint n_playlists, n_failed;
} Stage;

static void
on_request (UsViewer *viewer, const UsViewerRequest *request, gpointer data) {
  ((Stage *)data)->n_failed += request->status != 200 ? 1 : 0;
}

static void
on_playlist (UsViewer *viewer, GBytes *text, gpointer data) {
  ((Stage *)data)->n_playlists++;
}

static const UsViewerHandler handler = { on_request, on_playlist };

/* Segments @first to @first + @n - 1, of 1 s each. */
static void
list (Stage *stage, guint first, guint n, const char *header) {
  g_autoptr (GString) text = g_string_new ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n");
  g_string_append_printf (text, "%s#EXT-X-MEDIA-SEQUENCE:%u\n", header, first);
  for (guint i = first; i < first + n; i++) {
    g_autofree char *path = g_strdup_printf ("/%u.ts", i);
    g_autoptr (GBytes) segment = puppet_segment (i * FRAMES, FRAMES);
    puppet_put (stage->origin, path, segment, NULL);
    g_string_append_printf (text, "#EXTINF:1.000,\n%u.ts\n", i);
  }
  g_autoptr (GBytes) body = g_bytes_new (text->str, text->len);
  puppet_put (stage->origin, "/index.m3u8", body, NULL);
}

static void
stage_init (Stage *stage, const char *path) {
  *stage = (Stage){ .origin = puppet_new () };
  g_autofree char *url = puppet_url (stage->origin, path);
  stage->viewer = us_viewer_new (url, &handler, stage);
}

static void
stage_clear (Stage *stage) {
  us_viewer_free (stage->viewer);
  puppet_free (stage->origin);
}

static UsFelt
felt_so_far (Stage *stage) {
  UsFelt felt;
  us_account_felt (us_viewer_get_account (stage->viewer), 0, g_get_monotonic_time (), &felt);
  return felt;
}

/* It waits for a stream that does not exist yet, starts three target durations from the end and
 * fetches each segment once. */
static void
test_start (void) {
  Stage stage;
  stage_init (&stage, "/index.m3u8");
  PUPPET_WAIT (stage.n_failed >= 2);
  g_assert_false (us_viewer_is_playing (stage.viewer));
  list (&stage, 10, 6, "");
  PUPPET_WAIT (puppet_count (stage.origin, "GET /15.ts") == 1);
  list (&stage, 11, 6, "");
  PUPPET_WAIT (puppet_count (stage.origin, "GET /16.ts") == 1);
  list (&stage, 12, 6, "");
  PUPPET_WAIT (puppet_count (stage.origin, "GET /17.ts") == 1);
  PUPPET_WAIT (stage.n_playlists == 3);
  g_assert_true (us_viewer_is_playing (stage.viewer));
  g_assert_cmpuint (puppet_count (stage.origin, "GET /12.ts"), ==, 0);
  for (guint i = 13; i <= 17; i++) {
    g_autofree char *request = g_strdup_printf ("GET /%u.ts", i);
    g_assert_cmpuint (puppet_count (stage.origin, request), ==, 1);
  }
  UsFelt felt = felt_so_far (&stage);
  g_assert_cmpuint (felt.failed_requests, ==, 0); /* before the start nothing counts */
  g_assert_cmpuint (felt.missing_frames + felt.repeated_frames, ==, 0);
  g_assert_cmpuint (felt.violations->len, ==, 0);
  g_assert_cmpint (felt.frame_us, >=, 39000);
  g_assert_cmpint (felt.frame_us, <=, 41000);
  us_felt_clear (&felt);
  stage_clear (&stage);
}

static void
test_blocking (void) {
  static const char header[] = "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES\n";
  Stage stage;
  stage_init (&stage, "/index.m3u8");
  puppet_hold (stage.origin, TRUE);
  list (&stage, 10, 6, header);
  PUPPET_WAIT (puppet_count (stage.origin, "_HLS_msn=16") == 1);
  list (&stage, 11, 6, header);
  puppet_hold (stage.origin, FALSE);
  PUPPET_WAIT (puppet_count (stage.origin, "_HLS_msn=17") >= 1);
  PUPPET_WAIT (puppet_count (stage.origin, "GET /16.ts") == 1);
  UsFelt felt = felt_so_far (&stage);
  g_assert_cmpuint (felt.failed_requests, ==, 0);
  us_felt_clear (&felt);
  stage_clear (&stage);
}

/* Nothing new for longer than the buffer lasts: it must be seen. */
static void
test_stall (void) {
  Stage stage;
  stage_init (&stage, "/index.m3u8");
  list (&stage, 10, 4, "");
  PUPPET_WAIT (us_viewer_is_playing (stage.viewer));
  gint64 begun_us = g_get_monotonic_time ();
  PUPPET_WAIT (g_get_monotonic_time () - begun_us > 3500000);
  UsFelt felt = felt_so_far (&stage);
  g_assert_cmpint (felt.stall_ms, >=, 300);
  us_felt_clear (&felt);
  list (&stage, 11, 4, "");
  PUPPET_WAIT (puppet_count (stage.origin, "GET /14.ts") == 1);
  stage_clear (&stage);
}

static void
test_missing_frame (void) {
  Stage stage;
  stage_init (&stage, "/index.m3u8");
  list (&stage, 10, 4, "");
  PUPPET_WAIT (puppet_count (stage.origin, "GET /13.ts") == 1);
  list (&stage, 11, 4, "");
  g_autoptr (GBytes) short_one = puppet_segment (14 * FRAMES + 1, FRAMES - 1);
  puppet_put (stage.origin, "/14.ts", short_one, NULL);
  UsFelt felt;
  for (;;) {
    felt = felt_so_far (&stage);
    if (felt.missing_frames > 0)
      break;
    us_felt_clear (&felt);
    PUPPET_WAIT (puppet_count (stage.origin, "GET /14.ts") == 1);
    puppet_turn ();
  }
  g_assert_cmpuint (felt.missing_frames, ==, 1);
  g_assert_cmpuint (felt.repeated_frames, ==, 0);
  us_felt_clear (&felt);
  stage_clear (&stage);
}

/* Waits until a violation has been seen whose sentence contains @word. */
static void
wait_violation (Stage *stage, const char *word) {
  gboolean is_said = FALSE;
  PUPPET_WAIT (({
    UsFelt felt = felt_so_far (stage);
    for (guint i = 0; i < felt.violations->len; i++)
      is_said = is_said || strstr (felt.violations->pdata[i], word) != NULL;
    us_felt_clear (&felt);
    if (!is_said)
      puppet_turn ();
    is_said;
  }));
}

static void
test_backwards (void) {
  Stage stage;
  stage_init (&stage, "/index.m3u8");
  list (&stage, 10, 4, "");
  PUPPET_WAIT (puppet_count (stage.origin, "GET /13.ts") == 1);
  list (&stage, 8, 4, "");
  wait_violation (&stage, "media sequence went back from 10 to 8");
  stage_clear (&stage);
}

static void
test_broken (void) {
  Stage stage;
  g_autoptr (GBytes) noise = g_bytes_new_static ("noise", 5);
  stage_init (&stage, "/index.m3u8");
  list (&stage, 10, 4, "");
  PUPPET_WAIT (puppet_count (stage.origin, "GET /13.ts") == 1);
  list (&stage, 11, 4, "");
  puppet_put (stage.origin, "/14.ts", noise, NULL);
  wait_violation (&stage, "segment 14:");
  puppet_put (stage.origin, "/index.m3u8", noise, NULL);
  wait_violation (&stage, "cannot be read");
  stage_clear (&stage);
}

/* A listed segment that is not there: two tries, then it is lost and playback goes on. */
static void
test_lost (void) {
  Stage stage;
  stage_init (&stage, "/index.m3u8");
  list (&stage, 10, 4, "");
  PUPPET_WAIT (puppet_count (stage.origin, "GET /13.ts") == 1);
  list (&stage, 12, 4, "");
  puppet_remove (stage.origin, "/14.ts");
  PUPPET_WAIT (puppet_count (stage.origin, "GET /15.ts") == 1);
  g_assert_cmpuint (puppet_count (stage.origin, "GET /14.ts"), ==, 2);
  UsFelt felt = felt_so_far (&stage);
  g_assert_cmpuint (felt.failed_requests, ==, 2);
  g_assert_cmpuint (felt.missing_frames, ==, FRAMES);
  us_felt_clear (&felt);
  stage_clear (&stage);
}

static void
test_multivariant (void) {
  Stage stage;
  static const char text[] = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nindex.m3u8\n";
  g_autoptr (GBytes) body = g_bytes_new_static (text, strlen (text));
  stage_init (&stage, "/main.m3u8");
  puppet_put (stage.origin, "/main.m3u8", body, NULL);
  list (&stage, 10, 4, "");
  PUPPET_WAIT (puppet_count (stage.origin, "GET /13.ts") == 1);
  UsFelt felt = felt_so_far (&stage);
  g_assert_cmpuint (felt.failed_requests + felt.violations->len, ==, 0);
  us_felt_clear (&felt);
  stage_clear (&stage);
}

/* Freed in the middle of requests. */
static void
test_free (void) {
  Stage stage;
  stage_init (&stage, "/index.m3u8");
  stage_clear (&stage);
  stage_init (&stage, "/index.m3u8");
  puppet_hold (stage.origin, TRUE);
  list (&stage, 10, 4, "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES\n");
  PUPPET_WAIT (puppet_count (stage.origin, "_HLS_msn") == 1);
  stage_clear (&stage);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/drill/viewer/start", test_start);
  g_test_add_func ("/drill/viewer/blocking", test_blocking);
  g_test_add_func ("/drill/viewer/stall", test_stall);
  g_test_add_func ("/drill/viewer/missing-frame", test_missing_frame);
  g_test_add_func ("/drill/viewer/backwards", test_backwards);
  g_test_add_func ("/drill/viewer/broken", test_broken);
  g_test_add_func ("/drill/viewer/lost", test_lost);
  g_test_add_func ("/drill/viewer/multivariant", test_multivariant);
  g_test_add_func ("/drill/viewer/free", test_free);
  return g_test_run ();
}
