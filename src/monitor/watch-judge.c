/* watch-judge.c - the evaluation of a watched stream, by a timer and by nothing else
 *
 * Whether or not anything came, twice in a target duration all standing conditions are judged from
 * the facts of that moment, findings that have lasted long enough close, and the verdict takes its
 * step. While our own network or machine is at fault nothing is concluded; what was concluded of
 * the fetches in the moments before is taken back.
 */
#include "monitor/watch-private.h"

#include <math.h>

#include "monitor/cadence.h"

#define GONE_US (10 * 60 * (gint64)G_USEC_PER_SEC) /* then the ladder is what it is */
#define ADVANCING_TARGETS 1.5
#define EVIDENCE_FAILED 2 /* from there on it is a finding, as in detect-reach.c */
#define EVIDENCE_US (10 * (gint64)G_USEC_PER_SEC)
#define SLOW_SHARE 0.5 /* of the stream's own normal throughput */
#define SLOW_RATIO 2.0 /* and so slow that it matters */
#define STAND_STILL_US (5 * (gint64)G_USEC_PER_SEC)

static const UsCheck probe_checks[] = { US_CHECK_PROBE_NETWORK, US_CHECK_PROBE_LATE, US_N_CHECKS };

/* What our own network makes of streams that are well. */
static const UsCheck network_checks[] = { US_CHECK_DNS,
                                          US_CHECK_CONNECT,
                                          US_CHECK_TLS,
                                          US_CHECK_TIMEOUT,
                                          US_CHECK_TRUNCATED,
                                          US_CHECK_STALE,
                                          US_CHECK_SEGMENT_ERROR,
                                          US_CHECK_SEGMENT_TIMEOUT,
                                          US_CHECK_SEGMENT_TRUNCATED,
                                          US_CHECK_THROUGHPUT,
                                          US_CHECK_TTFB,
                                          US_CHECK_KEY_UNREACHABLE,
                                          US_N_CHECKS };

gint64
us_watch_evaluation_us (const UsWatch *watch) {
  guint least_s = 0;
  for (guint i = 0; i < watch->renditions->len; i++) {
    const UsWatchRendition *its = watch->renditions->pdata[i];
    if (its->target_duration_s > 0)
      least_s = least_s == 0 ? its->target_duration_s : MIN (least_s, its->target_duration_s);
  }
  return us_cadence_evaluation_us (least_s);
}

/**
 * us_watch_hit_all:
 * @hits: of detectors of events
 */
void
us_watch_hit_all (UsWatch *watch, int rendition, const UsHits *hits) {
  gint64 now_us = us_watch_now (watch), wall_us = us_watch_wall (watch);
  for (guint i = 0; i < hits->len; i++) {
    const UsHit *hit = &g_array_index (hits, UsHit, i);
    us_symptom_notes_hit (&watch->notes, hit->check, now_us);
    us_findings_hit (watch->findings, rendition, hit, now_us, wall_us, us_watch_report_finding,
                     watch);
  }
}

static void
judge (UsWatch *watch, int rendition, const UsCheck *checks, UsHits *hits) {
  us_findings_judge (watch->findings, rendition, checks, hits, us_watch_now (watch),
                     us_watch_wall (watch), us_watch_report_finding, watch);
  g_array_set_size (hits, 0);
}

static void
close_checks (UsWatch *watch, int rendition, const UsCheck *checks) {
  g_autoptr (UsHits) none = us_hits_new ();
  judge (watch, rendition, checks, none);
}

/* ---- renditions ---- */

static void
judge_rendition (UsWatch *watch, const UsRenditionFacts *facts) {
  g_autoptr (UsHits) hits = us_hits_new ();
  int index = facts->info->index;
  us_detect_reach (facts, hits);
  judge (watch, index, us_detect_reach_checks, hits);
  us_detect_advance (facts, hits);
  judge (watch, index, us_detect_advance_checks, hits);
  us_detect_playlist (facts, hits);
  judge (watch, index, us_detect_playlist_checks, hits);
  if (facts->info->kind == US_RENDITION_SUBTITLES)
    return;
  us_detect_speed (facts, hits);
  judge (watch, index, us_detect_speed_checks, hits);
  us_detect_track (facts, hits);
  judge (watch, index, us_detect_track_checks, hits);
  us_detect_content (facts, hits);
  judge (watch, index, us_detect_content_checks, hits);
}

