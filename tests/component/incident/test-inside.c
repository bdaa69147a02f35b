/* test-inside.c - following our own roles: puppets that come, go and hang, and a real switcher */
#include "incident/inside.h"

#include "await.h"
#include "base/names.h"
#include "component/switcher/stage.h"

#include <math.h>
#include <string.h>

/* A role whose pages are what the test says. */
typedef struct {
  UsHttpServer *server; /* NULL: it is gone */
  guint16 port;
  char *health, *control; /* nullable: 404, and 403 */
  guint n_health, n_control;
} Puppet;

typedef struct {
  Puppet ingest, primary, backup, switcher;
  UsFakeClock clock;
  UsInside *inside;
  GPtrArray *events; /* element-type UsEvent */
  GString *streams;  /* "+a http://... -a" */
  UsSymptoms facts;  /* of the stream "a" */
  guint n_facts;
} World;

static void
answer (UsHttpResponse *response, guint status, const char *text) {
  response->status = status;
  response->content_type = "application/json";
  response->body = g_bytes_new (text, strlen (text));
}

static void
on_health (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  Puppet *puppet = user_data;
  puppet->n_health++;
  answer (response, puppet->health != NULL ? 200 : 404,
          puppet->health != NULL ? puppet->health : "{}");
}

static void
on_control (const UsHttpRequest *request, UsHttpResponse *response, gpointer user_data) {
  Puppet *puppet = user_data;
  puppet->n_control++;
  answer (response, puppet->control != NULL ? 200 : 403,
          puppet->control != NULL ? puppet->control : "{}");
}

static void
puppet_start (Puppet *puppet) {
  g_autoptr (GError) error = NULL;
  UsHttpServerSettings settings;
  us_http_server_settings_default (&settings);
  settings.address = "127.0.0.1";
  settings.port = puppet->port;
  settings.n_shards = 1;
  puppet->server = us_http_server_new (&settings, &error);
  g_assert_no_error (error);
  us_http_server_add_handler (puppet->server, "/healthz", "GET", on_health, puppet);
  us_http_server_add_handler (puppet->server, "/control/status", "GET", on_control, puppet);
  g_assert_true (us_http_server_start (puppet->server, &error));
  puppet->port = us_http_server_get_port (puppet->server);
}

static void
puppet_stop (Puppet *puppet) {
  g_clear_pointer (&puppet->server, us_http_server_free);
}

static void
puppet_say (Puppet *puppet, const char *health) {
  g_free (puppet->health);
  puppet->health = g_strdup (health);
}

static void
puppet_clear (Puppet *puppet) {
  puppet_stop (puppet);
  g_free (puppet->health);
  g_free (puppet->control);
}

static char *
puppet_url (const Puppet *puppet) {
  return g_strdup_printf ("http://127.0.0.1:%u/", puppet->port);
}

/* ---- who listens ---- */

static void
on_stream (const char *own_stream, const char *viewer_url, gboolean is_gone, gpointer user_data) {
  World *world = user_data;
  g_string_append_printf (world->streams, "%s%c%s %s", world->streams->len > 0 ? " " : "",
                          is_gone ? '-' : '+', own_stream, strstr (viewer_url, "/hls/"));
}

static void
on_event (const UsEvent *event, gpointer user_data) {
  World *world = user_data;
  g_ptr_array_add (world->events, us_event_copy (event));
}

static void
on_facts (const char *own_stream, const UsSymptoms *facts, gpointer user_data) {
  World *world = user_data;
  if (strcmp (own_stream, "a") != 0 && strcmp (own_stream, US_DEFAULT_STREAM) != 0)
    return;
  world->facts = *facts;
  world->n_facts++;
}

static const UsInsideHandler handler = { on_stream, on_event, on_facts };

#define SERVED                                                                                     \
  "{\"name\":\"a\",\"path\":\"/hls/a/index.m3u8\",\"is_served\":true,\"origins\":{"                \
  "\"primary\":{\"state\":\"up\"},\"backup\":{\"state\":\"suspect\"}},\"switches\":[]}"
