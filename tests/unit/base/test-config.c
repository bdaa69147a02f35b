/* test-config.c - the four sources of settings, their order, and what bad input is told */
#include <glib/gstdio.h>

#include "base/config.h"
#include "base/names.h"

static const UsOption general_options[] = {
  { "stream", US_OPTION_STRING, "mystream", 1, 64, NULL, NULL, "The default stream" },
  { NULL },
};
static const char *const schemes[] = { "http", "https", NULL };
static const UsOption switcher_options[] = {
  { "http", US_OPTION_ADDRESS, "0.0.0.0:8080", 0, 0, NULL, NULL, "Where viewers connect" },
  { "required-windows", US_OPTION_INTEGER, "3", 1, 100, NULL, "REQUIRED_WINDOWS", "How patient" },
  { "wait", US_OPTION_DURATION, "5s", 0, 60000, NULL, NULL, "How long" },
  { "blocking", US_OPTION_BOOL, "true", 0, 0, NULL, NULL, "Whether to block" },
  { "push", US_OPTION_LIST, "", 0, 0, schemes, NULL, "Where else to send" },
  { NULL },
};
static const UsOption packager_options[] = {
  { "http", US_OPTION_ADDRESS, "0.0.0.0:8081", 0, 0, NULL, NULL, "Where the origin listens" },
  { "note", US_OPTION_STRING, "", 0, 0, NULL, NULL, "Any text" },
  { NULL },
};
static const char *const backup_defaults[] = { "http", "0.0.0.0:8082", NULL };
static const UsOptionGroup general = { US_CONFIG_GENERAL, "General", general_options, NULL };
static const UsOptionGroup switcher = { "switcher", "Switcher", switcher_options, NULL };
static const UsOptionGroup primary = { "packager-primary", "Primary", packager_options, NULL };
static const UsOptionGroup backup
    = { "packager-backup", "Backup", packager_options, backup_defaults };
static const UsOptionGroup *const groups[] = { &general, &switcher, &primary, &backup, NULL };

static const struct {
  const char *text, *message;
} bad_files[] = {
  { "[switcher]\nrequired-windows=abc\n",
    "f.conf:2: [switcher] required-windows: 'abc' is not a whole number from 1 to 100" },
  { "# one\r\n[switcher]\r\n\r\nrequired-windows = 0\r\n",
    "f.conf:4: [switcher] required-windows: '0' is not a whole number from 1 to 100" },
  { "[switcher]\nrequird-windows=3",
    "f.conf:2: [switcher] requird-windows: unknown key; did you mean required-windows?" },
  { "[switcher]\nbanana=3", "f.conf:2: [switcher] banana: unknown key" },
  { "\n[switchr]\n", "f.conf:2: [switchr]: unknown group; did you mean [switcher]?" },
  { "[kitchen]", "f.conf:1: [kitchen]: unknown group" },
  { "http=1.2.3.4:5\n", "f.conf:1: 'http=1.2.3.4:5' stands before the first [group]" },
  { "[switcher]\nhello\n", "f.conf:2: 'hello' is neither [group], key=value nor # comment" },
  { "[switcher]\n=3\n", "f.conf:2: '=3' is neither [group], key=value nor # comment" },
  { "[switcher\n", "f.conf:1: a group is written as [name] alone on its line" },
  { "[switcher] x\n", "f.conf:1: a group is written as [name] alone on its line" },
  { "[]\n", "f.conf:1: a group is written as [name] alone on its line" },
  { "[switcher]\nwait=1\n[general]\n[switcher]\nwait=2\n",
    "f.conf:5: [switcher] wait: given twice, first on line 2" },
  { "[packager-primary]\nnote=a\\x\n",
    "f.conf:2: [packager-primary] note: a backslash is written \\\\, a space at either end \\s" },
  { "[switcher]\nhttp=\n",
    "f.conf:2: [switcher] http: '' is not an address and port, such as 0.0.0.0:8080 or "
    "[::1]:8080" },
  { "[general]\nstream=\xff\xfe\n", "f.conf:2: is not UTF-8 text" },
};

