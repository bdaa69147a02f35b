/* assembler.c - messages in, whole raw segments out
 *
 * Pure: no I/O, no clock. One assembler per relay connection. Everything before the first opening
 * mark is dropped, since half a segment would differ from what the twin has; ingest resumes at a
 * segment boundary, so nothing is lost by that. A segment that the next mark does not
 * close (the relay skipped ahead, or ingest withdrew it) is discarded and counted; its number may
 * come again.
 */
#include "packager/assembler.h"

#include <string.h>

#define US_LOG_TOPIC "packager.assembler"
#include "base/log.h"
#include "rtmp/error.h"

/* The latest configuration of a track on this connection. */
typedef struct {
  UsCodec codec;
  GBytes *record; /* (nullable) */
} Config;

struct UsAssembler {
  UsRawSegment *current; /* (nullable) the segment being gathered */
  Config video, audio;
  gboolean is_ended;
  guint64 discarded;
};

static void
access_unit_clear (gpointer data) {
  UsAccessUnit *unit = data;
  g_clear_pointer (&unit->data, g_bytes_unref);
}

/**
 * us_raw_segment_new:
 *
 * Returns: (transfer full): a raw segment without units
 */
UsRawSegment *
us_raw_segment_new (void) {
  UsRawSegment *raw = g_new0 (UsRawSegment, 1);
  raw->units = g_array_new (FALSE, FALSE, sizeof (UsAccessUnit));
  g_array_set_clear_func (raw->units, access_unit_clear);
  return raw;
}

/**
 * us_raw_segment_free:
 * @raw: (nullable) (transfer full): a raw segment
 */
void
us_raw_segment_free (UsRawSegment *raw) {
  if (raw == NULL)
    return;
  g_clear_pointer (&raw->units, g_array_unref);
  g_clear_pointer (&raw->video_config, g_bytes_unref);
  g_clear_pointer (&raw->audio_config, g_bytes_unref);
  g_free (raw);
}

/**
 * us_assembler_new:
 *
 * Returns: (transfer full): an assembler that waits for its first opening mark
 */
UsAssembler *
us_assembler_new (void) {
  return g_new0 (UsAssembler, 1);
}

/**
 * us_assembler_free:
 * @assembler: (nullable) (transfer full): the assembler; an unfinished segment is dropped
 */
void
us_assembler_free (UsAssembler *assembler) {
  if (assembler == NULL)
    return;
  us_raw_segment_free (assembler->current);
  g_clear_pointer (&assembler->video.record, g_bytes_unref);
  g_clear_pointer (&assembler->audio.record, g_bytes_unref);
  g_free (assembler);
}

/**
 * us_assembler_is_ended:
 * @assembler: the assembler
 *
 * Returns: %TRUE after an end mark and before the next opening
 */
gboolean
us_assembler_is_ended (const UsAssembler *assembler) {
  return assembler->is_ended;
}

/**
 * us_assembler_get_discarded:
 * @assembler: the assembler
 *
 * Returns: how many begun segments were thrown away
 */
guint64
us_assembler_get_discarded (const UsAssembler *assembler) {
  return assembler->discarded;
}

static UsRawSegment *
open_segment (UsAssembler *assembler, const UsMark *mark) {
  UsRawSegment *raw = us_raw_segment_new ();
  raw->open = *mark;
  return raw;
}

static UsRawSegment *
take_mark (UsAssembler *assembler, const UsMark *mark) {
  g_autoptr (UsRawSegment) closed = g_steal_pointer (&assembler->current);
  if (closed != NULL && (mark->closes != closed->open.number || closed->units->len == 0)) {
    assembler->discarded++;
    us_info ("segment %" G_GUINT64_FORMAT " is discarded: the relay went on without closing it",
             closed->open.number);
    g_clear_pointer (&closed, us_raw_segment_free);
  }
  if (closed != NULL) {
    closed->end_ms = mark->closes_end_ms;
    closed->discontinuity = mark->discontinuity;
    closed->is_discontinuous = mark->is_discontinuous;
    closed->target_duration_s = mark->target_duration_s;
  }
  assembler->is_ended = mark->number == 0;
  if (mark->number != 0)
    assembler->current = open_segment (assembler, mark);
  return g_steal_pointer (&closed);
}

