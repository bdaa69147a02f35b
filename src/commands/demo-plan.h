/* demo-plan.h - the settings and environment of the desk's demo */
#pragma once

#include "base/config.h"
#include "desk/demo.h"

G_BEGIN_DECLS

/* UsDemoPlan: owns every text that the demo's settings point to. */
typedef struct {
  char *program, *config, *folder;
  char **environment;
} UsDemoPlan;

void us_demo_plan_make (UsDemoPlan *plan, const UsConfig *config, const char *folder);
void us_demo_plan_get (const UsDemoPlan *plan, UsDemoSettings *settings);
void us_demo_plan_clear (UsDemoPlan *plan);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UsDemoPlan, us_demo_plan_clear)

G_END_DECLS
