/* test-calendar.c - dates through steps of clocks */
#include "switcher/calendar.h"

#define NOW_MS G_GINT64_CONSTANT (1700000000000)

/* A packager that lists its last five segments of 2 s, as its clock says. */
typedef struct {
  guint64 newest;
  gint64 clock_ms;   /* what its clock is ahead by */
  gboolean rewrites; /* the clock is somebody's who rewrites all dates, old ones too */
  gint64 dates_ms[200];
} Packager;

static gint64
end_ms (const Packager *packager) {
  return NOW_MS + (gint64)packager->newest * 2000;
}

static UsPlaylist *
next (Packager *packager) {
  UsPlaylist *playlist = us_playlist_new ();
  packager->newest++;
  packager->dates_ms[packager->newest] = end_ms (packager) - 2000 + packager->clock_ms;
  for (guint64 n = packager->newest > 5 ? packager->newest - 4 : 1; n <= packager->newest; n++) {
    UsPlaylistSegment *segment = us_playlist_add (playlist, "x.ts", n, 2 * G_USEC_PER_SEC);
    segment->wall_ms = packager->rewrites ? NOW_MS + ((gint64)n - 1) * 2000 + packager->clock_ms
                                          : packager->dates_ms[n];
  }
  return playlist;
}

static gboolean
note (UsCalendar *calendar, Packager *packager, const UsCalendar *twin) {
  g_autoptr (UsPlaylist) playlist = next (packager);
  return us_calendar_note (calendar, playlist, end_ms (packager) + 300, twin);
}

static gint64
newest_date_ms (const UsCalendar *calendar) {
  const UsCalendarDay *day
      = &g_array_index (calendar->days, UsCalendarDay, calendar->days->len - 1);
  return day->date_ms;
}

static void
test_steps (void) {
  static const gint64 steps_ms[] = { 30000, -30000, 3600000, -3600000, 1500 };
  for (guint i = 0; i < 2 * G_N_ELEMENTS (steps_ms); i++) {
    gint64 step_ms = steps_ms[i / 2];
    UsCalendar calendar;
    Packager packager = { .rewrites = i % 2 == 1 };
    us_calendar_init (&calendar);
    for (guint n = 0; n < 10; n++)
      g_assert_false (note (&calendar, &packager, NULL));
    packager.clock_ms = step_ms;
    g_assert_true (note (&calendar, &packager, NULL));
    for (guint n = 0; n < 10; n++) {
      g_assert_false (note (&calendar, &packager, NULL));
      g_assert_cmpint (newest_date_ms (&calendar), ==, end_ms (&packager) - 2000);
      g_assert_cmpint (ABS (calendar.offset_ms - step_ms), <, 1000);
    }
    packager.clock_ms = 0; /* and back */
    g_assert_true (note (&calendar, &packager, NULL));
    g_assert_cmpint (newest_date_ms (&calendar), ==, end_ms (&packager) - 2000);
    g_assert_cmpuint (calendar.n_steps, ==, 2);
    us_calendar_clear (&calendar);
  }
}

/* A packager that was restarted lists what the ingest still has, from 20 s ago on, faster than real
 * time until it is there again. Returns: how often its clock is said to have stepped */
static guint
restart (gboolean is_told, gint64 *correction_ms) {
  UsCalendar calendar;
  Packager packager = { 0 };
  guint n_steps = 0;
  us_calendar_init (&calendar);
  calendar.is_told = is_told;
  for (guint n = 0; n < 20; n++)
    n_steps += note (&calendar, &packager, NULL);
  gint64 now_ms = end_ms (&packager) + 2000;
  us_calendar_restart (&calendar);
  for (guint64 newest = packager.newest - 10; newest <= packager.newest; newest++) {
    g_autoptr (UsPlaylist) playlist = us_playlist_new ();
    for (guint64 n = packager.newest - 10; n <= newest; n++) {
      UsPlaylistSegment *segment = us_playlist_add (playlist, "x.ts", n, 2 * G_USEC_PER_SEC);
      segment->wall_ms = packager.dates_ms[n];
    }
    n_steps += us_calendar_note (&calendar, playlist, now_ms += 50, NULL);
  }
  for (guint n = 0; n < 10; n++)
    n_steps += note (&calendar, &packager, NULL);
  *correction_ms = calendar.correction_ms;
  us_calendar_clear (&calendar);
  return n_steps;
}

