/* test-muxer-turns.c - muxers that share a turnstile: how many pipelines run, who waits, who leaves
 *
 * The pipelines hold an element of this test that counts how many of its kind exist and how many
 * are at work, and `identity sleep-time`, which makes a run last as long as a test wants it to.
 */
#include "packager/muxer.h"

#include <glib/gstdio.h>

#include "helpers/material.h"
#include "media/pipeline.h"

#define TEXT                                                                                       \
  "hlssink2 name=hls max-files=0 playlist-length=0 target-duration=3600 "                          \
  "send-keyframe-requests=false appsrc name=video format=time max-bytes=0 "                        \
  "! uscounter ! identity sleep-time=%u ! h264parse "                                              \
  "! video/x-h264,stream-format=byte-stream,alignment=au ! hls.video"
#define N_PICTURES 60 /* of a segment */

/* --- the counter ----------------------------------------------------------------------------- */

static int n_alive, n_running, most_running; /* atomic */
static GstElementClass *counter_parent;

static GstStateChangeReturn
counter_change_state (GstElement *element, GstStateChange transition) {
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
    int n = g_atomic_int_add (&n_running, 1) + 1;
    if (n > g_atomic_int_get (&most_running))
      g_atomic_int_set (&most_running, n);
  }
  GstStateChangeReturn result = counter_parent->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    g_atomic_int_add (&n_running, -1);
  return result;
}

static void
counter_finalize (GObject *object) {
  g_atomic_int_add (&n_alive, -1);
  G_OBJECT_CLASS (counter_parent)->finalize (object);
}

static void
counter_class_init (gpointer klass, gpointer data) {
  counter_parent = g_type_class_peek_parent (klass);
  GST_ELEMENT_CLASS (klass)->change_state = counter_change_state;
  G_OBJECT_CLASS (klass)->finalize = counter_finalize;
}

static void
counter_init (GTypeInstance *instance, gpointer klass) {
  g_atomic_int_inc (&n_alive);
}

static void
counter_register (void) {
  g_autoptr (GstElement) identity = gst_element_factory_make ("identity", NULL);
  g_assert_nonnull (identity);
  GTypeQuery query;
  g_type_query (G_OBJECT_TYPE (identity), &query);
  const GTypeInfo info = { .class_size = (guint16)query.class_size,
                           .class_init = counter_class_init,
                           .instance_size = (guint16)query.instance_size,
                           .instance_init = counter_init };
  GType type = g_type_register_static (G_OBJECT_TYPE (identity), "UsTestCounter", &info, 0);
  g_assert_true (gst_element_register (NULL, "uscounter", GST_RANK_NONE, type));
}

/* --- a hall of muxers ------------------------------------------------------------------------ */

static UsMaterial *material; /* 2 s */

typedef struct {
  char *folder;
  UsTurnstile *turnstile; /* nullable */
  guint turn_ms;
  GString *answers; /* the letter of each, in capitals for a segment that was made */
  GMainLoop *loop;
  gsize expected;
} Hall;

typedef struct {
  Hall *hall;
  char letter;
  UsMuxer *muxer;
} Visitor;

static void
hall_init (Hall *hall, guint n_turns) {
  *hall = (Hall){ g_dir_make_tmp ("us-turns-XXXXXX", NULL),
                  n_turns > 0 ? us_turnstile_new (n_turns) : NULL,
                  20000,
                  g_string_new (NULL),
                  g_main_loop_new (NULL, FALSE),
                  0 };
  g_atomic_int_set (&most_running, 0);
}

static void
hall_clear (Hall *hall) {
  if (hall->turnstile != NULL) {
    g_assert_cmpuint (us_turnstile_get_n_taken (hall->turnstile), ==, 0);
    g_assert_cmpuint (us_turnstile_get_n_waiting (hall->turnstile), ==, 0);
  }
  us_turnstile_free (hall->turnstile);
  g_autoptr (GDir) dir = g_dir_open (hall->folder, 0, NULL);
  for (const char *name = g_dir_read_name (dir); name != NULL; name = g_dir_read_name (dir)) {
    g_autofree char *path = g_build_filename (hall->folder, name, NULL);
    g_remove (path);
  }
  g_rmdir (hall->folder);
  g_free (hall->folder);
  g_string_free (hall->answers, TRUE);
  g_main_loop_unref (hall->loop);
}

static void
on_muxed (const UsRawSegment *raw, GBytes *bytes, const GError *error, gpointer user_data) {
  Visitor *visitor = user_data;
  if (error != NULL)
    g_test_message ("%c: %s", visitor->letter, error->message);
  g_string_append_c (visitor->hall->answers,
                     bytes != NULL ? g_ascii_toupper (visitor->letter) : visitor->letter);
  if (visitor->hall->answers->len == visitor->hall->expected)
    g_main_loop_quit (visitor->hall->loop);
}

