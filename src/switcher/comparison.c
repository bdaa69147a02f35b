/* comparison.c - whether the other origin has the same bytes in one segment
 *
 * A HEAD request with the segment's own entity tag: packagers of ours answer 304, or with another
 * tag, and send nothing; their tag is the hash of the bytes. A thorough comparison asks for the
 * bytes where that has not shown them to be the same. Lives on the main loop until its owner
 * cancels it, which he does also when it has ended.
 */
#include "switcher/comparison.h"

#include <string.h>

#include "base/etag.h"
#include "switcher/fetch.h"

#define HEAD_DEADLINE_MS 3000

struct UsComparison {
  gatomicrefcount count; /* the owner, and the request while it runs */
  const UsOriginAccess *access;
  UsOriginId origin;
  char *url;
  UsSegment *segment;
  gboolean is_thorough;
  gboolean is_reading;       /* the bytes have been asked for */
  GCancellable *cancellable; /* (nullable): running */
  UsCompared done;           /* NULL once told or cancelled */
  gpointer user_data;
};

static void ask (UsComparison *self);

static void
comparison_unref (UsComparison *self) {
  if (!g_atomic_ref_count_dec (&self->count))
    return;
  us_segment_unref (self->segment);
  g_free (self->url);
  g_free (self);
}

static gboolean
has_our_tag (const UsHttpReply *reply, const UsSegment *segment) {
  return reply->etag != NULL && reply->etag[0] == '"'
         && strlen (reply->etag) == strlen (segment->etag);
}

static UsComparisonResult
judge_tag (const UsHttpReply *reply, const UsSegment *segment) {
  if (reply->status == 304)
    return US_COMPARISON_EQUAL;
  if (reply->status != 200 || !has_our_tag (reply, segment))
    return US_COMPARISON_UNKNOWN;
  return strcmp (reply->etag, segment->etag) == 0 ? US_COMPARISON_EQUAL : US_COMPARISON_OTHER_TAG;
}

/* Damaged on its way: the tag that it came with is that of other bytes. */
static gboolean
is_damaged (const UsHttpReply *reply, const UsSegment *segment) {
  if (!has_our_tag (reply, segment))
    return FALSE;
  g_autofree char *etag = us_etag (reply->body);
  return strcmp (etag, reply->etag) != 0;
}

/* One that has none, or none that is whole, is no evidence either way. */
static UsComparisonResult
judge_bytes (const UsHttpReply *reply, const UsSegment *segment) {
  if (reply->status == 304)
    return US_COMPARISON_EQUAL;
  if (reply->status != 200 || is_damaged (reply, segment))
    return US_COMPARISON_UNKNOWN;
  if (g_bytes_equal (reply->body, segment->bytes))
    return US_COMPARISON_EQUAL;
  return us_fetch_judge_ours (reply->body, NULL) == US_REASON_OK ? US_COMPARISON_DIFFERENT
                                                                 : US_COMPARISON_UNUSABLE;
}

/* Whether there may be bytes to look at: a server need not know HEAD. */
static gboolean
must_read (const UsComparison *self, const UsHttpReply *reply, UsComparisonResult result) {
  return self->is_thorough && !self->is_reading && result != US_COMPARISON_EQUAL
         && (reply->status == 200 || reply->status == 405 || reply->status == 501);
}

static void
on_reply (GObject *source, GAsyncResult *result, gpointer user_data) {
  UsComparison *self = user_data;
  UsComparisonResult found = US_COMPARISON_UNKNOWN;
  g_autoptr (UsHttpReply) reply
      = us_http_client_fetch_finish (US_HTTP_CLIENT (source), result, NULL);
  g_clear_object (&self->cancellable);
  if (reply != NULL && self->done != NULL) {
    found
        = self->is_reading ? judge_bytes (reply, self->segment) : judge_tag (reply, self->segment);
    if (must_read (self, reply, found)) {
      self->is_reading = TRUE;
      ask (self);
    }
  }
  if (self->cancellable == NULL && self->done != NULL) {
    UsCompared done = g_steal_pointer (&self->done);
    done (self->segment, found, self->user_data);
  }
  comparison_unref (self);
}

static void
ask (UsComparison *self) {
  const UsHttpFetch fetch = { .method = self->is_reading ? NULL : "HEAD",
                              .if_none_match = self->segment->etag,
                              .max_bytes = self->access->max_segment_bytes,
                              .first_byte_timeout_ms = self->is_reading ? 0 : HEAD_DEADLINE_MS,
                              .deadline_ms = self->is_reading ? 0 : HEAD_DEADLINE_MS,
                              .led_by = self->access->base_url[self->origin] };
  g_atomic_ref_count_inc (&self->count);
  self->cancellable = g_cancellable_new ();
  us_http_client_fetch_async (self->access->client, self->url, &fetch, self->cancellable, on_reply,
                              self);
}

/**
 * us_comparison_start:
 * @access: outlives the comparison
 * @origin: the other one
 * @url: of its copy
 * @segment: ours to compare; a reference is taken
 * @is_thorough: its bytes are looked at where its tag does not say that they are the same
 *
 * Returns: (transfer full): to be ended by us_comparison_cancel()
 */
UsComparison *
us_comparison_start (const UsOriginAccess *access, UsOriginId origin, const char *url,
                     UsSegment *segment, gboolean is_thorough, UsCompared done,
                     gpointer user_data) {
  UsComparison *self = g_new0 (UsComparison, 1);
  g_atomic_ref_count_init (&self->count);
  self->access = access;
  self->origin = origin;
  self->url = g_strdup (url);
  self->segment = us_segment_ref (segment);
  self->is_thorough = is_thorough;
  self->done = done;
  self->user_data = user_data;
  ask (self);
  return self;
}

gboolean
us_comparison_is_running (const UsComparison *self) {
  return self->cancellable != NULL;
}

void
us_comparison_cancel (UsComparison *self) {
  self->done = NULL;
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  comparison_unref (self);
}
