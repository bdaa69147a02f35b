/* cause-rules-delivery.c - causes on the way of the segments: kept too short, listed too early, too
 * slow
 *
 * Pure; one function per row of the table in docs/reference/causes.md.
 */
#include "incident/cause-private.h"

#include <math.h>

#include "base/text.h"

#define SLOW_TTFB_S 0.5 /* and twice the stream's own normal */
#define RISEN 2.0       /* times the stream's own normal */
#define CONNECT_RISE_S 0.05
#define GOOD_RATIO 1.5       /* media s per download s: playback is safe */
#define FULL_SPEED_SHARE 0.7 /* of the stream's own normal */

static void
doubt_if_late (UsCase *self) {
  if (self->s->is_open[US_CHECK_PROBE_LATE])
    us_case_against (self, "Our own probing falls behind");
}

/* 10 */
void
us_rule_retention (UsCase *self) {
  const UsSymptoms *s = self->s;
  gboolean is_oldest = s->is_oldest_only && us_count (s->segments, 1u << US_OUTCOME_MISSING) > 0;

  if (!us_has_seen (s, US_CHECK_SEGMENT_EARLY_GONE) && !is_oldest)
    return;
  us_case_must (self, 0.75, US_SOURCE_FETCH,
                "Segments were gone while they were listed, or right after: only the oldest ones");
  if (us_has_seen (s, US_CHECK_SHORT_WINDOW))
    us_case_for (self, US_SOURCE_PLAYLIST,
                 "The playlist lists less than three target durations (%.0f s)", 3 * us_td (s));
  if (s->n_segments_failing > 0 || s->is_newest_only
      || (us_has_seen (s, US_CHECK_SEGMENT_MISSING) && !s->is_oldest_only))
    us_case_against (self, "New segments are missing as well");
  doubt_if_late (self);
}

/* 11 */
void
us_rule_propagation (UsCase *self) {
  const UsSymptoms *s = self->s;
  guint n_late = s->n_hits[US_CHECK_SEGMENT_LATE], n_never = s->n_hits[US_CHECK_SEGMENT_MISSING];

  if (!us_has_seen (s, US_CHECK_SEGMENT_LATE))
    return;
  if (n_late > 1)
    us_case_must (self, 0.75, US_SOURCE_FETCH,
                  "%u segments were missing when they were listed and there a little later",
                  n_late);
  else
    us_case_must (self, 0.75, US_SOURCE_FETCH,
                  "A segment was missing when it was listed and there a little later");
  if (s->is_missing_cached)
    us_case_for (self, US_SOURCE_CACHE, "A cache kept the 404");
  if (n_never >= MAX (n_late, 1))
    us_case_against (self, "%u segment%s never appeared", n_never, us_text_s (n_never));
  if (s->is_oldest_only)
    us_case_against (self, "Only the oldest segments are missing");
}

/* ---- 12 and 13: slow, by the network or by the server ---- */

static gboolean
is_connecting_slowly (const UsSymptoms *s) {
  return s->connect_p50 > s->base_connect * RISEN
         && s->connect_p50 > s->base_connect + CONNECT_RISE_S;
}

static gboolean
has_ttfb_risen (const UsSymptoms *s) {
  double normal = isnan (s->base_ttfb) ? 0 : s->base_ttfb * RISEN;
  return s->is_open[US_CHECK_TTFB] || s->ttfb_p95 > MAX (SLOW_TTFB_S, normal);
}

/* Whether bodies come at full speed once they come; %FALSE when not known. */
static gboolean
is_body_fast (const UsSymptoms *s) {
  return s->fast_body_ratio >= GOOD_RATIO
         && (isnan (s->base_ratio) || s->fast_body_ratio >= s->base_ratio * FULL_SPEED_SHARE);
}

