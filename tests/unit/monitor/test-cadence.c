/* test-cadence.c - how often playlists are asked for */
#include "monitor/cadence.h"

#define S G_USEC_PER_SEC

static void
test_interval (void) {
  static const struct {
    guint target_s;
    gboolean has_changed, is_ended;
    guint n_failed;
    double jitter;
    gint64 expected_us;
  } rows[] = {
    { 2, TRUE, FALSE, 0, 0, 2 * S },
    { 2, FALSE, FALSE, 0, 0, S },
    { 2, TRUE, FALSE, 0, 1, 2.2 * S },
    { 6, FALSE, FALSE, 0, 0.5, 3.15 * S },
    { 0, FALSE, FALSE, 0, 0, S }, /* not known: as 2 s */
    { 1, FALSE, FALSE, 0, 0, S / 2 },
    { G_MAXUINT, TRUE, FALSE, 0, 0, 60 * S }, /* hostile */
    { 2, TRUE, TRUE, 0, 0, 5 * S },
    { 10, TRUE, TRUE, 0, 0, 10 * S },
    { 2, FALSE, FALSE, 1, 0, S },
    { 2, FALSE, FALSE, 2, 0, 2 * S },
    { 2, FALSE, FALSE, 3, 0, 4 * S },
    { 2, FALSE, FALSE, 4, 0, 5 * S },
    { 2, FALSE, FALSE, G_MAXUINT, 0, 5 * S }, /* at most max (TD, 5 s) */
    { 10, FALSE, FALSE, 5, 0, 10 * S },
    { 2, FALSE, FALSE, 9, 7.0, 5.5 * S }, /* jitter is clamped */
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    UsCadenceFacts facts = { rows[i].target_s, rows[i].has_changed, rows[i].is_ended,
                             rows[i].n_failed, rows[i].jitter };
    g_test_message ("%u", i);
    g_assert_cmpint (us_cadence_interval_us (&facts), ==, rows[i].expected_us);
  }
}

static void
test_others (void) {
  g_assert_cmpint (us_cadence_root_us (0, 0), ==, 30 * S);
  g_assert_cmpint (us_cadence_root_us (1, 0), ==, S);
  g_assert_cmpint (us_cadence_root_us (100, 0), ==, 5 * S);
  g_assert_cmpint (us_cadence_evaluation_us (0), ==, S);
  g_assert_cmpint (us_cadence_evaluation_us (1), ==, S / 2);
  g_assert_cmpint (us_cadence_evaluation_us (G_MAXUINT), ==, 5 * S);
  g_assert_cmpuint (us_cadence_deadline_ms (1, 5000), ==, 3000);
  g_assert_cmpuint (us_cadence_deadline_ms (10, 5000), ==, 5000);
  g_assert_cmpuint (us_cadence_deadline_ms (0, 500), ==, 500);
  g_assert_cmpuint (us_cadence_segment_deadline_ms (2 * S), ==, 6000);
  g_assert_cmpuint (us_cadence_segment_deadline_ms (0), ==, 1000);
  g_assert_cmpuint (us_cadence_segment_deadline_ms (-1), ==, 1000);
  g_assert_cmpuint (us_cadence_segment_deadline_ms (G_MAXINT64), ==, 60000);
}

/* Spread, and always the same. */
static void
test_jitter (void) {
  guint tenths[10] = { 0 };
  for (guint i = 0; i < 1000; i++) {
    g_autofree char *id = g_strdup_printf ("stream-%u", i);
    double jitter = us_cadence_jitter (id, 0);
    g_assert_cmpfloat (jitter, >=, 0);
    g_assert_cmpfloat (jitter, <, 1);
    g_assert_cmpfloat (jitter, ==, us_cadence_jitter (id, 0));
    g_assert_cmpfloat (jitter, !=, us_cadence_jitter (id, 1));
    tenths[(guint)(jitter * 10)]++;
  }
  for (guint i = 0; i < 10; i++) {
    g_assert_cmpuint (tenths[i], >, 60);
    g_assert_cmpuint (tenths[i], <, 150);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/cadence/interval", test_interval);
  g_test_add_func ("/monitor/cadence/others", test_others);
  g_test_add_func ("/monitor/cadence/jitter", test_jitter);
  return g_test_run ();
}
