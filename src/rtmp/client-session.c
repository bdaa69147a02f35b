/* client-session.c - the publisher's half of RTMP 1.0 section 7.2
 *
 * Steps: handshake, connect, createStream, publish, publishing. Each answer of the server moves it
 * one step on and appends the next request to a buffer that the owner (client.c) takes and sends.
 * No socket and no clock in here. An answer that refuses becomes a GError whose message begins with
 * the server's code.
 */
#include "rtmp/client-session.h"

#include <string.h>

#include "base/names.h"
#include "base/route.h"
#include "rtmp/chunk-reader.h"
#include "rtmp/chunk-writer.h"
#include "rtmp/command.h"
#include "rtmp/control.h"
#include "rtmp/error.h"
#include "rtmp/handshake.h"
#include "rtmp/stream-name.h"

/* A server sends commands and control messages, nothing else that we want. */
#define MAX_SERVER_MESSAGE_BYTES (256 * 1024)

enum {
  TRANSACTION_CONNECT = 1,
  TRANSACTION_RELEASE = 2,
  TRANSACTION_FC_PUBLISH = 3,
  TRANSACTION_CREATE = 4,
  TRANSACTION_PUBLISH = 5,
};

typedef enum {
  STEP_HANDSHAKE,
  STEP_CONNECT,
  STEP_CREATE,
  STEP_PUBLISH,
  STEP_PUBLISHING,
} Step;

struct UsRtmpClientSession {
  Step step;
  UsRtmpHandshake *handshake; /* until it is done */
  UsRtmpChunkReader *reader;
  UsRtmpControl control;
  GByteArray *out;
  char *app;
  char *key;
  char *tc_url;
  guint32 stream_id;
  UsAmf0 *info; /* of NetStream.Publish.Start */
};

static gboolean
fail_url (GError **error, const char *text, const char *why) {
  g_autofree char *shown = us_route_for_people (text);
  g_set_error (error, US_RTMP_ERROR, US_RTMP_ERROR_URL,
               "\"%s\": %s; expected rtmp[s]://host[:port]/app[/key]", shown, why);
  return FALSE;
}

/**
 * us_rtmp_url_parse:
 * @text: an URL; escapes are left as they are, since servers compare them literally
 * @url: (out): its parts; to be cleared
 * @error: (out): US_RTMP_ERROR_URL
 *
 * The app is the first part of the path and the key the rest, so that "a/b/c" is app "a" and key
 * "b/c". With one part only the key is empty.
 *
 * Returns: %FALSE when @text is no such URL
 */
gboolean
us_rtmp_url_parse (const char *text, UsRtmpUrl *url, GError **error) {
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_ENCODED, NULL);
  const char *scheme = uri != NULL ? g_uri_get_scheme (uri) : "";
  gboolean is_tls = g_ascii_strcasecmp (scheme, "rtmps") == 0;
  if (!is_tls && g_ascii_strcasecmp (scheme, "rtmp") != 0)
    return fail_url (error, text, "not an rtmp:// or rtmps:// URL");
  const char *host = g_uri_get_host (uri);
  if (host == NULL || host[0] == '\0')
    return fail_url (error, text, "no host");
  gint port = g_uri_get_port (uri);
  if (port == -1)
    port = is_tls ? US_RTMPS_DEFAULT_PORT : US_RTMP_DEFAULT_PORT;
  if (port <= 0 || port > G_MAXUINT16)
    return fail_url (error, text, "no such port");
  const char *path = g_uri_get_path (uri);
  path += strspn (path, "/");
  if (path[0] == '\0')
    return fail_url (error, text, "no app");

  const char *slash = strchr (path, '/');
  g_autofree char *app = slash != NULL ? g_strndup (path, slash - path) : g_strdup (path);
  g_autofree char *key = g_strdup (slash != NULL ? slash + strspn (slash, "/") : "");
  const char *query = g_uri_get_query (uri);
  char **last = key[0] != '\0' ? &key : &app;
  if (query != NULL) {
    g_autofree char *plain = g_steal_pointer (last);
    *last = g_strconcat (plain, "?", query, NULL);
  }
  if (strlen (app) > US_RTMP_TEXT_MAX || strlen (key) > US_RTMP_TEXT_MAX)
    return fail_url (error, text, "too long");
  gboolean is_ipv6 = strchr (host, ':') != NULL;
  url->tc_url = g_strdup_printf ("%s://%s%s%s:%d/%s", is_tls ? "rtmps" : "rtmp", is_ipv6 ? "[" : "",
                                 host, is_ipv6 ? "]" : "", port, app);
  url->is_tls = is_tls;
  url->host = g_strdup (host);
  url->port = (guint16)port;
  url->app = g_steal_pointer (&app);
  url->key = g_steal_pointer (&key);
  return TRUE;
}