/* A multivariant playlist says nothing of the live edge, only whether it can be had. */
static void
judge_root (UsWatch *watch) {
  g_autoptr (UsHits) hits = us_hits_new ();
  UsRenditionFacts facts;
  if (watch->is_lone)
    return;
  us_watch_rendition_fill (watch->root, &facts);
  us_detect_reach (&facts, hits);
  judge (watch, US_FINDING_WHOLE, us_detect_reach_checks, hits);
  us_detect_playlist (&facts, hits);
  judge (watch, US_FINDING_WHOLE, us_detect_playlist_checks, hits);
}

static void
judge_gone (UsWatch *watch, UsHits *hits) {
  gint64 now_us = us_watch_now (watch);
  while (watch->gone->len > 0 && now_us - g_array_index (watch->gone, UsGone, 0).gone_us > GONE_US)
    g_array_remove_index (watch->gone, 0);
  if (watch->gone->len == 0)
    return;
  const UsGone *first = &g_array_index (watch->gone, UsGone, 0);
  us_hits_add (hits, US_CHECK_RENDITION_MISSING, US_SEVERITY_DEGRADED, watch->gone->len, 0,
               "%u rendition%s left the multivariant playlist, %s %.0f s ago", watch->gone->len,
               watch->gone->len == 1 ? "" : "s", first->label,
               (double)(now_us - first->gone_us) / G_USEC_PER_SEC);
}

/* Renditions that disagree once have missed something; those that do so again and again cannot be
 * switched between (hls.js level-helper). */
static void
escalate_discord (UsWatch *watch, UsHits *hits) {
  UsHit *hit = NULL;
  for (guint i = 0; i < hits->len; i++)
    if (g_array_index (hits, UsHit, i).check == US_CHECK_DISCONTINUITY_MISMATCH)
      hit = &g_array_index (hits, UsHit, i);
  double apart = hit != NULL ? fabs (hit->value - hit->limit) : 0;
  if (!us_repeat_note (&watch->discord, hit != NULL, apart, us_watch_now (watch)) || hit == NULL)
    return;
  g_autofree char *text = g_steal_pointer (&hit->text);
  hit->text = g_strconcat (text, ", again within two minutes", NULL);
  hit->severity = US_SEVERITY_UNHEALTHY;
}

static void
judge_ladder (UsWatch *watch) {
  g_autoptr (UsHits) hits = us_hits_new ();
  const UsPlaylist *multivariant = watch->is_multivariant ? watch->root->playlist : NULL;
  us_detect_ladder ((const UsRenditionFacts *)(gpointer)watch->facts->data, watch->facts->len,
                    multivariant, hits);
  escalate_discord (watch, hits);
  judge_gone (watch, hits);
  judge (watch, US_FINDING_WHOLE, us_detect_ladder_checks, hits);
}

static void
judge_chain (UsWatch *watch) {
  g_autoptr (UsHits) hits = us_hits_new ();
  if (!watch->config->is_own)
    return;
  us_detect_chain (&watch->inside, hits);
  judge (watch, US_FINDING_WHOLE, us_detect_chain_checks, hits);
}

/* ---- the probe ---- */

static void
judge_probe (UsWatch *watch) {
  g_autoptr (UsHits) hits = us_hits_new ();
  const UsWatchContext *context = watch->context;
  if (watch->was_at_fault)
    us_hits_add (hits, US_CHECK_PROBE_NETWORK, US_SEVERITY_INFO, NAN, NAN, "%s",
                 context->network_problem);
  if (context->is_overloaded)
    us_hits_add (hits, US_CHECK_PROBE_LATE, US_SEVERITY_INFO, NAN, NAN,
                 "this monitor cannot keep up, its requests begin too late");
  judge (watch, US_FINDING_WHOLE, probe_checks, hits);
}

