/* test-exposition.c - Prometheus text and OpenMetrics of src/http/exposition.c */
#include "http/exposition.h"

#include "helpers/openmetrics.h"

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

/* The same things in either format. */
static char *
everything (UsExpositionFormat format) {
  static const char *const states[] = { "HEALTHY", "UNHEALTHY", NULL };
  static const double bounds[] = { 0.1, 1, 2.5 };
  static const guint64 counts[] = { 1, 0, 2, 4 };
  UsExposition *exposition = us_exposition_new_for (format);
  gsize size;

  us_exposition_family (exposition, "failovers_total", "counter", "A \"switch\"");
  us_exposition_sample (exposition, 3, NULL);
  us_exposition_family_unit (exposition, "read_bytes_total", "counter", "bytes", "Read");
  us_exposition_sample (exposition, 4, "host", "a\"b", NULL);
  us_exposition_sample (exposition, 5, "host", "c", NULL);
  us_exposition_family_unit (exposition, "age_seconds", "gauge", "seconds", "Age");
  us_exposition_sample (exposition, NAN, NULL);
  us_exposition_family_unit (exposition, "odd", "gauge", "seconds", "No unit in its name");
  us_exposition_sample (exposition, 1, NULL);
  us_exposition_family (exposition, "build_info", "info", "Build");
  us_exposition_sample (exposition, 1, "version", "1", NULL);
  us_exposition_family (exposition, "health", "stateset", "Health");
  us_exposition_states (exposition, states, 1, "stream", "a", NULL);
  us_exposition_family (exposition, "thing", "unknown", "Thing");
  us_exposition_sample (exposition, 0.5, NULL);
  us_exposition_family_unit (exposition, "wait_seconds", "histogram", "seconds", "Wait");
  us_exposition_histogram (exposition, bounds, counts, 3, 12.5, "stream", "a", NULL);
  us_exposition_sample (exposition, 2, "_bucket", "", "stream", "b", "le", "1", NULL);
  us_exposition_sample (exposition, 2, "_bucket", "", "stream", "b", "le", "+Inf", NULL);
  us_exposition_sample (exposition, 2, "_sum", "", "stream", "b", NULL);
  us_exposition_sample (exposition, 2, "_count", "", "stream", "b", NULL);
  us_exposition_family (exposition, "empty_total", "counter", "Empty");
  g_autoptr (GBytes) bytes = us_exposition_end (exposition);
  const char *text = g_bytes_get_data (bytes, &size);
  return g_strndup (text, size);
}

static void
test_openmetrics (void) {
  g_autofree char *text = everything (US_EXPOSITION_OPENMETRICS);
  g_autofree char *mistake = openmetrics_check (text);

  g_assert_cmpstr (mistake, ==, NULL);
  g_assert_cmpstr (text, ==,
                   "# TYPE failovers counter\n# HELP failovers A \\\"switch\\\"\n"
                   "failovers_total 3\n"
                   "# TYPE read_bytes counter\n# UNIT read_bytes bytes\n# HELP read_bytes Read\n"
                   "read_bytes_total{host=\"a\\\"b\"} 4\nread_bytes_total{host=\"c\"} 5\n"
                   "# TYPE age_seconds gauge\n# UNIT age_seconds seconds\n"
                   "# HELP age_seconds Age\nage_seconds NaN\n"
                   "# TYPE odd gauge\n# HELP odd No unit in its name\nodd 1\n"
                   "# TYPE build info\n# HELP build Build\nbuild_info{version=\"1\"} 1\n"
                   "# TYPE health stateset\n# HELP health Health\n"
                   "health{stream=\"a\",health=\"HEALTHY\"} 0\n"
                   "health{stream=\"a\",health=\"UNHEALTHY\"} 1\n"
                   "# TYPE thing unknown\n# HELP thing Thing\nthing 0.5\n"
                   "# TYPE wait_seconds histogram\n# UNIT wait_seconds seconds\n"
                   "# HELP wait_seconds Wait\n"
                   "wait_seconds_bucket{stream=\"a\",le=\"0.1\"} 1\n"
                   "wait_seconds_bucket{stream=\"a\",le=\"1.0\"} 1\n"
                   "wait_seconds_bucket{stream=\"a\",le=\"2.5\"} 3\n"
                   "wait_seconds_bucket{stream=\"a\",le=\"+Inf\"} 7\n"
                   "wait_seconds_sum{stream=\"a\"} 12.5\nwait_seconds_count{stream=\"a\"} 7\n"
                   "wait_seconds_bucket{stream=\"b\",le=\"1.0\"} 2\n"
                   "wait_seconds_bucket{stream=\"b\",le=\"+Inf\"} 2\n"
                   "wait_seconds_sum{stream=\"b\"} 2\nwait_seconds_count{stream=\"b\"} 2\n"
                   "# TYPE empty counter\n# HELP empty Empty\n# EOF\n");
}

