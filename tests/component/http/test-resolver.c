/* test-resolver.c - names that hang keep no other waiting; each asker is answered once
 *
 * Behind the resolver is one of the test's own. Its threads are counted; names that begin with
 * "silent" hold theirs until the test lets go, all others answer in the next round of the loop.
 */
#include "http/resolver.h"

#include <string.h>

#define N_THREADS 20 /* of GLib's own */

/* ---- threads ---- */

typedef struct {
  GResolver parent;
  GQueue held;           /* element-type GTask: of silent names */
  guint n_begun, n_most; /* lookups; at a time */
  guint n_running;
} Threads;
typedef GResolverClass ThreadsClass;
GType threads_get_type (void);
G_DEFINE_TYPE (Threads, threads, G_TYPE_RESOLVER)

static gboolean
on_answer (gpointer user_data) {
  GTask *task = user_data;
  Threads *self = g_task_get_source_object (task);
  const char *name = g_task_get_task_data (task);
  self->n_running--;
  if (g_str_has_prefix (name, "gone"))
    g_task_return_new_error (task, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, "no %s", name);
  else
    g_task_return_pointer (task, g_list_append (NULL, g_inet_address_new_from_string ("192.0.2.1")),
                           (GDestroyNotify)g_resolver_free_addresses);
  g_object_unref (task);
  return G_SOURCE_REMOVE;
}

static void
begin (GResolver *resolver, const char *name, GResolverNameLookupFlags flags,
       GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data) {
  Threads *self = (Threads *)resolver;
  GTask *task = g_task_new (resolver, NULL, callback, user_data);
  g_assert_null (cancellable); /* it would hold its thread all the same */
  g_task_set_task_data (task, g_strdup (name), g_free);
  self->n_begun++;
  self->n_most = MAX (self->n_most, ++self->n_running);
  if (g_str_has_prefix (name, "silent"))
    g_queue_push_tail (&self->held, task);
  else
    g_idle_add (on_answer, task);
}

static void
begin_plain (GResolver *resolver, const char *name, GCancellable *cancellable,
             GAsyncReadyCallback callback, gpointer user_data) {
  begin (resolver, name, G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT, cancellable, callback, user_data);
}

static GList *
finish (GResolver *resolver, GAsyncResult *result, GError **error) {
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
threads_class_init (ThreadsClass *klass) {
  klass->lookup_by_name_async = begin_plain;
  klass->lookup_by_name_finish = finish;
  klass->lookup_by_name_with_flags_async = begin;
  klass->lookup_by_name_with_flags_finish = finish;
}

static void
threads_init (Threads *self) {
}

static void
let_go (Threads *self) {
  GTask *task = g_queue_pop_head (&self->held);
  g_assert_nonnull (task);
  on_answer (task);
}

/* ---- askers ---- */

typedef struct {
  GCancellable *cancellable;
  gboolean is_answered;
  guint n_addresses;
  GError *error;
} Asker;

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data) {
  Asker *asker = user_data;
  g_assert_false (asker->is_answered);
  asker->is_answered = TRUE;
  GList *addresses = g_resolver_lookup_by_name_finish (G_RESOLVER (source), result, &asker->error);
  asker->n_addresses = g_list_length (addresses);
  g_resolver_free_addresses (addresses);
}

static void ask (GResolver *resolver, Asker *asker, const char *format, ...) G_GNUC_PRINTF (3, 4);

static void
ask (GResolver *resolver, Asker *asker, const char *format, ...) {
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *name = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  asker->cancellable = g_cancellable_new ();
  g_resolver_lookup_by_name_async (resolver, name, asker->cancellable, on_answered, asker);
}

static void
asker_clear (Asker *asker) {
  g_clear_object (&asker->cancellable);
  g_clear_error (&asker->error);
  *asker = (Asker){ 0 };
}

