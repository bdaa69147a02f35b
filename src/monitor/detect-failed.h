/* detect-failed.h - when failed polls are a fault, for the detectors that tell so */
#pragma once

#include "monitor/facts.h"

G_BEGIN_DECLS

gboolean us_detect_failed (const UsRenditionFacts *facts, UsSeverity *severity, double *without_s);
UsCheck us_detect_failed_check (const UsRenditionFacts *facts);

G_END_DECLS
