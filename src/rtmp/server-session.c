/* server-session.c - the server's half of RTMP 1.0 section 7.2, for publishers only
 *
 * Bytes of one connection go in; replies gather in a buffer that the owner takes and sends; a
 * publish and its media go to two callbacks. There is no socket and no clock in here, so whole
 * dialogues of real encoders are replayed in tests. The owner (connection.c) moves bytes, keeps
 * deadlines, and closes when push fails or the state says so.
 *
 * What real publishers do, and what this file therefore tolerates: releaseStream and FCPublish
 * want no answer; transaction ids may all be 0; deleteStream may carry the key instead of the id;
 * any message stream id may come with media, since one connection publishes one stream.
 */
#include "rtmp/server-session.h"

#include <string.h>

#include "rtmp/aggregate.h"
#include "rtmp/chunk-reader.h"
#include "rtmp/command.h"
#include "rtmp/control.h"
#include "rtmp/error.h"
#include "rtmp/ex-caps.h"
#include "rtmp/handshake.h"

#define OUT_CHUNK_BYTES 4096
/* What OBS says it is: the encoder whose commands it copies, which knew nothing of several tracks.
 */
#define OBS_ENCODER "FMLE/3.0 (compatible; FMSc/1.0)"
#define STREAM_ID 1 /* the only message stream we ever give out; rtmp2sink refuses 0 */

struct UsRtmpServerSession {
  UsRtmpLimits limits;
  UsRtmpServerEvents events;
  gpointer user_data;

  UsRtmpServerState state;
  UsRtmpHandshake *handshake; /* until it is done */
  UsRtmpChunkReader *reader;
  UsRtmpControl control;
  GByteArray *out;
  guint32 chunk_bytes; /* of what we send */
  GByteArray *kept;    /* (nullable): what came behind a publish that waits for its answer */

  guint commands;
  guint early_media;
  guint32 publish_stream_id;
  char *app;
  char *app_query;
  char *tc_url;
  char *encoder;
  char *enhanced; /* (nullable): what the peer knows of Enhanced RTMP */
};

/**
 * us_rtmp_server_session_new:
 * @limits: the limits of its chunk reader
 * @events: (transfer none): the callbacks, copied
 * @user_data: their last argument
 *
 * Returns: (transfer full): a session that waits for the handshake
 */
UsRtmpServerSession *
us_rtmp_server_session_new (const UsRtmpLimits *limits, const UsRtmpServerEvents *events,
                            gpointer user_data) {
  UsRtmpServerSession *session = g_new0 (UsRtmpServerSession, 1);
  session->limits = *limits;
  session->events = *events;
  session->user_data = user_data;
  session->handshake = us_rtmp_handshake_new (US_RTMP_SERVER, NULL);
  session->reader = us_rtmp_chunk_reader_new (limits);
  us_rtmp_chunk_reader_set_max_bytes (session->reader,
                                      MIN (US_RTMP_MAX_COMMAND_BYTES, limits->max_message_bytes),
                                      MIN (US_RTMP_MAX_EARLY_BYTES, limits->max_partial_bytes));
  us_rtmp_control_init (&session->control);
  session->out = g_byte_array_new ();
  session->chunk_bytes = US_RTMP_DEFAULT_CHUNK_BYTES;
  return session;
}

/**
 * us_rtmp_server_session_free:
 * @session: (nullable) (transfer full): a session
 */
void
us_rtmp_server_session_free (UsRtmpServerSession *session) {
  if (session == NULL)
    return;
  us_rtmp_handshake_free (session->handshake);
  us_rtmp_chunk_reader_free (session->reader);
  g_byte_array_unref (session->out);
  g_clear_pointer (&session->kept, g_byte_array_unref);
  g_free (session->app);
  g_free (session->app_query);
  g_free (session->tc_url);
  g_free (session->encoder);
  g_free (session->enhanced);
  g_free (session);
}

/**
 * us_rtmp_server_session_get_state:
 * @session: a session
 *
 * Returns: how far the dialogue is
 */
