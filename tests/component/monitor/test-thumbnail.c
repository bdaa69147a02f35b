/* test-thumbnail.c - when pictures are made, and what stands in for one */
#include "monitor/thumbnail.h"

#include "clip.h"
#include "monitor/decode-worker.h"

#include <string.h>
#include <unistd.h>

#define S G_TIME_SPAN_SECOND

typedef struct {
  UsDecoder *decoder; /* nullable */
  UsThumbnailer *thumbnailer;
  guint n_done;
  gint64 wall_us;
  GBytes *jpeg;
  guint width, height;
  char *reason, *problem;
  gboolean frees;
} Stage;

static void
on_done (gint64 wall_us, GBytes *jpeg, guint width, guint height, const char *reason,
         const char *problem, gpointer data) {
  Stage *self = data;
  self->n_done++;
  self->wall_us = wall_us;
  g_clear_pointer (&self->jpeg, g_bytes_unref);
  self->jpeg = jpeg != NULL ? g_bytes_ref (jpeg) : NULL;
  self->width = width;
  self->height = height;
  g_free (self->reason);
  self->reason = g_strdup (reason);
  g_free (self->problem);
  self->problem = g_strdup (problem);
  if (self->frees)
    g_clear_pointer (&self->thumbnailer, us_thumbnailer_free);
}

static void
stage_open (Stage *self, gboolean has_decoder, guint interval_ms) {
  const char *argv[] = { "/proc/self/exe", US_DECODE_WORKER_COMMAND, NULL };
  UsDecoderSettings settings;
  memset (self, 0, sizeof *self);
  us_decoder_settings_default (&settings);
  settings.argv = argv;
  settings.deadline_ms = 60000;
  if (has_decoder)
    self->decoder = us_decoder_new (&settings);
  self->thumbnailer = us_thumbnailer_new (self->decoder, interval_ms, on_done, self);
}

static void
stage_close (Stage *self) {
  g_clear_pointer (&self->thumbnailer, us_thumbnailer_free);
  g_clear_pointer (&self->decoder, us_decoder_free);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_clear_pointer (&self->jpeg, g_bytes_unref);
  g_free (self->reason);
  g_free (self->problem);
}

static void
await (Stage *self, guint n) {
  gint64 until_us = g_get_monotonic_time () + 60 * (gint64)G_USEC_PER_SEC;
  while (self->n_done < n) {
    g_assert_cmpint (g_get_monotonic_time (), <, until_us);
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (1000);
  }
}

static GBytes *
clip (void) {
  UsClip clip = { .video = "testsrc2=s=640x360:r=25", .audio = "sine", .seconds = 1 };
  return us_clip_make (&clip);
}

static void
test_interval (void) {
  Stage self;
  g_autoptr (GBytes) segment = clip ();
  stage_open (&self, TRUE, 10000);
  g_assert_true (us_thumbnailer_is_due (self.thumbnailer, 5 * S));
  g_assert_true (us_thumbnailer_make_async (self.thumbnailer, 5 * S, 77, segment, NULL));
  g_assert_false (us_thumbnailer_is_due (self.thumbnailer, 50 * S)); /* one at a time */
  g_assert_false (us_thumbnailer_make_async (self.thumbnailer, 50 * S, 78, segment, NULL));
  await (&self, 1);
  g_assert_cmpint (self.wall_us, ==, 77);
  g_assert_cmpuint (self.width, ==, 320);
  g_assert_cmpuint (self.height, ==, 180);
  g_assert_cmpstr (self.reason, ==, "interval");
  g_assert_null (self.problem);
  g_assert_nonnull (self.jpeg);
  g_assert_false (us_thumbnailer_is_due (self.thumbnailer, 15 * S - 1));
  us_thumbnailer_want (self.thumbnailer, "finding");
  g_assert_true (us_thumbnailer_is_due (self.thumbnailer, 6 * S));
  g_assert_true (us_thumbnailer_make_async (self.thumbnailer, 6 * S, 79, segment, NULL));
  await (&self, 2);
  g_assert_cmpstr (self.reason, ==, "finding");
  g_assert_false (us_thumbnailer_is_due (self.thumbnailer, 16 * S - 1));
  g_assert_true (us_thumbnailer_is_due (self.thumbnailer, 16 * S));
  stage_close (&self);

  stage_open (&self, TRUE, 0); /* none by interval */
  g_assert_false (us_thumbnailer_is_due (self.thumbnailer, 5 * S));
  stage_close (&self);
}

