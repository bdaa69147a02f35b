/* resolver.c - lookups of host names, so that names that hang keep no other waiting
 *
 * GLib looks names up in threads, of which it has 20 (2.84; before, those of all GTasks). A lookup
 * keeps its thread until the name server has answered or been given up, 5 to 30 s, even when nobody
 * waits any more: a playlist that names a few dozen hosts whose name server is silent would hold
 * all of them, and every other name of the process would wait behind.
 *
 * So names are in classes by how long their last lookup took, and each class has a number of
 * threads of its own: those that were quick, whatever they said; those that nobody knows yet; those
 * that were slow. A lookup that several ask for is made once. One that nobody wants any more and
 * that has not begun is dropped. Nothing is remembered of the addresses.
 *
 * Belongs to the thread that made it.
 */
#include "http/resolver.h"

#include <string.h>

#define QUICK_US ((gint64)G_USEC_PER_SEC)
#define MAX_NAMES 10000 /* whose class is remembered */

typedef enum { QUICK, NEW, SLOW, N_CLASSES } Class;
/* 20 in all. */
static const guint max_running[N_CLASSES] = { [QUICK] = 8, [NEW] = 6, [SLOW] = 6 };

struct _UsResolver {
  GResolver parent_instance;
  GResolver *inner;
  GThread *owner;
  GHashTable *lookups;       /* of char* (flags and name) to Lookup: under way or waiting */
  GHashTable *classes;       /* of char* (name) to Class: QUICK or SLOW */
  GQueue waiting[N_CLASSES]; /* element-type Lookup */
  guint n_running[N_CLASSES];
};

G_DEFINE_FINAL_TYPE (UsResolver, us_resolver, G_TYPE_RESOLVER)

typedef struct {
  UsResolver *resolver; /* owned while it runs */
  char *key, *name;
  GResolverNameLookupFlags flags;
  GQueue askers; /* element-type Asker */
  Class class;
  gboolean is_running;
  gint64 begun_us;
  GList link; /* in @waiting */
} Lookup;

typedef struct {
  Lookup *lookup;
  GTask *task;      /* owned */
  GSource *gave_up; /* nullable, owned: its cancellable */
  GList link;       /* in @askers */
} Asker;

/* ---- those who ask ---- */

/* Returns: (transfer full): what is to be ended */
static GTask *
asker_free (Asker *asker) {
  GTask *task = asker->task;
  g_queue_unlink (&asker->lookup->askers, &asker->link);
  if (asker->gave_up != NULL) {
    g_source_destroy (asker->gave_up);
    g_source_unref (asker->gave_up);
  }
  g_free (asker);
  return task;
}

static void
lookup_free (Lookup *lookup) {
  g_free (lookup->key);
  g_free (lookup->name);
  g_free (lookup);
}

static gboolean
on_gave_up (GCancellable *cancellable, gpointer user_data) {
  Asker *asker = user_data;
  Lookup *lookup = asker->lookup;
  UsResolver *self = lookup->resolver;
  g_autoptr (GTask) task = asker_free (asker);
  if (lookup->askers.length == 0 && !lookup->is_running) {
    g_queue_unlink (&self->waiting[lookup->class], &lookup->link);
    g_hash_table_remove (self->lookups, lookup->key);
    lookup_free (lookup);
  }
  g_task_return_error_if_cancelled (task);
  return G_SOURCE_REMOVE;
}

static void
add_asker (Lookup *lookup, GTask *task) {
  Asker *asker = g_new0 (Asker, 1);
  GCancellable *cancellable = g_task_get_cancellable (task);
  asker->lookup = lookup;
  asker->task = g_object_ref (task);
  asker->link.data = asker;
  g_queue_push_tail_link (&lookup->askers, &asker->link);
  if (cancellable == NULL)
    return;
  asker->gave_up = g_cancellable_source_new (cancellable);
  g_source_set_callback (asker->gave_up, G_SOURCE_FUNC (on_gave_up), asker, NULL);
  g_source_attach (asker->gave_up, g_task_get_context (task));
}

