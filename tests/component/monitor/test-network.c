/* test-network.c - when our own network fails, nothing is said of the streams
 *
 * Streams on this machine need no network and do not count; so the hosts have names, and a resolver
 * of the test's own puts them on two addresses of this machine.
 */
#include "puppet.h"
#include "watching.h"

#include "http/resolver.h"

#include <string.h>

/* ---- names ---- */

/* As GLib's own: each lookup holds one of so many threads until it ends, whoever has given up. */
#define N_THREADS 20
#define SILENT_MS 1000 /* until a name server is given up */

typedef struct {
  GResolver parent;
  GQueue waiting; /* element-type GTask */
  guint n_running;
} Names;
typedef GResolverClass NamesClass;
GType names_get_type (void);
G_DEFINE_TYPE (Names, names, G_TYPE_RESOLVER)

static GList *
find (const char *name, GError **error) {
  const char *address = g_str_has_prefix (name, "one.")   ? "127.0.0.1"
                        : g_str_has_prefix (name, "two.") ? "127.0.0.2"
                                                          : NULL;
  if (address != NULL)
    return g_list_append (NULL, g_inet_address_new_from_string (address));
  g_set_error (error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, "no %s", name);
  return NULL;
}

static Names *threads;
static void begin_next (Names *self);

static gboolean
on_looked_up (gpointer user_data) {
  GTask *task = user_data;
  Names *self = g_task_get_source_object (task);
  GError *error = NULL;
  GList *list = find (g_task_get_task_data (task), &error);
  self->n_running--;
  if (list != NULL)
    g_task_return_pointer (task, list, (GDestroyNotify)g_resolver_free_addresses);
  else
    g_task_return_error (task, error);
  begin_next (self);
  g_object_unref (task);
  return G_SOURCE_REMOVE;
}

static void
begin_next (Names *self) {
  while (self->waiting.length > 0 && self->n_running < N_THREADS) {
    GTask *task = g_queue_pop_head (&self->waiting);
    gboolean is_silent = g_str_has_prefix (g_task_get_task_data (task), "silent");
    self->n_running++;
    g_timeout_add (is_silent ? SILENT_MS : 0, on_looked_up, task);
  }
}

static void
look_up_flags_async (GResolver *resolver, const char *name, GResolverNameLookupFlags flags,
                     GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data) {
  Names *self = (Names *)resolver;
  GTask *task = g_task_new (resolver, cancellable, callback, user_data);
  gboolean is_there
      = flags != G_RESOLVER_NAME_LOOKUP_FLAGS_IPV6_ONLY || g_str_has_prefix (name, "silent");
  g_task_set_task_data (task, g_strdup (is_there ? name : "no IPv6"), g_free);
  g_queue_push_tail (&self->waiting, task);
  begin_next (self);
}

static void
look_up_async (GResolver *resolver, const char *name, GCancellable *cancellable,
               GAsyncReadyCallback callback, gpointer user_data) {
  look_up_flags_async (resolver, name, G_RESOLVER_NAME_LOOKUP_FLAGS_DEFAULT, cancellable, callback,
                       user_data);
}

