/* gate.c - the questions that a publisher has to answer before it gets a stream
 *
 * In this order: the keys file if there is one (keys.c), else the address; then the callback if
 * there is one (hook.c). A callback in place of a keys file opens publishing to every address, as
 * it is asked about each.
 *
 * The key is the last part of the URL, or ?key=KEY behind the stream's name. No message, label or
 * log line of this file holds it: what is said in public is the id of the key and the name of the
 * stream. A pass keeps it while its publisher lives, since a file that was read again has to be
 * asked whether it is still good. Main loop only; owned by the role.
 */
#define US_LOG_TOPIC "ingest.gate"
#include "ingest/gate.h"

#include <string.h>

#include "base/log.h"
#include "base/names.h"
#include "http/address-policy.h"
#include "ingest/name.h"
#include "ingest/throttle.h"

/* Why somebody was sent away; labels of a metric (docs/reference/metrics.md). */
typedef enum {
  DENIED_UNKNOWN,
  DENIED_DISABLED,
  DENIED_EXPIRED,
  DENIED_ADDRESS,
  DENIED_STREAM,
  DENIED_THROTTLED,
  DENIED_NOT_OPEN,
  DENIED_NAME,
  DENIED_CALLBACK,
  DENIED_CALLBACK_FAILED,
  N_DENIED,
} Denied;

static const char *const denied_words[N_DENIED] = {
  [DENIED_UNKNOWN] = "unknown-key", [DENIED_DISABLED] = "disabled",
  [DENIED_EXPIRED] = "expired",     [DENIED_ADDRESS] = "address",
  [DENIED_STREAM] = "stream",       [DENIED_THROTTLED] = "throttled",
  [DENIED_NOT_OPEN] = "not-open",   [DENIED_NAME] = "name",
  [DENIED_CALLBACK] = "callback",   [DENIED_CALLBACK_FAILED] = "callback-failed",
};

struct UsGate {
  const UsClock *clock;
  UsOpenPublish open;
  char *default_stream;
  UsKeysFile *keys_file; /* (nullable) */
  UsHook *hook;
  gboolean has_on_publish, allows_on_failure;
  gboolean has_renamed; /* the callback, at least once */
  UsThrottle *throttle;
  guint64 denied[N_DENIED];
  guint64 next_client_id;
};

struct UsPass {
  UsGate *gate;
  UsGateFunc func;
  gpointer user_data;
  char *host, *peer;
  char *secret;  /* (nullable): of the keys file, wiped */
  char *stream;  /* (nullable): as the keys file or the URL has it, not yet checked without a key */
  char *stated;  /* (nullable): named besides a key */
  char *granted; /* (nullable): the stream that the key gave it, before a callback renamed it */
  char *key_id;  /* (nullable) */
  char *app, *query, *tc_url, *encoder; /* for the callback */
  gint64 expires_s;
  guint priority;
  guint64 client_id;
  UsHookAsk *ask; /* (nullable): under way */
  gboolean is_admitted;
};

/* --------------------------------------------------------------------------------- answering */

static gint64
monotonic_us (const UsGate *gate) {
  return us_clock_monotonic_us (gate->clock);
}

static gint64
now_s (const UsGate *gate) {
  return us_clock_wall_us (gate->clock) / G_USEC_PER_SEC;
}

/* @text is for the peer, @why for the log; neither holds a key. */
static void
deny (UsPass *pass, Denied denied, const char *text, const char *why) {
  UsGate *gate = pass->gate;
  guint hidden = 0;
  gate->denied[denied]++;
  if (us_throttle_may_log (gate->throttle, pass->host, monotonic_us (gate), &hidden)) {
    g_autofree char *more
        = hidden > 0 ? g_strdup_printf (" (and %u more from there since the last line)", hidden)
                     : g_strdup ("");
    us_event (US_LOG_WARNING, US_EVENT_KEY_REFUSED, "publisher %s refused: %s%s", pass->peer, why,
              more);
  }
  UsGateResult result = { .text = text, .is_logged = TRUE };
  pass->func (&result, pass->user_data);
}