static gpointer
ref_address (gconstpointer address, gpointer unused) {
  return g_object_ref ((gpointer)address);
}

/* ---- lookups ---- */

static void pump (UsResolver *self);

static Class
class_of (UsResolver *self, const char *name) {
  gpointer class;
  return g_hash_table_lookup_extended (self->classes, name, NULL, &class) ? GPOINTER_TO_UINT (class)
                                                                          : NEW;
}

static gboolean
is_slow (gpointer name, gpointer class, gpointer unused) {
  return GPOINTER_TO_UINT (class) == SLOW;
}

static void
remember (UsResolver *self, const Lookup *lookup) {
  Class class = g_get_monotonic_time () - lookup->begun_us < QUICK_US ? QUICK : SLOW;
  if (g_hash_table_size (self->classes) >= MAX_NAMES)
    g_hash_table_foreach_remove (self->classes, is_slow, NULL);
  if (g_hash_table_size (self->classes) >= MAX_NAMES)
    g_hash_table_remove_all (self->classes);
  g_hash_table_insert (self->classes, g_strdup (lookup->name), GUINT_TO_POINTER (class));
}

static void
on_looked_up (GObject *source, GAsyncResult *result, gpointer user_data) {
  Lookup *lookup = user_data;
  g_autoptr (UsResolver) self = lookup->resolver;
  g_autoptr (GError) error = NULL;
  GList *addresses
      = g_resolver_lookup_by_name_with_flags_finish (G_RESOLVER (source), result, &error);
  remember (self, lookup);
  self->n_running[lookup->class]--;
  g_hash_table_remove (self->lookups, lookup->key);
  /* Whoever hears of it may ask again at once: that is another lookup. */
  while (lookup->askers.length > 0) {
    g_autoptr (GTask) task = asker_free (lookup->askers.head->data);
    if (error != NULL)
      g_task_return_error (task, g_error_copy (error));
    else
      g_task_return_pointer (task, g_list_copy_deep (addresses, ref_address, NULL),
                             (GDestroyNotify)g_resolver_free_addresses);
  }
  g_resolver_free_addresses (addresses);
  lookup_free (lookup);
  pump (self);
}

static void
begin (UsResolver *self, Lookup *lookup) {
  g_object_ref (self);
  self->n_running[lookup->class]++;
  lookup->is_running = TRUE;
  lookup->begun_us = g_get_monotonic_time ();
  /* Nobody can cancel it: its thread would be held as long, and not be counted. */
  g_resolver_lookup_by_name_with_flags_async (self->inner, lookup->name, lookup->flags, NULL,
                                              on_looked_up, lookup);
}

static void
pump (UsResolver *self) {
  for (guint c = 0; c < N_CLASSES; c++)
    while (self->waiting[c].length > 0 && self->n_running[c] < max_running[c]) {
      GList *first = g_queue_pop_head_link (&self->waiting[c]);
      begin (self, first->data);
    }
}

static Lookup *
find (UsResolver *self, const char *name, GResolverNameLookupFlags flags) {
  g_autofree char *key = g_strdup_printf ("%u %s", (guint)flags, name);
  Lookup *lookup = g_hash_table_lookup (self->lookups, key);
  if (lookup != NULL)
    return lookup;
  lookup = g_new0 (Lookup, 1);
  lookup->resolver = self;
  lookup->key = g_steal_pointer (&key);
  lookup->name = g_strdup (name);
  lookup->flags = flags;
  lookup->class = class_of (self, name);
  lookup->link.data = lookup;
  g_hash_table_insert (self->lookups, lookup->key, lookup);
  g_queue_push_tail_link (&self->waiting[lookup->class], &lookup->link);
  return lookup;
}

/* ---- what a GResolver does ---- */

