/* stage.h - a folder, a store in it, and rows to write */
#pragma once

#include "store/store-private.h"

#include "base/clock.h"

#define SECOND ((gint64)G_USEC_PER_SEC)
#define DAY (86400 * SECOND)
#define T0 ((gint64)1700000000 * SECOND)

typedef struct {
  char *folder, *path;
  UsStoreSettings settings;
  const char *vfs;
  UsFakeClock clock;
  UsStore *store;
  guint n_troubles, n_recoveries;
  GError *trouble; /* the last one */
} Stage;

void stage_init (Stage *stage);
void stage_clear (Stage *stage);
void stage_open (Stage *stage);
void stage_close (Stage *stage);

/* Runs the main context until @is_there, which must become true within half a minute. */
typedef gboolean (*StageCheck) (gpointer user_data);
void stage_wait (StageCheck is_there, gpointer user_data);
void stage_barrier (Stage *stage);
/* Returns: @store, when what was queued can be read */
UsStore *stage_settled (UsStore *store);
void stage_tidy (Stage *stage); /* a whole pass of retention */

/* Counts the calls of a UsStoreDone, whose user data it is. */
typedef struct {
  guint n_done, n_failed;
  GError *error; /* the last one */
} Doneness;
void on_done (const GError *error, gpointer user_data);
void stage_wait_done (Doneness *done, guint n);

void doneness_clear (Doneness *done);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Doneness, doneness_clear)

gint64 stage_count (Stage *stage, const char *sql); /* in the file, by a connection of its own */

gint64 stage_add_event (Stage *stage, const char *stream, const char *kind, gint64 wall_us,
                        const char *incident, const char *thumbnail);
void stage_put_incident (Stage *stage, const char *id, const char *stream, const char *state,
                         gint64 opened_us, gint64 resolved_us, Doneness *done);
void stage_add_thumbnail (Stage *stage, const char *id, const char *stream, gint64 wall_us);
void stage_put_rollup (Stage *stage, const char *stream, gint64 minute_us);
