/* test-publishers.c - primary and backup encoders of one stream, over real connections and in real
 * time, between a stream and two recording packagers
 */
#include "fakes.h"
#include "ingest/status-publishers.h"
#include "small-role.h"
#include "unit/ingest/media.h"

#define FRAME_MS 40

typedef struct {
  UsStreamSettings settings;
  FakeServer *twins[2];
  char *urls[3]; /* NULL-terminated */
  UsState *state;
  SmallRole role;
  guint tick;
} Stage;

static gboolean
on_tick (gpointer user_data) {
  us_stream_tick (((Stage *)user_data)->role.stream);
  return G_SOURCE_CONTINUE;
}

static void
set_up (Stage *stage, gconstpointer data) {
  small_role_settings (&stage->settings);
  stage->settings.patience_ms = 300;
  for (guint i = 0; i < 2; i++) {
    stage->twins[i] = fake_server_new (0, FALSE);
    stage->urls[i] = fake_server_url (stage->twins[i]);
  }
  small_role_start (&stage->role);
  stage->state = us_state_new (NULL, us_clock_system ());
}

static void
start (Stage *stage) {
  stage->settings.relay_urls = (const char *const *)stage->urls;
  stage->role.stream = us_stream_new ("cam1", &stage->settings, stage->state, us_clock_system ());
  stage->tick = g_timeout_add (100, on_tick, stage);
}

static void
tear_down (Stage *stage, gconstpointer data) {
  g_source_remove (stage->tick);
  small_role_stop (&stage->role);
  us_state_free (stage->state);
  for (guint i = 0; i < 2; i++) {
    fake_server_free (stage->twins[i]);
    g_free (stage->urls[i]);
  }
}

/* ----------------------------------------------------------------------------------- cameras */

/* Camera: an encoder in real time, a key frame each second. */
typedef struct {
  Encoder *encoder;
  guint timer, slow_by;
  gint64 due_us;
  gboolean is_frozen, is_av1;
} Camera;

/* What an encoder of AV1 and AAC sends in @length_ms. */
static void
send_av1 (Encoder *encoder, gint64 length_ms) {
  for (gint64 end_ms = encoder->time_ms + length_ms; encoder->time_ms < end_ms;
       encoder->time_ms += FRAME_MS) {
    encoder_send (encoder, US_RTMP_VIDEO, encoder->time_ms,
                  media_video_av1 ((guint32)encoder->time_ms));
    encoder_send (encoder, US_RTMP_AUDIO, encoder->time_ms,
                  media_audio ((guint32)encoder->time_ms));
  }
  encoder_flush (encoder);
}

/* As many frames as are due: the timer alone would be some per cent slow. */
static gboolean
on_frame (gpointer user_data) {
  Camera *camera = user_data;
  for (gint64 now_us = g_get_monotonic_time (); camera->due_us <= now_us;
       camera->due_us += FRAME_MS * (1 + camera->slow_by) * 1000) {
    if (!camera->is_frozen && camera->is_av1)
      send_av1 (camera->encoder, FRAME_MS);
    else if (!camera->is_frozen)
      encoder_send_media (camera->encoder, FRAME_MS, 200);
  }
  return G_SOURCE_CONTINUE;
}

#define AV1 0
#define NO_CONFIG 255

/* @first_ms: where its clock, and with that its key frames, begin.
 * @variant: of its H.264 configuration, or AV1, or NO_CONFIG for one whose configuration is cut off
 */
static Camera *
camera_new (Stage *stage, const char *key, gint64 first_ms, guint8 variant) {
  Camera *camera = g_new0 (Camera, 1);
  g_autofree char *path = g_strconcat ("live/", key, NULL);
  camera->encoder = encoder_new (stage->role.port, path);
  camera->encoder->time_ms = first_ms;
  camera->due_us = g_get_monotonic_time ();
  camera->is_av1 = variant == AV1;
  if (camera->is_av1)
    encoder_send (camera->encoder, US_RTMP_AUDIO, first_ms, media_audio_config (FALSE));
  else if (variant != NO_CONFIG)
    encoder_send_configs (camera->encoder, variant);
  else
    encoder_send (camera->encoder, US_RTMP_VIDEO, first_ms, g_bytes_new ("\x17\0\0\0\0\1", 6));
  camera->timer = g_timeout_add (FRAME_MS, on_frame, camera);
  return camera;
}

