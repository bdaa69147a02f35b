/* test-policy.c - the verdict on every kind of fault, and that the right origin is active */
#include "policy-world.h"

/* peers.md 1.1 in all its kinds: what makes an origin bad, and how long that may take to matter
 * between foreign origins whose segments last 2 s. */
static const struct {
  UsReason error; /* US_REASON_STALE: frozen */
  gint64 within_us;
} faults[] = {
  { US_REASON_REFUSED, STEP },     { US_REASON_RESET, STEP },     { US_REASON_RESOLVE, STEP },
  { US_REASON_TIMEOUT, STEP },     { US_REASON_TRUNCATED, STEP }, { US_REASON_PROTOCOL, STEP },
  { US_REASON_HTTP_4XX, STEP },    { US_REASON_HTTP_5XX, STEP },  { US_REASON_UNPARSABLE, STEP },
  { US_REASON_UNSUPPORTED, STEP }, { US_REASON_REGRESS, STEP },   { US_REASON_STALE, 4100 * MS },
};

static void
test_primary_bad (void) {
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++) {
    World world;
    world_init (&world, FALSE);
    run (&world, 2 * SECOND);
    break_origin (&world, US_ORIGIN_PRIMARY, faults[i].error);
    run (&world, faults[i].within_us);
    g_assert_cmpint (world.policy.active, ==, US_ORIGIN_BACKUP);
    g_assert_cmpint (world.policy.verdict[0].state, ==, US_ORIGIN_FAILED);
    g_assert_cmpint (world.policy.verdict[0].reason, ==, faults[i].error);
    g_assert_cmpuint (world.policy.n_failovers, ==, 1);
    run (&world, 60 * SECOND); /* and stays there */
    g_assert_cmpint (world.policy.active, ==, US_ORIGIN_BACKUP);
    g_assert_cmpuint (world.n_switches, ==, 1);
  }
}

/* Never to a worse one: every kind of bad primary beside every kind of bad backup. */
static void
test_both_bad (void) {
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++) {
    for (guint k = 0; k < G_N_ELEMENTS (faults); k++) {
      World world;
      world_init (&world, FALSE);
      run (&world, 2 * SECOND);
      break_origin (&world, US_ORIGIN_BACKUP, faults[k].error);
      run (&world, 5 * SECOND);
      break_origin (&world, US_ORIGIN_PRIMARY, faults[i].error);
      run (&world, 60 * SECOND);
      g_assert_cmpint (world.policy.active, ==, US_ORIGIN_PRIMARY);
      g_assert_cmpuint (world.n_switches, ==, 0);
    }
  }
}

/* Both quiet from one moment on is the source's doing. */
static void
test_source_quiet (void) {
  for (guint kind = 0; kind < 2; kind++) {
    World world;
    world_init (&world, kind == 1);
    run (&world, 2 * SECOND);
    freeze (&world, US_ORIGIN_PRIMARY);
    if (kind == 0) /* foreign: other boundaries, its last segment ends later */
      run (&world, 2 * SECOND);
    freeze (&world, US_ORIGIN_BACKUP);
    run (&world, 60 * SECOND);
    g_assert_cmpuint (world.n_switches, ==, 0);
    for (guint i = 0; i < US_N_ORIGINS; i++) {
      g_assert_cmpint (world.policy.verdict[i].state, ==, US_ORIGIN_SUSPECT);
      g_assert_cmpint (world.policy.verdict[i].reason, ==, US_REASON_SOURCE);
    }
  }
}

/* On the backup, the backup dies: never stuck on a dead one. */
static void
test_backup_bad (void) {
  for (guint i = 0; i < G_N_ELEMENTS (faults); i++) {
    World world;
    world_init (&world, FALSE);
    set_error (&world, US_ORIGIN_PRIMARY, US_REASON_REFUSED);
    run (&world, STEP * 11);
    g_assert_cmpint (world.policy.active, ==, US_ORIGIN_BACKUP);
    set_error (&world, US_ORIGIN_PRIMARY, US_REASON_OK);
    run (&world, 2100 * MS); /* the primary answers and moves, but is not trusted yet */
    g_assert_cmpint (world.policy.active, ==, US_ORIGIN_BACKUP);
    break_origin (&world, US_ORIGIN_BACKUP, faults[i].error);
    run (&world, faults[i].within_us + 500 * MS);
    g_assert_cmpint (world.policy.active, ==, US_ORIGIN_PRIMARY);
    g_assert_cmpuint (world.policy.n_switchbacks, ==, 1);
  }
}

