/* test-bus.c - the switcher on a real message bus: every method, every refusal, every signal */
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "booth.h"

static const UsConsoleSettings on_session
    = { .has_http = TRUE, .token_file = "", .bus = "session" };
static const char *xml_path;

static void
set_up (Booth *booth, gconstpointer data) {
  booth_open (booth);
  booth_start_bus (booth);
  booth_start_switcher (booth, &on_session);
  booth_connect (booth);
  booth_await_service (booth);
}

static void
tear_down (Booth *booth, gconstpointer data) {
  booth_close (booth);
}

static void
must_call (Booth *booth, const char *method, GVariant *arguments) {
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply
      = booth_call (booth, BOOTH_STREAM, "Stream", method, arguments, &error);
  g_assert_no_error (error);
  g_assert_nonnull (reply);
}

static void
assert_text (Booth *booth, const char *property, const char *expected) {
  g_autofree char *text = booth_get_text (booth, BOOTH_STREAM, "Stream", property);
  g_assert_cmpstr (text, ==, expected);
}

static gboolean
has_text (Booth *booth, const char *property, const char *expected) {
  g_autofree char *text = booth_get_text (booth, BOOTH_STREAM, "Stream", property);
  return strcmp (text, expected) == 0;
}

/* ---- signals, counted ---- */

typedef struct {
  guint n_switched, n_changed, n_added, n_removed;
  GVariant *switched; /* the last one's arguments */
} Heard;

static void
on_signal (GDBusConnection *connection, const char *sender, const char *path, const char *interface,
           const char *signal, GVariant *arguments, gpointer data) {
  Heard *heard = data;
  heard->n_changed += strcmp (signal, "PropertiesChanged") == 0;
  heard->n_added += strcmp (signal, "InterfacesAdded") == 0;
  heard->n_removed += strcmp (signal, "InterfacesRemoved") == 0;
  if (strcmp (signal, "Switched") != 0)
    return;
  heard->n_switched++;
  g_clear_pointer (&heard->switched, g_variant_unref);
  heard->switched = g_variant_ref (arguments);
}

static guint
listen_to (Booth *booth, Heard *heard) {
  return g_dbus_connection_signal_subscribe (booth->client, BOOTH_NAME, NULL, NULL, NULL, NULL,
                                             G_DBUS_SIGNAL_FLAGS_NONE, on_signal, heard, NULL);
}

static void
stop_listening (Booth *booth, Heard *heard, guint id) {
  g_dbus_connection_signal_unsubscribe (booth->client, id);
  g_clear_pointer (&heard->switched, g_variant_unref);
}

/* The user's name as the bus must tell it. */
static const char *
own_name (void) {
  const struct passwd *entry = getpwuid (getuid ());
  g_assert_nonnull (entry);
  return entry->pw_name;
}

/* ---- methods ---- */

static void
test_switch (Booth *booth, gconstpointer data) {
  Heard heard = { 0 };
  const char *from, *to, *reason, *who, *why;
  gint64 gap_ms, overlap_ms;
  guint id = listen_to (booth, &heard);
  assert_text (booth, "Active", "primary");

  must_call (booth, "Failover", g_variant_new ("(s)", "new disk"));
  assert_text (booth, "Active", "backup"); /* when the answer is there it has happened */
  assert_text (booth, "Mode", "forced");
  assert_text (booth, "Home", "backup");
  booth_await (heard.n_switched == 1 && heard.n_changed > 0);
  g_variant_get (heard.switched, "(&s&s&sxx&s&s)", &from, &to, &reason, &gap_ms, &overlap_ms, &who,
                 &why);
  g_assert_cmpstr (from, ==, "primary");
  g_assert_cmpstr (to, ==, "backup");
  g_assert_cmpstr (reason, ==, "operator-force");
  g_assert_cmpint (gap_ms, ==, 0);
  g_assert_cmpint (overlap_ms, ==, 0);
  g_assert_cmpstr (who, ==, own_name ());
  g_assert_cmpstr (why, ==, "new disk");

  must_call (booth, "Switchback", g_variant_new ("(s)", ""));
  assert_text (booth, "Active", "primary");
  assert_text (booth, "Mode", "auto");
  booth_await (heard.n_switched == 2);
  g_autoptr (GVariant) failovers = booth_get (booth, BOOTH_STREAM, "Stream", "Failovers");
  g_autoptr (GVariant) switchbacks = booth_get (booth, BOOTH_STREAM, "Stream", "Switchbacks");
  g_assert_cmpuint (g_variant_get_uint64 (failovers), ==, 1);
  g_assert_cmpuint (g_variant_get_uint64 (switchbacks), ==, 1);
  g_autoptr (GVariant) last = booth_get (booth, BOOTH_STREAM, "Stream", "LastSwitch");
  g_variant_get (last, "(x&s&s&sxx&s&s)", NULL, &from, &to, &reason, NULL, NULL, &who, &why);
  g_assert_cmpstr (reason, ==, "operator-switchback");
  g_assert_cmpstr (who, ==, own_name ());
  stop_listening (booth, &heard, id);
}

