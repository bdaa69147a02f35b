/* fetch.c - one segment from whichever of two origins delivers a whole copy first
 *
 * A fetch has two legs, one per origin. The first is asked at once; the other when the first is
 * silent for the hedge time or has failed, as far as the budget allows. The first whole and valid
 * copy wins and the other leg is cancelled. A body of ours that breaks off is gone on with at the
 * twin, by Range and If-Range: the entity tag is the hash of the whole, so that nothing but the
 * same bytes can be joined. Lives on the main loop until its callback has run or us_fetch_cancel()
 * was called; a leg's late reply only drops its reference.
 */
#include "switcher/fetch.h"

#include <string.h>

#define US_LOG_TOPIC "switcher.fetch"
#include "base/log.h"
#include "base/timer.h"
#include "base/url.h"
#include "hls/mpegts.h"
#include "hls/probe.h"
#include "switcher/follower.h"

#define CONNECT_TIMEOUT_MS 500
#define FIRST_BYTE_TIMEOUT_MS 1500
#define ETAG_LENGTH 66 /* SHA-256 in hex between quotes: what our origins send */

typedef struct {
  char *url;
  GCancellable *cancellable; /* (nullable): running */
  gboolean was_asked;
  GBytes *head;   /* (nullable): what the other leg had brought: only the rest is asked for */
  char *if_range; /* (nullable): the ETag it must be the rest of */
} Leg;

struct UsFetch {
  gatomicrefcount count; /* one of the owner, one per running leg */
  const UsOriginAccess *access;
  UsFetchPlan plan; /* its urls are in legs */
  char *name;       /* (nullable) */
  GBytes *map;      /* (nullable) */
  Leg legs[US_N_ORIGINS];
  GSource *hedge_timer; /* (nullable) */
  UsFetchDone done;     /* NULL once told or cancelled */
  gpointer user_data;
  UsFetchResult result;
  gint64 started_us;
};

typedef struct {
  UsFetch *fetch;
  UsOriginId origin;
} LegCall;

static void start_leg (UsFetch *self, UsOriginId origin);

static void
fetch_unref (UsFetch *self) {
  if (!g_atomic_ref_count_dec (&self->count))
    return;
  for (guint i = 0; i < US_N_ORIGINS; i++) {
    g_free (self->legs[i].url);
    g_free (self->legs[i].if_range);
    g_clear_pointer (&self->legs[i].head, g_bytes_unref);
  }
  g_free (self->name);
  g_clear_pointer (&self->map, g_bytes_unref);
  g_free (self);
}

static void
stop_legs (UsFetch *self) {
  us_timer_stop (&self->hedge_timer);
  for (guint i = 0; i < US_N_ORIGINS; i++)
    if (self->legs[i].cancellable != NULL)
      g_cancellable_cancel (self->legs[i].cancellable);
}

static void
finish (UsFetch *self) {
  UsFetchDone done = g_steal_pointer (&self->done);
  self->result.took_us = us_clock_monotonic_us (self->access->clock) - self->started_us;
  self->result.was_hedged = self->legs[0].was_asked && self->legs[1].was_asked;
  for (guint i = 0; i < US_N_ORIGINS; i++)
    self->result.was_asked[i] = self->legs[i].was_asked;
  stop_legs (self);
  done (&self->result, self->user_data);
  g_clear_pointer (&self->result.bytes, g_bytes_unref);
  g_clear_pointer (&self->result.segment, us_segment_unref);
  g_clear_pointer (&self->result.probe, us_probe_free);
  fetch_unref (self);
}

/**
 * us_fetch_judge_ours:
 * @bytes: a whole segment made by one of our packagers, so that everything must be right
 * @error: US_MPEGTS_ERROR
 *
 * Returns: US_REASON_OK or US_REASON_BAD_SEGMENT with @error set
 */
UsReason
us_fetch_judge_ours (GBytes *bytes, GError **error) {
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  UsMpegtsInfo info;
  if (size == 0) {
    g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_EMPTY, "the segment is empty");
    return US_REASON_BAD_SEGMENT;
  }
  if (!us_mpegts_inspect (data, size, &info, error))
    return US_REASON_BAD_SEGMENT;
  if (!info.starts_with_tables) {
    g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_TABLES,
                 "the segment does not start with PAT and PMT");
    return US_REASON_BAD_SEGMENT;
  }
  return US_REASON_OK;
}

