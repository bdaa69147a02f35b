/* test-health.c - answers of /healthz, whole, partial and hostile */
#include "drill/health.h"

#include <string.h>

static UsHealth *
read_text (const char *text) {
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, strlen (text));
  return us_health_read (bytes);
}

static void
test_whole (void) {
  g_autoptr (UsHealth) health = read_text (
      "{\"status\":\"ok\",\"active_origin\":\"primary\",\"streams\":[{\"name\":\"x\"},"
      "{\"name\":\"y\",\"is_default\":true,\"active_origin\":\"backup\",\"pair\":\"aligned\","
      "\"is_interchangeable\":true,\"switches\":[{\"wall_ms\":9,\"from\":\"primary\",\"to\":"
      "\"backup\",\"reason\":\"refused\",\"method\":\"shared\",\"gap_ms\":0,\"overlap_ms\":0},"
      "{\"wall_ms\":4,\"from\":\"backup\",\"to\":\"primary\",\"gap_ms\":40,\"overlap_ms\":7}]}],"
      "\"origins\":{\"primary\":{\"state\":\"failed\",\"reason\":\"refused\"},"
      "\"backup\":{\"state\":\"up\",\"reason\":\"ok\"}}}");
  g_assert_nonnull (health);
  g_assert_true (health->is_serving);
  g_assert_cmpint (health->active, ==, US_SIDE_BACKUP);
  g_assert_cmpstr (health->pair, ==, "aligned");
  g_assert_true (health->is_interchangeable);
  g_assert_cmpstr (health->state[US_SIDE_PRIMARY], ==, "failed");
  g_assert_cmpstr (health->reason[US_SIDE_PRIMARY], ==, "refused");
  g_assert_false (us_health_is_whole (health));
  g_assert_cmpuint (health->switches->len, ==, 2);
  const UsHealthSwitch *first = health->switches->pdata[0], *second = health->switches->pdata[1];
  g_assert_cmpint (first->wall_ms, ==, 4); /* oldest first, however they came */
  g_assert_cmpint (first->gap_ms, ==, 40);
  g_assert_cmpint (first->overlap_ms, ==, 7);
  g_assert_null (first->reason);
  g_assert_cmpstr (second->method, ==, "shared");
}

static void
test_is_whole (void) {
  static const struct {
    const char *status, *primary, *backup;
    gboolean expected;
  } table[] = {
    { "ok", "up", "up", TRUE },
    { "ok", "up", "recovering", FALSE },
    { "ok", "suspect", "up", FALSE },
    { "unavailable", "up", "up", FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autofree char *text = g_strdup_printf ("{\"status\":\"%s\",\"origins\":{\"primary\":{"
                                             "\"state\":\"%s\"},\"backup\":{\"state\":\"%s\"}}}",
                                             table[i].status, table[i].primary, table[i].backup);
    g_autoptr (UsHealth) health = read_text (text);
    g_assert_cmpint (us_health_is_whole (health), ==, table[i].expected);
  }
}

static void
test_hostile (void) {
  static const char *const none[] = { "", "x", "[]", "null", "3", "\"ok\"", "{", "<html>" };
  static const char *const empty[]
      = { "{}", "{\"status\":3,\"origins\":[],\"streams\":{}}",
          "{\"origins\":{\"primary\":7,\"backup\":null},\"streams\":[1,null,[],{\"switches\":3}]}",
          "{\"streams\":[{\"is_default\":true,\"pair\":{},\"is_interchangeable\":null,"
          "\"switches\":[1,{\"from\":2,\"gap_ms\":{}}]}]}" };
  g_assert_null (us_health_read (NULL));
  for (guint i = 0; i < G_N_ELEMENTS (none); i++)
    g_assert_null (read_text (none[i]));
  for (guint i = 0; i < G_N_ELEMENTS (empty); i++) {
    g_autoptr (UsHealth) health = read_text (empty[i]);
    g_assert_nonnull (health);
    g_assert_false (us_health_is_whole (health));
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/drill/health/whole", test_whole);
  g_test_add_func ("/drill/health/is-whole", test_is_whole);
  g_test_add_func ("/drill/health/hostile", test_hostile);
  return g_test_run ();
}
