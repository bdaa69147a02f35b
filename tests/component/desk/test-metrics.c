/* test-metrics.c - what the desk says of itself passes Prometheus' own check, in both formats */
#include "table.h"

#include "../monitor/puppet.h"

#include <string.h>

/* Runs promtool on @text. Returns: what it says; "": it is content */
static char *
check (GBytes *text) {
  g_autoptr (GError) error = NULL;
  g_autofree char *out = NULL, *err = NULL;
  g_autoptr (GSubprocess) promtool
      = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE
                              | G_SUBPROCESS_FLAGS_STDERR_PIPE,
                          &error, "promtool", "check", "metrics", NULL);
  g_assert_no_error (error); /* scripts/deps installs it */
  g_autofree char *input = g_strndup (g_bytes_get_data (text, NULL), g_bytes_get_size (text));
  g_assert_true (g_subprocess_communicate_utf8 (promtool, input, NULL, &out, &err, &error));
  return g_strconcat (out, err, NULL);
}

static gboolean
has (GBytes *text, const char *line) {
  return g_strstr_len (g_bytes_get_data (text, NULL), (gssize)g_bytes_get_size (text), line)
         != NULL;
}

static void
test_metrics (void) {
  Table table;
  g_autoptr (Puppet) puppet = puppet_new ();
  g_autofree char *url = puppet_url (puppet, "/nothing.m3u8");
  table_init (&table);
  table_open (&table);
  table_add (&table, "a", url); /* which is not there */
  table_await (table_incident (&table, "a") != NULL);

  g_autoptr (GBytes) classic = us_desk_metrics (table.desk, US_EXPOSITION_CLASSIC);
  g_autofree char *said = check (classic);
  g_assert_cmpstr (said, ==, "");
  g_assert_true (has (classic, "understudy_stream_incident_open{stream=\"a\"} 1\n"));
  g_assert_true (
      has (classic, "understudy_stream_finding_open{stream=\"a\",check=\"http_4xx\"} 1\n"));
  g_assert_true (
      has (classic, "understudy_stream_segments_total{stream=\"a\",outcome=\"ok\"} 0\n"));
  g_assert_true (has (classic, "understudy_monitor_streams 1\n"));
  g_assert_false (has (classic, "127.0.0.1")); /* never an address */
  g_assert_false (has (classic, "INC-"));

  g_autoptr (GBytes) open = us_desk_metrics (table.desk, US_EXPOSITION_OPENMETRICS);
  g_assert_true (has (open, "understudy_stream_health{stream=\"a\",understudy_stream_health=\""
                            "UNHEALTHY\"} 1\n"));
  gsize size;
  const char *text = g_bytes_get_data (open, &size);
  g_assert_cmpuint (size, >, 6);
  g_assert_cmpmem (text + size - 6, 6, "# EOF\n", 6);
  table_clear (&table);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/desk/metrics/promtool", test_metrics);
  return g_test_run ();
}
