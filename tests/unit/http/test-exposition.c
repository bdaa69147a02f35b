/* test-exposition.c - Prometheus text of src/http/exposition.c */
#include "http/exposition.h"

#include <math.h>

static void
test_text (void) {
  UsExposition *exposition = us_exposition_new ();
  g_autoptr (GBytes) bytes = NULL;
  gsize size;
  const char *text;

  us_exposition_family (exposition, "failovers_total", "counter", "Switches\nand \\ more");
  us_exposition_sample (exposition, 3, NULL);
  us_exposition_family (exposition, "age", "gauge", "Age");
  us_exposition_sample (exposition, 0.25, "origin", "a\"b\\c\nd", "x", "y", NULL);
  us_exposition_sample (exposition, INFINITY, NULL);
  us_exposition_sample (exposition, -INFINITY, NULL);
  us_exposition_sample (exposition, NAN, NULL);
  us_exposition_sample (exposition, 4294967297.0, NULL);
  us_exposition_sample (exposition, -1, NULL);
  us_exposition_sample (exposition, 18.803999999999998, NULL); /* nearest to 18.804 */
  us_exposition_sample (exposition, 0.1 + 0.2, NULL);          /* not the one nearest to 0.3 */
  us_exposition_family (exposition, "delay", "histogram", "Delay");
  us_exposition_sample (exposition, 2, "_bucket", "", "le", "+Inf", NULL);
  us_exposition_sample (exposition, 2, "_count", "", NULL);
  bytes = us_exposition_end (exposition);
  text = g_bytes_get_data (bytes, &size);
  g_assert_cmpmem (text, size,
                   "# HELP failovers_total Switches\\nand \\\\ more\n"
                   "# TYPE failovers_total counter\n"
                   "failovers_total 3\n"
                   "# HELP age Age\n"
                   "# TYPE age gauge\n"
                   "age{origin=\"a\\\"b\\\\c\\nd\",x=\"y\"} 0.25\n"
                   "age +Inf\nage -Inf\nage NaN\nage 4294967297\nage -1\n"
                   "age 18.804\nage 0.30000000000000004\n"
                   "# HELP delay Delay\n# TYPE delay histogram\n"
                   "delay_bucket{le=\"+Inf\"} 2\ndelay_count 2\n",
                   size);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/exposition/text", test_text);
  return g_test_run ();
}