static GList *
look_up_finish (GResolver *resolver, GAsyncResult *result, GError **error) {
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
names_class_init (NamesClass *klass) {
  klass->lookup_by_name_async = look_up_async;
  klass->lookup_by_name_finish = look_up_finish;
  klass->lookup_by_name_with_flags_async = look_up_flags_async;
  klass->lookup_by_name_with_flags_finish = look_up_finish;
}

static void
names_init (Names *names) {
}

/* ---- two streams ---- */

#define N 2

typedef struct {
  Puppet *puppets[N];
  guint64 first;
  guint timer;
} World;

static gboolean
on_play (gpointer user_data) {
  World *world = user_data;
  g_autoptr (GString) text = g_string_new ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n");
  world->first++;
  g_string_append_printf (text, "#EXT-X-MEDIA-SEQUENCE:%" G_GUINT64_FORMAT "\n", world->first);
  for (guint64 n = world->first; n < world->first + 5; n++)
    g_string_append_printf (text, "#EXTINF:1.0,\n%" G_GUINT64_FORMAT ".ts\n", n);
  for (guint i = 0; i < N; i++)
    puppet_say_text (world->puppets[i], "/a.m3u8", text->str);
  return G_SOURCE_CONTINUE;
}

static void
put (World *world, Watching *watching, guint index, const char *name, const char *path) {
  g_autofree char *url = puppet_url (world->puppets[index], path);
  g_autofree char *other = g_strdup_printf ("http://%s%s", name, strrchr (url, ':'));
  g_autofree char *id = g_strdup_printf ("s%u", index);
  g_autoptr (UsStreamConfig) config = us_stream_config_new (id, id, other);
  config->segment_share = 0;
  us_monitor_put (watching->monitor, config);
}

static void
world_open (World *world, Watching *watching, gboolean with_streams) {
  static const char *const addresses[N] = { "127.0.0.1", "127.0.0.2" };
  for (guint i = 0; i < N; i++)
    world->puppets[i] = puppet_new_at (addresses[i]);
  world->first = 100;
  on_play (world);
  world->timer = g_timeout_add (1000, on_play, world);
  watching_open (watching);
  if (with_streams) {
    put (world, watching, 0, "one.example", "/a.m3u8");
    put (world, watching, 1, "two.test", "/a.m3u8");
  }
}

static void
world_close (World *world, Watching *watching) {
  watching_close (watching);
  g_source_remove (world->timer);
  for (guint i = 0; i < N; i++)
    puppet_free (world->puppets[i]);
}

static gboolean
are (const Watching *watching, UsHealth health) {
  return watching_health (watching, "s0") == health && watching_health (watching, "s1") == health;
}

static void
test_together (void) {
  World world = { 0 };
  Watching watching = { 0 };
  UsMonitorStats stats;
  world_open (&world, &watching, TRUE);
  watching_await (are (&watching, US_HEALTH_HEALTHY));
  for (guint i = 0; i < N; i++)
    puppet_vanish (world.puppets[i]);
  watching_await (are (&watching, US_HEALTH_NO_DATA));
  us_monitor_get_stats (watching.monitor, &stats);
  g_assert_true (stats.is_network_down);
  g_assert_true (watching_is_open (&watching, "s0", US_CHECK_PROBE_NETWORK));
  watching_run (4);
  g_assert_true (are (&watching, US_HEALTH_NO_DATA));
  UsSymptoms symptoms;
  us_monitor_get_symptoms (watching.monitor, "s0", &symptoms);
  g_assert_cmpuint (symptoms.n_hosts_failing, ==, N);
  g_assert_true (symptoms.is_failing_together);
  /* Back, and what was missed meanwhile is nobody's fault. */
  for (guint i = 0; i < N; i++)
    puppet_return (world.puppets[i]);
  watching_await (are (&watching, US_HEALTH_HEALTHY));
  watching_run (3);
  g_assert_true (are (&watching, US_HEALTH_HEALTHY));
  g_assert_false (watching_is_open (&watching, "s0", US_CHECK_PROBE_NETWORK));
  g_assert_null (watching_find (&watching, "s0", US_CHECK_SEQUENCE_JUMP));
  g_assert_null (watching_find (&watching, "s0", US_CHECK_STALE));
  for (guint i = 0; i < N; i++)
    g_assert_cmpint (watching_worst (&watching, i == 0 ? "s0" : "s1"), <, US_HEALTH_UNHEALTHY);
  world_close (&world, &watching);
}

/* One of two is that one's fault. */
static void
test_alone (void) {
  World world = { 0 };
  Watching watching = { 0 };
  world_open (&world, &watching, TRUE);
  watching_await (are (&watching, US_HEALTH_HEALTHY));
  puppet_vanish (world.puppets[0]);
  watching_await (watching_health (&watching, "s0") == US_HEALTH_UNHEALTHY);
  watching_assert_clean (&watching, "s1");
  g_assert_null (watching_find (&watching, "s0", US_CHECK_PROBE_NETWORK));
  world_close (&world, &watching);
}

/* ... unless what must answer in our own network does not. */
static void
test_local_probe (void) {
  World world = { 0 };
  Watching watching = { 0 };
  g_autoptr (Puppet) gateway = puppet_new ();
  g_autofree char *url = puppet_url (gateway, "/");
  us_monitor_settings_default (&watching.settings);
  watching.settings.allow_loopback = TRUE;
  watching.settings.max_decodes = 0;
  watching.settings.local_probe_url = url; /* 404 is an answer */
  world_open (&world, &watching, TRUE);
  watching_await (are (&watching, US_HEALTH_HEALTHY));
  puppet_vanish (gateway);
  puppet_vanish (world.puppets[0]);
  watching_await (watching_health (&watching, "s0") == US_HEALTH_NO_DATA);
  UsSymptoms symptoms;
  us_monitor_get_symptoms (watching.monitor, "s0", &symptoms);
  g_assert_true (symptoms.is_local_net_down);
  g_assert_cmpint (watching_worst (&watching, "s0"), <, US_HEALTH_UNHEALTHY);
  watching_assert_clean (&watching, "s1");
  world_close (&world, &watching);
}

/* A playlist names hosts whose name server is silent, as many as it likes: others do not wait. */
static void
test_silent_names (void) {
  World world = { 0 };
  Watching watching = { 0 };
  us_monitor_settings_default (&watching.settings);
  watching.settings.allow_loopback = TRUE;
  watching.settings.max_decodes = 0;
  watching.settings.deadline_ms = watching.settings.first_deadline_ms = SILENT_MS / 2;
  world_open (&world, &watching, FALSE);
  g_autoptr (GString) text = g_string_new ("#EXTM3U\n");
  for (guint i = 0; i < 64; i++)
    g_string_append_printf (text, "#EXT-X-STREAM-INF:BANDWIDTH=%u\nhttp://silent-%u.test/a.m3u8\n",
                            100000 + i, i);
  puppet_say_text (world.puppets[0], "/main.m3u8", text->str);
  put (&world, &watching, 0, "one.example", "/main.m3u8");
  watching_await (threads->n_running > 0);
  watching_run (3);
  put (&world, &watching, 1, "two.test", "/a.m3u8");
  watching_await (watching_health (&watching, "s1") == US_HEALTH_HEALTHY);
  watching_run (3);
  g_assert_cmpint (watching_health (&watching, "s1"), ==, US_HEALTH_HEALTHY);
  world_close (&world, &watching);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  threads = g_object_new (names_get_type (), NULL);
  g_autoptr (GResolver) resolver = us_resolver_new (G_RESOLVER (threads));
  g_resolver_set_default (resolver);
  g_test_add_func ("/monitor/network/together", test_together);
  g_test_add_func ("/monitor/network/alone", test_alone);
  g_test_add_func ("/monitor/network/local-probe", test_local_probe);
  g_test_add_func ("/monitor/network/silent-names", test_silent_names);
  int code = g_test_run ();
  g_object_unref (threads);
  return code;
}
