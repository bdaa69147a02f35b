/* facts.h - what a probe has seen of a stream: plain values that the detectors judge */
#pragma once

#include "finding/finding.h"
#include "finding/symptom.h"
#include "hls/inspect.h"
#include "hls/playlist.h"

G_BEGIN_DECLS

#define US_WINDOW_US (120 * G_USEC_PER_SEC) /* of state */
#define US_WINDOW_MAX_FETCHES 512           /* kept per rendition and kind in that window */
#define US_MAX_RENDITIONS 64                /* of one stream; more are named in a finding */
/* Places at either end of a playlist: about to leave it, and just come. */
#define US_OLDEST_PLACES 2
#define US_NEWEST_PLACES 3

typedef enum { US_CACHE_UNKNOWN, US_CACHE_HIT, US_CACHE_MISS } UsCacheVerdict;

/* UsFetched: one request, whether it was answered or not. Seconds; NAN: did not happen. */
typedef struct {
  gint64 begun_us, ended_us; /* monotonic */
  gint64 since_good_us;      /* of a playlist: from the good one before it to this; 0: not known */
  UsOutcome outcome;
  guint status;  /* HTTP; 0: no answer */
  char *problem; /* nullable: one sentence for people; owned, as all text */
  double dns_s, connect_s, tls_s, first_byte_s, body_s, total_s;
  gboolean is_reused;     /* of the connection */
  gboolean is_unmodified; /* 304 */
  gsize n_bytes;
  char *address; /* nullable: that answered */
  char *content_type, *content_encoding, *cache_control, *allow_origin; /* nullable */
  gint64 cache_age_s;                                                   /* Age; -1: none */
  UsCacheVerdict cache;
  gboolean has_cache;         /* any sign of one */
  guint forwarded_status;     /* of the origin, as a cache says (RFC 9211 fwd-status); 0: unknown */
  gint64 certificate_until_s; /* since the epoch; 0: no TLS */
} UsFetched;
void us_fetched_clear (UsFetched *fetched);

typedef enum { US_RENDITION_VIDEO, US_RENDITION_AUDIO, US_RENDITION_SUBTITLES } UsRenditionKind;

/* UsRenditionInfo: what the multivariant playlist says of it; a lone media playlist is one video
 * rendition of which nothing is said. */
typedef struct {
  int index;   /* stable as long as the URI is listed */
  char *label; /* stable, short, unique in its stream: "0-1280x720-2500k", "a1-en" */
  char *url;   /* absolute */
  UsRenditionKind kind;
  guint64 bandwidth_bps;         /* 0: not said */
  guint64 average_bandwidth_bps; /* 0: not said */
  guint width, height;
  guint frame_rate_mhz;
  char *codecs;                     /* nullable */
  char *group_id, *name, *language; /* nullable: of EXT-X-MEDIA */
  gboolean is_default;
} UsRenditionInfo;

/* UsPlaylistSeen: one poll. */
typedef struct {
  UsFetched fetched;
  UsPlaylist *playlist; /* nullable: not had, not parsed, or 304 (then the one before holds) */
  char *parse_error;    /* nullable */
  gboolean is_html;     /* something else than a playlist came with status 200 */
} UsPlaylistSeen;
void us_playlist_seen_clear (UsPlaylistSeen *seen);

/* UsSegmentSeen: one segment that was asked for, with all its tries. */
typedef struct {
  UsFetched fetched; /* of the last try */
  guint n_tries;
  gboolean was_missing; /* an earlier try got 404 */
  guint64 number, discontinuity;
  gboolean is_discontinuous;      /* EXT-X-DISCONTINUITY right before it */
  gboolean is_after_gap;          /* the one before it was not fetched: no continuity to judge */
  gint64 duration_us;             /* EXTINF */
  gint64 wall_ms;                 /* -1 */
  guint from_oldest, from_newest; /* places in the window when it was asked for */
  UsInspection *media;            /* nullable: not had, encrypted, or no media */
  char *media_error;              /* nullable: why not */
  const char *encryption;         /* nullable: none; "aes-128", "sample-aes", "other" */
  /* Of those right before it in its rendition, without a break: us_segment_seen_follow(). */
  guint n_failed_before;
  guint n_over_bandwidth_before;
  gint64 without_keyframe_us; /* media time */
  /* Of the last two minutes, itself included: us_fetch_window_tally(). */
  guint n_failed_recently, n_recently;
} UsSegmentSeen;
/* Fills what comes of those before it; call it before the detectors. @before: (nullable) */
void us_segment_seen_follow (UsSegmentSeen *segment, const UsSegmentSeen *before,
                             const UsRenditionInfo *info);