static void
test_no_picture (void) {
  static const char junk[188 * 4] = "\x47";
  Stage self;
  g_autoptr (GBytes) broken = g_bytes_new_static (junk, sizeof junk);
  g_autoptr (GBytes) segment = clip ();
  stage_open (&self, TRUE, 1000);
  g_assert_true (us_thumbnailer_make_async (self.thumbnailer, S, 77, NULL, NULL)); /* encrypted */
  g_assert_cmpuint (self.n_done, ==, 0);                                           /* later */
  await (&self, 1);
  g_assert_null (self.jpeg);
  g_assert_nonnull (self.problem);
  g_assert_false (us_thumbnailer_is_due (self.thumbnailer, 20 * S)); /* not every second */
  us_thumbnailer_want (self.thumbnailer, "finding");
  us_thumbnailer_make_async (self.thumbnailer, 2 * S, 78, broken, NULL);
  await (&self, 2);
  g_assert_null (self.jpeg);
  g_assert_nonnull (self.problem);
  stage_close (&self);
  stage_open (&self, FALSE, 1000);
  us_thumbnailer_make_async (self.thumbnailer, S, 77, segment, NULL);
  await (&self, 1);
  g_assert_null (self.jpeg);
  g_assert_nonnull (self.problem);
  stage_close (&self);
}

static void
test_ends (void) {
  Stage self;
  g_autoptr (GBytes) segment = clip ();
  stage_open (&self, TRUE, 1000);
  us_thumbnailer_make_async (self.thumbnailer, S, 77, segment, NULL);
  stage_close (&self);
  g_assert_cmpuint (self.n_done, ==, 0);
  stage_open (&self, TRUE, 1000);
  us_thumbnailer_make_async (self.thumbnailer, S, 77, NULL, NULL);
  stage_close (&self);
  g_assert_cmpuint (self.n_done, ==, 0);
  stage_open (&self, TRUE, 1000);
  self.frees = TRUE;
  us_thumbnailer_make_async (self.thumbnailer, S, 77, segment, NULL);
  await (&self, 1);
  stage_close (&self);
}

static void
test_placeholder (void) {
  static const char *const problems[] = { NULL, "", "<script>alert(1)</script> & \"quotes\"",
                                          "broken \xff\xfe bytes", "l\xc3\xa4nger" };
  for (guint i = 0; i < G_N_ELEMENTS (problems); i++) {
    gsize size;
    g_autoptr (GBytes) svg = us_thumbnail_placeholder (problems[i]);
    const char *text = g_bytes_get_data (svg, &size);
    g_autofree char *copy = g_strndup (text, size);
    g_autoptr (GError) error = NULL;
    GMarkupParser parser = { 0 };
    g_autoptr (GMarkupParseContext) context = g_markup_parse_context_new (&parser, 0, NULL, NULL);
    g_assert_true (g_markup_parse_context_parse (context, text, (gssize)size, &error));
    g_assert_true (g_markup_parse_context_end_parse (context, &error));
    g_assert_no_error (error);
    g_assert_null (strstr (copy, "<script"));
    g_assert_cmpuint (size, <, 2000);
  }
  g_autofree char *endless = g_strnfill (100000, 'x');
  g_autoptr (GBytes) svg = us_thumbnail_placeholder (endless);
  g_assert_cmpuint (g_bytes_get_size (svg), <, 2000);
}

int
main (int argc, char **argv) {
  if (argc == 2 && strcmp (argv[1], US_DECODE_WORKER_COMMAND) == 0)
    return us_decode_worker_run (STDIN_FILENO, STDOUT_FILENO, NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/thumbnail/interval", test_interval);
  g_test_add_func ("/thumbnail/no-picture", test_no_picture);
  g_test_add_func ("/thumbnail/ends", test_ends);
  g_test_add_func ("/thumbnail/placeholder", test_placeholder);
  return g_test_run ();
}
