/* fakes.c - see fakes.h; everything runs in the test's thread */
#include "fakes.h"

#include "unit/ingest/media.h"

/* ---------------------------------------------------------------------------------- server */

static void
segment_free (gpointer data) {
  FakeSegment *segment = data;
  g_byte_array_unref (segment->bytes);
  g_free (segment);
}

/* One connection. */
typedef struct {
  FakeServer *server;
  guint64 offset; /* of the stream's numbers in the table */
  FakeSegment *current;
} FakePeer;

static guint64
offset_of (FakeServer *server, const char *key) {
  guint index = 0;
  if (!g_ptr_array_find_with_equal_func (server->keys, key, g_str_equal, &index)) {
    index = server->keys->len;
    g_ptr_array_add (server->keys, g_strdup (key));
  }
  return (guint64)index << 40;
}

static void
on_publish (UsRtmpConnection *connection, const UsRtmpPublish *publish, gpointer user_data) {
  FakePeer *peer = user_data;
  FakeServer *server = peer->server;
  server->connection = connection;
  server->n_publishes++;
  g_free (server->key);
  server->key = g_strdup_printf ("%s/%s", publish->app, publish->key);
  peer->offset = offset_of (server, server->key);
  g_autoptr (UsAmf0) info = us_amf0_new_object ();
  if (server->is_packager)
    us_amf0_set (info, US_MARK_RESUME,
                 us_amf0_new_number ((double)fake_server_last_closed (server)));
  else if (server->has_resume)
    us_amf0_set (info, US_MARK_RESUME, us_amf0_new_number ((double)server->resume));
  us_rtmp_connection_accept (connection, info);
}

static void
take_mark (FakePeer *peer, const UsMark *mark) {
  if (mark->closes != 0) {
    g_assert_nonnull (peer->current); /* only what was sent on this connection is closed */
    g_assert_cmpuint (peer->current->opening.number, ==, mark->closes);
    peer->current->closing = *mark;
  } else if (peer->current != NULL) {
    peer->server->n_abandoned++;
    peer->server->n_abandoned_items += peer->current->n_items;
  }
  peer->current = NULL;
  if (mark->number == 0) {
    peer->server->n_end_marks++;
    return;
  }
  FakeSegment *segment = g_new0 (FakeSegment, 1);
  segment->opening = *mark;
  segment->bytes = g_byte_array_new ();
  peer->current = segment;
  guint64 number = peer->offset + mark->number;
  guint64 *key = g_memdup2 (&number, sizeof number);
  g_hash_table_replace (peer->server->segments, key, segment);
}

static void
on_media (UsRtmpConnection *connection, UsRtmpMessage *message, gpointer user_data) {
  FakePeer *peer = user_data;
  FakeServer *server = peer->server;
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (message->payload, &size);
  if (message->type == US_RTMP_DATA_AMF0) {
    UsMark mark;
    GError *error = NULL;
    server->n_data++;
    g_assert_true (us_mark_decode (message->payload, &mark, &error));
    take_mark (peer, &mark);
    return;
  }
  gboolean is_config = size > 1 && data[1] == 0 && data[0] != 0x2f;
  guint track = message->type == US_RTMP_VIDEO;
  if (is_config) {
    server->n_configs++;
    return;
  }
  server->n_media++;
  if (message->timestamp_ms < server->last_ms[track])
    server->is_rising = FALSE;
  server->last_ms[track] = message->timestamp_ms;
  if (peer->current != NULL) {
    g_byte_array_append (peer->current->bytes, (const guint8 *)&message->timestamp_ms, 4);
    g_byte_array_append (peer->current->bytes, data, (guint)size);
    peer->current->n_items++;
  }
}

static void
on_closed (UsRtmpConnection *connection, gboolean is_clean, const char *reason,
           gpointer user_data) {
  FakePeer *peer = user_data;
  FakeServer *server = peer->server;
  server->n_closed++;
  if (server->connection == connection)
    server->connection = NULL;
  g_free (peer);
}

static void
on_connection (UsRtmpConnection *connection, gpointer user_data) {
  static const UsRtmpHandler handler = { on_publish, on_media, on_closed };
  FakePeer *peer = g_new0 (FakePeer, 1);
  peer->server = user_data;
  us_rtmp_connection_set_handler (connection, &handler, peer);
}

FakeServer *
fake_server_new (guint16 port, gboolean has_own_loop) {
  FakeServer *server = g_new0 (FakeServer, 1);
  UsRtmpListenerSettings settings
      = { .address = "127.0.0.1", .port = port, .inherited_fd = -1, .max_connections = 1000 };
  us_rtmp_limits_default (&settings.limits);
  server->is_rising = TRUE;
  server->segments = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, segment_free);
  server->keys = g_ptr_array_new_with_free_func (g_free);
  if (has_own_loop) {
    server->context = g_main_context_new ();
    g_main_context_push_thread_default (server->context);
  }
  GError *error = NULL;
  server->listener = us_rtmp_listener_new (&settings, on_connection, server, &error);
  g_assert_no_error (error);
  if (has_own_loop)
    g_main_context_pop_thread_default (server->context);
  return server;
}

char *
fake_server_url (FakeServer *server) {
  return g_strdup_printf ("rtmp://127.0.0.1:%u/live", us_rtmp_listener_get_port (server->listener));
}

FakeSegment *
fake_server_get (FakeServer *server, guint64 number) {
  return g_hash_table_lookup (server->segments, &number);
}

