/* writer.h - the thread that writes */
#pragma once

#include "store/committer.h"
#include "store/outcomes.h"
#include "store/queue.h"

G_BEGIN_DECLS

/* UsWriter: all functions in the thread of the store's owner, but for us_writer_flush(),
 * us_writer_suspect() and us_writer_get_generation(), which the reading thread may call, too. */
typedef struct UsWriter UsWriter;

UsWriter *us_writer_new (UsCommitter *committer, const UsStoreSettings *settings,
                         const UsClock *clock, UsOutcomeFunc trouble, gpointer user_data);
gboolean us_writer_stop (UsWriter *writer, guint grace_ms);

void us_writer_push (UsWriter *writer, UsWrite *write, UsStoreDone done, gpointer user_data);
void us_writer_flush (UsWriter *writer, guint timeout_ms);
gboolean us_writer_is_settled (UsWriter *writer);
void us_writer_suspect (UsWriter *writer);
guint us_writer_get_generation (UsWriter *writer);
void us_writer_get_stats (UsWriter *writer, UsStoreStats *stats);

G_END_DECLS
