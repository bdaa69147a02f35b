/* config.c - loads settings from their four sources and gives them out by type
 *
 * A value is checked where it enters, with the place in the message: file and line, variable, or
 * option. The parser of the key file is ours because GKeyFile neither gives line numbers nor sees
 * a key that stands there twice. Owned by main(), lives as long as the process, one thread.
 */
#include "base/config.h"

#include <gio/gio.h>
#include <string.h>

#include "base/names.h"

typedef enum { FROM_DEFAULT, FROM_FILE, FROM_ENVIRONMENT, FROM_COMMAND_LINE, FROM_PROGRAM } Source;

typedef struct {
  const UsOptionGroup *group;
  const UsOption *option;
  char *value;
  char *place; /* where it was set, for people */
  Source source;
  guint line; /* of the file being read, 0 when it does not name this key */
} Value;

struct UsConfig {
  const UsOptionGroup *const *groups;
  GPtrArray *values; /* Value, in the order of the tables */
};

static void
value_free (gpointer data) {
  Value *value = data;
  g_free (value->value);
  g_free (value->place);
  g_free (value);
}

/**
 * us_config_new:
 * @groups: static tables, ends with NULL
 *
 * Returns: (transfer full): a configuration in which everything has its default
 */
UsConfig *
us_config_new (const UsOptionGroup *const *groups) {
  UsConfig *config = g_new0 (UsConfig, 1);
  config->groups = groups;
  config->values = g_ptr_array_new_with_free_func (value_free);
  for (guint i = 0; groups[i] != NULL; i++) {
    for (const UsOption *option = groups[i]->options; option->key != NULL; option++) {
      Value *value = g_new0 (Value, 1);
      value->group = groups[i];
      value->option = option;
      value->value = g_strdup (us_option_get_default (groups[i], option));
      value->place = g_strdup ("default");
      g_ptr_array_add (config->values, value);
    }
  }
  return config;
}

/**
 * us_config_free:
 * @config: (transfer full) (nullable): the configuration
 */
void
us_config_free (UsConfig *config) {
  if (config == NULL)
    return;
  g_ptr_array_unref (config->values);
  g_free (config);
}

static Value *
find (const UsConfig *config, const char *group, const char *key) {
  for (guint i = 0; i < config->values->len; i++) {
    Value *value = g_ptr_array_index (config->values, i);
    if (strcmp (value->group->name, group) == 0 && strcmp (value->option->key, key) == 0)
      return value;
  }
  return NULL;
}

static const UsOptionGroup *
find_group (const UsConfig *config, const char *name) {
  for (guint i = 0; config->groups[i] != NULL; i++) {
    if (strcmp (config->groups[i]->name, name) == 0)
      return config->groups[i];
  }
  return NULL;
}

static void
value_set (Value *value, Source source, const char *place, const char *text) {
  g_free (value->value);
  value->value = g_strdup (text);
  g_free (value->place);
  value->place = g_strdup (place);
  value->source = source;
}

static const char *
nearest_group (const UsConfig *config, const char *name) {
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (guint i = 0; config->groups[i] != NULL; i++)
    g_ptr_array_add (names, (gpointer)config->groups[i]->name);
  g_ptr_array_add (names, NULL);
  return us_option_nearest (name, (const char *const *)names->pdata);
}

static const char *
nearest_key (const UsOptionGroup *group, const char *key) {
  g_autoptr (GPtrArray) keys = g_ptr_array_new ();
  for (const UsOption *option = group->options; option->key != NULL; option++)
    g_ptr_array_add (keys, (gpointer)option->key);
  g_ptr_array_add (keys, NULL);
  return us_option_nearest (key, (const char *const *)keys->pdata);
}

/* Key file --------------------------------------------------------------------------------------
 */

/* The escapes of the Desktop Entry syntax that can make sense in a setting. Returns NULL for any
 * other backslash. */
