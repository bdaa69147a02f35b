/* audio-frame.h - the headers of AAC (ADTS), MP3, (E-)AC-3 and Opus frames */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  gsize size;      /* bytes, with the header */
  guint n_samples; /* per channel */
  guint rate;      /* samples per second */
  guint32 config;  /* the fields that a decoder is set up with */
} UsAudioFrame;

gboolean us_audio_frame_read (guint16 stream_type, const guint8 *data, gsize size,
                              UsAudioFrame *frame);

G_END_DECLS
