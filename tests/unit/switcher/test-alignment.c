/* test-alignment.c - timelines told by equal pictures, and what must not be believed */
#include "switcher/alignment.h"

#include "fake-probe.h"

#define GOP (2 * G_TIME_SPAN_SECOND)
#define S G_TIME_SPAN_SECOND

static const UsAlignmentClue no_clue = { G_MININT64, G_MININT64 };

static void
add (UsAlignment *alignment, UsOriginId side, gint64 start_us, guint n, guint64 hash) {
  g_autoptr (UsProbe) probe = fake_probe (start_us, n, GOP, hash);
  us_alignment_add (alignment, side, probe, &no_clue);
}

static void
test_offset (void) {
  UsAlignment alignment;
  gint64 twin;
  us_alignment_init (&alignment);
  add (&alignment, US_ORIGIN_PRIMARY, 10 * S, 1, 100);
  add (&alignment, US_ORIGIN_BACKUP, 5010 * S, 1, 100);
  g_assert_false (us_alignment_map (&alignment, US_ORIGIN_PRIMARY, 12 * S, &twin)); /* one only */
  add (&alignment, US_ORIGIN_PRIMARY, 12 * S, 1, 101);
  add (&alignment, US_ORIGIN_BACKUP, 5012 * S, 1, 101);
  g_assert_true (us_alignment_map (&alignment, US_ORIGIN_PRIMARY, 12 * S, &twin));
  g_assert_cmpint (twin, ==, 5012 * S);
  g_assert_true (us_alignment_map (&alignment, US_ORIGIN_BACKUP, 5014 * S, &twin));
  g_assert_cmpint (twin, ==, 14 * S);
  g_assert_false (us_alignment_map (&alignment, US_ORIGIN_BACKUP, G_MININT64, &twin));
}

/* Over the wrap of 33 bits. */
static void
test_wrap (void) {
  const gint64 wrap_us = (G_GINT64_CONSTANT (1) << 33) * 1000 / 90;
  UsAlignment alignment;
  gint64 twin;
  us_alignment_init (&alignment);
  add (&alignment, US_ORIGIN_PRIMARY, 1 * S, 2, 100);
  add (&alignment, US_ORIGIN_BACKUP, wrap_us - 9 * S, 2, 100);
  g_assert_true (us_alignment_map (&alignment, US_ORIGIN_PRIMARY, 5 * S, &twin));
  g_assert_cmpint (ABS (twin - -5 * S), <, 1000);
}

/* A slate: the same picture over and over. */
static void
test_slate (void) {
  UsAlignment alignment;
  gint64 twin;
  us_alignment_init (&alignment);
  for (guint i = 0; i < 20; i++) {
    add (&alignment, US_ORIGIN_PRIMARY, i * GOP, 1, 7);
    add (&alignment, US_ORIGIN_BACKUP, 100 * S + (i + 3) * GOP, 1, 7);
    g_assert_false (us_alignment_map (&alignment, US_ORIGIN_PRIMARY, 0, &twin));
  }
  /* and after it the film */
  for (guint i = 20; i < 23; i++) {
    add (&alignment, US_ORIGIN_PRIMARY, i * GOP, 1, 1000 + i);
    add (&alignment, US_ORIGIN_BACKUP, 100 * S + i * GOP, 1, 1000 + i);
  }
  g_assert_true (us_alignment_map (&alignment, US_ORIGIN_PRIMARY, 0, &twin));
  g_assert_cmpint (twin, ==, 100 * S);
}

/* A file in a loop of 14 s comes round, seen 4 s later by the backup: the majority is right. */
static void
test_loop (void) {
  UsAlignment alignment;
  gint64 twin;
  us_alignment_init (&alignment);
  for (guint i = 0; i < 40; i++) {
    add (&alignment, US_ORIGIN_PRIMARY, i * GOP, 1, i % 7);
    if (i >= 2)
      add (&alignment, US_ORIGIN_BACKUP, 500 * S + (i - 2) * GOP, 1, (i - 2) % 7);
    if (i > 6) {
      g_assert_true (us_alignment_map (&alignment, US_ORIGIN_PRIMARY, 0, &twin));
      g_assert_cmpint (twin, ==, 500 * S);
    }
  }
}

