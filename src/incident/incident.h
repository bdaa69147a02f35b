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
#define US_INCIDENT_HOLD_MAX_US (900 * G_USEC_PER_SEC) /* ... after many relapses */
#define US_INCIDENT_FLAPS                                                                          \
  4 /* as many relapses: the stream is flapping, whatever its verdict says */
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
  UsHealth dismissed; /* how ill it was when resolved by hand: nothing opens before it was well or
                       * is worse; US_HEALTH_NO_DATA: it was not resolved by hand */
  gint64 degraded_us, opened_us, recovering_us, resolved_us; /* monotonic; 0: no */
  gint64 no_data_us; /* since when nothing is known; the times above stand still meanwhile */
  gint64 hold_us;    /* of recovering: doubles with each relapse, up to 15 min */
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
  US_INCIDENT_ACKNOWLEDGES, /* by a person: never what us_incident_step() returns */
} UsIncidentStep;
UsIncidentStep us_incident_step (UsIncidentLife *life, const UsIncidentFacts *facts);
/* FALSE: there is none to acknowledge, or it is already */
gboolean us_incident_acknowledge (UsIncidentLife *life);
/* By hand, while its stream may still be ill. FALSE: there is none */
gboolean us_incident_resolve (UsIncidentLife *life, UsHealth health, gint64 now_us);
gboolean us_incident_is_active (const UsIncidentLife *life);
/* @age_us: of the incident; of a resolved one since it was resolved */
void us_incident_life_restore (UsIncidentLife *life, UsIncidentState state, gint64 age_us,
                               gint64 now_us);

G_END_DECLS
