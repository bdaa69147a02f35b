/* nal.h - NAL units of H.264 and HEVC: what an access unit is, as far as its headers tell */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_NAL_MAX_PARAMETERS 64 /* distinct parameter sets of one access unit */

typedef enum { US_NAL_H264, US_NAL_HEVC } UsNalCodec;

typedef enum {
  US_NAL_OTHER,
  US_NAL_PARAMETERS, /* SPS, PPS, VPS */
  US_NAL_SEI,
  US_NAL_SLICE,
  US_NAL_KEY_SLICE, /* of a picture that needs none before it: H.264 IDR, HEVC IRAP */
  US_NAL_DAMAGED,   /* forbidden_zero_bit is set, or no whole header */
} UsNalKind;

/* UsAccessUnit: gathers what its NAL units tell, in their order. Start with the first two filled.
 */
typedef struct {
  UsNalCodec codec;
  gboolean wants_parameters;
  gboolean has_slice, is_key, has_recovery_point;
  guint64 hash;       /* of the slices, when is_key */
  guint64 parameters; /* of the distinct parameter sets, in whatever order they stand */
  guint n_parameters;
  guint64 seen[US_NAL_MAX_PARAMETERS];
  const guint8 *sps; /* nullable: the first, with wants_parameters; among the caller's bytes */
  gsize sps_size;
} UsAccessUnit;

UsNalKind us_nal_kind (UsNalCodec codec, const guint8 *nal, gsize size);
const guint8 *us_nal_find_start (const guint8 *at, const guint8 *end);
gboolean us_access_unit_add (UsAccessUnit *unit, const guint8 *nal, gsize size);
gboolean us_access_unit_add_annex_b (UsAccessUnit *unit, const guint8 *data, gsize size);
gboolean us_access_unit_add_sample (UsAccessUnit *unit, const guint8 *data, gsize size,
                                    guint length_size);

G_END_DECLS
