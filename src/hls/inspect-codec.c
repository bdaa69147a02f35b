/* inspect-codec.c - codec strings, picture size and sound format of an inspected segment
 *
 * The strings are those of CODECS in a playlist (RFC 6381 3, ISO 14496-15 annex E), so that they
 * can be compared. A codec that is not read has the four letters of its sample entry in fragmented
 * MP4, and nothing in a transport stream. */
#include "hls/mpegts-packet.h"
#include "hls/probe-private.h"
#include "hls/sps.h"

#include <string.h>

/* Of a sample entry's body: ISO 14496-12 12.1.3 and 12.2.3. */
#define ENTRY_WIDTH 24
#define ENTRY_CHANNELS 16
#define ENTRY_RATE 24
#define OBJECT_MPEG4_AUDIO 0x40
#define OBJECT_MPEG2_AAC 0x67 /* low complexity; 0x66 and 0x68 are its neighbours */
#define OBJECT_MP3 0x6b
#define OBJECT_MP3_LSF 0x69
#define AOT_SBR 5
#define AOT_PS 29

static void
take_sps (UsInspection *out, UsNalCodec codec, const char *entry, const guint8 *nal, gsize size) {
  UsSps sps;
  gboolean is_whole = us_sps_read (&sps, codec, nal, size);
  if (out->video_codec == NULL && sps.codec[0] != '\0')
    out->video_codec = g_strdup_printf ("%s.%s", entry, sps.codec);
  if (out->width == 0 && is_whole) {
    out->width = sps.width;
    out->height = sps.height;
  }
}

/* A picture of either container. @unit: with @sps when it has one */
void
us_inspector_add_picture (UsInspector *inspector, const UsAccessUnit *unit, gsize size) {
  if (inspector == NULL)
    return;
  UsInspection *out = inspector->out;
  if (!unit->is_key) {
    guint32 bytes = (guint32)MIN (size, G_MAXUINT32);
    g_array_append_val (inspector->deltas, bytes);
  }
  if (unit->sps != NULL && (out->width == 0 || out->video_codec == NULL))
    take_sps (out, unit->codec, unit->codec == US_NAL_H264 ? "avc1" : "hvc1", unit->sps,
              unit->sps_size);
}

void
us_inspector_add_frame (UsInspector *inspector, gsize size) {
  guint32 bytes = (guint32)MIN (size, G_MAXUINT32);
  if (inspector != NULL)
    g_array_append_val (inspector->frames, bytes);
}

gboolean
us_inspector_has_damage (const UsInspector *inspector) {
  const UsInspection *out = inspector->out;
  return out->n_sync_lost + out->n_continuity + out->n_scrambled > 0;
}

/* ---- sound of a transport stream ---- */

/* acmod, ETSI TS 102 366 4.4.2.3 */
static guint
dolby_channels (guint mode, guint low_frequency) {
  static const guint8 CHANNELS[] = { 2, 1, 2, 3, 3, 4, 4, 5 };
  return CHANNELS[mode & 7] + low_frequency;
}

/* @n_channels: of the tables, Opus only; @frame: the first that was read; its config is laid out in
 * audio-frame.c */
void
us_inspector_set_sound (UsInspector *inspector, guint16 stream_type, guint n_channels,
                        const UsAudioFrame *frame) {
  if (inspector == NULL || inspector->out->audio_codec != NULL)
    return;
  UsInspection *out = inspector->out;
  out->audio_rate_hz = frame->rate;
  switch (stream_type) {
  case US_MPEGTS_TYPE_AAC:
    out->audio_codec = g_strdup_printf ("mp4a.40.%u", 1 + (frame->config >> 14 & 3));
    out->audio_channels = (frame->config >> 8 & 1) << 2 | (frame->config >> 6 & 3);
    if (out->audio_channels == 7)
      out->audio_channels = 8; /* ISO 14496-3 table 1.19 */
    break;
  case US_MPEGTS_TYPE_MP3:
  case US_MPEGTS_TYPE_MP3_LSF:
    out->audio_codec = g_strdup ("mp4a.40.34");
    out->audio_channels = (frame->config & 0xc0) == 0xc0 ? 1 : 2;
    break;
  case US_MPEGTS_TYPE_AC3:
    out->audio_codec = g_strdup ("ac-3");
    out->audio_channels = dolby_channels (frame->config >> 5, 0);
    break;
  case US_MPEGTS_TYPE_EAC3:
    out->audio_codec = g_strdup ("ec-3");
    out->audio_channels = dolby_channels (frame->config >> 9, frame->config >> 8 & 1);
    break;
  case US_MPEGTS_TYPE_OPUS:
    out->audio_codec = g_strdup ("Opus");
    out->audio_channels = n_channels;
    break;
  default:
    break;
  }
}

