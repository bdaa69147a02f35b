/* turns.c - many streams that cut at the same moment: how long until each segment is finished
 *
 * Streams by the number of --streams get a segment of the same material at once, in every round
 * anew, through as many muxers of one turnstile, as in a packager. Measured is the time from there
 * to the finished segment. --turns 0 is no limit. One number of turns for each process: threads of
 * one would otherwise be left over for the next.
 */
#include <math.h>
#include <sys/resource.h>

#include "helpers/material.h"
#include "media/pipeline.h"
#include "packager/muxer.h"

#define SEGMENT_MS 2000
#define WARM_UP 2 /* rounds that are not counted: pipelines are built in the first */

typedef struct {
  GMainLoop *loop;
  GPtrArray *muxers;
  guint round, n_open; /* the round, and how many segments of it are not finished */
  gint64 begun_us;     /* of the round */
  GArray *ms;          /* double: of each segment */
  double cpu_ms;
  guint most_threads, n_failed;
} Bench;

static guint
count_threads (void) {
  guint n = 0;
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  while (dir != NULL && g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

static double
cpu_ms (void) {
  struct rusage usage;
  getrusage (RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3
         + (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

static void
on_muxed (const UsRawSegment *raw, GBytes *bytes, const GError *error, gpointer user_data) {
  Bench *bench = user_data;
  double ms = (double)(g_get_monotonic_time () - bench->begun_us) / 1e3;
  if (bench->round >= WARM_UP) {
    bench->n_failed += bytes == NULL;
    bench->most_threads = MAX (bench->most_threads, count_threads ());
    g_array_append_val (bench->ms, ms);
  }
  if (--bench->n_open == 0)
    g_main_loop_quit (bench->loop);
}

static UsRawSegment *
segment_of (const UsMaterial *material, guint64 number) {
  UsRawSegment *raw = us_raw_segment_new ();
  raw->open.epoch = 1;
  raw->open.number = number;
  raw->end_ms = SEGMENT_MS;
  raw->video_codec = material->video_codec;
  raw->audio_codec = material->audio_codec;
  raw->video_config = g_bytes_ref (material->video_config);
  raw->audio_config = g_bytes_ref (material->audio_config);
  for (guint i = 0; i < material->units->len; i++) {
    const UsMaterialUnit *from = &g_array_index (material->units, UsMaterialUnit, i);
    if (from->dts_ms >= SEGMENT_MS)
      continue;
    UsAccessUnit unit = { from->is_video, from->is_keyframe, from->dts_ms, from->pts_ms,
                          g_bytes_ref (from->data) };
    g_array_append_val (raw->units, unit);
    raw->tracks |= unit.is_video ? US_TRACK_VIDEO : US_TRACK_AUDIO;
  }
  return raw;
}

static void
run_round (Bench *bench, const UsMaterial *material, guint round) {
  double before_ms = cpu_ms ();
  bench->round = round;
  bench->n_open = bench->muxers->len;
  bench->begun_us = g_get_monotonic_time ();
  for (guint i = 0; i < bench->muxers->len; i++)
    us_muxer_push (g_ptr_array_index (bench->muxers, i), segment_of (material, round + 1));
  g_main_loop_run (bench->loop);
  if (round >= WARM_UP)
    bench->cpu_ms += cpu_ms () - before_ms;
}

static int
compare (gconstpointer a, gconstpointer b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double
quantile (const GArray *sorted, double q) {
  guint rank = (guint)ceil (q * sorted->len);
  return g_array_index (sorted, double, MAX (rank, 1) - 1);
}

static void
measure (const UsMuxerSettings *settings, guint n_streams, guint n_rounds, guint width) {
  g_autoptr (UsMaterial) material = us_material_new (2, 60, width, "aac");
  g_autoptr (GArray) ms = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GPtrArray) muxers = g_ptr_array_new_with_free_func ((GDestroyNotify)us_muxer_free);
  Bench bench = { .loop = g_main_loop_new (NULL, FALSE), .muxers = muxers, .ms = ms };
  for (guint i = 0; i < n_streams; i++)
    g_ptr_array_add (muxers, us_muxer_new (settings, on_muxed, &bench));
  for (guint round = 0; round < n_rounds + WARM_UP; round++)
    run_round (&bench, material, round);
  g_array_sort (ms, compare);
  g_print ("p50 %.1f ms, p99 %.1f ms, worst %.1f ms; at most %u threads; CPU %.2f ms a segment; "
           "%u failed of %u\n",
           quantile (ms, 0.5), quantile (ms, 0.99), quantile (ms, 1), bench.most_threads,
           bench.cpu_ms / ms->len, bench.n_failed, ms->len);
  g_main_loop_unref (bench.loop);
}

int
main (int argc, char **argv) {
  int n_streams = 50, n_rounds = 20, width = 320, n_turns = 4;
  g_autofree char *text = g_strdup ("packager-copy");
  const GOptionEntry entries[] = {
    { "streams", 0, 0, G_OPTION_ARG_INT, &n_streams, "that cut at the same moment", "N" },
    { "rounds", 0, 0, G_OPTION_ARG_INT, &n_rounds, "segments of each", "N" },
    { "width", 0, 0, G_OPTION_ARG_INT, &width, "of the pictures", "PIXELS" },
    { "turns", 0, 0, G_OPTION_ARG_INT, &n_turns, "pipelines at once; 0: no limit", "N" },
    { "pipeline", 0, 0, G_OPTION_ARG_STRING, &text, "text", "NAME" },
    { 0 },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || !us_media_init (&error)) {
    g_printerr ("%s\n", error->message);
    return 2;
  }
  if (n_streams < 1 || n_rounds < 1 || n_turns < 0 || width < 16) {
    g_printerr ("--streams and --rounds are at least 1, --turns 0, --width 16\n");
    return 2;
  }
  UsMuxerSettings settings;
  us_muxer_settings_default (&settings);
  settings.name = text;
  settings.deadline_ms = 60000;
  g_autoptr (UsTurnstile) turnstile = n_turns > 0 ? us_turnstile_new ((guint)n_turns) : NULL;
  settings.turnstile = turnstile;
  measure (&settings, (guint)n_streams, (guint)n_rounds, (guint)width);
  return 0;
}
