/* test-control.c - every command, every refusal, and what is put on record */
#include "switcher/control.h"

#include <string.h>

/* Two streams whose origins are up. */
typedef struct {
  UsFakeClock clock;
  UsPolicy policies[2];
  guint n_wakes[2];
  char *who, *why; /* of the last wake */
  UsControl *control;
} Fixture;

static const char *const names[] = { "alpha", "beta" };

static guint
get_n (gpointer data) {
  return 2;
}

static const char *
get_name (guint index, gpointer data) {
  return names[index];
}

static UsPolicy *
get_policy (guint index, gpointer data) {
  return &((Fixture *)data)->policies[index];
}

static void
wake (guint index, const char *who, const char *why, gpointer data) {
  Fixture *fixture = data;
  fixture->n_wakes[index]++;
  g_free (fixture->who);
  g_free (fixture->why);
  fixture->who = g_strdup (who);
  fixture->why = g_strdup (why);
}

static char *
start_drill (const char *name, gpointer data, GError **error) {
  if (g_strcmp0 (name, "kill") == 0)
    return g_strdup ("1-kill");
  g_set_error (error, US_CONTROL_ERROR, US_CONTROL_ERROR_NO_DRILL, "drill is unknown");
  return NULL;
}

static void
set_up (Fixture *fixture, gconstpointer data) {
  const UsControlHost host = { get_n, get_name, get_policy, wake, start_drill };
  const UsPolicySettings settings = { 5 * G_TIME_SPAN_SECOND, 20 * G_TIME_SPAN_SECOND, 3, 0 };
  us_fake_clock_init (&fixture->clock, 1000 * G_USEC_PER_SEC,
                      G_GINT64_CONSTANT (1700000000) * G_USEC_PER_SEC);
  for (guint i = 0; i < 2; i++) {
    us_policy_init (&fixture->policies[i], &settings, fixture->clock.now_monotonic_us);
    for (guint k = 0; k < US_N_ORIGINS; k++)
      fixture->policies[i].verdict[k] = (UsOriginVerdict){ .state = US_ORIGIN_UP };
  }
  fixture->control = us_control_new (&host, &fixture->clock.clock, fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data) {
  us_control_free (fixture->control);
  g_free (fixture->who);
  g_free (fixture->why);
}

static gboolean
give (Fixture *fixture, UsControlRequest request, GError **error) {
  if (request.who == NULL)
    request.who = "alice";
  request.via = "dbus";
  return us_control_execute (fixture->control, &request, NULL, error);
}

static void
must (Fixture *fixture, UsControlRequest request) {
  g_autoptr (GError) error = NULL;
  gboolean is_done = give (fixture, request, &error);
  g_assert_no_error (error);
  g_assert_true (is_done);
}

static const UsControlEntry *
last_entry (const Fixture *fixture) {
  return us_control_get_entry (fixture->control, us_control_get_n_entries (fixture->control) - 1);
}

static void
test_each (Fixture *fixture, gconstpointer data) {
  UsPolicy *policy = &fixture->policies[0];
  must (fixture, (UsControlRequest){ .verb = US_CONTROL_FAILOVER, .stream = "alpha" });
  g_assert_cmpint (policy->mode, ==, US_POLICY_FORCED);
  g_assert_cmpint (policy->forced, ==, US_ORIGIN_BACKUP);
  g_assert_cmpint (policy->until_us, ==, 0);
  must (fixture, (UsControlRequest){ .verb = US_CONTROL_FAILOVER,
                                     .stream = "alpha",
                                     .origin = "primary",
                                     .seconds = 60,
                                     .even_if_failed = TRUE });
  g_assert_cmpint (policy->forced, ==, US_ORIGIN_PRIMARY);
  g_assert_cmpint (policy->until_us, ==, 1060 * G_USEC_PER_SEC);
  g_assert_true (policy->is_strict);
  must (fixture,
        (UsControlRequest){ .verb = US_CONTROL_HOLD, .stream = "alpha", .is_strict = TRUE });
  g_assert_cmpint (policy->mode, ==, US_POLICY_HELD);
  g_assert_true (policy->is_strict);
  must (fixture, (UsControlRequest){ .verb = US_CONTROL_RELEASE, .stream = "alpha" });
  g_assert_cmpint (policy->mode, ==, US_POLICY_AUTO);
  must (fixture,
        (UsControlRequest){ .verb = US_CONTROL_DRAIN, .stream = "alpha", .origin = "backup" });
  g_assert_true (us_policy_is_drained (policy, US_ORIGIN_BACKUP));
  must (fixture,
        (UsControlRequest){ .verb = US_CONTROL_UNDRAIN, .stream = "alpha", .origin = "backup" });
  g_assert_false (us_policy_is_drained (policy, US_ORIGIN_BACKUP));
  must (fixture,
        (UsControlRequest){ .verb = US_CONTROL_FAILBACK, .stream = "alpha", .failback = "sticky" });
  g_assert_cmpint (policy->failback, ==, US_FAILBACK_STICKY);
  must (fixture, (UsControlRequest){ .verb = US_CONTROL_SWITCHBACK, .stream = "alpha" });
  g_assert_cmpuint (fixture->n_wakes[0], ==, 8);
  g_assert_cmpuint (fixture->n_wakes[1], ==, 0); /* the other stream is left alone */
  g_assert_cmpint (fixture->policies[1].mode, ==, US_POLICY_AUTO);
}

/* ---- refusals ---- */

static const char long_why[]
    = "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
      "1234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901"
      "2345678901234567890";

static const struct {
  UsControlRequest request;
  int code;
  const char *part; /* of the message */
} refusals[] = {
  { { .verb = US_CONTROL_FAILOVER, .stream = "gamma" }, US_CONTROL_ERROR_NO_STREAM, "gamma" },
  { { .verb = US_CONTROL_HOLD, .stream = "" }, US_CONTROL_ERROR_NO_STREAM, "\"\"" },
  { { .verb = US_CONTROL_HOLD, .stream = "a\nb" }, US_CONTROL_ERROR_NO_STREAM, "a?b" },
  { { .verb = US_CONTROL_FAILOVER, .stream = "alpha", .origin = "Primary" },
    US_CONTROL_ERROR_NO_ORIGIN,
    "Primary" },
  { { .verb = US_CONTROL_FAILOVER, .stream = "alpha", .origin = "" },
    US_CONTROL_ERROR_NO_ORIGIN,
    "origin" },
  { { .verb = US_CONTROL_DRAIN, .stream = "alpha" }, US_CONTROL_ERROR_NO_ORIGIN, "origin" },
  { { .verb = US_CONTROL_HOLD, .stream = "alpha", .seconds = -1 },
    US_CONTROL_ERROR_VALUE,
    "seconds" },
  { { .verb = US_CONTROL_HOLD, .stream = "alpha", .seconds = US_CONTROL_MAX_SECONDS + 1 },
    US_CONTROL_ERROR_VALUE,
    "604801" },
  { { .verb = US_CONTROL_FAILOVER, .stream = "alpha", .seconds = G_MAXINT64 },
    US_CONTROL_ERROR_VALUE,
    "seconds" },
  { { .verb = US_CONTROL_FAILBACK, .stream = "alpha", .failback = "no" },
    US_CONTROL_ERROR_VALUE,
    "mode" },
  { { .verb = US_CONTROL_FAILBACK, .stream = "alpha" }, US_CONTROL_ERROR_VALUE, "mode" },
  { { .verb = US_CONTROL_RELEASE, .stream = "alpha", .why = "two\nlines" },
    US_CONTROL_ERROR_VALUE,
    "why" },
  { { .verb = US_CONTROL_RELEASE, .stream = "alpha", .why = "\xff\xfe" },
    US_CONTROL_ERROR_VALUE,
    "why" },
  { { .verb = US_CONTROL_RELEASE, .stream = "alpha", .why = "\033[2Jescape" },
    US_CONTROL_ERROR_VALUE,
    "why" },
  { { .verb = US_CONTROL_RELEASE, .stream = "alpha", .why = long_why },
    US_CONTROL_ERROR_VALUE,
    "200" },
  { { .verb = US_CONTROL_DRILL, .drill = "nonsense" }, US_CONTROL_ERROR_NO_DRILL, "drill" },
  { { .verb = US_CONTROL_DRILL }, US_CONTROL_ERROR_NO_DRILL, "drill" },
};

static void
test_refusals (Fixture *fixture, gconstpointer data) {
  UsPolicy before = fixture->policies[0];
  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_false (give (fixture, refusals[i].request, &error));
    g_assert_error (error, US_CONTROL_ERROR, refusals[i].code);
    g_assert_nonnull (strstr (error->message, refusals[i].part));
    g_assert_null (strchr (error->message, '\n'));
    g_assert_cmpstr (last_entry (fixture)->refusal, ==, error->message);
    g_assert_null (strchr (last_entry (fixture)->what, '\n'));
    g_assert_null (strchr (last_entry (fixture)->why, '\033'));
  }
  g_assert_cmpmem (&before, sizeof before, &fixture->policies[0], sizeof before);
  g_assert_cmpuint (fixture->n_wakes[0] + fixture->n_wakes[1], ==, 0);
}

