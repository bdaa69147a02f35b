/* ctl-key.h - `understudy ctl key`: gives stream keys out and takes them back */
#pragma once

#include "base/config.h"

G_BEGIN_DECLS

int us_ctl_key_run (const UsConfig *config, const char *const *words, guint n_words);

G_END_DECLS
