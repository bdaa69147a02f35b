/* api-thumbnails.c - pictures: the newest of a stream, those that were kept, and a stand-in
 *
 * A picture that was kept never changes and may be cached for ever; the newest one is asked for
 * again each time, and mostly answered by 304.
 */
#include "api/api-private.h"

#include "base/etag.h"
#include "http/json.h"
#include "http/problem.h"

#include <string.h>

#define DEFAULT_LIMIT 100
#define MAX_LIMIT 500
#define CACHE_FOREVER "private, max-age=31536000, immutable"

/* Says in words that there is none: a grey area alone could be a grey picture. */
static const char placeholder[]
    = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"320\" height=\"180\" "
      "viewBox=\"0 0 320 180\" role=\"img\" aria-label=\"No picture\">"
      "<rect width=\"320\" height=\"180\" fill=\"#3a3f47\"/>"
      "<path d=\"M120 55h80v50h-80zM120 105l25-25 20 20 12-10 23 15\" fill=\"none\" "
      "stroke=\"#c9ced6\" stroke-width=\"3\"/><path d=\"M110 118 210 42\" stroke=\"#c9ced6\" "
      "stroke-width=\"3\"/><text x=\"160\" y=\"145\" fill=\"#e8ebef\" text-anchor=\"middle\" "
      "font-family=\"sans-serif\" font-size=\"16\">No picture</text></svg>";

US_API_HANDLER (newest_thumbnail) {
  UsApi *api = self;
  const UsStreamConfig *config = us_api_find_stream (api, match, response);
  gint64 wall_us = 0;
  if (config == NULL || !us_api_takes_nothing (request, response))
    return;
  gboolean has_one = us_desk_get_thumbnail (api->desk, config->id, &wall_us) != NULL;
  g_autofree char *url = g_strdup_printf ("/api/streams/%s/thumbnail/file", config->id);
  g_autoptr (JsonBuilder) json = us_api_json_new ();
  json_builder_begin_object (json);
  us_json_add_text (json, "stream_id", config->id);
  us_json_add_flag (json, "available", has_one);
  us_json_add_text (json, "thumbnail_url", url);
  us_api_add_time (json, "at", has_one ? wall_us : 0);
  json_builder_set_member_name (json, "age_s");
  if (has_one)
    json_builder_add_double_value (json,
                                   (double)(MAX (g_get_real_time () - wall_us, 0) / 1000) / 1000.0);
  else
    json_builder_add_null_value (json);
  json_builder_end_object (json);
  us_api_answer (response, 200, json);
}

static void
answer_picture (UsHttpResponse *response, GBytes *bytes, const char *type, const char *cache) {
  response->status = 200;
  response->content_type = type;
  response->cache_control = cache;
  response->body = g_bytes_ref (bytes);
  response->etag = us_etag (bytes);
}

US_API_HANDLER (newest_thumbnail_file) {
  UsApi *api = self;
  const UsStreamConfig *config = us_api_find_stream (api, match, response);
  gint64 wall_us = 0;
  if (config == NULL || !us_api_takes_nothing (request, response))
    return;
  GBytes *jpeg = us_desk_get_thumbnail (api->desk, config->id, &wall_us);
  g_autoptr (GBytes) none = g_bytes_new_static (placeholder, strlen (placeholder));
  if (jpeg != NULL)
    answer_picture (response, jpeg, "image/jpeg", US_API_CACHE_ASK);
  else
    answer_picture (response, none, "image/svg+xml", US_API_CACHE_ASK);
}

US_API_HANDLER (list_thumbnails) {
  UsApi *api = self;
  const UsStreamConfig *config = us_api_find_stream (api, match, response);
  g_autoptr (UsQuery) query = us_query_new (request->query);
  g_autoptr (GError) error = NULL;
  gint64 since_us = us_query_time (query, "since", 0);
  gint64 until_us = us_query_time (query, "until", 0);
  guint limit = (guint)us_query_integer (query, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT);
  if (config == NULL || !us_query_end (query, response))
    return;
  g_autoptr (GArray) rows = us_store_list_thumbnails (us_desk_get_store (api->desk), config->id,
                                                      since_us, until_us, limit, &error);
  if (rows == NULL) {
    us_api_answer_error (response, error, NULL);
    return;
  }
  g_autoptr (JsonBuilder) json = us_api_json_new ();
  json_builder_begin_array (json);
  for (guint i = 0; i < rows->len; i++)
    us_api_add_thumbnail (json, &g_array_index (rows, UsThumbnailRow, i));
  json_builder_end_array (json);
  us_api_answer (response, 200, json);
}

US_API_HANDLER (thumbnail_file) {
  UsApi *api = self;
  const char *id = us_template_match_get (match, "id");
  g_auto (UsThumbnailRow) row = { 0 };
  g_autoptr (GError) error = NULL;
  if (!us_api_takes_nothing (request, response))
    return;
  if (us_store_get_thumbnail (us_desk_get_store (api->desk), id, &row, &error) && row.jpeg != NULL)
    answer_picture (response, row.jpeg, "image/jpeg", CACHE_FOREVER);
  else if (error != NULL)
    us_api_answer_error (response, error, NULL);
  else
    us_http_problem (response, 404, "no-thumbnail", "No such picture",
                     "There is no picture \"%.80s\", or it is no longer kept.", id);
}