/* The policy's own refusals come through with the stream's name. */
static void
test_not_now (Fixture *fixture, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  fixture->policies[0].verdict[US_ORIGIN_BACKUP].state = US_ORIGIN_FAILED;
  fixture->policies[0].verdict[US_ORIGIN_BACKUP].reason = US_REASON_REFUSED;
  g_assert_false (
      give (fixture, (UsControlRequest){ .verb = US_CONTROL_FAILOVER, .stream = "alpha" }, &error));
  g_assert_error (error, US_CONTROL_ERROR, US_CONTROL_ERROR_NOT_NOW);
  g_assert_cmpstr (error->message, ==, "alpha: backup cannot be used: it is failed (refused)");
}

/* For all streams or for none. */
static void
test_all (Fixture *fixture, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  fixture->policies[1].verdict[US_ORIGIN_BACKUP].state = US_ORIGIN_FAILED;
  g_assert_false (give (fixture, (UsControlRequest){ .verb = US_CONTROL_FAILOVER }, &error));
  g_assert_error (error, US_CONTROL_ERROR, US_CONTROL_ERROR_NOT_NOW);
  g_assert_cmpint (fixture->policies[0].mode, ==, US_POLICY_AUTO);
  g_assert_cmpuint (fixture->n_wakes[0], ==, 0);
  fixture->policies[1].verdict[US_ORIGIN_BACKUP].state = US_ORIGIN_UP;
  must (fixture, (UsControlRequest){ .verb = US_CONTROL_FAILOVER });
  for (guint i = 0; i < 2; i++) {
    g_assert_cmpint (fixture->policies[i].mode, ==, US_POLICY_FORCED);
    g_assert_cmpuint (fixture->n_wakes[i], ==, 1);
  }
}

