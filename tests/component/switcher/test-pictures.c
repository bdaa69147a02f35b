/* test-pictures.c - foreign origins with real pictures: where one goes on for the other */
#include "film.h"

#include <string.h>

#define HEAD_US (4 * G_USEC_PER_SEC)
#define FRAME_MS 40

typedef struct {
  Stage stage;
  Film film;
  FilmOrigin origins[2];
  Material *materials[2];
} Show;

static void
open_show (Show *show, MaterialKind primary, MaterialKind backup) {
  *show = (Show){ 0 };
  stage_open (&show->stage);
  show->materials[0] = material_new (primary);
  show->materials[1] = material_new (backup);
  for (guint i = 0; i < 2; i++) {
    show->origins[i].fake = show->stage.fakes[i];
    show->origins[i].material = show->materials[i];
  }
}

static void
begin_late (Show *show, gint64 head_us) {
  film_begin (&show->film, show->origins, 2, head_us);
  stage_start_switcher (&show->stage);
  us_viewer_look (show->stage.viewer);
}

static void
begin_show (Show *show) {
  begin_late (show, HEAD_US);
}

static void
close_show (Show *show) {
  film_end (&show->film);
  stage_close (&show->stage);
  for (guint i = 0; i < 2; i++)
    material_free (show->materials[i]);
}

static void
watch (Show *show, guint ms) {
  gint64 end_us = g_get_monotonic_time () + ms * 1000;
  while (g_get_monotonic_time () < end_us) {
    us_viewer_look (show->stage.viewer);
    us_viewer_pass (50);
  }
}

static void
await_switch (Show *show) {
  gint64 begun_us = g_get_monotonic_time ();
  while (stage_metric (&show->stage, "failovers_total") < 1) {
    g_assert_cmpint (g_get_monotonic_time () - begun_us, <, 30 * G_USEC_PER_SEC);
    us_viewer_look (show->stage.viewer);
  }
}

static double
joins (Show *show, const char *method) {
  g_autofree char *sample = g_strdup_printf (
      "understudy_switcher_joins_total{stream=\"mystream\",method=\"%s\"}", method);
  return stage_metric (&show->stage, sample);
}

/* Every key frame that the viewer was ever given, as its place in the film, in playing order. */
static GArray *
places_seen (Show *show) {
  GArray *places = g_array_new (FALSE, FALSE, sizeof (int));
  guint64 number = show->stage.viewer->newest;
  while (g_hash_table_contains (show->stage.viewer->uris, &(gint64){ (gint64)number - 1 }))
    number--;
  for (; number <= show->stage.viewer->newest; number++) {
    const char *uri = g_hash_table_lookup (show->stage.viewer->uris, &(gint64){ (gint64)number });
    GBytes *bytes = g_hash_table_lookup (show->stage.viewer->bytes, uri);
    g_autoptr (GError) error = NULL;
    g_autoptr (UsProbe) probe = us_probe_segment (bytes, show->materials[0]->init, &error);
    g_assert_no_error (error);
    for (guint p = 0; p < probe->pictures->len; p++) {
      guint64 hash = g_array_index (probe->pictures, UsPicture, p).hash;
      int place = material_find_picture (show->materials[0], hash);
      g_array_append_val (places, place);
    }
  }
  return places;
}

/* @n_places: after which the film begins again */
static void
assert_none_lost_of (Show *show, int n_places) {
  g_autoptr (GArray) places = places_seen (show);
  g_assert_cmpuint (places->len, >, 20);
  for (guint i = 1; i < places->len; i++)
    g_assert_cmpint (g_array_index (places, int, i), ==,
                     (g_array_index (places, int, i - 1) + 1) % n_places);
}

static void
assert_no_picture_lost (Show *show) {
  assert_none_lost_of (show, G_MAXINT);
}

static guint
count_discontinuities (Show *show) {
  const UsPlaylist *playlist = show->stage.viewer->playlist;
  const UsPlaylistSegment *last
      = g_ptr_array_index (playlist->segments, playlist->segments->len - 1);
  const UsPlaylistSegment *first = g_ptr_array_index (playlist->segments, 0);
  return (guint)(last->discontinuity - first->discontinuity);
}

enum { KILLED, FROZEN, WRAPPED };