#define SWITCHER_WELL "{\"started_ms\":7,\"streams\":[" SERVED "]}"
#define PUBLISHED                                                                                  \
  "{\"started_ms\":7,\"streams\":[{\"name\":\"a\",\"publisher\":{},\"publishes\":1}]}"
#define CUT(number)                                                                                \
  "{\"started_ms\":7,\"streams\":[{\"name\":\"a\",\"publisher\":{},\"publishes\":1,"               \
  "\"number\":" number "}]}"
#define UNPUBLISHED                                                                                \
  "{\"started_ms\":7,\"streams\":[{\"name\":\"a\",\"publisher\":null,\"publishes\":1}]}"
#define MUTE                                                                                       \
  "{\"started_ms\":7,\"streams\":[{\"name\":\"a\",\"publisher\":{\"silent_ms\":4000},"             \
  "\"publishes\":1}]}"
#define FRESH                                                                                      \
  "{\"started_ms\":7,\"streams\":[{\"name\":\"a\",\"state\":\"fresh\",\"connected\":true}]}"

static void
world_init (World *world) {
  Puppet *puppets[] = { &world->ingest, &world->primary, &world->backup, &world->switcher };
  *world = (World){ .streams = g_string_new (NULL) };
  world->events = g_ptr_array_new_with_free_func ((GDestroyNotify)us_event_free);
  us_fake_clock_init (&world->clock, 5000 * (gint64)G_USEC_PER_SEC, 1700000000000000);
  for (guint i = 0; i < G_N_ELEMENTS (puppets); i++)
    puppet_start (puppets[i]);
  puppet_say (&world->ingest, PUBLISHED);
  puppet_say (&world->primary, FRESH);
  puppet_say (&world->backup, FRESH);
  puppet_say (&world->switcher, SWITCHER_WELL);
}

static void
world_open (World *world) {
  g_autofree char *ingest = puppet_url (&world->ingest), *primary = puppet_url (&world->primary);
  g_autofree char *backup = puppet_url (&world->backup), *switcher = puppet_url (&world->switcher);
  const UsInsideSettings settings = { .ingest_url = ingest,
                                      .primary_url = primary,
                                      .backup_url = backup,
                                      .switcher_url = switcher,
                                      .clock = &world->clock.clock };
  world->inside = us_inside_new (&settings, &handler, world);
}

