/* test-handshake.c - both sides of the handshake, in portions, and peers that speak otherwise */
#include <string.h>

#include "fixture.h"
#include "rtmp/error.h"
#include "rtmp/handshake.h"

#define BLOCK 1536

static void
push (UsRtmpHandshake *handshake, const guint8 *data, gsize size, gsize step, GByteArray *out) {
  while (size > 0) {
    gsize portion = MIN (step, size);
    const guint8 *p = data;
    gsize left = portion;
    g_autoptr (GError) error = NULL;
    g_assert_true (us_rtmp_handshake_push (handshake, &p, &left, out, &error));
    g_assert_no_error (error);
    g_assert_cmpuint (left, ==, 0);
    data += portion;
    size -= portion;
  }
}

static void
test_both_sides (void) {
  static const gsize steps[] = { 1, 7, 1536, 1537, 100000 };
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    g_autoptr (GByteArray) to_server = g_byte_array_new ();
    g_autoptr (GByteArray) to_client = g_byte_array_new ();
    g_autoptr (UsRtmpHandshake) server = us_rtmp_handshake_new (US_RTMP_SERVER, NULL);
    g_autoptr (UsRtmpHandshake) client = us_rtmp_handshake_new (US_RTMP_CLIENT, to_server);
    g_assert_cmpuint (to_server->len, ==, 1 + BLOCK);
    /* ffmpeg puts a version where the specification wants zeros; never a reason to refuse. */
    memcpy (to_server->data + 5, "\x09\x00\x7c\x02", 4);
    push (server, to_server->data, to_server->len, steps[i], to_client);
    g_assert_cmpuint (to_client->len, ==, 1 + 2 * BLOCK);
    g_assert_cmpmem (to_client->data + 1 + BLOCK, BLOCK, to_server->data + 1, BLOCK);
    g_assert_false (us_rtmp_handshake_is_done (server));
    g_byte_array_set_size (to_server, 0);
    push (client, to_client->data, to_client->len, steps[i], to_server);
    g_assert_true (us_rtmp_handshake_is_done (client));
    g_assert_cmpmem (to_server->data, to_server->len, to_client->data + 1, BLOCK);
    push (server, to_server->data, to_server->len, steps[i], to_client);
    g_assert_true (us_rtmp_handshake_is_done (server));
  }
}

static void
test_rest_is_left (void) {
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GByteArray) in = g_byte_array_new ();
  fixture_append_zeros (in, 1 + 2 * BLOCK + 5);
  in->data[0] = 3;
  g_autoptr (UsRtmpHandshake) server = us_rtmp_handshake_new (US_RTMP_SERVER, NULL);
  const guint8 *p = in->data;
  gsize left = in->len;
  g_assert_true (us_rtmp_handshake_push (server, &p, &left, out, NULL));
  g_assert_true (us_rtmp_handshake_is_done (server));
  g_assert_cmpuint (left, ==, 5);
}

static void
test_other_protocols (void) {
  static const struct {
    const char *bytes;
    UsRtmpError code;
  } cases[] = {
    { "\x16\x03\x01\x02\x00", US_RTMP_ERROR_TLS },
    { "GET / HTTP/1.1\r\n", US_RTMP_ERROR_HTTP },
    { "G", US_RTMP_ERROR_HTTP },
    { "POST /", US_RTMP_ERROR_HTTP },
    { "PRI * HTTP/2.0", US_RTMP_ERROR_HTTP },
    { "OPTIONS rtsp://", US_RTMP_ERROR_HTTP },
    { "GARBAGE", US_RTMP_ERROR_VERSION },
    { "Hello", US_RTMP_ERROR_VERSION },
    { "\x06\x01", US_RTMP_ERROR_VERSION },
    { "\xff", US_RTMP_ERROR_VERSION },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GByteArray) out = g_byte_array_new ();
    g_autoptr (UsRtmpHandshake) server = us_rtmp_handshake_new (US_RTMP_SERVER, NULL);
    const guint8 *p = (const guint8 *)cases[i].bytes;
    gsize left = strlen (cases[i].bytes);
    g_autoptr (GError) error = NULL;
    g_assert_false (us_rtmp_handshake_push (server, &p, &left, out, &error));
    g_assert_error (error, US_RTMP_ERROR, (gint)cases[i].code);
    g_assert_cmpuint (out->len, ==, 0);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtmp/handshake/both-sides", test_both_sides);
  g_test_add_func ("/rtmp/handshake/rest-is-left", test_rest_is_left);
  g_test_add_func ("/rtmp/handshake/other-protocols", test_other_protocols);
  return g_test_run ();
}
