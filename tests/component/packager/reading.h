/* reading.h - what stands in a segment: every picture, parameter set and sound packet */
#pragma once

#include <glib.h>

typedef struct {
  gint64 pts, dts; /* 90 kHz ticks */
  gboolean is_idr;
} ReadPicture;

typedef struct {
  GArray *pictures;     /* element-type ReadPicture, in decoding order */
  GByteArray *sets;     /* each SPS and PPS of the segment with its start code, in order */
  GArray *sound_pts;    /* element-type gint64, of each PES packet */
  GByteArray *sound;    /* elementary stream */
  guint n_sps, n_other; /* key frames with an SPS; NAL units of unknown kind */
} Reading;

Reading *reading_new (GBytes *segment);
void reading_free (Reading *reading);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Reading, reading_free)
