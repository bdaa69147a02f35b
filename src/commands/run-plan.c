/* run-plan.c - opens or tries every port, resolves "any free port", and points the roles at each
 * other
 *
 * What the user has set stays; what is left at its default follows the ports. Runs once, before
 * anything is started, so that a port in use is one sentence and exit code 2 and nothing half up.
 */
#include "commands/run-plan.h"

#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "commands/options.h"
#include "supervisor/listen.h"

/**
 * us_run_plan_url:
 * @scheme: "http" or "rtmp"
 * @address: where a role listens, numeric
 * @port: its port
 * @path: begins with a slash
 *
 * Returns: (transfer full): where a program on this machine reaches it; all addresses and loopback
 *   read "localhost"
 */
char *
us_run_plan_url (const char *scheme, const char *address, guint16 port, const char *path) {
  gboolean is_local = strcmp (address, "0.0.0.0") == 0 || strcmp (address, "::") == 0
                      || strcmp (address, "127.0.0.1") == 0;
  gboolean is_v6 = strchr (address, ':') != NULL;
  if (is_local)
    return g_strdup_printf ("%s://localhost:%u%s", scheme, port, path);
  return g_strdup_printf ("%s://%s%s%s:%u%s", scheme, is_v6 ? "[" : "", address, is_v6 ? "]" : "",
                          port, path);
}

/* "localhost" is for people: it may resolve to ::1 first, where nobody listens. */
static char *
url_for_roles (const char *url) {
  const char *host = strstr (url, "://localhost:");
  if (host == NULL)
    return g_strdup (url);
  return g_strdup_printf ("%.*s://127.0.0.1:%s", (int)(host - url), url,
                          host + strlen ("://localhost:"));
}

/* Opens the address of one setting and writes the real port back into it. */
static int
settle (UsConfig *config, const char *group, const char *key, gboolean is_kept, char **address,
        guint16 *port, GError **error) {
  *address = us_config_get_address (config, group, key, port);
  int fd = is_kept ? us_listen_open (*address, *port, port, error)
                   : us_listen_hold (*address, port, error);
  if (fd < 0) {
    g_prefix_error (error, "[%s] %s: ", group, key);
    return -1;
  }
  gboolean is_v6 = strchr (*address, ':') != NULL;
  g_autofree char *text = g_strdup_printf (is_v6 ? "[%s]:%u" : "%s:%u", *address, *port);
  if (strcmp (text, us_config_get_string (config, group, key)) != 0)
    us_config_set (config, group, key, text);
  return fd;
}

static void
point (UsConfig *config, const char *group, const char *key, const char *url) {
  g_autofree char *text = url_for_roles (url);
  if (us_config_is_default (config, group, key))
    us_config_set (config, group, key, text);
}

/* "http://host:port" of any address there. */
static char *
base_of (const char *url) {
  const char *path = strchr (strstr (url, "://") + strlen ("://"), '/');
  return path != NULL ? g_strndup (url, (gsize)(path - url)) : g_strdup (url);
}

/* The desk asks the roles themselves: their addresses, without what they are published under. */
static void
point_desk (UsConfig *config, const UsRunPlan *plan) {
  const struct {
    const char *key, *url;
  } roles[] = { { "ingest-url", plan->ingest_status },
                { "primary-url", plan->primary },
                { "backup-url", plan->backup },
                { "switcher-url", plan->switcher } };
  for (guint i = 0; i < G_N_ELEMENTS (roles); i++) {
    g_autofree char *base = base_of (roles[i].url);
    point (config, US_GROUP_MONITOR, roles[i].key, base);
  }
  if (us_config_is_default (config, US_GROUP_MONITOR, "control-token-file"))
    us_config_set (config, US_GROUP_MONITOR, "control-token-file",
                   us_config_get_string (config, US_GROUP_SWITCHER, "control-token-file"));
}

typedef struct {
  const char *group, *key, *scheme, *path;
  gboolean is_kept, is_there;
  int fd;
  char *url;
} Port;

static gboolean
settle_all (UsConfig *config, Port *ports, guint n, GError **error) {
  for (guint i = 0; i < n; i++) {
    g_autofree char *address = NULL;
    guint16 port = 0;
    if (!ports[i].is_there)
      continue;
    ports[i].fd
        = settle (config, ports[i].group, ports[i].key, ports[i].is_kept, &address, &port, error);
    if (ports[i].fd < 0)
      return FALSE;
    ports[i].url = us_run_plan_url (ports[i].scheme, address, port, ports[i].path);
  }
  return TRUE;
}

/**
 * us_run_plan_make:
 * @plan: (out): filled in
 * @config: (inout): port 0 is replaced by the real port, and addresses that nobody has set by the
 *   ones that fit
 * @error: a sentence that names the setting, the port and, if it can be known, who holds it
 *
 * Returns: %TRUE when every address can be listened on
 */