UsRtmpServerState
us_rtmp_server_session_get_state (const UsRtmpServerSession *session) {
  return session->state;
}

/**
 * us_rtmp_server_session_get_received:
 * @session: a session
 *
 * Returns: bytes pushed so far
 */
guint64
us_rtmp_server_session_get_received (const UsRtmpServerSession *session) {
  return session->control.received;
}

/**
 * us_rtmp_server_session_get_partial_bytes:
 * @session: a session
 *
 * Returns: memory set aside for its half-read messages, with what waits behind a publish
 */
gsize
us_rtmp_server_session_get_partial_bytes (const UsRtmpServerSession *session) {
  gsize kept = session->kept != NULL ? session->kept->len : 0;
  return us_rtmp_chunk_reader_get_partial_bytes (session->reader) + kept;
}

/**
 * us_rtmp_server_session_take_output:
 * @session: a session
 *
 * Returns: (transfer full) (nullable): bytes to send to the peer, %NULL when there are none
 */
GBytes *
us_rtmp_server_session_take_output (UsRtmpServerSession *session) {
  if (session->out->len == 0)
    return NULL;
  GByteArray *full = g_steal_pointer (&session->out);
  session->out = g_byte_array_new ();
  return g_byte_array_free_to_bytes (full);
}

static void
write_status (UsRtmpServerSession *session, UsAmf0 *info) {
  us_rtmp_command_write (session->out, session->chunk_bytes, session->publish_stream_id, "onStatus",
                         0.0, us_amf0_new_null (), info, NULL);
}

static void
write_error (UsRtmpServerSession *session, double transaction, const char *code,
             const char *description) {
  us_rtmp_command_write (session->out, session->chunk_bytes, 0, "_error", transaction,
                         us_amf0_new_null (),
                         us_rtmp_command_new_status ("error", code, description), NULL);
}

static gboolean
fail (GError **error, UsRtmpError code, const char *message) {
  g_set_error_literal (error, US_RTMP_ERROR, (gint)code, message);
  return FALSE;
}

/**
 * us_rtmp_server_session_accept:
 * @session: a session whose publish waits for an answer; else nothing happens
 * @info: (nullable): an object whose members are added to the answer
 */
void
us_rtmp_server_session_accept (UsRtmpServerSession *session, const UsAmf0 *info) {
  if (session->state != US_RTMP_SERVER_ASKED)
    return;
  session->state = US_RTMP_SERVER_PUBLISHING;
  us_rtmp_chunk_reader_set_max_bytes (session->reader, session->limits.max_message_bytes,
                                      session->limits.max_partial_bytes);
  UsAmf0 *status = info != NULL && us_amf0_get_type (info) == US_AMF0_OBJECT
                       ? us_amf0_copy (info)
                       : us_amf0_new_object ();
  us_amf0_set (status, "level", us_amf0_new_string ("status"));
  us_amf0_set (status, "code", us_amf0_new_string ("NetStream.Publish.Start"));
  us_amf0_set (status, "description", us_amf0_new_string ("Publishing"));
  write_status (session, status);
}

/**
 * us_rtmp_server_session_refuse:
 * @session: a session whose publish waits for an answer, or one that publishes; else nothing
 * happens
 * @code: "NetStream.Publish.BadName", "NetStream.Publish.Denied" ...
 * @description: why, for the person at the encoder
 *
 * May be called from the media callback; no media comes after it.
 */
void
us_rtmp_server_session_refuse (UsRtmpServerSession *session, const char *code,
                               const char *description) {
  if (session->state != US_RTMP_SERVER_ASKED && session->state != US_RTMP_SERVER_PUBLISHING)
    return;
  session->state = US_RTMP_SERVER_REFUSED;
  write_status (session, us_rtmp_command_new_status ("error", code, description));
}

/**
 * us_rtmp_server_session_ping:
 * @session: a session
 * @now_ms: comes back in the answer, which counts as a sign of life like any other byte
 */