/* A stream on this machine, or one that goes on, is not touched by a network that is down. */
static gboolean
is_at_fault (const UsWatch *watch) {
  return watch->context->network_problem != NULL && !watch->is_here
         && (watch->failing_us > 0 || watch->was_at_fault);
}

static void
enter_or_leave_fault (UsWatch *watch) {
  gboolean was = watch->was_at_fault, is = is_at_fault (watch);
  watch->was_at_fault = is;
  if (is == was)
    return;
  if (is) {
    close_checks (watch, US_FINDING_WHOLE, network_checks);
    for (guint i = 0; i < watch->renditions->len; i++)
      close_checks (watch, ((UsWatchRendition *)watch->renditions->pdata[i])->info->index,
                    network_checks);
  } else {
    us_watch_forgive (watch, G_MAXINT32);
  }
}

/* ---- the whole ---- */

/* No answer at all: what a broken network looks like. */
static gboolean
is_silent (const UsWatchRendition *rendition) {
  if (rendition->n_failed == 0 || !rendition->has_seen)
    return FALSE;
  switch (rendition->seen.fetched.outcome) {
  case US_OUTCOME_DNS:
  case US_OUTCOME_CONNECT:
  case US_OUTCOME_TIMEOUT:
  case US_OUTCOME_RESET:
    return TRUE;
  case US_OUTCOME_OK:
  case US_OUTCOME_TLS:
  case US_OUTCOME_TRUNCATED:
  case US_OUTCOME_TOO_LARGE:
  case US_OUTCOME_REDIRECT:
  case US_OUTCOME_FORBIDDEN:
  case US_OUTCOME_AUTH:
  case US_OUTCOME_MISSING:
  case US_OUTCOME_4XX:
  case US_OUTCOME_BUSY:
  case US_OUTCOME_5XX:
  case US_OUTCOME_CONTENT:
  case US_N_OUTCOMES:
  default:
    return FALSE;
  }
}

static void
note_silence (UsWatch *watch) {
  gboolean is_all = watch->renditions->len > 0 || is_silent (watch->root);
  gint64 since_us = watch->root->seen.fetched.begun_us;
  for (guint i = 0; i < watch->renditions->len && is_all; i++) {
    const UsWatchRendition *its = watch->renditions->pdata[i];
    is_all = is_silent (its);
    since_us = its->seen.fetched.begun_us;
  }
  if (!is_all)
    watch->failing_us = 0;
  else if (watch->failing_us == 0)
    watch->failing_us = MAX (since_us, 1);
}

static void
note_speed (UsWatch *watch) {
  double normal = us_baseline_get (&watch->base_ratio), now = NAN;
  for (guint i = 0; i < watch->renditions->len; i++) {
    const UsWatchRendition *its = watch->renditions->pdata[i];
    now = fmin (now, us_fetch_window_percentile (&its->segments, 0.5, us_sample_ratio));
  }
  watch->is_slow = now < SLOW_RATIO && (isnan (normal) || now < SLOW_SHARE * normal);
}

static gboolean
is_advancing (const UsWatch *watch) {
  for (guint i = 0; i < watch->facts->len; i++) {
    const UsRenditionFacts *its = &g_array_index (watch->facts, UsRenditionFacts, i);
    gint64 limit_us
        = (gint64)(ADVANCING_TARGETS * its->target_duration_s * G_USEC_PER_SEC) + its->poll_us;
    if (its->playlist != NULL && its->playlist->is_ended)
      continue;
    if (its->n_failed > 0 || its->advanced_us == 0 || its->now_us - its->advanced_us > limit_us)
      return FALSE;
  }
  return watch->facts->len > 0;
}

static guint64
bit_of (const UsRenditionFacts *facts) {
  return G_GUINT64_CONSTANT (1) << facts->info->index;
}

