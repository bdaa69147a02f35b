/* test-join.c - where another origin's playlist is entered */
#include "switcher/join.h"

#include "fake-probe.h"

/* @n segments of 2 s, the first starting at @wall_ms (-1: no dates) */
static UsPlaylist *
playlist_of (guint n, gint64 wall_ms) {
  UsPlaylist *playlist = us_playlist_new ();
  playlist->target_duration_s = 2;
  for (guint i = 0; i < n; i++) {
    g_autofree char *uri = g_strdup_printf ("s%u.ts", i);
    UsPlaylistSegment *segment = us_playlist_add (playlist, uri, i, 2 * G_USEC_PER_SEC);
    segment->wall_ms = wall_ms < 0 ? -1 : wall_ms + i * 2000;
  }
  return playlist;
}

static void
test_after (void) {
  static const struct {
    guint n;
    gint64 wall_ms, end_ms;
    guint expected;
  } table[] = {
    { 0, 0, 1000, 0 },          /* nothing there */
    { 10, 100000, 110000, 5 },  /* same boundaries */
    { 10, 100000, 110040, 5 },  /* within a frame */
    { 10, 100000, 110041, 6 },  /* no picture twice */
    { 10, 100000, 109000, 5 },  /* other boundaries: a gap of 1 s */
    { 10, 100000, 120000, 10 }, /* exactly at its end: wait for the next */
    { 10, 100000, 125000, 10 }, /* it is behind: wait */
    { 10, 100000, 126001, 7 },  /* so far behind that the clocks disagree */
    { 10, 100000, 50000, 0 },   /* a long outage: all it has is new */
    { 10, -1, 110000, 7 },      /* no dates there */
    { 10, 100000, -1, 7 },      /* no dates here */
    { 2, -1, -1, 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_autoptr (UsPlaylist) playlist = playlist_of (table[i].n, table[i].wall_ms);
    g_assert_cmpuint (us_join_after (playlist, table[i].end_ms), ==, table[i].expected);
  }
}

#define MS G_TIME_SPAN_MILLISECOND

/* Five segments of 2 s, the first starting at @start_ms from the end of the published ones. */
typedef struct {
  UsJoinSegment segments[5];
  UsProbe *probes[5];
} World;

static void
world_open (World *world, gint64 start_ms, gint64 gop_ms, guint here) {
  *world = (World){ 0 };
  for (guint i = 0; i < 5; i++) {
    gboolean is_here = (here >> i & 1) != 0;
    world->probes[i] = fake_probe (1000 * G_USEC_PER_SEC + i * 2000 * MS,
                                   gop_ms > 0 ? (guint)(2000 / gop_ms) : 1,
                                   gop_ms > 0 ? gop_ms * MS : 2000 * MS, i * 100);
    world->segments[i] = (UsJoinSegment){
      .number = i,
      .start_us = (start_ms + i * 2000) * MS,
      .duration_us = 2000 * MS,
      .is_here = is_here,
      .may_be_cut = gop_ms > 0,
      .probe = is_here ? world->probes[i] : NULL,
    };
  }
}

static void
world_close (World *world) {
  for (guint i = 0; i < 5; i++)
    us_probe_free (world->probes[i]);
}

static void
test_plan (void) {
  static const struct {
    gint64 start_ms, gop_ms; /* gop 0: cannot be cut */
    guint here;              /* bit for each segment */
    gint64 waited_ms, next_in_ms;
    UsJoinStep step;
    guint index;
    int picture;
    gint64 gap_ms, overlap_ms;
  } table[] = {
    /* exact, at a start: in memory or not */
    { -6000, 0, 0x1f, 0, 500, US_JOIN_ENTER, 3, -1, 0, 0 },
    { -6000, 0, 0x00, 0, 500, US_JOIN_FETCH, 3, -1, 0, 0 },
    { -5980, 0, 0x1f, 0, 500, US_JOIN_ENTER, 3, -1, 20, 0 }, /* within a frame */
    /* exact, at a key frame inside */
    { -6500, 500, 0x1f, 0, 500, US_JOIN_ENTER, 3, 1, 0, 0 },
    { -6500, 500, 0x17, 0, 500, US_JOIN_FETCH, 3, -1, 0, 0 }, /* to be looked into first */
    /* no exact place: a small gap before any overlap, else the smaller one */
    { -5600, 0, 0x1f, 0, 500, US_JOIN_ENTER, 3, -1, 400, 0 },
    { -6600, 0, 0x1f, 0, 500, US_JOIN_ENTER, 3, -1, 0, 600 },
    { -5000, 0, 0x1f, 0, 500, US_JOIN_ENTER, 3, -1, 1000, 0 },
    { -6300, 500, 0x1f, 0, 500, US_JOIN_ENTER, 3, 1, 200, 0 },
    /* the better place is not listed yet: waited for while it can come in time */
    { -9600, 0, 0x1f, 0, 500, US_JOIN_WAIT, 0, -1, 0, 0 },
    { -9600, 0, 0x1f, 2000, 1000, US_JOIN_ENTER, 4, -1, 0, 1600 },
    { -8400, 0, 0x1f, 0, 500, US_JOIN_ENTER, 4, -1, 0, 400 }, /* and not when it is worse */
    /* it is behind: nothing new there; only a viewer about to run dry sees it again */
    { -10500, 0, 0x1f, 3000, 500, US_JOIN_WAIT, 0, -1, 0, 0 },
    { -10500, 0, 0x1f, 6100, 500, US_JOIN_ENTER, 4, -1, 0, 2500 },
    /* all of it is new: the oldest */
    { 3000, 0, 0x1f, 0, 500, US_JOIN_ENTER, 0, -1, 3000, 0 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    World world;
    world_open (&world, table[i].start_ms, table[i].gop_ms, table[i].here);
    const UsJoinPatience patience = { .frame_us = 40 * MS,
                                      .waited_us = table[i].waited_ms * MS,
                                      .target_us = 2000 * MS,
                                      .next_in_us = table[i].next_in_ms * MS };
    UsJoinPlan plan = us_join_plan (world.segments, 5, &patience);
    g_test_message ("case %u", i);
    g_assert_cmpint (plan.step, ==, table[i].step);
    if (plan.step != US_JOIN_WAIT)
      g_assert_cmpuint (plan.index, ==, table[i].index);
    g_assert_cmpint (plan.picture, ==, table[i].picture);
    if (plan.step == US_JOIN_ENTER) {
      g_assert_cmpint (plan.gap_us, ==, table[i].gap_ms * MS);
      g_assert_cmpint (plan.overlap_us, ==, table[i].overlap_ms * MS);
    }
    world_close (&world);
  }
  const UsJoinPatience patience = { .frame_us = 40 * MS, .target_us = 2000 * MS };
  g_assert_cmpint (us_join_plan (NULL, 0, &patience).step, ==, US_JOIN_WAIT);
}

static void
test_believable (void) {
  static const struct {
    gint64 start_ms;
    gboolean is_believable;
  } table[] = { { -10000, TRUE }, { 0, TRUE },       { 6000, TRUE },    { 6001, FALSE },
                { -16000, TRUE }, { -16001, FALSE }, { 3600000, FALSE } };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    World world;
    world_open (&world, table[i].start_ms, 0, 0);
    g_assert_cmpint (us_join_is_believable (world.segments, 5, 2000 * MS), ==,
                     table[i].is_believable);
    world_close (&world);
  }
}

static void
test_start (void) {
  g_autoptr (UsPlaylist) playlist = playlist_of (12, -1);
  g_assert_cmpuint (us_join_start (playlist, 10), ==, 2);
  g_assert_cmpuint (us_join_start (playlist, 12), ==, 0);
  g_assert_cmpuint (us_join_start (playlist, 50), ==, 0);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/switcher/join/after", test_after);
  g_test_add_func ("/switcher/join/plan", test_plan);
  g_test_add_func ("/switcher/join/believable", test_believable);
  g_test_add_func ("/switcher/join/start", test_start);
  return g_test_run ();
}
