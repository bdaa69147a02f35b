/* test-schedule.c - many things at their times */
#include "monitor/schedule.h"

#define N 500

typedef struct Item Item;
typedef struct {
  UsFakeClock clock;
  UsSchedule *schedule;
  Item *items[N];
  guint n_done;
  gint64 last_us;
} Stage;

struct Item {
  UsScheduled entry;
  Stage *stage;
  guint n_done, again;
};

static void
on_due (gint64 due_us, gpointer user_data) {
  Item *item = user_data;
  Stage *stage = item->stage;
  g_assert_cmpint (due_us, <=, stage->clock.now_monotonic_us);
  g_assert_cmpint (due_us, >=, stage->last_us);
  g_assert_cmpuint (item->entry.place, ==, 0);
  stage->last_us = due_us;
  stage->n_done++;
  item->n_done++;
  if (item->again-- > 0)
    us_schedule_at (stage->schedule, &item->entry, due_us + 1000);
  else
    item->again = 0;
}

static void
set_up (Stage *stage, gconstpointer data) {
  us_fake_clock_init (&stage->clock, 1000000, 0);
  stage->schedule = us_schedule_new (&stage->clock.clock);
  for (guint i = 0; i < N; i++) {
    stage->items[i] = g_new0 (Item, 1);
    stage->items[i]->stage = stage;
    stage->items[i]->entry.due = on_due;
    stage->items[i]->entry.user_data = stage->items[i];
  }
}

static void
tear_down (Stage *stage, gconstpointer data) {
  us_schedule_free (stage->schedule);
  for (guint i = 0; i < N; i++)
    g_free (stage->items[i]);
}

static void
run_all (Stage *stage) {
  guint before;
  do {
    before = stage->n_done;
    us_schedule_run (stage->schedule);
  } while (stage->n_done > before);
}

static void
test_order (Stage *stage, gconstpointer data) {
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  for (guint round = 0; round < 20; round++) {
    for (guint i = 0; i < N; i++)
      if (g_rand_int_range (rand, 0, 3) > 0)
        us_schedule_at (stage->schedule, &stage->items[i]->entry,
                        stage->clock.now_monotonic_us + g_rand_int_range (rand, 0, 5000));
    for (guint i = 0; i < N; i += 3)
      us_schedule_drop (stage->schedule, &stage->items[i]->entry);
    us_fake_clock_advance_us (&stage->clock, 2500);
    run_all (stage);
    for (guint i = 0; i < N; i++)
      if (stage->items[i]->entry.place != 0)
        g_assert_cmpint (stage->items[i]->entry.due_us, >, stage->clock.now_monotonic_us);
    for (guint i = 0; i < N; i++)
      us_schedule_drop (stage->schedule, &stage->items[i]->entry);
    g_assert_cmpuint (us_schedule_count (stage->schedule), ==, 0);
    stage->last_us = stage->clock.now_monotonic_us;
  }
  g_assert_cmpuint (stage->n_done, >, N);
}

/* One that plans itself again for the past does not keep the loop busy for ever. */
static void
test_bounded (Stage *stage, gconstpointer data) {
  stage->items[0]->again = 10000;
  us_fake_clock_advance_us (&stage->clock, 1000000000);
  us_schedule_at (stage->schedule, &stage->items[0]->entry, 0);
  us_schedule_run (stage->schedule);
  g_assert_cmpuint (stage->n_done, <=, 64);
  g_assert_cmpuint (us_schedule_count (stage->schedule), ==, 1);
}

static gboolean
on_watchdog (gpointer user_data) {
  g_assert_not_reached (); /* the schedule did not wake the main loop */
  return G_SOURCE_REMOVE;
}

/* The main loop wakes for it; planning anew moves it. */
static void
test_loop (void) {
  Stage stage = { 0 };
  Item item = { .stage = &stage };
  us_fake_clock_init (&stage.clock, g_get_monotonic_time (), 0);
  g_autoptr (UsSchedule) schedule = us_schedule_new (us_clock_system ());
  stage.schedule = schedule;
  stage.clock.now_monotonic_us = G_MAXINT64;
  item.entry.due = on_due;
  item.entry.user_data = &item;
  guint watchdog = g_timeout_add_seconds (30, on_watchdog, NULL);
  us_schedule_at (schedule, &item.entry, g_get_monotonic_time () + 3600 * (gint64)G_USEC_PER_SEC);
  us_schedule_at (schedule, &item.entry, g_get_monotonic_time () + 20000);
  while (item.n_done == 0)
    g_main_context_iteration (NULL, TRUE);
  us_schedule_at (schedule, &item.entry, g_get_monotonic_time () + 3600 * (gint64)G_USEC_PER_SEC);
  us_schedule_free (g_steal_pointer (&schedule));
  g_assert_cmpuint (item.entry.place, ==, 0);
  g_source_remove (watchdog);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/monitor/schedule/order", Stage, NULL, set_up, test_order, tear_down);
  g_test_add ("/monitor/schedule/bounded", Stage, NULL, set_up, test_bounded, tear_down);
  g_test_add_func ("/monitor/schedule/loop", test_loop);
  return g_test_run ();
}