/* Other cuts, other time stamps, no dates at all: the same pictures say where to go on, also when
 * one of the two clocks is over the end of its 33 bits. */
static void
test_fingerprint (gconstpointer data) {
  const gboolean is_frozen = GPOINTER_TO_INT (data) == FROZEN;
  Show show;
  open_show (&show, MATERIAL_PLAIN,
             GPOINTER_TO_INT (data) == WRAPPED ? MATERIAL_WRAPPED : MATERIAL_SHIFTED);
  show.origins[0].has_no_dates = show.origins[1].has_no_dates = TRUE;
  begin_show (&show);
  watch (&show, 3000);
  gint64 struck_us = g_get_monotonic_time ();
  if (is_frozen)
    show.origins[0].is_stopped = TRUE;
  else
    fake_origin_set_mode (show.stage.fakes[0], FAKE_DEAD);
  await_switch (&show);
  g_test_message ("left after %" G_GINT64_FORMAT " ms",
                  (g_get_monotonic_time () - struck_us) / 1000);
  watch (&show, 2000);
  g_assert_cmpfloat (joins (&show, "fingerprint"), ==, 1);
  double gap = stage_metric (&show.stage,
                             "understudy_switcher_join_gap_seconds_total{stream=\"mystream\"}");
  double overlap = stage_metric (
      &show.stage, "understudy_switcher_join_overlap_seconds_total{stream=\"mystream\"}");
  g_assert_cmpfloat (gap + overlap, <=, FRAME_MS / 1000.0);
  assert_no_picture_lost (&show);
  g_assert_cmpuint (count_discontinuities (&show), ==, 1);
  g_assert_cmpfloat (stage_metric (&show.stage, "understudy_switcher_pair{stream=\"mystream\"}"),
                     ==, 3);
  /* and back again, when it goes on */
  show.origins[0].is_stopped = FALSE;
  fake_origin_set_mode (show.stage.fakes[0], FAKE_GOOD);
  stage_await_metric (&show.stage, "switchbacks_total", 1);
  watch (&show, 1500);
  g_assert_cmpfloat (joins (&show, "fingerprint"), ==, 2);
  assert_no_picture_lost (&show);
  close_show (&show);
}

/* Two packagers that both keep the encoder's time stamps need no DISCONTINUITY at all. */
static void
test_smooth (void) {
  Show show;
  open_show (&show, MATERIAL_PLAIN, MATERIAL_PLAIN);
  show.origins[1].late_us = 100 * 1000;
  begin_show (&show);
  watch (&show, 3000);
  fake_origin_set_mode (show.stage.fakes[0], FAKE_DEAD);
  await_switch (&show);
  watch (&show, 2000);
  g_assert_cmpfloat (joins (&show, "fingerprint"), ==, 1);
  assert_no_picture_lost (&show);
  g_assert_cmpuint (count_discontinuities (&show), ==, 0);
  close_show (&show);
}

/* A backup whose pictures come later than the primary's is waited for. */
static void
test_late_twin (void) {
  Show show;
  open_show (&show, MATERIAL_PLAIN, MATERIAL_SHIFTED);
  show.origins[1].late_us = 900 * 1000;
  begin_show (&show);
  watch (&show, 4000);
  g_assert_cmpfloat (stage_metric (&show.stage, "failovers_total"), ==, 0);
  fake_origin_set_mode (show.stage.fakes[0], FAKE_DEAD);
  await_switch (&show);
  watch (&show, 3000);
  g_assert_cmpfloat (joins (&show, "fingerprint"), ==, 1);
  assert_no_picture_lost (&show);
  close_show (&show);
}

/* A film in a loop, which the primary lists for longer than it lasts and the backup shows a segment
 * earlier: the pictures that came once on each side are a loop apart, and dates and arrival know.
 */
static void
test_loop (void) {
  Show show;
  open_show (&show, MATERIAL_LOOP, MATERIAL_ROUND);
  show.origins[0].late_us = 1500 * 1000;
  begin_late (&show, 15 * G_USEC_PER_SEC);
  fake_origin_set_mode (show.stage.fakes[0], FAKE_DEAD);
  await_switch (&show);
  watch (&show, 3000);
  g_assert_cmpfloat (joins (&show, "fingerprint"), ==, 1);
  double gap
      = stage_metric (&show.stage, "understudy_switcher_join_gap_seconds{stream=\"mystream\"}");
  double overlap
      = stage_metric (&show.stage, "understudy_switcher_join_overlap_seconds{stream=\"mystream\"}");
  g_assert_cmpfloat (gap + overlap, <=, FRAME_MS / 1000.0);
  assert_none_lost_of (&show, MATERIAL_LOOP_SECONDS * 1000 / MATERIAL_GOP_MS);
  close_show (&show);
}

