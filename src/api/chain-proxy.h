/* chain-proxy.h - questions to the switcher of our own chain: bounded, timed, and told in words */
#pragma once

#include "incident/inside.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

#define US_CHAIN_READ_MS 2000   /* until a question is answered */
#define US_CHAIN_WRITE_MS 10000 /* until a command is */
#define US_CHAIN_MAX_BODY 4096  /* of a command, as the switcher takes it */
#define US_CHAIN_MAX_ASKED 64   /* questions under way; commands are never too many */

typedef enum {
  US_CHAIN_OK,          /* a JSON object */
  US_CHAIN_REFUSED,     /* the one who asked asked for something wrong: a problem */
  US_CHAIN_SHUT,        /* the switcher does not let the desk in */
  US_CHAIN_UNREACHABLE, /* no answer, or none that is one */
  US_CHAIN_ENDED,       /* the desk ends */
} UsChainOutcome;

/* UsChainReply: valid during the callback. */
typedef struct {
  UsChainOutcome outcome;
  guint status;     /* HTTP: of an answer */
  JsonObject *json; /* (nullable): of US_CHAIN_OK and US_CHAIN_REFUSED */
  char *words;      /* (nullable): of the others: what is the matter, and what to do */
} UsChainReply;

/* Called once for each question, in the main loop, never from within us_chain_proxy_ask(). */
typedef void (*UsChainDone) (const UsChainReply *reply, gpointer user_data);

typedef struct UsChainProxy UsChainProxy;

UsChainProxy *us_chain_proxy_new (const UsInsideSettings *settings);
void us_chain_proxy_free (UsChainProxy *proxy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsChainProxy, us_chain_proxy_free)

const char *us_chain_proxy_get_url (const UsChainProxy *proxy);
gboolean us_chain_proxy_is_busy (const UsChainProxy *proxy);
void us_chain_proxy_ask (UsChainProxy *proxy, const char *path, GBytes *command, const char *user,
                         UsChainDone done, gpointer user_data);

gboolean us_chain_is_passed_on (guint status, const char *type);

G_END_DECLS
