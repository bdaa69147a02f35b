/* small-role.c - see small-role.h; everything runs in the test's thread */
#include "small-role.h"

static void
on_publish (UsRtmpConnection *connection, const UsRtmpPublish *publish, gpointer user_data) {
  UsSession *session = user_data;
  SmallRole *role = session->owner;
  session->encoder = g_strdup (publish->encoder);
  if (g_ascii_isdigit (publish->key[0]) && publish->key[1] == '-') {
    session->priority = (guint)g_ascii_digit_value (publish->key[0]);
    session->key_id = g_strdup (publish->key + 2);
  }
  us_stream_publish (role->stream, session);
}

static void
on_media (UsRtmpConnection *connection, UsRtmpMessage *message, gpointer user_data) {
  UsSession *session = user_data;
  if (session->stream != NULL)
    us_stream_media (session->stream, session, message);
}

static void
on_closed (UsRtmpConnection *connection, gboolean is_clean, const char *reason,
           gpointer user_data) {
  UsSession *session = user_data;
  if (session->stream != NULL)
    us_stream_session_closed (session->stream, session, reason);
  g_free (session->peer);
  g_free (session->encoder);
  g_free (session->key_id);
  g_free (session);
}

static void
on_connection (UsRtmpConnection *connection, gpointer user_data) {
  static const UsRtmpHandler handler = { on_publish, on_media, on_closed };
  UsSession *session = g_new0 (UsSession, 1);
  session->owner = user_data;
  session->connection = connection;
  session->peer = g_strdup (us_rtmp_connection_get_peer (connection));
  us_rtmp_connection_set_handler (connection, &handler, session);
}

void
small_role_start (SmallRole *role) {
  UsRtmpListenerSettings rtmp
      = { .address = "127.0.0.1", .inherited_fd = -1, .max_connections = 20 };
  GError *error = NULL;
  us_rtmp_limits_default (&rtmp.limits);
  role->listener = us_rtmp_listener_new (&rtmp, on_connection, role, &error);
  g_assert_no_error (error);
  role->port = us_rtmp_listener_get_port (role->listener);
}

void
small_role_stop (SmallRole *role) {
  us_rtmp_listener_free (role->listener);
  us_stream_free (role->stream);
}

void
small_role_settings (UsStreamSettings *settings) {
  *settings = (UsStreamSettings){
    .segmenter = { 1000, 0, 10, 64 * 1024 * 1024 },
    .takeover_silence_ms = 5000,
    .max_publishers = 3,
    .patience_ms = 1000,
    .contest = { US_FAILBACK_AUTO, 1000 },
  };
}
