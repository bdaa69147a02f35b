/* api-demo.c - POST /api/demo: something to watch, for those who have nothing yet
 *
 * Answered when there is something to watch (desk/desk-demo.c), which takes some seconds. Removing
 * the stream ends it.
 */
#include "api/api-private.h"

#include "http/json-body.h"

/* The desk gives up after a minute by itself, and says why. */
#define DEADLINE_MS 75000

/* @subject: an id that is not known before: of no use. */
static void
answer_demo (UsApi *api, const char *subject, UsHttpResponse *response) {
  const char *id = us_desk_get_demo (api->desk);
  const UsStreamConfig *config = id != NULL ? us_desk_get_stream (api->desk, id) : NULL;
  if (config == NULL) {
    us_api_answer_no_stream (response, "demo");
    return;
  }
  us_api_answer_stream (api, config, TRUE, 201, response);
  response->location = g_strconcat ("/api/streams/", config->id, NULL);
}

US_API_HANDLER (start_demo) {
  UsApi *api = self;
  g_autoptr (UsJsonBody) body = us_json_body_new (request->body, US_API_MAX_BODY);
  if (!us_api_takes_nothing (request, response) || !us_json_body_end (body, response))
    return;
  if (us_desk_get_demo (api->desk) != NULL) {
    answer_demo (api, NULL, response);
    if (response->status == 201)
      response->status = 200;
    return;
  }
  UsApiOrder *order = us_api_order_new (api, request, "demo", "the demo was started", answer_demo,
                                        DEADLINE_MS, response);
  us_desk_start_demo (api->desk, us_api_order_done, order);
}
