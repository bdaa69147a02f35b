/* health-target.c - what `understudy healthcheck` asks for each role, and what an answer means
 *
 * Pure: settings and answers in, addresses and a sentence out. Whether a role is well and whether
 * it has something to serve are two questions. A container that is killed because no encoder sends
 * would lose what viewers are still watching, so only the first one is asked unless told otherwise.
 */
#include "commands/health-target.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "base/names.h"
#include "commands/options.h"

#define ESTABLISHED 1 /* TCP_ESTABLISHED of the kernel's table */

/* @word: what people write, and the name of the role
 * @group: its settings
 * @key: the address it listens on; without a @path, the URL it connects to
 * @path: its page */
static const struct {
  const char *word, *group, *key, *path;
} roles[] = {
  { "ingest", US_GROUP_INGEST, "status", "/healthz" },
  { "packager-primary", US_GROUP_PRIMARY, "http", "/healthz" },
  { "packager-backup", US_GROUP_BACKUP, "http", "/healthz" },
  { "origin", US_GROUP_ORIGIN, "http", "/healthz" },
  { "switcher", US_GROUP_SWITCHER, "http", "/healthz" },
  { "monitor", US_GROUP_MONITOR, "http", "/healthz" },
  { "publish", US_GROUP_PUBLISH, "url", NULL },
  { "pull", US_GROUP_PULL, "to", NULL },
};

/* Those of `understudy run`; the desk only where it is wanted. */
static const char *const roles_of_run[]
    = { "ingest", "packager-primary", "packager-backup", "switcher", "monitor" };

void
us_health_target_free (UsHealthTarget *target) {
  if (target == NULL)
    return;
  g_free (target->name);
  g_free (target->url);
  g_free (target);
}

static UsHealthTarget *
target_new (UsHealthKind kind, const char *name, char *url) {
  UsHealthTarget *target = g_new0 (UsHealthTarget, 1);
  *target = (UsHealthTarget){ .kind = kind, .name = g_strdup (name), .url = url };
  return target;
}

/* The packager's instance stands in an option: --name backup. */
static const char *
packager_of (const char *const *arguments) {
  const char *name = "primary";
  for (guint i = 0; arguments[i] != NULL; i++) {
    if (g_str_has_prefix (arguments[i], "--name="))
      name = arguments[i] + strlen ("--name=");
    else if (strcmp (arguments[i], "--name") == 0 && arguments[i + 1] != NULL)
      name = arguments[i + 1];
  }
  return strcmp (name, "backup") == 0 ? "packager-backup" : "packager-primary";
}

/**
 * us_health_role_of:
 * @arguments: the command line of a process, ends with %NULL
 * @n_used: (out): how many of them come before the role's own options
 * @command: (out): the group that these options belong to
 *
 * An init process in front (`tini -- understudy ...`) is passed over.
 *
 * Returns: (nullable): the role that it runs; %NULL when it is no role of ours
 */
const char *
us_health_role_of (const char *const *arguments, guint *n_used, const char **command) {
  for (guint i = 0; arguments[i] != NULL && arguments[i + 1] != NULL; i++) {
    g_autofree char *program = g_path_get_basename (arguments[i]);
    const char *word = arguments[i + 1];
    if (strcmp (program, US_PROGRAM) != 0)
      continue;
    *n_used = i + 2;
    if (strcmp (word, "packager") == 0)
      word = packager_of (arguments + i + 2);
    if (strcmp (word, "run") == 0)
      return *command = US_GROUP_RUN;
    for (guint j = 0; j < G_N_ELEMENTS (roles); j++)
      if (strcmp (word, roles[j].word) == 0) {
        *command = roles[j].group;
        return roles[j].word;
      }
  }
  return NULL;
}

