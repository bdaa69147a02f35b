/* store.h - incidents, timelines, findings and history on disk */
#pragma once

#include "store/rows.h"

#include <gio/gio.h>

G_BEGIN_DECLS

#define US_STORE_ERROR us_store_error_quark ()
typedef enum {
  US_STORE_ERROR_OPEN,    /* cannot be opened or created: path, permissions */
  US_STORE_ERROR_NEWER,   /* written by a later version */
  US_STORE_ERROR_CORRUPT, /* moved aside by us_store_open(), a new one begun */
  US_STORE_ERROR_FULL,    /* no space */
  US_STORE_ERROR_WRITE,   /* anything else */
  US_STORE_ERROR_READ,
} UsStoreError;
GQuark us_store_error_quark (void);

/* UsStore: reads at once in the caller's thread, from a connection of its own (WAL: never held up
 * by a write), or in a thread of its own what takes long; writes in order in one thread of its own,
 * in transactions of what has gathered. Use in one thread. A write that fails (disk full) is kept
 * and tried again, in order, up to US_STORE_MAX_PENDING; then the oldest of what is not an incident
 * goes first, and is counted. */
typedef struct UsStore UsStore;
#define US_STORE_MAX_PENDING 100000

typedef struct {
  const char *path;     /* of the database file; ":memory:" is not for the daemon */
  guint retention_days; /* resolved incidents with their timeline */
  guint history_days;   /* rollups */
  guint thumbnails_per_stream;
  guint max_events_per_stream;
} UsStoreSettings;
void us_store_settings_default (UsStoreSettings *settings);

/* Called in the opener's main context when writing begins to fail, and when it works again. */
typedef void (*UsStoreTrouble) (UsStore *store, const GError *error, gpointer user_data);

/* Opens or creates, migrates (one transaction per version). A database that SQLite calls corrupt is
 * renamed to "<path>.corrupt-<time>" and a new one begun; @was_corrupt: (out) (nullable) says so.
 */
