/* fuzz-rtmp-session.c - a whole connection of a publisher: its bytes in, the dialogue out
 *
 * Unlike fuzz-rtmp-chunk.c the input is a list of messages, so that the fuzzer gets past the chunk
 * layer and into the commands. Each is a byte with its type, one with its message stream (low bits)
 * and how the owner behaves (high bits), two with its length, big-endian, and its payload; the last
 * one may be cut off. The first byte of all says in what portions the chunks are pushed, and
 * whether connect and publish stand in front (bit 7).
 *
 * Whatever comes: the state only goes forward, media and names reach the owner only when and as
 * promised, and answers stay in proportion. */
#include "fuzz-rtmp.h"
#include "rtmp/bytes.h"
#include "rtmp/chunk-reader.h"
#include "rtmp/chunk-writer.h"
#include "rtmp/command.h"
#include "rtmp/server-session.h"

#define MAX_MESSAGES 200
/* The reply to connect with its capabilities is the longest; else a peer gets no more out of us
 * than a few times what it sends. */
#define MAX_ANSWER(received) (2048 + 4 * (received))

enum { ACCEPTS = 0x80, REFUSES = 0x40, PINGS = 0x20 };

typedef struct {
  UsRtmpServerSession *session;
  guint manners;
  guint n_publishes;
  gsize unanswered; /* bytes that came behind a publish */
} Owner;

static void
on_publish (const UsRtmpPublish *publish, gpointer user_data) {
  Owner *owner = user_data;
  const char *const names[] = { publish->app, publish->key };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    if (!g_utf8_validate (names[i], -1, NULL) || strlen (names[i]) > US_RTMP_NAME_MAX)
      g_error ("a name that should have been refused");
    for (const char *p = names[i]; *p != '\0'; p++)
      if (g_ascii_iscntrl (*p))
        g_error ("a control character in a name");
  }
  if (strlen (publish->tc_url) > US_RTMP_TEXT_MAX || strlen (publish->encoder) > US_RTMP_TEXT_MAX
      || strlen (publish->query) > US_RTMP_TEXT_MAX)
    g_error ("a text that should have been cut");
  if (++owner->n_publishes > 1)
    g_error ("two publishes on one connection");
  if ((owner->manners & REFUSES) != 0)
    us_rtmp_server_session_refuse (owner->session, "NetStream.Publish.Denied", "no");
  else if ((owner->manners & ACCEPTS) != 0)
    us_rtmp_server_session_accept (owner->session, NULL);
}

static void
on_media (UsRtmpMessage *message, gpointer user_data) {
  Owner *owner = user_data;
  if (us_rtmp_server_session_get_state (owner->session) != US_RTMP_SERVER_PUBLISHING)
    g_error ("media without a publish");
  if (message->type != US_RTMP_AUDIO && message->type != US_RTMP_VIDEO
      && message->type != US_RTMP_DATA_AMF0)
    g_error ("a message that is no media");
  if ((owner->manners & REFUSES) != 0)
    us_rtmp_server_session_refuse (owner->session, "NetStream.Publish.Denied", "enough");
}

static void
append_start (GByteArray *wire) {
  UsAmf0 *object = us_amf0_new_object ();
  us_amf0_set (object, "app", us_amf0_new_string ("live"));
  us_rtmp_command_write (wire, 128, 0, "connect", 1, object, NULL);
  us_rtmp_command_write (wire, 128, 0, "createStream", 2, us_amf0_new_null (), NULL);
  us_rtmp_command_write (wire, 128, 1, "publish", 3, us_amf0_new_null (),
                         us_amf0_new_string ("key"), us_amf0_new_string ("live"), NULL);
}

