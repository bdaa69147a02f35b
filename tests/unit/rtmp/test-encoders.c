/* test-encoders.c - what encoders send, chunk by chunk, and what the server makes of it
 *
 * The dialogues are the text files in tests/fixtures/rtmp. A line begins with
 *   "#"  words for people, also behind bytes
 *   ">"  the title of a block: what the publisher sends now, in hexadecimal on the lines below
 *   "<"  what the server answers to the block
 *   "="  what came out of it: a publish, media with time and kind, "ended"
 * Each is replayed against the real session, the bytes of a block in portions of several sizes, and
 * every answer and every message is compared where it belongs. No two blocks are pushed together:
 * an encoder waits for its answers.
 */
#include <string.h>

#include "fixture.h"
#include "rtmp/bytes.h"
#include "rtmp/chunk-reader.h"
#include "rtmp/codec-config.h"
#include "rtmp/command.h"
#include "rtmp/flv.h"
#include "rtmp/server-session.h"

typedef struct {
  UsRtmpServerSession *session;
  UsRtmpChunkReader *replies;
  gsize handshake_left; /* bytes of S0 to S2 still to come */
  GPtrArray *out;       /* lines as they stand in the fixture */
  gsize step;           /* how many bytes are pushed at once */
} Replay;

static void
G_GNUC_PRINTF (2, 3) note (Replay *replay, const char *format, ...) {
  va_list args;
  va_start (args, format);
  g_ptr_array_add (replay->out, g_strdup_vprintf (format, args));
  va_end (args);
}

static void
on_publish (const UsRtmpPublish *publish, gpointer user_data) {
  Replay *replay = user_data;
  note (replay, "= publish app=%s key=%s query=%s encoder=%s knows=%s", publish->app, publish->key,
        publish->query, publish->encoder, publish->enhanced);
  us_rtmp_server_session_accept (replay->session, NULL);
}

static void
note_config (Replay *replay, const UsRtmpMessage *message, const UsFlvTag *tag,
             const guint8 *data) {
  UsVideoConfig video = { 0 };
  UsAacConfig aac = { 0 };
  if (message->type == US_RTMP_AUDIO) {
    g_assert_true (us_flv_parse_aac_config (data, tag->data_size, &aac, NULL));
    note (replay, "= audio %u %s config %u Hz %u", message->timestamp_ms, tag->codec_name,
          aac.sample_rate_hz, aac.channels);
    return;
  }
  g_assert_true (tag->codec == US_CODEC_HEVC
                     ? us_flv_parse_hevc_config (data, tag->data_size, &video, NULL)
                     : us_flv_parse_avc_config (data, tag->data_size, &video, NULL));
  note (replay, "= video %u %s config %ux%u", message->timestamp_ms, tag->codec_name, video.width,
        video.height);
}

static void
note_frame (Replay *replay, const UsRtmpMessage *message, const UsFlvTag *tag) {
  gboolean is_video = message->type == US_RTMP_VIDEO;
  g_autofree char *shown = tag->composition_time_ms != 0
                               ? g_strdup_printf (" shown %+d", tag->composition_time_ms)
                               : g_strdup ("");
  note (replay, "= %s %u %s %sframe%s", is_video ? "video" : "audio", message->timestamp_ms,
        tag->codec_name, is_video && tag->is_keyframe ? "key " : "", shown);
}

static void
on_media (UsRtmpMessage *message, gpointer user_data) {
  static const char *const kinds[] = {
    [US_FLV_UNSUPPORTED] = "unsupported",
    [US_FLV_END] = "end",
    [US_FLV_EMPTY] = "empty",
    [US_FLV_METADATA] = "metadata",
  };
  Replay *replay = user_data;
  gsize size;
  const guint8 *data = g_bytes_get_data (message->payload, &size);
  g_assert_cmpuint (message->stream_id, ==, 1);
  if (message->type == US_RTMP_DATA_AMF0) {
    g_assert_cmpuint (size, >, 3);
    note (replay, "= data %u %.*s", message->timestamp_ms, (int)MIN (data[2], size - 3), data + 3);
    return;
  }
  gboolean is_video = message->type == US_RTMP_VIDEO;
  UsFlvTag tag;
  g_assert_true (is_video ? us_flv_parse_video (data, size, &tag, NULL)
                          : us_flv_parse_audio (data, size, &tag, NULL));
  if (tag.kind == US_FLV_CONFIG)
    note_config (replay, message, &tag, data + tag.data_offset);
  else if (tag.kind == US_FLV_FRAME)
    note_frame (replay, message, &tag);
  else if (tag.kind == US_FLV_OTHER_TRACK)
    note (replay, "= %s %u other track", is_video ? "video" : "audio", message->timestamp_ms);
  else
    note (replay, "= %s %u %s %s", is_video ? "video" : "audio", message->timestamp_ms,
          tag.codec_name, kinds[tag.kind]);
}

static void
note_reply (const UsRtmpMessage *message, GString *words) {
  if (message->type == US_RTMP_WINDOW_ACK_SIZE)
    g_string_append (words, " window-ack-size");
  else if (message->type == US_RTMP_SET_PEER_BANDWIDTH)
    g_string_append (words, " peer-bandwidth");
  else if (message->type != US_RTMP_COMMAND_AMF0)
    g_string_append_printf (words, " message-type-%d", message->type);
  if (message->type != US_RTMP_COMMAND_AMF0)
    return;
  g_auto (UsRtmpCommand) command = { 0 };
  g_assert_true (us_rtmp_command_parse (message, &command, NULL));
  const UsAmf0 *info = us_rtmp_command_get_argument (&command, 1);
  const char *code = us_amf0_get_string (us_amf0_get (info, "code"), NULL);
  if (code != NULL)
    g_string_append_printf (words, " %s:%s", command.name, code);
  else
    g_string_append_printf (words, " %s=%g", command.name, us_amf0_get_number (info, -1));
}