/* A run takes at least @run_ms. */
static void
visitor_init (Visitor *visitor, Hall *hall, char letter, guint run_ms, guint deadline_ms) {
  g_autofree char *name = g_strdup_printf ("text-%c", letter);
  g_autofree char *file = g_strconcat (name, ".launch", NULL);
  g_autofree char *path = g_build_filename (hall->folder, file, NULL);
  g_autofree char *text = g_strdup_printf (TEXT, run_ms * 1000 / N_PICTURES);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  UsMuxerSettings settings
      = { hall->folder, name, deadline_ms, 8, 200, hall->turnstile, hall->turn_ms };
  *visitor = (Visitor){ hall, letter, us_muxer_new (&settings, on_muxed, visitor) };
}

static void
push (Visitor *visitor) {
  UsRawSegment *raw = us_raw_segment_new ();
  raw->open.number = 1;
  raw->end_ms = 2000;
  raw->video_codec = material->video_codec;
  raw->video_config = g_bytes_ref (material->video_config);
  raw->tracks = US_TRACK_VIDEO;
  for (guint i = 0; i < material->units->len; i++) {
    const UsMaterialUnit *from = &g_array_index (material->units, UsMaterialUnit, i);
    UsAccessUnit unit = { from->is_video, from->is_keyframe, from->dts_ms, from->pts_ms,
                          g_bytes_ref (from->data) };
    g_array_append_val (raw->units, unit);
  }
  us_muxer_push (visitor->muxer, raw);
}

static gboolean
on_watchdog (gpointer user_data) {
  g_error ("no answer within 60 s");
  return G_SOURCE_REMOVE;
}

static void
hall_run (Hall *hall, gsize expected) {
  guint watchdog = g_timeout_add_seconds (60, on_watchdog, NULL);
  hall->expected = expected;
  if (hall->answers->len < expected)
    g_main_loop_run (hall->loop);
  g_source_remove (watchdog);
}

/* Until the muxer's pipeline is at work. */
static void
await_running (int n) {
  while (g_atomic_int_get (&n_running) < n)
    g_main_context_iteration (NULL, TRUE);
}

/* Until threads that take pipelines down have done so. */
static void
await_none_alive (void) {
  gint64 until_us = g_get_monotonic_time () + 60 * G_USEC_PER_SEC;
  while (g_atomic_int_get (&n_alive) > 0) {
    g_assert_cmpint (g_get_monotonic_time (), <, until_us);
    g_main_context_iteration (NULL, FALSE);
    g_thread_yield ();
  }
}

/* --- tests ----------------------------------------------------------------------------------- */

/* Twelve streams cut at the same moment, and again; without a turnstile all of them run. */
static void
test_never_more (void) {
  static const struct {
    guint n_turns;
    int at_least, at_most;
  } rows[] = { { 0, 4, 12 }, { 1, 1, 1 }, { 3, 2, 3 } };
  for (guint k = 0; k < G_N_ELEMENTS (rows); k++) {
    Hall hall;
    hall_init (&hall, rows[k].n_turns);
    Visitor visitors[12];
    for (guint i = 0; i < G_N_ELEMENTS (visitors); i++) {
      visitor_init (&visitors[i], &hall, (char)('a' + (int)i), 120, 20000);
      push (&visitors[i]);
      push (&visitors[i]);
    }
    hall_run (&hall, 2 * G_N_ELEMENTS (visitors));
    for (gsize i = 0; i < hall.answers->len; i++)
      g_assert_true (g_ascii_isupper (hall.answers->str[i]));
    /* In order of arrival, and a stream's second segment behind everybody's first. */
    if (rows[k].n_turns == 1)
      g_assert_cmpstr (hall.answers->str, ==, "ABCDEFGHIJKLABCDEFGHIJKL");
    g_assert_cmpint (g_atomic_int_get (&most_running), >=, rows[k].at_least);
    g_assert_cmpint (g_atomic_int_get (&most_running), <=, rows[k].at_most);
    for (guint i = 0; i < G_N_ELEMENTS (visitors); i++)
      us_muxer_free (visitors[i].muxer);
    hall_clear (&hall);
    await_none_alive ();
  }
}

/* The deadline does not count the wait, what is told to the operator does. */
static void
test_waiting (void) {
  Hall hall;
  hall_init (&hall, 1);
  Visitor a, b;
  visitor_init (&a, &hall, 'a', 1200, 20000);
  visitor_init (&b, &hall, 'b', 0, 900);
  push (&a);
  push (&b);
  hall_run (&hall, 2);
  g_assert_cmpuint (us_muxer_get_n_retried (b.muxer), ==, 0);
  g_assert_cmpstr (hall.answers->str, ==, "AB");
  g_assert_cmpint (us_muxer_get_run_us (b.muxer), >=, 1000000);
  us_muxer_free (a.muxer);
  us_muxer_free (b.muxer);
  hall_clear (&hall);
  await_none_alive ();
}

/* A run that is out of time gives its turn to the next, although its pipeline is still stuck when
 * the next one is done; its second try comes behind. */