static void
world_clear (World *world) {
  g_clear_pointer (&world->inside, us_inside_free);
  puppet_clear (&world->ingest);
  puppet_clear (&world->primary);
  puppet_clear (&world->backup);
  puppet_clear (&world->switcher);
  g_ptr_array_unref (world->events);
  g_string_free (world->streams, TRUE);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* So many more polls have been answered. */
static void
await_polls (Puppet *puppet, guint n) {
  guint goal = puppet->n_health + n;
  await (puppet->n_health >= goal);
}

static gboolean
is_told (World *world, const char *text) {
  for (guint i = 0; i < world->events->len; i++)
    if (strstr (((UsEvent *)world->events->pdata[i])->text, text) != NULL)
      return TRUE;
  return FALSE;
}

static gboolean
is_all_known (World *world) {
  return world->facts.is_ingest_known && world->facts.n_packagers == 2
         && world->facts.is_switcher_known;
}

/* ---- puppets ---- */

static void
test_well (void) {
  World world;
  world_init (&world);
  world_open (&world);
  await (is_all_known (&world) && world.facts.has_publisher && world.facts.has_input);
  await_polls (&world.ingest, 2);
  g_assert_cmpstr (world.streams->str, ==, "+a /hls/a/index.m3u8");
  g_assert_cmpuint (world.events->len, ==, 0);
  g_assert_true (world.facts.is_own);
  g_assert_true (world.facts.is_ingest_up);
  g_assert_true (world.facts.had_publisher);
  g_assert_cmpuint (world.facts.n_packagers_up, ==, 2);
  g_assert_cmpuint (world.facts.n_packagers_restarted, ==, 0);
  g_assert_true (world.facts.is_switcher_up);
  g_assert_cmpuint (world.facts.n_origins_up, ==, 2);
  g_assert_cmpuint (world.facts.n_switches, ==, 0);
  g_assert_true (isnan (world.facts.publisher_gone_age));
  g_assert_cmpuint (world.switcher.n_control, ==, 1); /* denied once, and not asked again */
  world_clear (&world);
}

static void
test_publisher (void) {
  World world;
  world_init (&world);
  world_open (&world);
  await (is_all_known (&world) && world.facts.has_publisher);
  puppet_say (&world.ingest, UNPUBLISHED);
  await (is_told (&world, "The encoder left"));
  await (!world.facts.has_publisher);
  g_assert_cmpstr (((UsEvent *)world.events->pdata[0])->stream, ==, "a");
  us_fake_clock_advance_us (&world.clock, 50 * G_USEC_PER_SEC);
  await (world.facts.publisher_gone_age > 49);
  us_fake_clock_advance_us (&world.clock, 100 * G_USEC_PER_SEC); /* not in the window any more */
  await (isnan (world.facts.publisher_gone_age));
  g_assert_true (world.facts.had_publisher);
  puppet_say (&world.ingest, PUBLISHED);
  await (is_told (&world, "An encoder publishes"));
  await (world.facts.has_publisher);
  puppet_say (&world.ingest, MUTE); /* connected, but not heard */
  await (is_told (&world, "The encoder is connected, but has sent nothing"));
  await (!world.facts.has_publisher && world.facts.publisher_gone_age >= 0);
  world_clear (&world);
}

#define WARNED(warnings)                                                                           \
  "{\"started_ms\":7,\"streams\":[{\"name\":\"a\",\"publisher\":{},\"publishes\":1,"               \
  "\"warnings\":[" warnings "]}]}"
#define LONG_GOP "{\"id\":\"keyframe-interval-long\",\"severity\":\"info\",\"text\":\"far apart\"}"
#define MUTED "{\"id\":\"audio-stopped\",\"severity\":\"degraded\",\"text\":\"audio stopped\"}"

static guint
count_told (const World *world, const char *text) {
  guint n = 0;
  for (guint i = 0; i < world->events->len; i++)
    n += strstr (((UsEvent *)world->events->pdata[i])->text, text) != NULL;
  return n;
}

/* Also what was so before viewers could get the stream, and what the ingest told last is kept as
 * long as it answers. */
static void
test_warnings (void) {
  World world;
  world_init (&world);
  puppet_say (&world.switcher, "{\"started_ms\":7,\"streams\":[]}");
  puppet_say (&world.ingest, WARNED (LONG_GOP));
  world_open (&world);
  await_polls (&world.ingest, 2);
  await_polls (&world.switcher, 2);
  g_assert_cmpuint (count_told (&world, "far apart"), ==, 0);
  puppet_say (&world.switcher, SWITCHER_WELL);
  await (is_told (&world, "The ingest warns: far apart"));
  puppet_say (&world.ingest, WARNED (LONG_GOP "," MUTED));
  await (is_told (&world, "The ingest warns: audio stopped"));
  puppet_say (&world.ingest, WARNED (MUTED));
  await (is_told (&world, "No longer so: far apart"));
  await_polls (&world.ingest, 2);
  g_assert_cmpuint (count_told (&world, "far apart"), ==, 2);
  g_assert_cmpuint (count_told (&world, "audio stopped"), ==, 1);
  GBytes *told = us_inside_get_ingest (world.inside);
  g_assert_cmpmem (g_bytes_get_data (told, NULL), g_bytes_get_size (told), WARNED (MUTED),
                   strlen (WARNED (MUTED)));
  puppet_stop (&world.ingest);
  await (us_inside_get_ingest (world.inside) == NULL);
  world_clear (&world);
}

/* What the ingest cuts tells whether the encoder's pictures come. */
static void
test_cuts (void) {
  World world;
  world_init (&world);
  world_open (&world);
  await (is_all_known (&world) && world.facts.has_publisher);
  g_assert_true (isnan (world.facts.cut_age)); /* it does not say */
  puppet_say (&world.ingest, CUT ("1700000001"));
  await (world.facts.cut_age >= 0 && world.facts.cut_age < 1);
  us_fake_clock_advance_us (&world.clock, 200 * G_USEC_PER_SEC);
  await (world.facts.cut_age > 199);
  puppet_say (&world.ingest, CUT ("1700000002"));
  await (world.facts.cut_age < 1);
  puppet_stop (&world.ingest);
  await (!world.facts.is_ingest_up);
  g_assert_true (isnan (world.facts.cut_age)); /* nobody says so */
  world_clear (&world);
}

/* A role goes and comes back as another process. */
static void
test_restart (void) {
  World world;
  world_init (&world);
  world_open (&world);
  await (is_all_known (&world));
  puppet_stop (&world.primary);
  await (is_told (&world, "The primary packager does not answer any more: refused"));
  await (world.facts.n_packagers_up == 1);
  g_assert_cmpuint (world.facts.n_packagers, ==, 2);
  puppet_say (&world.primary, "{\"started_ms\":8,\"streams\":[]}");
  puppet_start (&world.primary);
  await (is_told (&world, "The primary packager was restarted and answers"));
  await (world.facts.n_packagers_restarted == 1);
  us_fake_clock_advance_us (&world.clock, 130 * G_USEC_PER_SEC);
  await (world.facts.n_packagers_restarted == 0);
  g_assert_cmpuint (world.events->len, ==, 2);
  world_clear (&world);
}

#define PAIRED(pair, divergences)                                                                  \
  "{\"started_ms\":7,\"streams\":[{\"name\":\"a\",\"path\":\"/hls/a/index.m3u8\","                 \
  "\"is_served\":true,\"pair\":\"" pair "\",\"divergences\":" divergences ",\"origins\":{},"       \
  "\"switches\":[]}]}"
#define STALE "{\"started_ms\":7,\"streams\":[{\"name\":\"a\",\"state\":\"stale\"}]}"

/* What the switcher finds of our two packagers is believed once it has lasted. */
static void
test_twins (void) {
  static const struct {
    const char *page;
    UsTwins expected;
  } rows[] = {
    { PAIRED ("identical", "0"), US_TWINS_ALIKE }, { PAIRED ("foreign", "0"), US_TWINS_FOREIGN },
    { PAIRED ("aligned", "0"), US_TWINS_ALIKE }, /* two transcoders */
    { PAIRED ("aligned", "1"), US_TWINS_APART },   { PAIRED ("identical", "1"), US_TWINS_ALIKE },
    { PAIRED ("foreign", "1"), US_TWINS_FOREIGN },
  };
  World world;
  world_init (&world);
  world_open (&world);
  await (is_all_known (&world));
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    puppet_say (&world.switcher, rows[i].page);
    await (world.facts.twins == US_TWINS_UNKNOWN); /* it may be of the moment */
    await_polls (&world.switcher, 3);
    g_assert_cmpint (world.facts.twins, ==, US_TWINS_UNKNOWN);
    us_fake_clock_advance_us (&world.clock, 11 * G_USEC_PER_SEC);
    await (world.facts.twins == rows[i].expected);
  }
  /* One that makes nothing is not compared. */
  puppet_say (&world.backup, STALE);
  await (world.facts.twins == US_TWINS_UNKNOWN);
  us_fake_clock_advance_us (&world.clock, 60 * G_USEC_PER_SEC);
  await_polls (&world.switcher, 3);
  g_assert_cmpint (world.facts.twins, ==, US_TWINS_UNKNOWN);
  world_clear (&world);
}

