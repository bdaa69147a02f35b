/* input.c - codec bookkeeping of one track
 *
 * Two of them live in a stream's segmenter. A new configuration is only noted here; the segmenter
 * adopts it where an epoch starts. Configurations repeat (on every reconnect, or every second with
 * some encoders) and are compared by bytes, since each change costs viewers a DISCONTINUITY.
 * Parameter sets inside the video are left alone: they repeat the header's.
 *
 * What is kept of a message is what packagers and other servers understand: track 0 alone, without
 * what Enhanced RTMP can wrap around it, and HEVC that an encoder marked as H.264 under a mark of
 * its own.
 */
#define US_LOG_TOPIC "ingest.input"
#include "ingest/input.h"

#include "base/log.h"
#include "rtmp/flv-write.h"

/* CodecID of HEVC in the first byte of a video message, as many encoders send it */
#define LEGACY_HEVC 0x0c

static const char *const drop_names[US_DROP_N] = {
  [US_DROP_UNSUPPORTED] = "unsupported",
  [US_DROP_MALFORMED] = "malformed",
  [US_DROP_NO_CONFIG] = "no-config",
  [US_DROP_EMPTY] = "empty",
  [US_DROP_ORDER] = "order",
  [US_DROP_NO_KEYFRAME] = "no-keyframe",
  [US_DROP_EARLY] = "early",
  [US_DROP_CHANGING] = "changing",
  [US_DROP_OTHER_TRACK] = "other-track",
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
  g_clear_pointer (&config->record, g_bytes_unref);
  config->codec = US_CODEC_NONE;
}

static gboolean
config_equals (const UsInputConfig *config, UsCodec codec, GBytes *record) {
  if (config->codec != codec || (config->record == NULL) != (record == NULL))
    return FALSE;
  return record == NULL || g_bytes_equal (config->record, record);
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
  input->unusable++;
  return drop (input, US_DROP_MALFORMED);
}

static UsInputResult
drop_without_config (UsInput *input, gboolean is_keyframe) {
  if (!input->is_video || is_keyframe || input->unusable > 0)
    input->unusable++;
  return drop (input, US_DROP_NO_CONFIG);
}

/* Notes a codec and configuration; going back to what is in force cancels a change.
 * @header: (nullable): payload that tells packagers; @record: (nullable): what is compared */
static UsInputResult
note_config (UsInput *input, UsCodec codec, GBytes *header, GBytes *record) {
  if (config_equals (&input->current, codec, record)) {
    input->is_changing = FALSE;
    config_clear (&input->next);
    return US_INPUT_NOTHING;
  }
  if (input->is_changing && config_equals (&input->next, codec, record))
    return US_INPUT_NOTHING;
  config_clear (&input->next);
  input->next.codec = codec;
  input->next.header = header != NULL ? g_bytes_ref (header) : NULL;
  input->next.record = record != NULL ? g_bytes_ref (record) : NULL;
  input->is_changing = TRUE;
  return US_INPUT_CHANGED;
}

static gboolean
check_sound_config (UsInput *input, UsCodec codec, const guint8 *data, gsize size, GError **error) {
  UsAacConfig aac = { 0 };
  UsOpusConfig opus = { 0 };
  if (codec == US_CODEC_OPUS) {
    if (!us_flv_parse_opus_config (data, size, &opus, error))
      return FALSE;
    input->sound = (UsSoundConfig){ 48000, opus.channels };
    return TRUE;
  }
  if (!us_flv_parse_aac_config (data, size, &aac, error))
    return FALSE;
  input->sound = (UsSoundConfig){ aac.sample_rate_hz, aac.channels };
  return TRUE;
}

static gboolean
check_config (UsInput *input, UsCodec codec, const guint8 *data, gsize size, GError **error) {
  if (!input->is_video)
    return check_sound_config (input, codec, data, size, error);
  UsVideoConfig picture = { 0 };
  if (!(codec == US_CODEC_HEVC ? us_flv_parse_hevc_config (data, size, &picture, error)
                               : us_flv_parse_avc_config (data, size, &picture, error)))
    return FALSE;
  input->picture = picture;
  return TRUE;
}