static void
settle (void) {
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
assert_answers (GResolver *resolver, const char *name, gboolean is_there) {
  Asker asker = { 0 };
  ask (resolver, &asker, "%s", name);
  settle ();
  g_assert_true (asker.is_answered);
  g_assert_cmpuint (asker.n_addresses, ==, is_there ? 1 : 0);
  g_assert_cmpint (asker.error == NULL, ==, is_there);
  asker_clear (&asker);
}

/* ---- cases ---- */

typedef struct {
  Threads *threads;
  GResolver *resolver;
} World;

static void
world_open (World *world) {
  world->threads = g_object_new (threads_get_type (), NULL);
  world->resolver = us_resolver_new (G_RESOLVER (world->threads));
}

/* Whatever still hangs ends first: nothing of it may be left. */
static void
world_close (World *world) {
  while (world->threads->held.length > 0)
    let_go (world->threads);
  settle ();
  g_assert_cmpuint (us_resolver_count_running (US_RESOLVER (world->resolver)), ==, 0);
  g_assert_cmpuint (us_resolver_count_waiting (US_RESOLVER (world->resolver)), ==, 0);
  g_assert_finalize_object (world->resolver);
  g_assert_finalize_object (world->threads);
}

static void
test_answers (void) {
  World world;
  world_open (&world);
  assert_answers (world.resolver, "one.example", TRUE);
  assert_answers (world.resolver, "gone.example", FALSE);
  assert_answers (world.resolver, "192.0.2.7", TRUE);
  g_assert_cmpuint (world.threads->n_begun, ==, 2);
  world_close (&world);
}

/* However many names hang, and however often they are asked for: who was quick stays quick. */
static void
test_silent (void) {
  World world;
  Asker *askers = g_new0 (Asker, 200);
  world_open (&world);
  assert_answers (world.resolver, "one.example", TRUE);
  assert_answers (world.resolver, "gone.example", FALSE);
  for (guint i = 0; i < 200; i++)
    ask (world.resolver, &askers[i], "silent-%u.example", i);
  settle ();
  assert_answers (world.resolver, "one.example", TRUE);
  assert_answers (world.resolver, "gone.example", FALSE);
  for (guint i = 0; i < 200; i++) /* a deadline of theirs */
    g_cancellable_cancel (askers[i].cancellable);
  settle ();
  for (guint i = 0; i < 200; i++) {
    g_assert_true (askers[i].is_answered);
    g_assert_error (askers[i].error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    asker_clear (&askers[i]);
  }
  g_assert_cmpuint (us_resolver_count_waiting (US_RESOLVER (world.resolver)), ==, 0);
  guint n_hanging = us_resolver_count_running (US_RESOLVER (world.resolver));
  g_assert_cmpuint (n_hanging, >, 0);
  for (guint i = 0; i < 200; i++) /* those whose lookups still hang hang on to these */
    ask (world.resolver, &askers[i], "silent-%u.example", i);
  settle ();
  g_assert_cmpuint (us_resolver_count_running (US_RESOLVER (world.resolver)), ==, n_hanging);
  assert_answers (world.resolver, "one.example", TRUE);
  while (world.threads->held.length > 0) {
    let_go (world.threads);
    settle ();
  }
  for (guint i = 0; i < 200; i++) {
    g_assert_cmpuint (askers[i].n_addresses, ==, 1);
    asker_clear (&askers[i]);
  }
  g_assert_cmpuint (world.threads->n_most, <, N_THREADS);
  world_close (&world);
  g_free (askers);
}

/* A name that was slow once waits among its like, a new one does not. */
static void
test_slow (void) {
  World world;
  Asker askers[40] = { 0 };
  world_open (&world);
  for (guint i = 0; i < 6; i++)
    ask (world.resolver, &askers[i], "silent-%u.example", i);
  settle ();
  gint64 until_us = g_get_monotonic_time () + 1100 * G_TIME_SPAN_MILLISECOND;
  while (g_get_monotonic_time () < until_us) /* what slow means is a time */
    g_usleep (10000);
  while (world.threads->held.length > 0)
    let_go (world.threads);
  settle ();
  for (guint i = 0; i < 6; i++) {
    g_assert_true (askers[i].is_answered);
    asker_clear (&askers[i]);
    ask (world.resolver, &askers[i], "silent-%u.example", i);
  }
  settle ();
  g_assert_cmpuint (us_resolver_count_running (US_RESOLVER (world.resolver)), ==, 6);
  assert_answers (world.resolver, "new.example", TRUE);
  while (world.threads->held.length > 0)
    let_go (world.threads);
  settle ();
  for (guint i = 0; i < 6; i++)
    asker_clear (&askers[i]);
  world_close (&world);
}

/* One lookup for all who ask; one of them gives up. */
static void
test_shared (void) {
  World world;
  Asker askers[3] = { 0 };
  world_open (&world);
  for (guint i = 0; i < 3; i++)
    ask (world.resolver, &askers[i], "silent.example");
  settle ();
  g_cancellable_cancel (askers[1].cancellable);
  settle ();
  g_assert_true (askers[1].is_answered);
  g_assert_false (askers[0].is_answered);
  let_go (world.threads);
  settle ();
  g_assert_cmpuint (askers[0].n_addresses, ==, 1);
  g_assert_cmpuint (askers[2].n_addresses, ==, 1);
  g_assert_cmpuint (world.threads->n_begun, ==, 1);
  for (guint i = 0; i < 3; i++)
    asker_clear (&askers[i]);
  world_close (&world);
}

/* GLib's own behind it. */
static void
test_real (void) {
  g_autoptr (GResolver) threads = g_resolver_get_default ();
  g_autoptr (GResolver) resolver = us_resolver_new (threads);
  Asker asker = { 0 };
  ask (resolver, &asker, "localhost");
  while (!asker.is_answered)
    g_main_context_iteration (NULL, TRUE);
  g_assert_no_error (asker.error);
  g_assert_cmpuint (asker.n_addresses, >, 0);
  asker_clear (&asker);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/resolver/answers", test_answers);
  g_test_add_func ("/http/resolver/silent", test_silent);
  g_test_add_func ("/http/resolver/slow", test_slow);
  g_test_add_func ("/http/resolver/shared", test_shared);
  g_test_add_func ("/http/resolver/real", test_real);
  return g_test_run ();
}
