/* nal.c - NAL units of H.264 and HEVC: what an access unit is, as far as its headers tell
 *
 * Headers only (H.264 7.3.1 and 7.4.1, H.265 7.3.1.2 and 7.4.2.2); nothing is decoded. The hash of
 * a key picture covers its slices and nothing else, without start codes, lengths and the zero bytes
 * that Annex B may put behind a unit: that is what stays the same when two packagers carry the
 * picture of one encoder, each with its own delimiters, SEI and repeated parameter sets. Pure
 * functions over the caller's bytes, no allocation, any thread. */
#include "hls/nal.h"

#include "hls/hash.h"

#include <string.h>

/* SEI payload type 6 in H.264 and in HEVC (H.264 D.1.8, H.265 D.2.8) */
#define SEI_RECOVERY_POINT 6

static gsize
header_size (UsNalCodec codec) {
  return codec == US_NAL_H264 ? 1 : 2;
}

/**
 * us_nal_kind:
 * @nal: (array length=size): without start code or length
 */
UsNalKind
us_nal_kind (UsNalCodec codec, const guint8 *nal, gsize size) {
  if (size < header_size (codec) || (nal[0] & 0x80) != 0)
    return US_NAL_DAMAGED;
  if (codec == US_NAL_H264) {
    guint type = nal[0] & 0x1f;
    if (type == 5)
      return US_NAL_KEY_SLICE;
    if (type >= 1 && type <= 4)
      return US_NAL_SLICE;
    if (type == 6)
      return US_NAL_SEI;
    return type == 7 || type == 8 ? US_NAL_PARAMETERS : US_NAL_OTHER;
  }
  guint type = nal[0] >> 1 & 0x3f;
  if (type >= 16 && type <= 21)
    return US_NAL_KEY_SLICE; /* BLA, IDR and CRA */
  if (type < 32)
    return US_NAL_SLICE;
  if (type <= 34)
    return US_NAL_PARAMETERS;
  return type == 39 ? US_NAL_SEI : US_NAL_OTHER;
}

/**
 * us_nal_find_start:
 *
 * Annex B: a unit starts behind 00 00 01.
 *
 * Returns: (nullable): the first byte of the next NAL unit, %NULL when none starts before @end
 */
const guint8 *
us_nal_find_start (const guint8 *at, const guint8 *end) {
  /* The 1 is the rarest of the three in coded video, so memchr() takes the longest leaps. */
  for (const guint8 *p = at + 2; p < end; p++) {
    p = memchr (p, 1, end - p);
    if (p == NULL)
      return NULL;
    if (p[-1] == 0 && p[-2] == 0)
      return p + 1;
  }
  return NULL;
}

/* The first message of the unit; encoders write one unit per message. */
static gboolean
is_recovery_point (const UsAccessUnit *unit, const guint8 *nal, gsize size) {
  gsize at = header_size (unit->codec);
  return size > at && nal[at] == SEI_RECOVERY_POINT;
}

static gboolean
is_sps (UsNalCodec codec, const guint8 *nal) {
  return codec == US_NAL_H264 ? (nal[0] & 0x1f) == 7 : (nal[0] >> 1 & 0x3f) == 33;
}

static void
add_parameters (UsAccessUnit *unit, const guint8 *nal, gsize size) {
  if (unit->sps == NULL && is_sps (unit->codec, nal)) {
    unit->sps = nal;
    unit->sps_size = size;
  }
  guint64 hash = us_hash64 (0, nal, size);
  for (guint i = 0; i < unit->n_parameters; i++)
    if (unit->seen[i] == hash)
      return;
  if (unit->n_parameters < US_NAL_MAX_PARAMETERS)
    unit->seen[unit->n_parameters++] = hash;
  unit->parameters += hash;
}

/**
 * us_access_unit_add:
 *
 * Returns: FALSE when the unit is damaged
 */
gboolean
us_access_unit_add (UsAccessUnit *unit, const guint8 *nal, gsize size) {
  while (size > 0 && nal[size - 1] == 0)
    size--;
  switch (us_nal_kind (unit->codec, nal, size)) {
  case US_NAL_DAMAGED:
    return FALSE;
  case US_NAL_PARAMETERS:
    if (unit->wants_parameters)
      add_parameters (unit, nal, size);
    break;
  case US_NAL_SEI:
    unit->has_recovery_point |= is_recovery_point (unit, nal, size);
    break;
  case US_NAL_KEY_SLICE:
    unit->is_key |= !unit->has_slice;
    unit->has_slice = TRUE;
    if (unit->is_key)
      unit->hash = us_hash64 (unit->hash, nal, size);
    break;
  case US_NAL_SLICE:
    unit->has_slice = TRUE;
    break;
  case US_NAL_OTHER:
    break;
  }
  return TRUE;
}

/**
 * us_access_unit_add_annex_b:
 * @data: (array length=size): one access unit as a byte stream; may start inside a NAL unit
 *
 * H.264 and H.265 Annex B. Reads no further than the first slice of a picture that is no key
 * picture.
 *
 * Returns: FALSE when a unit is damaged
 */
gboolean
us_access_unit_add_annex_b (UsAccessUnit *unit, const guint8 *data, gsize size) {
  const guint8 *end = data + size;
  const guint8 *nal = us_nal_find_start (data, end);
  while (nal != NULL && nal < end && (unit->is_key || !unit->has_slice)) {
    gboolean is_last = us_nal_kind (unit->codec, nal, end - nal) == US_NAL_SLICE;
    const guint8 *next = is_last ? NULL : us_nal_find_start (nal, end);
    const guint8 *stop = next != NULL ? next - 3 : end;
    if (!us_access_unit_add (unit, nal, stop - nal))
      return FALSE;
    nal = next;
  }
  return TRUE;
}

/**
 * us_access_unit_add_sample:
 * @data: (array length=size): one sample, NAL units behind their lengths (ISO 14496-15 4.3.3)
 * @length_size: bytes of a length, 1 to 4
 *
 * Returns: FALSE when a unit is damaged or the lengths do not add up to @size
 */
gboolean
us_access_unit_add_sample (UsAccessUnit *unit, const guint8 *data, gsize size, guint length_size) {
  gsize at = 0;
  while (at < size) {
    if (size - at < length_size)
      return FALSE;
    gsize length = 0;
    for (guint i = 0; i < length_size; i++)
      length = length << 8 | data[at + i];
    at += length_size;
    if (length > size - at || (length > 0 && !us_access_unit_add (unit, data + at, length)))
      return FALSE;
    at += length;
  }
  return TRUE;
}
