/* test-verdict.c - the health of a stream: roll-up, hysteresis, reasons, and what a first
 * generation of this program got wrong */
#include "live-case.h"

/* ---- findings by hand ---- */

typedef struct {
  UsFindings *findings;
  UsVerdict verdict;
  UsVerdictFacts facts;
} Case;

static void
case_clear (Case *self) {
  us_findings_free (self->findings);
  us_verdict_clear (&self->verdict);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Case, case_clear)

static void
case_init (Case *self, guint n_video, guint n_audio) {
  *self = (Case){ .findings = us_findings_new () };
  self->facts = (UsVerdictFacts){ .now_us = 1000 * S,
                                  .findings = self->findings,
                                  .n_video = n_video,
                                  .n_audio = n_audio,
                                  .video = (G_GUINT64_CONSTANT (1) << n_video) - 1,
                                  .audio = ((G_GUINT64_CONSTANT (1) << n_audio) - 1) << n_video,
                                  .target_duration_s = 2,
                                  .has_evidence = TRUE,
                                  .is_advancing = TRUE };
}

static void
put (Case *self, int rendition, UsCheck check, UsSeverity severity, const char *text) {
  UsHit hit = { .check = check, .severity = severity, .text = (char *)text };
  us_findings_hit (self->findings, rendition, &hit, self->facts.now_us, 1, NULL, NULL);
}

static void
take (Case *self, int rendition, UsCheck check) {
  const UsCheck checks[] = { check, US_N_CHECKS };
  g_autoptr (UsHits) none = us_hits_new ();
  us_findings_judge (self->findings, rendition, checks, none, self->facts.now_us, 1, NULL, NULL);
}

/* A second later. */
static UsHealth
step (Case *self) {
  self->facts.now_us += S;
  UsHealth before = self->verdict.health;
  gboolean is_changed = us_verdict_step (&self->verdict, &self->facts);
  g_assert_cmpint (is_changed, ==, before != self->verdict.health);
  return self->verdict.health;
}

static UsHealth
steps (Case *self, guint n) {
  while (n-- > 0)
    step (self);
  return self->verdict.health;
}

