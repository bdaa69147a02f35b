/* fuzz-base-config.c - any bytes as the configuration file, with the settings that there really are
 *
 * What is taken is printed, and the print is taken again and says the same. What is refused names
 * its place. */
#include "commands/options.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* The getters trust what was checked when it was loaded: each of them must keep its word. */
static void
get_all (const UsConfig *config) {
  for (guint i = 0; us_option_groups[i] != NULL; i++) {
    const UsOptionGroup *group = us_option_groups[i];
    for (const UsOption *option = group->options; option->key != NULL; option++) {
      const char *text = us_config_get_string (config, group->name, option->key);
      if (!g_utf8_validate (text, -1, NULL))
        g_error ("a value that is no text");
      guint16 port;
      if (option->type == US_OPTION_BOOL)
        us_config_get_bool (config, group->name, option->key);
      else if (option->type == US_OPTION_INTEGER)
        g_assert_cmpint (us_config_get_integer (config, group->name, option->key), <=, option->max);
      else if (option->type == US_OPTION_DURATION)
        g_assert_cmpint (us_config_get_duration_ms (config, group->name, option->key), <=,
                         option->max);
      else if (option->type == US_OPTION_ADDRESS && text[0] != '\0')
        g_free (us_config_get_address (config, group->name, option->key, &port));
      else if (option->type == US_OPTION_LIST || option->type == US_OPTION_ROUTES)
        g_strfreev (us_config_get_list (config, group->name, option->key));
    }
  }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  g_autofree char *exact = size > 0 ? g_memdup2 (data, size) : g_malloc (1);
  g_autoptr (UsConfig) config = us_config_new (us_option_groups);
  g_autoptr (GError) error = NULL;
  gboolean ok = us_config_load_text (config, "f.conf", exact, size, &error);
  if (ok != (error == NULL))
    g_error ("result and error disagree");
  if (!ok
      && (!g_str_has_prefix (error->message, "f.conf:")
          || !g_utf8_validate (error->message, -1, NULL) || strchr (error->message, '\n') != NULL))
    g_error ("a message that is no line with a place: %s", error->message);
  get_all (config); /* also after an error: nothing half-checked may be in there */
  if (!ok)
    return 0;
  g_autofree char *text = us_config_print (config);
  g_autoptr (UsConfig) again = us_config_new (us_option_groups);
  if (!us_config_load_text (again, "print", text, strlen (text), &error))
    g_error ("own output cannot be read: %s", error->message);
  for (guint i = 0; us_option_groups[i] != NULL; i++)
    for (const UsOption *option = us_option_groups[i]->options; option->key != NULL; option++)
      g_assert_cmpstr (us_config_get_string (config, us_option_groups[i]->name, option->key), ==,
                       us_config_get_string (again, us_option_groups[i]->name, option->key));
  return 0;
}
