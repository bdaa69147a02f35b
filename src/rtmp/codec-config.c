/* codec-config.c - AudioSpecificConfig and AVCDecoderConfigurationRecord
 *
 * Pure. Enough of both is read to know what a segment's pipeline needs and to refuse what would
 * break it later: a configuration without SPS, of HEVC marked as H.264, or with lengths that point
 * elsewhere. All bits come through a reader that never passes the end.
 */
#include "rtmp/codec-config.h"

#include <string.h>

#include "rtmp/bits.h"
#include "rtmp/bytes.h"
#include "rtmp/error.h"

#define MAX_SPS_BYTES 512 /* real ones have 20 to 60 */

static gboolean
fail (GError **error, const char *message) {
  g_set_error_literal (error, US_RTMP_ERROR, US_RTMP_ERROR_MEDIA, message);
  return FALSE;
}

static guint
take_object_type (UsBits *bits) {
  guint type = us_bits_take (bits, 5);
  return type == 31 ? 32 + us_bits_take (bits, 6) : type;
}

/* Returns 0 for a reserved index. */
static guint
take_sample_rate (UsBits *bits) {
  static const guint rates[16]
      = { 96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350 };
  guint index = us_bits_take (bits, 4);
  return index == 15 ? us_bits_take (bits, 24) : rates[index];
}

/* ISO 14496-3 4.5.1.1: program_config_element up to its channel elements. */
static guint
take_program_channels (UsBits *bits) {
  us_bits_take (bits, 4 + 2 + 4); /* instance tag, object type, sampling frequency index */
  guint fronts_sides_backs = 0;
  guint groups[3];
  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    fronts_sides_backs += groups[i] = us_bits_take (bits, 4);
  guint lfes = us_bits_take (bits, 2);
  us_bits_take (bits, 3 + 4); /* data and coupling elements */
  if (us_bits_take (bits, 1))
    us_bits_take (bits, 4); /* mono mixdown */
  if (us_bits_take (bits, 1))
    us_bits_take (bits, 4); /* stereo mixdown */
  if (us_bits_take (bits, 1))
    us_bits_take (bits, 3); /* matrix mixdown */
  guint channels = lfes;
  for (guint i = 0; i < fronts_sides_backs; i++)
    channels += us_bits_take (bits, 1) ? 2 : 1, us_bits_take (bits, 4);
  return channels;
}

/**
 * us_flv_parse_aac_config:
 * @data: (array length=size): an AudioSpecificConfig
 * @size: its length
 * @config: (out): what it says; rate and frame length of the core coder, as ADTS carries them,
 *   also when the stream says that SBR doubles the rate
 * @error: (out): US_RTMP_ERROR_MEDIA
 *
 * Returns: %FALSE when it is cut off or names a rate or channel layout that does not exist
 */
gboolean
us_flv_parse_aac_config (const guint8 *data, gsize size, UsAacConfig *config, GError **error) {
  static const guint channel_counts[16] = { 0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8, 0 };
  UsBits bits = { data, size * 8, 0, FALSE };
  guint object_type = take_object_type (&bits);
  guint rate_hz = take_sample_rate (&bits);
  guint layout = us_bits_take (&bits, 4);
  if (object_type == 5 || object_type == 29) { /* explicit SBR or PS: the core coder follows */
    if (take_sample_rate (&bits) == 0 && !bits.is_over)
      return fail (error, "an AAC configuration with a reserved extension sample rate");
    object_type = take_object_type (&bits);
  }
  gboolean is_short = us_bits_take (&bits, 1);
  if (us_bits_take (&bits, 1))
    us_bits_take (&bits, 14); /* delay of a core coder */
  us_bits_take (&bits, 1);    /* extension flag */
  guint channels = layout == 0 ? take_program_channels (&bits) : channel_counts[layout];
  if (bits.is_over)
    return fail (error, "an AAC configuration that is cut off");
  if (object_type == 0 || rate_hz == 0 || channels == 0)
    return fail (error, "an AAC configuration with a reserved type, rate or channel layout");
  *config = (UsAacConfig){
    .object_type = object_type,
    .sample_rate_hz = rate_hz,
    .channels = channels,
    .frame_samples = is_short ? 960 : 1024,
  };
  return TRUE;
}

/* H.264 7.3.2.1.1.1 */
static void
skip_scaling_list (UsBits *bits, guint count) {
  gint32 last = 8;
  gint32 next = 8;
  for (guint i = 0; i < count && !bits->is_over; i++) {
    if (next != 0)
      next = (gint32)(((guint32)last + (guint32)us_bits_take_se (bits)) & 0xff);
    last = next == 0 ? last : next;
  }
}

/* The part of a sequence parameter set that only the high profiles have; gives ChromaArrayType. */
static guint
take_chroma (UsBits *bits) {
  guint chroma_format = us_bits_take_ue (bits);
  gboolean is_separate = chroma_format == 3 && us_bits_take (bits, 1);
  us_bits_take_ue (bits); /* bit depths of luma and chroma */
  us_bits_take_ue (bits);
  us_bits_take (bits, 1); /* lossless bypass */
  if (us_bits_take (bits, 1)) {
    for (guint i = 0; i < (chroma_format == 3 ? 12 : 8); i++) {
      if (us_bits_take (bits, 1))
        skip_scaling_list (bits, i < 6 ? 16 : 64);
    }
  }
  return is_separate ? 0 : chroma_format;
}

