/* waiter.c - answers that wait for the store, while nobody stands still
 *
 * Everything runs in the desk's loop, which also watches streams: nobody may wait in it. What was
 * queued for the disk a moment ago is not there yet; a request that reads the store therefore
 * waits, as a pending one (http/pending.c), until that is so, for a moment at most: what was
 * confirmed to anybody is on disk in any case. Without anything in the queue, which is how it is
 * mostly, it is answered at once.
 *
 * A waiter lives until the store has answered, even if the API is gone by then.
 */
#include "api/api-private.h"

#include "base/timer.h"
#include "http/message.h"
#include "http/problem.h"

#include <string.h>

#define SETTLE_MS 200 /* a disk that takes longer is not waited for */

/**
 * us_api_waiter_begin:
 * @waiter: part of what waits; stays in place until us_api_waiter_answer(), or the API's end
 * @response: becomes a pending one
 */
void
us_api_waiter_begin (UsApiWaiter *waiter, UsApi *api, UsHttpResponse *response, guint deadline_ms) {
  waiter->api = api;
  waiter->pending = us_http_response_defer (response, deadline_ms);
  waiter->link.data = waiter;
  g_queue_push_tail_link (&api->waiters, &waiter->link);
}

/* @response: taken over. @waiter->api is NULL afterwards. */
void
us_api_waiter_answer (UsApiWaiter *waiter, UsHttpResponse *response) {
  g_queue_unlink (&waiter->api->waiters, &waiter->link);
  waiter->api = NULL;
  us_http_pending_answer (g_steal_pointer (&waiter->pending), response);
}

void
us_api_waiters_end (UsApi *api) {
  GList *link;
  while ((link = api->waiters.head) != NULL) {
    UsHttpResponse response = { 0 };
    us_http_problem (&response, 503, "stopping", "Stopping", "This desk is stopping.");
    us_api_waiter_answer (link->data, &response);
  }
}

/* ---- what is queued ---- */

typedef struct {
  UsApiWaiter waiter;
  UsHttpRequest request;
  char *who;
  GSource *timer;
} Later;

/* GET of what only the store has. What takes long is read in a thread, which waits by itself. */
static gboolean
reads_store (const UsHttpRequest *request) {
  static const char *const beginnings[]
      = { "/api/incidents", "/api/thumbnails/", "/api/deliveries" };
  static const char *const ends[] = { "/timeline", "/findings", "/thumbnails" };
  if (strcmp (request->method, "GET") != 0 && strcmp (request->method, "HEAD") != 0)
    return FALSE;
  if (g_str_has_suffix (request->path, "/bundle"))
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (beginnings); i++)
    if (g_str_has_prefix (request->path, beginnings[i]))
      return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (ends); i++)
    if (g_str_has_suffix (request->path, ends[i]))
      return TRUE;
  return FALSE;
}

static void
carry_on (Later *later) {
  UsApi *api = later->waiter.api;
  UsHttpResponse response = { 0 };
  us_timer_stop (&later->timer);
  if (api == NULL)
    return;
  api->who = later->who;
  us_template_dispatch (us_api_routes, api, &later->request, &response);
  api->who = NULL;
  us_api_waiter_answer (&later->waiter, &response);
}

static gboolean
on_late (gpointer user_data) {
  carry_on (user_data);
  return G_SOURCE_REMOVE;
}

/* A UsStoreDone. @error: the mark had to go; then there is nothing to wait for. */
static void
on_settled (const GError *error, gpointer user_data) {
  Later *later = user_data;
  carry_on (later);
  us_http_request_clear (&later->request);
  g_free (later->who);
  g_free (later);
}

/**
 * us_api_wait_for_store:
 * @who: who asks
 *
 * Returns: whether @response is a pending one, and @request will be dispatched in a moment
 */
gboolean
us_api_wait_for_store (UsApi *api, const UsHttpRequest *request, const char *who,
                       UsHttpResponse *response) {
  UsStore *store = us_desk_get_store (api->desk);
  if (!reads_store (request) || us_store_is_settled (store))
    return FALSE;
  Later *later = g_new0 (Later, 1);
  us_http_request_copy (&later->request, request);
  later->who = g_strdup (who);
  us_api_waiter_begin (&later->waiter, api, response, US_API_ORDER_MS);
  us_timer_start (&later->timer, SETTLE_MS, "api settle", on_late, later);
  us_store_settle (store, on_settled, later);
  return TRUE;
}
