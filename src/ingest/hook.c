/* hook.c - on_publish and on_publish_done
 *
 * A publisher waits, unanswered, while its request is under way; when it goes, the request is
 * cancelled. Requests run US_HOOK_PARALLEL at a time and wait for each other in a bounded queue, so
 * that a slow service costs publishers time and us nothing. The deadline counts from the publish,
 * not from when its turn came. A goodbye is sent once; a service that is away misses it.
 *
 * The service decides on a publisher by words that the publisher wrote, so those of its query that
 * bear one of our names are left out, and all are encoded again: "?name=other" means nothing. Nor
 * do " name" and "name[]", which web frameworks take for it: names are of plain characters.
 * Main loop only; owned by the gate.
 */
#define US_LOG_TOPIC "ingest.hook"
#include "ingest/hook.h"

#include <string.h>

#include "base/log.h"
#include "base/names.h"
#include "base/timer.h"
#include "base/url.h"
#include "http/client.h"
#include "ingest/name.h"

#define MAX_REPLY (64 * 1024) /* bytes; what is in it does not matter */
#define WARN_US (10 * G_USEC_PER_SEC)

struct UsHookAsk {
  UsHook *hook;
  const char *url; /* the hook's */
  char *body;
  UsHookFunc func; /* (nullable): a goodbye, or cancelled */
  gpointer user_data;
  GCancellable *cancellable;
  GSource *deadline; /* of one that waits for its turn */
  gint64 asked_us;
  gboolean is_running;
  GList link;
};

struct UsHook {
  char *on_publish, *on_publish_done;
  guint timeout_ms;
  UsHttpClient *client;
  GQueue asking, farewells; /* UsHookAsk by their links: wait for their turn */
  GQueue running;
  gint64 warned_us;
};

static const char *const own_words[] = { "app",  "flashver", "tcurl", "addr",   "clientid", "call",
                                         "name", "type",     "keyid", "swfurl", "pageurl",  NULL };

static void
add_word (GString *body, const char *name, const char *value) {
  g_autofree char *encoded_name = g_uri_escape_string (name, NULL, FALSE);
  g_autofree char *encoded = g_uri_escape_string (value, NULL, FALSE);
  g_string_append_printf (body, "%s%s=%s", body->len > 0 ? "&" : "", encoded_name, encoded);
}

static gboolean
is_plain_name (const char *name) {
  const char *p = name;
  while (g_ascii_isalnum (*p) || *p == '_' || *p == '-' || *p == '.')
    p++;
  return p != name && *p == '\0';
}

static void
add_query (GString *body, const char *query) {
  g_auto (GStrv) words = g_strsplit (query, "&", -1);
  for (guint i = 0; words[i] != NULL; i++) {
    char *sign = strchr (words[i], '=');
    if (sign != NULL)
      *sign = '\0';
    g_autofree char *name = g_uri_unescape_string (words[i], NULL);
    g_autofree char *value = g_uri_unescape_string (sign != NULL ? sign + 1 : "", NULL);
    g_autofree char *folded = name != NULL ? g_ascii_strdown (name, -1) : NULL;
    if (folded == NULL || value == NULL || !is_plain_name (folded)
        || g_strv_contains (own_words, folded))
      continue;
    add_word (body, name, value);
  }
}

/**
 * us_hook_render:
 * @verb: "publish" or "publish_done"
 * @call: the publisher
 *
 * Returns: (transfer full): a body of application/x-www-form-urlencoded
 */
char *
us_hook_render (const char *verb, const UsHookCall *call) {
  GString *body = g_string_new (NULL);
  g_autofree char *client_id = g_strdup_printf ("%" G_GUINT64_FORMAT, call->client_id);
  add_word (body, "call", verb);
  add_word (body, "app", call->app);
  add_word (body, "name", call->name);
  add_word (body, "type", "live");
  add_word (body, "addr", call->host);
  add_word (body, "clientid", client_id);
  add_word (body, "flashver", call->encoder);
  add_word (body, "tcurl", call->tc_url);
  add_word (body, "swfurl", "");
  add_word (body, "pageurl", "");
  if (call->key_id[0] != '\0')
    add_word (body, "keyid", call->key_id);
  add_query (body, call->query);
  return g_string_free (body, FALSE);
}

/**
 * us_hook_judge:
 * @status: of the answer
 * @location: (nullable): its Location
 * @why: (out): a sentence for the log
 *
 * Returns: what it means
 */
