/* test-policy-order.c - what an operator's orders do to the active origin, and what they never do
 */
#include "policy-world.h"

#define PRIMARY US_ORIGIN_PRIMARY
#define BACKUP US_ORIGIN_BACKUP

/* ---- one table: a state of affairs, an order, and what comes of it ---- */

typedef enum {
  FORCE_PRIMARY,
  FORCE_BACKUP,
  FORCE_BACKUP_STRICT,
  SWITCH_BACK,
  HOLD,
  HOLD_STRICT,
  RELEASE,
  DRAIN_PRIMARY,
  DRAIN_BACKUP,
  UNDRAIN_PRIMARY,
  STICKY,
} Order;

static gboolean
give (World *world, Order order, GError **error) {
  UsPolicy *policy = &world->policy;
  switch (order) {
  case FORCE_PRIMARY:
    return us_policy_force (policy, PRIMARY, FALSE, 0, error);
  case FORCE_BACKUP:
    return us_policy_force (policy, BACKUP, FALSE, 0, error);
  case FORCE_BACKUP_STRICT:
    return us_policy_force (policy, BACKUP, TRUE, 0, error);
  case SWITCH_BACK:
    return us_policy_switch_back (policy, error);
  case HOLD:
  case HOLD_STRICT:
    us_policy_hold (policy, order == HOLD_STRICT, 0);
    return TRUE;
  case RELEASE:
    us_policy_release (policy);
    return TRUE;
  case DRAIN_PRIMARY:
    return us_policy_drain (policy, PRIMARY, TRUE, error);
  case DRAIN_BACKUP:
    return us_policy_drain (policy, BACKUP, TRUE, error);
  case UNDRAIN_PRIMARY:
    return us_policy_drain (policy, PRIMARY, FALSE, error);
  case STICKY:
    us_policy_set_failback (policy, US_FAILBACK_STICKY);
    return TRUE;
  default:
    g_assert_not_reached ();
  }
}

static void
must_give (World *world, Order order) {
  g_autoptr (GError) error = NULL;
  gboolean is_accepted = give (world, order, &error);
  g_assert_no_error (error);
  g_assert_true (is_accepted);
}

/* One letter is one thing that happens:
 *   p P  primary fails, is good again     b B  backup fails, is good again
 *   .    one second passes                _    one step passes
 *   f    force primary    F  force backup    X  force backup even if failed
 *   w    switch back      h H  hold, hold strictly    r  release
 *   d D  drain primary, backup    u  undrain primary    s  sticky failback    ?  the same refused
 */
