/* test-drills.c - drills as child processes, with a script in the program's place */
#include "switcher/drills.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "await.h"
#include "switcher/control.h"
#include "switcher/outcome.h"

/* "good" passes, "bad" fails, "long" waits until it is asked to end. */
static const char script[]
    = "#!/bin/sh\n"
      "[ \"$1\" = drill ] || exit 9\n"
      "if [ \"$2\" = list ]; then\n"
      "  echo "
      "'[{\"name\":\"good\",\"sentence\":\"passes\"},{\"name\":\"bad\"},{\"name\":\"long\"}]'\n"
      "  exit 0\n"
      "fi\n"
      "[ \"$2\" = run ] && [ \"$4\" = --evidence ] && [ \"$6\" = --json ] || exit 9\n"
      "[ -z \"$NOTIFY_SOCKET\" ] && [ \"$UNDERSTUDY_PIPELINES\" = /pipe ] || exit 9\n"
      "[ \"$7\" = --config ] && [ \"$(cat \"$8\")\" = '[general]' ] || exit 9\n"
      "mkdir -p \"$5\" && echo \"$3\" > \"$5/name\"\n"
      "echo '{\"drills\":[{\"name\":\"first\",\"viewer\":{\"stall_ms\":7}}]}' > "
      "\"$5/result.json\"\n"
      "case $3 in good|all) exit 0;; bad) exit 1;; esac\n"
      "trap 'echo ended > \"$5/ended\"; exit 1' TERM\n"
      "while :; do sleep 0.05; done\n";

typedef struct {
  char *folder, *program, *state;
  UsDrills *drills;
  guint n_changes;
} Fixture;

static void
on_changed (const UsDrill *drill, gpointer data) {
  ((Fixture *)data)->n_changes++;
}

/* Files are looked at again and again. */
static gboolean
on_tick (gpointer data) {
  return G_SOURCE_CONTINUE;
}

static void
set_up (Fixture *fixture, gconstpointer data) {
  fixture->folder = g_dir_make_tmp ("drills-XXXXXX", NULL);
  fixture->program = g_build_filename (fixture->folder, "understudy", NULL);
  fixture->state = g_build_filename (fixture->folder, "state", "drills", NULL);
  g_assert_true (g_file_set_contents (fixture->program, script, -1, NULL));
  g_assert_cmpint (g_chmod (fixture->program, 0755), ==, 0);
  g_setenv ("NOTIFY_SOCKET", "/nonexistent", TRUE);
  fixture->drills = us_drills_new (fixture->program, fixture->state, "/pipe", "[general]\n",
                                   us_clock_system (), on_changed, fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data) {
  const char *argv[] = { "rm", "-rf", fixture->folder, NULL };
  g_clear_pointer (&fixture->drills, us_drills_free);
  g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
  g_free (fixture->folder);
  g_free (fixture->program);
  g_free (fixture->state);
}

static void
test_list (Fixture *fixture, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  g_assert_null (us_drills_start (fixture->drills, "good", &error)); /* not known yet */
  g_assert_error (error, US_CONTROL_ERROR, US_CONTROL_ERROR_NOT_NOW);
  await (us_drills_get_kinds (fixture->drills) != NULL);
  const GPtrArray *kinds = us_drills_get_kinds (fixture->drills);
  g_assert_cmpuint (kinds->len, ==, 3);
  const UsDrillKind *kind = g_ptr_array_index (kinds, 0);
  g_assert_cmpstr (kind->name, ==, "good");
  g_assert_cmpstr (kind->summary, ==, "passes");
}

static void
test_run (Fixture *fixture, gconstpointer data) {
  static const struct {
    const char *name;
    gboolean has_passed;
  } table[] = { { "good", TRUE }, { "bad", FALSE }, { "all", TRUE }, { "good", TRUE } };
  await (us_drills_get_kinds (fixture->drills) != NULL);
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (GError) error = NULL;
    const UsDrill *drill = us_drills_start (fixture->drills, table[i].name, &error);
    g_assert_no_error (error);
    g_assert_true (us_drills_get_active (fixture->drills) == drill);
    g_assert_cmpint (drill->ended_ms, ==, 0);
    await (us_drills_get_active (fixture->drills) == NULL);
    g_assert_cmpint (drill->ended_ms, >=, drill->started_ms);
    g_assert_cmpint (drill->has_passed, ==, table[i].has_passed);
    g_autofree char *path = g_build_filename (drill->evidence, "name", NULL), *name = NULL;
    g_assert_true (g_file_get_contents (path, &name, NULL, NULL));
    g_assert_cmpstr (g_strchomp (name), ==, table[i].name);
    await (drill->outcomes != NULL);
    const UsOutcome *outcome = g_ptr_array_index (drill->outcomes, 0);
    g_assert_cmpstr (outcome->name, ==, "first");
    g_assert_cmpint (outcome->stall_ms, ==, 7);
  }
  g_assert_cmpuint (us_drills_get_past (fixture->drills)->len, ==, 4);
  g_assert_cmpuint (fixture->n_changes, ==, 8);
}