/**
 * us_rtmp_url_clear:
 * @url: parts of an URL
 */
void
us_rtmp_url_clear (UsRtmpUrl *url) {
  g_free (url->host);
  g_free (url->app);
  g_free (url->key);
  g_free (url->tc_url);
  *url = (UsRtmpUrl){ 0 };
}

/**
 * us_rtmp_client_session_new:
 * @url: (transfer none): where to publish
 *
 * Returns: (transfer full): a session whose first bytes are in its output
 */
UsRtmpClientSession *
us_rtmp_client_session_new (const UsRtmpUrl *url) {
  UsRtmpLimits limits;
  us_rtmp_limits_default (&limits);
  limits.max_message_bytes = MAX_SERVER_MESSAGE_BYTES;
  limits.max_partial_bytes = 2 * MAX_SERVER_MESSAGE_BYTES;
  UsRtmpClientSession *session = g_new0 (UsRtmpClientSession, 1);
  session->out = g_byte_array_new ();
  session->handshake = us_rtmp_handshake_new (US_RTMP_CLIENT, session->out);
  session->reader = us_rtmp_chunk_reader_new (&limits);
  us_rtmp_control_init (&session->control);
  session->app = g_strdup (url->app);
  session->key = g_strdup (url->key);
  session->tc_url = g_strdup (url->tc_url);
  return session;
}

/**
 * us_rtmp_client_session_free:
 * @session: (nullable) (transfer full): a session
 */
void
us_rtmp_client_session_free (UsRtmpClientSession *session) {
  if (session == NULL)
    return;
  us_rtmp_handshake_free (session->handshake);
  us_rtmp_chunk_reader_free (session->reader);
  g_byte_array_unref (session->out);
  g_free (session->app);
  g_free (session->key);
  g_free (session->tc_url);
  us_amf0_free (session->info);
  g_free (session);
}

/**
 * us_rtmp_client_session_take_output:
 * @session: a session
 *
 * Returns: (transfer full) (nullable): bytes to send, %NULL when there are none
 */
GBytes *
us_rtmp_client_session_take_output (UsRtmpClientSession *session) {
  if (session->out->len == 0)
    return NULL;
  GByteArray *full = g_steal_pointer (&session->out);
  session->out = g_byte_array_new ();
  return g_byte_array_free_to_bytes (full);
}

/**
 * us_rtmp_client_session_get_info:
 * @session: a session
 *
 * Returns: (transfer none) (nullable): the server's NetStream.Publish.Start object once media may
 *   be sent, %NULL before
 */
const UsAmf0 *
us_rtmp_client_session_get_info (const UsRtmpClientSession *session) {
  return session->info;
}

/**
 * us_rtmp_client_session_get_stream_id:
 * @session: a session that is publishing
 *
 * Returns: the message stream id for media
 */
guint32
us_rtmp_client_session_get_stream_id (const UsRtmpClientSession *session) {
  return session->stream_id;
}

