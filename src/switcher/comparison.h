/* comparison.h - whether the other origin has the same bytes in one segment */
#pragma once

#include "hls/segment.h"
#include "switcher/settings.h"

G_BEGIN_DECLS

typedef struct UsComparison UsComparison;
/* Called once from the main loop, unless the comparison was cancelled or brought no evidence;
 * @is_usable: its bytes are a segment at all. */
typedef void (*UsCompared) (UsSegment *segment, gboolean is_equal, gboolean is_usable,
                            gpointer user_data);

UsComparison *us_comparison_start (const UsOriginAccess *access, UsOriginId origin, const char *url,
                                   UsSegment *segment, UsCompared done, gpointer user_data);
gboolean us_comparison_is_running (const UsComparison *comparison);
void us_comparison_cancel (UsComparison *comparison);

G_END_DECLS
