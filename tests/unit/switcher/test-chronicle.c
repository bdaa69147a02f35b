/* test-chronicle.c - what is remembered of publications, for how many, and what is learnt later */
#include "switcher/chronicle.h"

#include <string.h>

#include "ts-segment.h"

static const UsChronicleHow quick = { .was_hedged = TRUE, .took_us = 12345 };

typedef struct {
  UsLedger *ledger;
  UsChronicle *chronicle;
} World;

static World
open_world (void) {
  World world = { us_ledger_new (3, "", 1, 1, 1), us_chronicle_new () };
  us_ledger_set_target (world.ledger, 2);
  return world;
}

static void
close_world (World *world) {
  us_chronicle_free (world->chronicle);
  us_ledger_free (world->ledger);
}

static void
publish (World *world, guint64 number, UsOriginId origin) {
  g_autoptr (GBytes) bytes = ts_segment (number, 0);
  g_autoptr (GError) error = NULL;
  guint n = us_ledger_get_n_rows (world->ledger);
  const UsLedgerOffer offer = { .origin = origin,
                                .is_ours = TRUE,
                                .epoch = 7,
                                .number = number,
                                .duration_us = 2 * G_USEC_PER_SEC,
                                .wall_ms = -1,
                                .bytes = bytes };
  gboolean is_appended = us_ledger_append (world->ledger, &offer, 0, &error);
  g_assert_no_error (error);
  g_assert_true (is_appended);
  for (guint i = n; i < us_ledger_get_n_rows (world->ledger); i++) {
    us_chronicle_add (world->chronicle, us_ledger_get_row (world->ledger, i), &quick,
                      (gint64)number * G_USEC_PER_SEC);
    us_chronicle_expect (world->chronicle, US_COPY_NOT_COMPARED, TRUE);
  }
}

static const UsChronicleRow *
find (const World *world, guint64 number) {
  guint index = us_chronicle_find_after (world->chronicle, number - 1);
  const UsChronicleRow *row = us_chronicle_get_row (world->chronicle, index);
  g_assert_cmpuint (row->number, ==, number);
  return row;
}

static void
test_row (void) {
  World world = open_world ();
  g_assert_null (us_chronicle_get_last (world.chronicle));
  g_assert_cmpuint (us_chronicle_find_after (world.chronicle, 0), ==, 0);
  publish (&world, 100, US_ORIGIN_BACKUP);
  const UsChronicleRow *row = us_chronicle_get_last (world.chronicle);
  const UsSegment *segment = us_ledger_get_last (world.ledger)->segment;
  g_assert_cmpuint (row->number, ==, 100);
  g_assert_cmpuint (row->epoch, ==, 7);
  g_assert_cmpuint (row->origin_number, ==, 100);
  g_assert_cmpstr (row->name, ==, "7-100.ts");
  g_assert_cmpuint (strlen (row->hash), ==, 16);
  g_assert_cmpmem (row->hash, 16, segment->etag + 1, 16);
  g_assert_cmpint (row->origin, ==, US_ORIGIN_BACKUP);
  g_assert_cmpuint (row->n_bytes, ==, g_bytes_get_size (segment->bytes));
  g_assert_cmpint (row->wall_us, ==, 100 * G_USEC_PER_SEC);
  g_assert_cmpint (row->how.took_us, ==, 12345);
  g_assert_true (row->how.was_hedged);
  g_assert_false (row->how.was_resumed || row->is_gap || row->is_discontinuous);
  close_world (&world);
}

/* Holes are rows too: numbers rise by one. */
static void
test_gaps (void) {
  World world = open_world ();
  publish (&world, 100, US_ORIGIN_PRIMARY);
  publish (&world, 103, US_ORIGIN_PRIMARY);
  g_assert_cmpuint (us_chronicle_get_n_rows (world.chronicle), ==, 4);
  g_assert_false (find (&world, 100)->is_gap);
  g_assert_true (find (&world, 101)->is_gap);
  g_assert_true (find (&world, 102)->is_gap);
  g_assert_false (find (&world, 103)->is_gap);
  close_world (&world);
}

static void
test_bound (void) {
  World world = open_world ();
  guint64 last = 100 + US_CHRONICLE_ROWS + 50 - 1;
  for (guint64 n = 100; n <= last; n++)
    publish (&world, n, US_ORIGIN_PRIMARY);
  g_assert_cmpuint (us_chronicle_get_n_rows (world.chronicle), ==, US_CHRONICLE_ROWS);
  g_assert_cmpuint (us_chronicle_get_row (world.chronicle, 0)->number, ==, 150);
  const struct {
    guint64 number;
    guint index;
  } table[] = { { 0, 0 },
                { 149, 0 },
                { 150, 1 },
                { 151, 2 },
                { last - 1, US_CHRONICLE_ROWS - 1 },
                { last, US_CHRONICLE_ROWS },
                { last + 1, US_CHRONICLE_ROWS },
                { G_MAXINT64, US_CHRONICLE_ROWS } };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    g_assert_cmpuint (us_chronicle_find_after (world.chronicle, table[i].number), ==,
                      table[i].index);
  close_world (&world);
}

