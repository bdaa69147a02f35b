/* sps.h - sequence parameter sets of H.264 and HEVC: picture size and codec string */
#pragma once

#include "hls/nal.h"

G_BEGIN_DECLS

#define US_SPS_MAX_SIZE 16384 /* pixels a side: beyond level 6.2 of both */

/* UsSps: what players are told of a video track before they fetch it. */
typedef struct {
  guint width, height; /* as shown: cropped; 0: cannot be read */
  char codec[64];      /* RFC 6381 3.3 without the sample entry: "64001f", "1.6.L93.B0" */
} UsSps;

gboolean us_sps_read (UsSps *sps, UsNalCodec codec, const guint8 *nal, gsize size);
void us_sps_write_hevc_codec (char *text, gsize text_size, const guint8 profile[12]);

G_END_DECLS
