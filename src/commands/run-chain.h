/* run-chain.h - the roles of a whole chain on this machine, under a supervisor */
#pragma once

#include "commands/run-plan.h"
#include "supervisor/supervisor.h"

G_BEGIN_DECLS

#define US_RUN_CHAIN_MAX_ROLES 24 /* eight of ours, and US_MAX_PULLS */

/* UsRunChain: owned by a command's run function, on the default main context. */
typedef struct UsRunChain UsRunChain;

/* @changed: the state of some role is another one; the status file says so already
 * @ended: all roles have ended, with what the process should say about it */
typedef struct {
  void (*changed) (UsRunChain *chain, gpointer user_data);
  void (*ended) (UsRunChain *chain, int exit_code, gpointer user_data);
} UsRunChainHandler;

UsRunChain *us_run_chain_new (UsConfig *config, const UsRunChainHandler *handler,
                              gpointer user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_run_chain_start (UsRunChain *chain, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_run_chain_drain (UsRunChain *chain);
const UsRunPlan *us_run_chain_get_plan (const UsRunChain *chain);
guint us_run_chain_get_roles (UsRunChain *chain, UsRoleStatus roles[US_RUN_CHAIN_MAX_ROLES]);
void us_run_chain_free (UsRunChain *chain);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsRunChain, us_run_chain_free)

extern const char *const us_run_chain_groups[]; /* of settings, NULL at the end */

G_END_DECLS