static void
admit (UsPass *pass, const char *stream) {
  UsGate *gate = pass->gate;
  g_autoptr (GError) error = NULL;
  g_autofree char *name = us_stream_name_from_publish (NULL, stream, gate->default_stream, &error);
  if (name == NULL && gate->has_on_publish) { /* it may be a key: not repeated */
    deny (
        pass, DENIED_NAME, "the stream key is no stream name",
        "the publish callback let it in, but what it calls itself cannot be the name of a stream; "
        "answer with a redirect to one");
    return;
  }
  if (name == NULL && gate->keys_file != NULL) { /* nor what may be one in the wrong place */
    deny (pass, DENIED_NAME, "this cannot be the name of a stream",
          "what stands before ?key= cannot be the name of a stream");
    return;
  }
  if (name == NULL) {
    deny (pass, DENIED_NAME, error->message, error->message);
    return;
  }
  UsGateResult result
      = { .is_admitted = TRUE, .stream = name, .priority = pass->priority, .key_id = pass->key_id };
  pass->is_admitted = TRUE;
  g_free (pass->stream);
  pass->stream = g_strdup (name);
  pass->func (&result, pass->user_data);
}

/* ------------------------------------------------------------------------------------ the keys */

/* Told to a publisher whatever is wrong with its key. */
#define NOT_THIS_KEY "the stream key is not valid"

static void
deny_key (UsPass *pass, UsKeyVerdict verdict, const UsKey *key) {
  static const struct {
    Denied denied;
    const char *format;
  } rows[] = {
    [US_KEY_OK] = { N_DENIED, NULL },
    [US_KEY_UNKNOWN] = { DENIED_UNKNOWN, "its stream key is not in the keys file" },
    [US_KEY_DISABLED] = { DENIED_DISABLED, "is switched off (enabled = false)" },
    [US_KEY_EXPIRED] = { DENIED_EXPIRED, "has expired" },
    [US_KEY_ADDRESS] = { DENIED_ADDRESS, "may not be used from this address (allow)" },
    [US_KEY_STREAM] = { DENIED_STREAM, "is not for the stream that it names; a key for any stream "
                                       "needs rtmp://host/live/STREAM?key=KEY" },
  };
  g_autofree char *why = key != NULL ? g_strdup_printf ("key %s %s", key->id, rows[verdict].format)
                                     : g_strdup (rows[verdict].format);
  if (verdict == US_KEY_UNKNOWN)
    us_throttle_fail (pass->gate->throttle, pass->host, pass->secret, monotonic_us (pass->gate));
  deny (pass, rows[verdict].denied, NOT_THIS_KEY, why);
}

static void
take_key (UsPass *pass, const UsKey *key) {
  g_free (pass->key_id);
  pass->key_id = g_strdup (key->id);
  pass->priority = key->priority;
  pass->expires_s = key->expires_s;
}

/* The stream of a publish does not change; its key may get another id or priority. */
static UsKeyVerdict
check_again (UsPass *pass, const UsKey **key) {
  const UsKeys *keys = us_keys_file_get (pass->gate->keys_file);
  UsKeyVerdict verdict
      = us_keys_check (keys, pass->secret, pass->stated, pass->host, now_s (pass->gate), key);
  gboolean is_moved = verdict == US_KEY_OK && strcmp ((*key)->stream, "*") != 0
                      && strcmp ((*key)->stream, pass->granted) != 0;
  return is_moved ? US_KEY_STREAM : verdict;
}

static const char *
review_again (UsPass *pass) {
  const UsKey *key = NULL;
  switch (check_again (pass, &key)) {
  case US_KEY_OK:
    break;
  case US_KEY_EXPIRED:
    return "its key has expired";
  case US_KEY_ADDRESS:
    return "its key may not be used from its address any more";
  case US_KEY_STREAM:
    return "its key is for another stream now";
  case US_KEY_UNKNOWN:
  case US_KEY_DISABLED:
  default:
    return "its key was taken back";
  }
  take_key (pass, key);
  return NULL;
}

/* While a callback was asked, the file may have changed and time has passed. Returns FALSE when
 * that was the end of it. */
static gboolean
is_still_good (UsPass *pass) {
  const UsKey *key = NULL;
  UsKeyVerdict verdict = check_again (pass, &key);
  if (verdict != US_KEY_OK) {
    deny_key (pass, verdict, key);
    return FALSE;
  }
  take_key (pass, key);
  return TRUE;
}

