/* desk-finding-rows.c - the findings of the streams on disk
 *
 * The monitor tells of a finding when it opens, gets worse and closes, and that is written at once.
 * How often it was seen since, and when last, changes with every poll: that is written at a bounded
 * pace, and at the end, so that a row is never much behind. In the desk's loop.
 */
#include "desk/desk-private.h"

#define LOOK_US (5 * (gint64)G_USEC_PER_SEC)  /* between two looks at what is open */
#define PACE_US (30 * (gint64)G_USEC_PER_SEC) /* between two rows of one finding */

typedef struct {
  guint64 id; /* the key */
  guint count;
  gint64 written_us; /* monotonic */
} Written;

/* Returns: (transfer full): element-type Written, as a set: of those that are open */
GHashTable *
us_desk_finding_rows_new (void) {
  return g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
}

/**
 * us_desk_finding_row:
 * @stream: (transfer none): its id
 * @finding: of the monitor's memory
 * @severity: as it is now, or as bad as it ever was
 *
 * Returns: the finding in the form in which the store keeps it; borrows every text
 */
UsFindingRow
us_desk_finding_row (const char *stream, const UsFinding *finding, UsSeverity severity) {
  return (UsFindingRow){
    .id = (gint64)finding->id,
    .stream = (char *)stream,
    .check = (char *)us_check_info (finding->check)->word,
    .severity = (char *)us_severity_word (severity),
    .text = finding->text,
    .rendition = finding->rendition,
    .value = finding->value,
    .limit = finding->limit,
    .first_us = finding->first_wall_us,
    .last_us = finding->last_wall_us,
    .closed_us = finding->closed_wall_us,
    .count = finding->count,
  };
}

/**
 * us_desk_keep_finding:
 *
 * Writes it as it is now.
 */
void
us_desk_keep_finding (UsDesk *self, const char *stream, const UsFinding *finding) {
  const UsFindingRow row = us_desk_finding_row (stream, finding, finding->worst);
  us_store_put_finding (self->store, &row);
  if (finding->closed_wall_us != 0) {
    g_hash_table_remove (self->finding_rows, &finding->id);
    return;
  }
  Written *written = g_new (Written, 1);
  *written = (Written){ .id = finding->id,
                        .count = finding->count,
                        .written_us = us_clock_monotonic_us (self->clock) };
  g_hash_table_add (self->finding_rows, written);
}

/* @pace_us: of those that were seen again; 0: all of them, now */
static void
renew (UsDesk *self, const char *stream, gint64 now_us, gint64 pace_us) {
  UsWatchView view;
  if (!us_monitor_view (self->monitor, stream, &view) || view.findings == NULL)
    return;
  g_autoptr (GPtrArray) open = us_findings_list (view.findings);
  for (guint i = 0; i < open->len; i++) {
    const UsFinding *finding = open->pdata[i];
    const Written *written = g_hash_table_lookup (self->finding_rows, &finding->id);
    if (written == NULL
        || (written->count != finding->count && now_us - written->written_us >= pace_us))
      us_desk_keep_finding (self, stream, finding);
  }
}

static void
renew_all (UsDesk *self, gint64 now_us, gint64 pace_us) {
  g_autoptr (GPtrArray) streams = us_roster_list (self->roster);
  for (guint i = 0; i < streams->len; i++)
    renew (self, ((const UsStreamConfig *)streams->pdata[i])->id, now_us, pace_us);
}

/* To be called about once a second. */
void
us_desk_renew_findings (UsDesk *self) {
  gint64 now_us = us_clock_monotonic_us (self->clock);
  if (now_us - self->renewed_us < LOOK_US)
    return;
  self->renewed_us = now_us;
  renew_all (self, now_us, PACE_US);
}

/* At the end: the next desk finds them as they were seen last. */
void
us_desk_keep_findings (UsDesk *self) {
  if (self->monitor != NULL && self->roster != NULL && self->store != NULL)
    renew_all (self, us_clock_monotonic_us (self->clock), 0);
}

/* Of a stream that goes with all its rows. */
void
us_desk_forget_findings (UsDesk *self, const char *id) {
  UsWatchView view;
  if (!us_monitor_view (self->monitor, id, &view) || view.findings == NULL)
    return;
  g_autoptr (GPtrArray) open = us_findings_list (view.findings);
  for (guint i = 0; i < open->len; i++)
    g_hash_table_remove (self->finding_rows, &((const UsFinding *)open->pdata[i])->id);
}

/**
 * us_desk_close_findings:
 * @id: a stream that nobody watches from now on
 *
 * What is open would stay so in the history.
 */
void
us_desk_close_findings (UsDesk *self, const char *id) {
  UsWatchView view;
  if (!us_monitor_view (self->monitor, id, &view) || view.findings == NULL)
    return;
  g_autoptr (GPtrArray) open = us_findings_list (view.findings);
  for (guint i = 0; i < open->len; i++) {
    UsFinding closed = *(const UsFinding *)open->pdata[i];
    closed.closed_wall_us = us_desk_now (self);
    us_desk_monitor_handler.on_finding (id, &closed, US_FINDING_CLOSED, self);
  }
}