static char *
unescape (const char *text) {
  g_autoptr (GString) out = g_string_new (NULL);
  for (const char *p = text; *p != '\0'; p++) {
    if (*p != '\\') {
      g_string_append_c (out, *p);
      continue;
    }
    p++;
    if (*p == '\\')
      g_string_append_c (out, '\\');
    else if (*p == 's')
      g_string_append_c (out, ' ');
    else
      return NULL;
  }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

static char *
escape (const char *text) {
  g_autoptr (GString) out = g_string_new (NULL);
  for (const char *p = text; *p != '\0'; p++) {
    gboolean is_edge = p == text || p[1] == '\0';
    if (*p == '\\')
      g_string_append (out, "\\\\");
    else if (*p == ' ' && is_edge)
      g_string_append (out, "\\s");
    else
      g_string_append_c (out, *p);
  }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

static gboolean
read_group_line (const UsConfig *config, char *line, const UsOptionGroup **group, const char *place,
                 GError **error) {
  char *end = strchr (line, ']');
  if (end == NULL || end[1] != '\0' || end == line + 1) {
    g_set_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_SYNTAX,
                 "%s: a group is written as [name] alone on its line", place);
    return FALSE;
  }
  *end = '\0';
  *group = find_group (config, line + 1);
  if (*group != NULL)
    return TRUE;
  const char *meant = nearest_group (config, line + 1);
  g_autofree char *hint = meant != NULL ? g_strdup_printf ("; did you mean [%s]?", meant) : NULL;
  g_set_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_UNKNOWN, "%s: [%s]: unknown group%s", place,
               line + 1, hint != NULL ? hint : "");
  return FALSE;
}

static gboolean
read_key_line (UsConfig *config, char *line, const UsOptionGroup *group, const char *place,
               guint number, GError **error) {
  char *equals = strchr (line, '=');
  if (equals == NULL || equals == line) {
    g_set_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_SYNTAX,
                 "%s: '%.60s' is neither [group], key=value nor # comment", place, line);
    return FALSE;
  }
  if (group == NULL) {
    g_set_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_SYNTAX,
                 "%s: '%.60s' stands before the first [group]", place, line);
    return FALSE;
  }
  *equals = '\0';
  const char *key = g_strchomp (line);
  Value *value = find (config, group->name, key);
  if (value == NULL) {
    const char *meant = nearest_key (group, key);
    g_set_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_UNKNOWN,
                 "%s: [%s] %.60s: unknown key%s%s%s", place, group->name, key,
                 meant != NULL ? "; did you mean " : "", meant != NULL ? meant : "",
                 meant != NULL ? "?" : "");
    return FALSE;
  }
  if (value->line != 0) {
    g_set_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_SYNTAX,
                 "%s: [%s] %s: given twice, first on line %u", place, group->name, key,
                 value->line);
    return FALSE;
  }
  value->line = number;
  g_autofree char *text = unescape (g_strchug (equals + 1));
  if (text == NULL) {
    g_set_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_SYNTAX,
                 "%s: [%s] %s: a backslash is written \\\\, a space at either end \\s", place,
                 group->name, key);
    return FALSE;
  }
  if (!us_option_check (value->option, text, error)) {
    g_prefix_error (error, "%s: [%s] %s: ", place, group->name, key);
    return FALSE;
  }
  if (value->source <= FROM_FILE)
    value_set (value, FROM_FILE, place, text);
  return TRUE;
}

/**
 * us_config_load_text:
 * @config: the configuration
 * @name: the file's name, for messages
 * @text: its content, not necessarily ended by a zero byte
 * @size: its length in bytes
 * @error: US_CONFIG_ERROR with "FILE:LINE: ..."
 *
 * Reads [group] and key=value lines. A group may stand more than once; a key may not. Lines may end
 * in CR LF, the last one need not end at all. On error, what was read before it stays set: the
 * program is about to end.
 *
 * Returns: %TRUE when every line was understood
 */
