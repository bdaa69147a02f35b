/* test-amf0.c - AMF0 values: what is read, written, and refused */
#include <math.h>
#include <string.h>

#include "fixture.h"
#include "rtmp/amf0.h"

static GPtrArray *
decode (const char *hex, GError **error) {
  g_autoptr (GByteArray) bytes = fixture_hex (hex);
  return us_amf0_decode (bytes->data, bytes->len, error);
}

static void
assert_fails (const char *hex, UsAmf0Error code) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) values = decode (hex, &error);
  g_assert_null (values);
  g_assert_error (error, US_AMF0_ERROR, (gint)code);
}

static void
test_scalars (void) {
  g_autoptr (GPtrArray) values
      = decode ("00 3ff8000000000000  01 01  01 00  02 0003 616263  05 06 0d"
                "0b 40590000 00000000 0000  0c 00000002 6869  0f 00000001 78",
                NULL);
  g_assert_cmpuint (values->len, ==, 10);
  g_assert_cmpfloat (us_amf0_get_number (values->pdata[0], 0), ==, 1.5);
  g_assert_true (us_amf0_get_boolean (values->pdata[1], FALSE));
  g_assert_false (us_amf0_get_boolean (values->pdata[2], TRUE));
  g_assert_cmpstr (us_amf0_get_string (values->pdata[3], NULL), ==, "abc");
  for (guint i = 4; i < 7; i++)
    g_assert_cmpint (us_amf0_get_type (values->pdata[i]), ==, US_AMF0_NULL);
  g_assert_cmpint (us_amf0_get_type (values->pdata[7]), ==, US_AMF0_DATE);
  g_assert_cmpstr (us_amf0_get_string (values->pdata[8], NULL), ==, "hi");
  g_assert_cmpstr (us_amf0_get_string (values->pdata[9], NULL), ==, "x");
}

static void
test_containers (void) {
  g_autoptr (GPtrArray) values
      = decode ("03 0001 61 00 4000000000000000 0000 09" /* object {a: 2} */
                "08 00000000 0001 62 01 01 0000 09"      /* ECMA array, count is a lie */
                "10 0003 466f6f 0001 63 05 0000 09"      /* typed object Foo */
                "0a 00000002 05 02 0001 7a",             /* strict array [null, "z"] */
                NULL);
  g_assert_cmpuint (values->len, ==, 4);
  g_assert_cmpfloat (us_amf0_get_number (us_amf0_get (values->pdata[0], "a"), 0), ==, 2);
  g_assert_true (us_amf0_get_boolean (us_amf0_get (values->pdata[1], "b"), FALSE));
  g_assert_nonnull (us_amf0_get (values->pdata[2], "c"));
  g_assert_null (us_amf0_get (values->pdata[2], "d"));
  g_assert_cmpint (us_amf0_get_type (values->pdata[3]), ==, US_AMF0_ARRAY);
  g_assert_null (us_amf0_get (values->pdata[3], "z"));
}

static void
test_empty (void) {
  g_autoptr (GPtrArray) values = us_amf0_decode (NULL, 0, NULL);
  g_assert_cmpuint (values->len, ==, 0);
}

static void
test_wrong_type_gives_fallback (void) {
  g_autoptr (UsAmf0) number = us_amf0_new_number (7);
  g_assert_cmpstr (us_amf0_get_string (number, "none"), ==, "none");
  g_assert_true (us_amf0_get_boolean (number, TRUE));
  g_assert_null (us_amf0_get (number, "x"));
  g_assert_null (us_amf0_get (NULL, "x"));
  g_assert_cmpfloat (us_amf0_get_number (NULL, -1), ==, -1);
  gsize length = 0;
  g_assert_null (us_amf0_get_bytes (number, &length));
}

static void
test_zero_bytes_are_seen (void) {
  g_autoptr (GPtrArray) values = decode ("02 0003 610062", NULL);
  gsize length = 0;
  g_assert_nonnull (us_amf0_get_bytes (values->pdata[0], &length));
  g_assert_cmpuint (length, ==, 3);
}

static void
test_round_trip (void) {
  g_autofree char *large = g_strnfill (70000, 'x');
  g_autoptr (UsAmf0) object = us_amf0_new_object ();
  us_amf0_set (object, "n", us_amf0_new_number (-0.5));
  us_amf0_set (object, "twice", us_amf0_new_null ());
  us_amf0_set (object, "twice", us_amf0_new_boolean (TRUE));
  us_amf0_set (object, "large", us_amf0_new_string (large));
  us_amf0_set (object, "in", us_amf0_set (us_amf0_new_object (), "", us_amf0_new_string ("")));
  g_autoptr (UsAmf0) copy = us_amf0_copy (object);
  g_autoptr (GByteArray) wire = g_byte_array_new ();
  us_amf0_encode (copy, wire);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) values = us_amf0_decode (wire->data, wire->len, &error);
  g_assert_no_error (error);
  const UsAmf0 *back = values->pdata[0];
  g_assert_cmpfloat (us_amf0_get_number (us_amf0_get (back, "n"), 0), ==, -0.5);
  g_assert_true (us_amf0_get_boolean (us_amf0_get (back, "twice"), FALSE));
  g_assert_cmpstr (us_amf0_get_string (us_amf0_get (back, "large"), NULL), ==, large);
  g_assert_cmpstr (us_amf0_get_string (us_amf0_get (us_amf0_get (back, "in"), ""), NULL), ==, "");
}

