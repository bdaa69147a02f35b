/* retention.c - limits in time and number, kept in small steps
 *
 * Owned by the writer, in its thread. Once in a while a pass begins; each step of it is one short
 * transaction that deletes at most US_RETENTION_BATCH rows, and writes go between any two steps. A
 * pass that is interrupted, by a crash or a full disk, is simply begun again.
 *
 * An incident goes when it was resolved long enough ago, and its events, pictures and notes with
 * it; the row itself goes last, so that nothing is left without a keeper. What no incident holds
 * goes by age and, per stream, by number: the oldest first. Counting rows costs as much as there
 * are rows, so only streams and incidents that have grown since are looked at (`grown`); after a
 * start all of them are.
 *
 * Deleting by age believes the wall clock, which may be wrong: see us_retention_clock_look().
 */
#define US_LOG_TOPIC "store.retention"
#include "store/retention.h"

#include "base/log.h"

#include <string.h>

#define DAY_US ((gint64)24 * 60 * 60 * G_USEC_PER_SEC)
#define GROWTH_SHARE 20      /* a stream is counted again when it has grown by 1/20 of its limit */
#define VACUUM_PAGES 256     /* given back to the file system in one step */
#define FREE_PAGES_KEPT 2048 /* for what comes next; 8 MiB */
#define MAX_GROWN 100000     /* streams and incidents remembered */

typedef enum {
  STEP_REMOVALS,
  STEP_INCIDENTS,
  STEP_EVENTS_BY_AGE,
  STEP_THUMBNAILS_BY_AGE,
  STEP_ROLLUPS,
  STEP_FINDINGS,
  STEP_DELIVERIES,
  STEP_NUMBER, /* the limits in number, one stream or incident after the other */
  STEP_VACUUM,
  STEP_END,
} Step;

/* A limit in number on the rows of a table with the same stream, or the same keeper. */
typedef struct {
  const char *newest_gone; /* ?1 key, ?2 limit: the newest row beyond the limit */
  const char *delete_some; /* ?1 key, ?2 that row, ?3 batch */
  gboolean is_by_keeper;
} Trim;

enum { TRIM_EVENTS, TRIM_KEPT_EVENTS, TRIM_THUMBNAILS, TRIM_KEPT_THUMBNAILS, N_TRIMS };

static const Trim trims[N_TRIMS] = {
  [TRIM_EVENTS] = { "SELECT id FROM events WHERE stream = ?1 AND keeper IS NULL"
                    " ORDER BY id DESC LIMIT 1 OFFSET ?2",
                    "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE stream = ?1"
                    " AND id <= ?2 AND keeper IS NULL ORDER BY id LIMIT ?3)",
                    FALSE },
  [TRIM_KEPT_EVENTS] = { "SELECT id FROM events WHERE keeper = ?1"
                         " ORDER BY id DESC LIMIT 1 OFFSET ?2",
                         "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE keeper = ?1"
                         " AND id <= ?2 ORDER BY id LIMIT ?3)",
                         TRUE },
  [TRIM_THUMBNAILS]
  = { "SELECT wall_us FROM thumbnails WHERE stream = ?1 AND keeper IS NULL"
      " ORDER BY wall_us DESC LIMIT 1 OFFSET ?2",
      "DELETE FROM thumbnails WHERE number IN (SELECT number FROM thumbnails WHERE stream = ?1"
      " AND wall_us <= ?2 AND keeper IS NULL ORDER BY wall_us LIMIT ?3)",
      FALSE },
  [TRIM_KEPT_THUMBNAILS]
  = { "SELECT number FROM thumbnails WHERE keeper = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2",
      "DELETE FROM thumbnails WHERE number IN (SELECT number FROM thumbnails WHERE keeper = ?1"
      " AND number <= ?2 ORDER BY number LIMIT ?3)",
      TRUE },
};

typedef struct {
  const Trim *trim;
  char *key;
  gint64 limit;
  gint64 newest_gone; /* 0: not looked up yet */
} TrimTask;

struct UsRetention {
  UsStoreSettings settings;
  Step step;
  gint64 now_us;
  gboolean may_expire;
  char *stream;               /* where a step that goes by stream is; NULL: before the first */
  GHashTable *grown[N_TRIMS]; /* element-type utf8 guint: rows since it was trimmed */
  gboolean knows_all;         /* what was there at the start is in `grown` */
  GQueue tasks;               /* element-type TrimTask */
  guint64 n_deleted;          /* in this pass */
};

/* ---- the clock ---- */

