/* fetch.c - one segment from whichever of two origins delivers a whole copy first
 *
 * A fetch has two legs, one per origin. The first is asked at once; the other when the first is
 * silent for the hedge time or has failed. The first whole and valid copy wins and the other leg
 * is cancelled. Lives on the main loop until its callback has run or us_fetch_cancel() was called;
 * a leg's late reply only drops its reference.
 */
#include "switcher/fetch.h"

#include <string.h>

#define US_LOG_TOPIC "switcher.fetch"
#include "base/log.h"
#include "base/timer.h"
#include "hls/mpegts.h"
#include "switcher/follower.h"

#define CONNECT_TIMEOUT_MS 500
#define FIRST_BYTE_TIMEOUT_MS 1500
#define ETAG_LENGTH 66 /* SHA-256 in hex between quotes: what our origins send */

typedef struct {
  char *url;
  GCancellable *cancellable; /* (nullable): running */
  gboolean was_asked;
} Leg;

struct UsFetch {
  gatomicrefcount count; /* one of the owner, one per running leg */
  const UsOriginAccess *access;
  UsFetchPlan plan; /* its urls are in legs */
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
  for (guint i = 0; i < US_N_ORIGINS; i++)
    g_free (self->legs[i].url);
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
  fetch_unref (self);
}

/**
 * us_fetch_judge:
 * @bytes: a whole segment
 * @is_ours: made by one of our packagers, so that everything must be right
 * @error: US_MPEGTS_ERROR
 *
 * A foreign packager may write tables late, continuity counters of its own and open GOPs; players
 * have to live with that and so do we. What is no transport stream at all is refused from anybody.
 *
 * Returns: US_REASON_OK or US_REASON_BAD_SEGMENT with @error set
 */
UsReason
us_fetch_judge (GBytes *bytes, gboolean is_ours, GError **error) {
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  UsMpegtsInfo info;
  g_autoptr (GError) local = NULL;
  if (size == 0) {
    g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_EMPTY, "the segment is empty");
    return US_REASON_BAD_SEGMENT;
  }
  if (!us_mpegts_inspect (data, size, &info, &local)) {
    if (!is_ours && !g_error_matches (local, US_MPEGTS_ERROR, US_MPEGTS_ERROR_GRID)
        && !g_error_matches (local, US_MPEGTS_ERROR, US_MPEGTS_ERROR_EMPTY))
      return US_REASON_OK;
    g_propagate_error (error, g_steal_pointer (&local));
    return US_REASON_BAD_SEGMENT;
  }
  if (is_ours && !info.starts_with_tables) {
    g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_TABLES,
                 "the segment does not start with PAT and PMT");
    return US_REASON_BAD_SEGMENT;
  }
  return US_REASON_OK;
}

/* Takes the copy if it is good. Returns: the reason why not. */
static UsReason
take_copy (UsFetch *self, UsOriginId origin, const UsHttpReply *reply, GError **error) {
  if (reply->status != 200) {
    g_set_error (error, US_HTTP_ERROR, US_HTTP_ERROR_PROTOCOL, "HTTP status %u", reply->status);
    return us_reason_from_status (reply->status);
  }
  UsReason reason = us_fetch_judge (reply->body, self->plan.is_ours, error);
  if (reason != US_REASON_OK)
    return reason;
  if (self->plan.is_ours) {
    g_autoptr (UsSegment) segment
        = us_segment_new (self->plan.epoch, self->plan.number, NULL, reply->body);
    if (reply->etag != NULL && strlen (reply->etag) == ETAG_LENGTH
        && strcmp (reply->etag, segment->etag) != 0) {
      g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_GRID,
                   "the bytes hash to %s, its ETag says %s", segment->etag, reply->etag);
      return US_REASON_BAD_SEGMENT;
    }
    self->result.segment = g_steal_pointer (&segment);
  }
  self->result.bytes = g_bytes_ref (reply->body);
  self->result.winner = origin;
  return US_REASON_OK;
}

static void
on_leg_failed (UsFetch *self, UsOriginId origin) {
  UsOriginId other = us_origin_other (origin);
  if (!self->legs[other].was_asked && self->legs[other].url != NULL)
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
      us_info ("%s from %s: %s: %s", self->legs[call->origin].url, us_origin_word (call->origin),
               us_reason_word (reason), error->message);
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
  if (!self->legs[other].was_asked && self->legs[other].url != NULL)
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
