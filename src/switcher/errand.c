/* errand.c - one segment of one origin, with all that belongs to it, fetched into its stock
 *
 * Of a foreign pair nobody but the origin itself has a segment, so that there is one leg only. An
 * initialisation section that the stock does not know comes first. Owned by a UsRendition, on the
 * main loop; ends with its callback or us_errand_cancel().
 */
#include "switcher/errand.h"

#include <string.h>

#include "hls/segment.h"
#include "switcher/fetch.h"
#include "switcher/key.h"

struct UsErrand {
  const UsOriginAccess *access;
  UsOriginId origin;
  UsStock *stock;
  guint deadline_ms;
  UsErrandDone done;
  gpointer user_data;

  guint64 number;
  char *uri, *url;
  char *map_url; /* (nullable) */
  char *map_key; /* (nullable): a restarted packager writes another file there, behind a tag */
  char *map_prefix;
  UsSegment *map; /* (nullable): once it is here */
  UsByteRange range, map_range;
  gboolean is_opaque, is_map_opaque, is_ours, is_last_try;
  guint64 epoch, our_number;
  UsFetch *fetch; /* in flight */
  gint64 took_us;
};

static void
errand_free (UsErrand *self) {
  g_clear_pointer (&self->fetch, us_fetch_cancel);
  g_clear_pointer (&self->map, us_segment_unref);
  g_free (self->uri);
  g_free (self->url);
  g_free (self->map_url);
  g_free (self->map_key);
  g_free (self->map_prefix);
  g_free (self);
}

static void
finish (UsErrand *self, UsReason reason) {
  UsErrandDone done = self->done;
  UsOriginId origin = self->origin;
  guint64 number = self->number;
  gint64 took_us = self->took_us;
  gpointer user_data = self->user_data;
  errand_free (self);
  done (origin, number, reason, took_us, user_data);
}

static void
on_segment (UsFetchResult *result, gpointer user_data) {
  UsErrand *self = user_data;
  self->fetch = NULL;
  self->took_us += result->took_us;
  if (result->bytes != NULL) {
    UsShape shape
        = self->is_opaque ? us_shape_of_uri (self->uri, self->map != NULL) : result->shape;
    UsProbe *probe = g_steal_pointer (&result->probe);
    if (self->is_ours)
      probe = us_probe_segment (result->bytes, NULL, NULL);
    us_stock_put (self->stock, self->number, self->uri, shape, result->bytes, probe, self->map);
  }
  finish (self, result->reason[self->origin]);
}

static void
fetch_segment (UsErrand *self) {
  UsFetchKind kind = self->is_last_try ? US_FETCH_DAMAGED : US_FETCH_MEDIA;
  if (self->is_opaque)
    kind = US_FETCH_OPAQUE;
  else if (self->is_ours)
    kind = US_FETCH_OURS;
  UsFetchPlan plan = {
    .kind = kind,
    .first = self->origin,
    .epoch = self->epoch,
    .number = self->our_number,
    .map = self->map != NULL ? self->map->bytes : NULL,
    .range_from = self->range.offset,
    .range_length = self->range.length,
    .deadline_ms = self->deadline_ms,
  };
  plan.url[self->origin] = self->url;
  self->fetch = us_fetch_start (self->access, &plan, on_segment, self);
}

static void
on_map (UsFetchResult *result, gpointer user_data) {
  UsErrand *self = user_data;
  self->fetch = NULL;
  self->took_us += result->took_us;
  if (result->bytes == NULL) {
    finish (self, result->reason[self->origin]);
    return;
  }
  self->map = us_stock_keep_map (self->stock, self->map_key, self->map_prefix, result->bytes);
  fetch_segment (self);
}

static void
fetch_map (UsErrand *self) {
  UsFetchPlan plan = {
    .kind = self->is_map_opaque ? US_FETCH_OPAQUE : US_FETCH_SECTION,
    .first = self->origin,
    .range_from = self->map_range.offset,
    .range_length = self->map_range.length,
    .deadline_ms = self->deadline_ms,
  };
  plan.url[self->origin] = self->map_url;
  self->fetch = us_fetch_start (self->access, &plan, on_map, self);
}

/**
 * us_errand_start:
 *
 * Returns: (transfer none) (nullable): valid until its callback or us_errand_cancel(); %NULL when
 *   the playlist lists no URI there
 */
UsErrand *
us_errand_start (const UsErrandPlan *plan, UsErrandDone done, gpointer user_data) {
  const UsPlaylistSegment *segment = plan->segment;
  g_autofree char *url = us_follower_resolve (plan->follower, segment->uri);
  g_autofree char *map_url
      = segment->map_uri != NULL ? us_follower_resolve (plan->follower, segment->map_uri) : NULL;
  if (url == NULL || (segment->map_uri != NULL && map_url == NULL))
    return NULL;

  UsErrand *self = g_new0 (UsErrand, 1);
  self->access = plan->access;
  self->origin = plan->origin;
  self->stock = plan->stock;
  self->deadline_ms = plan->deadline_ms;
  self->is_last_try = plan->is_last_try;
  self->done = done;
  self->user_data = user_data;
  self->number = segment->number;
  self->uri = g_strdup (segment->uri);
  self->url = g_steal_pointer (&url);
  self->map_url = g_steal_pointer (&map_url);
  self->map_prefix = g_strdup (plan->map_prefix);
  self->range = segment->range;
  self->map_range = segment->map_range;
  self->is_opaque = us_key_is_encrypted (segment->key);
  self->is_map_opaque = us_key_is_encrypted (segment->map_key);
  self->is_ours = us_follower_get_kind (plan->follower) == US_FOLLOWER_OURS
                  && us_segment_parse_name (segment->uri, &self->epoch, &self->our_number);
  if (self->map_url != NULL) {
    self->map_key = g_strdup_printf ("%s#%" G_GUINT64_FORMAT "@%" G_GUINT64_FORMAT, self->map_url,
                                     segment->discontinuity, segment->map_range.offset);
    self->map = us_stock_find_map (self->stock, self->map_key);
  }
  if (self->map_url != NULL && self->map == NULL)
    fetch_map (self);
  else
    fetch_segment (self);
  return self;
}

/* Ends it without a callback. */
void
us_errand_cancel (UsErrand *self) {
  errand_free (self);
}