/* ------------------------------------------------------------------------------- the callback */

static UsHookCall
call_of (const UsPass *pass) {
  return (UsHookCall){
    .app = pass->app,
    .name = pass->stream,
    .host = pass->host,
    .encoder = pass->encoder,
    .tc_url = pass->tc_url,
    .query = pass->query,
    .key_id = pass->key_id != NULL ? pass->key_id : "",
    .client_id = pass->client_id,
  };
}

/* Where a service gives names, what stands in the URL is a secret: without its answer it would be
 * the name of the stream, which everybody sees. A name of the keys file is none. */
static gboolean
may_keep_its_name (const UsPass *pass) {
  return pass->key_id != NULL || !pass->gate->has_renamed;
}

static void
on_hook (UsHookVerdict verdict, const char *name, const char *why, gpointer user_data) {
  UsPass *pass = user_data;
  UsGate *gate = pass->gate;
  pass->ask = NULL;
  if (verdict == US_HOOK_RENAMED)
    gate->has_renamed = TRUE;
  if (verdict == US_HOOK_FAILED && gate->allows_on_failure && may_keep_its_name (pass))
    verdict = US_HOOK_ALLOWED;
  else if (verdict == US_HOOK_FAILED && gate->allows_on_failure)
    why = "the publish callback, which gives streams their names, does not answer, and what stands "
          "in the URL may be a secret: on-publish-failure = allow does not hold for it";
  if ((verdict == US_HOOK_ALLOWED || verdict == US_HOOK_RENAMED) && pass->key_id != NULL
      && !is_still_good (pass))
    return;
  switch (verdict) {
  case US_HOOK_ALLOWED:
    admit (pass, pass->stream);
    break;
  case US_HOOK_RENAMED:
    admit (pass, name);
    break;
  case US_HOOK_DENIED:
    deny (pass, DENIED_CALLBACK, "publishing was refused", why);
    break;
  case US_HOOK_FAILED:
  default:
    deny (pass, DENIED_CALLBACK_FAILED, "publishing cannot be checked just now, try again", why);
  }
}

static void
ask_hook (UsPass *pass) {
  UsGate *gate = pass->gate;
  UsHookCall call = call_of (pass);
  pass->ask = us_hook_ask (gate->hook, &call, on_hook, pass);
  if (pass->ask == NULL)
    deny (pass, DENIED_CALLBACK_FAILED, "too many publishers are being checked, try again",
          "too many others wait for the publish callback");
}

static void
go_on (UsPass *pass) {
  if (pass->gate->has_on_publish)
    ask_hook (pass);
  else
    admit (pass, pass->stream);
}

/* ---------------------------------------------------------------------------------- with keys */

static void
check_key (UsPass *pass) {
  UsGate *gate = pass->gate;
  const UsKey *key = NULL;
  if (!us_throttle_may_try (gate->throttle, pass->host, monotonic_us (gate))) {
    deny (pass, DENIED_THROTTLED, "too many wrong stream keys came from this address, try later",
          "too many wrong stream keys came from its address: it has to wait");
    return;
  }
  UsKeyVerdict verdict = US_KEY_UNKNOWN;
  if (!us_throttle_knows (gate->throttle, pass->host, pass->secret))
    verdict = us_keys_check (us_keys_file_get (gate->keys_file), pass->secret, pass->stated,
                             pass->host, now_s (gate), &key);
  if (verdict != US_KEY_OK) {
    deny_key (pass, verdict, key);
    return;
  }
  take_key (pass, key);
  pass->stream = g_strdup (strcmp (key->stream, "*") == 0 ? pass->stated : key->stream);
  pass->granted = g_strdup (pass->stream);
  go_on (pass);
}

/* Splits what the publisher said into its key and the rest, which may be told to a callback. */
static void
read_key (UsPass *pass, const UsRtmpPublish *publish) {
  g_autofree char *query = g_steal_pointer (&pass->query);
  pass->secret = us_stream_query_get (query, "key");
  pass->query = us_stream_query_without (query, "key");
  g_autofree char *name = us_stream_name_raw (publish->app, publish->key);
  if (pass->secret != NULL) {
    /* The application is a stream's name only if nothing else can be: "live" may be either. */
    g_autofree char *second = us_stream_name_raw (NULL, publish->key);
    pass->stated = second[0] != '\0' ? g_steal_pointer (&second) : NULL;
  } else {
    pass->secret = g_steal_pointer (&name);
  }
  if (publish->key[0] == '\0') { /* rtmp://host/KEY: the application, and all that holds it */
    g_free (pass->app);
    pass->app = g_strdup ("");
  }
  g_free (pass->tc_url);
  pass->tc_url = g_strdup ("");
}

