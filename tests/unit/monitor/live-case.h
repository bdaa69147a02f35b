/* live-case.h - a live origin and a probe in simulated time: playlists as text, all detectors of
 * playlists, findings and the verdict, step by step */
#pragma once

#include "detect-case.h"
#include "monitor/verdict.h"

#define STEP_US (100 * MS)
#define LIVE_SEGMENTS 4096

/* LiveProfile: how an origin writes its playlists. */
typedef struct {
  const char *name;
  guint64 first;      /* number of its first segment */
  gint64 duration_ms; /* of a segment, and by how much it differs */
  gint64 vary_ms;
  gint64 publish_vary_ms; /* it appears so much later at most */
  guint target_s;         /* 0: the longest of those listed, rounded, as ffmpeg has it */
  guint window;           /* segments; 0: none is ever removed */
  guint remove_at_once;   /* 0: one by one */
  gboolean is_whole;      /* EXTINF in whole seconds */
  enum { DATES_NONE, DATES_EACH, DATES_TOP, DATES_SHAKY } dates;
  guint cut_every;  /* segments between discontinuities; 0: none */
  const char *head; /* more tags */
  gboolean is_low_latency;
  double poll_s; /* of the probe; 0: as RFC 8216 6.3.4 asks */
} LiveProfile;

typedef enum { LIVE_WELL, LIVE_FROZEN, LIVE_REFUSED } LiveFault;

typedef struct {
  gint64 at_us, begin_us, duration_us; /* when it appears; media time */
  gint64 shake_ms;
} LiveSegment;

typedef struct {
  const LiveProfile *profile;
  GRand *rand;
  gint64 begun_us, now_us;
  LiveSegment segments[LIVE_SEGMENTS];
  guint n_segments;
  LiveFault fault;
  gint64 frozen_us;  /* what was listed then is listed */
  gint64 stopped_us; /* the encoder makes nothing from then on; 0: it does */

  /* the probe */
  UsPlaylist *playlist;
  UsPlaylistSeen seen;
  UsFetchWindow fetches;
  UsRenditionFacts facts;
  gint64 poll_us, evaluate_us;
  GArray *advances; /* element-type LiveSegment: at_us, and duration_us of what came */
  UsFindings *findings;
  UsVerdict verdict;
  GString *log;    /* findings as they open: "stale:degraded " */
  guint n_changes; /* of health */
  gint64 moved_us; /* the newest change */
} Live;

static inline void
live_on_changed (const UsFinding *finding, UsFindingChange change, gpointer user_data) {
  Live *live = user_data;
  assert_sentence (finding->text);
  if (change != US_FINDING_CLOSED && finding->severity > US_SEVERITY_INFO)
    g_string_append_printf (live->log, "%s:%s ", us_check_info (finding->check)->word,
                            us_severity_word (finding->severity));
}

/* Everything it will ever make, so that a fault is what is shown of it. */
static inline Live *
live_new (const LiveProfile *profile, guint32 seed) {
  Live *live = g_new0 (Live, 1);
  live->profile = profile;
  live->rand = g_rand_new_with_seed (seed);
  live->begun_us = live->now_us = 100000 * S;
  gint64 media_us = live->begun_us - 30 * S;
  for (guint i = 0; i < LIVE_SEGMENTS; i++) {
    LiveSegment *segment = &live->segments[i];
    segment->begin_us = media_us;
    segment->duration_us = profile->duration_ms * MS;
    if (profile->vary_ms > 0)
      segment->duration_us += g_rand_int_range (live->rand, 0, profile->vary_ms) * MS;
    segment->shake_ms = g_rand_int_range (live->rand, -300, 301);
    media_us += segment->duration_us;
    segment->at_us = media_us;
    if (profile->publish_vary_ms > 0)
      segment->at_us += g_rand_int_range (live->rand, 0, profile->publish_vary_ms) * MS;
  }
  live->fetches.samples = NULL;
  us_fetch_window_init (&live->fetches);
  live->facts = (UsRenditionFacts){ .latency_s = NAN,
                                    .base_latency_s = NAN,
                                    .cue_out_s = NAN,
                                    .cue_planned_s = NAN,
                                    .segments = &live->fetches,
                                    .playlists = &live->fetches };
  live->advances = g_array_new (FALSE, FALSE, sizeof (LiveSegment));
  live->findings = us_findings_new ();
  live->log = g_string_new (NULL);
  return live;
}