/* Who was never there is not missed; who hangs is, and delays nobody. */
static void
test_missing_and_hung (void) {
  World world;
  g_autoptr (GSocketListener) deaf = g_socket_listener_new ();
  world_init (&world);
  puppet_stop (&world.backup);
  world_open (&world);
  await (world.facts.is_ingest_known && world.facts.n_packagers == 1);
  puppet_stop (&world.ingest);
  await (is_told (&world, "The ingest does not answer any more: refused"));
  /* It accepts, and says nothing. */
  guint16 port = world.ingest.port;
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new (loopback, port);
  g_assert_true (g_socket_listener_add_address (deaf, address, G_SOCKET_TYPE_STREAM,
                                                G_SOCKET_PROTOCOL_TCP, NULL, NULL, NULL));
  await_polls (&world.switcher, 6);
  g_assert_cmpuint (world.events->len, ==, 1);
  g_assert_false (world.facts.is_ingest_up);
  g_assert_true (world.facts.is_switcher_up);
  world_clear (&world);
}

/* Who has answered and hangs is missed twice before it is called gone. */
static void
test_hangs (void) {
  World world = { .streams = g_string_new (NULL) };
  FakeOrigin *fake = fake_origin_new ();
  g_autofree char *url = fake_origin_url (fake);
  g_autoptr (GBytes) page = g_bytes_new (SWITCHER_WELL, strlen (SWITCHER_WELL));
  fake_origin_put (fake, "healthz", page);
  world.events = g_ptr_array_new_with_free_func ((GDestroyNotify)us_event_free);
  const UsInsideSettings settings = { .switcher_url = url };
  world.inside = us_inside_new (&settings, &handler, &world);
  await (world.facts.is_switcher_up);
  fake_origin_set_mode (fake, FAKE_FROZEN);
  guint before = world.n_facts;
  await (is_told (&world, "The switcher does not answer any more: "));
  g_assert_cmpuint (world.n_facts, >=, before + 1); /* the first time it was waited for */
  g_assert_cmpuint (world.events->len, ==, 1);
  g_clear_pointer (&world.inside, us_inside_free);
  fake_origin_free (fake);
  g_ptr_array_unref (world.events);
  g_string_free (world.streams, TRUE);
}

