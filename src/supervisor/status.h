/* status.h - what `understudy run` shows: read from the roles' /healthz, written for people */
#pragma once

#include <glib.h>

#include "supervisor/supervisor.h"

G_BEGIN_DECLS

/* UsStatus: the latest facts about the chain. Zero-initialised by us_status_new(). */
typedef struct {
  char *name;
  char *publisher; /* (nullable): "640x360 H.264, AAC, 1.2 Mbit/s from 127.0.0.1"; NULL: nobody */
  GPtrArray
      *warnings; /* char*, at most US_STATUS_MAX_WARNINGS: what is wrong with it, and the remedy */
  guint n_warnings; /* all of them */
} UsStatusStream;

#define US_STATUS_MAX_WARNINGS 3 /* of one stream that are shown in words */

typedef struct {
  char *state;  /* (nullable): "up", "failed" ... */
  char *reason; /* (nullable) */
  double age_s; /* of its last segment, negative when unknown */
} UsStatusOrigin;

typedef struct {
  GPtrArray *streams;  /* UsStatusStream */
  char *active_origin; /* (nullable) */
  UsStatusOrigin primary, backup;
  guint64 failovers, switchbacks;
  gboolean is_serving; /* the switcher answers 200 */
} UsStatus;

UsStatus *us_status_new (void);
void us_status_free (UsStatus *status);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsStatus, us_status_free)

/* Each takes one answer of a role; NULL: it did not answer. What is missing or of another type in
 * an answer is left unknown. */
void us_status_take_ingest (UsStatus *status, GBytes *healthz);
void us_status_take_switcher (UsStatus *status, GBytes *healthz, gboolean is_serving);
void us_status_take_metrics (UsStatus *status, GBytes *metrics);

typedef struct {
  const char *viewer, *publish, *primary, *backup, *ingest_status;
  const char *desk; /* nullable */
} UsStatusUrls;

char *us_status_line (const UsStatus *status);
char *us_status_block (const UsStatus *status, const UsStatusUrls *urls, const UsRoleStatus *roles,
                       guint n_roles);
char *us_status_json (const UsStatusUrls *urls, const UsRoleStatus *roles, guint n_roles);

G_END_DECLS