static UsInputResult
push_config (UsInput *input, const char *stream, GBytes *payload, const UsFlvTag *tag) {
  g_autoptr (GBytes) record = g_bytes_new_from_bytes (payload, tag->data_offset, tag->data_size);
  gsize size;
  const guint8 *data = g_bytes_get_data (record, &size);
  g_autoptr (GError) error = NULL;
  UsCodec codec = tag->codec;
  if (!check_config (input, codec, data, size, &error)) {
    if (codec != US_CODEC_H264 || !check_config (input, US_CODEC_HEVC, data, size, NULL))
      return drop_malformed (input, stream, error->message);
    codec = US_CODEC_HEVC;
  }
  input->is_disguised = codec != tag->codec;
  if (input->is_disguised) {
    g_autoptr (GBytes) header = us_flv_write_config (codec, data, size);
    return note_config (input, codec, header, record);
  }
  g_autoptr (GBytes) header = us_flv_write_plain (payload, tag);
  return note_config (input, codec, header, record);
}

/* HEVC under the mark of H.264 and without a configuration: its key frames bring the parameter
 * sets. (OBS before 29.1) */
static void
look_behind_disguise (UsInput *input, const char *stream, const UsFlvTag *tag, const guint8 *data) {
  if (!input->is_video || !tag->is_legacy || tag->codec != US_CODEC_H264 || !tag->is_keyframe
      || (us_input_is_known (input) && !input->is_disguised))
    return;
  g_autoptr (GBytes) record = us_flv_gather_hevc_config (data, tag->data_size);
  if (record == NULL)
    return;
  gsize size;
  const guint8 *bytes = g_bytes_get_data (record, &size);
  if (!check_config (input, US_CODEC_HEVC, bytes, size, NULL))
    return;
  if (!input->is_disguised)
    us_info ("%s: the encoder marks HEVC as H.264", stream);
  g_autoptr (GBytes) header = us_flv_write_config (US_CODEC_HEVC, bytes, size);
  input->is_disguised = TRUE;
  (void)note_config (input, US_CODEC_HEVC, header, record);
}

static GBytes *
take_off_disguise (GBytes *payload) {
  gsize size;
  const guint8 *data = g_bytes_get_data (payload, &size);
  guint8 *copy = g_memdup2 (data, size);
  copy[0] = (guint8)((copy[0] & 0xf0) | LEGACY_HEVC);
  return g_bytes_new_take (copy, size);
}

/* Codecs that say in every frame what they are. */
static gboolean
note_self_described (UsInput *input, UsCodec codec, const guint8 *data, gsize size) {
  UsSoundConfig sound = { 0 };
  gboolean is_read = us_flv_read_sound_frame (codec, data, size, &sound);
  if (is_read)
    input->sound = sound;
  if (codec == US_CODEC_MP3) { /* a bit reservoir may begin anywhere: no reason to refuse it */
    (void)note_config (input, codec, NULL, NULL);
    return TRUE;
  }
  if (!is_read)
    return FALSE;
  g_autoptr (GBytes) record = g_bytes_new (&sound, sizeof sound);
  (void)note_config (input, codec, NULL, record);
  return TRUE;
}

static UsInputResult
push_frame (UsInput *input, const char *stream, GBytes *payload, const UsFlvTag *tag,
            UsInputFrame *frame) {
  const guint8 *data = (const guint8 *)g_bytes_get_data (payload, NULL) + tag->data_offset;
  UsCodec codec = tag->codec;
  if (tag->data_size == 0)
    return drop (input, US_DROP_EMPTY);
  if (!us_codec_has_config (codec) && !note_self_described (input, codec, data, tag->data_size))
    return drop_malformed (input, stream, "frames without the header of their codec");
  look_behind_disguise (input, stream, tag, data);
  gboolean is_disguised = input->is_disguised && tag->is_legacy && codec == US_CODEC_H264;
  if (is_disguised)
    codec = US_CODEC_HEVC;
  UsCodec latest = input->is_changing ? input->next.codec : input->current.codec;
  if (latest != codec)
    return drop_without_config (input, tag->is_keyframe);
  frame->is_keyframe = input->is_video && tag->is_keyframe;
  frame->composition_ms = tag->composition_time_ms;
  frame->payload = is_disguised ? take_off_disguise (payload) : us_flv_write_plain (payload, tag);
  input->frames++;
  return US_INPUT_FRAME;
}

