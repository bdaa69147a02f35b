/* test-alignment.c - timelines told by equal pictures, and what must not be believed */
#include "switcher/alignment.h"

#include "fake-probe.h"

#define GOP (2 * G_TIME_SPAN_SECOND)
#define S G_TIME_SPAN_SECOND

static void
add (UsAlignment *alignment, UsOriginId side, gint64 start_us, guint n, guint64 hash) {
  g_autoptr (UsProbe) probe = fake_probe (start_us, n, GOP, hash);
  us_alignment_add (alignment, side, probe);
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
  us_alignment_add (&alignment, US_ORIGIN_PRIMARY, dense);
  g_assert_cmpuint (alignment.sides[0].n_pictures, <=, US_ALIGNMENT_PICTURES);
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
  return g_test_run ();
}
