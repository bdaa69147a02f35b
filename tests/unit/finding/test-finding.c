/* test-finding.c - findings open once, are renewed, get worse and better, and close */
#include "finding/finding.h"

#include <math.h>

#define S G_TIME_SPAN_SECOND
#define WALL (1700000000 * S)

/* Calls as they were made: "+stale", "^segment_missing", "-stale". */
typedef struct {
  UsFindings *findings;
  GString *calls;
  gint64 now_us;
} World;

static void
on_changed (const UsFinding *finding, UsFindingChange change, gpointer user_data) {
  World *world = user_data;
  static const char marks[] = { '+', '^', '-' };
  g_string_append_printf (world->calls, "%c%s ", marks[change],
                          us_check_info (finding->check)->word);
  g_assert_true ((finding->closed_wall_us > 0) == (change == US_FINDING_CLOSED));
  g_assert_nonnull (finding->text);
}

static void
world_clear (World *world) {
  us_findings_free (world->findings);
  g_string_free (world->calls, TRUE);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (World, world_clear)

#define WORLD                                                                                      \
  { .findings = us_findings_new (), .calls = g_string_new (NULL), .now_us = 1000 * S }

static void
hit_of (World *world, int rendition, UsCheck check, UsSeverity severity) {
  UsHit hit = { .check = check, .severity = severity, .text = (char *)"text", .value = NAN };
  us_findings_hit (world->findings, rendition, &hit, world->now_us, WALL + world->now_us,
                   on_changed, world);
}

static void
tick (World *world, gint64 us) {
  world->now_us += us;
  us_findings_tick (world->findings, world->now_us, WALL + world->now_us, on_changed, world);
}

static void
assert_calls (World *world, const char *expected) {
  g_assert_cmpstr (world->calls->str, ==, expected);
  g_string_truncate (world->calls, 0);
}

static void
test_opens_once (void) {
  g_auto (World) world = WORLD;
  hit_of (&world, 0, US_CHECK_GAP, US_SEVERITY_DEGRADED);
  assert_calls (&world, "+gap ");
  const UsFinding *finding = us_findings_find (world.findings, US_CHECK_GAP, 0);
  guint64 id = finding->id;
  for (guint i = 0; i < 100; i++) {
    tick (&world, S);
    hit_of (&world, 0, US_CHECK_GAP, US_SEVERITY_DEGRADED);
  }
  assert_calls (&world, "");
  finding = us_findings_find (world.findings, US_CHECK_GAP, 0);
  g_assert_cmpuint (finding->id, ==, id);
  g_assert_cmpuint (finding->count, ==, 101);
  g_assert_cmpint (finding->first_us, ==, 1000 * S);
  g_assert_cmpint (finding->last_us, ==, 1100 * S);
  g_assert_cmpint (finding->first_wall_us, ==, WALL + 1000 * S);
  g_assert_true (us_findings_has (world.findings, US_CHECK_GAP));

  /* another rendition is another finding */
  hit_of (&world, 1, US_CHECK_GAP, US_SEVERITY_DEGRADED);
  assert_calls (&world, "+gap ");
  g_assert_cmpuint (us_findings_find (world.findings, US_CHECK_GAP, 1)->id, >, id);
  g_assert_null (us_findings_find (world.findings, US_CHECK_GAP, US_FINDING_WHOLE));
}

static void
test_event_closes_in_time (void) {
  g_auto (World) world = WORLD;
  hit_of (&world, 0, US_CHECK_GAP, US_SEVERITY_DEGRADED);            /* two minutes */
  hit_of (&world, 0, US_CHECK_SEQUENCE_BACK, US_SEVERITY_UNHEALTHY); /* one */
  tick (&world, 60 * S - 1);
  assert_calls (&world, "+gap +sequence_back ");
  tick (&world, 1);
  assert_calls (&world, "-sequence_back ");
  g_assert_false (us_findings_has (world.findings, US_CHECK_SEQUENCE_BACK));
  tick (&world, 60 * S - 1);
  assert_calls (&world, "");
  tick (&world, 1);
  assert_calls (&world, "-gap ");
  g_autoptr (GPtrArray) list = us_findings_list (world.findings);
  g_assert_cmpuint (list->len, ==, 0);
}

static void
test_standing_closes_when_judged (void) {
  static const UsCheck checks[] = { US_CHECK_STALE, US_CHECK_LATENCY, US_N_CHECKS };
  g_auto (World) world = WORLD;
  g_autoptr (UsHits) none = us_hits_new ();
  g_autoptr (UsHits) hits = us_hits_new ();
  us_hits_add (hits, US_CHECK_STALE, US_SEVERITY_DEGRADED, 3.4, 3, "no new segment for %.1f s",
               3.4);
  hit_of (&world, 0, US_CHECK_TTFB, US_SEVERITY_DEGRADED); /* judged elsewhere */
  for (guint i = 0; i < 3; i++)
    us_findings_judge (world.findings, 0, checks, hits, world.now_us, WALL, on_changed, &world);
  assert_calls (&world, "+ttfb +stale ");
  tick (&world, 3600 * S); /* time alone closes nothing that stands */
  us_findings_judge (world.findings, 1, checks, none, world.now_us, WALL, on_changed, &world);
  assert_calls (&world, "");
  const UsFinding *stale = us_findings_find (world.findings, US_CHECK_STALE, 0);
  g_assert_cmpstr (stale->text, ==, "no new segment for 3.4 s");
  g_assert_cmpuint (stale->count, ==, 3);
  us_findings_judge (world.findings, 0, checks, none, world.now_us, WALL, on_changed, &world);
  assert_calls (&world, "-stale ");
  g_assert_true (us_findings_has (world.findings, US_CHECK_TTFB));
}

/* Several hits of one check in one judgement are one, as bad as the worst. */
static void
test_judge_takes_the_worst (void) {
  static const UsCheck checks[] = { US_CHECK_RENDITION_MISSING, US_N_CHECKS };
  g_auto (World) world = WORLD;
  g_autoptr (UsHits) hits = us_hits_new ();
  us_hits_add (hits, US_CHECK_RENDITION_MISSING, US_SEVERITY_DEGRADED, NAN, NAN, "one");
  us_hits_add (hits, US_CHECK_RENDITION_MISSING, US_SEVERITY_UNHEALTHY, NAN, NAN, "two");
  us_hits_add (hits, US_CHECK_RENDITION_MISSING, US_SEVERITY_DEGRADED, NAN, NAN, "three");
  us_findings_judge (world.findings, US_FINDING_WHOLE, checks, hits, world.now_us, WALL, on_changed,
                     &world);
  const UsFinding *finding
      = us_findings_find (world.findings, US_CHECK_RENDITION_MISSING, US_FINDING_WHOLE);
  g_assert_cmpstr (finding->text, ==, "two");
  g_assert_cmpuint (finding->count, ==, 1);
  g_assert_cmpint (finding->severity, ==, US_SEVERITY_UNHEALTHY);
}

/* A standing condition is as bad as it is now; it is told when it is worse than ever. */
static void
test_standing_severity (void) {
  g_auto (World) world = WORLD;
  hit_of (&world, 0, US_CHECK_STALE, US_SEVERITY_DEGRADED);
  hit_of (&world, 0, US_CHECK_STALE, US_SEVERITY_UNHEALTHY);
  hit_of (&world, 0, US_CHECK_STALE, US_SEVERITY_DEGRADED);
  const UsFinding *finding = us_findings_find (world.findings, US_CHECK_STALE, 0);
  g_assert_cmpint (finding->severity, ==, US_SEVERITY_DEGRADED);
  g_assert_cmpint (finding->worst, ==, US_SEVERITY_UNHEALTHY);
  hit_of (&world, 0, US_CHECK_STALE, US_SEVERITY_UNHEALTHY);
  assert_calls (&world, "+stale ^stale ");
}

/* Three missing segments within two minutes are worse than one, and it is taken back. */
static void
test_escalation (void) {
  g_auto (World) world = WORLD;
  const UsFinding *finding;
  hit_of (&world, 0, US_CHECK_SEGMENT_MISSING, US_SEVERITY_DEGRADED);
  tick (&world, 60 * S);
  hit_of (&world, 0, US_CHECK_SEGMENT_MISSING, US_SEVERITY_DEGRADED);
  tick (&world, 60 * S); /* the first is two minutes old */
  hit_of (&world, 0, US_CHECK_SEGMENT_MISSING, US_SEVERITY_DEGRADED);
  finding = us_findings_find (world.findings, US_CHECK_SEGMENT_MISSING, 0);
  g_assert_cmpint (finding->severity, ==, US_SEVERITY_DEGRADED);
  assert_calls (&world, "+segment_missing ");
  tick (&world, 59 * S);
  hit_of (&world, 0, US_CHECK_SEGMENT_MISSING, US_SEVERITY_DEGRADED); /* 60, 120, 179 s */
  g_assert_cmpint (finding->severity, ==, US_SEVERITY_UNHEALTHY);
  assert_calls (&world, "^segment_missing ");
  tick (&world, S);
  g_assert_cmpint (finding->severity, ==, US_SEVERITY_DEGRADED);
  g_assert_cmpint (finding->worst, ==, US_SEVERITY_UNHEALTHY);
  assert_calls (&world, "");
}

/* What is only of interest does not become a fault by being said often. */
static void
test_info_does_not_escalate (void) {
  g_auto (World) world = WORLD;
  for (guint i = 0; i < 100; i++)
    hit_of (&world, 0, US_CHECK_DISCONTINUITY_SEQUENCE, US_SEVERITY_INFO);
  g_assert_cmpint (us_findings_find (world.findings, US_CHECK_DISCONTINUITY_SEQUENCE, 0)->severity,
                   ==, US_SEVERITY_INFO);
}

/* An event is as bad as the worst of its last two minutes. */
static void
test_event_severity (void) {
  g_auto (World) world = WORLD;
  hit_of (&world, 0, US_CHECK_TARGET_DURATION_EXCEEDED, US_SEVERITY_UNHEALTHY);
  tick (&world, 30 * S);
  hit_of (&world, 0, US_CHECK_TARGET_DURATION_EXCEEDED, US_SEVERITY_DEGRADED);
  const UsFinding *finding
      = us_findings_find (world.findings, US_CHECK_TARGET_DURATION_EXCEEDED, 0);
  g_assert_cmpint (finding->severity, ==, US_SEVERITY_UNHEALTHY);
  tick (&world, 90 * S);
  g_assert_cmpint (finding->severity, ==, US_SEVERITY_DEGRADED);
  tick (&world, 30 * S);
  assert_calls (&world, "+target_duration_exceeded -target_duration_exceeded ");
}

static void
test_list (void) {
  g_auto (World) world = WORLD;
  hit_of (&world, 0, US_CHECK_CORS, US_SEVERITY_INFO);
  hit_of (&world, 0, US_CHECK_TTFB, US_SEVERITY_DEGRADED);
  world.now_us += S;
  hit_of (&world, 0, US_CHECK_LATENCY, US_SEVERITY_DEGRADED);
  hit_of (&world, 2, US_CHECK_STALE, US_SEVERITY_UNHEALTHY);
  g_autoptr (GPtrArray) list = us_findings_list (world.findings);
  static const UsCheck expected[]
      = { US_CHECK_STALE, US_CHECK_TTFB, US_CHECK_LATENCY, US_CHECK_CORS };
  g_assert_cmpuint (list->len, ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < list->len; i++)
    g_assert_cmpint (((const UsFinding *)g_ptr_array_index (list, i))->check, ==, expected[i]);
}

static void
test_close_all (void) {
  g_auto (World) world = WORLD;
  hit_of (&world, 0, US_CHECK_STALE, US_SEVERITY_DEGRADED);
  hit_of (&world, 1, US_CHECK_STALE, US_SEVERITY_DEGRADED);
  hit_of (&world, US_FINDING_WHOLE, US_CHECK_GROUP_CLASH, US_SEVERITY_DEGRADED);
  g_string_truncate (world.calls, 0);
  us_findings_close_all (world.findings, 1, FALSE, world.now_us, WALL, on_changed, &world);
  assert_calls (&world, "-stale ");
  g_assert_true (us_findings_has (world.findings, US_CHECK_STALE));
  us_findings_close_all (world.findings, 0, TRUE, world.now_us, WALL, NULL, NULL);
  g_assert_false (us_findings_has (world.findings, US_CHECK_STALE));
  g_assert_false (us_findings_has (world.findings, US_CHECK_GROUP_CLASH));
}

/* However many renditions and checks: bounded, and what matters gets in. */
static void
test_bounded (void) {
  g_auto (World) world = WORLD;
  for (int rendition = 0; rendition < 4000; rendition++)
    hit_of (&world, rendition, US_CHECK_CORS, US_SEVERITY_INFO);
  g_autoptr (GPtrArray) list = us_findings_list (world.findings);
  g_assert_cmpuint (list->len, ==, US_FINDINGS_MAX_OPEN);
  g_string_truncate (world.calls, 0);
  hit_of (&world, 5000, US_CHECK_STALE, US_SEVERITY_UNHEALTHY);
  assert_calls (&world, "-cors +stale ");
  g_autoptr (GPtrArray) again = us_findings_list (world.findings);
  g_assert_cmpuint (again->len, ==, US_FINDINGS_MAX_OPEN);
  hit_of (&world, 5001, US_CHECK_CORS, US_SEVERITY_INFO);
  assert_calls (&world, "");
  g_assert_null (us_findings_find (world.findings, US_CHECK_CORS, 5001));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/finding/finding/opens-once", test_opens_once);
  g_test_add_func ("/finding/finding/event-closes-in-time", test_event_closes_in_time);
  g_test_add_func ("/finding/finding/standing-closes-when-judged",
                   test_standing_closes_when_judged);
  g_test_add_func ("/finding/finding/judge-takes-the-worst", test_judge_takes_the_worst);
  g_test_add_func ("/finding/finding/standing-severity", test_standing_severity);
  g_test_add_func ("/finding/finding/escalation", test_escalation);
  g_test_add_func ("/finding/finding/info-does-not-escalate", test_info_does_not_escalate);
  g_test_add_func ("/finding/finding/event-severity", test_event_severity);
  g_test_add_func ("/finding/finding/list", test_list);
  g_test_add_func ("/finding/finding/close-all", test_close_all);
  g_test_add_func ("/finding/finding/bounded", test_bounded);
  return g_test_run ();
}