/* ---- the record ---- */

static void
test_record (Fixture *fixture, gconstpointer data) {
  must (fixture, (UsControlRequest){ .verb = US_CONTROL_FAILOVER,
                                     .stream = "alpha",
                                     .seconds = 30,
                                     .who = "bob\n\033]0;evil",
                                     .why = "new disk" });
  const UsControlEntry *entry = last_entry (fixture);
  g_assert_cmpuint (entry->id, ==, 1);
  g_assert_cmpstr (entry->what, ==, "alpha: failover to backup for 30 s");
  g_assert_cmpstr (entry->who, ==, "bob??]0;evil");
  g_assert_cmpstr (entry->why, ==, "new disk");
  g_assert_cmpstr (entry->via, ==, "dbus");
  g_assert_cmpint (entry->wall_ms, ==, G_GINT64_CONSTANT (1700000000000));
  g_assert_cmpstr (fixture->why, ==, "new disk");
  g_assert_null (entry->refusal);
}

static void
test_ring (Fixture *fixture, gconstpointer data) {
  for (guint i = 0; i < 3 * US_CONTROL_N_ENTRIES; i++)
    must (fixture, (UsControlRequest){ .verb = US_CONTROL_RELEASE, .stream = "alpha" });
  g_assert_cmpuint (us_control_get_n_entries (fixture->control), ==, US_CONTROL_N_ENTRIES);
  g_assert_cmpuint (us_control_get_entry (fixture->control, 0)->id, ==,
                    2 * US_CONTROL_N_ENTRIES + 1);
  g_assert_cmpuint (last_entry (fixture)->id, ==, 3 * US_CONTROL_N_ENTRIES);
}