UsHookVerdict
us_hook_judge (guint status, const char *location, const char **why) {
  *why = "the publish callback said no";
  if (status >= 200 && status < 300)
    return US_HOOK_ALLOWED;
  if (status >= 300 && status < 400) {
    if (location != NULL && us_stream_name_is_valid (location, NULL))
      return US_HOOK_RENAMED;
    *why = "the publish callback redirects to what is no stream name; to another server, use push";
    return US_HOOK_FAILED;
  }
  if (status >= 500) {
    *why = "the publish callback answered with an error of the server";
    return US_HOOK_FAILED;
  }
  return US_HOOK_DENIED;
}

/* ---------------------------------------------------------------------------------- requests */

static void run_next (UsHook *hook);

static void
ask_free (UsHookAsk *ask) {
  us_timer_stop (&ask->deadline);
  g_object_unref (ask->cancellable);
  explicit_bzero (ask->body, strlen (ask->body));
  g_free (ask->body);
  g_free (ask);
}

static void
warn (UsHook *hook, const char *url, const char *why) {
  gint64 now_us = g_get_monotonic_time ();
  if (hook->warned_us != 0 && now_us - hook->warned_us < WARN_US)
    return;
  g_autofree char *shown = us_url_for_people (url);
  hook->warned_us = now_us;
  us_event (US_LOG_WARNING, US_EVENT_PUBLISH_HOOK, "%s: %s", shown, why);
}

static void
answer (UsHookAsk *ask, UsHookVerdict verdict, const char *name, const char *why) {
  UsHookFunc func = g_steal_pointer (&ask->func);
  if (verdict == US_HOOK_FAILED)
    warn (ask->hook, ask->url, why);
  if (func != NULL)
    func (verdict, name, why, ask->user_data);
}

static void
on_reply (GObject *source, GAsyncResult *result, gpointer user_data) {
  UsHookAsk *ask = user_data;
  UsHook *hook = ask->hook;
  g_autoptr (GError) error = NULL;
  g_autoptr (UsHttpReply) reply
      = us_http_client_fetch_finish (US_HTTP_CLIENT (source), result, &error);
  if (hook == NULL) { /* freed meanwhile */
    ask_free (ask);
    return;
  }
  g_queue_unlink (&hook->running, &ask->link);
  if (reply != NULL) {
    const char *why = NULL;
    UsHookVerdict verdict = us_hook_judge (reply->status, reply->location, &why);
    answer (ask, verdict, reply->location, why);
  } else if (!g_cancellable_is_cancelled (ask->cancellable)) {
    answer (ask, US_HOOK_FAILED, NULL, error->message);
  }
  ask_free (ask);
  run_next (hook);
}

static void
run_ask (UsHook *hook, UsHookAsk *ask) {
  gint64 waited_ms = (g_get_monotonic_time () - ask->asked_us) / 1000;
  guint left_ms = (guint)CLAMP (hook->timeout_ms - waited_ms, 1, hook->timeout_ms);
  g_autoptr (GBytes) body = g_bytes_new (ask->body, strlen (ask->body));
  UsHttpFetch fetch = {
    .method = "POST",
    .body = body,
    .body_type = "application/x-www-form-urlencoded",
    .connect_timeout_ms = left_ms,
    .first_byte_timeout_ms = left_ms,
    .deadline_ms = left_ms,
    .max_bytes = MAX_REPLY,
  };
  us_timer_stop (&ask->deadline);
  ask->is_running = TRUE;
  g_queue_push_tail_link (&hook->running, &ask->link);
  us_http_client_fetch_async (hook->client, ask->url, &fetch, ask->cancellable, on_reply, ask);
}

/* Publishers go before goodbyes. */
static void
run_next (UsHook *hook) {
  while (hook->running.length < US_HOOK_PARALLEL) {
    GList *link = g_queue_pop_head_link (&hook->asking);
    if (link == NULL)
      link = g_queue_pop_head_link (&hook->farewells);
    if (link == NULL)
      return;
    run_ask (hook, link->data);
  }
}

static gboolean
on_deadline (gpointer user_data) {
  UsHookAsk *ask = user_data;
  g_queue_unlink (&ask->hook->asking, &ask->link);
  answer (ask, US_HOOK_FAILED, NULL, "the publish callback is too slow for so many publishers");
  ask_free (ask);
  return G_SOURCE_REMOVE;
}

