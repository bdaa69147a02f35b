/* test-content.c - a stream's content over many segments, with real clips and real decoders */
#include "monitor/content.h"

#include "clip.h"
#include "monitor/decode-worker.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#define S G_TIME_SPAN_SECOND

typedef struct {
  UsDecoder *decoder;
  UsContent *content;
  guint64 number;
  gint64 now_us;
  guint n_changed;
  int rendition; /* of the last change */
  UsContentFacts facts;
  gboolean frees;
} Stage;

static void
on_changed (int rendition, const UsContentFacts *facts, gpointer data) {
  Stage *self = data;
  self->n_changed++;
  self->rendition = rendition;
  self->facts = *facts;
  if (self->frees)
    g_clear_pointer (&self->content, us_content_free);
}

static void
stage_open (Stage *self, const UsContentWanted *wanted) {
  static const UsContentWanted all = { TRUE, TRUE, TRUE };
  const char *argv[] = { "/proc/self/exe", US_DECODE_WORKER_COMMAND, NULL };
  UsDecoderSettings settings;
  memset (self, 0, sizeof *self);
  us_decoder_settings_default (&settings);
  settings.argv = argv;
  settings.deadline_ms = 60000;
  self->decoder = us_decoder_new (&settings);
  self->content = us_content_new (self->decoder, wanted != NULL ? wanted : &all, on_changed, self);
  self->now_us = 1000 * S;
  us_content_facts_init (&self->facts);
}

static void
stage_close (Stage *self) {
  g_clear_pointer (&self->content, us_content_free);
  us_decoder_free (self->decoder);
}

static gboolean
is_busy (const Stage *self) {
  UsDecoderStats stats;
  us_decoder_get_stats (self->decoder, &stats);
  return stats.n_running + stats.n_queued > 0;
}

static void
await_quiet (Stage *self) {
  gint64 until_us = g_get_monotonic_time () + 60 * (gint64)G_USEC_PER_SEC;
  while (is_busy (self)) {
    g_assert_cmpint (g_get_monotonic_time (), <, until_us);
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (1000);
  }
}

static void
push (Stage *self, int rendition, GBytes *bytes) {
  UsSegmentSeen seen = { .number = self->number, .duration_us = 2 * S };
  g_autoptr (GError) error = NULL;
  seen.fetched.ended_us = self->now_us;
  seen.media = us_inspect_segment (bytes, NULL, &error);
  g_assert_no_error (error);
  us_content_push (self->content, rendition, &seen, bytes, NULL);
  us_inspection_free (seen.media);
}

/* @n segments that are all alike. */
static void
play (Stage *self, GBytes *bytes, guint n) {
  while (n-- > 0) {
    push (self, 0, bytes);
    await_quiet (self);
    self->number++;
    self->now_us += 2 * S;
  }
}

static GBytes *
make (const char *video, const char *audio, const char *arguments) {
  UsClip clip = { .video = video, .audio = audio, .arguments = arguments };
  return us_clip_make (&clip);
}

/* The last frame of a clip may be padded: GStreamer 1.26 hands the padding on, 1.22 does not. */
#define SHORT_S 0.1

#define MOVING "testsrc2=s=640x360:r=25"
#define STILL "testsrc2=s=640x360:r=25,select=eq(n\\,0),loop=-1:1,setpts=N/25/TB"

static void
test_faults (void) {
  Stage self;
  g_autoptr (GBytes) well = make (MOVING, "sine=r=48000", NULL);
  g_autoptr (GBytes) other = make ("mandelbrot=s=640x360:r=25", "sine=r=48000", NULL);
  g_autoptr (GBytes) black = make ("color=black:s=640x360:r=25", "anullsrc=r=48000", NULL);
  g_autoptr (GBytes) still = make (STILL, "sine=r=48000", NULL);
  stage_open (&self, NULL);
  play (&self, well, 3);
  g_assert_cmpfloat (self.facts.black_s, ==, 0);
  g_assert_cmpfloat (self.facts.silent_s, <, SHORT_S);
  g_assert_cmpfloat (self.facts.luma, >, 0.3);
  g_assert_cmpfloat (self.facts.audio_rms_db, >, -30);
  play (&self, black, 3);
  g_assert_cmpfloat_with_epsilon (self.facts.black_s, 6, 0.3);
  g_assert_cmpfloat_with_epsilon (self.facts.silent_s, 6, 0.3);
  play (&self, other, 1);
  g_assert_cmpfloat (self.facts.black_s, ==, 0);
  g_assert_cmpfloat (self.facts.silent_s, <, 0.2);
  play (&self, still, 12); /* sizes do not tell at this bit rate: two looks at key frames first */
  g_assert_cmpfloat (self.facts.frozen_s, >, 5);
  g_assert_cmpfloat (self.facts.black_s, ==, 0);
  play (&self, other, 2);
  g_assert_cmpfloat (self.facts.frozen_s, <, 1);
  stage_close (&self);
}

/* Constant bit rate hides a still picture from the sizes; key frames that are alike do not. */
static void
test_hidden_freeze (void) {
  Stage self;
  g_autoptr (GBytes) still
      = make (STILL, NULL, "-b:v 2M -minrate 2M -maxrate 2M -bufsize 2M -x264-params nal-hrd=cbr");
  g_autoptr (UsInspection) media = us_inspect_segment (still, NULL, NULL);
  g_assert_cmpuint (media->delta.p90, >, 400);
  stage_open (&self, NULL);
  guint n = 0;
  while (isnan (self.facts.frozen_s) || self.facts.frozen_s < 5) {
    g_assert_cmpuint (n++, <, 15);
    play (&self, still, 1);
  }
  stage_close (&self);
}

