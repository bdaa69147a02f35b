/* ctl-key.c - changes the keys file; the ingest, if one runs, sees it within a second
 *
 * No key is ever shown but the new one, once. Exit codes as of ctl: 1 the file cannot be changed, 2
 * wrong usage.
 */
#include "commands/ctl-key.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "commands/command.h"
#include "ingest/keys-edit.h"
#include "ingest/keys-file.h"
#include "ingest/name.h"

static const char *
text_of (const UsConfig *config, const char *key) {
  return us_config_get_string (config, US_GROUP_CTL, key);
}

static const char *
find_file (const UsConfig *config) {
  const char *own = text_of (config, "keys-file");
  const char *path
      = own[0] != '\0' ? own : us_config_get_string (config, US_GROUP_INGEST, "keys-file");
  if (path[0] != '\0')
    return path;
  us_command_refuse ("ctl key: which file? give --keys-file, or set keys-file in [ingest]");
  return NULL;
}

static int
fail (const GError *error) {
  us_command_refuse ("%s", error->message);
  return error->code == US_KEYS_ERROR_FILE ? US_EXIT_FAILURE : US_EXIT_CONFIGURATION;
}

static void
print_json (JsonBuilder *builder) {
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autofree char *text = json_to_string (root, FALSE);
  printf ("%s\n", text);
}

static void
add_member (JsonBuilder *builder, const char *name, const char *value) {
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, value);
}

/* ---- add ---- */

static char *
add_to (const char *text, gpointer user_data, GError **error) {
  const UsKeyDraft *draft = user_data;
  g_autoptr (UsKeys) keys = us_keys_parse ("the keys file", text != NULL ? text : "",
                                           text != NULL ? strlen (text) : 0, error);
  if (keys == NULL)
    return NULL;
  for (guint i = 0; i < us_keys_get_n (keys); i++) {
    if (strcmp (us_keys_get (keys, i)->id, draft->id) != 0)
      continue;
    g_set_error (error, US_KEYS_ERROR, US_KEYS_ERROR_VALUE,
                 "'%s': there is a key with this id; revoke it first, or choose another id",
                 draft->id);
    return NULL;
  }
  return us_keys_edit_add (text, draft);
}

/* A value that would break out of its line would say something else in the file. */
static gboolean
check_draft (const UsKeyDraft *draft) {
  const char *why = NULL;
  gint64 expires_s = 0;
  if (!us_stream_name_is_valid (draft->id, &why))
    us_command_refuse ("'%.60s': the id of a key %s", draft->id, why);
  else if (strcmp (draft->stream, "*") != 0 && !us_stream_name_is_valid (draft->stream, &why))
    us_command_refuse ("--stream: '%.60s': the name %s", draft->stream, why);
  else if (draft->expires[0] != '\0' && !us_key_parse_expiry (draft->expires, &expires_s))
    us_command_refuse ("--expires: '%.60s' is no time as 2027-01-31T18:00:00Z and no day as "
                       "2027-01-31",
                       draft->expires);
  else if (strpbrk (draft->allow, "\r\n") != NULL || strpbrk (draft->expires, "\r\n") != NULL)
    us_command_refuse ("--allow, --expires: one line each");
  else
    return TRUE;
  return FALSE;
}

static void
print_new (const UsConfig *config, const UsKeyDraft *draft, const char *secret) {
  gboolean is_any = strcmp (draft->stream, "*") == 0;
  if (us_config_get_bool (config, US_GROUP_CTL, "json")) {
    g_autoptr (JsonBuilder) builder = json_builder_new ();
    json_builder_begin_object (builder);
    add_member (builder, "id", draft->id);
    add_member (builder, "stream", draft->stream);
    add_member (builder, "key", secret);
    json_builder_end_object (builder);
    print_json (builder);
    return;
  }
  printf ("key:     %s\n", secret);
  if (is_any)
    printf ("publish: rtmp://HOST:1936/live/STREAM?key=KEY\n");
  else
    printf ("publish: rtmp://HOST:1936/live with this key, or rtmp://HOST:1936/live/%s?key=KEY\n",
            draft->stream);
  printf ("It is not shown again.\n");
}

static int
run_add (const UsConfig *config, const char *path, const char *id) {
  g_autoptr (GError) error = NULL;
  const char *stream = text_of (config, "stream");
  g_autofree char *secret = us_key_new_random ();
  g_autofree char *hash
      = us_config_get_bool (config, US_GROUP_CTL, "hash") ? us_key_hash (NULL, secret) : NULL;
  UsKeyDraft draft = {
    .id = id,
    .stream = stream[0] != '\0' ? stream
                                : us_config_get_string (config, US_GROUP_GENERAL, "default-stream"),
    .key = hash != NULL ? hash : secret,
    .allow = text_of (config, "allow"),
    .expires = text_of (config, "expires"),
    .priority = (guint)us_config_get_integer (config, US_GROUP_CTL, "priority"),
  };
  if (!check_draft (&draft))
    return US_EXIT_CONFIGURATION;
  if (!us_keys_edit_file (path, add_to, &draft, &error))
    return fail (error);
  print_new (config, &draft, secret);
  return 0;
}