static void
test_orders (Booth *booth, gconstpointer data) {
  must_call (booth, "Force", g_variant_new ("(subs)", "backup", 3600, FALSE, "x"));
  assert_text (booth, "Active", "backup");
  g_autoptr (GVariant) until = booth_get (booth, BOOTH_STREAM, "Stream", "Until");
  gint64 left_ms = g_variant_get_int64 (until) - g_get_real_time () / 1000;
  g_assert_cmpint (left_ms, >, 3500 * 1000);
  g_assert_cmpint (left_ms, <=, 3600 * 1000);
  must_call (booth, "Hold", g_variant_new ("(us)", 0, "x"));
  assert_text (booth, "Mode", "held");
  assert_text (booth, "Home", "");
  must_call (booth, "HoldStrictly", g_variant_new ("(us)", 60, "x"));
  g_autoptr (GVariant) strict = booth_get (booth, BOOTH_STREAM, "Stream", "Strict");
  g_assert_true (g_variant_get_boolean (strict));
  must_call (booth, "Release", g_variant_new ("(s)", "x"));
  assert_text (booth, "Mode", "auto");
  must_call (booth, "SetFailback", g_variant_new ("(ss)", "sticky", "x"));
  assert_text (booth, "Failback", "sticky");
  must_call (booth, "Switchback", g_variant_new ("(s)", "x"));
  must_call (booth, "Drain", g_variant_new ("(sbs)", "backup", TRUE, "x"));
  g_autoptr (GVariant) drained
      = booth_get (booth, BOOTH_STREAM "/origins/backup", "Origin", "Drained");
  g_assert_true (g_variant_get_boolean (drained));
  must_call (booth, "Drain", g_variant_new ("(sbs)", "backup", FALSE, "x"));
}

/* Each with arguments that it must refuse, and the error it documents for that. */
#define LONG_WHY                                                                                   \
  "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123" \
  "4567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567" \
  "89012345678901234567890"
static const struct {
  const char *path, *interface, *method, *arguments, *error;
} refusals[] = {
  { BOOTH_STREAM, "Stream", "Failover", "('" LONG_WHY "',)", "Error.InvalidValue" },
  { BOOTH_STREAM, "Stream", "Failover", "('two\\nlines',)", "Error.InvalidValue" },
  { BOOTH_STREAM, "Stream", "Switchback", "('\\u001b[2J',)", "Error.InvalidValue" },
  { BOOTH_STREAM, "Stream", "Hold", "(uint32 604801, '')", "Error.InvalidValue" },
  { BOOTH_STREAM, "Stream", "Hold", "(uint32 4294967295, '')", "Error.InvalidValue" },
  { BOOTH_STREAM, "Stream", "HoldStrictly", "(uint32 604801, '')", "Error.InvalidValue" },
  { BOOTH_STREAM, "Stream", "Release", "('" LONG_WHY "',)", "Error.InvalidValue" },
  { BOOTH_STREAM, "Stream", "Force", "('tertiary', uint32 0, false, '')", "Error.NoSuchOrigin" },
  { BOOTH_STREAM, "Stream", "Force", "('', uint32 0, false, '')", "Error.NoSuchOrigin" },
  { BOOTH_STREAM, "Stream", "Force", "('backup', uint32 604801, false, '')", "Error.InvalidValue" },
  { BOOTH_STREAM, "Stream", "Drain", "('BACKUP', true, '')", "Error.NoSuchOrigin" },
  { BOOTH_STREAM, "Stream", "SetFailback", "('never', '')", "Error.InvalidValue" },
  { BOOTH_STREAM, "Stream", "SetFailback", "('', '')", "Error.InvalidValue" },
  { BOOTH_PATH "/manager", "Manager", "StartDrill", "('kill', '')", "Error.NotNow" },
  /* what GDBus itself refuses */
  { BOOTH_STREAM, "Stream", "Failover", "()", "org.freedesktop.DBus.Error.InvalidArgs" },
  { BOOTH_STREAM, "Stream", "Hold", "('60', '')", "org.freedesktop.DBus.Error.InvalidArgs" },
  { BOOTH_STREAM, "Stream", "Hold", "(-1, '')", "org.freedesktop.DBus.Error.InvalidArgs" },
  { BOOTH_STREAM, "Stream", "Drain", "('backup', 1, '')",
    "org.freedesktop.DBus.Error.InvalidArgs" },
  { BOOTH_STREAM, "Stream", "Explode", "('',)", "org.freedesktop.DBus.Error.UnknownMethod" },
  { BOOTH_PATH "/streams/other", "Stream", "Failover", "('',)",
    "org.freedesktop.DBus.Error.UnknownMethod" },
};

