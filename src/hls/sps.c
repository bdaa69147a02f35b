/* sps.c - sequence parameter sets of H.264 and HEVC: picture size and codec string
 *
 * Read as far as the cropping rectangle (H.264 7.3.2.1.1, H.265 7.3.2.2.1), no further: what stands
 * behind it, the VUI, names a frame rate that many encoders get wrong. Pure functions over the
 * caller's bytes, no allocation. Every read is checked; beyond the end come zeros and the set is
 * refused. */
#include "hls/sps.h"

#include <stdio.h>
#include <string.h>

#define MAX_GOLOMB_BITS 31

/* Bits: a NAL unit's payload without its emulation prevention bytes (00 00 03). */
typedef struct {
  const guint8 *at, *end;
  guint n_zeros; /* zero bytes before @at */
  guint8 byte;
  guint n_left; /* bits of @byte not read yet */
  gboolean is_short;
} Bits;

static guint
read_bit (Bits *bits) {
  if (bits->n_left == 0) {
    if (bits->n_zeros >= 2 && bits->at < bits->end && *bits->at == 3) {
      bits->at++;
      bits->n_zeros = 0;
    }
    if (bits->at >= bits->end) {
      bits->is_short = TRUE;
      return 0;
    }
    bits->byte = *bits->at++;
    bits->n_zeros = bits->byte == 0 ? bits->n_zeros + 1 : 0;
    bits->n_left = 8;
  }
  bits->n_left--;
  return bits->byte >> bits->n_left & 1;
}

static guint32
read_bits (Bits *bits, guint n) {
  guint32 value = 0;
  for (guint i = 0; i < n; i++)
    value = value << 1 | read_bit (bits);
  return value;
}

/* ue(v), H.264 9.1 */
static guint32
read_ue (Bits *bits) {
  guint n_zeros = 0;
  while (read_bit (bits) == 0 && !bits->is_short)
    if (++n_zeros > MAX_GOLOMB_BITS) {
      bits->is_short = TRUE;
      return 0;
    }
  return (guint32)((G_GUINT64_CONSTANT (1) << n_zeros) - 1 + read_bits (bits, n_zeros));
}

static gint32
read_se (Bits *bits) {
  guint32 value = read_ue (bits);
  return (value & 1) != 0 ? (gint32)((value + 1) / 2) : -(gint32)(value / 2);
}

/* Sets the size less what is cropped away; the set is refused when nothing sensible is left. */
static gboolean
set_size (UsSps *sps, Bits *bits, guint64 width, guint64 height, guint unit_x, guint unit_y) {
  guint64 crop[4] = { 0 }; /* left, right, top, bottom */
  for (guint i = 0, has_crop = read_bit (bits); has_crop != 0 && i < 4; i++)
    crop[i] = read_ue (bits);
  guint64 cut_x = (crop[0] + crop[1]) * unit_x, cut_y = (crop[2] + crop[3]) * unit_y;
  if (bits->is_short || width > US_SPS_MAX_SIZE || height > US_SPS_MAX_SIZE || cut_x >= width
      || cut_y >= height)
    return FALSE;
  sps->width = (guint)(width - cut_x);
  sps->height = (guint)(height - cut_y);
  return TRUE;
}

/* ---- H.264 ---- */

static void
skip_scaling_list (Bits *bits, guint size) {
  gint32 last = 8, next = 8;
  for (guint i = 0; i < size && !bits->is_short; i++) {
    if (next != 0)
      next = (last + read_se (bits)) & 0xff;
    last = next == 0 ? last : next;
  }
}

/* Returns: chroma_format_idc */
static guint
read_high_profile (Bits *bits, gboolean *is_planar) {
  guint chroma = read_ue (bits);
  *is_planar = chroma == 3 && read_bit (bits) != 0;
  read_ue (bits); /* depth of luma and chroma */
  read_ue (bits);
  read_bit (bits);
  if (read_bit (bits) != 0)
    for (guint i = 0; i < (chroma == 3 ? 12 : 8); i++)
      if (read_bit (bits) != 0)
        skip_scaling_list (bits, i < 6 ? 16 : 64);
  return chroma;
}

static void
skip_order_count (Bits *bits) {
  guint type = read_ue (bits);
  if (type == 0)
    read_ue (bits);
  if (type != 1)
    return;
  read_bit (bits);
  read_se (bits);
  read_se (bits);
  guint n = read_ue (bits);
  for (guint i = 0; i < n && !bits->is_short; i++)
    read_se (bits);
}

