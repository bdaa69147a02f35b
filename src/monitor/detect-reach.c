/* detect-reach.c - the playlist of a rendition cannot be had, and why
 *
 * Pure. One failed poll is an accident, two in a row are a sign, three are a fault; so is a long
 * time without a good playlist, however few polls fit into it. Also here: a certificate that ends
 * soon. What comes but cannot be read is in detect-playlist.c.
 */
#include "monitor/detect.h"
#include "monitor/detect-failed.h"

#include <math.h>

#define CERTIFICATE_SOON_S (14 * 24 * 60 * 60)
#define CERTIFICATE_AT_ONCE_S (2 * 24 * 60 * 60)
/* Polls in a row; oscnord/hls-monitor 3, Telestream 2. */
#define FAILED_DEGRADED 2
#define FAILED_UNHEALTHY 3
#define WITHOUT_TARGET_DURATIONS 3
#define WITHOUT_S 10 /* where the target duration is not known */

const UsCheck us_detect_reach_checks[] = { US_CHECK_DNS,
                                           US_CHECK_CONNECT,
                                           US_CHECK_TLS,
                                           US_CHECK_TIMEOUT,
                                           US_CHECK_HTTP_4XX,
                                           US_CHECK_HTTP_5XX,
                                           US_CHECK_AUTH,
                                           US_CHECK_REDIRECT,
                                           US_CHECK_FORBIDDEN_ADDRESS,
                                           US_CHECK_EMPTY_BODY,
                                           US_CHECK_NOT_A_PLAYLIST,
                                           US_CHECK_TRUNCATED,
                                           US_CHECK_CERT_EXPIRING,
                                           US_N_CHECKS };

/**
 * us_detect_failed:
 * @severity: (out)
 * @without_s: (out): how long there has been no good playlist
 *
 * Returns: whether so many polls have failed that it is a fault
 */
gboolean
us_detect_failed (const UsRenditionFacts *facts, UsSeverity *severity, double *without_s) {
  gint64 since_us = facts->good_us > 0 ? facts->good_us : facts->begun_us;
  double limit_s = facts->target_duration_s > 0
                       ? WITHOUT_TARGET_DURATIONS * (double)facts->target_duration_s
                       : WITHOUT_S;
  *without_s = (double)MAX (facts->now_us - since_us, 0) / G_USEC_PER_SEC;
  gboolean is_long = *without_s > limit_s;
  if (facts->n_failed >= FAILED_UNHEALTHY || (facts->n_failed >= FAILED_DEGRADED && is_long))
    *severity = US_SEVERITY_UNHEALTHY;
  else if (facts->n_failed >= FAILED_DEGRADED || (facts->n_failed > 0 && is_long))
    *severity = US_SEVERITY_DEGRADED;
  else
    return FALSE;
  return TRUE;
}

static UsCheck
check_of_content (const UsRenditionFacts *facts) {
  if (facts->last->n_bytes == 0)
    return US_CHECK_EMPTY_BODY;
  gboolean is_text = facts->last_seen != NULL && !facts->last_seen->is_html
                     && facts->last_seen->parse_error != NULL;
  return is_text ? US_CHECK_PARSE_ERROR : US_CHECK_NOT_A_PLAYLIST;
}

/**
 * us_detect_failed_check:
 *
 * Returns: the check that the last poll failed by; %US_N_CHECKS: it did not
 */
UsCheck
us_detect_failed_check (const UsRenditionFacts *facts) {
  if (facts->last == NULL)
    return US_N_CHECKS;
  switch (facts->last->outcome) {
  case US_OUTCOME_DNS:
    return US_CHECK_DNS;
  case US_OUTCOME_CONNECT:
  case US_OUTCOME_RESET:
    return US_CHECK_CONNECT;
  case US_OUTCOME_TLS:
    return US_CHECK_TLS;
  case US_OUTCOME_TIMEOUT:
    return US_CHECK_TIMEOUT;
  case US_OUTCOME_TRUNCATED:
    return US_CHECK_TRUNCATED;
  case US_OUTCOME_TOO_LARGE:
    return US_CHECK_NOT_A_PLAYLIST;
  case US_OUTCOME_REDIRECT:
    return US_CHECK_REDIRECT;
  case US_OUTCOME_FORBIDDEN:
    return US_CHECK_FORBIDDEN_ADDRESS;
  case US_OUTCOME_AUTH:
    return US_CHECK_AUTH;
  case US_OUTCOME_MISSING:
  case US_OUTCOME_4XX:
    return US_CHECK_HTTP_4XX;
  case US_OUTCOME_BUSY:
    return facts->last->status == 429 ? US_CHECK_HTTP_4XX : US_CHECK_HTTP_5XX;
  case US_OUTCOME_5XX:
    return US_CHECK_HTTP_5XX;
  case US_OUTCOME_CONTENT:
    return check_of_content (facts);
  case US_OUTCOME_OK:
    return facts->last_seen != NULL && facts->last_seen->parse_error != NULL
               ? check_of_content (facts)
               : US_N_CHECKS;
  case US_N_OUTCOMES:
  default:
    return US_N_CHECKS;
  }
}

static void
judge_polls (const UsRenditionFacts *facts, UsHits *hits) {
  UsCheck check = us_detect_failed_check (facts);
  UsSeverity severity;
  double without_s;
  if (check == US_N_CHECKS || check == US_CHECK_PARSE_ERROR
      || !us_detect_failed (facts, &severity, &without_s))
    return;
  /* It is our own rule that keeps us away: viewers may be well. */
  if (check == US_CHECK_FORBIDDEN_ADDRESS)
    severity = US_SEVERITY_DEGRADED;
  const char *why
      = facts->last->problem != NULL ? facts->last->problem : us_check_info (check)->title;
  if (facts->n_failed == 1)
    us_hits_add (hits, check, severity, facts->n_failed, FAILED_UNHEALTHY,
                 "no playlist for %.1f s, the last poll failed: %s", without_s, why);
  else
    us_hits_add (hits, check, severity, facts->n_failed, FAILED_UNHEALTHY,
                 "no playlist for %.1f s, %u polls in a row failed: %s", without_s, facts->n_failed,
                 why);
}

static void
judge_certificate (const UsRenditionFacts *facts, UsHits *hits) {
  if (facts->last == NULL || facts->last->certificate_until_s <= 0)
    return;
  double left_s
      = (double)facts->last->certificate_until_s - (double)facts->wall_us / G_USEC_PER_SEC;
  if (left_s >= CERTIFICATE_SOON_S)
    return;
  UsSeverity severity
      = left_s < CERTIFICATE_AT_ONCE_S ? US_SEVERITY_UNHEALTHY : US_SEVERITY_DEGRADED;
  double days = fabs (left_s) / (24 * 60 * 60);
  if (left_s < 0)
    us_hits_add (hits, US_CHECK_CERT_EXPIRING, severity, left_s, CERTIFICATE_SOON_S,
                 "the certificate ended %.1f days ago", days);
  else
    us_hits_add (hits, US_CHECK_CERT_EXPIRING, severity, left_s, CERTIFICATE_SOON_S,
                 "the certificate ends in %.1f days", days);
}

/**
 * us_detect_reach:
 */
void
us_detect_reach (const UsRenditionFacts *facts, UsHits *hits) {
  judge_polls (facts, hits);
  judge_certificate (facts, hits);
}
