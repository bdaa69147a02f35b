/* badge.h - a small picture that says how a stream is, for pages and wikis */
#pragma once

#include "finding/health.h"

G_BEGIN_DECLS

typedef enum { US_BADGE_FLAT, US_BADGE_FLAT_SQUARE, US_BADGE_PLASTIC } UsBadgeStyle;

#define US_BADGE_MAX_CHARS 40

char *us_badge_render (const char *label, UsHealth health, const char *state, UsBadgeStyle style);

G_END_DECLS
