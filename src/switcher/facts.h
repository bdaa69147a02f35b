/* facts.h - what is known of an origin, from what is known of each of its playlists */
#pragma once

#include "switcher/policy.h"

G_BEGIN_DECLS

UsOriginFacts us_facts_with_target (const UsOriginFacts *facts, guint target_s);
UsOriginFacts us_facts_worst (const UsOriginFacts *const parts[], guint n_parts);

G_END_DECLS
