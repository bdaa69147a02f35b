/* drill-plan.h - the settings, folders and environment of a rehearsal's own processes */
#pragma once

#include "base/config.h"
#include "drill/chain.h"
#include "drill/relay.h"

G_BEGIN_DECLS

/* UsDrillPlan: owns every text that the chain's settings point to. */
typedef struct {
  UsChainKind kind;
  char *program, *folder; /* of temporary files; nullable */
  char *config_path, *status_path;
  char *viewer, *switcher; /* nullable: known later */
  char *origins[US_N_SIDES];
  char **environment;
  UsDrillRelay *relays[US_N_SIDES]; /* nullable */
} UsDrillPlan;

gboolean us_drill_plan_make (UsDrillPlan *plan, UsConfig *config,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_drill_plan_chain (const UsDrillPlan *plan, const UsConfig *config, int log_fd,
                          UsChainSettings *settings);
void us_drill_plan_clear (UsDrillPlan *plan);

G_END_DECLS