static void
test_every_cut_is_an_error (void) {
  g_autoptr (GByteArray) bytes
      = fixture_hex ("03 0001 61 08 00000001 0002 6262 0a 00000001 00 4000000000000000 0000 09"
                     "0001 63 0c 00000002 6869 0000 09");
  g_autoptr (GPtrArray) whole = us_amf0_decode (bytes->data, bytes->len, NULL);
  g_assert_nonnull (whole);
  for (guint size = 1; size < bytes->len; size++) {
    g_autofree guint8 *exact = g_memdup2 (bytes->data, size); /* so that ASan sees the end */
    g_autoptr (GError) error = NULL;
    g_autoptr (GPtrArray) values = us_amf0_decode (exact, size, &error);
    g_assert_null (values);
    g_assert_error (error, US_AMF0_ERROR, US_AMF0_ERROR_TRUNCATED);
  }
}

static void
test_lies (void) {
  assert_fails ("0a ffffffff 05", US_AMF0_ERROR_TRUNCATED); /* 2^32-1 elements */
  assert_fails ("0c ffffffff 61", US_AMF0_ERROR_TRUNCATED);
  assert_fails ("02 ffff 61", US_AMF0_ERROR_TRUNCATED);
  assert_fails ("03 0001 61 05", US_AMF0_ERROR_TRUNCATED); /* no end marker */
  assert_fails ("11 0a 01", US_AMF0_ERROR_TYPE);           /* switch to AMF3 */
  assert_fails ("07 0000", US_AMF0_ERROR_TYPE);            /* reference */
  assert_fails ("09", US_AMF0_ERROR_TYPE);
  assert_fails ("ff", US_AMF0_ERROR_TYPE);
}

static void
test_depth (void) {
  GString *hex = g_string_new (NULL);
  for (guint i = 0; i < US_AMF0_MAX_DEPTH; i++)
    g_string_append (hex, "0a00000001");
  g_string_append (hex, "05");
  g_autoptr (GPtrArray) values = decode (hex->str, NULL);
  g_assert_nonnull (values);
  g_string_prepend (hex, "0a00000001");
  assert_fails (hex->str, US_AMF0_ERROR_LIMIT);
  g_string_free (hex, TRUE);

  /* 70,000 open objects: the cap answers before any stack is used up. */
  g_autoptr (GByteArray) deep = g_byte_array_new ();
  for (guint i = 0; i < 70000; i++)
    g_byte_array_append (deep, (const guint8 *)"\x03\x00\x01z", 4);
  g_autoptr (GError) error = NULL;
  g_assert_null (us_amf0_decode (deep->data, deep->len, &error));
  g_assert_error (error, US_AMF0_ERROR, US_AMF0_ERROR_LIMIT);
}

static void
test_count (void) {
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  for (guint i = 0; i < US_AMF0_MAX_VALUES; i++)
    g_byte_array_append (bytes, (const guint8 *)"\x05", 1);
  g_autoptr (GPtrArray) values = us_amf0_decode (bytes->data, bytes->len, NULL);
  g_assert_cmpuint (values->len, ==, US_AMF0_MAX_VALUES);
  g_byte_array_append (bytes, (const guint8 *)"\x05", 1);
  g_autoptr (GError) error = NULL;
  g_assert_null (us_amf0_decode (bytes->data, bytes->len, &error));
  g_assert_error (error, US_AMF0_ERROR, US_AMF0_ERROR_LIMIT);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtmp/amf0/scalars", test_scalars);
  g_test_add_func ("/rtmp/amf0/containers", test_containers);
  g_test_add_func ("/rtmp/amf0/empty", test_empty);
  g_test_add_func ("/rtmp/amf0/wrong-type-gives-fallback", test_wrong_type_gives_fallback);
  g_test_add_func ("/rtmp/amf0/zero-bytes-are-seen", test_zero_bytes_are_seen);
  g_test_add_func ("/rtmp/amf0/round-trip", test_round_trip);
  g_test_add_func ("/rtmp/amf0/every-cut-is-an-error", test_every_cut_is_an_error);
  g_test_add_func ("/rtmp/amf0/lies", test_lies);
  g_test_add_func ("/rtmp/amf0/depth (flvmeta 29)", test_depth);
  g_test_add_func ("/rtmp/amf0/count", test_count);
  return g_test_run ();
}
