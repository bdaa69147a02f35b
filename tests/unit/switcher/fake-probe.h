/* fake-probe.h - what a probe would say of a segment, made by hand */
#pragma once

#include "hls/probe.h"

/* @n_pictures random access points, @gop_us apart, hashes from @hash on. */
static inline UsProbe *
fake_probe (gint64 start_us, guint n_pictures, gint64 gop_us, guint64 hash) {
  UsProbe *probe = g_new0 (UsProbe, 1);
  probe->container = US_CONTAINER_TS;
  probe->has_video = TRUE;
  probe->first_video_us = start_us;
  probe->end_video_us = start_us + (gint64)n_pictures * gop_us;
  probe->first_audio_us = probe->end_audio_us = G_MININT64;
  probe->frame_us = 40000;
  probe->config = 1;
  probe->pictures = g_array_new (FALSE, FALSE, sizeof (UsPicture));
  for (guint i = 0; i < n_pictures; i++) {
    const UsPicture picture = { .hash = hash + i, .pts_us = start_us + (gint64)i * gop_us };
    g_array_append_val (probe->pictures, picture);
  }
  return probe;
}
