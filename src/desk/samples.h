/* samples.h - the last hour of a stream's segments, for charts that are finer than a minute */
#pragma once

#include "monitor/monitor.h"

G_BEGIN_DECLS

#define US_SAMPLES_US ((gint64)3600 * G_USEC_PER_SEC)
#define US_SAMPLES_MAX 8192 /* of one stream */

typedef GArray UsSamples; /* element-type UsSample, oldest first */

UsSamples *us_samples_new (void);
void us_samples_add (UsSamples *samples, const UsSample *sample);

G_END_DECLS
