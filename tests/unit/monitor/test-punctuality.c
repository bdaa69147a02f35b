/* test-punctuality.c - whether the probe keeps its times */
#include "monitor/punctuality.h"

#include <math.h>

#define S ((gint64)G_USEC_PER_SEC)

static void
test_overload (void) {
  static const struct {
    guint n, n_late;
    gboolean expected;
  } rows[] = {
    { 0, 0, FALSE },   { 5, 5, FALSE },  { 19, 19, FALSE },   { 20, 1, TRUE },
    { 100, 2, FALSE }, { 100, 3, TRUE }, { 4000, 80, FALSE }, { 4000, 81, TRUE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree UsPunctuality *punctuality = g_new0 (UsPunctuality, 1);
    for (guint s = 0; s < rows[i].n; s++)
      us_punctuality_add (punctuality, 100 * S, s < rows[i].n_late ? 3 * S : 1000, 2 * S);
    g_assert_cmpint (us_punctuality_is_overloaded (punctuality, 101 * S), ==, rows[i].expected);
    g_assert_cmpuint (punctuality->n_late, ==, rows[i].n_late);
    /* Half a minute later that is history. */
    g_assert_false (us_punctuality_is_overloaded (punctuality, 131 * S));
    g_assert_true (isnan (us_punctuality_percentile (punctuality, 131 * S, 0.99)));
  }
}

static void
test_percentile (void) {
  g_autofree UsPunctuality *punctuality = g_new0 (UsPunctuality, 1);
  for (guint i = 0; i < 2 * US_PUNCTUALITY_SAMPLES; i++)
    us_punctuality_add (punctuality, 100 * S,
                        i < US_PUNCTUALITY_SAMPLES ? 9 * S : i % 100 * S / 100, 2 * S);
  g_assert_cmpfloat_with_epsilon (us_punctuality_percentile (punctuality, 100 * S, 0.99), 0.98,
                                  0.011);
  g_assert_cmpfloat_with_epsilon (us_punctuality_percentile (punctuality, 100 * S, 0.5), 0.49,
                                  0.011);
  g_assert_cmpfloat_with_epsilon (us_punctuality_percentile (punctuality, 100 * S, 1), 0.99, 0.001);
  us_punctuality_add (punctuality, 100 * S, -5, 2 * S);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/punctuality/overload", test_overload);
  g_test_add_func ("/monitor/punctuality/percentile", test_percentile);
  return g_test_run ();
}