static inline void
live_free (Live *live) {
  g_rand_free (live->rand);
  g_clear_pointer (&live->playlist, us_playlist_free);
  us_playlist_seen_clear (&live->seen);
  us_fetch_window_clear (&live->fetches);
  g_array_unref (live->advances);
  us_findings_free (live->findings);
  us_verdict_clear (&live->verdict);
  g_string_free (live->log, TRUE);
  g_free (live);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Live, live_free)

/* ---- the origin ---- */

static inline void
live_write_segment (const Live *live, guint i, gboolean is_top, GString *text) {
  const LiveProfile *profile = live->profile;
  const LiveSegment *segment = &live->segments[i];
  if (profile->cut_every > 0 && i > 0 && i % profile->cut_every == 0)
    g_string_append (text, "#EXT-X-DISCONTINUITY\n");
  if (profile->dates != DATES_NONE && (profile->dates != DATES_TOP || is_top)) {
    gint64 wall_ms = segment->begin_us / MS + DAWN_MS
                     + (profile->dates == DATES_SHAKY ? segment->shake_ms : 0);
    g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (wall_ms / 1000);
    g_autofree char *head = g_date_time_format (date, "%Y-%m-%dT%H:%M:%S");
    g_string_append_printf (text, "#EXT-X-PROGRAM-DATE-TIME:%s.%03dZ\n", head,
                            (int)(wall_ms % 1000));
  }
  if (profile->is_low_latency)
    g_string_append_printf (text, "#EXT-X-PART:DURATION=0.5,URI=\"p%u.0.m4s\",INDEPENDENT=YES\n",
                            i);
  if (profile->is_whole)
    g_string_append_printf (text, "#EXTINF:%d,\n", (int)((segment->duration_us + S / 2) / S));
  else
    g_string_append_printf (text, "#EXTINF:%d.%06d,\n", (int)(segment->duration_us / S),
                            (int)(segment->duration_us % S));
  g_string_append_printf (text, "live-%" G_GUINT64_FORMAT ".ts\n", profile->first + i);
}

/* As it is served at @at_us. */
static inline char *
live_write (const Live *live, gint64 at_us) {
  const LiveProfile *profile = live->profile;
  guint end = 0, begin = 0, batch = MAX (profile->remove_at_once, 1);
  if (live->stopped_us > 0)
    at_us = MIN (at_us, live->stopped_us);
  while (end < LIVE_SEGMENTS && live->segments[end].at_us <= at_us)
    end++;
  if (profile->window > 0 && end > profile->window)
    begin = (end - profile->window) / batch * batch;
  gint64 longest_us = 0;
  for (guint i = begin; i < end; i++)
    longest_us = MAX (longest_us, live->segments[i].duration_us);
  guint target_s = profile->target_s > 0 ? profile->target_s : (longest_us + S / 2) / S;
  GString *text = g_string_new ("#EXTM3U\n");
  g_string_append_printf (text, "#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:%u\n", MAX (target_s, 1));
  g_string_append_printf (text, "#EXT-X-MEDIA-SEQUENCE:%" G_GUINT64_FORMAT "\n",
                          profile->first + begin);
  if (profile->cut_every > 0) /* tags that have left */
    g_string_append_printf (text, "#EXT-X-DISCONTINUITY-SEQUENCE:%u\n",
                            begin > 0 ? (begin - 1) / profile->cut_every : 0);
  g_string_append (text, profile->head != NULL ? profile->head : "");
  for (guint i = begin; i < end; i++)
    live_write_segment (live, i, i == begin, text);
  if (profile->is_low_latency)
    g_string_append_printf (text,
                            "#EXT-X-PART:DURATION=0.5,URI=\"p%u.0.m4s\"\n"
                            "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"p%u.1.m4s\"\n",
                            end, end);
  return g_string_free (text, FALSE);
}

