/* names.c - whether the names of hosts still resolve, and when to look for another address
 *
 * libsoup resolves the name of a host once and keeps the addresses as long as it talks to it: a
 * monitor that polls all the time would never see that a name is gone or points elsewhere, while
 * viewers, who come anew, do. So each name is looked up here every few seconds, beside the requests
 * and never in their way: a request goes by what the last lookups said. When all addresses are
 * others than before, its generation rises, and the poller connects anew. It does so as well when a
 * request at a name with several addresses fails, and now and then in any case: an edge that is ill
 * is to be met by us as it is by some of the viewers.
 *
 * Only names that have answered are looked after: playlists name hosts, as many as whoever writes
 * them likes, and what never answered cannot go away.
 *
 * Owned by the poller, main loop only. A lookup that is under way at the end is cancelled; its
 * callback finds nobody.
 */
#include "monitor/names.h"

#include <gio/gio.h>
#include <string.h>

#define LOOK_US (10 * (gint64)G_USEC_PER_SEC)
#define LOOK_FAILED_US (2 * (gint64)G_USEC_PER_SEC)
#define HANGING_US (5 * (gint64)G_USEC_PER_SEC)
#define TURN_US (10 * (gint64)G_USEC_PER_SEC)
#define SPREAD_US (30 * (gint64)G_USEC_PER_SEC)
#define FAILED_LOOKUPS 2 /* one is an accident */
#define FORGET_US (10 * 60 * (gint64)G_USEC_PER_SEC)

/* ---- one name ---- */

void
us_name_clear (UsName *name) {
  g_free (name->addresses);
  g_free (name->problem);
  *name = (UsName){ 0 };
}

static gboolean
have_common_address (const char *one, const char *other) {
  g_auto (GStrv) addresses = g_strsplit (one, " ", -1);
  for (guint i = 0; addresses[i] != NULL; i++) {
    g_autofree char *word = g_strconcat (addresses[i], " ", NULL);
    const char *at = *addresses[i] != '\0' ? strstr (other, word) : NULL;
    if (at != NULL && (at == other || at[-1] == ' '))
      return TRUE;
  }
  return FALSE;
}

static guint
count_words (const char *text) {
  guint n = 0;
  for (; *text != '\0'; text++)
    n += *text == ' ';
  return n;
}

/**
 * us_name_take:
 *
 * A lookup has ended.
 */
void
us_name_take (UsName *name, const char *addresses, const char *problem, gint64 now_us) {
  name->is_looking = FALSE;
  name->looked_us = now_us;
  g_clear_pointer (&name->problem, g_free);
  if (addresses == NULL) {
    name->n_failed++;
    name->problem = g_strdup (problem);
    return;
  }
  if (name->addresses != NULL && !have_common_address (name->addresses, addresses))
    name->generation++;
  name->n_failed = 0;
  name->n_addresses = count_words (addresses);
  g_free (name->addresses);
  name->addresses = g_strdup (addresses);
  if (now_us - name->turned_us >= SPREAD_US)
    us_name_turn (name, now_us); /* viewers are at all of them */
}

/**
 * us_name_turn:
 *
 * A player that connects anew may well get another address; one that is alone has none.
 */
void
us_name_turn (UsName *name, gint64 now_us) {
  if (name->n_addresses < 2 || (name->turned_us != 0 && now_us - name->turned_us < TURN_US))
    return;
  name->turned_us = now_us;
  name->generation++;
}

gboolean
us_name_is_due (const UsName *name, gint64 now_us) {
  gint64 pause_us = name->n_failed > 0 ? LOOK_FAILED_US : LOOK_US;
  return !name->is_looking && (name->looked_us == 0 || now_us - name->looked_us >= pause_us);
}

/**
 * us_name_problem:
 *
 * A name that was never looked up has none: a request finds out by itself.
 */
const char *
us_name_problem (const UsName *name, gint64 now_us) {
  if (name->n_failed >= FAILED_LOOKUPS)
    return name->problem != NULL ? name->problem : "the name does not resolve";
  if (name->is_looking && name->looked_us != 0 && now_us - name->asked_us >= HANGING_US)
    return "the name server does not answer";
  return NULL;
}

/* ---- all names ---- */

struct UsNames {
  GHashTable *table; /* of char* to UsName */
  GCancellable *cancellable;
};

typedef struct {
  UsNames *names; /* not to be touched when @cancellable is cancelled */
  GCancellable *cancellable;
  char *host;
} Lookup;

static void
name_free (gpointer data) {
  us_name_clear (data);
  g_free (data);
}