void
us_rtmp_server_session_ping (UsRtmpServerSession *session, guint32 now_ms) {
  us_rtmp_control_write_event (session->out, US_RTMP_PING_REQUEST, now_ms);
}

static void
write_connected (UsRtmpServerSession *session, double transaction) {
  us_rtmp_control_write (session->out, US_RTMP_WINDOW_ACK_SIZE, US_RTMP_WINDOW_BYTES);
  us_rtmp_control_write_bandwidth (session->out, US_RTMP_WINDOW_BYTES);
  us_rtmp_control_write (session->out, US_RTMP_SET_CHUNK_SIZE, OUT_CHUNK_BYTES);
  session->chunk_bytes = OUT_CHUNK_BYTES;

  /* The version of the last Flash Media Server; some encoders look for one (RTMP 1.0 7.2.1.1). */
  UsAmf0 *properties = us_amf0_new_object ();
  us_amf0_set (properties, "fmsVer", us_amf0_new_string ("FMS/3,0,1,123"));
  us_amf0_set (properties, "capabilities", us_amf0_new_number (31));
  /* Encoders of a time before it get the answer that they have always got. */
  if (session->enhanced != NULL)
    us_ex_caps_add (properties);
  UsAmf0 *info = us_rtmp_command_new_status ("status", "NetConnection.Connect.Success",
                                             "Connection succeeded");
  us_amf0_set (info, "objectEncoding", us_amf0_new_number (0));
  us_rtmp_command_write (session->out, session->chunk_bytes, 0, "_result", transaction, properties,
                         info, NULL);
}

static gboolean
on_connect (UsRtmpServerSession *session, const UsRtmpCommand *command, GError **error) {
  if (session->state != US_RTMP_SERVER_OPEN) {
    write_error (session, command->transaction, "NetConnection.Connect.Rejected",
                 "this connection is connected already");
    return fail (error, US_RTMP_ERROR_STATE, "the peer sent connect twice");
  }
  const UsAmf0 *object = us_rtmp_command_get_argument (command, 0);
  g_autoptr (GError) name_error = NULL;
  session->app = us_rtmp_stream_name_new (us_amf0_get (object, "app"), "app", &session->app_query,
                                          &name_error);
  if (session->app == NULL) {
    write_error (session, command->transaction, "NetConnection.Connect.InvalidApp",
                 name_error->message);
    g_propagate_error (error, g_steal_pointer (&name_error));
    return FALSE;
  }
  session->tc_url = us_rtmp_stream_text_new (us_amf0_get (object, "tcUrl"));
  session->encoder = us_rtmp_stream_text_new (us_amf0_get (object, "flashVer"));
  session->enhanced = us_ex_caps_read (object);
  us_rtmp_chunk_reader_set_is_librtmp (session->reader,
                                       strcmp (session->encoder, OBS_ENCODER) == 0);
  session->state = US_RTMP_SERVER_CONNECTED;
  write_connected (session, command->transaction);
  return TRUE;
}

/* A second stream, or the same one again, was never wanted on one connection. */
static gboolean
refuse_second_publish (UsRtmpServerSession *session, GError **error) {
  write_status (session, us_rtmp_command_new_status ("error", "NetStream.Publish.BadName",
                                                     "this connection publishes already"));
  return fail (error, US_RTMP_ERROR_STATE, "the peer sent publish twice");
}

static gboolean
on_publish (UsRtmpServerSession *session, const UsRtmpCommand *command, guint32 stream_id,
            GError **error) {
  if (session->state != US_RTMP_SERVER_CONNECTED)
    return refuse_second_publish (session, error);
  session->publish_stream_id = stream_id != 0 ? stream_id : STREAM_ID;
  g_autofree char *query = NULL;
  g_autoptr (GError) name_error = NULL;
  g_autofree char *key = us_rtmp_stream_name_new (us_rtmp_command_get_argument (command, 1), "key",
                                                  &query, &name_error);
  if (key == NULL) {
    write_status (session, us_rtmp_command_new_status ("error", "NetStream.Publish.Denied",
                                                       name_error->message));
    g_propagate_error (error, g_steal_pointer (&name_error));
    return FALSE;
  }
  session->state = US_RTMP_SERVER_ASKED;
  UsRtmpPublish publish = {
    .app = session->app,
    .key = key,
    .query = query[0] != '\0' ? query : session->app_query,
    .tc_url = session->tc_url,
    .encoder = session->encoder,
    .enhanced = session->enhanced != NULL ? session->enhanced : "",
  };
  session->events.publish (&publish, session->user_data);
  return TRUE;
}

