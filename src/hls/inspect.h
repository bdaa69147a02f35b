/* inspect.h - what an operator wants to know of a segment's bytes, without decoding a picture */
#pragma once

#include "hls/probe.h"

G_BEGIN_DECLS

/* UsSizes: of the coded frames of one track, in bytes. */
typedef struct {
  guint n;
  guint32 p50, p90, max;
} UsSizes;

/* UsInspection: a probe and what stands beside it. */
typedef struct {
  UsProbe *probe;
  /* transport stream only */
  guint n_packets, n_sync_lost, n_continuity; /* continuity: errors inside the segment */
  gboolean has_tables;                        /* PAT and PMT, or in the initialisation section */
  gboolean has_tables_first;                  /* before the first PES packet */
  guint n_scrambled;
  /* both */
  char *video_codec, *audio_codec; /* nullable: RFC 6381, "avc1.64001f", "mp4a.40.2" */
  guint width, height;             /* of the SPS; 0 */
  guint frame_rate_mhz;            /* measured; 0 */
  guint audio_rate_hz, audio_channels;
  UsSizes delta, audio; /* pictures that are no random access points; audio frames */
  gint64 duration_us;   /* of the longest track; of packed audio even when it has no times */
  gint64 skew_us;       /* start of audio - start of video; G_MININT64: not both */
  gint64 longest_gop_us;
  gboolean has_cue_out, has_cue_in; /* SCTE-35 in the stream */
} UsInspection;

UsInspection *us_inspect_segment (GBytes *segment, GBytes *init,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_inspection_free (UsInspection *inspection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsInspection, us_inspection_free)

G_END_DECLS
