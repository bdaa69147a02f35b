/* probe.h - what a media segment of either container says of itself: tracks, times, pictures */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_PROBE_MAX_PICTURES 4096   /* random access points of one segment */
#define US_PROBE_MAX_TRACKS 16       /* of one initialisation section */
#define US_PROBE_MAX_SAMPLES 1048576 /* of one fragmented MP4 segment */

#define US_PROBE_ERROR us_probe_error_quark ()
typedef enum {
  US_PROBE_ERROR_CONTAINER, /* neither a transport stream nor fragmented MP4 */
  US_PROBE_ERROR_BROKEN,    /* a table, PES header or box contradicts itself or ends too early */
  US_PROBE_ERROR_NO_MAP,    /* fragmented MP4 without its initialisation section */
  US_PROBE_ERROR_LIMIT,
} UsProbeError;
GQuark us_probe_error_quark (void);

typedef enum {
  US_CONTAINER_TS,
  US_CONTAINER_FMP4,
  US_CONTAINER_PACKED, /* sound alone, its times as of a transport stream; inspections only */
} UsContainer;

/* UsPicture: one random access point that needs no picture before it (H.264: IDR; HEVC: IRAP). */
typedef struct {
  guint64 hash;  /* of its slice NAL units only, without start codes or lengths: equal in any
                    container and whatever SPS, PPS, SEI or delimiters a packager put beside them */
  gint64 pts_us; /* as the container counts */
  gsize offset;  /* TS: of the packet that starts its PES; fMP4: of the moof of its fragment */
} UsPicture;

/* UsProbe: times in us as the container counts (TS: 33 bits of 90 kHz, unwrapped inside the segment
 * only); G_MININT64: none. */
typedef struct {
  UsContainer container;
  gboolean has_video, has_audio;
  gint64 first_video_us, end_video_us; /* least pts; greatest pts + one frame */
  gint64 first_audio_us, end_audio_us;
  gint64 frame_us; /* median distance of pictures; 0: fewer than two */
  guint n_video;   /* pictures */
  guint64 config;  /* hash of codecs and their configuration (SPS, PPS, VPS, AudioSpecificConfig
                      or ADTS header, stream types, track ids); differs: DISCONTINUITY */
  gboolean starts_with_idr;           /* the first picture is the first of @pictures */
  gboolean starts_with_random_access; /* that, or H.264/HEVC behind a recovery point message */
  GArray *pictures;                   /* element-type UsPicture, in order */
} UsProbe;

/* @init: (nullable): the EXT-X-MAP section; needed for fragmented MP4 */
UsProbe *us_probe_segment (GBytes *segment, GBytes *init, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Whether @init is an initialisation section (ftyp, moov with at least one track). */
gboolean us_probe_check_init (GBytes *init, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_probe_free (UsProbe *probe);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsProbe, us_probe_free)
/* @later - @earlier of two container times, over the 33-bit wrap of a transport stream */
gint64 us_probe_time_diff_us (UsContainer container, gint64 later_us, gint64 earlier_us);

G_END_DECLS