static void
test_refusals (Booth *booth, gconstpointer data) {
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++) {
    g_autoptr (GError) error = NULL, parse = NULL;
    GVariant *parsed = g_variant_parse (NULL, refusals[i].arguments, NULL, NULL, &parse);
    g_assert_no_error (parse);
    g_autoptr (GVariant) arguments = g_variant_take_ref (parsed);
    g_test_message ("%s %s", refusals[i].method, refusals[i].arguments);
    g_autoptr (GVariant) reply = booth_call (booth, refusals[i].path, refusals[i].interface,
                                             refusals[i].method, arguments, &error);
    g_assert_null (reply);
    g_autofree char *name = g_dbus_error_get_remote_error (error);
    g_assert_nonnull (name);
    g_assert_true (g_str_has_suffix (name, refusals[i].error));
  }
  assert_text (booth, "Active", "primary");
  assert_text (booth, "Mode", "auto");
}

/* Possible commands, but not now. */
static void
test_not_now (Booth *booth, gconstpointer data) {
  g_autoptr (GError) error = NULL, last = NULL;
  fake_origin_set_mode (booth->fakes[1], FAKE_DEAD);
  g_autofree char *state = NULL;
  booth_await ((g_free (state),
                state = booth_get_text (booth, BOOTH_STREAM "/origins/backup", "Origin", "State"),
                strcmp (state, "failed") == 0));
  g_assert_null (
      booth_call (booth, BOOTH_STREAM, "Stream", "Failover", g_variant_new ("(s)", ""), &error));
  g_autofree char *name = g_dbus_error_get_remote_error (error);
  g_assert_cmpstr (name, ==, BOOTH_NAME ".Error.NotNow");
  assert_text (booth, "Active", "primary");
  must_call (booth, "Drain", g_variant_new ("(sbs)", "backup", TRUE, ""));
  g_assert_null (booth_call (booth, BOOTH_STREAM, "Stream", "Drain",
                             g_variant_new ("(sbs)", "primary", TRUE, ""), &last));
  g_autofree char *last_name = g_dbus_error_get_remote_error (last);
  g_assert_cmpstr (last_name, ==, BOOTH_NAME ".Error.NotNow");
}

/* ---- objects ---- */

static void
compare (const GDBusInterfaceInfo *written, const GDBusInterfaceInfo *live) {
  g_assert_nonnull (live);
  for (guint i = 0; written->methods != NULL && written->methods[i] != NULL; i++) {
    const GDBusMethodInfo *a = written->methods[i];
    const GDBusMethodInfo *b = g_dbus_interface_info_lookup_method ((gpointer)live, a->name);
    g_assert_nonnull (b);
    for (guint k = 0; a->in_args != NULL && a->in_args[k] != NULL; k++)
      g_assert_cmpstr (a->in_args[k]->signature, ==, b->in_args[k]->signature);
    for (guint k = 0; a->out_args != NULL && a->out_args[k] != NULL; k++)
      g_assert_cmpstr (a->out_args[k]->signature, ==, b->out_args[k]->signature);
  }
  for (guint i = 0; written->properties != NULL && written->properties[i] != NULL; i++) {
    const GDBusPropertyInfo *a = written->properties[i];
    const GDBusPropertyInfo *b = g_dbus_interface_info_lookup_property ((gpointer)live, a->name);
    g_assert_nonnull (b);
    g_assert_cmpstr (a->signature, ==, b->signature);
    g_assert_cmpint (b->flags, ==, G_DBUS_PROPERTY_INFO_FLAGS_READABLE);
  }
  for (guint i = 0; written->signals != NULL && written->signals[i] != NULL; i++)
    g_assert_nonnull (
        g_dbus_interface_info_lookup_signal ((gpointer)live, written->signals[i]->name));
}