/* ---- tracks of fragmented MP4 ---- */

static guint
entry_u16 (const UsMp4Track *track, gsize at) {
  return at + 2 <= track->entry_size ? (guint)track->entry_body[at] << 8 | track->entry_body[at + 1]
                                     : 0;
}

static char *
entry_name (const UsMp4Track *track) {
  char name[5] = { 0 };
  for (guint i = 0; i < 4; i++) {
    guint8 c = (guint8)(track->entry >> (24 - 8 * i));
    name[i] = g_ascii_isprint (c) ? (char)c : '?';
  }
  return g_strdup (name);
}

/* The first SPS of an avcC (ISO 14496-15 5.3.3.1) or hvcC (8.3.3.1). */
static void
take_parameter_sets (UsInspection *out, const UsMp4Track *track, const char *entry) {
  gboolean is_hevc = track->codec == US_NAL_HEVC;
  UsMp4Reader reader = track->config_box.body;
  us_mp4_skip (&reader, is_hevc ? 22 : 5);
  guint n_arrays = is_hevc ? (guint)us_mp4_read (&reader, 1) : 1;
  for (guint array = 0; array < n_arrays && !reader.is_short; array++) {
    guint type = is_hevc ? (guint)us_mp4_read (&reader, 1) & 0x3f : 33;
    guint n = (guint)us_mp4_read (&reader, is_hevc ? 2 : 1) & (is_hevc ? 0xffff : 0x1f);
    for (guint i = 0; i < n && !reader.is_short; i++) {
      gsize size = (gsize)us_mp4_read (&reader, 2);
      if (type == 33 && size > 0 && size <= reader.size && !reader.is_short)
        take_sps (out, track->codec, entry, reader.data, size);
      us_mp4_skip (&reader, size);
    }
  }
}

static char *
write_video_codec (const UsMp4Track *track, const char *entry) {
  const UsMp4Box *box = &track->config_box;
  const guint8 *p = box->body.data;
  gsize size = box->body.size;
  char hevc[64];
  switch (box->type) {
  case US_MP4_TYPE ('a', 'v', 'c', 'C'): /* its length was checked by mp4-init.c, as hvcC's */
    return g_strdup_printf ("%s.%02x%02x%02x", entry, p[1], p[2], p[3]);
  case US_MP4_TYPE ('h', 'v', 'c', 'C'):
    us_sps_write_hevc_codec (hevc, sizeof hevc, p + 1);
    return g_strdup_printf ("%s.%s", entry, hevc);
  case US_MP4_TYPE ('a', 'v', '1', 'C'): /* AV1-ISOBMFF 2.3 and 5 */
    if (size < 4)
      break;
    return g_strdup_printf ("%s.%u.%02u%c.%02u", entry, p[1] >> 5, p[1] & 0x1f,
                            (p[2] & 0x80) != 0 ? 'H' : 'M',
                            (p[2] & 0x40) == 0   ? 8
                            : (p[2] & 0x20) == 0 ? 10
                                                 : 12);
  case US_MP4_TYPE ('v', 'p', 'c', 'C'):
    if (size < 7)
      break;
    return g_strdup_printf ("%s.%02u.%02u.%02u", entry, p[4], p[5], p[6] >> 4);
  default:
    break;
  }
  return g_strdup (entry);
}

