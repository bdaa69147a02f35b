/* comparison.c - whether the other origin has the same bytes in one segment
 *
 * Asks with the segment's own entity tag, so that twins of ours answer 304 and send nothing. Lives
 * on the main loop until its owner cancels it, which he does also when it has ended.
 */
#include "switcher/comparison.h"

#include <string.h>

#include "base/etag.h"
#include "switcher/fetch.h"

struct UsComparison {
  gatomicrefcount count; /* the owner, and the request while it runs */
  UsSegment *segment;
  GCancellable *cancellable; /* (nullable): running */
  UsCompared done;           /* NULL once told or cancelled */
  gpointer user_data;
};

static void
comparison_unref (UsComparison *self) {
  if (!g_atomic_ref_count_dec (&self->count))
    return;
  us_segment_unref (self->segment);
  g_free (self);
}

/* Damaged on its way: the tag that it came with is that of other bytes. */
static gboolean
is_damaged (const UsHttpReply *reply, const UsSegment *segment) {
  if (reply->status != 200 || reply->etag == NULL || strlen (reply->etag) != strlen (segment->etag))
    return FALSE; /* not one of ours */
  g_autofree char *etag = us_etag (reply->body);
  return strcmp (etag, reply->etag) != 0;
}

static void
on_reply (GObject *source, GAsyncResult *result, gpointer user_data) {
  UsComparison *self = user_data;
  g_autoptr (UsHttpReply) reply
      = us_http_client_fetch_finish (US_HTTP_CLIENT (source), result, NULL);
  g_clear_object (&self->cancellable);
  UsCompared done = g_steal_pointer (&self->done);
  /* One that has none, or none that is whole, is no evidence either way. */
  if (done != NULL && reply != NULL && (reply->status == 200 || reply->status == 304)
      && !is_damaged (reply, self->segment)) {
    gboolean is_equal = reply->status == 304 || g_bytes_equal (reply->body, self->segment->bytes);
    gboolean is_usable = is_equal || us_fetch_judge_ours (reply->body, NULL) == US_REASON_OK;
    done (self->segment, is_equal, is_usable, self->user_data);
  }
  comparison_unref (self);
}

/**
 * us_comparison_start:
 * @origin: the other one
 * @url: of its copy
 * @segment: ours to compare; a reference is taken
 *
 * Returns: (transfer full): to be ended by us_comparison_cancel()
 */
UsComparison *
us_comparison_start (const UsOriginAccess *access, UsOriginId origin, const char *url,
                     UsSegment *segment, UsCompared done, gpointer user_data) {
  UsComparison *self = g_new0 (UsComparison, 1);
  UsHttpFetch fetch = { .if_none_match = segment->etag,
                        .max_bytes = access->max_segment_bytes,
                        .led_by = access->base_url[origin] };
  g_atomic_ref_count_init (&self->count);
  g_atomic_ref_count_inc (&self->count);
  self->segment = us_segment_ref (segment);
  self->cancellable = g_cancellable_new ();
  self->done = done;
  self->user_data = user_data;
  us_http_client_fetch_async (access->client, url, &fetch, self->cancellable, on_reply, self);
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
