/* fixture.h - bytes for the tests of src/rtmp, written as hexadecimal text */
#pragma once

#include <glib.h>

/* Digits in pairs; white space is skipped, and so are lines that begin with '#'. */
static inline GByteArray *
fixture_hex (const char *text) {
  GByteArray *bytes = g_byte_array_new ();
  for (const char *p = text; *p != '\0';) {
    if (*p == '#')
      p += strcspn (p, "\n");
    else if (g_ascii_isspace (*p))
      p++;
    else {
      guint8 byte = (guint8)(g_ascii_xdigit_value (p[0]) << 4 | g_ascii_xdigit_value (p[1]));
      g_byte_array_append (bytes, &byte, 1);
      p += 2;
    }
  }
  return bytes;
}

static inline GByteArray *
fixture_load (const char *name) {
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, name, NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return fixture_hex (text);
}

static inline void
fixture_append_zeros (GByteArray *bytes, guint count) {
  guint before = bytes->len;
  g_byte_array_set_size (bytes, before + count);
  memset (bytes->data + before, 0, count);
}
