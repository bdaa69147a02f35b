/* test-publish.c - our client and our listener on loopback, and peers that misbehave on sockets
 *
 * Everything runs in one main context. Nothing waits for time to pass: each step iterates the
 * context until what it waits for happened.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "await.h"
#include "rtmp/client.h"
#include "rtmp/error.h"
#include "rtmp/listener.h"

typedef struct {
  UsRtmpListener *listener;
  UsRtmpConnection *connection; /* the last one that published */
  const char *refuse;
  gboolean reads_nothing;   /* closes from the media callback */
  const char *refuse_media; /* refuses from the media callback, with this sentence */
  guint n_published;
  guint n_media;
  guint64 n_bytes;
  guint32 last_ms;
  guint n_closed;
  gboolean is_clean;
  char *reason;

  UsRtmpClient *client;
  guint n_ready;
  guint n_writable;
  double resume;
  GError *error; /* of the client's end */
  gboolean frees_itself;
} Fixture;

static void
on_publish (UsRtmpConnection *connection, const UsRtmpPublish *publish, gpointer user_data) {
  Fixture *f = user_data;
  f->n_published++;
  f->connection = connection;
  g_assert_cmpstr (publish->app, ==, "live");
  g_assert_true (g_str_has_prefix (us_rtmp_connection_get_peer (connection), "127.0.0.1:"));
  if (f->refuse != NULL) {
    us_rtmp_connection_refuse (connection, f->refuse, "because");
    return;
  }
  g_autoptr (UsAmf0) info = us_amf0_new_object ();
  us_amf0_set (info, "understudyLast", us_amf0_new_number (12));
  us_rtmp_connection_accept (connection, info);
}

static void
on_media (UsRtmpConnection *connection, UsRtmpMessage *message, gpointer user_data) {
  Fixture *f = user_data;
  f->n_media++;
  f->last_ms = message->timestamp_ms;
  gsize size;
  const guint8 *data = g_bytes_get_data (message->payload, &size);
  f->n_bytes += size;
  for (gsize i = 0; i < size; i += 997)
    g_assert_cmpuint (data[i], ==, (guint8)(i + message->timestamp_ms));
  if (f->reads_nothing)
    us_rtmp_connection_close (connection, "enough");
  if (f->refuse_media != NULL)
    us_rtmp_connection_refuse (connection, "NetStream.Publish.Denied", f->refuse_media);
}

static void
on_server_closed (UsRtmpConnection *connection, gboolean is_clean, const char *reason,
                  gpointer user_data) {
  Fixture *f = user_data;
  f->n_closed++;
  f->is_clean = is_clean;
  g_free (f->reason);
  f->reason = g_strdup (reason);
  if (f->connection == connection)
    f->connection = NULL;
}

static void
on_connection (UsRtmpConnection *connection, gpointer user_data) {
  static const UsRtmpHandler handler = { on_publish, on_media, on_server_closed };
  us_rtmp_connection_set_handler (connection, &handler, user_data);
}

static void
on_ready (UsRtmpClient *client, const UsAmf0 *info, gpointer user_data) {
  Fixture *f = user_data;
  f->n_ready++;
  f->resume = us_amf0_get_number (us_amf0_get (info, "understudyLast"), -1);
}

static void
on_writable (UsRtmpClient *client, gpointer user_data) {
  ((Fixture *)user_data)->n_writable++;
}

static void
on_client_closed (UsRtmpClient *client, const GError *error, gpointer user_data) {
  Fixture *f = user_data;
  g_assert_null (f->error);
  f->error = g_error_copy (error);
  if (f->frees_itself)
    g_clear_pointer (&f->client, us_rtmp_client_free);
}

static Fixture *
fixture_new_with (const UsRtmpListenerSettings *settings) {
  Fixture *f = g_new0 (Fixture, 1);
  g_autoptr (GError) error = NULL;
  f->listener = us_rtmp_listener_new (settings, on_connection, f, &error);
  g_assert_no_error (error);
  return f;
}

static UsRtmpListenerSettings
default_settings (void) {
  UsRtmpListenerSettings settings
      = { .address = "127.0.0.1", .inherited_fd = -1, .max_connections = 100 };
  us_rtmp_limits_default (&settings.limits);
  return settings;
}

static Fixture *
fixture_new (void) {
  UsRtmpListenerSettings settings = default_settings ();
  return fixture_new_with (&settings);
}