static const struct {
  const char *what;
  const char *play;
  UsOriginId active;
  guint n_switches;
  UsReason reason; /* of the last change; US_REASON_OK: none */
  gint refusal;    /* US_POLICY_ERROR of the order before '?'; -1: none is refused */
} plays[] = {
  { "force moves at once", "F_", BACKUP, 1, US_REASON_OPERATOR_FORCE, -1 },
  { "force stays for good", "F........................", BACKUP, 1, US_REASON_OPERATOR_FORCE, -1 },
  { "force to where one is", "f_", PRIMARY, 0, US_REASON_OK, -1 },
  { "force to a failed one is refused", "b.F?_", PRIMARY, 0, US_REASON_OK,
    US_POLICY_ERROR_NOT_USABLE },
  { "unless even if failed", "b.X_", BACKUP, 1, US_REASON_OPERATOR_FORCE, -1 },
  { "and that stays", "b.X..........", BACKUP, 1, US_REASON_OPERATOR_FORCE, -1 },
  { "a forced one that dies is left", "F_b_", PRIMARY, 2, US_REASON_REFUSED, -1 },
  { "and returned to when trusted", "F_b_B................", BACKUP, 3, US_REASON_RETURNED, -1 },
  { "release goes home", "F......r_", PRIMARY, 2, US_REASON_RELEASED, -1 },
  { "not before the hold-down", "F.r_", BACKUP, 1, US_REASON_OPERATOR_FORCE, -1 },
  { "but then", "F.r......", PRIMARY, 2, US_REASON_RELEASED, -1 },
  { "release while the primary is dead", "F.p.r......", BACKUP, 1, US_REASON_OPERATOR_FORCE, -1 },
  { "a later return is another matter", "F.p.r......P..............", PRIMARY, 2,
    US_REASON_RETURNED, -1 },
  { "force away from a dead one", "p_F_", BACKUP, 1, US_REASON_REFUSED, -1 },
  { "the last order wins", "F_f_", PRIMARY, 2, US_REASON_OPERATOR_FORCE, -1 },
  { "before the step too", "Ff_", PRIMARY, 0, US_REASON_OK, -1 },
  { "a target that dies before the step", "Fb_", PRIMARY, 0, US_REASON_OK, -1 },

  { "switch back does not wait", "F.w_", PRIMARY, 2, US_REASON_OPERATOR_SWITCHBACK, -1 },
  { "switch back to a dead primary", "p_w?_", BACKUP, 1, US_REASON_REFUSED,
    US_POLICY_ERROR_NOT_USABLE },
  { "switch back to one that recovers", "p.P...w_", PRIMARY, 2, US_REASON_OPERATOR_SWITCHBACK, -1 },
  { "switch back at home ends a force", "f_w_", PRIMARY, 0, US_REASON_OK, -1 },
  { "and then failover works as ever", "F.w.p_", BACKUP, 3, US_REASON_REFUSED, -1 },
  { "switch back in sticky mode stays", "sp_P.........w_.......", PRIMARY, 2,
    US_REASON_OPERATOR_SWITCHBACK, -1 },

  { "hold keeps from returning", "p_hP..............", BACKUP, 1, US_REASON_REFUSED, -1 },
  { "hold leaves a dead one", "h_p_", BACKUP, 1, US_REASON_REFUSED, -1 },
  { "and stays where it went", "h_p_P..............", BACKUP, 1, US_REASON_REFUSED, -1 },
  { "a strict hold does not", "H_p............", PRIMARY, 0, US_REASON_OK, -1 },
  { "a strict hold released", "H_p......r_", BACKUP, 1, US_REASON_REFUSED, -1 },
  { "release of a hold goes home", "p_hP..............r_", PRIMARY, 2, US_REASON_RELEASED, -1 },
  { "force ends a hold", "H_F_", BACKUP, 1, US_REASON_OPERATOR_FORCE, -1 },
  { "switch back ends a hold", "F_H.w_", PRIMARY, 2, US_REASON_OPERATOR_SWITCHBACK, -1 },

  { "sticky stays", "sp_P..............", BACKUP, 1, US_REASON_REFUSED, -1 },
  { "sticky leaves a dead one", "sp_P..............b__________", PRIMARY, 2, US_REASON_REFUSED,
    -1 },
  { "sticky, forced, released: stays", "sF_......r......", BACKUP, 1, US_REASON_OPERATOR_FORCE,
    -1 },

  { "drain moves at once", "d_", BACKUP, 1, US_REASON_DRAINED, -1 },
  { "and keeps away", "d..............", BACKUP, 1, US_REASON_DRAINED, -1 },
  { "drain of the idle one", "D....", PRIMARY, 0, US_REASON_OK, -1 },
  { "a drained one is the last resort", "D_p_", BACKUP, 1, US_REASON_REFUSED, -1 },
  { "and left as soon as trust is back", "D_p_P..............", PRIMARY, 2, US_REASON_RETURNED,
    -1 },
  { "a drained active one waits for a usable one", "b.d......", PRIMARY, 0, US_REASON_OK, -1 },
  { "for a trusted one", "b.d_B...", PRIMARY, 0, US_REASON_OK, -1 },
  { "and then goes", "b.d_B..........", BACKUP, 1, US_REASON_DRAINED, -1 },
  { "unless it is undrained", "b.d_u_B..........", PRIMARY, 0, US_REASON_OK, -1 },
  { "undrain goes home", "d......u_", PRIMARY, 2, US_REASON_RELEASED, -1 },
  { "both is refused", "d.D?.", BACKUP, 1, US_REASON_DRAINED, US_POLICY_ERROR_LAST },
  { "both is refused the other way", "D.d?.", PRIMARY, 0, US_REASON_OK, US_POLICY_ERROR_LAST },
  { "force to a drained one is refused", "D_F?_", PRIMARY, 0, US_REASON_OK,
    US_POLICY_ERROR_DRAINED },
  { "even if failed", "D_X?_", PRIMARY, 0, US_REASON_OK, US_POLICY_ERROR_DRAINED },
  { "switch back to a drained one is refused", "d_w?_", BACKUP, 1, US_REASON_DRAINED,
    US_POLICY_ERROR_DRAINED },
  { "drain of a forced one is refused", "F_D?_", BACKUP, 1, US_REASON_OPERATOR_FORCE,
    US_POLICY_ERROR_CONFLICT },
  { "drain in a hold", "h_d_", BACKUP, 1, US_REASON_DRAINED, -1 },
  { "a strict hold beats it", "H_d...", PRIMARY, 0, US_REASON_OK, -1 },
  { "until it is released", "H_d...r_", BACKUP, 1, US_REASON_DRAINED, -1 },
  { "the drained one's twin dies", "d_b_", PRIMARY, 2, US_REASON_REFUSED, -1 },
  { "drain in sticky mode", "sd_......u......", BACKUP, 1, US_REASON_DRAINED, -1 },

  { "both dead: stays", "b.p............", PRIMARY, 0, US_REASON_OK, -1 },
  { "both dead: no order helps", "b.p.F?_", PRIMARY, 0, US_REASON_OK, US_POLICY_ERROR_NOT_USABLE },
  { "both dead, the other comes back", "b.p.B..........", BACKUP, 1, US_REASON_REFUSED, -1 },
};