void
us_retention_clock_init (UsRetentionClock *clock, gint64 wall_us, gint64 monotonic_us) {
  clock->wall_us = wall_us;
  clock->monotonic_us = monotonic_us;
  clock->trusted_us = monotonic_us + US_RETENTION_START_US;
}

/**
 * us_retention_clock_look:
 *
 * A clock that jumped, in either direction, is not believed for an hour: whoever set it wrongly
 * has that long to set it right before anything expires. The same for ten minutes after a start,
 * when a machine without a battery has not heard from its time server.
 *
 * Returns: whether rows may be deleted by their age
 */
gboolean
us_retention_clock_look (UsRetentionClock *clock, gint64 wall_us, gint64 monotonic_us) {
  gint64 step_us = (wall_us - clock->wall_us) - (monotonic_us - clock->monotonic_us);

  clock->wall_us = wall_us;
  clock->monotonic_us = monotonic_us;
  if (ABS (step_us) > US_RETENTION_STEP_US)
    clock->trusted_us = monotonic_us + US_RETENTION_SETTLE_US;
  return monotonic_us >= clock->trusted_us;
}

/* ---- what has grown ---- */

static gint64
limit_of (const UsRetention *retention, guint trim) {
  guint limit = trim == TRIM_THUMBNAILS        ? retention->settings.thumbnails_per_stream
                : trim == TRIM_KEPT_THUMBNAILS ? US_RETENTION_INCIDENT_THUMBNAILS
                                               : retention->settings.max_events_per_stream;
  return limit > 0 ? limit : G_MAXINT64;
}

/* What is older goes; with no limit, nothing is. */
static gint64
cutoff_us (const UsRetention *retention, guint days) {
  return days > 0 ? retention->now_us - days * DAY_US : G_MININT64;
}

static void
forget_growth (UsRetention *retention, const char *key) {
  for (guint i = 0; i < N_TRIMS; i++)
    g_hash_table_remove (retention->grown[i], key);
}

static void
note_growth (UsRetention *retention, guint trim, const char *key, guint n_rows) {
  GHashTable *grown = retention->grown[trim];
  gpointer name, count = NULL;

  if (key == NULL || g_hash_table_size (grown) >= MAX_GROWN)
    return;
  if (g_hash_table_lookup_extended (grown, key, &name, &count))
    n_rows = (guint)MIN ((guint64)GPOINTER_TO_UINT (count) + n_rows, G_MAXUINT);
  g_hash_table_replace (grown, g_strdup (key), GUINT_TO_POINTER (n_rows));
}

/* Tells of a write that was committed. */
void
us_retention_note (UsRetention *retention, const UsWrite *write) {
  if (write->kind == US_WRITE_EVENT) {
    note_growth (retention, TRIM_EVENTS, write->row.event.stream, 1);
    note_growth (retention, TRIM_KEPT_EVENTS, write->row.event.incident, 1);
    if (write->row.event.thumbnail != NULL)
      note_growth (retention, TRIM_KEPT_THUMBNAILS, write->row.event.incident, 1);
  } else if (write->kind == US_WRITE_THUMBNAIL) {
    note_growth (retention, TRIM_THUMBNAILS, write->row.thumbnail.stream, 1);
  } else if (write->kind == US_WRITE_REMOVAL) {
    forget_growth (retention, write->row.removal.stream);
  }
}

/* Walks over the distinct values of a column by its index. */
static gboolean
note_all (UsRetention *retention, UsDatabase *database, guint trim, const char *sql,
          GError **error) {
  g_autofree char *key = g_strdup ("");
  while (TRUE) {
    sqlite3_stmt *statement = us_database_query (database, error, sql, "s", key);
    int code = statement != NULL ? us_database_step (database, statement, error) : SQLITE_ERROR;
    if (code != SQLITE_ROW)
      return code == SQLITE_DONE;
    g_free (key);
    key = g_strdup ((const char *)sqlite3_column_text (statement, 0));
    sqlite3_reset (statement);
    if (key == NULL)
      return TRUE;
    note_growth (retention, trim, key, G_MAXUINT);
  }
}

