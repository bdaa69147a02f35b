/* strips.h - how every stream was in each of the last minutes, as one letter each */
#pragma once

#include "finding/health.h"

G_BEGIN_DECLS

#define US_STRIP_MINUTES 180 /* as many are known */
#define US_STRIP_MINUTE_US ((gint64)60 * G_USEC_PER_SEC)

/* UsStrips: use in one thread. */
typedef struct UsStrips UsStrips;

UsStrips *us_strips_new (void);
void us_strips_free (UsStrips *strips);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsStrips, us_strips_free)

void us_strips_note (UsStrips *strips, const char *stream, gint64 wall_us, UsHealth health);
void us_strips_remove (UsStrips *strips, const char *stream);
void us_strips_read (const UsStrips *strips, const char *stream, gint64 since_us, guint n_minutes,
                     char *letters);

G_END_DECLS
