/* comparison.h - whether the other origin has the same bytes in one segment */
#pragma once

#include "hls/segment.h"
#include "switcher/settings.h"

G_BEGIN_DECLS

typedef enum {
  US_COMPARISON_UNKNOWN, /* no answer, or none that is evidence either way */
  US_COMPARISON_EQUAL,
  US_COMPARISON_OTHER_TAG, /* says of itself that its bytes are others; they were not looked at */
  US_COMPARISON_DIFFERENT,
  US_COMPARISON_UNUSABLE, /* different, and no segment at all */
} UsComparisonResult;

typedef struct UsComparison UsComparison;
/* Called once from the main loop, unless the comparison was cancelled. */
typedef void (*UsCompared) (UsSegment *segment, UsComparisonResult result, gpointer user_data);

UsComparison *us_comparison_start (const UsOriginAccess *access, UsOriginId origin, const char *url,
                                   UsSegment *segment, gboolean is_thorough, UsCompared done,
                                   gpointer user_data);
gboolean us_comparison_is_running (const UsComparison *comparison);
void us_comparison_cancel (UsComparison *comparison);

G_END_DECLS
