/* sound-config.c - OpusHead, and the frame headers of MP3 and (E-)AC-3 (declared in
 * codec-config.h)
 *
 * RFC 7845 5.1, ISO 11172-3 2.4.1.3, ETSI TS 102 366 4.3 and E.1.2. Pure.
 */
#include "rtmp/codec-config.h"

#include <string.h>

#include "rtmp/bits.h"
#include "rtmp/error.h"

#define OPUS_MAGIC "OpusHead"
#define OPUS_HEAD 19
#define OPUS_RATE 48000 /* whatever the original had */

static gboolean
fail (GError **error, const char *message) {
  g_set_error_literal (error, US_RTMP_ERROR, US_RTMP_ERROR_MEDIA, message);
  return FALSE;
}

/* RFC 7845 5.1.1: who holds what. */
static gboolean
take_mapping (const guint8 *data, gsize size, UsOpusConfig *config, GError **error) {
  if (size < OPUS_HEAD + 2 + (gsize)config->channels)
    return fail (error, "an Opus configuration that is cut off");
  config->n_streams = data[OPUS_HEAD];
  config->n_coupled = data[OPUS_HEAD + 1];
  memcpy (config->mapping, data + OPUS_HEAD + 2, config->channels);
  gboolean is_good = config->n_streams > 0 && config->n_coupled <= config->n_streams
                     && config->n_streams + config->n_coupled <= 255;
  for (guint i = 0; i < config->channels; i++)
    is_good
        &= config->mapping[i] == 255 || config->mapping[i] < config->n_streams + config->n_coupled;
  return is_good || fail (error, "an Opus configuration with an impossible channel mapping");
}

/**
 * us_flv_parse_opus_config:
 * @data: (array length=size): an OpusHead
 * @size: its length
 * @config: (out): what it says
 * @error: (out): US_RTMP_ERROR_MEDIA
 *
 * Returns: %FALSE when it is cut off, or of a channel mapping that MPEG-TS cannot carry
 */
gboolean
us_flv_parse_opus_config (const guint8 *data, gsize size, UsOpusConfig *config, GError **error) {
  if (size < OPUS_HEAD)
    return fail (error, "an Opus configuration that is cut off");
  if (memcmp (data, OPUS_MAGIC, strlen (OPUS_MAGIC)) != 0 || data[8] > 15)
    return fail (error, "an Opus configuration that is no OpusHead of version 1");
  UsOpusConfig result = { .channels = data[9], .mapping_family = data[18] };
  guint limit = result.mapping_family == 0 ? 2 : 8;
  if (result.mapping_family > 1 || result.channels == 0 || result.channels > limit)
    return fail (error, "an Opus configuration with a channel mapping that MPEG-TS cannot carry");
  result.n_streams = 1;
  result.n_coupled = result.channels - 1;
  if (result.mapping_family == 1 && !take_mapping (data, size, &result, error))
    return FALSE;
  *config = result;
  return TRUE;
}

static gboolean
read_mp3 (const guint8 *p, gsize size, UsSoundConfig *config) {
  static const guint rates[] = { 44100, 48000, 32000 };
  if (size < 4 || p[0] != 0xff || (p[1] & 0xe6) != 0xe2)
    return FALSE;
  guint version = p[1] >> 3 & 3; /* 3: MPEG 1, 2: MPEG 2, 0: MPEG 2.5 */
  guint rate = p[2] >> 2 & 3;
  if (version == 1 || rate == 3)
    return FALSE;
  config->sample_rate_hz = rates[rate] >> (version == 3 ? 0 : version == 2 ? 1 : 2);
  config->channels = p[3] >> 6 == 3 ? 1 : 2;
  return TRUE;
}

/* acmod and lfeon, ETSI TS 102 366 4.4.2.3 */
static guint
dolby_channels (guint mode, guint low_frequency) {
  static const guint8 channels[] = { 2, 1, 2, 3, 3, 4, 4, 5 };
  return channels[mode & 7] + low_frequency;
}

static gboolean
read_ac3 (const guint8 *p, gsize size, UsSoundConfig *config) {
  static const guint rates[] = { 48000, 44100, 32000 };
  UsBits bits = { p, size * 8, 0, FALSE };
  if (us_bits_take (&bits, 16) != 0x0b77)
    return FALSE;
  us_bits_take (&bits, 16); /* checksum */
  guint rate = us_bits_take (&bits, 2);
  us_bits_take (&bits, 6); /* size */
  guint version = us_bits_take (&bits, 5);
  us_bits_take (&bits, 3); /* bit stream mode */
  guint mode = us_bits_take (&bits, 3);
  if ((mode & 1) != 0 && mode != 1)
    us_bits_take (&bits, 2); /* centre mix level */
  if ((mode & 4) != 0)
    us_bits_take (&bits, 2); /* surround mix level */
  if (mode == 2)
    us_bits_take (&bits, 2); /* Dolby surround */
  guint low_frequency = us_bits_take (&bits, 1);
  if (bits.is_over || rate == 3 || version > 10)
    return FALSE;
  config->sample_rate_hz = rates[rate];
  config->channels = dolby_channels (mode, low_frequency);
  return TRUE;
}

/* The first substream; further channels of dependent ones are not counted. */
static gboolean
read_eac3 (const guint8 *p, gsize size, UsSoundConfig *config) {
  static const guint rates[] = { 48000, 44100, 32000 };
  if (size < 6 || p[0] != 0x0b || p[1] != 0x77 || p[5] >> 3 <= 10 || p[5] >> 3 > 16)
    return FALSE;
  guint rate = p[4] >> 6, half = p[4] >> 4 & 3;
  if (rate == 3 && half == 3)
    return FALSE;
  config->sample_rate_hz = rate == 3 ? rates[half] / 2 : rates[rate];
  config->channels = dolby_channels (p[4] >> 1 & 7, p[4] & 1);
  return TRUE;
}

/**
 * us_flv_read_sound_frame:
 * @codec: MP3, AC-3 or E-AC-3, which say in each frame what they are
 * @data: (array length=size): a frame
 * @size: its length
 * @config: (out): what its header says
 *
 * Returns: %FALSE when no frame of that codec begins here
 */
gboolean
us_flv_read_sound_frame (UsCodec codec, const guint8 *data, gsize size, UsSoundConfig *config) {
  switch (codec) {
  case US_CODEC_MP3:
    return read_mp3 (data, size, config);
  case US_CODEC_AC3:
    return read_ac3 (data, size, config);
  case US_CODEC_EAC3:
    return read_eac3 (data, size, config);
  case US_CODEC_NONE:
  case US_CODEC_H264:
  case US_CODEC_HEVC:
  case US_CODEC_AAC:
  case US_CODEC_OPUS:
  case US_N_CODECS:
  default:
    return FALSE;
  }
}