/* On the backup, both fresh: home again after three segments in step and the hold-down. */
static void
test_switchback (void) {
  World world;
  world_init (&world, FALSE);
  run (&world, 2 * SECOND);
  set_error (&world, US_ORIGIN_PRIMARY, US_REASON_HTTP_5XX);
  run (&world, STEP);
  g_assert_cmpint (world.policy.active, ==, US_ORIGIN_BACKUP);
  set_error (&world, US_ORIGIN_PRIMARY, US_REASON_OK);
  run (&world, 4 * SECOND);
  g_assert_cmpint (world.policy.active, ==, US_ORIGIN_BACKUP);
  g_assert_cmpint (world.policy.verdict[0].state, ==, US_ORIGIN_RECOVERING);
  run (&world, 4 * SECOND);
  g_assert_cmpint (world.policy.active, ==, US_ORIGIN_PRIMARY);
  g_assert_cmpint (world.policy.verdict[0].state, ==, US_ORIGIN_UP);
  g_assert_cmpuint (world.policy.n_switchbacks, ==, 1);
}

/* One soft sign is a suspicion, two of three are a verdict. */
static void
test_soft_evidence (void) {
  static const UsReason soft[] = { US_REASON_TIMEOUT, US_REASON_HTTP_4XX };
  for (guint i = 0; i < G_N_ELEMENTS (soft); i++) {
    World world;
    world_init (&world, FALSE);
    run (&world, STEP);
    set_error (&world, US_ORIGIN_PRIMARY, soft[i]);
    world.facts[0].n_recent_bad = 1;
    run (&world, STEP);
    g_assert_cmpint (world.policy.verdict[0].state, ==, US_ORIGIN_SUSPECT);
    g_assert_cmpint (world.policy.active, ==, US_ORIGIN_PRIMARY);
    world.facts[0].n_recent_bad = 2;
    run (&world, STEP);
    g_assert_cmpint (world.policy.verdict[0].state, ==, US_ORIGIN_FAILED);
    g_assert_cmpint (world.policy.active, ==, US_ORIGIN_BACKUP);
  }
}

/* Of two that fail in the same way, the one that says so a moment later is not the better one; one
 * that is still only suspect after that is. */
static void
test_fail_alike (void) {
  for (guint is_alike = 0; is_alike < 2; is_alike++) {
    World world;
    world_init (&world, TRUE);
    run (&world, STEP);
    for (guint i = 0; i < US_N_ORIGINS; i++) {
      set_error (&world, (UsOriginId)i, US_REASON_TIMEOUT);
      world.facts[i].n_recent_bad = 1;
    }
    run (&world, STEP);
    world.facts[0].n_recent_bad = 2;
    run (&world, STEP);
    g_assert_cmpint (world.policy.verdict[0].state, ==, US_ORIGIN_FAILED);
    g_assert_cmpint (world.policy.verdict[1].state, ==, US_ORIGIN_SUSPECT);
    g_assert_cmpint (world.policy.active, ==, US_ORIGIN_PRIMARY);
    world.facts[1].n_recent_bad = is_alike ? 2 : 1;
    run (&world, US_POLICY_SETTLE_US + STEP);
    g_assert_cmpint (world.policy.active, ==, is_alike ? US_ORIGIN_PRIMARY : US_ORIGIN_BACKUP);
  }
}

/* However rarely an origin is asked: check interval x required windows is the longest patience. */
static void
test_patience_is_capped (void) {
  World world;
  world_init (&world, FALSE);
  world.policy.settings.check_interval_us = SECOND;
  world.policy.settings.required_windows = 2;
  run (&world, STEP);
  set_error (&world, US_ORIGIN_PRIMARY, US_REASON_TIMEOUT);
  world.facts[0].n_recent_bad = 1;
  run (&world, 1900 * MS);
  g_assert_cmpint (world.policy.active, ==, US_ORIGIN_PRIMARY);
  run (&world, 200 * MS);
  g_assert_cmpint (world.policy.active, ==, US_ORIGIN_BACKUP);
}

static void
test_stale_after (void) {
  static const struct {
    gint64 threshold_us, target_us, expected_us;
  } table[] = {
    { 20 * SECOND, 2 * SECOND, 3300 * MS },    { 20 * SECOND, 10 * SECOND, 15300 * MS },
    { 20 * SECOND, 19 * SECOND, 20 * SECOND }, { 3 * SECOND, 2 * SECOND, 3 * SECOND },
    { 1 * SECOND, 2 * SECOND, 2300 * MS }, /* not between two segments */
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    UsPolicySettings settings = { .age_threshold_us = table[i].threshold_us };
    g_assert_cmpint (us_policy_stale_us (&settings, table[i].target_us), ==, table[i].expected_us);
  }
}