gboolean
us_config_load_text (UsConfig *config, const char *name, const char *text, gsize size,
                     GError **error) {
  const UsOptionGroup *group = NULL;
  if (size > US_CONFIG_MAX_FILE) {
    g_set_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_FILE,
                 "%s: is larger than 1 MB and surely not a configuration file", name);
    return FALSE;
  }
  for (guint i = 0; i < config->values->len; i++)
    ((Value *)g_ptr_array_index (config->values, i))->line = 0;
  if (size >= 3 && memcmp (text, "\xef\xbb\xbf", 3) == 0) {
    text += 3;
    size -= 3;
  }

  for (guint number = 1; size > 0; number++) {
    const char *newline = memchr (text, '\n', size);
    gsize length = newline != NULL ? (gsize)(newline - text) : size;
    gsize taken = newline != NULL ? length + 1 : length;
    g_autofree char *place = g_strdup_printf ("%s:%u", name, number);
    if (memchr (text, '\0', length) != NULL || !g_utf8_validate (text, (gssize)length, NULL)) {
      g_set_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_FILE, "%s: is not UTF-8 text", place);
      return FALSE;
    }
    g_autofree char *line = g_strndup (text, length);
    g_strstrip (line);
    gboolean is_understood = TRUE;
    if (line[0] == '[')
      is_understood = read_group_line (config, line, &group, place, error);
    else if (line[0] != '\0' && line[0] != '#')
      is_understood = read_key_line (config, line, group, place, number, error);
    if (!is_understood)
      return FALSE;
    text += taken;
    size -= taken;
  }
  return TRUE;
}

/**
 * us_config_load_file:
 * @config: the configuration
 * @path: a key file
 * @error: US_CONFIG_ERROR
 *
 * Returns: %TRUE when the file could be read and understood
 */
gboolean
us_config_load_file (UsConfig *config, const char *path, GError **error) {
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GError) local = NULL;
  g_autoptr (GFileInputStream) stream = g_file_read (file, NULL, &local);
  g_autofree char *text = g_try_malloc (US_CONFIG_MAX_FILE + 1);
  gsize size = 0;

  /* One byte more than is allowed: enough to see that there is too much, also in a pipe. */
  if (stream == NULL || text == NULL
      || !g_input_stream_read_all (G_INPUT_STREAM (stream), text, US_CONFIG_MAX_FILE + 1, &size,
                                   NULL, &local)) {
    g_set_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_FILE, "%s: %s", path,
                 local != NULL ? local->message : "out of memory");
    return FALSE;
  }
  return us_config_load_text (config, path, text, size, error);
}

/**
 * us_config_load_default_file:
 * @config: the configuration
 * @error: US_CONFIG_ERROR
 *
 * Loads the first that exists: the file named by $UNDERSTUDY_CONFIG, the user's, the machine's.
 *
 * Returns: %TRUE when there was none or it was understood
 */
gboolean
us_config_load_default_file (UsConfig *config, GError **error) {
  const char *named = g_getenv (US_ENV_CONFIG);
  if (named != NULL && named[0] != '\0')
    return us_config_load_file (config, named, error);

  g_autofree char *own
      = g_build_filename (g_get_user_config_dir (), US_PROGRAM, US_PROGRAM ".conf", NULL);
  g_autofree char *machine = g_build_filename (US_SYSCONFDIR, US_PROGRAM, US_PROGRAM ".conf", NULL);
  if (g_file_test (own, G_FILE_TEST_EXISTS))
    return us_config_load_file (config, own, error);
  if (g_file_test (machine, G_FILE_TEST_EXISTS))
    return us_config_load_file (config, machine, error);
  return TRUE;
}

/* Environment and command line ------------------------------------------------------------------
 */

/**
 * us_config_load_environment:
 * @config: the configuration
 * @environment: "NAME=value" texts, ends with NULL; a variable that is set but empty is ignored
 * @error: US_CONFIG_ERROR
 *
 * Returns: %TRUE when all values fit
 */
gboolean
us_config_load_environment (UsConfig *config, const char *const *environment, GError **error) {
  for (guint i = 0; i < config->values->len; i++) {
    Value *value = g_ptr_array_index (config->values, i);
    if (value->option->environment == NULL)
      continue;
    const char *text = g_environ_getenv ((char **)environment, value->option->environment);
    if (text == NULL || text[0] == '\0')
      continue;
    g_autofree char *place = g_strdup_printf ("environment %s", value->option->environment);
    if (!us_option_check (value->option, text, error)) {
      g_prefix_error (error, "%s: ", place);
      return FALSE;
    }
    if (value->source <= FROM_ENVIRONMENT)
      value_set (value, FROM_ENVIRONMENT, place, text);
  }
  return TRUE;
}