/* Set Chunk Size goes first of all, so it also holds for connect. */
static void
write_connect (UsRtmpClientSession *session) {
  us_rtmp_control_write (session->out, US_RTMP_SET_CHUNK_SIZE, US_RTMP_CLIENT_CHUNK_BYTES);
  UsAmf0 *object = us_amf0_new_object ();
  us_amf0_set (object, "app", us_amf0_new_string (session->app));
  us_amf0_set (object, "type", us_amf0_new_string ("nonprivate"));
  us_amf0_set (object, "flashVer", us_amf0_new_string (US_PROGRAM "/" US_VERSION));
  us_amf0_set (object, "tcUrl", us_amf0_new_string (session->tc_url));
  us_rtmp_command_write (session->out, US_RTMP_CLIENT_CHUNK_BYTES, 0, "connect",
                         TRANSACTION_CONNECT, object, NULL);
}

static void
write_key_command (UsRtmpClientSession *session, const char *name, double transaction) {
  us_rtmp_command_write (session->out, US_RTMP_CLIENT_CHUNK_BYTES, 0, name, transaction,
                         us_amf0_new_null (), us_amf0_new_string (session->key), NULL);
}

static void
write_create (UsRtmpClientSession *session) {
  us_rtmp_control_write (session->out, US_RTMP_WINDOW_ACK_SIZE, US_RTMP_WINDOW_BYTES);
  write_key_command (session, "releaseStream", TRANSACTION_RELEASE);
  write_key_command (session, "FCPublish", TRANSACTION_FC_PUBLISH);
  us_rtmp_command_write (session->out, US_RTMP_CLIENT_CHUNK_BYTES, 0, "createStream",
                         TRANSACTION_CREATE, us_amf0_new_null (), NULL);
}

static void
write_publish (UsRtmpClientSession *session) {
  us_rtmp_command_write (session->out, US_RTMP_CLIENT_CHUNK_BYTES, session->stream_id, "publish",
                         TRANSACTION_PUBLISH, us_amf0_new_null (),
                         us_amf0_new_string (session->key), us_amf0_new_string ("live"), NULL);
}

/**
 * us_rtmp_client_session_finish:
 * @session: a session
 *
 * Appends FCUnpublish and deleteStream to the output when it was publishing.
 */
void
us_rtmp_client_session_finish (UsRtmpClientSession *session) {
  if (session->step != STEP_PUBLISHING)
    return;
  write_key_command (session, "FCUnpublish", 0);
  us_rtmp_command_write (session->out, US_RTMP_CLIENT_CHUNK_BYTES, 0, "deleteStream", 0.0,
                         us_amf0_new_null (), us_amf0_new_number (session->stream_id), NULL);
}

/* Makes the server's code and description an error; both may be anything. */
static gboolean
fail_refused (const UsAmf0 *info, const char *fallback, GError **error) {
  g_autofree char *code = us_rtmp_stream_text_new (us_amf0_get (info, "code"));
  g_autofree char *description = us_rtmp_stream_text_new (us_amf0_get (info, "description"));
  gboolean is_busy = strcmp (code, "NetStream.Publish.BadName") == 0;
  g_set_error (error, US_RTMP_ERROR, is_busy ? US_RTMP_ERROR_BAD_NAME : US_RTMP_ERROR_REFUSED,
               "%s: %s", code[0] != '\0' ? code : fallback,
               description[0] != '\0' ? description : "no reason given");
  return FALSE;
}

static gboolean
on_result (UsRtmpClientSession *session, const UsRtmpCommand *command, GError **error) {
  if (session->step == STEP_CONNECT && command->transaction == TRANSACTION_CONNECT) {
    session->step = STEP_CREATE;
    write_create (session);
  } else if (session->step == STEP_CREATE && command->transaction == TRANSACTION_CREATE) {
    double id = us_amf0_get_number (us_rtmp_command_get_argument (command, 1), -1);
    if (!(id >= 0 && id <= G_MAXUINT32)) {
      g_set_error_literal (error, US_RTMP_ERROR, US_RTMP_ERROR_PROTOCOL,
                           "the answer to createStream holds no stream id");
      return FALSE;
    }
    session->stream_id = (guint32)id;
    session->step = STEP_PUBLISH;
    write_publish (session);
  }
  return TRUE;
}