static void
on_passed_through (GObject *source, GAsyncResult *result, gpointer user_data) {
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  GList *addresses
      = g_resolver_lookup_by_name_with_flags_finish (G_RESOLVER (source), result, &error);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_pointer (task, addresses, (GDestroyNotify)g_resolver_free_addresses);
}

static void
lookup_by_name_with_flags_async (GResolver *resolver, const char *name,
                                 GResolverNameLookupFlags flags, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data) {
  UsResolver *self = US_RESOLVER (resolver);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, lookup_by_name_with_flags_async);
  if (g_thread_self () != self->owner) {
    g_resolver_lookup_by_name_with_flags_async (self->inner, name, flags, cancellable,
                                                on_passed_through, g_steal_pointer (&task));
    return;
  }
  add_asker (find (self, name, flags), task);
  pump (self);
}

static void
lookup_by_name_async (GResolver *resolver, const char *name, GCancellable *cancellable,
                      GAsyncReadyCallback callback, gpointer user_data) {
  lookup_by_name_with_flags_async (resolver, name, G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT,
                                   cancellable, callback, user_data);
}

static GList *
lookup_by_name_finish (GResolver *resolver, GAsyncResult *result, GError **error) {
  g_return_val_if_fail (g_task_is_valid (result, resolver), NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

static GList *
lookup_by_name (GResolver *resolver, const char *name, GCancellable *cancellable, GError **error) {
  return g_resolver_lookup_by_name (US_RESOLVER (resolver)->inner, name, cancellable, error);
}

static GList *
lookup_by_name_with_flags (GResolver *resolver, const char *name, GResolverNameLookupFlags flags,
                           GCancellable *cancellable, GError **error) {
  return g_resolver_lookup_by_name_with_flags (US_RESOLVER (resolver)->inner, name, flags,
                                               cancellable, error);
}

static void
us_resolver_finalize (GObject *object) {
  UsResolver *self = US_RESOLVER (object);
  /* Each asker's task, and each lookup under way, holds the resolver: there are none. */
  g_hash_table_unref (self->lookups);
  g_hash_table_unref (self->classes);
  g_object_unref (self->inner);
  G_OBJECT_CLASS (us_resolver_parent_class)->finalize (object);
}

static void
us_resolver_class_init (UsResolverClass *klass) {
  GResolverClass *resolver = G_RESOLVER_CLASS (klass);
  G_OBJECT_CLASS (klass)->finalize = us_resolver_finalize;
  resolver->lookup_by_name = lookup_by_name;
  resolver->lookup_by_name_async = lookup_by_name_async;
  resolver->lookup_by_name_finish = lookup_by_name_finish;
  resolver->lookup_by_name_with_flags = lookup_by_name_with_flags;
  resolver->lookup_by_name_with_flags_async = lookup_by_name_with_flags_async;
  resolver->lookup_by_name_with_flags_finish = lookup_by_name_finish;
}

static void
us_resolver_init (UsResolver *self) {
  self->owner = g_thread_self ();
  self->lookups = g_hash_table_new (g_str_hash, g_str_equal);
  self->classes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

/**
 * us_resolver_new:
 * @inner: what looks names up
 *
 * See resolver.h. Host names only: services and records are not looked up through it.
 *
 * Returns: (transfer full)
 */
GResolver *
us_resolver_new (GResolver *inner) {
  UsResolver *self = g_object_new (US_TYPE_RESOLVER, NULL);
  self->inner = g_object_ref (inner);
  return G_RESOLVER (self);
}

guint
us_resolver_count_running (UsResolver *resolver) {
  guint n = 0;
  for (guint c = 0; c < N_CLASSES; c++)
    n += resolver->n_running[c];
  return n;
}

guint
us_resolver_count_waiting (UsResolver *resolver) {
  guint n = 0;
  for (guint c = 0; c < N_CLASSES; c++)
    n += resolver->waiting[c].length;
  return n;
}
