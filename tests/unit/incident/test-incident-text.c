/* test-incident-text.c - what is written into a row can be read back */
#include "incident/incidents-private.h"

#include <string.h>

static void
test_ids (void) {
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint32 i = 0; i < 200000; i++) {
    char *id = us_incident_new_id (i);
    g_assert_cmpuint (strlen (id), ==, 12);
    g_assert_true (g_hash_table_add (seen, id));
  }
  /* Each start leaves out a million numbers: after four thousand there are more than 32 bits. */
  for (guint64 i = 0; i < 100000; i++) {
    g_assert_true (
        g_hash_table_add (seen, us_incident_new_id (i + (G_GUINT64_CONSTANT (1) << 32))));
    g_assert_true (
        g_hash_table_add (seen, us_incident_new_id (i << 20 | G_GUINT64_CONSTANT (1) << 40)));
  }
  g_assert_true (g_hash_table_add (seen, us_incident_new_id (G_MAXUINT64)));
}

static void
test_times (void) {
  static const struct {
    gint64 s;
    const char *text;
  } spans[] = {
    { -5, "0 s" },         { 0, "0 s" },          { 59, "59 s" },           { 60, "1 min 0 s" },
    { 252, "4 min 12 s" }, { 3600, "1 h 0 min" }, { 360000, "100 h 0 min" }
  };
  for (guint i = 0; i < G_N_ELEMENTS (spans); i++) {
    g_autofree char *text = us_incident_span (spans[i].s * G_USEC_PER_SEC);
    g_assert_cmpstr (text, ==, spans[i].text);
  }
  g_autofree char *time = us_incident_time (1700000000123456);
  g_assert_cmpstr (time, ==, "2023-11-14T22:13:20.123Z");
  g_autofree char *never = us_incident_time (G_MAXINT64);
  g_assert_nonnull (never);
}

static void
test_fingerprints (void) {
  g_autofree char *one = us_incident_fingerprint ("a:b", US_CHECK_DNS);
  g_autofree char *none = us_incident_fingerprint ("a", US_N_CHECKS);
  g_assert_cmpstr (one, ==, "a:b:dns");
  g_assert_cmpint (us_incident_leading (one), ==, US_CHECK_DNS);
  g_assert_cmpint (us_incident_leading (none), ==, US_N_CHECKS);
  g_assert_cmpint (us_incident_leading ("a:gremlins"), ==, US_N_CHECKS);
  g_assert_cmpint (us_incident_leading ("a"), ==, US_N_CHECKS);
  g_assert_cmpint (us_incident_leading (NULL), ==, US_N_CHECKS);
}

static void
test_reasons (void) {
  const char *two[2] = { "A", "B" }, *one[2] = { "A", NULL }, *none[2] = { NULL, NULL };
  g_autofree char *a = us_incident_reason (two), *b = us_incident_reason (one);
  g_autofree char *c = us_incident_reason (none);
  g_assert_cmpstr (a, ==, "A; B");
  g_assert_cmpstr (b, ==, "A");
  g_assert_cmpstr (c, ==, "The stream is not well");
}

static void
test_causes (void) {
  static const char *const bad[] = { NULL,
                                     "",
                                     "{",
                                     "[]",
                                     "7",
                                     "{}",
                                     "{\"cause\":7}",
                                     "{\"cause\":\"gremlins\"}",
                                     "{\"cause\":null,\"confidence\":{}}" };
  UsSymptoms symptoms;
  UsCause cause;
  UsConfidence confidence;
  us_symptoms_init (&symptoms);
  symptoms.playlists[US_OUTCOME_DNS] = 9;
  g_autoptr (GPtrArray) diagnoses = us_cause_diagnose (&symptoms);
  g_autofree char *json = us_incident_cause_text (diagnoses);
  us_incident_read_cause (json, &cause, &confidence);
  g_assert_cmpint (cause, ==, US_CAUSE_DNS);
  g_assert_cmpint (confidence, ==, US_CONFIDENCE_MEDIUM);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    us_incident_read_cause (bad[i], &cause, &confidence);
    g_assert_cmpint (cause, ==, US_CAUSE_UNKNOWN);
    g_assert_cmpint (confidence, ==, US_CONFIDENCE_NONE);
  }
}

static void
test_snapshot (void) {
  UsSymptoms symptoms;
  us_symptoms_init (&symptoms);
  symptoms.playlists[US_OUTCOME_5XX] = 2;
  symptoms.segments[US_OUTCOME_TIMEOUT] = 1;
  symptoms.ttfb_p50 = 0.1234;
  symptoms.ratio_p50 = 2.5;
  g_autofree char *text
      = us_incident_snapshot (US_HEALTH_DEGRADED, "slow", &symptoms, 1700000000000000);
  g_assert_cmpstr (text, ==,
                   "{\"health_state\":\"yellow\",\"reason\":\"slow\",\"error_count_2min\":3,"
                   "\"avg_ttfb_ms\":123.4,\"avg_download_ratio\":2.5,"
                   "\"captured_at\":\"2023-11-14T22:13:20.000Z\"}");
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/incident/text/ids", test_ids);
  g_test_add_func ("/incident/text/times", test_times);
  g_test_add_func ("/incident/text/fingerprints", test_fingerprints);
  g_test_add_func ("/incident/text/reasons", test_reasons);
  g_test_add_func ("/incident/text/causes", test_causes);
  g_test_add_func ("/incident/text/snapshot", test_snapshot);
  return g_test_run ();
}
