/* probe-packed.c - the inspection of packed audio: frames without any container
 *
 * RFC 8216 3.4: AAC with ADTS headers, MP3, AC-3 or E-AC-3, behind an ID3 tag whose private frame
 * holds the time of the first sample as a transport stream would count it. Only for inspections:
 * the switcher does not join such renditions. Pure. */
#include "hls/mpegts-packet.h"
#include "hls/probe-private.h"

#include <string.h>

#define ID3_HEADER 10
#define ID3_FRAME 10
#define OWNER "com.apple.streaming.transportStreamTimestamp"
#define TICKS_PER_SECOND 90000

static gboolean
is_id3 (UsMp4Reader rest) {
  return rest.size >= ID3_HEADER && memcmp (rest.data, "ID3", 3) == 0;
}

/* Seven bits of each byte. */
static gsize
read_synchsafe (UsMp4Reader *reader) {
  gsize value = 0;
  for (guint i = 0; i < 4; i++)
    value = value << 7 | (us_mp4_read (reader, 1) & 0x7f);
  return value;
}

/* ID3 2.4: steps over the tag. @ticks: (out): set when it holds the time */
static gboolean
read_tag (UsMp4Reader *rest, gint64 *ticks, GError **error) {
  us_mp4_skip (rest, 6);
  gsize size = read_synchsafe (rest);
  if (size > rest->size)
    return us_probe_fail (US_PROBE_ERROR_BROKEN, error, "an ID3 tag that is cut off");
  UsMp4Reader tag = { .data = rest->data, .size = size };
  us_mp4_skip (rest, size);
  while (tag.size >= ID3_FRAME) {
    gboolean is_private = memcmp (tag.data, "PRIV", 4) == 0;
    us_mp4_skip (&tag, 4);
    gsize length = read_synchsafe (&tag);
    us_mp4_skip (&tag, 2);
    if (length > tag.size)
      break; /* padding, or not for us */
    if (is_private && length == sizeof OWNER + 8 && memcmp (tag.data, OWNER, sizeof OWNER) == 0) {
      UsMp4Reader value = { .data = tag.data + sizeof OWNER, .size = 8 };
      *ticks = (gint64)(us_mp4_read (&value, 8) & ((G_GUINT64_CONSTANT (1) << 33) - 1));
    }
    us_mp4_skip (&tag, length);
  }
  return TRUE;
}

/* The stream type in whose words audio-frame.c reads what begins at @data; 0: none */
static guint16
find_type (const guint8 *data, gsize size) {
  UsAudioFrame frame;
  if (us_audio_frame_read (US_MPEGTS_TYPE_AAC, data, size, &frame))
    return US_MPEGTS_TYPE_AAC;
  if (us_audio_frame_read (US_MPEGTS_TYPE_MP3, data, size, &frame))
    return US_MPEGTS_TYPE_MP3;
  if (size < 6 || !us_audio_frame_read (US_MPEGTS_TYPE_EAC3, data, size, &frame))
    return 0;
  return data[5] >> 3 <= 10 ? US_MPEGTS_TYPE_AC3 : US_MPEGTS_TYPE_EAC3; /* bsid */
}

gboolean
us_probe_looks_packed (const guint8 *data, gsize size) {
  UsMp4Reader rest = { .data = data, .size = size };
  return is_id3 (rest) || find_type (data, size) != 0;
}

static gboolean
read_frames (UsInspector *inspector, const guint8 *data, gsize size, gint64 *duration_us,
             GError **error) {
  guint16 type = find_type (data, size);
  guint64 n_samples = 0;
  guint rate = 0;
  UsAudioFrame frame;
  for (gsize at = 0; at < size; at += frame.size) {
    if (size - at >= 3 && rate > 0
        && (memcmp (data + at, "TAG", 3) == 0 || memcmp (data + at, "ID3", 3) == 0))
      break;
    if (type == 0 || !us_audio_frame_read (type, data + at, size - at, &frame)
        || frame.size > size - at)
      return us_probe_fail (US_PROBE_ERROR_BROKEN, error,
                            "byte %" G_GSIZE_FORMAT " of the sound: no whole frame", at);
    if (rate == 0)
      us_inspector_set_sound (inspector, type, 0, &frame);
    us_inspector_add_frame (inspector, frame.size);
    rate = frame.rate;
    n_samples += frame.n_samples;
  }
  if (rate == 0)
    return us_probe_fail (US_PROBE_ERROR_BROKEN, error, "no sound");
  *duration_us = (gint64)(n_samples * G_USEC_PER_SEC / rate);
  return TRUE;
}

/* Without a time of its own the probe has sound and no times. */
gboolean
us_probe_packed (UsProbeBuilder *builder, const guint8 *data, gsize size, GError **error) {
  UsProbe *probe = builder->probe;
  UsMp4Reader rest = { .data = data, .size = size };
  gint64 ticks = -1, duration_us = 0;
  while (is_id3 (rest))
    if (!read_tag (&rest, &ticks, error))
      return FALSE;
  if (!read_frames (builder->inspector, rest.data, rest.size, &duration_us, error))
    return FALSE;
  probe->has_audio = TRUE;
  builder->inspector->out->duration_us = duration_us;
  if (ticks < 0)
    return TRUE;
  probe->first_audio_us = us_probe_us_from_ticks (ticks);
  probe->end_audio_us = probe->first_audio_us + duration_us;
  return TRUE;
}
