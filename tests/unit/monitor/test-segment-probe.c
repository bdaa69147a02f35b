/* test-segment-probe.c - when a segment is asked again, and how its key is read; the fetching is in
 * the component tests */
#include "monitor/segment-probe.h"

#include <string.h>

#define MS 1000

static void
test_retry (void) {
  static const struct {
    UsOutcome outcome;
    guint n_tries, target_s;
    gint64 expected_us;
  } rows[] = {
    { US_OUTCOME_MISSING, 1, 2, 600 * MS },
    { US_OUTCOME_MISSING, 2, 2, 1000 * MS },
    { US_OUTCOME_MISSING, 3, 2, -1 },
    { US_OUTCOME_MISSING, 1, 0, 300 * MS },
    { US_OUTCOME_MISSING, 1, G_MAXUINT, 18000 * MS },
    { US_OUTCOME_5XX, 1, 2, 200 * MS },
    { US_OUTCOME_RESET, 2, 2, 400 * MS },
    { US_OUTCOME_RESET, 3, 2, -1 },
    { US_OUTCOME_TIMEOUT, 1, 2, -1 },
    { US_OUTCOME_FORBIDDEN, 1, 2, -1 },
    { US_OUTCOME_AUTH, 1, 2, -1 },
    { US_OUTCOME_TOO_LARGE, 1, 2, -1 },
    { US_OUTCOME_OK, 1, 2, -1 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (us_segment_probe_retry_us (rows[i].outcome, rows[i].n_tries, rows[i].target_s),
                     ==, rows[i].expected_us);
  /* All tries of a missing one together stay below a target duration: it is late, not missing. */
  for (guint target_s = 1; target_s <= 60; target_s++)
    g_assert_cmpint (us_segment_probe_retry_us (US_OUTCOME_MISSING, 1, target_s)
                         + us_segment_probe_retry_us (US_OUTCOME_MISSING, 2, target_s),
                     <, target_s * (gint64)G_USEC_PER_SEC);
}

static void
test_key (void) {
  static const struct {
    const char *key;
    UsKeyKind kind;
    const char *url;
    guint8 first, last; /* of the vector */
  } rows[] = {
    { NULL, US_KEY_NONE, NULL, 0, 0 },
    { "METHOD=AES-128,URI=\"http://a/k\",IV=0x000000000000000000000000000000ff", US_KEY_AES128,
      "http://a/k", 0, 0xff },
    { "METHOD=AES-128,URI=\"http://a/k\",IV=0Xa00102030405060708090a0b0c0d0e0f,KEYFORMAT="
      "\"identity\"",
      US_KEY_AES128, "http://a/k", 0xa0, 0x0f },
    { "METHOD=AES-128,URI=\"http://a/k\",IV=0x1", US_KEY_AES128, "http://a/k", 0, 1 },
    { "METHOD=SAMPLE-AES,URI=\"skd://x\",KEYFORMAT=\"com.apple\"\nMETHOD=AES-128,URI=\"http://a/"
      "2\",IV=0x2",
      US_KEY_AES128, "http://a/2", 0, 2 },
    { "METHOD=SAMPLE-AES,URI=\"http://a/k\",IV=0x1", US_KEY_SAMPLE_AES, NULL, 0, 0 },
    { "METHOD=SAMPLE-AES-CTR,URI=\"skd://x\",KEYFORMAT=\"urn:uuid:edef8ba9\"", US_KEY_SAMPLE_AES,
      NULL, 0, 0 },
    { "METHOD=NEW-1,URI=\"http://a/k\",IV=0x1", US_KEY_OPAQUE, NULL, 0, 0 },
    { "METHOD=AES-128,URI=\"http://a/k\",IV=0x1,KEYFORMAT=\"other\"", US_KEY_OPAQUE, NULL, 0, 0 },
    { "METHOD=AES-128,IV=0x1", US_KEY_OPAQUE, NULL, 0, 0 },
    { "METHOD=AES-128,URI=\"http://a/k\"", US_KEY_OPAQUE, NULL, 0, 0 },
    { "METHOD=AES-128,URI=\"http://a/k\",IV=0x", US_KEY_OPAQUE, NULL, 0, 0 },
    { "METHOD=AES-128,URI=\"http://a/k\",IV=0xzz", US_KEY_OPAQUE, NULL, 0, 0 },
    { "METHOD=AES-128,URI=\"http://a/k\",IV=0x000000000000000000000000000000000", US_KEY_OPAQUE,
      NULL, 0, 0 },
    { "", US_KEY_OPAQUE, NULL, 0, 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *url = NULL;
    guint8 iv[16] = { 0 };
    g_test_message ("%u", i);
    g_assert_cmpint (us_segment_probe_read_key (rows[i].key, &url, iv), ==, rows[i].kind);
    g_assert_cmpint (us_key_kind_word (rows[i].kind) == NULL, ==, rows[i].key == NULL);
    g_assert_cmpstr (url, ==, rows[i].url);
    if (rows[i].kind != US_KEY_AES128)
      continue;
    g_assert_cmpuint (iv[0], ==, rows[i].first);
    g_assert_cmpuint (iv[15], ==, rows[i].last);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/segment-probe/retry", test_retry);
  g_test_add_func ("/monitor/segment-probe/key", test_key);
  return g_test_run ();
}
