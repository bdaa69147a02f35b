/* test-server-session.c - whole dialogues with the server's half, without sockets
 *
 * Two of them are what ffmpeg and rtmp2sink really sent; the others are built here, the hostile
 * ones after the failures of other servers.
 */
#include <string.h>

#include "fixture.h"
#include "rtmp/aggregate.h"
#include "rtmp/bytes.h"
#include "rtmp/chunk-reader.h"
#include "rtmp/chunk-writer.h"
#include "rtmp/command.h"
#include "rtmp/control.h"
#include "rtmp/error.h"
#include "rtmp/flv.h"
#include "rtmp/server-session.h"

typedef struct {
  UsRtmpServerSession *session;
  UsRtmpChunkReader *replies;
  gsize handshake_left; /* bytes of S0 to S2 still to come */
  GString *log;         /* what came out, in words */
  const char *refuse;   /* code, or NULL to accept */
  gboolean is_silent;   /* does not answer at all */
  guint refuse_at;      /* refuses in the callback of so many video messages, 0: never */
  guint n_media[32];
  guint n_codecs[US_N_CODECS]; /* frames and configurations of each */
  guint32 last_ms;
  GByteArray *in; /* what the next push sends */
} Dialogue;

static void
on_publish (const UsRtmpPublish *publish, gpointer user_data) {
  Dialogue *d = user_data;
  g_string_append_printf (d->log, "publish(%s,%s,%s) ", publish->app, publish->key, publish->query);
  if (publish->enhanced[0] != '\0')
    g_string_append_printf (d->log, "knows(%s) ", publish->enhanced);
  if (d->is_silent)
    return;
  if (d->refuse != NULL)
    us_rtmp_server_session_refuse (d->session, d->refuse, "because");
  else
    us_rtmp_server_session_accept (d->session, NULL);
}

static void
on_media (UsRtmpMessage *message, gpointer user_data) {
  Dialogue *d = user_data;
  d->n_media[message->type & 31]++;
  d->last_ms = message->timestamp_ms;
  if (d->refuse_at > 0 && d->n_media[US_RTMP_VIDEO] == d->refuse_at)
    us_rtmp_server_session_refuse (d->session, "NetStream.Publish.Denied", "too much");
  gsize size;
  const guint8 *data = g_bytes_get_data (message->payload, &size);
  UsFlvTag tag;
  if (message->type == US_RTMP_VIDEO && us_flv_parse_video (data, size, &tag, NULL))
    d->n_codecs[tag.codec]++;
  if (message->type == US_RTMP_DATA_AMF0 && d->n_media[US_RTMP_DATA_AMF0] == 1 && size > 3)
    g_string_append_printf (d->log, "data(%.*s) ", (int)MIN (data[2], size - 3), data + 3);
}

static Dialogue *
dialogue_new (void) {
  static const UsRtmpServerEvents events = { on_publish, on_media };
  UsRtmpLimits limits;
  us_rtmp_limits_default (&limits);
  Dialogue *d = g_new0 (Dialogue, 1);
  d->session = us_rtmp_server_session_new (&limits, &events, d);
  d->replies = us_rtmp_chunk_reader_new (&limits);
  d->handshake_left = 1 + 2 * 1536;
  d->log = g_string_new (NULL);
  d->in = g_byte_array_new ();
  fixture_append_zeros (d->in, 1 + 2 * 1536);
  d->in->data[0] = 3;
  return d;
}

static void
dialogue_free (Dialogue *d) {
  us_rtmp_server_session_free (d->session);
  us_rtmp_chunk_reader_free (d->replies);
  g_string_free (d->log, TRUE);
  g_byte_array_unref (d->in);
  g_free (d);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Dialogue, dialogue_free)

