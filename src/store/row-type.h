/* row-type.h - what the columns of a row are called and where the values lie in memory */
#pragma once

#include "store/rows.h"

#include <sqlite3.h>

G_BEGIN_DECLS

typedef enum {
  US_FIELD_TEXT, /* char *, nullable */
  US_FIELD_INT,
  US_FIELD_UINT,
  US_FIELD_INT64,
  US_FIELD_UINT64, /* at most G_MAXINT64 on disk */
  US_FIELD_FLAG,   /* gboolean */
  US_FIELD_REAL,   /* NAN is NULL on disk */
} UsFieldKind;

typedef struct {
  const char *column;
  UsFieldKind kind;
  gsize offset;
} UsField;

typedef struct {
  const char *table;
  gsize size;
  const UsField *fields;
  guint n_fields;
} UsRowType;

extern const UsRowType us_incident_row_type;
extern const UsRowType us_event_row_type;
extern const UsRowType us_finding_row_type;
extern const UsRowType us_note_row_type;
extern const UsRowType us_rollup_row_type;
extern const UsRowType us_rollup_sum_type;    /* of no table: what a query gathers */
extern const UsRowType us_thumbnail_row_type; /* without its picture */
extern const UsRowType us_delivery_row_type;
extern const UsRowType us_outgoing_row_type;

void us_row_copy (const UsRowType *type, gpointer to, gconstpointer from);
void us_row_clear (const UsRowType *type, gpointer row);
gsize us_row_bytes (const UsRowType *type, gconstpointer row);
int us_row_bind (const UsRowType *type, gconstpointer row, sqlite3_stmt *statement);
void us_row_read (const UsRowType *type, gpointer row, sqlite3_stmt *statement);
char *us_row_columns (const UsRowType *type, const char *prefix, const char *suffix);
char *us_row_places (const UsRowType *type);

G_END_DECLS
