/* health.h - the switcher's /healthz as a value */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum { US_SIDE_PRIMARY, US_SIDE_BACKUP, US_N_SIDES } UsSide;
const char *us_side_word (UsSide side);

/* One change of sides. Times in ms; gap and overlap as the switcher reports them. */
typedef struct {
  char *from, *to, *reason, *method; /* each nullable */
  gint64 wall_ms, gap_ms, overlap_ms;
} UsHealthSwitch;

typedef struct {
  gboolean is_serving;
  UsSide active;
  char *state[US_N_SIDES], *reason[US_N_SIDES]; /* nullable */
  char *pair;                                   /* (nullable): "identical", "aligned", "foreign" */
  gboolean is_interchangeable;
  GPtrArray *switches; /* element-type UsHealthSwitch, oldest first */
} UsHealth;

UsHealth *us_health_read (GBytes *body);
gboolean us_health_is_whole (const UsHealth *health);
void us_health_free (UsHealth *health);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsHealth, us_health_free)

G_END_DECLS
