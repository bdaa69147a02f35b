/* segment-decode.h - decodes one segment: its pictures as luma, its sound as loudness */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum { US_SEGMENT_TS, US_SEGMENT_FMP4, US_SEGMENT_PACKED } UsSegmentContainer;

/* UsSegmentFormat: what is known of the segment before it is decoded; codecs in the words of
 * us_segment_decode_has(): "h264", "h265"; "aac", "mp3", "ac3", "eac3", "opus" */
typedef struct {
  UsSegmentContainer container; /* the last: sound alone, without any */
  const char *video;            /* nullable: none, or not wanted */
  const char *audio;            /* nullable */
  gboolean keys_only;           /* pictures that are no key frames are left out */
} UsSegmentFormat;

/* UsLumaFrame: valid during the call. */
typedef struct {
  double at_s; /* as the pipeline counts */
  gboolean is_key;
  const guint8 *luma; /* I420: 16 is black, 235 is white, or the whole range */
  guint width, height;
  gsize stride;
} UsLumaFrame;

/* Called while us_segment_decode() runs, in its thread. @rms_db: (array length=n_channels): of
 * @duration_s of sound */
typedef struct {
  void (*on_frame) (const UsLumaFrame *frame, gpointer user_data);
  void (*on_sound) (double duration_s, const double *rms_db, guint n_channels, gpointer user_data);
} UsSegmentDecodeHandler;

gboolean us_segment_decode_has (const char *codec);
gboolean us_segment_decode (const char *pipelines_dir, const UsSegmentFormat *format,
                            GBytes *segment, GBytes *init, const UsSegmentDecodeHandler *handler,
                            gpointer user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