static void
test_stuck (void) {
  Hall hall;
  hall_init (&hall, 1);
  Visitor a, b;
  visitor_init (&a, &hall, 'a', 3000 * N_PICTURES, 300); /* cannot be woken for 3 s */
  visitor_init (&b, &hall, 'b', 0, 20000);
  push (&a);
  push (&b);
  hall_run (&hall, 1);
  g_assert_cmpint (g_atomic_int_get (&n_running), >=, 1);
  g_assert_cmpstr (hall.answers->str, ==, "B");
  hall_run (&hall, 2);
  g_assert_cmpstr (hall.answers->str, ==, "Ba");
  g_assert_cmpuint (us_muxer_get_n_retried (a.muxer), ==, 1);
  us_muxer_free (a.muxer);
  us_muxer_free (b.muxer);
  hall_clear (&hall);
  await_none_alive ();
}

/* One that takes far longer than any should is not ended before its deadline, but nobody waits for
 * it so long. */
static void
test_overstaying (void) {
  Hall hall;
  hall_init (&hall, 1);
  Visitor a, b;
  hall.turn_ms = 500;
  visitor_init (&a, &hall, 'a', 6000, 20000);
  visitor_init (&b, &hall, 'b', 0, 20000);
  push (&a);
  push (&b);
  hall_run (&hall, 2);
  g_assert_cmpstr (hall.answers->str, ==, "BA");
  g_assert_cmpint (us_muxer_get_run_us (b.muxer), >=, 400000);
  us_muxer_free (a.muxer);
  us_muxer_free (b.muxer);
  hall_clear (&hall);
  await_none_alive ();
}

/* One that cannot even begin. */
static void
test_cannot_begin (void) {
  Hall hall;
  hall_init (&hall, 1);
  Visitor a, b;
  visitor_init (&a, &hall, 'a', 0, 20000);
  visitor_init (&b, &hall, 'b', 0, 20000);
  g_autofree char *path = g_build_filename (hall.folder, "text-a.launch", NULL);
  g_assert_cmpint (g_remove (path), ==, 0);
  push (&a);
  push (&b);
  hall_run (&hall, 2);
  g_assert_cmpstr (hall.answers->str, ==, "Ba"); /* tried twice */
  us_muxer_free (a.muxer);
  us_muxer_free (b.muxer);
  hall_clear (&hall);
  await_none_alive ();
}

/* Freed while it waits, and while it runs. */
static void
test_freed (void) {
  Hall hall;
  hall_init (&hall, 1);
  Visitor a, b, c;
  visitor_init (&a, &hall, 'a', 900, 20000);
  visitor_init (&b, &hall, 'b', 0, 20000);
  visitor_init (&c, &hall, 'c', 0, 20000);
  push (&a);
  push (&b);
  push (&c);
  await_running (1);
  while (us_turnstile_get_n_waiting (hall.turnstile) < 2)
    g_main_context_iteration (NULL, TRUE);
  us_muxer_free (b.muxer);
  g_assert_cmpuint (us_turnstile_get_n_waiting (hall.turnstile), ==, 1);
  us_muxer_free (a.muxer);
  hall_run (&hall, 1);
  g_assert_cmpstr (hall.answers->str, ==, "C");
  us_muxer_free (c.muxer);
  hall_clear (&hall);
  await_none_alive ();
}

/* Of a stream that has ended no pipeline is left, but what waits is made; and it may go on. */
static void
test_rest (void) {
  Hall hall;
  hall_init (&hall, 1);
  Visitor a;
  visitor_init (&a, &hall, 'a', 0, 20000);
  us_muxer_rest (a.muxer);
  push (&a);
  hall_run (&hall, 1);
  g_assert_cmpint (g_atomic_int_get (&n_alive), ==, 1);
  us_muxer_rest (a.muxer);
  g_assert_cmpint (g_atomic_int_get (&n_alive), ==, 0);
  push (&a);
  push (&a);
  us_muxer_rest (a.muxer);
  hall_run (&hall, 3);
  g_assert_cmpstr (hall.answers->str, ==, "AAA");
  await_none_alive ();
  us_muxer_free (a.muxer);
  hall_clear (&hall);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_autoptr (GError) error = NULL;
  if (!us_media_init (&error))
    g_error ("%s", error->message);
  counter_register ();
  material = us_material_new (2, N_PICTURES, 160, NULL);
  g_test_add_func ("/packager/muxer-turns/never-more", test_never_more);
  g_test_add_func ("/packager/muxer-turns/waiting", test_waiting);
  g_test_add_func ("/packager/muxer-turns/stuck", test_stuck);
  g_test_add_func ("/packager/muxer-turns/overstaying", test_overstaying);
  g_test_add_func ("/packager/muxer-turns/cannot-begin", test_cannot_begin);
  g_test_add_func ("/packager/muxer-turns/freed", test_freed);
  g_test_add_func ("/packager/muxer-turns/rest", test_rest);
  int status = g_test_run ();
  us_material_free (material);
  return status;
}
