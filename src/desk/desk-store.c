/* desk-store.c - the history at the desk when the disk fails it, and what a former life left in it
 *
 * Watching goes on without a disk; that history is not written is a finding of the desk itself
 * (desk-findings.c), in /health and in /metrics. In the desk's loop.
 */
#define US_LOG_TOPIC "desk"
#include "base/log.h"
#include "desk/desk-private.h"

#include <string.h>

/* A new file was begun: what is still going on must be in it. */
static void
put_again (UsDesk *self) {
  g_autoptr (GPtrArray) streams = us_roster_list (self->roster);
  for (guint i = 0; i < streams->len; i++) {
    const UsStreamConfig *config = g_ptr_array_index (streams, i);
    const UsIncidentRow *row = us_incidents_get_active (self->incidents, config->id);
    if (row != NULL)
      us_store_put_incident (self->store, row, NULL, NULL);
  }
}

/* A UsStoreTrouble. The store has logged it. */
void
us_desk_on_trouble (UsStore *store, const GError *error, gpointer data) {
  UsDesk *self = data;
  gboolean was_failing = self->store_problem != NULL, is_failing = error != NULL;
  g_free (self->store_problem);
  self->store_problem = is_failing ? g_strdup (error->message) : NULL;
  if (self->incidents == NULL)
    return;
  if (g_error_matches (error, US_STORE_ERROR, US_STORE_ERROR_CORRUPT))
    put_again (self);
  if (was_failing == is_failing)
    return;
  if (is_failing)
    us_desk_tell_all (self);
  us_desk_judge_itself (self);
}

/* ---- after a restart ---- */

/* Findings that were open when the last desk ended are not open any more: nobody watches them. What
 * still holds is found anew. */
static void
close_findings (UsDesk *self) {
  gint64 before_id = 0;
  guint n = 0;
  do {
    g_autoptr (GError) error = NULL;
    g_autoptr (GArray) rows
        = us_store_list_findings (self->store, NULL, TRUE, before_id, US_STORE_MAX_ROWS, &error);
    if (rows == NULL) {
      us_warning ("findings of before: %s", error->message);
      return;
    }
    n = rows->len;
    for (guint i = 0; i < n; i++) {
      UsFindingRow row = g_array_index (rows, UsFindingRow, i);
      before_id = row.id;
      row.closed_us = self->started_us;
      us_store_put_finding (self->store, &row);
    }
  } while (n == US_STORE_MAX_ROWS);
}

/* An active incident of a stream that was taken out of the streams file by hand. Our own streams
 * are not in it, and may be there in a moment. */
static void
end_orphans (UsDesk *self) {
  const UsIncidentQuery query = { .state = "active", .limit = US_STORE_MAX_ROWS };
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) rows = us_store_list_incidents (self->store, &query, &error);
  if (rows == NULL) {
    us_warning ("incidents of before: %s", error->message);
    return;
  }
  for (guint i = 0; i < rows->len; i++) {
    const UsIncidentRow *row = &g_array_index (rows, UsIncidentRow, i);
    if (us_roster_find (self->roster, row->stream) == NULL
        && !g_str_has_prefix (row->stream, US_ROSTER_OWN))
      us_incidents_remove_stream (self->incidents, row->stream);
  }
}

void
us_desk_tidy_store (UsDesk *self) {
  close_findings (self);
  end_orphans (self);
}

/* ---- strips ---- */

static void
on_minute_row (const char *stream, gint64 minute_us, const char *word, gpointer data) {
  UsDesk *self = data;
  UsHealth health;
  if (stream != NULL && us_health_from_word (word, &health))
    us_strips_note (self->strips, stream, minute_us, health);
}

/* One minute less than fits: the present one begins while they are read. */
void
us_desk_load_strips (UsDesk *self) {
  g_autoptr (GError) error = NULL;
  gint64 since_us = us_desk_now (self) - (US_STRIP_MINUTES - 1) * US_STRIP_MINUTE_US;
  if (!us_store_each_minute (self->store, since_us, US_STREAMS_MAX * US_STRIP_MINUTES,
                             on_minute_row, self, &error))
    us_warning ("the last hours of the streams: %s", error->message);
}