static void
fixture_free (Fixture *f) {
  us_rtmp_client_free (f->client);
  us_rtmp_listener_free (f->listener);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_clear_error (&f->error);
  g_free (f->reason);
  g_free (f);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Fixture, fixture_free)

static UsRtmpClient *
client_new (Fixture *f, guint16 port) {
  static const UsRtmpClientHandler handler = { on_ready, on_writable, on_client_closed };
  g_autofree char *url = g_strdup_printf ("rtmp://127.0.0.1:%u/live/key", port);
  g_autoptr (GError) error = NULL;
  UsRtmpClient *client = us_rtmp_client_new (url, 10000, &handler, f, &error);
  g_assert_no_error (error);
  return client;
}

static void
start (Fixture *f) {
  f->client = client_new (f, us_rtmp_listener_get_port (f->listener));
  await (f->n_ready == 1 || f->error != NULL);
}

static GBytes *
pattern (gsize size, guint32 timestamp_ms) {
  guint8 *data = g_malloc (size);
  for (gsize i = 0; i < size; i++)
    data[i] = (guint8)(i + timestamp_ms);
  return g_bytes_new_take (data, size);
}

static gboolean
send_video (Fixture *f, gsize size, guint32 timestamp_ms) {
  g_autoptr (GBytes) payload = pattern (size, timestamp_ms);
  return us_rtmp_client_send (f->client, US_RTMP_VIDEO, timestamp_ms, payload);
}

static void
test_publish (void) {
  g_autoptr (Fixture) f = fixture_new ();
  start (f);
  g_assert_cmpfloat (f->resume, ==, 12);
  static const gsize sizes[] = { 0, 1, 5000, 200000, 3 * 1024 * 1024, 1 };
  gint64 before_us = g_get_monotonic_time ();
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    await (us_rtmp_client_get_queued_bytes (f->client) == 0);
    g_assert_true (
        send_video (f, sizes[i], 0xfffff0 + i * 10)); /* passes the extended time stamp */
    us_rtmp_client_flush (f->client);
    await (f->n_media == i + 1);
    g_assert_cmpuint (f->last_ms, ==, 0xfffff0 + i * 10);
  }
  g_assert_cmpint (us_rtmp_connection_get_last_media_us (f->connection), >=, before_us);
  g_assert_cmpuint (us_rtmp_connection_get_bytes_in (f->connection), >, f->n_bytes);
  us_rtmp_client_finish (f->client);
  us_rtmp_client_finish (f->client);
  g_assert_false (send_video (f, 1, 0));
  await (f->n_closed == 1 && f->error != NULL);
  g_assert_true (f->is_clean);
  g_assert_error (f->error, US_RTMP_ERROR, US_RTMP_ERROR_CLOSED);
  await (us_rtmp_listener_get_n_connections (f->listener) == 0);
}

static void
test_gathering (void) {
  g_autoptr (Fixture) f = fixture_new ();
  start (f);
  for (guint i = 0; i < 100; i++)
    g_assert_true (send_video (f, 100, i));
  g_assert_cmpuint (us_rtmp_client_get_queued_bytes (f->client), ==, 100 * 112);
  us_rtmp_client_flush (f->client);
  g_assert_cmpuint (us_rtmp_client_get_queued_bytes (f->client), ==, 0);
  await (f->n_media == 100);
  for (guint i = 0; i < 10; i++) /* 64 KiB go without being asked */
    g_assert_true (send_video (f, 10000, i));
  g_assert_cmpuint (us_rtmp_client_get_queued_bytes (f->client), <, 64 * 1024);
}

static void
test_back_pressure (void) {
  g_autoptr (Fixture) f = fixture_new ();
  start (f);
  guint sent = 0;
  while (send_video (f, 100000, sent)) /* nobody reads: the loop does not run */
    sent++;
  g_assert_cmpuint (us_rtmp_client_get_queued_bytes (f->client), >, 1024 * 1024);
  g_assert_cmpuint (us_rtmp_client_get_queued_bytes (f->client), <, 1024 * 1024 + 200000);
  g_assert_cmpuint (f->n_writable, ==, 0);
  await (f->n_writable == 1);
  g_assert_cmpuint (us_rtmp_client_get_queued_bytes (f->client), <, 512 * 1024);
  g_assert_true (send_video (f, 100000, sent));
  us_rtmp_client_flush (f->client);
  await (f->n_media == sent + 1);
  g_assert_cmpuint (f->n_bytes, ==, (sent + 1) * G_GUINT64_CONSTANT (100000));
}