/* Whose doing a change of sides was that came later. */
static void
test_find (Fixture *fixture, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  const gint64 begin_ms = fixture->clock.now_wall_us / 1000;
  g_assert_null (us_control_find (fixture->control, "alpha", begin_ms));
  must (fixture, (UsControlRequest){ .verb = US_CONTROL_HOLD, .stream = "alpha", .who = "a" });
  us_fake_clock_advance_us (&fixture->clock, G_USEC_PER_SEC);
  must (fixture, (UsControlRequest){ .verb = US_CONTROL_HOLD, .stream = "beta", .who = "b" });
  us_fake_clock_advance_us (&fixture->clock, G_USEC_PER_SEC);
  must (fixture, (UsControlRequest){ .verb = US_CONTROL_RELEASE, .who = "all" });
  us_fake_clock_advance_us (&fixture->clock, G_USEC_PER_SEC);
  g_assert_false (
      give (fixture, (UsControlRequest){ .verb = US_CONTROL_DRAIN, .stream = "alpha", .who = "x" },
            &error));
  must (fixture, (UsControlRequest){ .verb = US_CONTROL_DRILL, .drill = "kill", .who = "d" });
  g_assert_cmpstr (us_control_find (fixture->control, "alpha", begin_ms + 1500)->who, ==, "a");
  g_assert_cmpstr (us_control_find (fixture->control, "beta", begin_ms + 1500)->who, ==, "b");
  g_assert_cmpstr (us_control_find (fixture->control, "alpha", begin_ms + 9000)->who, ==, "all");
}

static void
test_drill (Fixture *fixture, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  g_autofree char *id = NULL;
  UsControlRequest request
      = { .verb = US_CONTROL_DRILL, .drill = "kill", .who = "alice", .via = "http" };
  g_assert_true (us_control_execute (fixture->control, &request, &id, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (id, ==, "1-kill");
  g_assert_cmpstr (last_entry (fixture)->what, ==, "drill kill");
}

static void
test_words (void) {
  UsControlVerb verb;
  for (guint i = 0; i < US_N_CONTROL_VERBS; i++) {
    g_assert_true (us_control_verb_from_word (us_control_verb_word ((UsControlVerb)i), &verb));
    g_assert_cmpuint (verb, ==, i);
  }
  g_assert_false (us_control_verb_from_word ("", &verb));
  g_assert_false (us_control_verb_from_word ("failovers", &verb));
}

#define ADD(name, test)                                                                            \
  g_test_add ("/switcher/control/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  ADD ("each", test_each);
  ADD ("refusals", test_refusals);
  ADD ("not-now", test_not_now);
  ADD ("all", test_all);
  ADD ("record", test_record);
  ADD ("ring", test_ring);
  ADD ("find", test_find);
  ADD ("drill", test_drill);
  g_test_add_func ("/switcher/control/words", test_words);
  return g_test_run ();
}
