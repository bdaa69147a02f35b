/* test-table.c - the table of drills is sound, and verdicts are what the promise says */
#include "drill/table.h"

#include <gio/gio.h>

#include <string.h>

/* Every fault that begins ends, every process that is stopped goes on, and every drill takes long
 * enough to be felt and not so long that nobody plays them all. */
static void
check_steps (const UsDrill *drill, const UsDrillStep *steps) {
  gboolean is_faulty = FALSE, is_stopped = FALSE, is_gone = FALSE;
  guint total_ms = 0;
  for (; steps->kind != US_STEP_WAIT || steps->ms > 0; steps++) {
    total_ms += steps->kind == US_STEP_WAIT ? steps->ms : 0;
    if (steps->kind == US_STEP_FAULT)
      is_faulty = steps->fault.kind != US_FAULT_NONE;
    if (steps->kind == US_STEP_STOP_PACKAGER || steps->kind == US_STEP_CONT_PACKAGER)
      is_stopped = steps->kind == US_STEP_STOP_PACKAGER;
    if (steps->kind == US_STEP_KILL_ENCODER || steps->kind == US_STEP_START_ENCODER)
      is_gone = steps->kind == US_STEP_KILL_ENCODER;
  }
  g_test_message ("%s", drill->name);
  g_assert_false (is_faulty);
  g_assert_false (is_stopped);
  g_assert_false (is_gone);
  g_assert_cmpuint (total_ms, >=, 3000);
  g_assert_cmpuint (total_ms, <=, drill->is_on_request ? 60000 : 20000);
}

static void
test_sound (void) {
  for (guint i = 0; i < us_n_drills; i++) {
    const UsDrill *drill = &us_drills[i];
    g_assert_true (us_drill_find (drill->name) == drill);
    g_assert_cmpuint (strlen (drill->sentence), >, 10);
    check_steps (drill, drill->steps);
    if (drill->instead != NULL)
      check_steps (drill, drill->instead);
    g_assert_true (drill->need != US_NEED_PACKAGER || drill->instead != NULL);
  }
  g_assert_null (us_drill_find ("all"));
}

static void
test_select (void) {
  static const struct {
    const char *names[4];
    guint n;
    const char *first;
  } table[] = {
    { { "kill" }, 1, "kill" },
    { { "freeze", "kill", "freeze" }, 2, "freeze" },
    { { "flapping" }, 2, "flapping-1s" },
    { { "flapping-30s" }, 1, "flapping-30s" },
    { { "all" }, 18, "kill" },
    { { "all", "flapping-30s" }, 19, "kill" },
    { { "nonsense" }, 0, NULL },
    { { "kill", "" }, 0, NULL },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (GError) error = NULL;
    g_autoptr (GPtrArray) drills = us_drill_select (table[i].names, &error);
    if (table[i].n == 0) {
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, "frozen-playlist"));
      continue;
    }
    g_assert_no_error (error);
    g_assert_cmpuint (drills->len, ==, table[i].n);
    g_assert_cmpstr (((const UsDrill *)drills->pdata[0])->name, ==, table[i].first);
  }
}

static void
test_judge (void) {
  static const UsDrillCourse pair = { TRUE, TRUE, TRUE }, foreign = { FALSE, TRUE, TRUE },
                             untouched = { TRUE, FALSE, TRUE }, broken = { TRUE, TRUE, FALSE };
  static const struct {
    const char *drill;
    const UsDrillCourse *course;
    UsFelt felt;
    gboolean passed;
    const char *word;
  } table[] = {
    { "kill", &pair, { .stall_ms = 0 }, TRUE, "nobody noticed" },
    { "kill", &pair, { .added_delay_ms = 900 }, TRUE, "nobody noticed" },
    { "kill", &pair, { .stall_ms = 1 }, FALSE, "1 ms" },
    { "kill", &pair, { .failed_requests = 1 }, FALSE, "requests failed" },
    { "kill", &pair, { .missing_frames = 1 }, FALSE, "missing" },
    { "kill", &pair, { .repeated_frames = 2 }, FALSE, "repeated" },
    { "kill", &pair, { .discontinuities = 1 }, TRUE, "nobody noticed" },
    { "kill", &untouched, { .stall_ms = 0 }, FALSE, "nothing is proven" },
    { "kill", &broken, { .stall_ms = 0 }, FALSE, "not whole" },
    { "kill", &foreign, { .stall_ms = 300 }, TRUE, "nobody noticed" },
    { "kill", &foreign, { .stall_ms = 301 }, FALSE, "301 ms" },
    { "kill", &foreign, { .missing_frames = 9 }, TRUE, "nobody noticed" },
    { "kill", &foreign, { .failed_requests = 1 }, FALSE, "requests failed" },
    { "encoder-gone", &pair, { .stall_ms = 4000, .discontinuities = 1 }, TRUE, "4000 ms" },
    { "encoder-gone", &pair, { .discontinuities = 2 }, FALSE, "2 DISCONTINUITY" },
    { "encoder-gone", &pair, { .failed_requests = 1 }, FALSE, "requests failed" },
    { "encoder-gone", &broken, { .stall_ms = 1 }, FALSE, "not whole" },
    { "both-dead", &pair, { .stall_ms = 800 }, TRUE, "800 ms" },
    { "ingest-restart", &untouched, { .stall_ms = 0 }, FALSE, "nothing is proven" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    gboolean passed;
    g_autofree char *text
        = us_drill_judge (us_drill_find (table[i].drill), table[i].course, &table[i].felt, &passed);
    g_test_message ("%u: %s", i, text);
    g_assert_cmpint (passed, ==, table[i].passed);
    g_assert_nonnull (strstr (text, table[i].word));
  }
}

static void
test_judge_violation (void) {
  UsFelt felt = { .violations = g_ptr_array_new () };
  UsDrillCourse course = { TRUE, TRUE, TRUE };
  gboolean passed = TRUE;
  g_ptr_array_add (felt.violations, (gpointer) "media sequence went back from 5 to 3");
  g_autofree char *text = us_drill_judge (us_drill_find ("regress"), &course, &felt, &passed);
  g_assert_false (passed);
  g_assert_nonnull (strstr (text, "from 5 to 3"));
  us_felt_clear (&felt);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/drill/table/sound", test_sound);
  g_test_add_func ("/drill/table/select", test_select);
  g_test_add_func ("/drill/table/judge", test_judge);
  g_test_add_func ("/drill/table/judge-violation", test_judge_violation);
  return g_test_run ();
}
