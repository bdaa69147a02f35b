/* test-own-chain.c - a configuration full of the user's places, and none of them is left */
#include "commands/own-chain.h"

#include <string.h>

#include "commands/options.h"

/* Groups that `understudy run` hands down; the others are not read by a chain. [monitor] stays, as
 * no desk is started. */
static const char *const groups[]
    = { US_GROUP_RUN,      US_GROUP_INGEST,  US_GROUP_PRIMARY, US_GROUP_BACKUP,
        US_GROUP_SWITCHER, US_GROUP_PUBLISH, US_GROUP_PULL,    NULL };

/* Texts that are places too; all others are names and folders. */
static gboolean
is_place (const UsOption *option) {
  static const char *const texts[]
      = { "to",        "log-file",           "keys-file", "rtmps-certificate",
          "rtmps-key", "control-token-file", NULL };
  return option->type == US_OPTION_ADDRESS || option->type == US_OPTION_URL
         || option->type == US_OPTION_LIST || option->type == US_OPTION_ROUTES
         || g_strv_contains (texts, option->key);
}

static char *
make_place (const UsOption *option) {
  if (option->type == US_OPTION_ADDRESS)
    return g_strdup ("192.0.2.7:1");
  const char *scheme = option->choices != NULL ? option->choices[0] : "rtmp";
  return g_strdup_printf ("%s://192.0.2.7/live", scheme);
}

typedef void (*Visit) (UsConfig *config, const char *group, const UsOption *option);

static void
each_place (UsConfig *config, Visit visit) {
  guint n = 0;
  for (guint i = 0; us_option_groups[i] != NULL; i++) {
    const UsOptionGroup *group = us_option_groups[i];
    if (!g_strv_contains (groups, group->name))
      continue;
    for (const UsOption *option = group->options; option->key != NULL; option++) {
      if (!is_place (option))
        continue;
      visit (config, group->name, option);
      n++;
    }
  }
  g_assert_cmpuint (n, >=, 20);
}

static void
set (UsConfig *config, const char *group, const UsOption *option) {
  g_autofree char *place = make_place (option);
  g_autofree char *text = g_strdup_printf ("[%s]\n%s=%s\n", group, option->key, place);
  g_autoptr (GError) error = NULL;
  g_assert_true (us_config_load_text (config, "my.conf", text, strlen (text), &error));
  g_assert_no_error (error);
}

static void
check (UsConfig *config, const char *group, const UsOption *option) {
  const char *value = us_config_get_string (config, group, option->key);
  g_test_message ("[%s] %s=%s", group, option->key, value);
  g_assert_null (strstr (value, "192.0.2.7"));
  if (option->type == US_OPTION_ADDRESS)
    g_assert_true (value[0] == '\0' || strcmp (value, "127.0.0.1:0") == 0);
  else if (value[0] != '\0')
    /* The default is that of a chain at the usual ports: only `understudy run` may use it, which
     * lets it follow its own, and it must not be printed as if somebody had chosen it. */
    g_assert_true (us_config_is_default (config, group, option->key));
}

static void
test_places (void) {
  g_autoptr (UsConfig) config = us_config_new (us_option_groups);
  each_place (config, set);
  us_own_chain_apply (config);
  each_place (config, check);
  g_assert_cmpstr (us_config_get_string (config, US_GROUP_SWITCHER, "bus"), ==, "none");
  g_assert_false (us_config_get_bool (config, US_GROUP_RUN, "monitor"));
  g_assert_false (us_config_get_bool (config, US_GROUP_RUN, "publish"));
}

/* Everything at its default, but printed and loaded again, as `--print-config > my.conf` does. */
static void
test_printed (void) {
  static const char *const lines[]
      = { "\nrelay=", "\nto=",   "\nprimary-base-url=", "\nbackup-base-url=", "\nurl=rtmp",
          ":1936",    "=0.0.0.0" };
  g_autoptr (UsConfig) first = us_config_new (us_option_groups);
  g_autoptr (UsConfig) config = us_config_new (us_option_groups);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = us_config_print (first);
  g_assert_true (us_config_load_text (config, "my.conf", text, strlen (text), &error));
  us_own_chain_apply (config);
  g_autofree char *printed = us_config_print_set (config);
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    g_assert_null (strstr (printed, lines[i]));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/commands/own-chain/places", test_places);
  g_test_add_func ("/commands/own-chain/printed", test_printed);
  return g_test_run ();
}