/* One failed poll proves nothing, but does not show that all is well either. */
static gboolean
has_evidence (const UsWatchRendition *rendition) {
  gint64 now_us = us_watch_now (rendition->watch);
  gboolean is_long = rendition->begun_us > 0 && now_us - rendition->begun_us > EVIDENCE_US;
  return rendition->n_failed >= EVIDENCE_FAILED || (rendition->n_failed > 0 && is_long)
         || (!rendition->is_root && rendition->first_good_us > 0);
}

static void
fill_verdict_facts (const UsWatch *watch, UsVerdictFacts *facts) {
  *facts = (UsVerdictFacts){ .now_us = us_watch_now (watch),
                             .findings = watch->findings,
                             .has_evidence = has_evidence (watch->root),
                             .is_paused = watch->config->is_paused,
                             .is_probe_at_fault = watch->was_at_fault,
                             .is_advancing = is_advancing (watch) };
  for (guint i = 0; i < watch->facts->len; i++) {
    const UsRenditionFacts *its = &g_array_index (watch->facts, UsRenditionFacts, i);
    facts->n_video += its->info->kind == US_RENDITION_VIDEO;
    facts->n_audio += its->info->kind == US_RENDITION_AUDIO;
    facts->video |= its->info->kind == US_RENDITION_VIDEO ? bit_of (its) : 0;
    facts->audio |= its->info->kind == US_RENDITION_AUDIO ? bit_of (its) : 0;
    facts->looked_at |= its->segments->samples->len > 0 ? bit_of (its) : 0;
    facts->target_duration_s = MAX (facts->target_duration_s, its->target_duration_s);
    facts->has_evidence |= has_evidence (watch->renditions->pdata[i]);
  }
}

static void
step_verdict (UsWatch *watch) {
  UsVerdictFacts facts;
  UsHealth before = watch->verdict.health;
  fill_verdict_facts (watch, &facts);
  gboolean changed = us_verdict_step (&watch->verdict, &facts);
  if (changed)
    watch->health_wall_us = us_watch_wall (watch);
  us_watch_report_verdict (watch, changed, before);
}

static void
step_minute (UsWatch *watch) {
  UsMinute minute;
  if (us_minute_book_tick (&watch->minutes, us_watch_now (watch), us_watch_wall (watch),
                           watch->verdict.health, &minute))
    us_watch_report_minute (watch, &minute);
}

static void
fill_facts (UsWatch *watch) {
  g_array_set_size (watch->facts, watch->renditions->len);
  for (guint i = 0; i < watch->renditions->len; i++)
    us_watch_rendition_fill (watch->renditions->pdata[i],
                             &g_array_index (watch->facts, UsRenditionFacts, i));
}

/* This process stood still (a debugger, a machine asleep): nobody is late for that. */
static void
forgive_stand_still (UsWatch *watch) {
  gint64 judged_us = watch->minutes.judged_us;
  gint64 over_us
      = judged_us > 0 ? us_watch_now (watch) - judged_us - us_watch_evaluation_us (watch) : 0;
  if (over_us > STAND_STILL_US)
    us_watch_forgive (watch, over_us);
}

/**
 * us_watch_evaluate:
 */
void
us_watch_evaluate (UsWatch *watch) {
  forgive_stand_still (watch);
  step_minute (watch);
  if (!watch->config->is_paused) {
    note_silence (watch);
    note_speed (watch);
    enter_or_leave_fault (watch);
  }
  fill_facts (watch);
  if (!watch->config->is_paused && !watch->was_at_fault) {
    for (guint i = 0; i < watch->facts->len && !watch->is_retired; i++)
      judge_rendition (watch, &g_array_index (watch->facts, UsRenditionFacts, i));
    judge_root (watch);
    judge_ladder (watch);
    judge_chain (watch);
  }
  judge_probe (watch);
  us_findings_tick (watch->findings, us_watch_now (watch), us_watch_wall (watch),
                    us_watch_report_finding, watch);
  if (!watch->is_retired)
    step_verdict (watch);
}
