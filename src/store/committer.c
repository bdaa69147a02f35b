/* committer.c - transactions
 *
 * Owned by the writer, in its thread only; freed at the end of that thread. A batch is one
 * transaction: all of it is on disk, or none. A write that can never succeed (an incident of a note
 * is not there) gets its error and does not hold the others up.
 *
 * A file that turns out to be damaged while it is in use is moved aside as at the start, and a new
 * one begun; the batch is then tried again by the writer, so nothing that waits is lost. The reader
 * learns of it by the generation.
 *
 * After an I/O error of the disk the log is not to be trusted: the kernel reports a failed sync
 * once and then forgets that pages never reached the disk. So before anything is confirmed again,
 * all of the log goes into the database, and the log begins anew.
 */
#define US_LOG_TOPIC "store.committer"
#include "store/committer.h"

#include "store/file.h"
#include "store/schema.h"

#include "base/log.h"
#include "base/names.h"

#define CHECK_LIMIT_MS 3000
#define CHECKPOINT_PAGES 1000 /* of the log: 4 MiB */

struct UsCommitter {
  UsDatabase *database; /* NULL: was moved aside, and no new one could be begun yet */
  char *path, *vfs;
  const UsClock *clock;
  gint64 limit; /* of ids; goes into a new database */
  gboolean must_checkpoint;
  guint checkpoint_pages; /* of the log; when the next one is due */
  guint generation;
};

/**
 * us_committer_open_database:
 *
 * Opens or creates the database for writing, checks it, and brings it to the present version.
 *
 * Returns: (transfer full) (nullable): the connection
 */
UsDatabase *
us_committer_open_database (const char *path, const char *vfs, GError **error) {
  g_autoptr (UsDatabase) database = us_database_open (path, US_DATABASE_WRITER, vfs, error);
  g_autoptr (GError) local = NULL;

  if (database == NULL)
    return NULL;
  if (us_database_check (database, CHECK_LIMIT_MS, &local)
      && us_schema_migrate (database, us_schema_latest (), &local))
    return g_steal_pointer (&database);
  if (g_error_matches (local, US_STORE_ERROR, US_STORE_ERROR_CORRUPT))
    us_database_forsake (database);
  g_propagate_error (error, g_steal_pointer (&local));
  return NULL;
}

/**
 * us_committer_new:
 * @database: (transfer full): opened
 * @limit: of ids, as the database has it
 */
UsCommitter *
us_committer_new (UsDatabase *database, const char *path, const char *vfs, gint64 limit,
                  const UsClock *clock) {
  UsCommitter *committer = g_new0 (UsCommitter, 1);
  committer->database = database;
  committer->path = g_strdup (path);
  committer->vfs = g_strdup (vfs);
  committer->limit = limit;
  committer->clock = clock;
  committer->checkpoint_pages = CHECKPOINT_PAGES;
  return committer;
}

void
us_committer_free (UsCommitter *committer) {
  g_clear_pointer (&committer->database, us_database_free);
  g_free (committer->path);
  g_free (committer->vfs);
  g_free (committer);
}

/* Rises with each new file: connections that were opened before lead to the old one. */
guint
us_committer_get_generation (UsCommitter *committer) {
  return committer->generation;
}

static gboolean
begin_anew (UsCommitter *committer, GError **error) {
  g_autoptr (UsDatabase) database
      = us_committer_open_database (committer->path, committer->vfs, error);
  g_autoptr (UsWrite) limit = us_write_new_limit (committer->limit);

  if (database == NULL || !us_write_apply (limit, database, error))
    return FALSE;
  committer->database = g_steal_pointer (&database);
  committer->must_checkpoint = FALSE;
  committer->generation++;
  return TRUE;
}

/* Deals with @fault of the connection as far as it can; the batch is tried again in any case. */
static void
treat (UsCommitter *committer, const GError *fault) {
  g_autoptr (GError) error = NULL;

  if (us_database_is_input_output_fault (committer->database))
    committer->must_checkpoint = TRUE;
  us_database_rollback (committer->database);
  if (!g_error_matches (fault, US_STORE_ERROR, US_STORE_ERROR_CORRUPT))
    return;

  us_database_forsake (committer->database);
  g_clear_pointer (&committer->database, us_database_free);
  g_autofree char *aside
      = us_store_file_move_aside (committer->path, us_clock_wall_us (committer->clock), &error);
  if (aside != NULL)
    us_event (US_LOG_ERROR, US_EVENT_STORE_CORRUPT, "%s; it is now %s, and a new one begins",
              fault->message, aside);
  if (aside == NULL || !begin_anew (committer, &error))
    us_warning ("%s", error->message);
}

