/* test-state.c - numbers over restarts, crashes, lost files and clocks that go back */
#include "ingest/state.h"

#include "stuck-disk.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNIX_S 1800000000ll

typedef struct {
  char *dir;
  UsFakeClock clock;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data) {
  fixture->dir = g_dir_make_tmp ("understudy-state-XXXXXX", NULL);
  g_assert_nonnull (fixture->dir);
  us_fake_clock_init (&fixture->clock, 0, UNIX_S * G_USEC_PER_SEC);
}

static char *
path_of (Fixture *fixture, const char *name) {
  return g_build_filename (fixture->dir, name, NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data) {
  static const char *const names[] = { "ingest.state", "ingest.last", "ingest.state.corrupt" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree char *path = path_of (fixture, names[i]);
    (void)g_remove (path);
  }
  g_assert_cmpint (g_rmdir (fixture->dir), ==, 0);
  g_free (fixture->dir);
}

static UsState *
start (Fixture *fixture) {
  return us_state_new (fixture->dir, &fixture->clock.clock);
}

static gpointer
release_disk (gpointer data) {
  disk_set_stuck (FALSE);
  return NULL;
}

static void
finish_writing (UsState *state) {
  while (us_state_is_writing (state))
    g_main_context_iteration (NULL, TRUE);
}

static guint64
read_reserved (Fixture *fixture, gboolean *is_clean) {
  g_autofree char *path = path_of (fixture, "ingest.state");
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_assert_true (g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, NULL));
  *is_clean = g_key_file_get_boolean (file, "ingest", "clean", NULL);
  return g_key_file_get_uint64 (file, "stream a", "reserved", NULL);
}

/* What a killed process leaves: files as they are, nothing written at the end. */
static void
crash (Fixture *fixture, UsState *state) {
  g_autofree char *path = path_of (fixture, "ingest.state");
  g_autofree char *text = NULL;
  gsize size = 0;
  finish_writing (state);
  gboolean had = g_file_get_contents (path, &text, &size, NULL);
  us_state_free (state);
  if (had)
    g_assert_true (g_file_set_contents (path, text, (gssize)size, NULL));
  else
    g_assert_cmpint (g_remove (path), ==, 0);
}

static void
test_first (Fixture *fixture, gconstpointer data) {
  g_autoptr (UsState) state = start (fixture);
  UsStateStream *stream = us_state_open (state, "a");
  g_assert_cmpuint (us_state_take_number (state, stream), ==, UNIX_S);
  g_assert_cmpuint (us_state_take_number (state, stream), ==, UNIX_S + 1);
  g_assert_cmpuint (us_state_take_epoch (state, stream), ==, UNIX_S * 1000);
  g_assert_cmpuint (us_state_take_epoch (state, stream), ==, UNIX_S * 1000 + 1);
  g_assert_true (us_state_is_dirty (state));
  us_state_flush (state);
  g_assert_false (us_state_is_dirty (state));
  for (guint i = 0; i < US_STATE_BLOCK / 2 - 1; i++)
    (void)us_state_take_number (state, stream);
  g_assert_false (us_state_is_dirty (state)); /* not a write per segment */
  for (guint i = 0; i < US_STATE_BLOCK; i++)
    (void)us_state_take_number (state, stream);
  g_assert_true (us_state_is_dirty (state));
  us_state_close (state, stream);
}

static void
test_clean_restart (Fixture *fixture, gconstpointer data) {
  UsState *state = start (fixture);
  UsStateStream *stream = us_state_open (state, "a");
  guint64 last = us_state_take_number (state, stream);
  guint64 epoch = us_state_take_epoch (state, stream);
  g_assert_cmpuint (us_state_count_discontinuity (state, stream), ==, 1);
  us_state_set_target_duration (state, stream, 5);
  us_state_free (state);
  /* the clock goes back an hour: what was persisted wins, without a hole */
  us_fake_clock_advance_us (&fixture->clock, -3600ll * G_USEC_PER_SEC);
  state = start (fixture);
  stream = us_state_open (state, "a");
  g_assert_cmpuint (stream->number, ==, last);
  g_assert_cmpuint (stream->discontinuity, ==, 1);
  g_assert_cmpuint (us_state_get_target_duration (state, stream), ==, 5);
  g_assert_cmpuint (us_state_take_number (state, stream), ==, last + 1);
  g_assert_cmpuint (us_state_take_epoch (state, stream), ==, epoch + 1);
  us_state_free (state);
}