/* What is introspected is what data/ says. */
static void
test_introspection (Booth *booth, gconstpointer data) {
  static const char *const objects[][2] = { { BOOTH_PATH "/manager", "Manager" },
                                            { BOOTH_STREAM, "Stream" },
                                            { BOOTH_STREAM "/origins/primary", "Origin" } };
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_assert_true (g_file_get_contents (xml_path, &text, NULL, &error));
  g_autoptr (GDBusNodeInfo) written = g_dbus_node_info_new_for_xml (text, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < G_N_ELEMENTS (objects); i++) {
    g_autofree char *name = g_strconcat (BOOTH_NAME ".", objects[i][1], NULL);
    g_autoptr (GVariant) reply = booth_introspect (booth, objects[i][0]);
    const char *xml;
    g_variant_get (reply, "(&s)", &xml);
    g_autoptr (GDBusNodeInfo) live = g_dbus_node_info_new_for_xml (xml, &error);
    g_assert_no_error (error);
    compare (g_dbus_node_info_lookup_interface (written, name),
             g_dbus_node_info_lookup_interface (live, name));
  }
}

static void
test_objects (Booth *booth, gconstpointer data) {
  g_autoptr (GVariant) objects = booth_managed_objects (booth);
  static const char *const expected[]
      = { BOOTH_PATH "/manager", BOOTH_STREAM, BOOTH_STREAM "/origins/primary",
          BOOTH_STREAM "/origins/backup" };
  g_autoptr (GVariant) dictionary = g_variant_get_child_value (objects, 0);
  g_assert_cmpuint (g_variant_n_children (dictionary), ==, G_N_ELEMENTS (expected));
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    g_autoptr (GVariant) interfaces
        = g_variant_lookup_value (dictionary, expected[i], G_VARIANT_TYPE ("a{sa{sv}}"));
    g_assert_nonnull (interfaces);
    g_assert_cmpuint (g_variant_n_children (interfaces), ==, 1);
  }
  assert_text (booth, "Name", "mystream");
  assert_text (booth, "Pair", "identical");
  g_autofree char *address = booth_get_text (booth, BOOTH_PATH "/manager", "Manager", "Address");
  g_autofree char *url
      = g_strdup_printf ("http://localhost:%u", us_switcher_get_port (booth->switcher));
  g_assert_cmpstr (address, ==, url);
  g_autofree char *origin = booth_get_text (booth, BOOTH_STREAM "/origins/backup", "Origin", "Url");
  g_autofree char *base = fake_origin_url (booth->fakes[1]);
  g_assert_true (g_str_has_prefix (origin, base));
  g_autoptr (GVariant) newest
      = booth_get (booth, BOOTH_STREAM "/origins/primary", "Origin", "NewestSegment");
  g_assert_cmpuint (g_variant_get_uint64 (newest), ==, booth->number);
}

/* A stream that an origin has comes as an object. */
static void
test_streams_come (Booth *booth, gconstpointer data) {
  Heard heard = { 0 };
  guint id = listen_to (booth, &heard);
  g_autofree char *name = NULL;
  fake_origin_set_streams (booth->fakes[0], "{\"streams\":[\"mystream\",\"a-b\"]}");
  booth_await ((g_free (name),
                name = booth_get_text (booth, BOOTH_PATH "/streams/a_2db", "Stream", "Name"),
                strcmp (name, "a-b") == 0));
  booth_await (heard.n_added >= 3); /* the stream and its two origins */
  stop_listening (booth, &heard, id);
}

/* However fast segments come, changes are told a few times a second. */
static void
test_batches (Booth *booth, gconstpointer data) {
  Heard heard = { 0 };
  guint id = listen_to (booth, &heard);
  gint64 begun_us = g_get_monotonic_time ();
  for (guint i = 0; i < 60; i++) {
    gint64 until_us = g_get_monotonic_time () + 20 * G_TIME_SPAN_MILLISECOND;
    booth_next (booth);
    booth_await (g_get_monotonic_time () >= until_us);
  }
  double took_s = (double)(g_get_monotonic_time () - begun_us) / G_USEC_PER_SEC;
  g_test_message ("%u signals in %.1f s", heard.n_changed, took_s);
  g_assert_cmpuint (heard.n_changed, >, 0);
  g_assert_cmpfloat (heard.n_changed, <=, 3 * (5 * took_s + 2)); /* of three objects */
  stop_listening (booth, &heard, id);
}

