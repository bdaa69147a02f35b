/* role.h - what all roles share: main loop, signals, log, heartbeat, draining */
#pragma once

#include "base/config.h"
#include "http/server.h"
#include "rtmp/listener.h"

G_BEGIN_DECLS

/* UsRole: one in a process, made first and freed last by a command's run function. */
typedef struct UsRole UsRole;

/* Called once, at SIGTERM, SIGINT or SIGHUP. Starts an orderly end; us_role_quit() must follow. */
typedef void (*UsRoleDrainFunc) (UsRole *role, gpointer user_data);

/* Called at SIGHUP: what is to be read again is read. */
typedef void (*UsRoleReloadFunc) (gpointer user_data);

UsRole *us_role_new (const char *name, const UsConfig *config);
void us_role_set_reload (UsRole *role, UsRoleReloadFunc reload);
int us_role_run (UsRole *role, UsRoleDrainFunc drain, gpointer user_data);
void us_role_drain (UsRole *role);
void us_role_quit (UsRole *role, int exit_code);
gboolean us_role_is_over (const UsRole *role);
void us_role_tell (UsRole *role, const char *line);
void us_role_free (UsRole *role);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsRole, us_role_free)

int us_role_refuse (const UsConfig *config, const char *group, const GError *error);
char *us_role_state_dir (const UsConfig *config);
const char *us_role_pipelines_dir (const UsConfig *config);

/* Fill the address, the port and the inherited socket. @address: (out) (transfer full): keeps the
 * settings' string alive. */
void us_role_read_http (const UsConfig *config, const char *group, const char *key,
                        UsHttpServerSettings *settings, char **address);
void us_role_read_rtmp (const UsConfig *config, const char *group, const char *key,
                        UsRtmpListenerSettings *settings, char **address);

G_END_DECLS
