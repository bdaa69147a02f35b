/* test-health-target.c - what is asked for each role, and what its answer means */
#include "commands/health-target.h"

#include <string.h>

#include "commands/options.h"

#define HEADER "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"

static const char *
role_of (const char *line, const char **group, guint *n_used) {
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  return us_health_role_of ((const char *const *)words, n_used, group);
}

static void
test_role_of (void) {
  static const struct {
    const char *line, *role, *group;
    guint n_used;
  } rows[] = {
    { "understudy switcher --http 0.0.0.0:80", "switcher", "switcher", 2 },
    { "/usr/bin/understudy ingest", "ingest", "ingest", 2 },
    { "/sbin/docker-init -- understudy run --no-publish", "run", "run", 4 },
    { "understudy packager", "packager-primary", "packager-primary", 2 },
    { "understudy packager --name backup", "packager-backup", "packager-backup", 2 },
    { "understudy packager --http 0.0.0.0:1 --name=backup", "packager-backup", "packager-backup",
      2 },
    { "understudy packager --name", "packager-primary", "packager-primary", 2 },
    { "understudy ctl status", NULL, NULL, 0 },
    { "understudy", NULL, NULL, 0 },
    { "/sbin/init", NULL, NULL, 0 },
    { "", NULL, NULL, 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    const char *group = NULL;
    guint n_used = 0;
    g_assert_cmpstr (role_of (rows[i].line, &group, &n_used), ==, rows[i].role);
    if (rows[i].role == NULL)
      continue;
    g_assert_cmpstr (group, ==, rows[i].group);
    g_assert_cmpuint (n_used, ==, rows[i].n_used);
  }
}

static void
test_role_urls (void) {
  static const char *const rows[][4] = {
    /* role, group and address that is set; what is asked */
    { "ingest", NULL, NULL, "http://127.0.0.1:8083/healthz" },
    { "ingest", "ingest", "0.0.0.0:9083", "http://127.0.0.1:9083/healthz" },
    { "packager-primary", NULL, NULL, "http://127.0.0.1:8081/healthz" },
    { "packager-backup", NULL, NULL, "http://127.0.0.1:8082/healthz" },
    { "origin", "origin", "[::]:80", "http://[::1]:80/healthz" },
    { "switcher", "switcher", "10.0.0.1:81", "http://10.0.0.1:81/healthz" },
    { "monitor", NULL, NULL, "http://127.0.0.1:8000/healthz" },
    { "publish", NULL, NULL, "rtmp://127.0.0.1:1936/live/mystream" },
    { "pull", NULL, NULL, "rtmp://127.0.0.1:1936/live" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (UsConfig) config = us_config_new (us_option_groups);
    g_autoptr (GError) error = NULL;
    if (rows[i][1] != NULL)
      us_config_set (config, rows[i][1], strcmp (rows[i][1], "ingest") == 0 ? "status" : "http",
                     rows[i][2]);
    g_autoptr (GPtrArray) targets = us_health_targets_of_role (config, rows[i][0], &error);
    g_assert_no_error (error);
    g_assert_cmpuint (targets->len, ==, 1);
    const UsHealthTarget *target = targets->pdata[0];
    g_assert_cmpstr (target->name, ==, rows[i][0]);
    g_assert_cmpstr (target->url, ==, rows[i][3]);
  }
}

static void
test_run (void) {
  g_autoptr (UsConfig) config = us_config_new (us_option_groups);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) all = us_health_targets_of_role (config, "run", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (all->len, ==, 5);
  us_config_set (config, US_GROUP_RUN, "monitor", "false");
  g_autoptr (GPtrArray) without_desk = us_health_targets_of_role (config, "run", &error);
  g_assert_no_error (error);
  g_assert_cmpuint (without_desk->len, ==, 4);
}

static void
test_refusals (void) {
  g_autoptr (UsConfig) config = us_config_new (us_option_groups);
  g_autoptr (GError) error = NULL;
  g_assert_null (us_health_targets_of_role (config, "swicher", &error));
  g_assert_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_UNKNOWN);
  g_assert_nonnull (strstr (error->message, "'swicher'"));
  g_assert_nonnull (strstr (error->message, "switcher"));
  static const char *const urls[]
      = { "ftp://host/", "http://", "rtmp:///live", "://", "http//x://" };
  for (guint i = 0; i < G_N_ELEMENTS (urls); i++) {
    g_autoptr (GError) local = NULL;
    g_assert_null (us_health_target_of_url (urls[i], &local));
    g_assert_error (local, US_CONFIG_ERROR, US_CONFIG_ERROR_VALUE);
  }
}

static void
test_urls (void) {
  static const struct {
    const char *url;
    UsHealthKind kind;
  } rows[] = { { "http://host:80/healthz", US_HEALTH_HTTP },
               { "https://host/", US_HEALTH_HTTP },
               { "rtmp://host", US_HEALTH_RTMP } };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (UsHealthTarget) target = us_health_target_of_url (rows[i].url, &error);
    g_assert_no_error (error);
    g_assert_cmpint (target->kind, ==, rows[i].kind);
  }
}