/* Only the newest may still be asked about; what was not stays not compared. */
static void
test_waiting (void) {
  World world = open_world ();
  for (guint64 n = 1; n <= 3 * US_CHRONICLE_WAITING; n++) {
    publish (&world, n, US_ORIGIN_PRIMARY);
    for (guint64 m = 1; m <= n; m++)
      g_assert_cmpint (find (&world, m)->is_waiting, ==, n - m < US_CHRONICLE_WAITING);
  }
  g_assert_cmpint (find (&world, 1)->copy, ==, US_COPY_NOT_COMPARED);
  close_world (&world);
}

static void
test_settle (void) {
  World world = open_world ();
  for (guint64 n = 100; n < 105; n++)
    publish (&world, n, US_ORIGIN_PRIMARY);
  us_chronicle_settle (world.chronicle, 99, US_COPY_EQUAL);
  us_chronicle_settle (world.chronicle, 105, US_COPY_EQUAL);
  us_chronicle_settle (world.chronicle, 101, US_COPY_EQUAL);
  us_chronicle_settle (world.chronicle, 102, US_COPY_DIFFERENT);
  us_chronicle_settle (world.chronicle, 103, US_COPY_NOT_COMPARED);
  us_chronicle_expect (world.chronicle, US_COPY_NOT_COMPARABLE, TRUE);
  const struct {
    guint64 number;
    UsCopy copy;
    gboolean is_waiting;
  } table[] = { { 100, US_COPY_NOT_COMPARED, TRUE },
                { 101, US_COPY_EQUAL, FALSE },
                { 102, US_COPY_DIFFERENT, FALSE },
                { 103, US_COPY_NOT_COMPARED, FALSE },
                { 104, US_COPY_NOT_COMPARABLE, TRUE } };
  for (guint i = 0; i < G_N_ELEMENTS (table); i++) {
    g_assert_cmpint (find (&world, table[i].number)->copy, ==, table[i].copy);
    g_assert_cmpint (find (&world, table[i].number)->is_waiting, ==, table[i].is_waiting);
  }

  /* One of what is not comparable may still be looked at, and is what it was when that brings
   * nothing. */
  us_chronicle_resign (world.chronicle);
  g_assert_cmpint (find (&world, 100)->copy, ==, US_COPY_NOT_COMPARABLE);
  g_assert_false (find (&world, 100)->is_waiting);
  g_assert_cmpint (find (&world, 101)->copy, ==, US_COPY_EQUAL);
  g_assert_true (find (&world, 104)->is_waiting);
  us_chronicle_settle (world.chronicle, 104, US_COPY_NOT_COMPARED);
  g_assert_cmpint (find (&world, 104)->copy, ==, US_COPY_NOT_COMPARABLE);
  close_world (&world);
}

static void
test_words (void) {
  g_assert_cmpstr (us_copy_word (US_COPY_NOT_COMPARED), ==, "not-compared");
  g_assert_cmpstr (us_copy_word (US_COPY_NOT_COMPARABLE), ==, "not-comparable");
  g_assert_cmpstr (us_copy_word (US_COPY_EQUAL), ==, "equal");
  g_assert_cmpstr (us_copy_word (US_COPY_DIFFERENT), ==, "different");
}

/* Behind a step of the ledger numbers go on elsewhere; what is there can be settled and asked for.
 */
static void
test_behind_a_step (void) {
  World world = open_world ();
  publish (&world, 100, US_ORIGIN_PRIMARY);
  for (guint64 number = 140; number <= 142; number++)
    publish (&world, number, US_ORIGIN_PRIMARY);
  g_assert_cmpuint (us_chronicle_get_n_rows (world.chronicle), ==, 4);
  for (guint64 number = 139; number <= 142; number++)
    g_assert_cmpuint (us_chronicle_find_after (world.chronicle, number), ==, number - 138);
  us_chronicle_settle (world.chronicle, 140, US_COPY_EQUAL);
  us_chronicle_settle (world.chronicle, 120, US_COPY_DIFFERENT); /* there never was one */
  g_assert_cmpint (find (&world, 140)->copy, ==, US_COPY_EQUAL);
  g_assert_false (find (&world, 140)->is_waiting);
  g_assert_cmpint (find (&world, 100)->copy, ==, US_COPY_NOT_COMPARED);
  g_assert_true (find (&world, 142)->is_waiting);
  close_world (&world);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/switcher/chronicle/row", test_row);
  g_test_add_func ("/switcher/chronicle/behind-a-step", test_behind_a_step);
  g_test_add_func ("/switcher/chronicle/gaps", test_gaps);
  g_test_add_func ("/switcher/chronicle/bound", test_bound);
  g_test_add_func ("/switcher/chronicle/waiting", test_waiting);
  g_test_add_func ("/switcher/chronicle/settle", test_settle);
  g_test_add_func ("/switcher/chronicle/words", test_words);
  return g_test_run ();
}
