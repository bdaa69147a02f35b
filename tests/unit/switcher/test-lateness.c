/* test-lateness.c - who of two with other cuts is late */
#include "switcher/lateness.h"

#define MS G_TIME_SPAN_MILLISECOND
#define S G_TIME_SPAN_SECOND

/* Two origins with segments of 2 s; the backup cuts 700 ms later and is @skew_us slower. */
typedef struct {
  UsLateness lateness;
  gint64 now_us, skew_us;
  gint64 stops_us[US_N_ORIGINS]; /* G_MAXINT64: never */
} World;

static void
step (World *world) {
  world->now_us += 50 * MS;
  for (guint i = 0; i < US_N_ORIGINS; i++) {
    gint64 phase_us = i == 1 ? 700 * MS : 0, way_us = i == 1 ? world->skew_us : 100 * MS;
    gint64 made_us = MIN (world->now_us - way_us, world->stops_us[i]) - phase_us;
    gint64 edge_us = made_us / (2 * S) * (2 * S) + phase_us;
    us_lateness_note (&world->lateness, (UsOriginId)i, edge_us, 2 * S, world->now_us);
  }
}

static gint64
behind_us (const World *world, UsOriginId origin) {
  gint64 since_us = us_lateness_behind_since (&world->lateness, origin, world->now_us);
  return since_us > 0 ? world->now_us - since_us : 0;
}

/* While both go on nobody is late, however much slower one is; when one stops it is. */
static void
test_one_stops (void) {
  static const gint64 skews_us[] = { 0, 100 * MS, 900 * MS, 2500 * MS };
  for (guint s = 0; s < G_N_ELEMENTS (skews_us); s++) {
    for (guint i = 0; i < US_N_ORIGINS; i++) {
      World world = { .now_us = 100 * S, .skew_us = skews_us[s] };
      world.stops_us[0] = world.stops_us[1] = G_MAXINT64;
      for (guint n = 0; n < 160; n++) { /* what is usual is learnt */
        step (&world);
      }
      for (guint n = 0; n < 400; n++) {
        step (&world);
        g_assert_cmpint (behind_us (&world, US_ORIGIN_PRIMARY), <=, 50 * MS);
        g_assert_cmpint (behind_us (&world, US_ORIGIN_BACKUP), <=, 50 * MS);
      }
      world.stops_us[i] = world.now_us - (i == 1 ? skews_us[s] : 100 * MS);
      gint64 struck_us = world.now_us;
      while (behind_us (&world, (UsOriginId)i) < 400 * MS) {
        step (&world);
        g_assert_cmpint (world.now_us - struck_us, <, 8 * S);
      }
      g_assert_cmpint (behind_us (&world, us_origin_other ((UsOriginId)i)), ==, 0);
    }
  }
}

/* The source stops: neither can have what was never made. */
static void
test_source_stops (void) {
  for (gint64 when_us = 120 * S; when_us < 124 * S; when_us += 250 * MS) {
    World world = { .now_us = 100 * S, .skew_us = 300 * MS };
    world.stops_us[0] = world.stops_us[1] = when_us;
    for (guint n = 0; n < 1000; n++) {
      step (&world);
      for (guint i = 0; i < US_N_ORIGINS; i++)
        g_assert_cmpint (behind_us (&world, (UsOriginId)i), <=, 400 * MS);
    }
  }
}

/* Whoever was due while this process stood still is not late for that. */
static void
test_own_pause (void) {
  for (guint phase = 0; phase < 40; phase++) {
    World world = { .now_us = 100 * S, .stops_us = { G_MAXINT64, G_MAXINT64 } };
    for (guint n = 0; n < 160 + phase; n++)
      step (&world);
    world.now_us += 5 * S;
    us_lateness_forgive (&world.lateness, 5 * S, world.now_us);
    g_assert_cmpint (behind_us (&world, US_ORIGIN_PRIMARY), <=, 50 * MS);
    g_assert_cmpint (behind_us (&world, US_ORIGIN_BACKUP), <=, 50 * MS);
    for (guint n = 0; n < 160; n++) {
      step (&world);
      g_assert_cmpint (behind_us (&world, US_ORIGIN_PRIMARY), <=, 50 * MS);
      g_assert_cmpint (behind_us (&world, US_ORIGIN_BACKUP), <=, 50 * MS);
    }
  }
}

/* Too little was seen to judge by. */
static void
test_too_early (void) {
  UsLateness lateness = { 0 };
  us_lateness_note (&lateness, US_ORIGIN_PRIMARY, 10 * S, 2 * S, 1 * S);
  us_lateness_note (&lateness, US_ORIGIN_BACKUP, 30 * S, 2 * S, 1 * S);
  g_assert_cmpint (us_lateness_behind_since (&lateness, US_ORIGIN_PRIMARY, 60 * S), ==, 0);
  us_lateness_reset (&lateness);
  g_assert_false (lateness.sides[0].is_set);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/switcher/lateness/one-stops", test_one_stops);
  g_test_add_func ("/switcher/lateness/source-stops", test_source_stops);
  g_test_add_func ("/switcher/lateness/own-pause", test_own_pause);
  g_test_add_func ("/switcher/lateness/too-early", test_too_early);
  return g_test_run ();
}