UsStore *us_store_open (const UsStoreSettings *settings, gboolean *was_corrupt,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_store_set_trouble (UsStore *store, UsStoreTrouble trouble, gpointer user_data);
/* Writes what is pending, at most @grace_ms long, and frees. */
void us_store_close (UsStore *store, guint grace_ms);
typedef struct {
  guint64 n_written, n_dropped, n_transactions;
  guint n_pending;
  gint64 file_bytes;
  gboolean is_failing;
} UsStoreStats;
void us_store_get_stats (UsStore *store, UsStoreStats *stats);

/* Writes: queued; values are copied. @done: (nullable) called in the opener's main context when the
 * row is on disk (committed and synced): only then is it confirmed to anybody. */
typedef void (*UsStoreDone) (const GError *error, gpointer user_data);
void us_store_put_incident (UsStore *store, const UsIncidentRow *row, UsStoreDone done,
                            gpointer user_data); /* inserts or replaces, by id; never another's */
/* @row->id: 0, or one that us_store_next_id() gave before: an event that turns out to be worth
 * keeping only later still stands in its place. One that is there already stays as it is, but for
 * the incident it belongs to. Returns: its id, at once */
gint64 us_store_add_event (UsStore *store, const UsEventRow *row);
void us_store_put_finding (UsStore *store, const UsFindingRow *row); /* by id; as incidents */
void us_store_add_note (UsStore *store, const UsNoteRow *row, UsStoreDone done, gpointer user_data);
void us_store_put_rollup (UsStore *store, const UsRollupRow *row); /* by stream and minute */
void us_store_add_thumbnail (UsStore *store, const UsThumbnailRow *row);
void us_store_add_delivery (UsStore *store, const UsDeliveryRow *row);
/* A message to be told, by its id; there until it was sent. */
void us_store_put_outgoing (UsStore *store, const UsOutgoingRow *row);
void us_store_remove_outgoing (UsStore *store, const char *message);
void us_store_remove_stream (UsStore *store, const char *stream); /* and all that belongs to it */
/* Calls @done when all that was queued before is on disk. */
void us_store_barrier (UsStore *store, UsStoreDone done, gpointer user_data);
/* Whether all that was queued can be read; or writing fails, and waiting is of no use. */
gboolean us_store_is_settled (UsStore *store);
/* Calls @done when all that was queued before can be read, though it may not be synced; while
 * writing fails that takes as long as it does. */
void us_store_settle (UsStore *store, UsStoreDone done, gpointer user_data);
/* Waits for the same, at most so long, in the caller's thread: not for a main loop. */
void us_store_flush (UsStore *store, guint timeout_ms);
/* Rises over restarts, one row of numbers for events and findings. */
gint64 us_store_next_id (UsStore *store);

/* Reads: bounded by @limit (at most US_STORE_MAX_ROWS). Cursors are what the last row of a page
 * gave. Returns: (transfer full): a GArray of rows whose clear function is set. They see what has
 * been committed, as everything confirmed has; who wants to see what is still queued waits with
 * us_store_settle() first. */
#define US_STORE_MAX_ROWS 5000
typedef struct {
  const char *stream;        /* nullable: any */
  const char *state;         /* nullable: any; "active": all but resolved */
  gint64 since_us, until_us; /* opened in between; 0: no bound */
  gint64 before_us;          /* cursor: opened before; 0: newest first */
  const char *before_id;
  guint limit;
} UsIncidentQuery;
GArray *us_store_list_incidents (UsStore *store, const UsIncidentQuery *query,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_store_get_incident (UsStore *store, const char *id, UsIncidentRow *row, GError **error)
    G_GNUC_WARN_UNUSED_RESULT; /* FALSE, no error: none */
typedef struct {
  const char *stream, *incident; /* nullable: any */
  const char *const *kinds;      /* nullable: any */
  gint64 since_us, until_us;     /* 0: no bound */
  gint64 before_id, after_id;    /* cursors; 0: none. Without @after_id newest first */
  guint limit;
} UsEventQuery;
GArray *us_store_list_events (UsStore *store, const UsEventQuery *query,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
GArray *us_store_list_findings (UsStore *store, const char *stream, gboolean only_open,
                                gint64 before_id, guint limit,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
GArray *us_store_list_findings_of (UsStore *store, const char *stream, gint64 from_us,
                                   gint64 until_us, guint limit,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
GArray *us_store_list_notes (UsStore *store, const char *incident,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Oldest first. */
GArray *us_store_list_rollups (UsStore *store, const char *stream, gint64 since_us, gint64 until_us,
                               guint limit, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* By stretches of @step_us, oldest first: what is longer than minutes can be listed one by one.
 * Returns: (element-type UsRollupSum) */
GArray *us_store_list_rollups_by (UsStore *store, const char *stream, gint64 since_us,
                                  gint64 until_us, gint64 step_us,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The worst states that all streams came to in the minutes since then. */
typedef void (*UsStoreMinute) (const char *stream, gint64 minute_us, const char *health,
                               gpointer user_data);
gboolean us_store_each_minute (UsStore *store, gint64 since_us, guint max_rows, UsStoreMinute each,
                               gpointer user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Without pictures; newest first. */
GArray *us_store_list_thumbnails (UsStore *store, const char *stream, gint64 since_us,
                                  gint64 until_us, guint limit,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_store_get_thumbnail (UsStore *store, const char *id, UsThumbnailRow *row,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
GArray *us_store_list_deliveries (UsStore *store, gint64 before_id, guint limit,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Oldest first. */
GArray *us_store_list_outgoing (UsStore *store, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Reading that may take longer than a main loop has. @read is called in a thread of the store's,
 * one after the other, with a @view for the reading functions above and nothing else; @done then in
 * the opener's main context, at the latest from within us_store_close(); each once, but for @read
 * when the store ends before its turn. What was queued for writing goes first, for up to 200 ms. */
typedef gboolean (*UsStoreRead) (UsStore *view, gpointer user_data, GError **error);
void us_store_read_async (UsStore *store, UsStoreRead read, UsStoreDone done, gpointer user_data);

G_END_DECLS