/* ---- the probe ---- */

static inline void
live_hit (Live *live, UsHits *hits) {
  for (guint i = 0; i < hits->len; i++)
    us_findings_hit (live->findings, 0, &g_array_index (hits, UsHit, i), live->now_us, live->now_us,
                     live_on_changed, live);
}

/* What appeared after the first advance of the last two minutes, and in what time. */
static inline void
live_count (Live *live, double media_s) {
  LiveSegment advance = { .at_us = live->now_us, .duration_us = (gint64)(media_s * S) };
  g_array_append_val (live->advances, advance);
  while (g_array_index (live->advances, LiveSegment, 0).at_us < live->now_us - US_WINDOW_US)
    g_array_remove_index (live->advances, 0);
  live->facts.produced_s = 0;
  for (guint i = 1; i < live->advances->len; i++)
    live->facts.produced_s
        += (double)g_array_index (live->advances, LiveSegment, i).duration_us / S;
  live->facts.produced_over_s
      = (double)(live->now_us - g_array_index (live->advances, LiveSegment, 0).at_us) / S;
}

static inline void
live_forget_pace (Live *live) {
  g_array_set_size (live->advances, 0);
  live->facts.produced_s = live->facts.produced_over_s = 0;
}

/* Returns: whether something new is listed */
static inline gboolean
live_take (Live *live, UsPlaylist *now) {
  UsRenditionFacts *facts = &live->facts;
  const UsPlaylist *before = live->playlist;
  const UsPlaylistSegment *last
      = now->segments->len > 0 ? g_ptr_array_index (now->segments, now->segments->len - 1) : NULL;
  const UsPlaylistSegment *was
      = before != NULL && before->segments->len > 0
            ? g_ptr_array_index (before->segments, before->segments->len - 1)
            : NULL;
  live->seen.fetched.since_good_us = facts->good_us > 0 ? live->now_us - facts->good_us : 0;
  g_autoptr (UsHits) hits = us_hits_new ();
  us_detect_durations (before, now, hits);
  us_detect_sequence (before, now, &live->seen.fetched, hits);
  us_detect_discontinuity (before, now, hits);
  us_detect_dates (before, now, hits);
  live_hit (live, hits);
  double media_s = 0;
  for (guint i = 0; was != NULL && i < now->segments->len; i++) {
    const UsPlaylistSegment *segment = g_ptr_array_index (now->segments, i);
    media_s += segment->number > was->number ? (double)segment->duration_us / S : 0;
  }
  const UsPlaylistSegment *top
      = now->segments->len > 0 ? g_ptr_array_index (now->segments, 0) : NULL;
  if (was != NULL && top != NULL && top->number > was->number + 1) /* came and went unseen */
    media_s += (double)(top->number - was->number - 1) * media_s / now->segments->len;
  gboolean is_new = media_s > 0;
  if (facts->first_good_us == 0)
    facts->first_good_us = live->now_us;
  facts->good_us = live->now_us;
  if (is_new) {
    facts->advanced_us = live->now_us;
    live_count (live, media_s);
  }
  if (last != NULL && last->wall_ms >= 0) {
    facts->latency_s = (double)(live->now_us / MS + DAWN_MS - last->wall_ms) / 1000
                       - (double)last->duration_us / S;
    if (isnan (facts->base_latency_s) && is_new)
      facts->base_latency_s = facts->latency_s;
  }
  g_clear_pointer (&live->playlist, us_playlist_free);
  live->playlist = now;
  facts->playlist = now;
  facts->target_duration_s = now->target_duration_s;
  return is_new;
}

