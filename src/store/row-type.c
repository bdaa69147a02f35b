/* row-type.c - rows as tables of their fields
 *
 * Copying, freeing, binding and reading a row is the same walk over its fields for each of the
 * nine row types, so a column is told of in one place. Pure but for the statement it binds to or
 * reads from; the type tables are constant, any thread may use them.
 */
#include "store/row-type.h"

#include <math.h>
#include <string.h>

#define FIELD(Row, member, kind_)                                                                  \
  { .column = #member, .kind = US_FIELD_##kind_, .offset = G_STRUCT_OFFSET (Row, member) }
#define FIELD_AS(Row, member, column_, kind_)                                                      \
  { .column = column_, .kind = US_FIELD_##kind_, .offset = G_STRUCT_OFFSET (Row, member) }
#define TYPE(Row, table_, fields_)                                                                 \
  { .table = table_, .size = sizeof (Row), .fields = fields_, .n_fields = G_N_ELEMENTS (fields_) }

static const UsField incident_fields[] = {
  FIELD (UsIncidentRow, id, TEXT),
  FIELD (UsIncidentRow, stream, TEXT),
  FIELD (UsIncidentRow, stream_name, TEXT),
  FIELD (UsIncidentRow, state, TEXT),
  FIELD (UsIncidentRow, fingerprint, TEXT),
  FIELD (UsIncidentRow, health, TEXT),
  FIELD (UsIncidentRow, reason, TEXT),
  FIELD (UsIncidentRow, cause, TEXT),
  FIELD (UsIncidentRow, snapshot, TEXT),
  FIELD (UsIncidentRow, acknowledged_by, TEXT),
  FIELD (UsIncidentRow, opened_us, INT64),
  FIELD (UsIncidentRow, acknowledged_us, INT64),
  FIELD (UsIncidentRow, recovering_us, INT64),
  FIELD (UsIncidentRow, resolved_us, INT64),
  FIELD (UsIncidentRow, updated_us, INT64),
  FIELD (UsIncidentRow, n_reopened, UINT),
  FIELD (UsIncidentRow, is_flapping, FLAG),
};
const UsRowType us_incident_row_type = TYPE (UsIncidentRow, "incidents", incident_fields);

static const UsField event_fields[] = {
  FIELD (UsEventRow, id, INT64),       FIELD (UsEventRow, stream, TEXT),
  FIELD (UsEventRow, kind, TEXT),      FIELD (UsEventRow, severity, TEXT),
  FIELD (UsEventRow, source, TEXT),    FIELD (UsEventRow, text, TEXT),
  FIELD (UsEventRow, data, TEXT),      FIELD (UsEventRow, incident, TEXT),
  FIELD (UsEventRow, thumbnail, TEXT), FIELD (UsEventRow, rendition, INT),
  FIELD (UsEventRow, wall_us, INT64),
};
const UsRowType us_event_row_type = TYPE (UsEventRow, "events", event_fields);

static const UsField finding_fields[] = {
  FIELD (UsFindingRow, id, INT64),
  FIELD (UsFindingRow, stream, TEXT),
  FIELD_AS (UsFindingRow, check, "check_word", TEXT),
  FIELD (UsFindingRow, severity, TEXT),
  FIELD (UsFindingRow, text, TEXT),
  FIELD (UsFindingRow, rendition, INT),
  FIELD (UsFindingRow, value, REAL),
  FIELD_AS (UsFindingRow, limit, "limit_value", REAL),
  FIELD (UsFindingRow, first_us, INT64),
  FIELD (UsFindingRow, last_us, INT64),
  FIELD (UsFindingRow, closed_us, INT64),
  FIELD (UsFindingRow, count, UINT),
};
const UsRowType us_finding_row_type = TYPE (UsFindingRow, "findings", finding_fields);

static const UsField note_fields[] = {
  FIELD (UsNoteRow, id, INT64),  FIELD (UsNoteRow, incident, TEXT), FIELD (UsNoteRow, author, TEXT),
  FIELD (UsNoteRow, text, TEXT), FIELD (UsNoteRow, wall_us, INT64),
};
const UsRowType us_note_row_type = TYPE (UsNoteRow, "notes", note_fields);

static const UsField rollup_fields[] = {
  FIELD (UsRollupRow, stream, TEXT),         FIELD (UsRollupRow, minute_us, INT64),
  FIELD (UsRollupRow, n_segments, UINT),     FIELD (UsRollupRow, n_segment_errors, UINT),
  FIELD (UsRollupRow, n_playlists, UINT),    FIELD (UsRollupRow, n_playlist_errors, UINT),
  FIELD (UsRollupRow, ttfb_avg, REAL),       FIELD (UsRollupRow, ttfb_p95, REAL),
  FIELD (UsRollupRow, ttfb_max, REAL),       FIELD (UsRollupRow, ratio_avg, REAL),
  FIELD (UsRollupRow, ratio_min, REAL),      FIELD (UsRollupRow, latency_avg, REAL),
  FIELD (UsRollupRow, bytes, UINT64),        FIELD (UsRollupRow, health, TEXT),
  FIELD (UsRollupRow, healthy_s, REAL),      FIELD (UsRollupRow, degraded_s, REAL),
  FIELD (UsRollupRow, unhealthy_s, REAL),    FIELD (UsRollupRow, no_data_s, REAL),
  FIELD (UsRollupRow, is_maintenance, FLAG),
};
const UsRowType us_rollup_row_type = TYPE (UsRollupRow, "rollups", rollup_fields);

static const UsField rollup_sum_fields[] = {
  FIELD (UsRollupSum, at_us, INT64),      FIELD (UsRollupSum, last_us, INT64),
  FIELD (UsRollupSum, n_segments, UINT),  FIELD (UsRollupSum, n_segment_errors, UINT),
  FIELD (UsRollupSum, n_playlists, UINT), FIELD (UsRollupSum, n_playlist_errors, UINT),
  FIELD (UsRollupSum, bytes, UINT64),     FIELD (UsRollupSum, ttfb_avg, REAL),
  FIELD (UsRollupSum, ttfb_min, REAL),    FIELD (UsRollupSum, ttfb_max, REAL),
  FIELD (UsRollupSum, ratio_avg, REAL),   FIELD (UsRollupSum, ratio_min, REAL),
  FIELD (UsRollupSum, ratio_max, REAL),   FIELD (UsRollupSum, latency_avg, REAL),
  FIELD (UsRollupSum, n_ttfb, UINT),      FIELD (UsRollupSum, n_ratio, UINT),
  FIELD (UsRollupSum, n_latency, UINT),   FIELD (UsRollupSum, healthy_s, REAL),
  FIELD (UsRollupSum, degraded_s, REAL),  FIELD (UsRollupSum, unhealthy_s, REAL),
  FIELD (UsRollupSum, no_data_s, REAL),
};
const UsRowType us_rollup_sum_type = TYPE (UsRollupSum, NULL, rollup_sum_fields);

static const UsField thumbnail_fields[] = {
  FIELD (UsThumbnailRow, id, TEXT),       FIELD (UsThumbnailRow, stream, TEXT),
  FIELD (UsThumbnailRow, wall_us, INT64), FIELD (UsThumbnailRow, width, UINT),
  FIELD (UsThumbnailRow, height, UINT),   FIELD (UsThumbnailRow, reason, TEXT),
};
const UsRowType us_thumbnail_row_type = TYPE (UsThumbnailRow, "thumbnails", thumbnail_fields);

static const UsField delivery_fields[] = {
  FIELD (UsDeliveryRow, id, INT64),     FIELD (UsDeliveryRow, message, TEXT),
  FIELD (UsDeliveryRow, channel, TEXT), FIELD (UsDeliveryRow, target, TEXT),
  FIELD (UsDeliveryRow, event, TEXT),   FIELD (UsDeliveryRow, incident, TEXT),
  FIELD (UsDeliveryRow, attempt, UINT), FIELD (UsDeliveryRow, status, UINT),
  FIELD (UsDeliveryRow, outcome, TEXT), FIELD (UsDeliveryRow, wall_us, INT64),
};
const UsRowType us_delivery_row_type = TYPE (UsDeliveryRow, "deliveries", delivery_fields);

static const UsField outgoing_fields[] = {
  FIELD (UsOutgoingRow, message, TEXT),  FIELD (UsOutgoingRow, target, TEXT),
  FIELD (UsOutgoingRow, event, TEXT),    FIELD (UsOutgoingRow, incident, TEXT),
  FIELD (UsOutgoingRow, body, TEXT),     FIELD (UsOutgoingRow, attempt, UINT),
  FIELD (UsOutgoingRow, wall_us, INT64),
};
const UsRowType us_outgoing_row_type = TYPE (UsOutgoingRow, "outgoing", outgoing_fields);

/* Copies the values; what is not a field (a picture) is left as @to has it. */
void
us_row_copy (const UsRowType *type, gpointer to, gconstpointer from) {
  memcpy (to, from, type->size);
  for (guint i = 0; i < type->n_fields; i++) {
    if (type->fields[i].kind == US_FIELD_TEXT)
      G_STRUCT_MEMBER (char *, to, type->fields[i].offset)
          = g_strdup (G_STRUCT_MEMBER (char *, from, type->fields[i].offset));
  }
}

void
us_row_clear (const UsRowType *type, gpointer row) {
  for (guint i = 0; i < type->n_fields; i++) {
    if (type->fields[i].kind == US_FIELD_TEXT)
      g_free (G_STRUCT_MEMBER (char *, row, type->fields[i].offset));
  }
  memset (row, 0, type->size);
}

/* What the row costs in memory, roughly. */
gsize
us_row_bytes (const UsRowType *type, gconstpointer row) {
  gsize bytes = type->size;
  for (guint i = 0; i < type->n_fields; i++) {
    const char *text = type->fields[i].kind == US_FIELD_TEXT
                           ? G_STRUCT_MEMBER (const char *, row, type->fields[i].offset)
                           : NULL;
    bytes += text != NULL ? strlen (text) + 1 : 0;
  }
  return bytes;
}

static int
bind_field (const UsField *field, gconstpointer row, sqlite3_stmt *statement, int place) {
  switch (field->kind) {
  case US_FIELD_TEXT: {
    const char *text = G_STRUCT_MEMBER (const char *, row, field->offset);
    return text != NULL ? sqlite3_bind_text (statement, place, text, -1, SQLITE_STATIC)
                        : sqlite3_bind_null (statement, place);
  }
  case US_FIELD_INT:
    return sqlite3_bind_int (statement, place, G_STRUCT_MEMBER (int, row, field->offset));
  case US_FIELD_UINT:
    return sqlite3_bind_int64 (statement, place, G_STRUCT_MEMBER (guint, row, field->offset));
  case US_FIELD_INT64:
    return sqlite3_bind_int64 (statement, place, G_STRUCT_MEMBER (gint64, row, field->offset));
  case US_FIELD_UINT64: {
    guint64 value = G_STRUCT_MEMBER (guint64, row, field->offset);
    return sqlite3_bind_int64 (statement, place, (gint64)MIN (value, (guint64)G_MAXINT64));
  }
  case US_FIELD_FLAG:
    return sqlite3_bind_int (statement, place, G_STRUCT_MEMBER (gboolean, row, field->offset) != 0);
  case US_FIELD_REAL:
    return sqlite3_bind_double (statement, place, G_STRUCT_MEMBER (double, row, field->offset));
  default:
    return SQLITE_MISUSE;
  }
}

/* Binds the fields to the places ?1 and on; @row must outlive the statement's run. */
int
us_row_bind (const UsRowType *type, gconstpointer row, sqlite3_stmt *statement) {
  int code = SQLITE_OK;
  for (guint i = 0; i < type->n_fields && code == SQLITE_OK; i++)
    code = bind_field (&type->fields[i], row, statement, (int)i + 1);
  return code;
}

static void
read_field (const UsField *field, gpointer row, sqlite3_stmt *statement, int column) {
  switch (field->kind) {
  case US_FIELD_TEXT:
    G_STRUCT_MEMBER (char *, row, field->offset)
        = g_strdup ((const char *)sqlite3_column_text (statement, column));
    break;
  case US_FIELD_INT:
    G_STRUCT_MEMBER (int, row, field->offset) = sqlite3_column_int (statement, column);
    break;
  case US_FIELD_UINT:
    G_STRUCT_MEMBER (guint, row, field->offset)
        = (guint)CLAMP (sqlite3_column_int64 (statement, column), 0, (gint64)G_MAXUINT);
    break;
  case US_FIELD_INT64:
    G_STRUCT_MEMBER (gint64, row, field->offset) = sqlite3_column_int64 (statement, column);
    break;
  case US_FIELD_UINT64:
    G_STRUCT_MEMBER (guint64, row, field->offset)
        = (guint64)MAX (sqlite3_column_int64 (statement, column), 0);
    break;
  case US_FIELD_FLAG:
    G_STRUCT_MEMBER (gboolean, row, field->offset) = sqlite3_column_int (statement, column) != 0;
    break;
  case US_FIELD_REAL:
    G_STRUCT_MEMBER (double, row, field->offset)
        = sqlite3_column_type (statement, column) == SQLITE_NULL
              ? (double)NAN
              : sqlite3_column_double (statement, column);
    break;
  default:
    break;
  }
}

/* Reads the columns from the first on into @row, which is overwritten. */
void
us_row_read (const UsRowType *type, gpointer row, sqlite3_stmt *statement) {
  memset (row, 0, type->size);
  for (guint i = 0; i < type->n_fields; i++)
    read_field (&type->fields[i], row, statement, (int)i);
}

/* Returns: (transfer full): the columns in order, with commas, each within @prefix and @suffix */
char *
us_row_columns (const UsRowType *type, const char *prefix, const char *suffix) {
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < type->n_fields; i++)
    g_string_append_printf (text, "%s%s%s%s", i > 0 ? ", " : "", prefix, type->fields[i].column,
                            suffix);
  return g_string_free (text, FALSE);
}

/* Returns: (transfer full): "?1, ?2 ..." for all columns */
char *
us_row_places (const UsRowType *type) {
  GString *text = g_string_new ("?1");
  for (guint i = 1; i < type->n_fields; i++)
    g_string_append_printf (text, ", ?%u", i + 1);
  return g_string_free (text, FALSE);
}
