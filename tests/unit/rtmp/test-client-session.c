/* test-client-session.c - URLs, and the publisher's half against answers of all kinds */
#include <string.h>

#include "fixture.h"
#include "rtmp/client-session.h"
#include "rtmp/command.h"
#include "rtmp/error.h"
#include "rtmp/server-session.h"

static const struct {
  const char *text;
  const char *host; /* NULL: refused */
  guint port;
  const char *app;
  const char *key;
  const char *tc_url;
} urls[] = {
  { "rtmp://host/mystream", "host", 1935, "mystream", "", "rtmp://host:1935/mystream" },
  { "rtmp://host:1936/live/mystream", "host", 1936, "live", "mystream", "rtmp://host:1936/live" },
  { "RTMP://10.0.0.1:1/a//b/c/", "10.0.0.1", 1, "a", "b/c/", "rtmp://10.0.0.1:1/a" },
  { "rtmp://[::1]:1936/live/k?tok=a%2Fb", "::1", 1936, "live", "k?tok=a%2Fb",
    "rtmp://[::1]:1936/live" },
  { "rtmp://host/app?x=1", "host", 1935, "app?x=1", "", "rtmp://host:1935/app?x=1" },
  { "rtmp://host" },
  { "rtmp://host/" },
  { "rtmp:///app" },
  { "rtmp://host:0/app" },
  { "rtmp://host:99999/app" },
  { "rtmps://host/app", "host", 443, "app", "", "rtmps://host:443/app" },
  { "rtmps://host:1937/app/key", "host", 1937, "app", "key", "rtmps://host:1937/app" },
  { "rtmpe://host/app" },
  { "http://host/app" },
  { "host/app" },
  { "" },
};

static void
test_urls (void) {
  for (guint i = 0; i < G_N_ELEMENTS (urls); i++) {
    g_test_message ("%s", urls[i].text);
    g_auto (UsRtmpUrl) url = { 0 };
    g_autoptr (GError) error = NULL;
    gboolean ok = us_rtmp_url_parse (urls[i].text, &url, &error);
    g_assert_cmpint (ok, ==, urls[i].host != NULL);
    if (!ok)
      g_assert_error (error, US_RTMP_ERROR, US_RTMP_ERROR_URL);
    g_assert_cmpint (url.is_tls, ==, ok && g_str_has_prefix (urls[i].text, "rtmps"));
    g_assert_cmpstr (url.host, ==, urls[i].host);
    g_assert_cmpuint (url.port, ==, urls[i].port);
    g_assert_cmpstr (url.app, ==, urls[i].app);
    g_assert_cmpstr (url.key, ==, urls[i].key);
    g_assert_cmpstr (url.tc_url, ==, urls[i].tc_url);
  }
}

static UsRtmpClientSession *
client_new (void) {
  g_auto (UsRtmpUrl) url = { 0 };
  g_assert_true (us_rtmp_url_parse ("rtmp://host/live/key", &url, NULL));
  return us_rtmp_client_session_new (&url);
}

/* A client behind its handshake, whose requests are thrown away. */
static UsRtmpClientSession *
client_new_connecting (void) {
  UsRtmpClientSession *client = client_new ();
  g_autoptr (GByteArray) in = g_byte_array_new ();
  fixture_append_zeros (in, 1 + 2 * 1536);
  in->data[0] = 3;
  g_assert_true (us_rtmp_client_session_push (client, in->data, in->len, NULL));
  g_autoptr (GBytes) out = us_rtmp_client_session_take_output (client);
  g_assert_nonnull (out);
  return client;
}

typedef struct {
  UsRtmpServerSession *session;
  const char *refuse;
  char *asked;
} Server;

static void
on_publish (const UsRtmpPublish *publish, gpointer user_data) {
  Server *server = user_data;
  server->asked = g_strdup_printf ("%s|%s|%s", publish->app, publish->key, publish->encoder);
  g_autoptr (UsAmf0) info = us_amf0_new_object ();
  us_amf0_set (info, "understudyLast", us_amf0_new_number (17));
  if (server->refuse != NULL)
    us_rtmp_server_session_refuse (server->session, server->refuse, "busy\nnow");
  else
    us_rtmp_server_session_accept (server->session, info);
}

static void
on_media (UsRtmpMessage *message, gpointer user_data) {
}

/* Carries bytes between both halves until neither has any. */
static gboolean
carry (UsRtmpClientSession *client, UsRtmpServerSession *server, GError **error) {
  for (;;) {
    g_autoptr (GBytes) up = us_rtmp_client_session_take_output (client);
    if (up != NULL)
      g_assert_true (us_rtmp_server_session_push (server, g_bytes_get_data (up, NULL),
                                                  g_bytes_get_size (up), NULL));
    g_autoptr (GBytes) down = us_rtmp_server_session_take_output (server);
    if (down == NULL)
      return TRUE;
    if (!us_rtmp_client_session_push (client, g_bytes_get_data (down, NULL),
                                      g_bytes_get_size (down), error))
      return FALSE;
  }
}