static void
test_classic (void) {
  static const char *const there[] = {
    "# HELP failovers_total A \"switch\"\n# TYPE failovers_total counter\nfailovers_total 3\n",
    "# TYPE build_info gauge\nbuild_info{version=\"1\"} 1\n",
    "# TYPE health gauge\n",
    "health{stream=\"a\",health=\"UNHEALTHY\"} 1\n",
    "# TYPE thing untyped\n",
    "wait_seconds_bucket{stream=\"a\",le=\"1\"} 1\n",
    "wait_seconds_bucket{stream=\"b\",le=\"1\"} 2\n"
  };
  g_autofree char *text = everything (US_EXPOSITION_CLASSIC);

  for (guint i = 0; i < G_N_ELEMENTS (there); i++) {
    g_test_message ("%s", there[i]);
    g_assert_nonnull (strstr (text, there[i]));
  }
  g_assert_null (strstr (text, "# UNIT"));
  g_assert_null (strstr (text, "# EOF"));
}

/* The judge of the tests must be able to say no. */
static void
test_judge (void) {
  static const struct {
    const char *text, *mistake;
  } cases[] = {
    { "# EOF\n", NULL },
    { "", "no end" },
    { "# EOF", "no end" },
    { "# EOF\n\n", "no end" },
    { "# TYPE a counter\na_total 1\n# EOF\n", NULL },
    { "# TYPE a counter\na 1\n# EOF\n", "suffix" },
    { "# TYPE a_total counter\na_total 1\n# EOF\n", "with _total" },
    { "# TYPE a counter\na_total -1\n# EOF\n", "a count" },
    { "# TYPE a counter\na_total NaN\n# EOF\n", "a count" },
    { "a 1\n# EOF\n", "without family" },
    { "# TYPE a gauge\na 1\na 2\n# EOF\n", "twice" },
    { "# TYPE a gauge\na{b=\"1\"} 1\na{b=\"2\"} 2\n# EOF\n", NULL },
    { "# TYPE a gauge\na 1\n# HELP a x\n# EOF\n", "after samples" },
    { "# TYPE a gauge\n# TYPE b gauge\n# TYPE a gauge\n# EOF\n", "a family twice" },
    { "# HELP a x\n# TYPE a gauge\n# EOF\n", "not first" },
    { "# TYPE a gauge\n# UNIT a seconds\n# EOF\n", "unit" },
    { "# TYPE a gauge\n# HELP a \"x\n# EOF\n", "HELP" },
    { "# TYPE a gauge\na{b=\"\\x\"} 1\n# EOF\n", "value of a label" },
    { "# TYPE a gauge\na{b=\"x\",} 1\n# EOF\n", "parted" },
    { "# TYPE a gauge\na{1b=\"x\"} 1\n# EOF\n", "label" },
    { "# TYPE a gauge\na 1,5\n# EOF\n", "number" },
    { "# TYPE a gauge\na  1\n# EOF\n", "number" },
    { "# TYPE a gauge\n\n# EOF\n", "name" },
    { "# TYPE a histogram\na_bucket{le=\"1\"} 1\n# EOF\n", "canonical" },
    { "# TYPE a histogram\na_bucket{le=\"1.0\"} 1\n# EOF\n", "+Inf" },
    { "# TYPE a histogram\na_bucket{le=\"1.0\"} 2\na_bucket{le=\"+Inf\"} 1\n# EOF\n", "fall" },
    { "# TYPE a info\na_info{x=\"y\"} 2\n# EOF\n", "not 1" },
    { "# TYPE a stateset\na{a=\"x\"} 2\n# EOF\n", "state" },
    { "# TYPE a cucumber\n# EOF\n", "a type" },
    { "# a comment\n# EOF\n", "comment" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree char *mistake = openmetrics_check (cases[i].text);

    g_test_message ("%s: %s", cases[i].text, mistake);
    if (cases[i].mistake == NULL)
      g_assert_cmpstr (mistake, ==, NULL);
    else
      g_assert_true (mistake != NULL && strstr (mistake, cases[i].mistake) != NULL);
  }
}

static void
test_choose (void) {
  static const struct {
    const char *accept;
    UsExpositionFormat format;
  } cases[] = {
    { NULL, US_EXPOSITION_CLASSIC },
    { "", US_EXPOSITION_CLASSIC },
    { "*/*", US_EXPOSITION_CLASSIC },
    { "text/html,application/xhtml+xml,*/*;q=0.8", US_EXPOSITION_CLASSIC },
    { "text/plain", US_EXPOSITION_CLASSIC },
    { "application/openmetrics-text", US_EXPOSITION_OPENMETRICS },
    { "Application/OpenMetrics-Text; Version=1.0.0", US_EXPOSITION_OPENMETRICS },
    /* Prometheus 2 and 3 */
    { "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;"
      "version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
      US_EXPOSITION_OPENMETRICS },
    { "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
      "text/plain;version=1.0.0;q=0.3,*/*;q=0.2",
      US_EXPOSITION_OPENMETRICS },
    { "application/openmetrics-text;q=0.2, text/plain;q=0.3", US_EXPOSITION_CLASSIC },
    { "application/openmetrics-text;q=0", US_EXPOSITION_CLASSIC },
    { "application/openmetrics-text;q=7", US_EXPOSITION_CLASSIC },
    { "application/openmetrics-text;version=2.0.0", US_EXPOSITION_CLASSIC },
    { ",;,", US_EXPOSITION_CLASSIC },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_test_message ("%s", cases[i].accept);
    g_assert_cmpint (us_exposition_choose (cases[i].accept), ==, cases[i].format);
  }
  g_assert_cmpstr (us_exposition_content_type (US_EXPOSITION_OPENMETRICS), ==,
                   "application/openmetrics-text; version=1.0.0; charset=utf-8");
}

/* When this process began: once and for all, a time that is over, and the same in each answer. */
static void
test_start_time (void) {
  double first = 0;
  double before_s = (double)g_get_real_time () / G_USEC_PER_SEC - 3600;
  for (guint i = 0; i < 2; i++) {
    UsExposition *exposition = us_exposition_new ();
    us_exposition_start_time (exposition, "switcher");
    g_autoptr (GBytes) bytes = us_exposition_end (exposition);
    g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
    const char *sample = strstr (text, "\nunderstudy_start_time_seconds{role=\"switcher\"} ");
    g_assert_nonnull (sample);
    double value = g_ascii_strtod (strrchr (sample, ' '), NULL);
    g_assert_cmpfloat (value, >, before_s);
    g_assert_cmpfloat (value, <=, (double)g_get_real_time () / G_USEC_PER_SEC);
    if (i > 0)
      g_assert_cmpfloat (value, ==, first);
    first = value;
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/exposition/text", test_text);
  g_test_add_func ("/http/exposition/openmetrics", test_openmetrics);
  g_test_add_func ("/http/exposition/classic", test_classic);
  g_test_add_func ("/http/exposition/judge", test_judge);
  g_test_add_func ("/http/exposition/choose", test_choose);
  g_test_add_func ("/http/exposition/start-time", test_start_time);
  return g_test_run ();
}
