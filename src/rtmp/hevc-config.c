/* hevc-config.c - HEVCDecoderConfigurationRecord (declared in codec-config.h)
 *
 * ISO 14496-15 8.3.3.1, and H.265 7.3.2.2 as far as picture size and sample format. Pure. As for
 * H.264, a record is refused that would break a pipeline later: without a parameter set of each
 * kind, or with lengths that point elsewhere.
 *
 * Some encoders put HEVC into messages of H.264 and have no record at all, for what made records
 * for them knew H.264 only (OBS before 29.1). us_flv_gather_hevc_config() makes one of the
 * parameter sets in front of their key frames. An H.264 stream cannot be taken for one: the headers
 * of these NAL units would be of types that H.264 leaves undefined or of partitioned slices.
 */
#include "rtmp/codec-config.h"

#include <string.h>

#include "rtmp/bits.h"
#include "rtmp/bytes.h"
#include "rtmp/error.h"

#define RECORD_HEADER 23
#define MAX_SPS_BYTES 512 /* real ones have 40 to 80 */
#define MAX_SIZE 16384
#define NAL_HEADER 2
#define LENGTH_BYTES 4 /* before the NAL units of a frame that has no record */
#define MAX_NALS_BEFORE_SLICE 16
#define MAX_SET_BYTES (US_FLV_MAX_CONFIG / 4) /* so that three of them fit */

enum { NAL_VPS = 32, NAL_SPS = 33, NAL_PPS = 34, N_SETS = 3 };

/* What a record repeats of an SPS. */
typedef struct {
  guint8 profile[12]; /* general part of profile_tier_level() */
  guint n_sub_layers, is_nested;
  guint chroma_format, luma_depth, chroma_depth;
  guint width, height; /* as shown; 0: cannot be read */
} Sps;

static gboolean
fail (GError **error, const char *message) {
  g_set_error_literal (error, US_RTMP_ERROR, US_RTMP_ERROR_MEDIA, message);
  return FALSE;
}

static guint
nal_type (const guint8 *nal) {
  return nal[0] >> 1 & 0x3f;
}

/* H.265 7.3.3, behind the general part. */
static void
skip_sub_layers (UsBits *bits, guint n) {
  gboolean has_profile[8] = { 0 }, has_level[8] = { 0 };
  for (guint i = 0; i < n; i++) {
    has_profile[i] = us_bits_take (bits, 1);
    has_level[i] = us_bits_take (bits, 1);
  }
  if (n > 0)
    us_bits_take (bits, 2 * (8 - n));
  for (guint i = 0; i < n; i++) {
    for (guint byte = 0; has_profile[i] && byte < 11; byte++)
      us_bits_take (bits, 8);
    if (has_level[i])
      us_bits_take (bits, 8);
  }
}

static void
read_sps (const guint8 *nal, gsize size, Sps *sps) {
  guint8 clean[MAX_SPS_BYTES];
  gsize n = us_bits_unescape (nal, size, NAL_HEADER, clean, sizeof clean);
  UsBits bits = { clean, n * 8, 0, FALSE };
  us_bits_take (&bits, 4); /* id of the VPS */
  guint n_more = us_bits_take (&bits, 3);
  sps->n_sub_layers = n_more + 1;
  sps->is_nested = us_bits_take (&bits, 1);
  for (guint i = 0; i < sizeof sps->profile; i++)
    sps->profile[i] = (guint8)us_bits_take (&bits, 8);
  skip_sub_layers (&bits, n_more);
  us_bits_take_ue (&bits); /* id */
  sps->chroma_format = us_bits_take_ue (&bits);
  gboolean is_planar = sps->chroma_format == 3 && us_bits_take (&bits, 1);
  guint64 width = us_bits_take_ue (&bits), height = us_bits_take_ue (&bits);
  if (us_bits_take (&bits, 1)) {
    guint64 unit_x = !is_planar && (sps->chroma_format == 1 || sps->chroma_format == 2) ? 2 : 1;
    guint64 unit_y = !is_planar && sps->chroma_format == 1 ? 2 : 1;
    guint64 crop_x = us_bits_take_ue (&bits);
    crop_x += us_bits_take_ue (&bits);
    guint64 crop_y = us_bits_take_ue (&bits);
    crop_y += us_bits_take_ue (&bits);
    width = crop_x * unit_x < width ? width - crop_x * unit_x : 0;
    height = crop_y * unit_y < height ? height - crop_y * unit_y : 0;
  }
  sps->luma_depth = us_bits_take_ue (&bits);
  sps->chroma_depth = us_bits_take_ue (&bits);
  if (bits.is_over || width > MAX_SIZE || height > MAX_SIZE)
    return;
  sps->width = (guint)width;
  sps->height = (guint)height;
}

