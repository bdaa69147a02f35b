/* throttle.c - a bounded table of addresses that showed wrong keys; pure, time is passed in
 *
 * What counts is how many different wrong keys came: an encoder with an old key tries the same one
 * every few seconds for days, learns nothing by it, and must not lock out the encoders behind the
 * same NAT. From the sixth one on an address waits, 1 s and twice as long with each more, a minute
 * at most; meanwhile none of its keys is looked at, not even a right one, or the wait would be none
 * for who guesses. IPv6 addresses count by their /64, of which one host can have them all.
 * A wrong key that is known again needs no looking up, which would hash it with the salt of each
 * hashed key of the file; so when there is a new file the table forgets which keys were wrong.
 * When the table is full the address that failed longest ago is forgotten.
 */
#include "ingest/throttle.h"

#include <string.h>

#include "base/network.h"

#define N_RECENT 64 /* wrong keys that are known again: as many encoders behind one NAT */

typedef struct {
  char *host;
  guint64 recent[N_RECENT]; /* hashes of the last wrong keys, 0: none */
  guint n_wrong;            /* different ones */
  gint64 failed_us, wait_until_us, logged_us;
  guint hidden;
  GList link; /* longest ago first */
} Culprit;

struct UsThrottle {
  GHashTable *culprits; /* host (the value's) to Culprit */
  GQueue order;
  guint64 salt; /* so that nobody can make two keys that look the same */
};

static void
culprit_free (gpointer data) {
  g_free (((Culprit *)data)->host);
  g_free (data);
}

/**
 * us_throttle_new:
 *
 * Returns: (transfer full): an empty table
 */
UsThrottle *
us_throttle_new (void) {
  UsThrottle *throttle = g_new0 (UsThrottle, 1);
  throttle->culprits = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, culprit_free);
  g_queue_init (&throttle->order);
  throttle->salt = (guint64)g_random_int () << 32 | g_random_int ();
  return throttle;
}

/**
 * us_throttle_free:
 * @throttle: (transfer full) (nullable): a table
 */
void
us_throttle_free (UsThrottle *throttle) {
  if (throttle == NULL)
    return;
  g_hash_table_unref (throttle->culprits);
  g_free (throttle);
}

static guint64
hash_of (const UsThrottle *throttle, const char *secret) {
  guint64 hash = throttle->salt;
  for (const char *p = secret; *p != '\0'; p++)
    hash = (hash ^ (guint8)*p) * G_GUINT64_CONSTANT (0x100000001b3); /* FNV-1a */
  return hash | 1;
}

static void
forget_oldest (UsThrottle *throttle) {
  Culprit *oldest = throttle->order.head->data;
  g_queue_unlink (&throttle->order, &oldest->link);
  g_hash_table_remove (throttle->culprits, oldest->host);
}

static void
trim (UsThrottle *throttle, gint64 now_us) {
  while (throttle->order.head != NULL) {
    const Culprit *oldest = throttle->order.head->data;
    if (throttle->order.length <= US_THROTTLE_MAX
        && now_us - oldest->failed_us < US_THROTTLE_FORGET_US)
      return;
    forget_oldest (throttle);
  }
}

static Culprit *
find (UsThrottle *throttle, const char *host) {
  g_autofree char *network = us_network_of (host);
  return g_hash_table_lookup (throttle->culprits, network);
}

static Culprit *
find_or_add (UsThrottle *throttle, const char *host, gint64 now_us) {
  Culprit *culprit = find (throttle, host);
  if (culprit == NULL) {
    culprit = g_new0 (Culprit, 1);
    culprit->host = us_network_of (host);
    culprit->logged_us = G_MININT64;
    culprit->link.data = culprit;
    g_hash_table_insert (throttle->culprits, culprit->host, culprit);
  } else {
    g_queue_unlink (&throttle->order, &culprit->link);
  }
  g_queue_push_tail_link (&throttle->order, &culprit->link);
  culprit->failed_us = now_us;
  trim (throttle, now_us);
  return culprit;
}

/**
 * us_throttle_may_try:
 * @throttle: the table
 * @host: a numeric address
 * @now_us: monotonic time
 *
 * Returns: whether a key from there is looked at now
 */
gboolean
us_throttle_may_try (UsThrottle *throttle, const char *host, gint64 now_us) {
  trim (throttle, now_us);
  const Culprit *culprit = find (throttle, host);
  return culprit == NULL || now_us >= culprit->wait_until_us;
}

static gboolean
is_recent (const Culprit *culprit, guint64 hash) {
  for (guint i = 0; i < N_RECENT; i++) {
    if (culprit->recent[i] == hash)
      return TRUE;
  }
  return FALSE;
}

/**
 * us_throttle_knows:
 * @throttle: the table
 * @host: a numeric address
 * @secret: a key from there
 *
 * Returns: whether it was wrong before, by the same keys file
 */
gboolean
us_throttle_knows (UsThrottle *throttle, const char *host, const char *secret) {
  const Culprit *culprit = find (throttle, host);
  return culprit != NULL && is_recent (culprit, hash_of (throttle, secret));
}

/**
 * us_throttle_forget_keys:
 * @throttle: the table
 *
 * Other keys are good from now on. Who waits goes on waiting; what was wrong does not count any
 * more, or encoders with old keys would count again with each new file.
 */
void
us_throttle_forget_keys (UsThrottle *throttle) {
  for (GList *link = throttle->order.head; link != NULL; link = link->next) {
    Culprit *culprit = link->data;
    memset (culprit->recent, 0, sizeof culprit->recent);
    culprit->n_wrong = 0;
  }
}

/**
 * us_throttle_fail:
 * @throttle: the table
 * @host: a numeric address
 * @secret: the key from there that is none
 * @now_us: monotonic time
 */
void
us_throttle_fail (UsThrottle *throttle, const char *host, const char *secret, gint64 now_us) {
  Culprit *culprit = find_or_add (throttle, host, now_us);
  guint64 hash = hash_of (throttle, secret);
  if (is_recent (culprit, hash))
    return;
  culprit->recent[culprit->n_wrong % N_RECENT] = hash;
  culprit->n_wrong++;
  if (culprit->n_wrong <= US_THROTTLE_FREE)
    return;
  guint doublings = MIN (culprit->n_wrong - US_THROTTLE_FREE - 1, 10);
  culprit->wait_until_us
      = now_us + MIN ((gint64)G_USEC_PER_SEC << doublings, US_THROTTLE_MAX_WAIT_US);
}

gboolean
us_throttle_may_log (UsThrottle *throttle, const char *host, gint64 now_us, guint *hidden) {
  Culprit *culprit = find_or_add (throttle, host, now_us);
  *hidden = culprit->hidden;
  if (culprit->logged_us != G_MININT64 && now_us - culprit->logged_us < US_THROTTLE_LOG_US) {
    culprit->hidden++;
    return FALSE;
  }
  culprit->hidden = 0;
  culprit->logged_us = now_us;
  return TRUE;
}

/**
 * us_throttle_get_n:
 * @throttle: the table
 *
 * Returns: addresses that are remembered
 */
guint
us_throttle_get_n (UsThrottle *throttle) {
  return g_hash_table_size (throttle->culprits);
}