/* ---- list ---- */

static char *
time_text (gint64 unix_s) {
  g_autoptr (GDateTime) time = unix_s > 0 ? g_date_time_new_from_unix_utc (unix_s) : NULL;
  return time != NULL ? g_date_time_format (time, "%Y-%m-%dT%H:%M:%SZ") : g_strdup ("");
}

static const char *
state_of (const UsKey *key) {
  if (!key->is_enabled)
    return "off";
  if (key->expires_s > 0 && g_get_real_time () / G_USEC_PER_SEC >= key->expires_s)
    return "expired";
  return "good";
}

static void
print_list (const UsKeys *keys) {
  printf ("%-20s %-16s %4s %-7s %-20s %s\n", "id", "stream", "prio", "state", "expires", "allow");
  for (guint i = 0; i < us_keys_get_n (keys); i++) {
    const UsKey *key = us_keys_get (keys, i);
    g_autofree char *expires = time_text (key->expires_s);
    printf ("%-20s %-16s %4u %-7s %-20s %s%s\n", key->id, key->stream, key->priority,
            state_of (key), expires, key->allow, key->is_short ? "  (short key)" : "");
  }
}

static void
print_list_json (const UsKeys *keys) {
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_array (builder);
  for (guint i = 0; i < us_keys_get_n (keys); i++) {
    const UsKey *key = us_keys_get (keys, i);
    g_autofree char *expires = time_text (key->expires_s);
    json_builder_begin_object (builder);
    add_member (builder, "id", key->id);
    add_member (builder, "stream", key->stream);
    json_builder_set_member_name (builder, "priority");
    json_builder_add_int_value (builder, key->priority);
    add_member (builder, "state", state_of (key));
    add_member (builder, "expires", expires);
    add_member (builder, "allow", key->allow);
    json_builder_set_member_name (builder, "hashed");
    json_builder_add_boolean_value (builder, key->is_hashed);
    json_builder_end_object (builder);
  }
  json_builder_end_array (builder);
  print_json (builder);
}

static int
run_list (const UsConfig *config, const char *path) {
  g_autoptr (GError) error = NULL;
  gsize size = 0;
  char *text = us_keys_file_read (path, &size, NULL, &error);
  if (text == NULL)
    return fail (error);
  g_autoptr (UsKeys) keys = us_keys_parse (path, text, size, &error);
  explicit_bzero (text, size);
  g_free (text);
  if (keys == NULL)
    return fail (error);
  if (us_config_get_bool (config, US_GROUP_CTL, "json"))
    print_list_json (keys);
  else
    print_list (keys);
  return 0;
}

/* ---- revoke ---- */

static char *
remove_from (const char *text, gpointer user_data, GError **error) {
  const char *id = user_data;
  char *left = text != NULL ? us_keys_edit_remove (text, id) : NULL;
  if (left == NULL)
    g_set_error (error, US_KEYS_ERROR, US_KEYS_ERROR_VALUE,
                 "'%.64s': there is no such key; " US_PROGRAM " ctl key list tells them", id);
  return left;
}

static int
run_revoke (const char *path, const char *id) {
  g_autoptr (GError) error = NULL;
  if (!us_keys_edit_file (path, remove_from, (gpointer)id, &error))
    return fail (error);
  printf ("%s is revoked; its publisher, if there is one, is sent away within a second\n", id);
  return 0;
}

/**
 * us_ctl_key_run:
 * @config: the configuration
 * @words: what follows "key"
 * @n_words: how many
 *
 * Returns: the exit code
 */
int
us_ctl_key_run (const UsConfig *config, const char *const *words, guint n_words) {
  const char *verb = words[0];
  gboolean is_list = strcmp (verb, "list") == 0;
  if (!is_list && strcmp (verb, "add") != 0 && strcmp (verb, "revoke") != 0) {
    us_command_refuse ("'%.60s': ctl key knows add ID, list and revoke ID", verb);
    return US_EXIT_CONFIGURATION;
  }
  if (n_words != (is_list ? 1 : 2)) {
    us_command_refuse (is_list ? "ctl key list: takes no more words"
                               : "ctl key %s: needs the id of a key, as studio-1",
                       verb);
    return US_EXIT_CONFIGURATION;
  }
  const char *path = find_file (config);
  if (path == NULL)
    return US_EXIT_CONFIGURATION;
  if (is_list)
    return run_list (config, path);
  return strcmp (verb, "add") == 0 ? run_add (config, path, words[1]) : run_revoke (path, words[1]);
}