/* One array of NAL units of a record. */
static gboolean
walk_array (const guint8 *data, gsize size, gsize *at, guint found[N_SETS], Sps *sps,
            GError **error) {
  if (size - *at < 3)
    return fail (error, "an HEVC configuration that is cut off");
  guint type = data[*at] & 0x3f;
  guint count = us_read_u16 (data + *at + 1);
  *at += 3;
  for (guint i = 0; i < count; i++) {
    gsize length = size - *at >= 2 ? us_read_u16 (data + *at) : 0;
    if (length < NAL_HEADER || length > size - *at - 2)
      return fail (error, "an HEVC configuration with a wrong length");
    const guint8 *nal = data + *at + 2;
    if (nal_type (nal) != type)
      return fail (error, "an HEVC configuration that holds something else");
    if (type == NAL_SPS && found[1] == 0)
      read_sps (nal, length, sps);
    if (type >= NAL_VPS && type <= NAL_PPS)
      found[type - NAL_VPS]++;
    *at += 2 + length;
  }
  return TRUE;
}

/**
 * us_flv_parse_hevc_config:
 * @data: (array length=size): an HEVCDecoderConfigurationRecord
 * @size: its length
 * @config: (out): what it says
 * @error: (out): US_RTMP_ERROR_MEDIA
 *
 * Returns: %FALSE when it has no VPS, SPS or PPS, a wrong length, or another version
 */
gboolean
us_flv_parse_hevc_config (const guint8 *data, gsize size, UsVideoConfig *config, GError **error) {
  if (size < RECORD_HEADER)
    return fail (error, "an HEVC configuration that is cut off");
  if (data[0] != 1)
    return fail (error, "an HEVC configuration of an unknown version");
  UsVideoConfig result = {
    .nal_length_size = (data[21] & 3) + 1u,
    .profile = data[1] & 0x1f,
    .level = data[12],
  };
  if (result.nal_length_size == 3)
    return fail (error, "an HEVC configuration with NAL lengths of 3 bytes");
  guint found[N_SETS] = { 0 };
  Sps sps = { 0 };
  gsize at = RECORD_HEADER;
  for (guint i = 0; i < data[22]; i++) {
    if (!walk_array (data, size, &at, found, &sps, error))
      return FALSE;
  }
  if (found[0] == 0 || found[1] == 0 || found[2] == 0)
    return fail (error, "an HEVC configuration without VPS, SPS or PPS");
  result.width = sps.width;
  result.height = sps.height;
  *config = result;
  return TRUE;
}

/* ---- a record from a key frame ---- */

typedef struct {
  const guint8 *data; /* nullable */
  gsize size;
} Nal;

/* The first of each parameter set before the first slice. Returns: whether all three are there */
static gboolean
find_sets (const guint8 *data, gsize size, Nal sets[N_SETS]) {
  gsize at = 0;
  for (guint i = 0; i < MAX_NALS_BEFORE_SLICE && size - at > LENGTH_BYTES; i++) {
    gsize length = us_read_u32 (data + at);
    at += LENGTH_BYTES;
    if (length < NAL_HEADER || length > size - at)
      return FALSE;
    const guint8 *nal = data + at;
    guint type = nal_type (nal);
    /* forbidden bit 0, layer 0, lowest temporal layer */
    if ((nal[0] & 0x81) != 0 || nal[1] != 1 || type < NAL_VPS)
      break;
    if (type <= NAL_PPS && sets[type - NAL_VPS].data == NULL && length <= MAX_SET_BYTES)
      sets[type - NAL_VPS] = (Nal){ nal, length };
    at += length;
  }
  return sets[0].data != NULL && sets[1].data != NULL && sets[2].data != NULL;
}

/**
 * us_flv_gather_hevc_config:
 * @data: (array length=size): a key frame, NAL units with lengths of 4 bytes in front
 * @size: its length
 *
 * Returns: (transfer full) (nullable): an HEVCDecoderConfigurationRecord of the parameter sets
 *   before its first slice; %NULL when it is no such frame
 */
GBytes *
us_flv_gather_hevc_config (const guint8 *data, gsize size) {
  Nal sets[N_SETS] = { 0 };
  Sps sps = { 0 };
  if (!find_sets (data, size, sets))
    return NULL;
  read_sps (sets[1].data, sets[1].size, &sps);
  if (sps.width == 0 || sps.chroma_format > 3 || sps.luma_depth > 7 || sps.chroma_depth > 7)
    return NULL;
  g_autoptr (GByteArray) out = g_byte_array_new ();
  guint8 head[RECORD_HEADER] = { 1 };
  memcpy (head + 1, sps.profile, sizeof sps.profile);
  head[13] = 0xf0; /* smallest segmentation: not known */
  head[15] = 0xfc; /* parallelism: not known */
  head[16] = (guint8)(0xfc | sps.chroma_format);
  head[17] = (guint8)(0xf8 | sps.luma_depth);
  head[18] = (guint8)(0xf8 | sps.chroma_depth);
  head[21] = (guint8)(sps.n_sub_layers << 3 | sps.is_nested << 2 | (LENGTH_BYTES - 1));
  head[22] = N_SETS;
  g_byte_array_append (out, head, sizeof head);
  for (guint i = 0; i < N_SETS; i++) {
    guint8 array[5] = { (guint8)(0x80 | (NAL_VPS + i)), 0, 1 };
    us_write_u16 (array + 3, (guint32)sets[i].size);
    g_byte_array_append (out, array, sizeof array);
    g_byte_array_append (out, sets[i].data, (guint)sets[i].size);
  }
  return g_byte_array_free_to_bytes (g_steal_pointer (&out));
}
