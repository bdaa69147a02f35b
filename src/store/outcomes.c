/* outcomes.c - callbacks from one thread to the main context of another
 *
 * Owned by the writer. Any thread adds; the owner's main context calls, in the order of adding,
 * each once. us_outcomes_close(), in the owner's thread, calls what is left at once and nothing
 * after: what is added later is dropped.
 */
#include "store/outcomes.h"

typedef struct {
  UsOutcomeFunc func;
  gpointer user_data;
  GError *error;
} Outcome;

/* In a reference-counted box: a callback may close the store and drop its owner's reference. */
struct UsOutcomes {
  GMainContext *context;
  GMutex lock;    /* protects all below; a leaf lock */
  GQueue waiting; /* element-type Outcome */
  GSource *source;
  gboolean is_closed;
};

/**
 * us_outcomes_new:
 * @context: (nullable): where to call; %NULL: the default one
 */
UsOutcomes *
us_outcomes_new (GMainContext *context) {
  UsOutcomes *outcomes = g_atomic_rc_box_new0 (UsOutcomes);
  outcomes->context = context != NULL ? g_main_context_ref (context) : NULL;
  g_mutex_init (&outcomes->lock);
  return outcomes;
}

static void
outcome_free (gpointer data) {
  Outcome *outcome = data;
  g_clear_error (&outcome->error);
  g_free (outcome);
}

static void
outcomes_clear (gpointer data) {
  UsOutcomes *outcomes = data;
  g_queue_clear_full (&outcomes->waiting, outcome_free);
  g_clear_pointer (&outcomes->context, g_main_context_unref);
  g_mutex_clear (&outcomes->lock);
}

void
us_outcomes_unref (UsOutcomes *outcomes) {
  g_atomic_rc_box_release_full (outcomes, outcomes_clear);
}

static void
call_waiting (UsOutcomes *outcomes) {
  while (TRUE) {
    g_mutex_lock (&outcomes->lock);
    Outcome *outcome = g_queue_pop_head (&outcomes->waiting);
    g_mutex_unlock (&outcomes->lock);
    if (outcome == NULL)
      return;
    outcome->func (outcome->error, outcome->user_data);
    outcome_free (outcome);
  }
}

static gboolean
on_source (gpointer user_data) {
  UsOutcomes *outcomes = user_data;

  g_mutex_lock (&outcomes->lock);
  g_clear_pointer (&outcomes->source, g_source_unref);
  g_mutex_unlock (&outcomes->lock);
  call_waiting (outcomes);
  return G_SOURCE_REMOVE;
}

static void
on_source_gone (gpointer user_data) {
  us_outcomes_unref (user_data);
}

/**
 * us_outcomes_add:
 * @func: called once in the owner's context
 * @error: (nullable): copied
 */
void
us_outcomes_add (UsOutcomes *outcomes, UsOutcomeFunc func, gpointer user_data,
                 const GError *error) {
  g_mutex_lock (&outcomes->lock);
  if (!outcomes->is_closed) {
    Outcome *outcome = g_new0 (Outcome, 1);
    outcome->func = func;
    outcome->user_data = user_data;
    outcome->error = error != NULL ? g_error_copy (error) : NULL;
    g_queue_push_tail (&outcomes->waiting, outcome);
    if (outcomes->source == NULL) {
      outcomes->source = g_idle_source_new ();
      g_source_set_static_name (outcomes->source, "us-store-outcomes");
      g_source_set_priority (outcomes->source, G_PRIORITY_DEFAULT);
      g_source_set_callback (outcomes->source, on_source, g_atomic_rc_box_acquire (outcomes),
                             on_source_gone);
      g_source_attach (outcomes->source, outcomes->context);
    }
  }
  g_mutex_unlock (&outcomes->lock);
}

/* Calls what is left, now, and ends. In the owner's thread. */
void
us_outcomes_close (UsOutcomes *outcomes) {
  call_waiting (outcomes);

  g_mutex_lock (&outcomes->lock);
  outcomes->is_closed = TRUE;
  g_autoptr (GSource) source = g_steal_pointer (&outcomes->source);
  g_mutex_unlock (&outcomes->lock);
  if (source != NULL)
    g_source_destroy (source);
}
