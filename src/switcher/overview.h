/* overview.h - what the control API tells: streams, orders, changes of sides, commands, drills */
#pragma once

#include "switcher/drills.h"
#include "switcher/view.h"

G_BEGIN_DECLS

/* UsOverview: whatever is told of. Plain, filled by the console. */
typedef struct {
  const GPtrArray *feeds; /* element-type UsFeed */
  const UsOriginAccess *access;
  const UsControl *control;
  UsDrills *drills; /* nullable: there are none */
} UsOverview;

char *us_overview_all (const UsOverview *overview);
char *us_overview_streams (const UsOverview *overview, const char *stream);
char *us_overview_drills (const UsOverview *overview);
char *us_overview_drill (const UsDrill *drill);
const UsFeed *us_overview_find (const UsOverview *overview, const char *stream);
char *us_overview_ledger (const UsFeed *feed, const UsRendition *rendition, gint64 after,
                          guint limit);

G_END_DECLS