static void
test_bad_files (void) {
  for (guint i = 0; i < G_N_ELEMENTS (bad_files); i++) {
    g_autoptr (UsConfig) config = us_config_new (groups);
    g_autoptr (GError) error = NULL;
    g_assert_false (us_config_load_text (config, "f.conf", bad_files[i].text,
                                         strlen (bad_files[i].text), &error));
    g_assert_cmpstr (error->message, ==, bad_files[i].message);
    g_assert_true (error->domain == US_CONFIG_ERROR);
  }
}

static void
test_zero_byte_and_size (void) {
  g_autoptr (UsConfig) config = us_config_new (groups);
  g_autoptr (GError) error = NULL;
  g_assert_false (us_config_load_text (config, "f", "[general]\nstream=a\0b\n", 22, &error));
  g_assert_cmpstr (error->message, ==, "f:2: is not UTF-8 text");
  g_clear_error (&error);

  g_autofree char *big = g_strnfill (US_CONFIG_MAX_FILE + 1, '\n');
  g_assert_true (us_config_load_text (config, "f", big, US_CONFIG_MAX_FILE, &error));
  g_assert_false (us_config_load_text (config, "f", big, US_CONFIG_MAX_FILE + 1, &error));
  g_assert_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_FILE);
}

static void
test_good_file (void) {
  static const char text[] = "\xef\xbb\xbf# comment\n[switcher]\r\n http = [::]:1 \n"
                             "[packager-backup]\nnote=\\s a\\\\b # no comment \n[switcher]\nwait=2";
  g_autoptr (UsConfig) config = us_config_new (groups);
  g_autoptr (GError) error = NULL;
  guint16 port = 0;
  g_assert_true (us_config_load_text (config, "f.conf", text, sizeof text - 1, &error));
  g_assert_no_error (error);
  g_autofree char *host = us_config_get_address (config, "switcher", "http", &port);
  g_assert_cmpstr (host, ==, "::");
  g_assert_cmpuint (port, ==, 1);
  g_assert_cmpint (us_config_get_duration_ms (config, "switcher", "wait"), ==, 2000);
  g_assert_cmpstr (us_config_get_string (config, "packager-backup", "note"), ==,
                   "  a\\b # no comment");
  g_assert_cmpstr (us_config_get_source (config, "switcher", "wait"), ==, "f.conf:7");
  /* the untouched ones, with the instance's own default */
  g_assert_cmpstr (us_config_get_string (config, "packager-primary", "http"), ==, "0.0.0.0:8081");
  g_assert_cmpstr (us_config_get_string (config, "packager-backup", "http"), ==, "0.0.0.0:8082");
  g_assert_true (us_config_is_default (config, "packager-backup", "http"));
  g_assert_false (us_config_is_default (config, "switcher", "http"));
}

static void
load_option (UsConfig *config, const char *argument, const char *next) {
  g_autoptr (GError) error = NULL;
  gboolean used_next = FALSE;
  g_assert_true (us_config_load_option (config, "switcher", argument, next, &used_next, &error));
  g_assert_no_error (error);
  g_assert_cmpint (used_next, ==, next != NULL);
}

static void
test_order_of_sources (void) {
  static const char *const environment[] = { "REQUIRED_WINDOWS=5", "OTHER=1", NULL };
  static const char text[] = "[switcher]\nrequired-windows=4\n";
  g_autoptr (UsConfig) config = us_config_new (groups);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (us_config_get_integer (config, "switcher", "required-windows"), ==, 3);
  g_assert_true (us_config_load_text (config, "f", text, sizeof text - 1, &error));
  g_assert_cmpint (us_config_get_integer (config, "switcher", "required-windows"), ==, 4);
  g_assert_true (us_config_load_environment (config, environment, &error));
  g_assert_cmpint (us_config_get_integer (config, "switcher", "required-windows"), ==, 5);
  load_option (config, "--required-windows=6", NULL);
  g_assert_cmpint (us_config_get_integer (config, "switcher", "required-windows"), ==, 6);
  /* whatever the order of loading */
  g_assert_true (us_config_load_text (config, "f", text, sizeof text - 1, &error));
  g_assert_true (us_config_load_environment (config, environment, &error));
  g_assert_cmpint (us_config_get_integer (config, "switcher", "required-windows"), ==, 6);
}

