/* pictures.c - from the bytes of a segment to the times of its pictures
 *
 * Pure; what is strict about containers is in hls/probe.
 */
#include "drill/pictures.h"

#include "hls/probe.h"

#define TICKS_PER_S 90000
#define TS_WRAP_US (((G_GINT64_CONSTANT (1) << 33) * G_USEC_PER_SEC) / TICKS_PER_S)

/**
 * us_pictures_read:
 * @segment: a whole segment
 * @init: (nullable): its initialisation section
 * @pictures: (out): frame_us is 0 when there are fewer than two pictures
 * @error: when it is broken
 */
gboolean
us_pictures_read (GBytes *segment, GBytes *init, UsPictures *pictures, GError **error) {
  g_autoptr (UsProbe) probe = us_probe_segment (segment, init, error);
  *pictures = (UsPictures){ 0 };
  if (probe == NULL)
    return FALSE;
  if (!probe->has_video || probe->n_video < 2)
    return TRUE;
  pictures->wrap_us = probe->container == US_CONTAINER_TS ? TS_WRAP_US : 0;
  pictures->n_frames = probe->n_video;
  pictures->frame_us = probe->frame_us;
  pictures->first_us = probe->first_video_us;
  pictures->end_us = probe->end_video_us;
  return TRUE;
}