/* Other pictures: dates decide, and what is reported is what happened. */
static void
test_date (void) {
  Show show;
  open_show (&show, MATERIAL_PLAIN, MATERIAL_ENCODED);
  begin_show (&show);
  watch (&show, 3000);
  fake_origin_set_mode (show.stage.fakes[0], FAKE_DEAD);
  await_switch (&show);
  watch (&show, 2000);
  g_assert_cmpfloat (joins (&show, "date"), ==, 1);
  g_assert_cmpuint (count_discontinuities (&show), ==, 1);
  const UsPlaylist *playlist = show.stage.viewer->playlist;
  for (guint i = 1; i < playlist->segments->len; i++) {
    const UsPlaylistSegment *before = g_ptr_array_index (playlist->segments, i - 1);
    const UsPlaylistSegment *after = g_ptr_array_index (playlist->segments, i);
    if (!after->is_discontinuous)
      continue;
    gint64 step_ms = after->wall_ms - before->wall_ms - before->duration_us / 1000;
    double gap
        = stage_metric (&show.stage, "understudy_switcher_join_gap_seconds{stream=\"mystream\"}");
    double overlap = stage_metric (&show.stage,
                                   "understudy_switcher_join_overlap_seconds{stream=\"mystream\"}");
    g_test_message ("step %" G_GINT64_FORMAT " ms, gap %.3f s, overlap %.3f s", step_ms, gap,
                    overlap);
    g_assert_cmpfloat (ABS ((gap - overlap) * 1000 - (double)step_ms), <=, 2);
    g_assert_cmpfloat (gap + overlap, <=, MATERIAL_GOP_MS / 1000.0);
  }
  close_show (&show);
}

/* A clock that steps moves nobody, and the join that follows is where it should be. */
static void
test_clock_step (gconstpointer data) {
  const gint64 step_ms = GPOINTER_TO_INT (data);
  Show show;
  open_show (&show, MATERIAL_PLAIN, MATERIAL_ENCODED);
  begin_show (&show);
  watch (&show, 2000);
  show.origins[0].clock_ms = step_ms;
  watch (&show, 3000);
  g_assert_cmpfloat (stage_metric (&show.stage, "failovers_total"), ==, 0);
  double offset
      = stage_metric (&show.stage, "understudy_origin_clock_offset_seconds{stream=\"mystream\","
                                   "origin=\"primary\"}");
  g_assert_cmpfloat (ABS (offset - (double)step_ms / 1000), <, 2);
  fake_origin_set_mode (show.stage.fakes[0], FAKE_DEAD);
  await_switch (&show);
  watch (&show, 2000);
  g_assert_cmpfloat (joins (&show, "date"), ==, 1);
  double gap
      = stage_metric (&show.stage, "understudy_switcher_join_gap_seconds{stream=\"mystream\"}");
  double overlap
      = stage_metric (&show.stage, "understudy_switcher_join_overlap_seconds{stream=\"mystream\"}");
  g_assert_cmpfloat (gap + overlap, <=, 0.5);
  close_show (&show);
}

/* Both gone, both back: what was listed answers all the time, and play goes on. */
static void
test_both_dead (void) {
  Show show;
  open_show (&show, MATERIAL_PLAIN, MATERIAL_SHIFTED);
  begin_show (&show);
  watch (&show, 1500);
  for (guint i = 0; i < 2; i++)
    fake_origin_set_mode (show.stage.fakes[i], FAKE_DEAD);
  watch (&show, 1500);
  guint64 newest = show.stage.viewer->newest;
  for (guint i = 0; i < 2; i++)
    fake_origin_set_mode (show.stage.fakes[i], FAKE_GOOD);
  gint64 begun_us = g_get_monotonic_time ();
  while (show.stage.viewer->newest < newest + 4) {
    g_assert_cmpint (g_get_monotonic_time () - begun_us, <, 30 * G_USEC_PER_SEC);
    us_viewer_look (show.stage.viewer);
  }
  g_assert_cmpuint (count_discontinuities (&show), <=, 1);
  close_show (&show);
}

