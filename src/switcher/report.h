/* report.h - what the switcher says of itself: /healthz and /metrics */
#pragma once

#include "http/server.h"
#include "switcher/feed.h"

G_BEGIN_DECLS

/* @feeds: element-type UsFeed, the default stream's first */
GBytes *us_report_health (const GPtrArray *feeds, const UsClock *clock, gboolean *can_serve);
GBytes *us_report_metrics (const GPtrArray *feeds, const UsClock *clock,
                           const UsHttpServerStats *http);

G_END_DECLS
