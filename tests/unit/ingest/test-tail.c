/* test-tail.c - every kind of end of a broken-off timeline */
#include "ingest/tail.h"

#define V US_TRACK_VIDEO
#define A US_TRACK_AUDIO

static void
test_table (void) {
  static const struct {
    UsTracks before, tail;
    gint64 received_ms;
    gboolean is_loose;
  } rows[] = {
    { V | A, V, 0, TRUE },
    { V | A, V, 499, TRUE },
    { V | A, V, 500, FALSE }, /* the sound had ended by itself */
    { V | A, A, 40, TRUE },
    { A, V, 40, TRUE }, /* pictures came back, and nothing after them */
    { V | A, V | A, 0, FALSE },
    { V, V, 0, FALSE },
    { A, A, 0, FALSE },
    { V, V | A, 0, FALSE }, /* lacks nothing */
    { A, V | A, 0, FALSE },
    { US_TRACK_NONE, V, 0, FALSE }, /* nothing is known of what viewers have */
    { US_TRACK_NONE, V | A, 0, FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    g_assert_cmpint (us_tail_is_loose (rows[i].before, rows[i].tail, rows[i].received_ms), ==,
                     rows[i].is_loose);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/tail/table", test_table);
  return g_test_run ();
}
