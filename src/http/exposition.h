/* exposition.h - metrics as Prometheus text 0.0.4 or OpenMetrics 1.0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum { US_EXPOSITION_CLASSIC, US_EXPOSITION_OPENMETRICS } UsExpositionFormat;

/* What the reader likes best. @accept: (nullable): the header */
UsExpositionFormat us_exposition_choose (const char *accept);
const char *us_exposition_content_type (UsExpositionFormat format);

typedef struct UsExposition UsExposition;

UsExposition *us_exposition_new (void); /* classic */
UsExposition *us_exposition_new_for (UsExpositionFormat format);
/* Starts a family: writes its metadata. @name: as the classic format has it, so that of a counter
 * ends in "_total" and that of an info in "_info". @type: "counter", "gauge", "histogram", "info",
 * "stateset" or "unknown". */
void us_exposition_family (UsExposition *exposition, const char *name, const char *type,
                           const char *help);
/* The same with a unit, which @name has before "_total": "seconds", "bytes", "ratio". */
void us_exposition_family_unit (UsExposition *exposition, const char *name, const char *type,
                                const char *unit, const char *help);
/* One sample of the current family. Labels: name, value pairs ended by NULL; values are escaped. */
void us_exposition_sample (UsExposition *exposition, double value, ...) G_GNUC_NULL_TERMINATED;
/* All samples of a stateset: 1 for @current, 0 for the others. @states: ended by NULL. Labels. */
void us_exposition_states (UsExposition *exposition, const char *const *states, guint current,
                           ...) G_GNUC_NULL_TERMINATED;
/* All samples of a histogram. @bounds: rising; @counts: of each bucket alone, one more than there
 * are bounds, for what lies above. Labels. */
void us_exposition_histogram (UsExposition *exposition, const double *bounds, const guint64 *counts,
                              guint n_bounds, double sum, ...) G_GNUC_NULL_TERMINATED;
/* The family that every role has: when its process began. @role: its label. */
void us_exposition_start_time (UsExposition *exposition, const char *role);
/* Frees @exposition. Returns: (transfer full): the text. */
GBytes *us_exposition_end (UsExposition *exposition);
#define US_EXPOSITION_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

G_END_DECLS
