/* budget.h - how much may be asked twice, so that a bad moment does not become a storm */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_BUDGET_SHARE 0.2 /* second requests for each ordinary one */
#define US_BUDGET_BURST 10  /* and so many at once after a quiet time */

/* UsBudget: plain data. */
typedef struct {
  double credit;
  guint64 n_granted, n_refused;
} UsBudget;

void us_budget_init (UsBudget *budget);
void us_budget_earn (UsBudget *budget);
gboolean us_budget_spend (UsBudget *budget, gboolean is_free);

G_END_DECLS