/* ------------------------------------------------------------------------------- without keys */

static gboolean
is_private (GInetAddress *address) {
  static const char *const nets[] = { "100.64.0.0/10", "fc00::/7" };
  gboolean found
      = g_inet_address_get_is_site_local (address) || g_inet_address_get_is_link_local (address);
  for (guint i = 0; i < G_N_ELEMENTS (nets) && !found; i++) {
    g_autoptr (GInetAddressMask) mask = g_inet_address_mask_new_from_string (nets[i], NULL);
    found = g_inet_address_mask_matches (mask, address);
  }
  return found;
}

static gboolean
is_open_to (const UsGate *gate, const char *host) {
  if (gate->open == US_OPEN_ANY)
    return TRUE;
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);
  if (address == NULL)
    return FALSE;
  return us_address_policy_is_this_machine (address)
         || (gate->open == US_OPEN_PRIVATE && is_private (address));
}

static void
check_address (UsPass *pass, const UsRtmpPublish *publish) {
  UsGate *gate = pass->gate;
  pass->stream = us_stream_name_raw (publish->app, publish->key);
  if (gate->has_on_publish || is_open_to (gate, pass->host))
    go_on (pass);
  else if (gate->open == US_OPEN_PRIVATE)
    deny (pass, DENIED_NOT_OPEN, "publishing is open to private networks only",
          "it is not in a private network; set keys-file, or open-publish = any");
  else
    deny (pass, DENIED_NOT_OPEN, "publishing is open to the server's own machine only",
          "it is on another machine; set keys-file (" US_PROGRAM
          " ctl key add), or open-publish = private or any");
}

/* ------------------------------------------------------------------------------------ public */

/**
 * us_gate_new:
 * @settings: copied
 * @clock: outlives it
 * @error: US_KEYS_ERROR
 *
 * Returns: (transfer full) (nullable): the gate, in the thread-default main context
 */
UsGate *
us_gate_new (const UsGateSettings *settings, const UsClock *clock, GError **error) {
  g_autoptr (UsGate) gate = g_new0 (UsGate, 1);
  gate->clock = clock;
  gate->open = settings->open;
  gate->default_stream = g_strdup (settings->default_stream);
  gate->has_on_publish = settings->hook.on_publish != NULL;
  gate->allows_on_failure = settings->hook.allows_on_failure;
  gate->throttle = us_throttle_new ();
  gate->hook = us_hook_new (&settings->hook);
  if (settings->keys_file != NULL) {
    gate->keys_file = us_keys_file_new (settings->keys_file, error);
    if (gate->keys_file == NULL)
      return NULL;
  }
  return g_steal_pointer (&gate);
}

/**
 * us_gate_free:
 * @gate: (transfer full) (nullable): without passes
 */
void
us_gate_free (UsGate *gate) {
  if (gate == NULL)
    return;
  us_keys_file_free (gate->keys_file);
  us_hook_free (gate->hook);
  us_throttle_free (gate->throttle);
  g_free (gate->default_stream);
  g_free (gate);
}

/**
 * us_gate_ask:
 * @gate: the gate
 * @publish: what is asked for
 * @host: by which address, numeric
 * @peer: the same for people, with its port
 * @func: gets the answer
 * @user_data: its last argument
 *
 * Returns: (transfer full): to be freed when the publisher has gone, answered or not
 */
UsPass *
us_gate_ask (UsGate *gate, const UsRtmpPublish *publish, const char *host, const char *peer,
             UsGateFunc func, gpointer user_data) {
  UsPass *pass = g_new0 (UsPass, 1);
  pass->gate = gate;
  pass->func = func;
  pass->user_data = user_data;
  pass->host = g_strdup (host);
  pass->peer = g_strdup (peer);
  pass->app = g_strdup (publish->app);
  pass->query = g_strdup (publish->query);
  pass->tc_url = g_strdup (publish->tc_url);
  pass->encoder = g_strdup (publish->encoder);
  pass->client_id = ++gate->next_client_id;
  if (gate->keys_file != NULL) {
    read_key (pass, publish);
    check_key (pass);
  } else {
    check_address (pass, publish);
  }
  return pass;
}

