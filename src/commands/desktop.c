/* desktop.c - the command `understudy desktop`: the whole chain as an application of a desktop
 *
 * Wiring only: run-chain.c keeps the roles alive, as for `understudy run`; desktop/ is what the
 * desktop sees of it. A second instance only brings the first one's web interface up. Without a
 * session bus there is no desktop, and `understudy run` is the command to use.
 */
#define US_LOG_TOPIC "desktop"
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "commands/command.h"
#include "commands/role.h"
#include "commands/run-chain.h"
#include "commands/token.h"
#include "desktop/application.h"

#define SERVICE_OPTION "--gapplication-service"
#define ROLE_PREFIX "role-"

typedef struct {
  UsRole *role;
  UsRunChain *chain;
  UsDesktop *desktop;
  GHashTable *failed;     /* roles that have been told to have failed */
  const char *publishing; /* what the role "publish" is there for, for people */
} Desktop;

static gboolean is_service;

/**
 * us_command_desktop_take_service:
 * @argc: (inout): how many arguments there are
 * @argv: (inout): without the option by which the bus starts services
 */
void
us_command_desktop_take_service (int *argc, char **argv) {
  int kept = 0;
  for (int i = 0; i < *argc; i++) {
    if (strcmp (argv[i], SERVICE_OPTION) == 0)
      is_service = TRUE;
    else
      argv[kept++] = argv[i];
  }
  *argc = kept;
}

/* Started from a menu, nobody reads standard error. */
static void
tell_failure (UsDesktop *desktop, const char *id, const char *title, const char *why) {
  g_autoptr (UsNotification) notification = us_notification_new (id, US_URGENCY_URGENT, title, why);
  us_desktop_tell (desktop, notification);
}

static void
tell_no_start (UsDesktop *desktop, const char *why) {
  tell_failure (desktop, "start", "Understudy could not be started", why);
}

/* A role that does not accept its configuration, or has no encoder, is not started again, so it is
 * told once. */
static void
on_changed (UsRunChain *chain, gpointer data) {
  Desktop *self = data;
  UsRoleStatus roles[US_RUN_CHAIN_MAX_ROLES];
  guint n = us_run_chain_get_roles (chain, roles);
  for (guint i = 0; i < n; i++) {
    if (roles[i].state != US_ROLE_STATE_FAILED
        || !g_hash_table_add (self->failed, g_strdup (roles[i].name)))
      continue;
    g_autofree char *id = g_strconcat (ROLE_PREFIX, roles[i].name, NULL);
    gboolean is_publish = strcmp (roles[i].name, US_GROUP_PUBLISH) == 0;
    g_autofree char *title = g_strdup_printf ("Understudy runs without its %s",
                                              is_publish ? self->publishing : roles[i].name);
    tell_failure (self->desktop, id, title,
                  "A setting is wrong, or something that it needs is missing; the log says what.");
  }
}

static void
on_ended (UsRunChain *chain, int exit_code, gpointer data) {
  us_role_quit (((Desktop *)data)->role, exit_code);
}

static const UsRunChainHandler chain_handler = { on_changed, on_ended };

static void
drain (UsRole *role, gpointer data) {
  Desktop *self = data;
  us_desktop_end (self->desktop);
  us_run_chain_drain (self->chain);
}

static void
on_quit (gpointer data) {
  us_role_drain (((Desktop *)data)->role);
}

static gboolean
is_given_up (gpointer data) {
  return us_role_is_over (((Desktop *)data)->role);
}

static const UsDesktopHandler desktop_handler = { on_quit, is_given_up };

/* Returns: FALSE when the file of tokens cannot be read */
static gboolean
follow_desk (Desktop *self, const UsConfig *config, GError **error) {
  const UsRunPlan *plan = us_run_chain_get_plan (self->chain);
  const char *file = us_config_get_string (config, US_GROUP_MONITOR, "token-file");
  g_autofree char *authorization = NULL;
  if (file[0] != '\0') {
    authorization = us_token_read (file, "[monitor] token-file", error);
    if (authorization == NULL)
      return FALSE;
  }
  const UsDesktopDesk desk
      = { .url = plan->desk, .base_url = plan->desk_base, .authorization = authorization };
  us_desktop_follow (self->desktop, &desk);
  return TRUE;
}

