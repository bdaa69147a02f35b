/* audio-frame.c - the headers of AAC (ADTS), MP3, (E-)AC-3 and Opus frames
 *
 * As much as tells how long a PES packet of sound lasts and whether its decoder must be set up anew
 * (ISO 14496-3 1.A.3.2, ISO 11172-3 2.4.1.3, ETSI TS 102 366 4.3 and E.1.2, RFC 6716 3.1). Pure
 * function, no state. */
#include "hls/audio-frame.h"

#include "hls/mpegts-packet.h"

static gboolean
read_adts (const guint8 *p, gsize size, UsAudioFrame *frame) {
  static const guint RATES[]
      = { 96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350 };
  if (size < 7 || p[0] != 0xff || (p[1] & 0xf6) != 0xf0)
    return FALSE;
  guint rate = p[2] >> 2 & 0x0f;
  if (rate >= G_N_ELEMENTS (RATES))
    return FALSE;
  frame->size = (gsize)(p[3] & 3) << 11 | (gsize)p[4] << 3 | p[5] >> 5;
  frame->n_samples = 1024 * (1 + (p[6] & 3u));
  frame->rate = RATES[rate];
  frame->config = (guint32)(p[2] & 0xfd) << 8 | (p[3] & 0xc0); /* profile, rate, channels */
  return frame->size >= 7;
}

/* Layer III only: that is what HLS has (RFC 8216 3.4). */
static gboolean
read_mp3 (const guint8 *p, gsize size, UsAudioFrame *frame) {
  static const guint RATES[] = { 44100, 48000, 32000 };
  static const guint16 KBPS[2][15]
      = { { 0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160 },
          { 0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320 } };
  if (size < 4 || p[0] != 0xff || (p[1] & 0xe6) != 0xe2)
    return FALSE;
  guint version = p[1] >> 3 & 3; /* 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5 */
  guint kbps = p[2] >> 4, rate = p[2] >> 2 & 3;
  if (version == 1 || kbps == 0 || kbps == 15 || rate == 3)
    return FALSE;
  frame->rate = RATES[rate] >> (version == 3 ? 0 : version == 2 ? 1 : 2);
  frame->n_samples = version == 3 ? 1152 : 576;
  frame->size = frame->n_samples / 8 * 1000 * (gsize)KBPS[version == 3][kbps] / frame->rate
                + (p[2] >> 1 & 1);
  frame->config = (guint32)(p[1] & 0xfe) << 16 | (guint32)(p[2] & 0x0c) << 8 | (p[3] & 0xc0);
  return TRUE;
}

static gboolean
read_ac3 (const guint8 *p, gsize size, UsAudioFrame *frame) {
  static const guint RATES[] = { 48000, 44100, 32000 };
  static const guint16 KBPS[]
      = { 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640 };
  if (size < 7 || p[0] != 0x0b || p[1] != 0x77)
    return FALSE;
  guint rate = p[4] >> 6, kbps = p[4] >> 1 & 0x1f;
  if (rate == 3 || kbps >= G_N_ELEMENTS (KBPS))
    return FALSE;
  frame->rate = RATES[rate];
  frame->n_samples = 1536;
  frame->size = (gsize)KBPS[kbps] * 1000 * 1536 / 16 / frame->rate * 2;
  if (rate == 1)
    frame->size += 2 * (gsize)(p[4] & 1); /* every other frame has a word more */
  frame->config = (guint32)(p[4] & 0xc0) << 16 | (guint32)p[5] << 8 | (p[6] & 0xe0);
  return TRUE;
}

static gboolean
read_eac3 (const guint8 *p, gsize size, UsAudioFrame *frame) {
  static const guint RATES[] = { 48000, 44100, 32000 };
  static const guint BLOCKS[] = { 1, 2, 3, 6 };
  if (size < 6 || p[0] != 0x0b || p[1] != 0x77)
    return FALSE;
  guint rate = p[4] >> 6, blocks = p[4] >> 4 & 3;
  if (rate == 3 && blocks == 3)
    return FALSE;
  frame->rate = rate == 3 ? RATES[blocks] / 2 : RATES[rate];
  gboolean is_dependent = (p[2] & 0xc0) == 0x40; /* more channels of the frame before */
  frame->n_samples = is_dependent ? 0 : 256 * (rate == 3 ? 6 : BLOCKS[blocks]);
  frame->size = 2 * (1 + ((gsize)(p[2] & 7) << 8 | p[3]));
  frame->config = 1u << 16 | (guint32)(p[4] & 0xcf) << 8 | p[5] >> 3;
  return TRUE;
}

/* RFC 6716 3.1: how long the frames of a packet are, and how many they are; 0: cannot be */
static guint
opus_samples (const guint8 *packet, gsize size) {
  static const guint SILK[] = { 480, 960, 1920, 2880 }, CELT[] = { 120, 240, 480, 960 };
  guint config = packet[0] >> 3;
  guint samples = config < 12   ? SILK[config & 3]
                  : config < 16 ? SILK[config & 1]
                                : CELT[config & 3];
  switch (packet[0] & 3) {
  case 0:
    return samples;
  case 3:
    return size > 1 ? samples * (packet[1] & 0x3f) : 0;
  default:
    return 2 * samples;
  }
}

/* In a transport stream each packet stands behind a control header: eleven bits, three flags, its
 * length in bytes of 255, then what the flags announce. */
static gboolean
read_opus (const guint8 *p, gsize size, UsAudioFrame *frame) {
  if (size < 3 || p[0] != 0x7f || (p[1] & 0xe0) != 0xe0)
    return FALSE;
  guint flags = p[1];
  gsize at = 2, length = 0;
  do {
    if (at >= size)
      return FALSE;
    length += p[at];
  } while (p[at++] == 0xff);
  at += ((flags & 0x10) != 0 ? 2 : 0) + ((flags & 0x08) != 0 ? 2 : 0);
  if ((flags & 0x04) != 0) {
    if (at >= size)
      return FALSE;
    at += 1 + (gsize)p[at];
  }
  if (length == 0 || at >= size)
    return FALSE;
  frame->rate = 48000;
  frame->n_samples = opus_samples (p + at, MIN (length, size - at));
  frame->size = at + length;
  frame->config = 1; /* stereo or mono may change with every packet */
  return frame->n_samples > 0 && frame->n_samples <= 5760;
}

/**
 * us_audio_frame_read:
 * @stream_type: of the PMT
 * @data: (array length=size): where a frame starts; need not hold the whole of it
 * @frame: (out caller-allocates)
 *
 * Returns: FALSE when no frame of that type starts here, or its header is not read by this program
 */
gboolean
us_audio_frame_read (guint16 stream_type, const guint8 *data, gsize size, UsAudioFrame *frame) {
  switch (stream_type) {
  case US_MPEGTS_TYPE_AAC:
    return read_adts (data, size, frame);
  case US_MPEGTS_TYPE_MP3:
  case US_MPEGTS_TYPE_MP3_LSF:
    return read_mp3 (data, size, frame);
  case US_MPEGTS_TYPE_AC3:
    return read_ac3 (data, size, frame);
  case US_MPEGTS_TYPE_EAC3:
    return read_eac3 (data, size, frame);
  case US_MPEGTS_TYPE_OPUS:
    return read_opus (data, size, frame);
  default:
    return FALSE;
  }
}
