/* own-chain.h - settings of a chain that runs beside the user's and touches nothing of it */
#pragma once

#include "base/config.h"

G_BEGIN_DECLS

void us_own_chain_apply (UsConfig *config);
char **us_own_chain_environment (const char *folder);

G_END_DECLS