/**
 * us_fetch_judge_media:
 * @bytes: a whole segment of somebody else's packager
 * @map: (nullable): its initialisation section
 * @shape: (out): what it is
 * @probe: (out) (transfer full) (nullable): what it says of itself, where that can be read
 * @error: US_MPEGTS_ERROR or US_PROBE_ERROR
 *
 * A foreign packager may write tables late, continuity counters of its own and open GOPs; players
 * have to live with that and so do we. What is damaged, or no media at all, is refused.
 *
 * Returns: US_REASON_OK or US_REASON_BAD_SEGMENT with @error set
 */
UsReason
us_fetch_judge_media (GBytes *bytes, GBytes *map, UsShape *shape, UsProbe **probe, GError **error) {
  *probe = NULL;
  if (g_bytes_get_size (bytes) == 0) {
    g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_EMPTY, "the segment is empty");
    return US_REASON_BAD_SEGMENT;
  }
  if (!us_shape_of_bytes (bytes, shape)) {
    g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_GRID,
                 "the bytes are no media segment of any kind");
    return US_REASON_BAD_SEGMENT;
  }
  if (!us_shape_is_probed (*shape))
    return US_REASON_OK;
  *probe = us_probe_segment (bytes, map, error);
  return *probe != NULL ? US_REASON_OK : US_REASON_BAD_SEGMENT;
}

/* ---- taking a copy ---- */

static UsReason
take_ours (UsFetch *self, GBytes *bytes, const char *etag, GError **error) {
  UsReason reason = us_fetch_judge_ours (bytes, error);
  if (reason != US_REASON_OK)
    return reason;
  g_autoptr (UsSegment) segment
      = us_segment_new (self->plan.epoch, self->plan.number, self->plan.name, bytes);
  if (etag != NULL && strlen (etag) == ETAG_LENGTH && strcmp (etag, segment->etag) != 0) {
    g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_GRID,
                 "the bytes hash to %s, its ETag says %s", segment->etag, etag);
    return US_REASON_BAD_SEGMENT;
  }
  self->result.segment = g_steal_pointer (&segment);
  return US_REASON_OK;
}

/* The part of a whole resource that a byte range means, from a server that knows no ranges. */
static GBytes *
cut_range (const UsFetch *self, const UsHttpReply *reply, GError **error) {
  const UsFetchPlan *plan = &self->plan;
  gsize size = g_bytes_get_size (reply->body);
  if (plan->range_length == 0 || reply->status == 206)
    return g_bytes_ref (reply->body);
  if (plan->range_from > size || plan->range_length > size - plan->range_from) {
    g_set_error (error, US_HTTP_ERROR, US_HTTP_ERROR_TRUNCATED,
                 "it has %" G_GSIZE_FORMAT " bytes, its byte range ends behind them", size);
    return NULL;
  }
  return g_bytes_new_from_bytes (reply->body, plan->range_from, plan->range_length);
}

/* What one leg brought, behind what the other had brought before it broke off. */
static GBytes *
complete (const UsFetch *self, UsOriginId origin, GBytes *bytes, const UsHttpReply *reply) {
  const Leg *leg = &self->legs[origin];
  if (leg->head == NULL || reply->status != 206)
    return g_bytes_ref (bytes);
  gsize n_head, n_tail;
  const guint8 *head = g_bytes_get_data (leg->head, &n_head);
  const guint8 *tail = g_bytes_get_data (bytes, &n_tail);
  GByteArray *whole = g_byte_array_sized_new ((guint)(n_head + n_tail));
  g_byte_array_append (whole, head, (guint)n_head);
  g_byte_array_append (whole, tail, (guint)n_tail);
  return g_byte_array_free_to_bytes (whole);
}