static gboolean
has_chroma (guint profile) {
  static const guint8 profiles[] = { 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135 };
  return memchr (profiles, (int)profile, sizeof profiles) != NULL;
}

static void
skip_picture_order (UsBits *bits) {
  guint type = us_bits_take_ue (bits);
  if (type == 0)
    us_bits_take_ue (bits);
  if (type != 1)
    return;
  us_bits_take (bits, 1);
  us_bits_take_se (bits);
  us_bits_take_se (bits);
  for (guint n = us_bits_take_ue (bits); n > 0 && !bits->is_over; n--)
    us_bits_take_se (bits);
}

/* H.264 7.3.2.1.1 and 7.4.2.1.1: width and height in luma samples after cropping. */
static void
read_picture_size (UsBits *bits, UsVideoConfig *config) {
  guint profile = us_bits_take (bits, 8);
  us_bits_take (bits, 16); /* constraints, level */
  us_bits_take_ue (bits);  /* id */
  guint chroma = has_chroma (profile) ? take_chroma (bits) : 1;
  us_bits_take_ue (bits); /* frame number bits */
  skip_picture_order (bits);
  us_bits_take_ue (bits); /* reference frames */
  us_bits_take (bits, 1); /* gaps allowed */
  guint64 width = ((guint64)us_bits_take_ue (bits) + 1) * 16;
  guint64 rows = (guint64)us_bits_take_ue (bits) + 1;
  guint fields = us_bits_take (bits, 1) ? 1 : 2;
  if (fields == 2)
    us_bits_take (bits, 1);
  us_bits_take (bits, 1); /* direct 8x8 */
  guint64 height = rows * 16 * fields;
  if (us_bits_take (bits, 1)) {
    guint unit_x = chroma == 1 || chroma == 2 ? 2 : 1;
    guint unit_y = (chroma == 1 ? 2 : 1) * fields;
    guint64 crop_x = (guint64)us_bits_take_ue (bits);
    crop_x += us_bits_take_ue (bits);
    guint64 crop_y = (guint64)us_bits_take_ue (bits);
    crop_y += us_bits_take_ue (bits);
    width = crop_x * unit_x < width ? width - crop_x * unit_x : 0;
    height = crop_y * unit_y < height ? height - crop_y * unit_y : 0;
  }
  if (bits->is_over || width > 16384 || height > 16384)
    return;
  config->width = (guint)width;
  config->height = (guint)height;
}

static void
read_sps (const guint8 *nal, gsize size, UsVideoConfig *config) {
  guint8 clean[MAX_SPS_BYTES];
  gsize n = us_bits_unescape (nal, size, 1, clean, sizeof clean);
  UsBits bits = { clean, n * 8, 0, FALSE };
  read_picture_size (&bits, config);
}

/* Walks @count length-prefixed NAL units, all of @type. */
static gboolean
walk_nals (const guint8 *data, gsize size, gsize *at, guint count, guint type,
           UsVideoConfig *config, GError **error) {
  for (guint i = 0; i < count; i++) {
    gsize length = size - *at >= 2 ? us_read_u16 (data + *at) : 0;
    if (length == 0 || length > size - *at - 2)
      return fail (error, "an H.264 configuration with a wrong length");
    const guint8 *nal = data + *at + 2;
    if ((nal[0] & 0x1f) != type)
      return fail (error, "an H.264 configuration that holds something else (HEVC?)");
    if (i == 0 && type == 7)
      read_sps (nal, length, config);
    *at += 2 + length;
  }
  return TRUE;
}

/**
 * us_flv_parse_avc_config:
 * @data: (array length=size): an AVCDecoderConfigurationRecord
 * @size: its length; bytes behind the last PPS are the chroma extension and are not read
 * @config: (out): what it says
 * @error: (out): US_RTMP_ERROR_MEDIA
 *
 * Returns: %FALSE when it has no SPS or PPS, a wrong length, or another version
 */
gboolean
us_flv_parse_avc_config (const guint8 *data, gsize size, UsVideoConfig *config, GError **error) {
  if (size < 7)
    return fail (error, "an H.264 configuration that is cut off");
  if (data[0] != 1)
    return fail (error, "an H.264 configuration of an unknown version");
  UsVideoConfig result = {
    .nal_length_size = (data[4] & 3) + 1u,
    .profile = data[1],
    .level = data[3],
  };
  if (result.nal_length_size == 3)
    return fail (error, "an H.264 configuration with NAL lengths of 3 bytes");
  guint sps = data[5] & 0x1f;
  gsize at = 6;
  if (sps == 0)
    return fail (error, "an H.264 configuration without SPS");
  if (!walk_nals (data, size, &at, sps, 7, &result, error))
    return FALSE;
  guint pps = at < size ? data[at] : 0;
  at++;
  if (pps == 0)
    return fail (error, "an H.264 configuration without PPS");
  if (!walk_nals (data, size, &at, pps, 8, &result, error))
    return FALSE;
  *config = result;
  return TRUE;
}