/* One side starts anew with other time stamps: forgotten, and found again. */
static void
test_jump (void) {
  UsAlignment alignment;
  gint64 twin;
  us_alignment_init (&alignment);
  for (guint i = 0; i < 4; i++) {
    add (&alignment, US_ORIGIN_PRIMARY, 1000 * S + i * GOP, 1, 100 + i);
    add (&alignment, US_ORIGIN_BACKUP, 2000 * S + i * GOP, 1, 100 + i);
  }
  add (&alignment, US_ORIGIN_BACKUP, 10 * S, 1, 104);
  g_assert_false (us_alignment_map (&alignment, US_ORIGIN_PRIMARY, 0, &twin));
  add (&alignment, US_ORIGIN_PRIMARY, 1000 * S + 4 * GOP, 2, 104);
  add (&alignment, US_ORIGIN_BACKUP, 10 * S + GOP, 1, 105);
  g_assert_true (us_alignment_map (&alignment, US_ORIGIN_PRIMARY, 1000 * S + 4 * GOP, &twin));
  g_assert_cmpint (twin, ==, 10 * S);
}

/* Nothing in common, nothing known; and the memory stays small. */
static void
test_strangers (void) {
  UsAlignment alignment;
  gint64 twin;
  us_alignment_init (&alignment);
  for (guint i = 0; i < 300; i++) {
    add (&alignment, US_ORIGIN_PRIMARY, i * GOP, 1, i);
    add (&alignment, US_ORIGIN_BACKUP, i * GOP, 1, 100000 + i);
    g_assert_false (us_alignment_map (&alignment, US_ORIGIN_PRIMARY, 0, &twin));
    g_assert_cmpuint (alignment.sides[0].n_pictures, <=, 8);
  }
  g_autoptr (UsProbe) dense = fake_probe (600 * S, 2000, 40000, 5);
  us_alignment_add (&alignment, US_ORIGIN_PRIMARY, dense, &no_clue);
  g_assert_cmpuint (alignment.sides[0].n_pictures, <=, US_ALIGNMENT_PICTURES);
}

/* ---- pictures against dates and arrival ---- */

#define NONE G_MININT64

static void
test_weigh (void) {
  static const struct {
    const char *what;
    gint64 off_date_us, off_came_us, unlooped_us;
    UsAlignmentWeight weight;
  } table[] = {
    { "nothing else is known", NONE, NONE, 0, US_ALIGNMENT_OPEN },
    { "all agree", 1 * S, -1 * S, 0, US_ALIGNMENT_BORNE_OUT },
    { "just", US_ALIGNMENT_DOUBT_US, -US_ALIGNMENT_DOUBT_US, 0, US_ALIGNMENT_BORNE_OUT },
    { "a loop", 8 * S, 7 * S, 0, US_ALIGNMENT_REFUTED },
    { "a loop the other way", -8 * S, -9 * S, 0, US_ALIGNMENT_REFUTED },
    { "the shortest", US_ALIGNMENT_DOUBT_US + 1, US_ALIGNMENT_DOUBT_US + 1, 0,
      US_ALIGNMENT_REFUTED },
    { "a clock that is wrong", 3600 * S, 1 * S, 0, US_ALIGNMENT_BORNE_OUT },
    { "a network that is slow", 0, -9 * S, 0, US_ALIGNMENT_BORNE_OUT },
    { "they contradict each other too", 30 * S, -9 * S, 0, US_ALIGNMENT_OPEN },
    { "dates alone", 8 * S, NONE, 0, US_ALIGNMENT_OPEN },
    { "dates alone, that agree", 1 * S, NONE, 0, US_ALIGNMENT_BORNE_OUT },
    { "arrival alone", NONE, 8 * S, 0, US_ALIGNMENT_OPEN },
    { "arrival alone, that agrees", NONE, -1 * S, 0, US_ALIGNMENT_BORNE_OUT },
    { "a relay: nothing comes round", 6 * S, 6 * S, 10 * S, US_ALIGNMENT_OPEN },
    { "not known yet", 6 * S, 6 * S, 10 * S - 1, US_ALIGNMENT_REFUTED },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_test_message ("%s", table[i].what);
    g_assert_cmpint (
        us_alignment_weigh (table[i].off_date_us, table[i].off_came_us, table[i].unlooped_us), ==,
        table[i].weight);
  }
}

