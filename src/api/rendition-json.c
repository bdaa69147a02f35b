/* rendition-json.c - one rendition of a stream, as it was at the last evaluation
 *
 * What the playlists declare stands beside what was measured. Pure.
 */
#include "api/api-private.h"

#include "base/url.h"
#include "http/json.h"

#include <math.h>

static const char *
kind_word (UsRenditionKind kind) {
  static const char *const words[] = { "video", "audio", "subtitles" };
  return words[kind];
}

static double
age_s (const UsRenditionFacts *facts, gint64 then_us) {
  return then_us > 0 ? (double)(facts->now_us - then_us) / G_USEC_PER_SEC : NAN;
}

static void
add_declared (JsonBuilder *json, const UsRenditionInfo *info, gboolean shows_all) {
  g_autofree char *url = shows_all ? g_strdup (info->url) : us_url_for_people (info->url);
  us_json_add_integer (json, "index", info->index);
  us_json_add_text (json, "label", info->label);
  us_json_add_text (json, "kind", kind_word (info->kind));
  us_json_add_text (json, "url", url);
  us_json_add_integer_or_null (json, "bandwidth_bps", info->bandwidth_bps > 0,
                               (gint64)MIN (info->bandwidth_bps, (guint64)G_MAXINT64));
  us_json_add_integer_or_null (json, "width", info->width > 0, info->width);
  us_json_add_integer_or_null (json, "height", info->height > 0, info->height);
  us_api_add_number (json, "frame_rate",
                     info->frame_rate_mhz > 0 ? info->frame_rate_mhz / 1000.0 : NAN);
  us_json_add_text (json, "codecs", info->codecs);
  us_json_add_text (json, "group_id", info->group_id);
  us_json_add_text (json, "name", info->name);
  us_json_add_text (json, "language", info->language);
}

static void
add_measured (JsonBuilder *json, const UsRenditionFacts *facts) {
  const UsFetchWindow *playlists = facts->playlists, *segments = facts->segments;
  us_json_add_integer_or_null (json, "target_duration_s", facts->target_duration_s > 0,
                               facts->target_duration_s);
  us_api_add_number (json, "advanced_age_s", age_s (facts, facts->advanced_us));
  us_json_add_integer (json, "failed_polls", facts->n_failed);
  us_api_add_ms (json, "playlist_ttfb_ms",
                 us_fetch_window_percentile (playlists, 0.5, us_sample_first_byte));
  us_api_add_ms (json, "segment_ttfb_ms",
                 us_fetch_window_percentile (segments, 0.5, us_sample_first_byte));
  us_api_add_number (json, "download_ratio",
                     us_fetch_window_percentile (segments, 0.5, us_sample_ratio));
  us_json_add_integer (json, "segment_errors", us_fetch_window_failed (segments));
  us_api_add_number (json, "latency_s", facts->latency_s);
  us_api_add_number (json, "peak_bps", facts->peak_bps);
  us_api_add_number (json, "black_s", facts->content.black_s);
  us_api_add_number (json, "frozen_s", facts->content.frozen_s);
  us_api_add_number (json, "silent_s", facts->content.silent_s);
}

/* @shows_all: URLs with their queries, which may hold tokens */
void
us_api_add_rendition (JsonBuilder *json, const UsRenditionFacts *facts, gboolean shows_all) {
  json_builder_begin_object (json);
  add_declared (json, facts->info, shows_all);
  add_measured (json, facts);
  json_builder_end_object (json);
}
