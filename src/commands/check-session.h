/* check-session.h - watches one stream for a while, and reports */
#pragma once

#include "commands/check-report.h"
#include "monitor/stream-config.h"

G_BEGIN_DECLS

typedef struct {
  const UsStreamConfig *config; /* checked */
  gint64 for_us;                /* 0: as long as it takes */
  guint segments;               /* of a recording; 0: all */
  gboolean allow_private;       /* addresses of this machine and of private networks */
  const char *pipelines;        /* nullable: folder of pipeline texts */
  gboolean has_progress;        /* a line on standard error */
} UsCheckSessionSettings;

/* Runs the main loop until it has seen enough, or SIGINT or SIGTERM comes. Returns: (transfer full)
 */
UsReport *us_check_session_run (const UsCheckSessionSettings *settings);

G_END_DECLS
