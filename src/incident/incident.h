/* incident.h - the life of one incident: a pure state machine */
#pragma once

#include "finding/check.h"

G_BEGIN_DECLS

typedef enum {
  US_INCIDENT_NONE,
  US_INCIDENT_OPEN,
  US_INCIDENT_ACKNOWLEDGED,
  US_INCIDENT_RECOVERING, /* healthy again, held open in case it comes back */
  US_INCIDENT_RESOLVED,
} UsIncidentState;
const char *us_incident_state_word (UsIncidentState state);
gboolean us_incident_state_from_word (const char *word, UsIncidentState *state);

#define US_INCIDENT_DEGRADED_US (120 * G_USEC_PER_SEC) /* DEGRADED for longer opens one */
#define US_INCIDENT_REOPEN_US (600 * G_USEC_PER_SEC)   /* the same fault again within: reopened */
#define US_INCIDENT_HOLD_US (30 * G_USEC_PER_SEC)      /* recovering before it is resolved */
#define US_INCIDENT_PREROLL_US (300 * G_USEC_PER_SEC)

/* UsIncidentFacts: of one evaluation of its stream. */
typedef struct {
  gint64 now_us; /* monotonic */
  UsHealth health;
  UsCheck leading; /* US_N_CHECKS: none */
  gboolean is_flapping, is_in_maintenance;
} UsIncidentFacts;

/* UsIncidentLife: plain; start with zeros; survives a restart through us_incident_life_restore().
 */
typedef struct {
  UsIncidentState state;
  gboolean is_acknowledged; /* also while recovering */
  UsCheck leading;          /* when it opened */
  UsHealth worst;
  gint64 degraded_us, opened_us, recovering_us, resolved_us; /* monotonic; 0: no */
  gint64 hold_us; /* of recovering: doubles with each relapse, up to 15 min */
  guint n_reopened, n_relapses;
  gboolean is_flapping;
} UsIncidentLife;

typedef enum {
  US_INCIDENT_KEEP,
  US_INCIDENT_OPENS,
  US_INCIDENT_REOPENS,  /* the one before it, of the same fault */
  US_INCIDENT_RELAPSES, /* from recovering; same incident, no new notification of opening */
  US_INCIDENT_RECOVERS,
  US_INCIDENT_RESOLVES,
} UsIncidentStep;
UsIncidentStep us_incident_step (UsIncidentLife *life, const UsIncidentFacts *facts);
/* FALSE: there is none to acknowledge, or it is already */
gboolean us_incident_acknowledge (UsIncidentLife *life);
void us_incident_life_restore (UsIncidentLife *life, UsIncidentState state, gint64 age_us,
                               gint64 now_us);

G_END_DECLS
