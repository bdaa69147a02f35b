/* fetch.h - one segment from whichever of two origins delivers a whole copy first */
#pragma once

#include "hls/probe.h"
#include "hls/segment.h"
#include "switcher/budget.h"
#include "switcher/policy.h"
#include "switcher/settings.h"
#include "switcher/shape.h"

G_BEGIN_DECLS

typedef struct UsFetch UsFetch;

typedef enum {
  US_FETCH_OURS,    /* one of our packagers': judged strictly, and against its ETag */
  US_FETCH_MEDIA,   /* a foreign one: must be readable media */
  US_FETCH_DAMAGED, /* the same, the last time before it is given up: may be broken media */
  US_FETCH_OPAQUE,  /* encrypted: bytes are bytes */
  US_FETCH_SECTION, /* an initialisation section */
} UsFetchKind;

/* UsFetchPlan: what is asked of whom; strings are copied, the rest outlives the fetch. */
typedef struct {
  UsFetchKind kind;
  UsOriginId first;                 /* asked at once */
  const char *url[US_N_ORIGINS];    /* (nullable): NULL is not asked */
  guint64 epoch, number;            /* of ours */
  const char *name;                 /* (nullable): of ours, as it will be published */
  guint64 range_from, range_length; /* EXT-X-BYTERANGE; length 0: the whole resource */
  GBytes *map;                      /* (nullable): initialisation section of fragmented MP4 */
  guint hedge_ms;                   /* silence of the first after which the other is asked too */
  guint deadline_ms;                /* of each copy */
  UsBudget *budget;                 /* (nullable): second requests are drawn from it */
  gboolean is_free;                 /* an origin has failed: the budget does not count */
} UsFetchPlan;

/* UsFetchResult: valid during the callback, which may take over @probe. */
typedef struct {
  GBytes *bytes;      /* (nullable): the segment; NULL: nobody had a good copy */
  UsSegment *segment; /* (nullable): of ours, hashed */
  UsProbe *probe;     /* (nullable): of media that can be read */
  UsShape shape;
  UsOriginId winner;
  gboolean was_hedged;  /* both were asked */
  gboolean was_resumed; /* the second brought only what the first had not */
  gboolean was_asked[US_N_ORIGINS];
  UsReason reason[US_N_ORIGINS]; /* US_REASON_OK also for one that was cancelled */
  gint64 took_us;
} UsFetchResult;

/* Called once from the main loop; the fetch frees itself afterwards. */
typedef void (*UsFetchDone) (UsFetchResult *result, gpointer user_data);

UsFetch *us_fetch_start (const UsOriginAccess *access, const UsFetchPlan *plan, UsFetchDone done,
                         gpointer user_data);
void us_fetch_cancel (UsFetch *fetch);

UsReason us_fetch_judge_ours (GBytes *bytes, GError **error);
UsReason us_fetch_judge_media (GBytes *bytes, GBytes *map, UsShape *shape, UsProbe **probe,
                               GError **error);

G_END_DECLS