static void
test_not_a_page (void) {
  World world;
  world_init (&world);
  world_open (&world);
  await (is_all_known (&world));
  puppet_say (&world.switcher, "<html>");
  await (is_told (&world, "The switcher does not answer any more: its answer is no status page"));
  puppet_say (&world.switcher, SWITCHER_WELL);
  await (is_told (&world, "The switcher answers again"));
  g_assert_cmpstr (world.streams->str, ==, "+a /hls/a/index.m3u8");
  world_clear (&world);
}

/* A stream is gone a minute after everybody has stopped naming it, but not when nobody answers. */
static void
test_streams_go (void) {
  World world;
  world_init (&world);
  world_open (&world);
  await (is_all_known (&world));
  puppet_stop (&world.switcher);
  await (!world.facts.is_switcher_up);
  puppet_say (&world.ingest, "{\"started_ms\":7,\"streams\":[]}");
  await (is_told (&world, "The encoder left"));
  us_fake_clock_advance_us (&world.clock, 300 * G_USEC_PER_SEC);
  await_polls (&world.ingest, 3);
  g_assert_cmpstr (world.streams->str, ==, "+a /hls/a/index.m3u8");
  puppet_say (&world.switcher, "{\"started_ms\":7,\"streams\":[]}");
  puppet_start (&world.switcher);
  await (strstr (world.streams->str, " -a") != NULL);
  world_clear (&world);
}

static void
test_orders (void) {
  World world;
  world_init (&world);
  world.switcher.control = g_strdup ("{\"started_ms\":7,\"streams\":[" SERVED "],\"commands\":[]}");
  world_open (&world);
  await (world.facts.is_switcher_known);
  g_free (world.switcher.control);
  world.switcher.control
      = g_strdup ("{\"started_ms\":7,\"streams\":[" SERVED "],\"commands\":[{\"id\":1,\"stream\":"
                  "\"a\",\"what\":\"a: hold\",\"who\":\"alice\"}]}");
  await (is_told (&world, "a: hold by alice"));
  g_assert_cmpuint (world.switcher.n_health, ==, 0);
  world_clear (&world);
}

