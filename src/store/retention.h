/* retention.h - what is old or too much leaves the database, a little at a time */
#pragma once

#include "store/write.h"

G_BEGIN_DECLS

#define US_RETENTION_BATCH 500 /* rows that one step deletes at most */
#define US_RETENTION_MAX_DELIVERIES 10000
#define US_RETENTION_INCIDENT_THUMBNAILS 200 /* kept of one incident */
#define US_RETENTION_STEP_US                                                                       \
  ((gint64)5 * 60 * G_USEC_PER_SEC) /* of the clock, to be distrusted                              \
                                     */
#define US_RETENTION_SETTLE_US ((gint64)60 * 60 * G_USEC_PER_SEC) /* until it is trusted again */
#define US_RETENTION_START_US ((gint64)10 * 60 * G_USEC_PER_SEC)  /* the same after a start */

/* UsRetentionClock: whether the wall clock may be believed enough to delete by it. */
typedef struct {
  gint64 wall_us, monotonic_us; /* when last looked */
  gint64 trusted_us;            /* monotonic: from then on */
} UsRetentionClock;
void us_retention_clock_init (UsRetentionClock *clock, gint64 wall_us, gint64 monotonic_us);
gboolean us_retention_clock_look (UsRetentionClock *clock, gint64 wall_us, gint64 monotonic_us);

/* UsRetention: a pass over the database in steps; in the writer's thread. */
typedef struct UsRetention UsRetention;
UsRetention *us_retention_new (const UsStoreSettings *settings);
void us_retention_free (UsRetention *retention);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsRetention, us_retention_free)

void us_retention_note (UsRetention *retention, const UsWrite *write);
void us_retention_begin (UsRetention *retention, gint64 now_us, gboolean may_expire);
gboolean us_retention_is_under_way (const UsRetention *retention);
gboolean us_retention_step (UsRetention *retention, UsDatabase *database,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