static void
test_refusals (Fixture *fixture, gconstpointer data) {
  static const char *const unknown[] = { NULL, "", "nonsense", "../good", "--live", "GOOD" };
  await (us_drills_get_kinds (fixture->drills) != NULL);
  for (guint i = 0; i < G_N_ELEMENTS (unknown); i++) {
    g_autoptr (GError) error = NULL;
    g_assert_null (us_drills_start (fixture->drills, unknown[i], &error));
    g_assert_error (error, US_CONTROL_ERROR, US_CONTROL_ERROR_NO_DRILL);
  }
  g_autoptr (GError) error = NULL;
  g_assert_nonnull (us_drills_start (fixture->drills, "long", &error));
  g_assert_no_error (error);
  g_assert_null (us_drills_start (fixture->drills, "good", &error));
  g_assert_error (error, US_CONTROL_ERROR, US_CONTROL_ERROR_NOT_NOW);
  g_assert_nonnull (strstr (error->message, "long"));
}

/* The end of the switcher ends the drill, and nothing is called any more. */
static void
test_free (Fixture *fixture, gconstpointer data) {
  g_autoptr (GError) error = NULL;
  await (us_drills_get_kinds (fixture->drills) != NULL);
  const UsDrill *drill = us_drills_start (fixture->drills, "long", &error);
  g_assert_no_error (error);
  g_autofree char *begun = g_build_filename (drill->evidence, "name", NULL);
  g_autofree char *ended = g_build_filename (drill->evidence, "ended", NULL);
  guint tick = g_timeout_add (20, on_tick, NULL);
  await (g_file_test (begun, G_FILE_TEST_EXISTS));
  guint n_changes = fixture->n_changes;
  g_clear_pointer (&fixture->drills, us_drills_free);
  await (g_file_test (ended, G_FILE_TEST_EXISTS));
  g_source_remove (tick);
  g_assert_cmpuint (fixture->n_changes, ==, n_changes);
}

/* Also the end that nobody has planned. */
static void
test_killed (Fixture *fixture, gconstpointer data) {
  g_autofree char *note = g_build_filename (fixture->folder, "note", NULL);
  if (g_test_subprocess ()) {
    await (us_drills_get_kinds (fixture->drills) != NULL);
    const UsDrill *drill = us_drills_start (fixture->drills, "long", NULL);
    g_autofree char *begun = g_build_filename (drill->evidence, "name", NULL);
    g_timeout_add (20, on_tick, NULL);
    await (g_file_test (begun, G_FILE_TEST_EXISTS));
    g_file_set_contents (g_getenv ("DRILLS_NOTE"), drill->evidence, -1, NULL);
    raise (SIGKILL);
  }
  g_setenv ("DRILLS_NOTE", note, TRUE);
  g_test_trap_subprocess (NULL, 30 * G_USEC_PER_SEC, G_TEST_SUBPROCESS_DEFAULT);
  g_autofree char *evidence = NULL;
  g_assert_true (g_file_get_contents (note, &evidence, NULL, NULL));
  g_autofree char *ended = g_build_filename (evidence, "ended", NULL);
  guint tick = g_timeout_add (20, on_tick, NULL);
  await (g_file_test (ended, G_FILE_TEST_EXISTS));
  g_source_remove (tick);
  const char *folder = strstr (evidence, "/state/");
  g_assert_nonnull (folder);
  evidence[folder - evidence] = '\0';
  const char *argv[] = { "rm", "-rf", evidence, NULL };
  g_spawn_sync (NULL, (char **)argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL, NULL);
}

static void
test_no_program (void) {
  Fixture fixture = { 0 };
  g_autoptr (GError) error = NULL;
  g_autoptr (UsDrills) drills
      = us_drills_new ("/nonexistent/understudy", "/nonexistent/drills", NULL, NULL,
                       us_clock_system (), on_changed, &fixture);
  g_assert_null (us_drills_get_kinds (drills));
  g_assert_null (us_drills_start (drills, "good", &error));
  g_assert_error (error, US_CONTROL_ERROR, US_CONTROL_ERROR_NOT_NOW);
}

static void
test_parse (void) {
  static const struct {
    const char *json;
    int n; /* -1: refused */
  } table[] = {
    { "[]", 0 },
    { "[{\"name\":\"a\"}]", 1 },
    { "{\"drills\":[{\"name\":\"a\"},{\"name\":\"b\"}]}", 2 },
    { "[1,null,\"x\",{},{\"name\":7},{\"name\":\"\"}]", 0 },
    { "{}", -1 },
    { "", -1 },
    { "7", -1 },
    { "{\"drills\":{}}", -1 },
    { "[", -1 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GPtrArray) kinds = us_drills_parse_kinds (table[i].json, &error);
    g_assert_cmpint (kinds != NULL ? (int)kinds->len : -1, ==, table[i].n);
    g_assert_cmpint (kinds == NULL, ==, error != NULL);
  }
}

#define ADD(name, test)                                                                            \
  g_test_add ("/switcher/drills/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  ADD ("list", test_list);
  ADD ("run", test_run);
  ADD ("refusals", test_refusals);
  ADD ("free", test_free);
  ADD ("killed", test_killed);
  g_test_add_func ("/switcher/drills/no-program", test_no_program);
  g_test_add_func ("/switcher/drills/parse", test_parse);
  return g_test_run ();
}
