/* cause-rules-reach.c - causes on the way to the playlist: our network, names, TLS, access, origin,
 * edge
 *
 * Pure; one function per row of the table in docs/reference/causes.md. The first sentence states
 * the condition, the others what supports or contradicts it.
 */
#include "incident/cause-private.h"

#include <math.h>

#include "base/text.h"

#define OTHERS_KNOWN_S 12 /* by then each name has been looked up anew */
#define MIN_POLLS 3       /* failed in a row before an origin is called down */
#define MANY_HOSTS 4      /* unrelated, all failing at once: it is not them */
#define SLOW_HIT_S 0.5    /* a cache that takes so long for what it holds is the slow one */
#define MIN_OLD_AGE_S 10. /* of a playlist in a cache */

/* 1: our own network, seen by what else fails at the same time. */
void
us_rule_probe (UsCase *self) {
  const UsSymptoms *s = self->s;
  gboolean is_everywhere = s->n_hosts_failing >= 2 && s->is_failing_together
                           && s->n_streams_failing * 2 >= s->n_streams;

  if (is_everywhere)
    us_case_must (self, 0.85, US_SOURCE_FETCH,
                  "%u of %u streams on %u different hosts began to fail within ten seconds",
                  s->n_streams_failing, s->n_streams, s->n_hosts_failing);
  if (s->is_local_net_down && is_everywhere)
    us_case_for (self, US_SOURCE_ELSEWHERE, "Our own gateway or resolver does not answer");
  else if (s->is_local_net_down)
    us_case_must (self, 0.85, US_SOURCE_ELSEWHERE, "Our own gateway or resolver does not answer");
  if (self->sources == 0)
    return;
  if (s->n_hosts_failing >= MANY_HOSTS && s->n_hosts_failing == s->n_hosts)
    us_case_for (self, US_SOURCE_HOST, "Not one of %u hosts answers", s->n_hosts);
  if (s->is_other_url_well)
    us_case_against (self, "The same stream works by another address");
  if (s->n_hosts >= 2 && s->n_hosts_failing <= 1)
    us_case_against (self, "%u of %u other hosts answer%s", s->n_hosts - s->n_hosts_failing,
                     s->n_hosts, us_text_verb_s (s->n_hosts - s->n_hosts_failing));
}

/* What makes a fault of one host doubtful: others have it as well. */
static void
doubt_if_everywhere (UsCase *self) {
  const UsSymptoms *s = self->s;
  if (s->n_hosts_failing >= 2 && s->is_failing_together)
    us_case_against (self, "%u other host%s began to fail at the same time", s->n_hosts_failing - 1,
                     us_text_s (s->n_hosts_failing - 1));
  if (s->is_local_net_down)
    us_case_against (self, "Our own gateway or resolver does not answer");
}

static void
trust_if_others_well (UsCase *self, const char *one, const char *many) {
  const UsSymptoms *s = self->s;
  if (us_are_others_well (s))
    us_case_for (self, US_SOURCE_ELSEWHERE, "%u other host%s %s", s->n_hosts_answering,
                 us_text_s (s->n_hosts_answering), s->n_hosts_answering == 1 ? one : many);
}

/* 2 */
void
us_rule_dns (UsCase *self) {
  const UsSymptoms *s = self->s;
  guint bit = 1u << US_OUTCOME_DNS;
  guint n = us_count (s->playlists, bit) + us_count (s->segments, bit);

  if (n == 0 || !(us_is_mostly (s->playlists, bit) || us_is_mostly (s->segments, bit)))
    return;
  us_case_must (self, 0.85, US_SOURCE_FETCH, "The host's name did not resolve %u time%s", n,
                us_text_s (n));
  if (s->first_age[US_CHECK_DNS] >= OTHERS_KNOWN_S) /* not when it is not known */
    trust_if_others_well (self, "resolves and answers", "resolve and answer");
  if (s->is_other_url_well)
    us_case_for (self, US_SOURCE_URL, "The same stream works by another address");
  doubt_if_everywhere (self);
}

/* 3 */
void
us_rule_tls (UsCase *self) {
  const UsSymptoms *s = self->s;
  guint bit = 1u << US_OUTCOME_TLS;
  guint n = us_count (s->playlists, bit) + us_count (s->segments, bit);

  if (n == 0 || !(us_is_mostly (s->playlists, bit) || us_is_mostly (s->segments, bit)))
    return;
  us_case_must (self, 0.9, US_SOURCE_FETCH, "%u TLS handshake%s failed", n, us_text_s (n));
  if (s->certificate_left <= 0) /* not when it is not known */
    us_case_for (self, US_SOURCE_HISTORY, "The certificate expired %.1f h ago",
                 -s->certificate_left / 3600);
  trust_if_others_well (self, "has no such trouble", "have no such trouble");
  doubt_if_everywhere (self);
  if (s->n_renditions >= 2 && s->n_unreachable > 0 && s->n_unreachable < s->n_renditions)
    us_case_against (self, "%u of %u renditions answer%s", s->n_renditions - s->n_unreachable,
                     s->n_renditions, us_text_verb_s (s->n_renditions - s->n_unreachable));
}

