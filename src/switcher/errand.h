/* errand.h - one segment of one origin, with all that belongs to it, fetched into its stock */
#pragma once

#include "switcher/budget.h"
#include "switcher/follower.h"
#include "switcher/stock.h"

G_BEGIN_DECLS

typedef struct UsErrand UsErrand;

/* UsErrandPlan: what is copied is said; the rest outlives the errand. */
typedef struct {
  const UsOriginAccess *access;
  const UsFollower *follower;       /* whose playlist lists it */
  const UsPlaylistSegment *segment; /* copied */
  UsOriginId origin;
  UsStock *stock;
  const char *map_prefix; /* of the names of initialisation sections; copied */
  guint deadline_ms;
  gboolean is_last_try; /* broken media is taken too */
} UsErrandPlan;

/* Called once from the main loop, when the errand is no more. @number: at the origin. US_REASON_OK:
 * the segment is in the stock. */
typedef void (*UsErrandDone) (UsOriginId origin, guint64 number, UsReason reason, gint64 took_us,
                              gpointer user_data);

UsErrand *us_errand_start (const UsErrandPlan *plan, UsErrandDone done, gpointer user_data);
void us_errand_cancel (UsErrand *errand);

G_END_DECLS
