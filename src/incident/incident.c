/* incident.c - the life of one incident: a pure state machine
 *
 * One evaluation of a stream in, at most one step out; time is passed in and monotonic. Nothing is
 * held but UsIncidentLife, a plain value of its owner (incidents.c). What it does, reference
 * product.md O3: it opens at once when viewers cannot watch, after two minutes when they merely
 * notice; once well it is held open, longer with each relapse, so that a flapping stream is one
 * incident; the same fault within ten minutes reopens the old one. NO DATA is no evidence: nothing
 * opens, nothing is resolved, and the clocks of both stand still.
 */
#include "incident/incident.h"

static const char *const words[] = { "none", "open", "acknowledged", "recovering", "resolved" };

/**
 * us_incident_state_word:
 *
 * Returns: its name in API, database and documents
 */
const char *
us_incident_state_word (UsIncidentState state) {
  return words[state];
}

/**
 * us_incident_state_from_word:
 * @word: (nullable)
 * @state: (out)
 *
 * Returns: %FALSE when there is no such state
 */
gboolean
us_incident_state_from_word (const char *word, UsIncidentState *state) {
  for (guint i = 0; i < G_N_ELEMENTS (words); i++) {
    if (g_strcmp0 (word, words[i]) == 0) {
      *state = (UsIncidentState)i;
      return TRUE;
    }
  }
  return FALSE;
}

/**
 * us_incident_is_active:
 *
 * Returns: whether there is one that is not resolved
 */
gboolean
us_incident_is_active (const UsIncidentLife *life) {
  return life->state == US_INCIDENT_OPEN || life->state == US_INCIDENT_ACKNOWLEDGED
         || life->state == US_INCIDENT_RECOVERING;
}

/* Times are moved past what was not seen, so that NO DATA counts neither as illness nor as health.
 */
static void
pass_over_no_data (UsIncidentLife *life, gint64 now_us) {
  if (life->no_data_us == 0)
    return;
  gint64 unseen_us = MAX (now_us - life->no_data_us, 0);
  if (life->degraded_us != 0)
    life->degraded_us += unseen_us;
  if (life->recovering_us != 0)
    life->recovering_us += unseen_us;
  life->no_data_us = 0;
}

static UsIncidentStep
open_anew (UsIncidentLife *life, const UsIncidentFacts *facts) {
  gboolean is_same = life->state == US_INCIDENT_RESOLVED && life->resolved_us != 0
                     && facts->now_us - life->resolved_us <= US_INCIDENT_REOPEN_US
                     && life->leading == facts->leading;
  if (is_same) {
    life->n_reopened++;
    life->hold_us = MIN (life->hold_us * 2, US_INCIDENT_HOLD_MAX_US);
  } else {
    *life = (UsIncidentLife){ .leading = facts->leading, .hold_us = US_INCIDENT_HOLD_US };
    life->opened_us = facts->now_us;
  }
  life->state = US_INCIDENT_OPEN;
  life->is_acknowledged = FALSE;
  life->dismissed = US_HEALTH_NO_DATA;
  life->degraded_us = life->recovering_us = life->resolved_us = 0;
  life->worst = MAX (life->worst, facts->health);
  life->is_flapping |= facts->is_flapping;
  return is_same ? US_INCIDENT_REOPENS : US_INCIDENT_OPENS;
}

static UsIncidentStep
step_idle (UsIncidentLife *life, const UsIncidentFacts *facts) {
  if (facts->health == US_HEALTH_HEALTHY) {
    life->degraded_us = 0;
    life->dismissed = US_HEALTH_NO_DATA;
    return US_INCIDENT_KEEP;
  }
  if (facts->is_in_maintenance) {
    life->degraded_us = 0;
    return US_INCIDENT_KEEP;
  }
  if (life->dismissed != US_HEALTH_NO_DATA && facts->health <= life->dismissed)
    return US_INCIDENT_KEEP;
  if (facts->health == US_HEALTH_UNHEALTHY)
    return open_anew (life, facts);
  if (life->degraded_us == 0)
    life->degraded_us = facts->now_us;
  return facts->now_us - life->degraded_us > US_INCIDENT_DEGRADED_US ? open_anew (life, facts)
                                                                     : US_INCIDENT_KEEP;
}

