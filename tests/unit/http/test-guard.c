/* test-guard.c - deadlines of src/http/guard.c, as a table */
#include "http/guard.h"

#define MS 1000

static const UsGuardLimits limits = { 1000 * MS, 5000 * MS, 2000 * MS, 250 * MS };

static void
test_table (void) {
  static const struct {
    UsGuardFacts facts;
    gint64 now_us;
    UsGuardVerdict expected;
  } rows[] = {
    /* accepted, not a byte: the header's deadline */
    { { US_GUARD_IDLE, 0, 0, TRUE, FALSE }, 999 * MS, US_GUARD_KEEP },
    { { US_GUARD_IDLE, 0, 0, TRUE, FALSE }, 1000 * MS, US_GUARD_CLOSE },
    /* between requests */
    { { US_GUARD_IDLE, 0, 0, FALSE, FALSE }, 4999 * MS, US_GUARD_KEEP },
    { { US_GUARD_IDLE, 0, 0, FALSE, FALSE }, 5000 * MS, US_GUARD_CLOSE },
    { { US_GUARD_IDLE, 0, 0, FALSE, TRUE }, 249 * MS, US_GUARD_KEEP },
    { { US_GUARD_IDLE, 0, 0, FALSE, TRUE }, 250 * MS, US_GUARD_PARK },
    { { US_GUARD_IDLE, 0, 0, FALSE, TRUE }, 5000 * MS, US_GUARD_CLOSE },
    /* a trickling header gains nothing */
    { { US_GUARD_HEADER, 0, 999 * MS, FALSE, FALSE }, 999 * MS, US_GUARD_KEEP },
    { { US_GUARD_HEADER, 0, 999 * MS, FALSE, FALSE }, 1000 * MS, US_GUARD_CLOSE_HEADER },
    /* a body must move, and end */
    { { US_GUARD_BODY, 0, 1500 * MS, FALSE, FALSE }, 2400 * MS, US_GUARD_KEEP },
    { { US_GUARD_BODY, 0, 1500 * MS, FALSE, FALSE }, 2500 * MS, US_GUARD_CLOSE_HEADER },
    { { US_GUARD_BODY, 0, 19999 * MS, FALSE, FALSE }, 20000 * MS, US_GUARD_CLOSE_HEADER },
    /* ours to answer: no deadline */
    { { US_GUARD_HANDLING, 0, 0, FALSE, FALSE }, 900000 * MS, US_GUARD_KEEP },
    /* a reader must move, and end */
    { { US_GUARD_SENDING, 0, 3000 * MS, FALSE, FALSE }, 4999 * MS, US_GUARD_KEEP },
    { { US_GUARD_SENDING, 0, 3000 * MS, FALSE, FALSE }, 5000 * MS, US_GUARD_CLOSE_SLOW },
    { { US_GUARD_SENDING, 0, 39999 * MS, FALSE, FALSE }, 40000 * MS, US_GUARD_CLOSE_SLOW },
    /* events: silence is no fault, and there is no end; but what is to be sent must move */
    { { US_GUARD_STREAMING, 0, 0, FALSE, FALSE, FALSE }, 900000 * MS, US_GUARD_KEEP },
    { { US_GUARD_STREAMING, 0, 3000 * MS, FALSE, FALSE, TRUE }, 4999 * MS, US_GUARD_KEEP },
    { { US_GUARD_STREAMING, 0, 3000 * MS, FALSE, FALSE, TRUE }, 5000 * MS, US_GUARD_CLOSE_SLOW },
    { { US_GUARD_STREAMING, 0, 899999 * MS, FALSE, FALSE, TRUE }, 900000 * MS, US_GUARD_KEEP },
    { { US_GUARD_LINGER, 0, 0, FALSE, FALSE }, 999 * MS, US_GUARD_KEEP },
    { { US_GUARD_LINGER, 0, 999 * MS, FALSE, FALSE }, 1000 * MS, US_GUARD_CLOSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    g_assert_cmpint (us_guard_decide (&rows[i].facts, &limits, rows[i].now_us), ==,
                     rows[i].expected);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/guard/table", test_table);
  return g_test_run ();
}
