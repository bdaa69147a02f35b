/* report-private.h - what /healthz and /metrics have in common */
#pragma once

#include "switcher/report.h"

G_BEGIN_DECLS

double us_report_segment_age_s (const UsFollower *follower, const UsClock *clock);

G_END_DECLS