/* Between twins, silence shows by the sister's voice. */
static void
test_late (void) {
  World world;
  world_init (&world, TRUE);
  run (&world, 2 * SECOND); /* both have just advanced */
  freeze (&world, US_ORIGIN_PRIMARY);
  run (&world, 2 * SECOND + 300 * MS);
  g_assert_cmpint (world.policy.verdict[0].state, ==, US_ORIGIN_UP);
  run (&world, 200 * MS);
  g_assert_cmpint (world.policy.verdict[0].state, ==, US_ORIGIN_SUSPECT);
  run (&world, 400 * MS);
  g_assert_cmpint (world.policy.verdict[0].state, ==, US_ORIGIN_FAILED);
  g_assert_cmpint (world.policy.verdict[0].reason, ==, US_REASON_LATE);
  g_assert_cmpint (world.policy.active, ==, US_ORIGIN_BACKUP);
  /* thawed: catches up at once, is trusted after three more */
  world.is_frozen[0] = FALSE;
  advance (&world, US_ORIGIN_PRIMARY, (guint)(world.newest[1] - world.newest[0]));
  world.facts[0].last_advance_us = world.facts[1].last_advance_us;
  run (&world, STEP);
  g_assert_cmpint (world.policy.verdict[0].state, ==, US_ORIGIN_RECOVERING);
  run (&world, 8 * SECOND);
  g_assert_cmpint (world.policy.active, ==, US_ORIGIN_PRIMARY);
}

/* One of two is always the second by a little: it is as good as the other. */
static void
test_always_second (void) {
  World world;
  world_init (&world, TRUE);
  world.facts[0].last_advance_us += STEP;
  run (&world, 5 * SECOND);
  set_error (&world, US_ORIGIN_PRIMARY, US_REASON_RESET);
  run (&world, STEP);
  set_error (&world, US_ORIGIN_PRIMARY, US_REASON_OK);
  run (&world, 8 * SECOND);
  g_assert_cmpint (world.policy.verdict[0].state, ==, US_ORIGIN_UP);
  g_assert_cmpint (world.policy.active, ==, US_ORIGIN_PRIMARY);
}

/* A restarted twin regenerates its window in one go: that is no proof of health. */
static void
test_refill (void) {
  World world;
  world_init (&world, TRUE);
  run (&world, 6 * SECOND);
  set_error (&world, US_ORIGIN_PRIMARY, US_REASON_REFUSED);
  run (&world, SECOND);
  set_error (&world, US_ORIGIN_PRIMARY, US_REASON_OK);
  advance (&world, US_ORIGIN_BACKUP, 6);
  for (guint i = 0; i < 5; i++) { /* one after the other, as fast as it can */
    advance (&world, US_ORIGIN_PRIMARY, 1);
    step (&world);
    g_assert_cmpint (world.policy.verdict[0].state, ==, US_ORIGIN_RECOVERING);
  }
  advance (&world, US_ORIGIN_PRIMARY, (guint)(world.newest[1] - world.newest[0])); /* level */
  step (&world);
  run (&world, 3 * SECOND);
  g_assert_cmpint (world.policy.verdict[0].state, ==, US_ORIGIN_RECOVERING);
  run (&world, 4 * SECOND);
  g_assert_cmpint (world.policy.verdict[0].state, ==, US_ORIGIN_UP);
}

/* Twins that lose their source say 503 one after the other, and come back likewise: no failover. */
static void
test_source_by_self_verdict (void) {
  World world;
  world_init (&world, TRUE);
  run (&world, 2 * SECOND);
  set_error (&world, US_ORIGIN_PRIMARY, US_REASON_HTTP_5XX);
  run (&world, 300 * MS);
  set_error (&world, US_ORIGIN_BACKUP, US_REASON_HTTP_5XX);
  run (&world, 10 * SECOND);
  set_error (&world, US_ORIGIN_BACKUP, US_REASON_OK);
  run (&world, 300 * MS);
  set_error (&world, US_ORIGIN_PRIMARY, US_REASON_OK);
  world.newest[0] = world.newest[1];
  run (&world, 20 * SECOND);
  g_assert_cmpuint (world.n_switches, ==, 0);
  g_assert_cmpint (world.policy.verdict[0].state, ==, US_ORIGIN_UP);
}