/* A picture with little movement, at a bit rate that makes its frames tiny. */
static void
test_little_movement (void) {
  Stage self;
  g_autoptr (GBytes) ball = make ("color=0x404040:s=640x360:r=25[b];color=white:s=12x12:r=25[o];"
                                  "[b][o]overlay=x=20+40*t:y=100",
                                  "anoisesrc=r=48000:a=0.01", "-b:v 40k");
  stage_open (&self, NULL);
  play (&self, ball, 40);
  g_assert_cmpfloat (self.facts.frozen_s, <, 1);
  g_assert_cmpfloat (self.facts.black_s, ==, 0);
  g_assert_cmpfloat (self.facts.silent_s, <, SHORT_S);
  UsDecoderStats stats;
  us_decoder_get_stats (self.decoder, &stats);
  g_assert_cmpuint (stats.n_done, <, 14);
  stage_close (&self);
}

/* Of four renditions one is looked at by routine; when one is black, all are, soon. */
static void
test_ladder (void) {
  Stage self;
  UsDecoderStats stats;
  UsContentFacts facts;
  g_autoptr (GBytes) well = make (MOVING, NULL, "-s 320x180");
  g_autoptr (GBytes) black
      = make ("color=black:s=320x180:r=25", NULL,
              "-b:v 1M -minrate 1M -maxrate 1M -bufsize 1M -x264-params nal-hrd=cbr:filler=1");
  stage_open (&self, NULL);
  for (guint i = 0; i < 15; i++) {
    for (int rendition = 0; rendition < 4; rendition++)
      push (&self, rendition, well);
    await_quiet (&self);
    self.number++;
    self.now_us += 2 * S;
  }
  us_decoder_get_stats (self.decoder, &stats);
  g_assert_cmpuint (stats.n_done, <=, 5 + 4 * 2); /* and a freeze suspected: the clips are alike */
  for (guint i = 0; i < 20; i++) {
    for (int rendition = 0; rendition < 4; rendition++)
      push (&self, rendition, black);
    await_quiet (&self);
    self.number++;
    self.now_us += 2 * S;
  }
  for (int rendition = 0; rendition < 4; rendition++) {
    us_content_get (self.content, rendition, &facts);
    g_assert_cmpfloat (facts.black_s, >=, 20);
  }
  stage_close (&self);
}

static void
test_not_wanted (void) {
  static const UsContentWanted none = { FALSE, FALSE, FALSE };
  static const UsContentWanted sound = { FALSE, FALSE, TRUE };
  Stage self;
  g_autoptr (GBytes) black = make ("color=black:s=320x180:r=25", "anullsrc=r=48000", NULL);
  stage_open (&self, &none);
  play (&self, black, 3);
  g_assert_cmpuint (self.n_changed, ==, 0);
  us_content_set_wanted (self.content, &sound);
  play (&self, black, 3);
  g_assert_cmpfloat (self.facts.silent_s, >, 3);
  g_assert_true (isnan (self.facts.black_s) && isnan (self.facts.frozen_s));
  us_content_forget (self.content, 0);
  us_content_get (self.content, 0, &self.facts);
  g_assert_true (isnan (self.facts.silent_s));
  stage_close (&self);
}

/* Freed while a decode is under way, and by the callback itself; without a decoder at all. */
static void
test_ends (void) {
  Stage self;
  g_autoptr (GBytes) black = make ("color=black:s=320x180:r=25", NULL, NULL);
  stage_open (&self, NULL);
  push (&self, 0, black);
  g_assert_true (is_busy (&self));
  us_content_forget (self.content, 0);
  self.number++;
  push (&self, 0, black);
  g_clear_pointer (&self.content, us_content_free);
  await_quiet (&self);
  g_assert_cmpuint (self.n_changed, ==, 0);
  stage_close (&self);

  stage_open (&self, NULL);
  self.frees = TRUE;
  push (&self, 0, black);
  await_quiet (&self);
  g_assert_cmpuint (self.n_changed, ==, 1);
  g_assert_null (self.content);
  stage_close (&self);

  stage_open (&self, NULL);
  g_clear_pointer (&self.content, us_content_free);
  UsContentWanted all = { TRUE, TRUE, TRUE };
  self.content = us_content_new (NULL, &all, on_changed, &self);
  push (&self, 0, black);
  us_content_get (self.content, 0, &self.facts);
  g_assert_true (isnan (self.facts.black_s));
  stage_close (&self);
}

int
main (int argc, char **argv) {
  if (argc == 2 && strcmp (argv[1], US_DECODE_WORKER_COMMAND) == 0)
    return us_decode_worker_run (STDIN_FILENO, STDOUT_FILENO, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/content/faults", test_faults);
  g_test_add_func ("/content/hidden-freeze", test_hidden_freeze);
  g_test_add_func ("/content/little-movement", test_little_movement);
  g_test_add_func ("/content/ladder", test_ladder);
  g_test_add_func ("/content/not-wanted", test_not_wanted);
  g_test_add_func ("/content/ends", test_ends);
  return g_test_run ();
}