/* Returns: %FALSE when the connection is over */
static gboolean
push (Owner *owner, const GByteArray *wire, gsize step) {
  UsRtmpServerState before = us_rtmp_server_session_get_state (owner->session);
  for (gsize at = 0; at < wire->len; at += step) {
    gsize part = MIN (step, wire->len - at);
    g_autofree guint8 *exact = fuzz_exact (wire->data + at, part);
    g_autoptr (GError) error = NULL;
    gboolean ok = us_rtmp_server_session_push (owner->session, exact, part, &error);
    if (ok != (error == NULL))
      g_error ("result and error disagree");
    UsRtmpServerState state = us_rtmp_server_session_get_state (owner->session);
    if (state < before)
      g_error ("the dialogue goes back from %d to %d", before, state);
    before = state;
    if (!ok || state >= US_RTMP_SERVER_ENDED)
      return FALSE;
  }
  return TRUE;
}

static void
take_answers (Owner *owner, const GByteArray *wire) {
  g_autoptr (GBytes) output = us_rtmp_server_session_take_output (owner->session);
  gsize received = wire->len + owner->unanswered;
  if (output != NULL && g_bytes_get_size (output) > MAX_ANSWER (received))
    g_error ("%" G_GSIZE_FORMAT " bytes of answers to %" G_GSIZE_FORMAT, g_bytes_get_size (output),
             received);
  gboolean is_asked = us_rtmp_server_session_get_state (owner->session) == US_RTMP_SERVER_ASKED;
  owner->unanswered = is_asked ? received : 0;
}

/* The next message of the input as chunks, of the size that the peer announced last. */
static gboolean
next_message (const guint8 **data, gsize *size, guint32 *chunk_bytes, GByteArray *wire) {
  if (*size < 4)
    return FALSE;
  const guint8 *p = *data;
  gsize length = MIN ((gsize)(p[2] << 8 | p[3]), *size - 4);
  UsRtmpMessage message
      = { .type = (UsRtmpMessageType)p[0], .chunk_stream = 3, .stream_id = p[1] & 3 };
  us_rtmp_chunk_write (wire, *chunk_bytes, &message, p + 4, length);
  if (message.type == US_RTMP_SET_CHUNK_SIZE && length >= 4)
    *chunk_bytes = CLAMP (us_read_u32 (p + 4) & 0x7fffffff, US_RTMP_MIN_CHUNK_BYTES, 0xffffff);
  *data += 4 + length;
  *size -= 4 + length;
  return TRUE;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size) {
  static const UsRtmpServerEvents events = { on_publish, on_media };
  static const guint8 handshake[1 + 2 * 1536] = { 3 };
  if (size == 0)
    return 0;
  UsRtmpLimits limits;
  us_rtmp_limits_default (&limits);
  Owner owner = { .manners = ACCEPTS };
  g_autoptr (UsRtmpServerSession) session = us_rtmp_server_session_new (&limits, &events, &owner);
  owner.session = session;
  if (!us_rtmp_server_session_push (session, handshake, sizeof handshake, NULL))
    g_error ("the handshake failed");
  g_bytes_unref (us_rtmp_server_session_take_output (session)); /* S0 to S2 */

  gsize step = (data[0] & 0x7f) + 1u;
  guint32 chunk_bytes = US_RTMP_DEFAULT_CHUNK_BYTES;
  gboolean goes_on = TRUE;
  if ((data[0] & 0x80) != 0) {
    g_autoptr (GByteArray) start = g_byte_array_new ();
    append_start (start);
    goes_on = push (&owner, start, step);
    take_answers (&owner, start);
  }
  data++;
  size--;
  for (guint n = 0; goes_on && n < MAX_MESSAGES; n++) {
    g_autoptr (GByteArray) wire = g_byte_array_new ();
    owner.manners = size > 1 ? data[1] : 0;
    if (!next_message (&data, &size, &chunk_bytes, wire))
      break;
    if ((owner.manners & PINGS) != 0)
      us_rtmp_server_session_ping (session, n);
    if (owner.n_publishes > 0 && (owner.manners & ACCEPTS) != 0)
      us_rtmp_server_session_accept (session, NULL); /* the answer comes late */
    goes_on = push (&owner, wire, step);
    take_answers (&owner, wire);
  }
  return 0;
}
