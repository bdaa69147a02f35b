/* result.h - what one drill brought, as JSON, as a row of the table and as a few lines */
#pragma once

#include "drill/health.h"
#include "drill/table.h"

G_BEGIN_DECLS

typedef struct {
  gint64 monotonic_us, wall_us; /* 0: did not happen */
} UsMoment;
UsMoment us_moment_now (void);

typedef struct {
  const UsDrill *drill;
  char *hit; /* "primary", "backup", "both", "source" */
  guint run; /* 1, 2, ... */
  gboolean has_passed, is_skipped;
  char *verdict;
  UsMoment started, injected, ended;
  gboolean is_interchangeable;
  char *pair; /* nullable */
  UsFelt felt;
  gint64 loop_late_ms; /* how long this process itself got no time */
  GPtrArray *switches; /* element-type UsHealthSwitch, borrowed from @health */
  UsHealth *health;    /* nullable */
  GPtrArray *events;   /* element-type utf8: what was done, with its time */
} UsDrillResult;

UsDrillResult *us_drill_result_new (const UsDrill *drill, guint run);
void us_drill_result_note (UsDrillResult *result, const char *format, ...) G_GNUC_PRINTF (2, 3);
void us_drill_result_take_health (UsDrillResult *result, UsHealth *health);
void us_drill_result_free (UsDrillResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsDrillResult, us_drill_result_free)

char *us_drill_results_json (const GPtrArray *results, const char *pair);
char *us_drill_results_table (const GPtrArray *results);
char *us_drill_result_summary (const UsDrillResult *result);

G_END_DECLS
