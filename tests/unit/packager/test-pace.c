/* test-pace.c - when a slow pipeline is news, and when it is none */
#include "packager/pace.h"

#define LOST -1 /* in place of a run: given up in the queue */

typedef struct {
  gint64 run_ms; /* of a segment of 2 s */
  guint n_waiting;
  UsPaceNews news;
} Step;

static void
check (const char *what, const Step *steps, guint n) {
  UsPace pace = { 0 };
  for (guint i = 0; i < n; i++) {
    UsPaceNews news = steps[i].run_ms == LOST ? us_pace_lose (&pace)
                                              : us_pace_take (&pace, steps[i].run_ms * 1000,
                                                              2000000, steps[i].n_waiting);
    g_test_message ("%s, step %u: ratio %.3f", what, i, pace.ratio);
    g_assert_cmpint (news, ==, steps[i].news);
  }
}
#define CHECK(what, ...)                                                                           \
  do {                                                                                             \
    const Step steps[] = { __VA_ARGS__ };                                                          \
    check (what, steps, G_N_ELEMENTS (steps));                                                     \
  } while (FALSE)

static void
test_news (void) {
  CHECK ("a restart works off a backlog", { 900, 15, US_PACE_NO_NEWS }, { 900, 9, US_PACE_NO_NEWS },
         { 900, 3, US_PACE_NO_NEWS }, { 900, 0, US_PACE_NO_NEWS });
  CHECK ("one busy moment", { 900, 0, US_PACE_NO_NEWS }, { 3000, 1, US_PACE_NO_NEWS },
         { 900, 1, US_PACE_NO_NEWS }, { 900, 0, US_PACE_NO_NEWS });
  CHECK ("said once, and once when it is over", { 2400, 0, US_PACE_NO_NEWS },
         { 2400, 1, US_PACE_NO_NEWS }, { 2400, 2, US_PACE_TOO_SLOW }, { 2400, 3, US_PACE_NO_NEWS },
         { 200, 3, US_PACE_NO_NEWS }, { 200, 2, US_PACE_NO_NEWS }, { 200, 0, US_PACE_GOOD },
         { 200, 0, US_PACE_NO_NEWS });
  CHECK ("not good while it only just keeps up", { 2400, 5, US_PACE_TOO_SLOW },
         { 1900, 0, US_PACE_NO_NEWS }, { 1900, 0, US_PACE_NO_NEWS });
  CHECK ("a lost segment is news at once", { 900, 0, US_PACE_NO_NEWS },
         { LOST, 0, US_PACE_TOO_SLOW }, { LOST, 0, US_PACE_NO_NEWS }, { 900, 9, US_PACE_NO_NEWS },
         { 900, 0, US_PACE_GOOD });
}

static void
test_nonsense (void) {
  UsPace pace = { 0 };
  g_assert_cmpint (us_pace_take (&pace, 1000, 0, 9), ==, US_PACE_NO_NEWS);
  g_assert_cmpint (us_pace_take (&pace, 1000, -5, 9), ==, US_PACE_NO_NEWS);
  g_assert_cmpint (us_pace_take (&pace, -1000, 5, 9), ==, US_PACE_NO_NEWS);
  g_assert_cmpfloat (pace.ratio, ==, 0);
}

static void
test_ratio (void) {
  UsPace pace = { 0 };
  us_pace_take (&pace, 500, 1000, 0);
  g_assert_cmpfloat_with_epsilon (pace.ratio, 0.5, 1e-9);
  us_pace_take (&pace, 900, 1000, 0);
  g_assert_cmpfloat_with_epsilon (pace.ratio, 0.6, 1e-9);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/packager/pace/news", test_news);
  g_test_add_func ("/packager/pace/nonsense", test_nonsense);
  g_test_add_func ("/packager/pace/ratio", test_ratio);
  return g_test_run ();
}
