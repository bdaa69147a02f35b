/* health-probe.h - asks one thing whether it is there, once, with a deadline */
#pragma once

#include "commands/health-target.h"

G_BEGIN_DECLS

gboolean us_health_probe (const UsHealthTarget *target, guint deadline_ms, gboolean must_serve,
                          char **why) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