static UsInputResult
drop_unsupported (UsInput *input, const char *stream, const char *codec_name) {
  gboolean is_new = input->unsupported == NULL;
  input->unsupported = codec_name;
  if (is_new) {
    g_autofree char *why = us_input_explain_unsupported (input);
    us_warning ("%s: %s is ignored: %s", stream, input->label, why);
  }
  return drop (input, US_DROP_UNSUPPORTED);
}

static void
count_other_tracks (UsInput *input, const char *stream, guint n) {
  input->dropped[US_DROP_OTHER_TRACK] += n;
  if (n > 0 && !input->is_tracks_logged)
    us_warning ("%s: the encoder sends more than one %s track; only track 0 is used", stream,
                input->label);
  input->is_tracks_logged |= n > 0;
}

/**
 * us_input_explain_unsupported:
 * @input: a track that has an unsupported codec
 *
 * Returns: (transfer full): a sentence that names codec and remedy
 */
char *
us_input_explain_unsupported (const UsInput *input) {
  return g_strdup_printf ("the %s codec %s cannot be put into MPEG-TS segments; set the encoder to "
                          "%s",
                          input->label,
                          input->unsupported != NULL ? input->unsupported : "of this stream",
                          input->is_video ? "H.264 or HEVC" : "AAC, MP3, Opus, AC-3 or E-AC-3");
}

/**
 * us_input_push:
 * @input: the track
 * @stream: name of the stream, for the log
 * @payload: an RTMP audio or video message
 * @frame: (out): with %US_INPUT_FRAME: what is to be stored
 *
 * Returns: what the message is; what is unusable was counted and, once, logged
 */
UsInputResult
us_input_push (UsInput *input, const char *stream, GBytes *payload, UsInputFrame *frame) {
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (payload, &size);
  UsFlvTag tag = { 0 };
  g_autoptr (GError) error = NULL;
  input->bytes += size;
  if (size == 0)
    return drop (input, US_DROP_EMPTY);
  input->has_data = TRUE;
  if (!(input->is_video ? us_flv_parse_video (data, size, &tag, &error)
                        : us_flv_parse_audio (data, size, &tag, &error)))
    return drop_malformed (input, stream, error->message);
  count_other_tracks (input, stream, tag.n_other_tracks);
  switch (tag.kind) {
  case US_FLV_UNSUPPORTED:
    return drop_unsupported (input, stream, tag.codec_name);
  case US_FLV_CONFIG:
    return push_config (input, stream, payload, &tag);
  case US_FLV_FRAME:
    return push_frame (input, stream, payload, &tag, frame);
  case US_FLV_END:
  case US_FLV_METADATA:
  case US_FLV_OTHER_TRACK:
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
 * us_input_is_unusable:
 * @input: the track
 *
 * Returns: %TRUE when the publisher sends the track, but never said what is needed to package it:
 *   the codec configuration (sequence header) is missing, or broken
 */
gboolean
us_input_is_unusable (const UsInput *input) {
  return !us_input_is_known (input) && input->unsupported == NULL
         && input->unusable >= US_INPUT_UNUSABLE;
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
  input->is_fault_logged = input->is_tracks_logged = FALSE;
  input->is_disguised = input->has_data = FALSE;
  input->unsupported = NULL;
  input->unusable = 0;
  input->picture = (UsVideoConfig){ 0 };
  input->sound = (UsSoundConfig){ 0 };
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
