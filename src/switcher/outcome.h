/* outcome.h - what each drill of a run brought, read from its evidence */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define US_OUTCOMES_MAX_BYTES (4 * 1024 * 1024) /* of result.json */
#define US_OUTCOMES_MAX 64                      /* drills of one run that are remembered */

/* UsOutcome: one drill, as a viewer felt it. Of one that was skipped the numbers mean nothing. */
typedef struct {
  char *name;
  char *hit;     /* "primary", "backup", "both"; empty: not known */
  char *verdict; /* in a sentence */
  gboolean has_passed, is_skipped;
  gint64 stall_ms, failed_requests, missing_frames, repeated_frames, added_delay_ms;
} UsOutcome;

GPtrArray *us_outcomes_parse (const char *json, gssize size,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_outcomes_read_async (const char *folder, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data);
GPtrArray *us_outcomes_read_finish (GAsyncResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