static void
camera_free (Camera *camera) {
  g_source_remove (camera->timer);
  encoder_free (camera->encoder);
  g_free (camera);
}

/* ----------------------------------------------------------------------- things to wait for */

static gboolean
is_closed (gpointer data) {
  return ((Camera *)data)->encoder->is_closed;
}

typedef struct {
  Stage *stage;
  const char *key_id;
  guint count;
} Goal;

static gboolean
is_fed_by (gpointer data) {
  const Goal *goal = data;
  const UsSession *session = us_stream_get_session (goal->stage->role.stream);
  return session != NULL && g_str_equal (session->key_id, goal->key_id);
}

static gboolean
has_publishers (gpointer data) {
  const Goal *goal = data;
  return us_stream_get_n_publishers (goal->stage->role.stream) == goal->count;
}

/* For @count ms. */
static gboolean
is_first_silent (gpointer data) {
  const Goal *goal = data;
  UsStreamPublisher publisher;
  us_stream_get_publisher (goal->stage->role.stream, 0, &publisher);
  return publisher.silent_ms >= goal->count;
}

static guint
count_closed (FakeServer *server) {
  guint n = 0;
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, server->segments);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    n += ((FakeSegment *)value)->closing.closes != 0;
  return n;
}

static gboolean
have_closed (gpointer data) {
  const Goal *goal = data;
  return count_closed (goal->stage->twins[0]) >= goal->count
         && count_closed (goal->stage->twins[1]) >= goal->count;
}

static void
wait_more_segments (Stage *stage, guint n) {
  wait_until (have_closed, &(Goal){ stage, NULL, count_closed (stage->twins[0]) + n }, NULL,
              "segments");
}

static guint64
switches (Stage *stage, UsContestReason reason) {
  UsStreamCounts counts;
  us_stream_get_counts (stage->role.stream, &counts);
  return counts.switches_total[reason];
}

/* Every number is there, on both sides the same, with dates that go on: no hole beyond @gap_ms,
 * never backwards. Returns the number of discontinuities. */
static guint
check_segments (Stage *stage, gint64 gap_ms) {
  guint64 last = fake_server_last_closed (stage->twins[0]);
  guint64 number = last + 1 - count_closed (stage->twins[0]);
  guint n_breaks = 0;
  gint64 end_ms = 0;
  for (; number <= last; number++) {
    FakeSegment *one = fake_server_get (stage->twins[0], number);
    FakeSegment *two = fake_server_get (stage->twins[1], number);
    g_assert_nonnull (one);
    g_assert_nonnull (two);
    g_assert_cmpmem (one->bytes->data, one->bytes->len, two->bytes->data, two->bytes->len);
    g_test_message ("%" G_GUINT64_FORMAT ": %u items, wall %" G_GINT64_FORMAT ", after %d ms%s",
                    number, one->n_items, one->opening.wall_ms,
                    end_ms != 0 ? (int)(one->opening.wall_ms - end_ms) : 0,
                    one->closing.is_discontinuous ? ", discontinuity" : "");
    if (end_ms != 0) {
      g_assert_cmpint (one->opening.wall_ms, >=, end_ms - 20);
      g_assert_cmpint (one->opening.wall_ms, <=, end_ms + gap_ms);
    }
    end_ms = one->opening.wall_ms + one->closing.closes_end_ms - one->opening.media_ms;
    n_breaks += one->closing.is_discontinuous;
  }
  return n_breaks;
}

/* Two cameras, half a group of pictures apart, the better one feeds. */
static void
begin (Stage *stage, Camera **main_camera, Camera **backup) {
  start (stage);
  *main_camera = camera_new (stage, "0-main", 0, 1);
  wait_until (is_fed_by, &(Goal){ stage, "main", 0 }, NULL, "the main encoder");
  *backup = camera_new (stage, "1-backup", 500000 + 520, 2);
  wait_until (has_publishers, &(Goal){ stage, NULL, 2 }, NULL, "the backup encoder");
  wait_more_segments (stage, 2);
}

/* ------------------------------------------------------------------------------------- tests */