static void
test_end (void) {
  World world;
  world_init (&world);
  world_open (&world);
  g_clear_pointer (&world.inside, us_inside_free); /* with four requests under way */
  world_open (&world);
  await (world.facts.is_ingest_known);
  world_clear (&world);
}

/* ---- a real switcher ---- */

static void
test_failover (void) {
  World world = { .streams = g_string_new (NULL) };
  Stage stage;
  stage_open (&stage);
  for (guint i = 0; i < 4; i++)
    stage_next (&stage, TRUE, TRUE);
  stage_start_switcher (&stage);
  world.events = g_ptr_array_new_with_free_func ((GDestroyNotify)us_event_free);
  g_autofree char *url
      = g_strdup_printf ("http://127.0.0.1:%u", us_switcher_get_port (stage.switcher));
  const UsInsideSettings settings = { .switcher_url = url };
  world.inside = us_inside_new (&settings, &handler, &world);
  await (world.facts.n_origins_up == 2);
  g_assert_cmpstr (world.streams->str, ==, "+" US_DEFAULT_STREAM " /hls/index.m3u8");
  g_assert_cmpuint (world.events->len, ==, 0);
  UsInsideView view;
  g_assert_false (us_inside_view (world.inside, "nobody", &view));
  await (us_inside_view (world.inside, US_DEFAULT_STREAM, &view)
         && g_strcmp0 (view.pair, "identical") == 0);
  g_assert_cmpstr (view.active, ==, "primary");
  g_assert_cmpstr (view.path, ==, "/hls/index.m3u8");
  g_assert_cmpuint (view.failovers, ==, 0);
  g_assert_false (view.is_publisher_known);

  fake_origin_set_mode (stage.fakes[0], FAKE_DEAD);
  await (is_told (&world, "Viewers get backup instead of primary: "));
  gint64 told_us = g_get_real_time ();
  const UsEvent *event = NULL;
  for (guint i = 0; i < world.events->len; i++)
    if (((UsEvent *)world.events->pdata[i])->kind == US_EVENT_SWITCHED)
      event = world.events->pdata[i];
  g_assert_nonnull (event);
  g_assert_cmpstr (event->stream, ==, US_DEFAULT_STREAM);
  g_test_message ("told %" G_GINT64_FORMAT " ms after it was decided",
                  (told_us - event->wall_us) / 1000);
  g_assert_cmpint (told_us - event->wall_us, <, 3 * G_USEC_PER_SEC); /* 1 s, on a loaded machine */
  await (is_told (&world, "Origin primary failed: "));
  await (world.facts.n_switches == 1 && world.facts.n_origins_up == 1);
  g_assert_cmpfloat (world.facts.switch_age, >=, 0);
  g_assert_true (us_inside_view (world.inside, US_DEFAULT_STREAM, &view));
  g_assert_cmpstr (view.active, ==, "backup");
  g_assert_cmpuint (view.failovers, ==, 1);
  g_assert_cmpuint (view.switchbacks, ==, 0);
  us_inside_free (world.inside);
  stage_close (&stage);
  g_ptr_array_unref (world.events);
  g_string_free (world.streams, TRUE);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/incident/inside/well", test_well);
  g_test_add_func ("/incident/inside/publisher", test_publisher);
  g_test_add_func ("/incident/inside/warnings", test_warnings);
  g_test_add_func ("/incident/inside/cuts", test_cuts);
  g_test_add_func ("/incident/inside/restart", test_restart);
  g_test_add_func ("/incident/inside/twins", test_twins);
  g_test_add_func ("/incident/inside/missing-and-hung", test_missing_and_hung);
  g_test_add_func ("/incident/inside/hangs", test_hangs);
  g_test_add_func ("/incident/inside/not-a-page", test_not_a_page);
  g_test_add_func ("/incident/inside/streams-go", test_streams_go);
  g_test_add_func ("/incident/inside/orders", test_orders);
  g_test_add_func ("/incident/inside/end", test_end);
  g_test_add_func ("/incident/inside/failover", test_failover);
  return g_test_run ();
}