/**
 * us_pass_free:
 * @pass: (transfer full) (nullable): its publisher has gone
 */
void
us_pass_free (UsPass *pass) {
  if (pass == NULL)
    return;
  if (pass->ask != NULL)
    us_hook_ask_cancel (pass->ask);
  if (pass->is_admitted) {
    UsHookCall call = call_of (pass);
    us_hook_say_goodbye (pass->gate->hook, &call);
  }
  if (pass->secret != NULL)
    explicit_bzero (pass->secret, strlen (pass->secret));
  g_free (pass->secret);
  g_free (pass->host);
  g_free (pass->peer);
  g_free (pass->stream);
  g_free (pass->stated);
  g_free (pass->granted);
  g_free (pass->key_id);
  g_free (pass->app);
  g_free (pass->query);
  g_free (pass->tc_url);
  g_free (pass->encoder);
  g_free (pass);
}

static gboolean
note_reading (UsGate *gate, gboolean is_changed) {
  if (is_changed)
    us_throttle_forget_keys (gate->throttle);
  return is_changed;
}

/**
 * us_gate_poll:
 * @gate: to be called about once a second
 *
 * Returns: whether every pass has to be reviewed as changed
 */
gboolean
us_gate_poll (UsGate *gate) {
  return gate->keys_file != NULL && note_reading (gate, us_keys_file_poll (gate->keys_file));
}

/**
 * us_gate_reload:
 * @gate: the gate
 *
 * Reads the keys file now.
 *
 * Returns: whether every pass has to be reviewed as changed
 */
gboolean
us_gate_reload (UsGate *gate) {
  return gate->keys_file != NULL && note_reading (gate, us_keys_file_reload (gate->keys_file));
}

/**
 * us_pass_review:
 * @pass: of a publisher that was admitted
 * @is_changed: the keys file was read again; else only the time counts
 * @priority: (out): what its key gives it now
 *
 * Returns: (nullable): why it has to go, as the end of a sentence
 */
const char *
us_pass_review (UsPass *pass, gboolean is_changed, guint *priority) {
  const char *why = NULL;
  if (!pass->is_admitted || pass->key_id == NULL)
    return NULL;
  if (pass->expires_s > 0 && now_s (pass->gate) >= pass->expires_s)
    is_changed = TRUE;
  if (is_changed)
    why = review_again (pass);
  *priority = pass->priority;
  return why;
}

/**
 * us_pass_get_key_id:
 * @pass: of a publisher that was admitted
 *
 * Returns: (transfer none) (nullable): which key let it in, by the name that the keys file gave it
 *   at the last us_pass_review() that mattered
 */
const char *
us_pass_get_key_id (const UsPass *pass) {
  return pass->key_id;
}

/**
 * us_gate_is_idle:
 * @gate: the gate
 *
 * Returns: whether no callback is under way
 */
gboolean
us_gate_is_idle (UsGate *gate) {
  return us_hook_is_idle (gate->hook);
}

/**
 * us_gate_render:
 * @gate: the gate
 * @out: metrics
 */
void
us_gate_render (UsGate *gate, UsExposition *out) {
  us_exposition_family (out, "understudy_ingest_publishes_denied_total", "counter",
                        "Publishers that were not let in, by reason");
  for (guint i = 0; i < N_DENIED; i++)
    us_exposition_sample (out, (double)gate->denied[i], "reason", denied_words[i], NULL);
  if (gate->keys_file == NULL)
    return;
  us_exposition_family (out, "understudy_ingest_keys", "gauge", "Stream keys in force");
  us_exposition_sample (out, us_keys_get_n (us_keys_file_get (gate->keys_file)), NULL);
  us_exposition_family (out, "understudy_ingest_keys_stale", "gauge",
                        "1 while the keys file has changed and cannot be read");
  us_exposition_sample (out, us_keys_file_is_stale (gate->keys_file), NULL);
}
