/* hook.h - asks a web service about each publisher, in the form that nginx-rtmp made known */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_HOOK_PARALLEL 16       /* requests at the same time */
#define US_HOOK_MAX_WAITING 256   /* publishers that wait for their turn */
#define US_HOOK_MAX_FAREWELLS 256 /* publish_done calls that wait for theirs */

typedef struct {
  const char *on_publish;      /* (nullable): http or https */
  const char *on_publish_done; /* (nullable) */
  guint timeout_ms;            /* from the publish to the answer, waiting included */
  gboolean allows_on_failure;  /* no answer in time lets the publisher in, by the name in its URL */
} UsHookSettings;

/* UsHookCall: what is told of a publisher; nothing is NULL. */
typedef struct {
  const char *app, *name, *host, *encoder, *tc_url;
  const char *query;  /* of the URL; its words follow ours and cannot replace them */
  const char *key_id; /* "": no keys file */
  guint64 client_id;
} UsHookCall;

typedef enum {
  US_HOOK_ALLOWED,
  US_HOOK_RENAMED,
  US_HOOK_DENIED,
  US_HOOK_FAILED, /* no answer, or none that can be understood */
} UsHookVerdict;

/* @name: of a renamed stream, a valid one
 * @why: a sentence for the log */
typedef void (*UsHookFunc) (UsHookVerdict verdict, const char *name, const char *why,
                            gpointer user_data);

typedef struct UsHook UsHook;
typedef struct UsHookAsk UsHookAsk;

UsHook *us_hook_new (const UsHookSettings *settings);
void us_hook_free (UsHook *hook);
UsHookAsk *us_hook_ask (UsHook *hook, const UsHookCall *call, UsHookFunc func, gpointer user_data);
void us_hook_ask_cancel (UsHookAsk *ask);
void us_hook_say_goodbye (UsHook *hook, const UsHookCall *call);
gboolean us_hook_is_idle (UsHook *hook);
char *us_hook_render (const char *verb, const UsHookCall *call);
UsHookVerdict us_hook_judge (guint status, const char *location, const char **why);

G_END_DECLS
