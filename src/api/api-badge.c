/* api-badge.c - /api/streams/{id}/badge.svg */
#include "api/api-private.h"

#include "api/badge.h"
#include "base/etag.h"

#include <string.h>

/* A badge in somebody's page is asked for often, and is old news after a moment. */
#define CACHE "no-cache, max-age=0, must-revalidate"

US_API_HANDLER (stream_badge) {
  static const char *const styles[] = { "flat", "flat-square", "plastic", NULL };
  UsApi *api = self;
  const UsStreamConfig *config = us_api_find_stream (api, match, response);
  UsWatchView view = { 0 };
  g_autoptr (UsQuery) query = us_query_new (request->query);
  int style = us_query_word (query, "style", styles, US_BADGE_FLAT);
  const char *label = us_query_text (query, "label", US_BADGE_MAX_CHARS);
  if (config == NULL || !us_query_end (query, response))
    return;
  UsHealth health = us_desk_view (api->desk, config->id, &view) && view.verdict != NULL
                        ? view.verdict->health
                        : US_HEALTH_NO_DATA;
  char *svg = us_badge_render (label != NULL ? label : config->name, health,
                               config->is_paused ? "PAUSED" : us_health_word (health),
                               (UsBadgeStyle)style);
  response->status = 200;
  response->content_type = "image/svg+xml";
  response->cache_control = CACHE;
  response->body = g_bytes_new_take (svg, strlen (svg));
  response->etag = us_etag (response->body);
}