guint64
fake_server_last_closed (FakeServer *server) {
  guint64 last = 0;
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, server->segments);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    FakeSegment *segment = value;
    if (segment->closing.closes != 0)
      last = MAX (last, segment->opening.number);
  }
  return last;
}

void
fake_server_run (FakeServer *server) {
  g_main_context_push_thread_default (server->context);
  while (g_main_context_iteration (server->context, FALSE))
    continue;
  g_main_context_pop_thread_default (server->context);
}

void
fake_server_free (FakeServer *server) {
  us_rtmp_listener_free (server->listener);
  g_hash_table_unref (server->segments);
  g_ptr_array_unref (server->keys);
  g_clear_pointer (&server->context, g_main_context_unref);
  g_free (server->key);
  g_free (server);
}

/* ---------------------------------------------------------------------------------- encoder */

static void
message_free (gpointer data) {
  UsRtmpMessage *message = data;
  us_rtmp_message_clear (message);
  g_free (message);
}

static void
encoder_pump (Encoder *encoder) {
  if (!encoder->is_ready || encoder->is_closed)
    return;
  UsRtmpMessage *message = g_queue_peek_head (&encoder->queue);
  while (message != NULL
         && us_rtmp_client_send (encoder->client, message->type, message->timestamp_ms,
                                 message->payload)) {
    message_free (g_queue_pop_head (&encoder->queue));
    message = g_queue_peek_head (&encoder->queue);
  }
  us_rtmp_client_flush (encoder->client);
  if (message == NULL && encoder->is_finishing)
    us_rtmp_client_finish (encoder->client);
}

static void
on_ready (UsRtmpClient *client, const UsAmf0 *info, gpointer user_data) {
  Encoder *encoder = user_data;
  encoder->is_ready = TRUE;
  encoder_pump (encoder);
}

static void
on_writable (UsRtmpClient *client, gpointer user_data) {
  encoder_pump (user_data);
}

static void
on_client_closed (UsRtmpClient *client, const GError *error, gpointer user_data) {
  Encoder *encoder = user_data;
  encoder->is_closed = TRUE;
  encoder->fault = g_strdup (error != NULL ? error->message : "");
}

Encoder *
encoder_new (guint16 port, const char *path) {
  static const UsRtmpClientHandler handler = { on_ready, on_writable, on_client_closed };
  Encoder *encoder = g_new0 (Encoder, 1);
  g_autofree char *url = g_strdup_printf ("rtmp://127.0.0.1:%u/%s", port, path);
  GError *error = NULL;
  g_queue_init (&encoder->queue);
  encoder->client = us_rtmp_client_new (url, 20000, &handler, encoder, &error);
  g_assert_no_error (error);
  return encoder;
}

void
encoder_send (Encoder *encoder, UsRtmpMessageType type, gint64 time_ms, GBytes *payload) {
  UsRtmpMessage *message = g_new0 (UsRtmpMessage, 1);
  message->type = type;
  message->timestamp_ms = (guint32)time_ms;
  message->payload = payload;
  g_queue_push_tail (&encoder->queue, message);
}

void
encoder_send_configs (Encoder *encoder, guint8 variant) {
  encoder_send (encoder, US_RTMP_VIDEO, encoder->time_ms, media_video_config (variant));
  encoder_send (encoder, US_RTMP_AUDIO, encoder->time_ms, media_audio_config (FALSE));
}

void
encoder_send_media (Encoder *encoder, gint64 length_ms, gsize frame_bytes) {
  for (gint64 end_ms = encoder->time_ms + length_ms; encoder->time_ms < end_ms;
       encoder->time_ms += 40) {
    guint32 stamp = (guint32)encoder->time_ms;
    encoder_send (encoder, US_RTMP_VIDEO, encoder->time_ms,
                  media_video (encoder->time_ms % 1000 == 0, stamp, frame_bytes));
    encoder_send (encoder, US_RTMP_AUDIO, encoder->time_ms + 5, media_audio (stamp));
    encoder_send (encoder, US_RTMP_AUDIO, encoder->time_ms + 28, media_audio (stamp + 1));
  }
  encoder_pump (encoder);
}

void
encoder_flush (Encoder *encoder) {
  encoder_pump (encoder);
}

void
encoder_finish (Encoder *encoder) {
  encoder->is_finishing = TRUE;
  encoder_pump (encoder);
}

void
encoder_free (Encoder *encoder) {
  us_rtmp_client_free (encoder->client);
  g_queue_clear_full (&encoder->queue, message_free);
  g_free (encoder->fault);
  g_free (encoder);
}

/* ---------------------------------------------------------------------------------- waiting */

static gboolean
on_watchdog (gpointer user_data) {
  g_error ("waited 30 s in vain: %s", (const char *)user_data);
  return G_SOURCE_REMOVE;
}

static gboolean
on_poll (gpointer user_data) {
  return G_SOURCE_CONTINUE;
}

void
wait_until (WaitFunc func, gpointer data, FakeServer *also, const char *what) {
  guint watchdog = g_timeout_add_seconds (30, on_watchdog, (gpointer)what);
  guint poll = also != NULL ? g_timeout_add (1, on_poll, NULL) : 0;
  while (!func (data)) {
    if (also != NULL)
      fake_server_run (also);
    g_main_context_iteration (NULL, TRUE);
  }
  g_source_remove (watchdog);
  if (poll != 0)
    g_source_remove (poll);
}