static void
test_bad_environment (void) {
  static const char *const empty[] = { "REQUIRED_WINDOWS=", NULL };
  static const char *const bad[] = { "REQUIRED_WINDOWS=many", NULL };
  g_autoptr (UsConfig) config = us_config_new (groups);
  g_autoptr (GError) error = NULL;
  g_assert_true (us_config_load_environment (config, empty, &error));
  g_assert_true (us_config_is_default (config, "switcher", "required-windows"));
  g_assert_false (us_config_load_environment (config, bad, &error));
  g_assert_cmpstr (error->message, ==,
                   "environment REQUIRED_WINDOWS: 'many' is not a whole number from 1 to 100");
}

static void
test_options (void) {
  g_autoptr (UsConfig) config = us_config_new (groups);
  load_option (config, "--wait", "250ms");
  load_option (config, "--no-blocking", NULL);
  load_option (config, "--stream=other", NULL);
  load_option (config, "--packager-backup.http", "127.0.0.1:0");
  load_option (config, "--push=http://a/", NULL);
  load_option (config, "--push", "http://b/");
  g_assert_cmpint (us_config_get_duration_ms (config, "switcher", "wait"), ==, 250);
  g_assert_false (us_config_get_bool (config, "switcher", "blocking"));
  g_assert_cmpstr (us_config_get_string (config, "general", "stream"), ==, "other");
  g_assert_cmpstr (us_config_get_string (config, "packager-backup", "http"), ==, "127.0.0.1:0");
  g_auto (GStrv) push = us_config_get_list (config, "switcher", "push");
  g_assert_cmpuint (g_strv_length (push), ==, 2);
  g_assert_cmpstr (push[1], ==, "http://b/");
  load_option (config, "--blocking", NULL);
  g_assert_true (us_config_get_bool (config, "switcher", "blocking"));
}