static void
test_judge (void) {
  static const struct {
    const char *role;
    guint status;
    const char *body;
    gboolean is_alive, is_serving;
  } rows[] = {
    { "switcher", 200, "{\"status\":\"ok\"}", TRUE, TRUE },
    { "switcher", 503, "{\"status\":\"unavailable\",\"streams\":[]}", TRUE, FALSE },
    { "switcher", 503, "{\"status\":\"overloaded\"}", FALSE, FALSE },
    { "switcher", 503, "no JSON", FALSE, FALSE },
    { "switcher", 500, "", FALSE, FALSE },
    { "switcher", 200, "{\"status\":\"draining\"}", FALSE, FALSE },
    { "http://other/", 503, "{\"status\":\"unavailable\"}", FALSE, FALSE },
    { "http://other/", 204, "", TRUE, TRUE },
    { "http://other/", 404, "", FALSE, FALSE },
    { "http://other/", 302, "", FALSE, FALSE },
    { "ingest", 200, "{\"status\":\"ok\",\"streams\":[]}", TRUE, FALSE },
    { "ingest", 200, "{\"status\":\"ok\",\"streams\":[{\"publisher\":null}]}", TRUE, FALSE },
    { "ingest", 200, "{\"streams\":[{\"publisher\":null},{\"publisher\":{}}]}", TRUE, TRUE },
    { "ingest", 200, "{\"status\":7,\"streams\":[1,null,{\"publisher\":null}]}", TRUE, FALSE },
    { "ingest", 200, "{\"status\":\"draining\"}", FALSE, FALSE },
    { "packager-backup", 200, "{\"streams\":[{\"state\":\"stale\"}]}", TRUE, FALSE },
    { "packager-backup", 200, "{\"streams\":[{\"state\":\"stale\"},{\"state\":\"fresh\"}]}", TRUE,
      TRUE },
    { "packager-backup", 200, "{\"streams\":[{\"state\":{}}]}", TRUE, FALSE },
    { "packager-backup", 200, "{\"streams\":{}}", TRUE, FALSE },
    { "origin", 200, "{\"status\":\"ok\",\"playlists\":0}", TRUE, FALSE },
    { "origin", 200, "{\"status\":\"ok\",\"playlists\":2}", TRUE, TRUE },
    { "monitor", 200, "{\"status\":\"degraded\"}", TRUE, TRUE },
    { "monitor", 503, "{\"status\":\"unhealthy\"}", FALSE, FALSE },
    { "monitor", 200, "[]", TRUE, TRUE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    UsHealthTarget target = { US_HEALTH_HTTP, (char *)rows[i].role, NULL };
    g_autofree char *why = NULL, *why_serving = NULL;
    g_test_message ("row %u: %s %u %s", i, rows[i].role, rows[i].status, rows[i].body);
    gsize size = strlen (rows[i].body);
    g_assert_cmpint (us_health_judge (&target, rows[i].status, rows[i].body, size, FALSE, &why), ==,
                     rows[i].is_alive);
    g_assert_cmpint (
        us_health_judge (&target, rows[i].status, rows[i].body, size, TRUE, &why_serving), ==,
        rows[i].is_serving);
    g_assert_cmpint (strlen (why), >, 0);
  }
}

static void
test_connection (void) {
  static const struct {
    const char *table;
    guint16 port;
    gboolean is_there;
  } rows[] = {
    { HEADER "   0: 0100007F:0790 0100007F:C350 01 00000000:00000000 00", 50000, TRUE },
    { HEADER "   0: 0100007F:0790 0100007F:C350 01 00000000:00000000 00", 1936, FALSE },
    { HEADER "   0: 0100007F:C350 0100007F:0790 06 00000000:00000000 00", 1936, FALSE },
    { HEADER
      "  12: 00000000000000000000000001000000:C350 00000000000000000000000001000000:0790 01 0",
      1936, TRUE },
    { HEADER "   0: 00000000:0790 00000000:0000 0A 00000000:00000000 00", 1936, FALSE },
    { HEADER, 1936, FALSE },
    { "", 1936, FALSE },
    { "garbage\n 1: a b c\n 2: : : 01\n", 1936, FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (us_health_has_connection (rows[i].table, rows[i].port), ==, rows[i].is_there);
}

int
main (int argc, char *argv[]) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/commands/health-target/role-of", test_role_of);
  g_test_add_func ("/commands/health-target/role-urls", test_role_urls);
  g_test_add_func ("/commands/health-target/run", test_run);
  g_test_add_func ("/commands/health-target/refusals", test_refusals);
  g_test_add_func ("/commands/health-target/urls", test_urls);
  g_test_add_func ("/commands/health-target/judge", test_judge);
  g_test_add_func ("/commands/health-target/connection", test_connection);
  return g_test_run ();
}