static void
set_video (UsInspection *out, const UsMp4Track *track) {
  g_autofree char *entry = entry_name (track);
  /* What is hidden behind encv says its configuration box. */
  if (track->entry == US_MP4_TYPE ('e', 'n', 'c', 'v'))
    memcpy (entry, track->config_box.type == US_MP4_TYPE ('h', 'v', 'c', 'C') ? "hvc1" : "avc1", 4);
  out->video_codec = write_video_codec (track, entry);
  if (track->config_box.type == US_MP4_TYPE ('a', 'v', 'c', 'C')
      || track->config_box.type == US_MP4_TYPE ('h', 'v', 'c', 'C'))
    take_parameter_sets (out, track, entry);
  if (out->width == 0) {
    out->width = entry_u16 (track, ENTRY_WIDTH);
    out->height = entry_u16 (track, ENTRY_WIDTH + 2);
  }
}

/* Config: what is left of an AudioSpecificConfig's first eight bytes; behind them come zeros. */
typedef struct {
  guint64 bits;
  guint n_left;
} Config;

static guint
take_bits (Config *config, guint n) {
  if (config->n_left < n)
    return 0;
  config->n_left -= n;
  return (guint)(config->bits >> config->n_left) & ((1u << n) - 1);
}

static guint
take_rate (Config *config) {
  static const guint RATES[]
      = { 96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350 };
  guint index = take_bits (config, 4);
  if (index == 15)
    return take_bits (config, 24);
  return index < G_N_ELEMENTS (RATES) ? RATES[index] : 0;
}

/* AudioSpecificConfig, ISO 14496-3 1.6.2.1. */
static void
take_audio_config (UsInspection *out, const guint8 *data, gsize size) {
  static const guint8 CHANNELS[16] = { 0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 0, 8, 0 };
  Config config = { .n_left = 64 };
  for (guint i = 0; i < 8; i++)
    config.bits = config.bits << 8 | (i < size ? data[i] : 0);
  guint type = take_bits (&config, 5);
  if (type == 31)
    type = 32 + take_bits (&config, 6);
  g_free (out->audio_codec);
  out->audio_codec = g_strdup_printf ("mp4a.40.%u", type);
  out->audio_rate_hz = take_rate (&config);
  guint channels = take_bits (&config, 4);
  if (CHANNELS[channels] > 0)
    out->audio_channels = CHANNELS[channels];
  if (type == AOT_SBR || type == AOT_PS)
    out->audio_rate_hz = take_rate (&config); /* what comes out */
}

static void
set_audio (UsInspection *out, const UsMp4Track *track) {
  out->audio_codec = entry_name (track);
  out->audio_channels = entry_u16 (track, ENTRY_CHANNELS);
  out->audio_rate_hz = entry_u16 (track, ENTRY_RATE); /* 16.16; 0: too high for it */
  if (track->config_box.type != US_MP4_TYPE ('e', 's', 'd', 's'))
    return;
  UsMp4Esds esds;
  us_mp4_esds_read (&esds, track->config_box.body);
  gboolean is_mp3 = esds.object_type == OBJECT_MP3 || esds.object_type == OBJECT_MP3_LSF;
  if (is_mp3 || esds.object_type == OBJECT_MPEG2_AAC) {
    g_free (out->audio_codec);
    out->audio_codec = g_strdup (is_mp3 ? "mp4a.40.34" : "mp4a.40.2");
  } else if (esds.object_type == OBJECT_MPEG4_AUDIO && esds.info != NULL && esds.info_size >= 2) {
    take_audio_config (out, esds.info, esds.info_size);
  }
}

/* @track: (nullable) */
void
us_inspector_set_track (UsInspector *inspector, const UsMp4Track *track) {
  if (inspector == NULL || track == NULL)
    return;
  if (track->media == US_MP4_VIDEO) {
    inspector->video_edit_us = track->edit_us;
    set_video (inspector->out, track);
  } else {
    inspector->audio_edit_us = track->edit_us;
    set_audio (inspector->out, track);
  }
}