static void
log_reply (Dialogue *d, const UsRtmpMessage *message) {
  if (message->type != US_RTMP_COMMAND_AMF0) {
    const guint8 *data = g_bytes_get_data (message->payload, NULL);
    if (message->type == US_RTMP_USER_CONTROL)
      g_string_append_printf (d->log, "event%u ", us_read_u16 (data));
    else
      g_string_append_printf (d->log, "control%u ", message->type);
    return;
  }
  g_auto (UsRtmpCommand) command = { 0 };
  g_assert_true (us_rtmp_command_parse (message, &command, NULL));
  const UsAmf0 *info = us_rtmp_command_get_argument (&command, 1);
  const char *code = us_amf0_get_string (us_amf0_get (info, "code"), NULL);
  if (us_amf0_get (us_rtmp_command_get_argument (&command, 0), "capsEx") != NULL)
    g_string_append (d->log, "caps+");
  if (code != NULL)
    g_string_append_printf (d->log, "%s:%s ", command.name, code);
  else
    g_string_append_printf (d->log, "%s=%g ", command.name, us_amf0_get_number (info, -1));
}

static void
read_replies (Dialogue *d) {
  g_autoptr (GBytes) output = us_rtmp_server_session_take_output (d->session);
  if (output == NULL)
    return;
  gsize size;
  const guint8 *p = g_bytes_get_data (output, &size);
  gsize skip = MIN (size, d->handshake_left);
  d->handshake_left -= skip;
  p += skip;
  size -= skip;
  for (;;) {
    g_auto (UsRtmpMessage) message = { 0 };
    g_autoptr (GError) error = NULL;
    UsRtmpChunkResult result = us_rtmp_chunk_reader_push (d->replies, &p, &size, &message, &error);
    g_assert_no_error (error);
    if (result == US_RTMP_CHUNK_MORE)
      return;
    log_reply (d, &message);
  }
}

/* Pushes what was gathered in portions of @step. */
static gboolean
dialogue_push (Dialogue *d, gsize step, GError **error) {
  gboolean ok = TRUE;
  for (gsize at = 0; ok && at < d->in->len; at += step)
    ok = us_rtmp_server_session_push (d->session, d->in->data + at, MIN (step, d->in->len - at),
                                      error);
  g_byte_array_set_size (d->in, 0);
  read_replies (d);
  return ok;
}

static void
assert_pushes (Dialogue *d) {
  g_autoptr (GError) error = NULL;
  dialogue_push (d, 1 << 20, &error);
  g_assert_no_error (error);
}

static void
assert_push_fails (Dialogue *d, UsRtmpError code) {
  g_autoptr (GError) error = NULL;
  g_assert_false (dialogue_push (d, 1 << 20, &error));
  g_assert_error (error, US_RTMP_ERROR, (gint)code);
}

static void
add_connect (Dialogue *d, UsAmf0 *app) {
  UsAmf0 *object = us_amf0_set (us_amf0_new_object (), "app", app);
  us_rtmp_command_write (d->in, 128, 0, "connect", 1.0, object, NULL);
}

static void
add_publish (Dialogue *d, UsAmf0 *key) {
  us_rtmp_command_write (d->in, 128, 1, "publish", 5.0, us_amf0_new_null (), key,
                         us_amf0_new_string ("live"), NULL);
}

static void
add_simple (Dialogue *d, const char *name) {
  us_rtmp_command_write (d->in, 128, 0, name, 0.0, us_amf0_new_null (), NULL);
}

static void
add_message (Dialogue *d, UsRtmpMessageType type, const char *hex) {
  g_autoptr (GByteArray) body = fixture_hex (hex);
  UsRtmpMessage message = { .type = type, .chunk_stream = 6, .stream_id = 1, .timestamp_ms = 1000 };
  us_rtmp_chunk_write (d->in, 128, &message, body->data, body->len);
}

static Dialogue *
publishing_new (void) {
  Dialogue *d = dialogue_new ();
  add_connect (d, us_amf0_new_string ("live"));
  add_publish (d, us_amf0_new_string ("key"));
  assert_pushes (d);
  g_assert_cmpint (us_rtmp_server_session_get_state (d->session), ==, US_RTMP_SERVER_PUBLISHING);
  g_string_truncate (d->log, 0);
  return d;
}