/* The client's socket: the one whose other end is our listener. */
static int
find_client (guint16 port) {
  for (int fd = 0; fd < 1024; fd++) {
    struct sockaddr_in peer = { 0 };
    socklen_t size = sizeof peer;
    if (getpeername (fd, (struct sockaddr *)&peer, &size) == 0 && peer.sin_family == AF_INET
        && ntohs (peer.sin_port) == port)
      return fd;
  }
  return -1;
}

/* What the kernel has taken is no more delivered than what waits here: a line that is cut is found
 * out by the same deadline. How soon that is on a real one, tests/e2e/test_machines.py shows. */
static void
test_cut_line (void) {
  g_autoptr (Fixture) f = fixture_new ();
  start (f);
  guint unanswered_ms = 0;
  socklen_t size = sizeof unanswered_ms;
  int fd = find_client (us_rtmp_listener_get_port (f->listener));
  g_assert_cmpint (getsockopt (fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unanswered_ms, &size), ==, 0);
  g_assert_cmpuint (unanswered_ms, ==, 10000);
}

static void
test_refused (void) {
  g_autoptr (Fixture) f = fixture_new ();
  f->refuse = "NetStream.Publish.BadName";
  f->frees_itself = TRUE;
  start (f);
  g_assert_error (f->error, US_RTMP_ERROR, US_RTMP_ERROR_BAD_NAME);
  g_assert_cmpuint (f->n_ready, ==, 0);
  await (f->n_closed == 1);
  g_assert_nonnull (strstr (f->reason, "BadName"));
}

static void
test_closed_by_the_server (void) {
  g_autoptr (Fixture) f = fixture_new ();
  start (f);
  f->reads_nothing = TRUE;
  for (guint i = 0; i < 10; i++)
    g_assert_true (send_video (f, 100, i));
  us_rtmp_client_flush (f->client);
  await (f->error != NULL && f->n_closed == 1);
  g_assert_cmpuint (f->n_media, ==, 1); /* nothing after close, though more was read */
  g_assert_cmpstr (f->reason, ==, "enough");
  g_assert_false (send_video (f, 1, 0));
}

/* The reason arrives even while the publisher sends much more than anybody reads. */
static void
test_refused_while_publishing (void) {
  g_autoptr (Fixture) f = fixture_new ();
  start (f);
  f->refuse_media = "no key frame for 60 s";
  guint i = 0;
  while (f->error == NULL) {
    if (i > 100000 || !send_video (f, 10000, i++))
      g_main_context_iteration (NULL, TRUE);
    us_rtmp_client_flush (f->client);
    g_main_context_iteration (NULL, FALSE);
  }
  g_assert_error (f->error, US_RTMP_ERROR, US_RTMP_ERROR_REFUSED);
  g_assert_nonnull (strstr (f->error->message, "no key frame for 60 s"));
  await (f->n_closed == 1);
  g_assert_cmpuint (f->n_media, ==, 1);
  g_assert_nonnull (strstr (f->reason, "NetStream.Publish.Denied"));
}

static void
test_client_vanishes (void) {
  g_autoptr (Fixture) f = fixture_new ();
  start (f);
  g_clear_pointer (&f->client, us_rtmp_client_free);
  await (f->n_closed == 1);
  g_assert_false (f->is_clean);
  g_assert_null (f->error);
}

static void
test_free_at_any_moment (void) {
  g_autoptr (Fixture) f = fixture_new ();
  guint16 port = us_rtmp_listener_get_port (f->listener);
  us_rtmp_client_free (client_new (f, port)); /* while connecting */
  for (guint rounds = 0; rounds < 20; rounds++) {
    UsRtmpClient *client = client_new (f, port);
    for (guint i = 0; i < rounds; i++)
      g_main_context_iteration (NULL, FALSE);
    us_rtmp_client_free (client);
  }
  await (us_rtmp_listener_get_n_connections (f->listener) == 0);
  g_assert_null (f->error);
}

static void
test_listener_freed_with_open_connections (void) {
  g_autoptr (Fixture) f = fixture_new ();
  start (f);
  g_clear_pointer (&f->listener, us_rtmp_listener_free);
  g_assert_cmpuint (f->n_closed, ==, 1);
  await (f->error != NULL);
}