/* Whoever listens on all addresses is asked on loopback. */
static char *
url_of (const UsConfig *config, guint i) {
  guint16 port = 0;
  g_autofree char *address = us_config_get_address (config, roles[i].group, roles[i].key, &port);
  const char *host = address;
  if (strcmp (address, "0.0.0.0") == 0)
    host = "127.0.0.1";
  else if (strcmp (address, "::") == 0)
    host = "::1";
  gboolean is_v6 = strchr (host, ':') != NULL;
  return g_strdup_printf (is_v6 ? "http://[%s]:%u%s" : "http://%s:%u%s", host, port, roles[i].path);
}

static gboolean
add_role (GPtrArray *targets, const UsConfig *config, const char *role) {
  for (guint i = 0; i < G_N_ELEMENTS (roles); i++) {
    if (strcmp (role, roles[i].word) != 0)
      continue;
    UsHealthTarget *target
        = roles[i].path != NULL
              ? target_new (US_HEALTH_HTTP, role, url_of (config, i))
              : target_new (US_HEALTH_CONNECTION, role,
                            g_strdup (us_config_get_string (config, roles[i].group, roles[i].key)));
    g_ptr_array_add (targets, target);
    return TRUE;
  }
  return FALSE;
}

/**
 * us_health_targets_of_role:
 * @config: the role's settings, in force as far as they are known
 * @role: "switcher", "packager-backup", ... or "run" for all that it starts
 * @error: US_CONFIG_ERROR_UNKNOWN
 *
 * Returns: (transfer full) (element-type UsHealthTarget) (nullable): what has to answer
 */
GPtrArray *
us_health_targets_of_role (const UsConfig *config, const char *role, GError **error) {
  g_autoptr (GPtrArray) targets
      = g_ptr_array_new_with_free_func ((GDestroyNotify)us_health_target_free);
  if (strcmp (role, "run") != 0) {
    if (add_role (targets, config, role))
      return g_steal_pointer (&targets);
    g_autoptr (GString) all = g_string_new ("run");
    for (guint i = 0; i < G_N_ELEMENTS (roles); i++)
      g_string_append_printf (all, ", %s", roles[i].word);
    g_set_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_UNKNOWN,
                 "'%.60s': neither a URL nor one of the roles %s", role, all->str);
    return NULL;
  }
  gboolean has_desk = us_config_get_bool (config, US_GROUP_RUN, "monitor");
  for (guint i = 0; i < G_N_ELEMENTS (roles_of_run); i++)
    if (has_desk || strcmp (roles_of_run[i], US_GROUP_MONITOR) != 0)
      add_role (targets, config, roles_of_run[i]);
  return g_steal_pointer (&targets);
}

/**
 * us_health_target_of_url:
 * @url: "http://...", "https://..." or "rtmp://host:port"
 * @error: US_CONFIG_ERROR_VALUE
 *
 * Returns: (transfer full) (nullable): what has to answer
 */
UsHealthTarget *
us_health_target_of_url (const char *url, GError **error) {
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_ENCODED | G_URI_FLAGS_HAS_PASSWORD, NULL);
  const char *scheme = uri != NULL ? g_uri_get_scheme (uri) : "";
  gboolean has_host = uri != NULL && g_uri_get_host (uri) != NULL && *g_uri_get_host (uri) != '\0';
  if (has_host && (strcmp (scheme, "http") == 0 || strcmp (scheme, "https") == 0))
    return target_new (US_HEALTH_HTTP, url, g_strdup (url));
  if (has_host && strcmp (scheme, "rtmp") == 0)
    return target_new (US_HEALTH_RTMP, url, g_strdup (url));
  g_set_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_VALUE,
               "'%.200s': expected a URL that begins with http://, https:// or rtmp://", url);
  return NULL;
}

/* ---- what an answer means ---- */

static JsonObject *
read_object (JsonParser *parser, const char *body, gsize size) {
  if (size == 0 || !json_parser_load_from_data (parser, body, (gssize)size, NULL))
    return NULL;
  JsonNode *root = json_parser_get_root (parser);
  return root != NULL && JSON_NODE_HOLDS_OBJECT (root) ? json_node_get_object (root) : NULL;
}