/* "key" of the command's own group or of [general], or "group.key"; NULL when there is none. */
static Value *
find_option (const UsConfig *config, const char *own_group, const char *name) {
  const char *dot = strchr (name, '.');
  if (dot != NULL) {
    g_autofree char *group = g_strndup (name, (gsize)(dot - name));
    return find (config, group, dot + 1);
  }
  Value *value = find (config, own_group, name);
  return value != NULL ? value : find (config, US_CONFIG_GENERAL, name);
}

/* "--ingest.rtmp, --packager-primary.rtmp": options that are called so but for their group; NULL:
 * none is. */
static char *
find_in_groups (const UsConfig *config, const char *name) {
  g_autoptr (GString) found = g_string_new (NULL);
  for (guint i = 0; i < config->values->len; i++) {
    const Value *value = g_ptr_array_index (config->values, i);
    if (strcmp (value->option->key, name) == 0)
      g_string_append_printf (found, "%s--%s.%s", found->len > 0 ? ", " : "", value->group->name,
                              name);
  }
  return found->len > 0 ? g_string_free (g_steal_pointer (&found), FALSE) : NULL;
}

static void
set_unknown_option (const UsConfig *config, const char *own_group, const char *name,
                    GError **error) {
  g_autofree char *in_groups = find_in_groups (config, name);
  if (in_groups != NULL) {
    g_set_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_UNKNOWN,
                 "--%.60s: unknown option; with its group there is %s", name, in_groups);
    return;
  }
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < config->values->len; i++) {
    const Value *value = g_ptr_array_index (config->values, i);
    gboolean is_short = strcmp (value->group->name, own_group) == 0
                        || strcmp (value->group->name, US_CONFIG_GENERAL) == 0;
    if (is_short)
      g_ptr_array_add (words, g_strdup (value->option->key));
    else
      g_ptr_array_add (words, g_strdup_printf ("%s.%s", value->group->name, value->option->key));
  }
  g_ptr_array_add (words, NULL);
  const char *meant = us_option_nearest (name, (const char *const *)words->pdata);
  g_set_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_UNKNOWN, "--%.60s: unknown option%s%s%s",
               name, meant != NULL ? "; did you mean --" : "", meant != NULL ? meant : "",
               meant != NULL ? "?" : "");
}

/**
 * us_config_load_option:
 * @config: the configuration
 * @own_group: the group whose keys are options by their bare names
 * @argument: one argument, "--key", "--key=value", "--no-key", "--group.key=value"
 * @next: (nullable): the argument after it
 * @used_next: (out): whether @next was taken as the value
 * @error: US_CONFIG_ERROR
 *
 * An option for a list adds to what the command line has given so far.
 *
 * Returns: %TRUE when the option exists and its value fits
 */
gboolean
us_config_load_option (UsConfig *config, const char *own_group, const char *argument,
                       const char *next, gboolean *used_next, GError **error) {
  *used_next = FALSE;
  if (!g_str_has_prefix (argument, "--")) {
    g_set_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_UNKNOWN,
                 "'%.60s': unexpected argument; options begin with --", argument);
    return FALSE;
  }
  const char *equals = strchr (argument, '=');
  g_autofree char *name = equals != NULL ? g_strndup (argument + 2, (gsize)(equals - argument - 2))
                                         : g_strdup (argument + 2);
  const char *text = equals != NULL ? equals + 1 : NULL;
  Value *value = find_option (config, own_group, name);

  if (value == NULL && g_str_has_prefix (name, "no-") && text == NULL) {
    value = find_option (config, own_group, name + 3);
    if (value != NULL && value->option->type == US_OPTION_BOOL)
      text = "false";
    else
      value = NULL;
  }
  if (value == NULL) {
    set_unknown_option (config, own_group, name, error);
    return FALSE;
  }
  if (text == NULL && value->option->type == US_OPTION_BOOL)
    text = "true";
  if (text == NULL && next != NULL) {
    text = next;
    *used_next = TRUE;
  }
  if (text == NULL) {
    g_autofree char *type = us_option_describe_type (value->option);
    g_set_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_VALUE, "--%s: needs a value: %s", name,
                 type);
    return FALSE;
  }
  if (!us_option_check (value->option, text, error)) {
    g_prefix_error (error, "--%s: ", name);
    return FALSE;
  }
  g_autofree char *list = NULL;
  gboolean is_list
      = value->option->type == US_OPTION_LIST || value->option->type == US_OPTION_ROUTES;
  if (is_list && value->source == FROM_COMMAND_LINE && value->value[0] != '\0')
    text = list = g_strjoin (";", value->value, text, NULL);
  g_autofree char *place = g_strdup_printf ("--%s", name);
  value_set (value, FROM_COMMAND_LINE, place, text);
  return TRUE;
}

