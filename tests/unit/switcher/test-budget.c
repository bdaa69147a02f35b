/* test-budget.c - second requests are a fifth of the first ones, and a burst */
#include "switcher/budget.h"

static guint
spend_all (UsBudget *budget) {
  guint n = 0;
  while (us_budget_spend (budget, FALSE))
    n++;
  return n;
}

static void
test_share (void) {
  static const struct {
    guint n_ordinary, n_granted;
  } table[] = { { 0, 0 }, { 4, 0 }, { 5, 1 }, { 25, 5 }, { 50, 10 }, { 1000, US_BUDGET_BURST } };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    UsBudget budget;
    us_budget_init (&budget);
    g_assert_cmpuint (spend_all (&budget), ==, US_BUDGET_BURST);
    for (guint n = 0; n < table[i].n_ordinary; n++)
      us_budget_earn (&budget);
    budget.credit += 1e-9; /* sums of fifths */
    g_assert_cmpuint (spend_all (&budget), ==, table[i].n_granted);
    g_assert_cmpuint (budget.n_granted, ==, US_BUDGET_BURST + table[i].n_granted);
    g_assert_cmpuint (budget.n_refused, ==, 2);
  }
}

/* Where an origin has failed nothing is saved, and nothing is used up. */
static void
test_free (void) {
  UsBudget budget;
  us_budget_init (&budget);
  for (guint i = 0; i < 100; i++)
    g_assert_true (us_budget_spend (&budget, TRUE));
  g_assert_cmpuint (spend_all (&budget), ==, US_BUDGET_BURST);
  g_assert_true (us_budget_spend (&budget, TRUE));
  g_assert_false (us_budget_spend (&budget, FALSE));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/switcher/budget/share", test_share);
  g_test_add_func ("/switcher/budget/free", test_free);
  return g_test_run ();
}
