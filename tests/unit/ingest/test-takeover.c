/* test-takeover.c - every case of two publishers on one key */
#include "ingest/takeover.h"

static void
test_table (void) {
  static const struct {
    const char *name;
    UsTakeoverFacts facts;
    UsTakeover verdict;
  } rows[] = {
    /* busy, other held, same source, spoke, silent, interval, held, limit */
    { "nobody", { FALSE, FALSE, FALSE, -1, 0, 33, 0, 2000 }, US_TAKEOVER_ACCEPT },
    { "in a queue", { FALSE, TRUE, FALSE, -1, 0, 33, 0, 2000 }, US_TAKEOVER_REFUSE },
    { "silent", { TRUE, FALSE, FALSE, -2000, 2000, 33, 0, 2000 }, US_TAKEOVER_REPLACE },
    { "nearly", { TRUE, FALSE, FALSE, -1999, 1999, 33, 0, 2000 }, US_TAKEOVER_HOLD },
    { "at once", { TRUE, FALSE, FALSE, 0, 0, 33, 0, 2000 }, US_TAKEOVER_HOLD },
    { "on its way", { TRUE, FALSE, FALSE, 100, 0, 33, 100, 2000 }, US_TAKEOVER_HOLD },
    { "it lives", { TRUE, FALSE, FALSE, 101, 0, 33, 140, 2000 }, US_TAKEOVER_REFUSE },
    { "it lived", { TRUE, FALSE, FALSE, 200, 2500, 33, 2500, 2000 }, US_TAKEOVER_REFUSE },
    { "a third", { TRUE, TRUE, FALSE, -5000, 5000, 33, 0, 2000 }, US_TAKEOVER_REFUSE },
    { "patience", { TRUE, FALSE, FALSE, 0, 1000, 33, 2499, 2000 }, US_TAKEOVER_HOLD },
    { "its end", { TRUE, FALSE, FALSE, 0, 1000, 33, 2500, 2000 }, US_TAKEOVER_REFUSE },
    { "no limit", { TRUE, FALSE, FALSE, 0, 0, 33, 0, 0 }, US_TAKEOVER_REPLACE },
    /* the same encoder again */
    { "same, soon", { TRUE, FALSE, TRUE, -249, 249, 33, 0, 2000 }, US_TAKEOVER_HOLD },
    { "same", { TRUE, FALSE, TRUE, -250, 250, 33, 0, 2000 }, US_TAKEOVER_REPLACE },
    { "same, 2 fps, soon", { TRUE, FALSE, TRUE, -1900, 1900, 500, 0, 5000 }, US_TAKEOVER_HOLD },
    { "same, 2 fps", { TRUE, FALSE, TRUE, -2000, 2000, 500, 0, 5000 }, US_TAKEOVER_REPLACE },
    { "same, 1 fps", { TRUE, FALSE, TRUE, -2000, 2000, 1000, 0, 2000 }, US_TAKEOVER_REPLACE },
    { "same, but lives", { TRUE, FALSE, TRUE, 120, 20, 33, 140, 2000 }, US_TAKEOVER_REFUSE },
    { "same, short limit", { TRUE, FALSE, TRUE, -100, 100, 33, 0, 100 }, US_TAKEOVER_REPLACE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("%s", rows[i].name);
    g_assert_cmpint (us_takeover_decide (&rows[i].facts), ==, rows[i].verdict);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/takeover/table", test_table);
  return g_test_run ();
}