static Order
order_of (char letter) {
  static const char letters[] = "fFXwhHrdD-us";
  static const Order orders[]
      = { FORCE_PRIMARY,   FORCE_BACKUP, FORCE_BACKUP_STRICT, SWITCH_BACK,  HOLD,
          HOLD_STRICT,     RELEASE,      DRAIN_PRIMARY,       DRAIN_BACKUP, DRAIN_BACKUP,
          UNDRAIN_PRIMARY, STICKY };
  for (guint i = 0; letters[i] != '\0'; i++)
    if (letters[i] == letter)
      return orders[i];
  g_error ("no such letter: %c", letter);
}

static void
happen (World *world, const char *letter, gint refusal) {
  g_autoptr (GError) error = NULL;
  switch (*letter) {
  case 'p':
    set_error (world, PRIMARY, US_REASON_REFUSED);
    break;
  case 'P':
    set_error (world, PRIMARY, US_REASON_OK);
    break;
  case 'b':
    set_error (world, BACKUP, US_REASON_REFUSED);
    break;
  case 'B':
    set_error (world, BACKUP, US_REASON_OK);
    break;
  case '.':
    run (world, SECOND);
    break;
  case '_':
    step (world);
    break;
  case '?':
    break;
  default:
    if (letter[1] != '?') {
      must_give (world, order_of (*letter));
      break;
    }
    g_assert_false (give (world, order_of (*letter), &error));
    g_assert_error (error, US_POLICY_ERROR, refusal);
    g_assert_cmpuint (strlen (error->message), >, 20);
    break;
  }
}

static void
test_play (gconstpointer data) {
  guint i = GPOINTER_TO_UINT (data);
  World world;
  world_init (&world, FALSE);
  run (&world, 2 * SECOND);
  for (const char *letter = plays[i].play; *letter != '\0'; letter++)
    happen (&world, letter, plays[i].refusal);
  g_assert_cmpint (world.policy.active, ==, plays[i].active);
  g_assert_cmpuint (world.n_switches, ==, plays[i].n_switches);
  g_assert_cmpint (world.last_reason, ==, plays[i].reason);
  g_assert_cmpuint (world.policy.n_failovers + world.policy.n_switchbacks, ==, world.n_switches);
}

/* ---- time ---- */

static void
test_expiry (void) {
  static const UsPolicyMode modes[] = { US_POLICY_FORCED, US_POLICY_HELD };
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++) {
    World world;
    g_autoptr (GError) error = NULL;
    world_init (&world, FALSE);
    run (&world, 2 * SECOND);
    gint64 until_us = world.now_us + 30 * SECOND;
    gboolean is_forced = us_policy_force (&world.policy, BACKUP, FALSE, until_us, &error);
    g_assert_no_error (error);
    g_assert_true (is_forced);
    step (&world);
    if (modes[i] == US_POLICY_HELD)
      us_policy_hold (&world.policy, FALSE, until_us);
    run (&world, 29 * SECOND + 800 * MS);
    g_assert_cmpint (world.policy.mode, ==, modes[i]);
    g_assert_cmpint (world.policy.active, ==, BACKUP);
    g_assert_cmpuint (world.n_expired, ==, 0);
    step (&world);
    g_assert_cmpint (world.policy.mode, ==, US_POLICY_AUTO);
    g_assert_cmpint (world.policy.active, ==, PRIMARY);
    g_assert_cmpint (world.last_reason, ==, US_REASON_EXPIRED);
    g_assert_cmpuint (world.n_expired, ==, 1);
    run (&world, 60 * SECOND);
    g_assert_cmpuint (world.n_expired, ==, 1);
  }
}

/* ---- flapping ---- */

/* Each failover doubles the hold-down from 5 s to 300 s, so in a time T there are at most 6 of them
 * while it grows (5 + 10 + ... + 160 s), one for each 300 s after that, and the first; each with
 * one return. Sticky, an origin that flaps is left once, whatever it does. */
