/* inside-diff.h - what happened between two answers of one role: pure */
#pragma once

#include "finding/event.h"
#include "incident/inside-page.h"

G_BEGIN_DECLS

typedef enum {
  US_INSIDE_INGEST,
  US_INSIDE_PRIMARY,
  US_INSIDE_BACKUP,
  US_INSIDE_SWITCHER,
  US_N_INSIDE_ROLES,
} UsInsideRole;
const char *us_inside_source (UsInsideRole role); /* "ingest", "packager-primary", "switcher" */

/* All add to @events (element-type UsEvent, owned). The stream is the chain's name of it, "": all.
 */
void us_inside_diff (UsInsideRole role, const UsPage *before, const UsPage *now, gint64 wall_us,
                     GPtrArray *events);
void us_inside_tell_gone (UsInsideRole role, const char *why, gint64 wall_us, GPtrArray *events);
void us_inside_tell_back (UsInsideRole role, gboolean is_restarted, gint64 wall_us,
                          GPtrArray *events);
/* What the ingest warns of already when a stream comes into sight. */
void us_inside_tell_warnings (const UsPageStream *stream, gint64 wall_us, GPtrArray *events);
gboolean us_inside_is_restarted (const UsPage *before, const UsPage *now);

G_END_DECLS