/* Takes the copy if it is good. Returns: the reason why not. */
static UsReason
take_copy (UsFetch *self, UsOriginId origin, const UsHttpReply *reply, GError **error) {
  gboolean may_be_part = self->plan.range_length > 0 || self->legs[origin].head != NULL;
  if (reply->status != 200 && (reply->status != 206 || !may_be_part)) {
    g_set_error (error, US_HTTP_ERROR, US_HTTP_ERROR_PROTOCOL, "HTTP status %u", reply->status);
    return us_reason_from_status (reply->status);
  }
  g_autoptr (GBytes) part = cut_range (self, reply, error);
  if (part == NULL)
    return US_REASON_TRUNCATED;
  g_autoptr (GBytes) bytes = complete (self, origin, part, reply);
  if (g_bytes_get_size (bytes) > self->access->max_segment_bytes) {
    g_set_error (error, US_HTTP_ERROR, US_HTTP_ERROR_TOO_LARGE,
                 "with what came before, it has %" G_GSIZE_FORMAT " bytes",
                 g_bytes_get_size (bytes));
    return US_REASON_TOO_LARGE;
  }
  UsReason reason = US_REASON_OK;
  switch (self->plan.kind) {
  case US_FETCH_OURS:
    reason = take_ours (self, bytes, reply->etag, error);
    break;
  case US_FETCH_MEDIA:
    reason = us_fetch_judge_media (bytes, self->plan.map, &self->result.shape, &self->result.probe,
                                   error);
    break;
  case US_FETCH_DAMAGED:
    reason = us_fetch_judge_media (bytes, self->plan.map, &self->result.shape, &self->result.probe,
                                   error);
    /* A glitch is less than a hole. */
    if (reason != US_REASON_OK && us_shape_of_bytes (bytes, &self->result.shape)) {
      g_autofree char *shown = us_url_for_people (self->legs[origin].url);
      us_warning ("%s: broken, and nobody has better: %s", shown, (*error)->message);
      g_clear_error (error);
      reason = US_REASON_OK;
    }
    break;
  case US_FETCH_SECTION:
    reason = us_probe_check_init (bytes, error) ? US_REASON_OK : US_REASON_BAD_SEGMENT;
    break;
  case US_FETCH_OPAQUE:
  default:
    reason = g_bytes_get_size (bytes) > 0 ? US_REASON_OK : US_REASON_TRUNCATED;
    if (reason != US_REASON_OK)
      g_set_error (error, US_HTTP_ERROR, US_HTTP_ERROR_TRUNCATED, "the segment is empty");
    break;
  }
  if (reason != US_REASON_OK)
    return reason;
  self->result.was_resumed = self->legs[origin].head != NULL && reply->status == 206;
  self->result.bytes = g_steal_pointer (&bytes);
  self->result.winner = origin;
  return US_REASON_OK;
}

/* ---- legs ---- */

static gboolean
may_ask_again (const UsFetch *self) {
  return self->plan.budget == NULL || us_budget_spend (self->plan.budget, self->plan.is_free);
}

/* What broke off in the middle goes on at the twin, if that has the same bytes. */
static void
keep_head (UsFetch *self, UsOriginId origin, GAsyncResult *result) {
  Leg *other = &self->legs[us_origin_other (origin)];
  g_autofree char *etag = NULL;
  g_autoptr (GBytes) head = us_http_client_take_partial (self->access->client, result, &etag);
  if (head == NULL || etag == NULL || self->plan.kind != US_FETCH_OURS || other->was_asked)
    return;
  other->head = g_steal_pointer (&head);
  other->if_range = g_steal_pointer (&etag);
}

/* Whether asking for a part may be why it failed. */
static gboolean
is_about_range (UsReason reason) {
  return reason == US_REASON_BAD_SEGMENT || reason == US_REASON_PROTOCOL
         || reason == US_REASON_HTTP_4XX;
}

/* Which of the two pieces was bad is not known. */
static void
ask_for_whole (UsFetch *self, UsOriginId origin) {
  Leg *leg = &self->legs[origin];
  g_clear_pointer (&leg->head, g_bytes_unref);
  g_clear_pointer (&leg->if_range, g_free);
  self->result.reason[origin] = US_REASON_OK;
  start_leg (self, origin);
}

static void
on_leg_failed (UsFetch *self, UsOriginId origin) {
  UsOriginId other = us_origin_other (origin);
  if (!self->legs[other].was_asked && self->legs[other].url != NULL && may_ask_again (self))
    start_leg (self, other);
  else if (self->legs[other].cancellable == NULL)
    finish (self);
}