static void
test_killed (Fixture *fixture, gconstpointer data) {
  UsState *state = start (fixture);
  UsStateStream *stream = us_state_open (state, "a");
  UsStateStream *other = us_state_open (state, "b");
  guint64 last = us_state_take_number (state, stream);
  (void)us_state_take_number (state, other);
  us_state_flush (state);
  for (guint i = 0; i < 7; i++) {
    last = us_state_take_number (state, stream);
    if (i == 3)
      (void)us_state_count_discontinuity (state, stream);
    us_state_note_closed (state, stream);
  }
  (void)us_state_take_number (state, stream); /* half a segment, which nobody ever publishes ... */
  (void)us_state_take_epoch (state, stream);
  (void)us_state_count_discontinuity (state, stream); /* ... nor its discontinuity */
  crash (fixture, state);
  us_fake_clock_advance_us (&fixture->clock, 10 * G_USEC_PER_SEC);
  state = start (fixture);
  stream = us_state_open (state, "a");
  g_assert_cmpuint (stream->discontinuity, ==, 1);
  g_assert_cmpuint (us_state_take_number (state, stream), ==, last + 1);
  us_state_free (state);
}

/* Killed in the first segment ever: no number is known to be published, none is repeated either. */
static void
test_killed_at_first (Fixture *fixture, gconstpointer data) {
  UsState *state = start (fixture);
  UsStateStream *stream = us_state_open (state, "a");
  guint64 first = us_state_take_number (state, stream);
  (void)us_state_take_epoch (state, stream);
  us_state_flush (state);
  crash (fixture, state);
  us_fake_clock_advance_us (&fixture->clock, -3600ll * G_USEC_PER_SEC);
  state = start (fixture);
  stream = us_state_open (state, "a");
  g_assert_cmpuint (stream->number, >, 0); /* there was something before */
  guint64 second = us_state_take_number (state, stream);
  g_assert_cmpuint (second, >, first);
  crash (fixture, state); /* and again, without a flush */
  state = start (fixture);
  stream = us_state_open (state, "a");
  g_assert_cmpuint (us_state_take_number (state, stream), ==, second);
  us_state_note_closed (state, stream);
  crash (fixture, state);
  state = start (fixture);
  stream = us_state_open (state, "a");
  g_assert_cmpuint (us_state_take_number (state, stream), ==, second + 1);
  us_state_free (state);
}

/* A packager said what it holds: that was published, whatever was known here. */
static void
test_killed_after_raise (Fixture *fixture, gconstpointer data) {
  UsState *state = start (fixture);
  UsStateStream *stream = us_state_open (state, "a");
  us_state_raise_number (state, stream, UNIX_S + 500);
  us_state_flush (state);
  crash (fixture, state);
  state = start (fixture);
  stream = us_state_open (state, "a");
  g_assert_cmpuint (us_state_take_number (state, stream), ==, UNIX_S + 501);
  us_state_free (state);
}

/* After the machine died ingest.last counts for nothing: on from what was reserved. */
static void
test_machine_died (Fixture *fixture, gconstpointer data) {
  UsState *state = start (fixture);
  UsStateStream *stream = us_state_open (state, "a");
  (void)us_state_take_number (state, stream);
  us_state_flush (state);
  guint64 last = us_state_take_number (state, stream);
  crash (fixture, state);
  g_autofree char *path = path_of (fixture, "ingest.last");
  g_autofree char *text = NULL;
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  text[5] = text[5] == 'x' ? 'y' : 'x'; /* another boot */
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  us_fake_clock_advance_us (&fixture->clock, -3600ll * G_USEC_PER_SEC);
  state = start (fixture);
  stream = us_state_open (state, "a");
  guint64 next = us_state_take_number (state, stream);
  g_assert_cmpuint (next, >, last);
  g_assert_cmpuint (next, <=, last + US_STATE_BLOCK + 1);
  us_state_free (state);
}

static void
test_corrupt (Fixture *fixture, gconstpointer data) {
  g_autofree char *path = path_of (fixture, "ingest.state");
  g_autofree char *last_path = path_of (fixture, "ingest.last");
  g_autofree char *aside = path_of (fixture, "ingest.state.corrupt");
  g_assert_true (g_file_set_contents (path, "[stream a\nreserved=\xff\x00", 20, NULL));
  g_assert_true (g_file_set_contents (last_path, "boot nonsense\n a b c", -1, NULL));
  g_autoptr (UsState) state = start (fixture);
  g_assert_true (g_file_test (aside, G_FILE_TEST_EXISTS));
  UsStateStream *stream = us_state_open (state, "a");
  g_assert_cmpuint (us_state_take_number (state, stream), ==, UNIX_S);
}