#define CONNECTED "control5 control6 _result:NetConnection.Connect.Success "
#define STARTED "onStatus:NetStream.Publish.Start "

static void
replay (const char *fixture, const char *log, guint audio, guint video, guint data, UsCodec codec) {
  static const gsize steps[] = { 1 << 20, 1, 100, 1448 };
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    g_autoptr (Dialogue) d = dialogue_new ();
    g_autoptr (GByteArray) sent = fixture_load (fixture);
    g_byte_array_append (d->in, sent->data, sent->len);
    g_autoptr (GError) error = NULL;
    dialogue_push (d, steps[i], &error);
    g_assert_no_error (error);
    g_string_truncate (d->log,
                       strlen (log)); /* a repeated line, such as of Unpublish, may follow */
    g_assert_cmpuint (d->n_media[US_RTMP_AUDIO], ==, audio);
    g_assert_cmpuint (d->n_media[US_RTMP_VIDEO], ==, video);
    g_assert_cmpuint (d->n_media[US_RTMP_DATA_AMF0], ==, data);
    g_assert_cmpuint (d->n_codecs[codec], ==, video);
    g_assert_cmpint (us_rtmp_server_session_get_state (d->session), ==, US_RTMP_SERVER_ENDED);
    g_assert_cmpstr (d->log->str, ==, log);
  }
}

static void
test_ffmpeg (void) {
  /* createStream comes as type 3 chunk; the callbacks log before the replies are read. */
  replay ("ffmpeg-5.1-mystream.hex",
          "publish(mystream,,) data(onMetaData) " CONNECTED "_result=1 " STARTED
          "onStatus:NetStream.Unpublish.Success ",
          24, 7, 1, US_CODEC_H264);
}

/* Enhanced RTMP: fourCcList in connect, HEVC under its FourCC. */
static void
test_ffmpeg_hevc (void) {
  replay ("ffmpeg-7.1-live-hevc.hex",
          "publish(live,hevc,) knows(hvc1,av01,vp09) data(onMetaData) control5 control6 "
          "caps+_result:NetConnection.Connect.Success _result=1 " STARTED
          "onStatus:NetStream.Unpublish.Success ",
          46, 7, 1, US_CODEC_HEVC);
}

static void
test_rtmp2sink (void) {
  replay ("rtmp2sink-1.22-live-gst.hex",
          "publish(live,gst,) data(onMetaData) " CONNECTED "_result=1 ", 24, 7, 3, US_CODEC_H264);
}

static void
test_obs (void) {
  /* Set Chunk Size before connect, one csid for all media, a query in the key. */
  g_autoptr (Dialogue) d = dialogue_new ();
  us_rtmp_control_write (d->in, US_RTMP_SET_CHUNK_SIZE, 4096);
  g_autofree char *swf_url = g_strnfill (1000, 'u');
  UsAmf0 *object = us_amf0_set (us_amf0_new_object (), "app", us_amf0_new_string ("live"));
  us_amf0_set (object, "swfUrl", us_amf0_new_string (swf_url));
  us_rtmp_command_write (d->in, 4096, 0, "connect", 1.0, object, NULL);
  add_simple (d, "releaseStream");
  add_simple (d, "FCPublish");
  add_simple (d, "createStream");
  add_simple (d, "_checkbw");
  add_publish (d, us_amf0_new_string ("key?bwtest=1"));
  assert_pushes (d);
  g_assert_cmpstr (d->log->str, ==, "publish(live,key,bwtest=1) " CONNECTED "_result=1 " STARTED);
}

static void
test_query_of_the_app_counts_when_the_key_has_none (void) {
  g_autoptr (Dialogue) d = dialogue_new ();
  add_connect (d, us_amf0_new_string ("live?tok=1"));
  add_publish (d, us_amf0_new_null ());
  assert_pushes (d);
  g_assert_true (g_str_has_prefix (d->log->str, "publish(live,,tok=1) "));
}