static inline void
live_poll (Live *live) {
  UsRenditionFacts *facts = &live->facts;
  us_fetched_clear (&live->seen.fetched);
  facts->last = &live->seen.fetched;
  facts->last_seen = &live->seen;
  gboolean is_new = FALSE;
  if (live->fault == LIVE_REFUSED) {
    live->seen.fetched.outcome = US_OUTCOME_CONNECT;
    live->seen.fetched.problem = g_strdup ("connection refused");
    facts->n_failed++;
    live_forget_pace (live);
  } else {
    gboolean is_frozen = live->fault == LIVE_FROZEN;
    g_autofree char *text = live_write (live, is_frozen ? live->frozen_us : live->now_us);
    live->seen.fetched.outcome = US_OUTCOME_OK;
    live->seen.fetched.cache_age_s = -1;
    facts->n_failed = 0;
    is_new = live_take (live, parse_playlist (text));
  }
  double target_s = MAX (facts->target_duration_s, 1);
  double interval_s
      = live->profile->poll_s > 0 ? live->profile->poll_s : (is_new ? target_s : target_s / 2);
  facts->poll_us = (gint64)(interval_s * g_rand_double_range (live->rand, 0.9, 1.1) * S);
  live->poll_us = live->now_us + facts->poll_us;
}

static inline gboolean
live_is_advancing (const Live *live) {
  const UsRenditionFacts *facts = &live->facts;
  return facts->advanced_us > 0
         && facts->now_us - facts->advanced_us
                <= facts->target_duration_s * 3 * S / 2 + facts->poll_us;
}

static inline void
live_evaluate (Live *live) {
  UsRenditionFacts *facts = &live->facts;
  facts->now_us = facts->wall_us = live->now_us;
  facts->begun_us = live->begun_us;
  if (!live_is_advancing (live))
    live_forget_pace (live);
  static const struct {
    const UsCheck *checks;
    void (*detect) (const UsRenditionFacts *facts, UsHits *hits);
  } standing[] = { { us_detect_reach_checks, us_detect_reach },
                   { us_detect_advance_checks, us_detect_advance },
                   { us_detect_playlist_checks, us_detect_playlist },
                   { us_detect_speed_checks, us_detect_speed } };
  for (guint i = 0; i < G_N_ELEMENTS (standing); i++) {
    g_autoptr (UsHits) hits = us_hits_new ();
    standing[i].detect (facts, hits);
    us_findings_judge (live->findings, 0, standing[i].checks, hits, live->now_us, live->now_us,
                       live_on_changed, live);
  }
  us_findings_tick (live->findings, live->now_us, live->now_us, live_on_changed, live);
  UsVerdictFacts of = { .now_us = live->now_us,
                        .findings = live->findings,
                        .n_video = 1,
                        .target_duration_s = facts->target_duration_s,
                        .has_evidence = facts->good_us > 0 || facts->n_failed > 2,
                        .is_advancing = live_is_advancing (live) };
  if (us_verdict_step (&live->verdict, &of)) {
    live->n_changes++;
    live->moved_us = live->now_us;
  }
  live->evaluate_us = live->now_us + MAX (facts->target_duration_s, 1) * S / 2;
}

static inline void
live_run (Live *live, double seconds) {
  gint64 until_us = live->now_us + (gint64)(seconds * S);
  while (live->now_us < until_us) {
    live->now_us += STEP_US;
    if (live->now_us >= live->poll_us)
      live_poll (live);
    if (live->now_us >= live->evaluate_us)
      live_evaluate (live);
  }
}

/* Runs until the stream is @health, or for so long; returns how long it took. */
static inline double
live_run_until (Live *live, UsHealth health, double most_s) {
  gint64 from_us = live->now_us;
  while (live->verdict.health != health && live->now_us - from_us < (gint64)(most_s * S))
    live_run (live, 0.1);
  g_assert_cmpstr (us_health_word (live->verdict.health), ==, us_health_word (health));
  return (double)(live->now_us - from_us) / S;
}

static inline void
live_set_fault (Live *live, LiveFault fault) {
  live->fault = fault;
  live->frozen_us = live->now_us;
}

/* The chain of this project, as most tests need it. */
static const LiveProfile live_own = { .name = "own",
                                      .first = 1700000000,
                                      .duration_ms = 2000,
                                      .target_s = 2,
                                      .window = 10,
                                      .dates = DATES_EACH };