/* Getters ---------------------------------------------------------------------------------------
 */

/**
 * us_config_set:
 * @config: the configuration
 * @group: a group of the tables
 * @key: a key of that group
 * @value: a text that fits the option
 */
void
us_config_set (UsConfig *config, const char *group, const char *key, const char *value) {
  Value *found = find (config, group, key);
  g_return_if_fail (found != NULL);
  g_return_if_fail (us_option_check (found->option, value, NULL));
  value_set (found, FROM_PROGRAM, "chosen at start", value);
}

/**
 * us_config_reset:
 * @config: the configuration
 * @group: a group
 * @key: its key
 *
 * Forgets who has set it: it is as if nobody had.
 */
void
us_config_reset (UsConfig *config, const char *group, const char *key) {
  Value *found = find (config, group, key);
  g_return_if_fail (found != NULL);
  value_set (found, FROM_DEFAULT, "default", us_option_get_default (found->group, found->option));
}

/* A file may have come from --print-config, where all settings stand: a default in it says nothing
 * that the program would not have said, and must not keep it from following a port. */
static gboolean
is_left (const Value *value) {
  if (value->source == FROM_FILE)
    return strcmp (value->value, us_option_get_default (value->group, value->option)) == 0;
  return value->source == FROM_DEFAULT;
}

/**
 * us_config_is_default:
 * @config: the configuration
 * @group: a group
 * @key: its key
 *
 * Returns: %TRUE when nobody has set it, or a file to nothing else than its default
 */
gboolean
us_config_is_default (const UsConfig *config, const char *group, const char *key) {
  const Value *found = find (config, group, key);
  g_return_val_if_fail (found != NULL, TRUE);
  return is_left (found);
}

/**
 * us_config_get_source:
 * @config: the configuration
 * @group: a group
 * @key: its key
 *
 * Returns: (transfer none): where the value came from, for messages: "FILE:LINE", "--key", ...
 */
const char *
us_config_get_source (const UsConfig *config, const char *group, const char *key) {
  const Value *found = find (config, group, key);
  g_return_val_if_fail (found != NULL, "default");
  return found->place;
}

/**
 * us_config_get_string:
 * @config: the configuration
 * @group: a group
 * @key: its key, of any type
 *
 * Returns: (transfer none): the value as text, "" when empty; valid until it is set again
 */
const char *
us_config_get_string (const UsConfig *config, const char *group, const char *key) {
  const Value *found = find (config, group, key);
  g_return_val_if_fail (found != NULL, "");
  return found->value;
}

/**
 * us_config_get_bool:
 * @config: the configuration
 * @group: a group
 * @key: its key, a US_OPTION_BOOL
 *
 * Returns: the value
 */
gboolean
us_config_get_bool (const UsConfig *config, const char *group, const char *key) {
  gboolean value = FALSE;
  us_option_parse_bool (us_config_get_string (config, group, key), &value);
  return value;
}

/**
 * us_config_get_integer:
 * @config: the configuration
 * @group: a group
 * @key: its key, a US_OPTION_INTEGER
 *
 * Returns: the value, within the option's limits
 */
gint64
us_config_get_integer (const UsConfig *config, const char *group, const char *key) {
  return g_ascii_strtoll (us_config_get_string (config, group, key), NULL, 10);
}

/**
 * us_config_get_duration_ms:
 * @config: the configuration
 * @group: a group
 * @key: its key, a US_OPTION_DURATION
 *
 * Returns: milliseconds, within the option's limits
 */