static void
test_amf3_command (void) {
  g_autoptr (Dialogue) d = dialogue_new ();
  add_message (d, US_RTMP_COMMAND_AMF3, "00 02 0007 636f6e6e656374 00 3ff0000000000000 05");
  assert_pushes (d);
  g_assert_cmpstr (d->log->str, ==, CONNECTED);
}

static void
test_accept_with_info (void) {
  g_autoptr (Dialogue) d = dialogue_new ();
  d->is_silent = TRUE;
  add_connect (d, us_amf0_new_string ("live"));
  add_publish (d, us_amf0_new_string ("key"));
  assert_pushes (d);
  g_assert_cmpint (us_rtmp_server_session_get_state (d->session), ==, US_RTMP_SERVER_ASKED);
  g_autoptr (UsAmf0) info = us_amf0_new_object ();
  us_amf0_set (info, "understudyLast", us_amf0_new_number (42));
  us_amf0_set (info, "code", us_amf0_new_string ("not yours to say"));
  us_rtmp_server_session_accept (d->session, info);
  us_rtmp_server_session_accept (d->session, info); /* once is enough */
  g_autoptr (GBytes) output = us_rtmp_server_session_take_output (d->session);
  gsize size;
  const guint8 *p = g_bytes_get_data (output, &size);
  g_auto (UsRtmpMessage) message = { 0 };
  g_assert_cmpint (us_rtmp_chunk_reader_push (d->replies, &p, &size, &message, NULL), ==,
                   US_RTMP_CHUNK_MESSAGE);
  g_assert_cmpuint (size, ==, 0);
  g_assert_cmpuint (message.stream_id, ==, 1);
  g_auto (UsRtmpCommand) command = { 0 };
  g_assert_true (us_rtmp_command_parse (&message, &command, NULL));
  const UsAmf0 *status = us_rtmp_command_get_argument (&command, 1);
  g_assert_cmpfloat (us_amf0_get_number (us_amf0_get (status, "understudyLast"), 0), ==, 42);
  g_assert_cmpstr (us_amf0_get_string (us_amf0_get (status, "code"), ""), ==,
                   "NetStream.Publish.Start");
}

/* Encoders that do not wait for the answer send what comes once, and more than a little, behind
 * their publish: nothing of it is lost, in whatever portions it comes. */
static void
test_media_behind_publish (void) {
  static const gsize steps[] = { 1 << 20, 1, 100 };
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    g_autoptr (Dialogue) d = dialogue_new ();
    g_autoptr (GError) error = NULL;
    d->is_silent = TRUE;
    add_connect (d, us_amf0_new_string ("live"));
    add_publish (d, us_amf0_new_string ("key"));
    for (guint k = 0; k <= US_RTMP_MAX_EARLY_MEDIA; k++)
      add_message (d, US_RTMP_VIDEO, "17 00");
    dialogue_push (d, steps[i], &error);
    g_assert_no_error (error);
    g_assert_cmpint (us_rtmp_server_session_get_state (d->session), ==, US_RTMP_SERVER_ASKED);
    g_assert_cmpuint (d->n_media[US_RTMP_VIDEO], ==, 0);
    us_rtmp_server_session_accept (d->session, NULL);
    g_assert_true (us_rtmp_server_session_push (d->session, NULL, 0, &error));
    g_assert_cmpuint (d->n_media[US_RTMP_VIDEO], ==, US_RTMP_MAX_EARLY_MEDIA + 1);
    add_message (d, US_RTMP_VIDEO, "17 01");
    assert_pushes (d);
    g_assert_cmpuint (d->n_media[US_RTMP_VIDEO], ==, US_RTMP_MAX_EARLY_MEDIA + 2);
  }
}

static void
test_media_behind_a_refused_publish (void) {
  g_autoptr (Dialogue) d = dialogue_new ();
  d->is_silent = TRUE;
  add_connect (d, us_amf0_new_string ("live"));
  add_publish (d, us_amf0_new_string ("key"));
  add_message (d, US_RTMP_VIDEO, "17 00");
  assert_pushes (d);
  us_rtmp_server_session_refuse (d->session, "NetStream.Publish.Denied", "because");
  assert_pushes (d);
  g_assert_true (us_rtmp_server_session_push (d->session, NULL, 0, NULL));
  g_assert_cmpuint (d->n_media[US_RTMP_VIDEO], ==, 0);
}

