/* drills.h - runs drills as a child process, one at a time, and remembers how they ended */
#pragma once

#include <gio/gio.h>

#include "base/clock.h"

G_BEGIN_DECLS

#define US_DRILLS_MAX_SECONDS 1800 /* then the child is ended */
#define US_DRILLS_N_REMEMBERED 32

/* UsDrill: strings owned by the UsDrills. */
typedef struct {
  char *id; /* "20260501T180002Z-kill" */
  char *name;
  char *evidence;              /* folder */
  gint64 started_ms, ended_ms; /* wall time; ended 0: it runs */
  gboolean has_passed;
  GPtrArray *outcomes; /* element-type UsOutcome (nullable): not read, or not yet */
} UsDrill;

typedef struct {
  char *name, *summary;
} UsDrillKind;

typedef struct UsDrills UsDrills;
/* The drill that ran has ended, or one has begun. */
typedef void (*UsDrillsChanged) (const UsDrill *drill, gpointer user_data);

UsDrills *us_drills_new (const char *program, const char *folder, const char *pipelines,
                         const char *config, const UsClock *clock, UsDrillsChanged changed,
                         gpointer user_data);
void us_drills_free (UsDrills *drills);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsDrills, us_drills_free)

const UsDrill *us_drills_start (UsDrills *drills, const char *name,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
const GPtrArray *us_drills_get_kinds (UsDrills *drills); /* element-type UsDrillKind; nullable */
const UsDrill *us_drills_get_active (const UsDrills *drills);
const GPtrArray *us_drills_get_past (const UsDrills *drills); /* element-type UsDrill */
GPtrArray *us_drills_parse_kinds (const char *json, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
