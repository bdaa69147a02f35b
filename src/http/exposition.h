/* exposition.h - Prometheus text exposition format 0.0.4 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct UsExposition UsExposition;

UsExposition *us_exposition_new (void);
/* Starts a family: writes # HELP and # TYPE. @type: "counter", "gauge" or "histogram". */
void us_exposition_family (UsExposition *exposition, const char *name, const char *type,
                           const char *help);
/* One sample of the current family. Labels: name, value pairs ended by NULL; values are escaped. */
void us_exposition_sample (UsExposition *exposition, double value, ...) G_GNUC_NULL_TERMINATED;
/* Frees @exposition. Returns: (transfer full): the text. */
GBytes *us_exposition_end (UsExposition *exposition);
#define US_EXPOSITION_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

G_END_DECLS
