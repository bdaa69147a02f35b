/* fetch.h - one segment from whichever of two origins delivers a whole copy first */
#pragma once

#include "hls/segment.h"
#include "switcher/settings.h"

G_BEGIN_DECLS

typedef struct UsFetch UsFetch;

/* UsFetchPlan: what is asked of whom; strings are copied. */
typedef struct {
  UsOriginId first;              /* asked at once */
  const char *url[US_N_ORIGINS]; /* (nullable): NULL is not asked */
  gboolean is_ours;              /* judged strictly, and against its ETag */
  guint64 epoch, number;         /* of ours */
  guint hedge_ms;                /* silence of the first after which the other is asked too */
  guint deadline_ms;             /* of each copy */
} UsFetchPlan;

/* UsFetchResult: valid during the callback. */
typedef struct {
  GBytes *bytes;      /* (nullable): the segment; NULL: nobody had a good copy */
  UsSegment *segment; /* (nullable): of ours, hashed */
  UsOriginId winner;
  gboolean was_hedged; /* both were asked */
  gboolean was_asked[US_N_ORIGINS];
  UsReason reason[US_N_ORIGINS]; /* US_REASON_OK also for one that was cancelled */
  gint64 took_us;
} UsFetchResult;

/* Called once from the main loop; the fetch frees itself afterwards. */
typedef void (*UsFetchDone) (const UsFetchResult *result, gpointer user_data);

UsFetch *us_fetch_start (const UsOriginAccess *access, const UsFetchPlan *plan, UsFetchDone done,
                         gpointer user_data);
void us_fetch_cancel (UsFetch *fetch);

UsReason us_fetch_judge (GBytes *bytes, gboolean is_ours, GError **error);

G_END_DECLS
