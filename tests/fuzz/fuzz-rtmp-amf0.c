/* fuzz-rtmp-amf0.c - AMF0 values: whatever decodes must encode and decode again to the same */
#include "fuzz-rtmp.h"
#include "rtmp/amf0.h"
#include "rtmp/mark.h"

static GByteArray *
encode_all (const GPtrArray *values) {
  GByteArray *wire = g_byte_array_new ();
  for (guint i = 0; i < values->len; i++)
    us_amf0_encode (values->pdata[i], wire);
  return wire;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size) {
  g_autofree guint8 *exact = fuzz_exact (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) values = us_amf0_decode (exact, size, &error);
  if ((values == NULL) != (error != NULL))
    g_error ("result and error disagree");
  if (values == NULL)
    return 0;
  g_autoptr (GByteArray) first = encode_all (values);
  g_autoptr (GPtrArray) again = us_amf0_decode (first->data, first->len, NULL);
  if (again == NULL)
    g_error ("own output cannot be read");
  g_autoptr (GByteArray) second = encode_all (again);
  if (first->len != second->len
      || (first->len > 0 && memcmp (first->data, second->data, first->len) != 0))
    g_error ("output differs");
  g_autoptr (GBytes) payload = g_bytes_new (data, size);
  UsMark mark;
  if (us_mark_decode (payload, &mark, NULL))
    g_bytes_unref (us_mark_encode (&mark));
  return 0;
}