/* Well-formed but hostile values. */
static void
test_odd_values (Fixture *fixture, gconstpointer data) {
  g_autofree char *path = path_of (fixture, "ingest.state");
  g_assert_true (g_file_set_contents (path,
                                      "[ingest]\nclean=true\n[stream ../x]\nreserved=5\n"
                                      "[stream b]\nreserved=-7\ntarget-duration=99999999\n"
                                      "[stream c]\nreserved=abc\n",
                                      -1, NULL));
  g_autoptr (UsState) state = start (fixture);
  UsStateStream *stream = us_state_open (state, "c");
  g_assert_cmpuint (us_state_take_number (state, stream), ==, UNIX_S);
  stream = us_state_open (state, "b");
  g_assert_cmpuint (us_state_take_number (state, stream), ==, UNIX_S);
}

static void
test_unwritable (Fixture *fixture, gconstpointer data) {
  g_autofree char *file = path_of (fixture, "ingest.state.corrupt");
  g_assert_true (g_file_set_contents (file, "", 0, NULL));
  g_autofree char *below = g_build_filename (file, "dir", NULL);
  g_autoptr (UsState) state = us_state_new (below, &fixture->clock.clock);
  UsStateStream *stream = us_state_open (state, "a");
  g_assert_cmpuint (us_state_take_number (state, stream), ==, UNIX_S);
  us_state_flush (state);
  finish_writing (state);
  g_assert_cmpuint (us_state_take_number (state, stream), ==, UNIX_S + 1);
}

/* The loop goes on while a disk stands still; what changes meanwhile is written behind it, and the
 * end waits for both. */
static void
test_stuck_disk (Fixture *fixture, gconstpointer data) {
  gboolean is_clean;
  UsState *state = start (fixture);
  UsStateStream *stream = us_state_open (state, "a");
  (void)us_state_take_number (state, stream);
  disk_set_stuck (TRUE);
  us_state_flush (state);
  g_assert_false (us_state_is_dirty (state));
  while (disk_count_waiting () == 0)
    g_main_context_iteration (NULL, FALSE);

  us_state_raise_number (state, stream, UNIX_S + 500);
  for (guint i = 0; i < 3; i++)
    us_state_flush (state);
  g_assert_true (us_state_is_dirty (state)); /* nothing is forgotten, and no thread for each */
  g_assert_cmpuint (disk_count_waiting (), ==, 1);
  disk_set_stuck (FALSE);
  finish_writing (state);
  g_assert_cmpuint (read_reserved (fixture, &is_clean), <=, UNIX_S + US_STATE_BLOCK);
  us_state_flush (state);
  g_assert_false (us_state_is_dirty (state));
  finish_writing (state);
  g_assert_cmpuint (read_reserved (fixture, &is_clean), ==, UNIX_S + 500 + US_STATE_BLOCK);
  g_assert_false (is_clean);

  guint64 last = us_state_take_number (state, stream);
  disk_set_stuck (TRUE);
  us_state_flush (state);
  GThread *release = g_thread_new ("disk", release_disk, NULL);
  us_state_free (state);
  g_thread_join (release);
  g_assert_cmpuint (read_reserved (fixture, &is_clean), ==, last);
  g_assert_true (is_clean);
  while (g_main_context_iteration (NULL, FALSE)) /* the thread's end is told to nobody */
    continue;
}

static void
test_target_forgotten (Fixture *fixture, gconstpointer data) {
  g_autoptr (UsState) state = us_state_new (NULL, &fixture->clock.clock);
  UsStateStream *stream = us_state_open (state, "a");
  us_state_set_target_duration (state, stream, 5);
  us_fake_clock_advance_us (&fixture->clock, US_STATE_TARGET_KEPT_S * G_USEC_PER_SEC);
  g_assert_cmpuint (us_state_get_target_duration (state, stream), ==, 5);
  us_fake_clock_advance_us (&fixture->clock, G_USEC_PER_SEC);
  g_assert_cmpuint (us_state_get_target_duration (state, stream), ==, 0);
}