#define LOOP 8 /* s; a key frame each */
#define SHIFT (500 * S)

/* What one side says of the second @at of a show whose pictures come round every LOOP seconds. */
static void
show (UsAlignment *alignment, UsOriginId side, guint at, guint period, const UsAlignmentClue *off) {
  g_autoptr (UsProbe) probe
      = fake_probe (at * S + (side == US_ORIGIN_BACKUP ? SHIFT : 0), 1, S, at % period);
  UsAlignmentClue clue = *off;
  if (clue.date_us != NONE)
    clue.date_us += at * S;
  if (clue.came_us != NONE)
    clue.came_us += at * S;
  us_alignment_add (alignment, side, probe, &clue);
}

static const UsAlignmentClue exact = { 1000000 * S, 7000 * S };

/* The primary's list reaches back over a whole loop, and the backup is a second ahead: the only
 * pictures that both have once are those of a loop before. */
static void
begin_ahead (UsAlignment *alignment, const UsAlignmentClue *primary,
             const UsAlignmentClue *backup) {
  us_alignment_init (alignment);
  for (guint at = 100; at < 112; at++)
    show (alignment, US_ORIGIN_PRIMARY, at, LOOP, primary);
  for (guint at = 111; at < 114; at++)
    show (alignment, US_ORIGIN_BACKUP, at, LOOP, backup);
}

static void
test_wrong_loop (void) {
  const UsAlignmentClue late = { exact.date_us + 700000, exact.came_us + 1500000 };
  const UsAlignmentClue no_dates = { NONE, exact.came_us };
  const UsAlignmentClue stepped = { exact.date_us + 3600 * S, exact.came_us };
  const struct {
    const char *what;
    const UsAlignmentClue *primary, *backup;
    gint64 offset_us; /* NONE: not to be known yet */
  } table[] = {
    { "nothing else to go by", &no_clue, &no_clue, SHIFT + LOOP * S },
    { "dates and arrival", &exact, &exact, NONE },
    { "with what they are off by", &exact, &late, NONE },
    { "the other way", &late, &exact, NONE },
    /* One witness refutes nothing; nor do two that differ. */
    { "arrival alone", &no_dates, &no_dates, SHIFT + LOOP * S },
    { "a clock that is wrong", &exact, &stepped, SHIFT + LOOP * S },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    UsAlignment alignment;
    gint64 twin = NONE;
    g_test_message ("%s", table[i].what);
    begin_ahead (&alignment, table[i].primary, table[i].backup);
    us_alignment_map (&alignment, US_ORIGIN_PRIMARY, 0, &twin);
    g_assert_cmpint (twin, ==, table[i].offset_us);
    /* It goes on: where dates and arrival agree, the right one is found and stays. */
    for (guint at = 112; at < 160; at++) {
      show (&alignment, US_ORIGIN_PRIMARY, at, LOOP, table[i].primary);
      show (&alignment, US_ORIGIN_BACKUP, at + 2, LOOP, table[i].backup);
      if (table[i].offset_us == NONE) {
        g_assert_true (us_alignment_map (&alignment, US_ORIGIN_PRIMARY, 0, &twin));
        g_assert_cmpint (twin, ==, SHIFT);
      }
    }
  }
}

