/* input.c - codec bookkeeping of one track
 *
 * Two of them live in a stream's segmenter. A new configuration is only noted here; the segmenter
 * adopts it where an epoch starts. Configurations repeat (on every reconnect, or every second with
 * some encoders) and are compared by bytes, since each change costs viewers a DISCONTINUITY.
 * Parameter sets inside the video are left alone: they repeat the header's.
 */
#define US_LOG_TOPIC "ingest.input"
#include "ingest/input.h"

#include "base/log.h"

static const char *const drop_names[US_DROP_N] = {
  [US_DROP_UNSUPPORTED] = "unsupported",
  [US_DROP_MALFORMED] = "malformed",
  [US_DROP_NO_CONFIG] = "no-config",
  [US_DROP_EMPTY] = "empty",
  [US_DROP_ORDER] = "order",
  [US_DROP_NO_KEYFRAME] = "no-keyframe",
  [US_DROP_EARLY] = "early",
  [US_DROP_CHANGING] = "changing",
  [US_DROP_TAIL] = "tail",
};

/**
 * us_drop_to_string:
 * @drop: a reason
 *
 * Returns: (transfer none): its name in metrics and status
 */
const char *
us_drop_to_string (UsDrop drop) {
  g_return_val_if_fail (drop < US_DROP_N, "unknown");
  return drop_names[drop];
}

static void
config_clear (UsInputConfig *config) {
  g_clear_pointer (&config->header, g_bytes_unref);
  config->codec = US_CODEC_NONE;
}

static gboolean
config_equals (const UsInputConfig *config, UsCodec codec, GBytes *header) {
  if (config->codec != codec || (config->header == NULL) != (header == NULL))
    return FALSE;
  return header == NULL || g_bytes_equal (config->header, header);
}

/**
 * us_input_init:
 * @input: (out): set up without a codec
 * @is_video: which track
 */
void
us_input_init (UsInput *input, gboolean is_video) {
  *input = (UsInput){ .label = is_video ? "video" : "audio", .is_video = is_video };
}

static UsInputResult
drop (UsInput *input, UsDrop reason) {
  input->dropped[reason]++;
  return US_INPUT_NOTHING;
}

static UsInputResult
drop_malformed (UsInput *input, const char *stream, const char *fault) {
  if (!input->is_fault_logged)
    us_warning ("%s: %s ignored until it is well-formed: %s", stream, input->label, fault);
  input->is_fault_logged = TRUE;
  return drop (input, US_DROP_MALFORMED);
}

/* Notes a codec and configuration; going back to what is in force cancels a change. */
static UsInputResult
note_config (UsInput *input, UsCodec codec, GBytes *header) {
  if (config_equals (&input->current, codec, header)) {
    input->is_changing = FALSE;
    config_clear (&input->next);
    return US_INPUT_NOTHING;
  }
  if (input->is_changing && config_equals (&input->next, codec, header))
    return US_INPUT_NOTHING;
  config_clear (&input->next);
  input->next.codec = codec;
  input->next.header = header != NULL ? g_bytes_ref (header) : NULL;
  input->is_changing = TRUE;
  return US_INPUT_CHANGED;
}

static gboolean
check_config (UsInput *input, const guint8 *data, gsize size, GError **error) {
  if (input->is_video) {
    UsAvcConfig avc = { 0 };
    if (!us_flv_parse_avc_config (data, size, &avc, error))
      return FALSE;
    input->avc = avc;
    return TRUE;
  }
  UsAacConfig aac = { 0 };
  if (!us_flv_parse_aac_config (data, size, &aac, error))
    return FALSE;
  input->aac = aac;
  return TRUE;
}

static UsInputResult
push_frame (UsInput *input, const UsFlvTag *tag, gsize size, gboolean *is_keyframe) {
  if (size <= tag->data_offset)
    return drop (input, US_DROP_EMPTY);
  if (tag->codec == US_CODEC_MP3)
    (void)note_config (input, US_CODEC_MP3, NULL);
  UsCodec latest = input->is_changing ? input->next.codec : input->current.codec;
  if (latest != tag->codec)
    return drop (input, US_DROP_NO_CONFIG);
  *is_keyframe = input->is_video && tag->is_keyframe;
  input->frames++;
  return US_INPUT_FRAME;
}

/**
 * us_input_push:
 * @input: the track
 * @stream: name of the stream, for the log
 * @payload: an RTMP audio or video message
 * @is_keyframe: (out): with %US_INPUT_FRAME: whether it is a key frame of video
 *
 * Returns: what the message is; what is unusable was counted and, once, logged
 */
UsInputResult
us_input_push (UsInput *input, const char *stream, GBytes *payload, gboolean *is_keyframe) {
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (payload, &size);
  UsFlvTag tag = { 0 };
  g_autoptr (GError) error = NULL;
  input->bytes += size;
  if (size == 0)
    return drop (input, US_DROP_EMPTY);
  if (!(input->is_video ? us_flv_parse_video (data, size, &tag, &error)
                        : us_flv_parse_audio (data, size, &tag, &error)))
    return drop_malformed (input, stream, error->message);
  switch (tag.kind) {
  case US_FLV_UNSUPPORTED:
    if (input->unsupported == NULL)
      us_warning ("%s: %s codec %s is not supported and is ignored; supported are H.264, AAC and "
                  "MP3",
                  stream, input->label, tag.codec_name);
    input->unsupported = tag.codec_name;
    return drop (input, US_DROP_UNSUPPORTED);
  case US_FLV_CONFIG:
    if (!check_config (input, data + tag.data_offset, size - tag.data_offset, &error))
      return drop_malformed (input, stream, error->message);
    return note_config (input, tag.codec, payload);
  case US_FLV_FRAME:
    return push_frame (input, &tag, size, is_keyframe);
  case US_FLV_END:
    return US_INPUT_NOTHING;
  case US_FLV_EMPTY:
  default:
    return drop (input, US_DROP_EMPTY);
  }
}

/**
 * us_input_is_known:
 * @input: the track
 *
 * Returns: %TRUE when the publisher has said what the track's codec is
 */
gboolean
us_input_is_known (const UsInput *input) {
  return input->is_changing || input->current.codec != US_CODEC_NONE;
}

/**
 * us_input_adopt:
 * @input: the track; the configuration that waits comes into force
 */
void
us_input_adopt (UsInput *input) {
  if (!input->is_changing)
    return;
  config_clear (&input->current);
  input->current = input->next;
  input->next = (UsInputConfig){ 0 };
  input->is_changing = FALSE;
}

/**
 * us_input_forget:
 * @input: the track; another publisher begins, counters stay
 */
void
us_input_forget (UsInput *input) {
  config_clear (&input->current);
  config_clear (&input->next);
  input->is_changing = FALSE;
  input->is_fault_logged = FALSE;
  input->unsupported = NULL;
}

/**
 * us_input_clear:
 * @input: the track
 */
void
us_input_clear (UsInput *input) {
  config_clear (&input->current);
  config_clear (&input->next);
}
