/* fuzz-http-json.c - any bytes as the body of a request: read to the end, or one problem */
#include "http/json-body.h"
#include "http/message.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
read_part (UsJsonPart *part, guint depth) {
  static const char *const words[] = { "a", "b", NULL };

  us_json_text (part, "text", US_JSON_OPTIONAL, 20);
  us_json_integer (part, "integer", 0, -5, 5);
  us_json_number (part, "number", 0, -1, 1);
  us_json_flag (part, "flag", FALSE);
  us_json_word (part, "word", words, 0);
  us_json_texts (part, "texts", 3, 5);
  for (const char *const *name = us_json_members (part); *name != NULL && depth == 3; name++)
    us_json_text (part, *name, US_JSON_OPTIONAL, 5);
  UsJsonPart *inner = depth < 3 ? us_json_object (part, "object", US_JSON_OPTIONAL) : NULL;
  if (inner != NULL)
    read_part (inner, depth + 1);
  GPtrArray *list = depth < 3 ? us_json_objects (part, "objects", US_JSON_OPTIONAL, 3) : NULL;
  for (guint i = 0; list != NULL && i < list->len; i++)
    read_part (g_ptr_array_index (list, i), depth + 1);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (UsJsonBody) body = us_json_body_new (bytes, 65536);
  UsHttpResponse response = { 0 };

  read_part (us_json_body_root (body), 0);
  g_assert_true (us_json_body_end (body, &response) == (response.status == 0));
  us_http_response_clear (&response);
  return 0;
}
