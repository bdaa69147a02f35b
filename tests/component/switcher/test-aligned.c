/* test-aligned.c - twins that cut at the same marks and encode each for itself */
#include "film.h"

#include <string.h>

#define SEGMENT_US (400 * G_TIME_SPAN_MILLISECOND)

typedef struct {
  Stage stage;
  Material *materials[2];
  guint next;
} Pair;

/* As our packagers write it: without the service description that ffmpeg puts first. */
static Material *
material_of_ours (MaterialKind kind) {
  Material *material = material_new (kind);
  for (guint i = 0; i < material->bytes->len; i++) {
    g_autoptr (GBytes) whole = g_ptr_array_index (material->bytes, i);
    g_assert_cmpuint (((const guint8 *)g_bytes_get_data (whole, NULL))[2], ==, 0x11);
    material->bytes->pdata[i] = g_bytes_new_from_bytes (whole, 188, g_bytes_get_size (whole) - 188);
  }
  return material;
}

static void
open_pair (Pair *pair) {
  *pair = (Pair){ 0 };
  stage_open (&pair->stage);
  pair->materials[0] = material_of_ours (MATERIAL_PLAIN);
  pair->materials[1] = material_of_ours (MATERIAL_BROTHER);
}

static void
close_pair (Pair *pair) {
  stage_close (&pair->stage);
  for (guint i = 0; i < 2; i++)
    material_free (pair->materials[i]);
}

/* The same number on those told, each with its own bytes; the backup's clock may be elsewhere. */
static void
next (Pair *pair, gboolean on_primary, gboolean on_backup, gint64 clock_ms) {
  const gboolean is_on[2] = { on_primary, on_backup };
  guint64 n = ++pair->stage.number;
  g_autofree char *name = stage_name (&pair->stage);
  for (guint i = 0; i < 2; i++)
    if (is_on[i])
      fake_origin_add (pair->stage.fakes[i], name, n, 0,
                       1700000000000 + (gint64)n * 400 + (i == 1 ? clock_ms : 0), SEGMENT_US,
                       g_ptr_array_index (pair->materials[i]->bytes, pair->next));
  pair->next++;
}

static void
await_last (Pair *pair) {
  g_autofree char *name = stage_name (&pair->stage);
  us_viewer_await (pair->stage.viewer, name);
}

static void
begin (Pair *pair) {
  open_pair (pair);
  for (guint i = 0; i < 10; i++)
    next (pair, TRUE, TRUE, 0);
  stage_start_switcher (&pair->stage);
  await_last (pair);
  stage_await_metric (&pair->stage, "understudy_switcher_pair{stream=\"mystream\"}", 2);
}

/* Which origin's bytes the viewer got under the name of the last segment. */
static guint
whose (Pair *pair) {
  g_autofree char *name = stage_name (&pair->stage);
  GBytes *bytes = g_hash_table_lookup (pair->stage.viewer->bytes, name);
  for (guint i = 0; i < 2; i++)
    if (g_bytes_equal (bytes, g_ptr_array_index (pair->materials[i]->bytes, pair->next - 1)))
      return i;
  g_assert_not_reached ();
}

static void
test_switch (void) {
  Pair pair;
  begin (&pair);
  for (guint i = 0; i < 4; i++) {
    next (&pair, TRUE, TRUE, 0);
    await_last (&pair);
    g_assert_cmpuint (whose (&pair), ==, 0); /* the active one's, no mixture */
  }
  g_assert_cmpuint (pair.stage.viewer->playlist->discontinuity_sequence, ==, 0);
  fake_origin_set_mode (pair.stage.fakes[0], FAKE_DEAD);
  for (guint i = 0; i < 3; i++) {
    next (&pair, FALSE, TRUE, 0);
    await_last (&pair);
    g_assert_cmpuint (whose (&pair), ==, 1);
  }
  /* names and numbers as ever, one DISCONTINUITY, where the encoder changes */
  const UsPlaylist *playlist = pair.stage.viewer->playlist;
  guint n_tags = 0;
  for (guint i = 0; i < playlist->segments->len; i++) {
    const UsPlaylistSegment *segment = g_ptr_array_index (playlist->segments, i);
    guint64 number = 0;
    g_assert_true (us_segment_parse_name (segment->uri, NULL, &number));
    g_assert_cmpuint (number, ==, segment->number);
    n_tags += segment->is_discontinuous ? 1 : 0;
    g_assert_true (!segment->is_discontinuous || number == pair.stage.number - 2);
  }
  g_assert_cmpuint (n_tags, ==, 1);
  g_assert_cmpfloat (
      stage_metric (&pair.stage, "understudy_switcher_divergences_total{stream=\"mystream\"}"), ==,
      0);
  close_pair (&pair);
}

/* A clock that steps on one side makes no strangers of them, and costs nothing. */
static void
test_clock (void) {
  Pair pair;
  begin (&pair);
  for (guint i = 0; i < 14; i++) {
    next (&pair, TRUE, TRUE, 3600000);
    await_last (&pair);
  }
  g_assert_cmpfloat (stage_metric (&pair.stage, "understudy_switcher_pair{stream=\"mystream\"}"),
                     ==, 2);
  g_assert_cmpfloat (stage_metric (&pair.stage, "failovers_total"), ==, 0);
  close_pair (&pair);
}

/* Both make the same bytes from now on. */
static void
test_equal_again (void) {
  Pair pair;
  begin (&pair);
  material_free (pair.materials[1]);
  pair.materials[1] = material_of_ours (MATERIAL_PLAIN);
  gint64 begun_us = g_get_monotonic_time ();
  while (stage_metric (&pair.stage, "understudy_switcher_pair{stream=\"mystream\"}") != 1) {
    g_assert_cmpint (g_get_monotonic_time () - begun_us, <, 30 * G_USEC_PER_SEC);
    next (&pair, TRUE, TRUE, 0);
    await_last (&pair);
  }
  close_pair (&pair);
}

/* What each transcoder makes is its own: nothing is told as different. */
static void
test_not_comparable (void) {
  Pair pair;
  begin (&pair);
  for (guint i = 0; i < 4; i++) {
    next (&pair, TRUE, TRUE, 0);
    await_last (&pair);
  }
  g_autoptr (UsHttpReply) reply
      = us_viewer_get (pair.stage.viewer, "/control/streams/mystream/ledger");
  g_autofree char *text
      = g_strndup (g_bytes_get_data (reply->body, NULL), g_bytes_get_size (reply->body));
  g_assert_nonnull (strstr (text, "\"pair\":\"aligned\""));
  g_assert_nonnull (strstr (text, "\"not-comparable\""));
  g_assert_null (strstr (text, "\"different\""));
  g_assert_null (strstr (text, "\"equal\""));
  close_pair (&pair);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/switcher/aligned/switch", test_switch);
  g_test_add_func ("/switcher/aligned/clock", test_clock);
  g_test_add_func ("/switcher/aligned/not-comparable", test_not_comparable);
  g_test_add_func ("/switcher/aligned/equal-again", test_equal_again);
  return g_test_run ();
}