gboolean us_segment_seen_is_over_bandwidth (const UsSegmentSeen *segment,
                                            const UsRenditionInfo *info, double *bps);
gboolean us_segment_seen_lacks_keyframe (const UsSegmentSeen *segment);
/* It was listed still, but only just: players that lag a little miss it. */
gboolean us_segment_seen_is_gone_early (const UsSegmentSeen *segment);
void us_segment_seen_free (UsSegmentSeen *seen);

/* UsFetchWindow: the last US_WINDOW_US, oldest first, bounded. Numbers only. */
typedef struct {
  gint64 at_us;
  UsOutcome outcome;
  double connect_s, first_byte_s, body_s, total_s;
  double media_s; /* of a segment: EXTINF; NAN: a playlist */
  gsize n_bytes;
  UsCacheVerdict cache;
  gboolean is_excused; /* it failed, and that is told otherwise: gone early, or our own rule */
} UsFetchSample;
typedef struct {
  GArray *samples; /* element-type UsFetchSample */
} UsFetchWindow;
void us_fetch_window_init (UsFetchWindow *window);
void us_fetch_window_clear (UsFetchWindow *window);
void us_fetch_window_add (UsFetchWindow *window, const UsFetchSample *sample);
void us_fetch_window_trim (UsFetchWindow *window, gint64 now_us);
/* Median, any share, of the samples that are US_OUTCOME_OK; NAN: none. */
typedef double (*UsSampleValue) (const UsFetchSample *sample);
double us_fetch_window_percentile (const UsFetchWindow *window, double share, UsSampleValue value);
guint us_fetch_window_count (const UsFetchWindow *window, UsOutcome outcome);
guint us_fetch_window_failed (const UsFetchWindow *window);
/* Those that failed without an excuse, among all others. */
void us_fetch_window_tally (const UsFetchWindow *window, guint *n_failed, guint *n_all);
double us_sample_first_byte (const UsFetchSample *sample);
double us_sample_connect (const UsFetchSample *sample);
double us_sample_ratio (const UsFetchSample *sample);      /* media s / total s */
double us_sample_body_ratio (const UsFetchSample *sample); /* media s / body s */

/* UsContentFacts: what is shown and heard, from hints of sizes and decoded pictures. Ages in
 * seconds for how long it has been so without a break; 0: it is not so; NAN: not known. */
typedef struct {
  double black_s, frozen_s, silent_s;
  double luma, luma_variance; /* 0 to 1; NAN */
  double audio_rms_db;        /* the loudest channel; NAN */
  gboolean is_dead_channel;   /* one of a pair silent, the other not */
} UsContentFacts;

/* UsRenditionFacts: one rendition at the moment of an evaluation. */
typedef struct {
  gint64 now_us;
  gint64 wall_us;
  const UsRenditionInfo *info;
  gint64 begun_us;                 /* first poll */
  gint64 first_good_us;            /* first good playlist; 0: never */
  gint64 good_us;                  /* last good playlist; 0: never */
  gint64 advanced_us;              /* its newest segment appeared; 0: never */
  gint64 poll_us;                  /* interval now */
  guint n_failed;                  /* polls in a row */
  const UsFetched *last;           /* nullable: of the last poll */
  const UsPlaylistSeen *last_seen; /* nullable */
  const UsPlaylist *playlist;      /* nullable: the newest good one */
  guint target_duration_s;         /* 0: not known */
  const UsFetchWindow *playlists, *segments;
  /* Media that appeared after the first advance in the window, and the time from that advance to
   * the last one; 0: none. What came and went between two polls counts as well, by its number and
   * the mean duration. Begins anew when the playlist stopped, restarted or could not be had:
   * one outage is not also a slow encoder. */
  double produced_s, produced_over_s;
  double latency_s, base_latency_s; /* behind the date of the newest segment; NAN */
  guint n_segments_waiting;         /* chosen, and not fetched yet or under way */
  guint n_segment_failures_in_a_row;
  guint n_without_keyframe_in_a_row;
  guint n_without_video, n_without_audio; /* segments in a row that lack a track they had */
  gboolean has_had_video, has_had_audio;
  double cue_out_s;          /* since a cue-out that no cue-in has followed; NAN: none is open */
  double cue_planned_s;      /* as it was announced to last; NAN: not said */
  double peak_bps;           /* of a segment in the window; NAN */
  const UsInspection *media; /* nullable: of the newest inspected segment */
  /* Where the newest listed segment begins in the time of the media, by the durations between it
   * and the newest inspected one; G_MININT64: not known. */
  gint64 edge_us;
  UsContentFacts content;
} UsRenditionFacts;

G_END_DECLS
