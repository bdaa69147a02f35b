/* test-takeover.c - every case of two publishers on one key */
#include "ingest/takeover.h"

static void
test_table (void) {
  static const struct {
    UsTakeoverFacts facts;
    UsTakeover verdict;
  } rows[] = {
    /* busy, other held, spoke, silent, held, limit */
    { { FALSE, FALSE, FALSE, 0, 0, 2000 }, US_TAKEOVER_ACCEPT },
    { { FALSE, TRUE, FALSE, 0, 0, 2000 }, US_TAKEOVER_REFUSE },
    { { TRUE, FALSE, FALSE, 2000, 0, 2000 }, US_TAKEOVER_REPLACE },
    { { TRUE, FALSE, FALSE, 1999, 0, 2000 }, US_TAKEOVER_HOLD },
    { { TRUE, FALSE, FALSE, 0, 0, 2000 }, US_TAKEOVER_HOLD },
    { { TRUE, FALSE, TRUE, 0, 40, 2000 }, US_TAKEOVER_REFUSE },
    { { TRUE, FALSE, TRUE, 2500, 2500, 2000 }, US_TAKEOVER_REFUSE },
    { { TRUE, TRUE, FALSE, 5000, 0, 2000 }, US_TAKEOVER_REFUSE },
    { { TRUE, FALSE, FALSE, 1000, 2499, 2000 }, US_TAKEOVER_HOLD },
    { { TRUE, FALSE, FALSE, 1000, 2500, 2000 }, US_TAKEOVER_REFUSE },
    { { TRUE, FALSE, FALSE, 0, 0, 0 }, US_TAKEOVER_REPLACE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    g_assert_cmpint (us_takeover_decide (&rows[i].facts), ==, rows[i].verdict);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/takeover/table", test_table);
  return g_test_run ();
}
