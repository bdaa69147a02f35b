/* write.h - one write that waits for its turn: a copy of the row, and whom to tell */
#pragma once

#include "store/database.h"
#include "store/row-type.h"

G_BEGIN_DECLS

typedef enum {
  US_WRITE_INCIDENT,
  US_WRITE_EVENT,
  US_WRITE_FINDING,
  US_WRITE_NOTE,
  US_WRITE_ROLLUP,
  US_WRITE_THUMBNAIL,
  US_WRITE_DELIVERY,
  US_WRITE_OUTGOING,
  US_WRITE_SENT,    /* a message is no longer outgoing */
  US_WRITE_REMOVAL, /* of a stream */
  US_WRITE_BARRIER, /* writes a little, so that it has something to sync */
  US_WRITE_LIMIT,   /* ids below it may be given away */
  US_WRITE_MARK,    /* nothing: says that all before it can be read */
} UsWriteKind;

/* UsWrite: filled by one of the functions below, then owned by the queue, then by the writer. */
typedef struct {
  UsWriteKind kind;
  union {
    UsIncidentRow incident;
    UsEventRow event;
    UsFindingRow finding;
    UsNoteRow note;
    UsRollupRow rollup;
    UsThumbnailRow thumbnail;
    UsDeliveryRow delivery;
    UsOutgoingRow outgoing;
    char *sent; /* id of a message */
    struct {
      char *stream;
      gint64 last_event;
    } removal;
    gint64 limit;
  } row;
  gsize bytes;      /* in memory */
  guint64 order;    /* of the queue: 1, 2, 3 ... */
  gint64 queued_us; /* monotonic */
  UsStoreDone done;
  gpointer user_data;
  GError *error; /* why it was given up; NULL: it was written */
  GList link, minor_link;
} UsWrite;

UsWrite *us_write_new_row (UsWriteKind kind, gconstpointer row);
UsWrite *us_write_new_removal (const char *stream, gint64 last_event);
UsWrite *us_write_new_sent (const char *message);
UsWrite *us_write_new_barrier (void);
UsWrite *us_write_new_mark (void);
UsWrite *us_write_new_limit (gint64 limit);
void us_write_free (UsWrite *write);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsWrite, us_write_free)

gboolean us_write_is_minor (const UsWrite *write);
gboolean us_write_is_synced (const UsWrite *write);
gboolean us_write_apply (const UsWrite *write, UsDatabase *database,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