static void
test_refuse (void) {
  g_autoptr (Dialogue) d = dialogue_new ();
  d->refuse = "NetStream.Publish.BadName";
  add_connect (d, us_amf0_new_string ("live"));
  add_publish (d, us_amf0_new_string ("key"));
  add_message (d, US_RTMP_VIDEO, "17 01");
  assert_pushes (d);
  g_assert_cmpint (us_rtmp_server_session_get_state (d->session), ==, US_RTMP_SERVER_REFUSED);
  g_assert_true (g_str_has_suffix (d->log->str, "onStatus:NetStream.Publish.BadName "));
  g_assert_cmpuint (d->n_media[US_RTMP_VIDEO], ==, 0);
}

/* A publisher that was accepted and turned out to be no good hears why; nothing passes after it,
 * not even from the same read. */
static void
test_refuse_while_publishing (void) {
  g_autoptr (Dialogue) d = dialogue_new ();
  d->refuse_at = 2;
  add_connect (d, us_amf0_new_string ("live"));
  add_publish (d, us_amf0_new_string ("key"));
  for (guint i = 0; i < 5; i++)
    add_message (d, US_RTMP_VIDEO, "17 01");
  assert_pushes (d);
  g_assert_cmpint (us_rtmp_server_session_get_state (d->session), ==, US_RTMP_SERVER_REFUSED);
  g_assert_true (g_str_has_suffix (d->log->str, "onStatus:NetStream.Publish.Start "
                                                "onStatus:NetStream.Publish.Denied "));
  g_assert_cmpuint (d->n_media[US_RTMP_VIDEO], ==, 2);
  us_rtmp_server_session_refuse (d->session, "NetStream.Publish.Denied", "again");
  g_assert_null (us_rtmp_server_session_take_output (d->session));
}

static void
test_names (void) {
  g_autofree char *large = g_strnfill (300, 'x');
  UsAmf0 *apps[]
      = { us_amf0_new_string (large), us_amf0_new_string ("a\x01"), us_amf0_new_number (1) };
  for (guint i = 0; i < G_N_ELEMENTS (apps); i++) {
    g_autoptr (Dialogue) d = dialogue_new ();
    add_connect (d, apps[i]);
    assert_push_fails (d, US_RTMP_ERROR_NAME);
    g_assert_cmpstr (d->log->str, ==, "_error:NetConnection.Connect.InvalidApp ");
  }
  UsAmf0 *keys[]
      = { us_amf0_new_string (large), us_amf0_new_string ("k\n"), us_amf0_new_object () };
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++) {
    g_autoptr (Dialogue) d = dialogue_new ();
    add_connect (d, us_amf0_new_string ("live"));
    add_publish (d, keys[i]);
    assert_push_fails (d, US_RTMP_ERROR_NAME);
    g_assert_cmpstr (d->log->str, ==, CONNECTED "onStatus:NetStream.Publish.Denied ");
  }
}

static void
test_null_where_an_object_is_expected (void) {
  g_autoptr (Dialogue) d = dialogue_new ();
  add_simple (d, "connect"); /* command object null, as nginx-rtmp 23e1873 */
  us_rtmp_command_write (d->in, 128, 0, "publish", 0.0, NULL);
  assert_pushes (d);
  g_assert_cmpstr (d->log->str, ==, "publish(,,) " CONNECTED STARTED);
}