void
us_rule_congestion (UsCase *self) {
  const UsSymptoms *s = self->s;
  gboolean is_broad = s->is_slow_elsewhere || s->is_top_only;

  if (!(s->ratio_p50 < 1.0 || s->is_open[US_CHECK_THROUGHPUT]))
    return;
  us_case_must (self, is_broad ? 0.55 : 0.4, US_SOURCE_TIMING,
                "Segments come slower than they play: %.2f s of media per second",
                isnan (s->ratio_p50) ? 0 : s->ratio_p50);
  if (s->is_slow_elsewhere)
    us_case_for (self, US_SOURCE_ELSEWHERE, "Other hosts are slower than usual as well");
  if (s->is_top_only || (s->small_rung_ratio >= GOOD_RATIO && s->top_rung_ratio < 1.0))
    us_case_for (self, US_SOURCE_LADDER, "Small renditions come in time, large ones do not");
  if (is_connecting_slowly (s))
    us_case_for (self, US_SOURCE_HISTORY, "Connecting takes %.0f ms, usually %.0f ms",
                 s->connect_p50 * 1000, s->base_connect * 1000);
  if (!has_ttfb_risen (s) && !is_connecting_slowly (s))
    self->diagnosis->label = "Bandwidth Constraint";
  if (s->n_hosts >= 2 && !s->is_slow_elsewhere)
    us_case_against (self, "Other hosts are as fast as usual");
  /* Of all renditions together: where small ones come in time it says nothing of the large ones. */
  if (is_body_fast (s) && !s->is_top_only)
    us_case_against (self, "Bodies come at full speed: %.1f s of media per second",
                     s->fast_body_ratio);
  doubt_if_late (self);
}

void
us_rule_overload (UsCase *self) {
  const UsSymptoms *s = self->s;
  guint n_busy = us_count (s->playlists, 1u << US_OUTCOME_BUSY)
                 + us_count (s->segments, 1u << US_OUTCOME_BUSY);
  /* Never without enough answers of both kinds since it is slow: then both are NAN. */
  gboolean is_miss_only = s->miss_ttfb_p50 > SLOW_TTFB_S && s->hit_ttfb_p50 < SLOW_TTFB_S
                          && s->miss_ttfb_p50 > s->hit_ttfb_p50 * RISEN;

  if (us_is_unreachable (s) || !has_ttfb_risen (s)
      || !(is_body_fast (s) || isnan (s->fast_body_ratio)))
    return;
  us_case_must (self, is_body_fast (s) ? 0.45 : 0.4, US_SOURCE_TIMING,
                "The first byte takes %.1f s in one of twenty%s",
                isnan (s->ttfb_p95) ? 0 : s->ttfb_p95,
                is_body_fast (s) ? ", the rest comes at full speed" : "");
  if (is_miss_only)
    us_case_must (self, 0.6, US_SOURCE_CACHE,
                  "What the cache holds takes %.2f s, what it must fetch %.1f s", s->hit_ttfb_p50,
                  s->miss_ttfb_p50);
  else
    us_case_cap (self, US_CONFIDENCE_MEDIUM); /* a slow edge or a slow way look the same */
  if (n_busy > 1) {                           /* once in two minutes is an accident */
    us_case_for (self, US_SOURCE_FETCH, "The server said %u times that it is busy (429, 503)",
                 n_busy);
    self->diagnosis->label = "Origin/CDN Outage";
  }
  if (!isnan (s->connect_p50) && !isnan (s->base_connect) && !is_connecting_slowly (s))
    us_case_for (self, US_SOURCE_HISTORY, "Connecting takes %.0f ms, as usual: the way is free",
                 s->connect_p50 * 1000);
  if (s->hit_ttfb_p50 > SLOW_TTFB_S)
    us_case_against (self, "What the cache holds is slow as well: %.1f s", s->hit_ttfb_p50);
  if (s->is_slow_elsewhere)
    us_case_against (self, "Other hosts are slower than usual as well");
  if (is_connecting_slowly (s))
    us_case_against (self, "Connecting takes %.0f ms, usually %.0f ms", s->connect_p50 * 1000,
                     s->base_connect * 1000);
  if (s->is_one_address || s->is_other_url_well)
    us_case_against (self, "It is not slow by another address");
  doubt_if_late (self);
}
