/* test-run-plan.c - every address follows the ports, also with a file that --print-config wrote */
#include "commands/run-plan.h"

#include <string.h>
#include <unistd.h>

#include "commands/options.h"

static const char *const ports[]
    = { "ingest.rtmp",           "ingest.status",        "packager-primary.rtmp",
        "packager-primary.http", "packager-backup.rtmp", "packager-backup.http",
        "switcher.http",         "monitor.http" };

static void
load_option (UsConfig *config, const char *argument) {
  g_autoptr (GError) error = NULL;
  gboolean used_next = FALSE;
  g_assert_true (us_config_load_option (config, US_GROUP_RUN, argument, NULL, &used_next, &error));
  g_assert_no_error (error);
}

static void
close_sockets (const UsRunPlan *plan) {
  for (guint i = 0; i < plan->n_ingest_fds; i++)
    close (plan->ingest_fds[i]);
  close (plan->switcher_fd);
  if (plan->desk_fd >= 0)
    close (plan->desk_fd);
}

static guint16
get_port (const UsConfig *config, const char *group, const char *key) {
  guint16 port = 0;
  g_autofree char *address = us_config_get_address (config, group, key, &port);
  g_assert_cmpuint (port, >, 0);
  return port;
}

static void
check (const UsConfig *config, const char *group, const char *key, const char *format, ...) {
  va_list args;
  va_start (args, format);
  g_autofree char *expected = g_strdup_vprintf (format, args);
  va_end (args);
  g_assert_cmpstr (us_config_get_string (config, group, key), ==, expected);
}

static void
test_printed (void) {
  g_autoptr (UsConfig) defaults = us_config_new (us_option_groups);
  g_autoptr (UsConfig) config = us_config_new (us_option_groups);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = us_config_print (defaults);
  UsRunPlan plan;
  g_assert_true (us_config_load_text (config, "my.conf", text, strlen (text), &error));
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (ports); i++) {
    g_autofree char *argument = g_strdup_printf ("--%s=127.0.0.1:0", ports[i]);
    load_option (config, argument);
  }
  g_assert_true (us_run_plan_make (&plan, config, &error));
  g_assert_no_error (error);
  guint primary = get_port (config, US_GROUP_PRIMARY, "http");
  guint backup = get_port (config, US_GROUP_BACKUP, "http");
  guint ingest = get_port (config, US_GROUP_INGEST, "rtmp");
  check (config, US_GROUP_INGEST, "relay", "rtmp://127.0.0.1:%u/live;rtmp://127.0.0.1:%u/live",
         (guint)get_port (config, US_GROUP_PRIMARY, "rtmp"),
         (guint)get_port (config, US_GROUP_BACKUP, "rtmp"));
  check (config, US_GROUP_SWITCHER, "primary-base-url", "http://127.0.0.1:%u/hls", primary);
  check (config, US_GROUP_SWITCHER, "backup-base-url", "http://127.0.0.1:%u/hls", backup);
  check (config, US_GROUP_PUBLISH, "url", "rtmp://127.0.0.1:%u/live/mystream", ingest);
  check (config, US_GROUP_PULL, "to", "rtmp://127.0.0.1:%u/live", ingest);
  check (config, US_GROUP_MONITOR, "primary-url", "http://127.0.0.1:%u", primary);
  check (config, US_GROUP_MONITOR, "backup-url", "http://127.0.0.1:%u", backup);
  check (config, US_GROUP_MONITOR, "switcher-url", "http://127.0.0.1:%u",
         (guint)get_port (config, US_GROUP_SWITCHER, "http"));
  check (config, US_GROUP_MONITOR, "ingest-url", "http://127.0.0.1:%u",
         (guint)get_port (config, US_GROUP_INGEST, "status"));
  close_sockets (&plan);
  us_run_plan_clear (&plan);
}

/* What somebody has chosen stays. */
static void
test_chosen (void) {
  static const char text[] = "[ingest]\nrelay=rtmp://192.0.2.1/live\n"
                             "[switcher]\nprimary-base-url=http://192.0.2.1/hls\n"
                             "[run]\nmonitor=false\n";
  g_autoptr (UsConfig) config = us_config_new (us_option_groups);
  g_autoptr (GError) error = NULL;
  UsRunPlan plan;
  g_assert_true (us_config_load_text (config, "my.conf", text, strlen (text), &error));
  for (guint i = 0; i < G_N_ELEMENTS (ports); i++) {
    g_autofree char *argument = g_strdup_printf ("--%s=127.0.0.1:0", ports[i]);
    load_option (config, argument);
  }
  g_assert_true (us_run_plan_make (&plan, config, &error));
  g_assert_no_error (error);
  check (config, US_GROUP_INGEST, "relay", "rtmp://192.0.2.1/live");
  check (config, US_GROUP_SWITCHER, "primary-base-url", "http://192.0.2.1/hls");
  check (config, US_GROUP_SWITCHER, "backup-base-url", "http://127.0.0.1:%u/hls",
         (guint)get_port (config, US_GROUP_BACKUP, "http"));
  g_assert_cmpint (plan.desk_fd, ==, -1);
  close_sockets (&plan);
  us_run_plan_clear (&plan);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/commands/run-plan/printed", test_printed);
  g_test_add_func ("/commands/run-plan/chosen", test_chosen);
  return g_test_run ();
}