static void
test_order (void) {
  g_autoptr (Dialogue) first = dialogue_new ();
  add_simple (first, "createStream");
  assert_push_fails (first, US_RTMP_ERROR_STATE);

  g_autoptr (Dialogue) twice = dialogue_new ();
  add_connect (twice, us_amf0_new_string ("live"));
  add_connect (twice, us_amf0_new_string ("live"));
  assert_push_fails (twice, US_RTMP_ERROR_STATE);
  g_assert_cmpstr (twice->log->str, ==, CONNECTED "_error:NetConnection.Connect.Rejected ");

  g_autoptr (Dialogue) again = publishing_new ();
  add_publish (again, us_amf0_new_string ("other"));
  assert_push_fails (again, US_RTMP_ERROR_STATE);
  g_assert_cmpstr (again->log->str, ==, "onStatus:NetStream.Publish.BadName ");

  g_autoptr (Dialogue) play = dialogue_new ();
  add_connect (play, us_amf0_new_string ("live"));
  add_simple (play, "play");
  assert_push_fails (play, US_RTMP_ERROR_STATE);
  g_assert_cmpstr (play->log->str, ==, CONNECTED "onStatus:NetStream.Play.Failed ");
}

static void
test_endless_create_stream (void) {
  g_autoptr (Dialogue) d = dialogue_new ();
  add_connect (d, us_amf0_new_string ("live"));
  for (guint i = 0; i < US_RTMP_MAX_COMMANDS; i++)
    add_simple (d, "createStream");
  assert_push_fails (d, US_RTMP_ERROR_LIMIT);
}

static void
test_media_before_publish (void) {
  g_autoptr (Dialogue) d = dialogue_new ();
  add_connect (d, us_amf0_new_string ("live"));
  for (guint i = 0; i < US_RTMP_MAX_EARLY_MEDIA; i++)
    add_message (d, US_RTMP_VIDEO, "17 01");
  assert_pushes (d);
  g_assert_cmpuint (d->n_media[US_RTMP_VIDEO], ==, 0);
  add_message (d, US_RTMP_VIDEO, "17 01");
  assert_push_fails (d, US_RTMP_ERROR_STATE);
}

static void
test_large_message_before_publish (void) {
  g_autoptr (Dialogue) d = dialogue_new ();
  g_autoptr (GByteArray) header = fixture_hex ("06 000000 010001 14 00000000");
  g_byte_array_append (d->in, header->data, header->len);
  assert_push_fails (d, US_RTMP_ERROR_LIMIT);
}

/* What a stranger announces is bounded in all; whoever is let in may send pictures. */
static void
test_half_messages_before_publish (void) {
  for (guint is_publishing = 0; is_publishing < 2; is_publishing++) {
    g_autoptr (Dialogue) d = is_publishing != 0 ? publishing_new () : dialogue_new ();
    for (guint8 csid = 4; csid < 8; csid++) {
      const guint8 header[] = { csid, 0, 0, 0, 1, 0, 0, 9, 1, 0, 0, 0 };
      g_byte_array_append (d->in, header, sizeof header);
      fixture_append_zeros (d->in, 128);
    }
    assert_pushes (d);
    g_assert_cmpuint (us_rtmp_server_session_get_partial_bytes (d->session), ==,
                      US_RTMP_MAX_EARLY_BYTES);
    g_autoptr (GByteArray) fifth = fixture_hex ("08 000000 000001 09 01000000");
    g_byte_array_append (d->in, fifth->data, fifth->len);
    if (is_publishing != 0)
      assert_pushes (d);
    else
      assert_push_fails (d, US_RTMP_ERROR_LIMIT);
  }
}

static void
test_ends (void) {
  static const char *const names[] = { "FCUnpublish", "deleteStream", "closeStream" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (Dialogue) d = publishing_new ();
    /* With the key where others send an id, and with nothing at all. */
    us_rtmp_command_write (d->in, 128, 0, names[i], 0.0, us_amf0_new_null (),
                           us_amf0_new_string ("key"), NULL);
    add_simple (d, names[i]);
    assert_pushes (d);
    g_assert_cmpint (us_rtmp_server_session_get_state (d->session), ==, US_RTMP_SERVER_ENDED);
  }
  g_autoptr (Dialogue) early = dialogue_new ();
  add_connect (early, us_amf0_new_string ("live"));
  add_simple (early, "deleteStream");
  add_publish (early, us_amf0_new_string ("key"));
  assert_pushes (early);
  g_assert_cmpint (us_rtmp_server_session_get_state (early->session), ==,
                   US_RTMP_SERVER_PUBLISHING);
}

