/* test-check.c - every check has a row, and a word of its own */
#include "finding/check.h"

#include <string.h>

static void
test_rows (void) {
  g_autoptr (GHashTable) words = g_hash_table_new (g_str_hash, g_str_equal);
  for (UsCheck check = 0; check < US_N_CHECKS; check++) {
    const UsCheckInfo *info = us_check_info (check);
    g_assert_nonnull (info->word);
    g_assert_nonnull (info->title);
    g_assert_cmpuint (strspn (info->word, "abcdefghijklmnopqrstuvwxyz0123456789_"), ==,
                      strlen (info->word));
    g_assert_true (g_hash_table_add (words, (gpointer)info->word));
    g_assert_nonnull (us_check_group_word (info->group));
    /* What lasts two minutes at most, and escalates by numbers that a finding remembers. */
    g_assert_cmpuint (info->lasts_ms, <=, 2 * 60 * 1000);
    g_assert_cmpuint (info->escalates_at, <=, 8);
    g_assert_true (info->escalates_at == 0 || info->lasts_ms > 0);
    UsCheck back = US_N_CHECKS;
    g_assert_true (us_check_from_word (info->word, &back));
    g_assert_cmpint (back, ==, check);
  }
}

static void
test_foreign_words (void) {
  static const char *const bad[] = { NULL, "", "stal", "stale ", "STALE" };
  UsCheck check = US_CHECK_DNS;
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (us_check_from_word (bad[i], &check));
  g_assert_cmpint (check, ==, US_CHECK_DNS);
}

static void
test_severities (void) {
  g_assert_cmpstr (us_severity_word (US_SEVERITY_INFO), ==, "info");
  g_assert_cmpstr (us_severity_word (US_SEVERITY_DEGRADED), ==, "degraded");
  g_assert_cmpstr (us_severity_word (US_SEVERITY_UNHEALTHY), ==, "unhealthy");
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/finding/check/rows", test_rows);
  g_test_add_func ("/finding/check/foreign-words", test_foreign_words);
  g_test_add_func ("/finding/check/severities", test_severities);
  return g_test_run ();
}
