/* role.c - the life of a role's process around the role itself
 *
 * A command makes a UsRole first (log, descriptors, signals), then its own objects, then calls
 * us_role_run(), which says READY and turns the main loop. SIGTERM and SIGINT start the drain, a
 * second one ends at once; so does SIGHUP, which is what a closed terminal sends, unless the role
 * has a use for it. Everything on the main thread.
 */
#define US_LOG_TOPIC "role"
#include "commands/role.h"

#include <glib-unix.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "base/inherit.h"
#include "base/log.h"
#include "base/names.h"
#include "base/notify.h"
#include "commands/command.h"
#include "supervisor/listen.h"

struct UsRole {
  GMainLoop *loop;
  UsNotify *notify;
  GSource *term, *interrupt, *hangup;
  UsRoleDrainFunc drain;
  UsRoleReloadFunc reload; /* (nullable): what SIGHUP does instead */
  gpointer user_data;
  gboolean is_draining, is_over;
  int exit_code;
};

/* Thousands of viewers need thousands of descriptors; the soft limit is 1024 only for the sake of
 * programs that use select(). */
static void
raise_descriptor_limit (void) {
  struct rlimit limit;
  if (getrlimit (RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit (RLIMIT_NOFILE, &limit) != 0)
    us_warning ("cannot raise the limit of open descriptors to %lu", (unsigned long)limit.rlim_max);
}

/* Segments come and go every second. With malloc's defaults each one is mapped, faulted in page by
 * page and given back; keeping up to KEPT_BYTES saves about a tenth of a packager's CPU. */
static void
keep_freed_memory (void) {
#ifdef __GLIBC__
  enum { KEPT_BYTES = 64 * 1024 * 1024, LARGEST_FROM_HEAP = 32 * 1024 * 1024 };
  mallopt (M_TRIM_THRESHOLD, KEPT_BYTES);
  mallopt (M_MMAP_THRESHOLD, LARGEST_FROM_HEAP);
#endif
}

static gboolean
on_signal (gpointer data) {
  UsRole *role = data;
  if (role->is_draining)
    us_role_quit (role, US_EXIT_FAILURE);
  else
    us_role_drain (role);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_hangup (gpointer data) {
  UsRole *role = data;
  if (role->reload == NULL)
    return on_signal (role);
  role->reload (role->user_data);
  return G_SOURCE_CONTINUE;
}

static GSource *
watch_signal (UsRole *role, int number, GSourceFunc func) {
  GSource *source = g_unix_signal_source_new (number);
  g_source_set_static_name (source, "role-signal");
  g_source_set_callback (source, func, role, NULL);
  g_source_attach (source, NULL);
  return source;
}

/**
 * us_role_new:
 * @name: for the log, for example "packager-primary"
 * @config: the configuration
 *
 * Returns: (transfer full): the process's frame; the heartbeat runs from the first turn of the loop
 */
UsRole *
us_role_new (const char *name, const UsConfig *config) {
  UsRole *role = g_new0 (UsRole, 1);
  UsLogLevel level = US_LOG_INFO;
  gboolean is_json
      = strcmp (us_config_get_string (config, US_GROUP_GENERAL, "log-format"), "json") == 0;
  us_log_level_from_string (us_config_get_string (config, US_GROUP_GENERAL, "log-level"), &level);
  us_log_init (name, level, is_json ? US_LOG_FORMAT_JSON : US_LOG_FORMAT_TEXT);
  raise_descriptor_limit ();
  keep_freed_memory ();
  signal (SIGPIPE, SIG_IGN);
  role->loop = g_main_loop_new (NULL, FALSE);
  role->notify = us_notify_new ();
  role->term = watch_signal (role, SIGTERM, on_signal);
  role->interrupt = watch_signal (role, SIGINT, on_signal);
  role->hangup = watch_signal (role, SIGHUP, on_hangup);
  return role;
}

/**
 * us_role_set_reload:
 * @role: the frame
 * @reload: called at each SIGHUP with what us_role_run() is given, which then ends nothing
 */
void
us_role_set_reload (UsRole *role, UsRoleReloadFunc reload) {
  role->reload = reload;
}

/**
 * us_role_run:
 * @role: the frame
 * @drain: (nullable): how to end in order
 * @user_data: for @drain and the reload function
 *
 * Says that the role is ready and runs it to its end.
 *
 * Returns: the exit code
 */
int
us_role_run (UsRole *role, UsRoleDrainFunc drain, gpointer user_data) {
  role->drain = drain;
  role->user_data = user_data;
  us_notify_ready (role->notify);
  if (!role->is_over)
    g_main_loop_run (role->loop);
  return role->exit_code;
}

/**
 * us_role_drain:
 * @role: the frame
 *
 * Starts the orderly end, as SIGTERM does; nothing when it is under way.
 */
void
us_role_drain (UsRole *role) {
  if (role->is_draining)
    return;
  if (role->drain == NULL) {
    us_role_quit (role, 0);
    return;
  }
  role->is_draining = TRUE;
  us_info ("draining");
  us_notify_stopping (role->notify);
  role->drain (role, role->user_data);
}

/**
 * us_role_quit:
 * @role: the frame
 * @exit_code: of the process
 *
 * Ends us_role_run(), also before it runs.
 */
void
us_role_quit (UsRole *role, int exit_code) {
  role->exit_code = exit_code;
  role->is_over = TRUE;
  g_main_loop_quit (role->loop);
}

/**
 * us_role_is_over:
 * @role: the frame
 *
 * Returns: whether it has been told to end before it ran, or has ended
 */
gboolean
us_role_is_over (const UsRole *role) {
  return role->is_over;
}

/**
 * us_role_tell:
 * @role: the frame
 * @line: how it is, for people
 *
 * Shown by `systemctl status`, where there is one.
 */
void
us_role_tell (UsRole *role, const char *line) {
  us_notify_status (role->notify, "%s", line);
}

/**
 * us_role_free:
 * @role: (transfer full) (nullable): the frame, after the command's own objects are gone
 */
void
us_role_free (UsRole *role) {
  if (role == NULL)
    return;
  g_source_destroy (role->term);
  g_source_unref (role->term);
  g_source_destroy (role->interrupt);
  g_source_unref (role->interrupt);
  g_source_destroy (role->hangup);
  g_source_unref (role->hangup);
  us_notify_free (role->notify);
  g_main_loop_unref (role->loop);
  g_free (role);
}

/* Says it when one of the addresses in @group is what is in use, or not there.
 *
 * Returns: the exit code, 0 when it is none of them */
static int
refuse_address (const UsConfig *config, const UsOptionGroup *group, int code) {
  for (const UsOption *option = group->options; option->key != NULL; option++) {
    g_autoptr (GError) error = NULL;
    guint16 port = 0;
    if (option->type != US_OPTION_ADDRESS
        || us_config_get_string (config, group->name, option->key)[0] == '\0')
      continue;
    g_autofree char *address = us_config_get_address (config, group->name, option->key, &port);
    if (!us_listen_check (address, &port, &error) && g_error_matches (error, G_IO_ERROR, code)) {
      us_command_refuse ("[%s] %s: %s", group->name, option->key, error->message);
      return us_command_end_code (error);
    }
  }
  return 0;
}

/**
 * us_role_refuse:
 * @config: the configuration
 * @group: the role's group
 * @error: why the role could not be made
 *
 * Says in one line what went wrong; for a port in use or an address that is not there, which, by
 * whom, and which setting it is.
 *
 * Returns: the exit code
 */
int
us_role_refuse (const UsConfig *config, const char *group, const GError *error) {
  gboolean is_in_use = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  /* GLib 2.74 has no code for an address that is not there, 2.84 takes one of another meaning. */
  for (guint i = 0; error->domain == G_IO_ERROR && us_option_groups[i] != NULL; i++) {
    int exit_code = 0;
    if (strcmp (us_option_groups[i]->name, group) == 0)
      exit_code = refuse_address (config, us_option_groups[i],
                                  is_in_use ? G_IO_ERROR_ADDRESS_IN_USE : G_IO_ERROR_NOT_FOUND);
    if (exit_code != 0)
      return exit_code;
  }
  us_command_refuse ("%s", error->message);
  return us_command_end_code (error);
}

/**
 * us_role_state_dir:
 * @config: the configuration
 *
 * Returns: (transfer full): the folder for what survives restarts; not yet created
 */
char *
us_role_state_dir (const UsConfig *config) {
  const char *set = us_config_get_string (config, US_GROUP_GENERAL, "state-dir");
  const char *given = g_getenv ("STATE_DIRECTORY"); /* by systemd, several joined by colons */
  if (set[0] != '\0')
    return g_strdup (set);
  if (given != NULL && given[0] != '\0')
    return g_strndup (given, strcspn (given, ":"));
  return g_build_filename (g_get_user_state_dir (), US_PROGRAM, NULL);
}

/**
 * us_role_pipelines_dir:
 * @config: the configuration
 *
 * Returns: (transfer none) (nullable): the folder of pipeline texts, %NULL for the usual one
 */
const char *
us_role_pipelines_dir (const UsConfig *config) {
  const char *set = us_config_get_string (config, US_GROUP_GENERAL, "pipelines-dir");
  return set[0] != '\0' ? set : NULL;
}

/**
 * us_role_read_http:
 * @config: the configuration
 * @group: a group
 * @key: the key of an address, also the name of an inherited socket
 * @settings: (inout): address, port and inherited_fd are filled in
 * @address: (out) (transfer full): owns settings->address
 */
void
us_role_read_http (const UsConfig *config, const char *group, const char *key,
                   UsHttpServerSettings *settings, char **address) {
  *address = us_config_get_address (config, group, key, &settings->port);
  settings->address = *address;
  settings->inherited_fd = us_inherit_take (key);
}

/**
 * us_role_read_rtmp:
 * @config: the configuration
 * @group: a group
 * @key: the key of an address, also the name of an inherited socket
 * @settings: (inout): address, port and inherited_fd are filled in
 * @address: (out) (transfer full): owns settings->address
 */
void
us_role_read_rtmp (const UsConfig *config, const char *group, const char *key,
                   UsRtmpListenerSettings *settings, char **address) {
  *address = us_config_get_address (config, group, key, &settings->port);
  settings->address = *address;
  settings->inherited_fd = us_inherit_take (key);
}