static void
test_restart (void) {
  gint64 correction_ms = 0;
  g_assert_cmpuint (restart (TRUE, &correction_ms), ==, 0);
  g_assert_cmpint (correction_ms, ==, 0);
  /* Of one that dates by its own clock nobody can tell. */
  g_assert_cmpuint (restart (FALSE, &correction_ms), >, 0);
}

/* One that is met first while it catches up: its dates are those of its twin all the same. */
static void
test_met_while_behind (void) {
  UsCalendar first, second;
  Packager good = { 0 }, behind = { .clock_ms = -20000 };
  us_calendar_init (&first);
  us_calendar_init (&second);
  first.is_told = second.is_told = TRUE;
  note (&first, &good, NULL);
  note (&second, &behind, &first);
  g_assert_cmpint (second.correction_ms, ==, 0);
  us_calendar_clear (&first);
  us_calendar_clear (&second);
}

/* Something is missing in the stream, and dates say so: they are right. */
static void
test_hole (void) {
  UsCalendar calendar;
  Packager packager = { 0 };
  us_calendar_init (&calendar);
  for (guint n = 0; n < 10; n++)
    g_assert_false (note (&calendar, &packager, NULL));
  packager.newest += 20; /* 40 s of nothing, for everybody */
  g_autoptr (UsPlaylist) playlist = us_playlist_new ();
  for (guint64 n = 11; n <= 12; n++) {
    UsPlaylistSegment *segment = us_playlist_add (playlist, "x.ts", n, 2 * G_USEC_PER_SEC);
    segment->wall_ms = n == 11 ? end_ms (&packager) - 4000 : end_ms (&packager) - 2000;
  }
  g_assert_false (us_calendar_note (&calendar, playlist, end_ms (&packager) + 300, NULL));
  g_assert_cmpint (newest_date_ms (&calendar), ==, end_ms (&packager) - 2000);
  us_calendar_clear (&calendar);
}

/* Two that disagree from the start are brought together; a common delay is left alone. */
static void
test_twin (void) {
  UsCalendar first, second;
  Packager good = { 0 }, ahead = { .clock_ms = 7200000 }, delayed = { .clock_ms = -3000 };
  us_calendar_init (&first);
  us_calendar_init (&second);
  note (&first, &good, NULL);
  note (&second, &ahead, &first);
  g_assert_cmpint (newest_date_ms (&second), ==, newest_date_ms (&first));
  us_calendar_clear (&second);
  us_calendar_init (&second);
  note (&second, &delayed, &first);
  g_assert_cmpint (newest_date_ms (&second), ==, newest_date_ms (&first) - 3000);
  us_calendar_clear (&first);
  us_calendar_clear (&second);
}

/* Without dates there is still the time at which segments came. */
static void
test_no_dates (void) {
  UsCalendar calendar;
  us_calendar_init (&calendar);
  g_autoptr (UsPlaylist) playlist = us_playlist_new ();
  for (guint64 n = 1; n <= 3; n++)
    us_playlist_add (playlist, "x.ts", n, 2 * G_USEC_PER_SEC);
  g_assert_false (us_calendar_note (&calendar, playlist, NOW_MS, NULL));
  g_assert_false (calendar.has_offset);
  const UsCalendarDay *day = us_calendar_find (&calendar, 1);
  g_assert_cmpint (day->date_ms, ==, -1);
  g_assert_cmpint (day->came_ms, ==, NOW_MS - 6000);
  g_assert_null (us_calendar_find (&calendar, 4));
  us_calendar_restart (&calendar);
  g_assert_null (us_calendar_find (&calendar, 1));
  us_calendar_clear (&calendar);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/switcher/calendar/steps", test_steps);
  g_test_add_func ("/switcher/calendar/restart", test_restart);
  g_test_add_func ("/switcher/calendar/met-while-behind", test_met_while_behind);
  g_test_add_func ("/switcher/calendar/hole", test_hole);
  g_test_add_func ("/switcher/calendar/twin", test_twin);
  g_test_add_func ("/switcher/calendar/no-dates", test_no_dates);
  return g_test_run ();
}