static void
test_with_our_server (void) {
  static const UsRtmpServerEvents events = { on_publish, on_media };
  static const struct {
    const char *refuse;
    UsRtmpError code;
  } cases[] = {
    { NULL, 0 },
    { "NetStream.Publish.BadName", US_RTMP_ERROR_BAD_NAME },
    { "NetStream.Publish.Denied", US_RTMP_ERROR_REFUSED },
  };
  UsRtmpLimits limits;
  us_rtmp_limits_default (&limits);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    Server server = { .refuse = cases[i].refuse };
    g_autoptr (UsRtmpClientSession) client = client_new ();
    g_autoptr (UsRtmpServerSession) session
        = us_rtmp_server_session_new (&limits, &events, &server);
    server.session = session;
    g_autoptr (GError) error = NULL;
    gboolean ok = carry (client, session, &error);
    g_assert_true (g_str_has_prefix (server.asked, "live|key|understudy/"));
    g_free (server.asked);
    if (cases[i].refuse != NULL) {
      g_assert_false (ok);
      g_assert_error (error, US_RTMP_ERROR, (gint)cases[i].code);
      g_assert_true (g_str_has_prefix (error->message, cases[i].refuse));
      g_assert_null (strchr (error->message, '\n'));
      g_assert_null (us_rtmp_client_session_get_info (client));
      continue;
    }
    g_assert_no_error (error);
    const UsAmf0 *info = us_rtmp_client_session_get_info (client);
    g_assert_cmpfloat (us_amf0_get_number (us_amf0_get (info, "understudyLast"), 0), ==, 17);
    g_assert_cmpuint (us_rtmp_client_session_get_stream_id (client), ==, 1);
    us_rtmp_client_session_finish (client);
    g_assert_true (carry (client, session, NULL));
    g_assert_cmpint (us_rtmp_server_session_get_state (session), ==, US_RTMP_SERVER_ENDED);
  }
}

static gboolean
push_command (UsRtmpClientSession *client, GByteArray *wire, GError **error) {
  gboolean ok = us_rtmp_client_session_push (client, wire->data, wire->len, error);
  g_byte_array_set_size (wire, 0);
  return ok;
}

static void
test_odd_answers (void) {
  g_autoptr (UsRtmpClientSession) client = client_new_connecting ();
  g_autoptr (GByteArray) wire = g_byte_array_new ();
  /* A result of something else, an error for releaseStream, a status that says nothing. */
  us_rtmp_command_write (wire, 128, 0, "_result", 9.0, us_amf0_new_null (), NULL);
  us_rtmp_command_write (wire, 128, 0, "_error", 2.0, us_amf0_new_null (), NULL);
  us_rtmp_command_write (wire, 128, 0, "onBWDone", 0.0, us_amf0_new_null (), NULL);
  us_rtmp_command_write (wire, 128, 0, "onStatus", 0.0, us_amf0_new_null (), NULL);
  us_rtmp_command_write (wire, 128, 0, "_result", 1.0, NULL);
  g_assert_true (push_command (client, wire, NULL));
  /* A stream id that is none. */
  us_rtmp_command_write (wire, 128, 0, "_result", 4.0, us_amf0_new_null (),
                         us_amf0_new_string ("1"), NULL);
  g_autoptr (GError) error = NULL;
  g_assert_false (push_command (client, wire, &error));
  g_assert_error (error, US_RTMP_ERROR, US_RTMP_ERROR_PROTOCOL);
}

static void
test_refused_connect (void) {
  g_autoptr (UsRtmpClientSession) client = client_new_connecting ();
  g_autoptr (GByteArray) wire = g_byte_array_new ();
  us_rtmp_command_write (
      wire, 128, 0, "_error", 1.0, us_amf0_new_null (),
      us_rtmp_command_new_status ("error", "NetConnection.Connect.InvalidApp", "no such app"),
      NULL);
  g_autoptr (GError) error = NULL;
  g_assert_false (push_command (client, wire, &error));
  g_assert_error (error, US_RTMP_ERROR, US_RTMP_ERROR_REFUSED);
  g_assert_cmpstr (error->message, ==, "NetConnection.Connect.InvalidApp: no such app");
}

static void
test_not_a_server (void) {
  g_autoptr (UsRtmpClientSession) client = client_new ();
  g_autoptr (GError) error = NULL;
  g_assert_false (us_rtmp_client_session_push (client, (const guint8 *)"HTTP/1.1 400", 12, &error));
  g_assert_error (error, US_RTMP_ERROR, US_RTMP_ERROR_HTTP);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtmp/client-session/urls", test_urls);
  g_test_add_func ("/rtmp/client-session/with-our-server", test_with_our_server);
  g_test_add_func ("/rtmp/client-session/odd-answers", test_odd_answers);
  g_test_add_func ("/rtmp/client-session/refused-connect", test_refused_connect);
  g_test_add_func ("/rtmp/client-session/not-a-server", test_not_a_server);
  return g_test_run ();
}