/* Of two matches the one that arrival bears out, even if fewer pictures say so. */
static void
test_preferred (void) {
  const UsAlignmentClue came = { NONE, exact.came_us };
  UsAlignment alignment;
  gint64 twin = NONE;
  us_alignment_init (&alignment);
  for (guint at = 100; at < 108; at++)
    show (&alignment, US_ORIGIN_PRIMARY, at, 1000, &came);
  for (guint at = 106; at < 108; at++) /* two of now */
    show (&alignment, US_ORIGIN_BACKUP, at, 1000, &came);
  for (guint at = 0; at < 4; at++) { /* and four of six seconds before */
    g_autoptr (UsProbe) probe = fake_probe ((108 + at) * S + SHIFT, 1, S, 102 + at);
    const UsAlignmentClue clue = { NONE, exact.came_us + (108 + at) * S };
    us_alignment_add (&alignment, US_ORIGIN_BACKUP, probe, &clue);
  }
  g_assert_true (us_alignment_map (&alignment, US_ORIGIN_PRIMARY, 0, &twin));
  g_assert_cmpint (twin, ==, SHIFT);
}

/* A relay that passes on 6 s later what does not come round: in the end the pictures are right. */
static void
test_relay (void) {
  const UsAlignmentClue relayed = { exact.date_us + 6 * S, exact.came_us + 6 * S };
  UsAlignment alignment;
  gint64 twin = NONE;
  us_alignment_init (&alignment);
  for (guint at = 0; at < 40; at++) {
    show (&alignment, US_ORIGIN_PRIMARY, at + 6, 1000, &exact);
    show (&alignment, US_ORIGIN_BACKUP, at, 1000, &relayed);
    gboolean is_known = us_alignment_map (&alignment, US_ORIGIN_PRIMARY, 0, &twin);
    g_assert_true (at < 10 || is_known);
    g_assert_true (!is_known || twin == SHIFT);
  }
}

/* What repeats within the doubt is not told apart by dates. */
static void
test_short_loop (void) {
  UsAlignment alignment;
  gint64 twin;
  us_alignment_init (&alignment);
  for (guint at = 90; at < 100; at++)
    show (&alignment, US_ORIGIN_PRIMARY, at, 2, &exact);
  for (guint at = 100; at < 140; at++) {
    show (&alignment, US_ORIGIN_PRIMARY, at, 2, &exact);
    show (&alignment, US_ORIGIN_BACKUP, at, 2, &exact);
    g_assert_false (us_alignment_map (&alignment, US_ORIGIN_PRIMARY, 0, &twin));
  }
}

/* One picture all the time, many a second: quick to tell that it tells nothing. */
static void
test_dense_slate (void) {
  UsAlignment alignment;
  gint64 twin;
  us_alignment_init (&alignment);
  for (guint i = 0; i < 40; i++) {
    for (guint side = 0; side < US_N_ORIGINS; side++) {
      g_autoptr (UsProbe) probe = fake_probe (i * 400000, 10, 40000, 0);
      for (guint p = 0; p < probe->pictures->len; p++)
        g_array_index (probe->pictures, UsPicture, p).hash = 7;
      const UsAlignmentClue clue = { exact.date_us + i * 400000, exact.came_us + i * 400000 };
      us_alignment_add (&alignment, (UsOriginId)side, probe, &clue);
    }
    g_assert_false (us_alignment_map (&alignment, US_ORIGIN_PRIMARY, 0, &twin));
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/switcher/alignment/offset", test_offset);
  g_test_add_func ("/switcher/alignment/wrap", test_wrap);
  g_test_add_func ("/switcher/alignment/slate", test_slate);
  g_test_add_func ("/switcher/alignment/loop", test_loop);
  g_test_add_func ("/switcher/alignment/jump", test_jump);
  g_test_add_func ("/switcher/alignment/strangers", test_strangers);
  g_test_add_func ("/switcher/alignment/weigh", test_weigh);
  g_test_add_func ("/switcher/alignment/wrong-loop", test_wrong_loop);
  g_test_add_func ("/switcher/alignment/preferred", test_preferred);
  g_test_add_func ("/switcher/alignment/relay", test_relay);
  g_test_add_func ("/switcher/alignment/short-loop", test_short_loop);
  g_test_add_func ("/switcher/alignment/dense-slate", test_dense_slate);
  return g_test_run ();
}
