/* check.c - everything that can be found wrong with a stream: the closed list of checks
 *
 * A check is a condition with a name. What it takes to find it is in src/monitor/detect-*.c; what
 * follows from it in health.c and in the cause rules. A new one needs a row here, one in
 * docs/reference/checks.md (scripts/check-docs compares), and a detector with its table test.
 */
#include "finding/check.h"

#define EVENT_MS (2 * 60 * 1000)

static const UsCheckInfo infos[US_N_CHECKS] = {
#define ROW(check, word, title, group, lasts, escalates)                                           \
  [US_CHECK_##check] = { word, title, US_CHECK_GROUP_##group, lasts, escalates }
  ROW (DNS, "dns", "Name does not resolve", REACH, 0, 0),
  ROW (CONNECT, "connect", "Connection refused or reset", REACH, 0, 0),
  ROW (TLS, "tls", "TLS handshake fails", REACH, 0, 0),
  ROW (TIMEOUT, "timeout", "No answer in time", REACH, 0, 0),
  ROW (HTTP_4XX, "http_4xx", "Client error status", REACH, 0, 0),
  ROW (HTTP_5XX, "http_5xx", "Server error status", REACH, 0, 0),
  ROW (AUTH, "auth", "Access denied", REACH, 0, 0),
  ROW (REDIRECT, "redirect", "Redirects without end", REACH, 0, 0),
  ROW (FORBIDDEN_ADDRESS, "forbidden_address", "Address not allowed", REACH, 0, 0),
  ROW (EMPTY_BODY, "empty_body", "Empty answer", REACH, 0, 0),
  ROW (NOT_A_PLAYLIST, "not_a_playlist", "Answer is no playlist", REACH, 0, 0),
  ROW (TRUNCATED, "truncated", "Playlist cut off", REACH, 0, 0),
  ROW (CERT_EXPIRING, "cert_expiring", "Certificate expires", REACH, 0, 0),
  ROW (PARSE_ERROR, "parse_error", "Playlist malformed", PLAYLIST, 0, 0),
  ROW (ENDLIST, "endlist", "Live playlist ended", PLAYLIST, 0, 0),
  ROW (STALE, "stale", "Playlist stopped advancing", PLAYLIST, 0, 0),
  ROW (CACHE_STALE, "cache_stale", "Old playlist from a cache", PLAYLIST, EVENT_MS, 0),
  ROW (SHORT_WINDOW, "short_window", "Playlist too short", PLAYLIST, 0, 0),
  ROW (TARGET_DURATION_EXCEEDED, "target_duration_exceeded", "Segment longer than announced",
       PLAYLIST, EVENT_MS, 0),
  ROW (TARGET_DURATION_CHANGED, "target_duration_changed", "Target duration changed", PLAYLIST,
       EVENT_MS, 0),
  ROW (SHORT_SEGMENT, "short_segment", "Very short segments", PLAYLIST, EVENT_MS, 0),
  ROW (SEQUENCE_BACK, "sequence_back", "Media sequence went back", SEQUENCE, 60 * 1000, 0),
  ROW (SEQUENCE_RESET, "sequence_reset", "Media sequence restarted", SEQUENCE, 60 * 1000, 0),
  ROW (SEQUENCE_JUMP, "sequence_jump", "Media sequence jumped ahead", SEQUENCE, EVENT_MS, 0),
  ROW (URI_CHANGED, "uri_changed", "Listed segment was renamed", SEQUENCE, EVENT_MS, 0),
  ROW (DISCONTINUITY_SEQUENCE, "discontinuity_sequence", "Discontinuity sequence wrong", SEQUENCE,
       EVENT_MS, 2),
  ROW (DISCONTINUITY_MISMATCH, "discontinuity_mismatch", "Renditions disagree on discontinuities",
       SEQUENCE, 0, 0),
  ROW (DATE_JUMP, "date_jump", "Program date jumped", TIME, EVENT_MS, 0),
  ROW (DATE_BACK, "date_back", "Program date went back", TIME, EVENT_MS, 0),
  ROW (DATE_REWRITTEN, "date_rewritten", "Program date of a listed segment changed", TIME, EVENT_MS,
       0),
  ROW (LATENCY, "latency", "Live edge falls behind", TIME, 0, 0),
  ROW (PRODUCTION_RATE, "production_rate", "Media produced too slowly or too fast", TIME, 0, 0),
  ROW (SEGMENT_MISSING, "segment_missing", "Segments missing", SEGMENT, EVENT_MS, 3),
  ROW (SEGMENT_LATE, "segment_late", "Segments listed before they exist", SEGMENT, EVENT_MS, 0),
  ROW (SEGMENT_EARLY_GONE, "segment_early_gone", "Segments removed too early", SEGMENT, EVENT_MS,
       0),
  ROW (SEGMENT_ERROR, "segment_error", "Segment fetch fails", SEGMENT, EVENT_MS, 3),
  ROW (SEGMENT_TIMEOUT, "segment_timeout", "Segment not served in time", SEGMENT, EVENT_MS, 3),
  ROW (SEGMENT_TRUNCATED, "segment_truncated", "Segment cut off", SEGMENT, EVENT_MS, 3),
  ROW (THROUGHPUT, "throughput", "Download slower than playback", SEGMENT, 0, 0),
  ROW (TTFB, "ttfb", "First byte late", SEGMENT, 0, 0),
  ROW (DURATION_MISMATCH, "duration_mismatch", "Media shorter or longer than EXTINF", SEGMENT,
       EVENT_MS, 0),
  ROW (MEDIA_BROKEN, "media_broken", "Segment is no playable media", MEDIA, EVENT_MS, 2),
  ROW (TS_SYNC, "ts_sync", "Transport stream loses sync", MEDIA, EVENT_MS, 2),
  ROW (TS_TABLES, "ts_tables", "PAT or PMT missing", MEDIA, EVENT_MS, 2),
  ROW (TS_CONTINUITY, "ts_continuity", "Transport packets lost", MEDIA, EVENT_MS, 0),
  ROW (PTS_GAP, "pts_gap", "Gap or overlap between segments", MEDIA, EVENT_MS, 0),
  ROW (PTS_RESET, "pts_reset", "Time stamps restart without DISCONTINUITY", MEDIA, EVENT_MS, 2),
  ROW (AV_SKEW, "av_skew", "Audio and video start apart", MEDIA, EVENT_MS, 0),
  ROW (NO_KEYFRAME, "no_keyframe", "Segment does not start with a key frame", MEDIA, 60 * 1000, 0),
  ROW (CODEC_CHANGED, "codec_changed", "Codec changed without DISCONTINUITY", MEDIA, EVENT_MS, 2),
  ROW (AUDIO_LOST, "audio_lost", "Audio track lost", MEDIA, 0, 0),
  ROW (VIDEO_LOST, "video_lost", "Video track lost", MEDIA, 0, 0),
  ROW (RENDITION_MISSING, "rendition_missing", "Rendition gone", LADDER, 0, 0),
  ROW (LADDER_MISMATCH, "ladder_mismatch", "Renditions differ in kind", LADDER, 0, 0),
  ROW (CODECS_MISMATCH, "codecs_mismatch", "CODECS or RESOLUTION wrong", LADDER, 0, 0),
  ROW (BANDWIDTH_EXCEEDED, "bandwidth_exceeded", "Bit rate above BANDWIDTH", LADDER, EVENT_MS, 0),
  ROW (RENDITIONS_APART, "renditions_apart", "Renditions out of step", LADDER, 0, 0),
  ROW (GROUP_CLASH, "group_clash", "Rendition group contradicts itself", LADDER, 0, 0),
  ROW (BLACK, "black", "Picture is black", CONTENT, 0, 0),
  ROW (FROZEN, "frozen", "Picture is frozen", CONTENT, 0, 0),
  ROW (SILENT, "silent", "Sound is silent", CONTENT, 0, 0),
  ROW (KEY_UNREACHABLE, "key_unreachable", "Key cannot be had", MARKERS, EVENT_MS, 2),
  ROW (GAP, "gap", "Segments marked as missing", MARKERS, EVENT_MS, 0),
  ROW (CUE_OUT_OPEN, "cue_out_open", "Break without end", MARKERS, 0, 0),
  ROW (MIME, "mime", "Wrong content type", DELIVERY, EVENT_MS, 0),
  ROW (COMPRESSION, "compression", "Playlist not compressed", DELIVERY, EVENT_MS, 0),
  ROW (CORS, "cors", "Browsers are kept out", DELIVERY, EVENT_MS, 0),
  ROW (CACHE_CONTROL, "cache_control", "Playlist may be cached too long", DELIVERY, EVENT_MS, 0),
  ROW (TWINS_DIFFER, "twins_differ", "Primary and backup differ", CHAIN, 0, 0),
  ROW (PROBE_NETWORK, "probe_network", "Our own network fails", PROBE, 0, 0),
  ROW (PROBE_LATE, "probe_late", "Probing falls behind", PROBE, 0, 0),
  ROW (STORE, "store", "History cannot be written", PROBE, 0, 0),
#undef ROW
};

static const char *const groups[]
    = { "reach",  "playlist", "sequence", "time",     "segment", "media",
        "ladder", "content",  "markers",  "delivery", "chain",   "probe" };

const UsCheckInfo *
us_check_info (UsCheck check) {
  return &infos[check];
}

/**
 * us_check_from_word:
 * @word: (nullable)
 * @check: (out)
 *
 * Returns: %FALSE when there is no such check
 */
gboolean
us_check_from_word (const char *word, UsCheck *check) {
  for (UsCheck i = 0; i < US_N_CHECKS; i++) {
    if (g_strcmp0 (word, infos[i].word) == 0) {
      *check = i;
      return TRUE;
    }
  }
  return FALSE;
}

const char *
us_check_group_word (UsCheckGroup group) {
  return groups[group];
}

/**
 * us_severity_word:
 *
 * Returns: "info", "degraded" or "unhealthy"
 */
const char *
us_severity_word (UsSeverity severity) {
  static const char *const words[] = { "info", "degraded", "unhealthy" };
  return words[severity];
}
