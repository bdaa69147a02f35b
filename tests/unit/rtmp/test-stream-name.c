/* test-stream-name.c - names of publishers, by table */
#include <string.h>

#include "rtmp/error.h"
#include "rtmp/stream-name.h"

static const struct {
  const char *sent;
  gsize length; /* 0: as a C string */
  const char *name;
  const char *query;
} cases[] = {
  { "mystream", 0, "mystream", "" },
  { "", 0, "", "" },
  { "live/", 0, "live", "" },
  { "/live//", 0, "live", "" },
  { "a/b", 0, "a/b", "" },
  { "key?tok=1&x=?", 0, "key", "tok=1&x=?" },
  { "?tok=1", 0, "", "tok=1" },
  { "../../etc/passwd", 0, "../../etc/passwd", "" }, /* looked up, never opened */
  { "%2e%2e%00", 0, "%2e%2e%00", "" },
  { "b\xc3\xbchne", 0, "b\xc3\xbchne", "" },
  { "a\nb", 0, NULL, NULL },
  { "a\x7f", 0, NULL, NULL },
  { "a\xc2\x85", 0, NULL, NULL }, /* a C1 control */
  { "a\x1b[2J", 0, NULL, NULL },
  { "a\xff", 0, NULL, NULL },
  { "a\xc3", 0, NULL, NULL },
  { "a\0b", 3, NULL, NULL },
};

static UsAmf0 *
new_bytes (const char *bytes, gsize length) {
  g_autoptr (GByteArray) wire = g_byte_array_new ();
  const guint8 header[] = { 2, (guint8)(length >> 8), (guint8)length };
  g_byte_array_append (wire, header, sizeof header);
  g_byte_array_append (wire, (const guint8 *)bytes, (guint)length);
  g_autoptr (GPtrArray) values = us_amf0_decode (wire->data, wire->len, NULL);
  return us_amf0_copy (values->pdata[0]);
}

static void
test_names (void) {
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    gsize length = cases[i].length > 0 ? cases[i].length : strlen (cases[i].sent);
    g_autoptr (UsAmf0) value = new_bytes (cases[i].sent, length);
    g_autofree char *query = NULL;
    g_autoptr (GError) error = NULL;
    g_autofree char *name = us_rtmp_stream_name_new (value, "key", &query, &error);
    g_assert_cmpstr (name, ==, cases[i].name);
    g_assert_cmpstr (query, ==, cases[i].query);
    if (name == NULL)
      g_assert_error (error, US_RTMP_ERROR, US_RTMP_ERROR_NAME);
  }
}

static void
test_lengths (void) {
  for (guint length = US_RTMP_NAME_MAX; length <= US_RTMP_NAME_MAX + 1; length++) {
    g_autofree char *text = g_strnfill (length, 'k');
    g_autoptr (UsAmf0) value = us_amf0_new_string (text);
    g_autofree char *query = NULL;
    g_autofree char *name = us_rtmp_stream_name_new (value, "key", &query, NULL);
    g_assert_cmpint (name != NULL, ==, length <= US_RTMP_NAME_MAX);
  }
  g_autofree char *fill = g_strnfill (US_RTMP_TEXT_MAX + 1, 'q');
  g_autofree char *text = g_strconcat ("key?", fill, NULL);
  g_autoptr (UsAmf0) value = us_amf0_new_string (text);
  g_autofree char *query = NULL;
  g_autoptr (GError) error = NULL;
  g_assert_null (us_rtmp_stream_name_new (value, "key", &query, &error));
  g_assert_error (error, US_RTMP_ERROR, US_RTMP_ERROR_NAME);
}

static void
test_other_types (void) {
  g_autofree char *query = NULL;
  g_autofree char *missing = us_rtmp_stream_name_new (NULL, "app", &query, NULL);
  g_assert_cmpstr (missing, ==, "");
  g_autofree char *query2 = NULL;
  g_autoptr (UsAmf0) null = us_amf0_new_null ();
  g_autofree char *none = us_rtmp_stream_name_new (null, "app", &query2, NULL);
  g_assert_cmpstr (none, ==, "");
  g_autoptr (UsAmf0) number = us_amf0_new_number (1);
  g_autoptr (GError) error = NULL;
  g_autofree char *query3 = NULL;
  g_assert_null (us_rtmp_stream_name_new (number, "app", &query3, &error));
  g_assert_error (error, US_RTMP_ERROR, US_RTMP_ERROR_NAME);
}

static void
test_texts (void) {
  g_autoptr (UsAmf0) hostile = new_bytes ("a\xff\x1b[0m\nb", 8);
  g_autofree char *text = us_rtmp_stream_text_new (hostile);
  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_assert_null (strpbrk (text, "\x1b\n"));
  g_autofree char *fill = g_strnfill (5000, '\xff');
  g_autoptr (UsAmf0) large = new_bytes (fill, 5000);
  g_autofree char *cut = us_rtmp_stream_text_new (large);
  g_assert_cmpuint (strlen (cut), <=, US_RTMP_TEXT_MAX);
  g_autofree char *none = us_rtmp_stream_text_new (NULL);
  g_assert_cmpstr (none, ==, "");
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/rtmp/stream-name/names", test_names);
  g_test_add_func ("/rtmp/stream-name/lengths (nginx-http-flv 170)", test_lengths);
  g_test_add_func ("/rtmp/stream-name/other-types", test_other_types);
  g_test_add_func ("/rtmp/stream-name/texts", test_texts);
  return g_test_run ();
}
