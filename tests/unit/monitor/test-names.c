/* test-names.c - names that go, come back, move, and have several addresses */
#include "monitor/names.h"

#include <gio/gio.h>

#define S G_USEC_PER_SEC

static void
test_gone (void) {
  g_auto (UsName) name = { 0 };
  g_assert_true (us_name_is_due (&name, 1));
  g_assert_null (us_name_problem (&name, 1));
  us_name_take (&name, "10.0.0.1 ", NULL, 1 * S);
  g_assert_null (us_name_problem (&name, 2 * S));
  g_assert_false (us_name_is_due (&name, 10 * S));
  g_assert_true (us_name_is_due (&name, 11 * S));
  us_name_take (&name, NULL, "no such name", 11 * S);
  g_assert_null (us_name_problem (&name, 11 * S)); /* once is an accident */
  g_assert_true (us_name_is_due (&name, 13 * S));
  us_name_take (&name, NULL, "no such name", 13 * S);
  g_assert_cmpstr (us_name_problem (&name, 13 * S), ==, "no such name");
  us_name_take (&name, "10.0.0.1 ", NULL, 15 * S);
  g_assert_null (us_name_problem (&name, 15 * S));
  g_assert_cmpuint (name.generation, ==, 0);
}

static void
test_hanging (void) {
  g_auto (UsName) name = { 0 };
  name.is_looking = TRUE; /* the first one: the request finds out by itself */
  g_assert_null (us_name_problem (&name, 60 * S));
  us_name_take (&name, "10.0.0.1 ", NULL, 1 * S);
  name.is_looking = TRUE;
  name.asked_us = 11 * S;
  g_assert_false (us_name_is_due (&name, 60 * S));
  g_assert_null (us_name_problem (&name, 15 * S));
  g_assert_nonnull (us_name_problem (&name, 16 * S));
}

static void
test_moved (void) {
  static const struct {
    const char *before, *now;
    guint generation;
  } rows[] = {
    { "10.0.0.1 ", "10.0.0.1 ", 0 },
    { "10.0.0.1 ", "10.0.0.2 ", 1 },
    { "10.0.0.1 10.0.0.2 ", "10.0.0.2 10.0.0.3 ", 0 },
    { "10.0.0.1 10.0.0.2 ", "10.0.0.3 10.0.0.4 ", 1 },
    { "10.0.0.1 ", "10.0.0.11 ", 1 },
    { "1.0.0.1 ", "11.0.0.1 ", 1 },
    { "::1 ", "fe80::1 ", 1 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_auto (UsName) name = { 0 };
    name.turned_us = 1;
    us_name_take (&name, rows[i].before, NULL, 1);
    us_name_take (&name, rows[i].now, NULL, 2);
    g_assert_cmpuint (name.generation, ==, rows[i].generation);
  }
}

static void
test_turn (void) {
  g_auto (UsName) name = { 0 };
  us_name_turn (&name, 1 * S); /* nothing is known of it */
  us_name_take (&name, "10.0.0.1 ", NULL, 1 * S);
  us_name_turn (&name, 2 * S); /* there is no other */
  g_assert_cmpuint (name.generation, ==, 0);
  us_name_take (&name, "10.0.0.1 10.0.0.2 ", NULL, 103 * S);
  g_assert_cmpuint (name.generation, ==, 1);
  us_name_turn (&name, 104 * S); /* not with every request */
  g_assert_cmpuint (name.generation, ==, 1);
  us_name_turn (&name, 113 * S);
  us_name_turn (&name, 114 * S);
  g_assert_cmpuint (name.generation, ==, 2);
  us_name_take (&name, "10.0.0.1 10.0.0.2 ", NULL, 142 * S);
  g_assert_cmpuint (name.generation, ==, 2);
  us_name_take (&name, "10.0.0.1 10.0.0.2 ", NULL, 143 * S); /* now and then in any case */
  g_assert_cmpuint (name.generation, ==, 3);
}

/* Addresses are never looked up; a lookup that is under way at the end is nobody's. */
static void
test_all (void) {
  static const char *const addresses[] = { "127.0.0.1", "[::1]", "::1", "", NULL };
  UsNames *names = us_names_new ();
  const char *problem = "?";
  for (guint i = 0; i < G_N_ELEMENTS (addresses); i++) {
    g_assert_cmpuint (us_names_look (names, addresses[i], 1, &problem), ==, 0);
    g_assert_null (problem);
    us_names_turn (names, addresses[i], 1);
    us_names_note (names, addresses[i], 1);
    g_assert_true (us_names_is_sound (names, addresses[i], 1));
  }
  g_assert_false (us_names_is_sound (names, "localhost", 1)); /* it has not answered yet */
  us_names_note (names, "localhost", 1);
  g_assert_true (us_names_is_sound (names, "localhost", 1));
  us_names_look (names, "localhost", 1, &problem);
  g_assert_null (problem);
  us_names_free (names);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/names/gone", test_gone);
  g_test_add_func ("/monitor/names/hanging", test_hanging);
  g_test_add_func ("/monitor/names/moved", test_moved);
  g_test_add_func ("/monitor/names/turn", test_turn);
  g_test_add_func ("/monitor/names/all", test_all);
  return g_test_run ();
}