static gboolean
on_unpublish (UsRtmpServerSession *session) {
  /* Before a publish encoders send these to tidy up after an earlier session. */
  if (session->state == US_RTMP_SERVER_PUBLISHING) {
    write_status (session, us_rtmp_command_new_status ("status", "NetStream.Unpublish.Success",
                                                       "Stopped publishing"));
    session->state = US_RTMP_SERVER_ENDED;
  }
  return TRUE;
}

static gboolean
on_play (UsRtmpServerSession *session, guint32 stream_id, GError **error) {
  session->publish_stream_id = stream_id;
  write_status (session,
                us_rtmp_command_new_status ("error", "NetStream.Play.Failed",
                                            "this server takes streams in and plays none"));
  return fail (error, US_RTMP_ERROR_STATE, "the peer wants to play: only publishing is offered");
}

static gboolean
on_command (UsRtmpServerSession *session, const UsRtmpMessage *message, GError **error) {
  static const char *const ends[] = { "FCUnpublish", "deleteStream", "closeStream", NULL };
  static const char *const plays[] = { "play", "play2", NULL };
  if (session->state < US_RTMP_SERVER_PUBLISHING && ++session->commands > US_RTMP_MAX_COMMANDS)
    return fail (error, US_RTMP_ERROR_LIMIT, "too many commands without a publish");
  g_auto (UsRtmpCommand) command = { 0 };
  if (!us_rtmp_command_parse (message, &command, error))
    return FALSE;
  if (strcmp (command.name, "connect") == 0)
    return on_connect (session, &command, error);
  if (session->state == US_RTMP_SERVER_OPEN)
    return fail (error, US_RTMP_ERROR_STATE, "the first command is not connect");
  if (strcmp (command.name, "createStream") == 0)
    us_rtmp_command_write (session->out, session->chunk_bytes, 0, "_result", command.transaction,
                           us_amf0_new_null (), us_amf0_new_number (STREAM_ID), NULL);
  else if (strcmp (command.name, "publish") == 0)
    return on_publish (session, &command, message->stream_id, error);
  else if (g_strv_contains (ends, command.name))
    return on_unpublish (session);
  else if (g_strv_contains (plays, command.name))
    return on_play (session, message->stream_id, error);
  /* releaseStream, FCPublish, _checkbw and whatever else: nobody waits for an answer. */
  return TRUE;
}

/* A data message with its @setDataFrame (Flash Media Server's "keep this") and the byte in front
 * of AMF3 data taken off; the payload is sliced, not copied. */
static void
unwrap_data (UsRtmpMessage *message) {
  static const guint8 wrapper[] = "\x02\x00\x0d@setDataFrame";
  gsize size;
  const guint8 *data = g_bytes_get_data (message->payload, &size);
  gsize skip = message->type == US_RTMP_DATA_AMF3 && size > 0 && data[0] == 0 ? 1 : 0;
  gsize wrapper_size = sizeof wrapper - 1;
  if (size - skip >= wrapper_size && memcmp (data + skip, wrapper, wrapper_size) == 0)
    skip += wrapper_size;
  message->type = US_RTMP_DATA_AMF0;
  if (skip == 0)
    return;
  g_autoptr (GBytes) whole = g_steal_pointer (&message->payload);
  message->payload = g_bytes_new_from_bytes (whole, skip, size - skip);
}

