/* fuzz-http-query.c - any bytes as a query, a path, and headers that are parsed */
#include "http/content-coding.h"
#include "http/events.h"
#include "http/exposition.h"
#include "http/message.h"
#include "http/negotiate.h"
#include "http/query.h"
#include "http/route-template.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
handle (gpointer self, const UsHttpRequest *request, const UsTemplateMatch *match,
        UsHttpResponse *response) {
  g_assert_true (match->values[0] == NULL || *match->values[0] != '\0');
}

static const UsTemplateRoute routes[] = {
  { "GET", "/api/streams/{id}", handle },
  { "GET", "/api/{kind}/{id}/{what}", handle },
  { NULL, NULL, NULL },
};

static void
read_query (const char *text) {
  static const char *const words[] = { "a", "b", NULL };
  g_autoptr (UsQuery) query = us_query_new (text);
  UsHttpResponse response = { 0 };

  us_query_text (query, "text", 20);
  us_query_integer (query, "integer", 0, -5, 5);
  us_query_flag (query, "flag", FALSE);
  us_query_word (query, "word", words, 0);
  g_assert_cmpint (us_query_time (query, "time", 0), >=, 0);
  us_query_list (query, "list", 3);
  g_assert_true (us_query_end (query, &response) == (response.status == 0));
  us_http_response_clear (&response);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  g_autofree char *text = g_strndup ((const char *)data, size);
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  UsHttpRequest request = { .method = "GET", .path = text, .query = text, .last_event_id = text };
  UsHttpResponse response = { 0 };
  UsHttpEventsWish wish;
  g_autoptr (GBytes) content = us_content_coding_gunzip (bytes, 100000, NULL);

  g_assert_true (content == NULL || g_bytes_get_size (content) <= 100000);
  read_query (text);
  us_exposition_choose (text);
  us_negotiate_may_change (text, "\"a\"");
  us_negotiate_etag_matches (text, "\"a\"");
  us_template_dispatch (routes, NULL, &request, &response);
  us_http_response_clear (&response);
  if (us_http_events_wish_read (&wish, &request, &response))
    us_http_events_wish_fits (&wish, "name", "topic");
  us_http_events_wish_clear (&wish);
  us_http_response_clear (&response);
  return 0;
}
