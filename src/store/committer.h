/* committer.h - brings batches of writes into the file, whatever state the disk is in */
#pragma once

#include "store/retention.h"
#include "store/write.h"

#include "base/clock.h"

G_BEGIN_DECLS

/* UsCommitter: owns the writing connection; in the writer's thread. */
typedef struct UsCommitter UsCommitter;

UsDatabase *us_committer_open_database (const char *path, const char *vfs,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

UsCommitter *us_committer_new (UsDatabase *database, const char *path, const char *vfs,
                               gint64 limit, const UsClock *clock);
void us_committer_free (UsCommitter *committer);

gboolean us_committer_commit (UsCommitter *committer, GQueue *writes,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_committer_tidy (UsCommitter *committer, UsRetention *retention,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_committer_check (UsCommitter *committer, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_committer_checkpoint (UsCommitter *committer, GError **error) G_GNUC_WARN_UNUSED_RESULT;
guint us_committer_get_generation (UsCommitter *committer);

G_END_DECLS
