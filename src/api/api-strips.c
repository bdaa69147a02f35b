/* api-strips.c - /api/strips: how all streams were in the last minutes, one letter each
 *
 * For a page that shows all of them at once; of memory alone (desk/strips.c).
 */
#include "api/api-private.h"

#include "http/json-text.h"

#define DEFAULT_MINUTES 60
#define BYTES_EACH 32 /* of a stream, beside its letters */

US_API_HANDLER (list_strips) {
  UsApi *api = self;
  char letters[US_STRIP_MINUTES + 1];
  g_autoptr (UsQuery) query = us_query_new (request->query);
  guint n_minutes
      = (guint)us_query_integer (query, "minutes", DEFAULT_MINUTES, 1, US_STRIP_MINUTES);
  if (!us_query_end (query, response))
    return;

  const UsStrips *strips = us_desk_get_strips (api->desk);
  g_autoptr (GPtrArray) streams = us_desk_list_streams (api->desk);
  gint64 now_us = g_get_real_time ();
  gint64 until_us = (now_us / US_STRIP_MINUTE_US + 1) * US_STRIP_MINUTE_US;
  gint64 since_us = until_us - n_minutes * US_STRIP_MINUTE_US;
  GString *out = g_string_sized_new ((streams->len + 4) * (n_minutes + BYTES_EACH));
  us_json_text_begin (out, NULL, '{');
  us_json_text_add_time (out, "since", since_us);
  us_json_text_add_time (out, "until", until_us);
  us_json_text_add_integer (out, "step_s", US_STRIP_MINUTE_US / G_USEC_PER_SEC);
  us_json_text_begin (out, "strips", '{');
  for (guint i = 0; i < streams->len; i++) {
    const UsStreamConfig *config = streams->pdata[i];
    us_strips_read (strips, config->id, since_us, n_minutes, letters);
    us_json_text_add_text (out, config->id, letters);
  }
  us_json_text_end (out, '}');
  us_json_text_end (out, '}');
  us_api_answer_text (response, 200, out);
}
