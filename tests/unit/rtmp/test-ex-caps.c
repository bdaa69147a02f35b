/* test-ex-caps.c - what both ends say of Enhanced RTMP, by table */
#include <string.h>

#include "fixture.h"
#include "rtmp/ex-caps.h"

static UsAmf0 *
object_of (const char *hex) {
  g_autoptr (GByteArray) bytes = fixture_hex (hex);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) values = us_amf0_decode (bytes->data, bytes->len, &error);
  g_assert_no_error (error);
  return us_amf0_copy (values->pdata[0]);
}

/* AMF0: 03 begins an object, 0a a strict array, 08 an ECMA array, 000009 ends. */
static void
test_read (void) {
  static const struct {
    const char *hex, *text;
  } rows[] = {
    /* app only */
    { "03 0003617070 02 0004 6c697665 000009", NULL },
    /* fourCcList of ffmpeg: hvc1, av01 */
    { "03 000a666f757243634c697374 0a 00000002 02 0004 68766331 02 0004 61763031 000009",
      "hvc1,av01" },
    /* fourCcList with numbers and nonsense in it */
    { "03 000a666f757243634c697374 0a 00000003 00 3ff0000000000000 02 0003 686576 02 0004 68760031 "
      "000009",
      "" },
    /* fourCcList as a string */
    { "03 000a666f757243634c697374 02 0004 68766331 000009", "" },
    /* videoFourCcInfoMap {*: 4}, audioFourCcInfoMap {Opus: 4}, capsEx 6 */
    { "03 0012766964656f466f75724363496e666f4d6170 03 00012a 00 4010000000000000 000009 "
      "0012617564696f466f75724363496e666f4d6170 08 00000001 00044f707573 00 4010000000000000 "
      "000009 "
      "0006636170734578 00 4018000000000000 000009",
      "*,Opus capsEx=6" },
    /* the same codec in list and map is told once */
    { "03 000a666f757243634c697374 0a 00000002 02 0004 68766331 02 0004 68766331 "
      "0012766964656f466f75724363496e666f4d6170 03 000468766331 00 4010000000000000 000009 000009",
      "hvc1" },
    /* capsEx that is no number, negative, infinite */
    { "03 0006636170734578 02 0001 36 000009", "" },
    { "03 0006636170734578 00 bff0000000000000 000009", "" },
    { "03 0006636170734578 00 7ff0000000000000 000009", "" },
    { "05", NULL },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("%s", rows[i].hex);
    g_autoptr (UsAmf0) object = object_of (rows[i].hex);
    g_autofree char *text = us_ex_caps_read (object);
    g_assert_cmpstr (text, ==, rows[i].text);
  }
  g_assert_null (us_ex_caps_read (NULL));
}

static void
test_bounded (void) {
  g_autoptr (UsAmf0) connect = us_amf0_new_object ();
  UsAmf0 *map = us_amf0_new_object ();
  for (guint i = 0; i < 1000; i++) {
    g_autofree char *name = g_strdup_printf ("c%03u", i);
    us_amf0_set (map, name, us_amf0_new_number (7));
  }
  us_amf0_set (connect, "videoFourCcInfoMap", map);
  g_autofree char *text = us_ex_caps_read (connect);
  g_assert_cmpuint (strlen (text), ==, 5 * US_EX_CAPS_MAX_CODECS - 1);
}

static void
test_answer (void) {
  static const char *const video[] = { "avc1", "hvc1" };
  static const char *const audio[] = { "mp4a", ".mp3", "Opus", "ac-3", "ec-3" };
  g_autoptr (UsAmf0) properties = us_amf0_new_object ();
  us_ex_caps_add (properties);
  const UsAmf0 *pictures = us_amf0_get (properties, "videoFourCcInfoMap");
  const UsAmf0 *sounds = us_amf0_get (properties, "audioFourCcInfoMap");
  for (guint i = 0; i < G_N_ELEMENTS (video); i++)
    g_assert_cmpfloat (us_amf0_get_number (us_amf0_get (pictures, video[i]), 0), ==, 4);
  for (guint i = 0; i < G_N_ELEMENTS (audio); i++)
    g_assert_cmpfloat (us_amf0_get_number (us_amf0_get (sounds, audio[i]), 0), ==, 4);
  /* nothing else, no AV1 above all */
  g_assert_null (us_amf0_get_nth (pictures, G_N_ELEMENTS (video), NULL));
  g_assert_null (us_amf0_get_nth (sounds, G_N_ELEMENTS (audio), NULL));
  g_assert_cmpfloat (us_amf0_get_number (us_amf0_get (properties, "capsEx"), 0), ==, 4);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtmp/ex-caps/read", test_read);
  g_test_add_func ("/rtmp/ex-caps/bounded", test_bounded);
  g_test_add_func ("/rtmp/ex-caps/answer", test_answer);
  return g_test_run ();
}