static gboolean
note_what_is_there (UsRetention *retention, UsDatabase *database, GError **error) {
  if (retention->knows_all)
    return TRUE;
  retention->knows_all
      = note_all (retention, database, TRIM_EVENTS,
                  "SELECT min(stream) FROM events WHERE stream > ?1", error)
        && note_all (retention, database, TRIM_THUMBNAILS,
                     "SELECT min(stream) FROM thumbnails WHERE stream > ?1", error)
        && note_all (retention, database, TRIM_KEPT_EVENTS,
                     "SELECT min(keeper) FROM events WHERE keeper > ?1", error)
        && note_all (retention, database, TRIM_KEPT_THUMBNAILS,
                     "SELECT min(keeper) FROM thumbnails WHERE keeper > ?1", error);
  return retention->knows_all;
}

/* ---- a pass ---- */

static void
trim_task_free (gpointer data) {
  TrimTask *task = data;
  g_free (task->key);
  g_free (task);
}

UsRetention *
us_retention_new (const UsStoreSettings *settings) {
  UsRetention *retention = g_new0 (UsRetention, 1);
  retention->settings = *settings;
  retention->settings.path = NULL;
  retention->step = STEP_END;
  for (guint i = 0; i < N_TRIMS; i++)
    retention->grown[i] = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return retention;
}

void
us_retention_free (UsRetention *retention) {
  for (guint i = 0; i < N_TRIMS; i++)
    g_hash_table_unref (retention->grown[i]);
  g_queue_clear_full (&retention->tasks, trim_task_free);
  g_free (retention->stream);
  g_free (retention);
}

/* Begins a pass, anew if one is under way. @may_expire: the clock is right, go by age as well. */
void
us_retention_begin (UsRetention *retention, gint64 now_us, gboolean may_expire) {
  retention->step = STEP_REMOVALS;
  retention->now_us = now_us;
  retention->may_expire = may_expire;
  retention->n_deleted = 0;
  g_clear_pointer (&retention->stream, g_free);
}

gboolean
us_retention_is_under_way (const UsRetention *retention) {
  return retention->step != STEP_END;
}

/* A batch; fewer rows than a batch: there are no more. */
static gboolean
delete_some (UsRetention *retention, UsDatabase *database, guint *n_gone, GError **error,
             const char *sql, const char *key, gint64 until) {
  if (!us_database_run (database, error, sql, "sii", key, until, (gint64)US_RETENTION_BATCH))
    return FALSE;
  *n_gone = us_database_get_changes (database);
  retention->n_deleted += *n_gone;
  return TRUE;
}

static gboolean
next_key (UsDatabase *database, char **key, GError **error, const char *sql, const char *after,
          gint64 until) {
  sqlite3_stmt *statement = us_database_query (database, error, sql, "si", after, until);
  int code = statement != NULL ? us_database_step (database, statement, error) : SQLITE_ERROR;
  *key = NULL;
  if (code == SQLITE_ROW) {
    *key = g_strdup ((const char *)sqlite3_column_text (statement, 0));
    sqlite3_reset (statement);
  }
  return code == SQLITE_ROW || code == SQLITE_DONE;
}

static gboolean
step_removals (UsRetention *retention, UsDatabase *database, gboolean *is_more, GError **error) {
  g_autofree char *stream = NULL;
  gint64 last = 0;
  guint n_gone = 0;

  if (!next_key (database, &stream, error,
                 "SELECT stream FROM removals WHERE stream > ?1 AND last_event >= ?2"
                 " ORDER BY stream LIMIT 1",
                 "", 0))
    return FALSE;
  *is_more = stream != NULL;
  if (stream == NULL)
    return TRUE;
  if (!us_database_get_int (database, &last, error,
                            "SELECT last_event FROM removals WHERE stream = ?1", "s", stream)
      || !delete_some (retention, database, &n_gone, error,
                       "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE stream = ?1"
                       " AND id <= ?2 ORDER BY id LIMIT ?3)",
                       stream, last))
    return FALSE;
  return n_gone == US_RETENTION_BATCH
         || us_database_run (database, error, "DELETE FROM removals WHERE stream = ?1", "s",
                             stream);
}

static gboolean
step_incidents (UsRetention *retention, UsDatabase *database, gboolean *is_more, GError **error) {
  static const char *const kept[] = {
    "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE keeper = ?1 AND id <= ?2 LIMIT "
    "?3)",
    "DELETE FROM thumbnails WHERE number IN (SELECT number FROM thumbnails WHERE keeper = ?1"
    " AND number <= ?2 LIMIT ?3)",
  };
  g_autofree char *incident = NULL;
  guint n_gone = 0;

  if (!next_key (database, &incident, error,
                 "SELECT id FROM incidents WHERE id > ?1 AND state = 'resolved' AND updated_us < ?2"
                 " AND resolved_us < ?2 ORDER BY updated_us LIMIT 1",
                 "", cutoff_us (retention, retention->settings.retention_days)))
    return FALSE;
  *is_more = incident != NULL;
  for (guint i = 0; incident != NULL && i < G_N_ELEMENTS (kept); i++) {
    if (!delete_some (retention, database, &n_gone, error, kept[i], incident, G_MAXINT64))
      return FALSE;
    if (n_gone == US_RETENTION_BATCH)
      return TRUE;
  }
  if (incident == NULL)
    return TRUE;
  forget_growth (retention, incident);
  return us_database_run (database, error, "DELETE FROM incidents WHERE id = ?1", "s", incident);
}

