/* test-turnstile.c - who has a turn after which calls */
#include "packager/turnstile.h"

#include <string.h>

#define N_TURNS 2
#define MOST 6 /* who may ask: a, b, c, ... */

typedef struct {
  UsTurnstile *turnstile;
  UsTurn *turns[MOST];
  char has[MOST + 1]; /* letters of those who have one, in the order in which they came */
} Hall;

typedef struct {
  Hall *hall;
  char letter;
} Visitor;

static void
enter (Hall *hall, char letter) {
  gsize n = strlen (hall->has);
  g_assert_cmpuint (n, <, MOST);
  hall->has[n] = letter;
}

static void
leave (Hall *hall, char letter) {
  char *at = strchr (hall->has, letter);
  if (at != NULL)
    memmove (at, at + 1, strlen (at));
}

static void
on_turn (gpointer user_data) {
  Visitor *visitor = user_data;
  enter (visitor->hall, visitor->letter);
}

static void
settle (void) {
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* "+a" asks, "-a" gives back, "!a" frees, "." lets the main loop run. */
static void
act (Hall *hall, const char *step) {
  guint i = (guint)(step[1] - 'a');
  switch (step[0]) {
  case '+':
    if (strchr (hall->has, step[1]) == NULL && us_turn_ask (hall->turns[i]))
      enter (hall, step[1]);
    break;
  case '-':
    us_turn_give_back (hall->turns[i]);
    leave (hall, step[1]);
    break;
  case '!':
    g_clear_pointer (&hall->turns[i], us_turn_free);
    leave (hall, step[1]);
    break;
  default:
    settle ();
  }
}

static void
test_order (void) {
  static const struct {
    const char *what, *steps, *has;
    guint n_waiting;
  } rows[] = {
    { "nobody", ". ", "", 0 },
    { "free turns are there at once", "+a+b", "ab", 0 },
    { "no more than there are", "+a+b+c+d.", "ab", 2 },
    { "in order of arrival", "+a+b+c+d-a.", "bc", 1 },
    { "one for each that is given back", "+a+b+c+d+e-a-b.", "cd", 1 },
    { "never from within giving back", "+a+b+c-a", "b", 1 },
    { "nobody overtakes who waits", "+a+b+c-a+d.", "bc", 1 },
    { "nor the one who gave it back", "+a+b+c-a+a.", "bc", 1 },
    { "who asks twice keeps the place", "+a+b+c+d+c-a.", "bc", 1 },
    { "who asks twice has one", "+a+a+b+c.", "ab", 1 },
    { "given back twice is one", "+a+b+c+d-a-a.", "bc", 1 },
    { "given back without one", "+a+b-c+c.", "ab", 1 },
    { "who waits may leave", "+a+b+c+d-c-a.", "bd", 0 },
    { "freed with a turn", "+a+b+c!a.", "bc", 0 },
    { "freed while waiting", "+a+b+c+d!c-a.", "bd", 0 },
    { "freed between giving back and the next", "+a+b+c-a!c.", "b", 0 },
    { "and its turn is free again", "+a+b+c-a!c.+d", "bd", 0 },
    { "all at once, and round again", "+a+b+c+d+e+f-a-b.-c-d.-e-f.+a+b+c.", "ab", 1 },
  };
  for (guint k = 0; k < G_N_ELEMENTS (rows); k++) {
    g_test_message ("%s", rows[k].what);
    Hall hall = { us_turnstile_new (N_TURNS), { NULL }, "" };
    Visitor visitors[MOST];
    for (guint i = 0; i < MOST; i++) {
      visitors[i] = (Visitor){ &hall, (char)('a' + (int)i) };
      hall.turns[i] = us_turn_new (hall.turnstile, on_turn, &visitors[i]);
    }
    for (const char *step = rows[k].steps; *step != '\0'; step += strchr (". ", *step) ? 1 : 2)
      act (&hall, step);
    g_assert_cmpstr (hall.has, ==, rows[k].has);
    g_assert_cmpuint (us_turnstile_get_n_taken (hall.turnstile), ==, strlen (rows[k].has));
    g_assert_cmpuint (us_turnstile_get_n_waiting (hall.turnstile), ==, rows[k].n_waiting);
    for (guint i = 0; i < MOST; i++)
      us_turn_free (hall.turns[i]);
    us_turnstile_free (hall.turnstile);
  }
}

typedef struct {
  UsTurn **turns;
  guint at, n_called, depth;
} Chain;

/* Ends at once, as a run that cannot begin does, and frees the one behind it. */
static void
on_short_turn (gpointer user_data) {
  Chain *chain = user_data;
  g_assert_cmpuint (chain->depth++, ==, 0);
  chain->n_called++;
  guint mine = chain->at;
  chain->at += 2;
  g_clear_pointer (&chain->turns[mine + 1], us_turn_free);
  us_turn_give_back (chain->turns[mine]);
  chain->depth--;
}

static void
test_short_turns (void) {
  UsTurn *turns[1 + 2 * 50];
  Chain chain = { turns, 1, 0, 0 };
  g_autoptr (UsTurnstile) turnstile = us_turnstile_new (1);
  for (guint i = 0; i < G_N_ELEMENTS (turns); i++) {
    turns[i] = us_turn_new (turnstile, on_short_turn, &chain);
    g_assert_cmpint (us_turn_ask (turns[i]), ==, i == 0);
  }
  us_turn_give_back (turns[0]);
  settle ();
  g_assert_cmpuint (chain.n_called, ==, 50);
  g_assert_cmpuint (us_turnstile_get_n_taken (turnstile), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (turns); i++)
    us_turn_free (turns[i]);
}

static void
test_without_a_turnstile (void) {
  g_autoptr (UsTurn) turn = us_turn_new (NULL, on_turn, NULL);
  g_assert_true (us_turn_ask (turn));
  us_turn_give_back (turn);
  g_assert_true (us_turn_ask (turn));
}

static void
test_size (void) {
  static const struct {
    guint n_cores;
    gboolean is_encoding;
    guint n_turns;
  } rows[] = {
    { 1, FALSE, 4 }, { 2, FALSE, 4 }, { 3, FALSE, 6 }, { 16, FALSE, 32 },
    { 1, TRUE, 2 },  { 2, TRUE, 2 },  { 3, TRUE, 3 },  { 16, TRUE, 16 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpuint (us_turnstile_size (rows[i].n_cores, rows[i].is_encoding), ==,
                      rows[i].n_turns);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/packager/turnstile/order", test_order);
  g_test_add_func ("/packager/turnstile/short-turns", test_short_turns);
  g_test_add_func ("/packager/turnstile/none", test_without_a_turnstile);
  g_test_add_func ("/packager/turnstile/size", test_size);
  return g_test_run ();
}