static void
on_media (UsRtmpMessage *message, gpointer user_data) {
  UsRtmpServerSession *session = user_data;
  if (session->state != US_RTMP_SERVER_PUBLISHING)
    return;
  if (message->type == US_RTMP_DATA_AMF0 || message->type == US_RTMP_DATA_AMF3)
    unwrap_data (message);
  session->events.media (message, session->user_data);
}

static gboolean
on_early_media (UsRtmpServerSession *session, GError **error) {
  if (++session->early_media > US_RTMP_MAX_EARLY_MEDIA)
    return fail (error, US_RTMP_ERROR_STATE, "the peer sends media without a publish");
  return TRUE;
}

static gboolean
on_message (UsRtmpServerSession *session, UsRtmpMessage *message, GError **error) {
  if (us_rtmp_control_handle (&session->control, message, session->out))
    return TRUE;
  switch ((guint)message->type) {
  case US_RTMP_COMMAND_AMF0:
  case US_RTMP_COMMAND_AMF3:
    return on_command (session, message, error);
  case US_RTMP_AUDIO:
  case US_RTMP_VIDEO:
  case US_RTMP_DATA_AMF0:
  case US_RTMP_DATA_AMF3:
    if (session->state != US_RTMP_SERVER_PUBLISHING)
      return on_early_media (session, error);
    on_media (message, session);
    return TRUE;
  case US_RTMP_AGGREGATE:
    if (session->state != US_RTMP_SERVER_PUBLISHING)
      return on_early_media (session, error);
    return us_rtmp_aggregate_foreach (message, on_media, session, error);
  default: /* shared objects and unknown types */
    return TRUE;
  }
}

static gboolean
push_chunks (UsRtmpServerSession *session, const guint8 *data, gsize size, GError **error) {
  while (session->state < US_RTMP_SERVER_ENDED && session->state != US_RTMP_SERVER_ASKED) {
    g_auto (UsRtmpMessage) message = { 0 };
    switch (us_rtmp_chunk_reader_push (session->reader, &data, &size, &message, error)) {
    case US_RTMP_CHUNK_MESSAGE:
      if (!on_message (session, &message, error))
        return FALSE;
      break;
    case US_RTMP_CHUNK_ERROR:
      return FALSE;
    case US_RTMP_CHUNK_MORE:
    default:
      return TRUE;
    }
  }
  if (session->state == US_RTMP_SERVER_ASKED && size > 0) {
    session->kept = session->kept != NULL ? session->kept : g_byte_array_new ();
    g_byte_array_append (session->kept, data, (guint)size);
  }
  return TRUE;
}

/* What was kept goes first, once the answer is known. */
static gboolean
push_kept (UsRtmpServerSession *session, GError **error) {
  if (session->kept == NULL || session->state == US_RTMP_SERVER_ASKED)
    return TRUE;
  g_autoptr (GByteArray) kept = g_steal_pointer (&session->kept);
  return push_chunks (session, kept->data, kept->len, error);
}

/**
 * us_rtmp_server_session_push:
 * @session: a session
 * @data: (array length=size): bytes from the peer, in any portions
 * @size: how many
 * @error: (out): US_RTMP_ERROR or US_AMF0_ERROR
 *
 * All bytes are used up. When the state is ended or refused they are ignored. When it is asked they
 * are kept: encoders that do not wait for the answer send their sequence headers and the first key
 * frame behind the publish, and never again. So nothing more is to be read from the peer until the
 * answer, and then push is to be called, with whatever there is or with nothing.
 * On an error the output may hold a last reply, to be sent before closing; push is not called
 * again.
 *
 * Returns: %FALSE when the connection has to be closed
 */
gboolean
us_rtmp_server_session_push (UsRtmpServerSession *session, const guint8 *data, gsize size,
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
    session->state = US_RTMP_SERVER_OPEN;
  }
  if (!push_kept (session, error) || !push_chunks (session, data, size, error))
    return FALSE;
  us_rtmp_control_received (&session->control, received, session->out);
  return TRUE;
}