/* A batch of the present stream; after its last one, on to the next stream. */
static gboolean
step_by_stream (UsRetention *retention, UsDatabase *database, gboolean *is_more, GError **error,
                const char *next_sql, const char *delete_sql, gint64 until_us) {
  guint n_gone = 0;
  *is_more = TRUE;

  if (retention->stream != NULL) {
    if (!delete_some (retention, database, &n_gone, error, delete_sql, retention->stream, until_us))
      return FALSE;
    if (n_gone == US_RETENTION_BATCH)
      return TRUE;
  }
  char *next = NULL;
  if (!next_key (database, &next, error, next_sql,
                 retention->stream != NULL ? retention->stream : "", 0))
    return FALSE;
  g_free (retention->stream);
  retention->stream = next;
  *is_more = next != NULL;
  return TRUE;
}

static gboolean
step_events_by_age (UsRetention *retention, UsDatabase *database, gboolean *is_more,
                    GError **error) {
  return step_by_stream (retention, database, is_more, error,
                         "SELECT min(stream) FROM events WHERE stream > ?1 AND ?2 = 0",
                         "DELETE FROM events WHERE id IN (SELECT id FROM events"
                         " INDEXED BY events_by_stream_time WHERE stream = ?1 AND wall_us < ?2"
                         " AND keeper IS NULL LIMIT ?3)",
                         cutoff_us (retention, retention->settings.retention_days));
}

static gboolean
step_thumbnails_by_age (UsRetention *retention, UsDatabase *database, gboolean *is_more,
                        GError **error) {
  return step_by_stream (retention, database, is_more, error,
                         "SELECT min(stream) FROM thumbnails WHERE stream > ?1 AND ?2 = 0",
                         "DELETE FROM thumbnails WHERE number IN (SELECT number FROM thumbnails"
                         " INDEXED BY thumbnails_by_stream WHERE stream = ?1 AND wall_us < ?2"
                         " AND keeper IS NULL LIMIT ?3)",
                         cutoff_us (retention, retention->settings.retention_days));
}

static gboolean
step_rollups (UsRetention *retention, UsDatabase *database, gboolean *is_more, GError **error) {
  return step_by_stream (retention, database, is_more, error,
                         "SELECT min(stream) FROM rollups WHERE stream > ?1 AND ?2 = 0",
                         "DELETE FROM rollups WHERE stream = ?1 AND minute_us IN (SELECT minute_us"
                         " FROM rollups WHERE stream = ?1 AND minute_us < ?2"
                         " ORDER BY minute_us LIMIT ?3)",
                         cutoff_us (retention, retention->settings.history_days));
}

static gboolean
step_findings (UsRetention *retention, UsDatabase *database, gboolean *is_more, GError **error) {
  guint n_gone = 0;
  if (!delete_some (retention, database, &n_gone, error,
                    "DELETE FROM findings WHERE id IN (SELECT id FROM findings WHERE ?1 IS NULL"
                    " AND closed_us > 0 AND closed_us < ?2 LIMIT ?3)",
                    NULL, cutoff_us (retention, retention->settings.retention_days)))
    return FALSE;
  *is_more = n_gone == US_RETENTION_BATCH;
  return TRUE;
}

/* The log of deliveries has one limit for all: ids have gaps, so it is counted. */
static gboolean
step_deliveries (UsRetention *retention, UsDatabase *database, gboolean *is_more, GError **error) {
  gint64 newest_gone = 0;
  guint n_gone = 0;
  if (!us_database_get_int (database, &newest_gone, error,
                            "SELECT id FROM deliveries WHERE id > 0 ORDER BY id DESC"
                            " LIMIT 1 OFFSET ?1",
                            "i", (gint64)US_RETENTION_MAX_DELIVERIES)
      || !delete_some (retention, database, &n_gone, error,
                       "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries"
                       " WHERE ?1 IS NULL AND id <= ?2 ORDER BY id LIMIT ?3)",
                       NULL, newest_gone))
    return FALSE;
  *is_more = n_gone == US_RETENTION_BATCH;
  return TRUE;
}