static void
test_main_leaves (Stage *stage, gconstpointer data) {
  Camera *main_camera, *backup;
  begin (stage, &main_camera, &backup);
  camera_free (main_camera); /* a reset connection */
  wait_until (is_fed_by, &(Goal){ stage, "backup", 0 }, NULL, "the backup to feed");
  wait_more_segments (stage, 4);
  g_assert_cmpuint (switches (stage, US_CONTEST_GONE), ==, 1);
  g_assert_cmpuint (check_segments (stage, 700), ==, 1);
  g_assert_cmpuint (stage->twins[0]->n_publishes, ==, 1); /* packagers stay connected */
  camera_free (backup);
}

/* Silent (SIGSTOP, a dead network): left within a second, and back after the hold-down. */
static void
test_main_freezes_and_returns (Stage *stage, gconstpointer data) {
  Camera *main_camera, *backup;
  begin (stage, &main_camera, &backup);
  main_camera->is_frozen = TRUE;
  gint64 since_us = g_get_monotonic_time ();
  wait_until (is_fed_by, &(Goal){ stage, "backup", 0 }, NULL, "the backup to feed");
  g_assert_cmpint (g_get_monotonic_time () - since_us, <, G_USEC_PER_SEC);
  wait_more_segments (stage, 2);
  main_camera->is_frozen = FALSE;
  since_us = g_get_monotonic_time ();
  wait_until (is_fed_by, &(Goal){ stage, "main", 0 }, NULL, "the return");
  g_assert_cmpint (g_get_monotonic_time () - since_us, >=, G_USEC_PER_SEC);
  wait_more_segments (stage, 3);
  g_assert_cmpuint (switches (stage, US_CONTEST_SILENT), ==, 1);
  g_assert_cmpuint (switches (stage, US_CONTEST_PREFERRED), ==, 1);
  g_assert_cmpuint (check_segments (stage, 700), ==, 2);
  camera_free (main_camera);
  camera_free (backup);
}

/* Its frames come at half their speed. */
static void
test_main_is_late (Stage *stage, gconstpointer data) {
  Camera *main_camera, *backup;
  begin (stage, &main_camera, &backup);
  main_camera->slow_by = 1;
  wait_until (is_fed_by, &(Goal){ stage, "backup", 0 }, NULL, "the backup to feed");
  g_assert_cmpuint (switches (stage, US_CONTEST_LATE), ==, 1);
  wait_more_segments (stage, 3);
  g_assert_cmpuint (check_segments (stage, 1500), ==, 1);
  camera_free (main_camera);
  camera_free (backup);
}

static void
test_sticky (Stage *stage, gconstpointer data) {
  Camera *main_camera, *backup;
  stage->settings.contest = (UsContestSettings){ US_FAILBACK_STICKY, 200 };
  begin (stage, &main_camera, &backup);
  camera_free (main_camera);
  wait_until (is_fed_by, &(Goal){ stage, "backup", 0 }, NULL, "the backup to feed");
  main_camera = camera_new (stage, "0-main", 0, 1);
  wait_until (has_publishers, &(Goal){ stage, NULL, 2 }, NULL, "the main encoder's return");
  wait_more_segments (stage, 4);
  g_assert_cmpstr (us_stream_get_session (stage->role.stream)->key_id, ==, "backup");
  g_assert_cmpuint (check_segments (stage, 700), ==, 1);
  camera_free (backup); /* and back only when it must */
  wait_until (is_fed_by, &(Goal){ stage, "main", 0 }, NULL, "the main encoder");
  camera_free (main_camera);
}

/* A third is welcome, a fourth is not; the same key twice never is. */
static void
test_limits (Stage *stage, gconstpointer data) {
  Camera *main_camera, *backup;
  begin (stage, &main_camera, &backup);
  Camera *third = camera_new (stage, "2-third", 0, 1);
  wait_until (has_publishers, &(Goal){ stage, NULL, 3 }, NULL, "the third");
  Camera *fourth = camera_new (stage, "3-fourth", 0, 1);
  wait_until (is_closed, fourth, NULL, "refusal of the fourth");
  g_assert_nonnull (strstr (fourth->encoder->fault, "max-publishers"));
  Camera *again = camera_new (stage, "1-backup", 0, 1);
  wait_until (is_closed, again, NULL, "refusal of the same key");
  g_assert_nonnull (strstr (again->encoder->fault, "BadName"));
  g_assert_cmpuint (us_stream_get_n_publishers (stage->role.stream), ==, 3);
  wait_more_segments (stage, 2);
  g_assert_cmpuint (check_segments (stage, 700), ==, 0);
  Camera *all[] = { main_camera, backup, third, fourth, again };
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    camera_free (all[i]);
}

