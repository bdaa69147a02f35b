/* watching.h - a real monitor, and all that it has said */
#pragma once

#include "monitor/monitor.h"

typedef struct {
  char *stream, *text;
  UsCheck check;
  UsSeverity severity;
  int rendition;
  UsFindingChange change;
} Told;

typedef struct {
  UsMonitorSettings settings;
  UsMonitor *monitor;
  GPtrArray *events; /* element-type UsEvent */
  GPtrArray *told;   /* element-type Told */
  GHashTable *worst; /* of stream to the worst health ever + 1 */
  guint n_verdicts, n_samples, n_minutes;
  guint n_thumbnails, n_pictures; /* the second: with a JPEG */
  const char *reason;             /* of the newest thumbnail */
  const char *remove_on_verdict;  /* nullable: the handler removes this stream */
} Watching;

void watching_open (Watching *watching);
void watching_close (Watching *watching);
void watching_put (Watching *watching, const char *id, const char *url);
/* Runs the loop for so long. */
void watching_run (double seconds);

UsHealth watching_health (const Watching *watching, const char *id);
UsHealth watching_worst (const Watching *watching, const char *id);
/* The last that was told of @check; NULL: nothing */
const Told *watching_find (const Watching *watching, const char *id, UsCheck check);
gboolean watching_is_open (const Watching *watching, const char *id, UsCheck check);
guint watching_count (const Watching *watching, const char *id, UsEventKind kind);
/* Fails when anything worse than INFO was ever found. */
void watching_assert_clean (const Watching *watching, const char *id);

/* Runs the loop until it holds, or fails the test after half a minute. */
#define watching_await(condition)                                                                  \
  G_STMT_START {                                                                                   \
    gint64 watching_until = g_get_monotonic_time () + 30 * (gint64)G_USEC_PER_SEC;                 \
    while (!(condition)) {                                                                         \
      if (g_get_monotonic_time () > watching_until)                                                \
        g_error ("%s:%d: still not: %s", __FILE__, __LINE__, #condition);                          \
      watching_run (0.02);                                                                         \
    }                                                                                              \
  }                                                                                                \
  G_STMT_END
