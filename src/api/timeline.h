/* timeline.h - one timeline of what the memory and the database have */
#pragma once

#include "finding/event.h"
#include "store/rows.h"

G_BEGIN_DECLS

/* UsTimelineWish: which events; strings are the caller's. */
typedef struct {
  const char *const *kinds;   /* nullable: any */
  const char *incident;       /* nullable: any */
  gint64 since_us, until_us;  /* 0: no bound */
  gint64 before_id, after_id; /* 0: no bound */
  guint limit;
} UsTimelineWish;

UsEventRow us_timeline_row (const UsEvent *event);
gboolean us_timeline_fits (const UsTimelineWish *wish, const UsEventRow *row);
GPtrArray *us_timeline_merge (const UsTimelineWish *wish, const GArray *rows,
                              const GPtrArray *recent);

G_END_DECLS