static void
test_bad_options (void) {
  static const struct {
    const char *argument, *message;
  } rows[] = {
    { "--requird-windows=3",
      "--requird-windows: unknown option; did you mean --required-windows?" },
    { "--packager-bakup.http=3",
      "--packager-bakup.http: unknown option; did you mean --packager-backup.http?" },
    { "--banana", "--banana: unknown option" },
    { "--note=x", "--note: unknown option; with its group there is --packager-primary.note, "
                  "--packager-backup.note" },
    { "--no-wait", "--no-wait: unknown option" },
    { "--no-blocking=1", "--no-blocking: unknown option" },
    { "--required-windows=abc", "--required-windows: 'abc' is not a whole number from 1 to 100" },
    { "--required-windows", "--required-windows: needs a value: a whole number from 1 to 100" },
    { "extra", "'extra': unexpected argument; options begin with --" },
    { "-v", "'-v': unexpected argument; options begin with --" },
    { "--", "--: unknown option" },
    { "--=3", "--: unknown option" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (UsConfig) config = us_config_new (groups);
    g_autoptr (GError) error = NULL;
    gboolean used_next = FALSE;
    g_assert_false (
        us_config_load_option (config, "switcher", rows[i].argument, NULL, &used_next, &error));
    g_assert_cmpstr (error->message, ==, rows[i].message);
  }
}

static void
test_print_loads_back (void) {
  static const char text[] = "[packager-primary]\nnote=\\s a\\\\b \\s\n[switcher]\npush=http://a/;"
                             "http://b/\nwait=1500ms\nblocking=no\n";
  g_autoptr (UsConfig) config = us_config_new (groups);
  g_autoptr (UsConfig) again = us_config_new (groups);
  g_autoptr (GError) error = NULL;
  g_assert_true (us_config_load_text (config, "f", text, sizeof text - 1, &error));
  g_autofree char *printed = us_config_print (config);
  g_assert_true (us_config_load_text (again, "p", printed, strlen (printed), &error));
  g_assert_no_error (error);
  for (guint i = 0; groups[i] != NULL; i++) {
    for (const UsOption *option = groups[i]->options; option->key != NULL; option++)
      g_assert_cmpstr (us_config_get_string (config, groups[i]->name, option->key), ==,
                       us_config_get_string (again, groups[i]->name, option->key));
  }
  g_assert_cmpstr (us_config_get_string (again, "packager-primary", "note"), ==, "  a\\b  ");
}

/* What was printed once, and is loaded again, must not keep a program from working a default out.
 */
static void
test_default_in_a_file (void) {
  static const char text[] = "[packager-backup]\nhttp=0.0.0.0:8082\n[packager-primary]\n"
                             "http=0.0.0.0:8082\n[switcher]\nwait=2\n";
  g_autoptr (UsConfig) config = us_config_new (groups);
  g_autoptr (GError) error = NULL;
  g_assert_true (us_config_load_text (config, "f", text, sizeof text - 1, &error));
  g_assert_no_error (error);
  g_assert_true (us_config_is_default (config, "packager-backup", "http"));
  g_assert_false (us_config_is_default (config, "packager-primary", "http"));
  g_autofree char *set = us_config_print_set (config);
  g_assert_null (strstr (set, "[packager-backup]"));
  g_assert_nonnull (strstr (set, "\nhttp=0.0.0.0:8082\n"));
  g_assert_nonnull (strstr (set, "\nwait=2\n"));
  /* Whoever says it on the command line means it. */
  load_option (config, "--packager-backup.http", "0.0.0.0:8082");
  g_assert_false (us_config_is_default (config, "packager-backup", "http"));
}

static void
test_reset (void) {
  g_autoptr (UsConfig) config = us_config_new (groups);
  load_option (config, "--packager-backup.http", "0.0.0.0:1");
  load_option (config, "--wait", "1s");
  us_config_reset (config, "packager-backup", "http");
  g_assert_cmpstr (us_config_get_string (config, "packager-backup", "http"), ==, "0.0.0.0:8082");
  g_assert_cmpstr (us_config_get_source (config, "packager-backup", "http"), ==, "default");
  g_assert_true (us_config_is_default (config, "packager-backup", "http"));
  g_autofree char *set = us_config_print_set (config);
  g_assert_null (strstr (set, "http="));
  g_assert_nonnull (strstr (set, "\nwait=1s\n"));
}

static void
test_files (void) {
  g_autofree char *folder = g_dir_make_tmp ("us-config-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "x.conf", NULL);
  g_autoptr (UsConfig) config = us_config_new (groups);
  g_autoptr (GError) error = NULL;

  g_assert_false (us_config_load_file (config, path, &error));
  g_assert_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_FILE);
  g_assert_true (g_str_has_prefix (error->message, path));
  g_clear_error (&error);
  g_assert_false (us_config_load_file (config, folder, &error));
  g_assert_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_FILE);
  g_clear_error (&error);

  g_assert_true (g_file_set_contents (path, "[general]\nstream=x", -1, NULL));
  g_assert_true (us_config_load_file (config, path, &error));
  g_assert_cmpstr (us_config_get_string (config, "general", "stream"), ==, "x");

  g_setenv (US_ENV_CONFIG, path, TRUE);
  g_assert_true (g_file_set_contents (path, "[general]\nstream=y", -1, NULL));
  g_assert_true (us_config_load_default_file (config, &error));
  g_assert_cmpstr (us_config_get_string (config, "general", "stream"), ==, "y");
  g_unsetenv (US_ENV_CONFIG);
  g_unlink (path);
  g_rmdir (folder);
}

static void
test_describe (void) {
  g_autoptr (UsConfig) config = us_config_new (groups);
  g_autofree char *own = us_config_describe_group (config, "switcher", TRUE);
  g_autofree char *other = us_config_describe_group (config, "packager-backup", FALSE);
  g_assert_nonnull (
      strstr (own, "  --required-windows\n      How patient (default: 3) [$REQUIRED_WINDOWS]\n"));
  g_assert_nonnull (strstr (
      other, "  --packager-backup.http\n      Where the origin listens (default: 0.0.0.0:8082)\n"));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/config/bad-files", test_bad_files);
  g_test_add_func ("/base/config/zero-byte-and-size", test_zero_byte_and_size);
  g_test_add_func ("/base/config/good-file", test_good_file);
  g_test_add_func ("/base/config/order-of-sources", test_order_of_sources);
  g_test_add_func ("/base/config/bad-environment", test_bad_environment);
  g_test_add_func ("/base/config/options", test_options);
  g_test_add_func ("/base/config/bad-options", test_bad_options);
  g_test_add_func ("/base/config/print-loads-back", test_print_loads_back);
  g_test_add_func ("/base/config/default-in-a-file", test_default_in_a_file);
  g_test_add_func ("/base/config/reset", test_reset);
  g_test_add_func ("/base/config/files", test_files);
  g_test_add_func ("/base/config/describe", test_describe);
  return g_test_run ();
}