/* 4 */
void
us_rule_access (UsCase *self) {
  const UsSymptoms *s = self->s;
  guint bit = 1u << US_OUTCOME_AUTH;
  guint n_playlists = us_count (s->playlists, bit), n_segments = us_count (s->segments, bit);
  gboolean is_of_playlists = us_is_mostly (s->playlists, bit);

  if (!is_of_playlists && !us_is_mostly (s->segments, bit))
    return;
  us_case_must (self, s->has_succeeded ? 0.8 : 0.65, US_SOURCE_FETCH,
                "401 or 403 to %u playlist%s and %u segment%s%s", n_playlists,
                us_text_s (n_playlists), n_segments, us_text_s (n_segments),
                s->has_succeeded ? ", after it had worked" : "; it has never worked");
  if (s->has_token)
    us_case_for (self, US_SOURCE_URL, "The URL carries a token or an expiry");
  if (s->n_renditions >= 2 && s->n_unreachable >= s->n_renditions && is_of_playlists)
    us_case_for (self, US_SOURCE_LADDER, "All %u renditions are denied alike", s->n_renditions);
  if (us_count (s->playlists, US_OUTCOMES_DOWN) + us_count (s->segments, US_OUTCOMES_DOWN) > 0)
    us_case_against (self, "Server errors come with it");
  if (!is_of_playlists && s->is_newest_only)
    us_case_against (self, "Only the newest segments are denied: some storage answers 403 for what "
                           "it does not have yet");
}

/* 5 */
static void
own_switcher_down (UsCase *self) {
  if (self->s->is_own && self->s->is_switcher_known && !self->s->is_switcher_up)
    us_case_for (self, US_SOURCE_INSIDE, "The switcher has answered before and is gone");
  if (self->s->is_own && self->s->n_packagers > 0 && self->s->n_packagers_up == 0
      && !self->s->is_switcher_up && !self->s->is_ingest_up)
    us_case_for (self, US_SOURCE_INSIDE, "So are all other roles");
}

void
us_rule_origin_down (UsCase *self) {
  const UsSymptoms *s = self->s;
  guint n = us_count (s->playlists, US_OUTCOMES_DOWN);
  guint n_well = s->n_host_streams - MIN (s->n_host_streams, s->n_host_streams_failing);

  if (!us_is_unreachable (s) || s->n_failed_in_a_row < MIN_POLLS
      || !us_is_mostly (s->playlists, US_OUTCOMES_DOWN))
    return;
  us_case_must (self, 0.7, US_SOURCE_FETCH,
                "Every rendition fails, for %u polls in a row: refused or reset %u, no answer %u, "
                "server error %u",
                s->n_failed_in_a_row,
                us_count (s->playlists, 1u << US_OUTCOME_CONNECT | 1u << US_OUTCOME_RESET),
                us_count (s->playlists, 1u << US_OUTCOME_TIMEOUT),
                us_count (s->playlists, 1u << US_OUTCOME_5XX | 1u << US_OUTCOME_BUSY));
  own_switcher_down (self);
  if (s->is_origin_status)
    us_case_for (self, US_SOURCE_CACHE, "The cache says that the error is its origin's");
  if (us_is_host_failing (s))
    us_case_for (self, US_SOURCE_HOST, "All %u streams of the host fail", s->n_host_streams);
  else if (s->n_host_streams >= 2 && n > 0)
    us_case_against (self, "%u other stream%s of the host work%s", n_well, us_text_s (n_well),
                     us_text_verb_s (n_well));
  trust_if_others_well (self, "answers", "answer");
  if (s->is_one_address)
    us_case_against (self, "It fails at one of several addresses only");
  if (s->is_other_url_well)
    us_case_against (self, "The same stream works by another address");
  doubt_if_everywhere (self);
  if (s->is_own && s->is_switcher_known && s->is_switcher_up)
    us_case_against (self, "The switcher answers from inside");
}

/* 6 */
void
us_rule_cdn_edge (UsCase *self) {
  const UsSymptoms *s = self->s;
  gboolean is_ill = us_is_failing (s) || us_has_seen (s, US_CHECK_TTFB)
                    || us_has_seen (s, US_CHECK_THROUGHPUT) || us_has_seen (s, US_CHECK_STALE)
                    || us_symptoms_failed (s->segments) + us_symptoms_failed (s->playlists) > 0;
  gboolean is_slow_hit = us_has_seen (s, US_CHECK_TTFB) && s->hit_ttfb_p50 > SLOW_HIT_S;
  gboolean is_old = s->age_max > MAX (3 * us_td (s), MIN_OLD_AGE_S);

  if (s->is_old_from_cache)
    us_case_must (self, 0.7, US_SOURCE_CACHE,
                  "Caches hand out old playlists, or old and new ones in turn");
  if (is_ill && s->is_one_address)
    us_case_must (self, 0.7, US_SOURCE_FETCH, "It fails at one of several addresses only");
  if (is_slow_hit)
    us_case_must (self, 0.7, US_SOURCE_TIMING,
                  "What the cache holds takes %.1f s to its first byte as well", s->hit_ttfb_p50);
  if (self->sources == 0 && !(is_ill && s->is_other_url_well))
    return;
  if (self->sources == 0)
    us_case_must (self, 0.7, US_SOURCE_ELSEWHERE, "The same stream works by another address");
  else if (s->is_other_url_well)
    us_case_for (self, US_SOURCE_ELSEWHERE, "The same stream works by another address");
  if (s->is_old_from_cache && is_old)
    us_case_for (self, US_SOURCE_CACHE, "A playlist was %.0f s old in the cache", s->age_max);
  if (s->is_old_from_cache && us_has_seen (s, US_CHECK_SEQUENCE_BACK))
    us_case_for (self, US_SOURCE_PLAYLIST, "The media sequence went back and forth");
  if (s->is_origin_status)
    us_case_against (self, "The cache says that the error is its origin's");
  if (us_has_lost_publisher (s))
    us_case_against (self, "The ingest has lost the encoder");
  doubt_if_everywhere (self);
}
