/* pending.c - an answer that comes later
 *
 * A handler that may only confirm what is on disk defers its response, and answers when it knows.
 * The job of the request waits meanwhile (exchange.c), no longer than the deadline: then its client
 * gets 503 and the late answer is thrown away. Everything in the main context; reference counted,
 * so that neither side needs to know which of the two ends first.
 */
#include "http/pending.h"

#include <string.h>

#include "base/timer.h"
#include "http/problem.h"

struct UsHttpPending {
  guint n_refs;
  guint deadline_ms;
  gboolean is_answered; /* or too late */
  UsHttpResponse answer;
  GSource *timer;         /* nullable */
  UsHttpPendingDone done; /* nullable: nobody waits yet, or any more */
  gpointer user_data;
};

/**
 * us_http_response_defer:
 * @response: of the handler that is being called; what else is in it is not sent
 * @deadline_ms: from now on
 *
 * Returns: (transfer full): us_http_pending_answer() it, also when it has become too late
 */
UsHttpPending *
us_http_response_defer (UsHttpResponse *response, guint deadline_ms) {
  g_return_val_if_fail (response->pending == NULL, NULL);

  UsHttpPending *pending = g_new0 (UsHttpPending, 1);
  pending->n_refs = 2; /* the handler's and the response's */
  pending->deadline_ms = deadline_ms;
  response->pending = pending;
  return pending;
}

void
us_http_pending_unref (UsHttpPending *pending) {
  if (--pending->n_refs > 0)
    return;
  us_timer_stop (&pending->timer);
  us_http_response_clear (&pending->answer);
  g_free (pending);
}

static void
tell (UsHttpPending *pending) {
  UsHttpPendingDone done = g_steal_pointer (&pending->done);

  us_timer_stop (&pending->timer);
  if (done != NULL)
    done (pending, pending->user_data);
}

/**
 * us_http_pending_answer:
 * @pending: (transfer full)
 * @response: taken over and cleared
 *
 * Sends it, unless the deadline has passed or the client has gone.
 */
void
us_http_pending_answer (UsHttpPending *pending, UsHttpResponse *response) {
  if (pending->is_answered) {
    us_http_response_clear (response);
  } else {
    pending->is_answered = TRUE;
    pending->answer = *response;
    memset (response, 0, sizeof *response);
    tell (pending);
  }
  us_http_pending_unref (pending);
}

static gboolean
on_deadline (gpointer user_data) {
  UsHttpPending *pending = user_data;

  us_timer_stop (&pending->timer);
  pending->is_answered = TRUE;
  us_http_problem (&pending->answer, 503, "not-confirmed", "Not confirmed",
                   "It could not be confirmed within %u ms; it may still happen. Look before you "
                   "try again.",
                   pending->deadline_ms);
  pending->answer.retry_after = g_strdup ("5");
  tell (pending);
  return G_SOURCE_REMOVE;
}

/**
 * us_http_pending_watch:
 * @context: the main context
 * @done: called once: now if the answer is there already
 */
void
us_http_pending_watch (UsHttpPending *pending, GMainContext *context, UsHttpPendingDone done,
                       gpointer user_data) {
  pending->done = done;
  pending->user_data = user_data;
  if (pending->is_answered) {
    tell (pending);
    return;
  }
  pending->timer = g_timeout_source_new (pending->deadline_ms);
  g_source_set_static_name (pending->timer, "us-http-pending");
  g_source_set_callback (pending->timer, on_deadline, pending, NULL);
  g_source_attach (pending->timer, context);
}

/* @response: (out): the answer; what was in it is dropped, with its reference to @pending. */
void
us_http_pending_take (UsHttpPending *pending, UsHttpResponse *response) {
  UsHttpResponse answer = pending->answer;

  memset (&pending->answer, 0, sizeof pending->answer);
  us_http_response_clear (response);
  *response = answer;
}