static void
test_nobody_listens (void) {
  Fixture *closed = fixture_new ();
  guint16 port = us_rtmp_listener_get_port (closed->listener);
  fixture_free (closed);
  g_autoptr (Fixture) f = fixture_new ();
  f->client = client_new (f, port);
  await (f->error != NULL);
  g_assert_error (f->error, G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED);
}

static int
connect_raw (Fixture *f) {
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = { .sin_family = AF_INET,
                                 .sin_port = htons (us_rtmp_listener_get_port (f->listener)),
                                 .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  g_assert_cmpint (connect (fd, (struct sockaddr *)&address, sizeof address), ==, 0);
  return fd;
}

static void
test_client_timeout (void) {
  /* A server that accepts and says nothing. */
  g_autoptr (Fixture) f = fixture_new ();
  g_autoptr (GSocketListener) mute = g_socket_listener_new ();
  guint16 port = g_socket_listener_add_any_inet_port (mute, NULL, NULL);
  static const UsRtmpClientHandler handler = { on_ready, on_writable, on_client_closed };
  g_autofree char *url = g_strdup_printf ("rtmp://127.0.0.1:%u/live/key", port);
  f->client = us_rtmp_client_new (url, 50, &handler, f, NULL);
  await (f->error != NULL);
  g_assert_error (f->error, US_RTMP_ERROR, US_RTMP_ERROR_TIMEOUT);
}

static void
test_deadlines (void) {
  UsRtmpListenerSettings settings = default_settings ();
  settings.limits.handshake_timeout_ms = 30;
  g_autoptr (Fixture) f = fixture_new_with (&settings);
  int fd = connect_raw (f);
  g_assert_cmpint (write (fd, "\x03", 1), ==, 1);
  await (f->n_closed == 1);
  g_assert_cmpstr (f->reason, ==, "the handshake took too long");
  close (fd);
}

static void
test_silent_publisher (void) {
  UsRtmpListenerSettings settings = default_settings ();
  settings.limits.idle_timeout_ms = 1000;
  g_autoptr (Fixture) f = fixture_new_with (&settings);
  start (f);
  /* The client answers pings, so it lives on, though it sends nothing by itself. */
  guint64 before = us_rtmp_connection_get_bytes_in (f->connection);
  await (us_rtmp_connection_get_bytes_in (f->connection) >= before + 18);
  g_assert_cmpuint (f->n_closed, ==, 0);
}

static void
test_other_protocols (void) {
  static const char *const hellos[] = { "\x16\x03\x01", "GET / HTTP/1.1\r\n\r\n", "junk" };
  g_autoptr (Fixture) f = fixture_new ();
  for (guint i = 0; i < G_N_ELEMENTS (hellos); i++) {
    int fd = connect_raw (f);
    g_assert_cmpint (write (fd, hellos[i], strlen (hellos[i])), >, 0);
    await (f->n_closed == i + 1);
    g_assert_false (f->is_clean);
    close (fd);
  }
  g_assert_cmpuint (us_rtmp_listener_get_n_connections (f->listener), ==, 0);
}

/* Somebody with a browser, or a health check, is told what this is. */
static void
test_http_answer (void) {
  g_autoptr (Fixture) f = fixture_new ();
  int fd = connect_raw (f);
  char text[512] = { 0 };
  gsize have = 0;
  static const char request[] = "GET /status HTTP/1.1\r\nHost: x\r\n\r\n";
  g_assert_cmpint (write (fd, request, sizeof request - 1), >, 0);
  await (f->n_closed == 1);
  for (gssize got; (got = recv (fd, text + have, sizeof text - 1 - have, 0)) > 0;)
    have += (gsize)got;
  g_assert_true (g_str_has_prefix (text, "HTTP/1.1 400 "));
  const char *body = strstr (text, "\r\n\r\n") + 4;
  const char *length = strstr (text, "Content-Length: ") + strlen ("Content-Length: ");
  g_assert_cmpuint (g_ascii_strtoull (length, NULL, 10), ==, strlen (body));
  close (fd);
  await (us_rtmp_listener_get_n_connections (f->listener) == 0);
}

/* A publisher that answers pings but shows nothing has to go. */
static void
test_no_media (void) {
  UsRtmpListenerSettings settings = default_settings ();
  settings.limits.media_timeout_ms = 200;
  g_autoptr (Fixture) f = fixture_new_with (&settings);
  start (f);
  g_assert_true (send_video (f, 100, 0));
  us_rtmp_client_flush (f->client);
  await (f->n_closed == 1);
  g_assert_cmpuint (f->n_media, ==, 1);
  g_assert_cmpstr (f->reason, ==, "the publisher sends neither picture nor sound");
  g_assert_false (f->is_clean);
}

static void
test_message_limits (void) {
  UsRtmpListenerSettings settings = default_settings ();
  settings.limits.max_message_bytes = 100000;
  g_autoptr (Fixture) f = fixture_new_with (&settings);
  start (f);
  g_assert_true (send_video (f, 100000, 0));
  us_rtmp_client_flush (f->client);
  await (f->n_media == 1);
  g_assert_true (send_video (f, 100001, 1));
  us_rtmp_client_flush (f->client);
  await (f->n_closed == 1);
  g_assert_nonnull (strstr (f->reason, "100001"));
  g_assert_cmpuint (f->n_media, ==, 1);
  g_assert_cmpuint (us_rtmp_listener_get_partial_bytes (f->listener), ==, 0);
}

/* Half a message is counted while it is there. */
static void
test_partial_bytes (void) {
  g_autoptr (Fixture) f = fixture_new ();
  start (f);
  while (send_video (f, 1000000, 0)) /* more than the socket takes: the last one is cut */
    continue;
  await (us_rtmp_listener_get_partial_bytes (f->listener) >= 1000000);
  await (us_rtmp_listener_get_partial_bytes (f->listener) == 0);
}

static gboolean
is_closed_by_peer (int fd) {
  char byte;
  return recv (fd, &byte, 1, MSG_DONTWAIT) == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

/* A port scanner with many connections does not keep an encoder out, lingering or not. */
static void
test_lingering_gives_way (void) {
  UsRtmpListenerSettings settings = default_settings ();
  settings.max_connections = 2;
  settings.max_per_address = 1;
  settings.is_loopback_free = TRUE; /* this machine has the total only */
  g_autoptr (Fixture) f = fixture_new_with (&settings);
  int fds[2];
  for (guint i = 0; i < 2; i++) {
    fds[i] = connect_raw (f);
    g_assert_cmpint (write (fds[i], "GET / HTTP/1.1\r\n\r\n", 18), ==, 18);
  }
  await (f->n_closed == 2);
  start (f);
  g_assert_cmpuint (f->n_ready, ==, 1);
  g_assert_cmpuint (us_rtmp_listener_get_n_connections (f->listener), <=, 2);
  for (guint i = 0; i < 2; i++)
    close (fds[i]);
}

static void
test_caps (void) {
  UsRtmpListenerSettings settings = default_settings ();
  settings.max_connections = 3;
  settings.max_per_address = 2;
  g_autoptr (Fixture) f = fixture_new_with (&settings);
  int fds[3];
  for (guint i = 0; i < 3; i++)
    fds[i] = connect_raw (f);
  await (is_closed_by_peer (fds[2]));
  g_assert_cmpuint (us_rtmp_listener_get_n_connections (f->listener), ==, 2);
  close (fds[0]);
  await (us_rtmp_listener_get_n_connections (f->listener) == 1);
  close (fds[2]);
  fds[2] = connect_raw (f);
  await (us_rtmp_listener_get_n_connections (f->listener) == 2);
  close (fds[1]);
  close (fds[2]);
  await (us_rtmp_listener_get_n_connections (f->listener) == 0);
}

/* All places are taken by peers that say nothing: an encoder gets in all the same, and one that
 * publishes is never pushed out. */
static void
test_flood (void) {
  UsRtmpListenerSettings settings = default_settings ();
  settings.max_connections = 3;
  g_autoptr (Fixture) f = fixture_new_with (&settings);
  int fds[5];
  for (guint i = 0; i < 3; i++) {
    fds[i] = connect_raw (f);
    await (us_rtmp_listener_get_n_connections (f->listener) == i + 1);
  }
  start (f);
  await (is_closed_by_peer (fds[0]));
  for (guint i = 3; i < 5; i++)
    fds[i] = connect_raw (f);
  await (is_closed_by_peer (fds[1]) && is_closed_by_peer (fds[2]));
  g_assert_cmpuint (us_rtmp_listener_get_n_connections (f->listener), ==, 3);
  g_assert_no_error (f->error);
  g_assert_true (send_video (f, 1, 0)); /* the publisher was not pushed out */
  g_assert_false (is_closed_by_peer (fds[3]) || is_closed_by_peer (fds[4]));
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
}

static void
test_descriptors_run_out (void) {
  g_autoptr (Fixture) f = fixture_new ();
  start (f); /* whatever GLib opens for itself is open now */
  int waiting = connect_raw (f);
  struct rlimit old;
  getrlimit (RLIMIT_NOFILE, &old);
  int lowest = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  close (lowest);
  struct rlimit none = { .rlim_cur = (rlim_t)lowest, .rlim_max = old.rlim_max };
  setrlimit (RLIMIT_NOFILE, &none);
  await (is_closed_by_peer (waiting)); /* shed with the reserve descriptor */
  setrlimit (RLIMIT_NOFILE, &old);
  close (waiting);
  int fd = connect_raw (f);
  await (us_rtmp_listener_get_n_connections (f->listener) == 2);
  g_assert_false (is_closed_by_peer (fd));
  close (fd);
}

static void
test_port_in_use (void) {
  g_autoptr (Fixture) f = fixture_new ();
  UsRtmpListenerSettings settings = default_settings ();
  settings.port = us_rtmp_listener_get_port (f->listener);
  g_autoptr (GError) error = NULL;
  g_assert_null (us_rtmp_listener_new (&settings, on_connection, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_clear_error (&error);
  settings.address = "nonsense";
  g_assert_null (us_rtmp_listener_new (&settings, on_connection, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

static void
test_inherited_descriptor (void) {
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in address
      = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  g_assert_cmpint (bind (fd, (struct sockaddr *)&address, sizeof address), ==, 0);
  UsRtmpListenerSettings settings = default_settings ();
  settings.inherited_fd = fd;
  g_autoptr (GError) error = NULL;
  g_assert_null (us_rtmp_listener_new (&settings, on_connection, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT); /* does not listen */
  g_assert_cmpint (listen (fd, 5), ==, 0);
  g_autoptr (Fixture) f = fixture_new_with (&settings);
  start (f);
  g_assert_cmpuint (f->n_ready, ==, 1);
}

static void
test_ipv6 (void) {
  UsRtmpListenerSettings settings = default_settings ();
  settings.address = "::";
  g_autoptr (GError) error = NULL;
  UsRtmpListener *probe = us_rtmp_listener_new (&settings, on_connection, NULL, &error);
  if (probe == NULL) { /* a kernel without IPv6: nothing to test, nothing to support */
    g_test_message ("no IPv6 here: %s", error->message);
    return;
  }
  us_rtmp_listener_free (probe);
  g_autoptr (Fixture) f = fixture_new_with (&settings);
  start (f); /* by IPv4; the peer's address is asserted in on_publish() */
  g_assert_cmpuint (f->n_ready, ==, 1);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add_func ("/rtmp/publish/" name, func)
  ADD ("http-answer", test_http_answer);
  ADD ("no-media", test_no_media);
  ADD ("message-limits", test_message_limits);
  ADD ("partial-bytes", test_partial_bytes);
  ADD ("lingering-gives-way", test_lingering_gives_way);
  ADD ("publish", test_publish);
  ADD ("gathering", test_gathering);
  ADD ("back-pressure", test_back_pressure);
  ADD ("cut-line", test_cut_line);
  ADD ("refused", test_refused);
  ADD ("refused-while-publishing", test_refused_while_publishing);
  ADD ("closed-by-the-server", test_closed_by_the_server);
  ADD ("client-vanishes", test_client_vanishes);
  ADD ("free-at-any-moment", test_free_at_any_moment);
  ADD ("listener-freed", test_listener_freed_with_open_connections);
  ADD ("nobody-listens", test_nobody_listens);
  ADD ("client-timeout", test_client_timeout);
  ADD ("deadlines", test_deadlines);
  ADD ("silent-publisher", test_silent_publisher);
  ADD ("other-protocols", test_other_protocols);
  ADD ("caps", test_caps);
  ADD ("flood", test_flood);
  ADD ("descriptors-run-out", test_descriptors_run_out);
  ADD ("port-in-use", test_port_in_use);
  ADD ("inherited-descriptor", test_inherited_descriptor);
  ADD ("ipv6", test_ipv6);
  return g_test_run ();
}