static gboolean
ensure_database (UsCommitter *committer, GError **error) {
  if (committer->database == NULL && !begin_anew (committer, error))
    return FALSE;
  if (!committer->must_checkpoint)
    return TRUE;
  if (!us_database_checkpoint (committer->database, TRUE, error))
    return FALSE;
  committer->must_checkpoint = FALSE;
  return TRUE;
}

static gboolean
apply_all (UsCommitter *committer, GQueue *writes, GError **error) {
  for (GList *link = writes->head; link != NULL; link = link->next) {
    UsWrite *write = link->data;
    g_autoptr (GError) local = NULL;

    g_clear_error (&write->error);
    if (us_write_apply (write, committer->database, &local))
      continue;
    if (!us_database_is_statements_fault (committer->database)) {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
    write->error = g_steal_pointer (&local);
  }
  return TRUE;
}

static gboolean
commit_all (UsCommitter *committer, GQueue *writes, gboolean is_synced, GError **error) {
  return us_database_set_synced (committer->database, is_synced, error)
         && us_database_script (committer->database, "BEGIN IMMEDIATE", error)
         && apply_all (committer, writes, error)
         && us_database_script (committer->database, "COMMIT", error);
}

/**
 * us_committer_commit:
 * @writes: element-type #UsWrite, in order; those that can never succeed get their error
 *
 * Returns: whether all others are in the database, and on disk if one of them asked for it
 */
gboolean
us_committer_commit (UsCommitter *committer, GQueue *writes, GError **error) {
  g_autoptr (GError) local = NULL;
  gboolean is_synced = FALSE;

  if (!ensure_database (committer, error))
    return FALSE;
  for (GList *link = writes->head; link != NULL; link = link->next)
    is_synced = is_synced || us_write_is_synced (link->data);
  if (!commit_all (committer, writes, is_synced, &local)) {
    treat (committer, local);
    g_propagate_error (error, g_steal_pointer (&local));
    return FALSE;
  }
  for (GList *link = writes->head; link != NULL; link = link->next) {
    const UsWrite *write = link->data;
    if (write->kind == US_WRITE_LIMIT)
      committer->limit = MAX (committer->limit, write->row.limit);
  }
  return TRUE;
}

/* One step of @retention; nobody waits for it, so nothing is synced. */
gboolean
us_committer_tidy (UsCommitter *committer, UsRetention *retention, GError **error) {
  g_autoptr (GError) local = NULL;

  if (!ensure_database (committer, error))
    return FALSE;
  if (us_database_set_synced (committer->database, FALSE, &local)
      && us_retention_step (retention, committer->database, &local))
    return TRUE;
  treat (committer, local);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* For when a reader met damage: replaces the file if the writer's connection sees it, too. */
gboolean
us_committer_check (UsCommitter *committer, GError **error) {
  g_autoptr (GError) local = NULL;

  if (!ensure_database (committer, error))
    return FALSE;
  if (us_database_check (committer->database, CHECK_LIMIT_MS, &local))
    return TRUE;
  treat (committer, local);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

/* Brings the log into the database when it has become long. A disk that has room for the log but
 * not for the database is no trouble yet: the log goes on growing, and is tried again later. */
gboolean
us_committer_checkpoint (UsCommitter *committer, GError **error) {
  g_autoptr (GError) local = NULL;

  if (committer->database == NULL
      || us_database_get_wal_pages (committer->database) < committer->checkpoint_pages)
    return TRUE;
  if (us_database_checkpoint (committer->database, FALSE, &local)) {
    committer->checkpoint_pages = CHECKPOINT_PAGES;
    return TRUE;
  }
  if (g_error_matches (local, US_STORE_ERROR, US_STORE_ERROR_FULL)) {
    committer->checkpoint_pages
        = us_database_get_wal_pages (committer->database) + CHECKPOINT_PAGES;
    return TRUE;
  }
  treat (committer, local);
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}
