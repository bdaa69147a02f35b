/* keys.c - answers that are given again when the same request comes again
 *
 * A client that lost the answer of a POST cannot know whether it was done. With an Idempotency-Key
 * it sends the request again and gets the first answer, for ten minutes; the same key with another
 * request is refused. The request is remembered by its hash. Bounded: the oldest key goes first.
 * Owned by the API, in its thread; time is passed in.
 */
#include "api/keys.h"

#include <string.h>

#include "base/etag.h"
#include "http/problem.h"

typedef struct {
  char *name; /* who and key */
  char *print;
  gint64 asked_us; /* monotonic */
  guint status;    /* 0: not answered yet */
  const char *content_type;
  char *etag, *location;
  GBytes *body;
  GList link; /* in order of age */
} Answer;

struct UsApiKeys {
  GHashTable *answers; /* name (the value's) to Answer */
  GQueue order;        /* oldest first */
};

static void
answer_free (gpointer data) {
  Answer *answer = data;
  g_free (answer->name);
  g_free (answer->print);
  g_free (answer->etag);
  g_free (answer->location);
  g_clear_pointer (&answer->body, g_bytes_unref);
  g_free (answer);
}

UsApiKeys *
us_api_keys_new (void) {
  UsApiKeys *keys = g_new0 (UsApiKeys, 1);
  keys->answers = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, answer_free);
  g_queue_init (&keys->order);
  return keys;
}

void
us_api_keys_free (UsApiKeys *keys) {
  g_hash_table_unref (keys->answers);
  g_free (keys);
}

static void
forget (UsApiKeys *keys, Answer *answer) {
  g_queue_unlink (&keys->order, &answer->link);
  g_hash_table_remove (keys->answers, answer->name);
}

static void
trim (UsApiKeys *keys, gint64 now_us) {
  while (keys->order.head != NULL) {
    Answer *oldest = keys->order.head->data;
    if (keys->order.length < US_API_KEYS_MAX && now_us - oldest->asked_us < US_API_KEYS_US)
      return;
    forget (keys, oldest);
  }
}

/* Who it is may claim to be anybody, but not hold a line end: it separates the two. */
static char *
name_of (const char *who, const char *key) {
  return g_strdup_printf ("%s\n%s", who, key);
}

static char *
print_of (const UsHttpRequest *request) {
  g_autoptr (GByteArray) all = g_byte_array_new ();
  const char *texts[] = { request->method, request->path, request->query };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_byte_array_append (all, (const guint8 *)texts[i], (guint)strlen (texts[i]) + 1);
  gsize size = 0;
  const guint8 *body = request->body != NULL ? g_bytes_get_data (request->body, &size) : NULL;
  if (size > 0)
    g_byte_array_append (all, body, (guint)size);
  g_autoptr (GBytes) bytes = g_byte_array_free_to_bytes (g_steal_pointer (&all));
  return us_etag (bytes);
}

static gboolean
is_key (const char *key) {
  gsize length = strlen (key);
  for (const char *p = key; *p != '\0'; p++)
    if (!g_ascii_isgraph (*p))
      return FALSE;
  return length > 0 && length <= US_API_KEY_MAX;
}

static void
give_again (const Answer *answer, UsHttpResponse *response) {
  response->status = answer->status;
  response->content_type = answer->content_type;
  response->cache_control = "no-store";
  response->etag = g_strdup (answer->etag);
  response->location = g_strdup (answer->location);
  response->body = answer->body != NULL ? g_bytes_ref (answer->body) : NULL;
  us_http_response_add_header (response, "Idempotency-Replayed", "true");
}

/**
 * us_api_keys_ask:
 * @request: a POST with an Idempotency-Key
 * @now_us: monotonic
 * @response: filled in unless it is new
 */
UsApiKeyResult
us_api_keys_ask (UsApiKeys *keys, const char *who, const UsHttpRequest *request, gint64 now_us,
                 UsHttpResponse *response) {
  if (!is_key (request->idempotency_key)) {
    us_http_problem (response, 400, "bad-key", "The Idempotency-Key is not acceptable",
                     "Expected one key of 1 to %d visible ASCII characters.", US_API_KEY_MAX);
    return US_API_KEY_REFUSED;
  }
  trim (keys, now_us);
  g_autofree char *name = name_of (who, request->idempotency_key);
  g_autofree char *print = print_of (request);
  Answer *answer = g_hash_table_lookup (keys->answers, name);
  if (answer == NULL) {
    answer = g_new0 (Answer, 1);
    answer->name = g_steal_pointer (&name);
    answer->print = g_steal_pointer (&print);
    answer->asked_us = now_us;
    answer->link.data = answer;
    g_hash_table_insert (keys->answers, answer->name, answer);
    g_queue_push_tail_link (&keys->order, &answer->link);
    return US_API_KEY_NEW;
  }
  if (strcmp (answer->print, print) != 0)
    us_http_problem (response, 422, "key-reused", "The Idempotency-Key was used before",
                     "The same key came with another request; use a new one for each.");
  else if (answer->status == 0)
    us_http_problem (response, 409, "key-in-use", "The first request is still under way",
                     "A request with this Idempotency-Key is being answered; try again.");
  else {
    give_again (answer, response);
    return US_API_KEY_AGAIN;
  }
  return US_API_KEY_REFUSED;
}

void
us_api_keys_keep (UsApiKeys *keys, const char *who, const char *key,
                  const UsHttpResponse *response) {
  g_autofree char *name = name_of (who, key);
  Answer *answer = g_hash_table_lookup (keys->answers, name);
  if (answer == NULL)
    return;
  if (response->status < 200 || response->status > 299) {
    forget (keys, answer);
    return;
  }
  answer->status = response->status;
  answer->content_type = response->content_type;
  answer->etag = g_strdup (response->etag);
  answer->location = g_strdup (response->location);
  answer->body = response->body != NULL ? g_bytes_ref (response->body) : NULL;
}
