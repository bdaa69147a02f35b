/* clip.h - short clips for tests, encoded on the spot by ffmpeg */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* UsClip: @video and @audio: lavfi sources, NULL: no such track; @arguments: further ones, of the
 * output */
typedef struct {
  const char *video, *audio;
  const char *video_encoder; /* NULL: libx264 */
  const char *audio_encoder; /* NULL: aac */
  gboolean is_fmp4;          /* with its initialisation section in front, else a transport stream */
  const char *format;        /* NULL: as @is_fmp4 says */
  guint seconds;             /* 0: two */
  const char *arguments;
} UsClip;

/* Whether ffmpeg and this encoder of it are there. */
gboolean us_clip_has_encoder (const char *name);
GBytes *us_clip_make (const UsClip *clip);

G_END_DECLS
