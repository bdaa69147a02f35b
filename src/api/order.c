/* order.c - a write that is confirmed when it is on disk
 *
 * The store writes in a thread of its own and says when a row is synced; only then may a client be
 * told that it is done. Until then its answer is pending (http/pending.c), five seconds at most
 * where only the disk is waited for. An order lives until the store has answered, even if the API
 * is gone by then.
 */
#include "api/api-private.h"

#include "http/problem.h"

struct UsApiOrder {
  UsApi *api; /* NULL: gone */
  UsHttpPending *pending;
  char *subject; /* id of an incident */
  char *said;    /* for the log */
  char *who;
  char *key; /* nullable: Idempotency-Key */
  UsApiOrderAnswer answer;
  GList link;
};

static void
order_free (UsApiOrder *order) {
  g_free (order->subject);
  g_free (order->said);
  g_free (order->who);
  g_free (order->key);
  g_free (order);
}

/**
 * us_api_order_new:
 * @subject: what it is about
 * @said: for the log, when it is done: "incident INC-1 acknowledged"
 * @answer: makes the answer of success
 * @deadline_ms: after which the client is told that it is not known
 * @response: becomes a pending one
 *
 * Returns: (transfer full): for us_api_order_done()
 */
UsApiOrder *
us_api_order_new (UsApi *api, const UsHttpRequest *request, const char *subject, const char *said,
                  UsApiOrderAnswer answer, guint deadline_ms, UsHttpResponse *response) {
  UsApiOrder *order = g_new0 (UsApiOrder, 1);
  order->api = api;
  order->subject = g_strdup (subject);
  order->said = g_strdup (said);
  order->who = g_strdup (api->who);
  order->key = g_strdup (request->idempotency_key);
  order->answer = answer;
  order->link.data = order;
  order->pending = us_http_response_defer (response, deadline_ms);
  g_queue_push_tail_link (&api->orders, &order->link);
  return order;
}

static void
answer_success (UsApiOrder *order, UsHttpResponse *response) {
  UsApi *api = order->api;
  const char *before = api->who;
  api->who = order->who;
  us_api_log_write (api, "%s", order->said);
  order->answer (api, order->subject, response);
  api->who = before;
}

/**
 * us_api_order_done:
 * @error: (nullable): why it was not done
 * @user_data: (transfer full): the order
 */
void
us_api_order_done (const GError *error, gpointer user_data) {
  UsApiOrder *order = user_data;
  UsHttpResponse response = { 0 };
  if (order->api != NULL) {
    g_queue_unlink (&order->api->orders, &order->link);
    if (error != NULL)
      us_api_answer_error (&response, error, "#/note");
    else
      answer_success (order, &response);
    if (order->key != NULL)
      us_api_keys_keep (order->api->keys, order->who, order->key, &response);
    us_http_pending_answer (order->pending, &response);
  }
  order_free (order);
}

/* Nobody is told any more by the orders themselves. */
void
us_api_orders_end (UsApi *api) {
  GList *link;
  while ((link = g_queue_pop_head_link (&api->orders)) != NULL) {
    UsApiOrder *order = link->data;
    UsHttpResponse response = { 0 };
    us_http_problem (&response, 503, "stopping", "Stopping", "This desk is stopping.");
    us_http_pending_answer (g_steal_pointer (&order->pending), &response);
    order->api = NULL;
  }
}