/* A segment that is broken wherever it is had from: a glitch is less than a hole. */
static void
test_broken_everywhere (void) {
  Show show;
  open_show (&show, MATERIAL_PLAIN, MATERIAL_PLAIN);
  GBytes *good = g_ptr_array_index (show.materials[0]->bytes, 14); /* "seg00015.ts" */
  gsize size;
  const guint8 *data = g_bytes_get_data (good, &size);
  guint8 *copy = g_memdup2 (data, size);
  copy[size / 188 / 2 * 188] = 0x46; /* no packet begins here */
  g_autoptr (GBytes) broken = g_bytes_new_take (copy, size);
  for (guint i = 0; i < 2; i++)
    fake_origin_put (show.stage.fakes[i], "seg00015.ts", broken);
  begin_show (&show);
  watch (&show, 5000);
  g_assert_cmpfloat (stage_metric (&show.stage, "understudy_switcher_holes_total"
                                                "{stream=\"mystream\"}"),
                     ==, 0);
  gboolean was_shown = FALSE;
  GHashTableIter iter;
  gpointer bytes;
  g_hash_table_iter_init (&iter, show.stage.viewer->bytes);
  while (g_hash_table_iter_next (&iter, NULL, &bytes))
    was_shown = was_shown || g_bytes_equal (bytes, broken);
  g_assert_true (was_shown);
  close_show (&show);
}

/* Keys are the viewer's business: absolute, and with the number they were made for. */
static void
test_keys (void) {
  Show show;
  open_show (&show, MATERIAL_PLAIN, MATERIAL_SHIFTED);
  for (guint i = 0; i < 2; i++)
    fake_origin_set_key (show.stage.fakes[i], "METHOD=AES-128,URI=\"keys/one.key\"");
  begin_show (&show);
  watch (&show, 1500);
  const UsPlaylist *playlist = show.stage.viewer->playlist;
  const UsPlaylistSegment *last
      = g_ptr_array_index (playlist->segments, playlist->segments->len - 1);
  g_assert_nonnull (last->key);
  g_autofree char *base = fake_origin_url (show.stage.fakes[0]);
  g_autofree char *uri = us_playlist_attribute (last->key, "URI");
  g_autofree char *wanted = g_strconcat (base, "/keys/one.key", NULL);
  g_assert_cmpstr (uri, ==, wanted);
  g_autofree char *iv = us_playlist_attribute (last->key, "IV");
  g_assert_nonnull (iv);
  fake_origin_set_mode (show.stage.fakes[0], FAKE_DEAD);
  await_switch (&show);
  watch (&show, 2000);
  g_assert_cmpfloat (joins (&show, "date"), ==, 1);
  g_assert_cmpfloat (joins (&show, "fingerprint"), ==, 0);
  g_assert_cmpuint (count_discontinuities (&show), ==, 1);
  close_show (&show);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/switcher/pictures/fingerprint/killed", GINT_TO_POINTER (KILLED),
                        test_fingerprint);
  g_test_add_data_func ("/switcher/pictures/fingerprint/frozen", GINT_TO_POINTER (FROZEN),
                        test_fingerprint);
  g_test_add_data_func ("/switcher/pictures/fingerprint/33-bit-wrap", GINT_TO_POINTER (WRAPPED),
                        test_fingerprint);
  g_test_add_func ("/switcher/pictures/smooth", test_smooth);
  g_test_add_func ("/switcher/pictures/late-twin", test_late_twin);
  g_test_add_func ("/switcher/pictures/loop", test_loop);
  g_test_add_func ("/switcher/pictures/date", test_date);
  g_test_add_data_func ("/switcher/pictures/clock-step/plus-30s", GINT_TO_POINTER (30000),
                        test_clock_step);
  g_test_add_data_func ("/switcher/pictures/clock-step/minus-1h", GINT_TO_POINTER (-3600000),
                        test_clock_step);
  g_test_add_func ("/switcher/pictures/both-dead", test_both_dead);
  g_test_add_func ("/switcher/pictures/broken-everywhere", test_broken_everywhere);
  g_test_add_func ("/switcher/pictures/keys", test_keys);
  return g_test_run ();
}