UsNames *
us_names_new (void) {
  UsNames *names = g_new0 (UsNames, 1);
  names->table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, name_free);
  names->cancellable = g_cancellable_new ();
  return names;
}

void
us_names_free (UsNames *names) {
  if (names == NULL)
    return;
  g_cancellable_cancel (names->cancellable);
  g_object_unref (names->cancellable);
  g_hash_table_unref (names->table);
  g_free (names);
}

static int
compare_texts (gconstpointer a, gconstpointer b) {
  return strcmp (*(const char *const *)a, *(const char *const *)b);
}

/* Returns: (transfer full) */
static char *
join_addresses (GList *addresses) {
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GString) joined = g_string_new (NULL);
  for (GList *l = addresses; l != NULL; l = l->next)
    g_ptr_array_add (texts, g_inet_address_to_string (l->data));
  g_ptr_array_sort (texts, compare_texts);
  for (guint i = 0; i < texts->len; i++)
    g_string_append_printf (joined, "%s ", (const char *)texts->pdata[i]);
  return g_string_free (g_steal_pointer (&joined), FALSE);
}

static void
on_looked_up (GObject *source, GAsyncResult *result, gpointer user_data) {
  Lookup *lookup = user_data;
  g_autoptr (GError) error = NULL;
  GList *addresses = g_resolver_lookup_by_name_finish (G_RESOLVER (source), result, &error);
  UsName *name = g_cancellable_is_cancelled (lookup->cancellable)
                     ? NULL
                     : g_hash_table_lookup (lookup->names->table, lookup->host);
  if (name != NULL) {
    g_autofree char *joined = addresses != NULL ? join_addresses (addresses) : NULL;
    us_name_take (name, joined, error != NULL ? error->message : NULL, g_get_monotonic_time ());
  }
  g_resolver_free_addresses (addresses);
  g_object_unref (lookup->cancellable);
  g_free (lookup->host);
  g_free (lookup);
}

static void
look_up (UsNames *names, const char *host, UsName *name, gint64 now_us) {
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  Lookup *lookup = g_new0 (Lookup, 1);
  lookup->names = names;
  lookup->cancellable = g_object_ref (names->cancellable);
  lookup->host = g_strdup (host);
  name->is_looking = TRUE;
  name->asked_us = now_us;
  g_resolver_lookup_by_name_async (resolver, host, names->cancellable, on_looked_up, lookup);
}

/* Names that nobody asked for in a long time. */
static gboolean
is_forgotten (gpointer host, gpointer value, gpointer now_us) {
  const UsName *name = value;
  return !name->is_looking && *(gint64 *)now_us - MAX (name->looked_us, name->asked_us) > FORGET_US;
}

static gboolean
is_address (const char *host) {
  return host == NULL || *host == '\0' || *host == '[' || g_hostname_is_ip_address (host);
}

/* Returns: (nullable): %NULL: it is an address, or has not answered yet */
static UsName *
find (const UsNames *names, const char *host) {
  return is_address (host) ? NULL : g_hash_table_lookup (names->table, host);
}

/**
 * us_names_note:
 * @now_us: monotonic
 */
void
us_names_note (UsNames *names, const char *host, gint64 now_us) {
  if (is_address (host) || find (names, host) != NULL)
    return;
  g_hash_table_foreach_remove (names->table, is_forgotten, &now_us);
  UsName *name = g_new0 (UsName, 1);
  name->asked_us = now_us;
  g_hash_table_insert (names->table, g_strdup (host), name);
}

/**
 * us_names_is_sound:
 * @now_us: monotonic
 */
gboolean
us_names_is_sound (const UsNames *names, const char *host, gint64 now_us) {
  const UsName *name = find (names, host);
  return is_address (host) || (name != NULL && us_name_problem (name, now_us) == NULL);
}

/**
 * us_names_look:
 * @now_us: monotonic
 */
guint
us_names_look (UsNames *names, const char *host, gint64 now_us, const char **problem) {
  UsName *name = find (names, host);
  *problem = NULL;
  if (name == NULL)
    return 0;
  if (us_name_is_due (name, now_us))
    look_up (names, host, name, now_us);
  *problem = us_name_problem (name, now_us);
  return name->generation;
}

/**
 * us_names_turn:
 *
 * A request at @host failed: the next connection is a new one, if there is anything to choose.
 */
void
us_names_turn (UsNames *names, const char *host, gint64 now_us) {
  UsName *name = find (names, host);
  if (name != NULL)
    us_name_turn (name, now_us);
}