/* Bad input, for a person who may have started us from a menu. */
static int
refuse (Desktop *self, const GError *error) {
  tell_no_start (self->desktop, error->message);
  us_command_refuse ("%s", error->message);
  return us_command_end_code (error);
}

/* As a service: one that runs already is not asked to show itself for that. */
static void
tell_refusal (const char *why) {
  g_autoptr (UsDesktop) desktop = us_desktop_new (&desktop_handler, NULL);
  UsDesktopPlace place;
  if (us_desktop_register (desktop, TRUE, &place, NULL))
    tell_no_start (desktop, why);
}

static gboolean
check_monitor (const UsConfig *config, GError **error) {
  if (us_config_get_bool (config, US_GROUP_RUN, "monitor"))
    return TRUE;
  g_set_error (error, US_CONFIG_ERROR, US_CONFIG_ERROR_VALUE,
               "[run] monitor: false, but its web interface is all that `understudy desktop` has "
               "to show; `understudy run` does without");
  return FALSE;
}

static int
run_first (Desktop *self, UsConfig *config) {
  g_autoptr (GError) error = NULL;
  const char *file = us_config_get_string (config, US_GROUP_PUBLISH, "file");
  self->publishing = file[0] != '\0' ? "published file" : "test picture";
  if (!check_monitor (config, &error))
    return refuse (self, error);
  self->chain = us_run_chain_new (config, &chain_handler, self, &error);
  if (self->chain == NULL || !follow_desk (self, config, &error))
    return refuse (self, error);
  us_run_plan_print (us_run_chain_get_plan (self->chain));
  if (us_run_chain_start (self->chain, &error)) {
    us_desktop_keep_awake (self->desktop);
    return us_role_run (self->role, drain, self);
  }
  us_error ("%s", error->message);
  tell_no_start (self->desktop, error->message);
  return US_EXIT_FAILURE;
}

static int
run_desktop (UsConfig *config, const UsCommand *command) {
  g_autoptr (UsRole) role = us_role_new (command->name, config);
  g_autoptr (GError) error = NULL;
  UsDesktopPlace place;
  Desktop self = { .role = role };
  self.desktop = us_desktop_new (&desktop_handler, &self);
  self.failed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  int exit_code = US_EXIT_FAILURE;
  if (!us_desktop_register (self.desktop, is_service, &place, &error))
    us_error ("%s", error->message);
  else if (place == US_DESKTOP_FIRST && is_service && !us_desktop_await_wish (self.desktop)) {
    us_notice ("nothing is to be started");
    exit_code = 0;
  } else if (place == US_DESKTOP_FIRST)
    exit_code = run_first (&self, config);
  else {
    printf ("Understudy runs already; its web interface is opened\n");
    exit_code = 0;
  }
  us_run_chain_free (self.chain); /* its ports are free before the name is */
  us_desktop_free (self.desktop);
  g_hash_table_unref (self.failed);
  return exit_code;
}

const UsCommand us_command_desktop = {
  .name = "desktop",
  .own_group = US_GROUP_RUN,
  .groups = us_run_chain_groups,
  .usage = "[OPTIONS]",
  .summary = "the same as an application: notifications, one instance, the web interface",
  .description
  = "Runs the whole chain as `understudy run` does, with the same options, and opens its web "
    "interface in\nthe browser. Failovers and incidents are shown as notifications. Started again, "
    "it opens the web\ninterface of the first one. Needs a session bus. With "
    "--gapplication-service it starts when it is\nopened over the bus, and ends when nobody does.",
  .examples = "  understudy desktop\n"
              "  understudy desktop --no-publish\n"
              "  gapplication action " US_DESKTOP_ID " quit\n",
  .refused = tell_refusal,
  .run = run_desktop,
};