static void
collect_tasks (UsRetention *retention) {
  for (guint i = 0; i < N_TRIMS; i++) {
    GHashTableIter iter;
    gpointer key, count;
    gint64 limit = limit_of (retention, i);

    g_hash_table_iter_init (&iter, retention->grown[i]);
    while (g_hash_table_iter_next (&iter, &key, &count)) {
      if (GPOINTER_TO_UINT (count) <= limit / GROWTH_SHARE)
        continue;
      TrimTask *task = g_new0 (TrimTask, 1);
      task->trim = &trims[i];
      task->key = g_strdup (key);
      task->limit = limit;
      g_queue_push_tail (&retention->tasks, task);
      g_hash_table_iter_remove (&iter);
    }
  }
}

static gboolean
step_number (UsRetention *retention, UsDatabase *database, gboolean *is_more, GError **error) {
  if (retention->tasks.length == 0)
    collect_tasks (retention);
  TrimTask *task = g_queue_peek_head (&retention->tasks);
  guint n_gone = 0;

  *is_more = task != NULL;
  if (task == NULL)
    return TRUE;
  if (task->newest_gone == 0
      && !us_database_get_int (database, &task->newest_gone, error, task->trim->newest_gone, "si",
                               task->key, task->limit))
    return FALSE;
  if (task->newest_gone != 0
      && !delete_some (retention, database, &n_gone, error, task->trim->delete_some, task->key,
                       task->newest_gone))
    return FALSE;
  if (n_gone < US_RETENTION_BATCH)
    trim_task_free (g_queue_pop_head (&retention->tasks));
  *is_more = retention->tasks.length > 0;
  return TRUE;
}

static gboolean
step_vacuum (UsRetention *retention, UsDatabase *database, gboolean *is_more, GError **error) {
  gint64 n_free = 0;
  if (!us_database_get_int (database, &n_free, error, "PRAGMA freelist_count", ""))
    return FALSE;
  *is_more = n_free > FREE_PAGES_KEPT;
  g_autofree char *sql = g_strdup_printf ("PRAGMA incremental_vacuum(%d)", VACUUM_PAGES);
  return !*is_more || us_database_run (database, error, sql, "");
}

static gboolean
run_step (UsRetention *retention, UsDatabase *database, gboolean *is_more, GError **error) {
  switch (retention->step) {
  case STEP_REMOVALS:
    return note_what_is_there (retention, database, error)
           && step_removals (retention, database, is_more, error);
  case STEP_INCIDENTS:
    return !retention->may_expire || step_incidents (retention, database, is_more, error);
  case STEP_EVENTS_BY_AGE:
    return !retention->may_expire || step_events_by_age (retention, database, is_more, error);
  case STEP_THUMBNAILS_BY_AGE:
    return !retention->may_expire || step_thumbnails_by_age (retention, database, is_more, error);
  case STEP_ROLLUPS:
    return !retention->may_expire || step_rollups (retention, database, is_more, error);
  case STEP_FINDINGS:
    return !retention->may_expire || step_findings (retention, database, is_more, error);
  case STEP_DELIVERIES:
    return step_deliveries (retention, database, is_more, error);
  case STEP_NUMBER:
    return step_number (retention, database, is_more, error);
  case STEP_VACUUM:
    return step_vacuum (retention, database, is_more, error);
  case STEP_END:
  default:
    return TRUE;
  }
}

/**
 * us_retention_step:
 * @database: the writer's connection, without a transaction
 *
 * Does the next little bit. A step that fails ends the pass; the next one tries again.
 *
 * Returns: whether it went
 */
gboolean
us_retention_step (UsRetention *retention, UsDatabase *database, GError **error) {
  gboolean is_more = FALSE;

  if (!us_database_script (database, "BEGIN IMMEDIATE", error)
      || !run_step (retention, database, &is_more, error)
      || !us_database_script (database, "COMMIT", error)) {
    us_database_rollback (database);
    retention->step = STEP_END;
    return FALSE;
  }
  if (is_more)
    return TRUE;
  g_clear_pointer (&retention->stream, g_free);
  if (++retention->step == STEP_END && retention->n_deleted > 0)
    us_info ("retention deleted %" G_GUINT64_FORMAT " rows", retention->n_deleted);
  return TRUE;
}