/* An origin that comes and goes is taken back ever more slowly, up to five minutes. */
static void
test_hold_down (void) {
  World world;
  world_init (&world, FALSE);
  run (&world, 2 * SECOND);
  gint64 last_hold_us = 0;
  for (guint i = 0; i < 10; i++) {
    set_error (&world, US_ORIGIN_PRIMARY, US_REASON_RESET);
    run (&world, STEP);
    g_assert_cmpint (world.policy.active, ==, US_ORIGIN_BACKUP);
    gint64 hold_us = us_policy_hold_us (&world.policy);
    g_assert_cmpint (hold_us, ==, MIN (5 * SECOND << i, 300 * SECOND));
    g_assert_cmpint (hold_us, >=, last_hold_us);
    last_hold_us = hold_us;
    set_error (&world, US_ORIGIN_PRIMARY, US_REASON_OK);
    run (&world, MAX (hold_us - 200 * MS, 4 * SECOND));
    g_assert_cmpint (world.policy.active, ==, US_ORIGIN_BACKUP);
    run (&world, 4 * SECOND);
    g_assert_cmpint (world.policy.active, ==, US_ORIGIN_PRIMARY);
  }
  run (&world, 301 * SECOND); /* five quiet minutes, and it is forgotten */
  g_assert_cmpuint (world.policy.n_flaps, ==, 0);
}

/* A flapping primary never takes the viewers along. */
static void
test_flapping (void) {
  World world;
  world_init (&world, FALSE);
  run (&world, 2 * SECOND);
  for (guint i = 0; i < 120; i++) {
    set_error (&world, US_ORIGIN_PRIMARY, i % 2 == 0 ? US_REASON_REFUSED : US_REASON_OK);
    run (&world, SECOND);
  }
  g_assert_cmpuint (world.n_switches, ==, 1);
}

static void
test_segment_errors (void) {
  World world;
  world_init (&world, FALSE);
  run (&world, STEP);
  world.facts[0].segment_error = US_REASON_HTTP_4XX;
  world.facts[0].n_segment_errors = 1;
  run (&world, STEP);
  g_assert_cmpint (world.policy.verdict[0].state, ==, US_ORIGIN_SUSPECT);
  world.facts[0].segment_error = US_REASON_BAD_SEGMENT;
  run (&world, STEP);
  g_assert_cmpint (world.policy.active, ==, US_ORIGIN_BACKUP);
}

/* A primary that has never said a word does not keep viewers waiting for long. */
static void
test_silent_start (void) {
  World world;
  world_init (&world, FALSE);
  world.facts[0] = (UsOriginFacts){ 0 };
  run (&world, 900 * MS);
  g_assert_cmpint (world.policy.active, ==, US_ORIGIN_PRIMARY);
  run (&world, 200 * MS);
  g_assert_cmpint (world.policy.active, ==, US_ORIGIN_BACKUP);
}

static void
test_words (void) {
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < US_N_REASONS; i++) {
    g_assert_nonnull (us_reason_word ((UsReason)i));
    g_assert_true (g_hash_table_add (seen, (gpointer)us_reason_word ((UsReason)i)));
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/switcher/policy/primary-bad", test_primary_bad);
  g_test_add_func ("/switcher/policy/both-bad", test_both_bad);
  g_test_add_func ("/switcher/policy/source-quiet", test_source_quiet);
  g_test_add_func ("/switcher/policy/backup-bad", test_backup_bad);
  g_test_add_func ("/switcher/policy/switchback", test_switchback);
  g_test_add_func ("/switcher/policy/soft-evidence", test_soft_evidence);
  g_test_add_func ("/switcher/policy/fail-alike", test_fail_alike);
  g_test_add_func ("/switcher/policy/patience-is-capped", test_patience_is_capped);
  g_test_add_func ("/switcher/policy/stale-after", test_stale_after);
  g_test_add_func ("/switcher/policy/late", test_late);
  g_test_add_func ("/switcher/policy/always-second", test_always_second);
  g_test_add_func ("/switcher/policy/refill", test_refill);
  g_test_add_func ("/switcher/policy/source-by-self-verdict", test_source_by_self_verdict);
  g_test_add_func ("/switcher/policy/hold-down", test_hold_down);
  g_test_add_func ("/switcher/policy/flapping", test_flapping);
  g_test_add_func ("/switcher/policy/segment-errors", test_segment_errors);
  g_test_add_func ("/switcher/policy/silent-start", test_silent_start);
  g_test_add_func ("/switcher/policy/words", test_words);
  return g_test_run ();
}