/* One line for all that the server answers to a block. */
static void
note_replies (Replay *replay) {
  g_autoptr (GBytes) output = us_rtmp_server_session_take_output (replay->session);
  if (output == NULL)
    return;
  g_autoptr (GString) words = g_string_new ("<");
  gsize size;
  const guint8 *p = g_bytes_get_data (output, &size);
  gsize skip = MIN (size, replay->handshake_left);
  replay->handshake_left -= skip;
  p += skip;
  size -= skip;
  for (;;) {
    g_auto (UsRtmpMessage) message = { 0 };
    g_autoptr (GError) error = NULL;
    UsRtmpChunkResult result
        = us_rtmp_chunk_reader_push (replay->replies, &p, &size, &message, &error);
    g_assert_no_error (error);
    if (result == US_RTMP_CHUNK_MORE)
      break;
    note_reply (&message, words);
  }
  if (words->len > 1)
    g_ptr_array_insert (replay->out, 0, g_strdup (words->str));
}

static void
push (Replay *replay, const guint8 *data, gsize size) {
  UsRtmpServerState before = us_rtmp_server_session_get_state (replay->session);
  for (gsize at = 0; at < size; at += replay->step) {
    g_autoptr (GError) error = NULL;
    gboolean ok = us_rtmp_server_session_push (replay->session, data + at,
                                               MIN (replay->step, size - at), &error);
    g_assert_no_error (error);
    g_assert_true (ok);
  }
  note_replies (replay);
  UsRtmpServerState after = us_rtmp_server_session_get_state (replay->session);
  if (after != before && after == US_RTMP_SERVER_ENDED)
    note (replay, "= ended");
}

static Replay *
replay_new (gsize step) {
  static const UsRtmpServerEvents events = { on_publish, on_media };
  UsRtmpLimits limits;
  us_rtmp_limits_default (&limits);
  Replay *replay = g_new0 (Replay, 1);
  replay->session = us_rtmp_server_session_new (&limits, &events, replay);
  replay->replies = us_rtmp_chunk_reader_new (&limits);
  replay->handshake_left = 1 + 2 * 1536;
  replay->out = g_ptr_array_new_with_free_func (g_free);
  replay->step = step;
  g_autoptr (GByteArray) hello = g_byte_array_new ();
  fixture_append_zeros (hello, 1 + 2 * 1536);
  hello->data[0] = 3;
  push (replay, hello->data, hello->len);
  return replay;
}

static void
replay_free (Replay *replay) {
  us_rtmp_server_session_free (replay->session);
  us_rtmp_chunk_reader_free (replay->replies);
  g_ptr_array_unref (replay->out);
  g_free (replay);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Replay, replay_free)

/* Pushes a block and compares what came of it with @expected; returns how many bytes it had. */
static gsize
run_block (Replay *replay, const char *title, const GString *hex, const GPtrArray *expected) {
  g_autoptr (GByteArray) bytes = fixture_hex (hex->str);
  g_ptr_array_set_size (replay->out, 0);
  push (replay, bytes->data, bytes->len);
  for (guint i = 0; i < MAX (replay->out->len, expected->len); i++) {
    const char *came = i < replay->out->len ? replay->out->pdata[i] : "nothing";
    const char *should = i < expected->len ? expected->pdata[i] : "nothing";
    if (g_strcmp0 (came, should) != 0)
      g_error ("%s (in portions of %" G_GSIZE_FORMAT "):\n  expected %s\n  came     %s", title,
               replay->step, should, came);
  }
  return bytes->len;
}

static void
run_fixture (const char *text, gsize step) {
  g_autoptr (Replay) replay = replay_new (step);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (GString) hex = g_string_new (NULL);
  g_autoptr (GPtrArray) expected = g_ptr_array_new ();
  const char *title = NULL;
  guint blocks = 0;
  for (guint i = 0; lines[i] != NULL; i++) {
    const char *line = lines[i];
    gboolean is_last = lines[i + 1] == NULL;
    if (line[0] == '<' || line[0] == '=')
      g_ptr_array_add (expected, lines[i]);
    else if (line[0] != '>')
      g_string_append_printf (hex, "%s\n", line);
    if (line[0] != '>' && !is_last)
      continue;
    if (title != NULL) {
      g_assert_cmpuint (run_block (replay, title, hex, expected), >, 0);
      blocks++;
    }
    title = line;
    g_string_truncate (hex, 0);
    g_ptr_array_set_size (expected, 0);
  }
  g_assert_cmpuint (blocks, >=, 8);
}

static void
test_fixture (gconstpointer path) {
  static const gsize steps[] = { 1 << 20, 1, 100, 1448 };
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    run_fixture (text, steps[i]);
}

int
main (int argc, char **argv) {
  static const char *const names[] = {
    "desktop-mixer", "hardware-fmle",          "obs-av1",         "obs-h264",
    "obs-hevc-hdr",  "obs-three-sound-tracks", "obs-without-key", "phone-hevc-id-12",
  };
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *file = g_strconcat (names[i], ".txt", NULL);
    char *path = g_test_build_filename (G_TEST_DIST, "..", "..", "fixtures", "rtmp", file, NULL);
    g_autofree char *name = g_strconcat ("/rtmp/encoders/", names[i], NULL);
    g_test_add_data_func_full (name, path, test_fixture, g_free);
  }
  return g_test_run ();
}