gboolean
us_run_plan_make (UsRunPlan *plan, UsConfig *config, GError **error) {
  const char *stream = us_config_get_string (config, US_GROUP_GENERAL, "default-stream");
  gboolean has_rtmps = us_config_get_string (config, US_GROUP_INGEST, "rtmps")[0] != '\0';
  gboolean has_desk = us_config_get_bool (config, US_GROUP_RUN, "monitor");
  const char *playlist = us_config_get_string (config, US_GROUP_SWITCHER, "playlist-path");
  g_autofree char *stream_path = g_strconcat ("/", stream, NULL);
  g_autofree char *viewer_path = g_strconcat ("/hls/", playlist, NULL);
  Port ports[] = {
    { US_GROUP_INGEST, "rtmp", "rtmp", stream_path, TRUE, TRUE, -1, NULL },
    { US_GROUP_INGEST, "status", "http", "/healthz", TRUE, TRUE, -1, NULL },
    { US_GROUP_SWITCHER, "http", "http", viewer_path, TRUE, TRUE, -1, NULL },
    { US_GROUP_PRIMARY, "rtmp", "rtmp", "/live", FALSE, TRUE, -1, NULL },
    { US_GROUP_PRIMARY, "http", "http", "/hls/index.m3u8", FALSE, TRUE, -1, NULL },
    { US_GROUP_BACKUP, "rtmp", "rtmp", "/live", FALSE, TRUE, -1, NULL },
    { US_GROUP_BACKUP, "http", "http", "/hls/index.m3u8", FALSE, TRUE, -1, NULL },
    { US_GROUP_MONITOR, "http", "http", "/", TRUE, has_desk, -1, NULL },
    { US_GROUP_INGEST, "rtmps", "rtmps", "/", TRUE, has_rtmps, -1, NULL },
  };
  enum { INGEST, STATUS, VIEWER, PRIMARY_RTMP, PRIMARY, BACKUP_RTMP, BACKUP, DESK, RTMPS };
  guint n_ports = G_N_ELEMENTS (ports);

  gboolean is_settled = settle_all (config, ports, n_ports, error);
  for (guint i = 0; i < n_ports; i++) {
    gboolean is_handed_over = is_settled && ports[i].is_kept;
    if (ports[i].fd >= 0 && !is_handed_over)
      close (ports[i].fd);
    if (!is_settled)
      g_free (ports[i].url);
  }
  if (!is_settled)
    return FALSE;

  g_autofree char *primary_rtmp = url_for_roles (ports[PRIMARY_RTMP].url);
  g_autofree char *backup_rtmp = url_for_roles (ports[BACKUP_RTMP].url);
  g_autofree char *relay = g_strconcat (primary_rtmp, ";", backup_rtmp, NULL);
  g_autofree char *primary_base = g_path_get_dirname (ports[PRIMARY].url);
  g_autofree char *backup_base = g_path_get_dirname (ports[BACKUP].url);
  point (config, US_GROUP_INGEST, "relay", relay);
  point (config, US_GROUP_SWITCHER, "primary-base-url", primary_base);
  point (config, US_GROUP_SWITCHER, "backup-base-url", backup_base);
  g_autofree char *ingest_base = g_path_get_dirname (ports[INGEST].url);
  g_autofree char *publish = g_strdup_printf ("%s/live/%s", ingest_base, stream);
  point (config, US_GROUP_PUBLISH, "url", publish);
  g_autofree char *pull_to = g_strdup_printf ("%s/live", ingest_base);
  point (config, US_GROUP_PULL, "to", pull_to);

  g_free (ports[RTMPS].url); /* is not what programs of this machine use */
  *plan = (UsRunPlan){ .ingest_fds = { ports[INGEST].fd, ports[STATUS].fd, ports[RTMPS].fd },
                       .n_ingest_fds = has_rtmps ? 3 : 2,
                       .switcher_fd = ports[VIEWER].fd,
                       .viewer = ports[VIEWER].url,
                       .publish = ports[INGEST].url,
                       .primary = ports[PRIMARY].url,
                       .backup = ports[BACKUP].url,
                       .ingest_status = ports[STATUS].url,
                       .desk_fd = ports[DESK].fd,
                       .desk = ports[DESK].url };
  if (has_desk) {
    g_autofree char *desk = base_of (plan->desk);
    plan->desk_base = url_for_roles (desk);
  }
  plan->switcher = g_strndup (plan->viewer, strlen (plan->viewer) - strlen (viewer_path));
  point_desk (config, plan);
  g_free (ports[PRIMARY_RTMP].url);
  g_free (ports[BACKUP_RTMP].url);
  return TRUE;
}

/**
 * us_run_plan_get_urls:
 * @plan: the plan
 * @urls: (out): its addresses, owned by @plan
 */
void
us_run_plan_get_urls (const UsRunPlan *plan, UsStatusUrls *urls) {
  *urls = (UsStatusUrls){ .viewer = plan->viewer,
                          .publish = plan->publish,
                          .primary = plan->primary,
                          .backup = plan->backup,
                          .ingest_status = plan->ingest_status,
                          .desk = plan->desk };
}

/**
 * us_run_plan_print:
 * @plan: the plan
 *
 * Says on standard output where people find things, if it is read.
 */
void
us_run_plan_print (const UsRunPlan *plan) {
  g_autoptr (GString) text = g_string_new (NULL);
  g_string_printf (text, "watch    %s\npublish  %s\n", plan->viewer, plan->publish);
  if (plan->desk != NULL)
    g_string_append_printf (text, "desk     %s\n", plan->desk);
  us_log_put (STDOUT_FILENO, text->str, text->len);
}

/**
 * us_run_plan_clear:
 * @plan: frees its texts; the sockets belong to the supervisor by now
 */
void
us_run_plan_clear (UsRunPlan *plan) {
  g_free (plan->viewer);
  g_free (plan->publish);
  g_free (plan->primary);
  g_free (plan->backup);
  g_free (plan->ingest_status);
  g_free (plan->switcher);
  g_free (plan->desk);
  g_free (plan->desk_base);
}