static const char *
word_of (JsonObject *object, const char *member) {
  JsonNode *node = object != NULL ? json_object_get_member (object, member) : NULL;
  gboolean is_text = node != NULL && JSON_NODE_HOLDS_VALUE (node)
                     && json_node_get_value_type (node) == G_TYPE_STRING;
  return is_text ? json_node_get_string (node) : "";
}

/* Of the ingest, somebody publishes it; of a packager, it has a new segment. */
static gboolean
is_stream_alive (JsonObject *stream) {
  JsonNode *publisher = json_object_get_member (stream, "publisher");
  if (publisher != NULL)
    return !JSON_NODE_HOLDS_NULL (publisher);
  return strcmp (word_of (stream, "state"), "fresh") == 0;
}

static gboolean
has_stream (JsonObject *object) {
  JsonNode *node = object != NULL ? json_object_get_member (object, "streams") : NULL;
  JsonArray *streams
      = node != NULL && JSON_NODE_HOLDS_ARRAY (node) ? json_node_get_array (node) : NULL;
  for (guint i = 0; streams != NULL && i < json_array_get_length (streams); i++) {
    JsonNode *stream = json_array_get_element (streams, i);
    if (JSON_NODE_HOLDS_OBJECT (stream) && is_stream_alive (json_node_get_object (stream)))
      return TRUE;
  }
  return FALSE;
}

/* Whether a role that is well has something to serve. */
static gboolean
is_serving (const UsHealthTarget *target, guint status, JsonObject *object) {
  if (strcmp (target->name, "ingest") == 0 || g_str_has_prefix (target->name, "packager-"))
    return has_stream (object);
  if (strcmp (target->name, "origin") == 0) {
    JsonNode *node = object != NULL ? json_object_get_member (object, "playlists") : NULL;
    return node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_int (node) > 0;
  }
  return status < 300;
}

/**
 * us_health_judge:
 * @target: what was asked over HTTP
 * @status: of the answer
 * @body: (nullable): of the answer
 * @size: of @body
 * @must_serve: whether it must have something to serve as well
 * @why: (out) (transfer full): what it is, in a few words
 *
 * A switcher without a stream answers 503 "unavailable": it is well, and has nothing to serve.
 *
 * Returns: %TRUE when that is healthy
 */
gboolean
us_health_judge (const UsHealthTarget *target, guint status, const char *body, gsize size,
                 gboolean must_serve, char **why) {
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonObject *object = read_object (parser, body, size);
  const char *word = word_of (object, "status");
  gboolean is_empty_switcher = strcmp (target->name, "switcher") == 0 && status == 503
                               && strcmp (word, "unavailable") == 0;
  if ((status < 200 || status >= 300) && !is_empty_switcher) {
    *why = word[0] != '\0' ? g_strdup_printf ("answered %u: %.60s", status, word)
                           : g_strdup_printf ("answered %u", status);
    return FALSE;
  }
  if (strcmp (word, "draining") == 0) {
    *why = g_strdup ("is ending");
    return FALSE;
  }
  gboolean serves = is_serving (target, status, object);
  *why = g_strdup (serves ? "answers" : "answers, and has nothing to serve");
  return serves || !must_serve;
}

/**
 * us_health_has_connection:
 * @table: text of /proc/net/tcp or /proc/net/tcp6
 * @port: of the other side
 *
 * Returns: whether an established connection leads there
 */
gboolean
us_health_has_connection (const char *table, guint16 port) {
  g_auto (GStrv) lines = g_strsplit (table, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    char remote[64] = "";
    unsigned state = 0;
    if (sscanf (lines[i], " %*u: %*63s %63s %x", remote, &state) != 2 || state != ESTABLISHED)
      continue;
    const char *colon = strrchr (remote, ':');
    if (colon != NULL && g_ascii_strtoull (colon + 1, NULL, 16) == port)
      return TRUE;
  }
  return FALSE;
}
