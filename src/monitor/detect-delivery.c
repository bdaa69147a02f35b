/* detect-delivery.c - how a playlist is served: type, compression, other sites, caches
 *
 * Pure. Most of it is advice (INFO): players get along with it. What makes caches keep a live
 * playlist for longer than it is true is more than that.
 */
#include "monitor/detect.h"

#include <math.h>
#include <string.h>

#define WORTH_COMPRESSING 16384 /* bytes; Apple's authoring rules ask for gzip in any case */
#define KEPT_TOO_LONG 0.5       /* of the target duration: as often as a player may ask */
#define KEPT_MUCH_TOO_LONG 1.5  /* of it: players take the playlist for stopped, RFC 8216 6.2.1 */
#define KEPT_LEAST_S 10

/* RFC 8216 4, and names older than it. */
static const char *const types[]
    = { "application/vnd.apple.mpegurl", "audio/mpegurl", "application/x-mpegurl",
        "audio/x-mpegurl", "application/mpegurl" };

static void
judge_type (const UsFetched *fetched, UsHits *hits) {
  const char *type = fetched->content_type != NULL ? fetched->content_type : "";
  gsize length = strcspn (type, "; \t");
  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    if (strlen (types[i]) == length && g_ascii_strncasecmp (type, types[i], length) == 0)
      return;
  us_hits_add (hits, US_CHECK_MIME, US_SEVERITY_INFO, NAN, NAN,
               "the playlist is served as %.*s, expected %s",
               *type != '\0' ? MIN ((int)length, 100) : 17,
               *type != '\0' ? type : "nothing in special", types[0]);
}

static void
judge_compression (const UsFetched *fetched, UsHits *hits) {
  if (fetched->content_encoding == NULL && fetched->n_bytes >= WORTH_COMPRESSING)
    us_hits_add (hits, US_CHECK_COMPRESSION, US_SEVERITY_INFO, (double)fetched->n_bytes,
                 WORTH_COMPRESSING, "%" G_GSIZE_FORMAT " bytes of playlist come uncompressed",
                 fetched->n_bytes);
}

static void
judge_cors (const UsFetched *fetched, UsHits *hits) {
  if (fetched->allow_origin == NULL || *fetched->allow_origin == '\0')
    us_hits_add (hits, US_CHECK_CORS, US_SEVERITY_INFO, NAN, NAN,
                 "no Access-Control-Allow-Origin: pages of other sites cannot play it");
}

/* Seconds for which a directive such as "max-age" lets caches keep it; -1: it is not there. */
static gint64
directive (const char *cache_control, const char *name) {
  g_auto (GStrv) parts = g_strsplit (cache_control, ",", 32);
  gsize length = strlen (name);
  for (guint i = 0; parts[i] != NULL; i++) {
    const char *part = g_strstrip (parts[i]);
    if (g_ascii_strncasecmp (part, name, length) != 0)
      continue;
    if (part[length] != '\0' && part[length] != '=')
      continue; /* a longer name */
    const char *value = part + length + (part[length] == '=');
    value += *value == '"';
    /* RFC 9111 4.2.1: what is no number is as good as 0. */
    return g_ascii_isdigit (*value) ? (gint64)MIN (g_ascii_strtoull (value, NULL, 10), G_MAXINT32)
                                    : 0;
  }
  return -1;
}

static void
judge_caching (const UsPlaylistSeen *seen, UsHits *hits) {
  const char *text = seen->fetched.cache_control;
  guint target_s = seen->playlist->target_duration_s;
  if (text == NULL || target_s == 0 || seen->playlist->is_ended || directive (text, "no-store") >= 0
      || directive (text, "no-cache") >= 0)
    return;
  gint64 kept_s = MAX (directive (text, "max-age"), directive (text, "s-maxage"));
  if (kept_s <= target_s * KEPT_TOO_LONG || kept_s <= 1) /* less cannot be said but 0 */
    return;
  double much_s = MAX (target_s * KEPT_MUCH_TOO_LONG, KEPT_LEAST_S);
  us_hits_add (
      hits, US_CHECK_CACHE_CONTROL, kept_s > much_s ? US_SEVERITY_DEGRADED : US_SEVERITY_INFO,
      (double)kept_s, target_s * KEPT_TOO_LONG,
      "caches may keep the playlist for %" G_GINT64_FORMAT " s, its target duration is %u s",
      kept_s, target_s);
}

/**
 * us_detect_delivery:
 *
 * Judges answers with a playlist in them; nothing else says how playlists are served.
 */
void
us_detect_delivery (const UsPlaylistSeen *seen, UsHits *hits) {
  if (seen->playlist == NULL || seen->fetched.is_unmodified
      || seen->fetched.outcome != US_OUTCOME_OK)
    return;
  judge_type (&seen->fetched, hits);
  judge_compression (&seen->fetched, hits);
  judge_cors (&seen->fetched, hits);
  judge_caching (seen, hits);
}