static gboolean
read_h264 (UsSps *sps, Bits *bits) {
  static const guint8 HIGH[] = { 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135 };
  guint profile = read_bits (bits, 8), constraints = read_bits (bits, 8);
  guint level = read_bits (bits, 8);
  guint chroma = 1;
  gboolean is_planar = FALSE;
  if (bits->is_short)
    return FALSE;
  g_snprintf (sps->codec, sizeof sps->codec, "%02x%02x%02x", profile, constraints, level);
  read_ue (bits);
  if (memchr (HIGH, (int)profile, sizeof HIGH) != NULL)
    chroma = read_high_profile (bits, &is_planar);
  read_ue (bits);
  skip_order_count (bits);
  read_ue (bits); /* reference frames */
  read_bit (bits);
  guint64 width = ((guint64)read_ue (bits) + 1) * 16;
  guint64 height = ((guint64)read_ue (bits) + 1) * 16;
  gboolean is_frames_only = read_bit (bits) != 0;
  if (!is_frames_only) {
    height *= 2;
    read_bit (bits);
  }
  read_bit (bits);
  /* Table 6-1: cropping counts chroma samples. */
  gboolean is_luma_only = chroma == 0 || is_planar;
  guint unit_x = !is_luma_only && (chroma == 1 || chroma == 2) ? 2 : 1;
  guint unit_y = !is_luma_only && chroma == 1 ? 2 : 1;
  return set_size (sps, bits, width, height, unit_x, unit_y * (is_frames_only ? 1 : 2));
}

/* ---- HEVC ---- */

/**
 * us_sps_write_hevc_codec:
 * @profile: the 12 bytes from general_profile_space to general_level_idc, as in an SPS and in hvcC
 *
 * ISO 14496-15 annex E.3, without the sample entry.
 */
void
us_sps_write_hevc_codec (char *text, gsize text_size, const guint8 profile[12]) {
  static const char *SPACES[] = { "", "A", "B", "C" };
  guint32 flags = (guint32)profile[1] << 24 | (guint32)profile[2] << 16 | (guint32)profile[3] << 8
                  | profile[4];
  guint32 reversed = 0;
  for (guint i = 0; i < 32; i++)
    reversed |= (flags >> i & 1) << (31 - i);
  gsize n = (gsize)g_snprintf (text, text_size, "%s%u.%X.%c%u", SPACES[profile[0] >> 6],
                               profile[0] & 0x1f, reversed, (profile[0] & 0x20) != 0 ? 'H' : 'L',
                               profile[11]);
  guint last = 10;
  while (last > 4 && profile[last] == 0)
    last--;
  for (guint i = 5; i <= last && n < text_size; i++)
    n += (gsize)g_snprintf (text + n, text_size - n, ".%X", profile[i]);
}

/* The rest of profile_tier_level() behind the general part, H.265 7.3.3. */
static void
skip_sub_layers (Bits *bits, guint n) {
  gboolean has_profile[8] = { 0 }, has_level[8] = { 0 };
  for (guint i = 0; i < n; i++) {
    has_profile[i] = read_bit (bits) != 0;
    has_level[i] = read_bit (bits) != 0;
  }
  if (n > 0)
    read_bits (bits, 2 * (8 - n));
  for (guint i = 0; i < n; i++) {
    for (guint byte = 0; has_profile[i] && byte < 11; byte++)
      read_bits (bits, 8);
    if (has_level[i])
      read_bits (bits, 8);
  }
}

static gboolean
read_hevc (UsSps *sps, Bits *bits) {
  guint8 profile[12];
  read_bits (bits, 4);
  guint n_sub_layers = read_bits (bits, 3);
  read_bit (bits);
  for (guint i = 0; i < sizeof profile; i++)
    profile[i] = (guint8)read_bits (bits, 8);
  if (bits->is_short)
    return FALSE;
  us_sps_write_hevc_codec (sps->codec, sizeof sps->codec, profile);
  skip_sub_layers (bits, n_sub_layers);
  read_ue (bits);
  guint chroma = read_ue (bits);
  gboolean is_planar = chroma == 3 && read_bit (bits) != 0;
  guint width = read_ue (bits), height = read_ue (bits);
  guint unit_x = !is_planar && (chroma == 1 || chroma == 2) ? 2 : 1;
  return set_size (sps, bits, width, height, unit_x, !is_planar && chroma == 1 ? 2 : 1);
}

/**
 * us_sps_read:
 * @sps: (out caller-allocates)
 * @nal: (array length=size): the NAL unit, with its header
 *
 * Returns: FALSE when it is cut off or contradicts itself; @sps then has what was read, else zeros
 */
gboolean
us_sps_read (UsSps *sps, UsNalCodec codec, const guint8 *nal, gsize size) {
  gsize header = codec == US_NAL_H264 ? 1 : 2;
  memset (sps, 0, sizeof *sps);
  if (size <= header)
    return FALSE;
  Bits bits = { .at = nal + header, .end = nal + size };
  return codec == US_NAL_H264 ? read_h264 (sps, &bits) : read_hevc (sps, &bits);
}
