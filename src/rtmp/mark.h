/* mark.h - the segment mark that travels in band between ingest and packagers */
#pragma once

#include "rtmp/amf0.h"

G_BEGIN_DECLS

/* Which tracks a segment really holds; decides the pipeline and is known only when it closes. */
typedef enum {
  US_TRACK_NONE = 0,
  US_TRACK_VIDEO = 1 << 0,
  US_TRACK_AUDIO = 1 << 1,
} UsTracks;

/* UsMark: stands between two segments, so it has two halves.
 *
 * The packager works on whole segments, hence everything that is only certain at the end of a
 * segment (its length, its tracks, whether it follows a discontinuity) travels in the closing
 * half, and nothing has to be guessed when a segment opens. (docs/adr/0003-marks-in-band.md)
 */
typedef struct {
  /* Opening half: the segment whose first access unit follows. number 0: none, the epoch ended. */
  guint64 epoch; /* id of the timeline: Unix ms at its start; never reused, only rises */
  /* Segment number = EXT-X-MEDIA-SEQUENCE; of closed segments it never goes back, for ever. One
   * that was opened and never closed may be opened again, in another epoch. */
  guint64 number;
  gint64 media_ms; /* media time of its first access unit, from the start of the epoch */
  gint64 wall_ms;  /* EXT-X-PROGRAM-DATE-TIME, Unix ms */
  /* Closing half: the segment just ended. closes 0: none; what was begun on this connection and is
   * not closed by the next mark will never be whole, and is thrown away. */
  guint64 closes;            /* its number */
  gint64 closes_end_ms;      /* media time of its end, in its own epoch */
  guint64 discontinuity;     /* its discontinuity sequence number (RFC 8216 6.2.2) */
  gboolean is_discontinuous; /* EXT-X-DISCONTINUITY stands before it */
  UsTracks tracks;           /* what it holds */
  guint target_duration_s;   /* EXT-X-TARGETDURATION of the stream, never changes */
} UsMark;

#define US_MARK_MESSAGE "understudyMark" /* AMF0 data message: this name, then an object */
#define US_MARK_RESUME                                                                             \
  "understudyLast" /* in the packager's NetStream.Publish.Start info object                        \
                    */

gboolean us_mark_is_mark (GBytes *payload);
GBytes *us_mark_encode (const UsMark *mark);
gboolean us_mark_decode (GBytes *payload, UsMark *mark, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
