/* test-timeline.c - memory and database become one timeline */
#include "api/timeline.h"

static GArray *
rows_of (const gint64 *ids, guint n) {
  GArray *rows = g_array_new (FALSE, TRUE, sizeof (UsEventRow));
  for (guint i = 0; i < n; i++) {
    UsEventRow row = { .id = ids[i], .kind = (char *)"health_change", .wall_us = ids[i] * 10 };
    g_array_append_val (rows, row);
  }
  return rows;
}

static GPtrArray *
ring_of (const gint64 *ids, guint n) {
  GPtrArray *ring = g_ptr_array_new_with_free_func ((GDestroyNotify)us_event_free);
  for (guint i = 0; i < n; i++) {
    UsEvent *event = us_event_new ("s", ids[i] * 10, US_EVENT_SEGMENT_OK, US_SEVERITY_INFO, "probe",
                                   "%s", "came");
    event->id = (guint64)ids[i];
    g_ptr_array_add (ring, event);
  }
  return ring;
}

static char *
merge (UsTimelineWish wish) {
  static const gint64 kept[] = { 9, 6, 3, 1 }, recent[] = { 4, 5, 6, 7, 9, 10 };
  g_autoptr (GArray) rows = rows_of (kept, G_N_ELEMENTS (kept));
  g_autoptr (GPtrArray) ring = ring_of (recent, G_N_ELEMENTS (recent));
  g_autoptr (GPtrArray) all = us_timeline_merge (&wish, rows, ring);
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < all->len; i++)
    g_string_append_printf (text, "%s%d", i > 0 ? " " : "", (int)((UsEventRow *)all->pdata[i])->id);
  return g_string_free (text, FALSE);
}

static void
test_merge (void) {
  static const char *const ok[] = { "segment_ok", NULL };
  static const struct {
    UsTimelineWish wish;
    const char *expected;
  } cases[] = {
    { { .limit = 100 }, "1 3 4 5 6 7 9 10" }, /* each once */
    { { .limit = 3 }, "7 9 10" },             /* the newest */
    { { .limit = 1 }, "10" },
    /* The database is asked by the same wish; here only the ring is filtered. */
    { { .limit = 100, .kinds = ok }, "1 3 4 5 6 7 9 10" },
    { { .limit = 100, .since_us = 65 }, "1 3 6 7 9 10" },
    { { .limit = 100, .until_us = 45 }, "1 3 4 6 9" },
    { { .limit = 100, .before_id = 6 }, "1 3 4 5 6 9" },
    { { .limit = 2, .after_id = 6 }, "1 3" }, /* the oldest, with a lower bound */
    { { .limit = 100, .incident = "INC-1" }, "1 3 6 9" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *text = merge (cases[i].wish);
    g_test_message ("case %u", i);
    g_assert_cmpstr (text, ==, cases[i].expected);
  }
}

static void
test_no_ring (void) {
  static const gint64 kept[] = { 2, 1 };
  g_autoptr (GArray) rows = rows_of (kept, G_N_ELEMENTS (kept));
  const UsTimelineWish wish = { .limit = 1 };
  g_autoptr (GPtrArray) all = us_timeline_merge (&wish, rows, NULL);
  g_assert_cmpuint (all->len, ==, 1);
  g_assert_cmpint (((UsEventRow *)all->pdata[0])->id, ==, 2);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/api/timeline/merge", test_merge);
  g_test_add_func ("/api/timeline/no-ring", test_no_ring);
  return g_test_run ();
}