/* The first unit of a track says its codec, and with which configuration. Ingest starts a new
 * segment when either changes, so whoever mixes them is not ingest. */
static gboolean
note_codec (UsAssembler *assembler, UsRawSegment *raw, gboolean is_video, UsCodec codec,
            GError **error) {
  const Config *config = is_video ? &assembler->video : &assembler->audio;
  UsCodec *known = is_video ? &raw->video_codec : &raw->audio_codec;
  GBytes **record = is_video ? &raw->video_config : &raw->audio_config;
  if (*known == codec)
    return TRUE;
  if (*known != US_CODEC_NONE) {
    g_set_error (error, US_RTMP_ERROR, US_RTMP_ERROR_MEDIA,
                 "segment %" G_GUINT64_FORMAT " changes from %s to %s without a new segment",
                 raw->open.number, us_codec_get_label (*known), us_codec_get_label (codec));
    return FALSE;
  }
  *known = codec;
  if (config->codec == codec && config->record != NULL)
    *record = g_bytes_ref (config->record);
  return TRUE;
}

static gboolean
append_unit (UsAssembler *assembler, const UsRtmpMessage *message, const UsFlvTag *tag,
             GError **error) {
  UsRawSegment *raw = assembler->current;
  gsize size = g_bytes_get_size (message->payload);
  if (raw == NULL)
    return TRUE;
  if (raw->n_bytes + size > US_ASSEMBLER_MAX_BYTES) {
    us_warning ("segment %" G_GUINT64_FORMAT " exceeds %d bytes and is discarded; is the key-frame "
                "interval of the encoder too long?",
                raw->open.number, US_ASSEMBLER_MAX_BYTES);
    g_clear_pointer (&assembler->current, us_raw_segment_free);
    assembler->discarded++;
    return TRUE;
  }
  if (!note_codec (assembler, raw, message->type == US_RTMP_VIDEO, tag->codec, error))
    return FALSE;
  /* The wire has 32 bits of milliseconds, the opening mark has them all. */
  gint32 since_open = (gint32)(message->timestamp_ms - (guint32)raw->open.media_ms);
  UsAccessUnit unit = {
    .is_video = message->type == US_RTMP_VIDEO,
    .is_keyframe = tag->is_keyframe,
    .dts_ms = raw->open.media_ms + since_open,
    .data = g_bytes_new_from_bytes (message->payload, tag->data_offset, tag->data_size),
  };
  unit.pts_ms = unit.dts_ms + tag->composition_time_ms;
  g_array_append_val (raw->units, unit);
  raw->n_bytes += size;
  raw->tracks |= unit.is_video ? US_TRACK_VIDEO : US_TRACK_AUDIO;
  return TRUE;
}

static gboolean
take_media (UsAssembler *assembler, const UsRtmpMessage *message, GError **error) {
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (message->payload, &size);
  gboolean is_video = message->type == US_RTMP_VIDEO;
  UsFlvTag tag = { 0 };
  if (!(is_video ? us_flv_parse_video (data, size, &tag, error)
                 : us_flv_parse_audio (data, size, &tag, error)))
    return FALSE;

  if (tag.kind == US_FLV_FRAME)
    return append_unit (assembler, message, &tag, error);
  if (tag.kind == US_FLV_CONFIG) {
    Config *config = is_video ? &assembler->video : &assembler->audio;
    g_clear_pointer (&config->record, g_bytes_unref);
    config->codec = tag.codec;
    config->record = g_bytes_new_from_bytes (message->payload, tag.data_offset, tag.data_size);
  }
  return TRUE;
}

/**
 * us_assembler_push:
 * @assembler: the assembler
 * @message: one message of the relay connection; its payload is referenced when needed
 * @error: set for a message that makes no sense
 *
 * Returns: (transfer full) (nullable): the segment that @message completed, if any
 */
UsRawSegment *
us_assembler_push (UsAssembler *assembler, const UsRtmpMessage *message, GError **error) {
  if (message->type == US_RTMP_AUDIO || message->type == US_RTMP_VIDEO) {
    (void)!take_media (assembler, message, error);
    return NULL;
  }
  if (message->type != US_RTMP_DATA_AMF0)
    return NULL;
  UsMark mark = { 0 };
  if (!us_mark_decode (message->payload, &mark, error))
    return NULL;
  return take_mark (assembler, &mark);
}
