/* test-contender.c - primary and backup encoders in tables and through made-up hours */
#include "ingest/contender.h"

#define NOBODY US_CONTEST_NOBODY
#define S(s) ((gint64)(s)*G_USEC_PER_SEC)

static const UsContestSettings returning = { US_FAILBACK_AUTO, 10000 };
static const UsContestSettings staying = { US_FAILBACK_STICKY, 10000 };

/* priority, ready, at key, silent, behind, limit, steady */
#define GOOD(p)                                                                                    \
  { p, TRUE, FALSE, 20, 20, 1000, 60000 }
#define AT_KEY(p)                                                                                  \
  { p, TRUE, TRUE, 0, 0, 1000, 60000 }
#define FRESH(p)                                                                                   \
  { p, FALSE, FALSE, 0, 0, 1000, 0 }
#define DEAD(p)                                                                                    \
  { p, TRUE, FALSE, 1001, 1001, 1000, 0 }
#define LATE(p)                                                                                    \
  { p, TRUE, FALSE, 30, 1500, 1000, 0 }
#define MIDDLING(p)                                                                                \
  { p, TRUE, TRUE, 30, 501, 1000, 60000 }

static void
test_table (void) {
  static const struct {
    const char *name;
    const UsContestSettings *settings;
    UsContenderFacts facts[3];
    guint n, active;
    gboolean has_left;
    UsContestReason reason;
    guint index;
  } rows[] = {
    { "nobody", &returning, { { 0 } }, 0, NOBODY, FALSE, US_CONTEST_STAY, NOBODY },
    { "the last left", &returning, { { 0 } }, 0, NOBODY, TRUE, US_CONTEST_STAY, NOBODY },
    { "first", &returning, { FRESH (3) }, 1, NOBODY, FALSE, US_CONTEST_FIRST, 0 },
    { "alone", &returning, { GOOD (0) }, 1, 0, FALSE, US_CONTEST_STAY, 0 },
    { "alone and dead", &returning, { DEAD (0) }, 1, 0, FALSE, US_CONTEST_STAY, 0 },
    { "both well", &returning, { AT_KEY (0), AT_KEY (1) }, 2, 0, FALSE, US_CONTEST_STAY, 0 },
    { "silent", &returning, { DEAD (0), GOOD (1) }, 2, 0, FALSE, US_CONTEST_SILENT, 1 },
    { "late", &returning, { LATE (0), GOOD (1) }, 2, 0, FALSE, US_CONTEST_LATE, 1 },
    { "silent, sticky", &staying, { DEAD (0), GOOD (1) }, 2, 0, FALSE, US_CONTEST_SILENT, 1 },
    { "backup fails", &returning, { GOOD (0), DEAD (1) }, 2, 1, FALSE, US_CONTEST_SILENT, 0 },
    { "both dead", &returning, { DEAD (0), DEAD (1) }, 2, 0, FALSE, US_CONTEST_STAY, 0 },
    { "other not ready", &returning, { DEAD (0), FRESH (1) }, 2, 0, FALSE, US_CONTEST_STAY, 0 },
    { "other barely alive",
      &returning,
      { DEAD (0), MIDDLING (1) },
      2,
      0,
      FALSE,
      US_CONTEST_STAY,
      0 },
    { "best of two",
      &returning,
      { GOOD (2), DEAD (0), GOOD (1) },
      3,
      1,
      FALSE,
      US_CONTEST_SILENT,
      2 },
    { "gone", &returning, { GOOD (1) }, 1, NOBODY, TRUE, US_CONTEST_GONE, 0 },
    { "gone, new one", &returning, { GOOD (1), FRESH (0) }, 2, NOBODY, TRUE, US_CONTEST_GONE, 0 },
    { "gone, all dead", &returning, { DEAD (2), DEAD (1) }, 2, NOBODY, TRUE, US_CONTEST_GONE, 1 },
    { "gone, the other new",
      &returning,
      { DEAD (1), FRESH (0) },
      2,
      NOBODY,
      TRUE,
      US_CONTEST_GONE,
      1 },
    { "better is back",
      &returning,
      { GOOD (1), AT_KEY (0) },
      2,
      0,
      FALSE,
      US_CONTEST_PREFERRED,
      1 },
    { "not at a key frame", &returning, { GOOD (1), GOOD (0) }, 2, 0, FALSE, US_CONTEST_STAY, 0 },
    { "sticky", &staying, { GOOD (1), AT_KEY (0) }, 2, 0, FALSE, US_CONTEST_STAY, 0 },
    { "as good", &returning, { GOOD (1), AT_KEY (1) }, 2, 0, FALSE, US_CONTEST_STAY, 0 },
    { "middling", &returning, { GOOD (1), MIDDLING (0) }, 2, 0, FALSE, US_CONTEST_STAY, 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    UsContest contest = { 0 };
    UsContestVerdict verdict
        = us_contest_step (&contest, rows[i].settings, rows[i].facts, rows[i].n, rows[i].active,
                           rows[i].has_left, S (100));
    g_test_message ("%s", rows[i].name);
    g_assert_cmpstr (us_contest_reason_to_string (verdict.reason), ==,
                     us_contest_reason_to_string (rows[i].reason));
    g_assert_cmpuint (verdict.index, ==, rows[i].index);
  }
}

static UsContestReason
step (UsContest *contest, const UsContenderFacts *main_facts, guint *active, gint64 now_us) {
  UsContenderFacts facts[2] = { *main_facts, GOOD (1) };
  UsContestVerdict verdict
      = us_contest_step (contest, &returning, facts, 2, *active, FALSE, now_us);
  *active = verdict.index;
  return verdict.reason;
}

/* A main encoder with a loose plug: each return that does not last makes the next one later. */
static void
test_flapping (void) {
  UsContest contest = { 0 };
  guint active = 0, n_switches = 0;
  gint64 steady_ms = 60000;
  UsContenderFacts dead = DEAD (0);
  /* an hour in which it fails every 30 s for 2 s */
  for (gint64 now_s = 1; now_s <= 3600; now_s++) {
    gboolean is_dead = now_s % 30 < 2;
    steady_ms = is_dead ? 0 : steady_ms + 1000;
    UsContenderFacts well = AT_KEY (0);
    well.steady_ms = steady_ms;
    n_switches += step (&contest, is_dead ? &dead : &well, &active, S (now_s)) != US_CONTEST_STAY;
  }
  g_assert_cmpuint (active, ==, 1);
  g_assert_cmpuint (n_switches, <=, 6);
  g_assert_cmpint (us_contest_get_hold_ms (&contest, &returning), <=, US_CONTEST_MAX_HOLD_MS);
}

static void
test_hold_doubles (void) {
  UsContest contest = { 0 };
  UsContenderFacts dead = DEAD (0);
  guint active = 0;
  gint64 now_s = 100, expected_ms = 10000;
  g_assert_cmpint (step (&contest, &dead, &active, S (now_s)), ==, US_CONTEST_SILENT);
  g_assert_cmpint (us_contest_get_hold_ms (&contest, &returning), ==, 10000);
  for (guint i = 0; i < 8; i++) {
    UsContenderFacts soon = AT_KEY (0), steady = AT_KEY (0);
    soon.steady_ms = expected_ms - 1;
    steady.steady_ms = expected_ms;
    g_assert_cmpint (step (&contest, &soon, &active, S (now_s += 60)), ==, US_CONTEST_STAY);
    g_assert_cmpint (step (&contest, &steady, &active, S (now_s += 60)), ==, US_CONTEST_PREFERRED);
    g_assert_cmpint (step (&contest, &dead, &active, S (now_s += 60)), ==, US_CONTEST_SILENT);
    expected_ms = MIN (2 * expected_ms, US_CONTEST_MAX_HOLD_MS);
    g_assert_cmpint (us_contest_get_hold_ms (&contest, &returning), ==, expected_ms);
  }
  /* five good minutes make up for it */
  UsContenderFacts well = AT_KEY (0);
  well.steady_ms = US_CONTEST_MAX_HOLD_MS;
  g_assert_cmpint (step (&contest, &well, &active, S (now_s += 600)), ==, US_CONTEST_PREFERRED);
  g_assert_cmpint (step (&contest, &dead, &active, S (now_s += 300)), ==, US_CONTEST_SILENT);
  g_assert_cmpint (us_contest_get_hold_ms (&contest, &returning), ==, 10000);
}

/* Leaving counts as failing does. */
static void
test_leaving_soon (void) {
  UsContest contest = { 0 };
  UsContenderFacts both[] = { GOOD (1), AT_KEY (0) };
  UsContestVerdict verdict = us_contest_step (&contest, &returning, both, 2, 0, FALSE, S (50));
  g_assert_cmpint (verdict.reason, ==, US_CONTEST_PREFERRED);
  verdict = us_contest_step (&contest, &returning, both, 1, NOBODY, TRUE, S (60));
  g_assert_cmpint (verdict.reason, ==, US_CONTEST_GONE);
  g_assert_cmpint (us_contest_get_hold_ms (&contest, &returning), ==, 20000);
}

static void
test_reasons (void) {
  static const struct {
    const UsContestSettings *settings;
    UsContenderFacts facts[2];
    guint n, active, index;
    const char *why;
  } rows[] = {
    { &returning, { GOOD (0) }, 1, 0, 0, "the only one" },
    { &returning, { GOOD (0), GOOD (1) }, 2, 0, 0, "in time, and no better one is" },
    { &returning, { DEAD (0), DEAD (1) }, 2, 0, 0, "1001 ms behind, but no other one is in time" },
    { &returning, { GOOD (1), DEAD (0) }, 2, 0, 1, "1001 ms behind" },
    { &returning, { GOOD (1), FRESH (0) }, 2, 0, 1, "has sent no key frame yet" },
    { &returning, { GOOD (0), GOOD (1) }, 2, 0, 1, "a better one is in time" },
    { &returning, { GOOD (0), GOOD (0) }, 2, 0, 1, "one as good came first" },
    { &staying, { GOOD (1), GOOD (0) }, 2, 0, 1, "better, but publisher-failback is sticky" },
    { &returning, { GOOD (1), GOOD (0) }, 2, 0, 1, "better, and takes over at its next key frame" },
  };
  UsContest contest = { 0 };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *why = us_contest_explain (&contest, rows[i].settings, rows[i].facts, rows[i].n,
                                               rows[i].active, rows[i].index);
    g_assert_cmpstr (why, ==, rows[i].why);
  }
  UsContenderFacts early[] = { GOOD (1), GOOD (0) };
  early[1].steady_ms = 4200;
  g_autofree char *why = us_contest_explain (&contest, &returning, early, 2, 0, 1);
  g_assert_cmpstr (why, ==, "better, and steady for 4 of 10 s");
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/contender/table", test_table);
  g_test_add_func ("/contender/flapping", test_flapping);
  g_test_add_func ("/contender/hold-doubles", test_hold_doubles);
  g_test_add_func ("/contender/leaving-soon", test_leaving_soon);
  g_test_add_func ("/contender/reasons", test_reasons);
  return g_test_run ();
}