#define assert_health(is, expected)                                                                \
  g_assert_cmpstr (us_health_word (is), ==, us_health_word (US_HEALTH_##expected))

/* ---- roll-up ---- */

/* Letters of renditions, video first, then audio: "-" well, "d" degraded, "u" unhealthy. */
static void
test_roll_up (void) {
  static const struct {
    guint n_video, n_audio;
    const char *renditions;
    UsHealth expected;
  } rows[] = {
    { 1, 0, "-", US_HEALTH_HEALTHY },
    { 1, 0, "d", US_HEALTH_DEGRADED },
    { 1, 0, "u", US_HEALTH_UNHEALTHY },
    { 5, 0, "u----", US_HEALTH_DEGRADED },
    { 5, 0, "uuuu-", US_HEALTH_DEGRADED },
    { 5, 0, "uuuud", US_HEALTH_DEGRADED },
    { 5, 0, "uuuuu", US_HEALTH_UNHEALTHY },
    { 5, 1, "-----u", US_HEALTH_UNHEALTHY }, /* the only sound */
    { 5, 2, "-----u-", US_HEALTH_DEGRADED },
    { 5, 2, "-----uu", US_HEALTH_UNHEALTHY },
    { 5, 1, "uuuuu-", US_HEALTH_UNHEALTHY },
    { 10, 0, "uuuuuuuuu-", US_HEALTH_UNHEALTHY }, /* nine in ten */
    { 11, 0, "uuuuuuuuu--", US_HEALTH_DEGRADED },
    { 0, 2, "u-", US_HEALTH_DEGRADED }, /* radio */
    { 0, 1, "u", US_HEALTH_UNHEALTHY },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    g_auto (Case) self = { NULL };
    case_init (&self, rows[i].n_video, rows[i].n_audio);
    for (guint r = 0; rows[i].renditions[r] != '\0'; r++)
      if (rows[i].renditions[r] != '-')
        put (&self, (int)r, r % 2 ? US_CHECK_STALE : US_CHECK_TTFB,
             rows[i].renditions[r] == 'u' ? US_SEVERITY_UNHEALTHY : US_SEVERITY_DEGRADED, "t");
    const UsFinding *leading, *second;
    g_assert_cmpint (us_verdict_judge (&self.facts, &leading, &second), ==, rows[i].expected);
    g_assert_true ((leading != NULL) == (rows[i].expected != US_HEALTH_HEALTHY));
    if (rows[i].n_audio == 0) { /* who says nothing of kinds has video only */
      self.facts.video = self.facts.audio = 0;
      g_assert_cmpint (us_verdict_judge (&self.facts, &leading, &second), ==, rows[i].expected);
    }
  }
}

/* Subtitles, and renditions of the time before, are not what viewers watch. */
static void
test_other_renditions (void) {
  g_auto (Case) self = { NULL };
  case_init (&self, 1, 0);
  put (&self, 1, US_CHECK_STALE, US_SEVERITY_UNHEALTHY, "t");
  put (&self, 200, US_CHECK_STALE, US_SEVERITY_UNHEALTHY, "t");
  put (&self, G_MAXINT, US_CHECK_STALE, US_SEVERITY_UNHEALTHY, "t");
  const UsFinding *leading, *second;
  assert_health (us_verdict_judge (&self.facts, &leading, &second), DEGRADED);
}

static void
test_whole (void) {
  g_auto (Case) self = { NULL };
  case_init (&self, 5, 0);
  const UsFinding *leading, *second;
  put (&self, US_FINDING_WHOLE, US_CHECK_GROUP_CLASH, US_SEVERITY_DEGRADED, "t");
  assert_health (us_verdict_judge (&self.facts, &leading, &second), DEGRADED);
  put (&self, US_FINDING_WHOLE, US_CHECK_DNS, US_SEVERITY_UNHEALTHY, "t");
  assert_health (us_verdict_judge (&self.facts, &leading, &second), UNHEALTHY);
  g_assert_cmpint (leading->check, ==, US_CHECK_DNS);
  g_assert_cmpint (second->check, ==, US_CHECK_GROUP_CLASH);
}

/* What is only of interest, and faults of our own, are no faults of the stream. */
static void
test_does_not_count (void) {
  g_auto (Case) self = { NULL };
  case_init (&self, 1, 0);
  put (&self, 0, US_CHECK_CORS, US_SEVERITY_INFO, "t");
  put (&self, US_FINDING_WHOLE, US_CHECK_PROBE_LATE, US_SEVERITY_UNHEALTHY, "t");
  put (&self, US_FINDING_WHOLE, US_CHECK_STORE, US_SEVERITY_DEGRADED, "t");
  assert_health (steps (&self, 3), HEALTHY);
  g_assert_null (self.verdict.reasons[0]);
}

/* Pictures are looked at in one rendition only: what is black there is black. */
static void
test_looked_at (void) {
  g_auto (Case) self = { NULL };
  case_init (&self, 5, 0);
  const UsFinding *leading, *second;
  put (&self, 4, US_CHECK_BLACK, US_SEVERITY_UNHEALTHY, "t");
  assert_health (us_verdict_judge (&self.facts, &leading, &second), DEGRADED);
  self.facts.looked_at = 1 << 4;
  assert_health (us_verdict_judge (&self.facts, &leading, &second), UNHEALTHY);
  self.facts.looked_at = 1 << 4 | 1 << 0;
  assert_health (us_verdict_judge (&self.facts, &leading, &second), DEGRADED);
  /* playlists are looked at in all */
  take (&self, 4, US_CHECK_BLACK);
  put (&self, 4, US_CHECK_STALE, US_SEVERITY_UNHEALTHY, "t");
  self.facts.looked_at = 1 << 4;
  assert_health (us_verdict_judge (&self.facts, &leading, &second), DEGRADED);
}

/* ---- reasons ---- */

static void
test_reasons (void) {
  g_auto (Case) self = { NULL };
  case_init (&self, 3, 0);
  put (&self, 2, US_CHECK_LATENCY, US_SEVERITY_UNHEALTHY, "late");
  put (&self, 1, US_CHECK_SEGMENT_MISSING, US_SEVERITY_UNHEALTHY, "missing");
  put (&self, 0, US_CHECK_STALE, US_SEVERITY_UNHEALTHY, "stale");
  put (&self, 1, US_CHECK_STALE, US_SEVERITY_UNHEALTHY, "stale too");
  put (&self, 0, US_CHECK_HTTP_5XX, US_SEVERITY_DEGRADED, "failing");
  steps (&self, 2);
  assert_health (self.verdict.health, UNHEALTHY);
  /* the severe before the less severe, then the cause before what follows from it */
  g_assert_cmpstr (self.verdict.reasons[0], ==, "2 of 3 renditions: stale");
  g_assert_cmpstr (self.verdict.reasons[1], ==, "1 of 3 renditions: missing");
  g_assert_cmpint (self.verdict.leading, ==, US_CHECK_STALE);
  g_assert_cmpint (self.verdict.leading_rendition, ==, 0);
  put (&self, 2, US_CHECK_STALE, US_SEVERITY_UNHEALTHY, "stale as well");
  step (&self);
  g_assert_cmpstr (self.verdict.reasons[0], ==, "All 3 renditions: stale");
  put (&self, 0, US_CHECK_HTTP_5XX, US_SEVERITY_UNHEALTHY, "status 503");
  step (&self);
  g_assert_cmpstr (self.verdict.reasons[0], ==, "1 of 3 renditions: status 503");
}

static void
test_reason_of_one (void) {
  g_auto (Case) self = { NULL };
  case_init (&self, 1, 0);
  put (&self, 0, US_CHECK_STALE, US_SEVERITY_DEGRADED, "no new segment for 5.2 s");
  steps (&self, 2);
  g_assert_cmpstr (self.verdict.reasons[0], ==, "no new segment for 5.2 s");
  g_assert_null (self.verdict.reasons[1]);
  take (&self, 0, US_CHECK_STALE);
  steps (&self, 10); /* 9 s after the first of them */
  assert_health (self.verdict.health, DEGRADED);
  g_assert_cmpstr (self.verdict.reasons[0], ==, "No fault for 9 s, held until it is sure to last");
  g_assert_cmpint (self.verdict.leading, ==, US_CHECK_STALE); /* what it recovers from */
}

/* ---- no data ---- */

static void
test_no_data (void) {
  g_auto (Case) self = { NULL };
  case_init (&self, 1, 0);
  self.facts.has_evidence = FALSE;
  assert_health (step (&self), NO_DATA);
  g_assert_cmpstr (self.verdict.reasons[0], ==, "No answer yet");
  self.facts.has_evidence = TRUE;
  assert_health (step (&self), HEALTHY);
  g_assert_null (self.verdict.reasons[0]);

  self.facts.is_paused = TRUE;
  assert_health (step (&self), NO_DATA);
  g_assert_cmpstr (self.verdict.reasons[0], ==, "Paused");
  self.facts.is_paused = FALSE;
  assert_health (step (&self), HEALTHY);

  /* all streams fail at once: that is us, and nothing may be concluded */
  put (&self, 0, US_CHECK_CONNECT, US_SEVERITY_UNHEALTHY, "t");
  put (&self, US_FINDING_WHOLE, US_CHECK_PROBE_NETWORK, US_SEVERITY_DEGRADED, "8 of 9 hosts fail");
  self.facts.is_probe_at_fault = TRUE;
  assert_health (steps (&self, 50), NO_DATA);
  g_assert_cmpstr (self.verdict.reasons[0], ==, "8 of 9 hosts fail");
  g_assert_cmpint (self.verdict.leading, ==, US_N_CHECKS);
  self.facts.is_probe_at_fault = FALSE;
  take (&self, 0, US_CHECK_CONNECT);
  assert_health (step (&self), HEALTHY);
}

/* UNHEALTHY, then nothing known, then well: it comes back one level at a time, as any other. */
static void
test_no_data_skips_no_level (void) {
  g_auto (Case) self = { NULL };
  case_init (&self, 1, 0);
  steps (&self, 40);
  put (&self, 0, US_CHECK_CONNECT, US_SEVERITY_UNHEALTHY, "t");
  assert_health (steps (&self, 40), UNHEALTHY);
  self.facts.is_probe_at_fault = TRUE;
  assert_health (steps (&self, 40), NO_DATA);
  take (&self, 0, US_CHECK_CONNECT);
  self.facts.is_probe_at_fault = FALSE;
  assert_health (step (&self), UNHEALTHY);
  assert_health (steps (&self, 30), UNHEALTHY);
  assert_health (steps (&self, 2), DEGRADED);
  assert_health (steps (&self, 29), DEGRADED);
  assert_health (steps (&self, 3), HEALTHY);
  /* It has got worse meanwhile. */
  self.facts.has_evidence = FALSE;
  assert_health (steps (&self, 3), NO_DATA);
  self.facts.has_evidence = TRUE;
  put (&self, 0, US_CHECK_CONNECT, US_SEVERITY_UNHEALTHY, "t");
  assert_health (step (&self), UNHEALTHY);
}

/* What it became in the last moments may have been our own network's doing. */
static void
test_no_data_doubts_what_is_new (void) {
  static const struct {
    guint degraded_s, unhealthy_s;
    UsHealth expected;
  } rows[] = {
    { 0, 5, US_HEALTH_HEALTHY },     { 5, 5, US_HEALTH_HEALTHY },    { 40, 5, US_HEALTH_DEGRADED },
    { 40, 40, US_HEALTH_UNHEALTHY }, { 5, 40, US_HEALTH_UNHEALTHY },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    g_auto (Case) self = { NULL };
    case_init (&self, 1, 0);
    steps (&self, 60);
    put (&self, 0, US_CHECK_CONNECT, US_SEVERITY_DEGRADED, "t");
    steps (&self, rows[i].degraded_s);
    put (&self, 0, US_CHECK_CONNECT, US_SEVERITY_UNHEALTHY, "t");
    steps (&self, rows[i].unhealthy_s);
    self.facts.is_probe_at_fault = TRUE;
    assert_health (steps (&self, 5), NO_DATA);
    take (&self, 0, US_CHECK_CONNECT);
    self.facts.is_probe_at_fault = FALSE;
    g_assert_cmpint (step (&self), ==, rows[i].expected);
  }
}

/* A person who pauses a stream wants to begin anew. */
static void
test_pause_forgets (void) {
  g_auto (Case) self = { NULL };
  case_init (&self, 1, 0);
  put (&self, 0, US_CHECK_CONNECT, US_SEVERITY_UNHEALTHY, "t");
  assert_health (steps (&self, 60), UNHEALTHY);
  take (&self, 0, US_CHECK_CONNECT);
  self.facts.is_probe_at_fault = TRUE;
  steps (&self, 2);
  self.facts.is_paused = TRUE;
  steps (&self, 2);
  self.facts.is_probe_at_fault = self.facts.is_paused = FALSE;
  assert_health (step (&self), HEALTHY);
}

/* ---- hysteresis ---- */

static void
test_entry (void) {
  static const struct {
    UsCheck check;
    UsSeverity severity;
    UsHealth first, second;
  } rows[] = {
    { US_CHECK_CONNECT, US_SEVERITY_UNHEALTHY, US_HEALTH_UNHEALTHY, US_HEALTH_UNHEALTHY },
    { US_CHECK_HTTP_5XX, US_SEVERITY_UNHEALTHY, US_HEALTH_UNHEALTHY, US_HEALTH_UNHEALTHY },
    { US_CHECK_SEQUENCE_BACK, US_SEVERITY_UNHEALTHY, US_HEALTH_UNHEALTHY, US_HEALTH_UNHEALTHY },
    { US_CHECK_SEQUENCE_RESET, US_SEVERITY_UNHEALTHY, US_HEALTH_UNHEALTHY, US_HEALTH_UNHEALTHY },
    { US_CHECK_STALE, US_SEVERITY_UNHEALTHY, US_HEALTH_HEALTHY, US_HEALTH_UNHEALTHY },
    { US_CHECK_THROUGHPUT, US_SEVERITY_UNHEALTHY, US_HEALTH_HEALTHY, US_HEALTH_UNHEALTHY },
    { US_CHECK_CERT_EXPIRING, US_SEVERITY_UNHEALTHY, US_HEALTH_HEALTHY, US_HEALTH_UNHEALTHY },
    { US_CHECK_CONNECT, US_SEVERITY_DEGRADED, US_HEALTH_HEALTHY, US_HEALTH_DEGRADED },
    { US_CHECK_STALE, US_SEVERITY_DEGRADED, US_HEALTH_HEALTHY, US_HEALTH_DEGRADED },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    g_auto (Case) self = { NULL };
    case_init (&self, 1, 0);
    assert_health (step (&self), HEALTHY);
    put (&self, 0, rows[i].check, rows[i].severity, "t");
    g_assert_cmpint (step (&self), ==, rows[i].first);
    g_assert_cmpint (step (&self), ==, rows[i].second);
    g_assert_cmpint (self.verdict.since_us, ==,
                     self.facts.now_us - (rows[i].first == rows[i].second ? S : 0));
  }
}

/* Seen once and gone: nothing happened. Degraded, then unhealthy: twice at least degraded. */
static void
test_seen_once (void) {
  g_auto (Case) self = { NULL };
  case_init (&self, 1, 0);
  step (&self);
  for (guint i = 0; i < 20; i++) {
    put (&self, 0, US_CHECK_STALE, US_SEVERITY_UNHEALTHY, "t");
    assert_health (step (&self), HEALTHY);
    take (&self, 0, US_CHECK_STALE);
    assert_health (step (&self), HEALTHY);
  }
  g_assert_true (self.verdict.is_flapping); /* but it is worth a word */
  put (&self, 0, US_CHECK_STALE, US_SEVERITY_DEGRADED, "t");
  step (&self);
  put (&self, 0, US_CHECK_STALE, US_SEVERITY_UNHEALTHY, "t");
  assert_health (step (&self), DEGRADED);
  assert_health (step (&self), UNHEALTHY);
}

/* Back one level at a time, 30 s each. */
static void
test_exit (void) {
  g_auto (Case) self = { NULL };
  case_init (&self, 1, 0);
  step (&self);
  put (&self, 0, US_CHECK_CONNECT, US_SEVERITY_UNHEALTHY, "t");
  assert_health (step (&self), UNHEALTHY);
  take (&self, 0, US_CHECK_CONNECT);
  assert_health (steps (&self, 30), UNHEALTHY); /* 29 s since the first good one */
  assert_health (step (&self), DEGRADED);
  assert_health (steps (&self, 30), DEGRADED);
  assert_health (step (&self), HEALTHY);
  g_assert_cmpuint (self.verdict.n_relapses, ==, 0);
}

/* Long segments are given three of their own; a few evaluations have to have been made. */
static void
test_exit_takes_longer (void) {
  g_auto (Case) self = { NULL };
  case_init (&self, 1, 0);
  self.facts.target_duration_s = 20;
  step (&self);
  put (&self, 0, US_CHECK_CONNECT, US_SEVERITY_UNHEALTHY, "t");
  step (&self);
  take (&self, 0, US_CHECK_CONNECT);
  assert_health (steps (&self, 60), UNHEALTHY);
  assert_health (step (&self), DEGRADED);

  step (&self);
  self.facts.now_us += 3600 * S; /* nobody looked for an hour */
  assert_health (step (&self), DEGRADED);
  assert_health (step (&self), HEALTHY);
}

/* As long as nothing new appears it is not well, whatever else is. */
static void
test_exit_needs_segments (void) {
  g_auto (Case) self = { NULL };
  case_init (&self, 1, 0);
  step (&self);
  put (&self, 0, US_CHECK_CONNECT, US_SEVERITY_UNHEALTHY, "t");
  step (&self);
  take (&self, 0, US_CHECK_CONNECT);
  self.facts.is_advancing = FALSE;
  assert_health (steps (&self, 600), UNHEALTHY);
  self.facts.is_advancing = TRUE;
  assert_health (step (&self), DEGRADED);
}

/* Ill again while it is held: the clock begins anew. */
static void
test_hold_begins_anew (void) {
  g_auto (Case) self = { NULL };
  case_init (&self, 1, 0);
  step (&self);
  put (&self, 0, US_CHECK_CONNECT, US_SEVERITY_UNHEALTHY, "t");
  step (&self);
  take (&self, 0, US_CHECK_CONNECT);
  steps (&self, 25);
  put (&self, 0, US_CHECK_CONNECT, US_SEVERITY_UNHEALTHY, "t");
  step (&self);
  take (&self, 0, US_CHECK_CONNECT);
  assert_health (steps (&self, 30), UNHEALTHY);
  assert_health (step (&self), DEGRADED);
}

/* Each relapse doubles the hold, up to a quarter of an hour; lasting health forgets them. */
static void
test_relapses (void) {
  g_auto (Case) self = { NULL };
  case_init (&self, 1, 0);
  step (&self);
  guint expected = 30;
  for (guint i = 0; i < 12; i++) {
    put (&self, 0, US_CHECK_CONNECT, US_SEVERITY_UNHEALTHY, "t");
    assert_health (step (&self), UNHEALTHY);
    take (&self, 0, US_CHECK_CONNECT);
    guint n = 0;
    while (step (&self) == US_HEALTH_UNHEALTHY)
      n++;
    g_assert_cmpuint (n, ==, expected);
    expected = MIN (expected * 2, 15 * 60);
  }
  g_assert_true (self.verdict.is_flapping);
  steps (&self, 15 * 60 + 2);
  assert_health (self.verdict.health, HEALTHY);
  steps (&self, 15 * 60 + 2);
  g_assert_cmpuint (self.verdict.n_relapses, ==, 0);
  step (&self);
  g_assert_false (self.verdict.is_flapping);
}

/* Down step by step is one relapse, not two. */
static void
test_one_relapse (void) {
  g_auto (Case) self = { NULL };
  case_init (&self, 1, 0);
  step (&self);
  put (&self, 0, US_CHECK_STALE, US_SEVERITY_DEGRADED, "t");
  steps (&self, 2);
  take (&self, 0, US_CHECK_STALE);
  assert_health (steps (&self, 31), HEALTHY);
  put (&self, 0, US_CHECK_STALE, US_SEVERITY_DEGRADED, "t");
  assert_health (steps (&self, 2), DEGRADED);
  put (&self, 0, US_CHECK_STALE, US_SEVERITY_UNHEALTHY, "t");
  assert_health (steps (&self, 2), UNHEALTHY);
  g_assert_cmpuint (self.verdict.n_relapses, ==, 1);
}

/* What is ill for a quarter of an hour and gets worse then has not relapsed. */
static void
test_worse_after_long (void) {
  for (guint minutes = 14; minutes <= 16; minutes += 2) {
    g_auto (Case) self = { NULL };
    case_init (&self, 1, 0);
    step (&self);
    put (&self, 0, US_CHECK_STALE, US_SEVERITY_UNHEALTHY, "t");
    put (&self, 0, US_CHECK_LATENCY, US_SEVERITY_DEGRADED, "t");
    assert_health (steps (&self, 2), UNHEALTHY);
    take (&self, 0, US_CHECK_STALE);
    assert_health (steps (&self, 31), DEGRADED);
    assert_health (steps (&self, minutes * 60), DEGRADED);
    put (&self, 0, US_CHECK_STALE, US_SEVERITY_UNHEALTHY, "t");
    assert_health (steps (&self, 2), UNHEALTHY);
    g_assert_cmpuint (self.verdict.n_relapses, ==, minutes < 15);
  }
}

static void
test_flapping (void) {
  g_auto (Case) self = { NULL };
  case_init (&self, 1, 0);
  step (&self);
  for (guint i = 0; i < 2; i++) {
    g_assert_false (self.verdict.is_flapping);
    put (&self, 0, US_CHECK_STALE, US_SEVERITY_DEGRADED, "t");
    steps (&self, 3);
    g_assert_false (self.verdict.is_flapping);
    take (&self, 0, US_CHECK_STALE);
    steps (&self, 3);
  }
  g_assert_true (self.verdict.is_flapping); /* four changes within twenty */
  steps (&self, 11);
  g_assert_true (self.verdict.is_flapping);
  steps (&self, 10);
  g_assert_false (self.verdict.is_flapping);
}

/* ---- what the first generation got wrong (a live stream in simulated time) ---- */

/* Its health was looked at only when something arrived: frozen at status 200, it stayed green. */
static void
test_frozen_with_status_200 (void) {
  g_autoptr (Live) live = live_new (&live_own, 1);
  live_run (live, 120);
  assert_health (live->verdict.health, HEALTHY);
  live_set_fault (live, LIVE_FROZEN);
  g_assert_cmpfloat (live_run_until (live, US_HEALTH_UNHEALTHY, 60), <=, 14);
  g_assert_cmpint (live->verdict.leading, ==, US_CHECK_STALE);
  guint n_changes = live->n_changes;
  live_run (live, 3600);
  assert_health (live->verdict.health, UNHEALTHY);
  g_assert_cmpuint (live->n_changes, ==, n_changes);
  g_assert_true (g_str_has_prefix (live->verdict.reasons[0], "no new segment for 36"));
  /* it goes on: one level at a time */
  live_set_fault (live, LIVE_WELL);
  double degraded_s = live_run_until (live, US_HEALTH_DEGRADED, 120);
  g_assert_cmpfloat (degraded_s, >=, 30);
  g_assert_cmpfloat (live_run_until (live, US_HEALTH_HEALTHY, 120), >=, 30);
}

/* Added while it is frozen already: there was never an advance to count from. */
static void
test_frozen_from_the_beginning (void) {
  g_autoptr (Live) live = live_new (&live_own, 1);
  live_set_fault (live, LIVE_FROZEN);
  live_run (live, 20);
  assert_health (live->verdict.health, UNHEALTHY);
  g_assert_cmpint (live->verdict.leading, ==, US_CHECK_STALE);
}

/* Its window of 120 s emptied during an outage, and the next good segment made everything well. */
static void
test_window_empties (void) {
  g_autoptr (Live) live = live_new (&live_own, 1);
  live_run (live, 120);
  live_set_fault (live, LIVE_REFUSED);
  g_assert_cmpfloat (live_run_until (live, US_HEALTH_UNHEALTHY, 60), <=, 10);
  g_assert_cmpint (live->verdict.leading, ==, US_CHECK_CONNECT);
  guint n_changes = live->n_changes;
  live_run (live, 600); /* everything of before is out of every window */
  assert_health (live->verdict.health, UNHEALTHY);
  g_assert_cmpuint (live->n_changes, ==, n_changes);
  live_set_fault (live, LIVE_WELL);
  live_run (live, 25); /* good segments, but not for long enough */
  assert_health (live->verdict.health, UNHEALTHY);
  live_run_until (live, US_HEALTH_HEALTHY, 120);
  g_assert_null (strstr (live->log->str, "sequence")); /* where it stands after that is no jump */
  g_assert_null (strstr (live->log->str, "latency"));
  g_assert_null (strstr (live->log->str, "production_rate"));
}

/* One good segment now and then resolved its incident each time. */
static void
test_comes_and_goes (void) {
  g_autoptr (Live) live = live_new (&live_own, 1);
  live_run (live, 60);
  for (guint i = 0; i < 20; i++) {
    live_set_fault (live, LIVE_REFUSED);
    live_run (live, 20);
    assert_health (live->verdict.health, UNHEALTHY);
    live_set_fault (live, LIVE_WELL);
    live_run (live, 20);
    assert_health (live->verdict.health, UNHEALTHY);
  }
  g_assert_cmpuint (live->n_changes, ==, 2); /* to HEALTHY, to UNHEALTHY */
}

/* It watched the best variant only: any of them counts. */
static void
test_every_rendition_counts (void) {
  for (int rendition = 0; rendition < 5; rendition++) {
    g_auto (Case) self = { NULL };
    case_init (&self, 4, 1);
    step (&self);
    put (&self, rendition, US_CHECK_STALE, US_SEVERITY_UNHEALTHY, "t");
    steps (&self, 2);
    g_assert_cmpint (self.verdict.health, ==,
                     rendition < 4 ? US_HEALTH_DEGRADED : US_HEALTH_UNHEALTHY);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add_func ("/monitor/verdict/" name, func)
  ADD ("roll-up", test_roll_up);
  ADD ("other-renditions", test_other_renditions);
  ADD ("whole", test_whole);
  ADD ("does-not-count", test_does_not_count);
  ADD ("looked-at", test_looked_at);
  ADD ("reasons", test_reasons);
  ADD ("reason-of-one", test_reason_of_one);
  ADD ("no-data", test_no_data);
  ADD ("no-data-skips-no-level", test_no_data_skips_no_level);
  ADD ("no-data-doubts-what-is-new", test_no_data_doubts_what_is_new);
  ADD ("pause-forgets", test_pause_forgets);
  ADD ("entry", test_entry);
  ADD ("seen-once", test_seen_once);
  ADD ("exit", test_exit);
  ADD ("exit-takes-longer", test_exit_takes_longer);
  ADD ("exit-needs-segments", test_exit_needs_segments);
  ADD ("hold-begins-anew", test_hold_begins_anew);
  ADD ("relapses", test_relapses);
  ADD ("one-relapse", test_one_relapse);
  ADD ("worse-after-long", test_worse_after_long);
  ADD ("flapping", test_flapping);
  ADD ("frozen-with-status-200", test_frozen_with_status_200);
  ADD ("frozen-from-the-beginning", test_frozen_from_the_beginning);
  ADD ("window-empties", test_window_empties);
  ADD ("comes-and-goes", test_comes_and_goes);
  ADD ("every-rendition-counts", test_every_rendition_counts);
  return g_test_run ();
}