static UsIncidentStep
step_open (UsIncidentLife *life, const UsIncidentFacts *facts) {
  life->worst = MAX (life->worst, facts->health);
  if (facts->health != US_HEALTH_HEALTHY)
    return US_INCIDENT_KEEP;
  life->state = US_INCIDENT_RECOVERING;
  life->recovering_us = facts->now_us;
  return US_INCIDENT_RECOVERS;
}

static UsIncidentStep
step_recovering (UsIncidentLife *life, const UsIncidentFacts *facts) {
  if (facts->health == US_HEALTH_HEALTHY) {
    if (facts->now_us - life->recovering_us < life->hold_us)
      return US_INCIDENT_KEEP;
    life->state = US_INCIDENT_RESOLVED;
    life->recovering_us = 0;
    life->resolved_us = facts->now_us;
    return US_INCIDENT_RESOLVES;
  }
  life->state = life->is_acknowledged ? US_INCIDENT_ACKNOWLEDGED : US_INCIDENT_OPEN;
  life->worst = MAX (life->worst, facts->health);
  life->recovering_us = 0;
  life->n_relapses++;
  life->hold_us = MIN (life->hold_us * 2, US_INCIDENT_HOLD_MAX_US);
  life->is_flapping |= life->n_relapses >= US_INCIDENT_FLAPS;
  return US_INCIDENT_RELAPSES;
}

/**
 * us_incident_step:
 * @life: (inout): of the stream's incident
 * @facts: of one evaluation
 *
 * Maintenance keeps incidents from opening; one that is there lives on.
 *
 * Returns: what changed
 */
UsIncidentStep
us_incident_step (UsIncidentLife *life, const UsIncidentFacts *facts) {
  if (facts->health == US_HEALTH_NO_DATA) {
    if (life->no_data_us == 0)
      life->no_data_us = facts->now_us;
    return US_INCIDENT_KEEP;
  }
  pass_over_no_data (life, facts->now_us);
  if (us_incident_is_active (life))
    life->is_flapping |= facts->is_flapping;
  switch (life->state) {
  case US_INCIDENT_OPEN:
  case US_INCIDENT_ACKNOWLEDGED:
    return step_open (life, facts);
  case US_INCIDENT_RECOVERING:
    return step_recovering (life, facts);
  case US_INCIDENT_NONE:
  case US_INCIDENT_RESOLVED:
  default:
    return step_idle (life, facts);
  }
}

/**
 * us_incident_acknowledge:
 *
 * Somebody has seen it. It stays so through recovering and relapses, until it is reopened.
 *
 * Returns: %FALSE when there is none, or it is acknowledged already
 */
gboolean
us_incident_acknowledge (UsIncidentLife *life) {
  if (!us_incident_is_active (life) || life->is_acknowledged)
    return FALSE;
  life->is_acknowledged = TRUE;
  if (life->state == US_INCIDENT_OPEN)
    life->state = US_INCIDENT_ACKNOWLEDGED;
  return TRUE;
}

/**
 * us_incident_resolve:
 * @health: of the stream now
 *
 * By hand. The stream must be well once, or become worse, before another opens.
 *
 * Returns: %FALSE when there is none
 */
gboolean
us_incident_resolve (UsIncidentLife *life, UsHealth health, gint64 now_us) {
  if (!us_incident_is_active (life))
    return FALSE;
  life->state = US_INCIDENT_RESOLVED;
  life->dismissed = health > US_HEALTH_HEALTHY ? health : US_HEALTH_NO_DATA;
  life->degraded_us = life->recovering_us = 0;
  life->resolved_us = now_us;
  return TRUE;
}

/**
 * us_incident_life_restore:
 * @life: (out)
 * @state: as it was kept
 * @age_us: since it opened; of a resolved one, since it was resolved
 *
 * After a restart. How long it had been recovering is not believed: that begins anew. The caller
 * adds what else it has kept (leading check, counts).
 */
void
us_incident_life_restore (UsIncidentLife *life, UsIncidentState state, gint64 age_us,
                          gint64 now_us) {
  gint64 then_us = now_us - MAX (age_us, 0);
  if (then_us == 0)
    then_us = 1;
  *life
      = (UsIncidentLife){ .state = state, .leading = US_N_CHECKS, .hold_us = US_INCIDENT_HOLD_US };
  life->opened_us = then_us;
  if (state == US_INCIDENT_RESOLVED)
    life->resolved_us = then_us;
  if (state == US_INCIDENT_RECOVERING)
    life->recovering_us = now_us != 0 ? now_us : 1;
  life->is_acknowledged = state == US_INCIDENT_ACKNOWLEDGED;
}
