/* test-ctl-print.c - what `understudy ctl` prints of answers, good, odd and none */
#include "commands/ctl-print.h"

#include <string.h>

static void
test_warnings (void) {
  static const struct {
    const char *ingest, *printed;
  } rows[] = {
    { "{\"streams\":[{\"name\":\"a\",\"warnings\":[{\"text\":\"audio "
      "stopped\",\"remedy\":\"look\"},"
      "{\"text\":\"open GOP\",\"remedy\":\"close it\"}]},{\"name\":\"b\",\"warnings\":[]}]}",
      "a  encoder: audio stopped; look\na  encoder: open GOP; close it\n" },
    { "{\"streams\":[{\"name\":\"a\"}]}", "" }, /* of an older version */
    { "{\"streams\":[]}", "" },
    { "{\"streams\":[7,null,{\"warnings\":[1,{}]}]}", "-  encoder: -; -\n-  encoder: -; -\n" },
    { "[]", "" },
    { "<html>", "" },
    { "", "" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *printed = us_ctl_print_warnings (rows[i].ingest);
    g_assert_cmpstr (printed, ==, rows[i].printed);
  }
}

/* Nothing of it is an order to the terminal, and nothing fills it. */
static void
test_hostile (void) {
  g_autoptr (GString) text = g_string_new ("{\"streams\":[{\"name\":\"\\u001b[2J\",\"warnings\":[{"
                                           "\"text\":\"\\u001b]0;x\\u0007");
  for (guint i = 0; i < 10000; i++)
    g_string_append_c (text, 'x');
  g_string_append (text, "\",\"remedy\":\"a\\nb\"}]}]}");
  g_autofree char *printed = us_ctl_print_warnings (text->str);
  g_assert_null (strchr (printed, '\033'));
  g_assert_cmpuint (strlen (printed), <, 1000);
  g_assert_true (strchr (printed, '\n') == printed + strlen (printed) - 1);
}

/* The answer to an order says what stands in the way of the next fault. */
static void
test_stream (void) {
#define ORIGIN(state, reason, active, drained)                                                     \
  "{\"state\":\"" state "\",\"reason\":\"" reason "\",\"is_active\":" active                       \
  ",\"is_drained\":" drained "}"
#define STREAM(active, primary, backup)                                                            \
  "{\"streams\":[{\"name\":\"a\",\"mode\":\"auto\",\"failback\":\"auto\",\"active\":\"" active     \
  "\",\"origins\":{\"primary\":" primary ",\"backup\":" backup "}}]}"
#define WELL(active, drained) ORIGIN ("up", "ok", active, drained)
#define DOWN(drained) ORIGIN ("failed", "refused", "false", drained)
  static const struct {
    const char *status, *printed;
  } rows[] = {
    { STREAM ("primary", WELL ("true", "false"), WELL ("false", "false")),
      "a: primary is active, failback auto\n" },
    { STREAM ("backup", WELL ("false", "true"), WELL ("true", "false")),
      "a: backup is active, failback auto; primary is drained\n" },
    { STREAM ("backup", DOWN ("true"), WELL ("true", "false")),
      "a: backup is active, failback auto; primary is drained; primary has failed (refused), "
      "nobody "
      "could take over\n" },
    { STREAM ("primary", WELL ("true", "true"), DOWN ("false")),
      "a: primary is active, failback auto; primary is drained, and used until the other works; "
      "backup has failed (refused), nobody could take over\n" },
    { "{\"streams\":[]}", "a: done\n" },
    { "<html>", "a: done\n" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *printed = us_ctl_print_stream (rows[i].status, "a");
    g_assert_cmpstr (printed, ==, rows[i].printed);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/commands/ctl-print/warnings", test_warnings);
  g_test_add_func ("/commands/ctl-print/stream", test_stream);
  g_test_add_func ("/commands/ctl-print/hostile", test_hostile);
  return g_test_run ();
}
