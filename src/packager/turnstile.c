/* turnstile.c - so many turns, handed out in order of arrival
 *
 * Encoders that were started together cut together: without a limit every stream's pipeline, with
 * five threads each, starts in the same moment, and all of them finish at the end of the whole
 * work. In turns the first are finished after a few milliseconds, the last no later, and threads
 * and memory are those of a few.
 *
 * Who asks while a turn is free and nobody waits has it at once, so a single stream never notices.
 * A turn that is given back goes to the next by the main loop and never from within
 * us_turn_give_back(): a run that fails at once would otherwise start the next one from its own
 * end, and so on, as deep as the queue is long. Until then the turn counts as free, but only for
 * who waits: nobody overtakes.
 *
 * The packager owns the turnstile, each muxer one UsTurn of it. Main loop only.
 */
#include "packager/turnstile.h"

#include "base/timer.h"

#define MIN_COPYING 4
#define COPYING_PER_CORE 2
#define MIN_ENCODING 2

struct UsTurnstile {
  guint n_turns;
  guint n_taken;
  GQueue waiting; /* UsTurn, by their links */
  GSource *next;  /* hands out a turn; only while one is free and somebody waits */
};

typedef enum { TURN_NONE, TURN_WAITING, TURN_TAKEN } TurnState;

struct UsTurn {
  UsTurnstile *turnstile; /* nullable */
  TurnState state;
  GList link; /* in waiting */
  UsTurnFunc func;
  gpointer user_data;
};

/**
 * us_turnstile_size:
 * @n_cores: of the machine, as this process may use them
 * @is_encoding: whether the pipelines encode pictures
 *
 * A run that copies mostly waits, for its own threads and, on a busy machine, for a core; one that
 * encodes keeps a core busy. (docs/performance.md has the figures.)
 *
 * Returns: how many may run at once
 */
guint
us_turnstile_size (guint n_cores, gboolean is_encoding) {
  return is_encoding ? MAX (MIN_ENCODING, n_cores) : MAX (MIN_COPYING, COPYING_PER_CORE * n_cores);
}

/**
 * us_turnstile_new:
 * @n_turns: how many may have a turn at once, at least 1
 *
 * Returns: (transfer full): a turnstile of the thread-default main context
 */
UsTurnstile *
us_turnstile_new (guint n_turns) {
  UsTurnstile *turnstile = g_new0 (UsTurnstile, 1);
  turnstile->n_turns = MAX (n_turns, 1);
  g_queue_init (&turnstile->waiting);
  return turnstile;
}

/**
 * us_turnstile_free:
 * @turnstile: (nullable) (transfer full): the turnstile, when all of its turns are freed
 */
void
us_turnstile_free (UsTurnstile *turnstile) {
  if (turnstile == NULL)
    return;
  g_return_if_fail (turnstile->n_taken == 0 && turnstile->waiting.length == 0);
  us_timer_stop (&turnstile->next);
  g_free (turnstile);
}

guint
us_turnstile_get_n_taken (const UsTurnstile *turnstile) {
  return turnstile->n_taken;
}

guint
us_turnstile_get_n_waiting (const UsTurnstile *turnstile) {
  return turnstile->waiting.length;
}

static gboolean
can_hand_out (const UsTurnstile *turnstile) {
  return turnstile->n_taken < turnstile->n_turns && turnstile->waiting.length > 0;
}

/* All that are free: on a busy machine the main loop comes round seldom, and several runs have
 * ended by then. No more than there are turns, though, when they are given back at once. */
static gboolean
on_next (gpointer user_data) {
  UsTurnstile *turnstile = user_data;
  for (guint i = 0; i < turnstile->n_turns && can_hand_out (turnstile); i++) {
    UsTurn *turn = g_queue_pop_head_link (&turnstile->waiting)->data;
    turn->state = TURN_TAKEN;
    turnstile->n_taken++;
    turn->func (turn->user_data);
  }
  if (can_hand_out (turnstile))
    return G_SOURCE_CONTINUE;
  us_timer_stop (&turnstile->next);
  return G_SOURCE_REMOVE;
}

static void
schedule (UsTurnstile *turnstile) {
  if (can_hand_out (turnstile))
    us_timer_start (&turnstile->next, 0, "turnstile", on_next, turnstile);
}

/**
 * us_turn_new:
 * @turnstile: (nullable): where to ask; %NULL: every turn is free
 * @func: called when a turn has come that us_turn_ask() could not give
 * @user_data: for @func
 *
 * Returns: (transfer full): no turn yet
 */
UsTurn *
us_turn_new (UsTurnstile *turnstile, UsTurnFunc func, gpointer user_data) {
  UsTurn *turn = g_new0 (UsTurn, 1);
  turn->turnstile = turnstile;
  turn->link.data = turn;
  turn->func = func;
  turn->user_data = user_data;
  return turn;
}

/**
 * us_turn_ask:
 * @turn: the turn; one that waits already keeps its place
 *
 * Returns: %TRUE when the turn is there now, and the function will not be called
 */
gboolean
us_turn_ask (UsTurn *turn) {
  UsTurnstile *turnstile = turn->turnstile;
  if (turnstile == NULL || turn->state == TURN_TAKEN)
    return TRUE;
  if (turn->state == TURN_WAITING)
    return FALSE;
  if (turnstile->n_taken < turnstile->n_turns && turnstile->waiting.length == 0) {
    turn->state = TURN_TAKEN;
    turnstile->n_taken++;
    return TRUE;
  }
  turn->state = TURN_WAITING;
  g_queue_push_tail_link (&turnstile->waiting, &turn->link);
  return FALSE;
}

/**
 * us_turn_give_back:
 * @turn: the turn; one that waits leaves the queue, one that is not there is left alone
 */
void
us_turn_give_back (UsTurn *turn) {
  UsTurnstile *turnstile = turn->turnstile;
  if (turn->state == TURN_WAITING)
    g_queue_unlink (&turnstile->waiting, &turn->link);
  else if (turn->state == TURN_TAKEN)
    turnstile->n_taken--;
  else
    return;
  turn->state = TURN_NONE;
  schedule (turnstile);
}

/**
 * us_turn_free:
 * @turn: (nullable) (transfer full): the turn, which is given back
 */
void
us_turn_free (UsTurn *turn) {
  if (turn == NULL)
    return;
  us_turn_give_back (turn);
  g_free (turn);
}