gint64
us_config_get_duration_ms (const UsConfig *config, const char *group, const char *key) {
  gint64 ms = 0;
  us_option_parse_duration (us_config_get_string (config, group, key), &ms);
  return ms;
}

/**
 * us_config_get_address:
 * @config: the configuration
 * @group: a group
 * @key: its key, a US_OPTION_ADDRESS
 * @port: (out) (optional): the port
 *
 * Returns: (transfer full): the numeric address
 */
char *
us_config_get_address (const UsConfig *config, const char *group, const char *key, guint16 *port) {
  char *host = NULL;
  us_option_parse_address (us_config_get_string (config, group, key), &host, port);
  return host;
}

/**
 * us_config_get_list:
 * @config: the configuration
 * @group: a group
 * @key: its key, a US_OPTION_LIST
 *
 * Returns: (transfer full): its items without empty ones, ends with NULL
 */
GStrv
us_config_get_list (const UsConfig *config, const char *group, const char *key) {
  g_auto (GStrv) parts = g_strsplit (us_config_get_string (config, group, key), ";", -1);
  g_autoptr (GPtrArray) items = g_ptr_array_new ();
  for (guint i = 0; parts[i] != NULL; i++) {
    g_strstrip (parts[i]);
    if (parts[i][0] != '\0')
      g_ptr_array_add (items, g_strdup (parts[i]));
  }
  g_ptr_array_add (items, NULL);
  return (GStrv)g_ptr_array_free (g_steal_pointer (&items), FALSE);
}

/* For people ------------------------------------------------------------------------------------
 */

static char *
print (const UsConfig *config, gboolean has_defaults) {
  g_autoptr (GString) out
      = g_string_new ("# Effective configuration of understudy " US_VERSION "\n");
  const UsOptionGroup *group = NULL;
  for (guint i = 0; i < config->values->len; i++) {
    const Value *value = g_ptr_array_index (config->values, i);
    g_autofree char *type = us_option_describe_type (value->option);
    g_autofree char *text = escape (value->value);
    if (!has_defaults && is_left (value))
      continue;
    if (value->group != group) {
      group = value->group;
      g_string_append_printf (out, "\n# %s\n[%s]\n", group->help, group->name);
    }
    g_string_append_printf (out, "# %s: %s", value->option->help, type);
    if (value->source != FROM_DEFAULT)
      g_string_append_printf (out, " (from %s)", value->place);
    g_string_append_printf (out, "\n%s=%s\n", value->option->key, text);
  }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/**
 * us_config_print:
 * @config: the configuration
 *
 * Returns: (transfer full): all groups as a commented key file that us_config_load_text() reads
 * back to the same values
 */
char *
us_config_print (const UsConfig *config) {
  return print (config, TRUE);
}

/**
 * us_config_print_set:
 * @config: the configuration
 *
 * Returns: (transfer full): the same of what is not at its default only, for a program that works
 *   the rest out by itself
 */
char *
us_config_print_set (const UsConfig *config) {
  return print (config, FALSE);
}

/**
 * us_config_describe_group:
 * @config: the configuration
 * @group: a group
 * @is_own: options are named --key; else --group.key
 *
 * Returns: (transfer full): the option lines of --help, with defaults
 */
char *
us_config_describe_group (const UsConfig *config, const char *group, gboolean is_own) {
  g_autoptr (GString) out = g_string_new (NULL);
  for (guint i = 0; i < config->values->len; i++) {
    const Value *value = g_ptr_array_index (config->values, i);
    if (strcmp (value->group->name, group) != 0)
      continue;
    g_autofree char *name = is_own ? g_strdup (value->option->key)
                                   : g_strdup_printf ("%s.%s", group, value->option->key);
    const char *fallback = us_option_get_default (value->group, value->option);
    g_string_append_printf (out, "  --%s\n      %s", name, value->option->help);
    if (fallback[0] != '\0')
      g_string_append_printf (out, " (default: %s)", fallback);
    if (value->option->environment != NULL)
      g_string_append_printf (out, " [$%s]", value->option->environment);
    g_string_append_c (out, '\n');
  }
  return g_string_free (g_steal_pointer (&out), FALSE);
}