static void
test_bounded (Fixture *fixture, gconstpointer data) {
  UsState *state = start (fixture);
  UsStateStream *kept = us_state_open (state, "kept");
  guint64 last = us_state_take_number (state, kept);
  for (guint i = 0; i < US_STATE_MAX_STREAMS + 50; i++) {
    g_autofree char *name = g_strdup_printf ("s%u", i);
    us_fake_clock_advance_us (&fixture->clock, 1000);
    UsStateStream *stream = us_state_open (state, name);
    (void)us_state_take_number (state, stream);
    us_state_close (state, stream);
  }
  us_state_free (state);
  state = start (fixture);
  g_assert_cmpuint (us_state_open (state, "kept")->number, ==, last);
  g_assert_cmpuint (us_state_open (state, "s0")->number, ==, 0); /* idle longest: forgotten */
  us_state_free (state);
}

static void
test_raise (Fixture *fixture, gconstpointer data) {
  g_autoptr (UsState) state = us_state_new (NULL, &fixture->clock.clock);
  UsStateStream *stream = us_state_open (state, "a");
  us_state_raise_number (state, stream, UNIX_S + 500);
  us_state_raise_number (state, stream, 3);
  g_assert_cmpuint (us_state_take_number (state, stream), ==, UNIX_S + 501);
}

/* A number that was never closed may come again; one that anybody may have published never does. */
static void
test_return (Fixture *fixture, gconstpointer data) {
  g_autoptr (UsState) state = us_state_new (NULL, &fixture->clock.clock);
  UsStateStream *stream = us_state_open (state, "a");
  guint64 first = us_state_take_number (state, stream);
  us_state_return_number (stream, first); /* nothing was ever closed: what came before is unknown */
  g_assert_cmpuint (us_state_take_number (state, stream), ==, first + 1);
  us_state_note_closed (state, stream);
  us_state_return_number (stream, first + 1); /* closed */
  g_assert_cmpuint (us_state_take_number (state, stream), ==, first + 2);
  us_state_return_number (stream, first + 1); /* not the last */
  g_assert_cmpuint (stream->number, ==, first + 2);
  us_state_return_number (stream, first + 2);
  us_state_return_number (stream, first + 2); /* twice is once */
  g_assert_cmpuint (us_state_take_number (state, stream), ==, first + 2);
  us_state_raise_number (state, stream, first + 9); /* a packager has this one */
  us_state_return_number (stream, first + 2);
  us_state_return_number (stream, first + 9);
  g_assert_cmpuint (us_state_take_number (state, stream), ==, first + 10);
}

/* Killed before or after a number was given back, or cleanly ended: numbers go on the same. */
static void
test_return_and_restart (Fixture *fixture, gconstpointer data) {
  static const struct {
    gboolean is_returned, is_flushed, is_killed;
  } rows[] = {
    { FALSE, FALSE, TRUE }, { FALSE, TRUE, TRUE }, { TRUE, FALSE, TRUE },
    { TRUE, TRUE, TRUE },   { TRUE, TRUE, FALSE },
  };
  UsState *state = start (fixture);
  UsStateStream *stream = us_state_open (state, "a");
  guint64 last = us_state_take_number (state, stream);
  us_state_flush (state);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++, last++) {
    g_test_message ("row %u", i);
    us_state_note_closed (state, stream);
    guint64 tail = us_state_take_number (state, stream);
    g_assert_cmpuint (tail, ==, last + 1);
    (void)us_state_take_epoch (state, stream);
    if (rows[i].is_returned)
      us_state_return_number (stream, tail);
    if (rows[i].is_flushed)
      us_state_flush (state);
    if (rows[i].is_killed)
      crash (fixture, state);
    else
      us_state_free (state);
    state = start (fixture);
    stream = us_state_open (state, "a");
    g_assert_cmpuint (us_state_take_number (state, stream), ==, tail);
  }
  us_state_free (state);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add (name, Fixture, NULL, set_up, function, tear_down)
  ADD ("/state/first", test_first);
  ADD ("/state/clean-restart", test_clean_restart);
  ADD ("/state/killed", test_killed);
  ADD ("/state/killed-at-first", test_killed_at_first);
  ADD ("/state/killed-after-raise", test_killed_after_raise);
  ADD ("/state/machine-died", test_machine_died);
  ADD ("/state/corrupt", test_corrupt);
  ADD ("/state/odd-values", test_odd_values);
  ADD ("/state/unwritable", test_unwritable);
  ADD ("/state/stuck-disk", test_stuck_disk);
  ADD ("/state/target-forgotten", test_target_forgotten);
  ADD ("/state/bounded", test_bounded);
  ADD ("/state/raise", test_raise);
  ADD ("/state/return", test_return);
  ADD ("/state/return-and-restart", test_return_and_restart);
  return g_test_run ();
}