/* Servers refuse releaseStream and FCPublish that they do not know; only our own steps count. */
static gboolean
on_error (UsRtmpClientSession *session, const UsRtmpCommand *command, GError **error) {
  double waiting_for = session->step == STEP_CONNECT  ? TRANSACTION_CONNECT
                       : session->step == STEP_CREATE ? TRANSACTION_CREATE
                                                      : TRANSACTION_PUBLISH;
  if (command->transaction != waiting_for)
    return TRUE;
  return fail_refused (us_rtmp_command_get_argument (command, 1), "_error", error);
}

static gboolean
on_status (UsRtmpClientSession *session, const UsRtmpCommand *command, GError **error) {
  const UsAmf0 *info = us_rtmp_command_get_argument (command, 1);
  const char *code = us_amf0_get_string (us_amf0_get (info, "code"), "");
  const char *level = us_amf0_get_string (us_amf0_get (info, "level"), "");
  if (strcmp (code, "NetStream.Publish.Start") == 0) {
    if (session->step == STEP_PUBLISH) {
      session->step = STEP_PUBLISHING;
      session->info = us_amf0_copy (info);
    }
    return TRUE;
  }
  if (strcmp (level, "error") == 0 || strcmp (code, "NetStream.Publish.BadName") == 0)
    return fail_refused (info, "onStatus", error);
  return TRUE;
}

static gboolean
on_message (UsRtmpClientSession *session, const UsRtmpMessage *message, GError **error) {
  if (us_rtmp_control_handle (&session->control, message, session->out))
    return TRUE;
  if (message->type != US_RTMP_COMMAND_AMF0 && message->type != US_RTMP_COMMAND_AMF3)
    return TRUE;
  g_auto (UsRtmpCommand) command = { 0 };
  if (!us_rtmp_command_parse (message, &command, error))
    return FALSE;
  if (strcmp (command.name, "_result") == 0)
    return on_result (session, &command, error);
  if (strcmp (command.name, "_error") == 0)
    return on_error (session, &command, error);
  if (strcmp (command.name, "onStatus") == 0)
    return on_status (session, &command, error);
  return TRUE;
}

/**
 * us_rtmp_client_session_push:
 * @session: a session
 * @data: (array length=size): bytes from the server
 * @size: how many; all are used up
 * @error: (out): US_RTMP_ERROR or US_AMF0_ERROR
 *
 * Returns: %FALSE when the connection has to be closed
 */
gboolean
us_rtmp_client_session_push (UsRtmpClientSession *session, const guint8 *data, gsize size,
                             GError **error) {
  gsize received = size;
  if (session->handshake != NULL) {
    if (!us_rtmp_handshake_push (session->handshake, &data, &size, session->out, error))
      return FALSE;
    if (!us_rtmp_handshake_is_done (session->handshake)) {
      session->control.received += received;
      return TRUE;
    }
    g_clear_pointer (&session->handshake, us_rtmp_handshake_free);
    session->step = STEP_CONNECT;
    write_connect (session);
  }
  for (;;) {
    g_auto (UsRtmpMessage) message = { 0 };
    UsRtmpChunkResult result
        = us_rtmp_chunk_reader_push (session->reader, &data, &size, &message, error);
    if (result == US_RTMP_CHUNK_ERROR)
      return FALSE;
    if (result == US_RTMP_CHUNK_MORE)
      break;
    if (!on_message (session, &message, error))
      return FALSE;
  }
  us_rtmp_control_received (&session->control, received, session->out);
  return TRUE;
}