static UsHookAsk *
ask_new (UsHook *hook, const char *url, char *body) {
  UsHookAsk *ask = g_new0 (UsHookAsk, 1);
  ask->hook = hook;
  ask->url = url;
  ask->body = body;
  ask->cancellable = g_cancellable_new ();
  ask->asked_us = g_get_monotonic_time ();
  ask->link.data = ask;
  return ask;
}

/* ------------------------------------------------------------------------------------ public */

/**
 * us_hook_new:
 * @settings: copied
 *
 * Returns: (transfer full): a hook in the thread-default main context
 */
UsHook *
us_hook_new (const UsHookSettings *settings) {
  UsHook *hook = g_new0 (UsHook, 1);
  hook->on_publish = g_strdup (settings->on_publish);
  hook->on_publish_done = g_strdup (settings->on_publish_done);
  hook->timeout_ms = settings->timeout_ms;
  hook->client = us_http_client_new (US_PROGRAM "-ingest");
  g_queue_init (&hook->asking);
  g_queue_init (&hook->farewells);
  g_queue_init (&hook->running);
  return hook;
}

/**
 * us_hook_ask:
 * @hook: one with on_publish
 * @call: the publisher
 * @func: called once, later, from the main loop
 * @user_data: its last argument
 *
 * Returns: (transfer none) (nullable): valid until @func is called; %NULL: too many wait, @func is
 *   not called
 */
UsHookAsk *
us_hook_ask (UsHook *hook, const UsHookCall *call, UsHookFunc func, gpointer user_data) {
  if (hook->asking.length >= US_HOOK_MAX_WAITING) {
    warn (hook, hook->on_publish, "too many publishers wait for an answer: more are refused");
    return NULL;
  }
  UsHookAsk *ask = ask_new (hook, hook->on_publish, us_hook_render ("publish", call));
  ask->func = func;
  ask->user_data = user_data;
  us_timer_start (&ask->deadline, hook->timeout_ms, "us-hook-deadline", on_deadline, ask);
  g_queue_push_tail_link (&hook->asking, &ask->link);
  run_next (hook);
  return ask;
}

/**
 * us_hook_ask_cancel:
 * @ask: (transfer full): whose function was not called yet, and will not be
 */
void
us_hook_ask_cancel (UsHookAsk *ask) {
  ask->func = NULL;
  if (ask->is_running) {
    g_cancellable_cancel (ask->cancellable);
    return;
  }
  g_queue_unlink (&ask->hook->asking, &ask->link);
  ask_free (ask);
}

/**
 * us_hook_say_goodbye:
 * @hook: one with or without on_publish_done
 * @call: a publisher that was let in and has gone
 */
void
us_hook_say_goodbye (UsHook *hook, const UsHookCall *call) {
  if (hook->on_publish_done == NULL)
    return;
  if (hook->farewells.length >= US_HOOK_MAX_FAREWELLS) {
    warn (hook, hook->on_publish_done, "too many goodbyes wait: the oldest one is dropped");
    ask_free (g_queue_pop_head_link (&hook->farewells)->data);
  }
  UsHookAsk *ask = ask_new (hook, hook->on_publish_done, us_hook_render ("publish_done", call));
  g_queue_push_tail_link (&hook->farewells, &ask->link);
  run_next (hook);
}

/**
 * us_hook_is_idle:
 * @hook: a hook
 *
 * Returns: whether everything was said that had to be
 */
gboolean
us_hook_is_idle (UsHook *hook) {
  return hook->asking.length == 0 && hook->farewells.length == 0 && hook->running.length == 0;
}

static void
drop_all (GQueue *queue) {
  GList *link;
  while ((link = g_queue_pop_head_link (queue)) != NULL)
    ask_free (link->data);
}

/**
 * us_hook_free:
 * @hook: (transfer full) (nullable): the hook; no function is called any more
 */
void
us_hook_free (UsHook *hook) {
  GList *link;
  if (hook == NULL)
    return;
  drop_all (&hook->asking);
  drop_all (&hook->farewells);
  while ((link = g_queue_pop_head_link (&hook->running)) != NULL) {
    UsHookAsk *ask = link->data;
    ask->hook = NULL;
    ask->url = NULL;
    ask->func = NULL;
    g_cancellable_cancel (ask->cancellable);
  }
  g_object_unref (hook->client);
  g_free (hook->on_publish);
  g_free (hook->on_publish_done);
  g_free (hook);
}
