/* detect.h - every detector: pure functions from what was seen to what is wrong
 *
 * Two kinds. Events: called once for each poll or segment; a hit means "it happened". Standing
 * conditions: called at every evaluation; a hit means "it holds now", no hit "it does not". Which
 * checks a detector judges stands beside it; thresholds are named constants in its file, with where
 * they come from.
 */
#pragma once

#include "monitor/facts.h"

G_BEGIN_DECLS

/* ---- events of a poll; @before: (nullable): the good playlist before it ---- */

/* TARGET_DURATION_EXCEEDED, TARGET_DURATION_CHANGED, SHORT_SEGMENT, GAP */
void us_detect_durations (const UsPlaylist *before, const UsPlaylist *now, UsHits *hits);
/* SEQUENCE_BACK, SEQUENCE_RESET, SEQUENCE_JUMP, URI_CHANGED; CACHE_STALE when it went back to what
 * a cache, or another edge, still holds (@fetched has an Age, or the versions alternate) */
void us_detect_sequence (const UsPlaylist *before, const UsPlaylist *now, const UsFetched *fetched,
                         UsHits *hits);
/* DISCONTINUITY_SEQUENCE */
void us_detect_discontinuity (const UsPlaylist *before, const UsPlaylist *now, UsHits *hits);
/* DATE_JUMP, DATE_BACK, DATE_REWRITTEN */
void us_detect_dates (const UsPlaylist *before, const UsPlaylist *now, UsHits *hits);
/* MIME, COMPRESSION, CORS, CACHE_CONTROL */
void us_detect_delivery (const UsPlaylistSeen *seen, UsHits *hits);

/* ---- events of a segment; @before: (nullable): the one before it in the same rendition ---- */

/* SEGMENT_* */
void us_detect_segment (const UsSegmentSeen *segment, guint target_duration_s, UsHits *hits);
/* MEDIA_BROKEN, TS_SYNC, TS_TABLES, TS_CONTINUITY, PTS_GAP, PTS_RESET, AV_SKEW, NO_KEYFRAME,
 * CODEC_CHANGED, DURATION_MISMATCH, BANDWIDTH_EXCEEDED */
void us_detect_media (const UsSegmentSeen *before, const UsSegmentSeen *segment,
                      const UsRenditionInfo *info, UsHits *hits);

/* ---- standing conditions of a rendition ---- */

extern const UsCheck us_detect_reach_checks[];
void us_detect_reach (const UsRenditionFacts *facts, UsHits *hits);
extern const UsCheck us_detect_advance_checks[]; /* STALE, ENDLIST, LATENCY, PRODUCTION_RATE */
void us_detect_advance (const UsRenditionFacts *facts, UsHits *hits);
extern const UsCheck us_detect_playlist_checks[]; /* PARSE_ERROR, SHORT_WINDOW, CUE_OUT_OPEN */
void us_detect_playlist (const UsRenditionFacts *facts, UsHits *hits);
extern const UsCheck us_detect_speed_checks[]; /* THROUGHPUT, TTFB */
void us_detect_speed (const UsRenditionFacts *facts, UsHits *hits);
extern const UsCheck us_detect_track_checks[]; /* AUDIO_LOST, VIDEO_LOST, CODECS_MISMATCH */
void us_detect_track (const UsRenditionFacts *facts, UsHits *hits);
extern const UsCheck us_detect_content_checks[]; /* BLACK, FROZEN, SILENT */
void us_detect_content (const UsRenditionFacts *facts, UsHits *hits);

/* ---- standing conditions of a stream of our own chain ---- */

extern const UsCheck us_detect_chain_checks[]; /* TWINS_DIFFER */
void us_detect_chain (const UsSymptoms *inside, UsHits *hits);

/* ---- standing conditions of the stream; @renditions: element-type UsRenditionFacts ---- */

extern const UsCheck us_detect_ladder_checks[]; /* RENDITION_MISSING, LADDER_MISMATCH,
                                                   RENDITIONS_APART, DISCONTINUITY_MISMATCH,
                                                   GROUP_CLASH */
void us_detect_ladder (const UsRenditionFacts *renditions, guint n_renditions,
                       const UsPlaylist *multivariant, UsHits *hits);

G_END_DECLS