static void
test_data_is_unwrapped (void) {
  static const char *const sent[] = {
    "02 000d 40736574446174614672616d65 02 000a 6f6e4d65746144617461 05",
    "02 000a 6f6e4d65746144617461 05",
  };
  for (guint i = 0; i < G_N_ELEMENTS (sent); i++) {
    g_autoptr (Dialogue) d = publishing_new ();
    add_message (d, US_RTMP_DATA_AMF0, sent[i]);
    assert_pushes (d);
    g_assert_cmpstr (d->log->str, ==, "data(onMetaData) ");
    g_autofree char *amf3 = g_strconcat ("00", sent[i], NULL);
    g_autoptr (Dialogue) other = publishing_new ();
    add_message (other, US_RTMP_DATA_AMF3, amf3);
    assert_pushes (other);
    g_assert_cmpstr (other->log->str, ==, "data(onMetaData) ");
  }
  g_autoptr (Dialogue) empty = publishing_new ();
  add_message (empty, US_RTMP_DATA_AMF0, "");
  add_message (empty, US_RTMP_DATA_AMF3, "");
  add_message (empty, US_RTMP_DATA_AMF0, "02 000d 4073");
  assert_pushes (empty);
  g_assert_cmpuint (empty->n_media[US_RTMP_DATA_AMF0], ==, 3);
}

static void
test_aggregate (void) {
  g_autoptr (Dialogue) d = publishing_new ();
  add_message (d, US_RTMP_AGGREGATE,
               "08 000002 000064 00 000000 af01 0000000d" /* audio at 100 */
               "09 000001 000078 00 000000 17 0000000c"   /* video at 120 */
               "16 000001 000078 00 000000 17 0000000c"   /* an aggregate inside: skipped */
               "09 000000 000080 00 000000");             /* no back pointer */
  assert_pushes (d);
  g_assert_cmpuint (d->n_media[US_RTMP_AUDIO], ==, 1);
  g_assert_cmpuint (d->n_media[US_RTMP_VIDEO], ==, 2);
  g_assert_cmpuint (d->last_ms, ==, 1028);
  add_message (d, US_RTMP_AGGREGATE, "09 00ffff 000000 00 000000 17");
  assert_push_fails (d, US_RTMP_ERROR_PROTOCOL);
}

static void
keep_payload (UsRtmpMessage *message, gpointer user_data) {
  GBytes **kept = user_data;
  g_clear_pointer (kept, g_bytes_unref);
  *kept = g_steal_pointer (&message->payload);
}

static void
set_flag (gpointer flag) {
  *(gboolean *)flag = TRUE;
}

/* Who keeps one small message does not keep the megabytes that it came in, which nobody counts. */
static void
test_aggregate_is_let_go (void) {
  static const guint8 bytes[] = { 8, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0xaf, 1, 0, 0, 0, 13 };
  gboolean is_gone = FALSE;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) kept = NULL;
  UsRtmpMessage aggregate
      = { .type = US_RTMP_AGGREGATE,
          .payload = g_bytes_new_with_free_func (bytes, sizeof bytes, set_flag, &is_gone) };
  g_assert_true (us_rtmp_aggregate_foreach (&aggregate, keep_payload, &kept, &error));
  g_assert_no_error (error);
  g_bytes_unref (aggregate.payload);
  g_assert_true (is_gone);
  g_assert_cmpmem (g_bytes_get_data (kept, NULL), g_bytes_get_size (kept), bytes + 11, 2);
}

