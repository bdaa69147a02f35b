/* test-repeat.c - how often a standing condition begins */
#include "monitor/repeat.h"

#define S ((gint64)G_USEC_PER_SEC)

/* From then on it is so. */
typedef struct {
  guint at_s;
  gboolean stands;
  double kind;
} Turn;

static void
test_table (void) {
  static const struct {
    Turn turns[6];
    guint until_s, first_s, last_s; /* 0: never: when it stands and not for the first time */
  } rows[] = {
    { { { 1, TRUE, 1 } }, 200, 0, 0 },                                  /* stands all the time */
    { { { 1, TRUE, 1 }, { 5, FALSE, 0 } }, 200, 0, 0 },                 /* once */
    { { { 1, TRUE, 1 }, { 5, FALSE, 0 }, { 9, TRUE, 1 } }, 200, 0, 0 }, /* not looked at */
    { { { 1, TRUE, 1 }, { 5, FALSE, 0 }, { 20, TRUE, 1 } }, 200, 20, 121 },
    { { { 1, TRUE, 1 }, { 5, FALSE, 0 }, { 20, TRUE, 1 }, { 40, FALSE, 0 } }, 200, 20, 39 },
    { { { 1, TRUE, 1 }, { 30, TRUE, 2 } }, 200, 30, 121 }, /* another one in its place */
    { { { 1, TRUE, 1 }, { 5, FALSE, 0 }, { 130, TRUE, 1 } }, 300, 0, 0 }, /* long ago */
    { { { 1, TRUE, 1 }, { 5, FALSE, 0 }, { 100, TRUE, 1 }, { 110, FALSE, 0 }, { 150, TRUE, 1 } },
      400,
      100,
      220 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    UsRepeat repeat = { 0 };
    guint first_s = 0, last_s = 0;
    Turn now = { 0 };
    g_test_message ("row %u", i);
    for (guint at_s = 1; at_s <= rows[i].until_s; at_s++) {
      for (guint t = 0; t < G_N_ELEMENTS (rows[i].turns); t++)
        if (rows[i].turns[t].at_s == at_s)
          now = rows[i].turns[t];
      if (!us_repeat_note (&repeat, now.stands, now.kind, 1000 * S + at_s * S))
        continue;
      g_assert_true (now.stands);
      first_s = first_s == 0 ? at_s : first_s;
      last_s = at_s;
    }
    g_assert_cmpuint (first_s, ==, rows[i].first_s);
    g_assert_cmpuint (last_s, ==, rows[i].last_s);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/repeat/table", test_table);
  return g_test_run ();
}