/* An encoder whose network dropped comes back while its old connection still stands: it has its key
 * within a second, though a stranger would wait for five. */
static void
test_reconnect (Stage *stage, gconstpointer data) {
  start (stage);
  Camera *old = camera_new (stage, "0-main", 0, 1);
  wait_more_segments (stage, 2);
  old->is_frozen = TRUE;
  gint64 since_us = g_get_monotonic_time ();
  Camera *back = camera_new (stage, "0-main", 0, 1);
  wait_until (is_closed, old, NULL, "end of the old connection");
  g_assert_cmpint (g_get_monotonic_time () - since_us, <, G_USEC_PER_SEC);
  wait_more_segments (stage, 3);
  g_assert_cmpuint (check_segments (stage, 1500), ==, 1);
  UsStreamCounts counts;
  us_stream_get_counts (stage->role.stream, &counts);
  g_assert_cmpuint (counts.takeovers_total, ==, 1);
  g_assert_cmpuint (counts.publishes_total, ==, 2);
  camera_free (old);
  camera_free (back);
}

/* The same with a backup: that feeds meanwhile, and the main encoder returns after its hold-down.
 */
static void
test_reconnect_with_backup (Stage *stage, gconstpointer data) {
  Camera *old, *backup;
  stage->settings.patience_ms = 3000; /* so that the takeover comes first */
  begin (stage, &old, &backup);
  old->is_frozen = TRUE;
  Camera *back = camera_new (stage, "0-main", 0, 1);
  wait_until (is_closed, old, NULL, "end of the old connection");
  wait_until (is_fed_by, &(Goal){ stage, "backup", 0 }, NULL, "the backup to feed");
  wait_until (is_fed_by, &(Goal){ stage, "main", 0 }, NULL, "the return");
  wait_more_segments (stage, 2);
  g_assert_cmpuint (check_segments (stage, 700), ==, 2);
  camera_free (old);
  camera_free (back);
  camera_free (backup);
}

static void
send_garbage (Camera *camera) {
  for (guint i = 0; i < 2000; i++) {
    guint8 data[24];
    for (gsize k = 0; k < sizeof data; k++)
      data[k] = (guint8)g_test_rand_int ();
    encoder_send (camera->encoder, i % 2 == 0 ? US_RTMP_VIDEO : US_RTMP_AUDIO, i,
                  g_bytes_new (data, i % sizeof data));
  }
  encoder_send_media (camera->encoder, FRAME_MS, 200);
}

/* One that sends nonsense, one that has never sent a picture, one whose pictures no segment can
 * carry, though its sound could be, and one whose pictures lack their configuration: they take
 * nobody's place. */
static void
test_useless_backups (Stage *stage, gconstpointer data) {
  stage->settings.max_publishers = 5;
  start (stage);
  Camera *main_camera = camera_new (stage, "1-main", 0, 1);
  wait_until (is_fed_by, &(Goal){ stage, "main", 0 }, NULL, "the main encoder");
  Camera *bare = camera_new (stage, "0-bare", 0, NO_CONFIG);
  Camera *noisy = camera_new (stage, "2-noisy", 0, 1), *mute = camera_new (stage, "0-mute", 0, 1);
  Camera *modern = camera_new (stage, "0-modern", 0, AV1);
  mute->is_frozen = TRUE;
  wait_until (has_publishers, &(Goal){ stage, NULL, 5 }, NULL, "all of them");
  noisy->is_frozen = TRUE;
  send_garbage (noisy);
  wait_more_segments (stage, 3);
  main_camera->is_frozen = TRUE;
  wait_until (is_first_silent, &(Goal){ stage, NULL, 1000 }, NULL, "more than its patience");
  g_assert_cmpstr (us_stream_get_session (stage->role.stream)->key_id, ==, "main");
  main_camera->is_frozen = FALSE;
  wait_more_segments (stage, 2);
  g_assert_cmpuint (switches (stage, US_CONTEST_PREFERRED), ==, 0);
  g_assert_cmpuint (check_segments (stage, 700), ==, 0);
  camera_free (main_camera);
  camera_free (noisy);
  camera_free (mute);
  camera_free (modern);
  camera_free (bare);
}

