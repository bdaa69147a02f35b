/* test-mark.c - segment marks there and back, and marks that must not be believed */
#include <math.h>
#include <string.h>

#include "rtmp/error.h"
#include "rtmp/mark.h"

static const UsMark sample = {
  .epoch = 1795000000123,
  .number = 1795000042,
  .media_ms = -40,
  .wall_ms = 1795000084123,
  .closes = 1795000041,
  .closes_end_ms = 84000,
  .discontinuity = 7,
  .is_discontinuous = TRUE,
  .tracks = US_TRACK_VIDEO | US_TRACK_AUDIO,
  .target_duration_s = 2,
};

static void
test_round_trip (void) {
  static const UsMark none = { 0 };
  static const UsMark *const marks[] = { &sample, &none };
  for (guint i = 0; i < G_N_ELEMENTS (marks); i++) {
    g_autoptr (GBytes) payload = us_mark_encode (marks[i]);
    g_assert_true (us_mark_is_mark (payload));
    UsMark back;
    memset (&back, 0xaa, sizeof back);
    g_autoptr (GError) error = NULL;
    g_assert_true (us_mark_decode (payload, &back, &error));
    g_assert_no_error (error);
    g_assert_cmpuint (back.epoch, ==, marks[i]->epoch);
    g_assert_cmpuint (back.number, ==, marks[i]->number);
    g_assert_cmpint (back.media_ms, ==, marks[i]->media_ms);
    g_assert_cmpint (back.wall_ms, ==, marks[i]->wall_ms);
    g_assert_cmpuint (back.closes, ==, marks[i]->closes);
    g_assert_cmpint (back.closes_end_ms, ==, marks[i]->closes_end_ms);
    g_assert_cmpuint (back.discontinuity, ==, marks[i]->discontinuity);
    g_assert_cmpint (back.is_discontinuous, ==, marks[i]->is_discontinuous);
    g_assert_cmpint (back.tracks, ==, marks[i]->tracks);
    g_assert_cmpuint (back.target_duration_s, ==, marks[i]->target_duration_s);
  }
}

/* A mark with one member replaced; NULL @value: made null. */
static GBytes *
with_member (const char *name, UsAmf0 *value) {
  g_autoptr (GBytes) good = us_mark_encode (&sample);
  gsize size;
  const guint8 *data = g_bytes_get_data (good, &size);
  g_autoptr (GPtrArray) values = us_amf0_decode (data, size, NULL);
  us_amf0_set (values->pdata[1], name, value);
  GByteArray *wire = g_byte_array_new ();
  us_amf0_encode (values->pdata[0], wire);
  us_amf0_encode (values->pdata[1], wire);
  return g_byte_array_free_to_bytes (wire);
}

static void
assert_refused (GBytes *payload) {
  UsMark mark = { .number = 99 };
  g_autoptr (GError) error = NULL;
  g_assert_false (us_mark_decode (payload, &mark, &error));
  g_assert_nonnull (error);
  g_assert_cmpuint (mark.number, ==, 99); /* untouched */
  g_bytes_unref (payload);
}

static void
test_wrong_members (void) {
  static const char *const integers[]
      = { "epoch",       "number",        "mediaMs", "wallMs",         "closes",
          "closesEndMs", "discontinuity", "tracks",  "targetDurationS" };
  for (guint i = 0; i < G_N_ELEMENTS (integers); i++) {
    assert_refused (with_member (integers[i], us_amf0_new_null ()));
    assert_refused (with_member (integers[i], us_amf0_new_string ("7")));
    assert_refused (with_member (integers[i], us_amf0_new_number (1.5)));
    assert_refused (with_member (integers[i], us_amf0_new_number (NAN)));
    assert_refused (with_member (integers[i], us_amf0_new_number (INFINITY)));
    assert_refused (with_member (integers[i], us_amf0_new_number (1e300)));
    assert_refused (with_member (integers[i], us_amf0_new_number (-1e300)));
  }
  assert_refused (with_member ("number", us_amf0_new_number (-1)));
  assert_refused (with_member ("tracks", us_amf0_new_number (4)));
  assert_refused (with_member ("targetDurationS", us_amf0_new_number (3601)));
}

static void
test_unknown_member_is_ignored (void) {
  g_autoptr (GBytes) payload = with_member ("later", us_amf0_new_string ("x"));
  UsMark mark;
  g_assert_true (us_mark_decode (payload, &mark, NULL));
}

static void
test_other_messages (void) {
  g_autoptr (GBytes) metadata = g_bytes_new_static ("\x02\x00\x0aonMetaData\x05", 14);
  g_assert_false (us_mark_is_mark (metadata));
  assert_refused (g_bytes_ref (metadata));
  assert_refused (g_bytes_new (NULL, 0));
  assert_refused (g_bytes_new_static ("\x02\x00\x0eunderstudyMark", 17)); /* no object */
  g_autoptr (GBytes) good = us_mark_encode (&sample);
  for (gsize size = 0; size < g_bytes_get_size (good); size++)
    assert_refused (g_bytes_new_from_bytes (good, 0, size));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtmp/mark/round-trip", test_round_trip);
  g_test_add_func ("/rtmp/mark/wrong-members", test_wrong_members);
  g_test_add_func ("/rtmp/mark/unknown-member-is-ignored", test_unknown_member_is_ignored);
  g_test_add_func ("/rtmp/mark/other-messages", test_other_messages);
  return g_test_run ();
}
