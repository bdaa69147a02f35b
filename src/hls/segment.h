/* segment.h - a finished segment: name, place in time, bytes and their hash */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* UsSegment: immutable and reference counted (atomically); shared between the ring of a packager,
 * the snapshots that HTTP threads serve from, and the switcher's ledger. */
typedef struct {
  guint64 epoch;
  guint64 number;
  guint64 discontinuity;
  gboolean is_discontinuous;
  gint64 duration_us;
  gint64 wall_ms; /* -1: unknown */
  char *name;     /* "<epoch in hex>-<number>.ts", or as another packager named it */
  GBytes *bytes;
  char *etag; /* strong entity tag with its quotes: SHA-256 of the bytes */
} UsSegment;

/* Takes a reference on @bytes; copies @name (nullable: made from epoch and number). Hashes. */
UsSegment *us_segment_new (guint64 epoch, guint64 number, const char *name, GBytes *bytes);
UsSegment *us_segment_ref (UsSegment *segment);
void us_segment_unref (UsSegment *segment);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsSegment, us_segment_unref)

char *us_segment_name (guint64 epoch, guint64 number);
/* Reverses us_segment_name() for the last path component of @uri; FALSE when it is not one of ours.
 */
gboolean us_segment_parse_name (const char *uri, guint64 *epoch, guint64 *number);
gboolean us_segment_is_same_uri (const char *a, const char *b);

G_END_DECLS
