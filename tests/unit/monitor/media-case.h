/* media-case.h - segments as an inspection may show them, for table tests */
#pragma once

#include "detect-case.h"

/* A sound one of 2 s at 25 pictures a second and 48 kHz: number n starts at n times 2 s. */
static inline UsSegmentSeen *
make_segment (guint64 number) {
  UsSegmentSeen *seen = g_new0 (UsSegmentSeen, 1);
  UsInspection *media = g_new0 (UsInspection, 1);
  UsProbe *probe = g_new0 (UsProbe, 1);
  gint64 start_us = (gint64)(number % 1000) * 2 * S;
  seen->fetched.outcome = US_OUTCOME_OK;
  seen->fetched.n_bytes = 500000;
  seen->n_tries = 1;
  seen->number = number;
  seen->duration_us = 2 * S;
  seen->wall_ms = -1;
  seen->media = media;
  media->probe = probe;
  *media = (UsInspection){ .probe = probe,
                           .n_packets = 2700,
                           .has_tables = TRUE,
                           .has_tables_first = TRUE,
                           .video_codec = g_strdup ("avc1.64001f"),
                           .audio_codec = g_strdup ("mp4a.40.2"),
                           .width = 1280,
                           .height = 720,
                           .frame_rate_mhz = 25000,
                           .audio_rate_hz = 48000,
                           .audio_channels = 2,
                           .delta = { 49, 9000, 20000, 30000 },
                           .audio = { 94, 340, 350, 360 },
                           .duration_us = 2 * S,
                           .longest_gop_us = 2 * S };
  *probe = (UsProbe){ .container = US_CONTAINER_TS,
                      .has_video = TRUE,
                      .has_audio = TRUE,
                      .first_video_us = start_us,
                      .end_video_us = start_us + 2 * S,
                      .first_audio_us = start_us,
                      .end_audio_us = start_us + 2 * S,
                      .frame_us = 40 * MS,
                      .n_video = 50,
                      .starts_with_idr = TRUE,
                      .starts_with_random_access = TRUE,
                      .pictures = g_array_new (FALSE, FALSE, sizeof (UsPicture)) };
  return seen;
}

static inline void
drop_track (UsSegmentSeen *seen, gboolean is_video) {
  UsProbe *probe = seen->media->probe;
  seen->media->skew_us = G_MININT64;
  if (is_video) {
    probe->has_video = FALSE;
    probe->first_video_us = probe->end_video_us = G_MININT64;
    g_clear_pointer (&seen->media->video_codec, g_free);
  } else {
    probe->has_audio = FALSE;
    probe->first_audio_us = probe->end_audio_us = G_MININT64;
    g_clear_pointer (&seen->media->audio_codec, g_free);
  }
}

static inline void
set_text (char **text, const char *value) {
  g_free (*text);
  *text = g_strdup (value);
}

/* Both tracks begin @by_us later. */
static inline void
shift (UsSegmentSeen *seen, gint64 by_us) {
  UsProbe *probe = seen->media->probe;
  probe->first_video_us += by_us;
  probe->end_video_us += by_us;
  probe->first_audio_us += by_us;
  probe->end_audio_us += by_us;
}