static guint
bound (gint64 us) {
  return 2 * (guint)(1 + 6 + us / US_POLICY_HOLD_CAP_US);
}

static void
test_flapping (gconstpointer data) {
  gint64 period_us = GPOINTER_TO_INT (data) * SECOND;
  for (guint variant = 0; variant < 4; variant++) {
    gboolean is_interchangeable = variant & 1, is_sticky = variant & 2;
    World world;
    world_init (&world, is_interchangeable);
    us_policy_set_failback (&world.policy, is_sticky ? US_FAILBACK_STICKY : US_FAILBACK_AUTO);
    run (&world, 2 * SECOND);
    gint64 begun_us = world.now_us, duration_us = 3600 * SECOND;
    while (world.now_us - begun_us < duration_us) {
      set_error (&world, PRIMARY, US_REASON_REFUSED);
      run (&world, period_us / 2);
      set_error (&world, PRIMARY, US_REASON_OK);
      if (is_interchangeable) { /* it regenerates what it missed */
        world.newest[PRIMARY] = world.newest[BACKUP];
        world.facts[PRIMARY].last_advance_us = world.facts[BACKUP].last_advance_us;
      }
      run (&world, period_us / 2);
    }
    g_test_message ("period %d s, interchangeable %d, sticky %d: %u switches in an hour",
                    (int)(period_us / SECOND), is_interchangeable, is_sticky, world.n_switches);
    g_assert_cmpuint (world.n_switches, >=, 1);
    g_assert_cmpuint (world.n_switches, <=, is_sticky ? 1 : bound (duration_us));
    g_assert_cmpint (world.worst_stay_us, <=, 2 * STEP); /* never stays on a dead one */
  }
}

/* A drained origin is left for a flapping one only while that is good, and ever more slowly. */
static void
test_drained_beside_flapping (void) {
  World world;
  world_init (&world, FALSE);
  run (&world, 2 * SECOND);
  must_give (&world, DRAIN_BACKUP);
  for (guint i = 0; i < 120; i++) {
    set_error (&world, PRIMARY, i % 2 == 0 ? US_REASON_REFUSED : US_REASON_OK);
    run (&world, 15 * SECOND);
  }
  g_assert_cmpuint (world.n_switches, <=, bound (1800 * SECOND));
}

/* An operator who changes sides all the time is nobody's flapping. */
static void
test_orders_are_no_flaps (void) {
  World world;
  world_init (&world, FALSE);
  run (&world, 2 * SECOND);
  for (guint i = 0; i < 20; i++) {
    must_give (&world, FORCE_BACKUP);
    step (&world);
    must_give (&world, SWITCH_BACK);
    step (&world);
  }
  g_assert_cmpuint (world.n_switches, ==, 40);
  g_assert_cmpint (us_policy_hold_us (&world.policy), ==, US_POLICY_HOLD_FIRST_US);
}

static void
test_words (void) {
  UsFailback failback = US_FAILBACK_AUTO;
  g_assert_true (us_failback_from_word ("sticky", &failback));
  g_assert_cmpint (failback, ==, US_FAILBACK_STICKY);
  g_assert_cmpstr (us_failback_word (failback), ==, "sticky");
  static const char *const bad[] = { NULL, "", "Sticky", "auto ", "stickyy", "0" };
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (us_failback_from_word (bad[i], &failback));
  g_assert_cmpstr (us_policy_mode_word (US_POLICY_HELD), ==, "held");
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (plays); i++) {
    g_autofree char *name = g_strdup_printf ("/switcher/policy-order/play/%s", plays[i].what);
    g_test_add_data_func (name, GUINT_TO_POINTER (i), test_play);
  }
  g_test_add_func ("/switcher/policy-order/expiry", test_expiry);
  g_test_add_data_func ("/switcher/policy-order/flapping/1s", GINT_TO_POINTER (1), test_flapping);
  g_test_add_data_func ("/switcher/policy-order/flapping/5s", GINT_TO_POINTER (5), test_flapping);
  g_test_add_data_func ("/switcher/policy-order/flapping/30s", GINT_TO_POINTER (30), test_flapping);
  g_test_add_func ("/switcher/policy-order/drained-beside-flapping", test_drained_beside_flapping);
  g_test_add_func ("/switcher/policy-order/orders-are-no-flaps", test_orders_are_no_flaps);
  g_test_add_func ("/switcher/policy-order/words", test_words);
  return g_test_run ();
}
