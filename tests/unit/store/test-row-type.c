/* test-row-type.c - rows through a statement and back, copies, and clearing */
#include "store/row-type.h"

#include <math.h>

static sqlite3 *handle;

static const UsRowType *const types[] = {
  &us_incident_row_type, &us_event_row_type,     &us_finding_row_type,  &us_note_row_type,
  &us_rollup_row_type,   &us_thumbnail_row_type, &us_delivery_row_type, &us_outgoing_row_type,
};

/* A value for each field that no other field has. */
static void
fill (const UsRowType *type, gpointer row) {
  for (guint i = 0; i < type->n_fields; i++) {
    gpointer field = G_STRUCT_MEMBER_P (row, type->fields[i].offset);
    switch (type->fields[i].kind) {
    case US_FIELD_TEXT:
      *(char **)field = g_strdup_printf ("text \xc3\xa4 '%u'", i);
      break;
    case US_FIELD_INT:
      *(int *)field = -(int)i - 1;
      break;
    case US_FIELD_UINT:
      *(guint *)field = G_MAXUINT - i;
      break;
    case US_FIELD_INT64:
      *(gint64 *)field = G_MININT64 + i;
      break;
    case US_FIELD_UINT64:
      *(guint64 *)field = (guint64)G_MAXINT64 - i;
      break;
    case US_FIELD_FLAG:
      *(gboolean *)field = TRUE;
      break;
    case US_FIELD_REAL:
      *(double *)field = i + 0.25;
      break;
    default:
      g_assert_not_reached ();
    }
  }
}

static void
assert_same (const UsRowType *type, gconstpointer a, gconstpointer b) {
  for (guint i = 0; i < type->n_fields; i++) {
    gsize at = type->fields[i].offset;
    g_test_message ("%s.%s", type->table, type->fields[i].column);
    switch (type->fields[i].kind) {
    case US_FIELD_TEXT:
      g_assert_cmpstr (G_STRUCT_MEMBER (char *, a, at), ==, G_STRUCT_MEMBER (char *, b, at));
      break;
    case US_FIELD_INT:
    case US_FIELD_FLAG:
    case US_FIELD_UINT:
      g_assert_cmpint (G_STRUCT_MEMBER (int, a, at), ==, G_STRUCT_MEMBER (int, b, at));
      break;
    case US_FIELD_INT64:
    case US_FIELD_UINT64:
      g_assert_cmpint (G_STRUCT_MEMBER (gint64, a, at), ==, G_STRUCT_MEMBER (gint64, b, at));
      break;
    case US_FIELD_REAL:
      if (isnan (G_STRUCT_MEMBER (double, a, at)))
        g_assert_true (isnan (G_STRUCT_MEMBER (double, b, at)));
      else
        g_assert_cmpfloat (G_STRUCT_MEMBER (double, a, at), ==, G_STRUCT_MEMBER (double, b, at));
      break;
    default:
      g_assert_not_reached ();
    }
  }
}

/* A row that comes back from SQLite. */
static void
through (const UsRowType *type, gconstpointer row, gpointer back) {
  g_autofree char *places = us_row_places (type);
  g_autofree char *sql = g_strdup_printf ("SELECT %s", places);
  sqlite3_stmt *statement = NULL;

  g_assert_cmpint (sqlite3_prepare_v2 (handle, sql, -1, &statement, NULL), ==, SQLITE_OK);
  g_assert_cmpint (us_row_bind (type, row, statement), ==, SQLITE_OK);
  g_assert_cmpint (sqlite3_step (statement), ==, SQLITE_ROW);
  us_row_read (type, back, statement);
  sqlite3_finalize (statement);
}

static void
test_through (void) {
  for (guint i = 0; i < G_N_ELEMENTS (types); i++) {
    g_autofree gpointer row = g_malloc0 (types[i]->size);
    g_autofree gpointer back = g_malloc0 (types[i]->size);
    g_autofree gpointer copy = g_malloc0 (types[i]->size);

    fill (types[i], row);
    through (types[i], row, back);
    assert_same (types[i], row, back);
    us_row_copy (types[i], copy, row);
    assert_same (types[i], row, copy);
    g_assert_cmpuint (us_row_bytes (types[i], row), >, types[i]->size);
    us_row_clear (types[i], row);
    us_row_clear (types[i], row);
    assert_same (types[i], copy, back);
    us_row_clear (types[i], copy);
    us_row_clear (types[i], back);
  }
}

static void
test_nothing (void) {
  UsRollupRow row = { .ttfb_avg = NAN, .bytes = G_MAXUINT64 };
  g_auto (UsRollupRow) back = { 0 };

  through (&us_rollup_row_type, &row, &back);
  g_assert_null (back.stream);
  g_assert_null (back.health);
  g_assert_true (isnan (back.ttfb_avg));
  g_assert_false (isnan (back.ttfb_max));
  g_assert_cmpuint (back.bytes, ==, G_MAXINT64);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_assert_cmpint (sqlite3_open (":memory:", &handle), ==, SQLITE_OK);
  g_test_add_func ("/store/row-type/through", test_through);
  g_test_add_func ("/store/row-type/nothing", test_nothing);
  int status = g_test_run ();
  sqlite3_close (handle);
  return status;
}