static char *
status (Stage *stage) {
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  json_builder_begin_object (builder);
  us_ingest_status_add_publishers (builder, stage->role.stream, g_get_monotonic_time ());
  json_builder_end_object (builder);
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  return json_to_string (root, FALSE);
}

static void
assert_parts (const char *text, const char *const *parts) {
  for (guint i = 0; parts[i] != NULL; i++) {
    g_test_message ("%s in %s", parts[i], text);
    g_assert_nonnull (strstr (text, parts[i]));
  }
}

/* Both are shown, with their parts and why. */
static void
test_status (Stage *stage, gconstpointer data) {
  Camera *main_camera, *backup;
  begin (stage, &main_camera, &backup);
  g_autofree char *both = status (stage);
  assert_parts (both,
                (const char *const[]){
                    "\"key_id\":\"main\",\"priority\":0,\"role\":\"active\",\"why\":\"in time, "
                    "and no better one is\"",
                    "\"key_id\":\"backup\",\"priority\":1,\"role\":\"standby\",\"why\":\"a "
                    "better one is in time\"",
                    NULL });
  camera_free (main_camera);
  wait_until (is_fed_by, &(Goal){ stage, "backup", 0 }, NULL, "the backup to feed");
  g_autofree char *one = status (stage);
  assert_parts (one, (const char *const[]){ "{\"publishers\":[{\"peer\":\"127.0.0.1:",
                                            "\"role\":\"active\",\"why\":\"the only one\"", NULL });
  g_autoptr (GPtrArray) streams = g_ptr_array_new ();
  g_ptr_array_add (streams, stage->role.stream);
  UsExposition *out = us_exposition_new ();
  us_ingest_status_render_publishers (out, streams);
  g_autoptr (GBytes) metrics = us_exposition_end (out);
  g_autofree char *text = g_strndup (g_bytes_get_data (metrics, NULL), g_bytes_get_size (metrics));
  assert_parts (
      text, (const char *const[]){
                "understudy_ingest_publishers{stream=\"cam1\",role=\"active\"} 1\n",
                "understudy_ingest_publishers{stream=\"cam1\",role=\"standby\"} 0\n",
                "understudy_ingest_publisher_priority{stream=\"cam1\"} 1\n",
                "understudy_ingest_publisher_switches_total{stream=\"cam1\",reason=\"gone\"} 1\n",
                "understudy_ingest_publisher_switches_total{stream=\"cam1\",reason=\"silent\"} 0\n",
                NULL });
  camera_free (backup);
}

/* Everything ends in order while one stands by and another is held. */
static void
test_close (Stage *stage, gconstpointer data) {
  Camera *main_camera, *backup;
  begin (stage, &main_camera, &backup);
  us_stream_close_publisher (stage->role.stream, "test");
  g_assert_cmpuint (us_stream_get_n_publishers (stage->role.stream), ==, 0);
  g_assert_null (us_stream_get_session (stage->role.stream));
  wait_until (is_closed, main_camera, NULL, "the main encoder's end");
  wait_until (is_closed, backup, NULL, "the backup's end");
  camera_free (main_camera);
  camera_free (backup);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add (name, Stage, NULL, set_up, function, tear_down)
  ADD ("/publishers/main-leaves", test_main_leaves);
  ADD ("/publishers/main-freezes-and-returns", test_main_freezes_and_returns);
  ADD ("/publishers/main-is-late", test_main_is_late);
  ADD ("/publishers/sticky", test_sticky);
  ADD ("/publishers/limits", test_limits);
  ADD ("/publishers/reconnect", test_reconnect);
  ADD ("/publishers/reconnect-with-backup", test_reconnect_with_backup);
  ADD ("/publishers/useless-backups", test_useless_backups);
  ADD ("/publishers/status", test_status);
  ADD ("/publishers/close", test_close);
  return g_test_run ();
}
