/* test-rewrite.c - where HTTP messages end, and what faults make of answers */
#include "drill/rewrite.h"

#include <string.h>

#define WALL_US (G_GINT64_CONSTANT (1700000000) * G_USEC_PER_SEC)
#define WALL_DATE "Tue, 14 Nov 2023 22:13:20 GMT"

static void
test_request (void) {
  static const struct {
    const char *text;
    UsRewriteState expected;
    gsize n_head;
    const char *path;
    gboolean is_head;
  } table[] = {
    { "GET /a.m3u8?_HLS_msn=3 HTTP/1.1\r\nHost: x\r\n\r\n", US_REWRITE_WHOLE, 44,
      "/a.m3u8?_HLS_msn=3", FALSE },
    { "HEAD / HTTP/1.0\r\n\r\nGET", US_REWRITE_WHOLE, 19, "/", TRUE },
    { "GET /a HTTP/1.1\r\nHost: x\r\n", US_REWRITE_MORE, 0, NULL, FALSE },
    { "G", US_REWRITE_MORE, 0, NULL, FALSE },
    { "POST /a HTTP/1.1\r\n\r\n", US_REWRITE_BROKEN, 0, NULL, FALSE },
    { "GET a HTTP/1.1\r\n\r\n", US_REWRITE_BROKEN, 0, NULL, FALSE },
    { "GET /a b HTTP/1.1\r\n\r\n", US_REWRITE_BROKEN, 0, NULL, FALSE },
    { "GET /a HTTP/2\r\n\r\n", US_REWRITE_BROKEN, 0, NULL, FALSE },
    { "\r\n\r\n", US_REWRITE_BROKEN, 0, NULL, FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    UsRewriteRequest request = { 0 };
    g_assert_cmpint (us_rewrite_read_request (table[i].text, strlen (table[i].text), &request), ==,
                     table[i].expected);
    g_autofree char *path = request.path;
    g_assert_cmpuint (request.n_head, ==, table[i].n_head);
    g_assert_cmpstr (path, ==, table[i].path);
    g_assert_cmpint (request.is_head, ==, table[i].is_head);
  }
  g_autofree char *endless = g_strnfill (US_REWRITE_MAX_HEAD, 'x');
  UsRewriteRequest request = { 0 };
  g_assert_cmpint (us_rewrite_read_request (endless, US_REWRITE_MAX_HEAD, &request), ==,
                   US_REWRITE_BROKEN);
}

static void
test_drop_header (void) {
  static const char head[] = "GET / HTTP/1.1\r\nHost: x\r\nif-none-match: \"1\"\r\nA: b\r\n\r\n";
  g_autofree char *text = us_rewrite_drop_header (head, strlen (head), "If-None-Match");
  g_assert_cmpstr (text, ==, "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n");
  g_autofree char *same = us_rewrite_drop_header (text, strlen (text), "If-None-Match");
  g_assert_cmpstr (same, ==, text);
}

static void
test_find_end (void) {
  static const struct {
    const char *text;
    gboolean is_head, is_eof;
    UsRewriteState expected;
    gsize n_message;
  } table[] = {
    { "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcX", FALSE, FALSE, US_REWRITE_WHOLE, 41 },
    { "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", FALSE, FALSE, US_REWRITE_MORE, 0 },
    { "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", FALSE, TRUE, US_REWRITE_BROKEN, 0 },
    { "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", TRUE, FALSE, US_REWRITE_WHOLE, 38 },
    { "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", FALSE, FALSE, US_REWRITE_WHOLE,
      48 },
    { "HTTP/1.1 200 OK\r\n\r\nabc", FALSE, FALSE, US_REWRITE_MORE, 0 },
    { "HTTP/1.1 200 OK\r\n\r\nabc", FALSE, TRUE, US_REWRITE_WHOLE, 22 },
    { "HTTP/1.1 200 OK\r\n\r", FALSE, FALSE, US_REWRITE_MORE, 0 },
    { "HTTP/1.1 200 OK\r\n\r", FALSE, TRUE, US_REWRITE_BROKEN, 0 },
    { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", FALSE, FALSE,
      US_REWRITE_WHOLE, 60 },
    { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", FALSE, FALSE,
      US_REWRITE_MORE, 0 },
    { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", FALSE, FALSE,
      US_REWRITE_BROKEN, 0 },
    { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", FALSE, FALSE,
      US_REWRITE_BROKEN, 0 },
    { "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n", FALSE, FALSE, US_REWRITE_BROKEN,
      0 },
    { "HTTP/1.1 100 Continue\r\n\r\n", FALSE, FALSE, US_REWRITE_BROKEN, 0 },
    { "SSH-2.0-x\r\n\r\n", FALSE, FALSE, US_REWRITE_BROKEN, 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    gsize n = 0;
    g_assert_cmpint (us_rewrite_find_end (table[i].text, strlen (table[i].text), table[i].is_head,
                                          table[i].is_eof, &n),
                     ==, table[i].expected);
    g_assert_cmpuint (n, ==, table[i].n_message);
  }
}

static const char playlist[] = "#EXTM3U\n"
                               "#EXT-X-TARGETDURATION:2\n"
                               "#EXT-X-MEDIA-SEQUENCE:7\n"
                               "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.500Z\n"
                               "#EXTINF:2.000,\n"
                               "7.ts\n"
                               "#EXT-X-DISCONTINUITY\n"
                               "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T23:59:59.250+01:00\n"
                               "#EXTINF:2.000,\n"
                               "8.ts\n";

static void
test_playlist (void) {
  static const struct {
    UsFaultKind kind;
    gint64 value;
    const char *expected;
  } table[] = {
    { US_FAULT_CORRUPT, 0, playlist },
    { US_FAULT_BEHIND, 0, playlist },
    { US_FAULT_BEHIND, 1,
      "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n"
      "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.500Z\n#EXTINF:2.000,\n7.ts\n" },
    { US_FAULT_BEHIND, 9, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n" },
    { US_FAULT_REGRESS, 5,
      "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:2\n"
      "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.500Z\n#EXTINF:2.000,\n7.ts\n"
      "#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:2023-11-14T23:59:59.250+01:00\n"
      "#EXTINF:2.000,\n8.ts\n" },
    { US_FAULT_REGRESS, 100,
      "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n"
      "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.500Z\n#EXTINF:2.000,\n7.ts\n"
      "#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:2023-11-14T23:59:59.250+01:00\n"
      "#EXTINF:2.000,\n8.ts\n" },
    { US_FAULT_CLOCK, 30000,
      "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n"
      "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:50.500Z\n#EXTINF:2.000,\n7.ts\n"
      "#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:2023-11-14T23:00:29.250Z\n"
      "#EXTINF:2.000,\n8.ts\n" },
    { US_FAULT_CLOCK, -3600000,
      "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n"
      "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T21:13:20.500Z\n#EXTINF:2.000,\n7.ts\n"
      "#EXT-X-DISCONTINUITY\n#EXT-X-PROGRAM-DATE-TIME:2023-11-14T21:59:59.250Z\n"
      "#EXTINF:2.000,\n8.ts\n" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    UsFault fault = { table[i].kind, US_FAULT_ON_PLAYLISTS, table[i].value, FALSE };
    g_autofree char *text = us_rewrite_playlist (playlist, &fault);
    g_assert_cmpstr (text, ==, table[i].expected);
  }
}

/* Windows line ends and dates that are none do no harm. */
static void
test_playlist_odd (void) {
  UsFault clock = { US_FAULT_CLOCK, US_FAULT_ON_PLAYLISTS, 1000, FALSE };
  g_autofree char *text
      = us_rewrite_playlist ("#EXTM3U\r\n#EXT-X-PROGRAM-DATE-TIME:yesterday\r\nx\r\n", &clock);
  g_assert_cmpstr (text, ==, "#EXTM3U\n#EXT-X-PROGRAM-DATE-TIME:yesterday\nx\n");
  g_autofree char *empty = us_rewrite_playlist ("", &clock);
  g_assert_cmpstr (empty, ==, "");
}

static char *
answer (const char *text, UsFaultKind kind, gint64 value, gboolean *must_close) {
  UsFault fault = { kind, US_FAULT_ON_ALL, value, FALSE };
  g_autoptr (GBytes) bytes = us_rewrite_answer (text, strlen (text), &fault, WALL_US, must_close);
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  return g_strndup (data != NULL ? data : "", size);
}

static void
test_answer (void) {
  static const char segment[]
      = "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 8\r\n\r\nabcdefgh";
  gboolean must_close = TRUE;
  g_autofree char *corrupt = answer (segment, US_FAULT_CORRUPT, 0, &must_close);
  g_assert_cmpstr (corrupt, ==,
                   "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 8\r\n\r\nabZZZZgh");
  g_assert_false (must_close);
  g_autofree char *half = answer (segment, US_FAULT_TRUNCATE, 0, &must_close);
  g_assert_cmpstr (half, ==, "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: 8\r\n\r\nabcd");
  g_assert_true (must_close);

  static const char chunked[]
      = "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nDate: x\r\nLast-Modified: y\r\n"
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  g_autofree char *frozen = answer (chunked, US_FAULT_FROZEN, 0, &must_close);
  g_assert_cmpstr (frozen, ==,
                   "HTTP/1.1 200 OK\r\nDate: " WALL_DATE "\r\nLast-Modified: " WALL_DATE
                   "\r\nContent-Length: 5\r\n\r\nabcde");
  g_autofree char *later = answer (chunked, US_FAULT_CLOCK, 3600000, &must_close);
  g_assert_nonnull (strstr (later, "Date: Tue, 14 Nov 2023 23:13:20 GMT\r\n"));
}

/* What is no whole, good answer passes as it is. */
static void
test_answer_as_is (void) {
  static const char *const table[] = {
    "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nabc",
    "HTTP/1.1 304 Not Modified\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "garbage",
    "",
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    gboolean must_close = TRUE;
    g_autofree char *text = answer (table[i], US_FAULT_CORRUPT, 0, &must_close);
    g_assert_cmpstr (text, ==, table[i]);
    g_assert_false (must_close);
  }
}

static void
test_status (void) {
  g_autoptr (GBytes) bytes = us_rewrite_status (404, WALL_US);
  gsize size, n = 0;
  const char *data = g_bytes_get_data (bytes, &size);
  g_autofree char *text = g_strndup (data, size); /* with an end */
  g_assert_true (g_str_has_prefix (text, "HTTP/1.1 404 "));
  g_assert_cmpint (us_rewrite_find_end (data, size, FALSE, FALSE, &n), ==, US_REWRITE_WHOLE);
  g_assert_cmpuint (n, ==, size);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/drill/rewrite/request", test_request);
  g_test_add_func ("/drill/rewrite/drop-header", test_drop_header);
  g_test_add_func ("/drill/rewrite/find-end", test_find_end);
  g_test_add_func ("/drill/rewrite/playlist", test_playlist);
  g_test_add_func ("/drill/rewrite/playlist-odd", test_playlist_odd);
  g_test_add_func ("/drill/rewrite/answer", test_answer);
  g_test_add_func ("/drill/rewrite/answer-as-is", test_answer_as_is);
  g_test_add_func ("/drill/rewrite/status", test_status);
  return g_test_run ();
}
