/* check.h - everything that can be found wrong with a stream: the closed list of checks */
#pragma once

#include "finding/health.h"

G_BEGIN_DECLS

/* One row of check.c each; docs/reference/checks.md lists them for operators. */
typedef enum {
  /* reach: the playlist cannot be had */
  US_CHECK_DNS,
  US_CHECK_CONNECT, /* refused, reset, unreachable */
  US_CHECK_TLS,
  US_CHECK_TIMEOUT,
  US_CHECK_HTTP_4XX,
  US_CHECK_HTTP_5XX,
  US_CHECK_AUTH, /* 401, 403 */
  US_CHECK_REDIRECT,
  US_CHECK_FORBIDDEN_ADDRESS, /* the address policy refused it */
  US_CHECK_EMPTY_BODY,
  US_CHECK_NOT_A_PLAYLIST, /* HTML, binary: an error page with status 200 */
  US_CHECK_TRUNCATED,
  US_CHECK_CERT_EXPIRING,
  /* playlist */
  US_CHECK_PARSE_ERROR,
  US_CHECK_ENDLIST,
  US_CHECK_STALE,
  US_CHECK_CACHE_STALE,
  US_CHECK_SHORT_WINDOW,
  US_CHECK_TARGET_DURATION_EXCEEDED,
  US_CHECK_TARGET_DURATION_CHANGED,
  US_CHECK_SHORT_SEGMENT,
  /* sequence */
  US_CHECK_SEQUENCE_BACK,
  US_CHECK_SEQUENCE_RESET,
  US_CHECK_SEQUENCE_JUMP,
  US_CHECK_URI_CHANGED,
  US_CHECK_DISCONTINUITY_SEQUENCE,
  US_CHECK_DISCONTINUITY_MISMATCH,
  /* time */
  US_CHECK_DATE_JUMP,
  US_CHECK_DATE_BACK,
  US_CHECK_DATE_REWRITTEN,
  US_CHECK_LATENCY,
  US_CHECK_PRODUCTION_RATE,
  /* segment */
  US_CHECK_SEGMENT_MISSING,    /* 404, 410 */
  US_CHECK_SEGMENT_LATE,       /* 404 first, there within a target duration */
  US_CHECK_SEGMENT_EARLY_GONE, /* 404 of the oldest listed ones only, or of one just removed */
  US_CHECK_SEGMENT_ERROR,      /* any other failure of a fetch */
  US_CHECK_SEGMENT_TIMEOUT,
  US_CHECK_SEGMENT_TRUNCATED,
  US_CHECK_THROUGHPUT,
  US_CHECK_TTFB,
  US_CHECK_DURATION_MISMATCH,
  /* media */
  US_CHECK_MEDIA_BROKEN,
  US_CHECK_TS_SYNC,
  US_CHECK_TS_TABLES,
  US_CHECK_TS_CONTINUITY,
  US_CHECK_PTS_GAP,
  US_CHECK_PTS_RESET,
  US_CHECK_AV_SKEW,
  US_CHECK_NO_KEYFRAME,
  US_CHECK_CODEC_CHANGED,
  US_CHECK_AUDIO_LOST,
  US_CHECK_VIDEO_LOST,
  /* ladder */
  US_CHECK_RENDITION_MISSING,
  US_CHECK_LADDER_MISMATCH,
  US_CHECK_CODECS_MISMATCH,
  US_CHECK_BANDWIDTH_EXCEEDED,
  US_CHECK_RENDITIONS_APART,
  US_CHECK_GROUP_CLASH,
  /* content */
  US_CHECK_BLACK,
  US_CHECK_FROZEN,
  US_CHECK_SILENT,
  /* keys and markers */
  US_CHECK_KEY_UNREACHABLE,
  US_CHECK_GAP,
  US_CHECK_CUE_OUT_OPEN,
  /* delivery */
  US_CHECK_MIME,
  US_CHECK_COMPRESSION,
  US_CHECK_CORS,
  US_CHECK_CACHE_CONTROL,
  /* own chain */
  US_CHECK_TWINS_DIFFER,
  /* the probe itself */
  US_CHECK_PROBE_NETWORK,
  US_CHECK_PROBE_LATE,
  US_CHECK_STORE,
  US_N_CHECKS,
} UsCheck;

typedef enum {
  US_CHECK_GROUP_REACH,
  US_CHECK_GROUP_PLAYLIST,
  US_CHECK_GROUP_SEQUENCE,
  US_CHECK_GROUP_TIME,
  US_CHECK_GROUP_SEGMENT,
  US_CHECK_GROUP_MEDIA,
  US_CHECK_GROUP_LADDER,
  US_CHECK_GROUP_CONTENT,
  US_CHECK_GROUP_MARKERS,
  US_CHECK_GROUP_DELIVERY,
  US_CHECK_GROUP_CHAIN,
  US_CHECK_GROUP_PROBE,
} UsCheckGroup;

/* How bad one finding is. INFO never touches the health of a stream. */
typedef enum { US_SEVERITY_INFO, US_SEVERITY_DEGRADED, US_SEVERITY_UNHEALTHY } UsSeverity;

/* UsCheckInfo: what is fixed about a check.
 * @lasts_ms: a finding closes this long after it was last seen: 0 for a condition that is judged at
 *   every evaluation, so that it closes when it no longer holds; two minutes for events
 * @escalates_at: as many events within two minutes make it UNHEALTHY; 0: never by number alone */
typedef struct {
  const char *word;  /* "segment_missing": API, metrics, documents */
  const char *title; /* "Segments missing" */
  UsCheckGroup group;
  guint lasts_ms;
  guint escalates_at;
} UsCheckInfo;

const UsCheckInfo *us_check_info (UsCheck check);
gboolean us_check_from_word (const char *word, UsCheck *check);
const char *us_check_group_word (UsCheckGroup group);
const char *us_severity_word (UsSeverity severity);

G_END_DECLS