static void
on_leg_reply (GObject *source, GAsyncResult *result, gpointer user_data) {
  g_autofree LegCall *call = user_data;
  UsFetch *self = call->fetch;
  g_autoptr (GError) error = NULL;
  g_autoptr (UsHttpReply) reply
      = us_http_client_fetch_finish (US_HTTP_CLIENT (source), result, &error);

  g_clear_object (&self->legs[call->origin].cancellable);
  if (self->done != NULL) {
    UsReason reason = reply != NULL ? take_copy (self, call->origin, reply, &error)
                                    : us_reason_from_http (error);
    self->result.reason[call->origin] = reason;
    if (reason == US_REASON_OK) {
      finish (self);
    } else {
      g_autofree char *shown = us_url_for_people (self->legs[call->origin].url);
      us_info ("%s from %s: %s: %s", shown, us_origin_word (call->origin), us_reason_word (reason),
               error->message);
      if (reply == NULL)
        keep_head (self, call->origin, result);
      if (self->legs[call->origin].head != NULL && is_about_range (reason))
        ask_for_whole (self, call->origin);
      else
        on_leg_failed (self, call->origin);
    }
  }
  fetch_unref (self);
}

static void
start_leg (UsFetch *self, UsOriginId origin) {
  Leg *leg = &self->legs[origin];
  UsHttpFetch fetch = {
    .connect_timeout_ms = CONNECT_TIMEOUT_MS,
    .first_byte_timeout_ms = MIN (FIRST_BYTE_TIMEOUT_MS, self->plan.deadline_ms),
    .deadline_ms = self->plan.deadline_ms,
    .range_from = leg->head != NULL ? g_bytes_get_size (leg->head) : self->plan.range_from,
    .range_length = self->plan.range_length,
    .if_range = leg->if_range,
    .max_bytes = self->access->max_segment_bytes,
    .led_by = self->access->base_url[origin],
  };
  LegCall *call = g_new0 (LegCall, 1);
  call->fetch = self;
  call->origin = origin;
  leg->was_asked = TRUE;
  leg->cancellable = g_cancellable_new ();
  g_atomic_ref_count_inc (&self->count);
  us_http_client_fetch_async (self->access->client, leg->url, &fetch, leg->cancellable,
                              on_leg_reply, call);
}

static gboolean
on_hedge (gpointer user_data) {
  UsFetch *self = user_data;
  UsOriginId other = us_origin_other (self->plan.first);
  us_timer_stop (&self->hedge_timer);
  if (!self->legs[other].was_asked && self->legs[other].url != NULL && may_ask_again (self))
    start_leg (self, other);
  return G_SOURCE_REMOVE;
}

/**
 * us_fetch_start:
 * @access: outlives the fetch
 * @plan: copied; the URL of plan->first is not NULL
 * @done: called once, later, from the main loop
 *
 * Returns: (transfer none): valid until @done is called or us_fetch_cancel()
 */
UsFetch *
us_fetch_start (const UsOriginAccess *access, const UsFetchPlan *plan, UsFetchDone done,
                gpointer user_data) {
  UsFetch *self = g_new0 (UsFetch, 1);
  g_atomic_ref_count_init (&self->count);
  self->access = access;
  self->plan = *plan;
  for (guint i = 0; i < US_N_ORIGINS; i++) {
    self->legs[i].url = g_strdup (plan->url[i]);
    self->plan.url[i] = self->legs[i].url;
  }
  self->name = g_strdup (plan->name);
  self->plan.name = self->name;
  self->map = plan->map != NULL ? g_bytes_ref (plan->map) : NULL;
  self->plan.map = self->map;
  self->done = done;
  self->user_data = user_data;
  self->started_us = us_clock_monotonic_us (access->clock);
  start_leg (self, plan->first);
  if (self->legs[us_origin_other (plan->first)].url != NULL)
    us_timer_start (&self->hedge_timer, plan->hedge_ms, "switcher-hedge", on_hedge, self);
  return self;
}

/* Ends the fetch without a callback. */
void
us_fetch_cancel (UsFetch *self) {
  self->done = NULL;
  stop_legs (self);
  fetch_unref (self);
}