static void
test_status (Booth *booth, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  const char *json;
  must_call (booth, "Hold", g_variant_new ("(us)", 60, "why \"quoted\""));
  g_autoptr (GVariant) reply
      = booth_call (booth, BOOTH_PATH "/manager", "Manager", "GetStatus", NULL, &error);
  g_assert_no_error (error);
  g_variant_get (reply, "(&s)", &json);
  g_assert_nonnull (strstr (json, "\"mode\":\"held\""));
  g_assert_nonnull (strstr (json, "why \\\"quoted\\\""));
  g_assert_nonnull (strstr (json, "\"via\":\"dbus\""));
}

/* ---- the bus and its troubles ---- */

static char *
get_playlist (Booth *booth) {
  return booth_talk (booth, "GET /hls/index.m3u8 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
}

/* It dies; viewers are served; it comes back, and so does the service. */
static void
test_bus_lost (Booth *booth, gconstpointer data) {
  g_autofree char *playlist = NULL;
  booth_stop_bus (booth);
  g_autofree char *before = get_playlist (booth);
  g_assert_nonnull (strstr (before, "#EXTINF"));
  booth_next (booth);
  booth_await (
      (g_free (playlist), playlist = get_playlist (booth), strcmp (playlist, before) != 0));
  booth_start_bus (booth);
  booth_connect (booth);
  booth_await_service (booth);
  must_call (booth, "Failover", g_variant_new ("(s)", ""));
  assert_text (booth, "Active", "backup");
}

/* Two on one desktop: the second goes on without the name, and gets it when the first has gone. */
static void
test_name_taken (Booth *booth, gconstpointer data) {
  UsSwitcher *first = booth->switcher;
  must_call (booth, "Hold", g_variant_new ("(us)", 0, ""));
  booth->switcher = booth_new_switcher (booth, &on_session);
  g_autofree char *playlist = NULL;
  booth_await (
      (g_free (playlist), playlist = get_playlist (booth), strstr (playlist, "#EXTINF") != NULL));
  assert_text (booth, "Mode", "held"); /* the first one's */
  us_switcher_free (first);
  booth_await (has_text (booth, "Mode", "auto"));
}

static void
on_ignored (GObject *source, GAsyncResult *result, gpointer data) {
  g_autoptr (GVariant) reply
      = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  (*(guint *)data)++;
}

/* The switcher ends while commands are under way: each gets an answer, and nothing is touched. */
static void
test_end_in_calls (Booth *booth, gconstpointer data) {
  guint n_answers = 0;
  enum { N_CALLS = 100 }; /* more than are taken at once */
  for (guint i = 0; i < N_CALLS; i++)
    g_dbus_connection_call (booth->client, BOOTH_NAME, BOOTH_STREAM, BOOTH_NAME ".Stream",
                            "Release", g_variant_new ("(s)", ""), NULL,
                            G_DBUS_CALL_FLAGS_NO_AUTO_START, 20000, NULL, on_ignored, &n_answers);
  g_dbus_connection_flush_sync (booth->client, NULL, NULL);
  for (guint i = 0; i < 3; i++)
    g_main_context_iteration (NULL, FALSE);
  g_clear_pointer (&booth->switcher, us_switcher_free);
  booth_await (n_answers == N_CALLS);
}

/* No bus, said in the setting or not: no harm. */
static void
test_no_bus (void) {
  static const char *const choices[] = { "auto", "session", "none" };
  for (guint i = 0; i < G_N_ELEMENTS (choices); i++) {
    Booth booth;
    UsConsoleSettings console = on_session;
    booth_open (&booth); /* an address where nobody listens */
    console.bus = choices[i];
    booth_start_switcher (&booth, &console);
    g_autofree char *playlist = NULL;
    booth_await ((g_free (playlist), playlist = get_playlist (&booth),
                  strstr (playlist, "#EXTINF") != NULL));
    booth_close (&booth);
  }
}

#define ADD(name, test) g_test_add ("/control/bus/" name, Booth, NULL, set_up, test, tear_down)

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  xml_path = argc > 1 ? argv[1] : "data/org.understudy.Switcher1.xml";
  ADD ("switch", test_switch);
  ADD ("orders", test_orders);
  ADD ("refusals", test_refusals);
  ADD ("not-now", test_not_now);
  ADD ("introspection", test_introspection);
  ADD ("objects", test_objects);
  ADD ("streams-come", test_streams_come);
  ADD ("batches", test_batches);
  ADD ("status", test_status);
  ADD ("lost", test_bus_lost);
  ADD ("name-taken", test_name_taken);
  ADD ("end-in-calls", test_end_in_calls);
  g_test_add_func ("/control/bus/none", test_no_bus);
  return g_test_run ();
}
