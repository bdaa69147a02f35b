/* budget.c - how much may be asked twice, so that a bad moment does not become a storm
 *
 * Pure. One for each pair of origins. Each ordinary request earns a fifth of a second one (a retry,
 * or a hedge to the twin), up to a small burst. Where an origin has FAILED its twin carries the
 * stream alone and nothing is saved by holding back: such requests are free.
 */
#include "switcher/budget.h"

void
us_budget_init (UsBudget *budget) {
  *budget = (UsBudget){ .credit = US_BUDGET_BURST };
}

/* An ordinary request was made. */
void
us_budget_earn (UsBudget *budget) {
  budget->credit = MIN (budget->credit + US_BUDGET_SHARE, US_BUDGET_BURST);
}

/**
 * us_budget_spend:
 * @is_free: an origin has failed: granted whatever the budget says, and not counted against it
 *
 * Returns: whether what was asked once may be asked again
 */
gboolean
us_budget_spend (UsBudget *budget, gboolean is_free) {
  if (!is_free && budget->credit < 1.0) {
    budget->n_refused++;
    return FALSE;
  }
  if (!is_free)
    budget->credit -= 1.0;
  budget->n_granted++;
  return TRUE;
}