static void
test_control (void) {
  g_autoptr (Dialogue) d = publishing_new ();
  add_message (d, US_RTMP_USER_CONTROL, "0006 00001234"); /* ping */
  add_message (d, US_RTMP_USER_CONTROL, "0007 00001234");
  add_message (d, US_RTMP_USER_CONTROL, "0abc 00");
  add_message (d, US_RTMP_USER_CONTROL, "00");
  add_message (d, US_RTMP_USER_CONTROL, "");
  add_message (d, US_RTMP_SET_PEER_BANDWIDTH, "00010000 02");
  add_message (d, US_RTMP_ACKNOWLEDGEMENT, "00010000");
  add_message (d, (UsRtmpMessageType)19, "0000"); /* shared objects */
  add_message (d, (UsRtmpMessageType)255, "0000");
  assert_pushes (d);
  g_assert_cmpstr (d->log->str, ==, "event7 control5 ");
}

static void
test_acknowledgement (void) {
  g_autoptr (Dialogue) d = publishing_new ();
  add_message (d, US_RTMP_WINDOW_ACK_SIZE, "00000000"); /* no window: ignored */
  add_message (d, US_RTMP_WINDOW_ACK_SIZE, "00001000");
  assert_pushes (d);
  g_string_truncate (d->log, 0);
  guint64 before = us_rtmp_server_session_get_received (d->session);
  guint acks = 0;
  while (us_rtmp_server_session_get_received (d->session) - before < 10 * 4096) {
    add_message (d, US_RTMP_VIDEO, "27 01 000000 00");
    assert_pushes (d);
  }
  for (const char *p = d->log->str; (p = strstr (p, "control3")) != NULL; p++)
    acks++;
  g_assert_cmpuint (acks, >=, 9);
  g_assert_cmpuint (acks, <=, 11);
}

static void
test_garbage_commands (void) {
  static const struct {
    const char *hex;
    GQuark (*domain) (void);
  } cases[] = {
    { "", us_rtmp_error_quark },
    { "00 3ff0000000000000", us_rtmp_error_quark }, /* a number for a name */
    { "02 0007 636f6e6e", us_amf0_error_quark },
    { "02 0007 636f6e6e656374 00 3ff0000000000000 0a ffffffff", us_amf0_error_quark },
    { "11 11 11", us_amf0_error_quark },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (Dialogue) d = dialogue_new ();
    add_message (d, US_RTMP_COMMAND_AMF0, cases[i].hex);
    g_autoptr (GError) error = NULL;
    g_assert_false (dialogue_push (d, 1 << 20, &error));
    g_assert_cmpuint (error->domain, ==, cases[i].domain ());
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add_func ("/rtmp/server-session/" name, func)
  ADD ("ffmpeg", test_ffmpeg);
  ADD ("ffmpeg-hevc", test_ffmpeg_hevc);
  ADD ("rtmp2sink", test_rtmp2sink);
  ADD ("obs", test_obs);
  ADD ("query-of-the-app", test_query_of_the_app_counts_when_the_key_has_none);
  ADD ("amf3-command", test_amf3_command);
  ADD ("accept-with-info", test_accept_with_info);
  ADD ("media-behind-publish", test_media_behind_publish);
  ADD ("media-behind-a-refused-publish", test_media_behind_a_refused_publish);
  ADD ("refuse", test_refuse);
  ADD ("refuse-while-publishing", test_refuse_while_publishing);
  ADD ("names", test_names);
  ADD ("null-for-an-object (nginx-rtmp 23e1873)", test_null_where_an_object_is_expected);
  ADD ("order", test_order);
  ADD ("endless-create-stream (SRS 607)", test_endless_create_stream);
  ADD ("media-before-publish", test_media_before_publish);
  ADD ("large-message-before-publish", test_large_message_before_publish);
  ADD ("half-messages-before-publish", test_half_messages_before_publish);
  ADD ("ends", test_ends);
  ADD ("data-is-unwrapped", test_data_is_unwrapped);
  ADD ("aggregate", test_aggregate);
  ADD ("aggregate-is-let-go", test_aggregate_is_let_go);
  ADD ("control", test_control);
  ADD ("acknowledgement", test_acknowledgement);
  ADD ("garbage-commands", test_garbage_commands);
  return g_test_run ();
}
