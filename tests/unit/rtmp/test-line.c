/* test-line.c - what the kernel tells of real sockets, and of what is none */
#include "rtmp/line.h"

#include <gio/gio.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK 4096
#define N_CHUNKS 64

static void
test_tcp (void) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  guint16 port = g_socket_listener_add_any_inet_port (listener, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (GSocketConnection) near
      = g_socket_client_connect_to_host (client, "127.0.0.1", port, NULL, &error);
  g_assert_no_error (error);
  g_autoptr (GSocketConnection) far = g_socket_listener_accept (listener, NULL, NULL, &error);
  g_assert_no_error (error);
  int fd = g_socket_get_fd (g_socket_connection_get_socket (far));
  UsRtmpLine before, after;
  g_assert_true (us_rtmp_line_read (fd, &before));
  g_assert_cmpint (before.rtt_us, >, 0);
  g_assert_cmpuint (before.packets, ==, 0);
  for (guint i = 0; i < N_CHUNKS; i++) {
    guint8 chunk[CHUNK] = { 0 };
    g_assert_true (g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (near)),
                                              chunk, sizeof chunk, NULL, NULL, &error));
    g_assert_true (g_input_stream_read_all (g_io_stream_get_input_stream (G_IO_STREAM (far)), chunk,
                                            sizeof chunk, NULL, NULL, &error));
  }
  g_assert_true (us_rtmp_line_read (fd, &after));
  g_assert_cmpuint (after.packets, >=, N_CHUNKS);
  g_assert_cmpint (after.rtt_us, >, 0);
  g_assert_cmpint (after.rtt_us, <, 10 * G_USEC_PER_SEC); /* microseconds they are */
  g_assert_cmpuint (after.packets_disordered, ==, 0);
  g_assert_cmpuint (after.retransmits, ==, 0);
}

static void
test_none (void) {
  int pair[2];
  UsRtmpLine line = { .rtt_us = 7 };
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, pair), ==, 0);
  g_assert_false (us_rtmp_line_read (pair[0], &line));
  g_assert_cmpint (line.rtt_us, ==, 0);
  close (pair[0]);
  close (pair[1]);
  g_assert_false (us_rtmp_line_read (-1, &line));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtmp/line/tcp", test_tcp);
  g_test_add_func ("/rtmp/line/none", test_none);
  return g_test_run ();
}
