/* test-decoder.c - the pool and its children: real clips, and children that go astray
 *
 * This program is its own child: with a first argument it behaves as that word says. */
#include "monitor/decoder.h"

#include "clip.h"
#include "monitor/decode-protocol.h"
#include "monitor/decode-worker.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* ---- children ---- */

static void
say (UsDecodeStatus status, guint32 size) {
  UsDecodeAnswer answer = { US_DECODE_MAGIC, status, size, 320, 180 };
  g_assert_cmpint (write (STDOUT_FILENO, &answer, sizeof answer), ==, sizeof answer);
}

/* Reads one request, whole. */
static gboolean
hear (UsDecodeRequest *request) {
  if (read (STDIN_FILENO, request, sizeof *request) != sizeof *request)
    return FALSE;
  gsize left = (gsize)request->init_size + request->segment_size;
  guint8 bytes[4096];
  while (left > 0) {
    gssize n = read (STDIN_FILENO, bytes, MIN (left, sizeof bytes));
    if (n <= 0)
      return FALSE;
    left -= (gsize)n;
  }
  return TRUE;
}

static int
be_child (const char *word) {
  UsDecodeRequest request;
  if (g_str_equal (word, US_DECODE_WORKER_COMMAND))
    return us_decode_worker_run (STDIN_FILENO, STDOUT_FILENO, NULL);
  if (g_str_equal (word, "quit"))
    return 3;
  if (g_str_equal (word, "babble")) {
    g_print ("TAP version 13 and other things that nobody asked for\n");
    return 0;
  }
  say (US_DECODE_STATUS_READY, 0);
  if (g_str_equal (word, "deaf"))
    for (;;)
      pause ();
  while (hear (&request)) {
    if (g_str_equal (word, "hang"))
      for (;;)
        pause ();
    if (g_str_equal (word, "crash"))
      raise (SIGKILL);
    if (g_str_equal (word, "break-off")) {
      say (US_DECODE_STATUS_PICTURE, 100);
      return 0;
    }
    if (g_str_equal (word, "boast"))
      say (US_DECODE_STATUS_PICTURE, G_MAXUINT32);
    if (g_str_equal (word, "mistake"))
      say (request.kind == US_DECODE_PICTURE ? US_DECODE_STATUS_DECODED : US_DECODE_STATUS_PICTURE,
           sizeof (UsDecoded));
    if (g_str_equal (word, "lie")) {
      UsDecoded decoded;
      memset (&decoded, 0x7f, sizeof decoded);
      say (US_DECODE_STATUS_DECODED, sizeof decoded);
      g_assert_cmpint (write (STDOUT_FILENO, &decoded, sizeof decoded), ==, sizeof decoded);
    }
    if (g_str_equal (word, "lack")) {
      say (US_DECODE_STATUS_NO_DECODER, 8);
      g_assert_cmpint (write (STDOUT_FILENO, "no h.264", 8), ==, 8);
    }
    if (g_str_equal (word, "refuse")) {
      say (US_DECODE_STATUS_FAILED, 6);
      g_assert_cmpint (write (STDOUT_FILENO, "no\xff way", 6), ==, 6);
    }
  }
  return 0;
}

/* ---- the stage ---- */

typedef struct {
  UsDecoder *decoder;
  guint n_done, n_failed;
  int code; /* of the last error; -1: none */
  char *message;
  UsDecoded decoded;
  gsize jpeg_size;
  guint8 jpeg_head[2];
  guint width, height;
  gboolean frees; /* the callback ends the pool */
} Stage;

static void
stage_open (Stage *self, const char *child, guint max_workers, guint deadline_ms) {
  const char *argv[] = { "/proc/self/exe", child, NULL };
  UsDecoderSettings settings;
  memset (self, 0, sizeof *self);
  us_decoder_settings_default (&settings);
  settings.argv = argv;
  settings.max_workers = max_workers;
  settings.deadline_ms = deadline_ms;
  self->decoder = us_decoder_new (&settings);
}

static void
stage_close (Stage *self) {
  g_clear_pointer (&self->decoder, us_decoder_free);
  for (guint i = 0; i < 20; i++) /* nothing comes any more */
    g_main_context_iteration (NULL, FALSE);
  g_free (self->message);
}

static void
on_done (const UsDecoded *decoded, const UsDecodedPicture *picture, const GError *error,
         gpointer data) {
  Stage *self = data;
  self->n_done++;
  self->code = error != NULL ? error->code : -1;
  g_free (self->message);
  self->message = g_strdup (error != NULL ? error->message : NULL);
  self->n_failed += error != NULL;
  g_assert_true ((decoded != NULL) + (picture != NULL) + (error != NULL) == 1);
  if (decoded != NULL)
    self->decoded = *decoded;
  if (picture != NULL) {
    gconstpointer data_of = g_bytes_get_data (picture->jpeg, &self->jpeg_size);
    memcpy (self->jpeg_head, data_of, 2);
    self->width = picture->width;
    self->height = picture->height;
  }
  if (self->frees)
    g_clear_pointer (&self->decoder, us_decoder_free);
}

static void
await (Stage *self, guint n_done) {
  gint64 until_us = g_get_monotonic_time () + 60 * (gint64)G_USEC_PER_SEC;
  while (self->n_done < n_done) {
    g_assert_cmpint (g_get_monotonic_time (), <, until_us);
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (1000);
  }
  g_assert_cmpuint (self->n_done, ==, n_done);
}

static guint
push (Stage *self, UsDecodeKind kind, GBytes *segment) {
  return us_decoder_push (self->decoder, kind, US_DECODE_WANTED, segment, NULL, on_done, self);
}

/* ---- real clips ---- */

#define STILL "testsrc2=s=640x360:r=25,select=eq(n\\,0),loop=-1:1,setpts=N/25/TB"
#define BALL                                                                                       \
  "color=0x404040:s=640x360:r=25[b];color=white:s=16x16:r=25[o];[b][o]overlay=x=20+100*t:y=100"
#define NIGHT "nullsrc=s=640x360:r=25,geq=lum='18+14*abs(sin(X/40+T))*abs(cos(Y/30))':cb=128:cr=128"
#define NOISE "anoisesrc=r=48000:a="

typedef struct {
  const char *name;
  UsClip clip;
  gboolean is_black, is_frozen, is_silent;
} Row;

static const Row rows[] = {
  { "black", { "color=black:s=640x360:r=25", "anullsrc=r=48000" }, TRUE, TRUE, TRUE },
  { "black of all levels",
    { "color=black:s=640x360:r=25,scale=out_range=full", NULL, .arguments = "-pix_fmt yuvj420p" },
    TRUE,
    TRUE,
    FALSE },
  { "still", { STILL, "sine=r=48000" }, FALSE, TRUE, FALSE },
  { "still with a bit rate to fill",
    { STILL, "sine=r=48000",
      .arguments = "-b:v 3M -minrate 3M -maxrate 3M -bufsize 3M -x264-params nal-hrd=cbr" },
    FALSE,
    TRUE,
    FALSE },
  { "still, a key frame every half second",
    { STILL, NULL, .arguments = "-g 12" },
    FALSE,
    TRUE,
    FALSE },
  { "still with B-frames",
    { STILL, NULL, .arguments = "-preset veryfast -bf 3" },
    FALSE,
    TRUE,
    FALSE },
  { "moving", { "testsrc2=s=640x360:r=25", "sine=r=48000" }, FALSE, FALSE, FALSE },
  { "moving, ten key frames",
    { "testsrc2=s=640x360:r=25", NULL, .arguments = "-g 5" },
    FALSE,
    FALSE,
    FALSE },
  { "a ball", { BALL, NULL }, FALSE, FALSE, FALSE },
  { "a ball at a poor bit rate", { BALL, NULL, .arguments = "-b:v 60k" }, FALSE, FALSE, FALSE },
  { "night", { NIGHT, NULL }, FALSE, FALSE, FALSE },
  { "quiet", { NULL, NOISE "0.01" }, FALSE, FALSE, FALSE },
  { "all but silent", { NULL, NOISE "0.0005" }, FALSE, FALSE, TRUE },
  { "silent MP3", { NULL, "anullsrc=r=44100", .audio_encoder = "libmp3lame" }, FALSE, FALSE, TRUE },
  { "silent AC-3", { NULL, "anullsrc=r=48000", .audio_encoder = "ac3" }, FALSE, FALSE, TRUE },
  { "loud E-AC-3", { NULL, "sine=r=48000", .audio_encoder = "eac3" }, FALSE, FALSE, FALSE },
  { "black HEVC",
    { "color=black:s=640x360:r=25", NULL, .video_encoder = "libx265" },
    TRUE,
    TRUE,
    FALSE },
  { "moving HEVC",
    { "testsrc2=s=640x360:r=25", NULL, .video_encoder = "libx265" },
    FALSE,
    FALSE,
    FALSE },
};

/* Every clip in both containers. */
static void
test_clips (gconstpointer data) {
  gboolean is_fmp4 = GPOINTER_TO_INT (data);
  Stage self;
  guint n = 0;
  stage_open (&self, US_DECODE_WORKER_COMMAND, 1, 60000);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    UsClip clip = rows[i].clip;
    clip.is_fmp4 = is_fmp4;
    if ((clip.video_encoder != NULL && !us_clip_has_encoder (clip.video_encoder))
        || (clip.audio_encoder != NULL && !us_clip_has_encoder (clip.audio_encoder)))
      continue;
    g_autoptr (GBytes) bytes = us_clip_make (&clip);
    g_assert_cmpuint (push (&self, US_DECODE_ALL, bytes), >, 0);
    await (&self, ++n);
    const UsDecoded *d = &self.decoded;
    g_test_message ("%s: %s; %u frames, %.2f s, luma %.4f (%.6f), black %.2f, frozen %.2f; "
                    "%.2f s, %.1f dB, silent %.2f",
                    rows[i].name, self.message, d->n_frames, d->video_s, d->luma, d->luma_variance,
                    d->black_run_s, d->frozen_run_s, d->audio_s, d->audio_rms_db, d->silent_run_s);
    g_assert_cmpint (self.code, ==, -1);
    if (clip.video != NULL) {
      g_assert_cmpuint (d->n_frames, >=, 48);
      g_assert_cmpfloat_with_epsilon (d->video_s, 2, 0.15);
      g_assert_cmpint (d->black_run_s >= d->video_s - 0.01, ==, rows[i].is_black);
      g_assert_cmpint (d->frozen_run_s >= d->video_s - 0.1, ==, rows[i].is_frozen);
      if (!rows[i].is_black)
        g_assert_cmpfloat (d->black_run_s, <, 0.1);
      if (!rows[i].is_frozen)
        g_assert_cmpfloat (d->frozen_run_s, <, 0.5);
    }
    if (clip.audio != NULL) {
      g_assert_cmpfloat_with_epsilon (d->audio_s, 2, 0.15);
      g_assert_cmpint (d->silent_run_s >= d->audio_s - 0.15, ==, rows[i].is_silent);
    }
  }
  stage_close (&self);
}

/* Sound without a container, with an ID3 tag before it as RFC 8216 wants it. */
static void
test_packed (void) {
  static const struct {
    const char *encoder, *format;
  } kinds[] = { { "aac", "adts" }, { "libmp3lame", "mp3" }, { "ac3", "ac3" }, { "eac3", "eac3" } };
  static const guint8 tag[] = "ID3\4\0\0\0\0\0\77"
                              "PRIV\0\0\0\65\0\0com.apple.streaming.transportStreamTimestamp\0"
                              "\0\0\0\0\0\1\137\220";
  Stage self;
  guint n = 0;
  stage_open (&self, US_DECODE_WORKER_COMMAND, 1, 60000);
  for (guint i = 0; i < 2 * G_N_ELEMENTS (kinds); i++) {
    gboolean is_silent = i % 2 == 1;
    UsClip clip = { .audio = is_silent ? "anullsrc=r=48000" : "sine=r=48000",
                    .audio_encoder = kinds[i / 2].encoder,
                    .format = kinds[i / 2].format,
                    .arguments = "-write_xing 0 -id3v2_version 0" };
    if (!g_str_equal (clip.format, "mp3"))
      clip.arguments = NULL;
    if (!us_clip_has_encoder (clip.audio_encoder))
      continue;
    g_autoptr (GBytes) sound = us_clip_make (&clip);
    g_autoptr (GByteArray) bytes = g_byte_array_new ();
    gsize size;
    const guint8 *data = g_bytes_get_data (sound, &size);
    g_byte_array_append (bytes, tag, sizeof tag - 1);
    g_byte_array_append (bytes, data, (guint)size);
    g_autoptr (GBytes) segment = g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
    push (&self, US_DECODE_KEYS, segment);
    await (&self, ++n);
    g_test_message ("%s: %s; %.2f s, %.1f dB, silent %.2f", clip.format, self.message,
                    self.decoded.audio_s, self.decoded.audio_rms_db, self.decoded.silent_run_s);
    g_assert_cmpint (self.code, ==, -1);
    g_assert_cmpfloat_with_epsilon (self.decoded.audio_s, 2, 0.15);
    g_assert_cmpint (self.decoded.silent_run_s >= self.decoded.audio_s - 0.15, ==, is_silent);
  }
  stage_close (&self);
}

static void
test_keys (void) {
  Stage self;
  UsClip clip = { .video = "testsrc2=s=640x360:r=25", .audio = "sine", .arguments = "-g 25" };
  g_autoptr (GBytes) bytes = us_clip_make (&clip);
  stage_open (&self, US_DECODE_WORKER_COMMAND, 1, 60000);
  push (&self, US_DECODE_KEYS, bytes);
  await (&self, 1);
  g_assert_cmpuint (self.decoded.n_frames, ==, 2);
  g_assert_cmpfloat_with_epsilon (self.decoded.video_s, 2, 0.1);
  g_assert_true (isnan (self.decoded.frozen_run_s));
  stage_close (&self);
}

static void
test_pictures (void) {
  static const struct {
    const char *size;
    guint width, height;
  } sizes[] = { { "1280x720", 320, 180 },
                { "720x1280", 101, 180 },
                { "640x480", 240, 180 },
                { "160x90", 160, 90 } };
  Stage self;
  stage_open (&self, US_DECODE_WORKER_COMMAND, 1, 60000);
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autofree char *source = g_strdup_printf ("testsrc2=s=%s:r=25", sizes[i].size);
    UsClip clip = { .video = source, .is_fmp4 = i % 2 == 1, .seconds = 1 };
    g_autoptr (GBytes) bytes = us_clip_make (&clip);
    push (&self, US_DECODE_PICTURE, bytes);
    await (&self, i + 1);
    g_assert_cmpint (self.code, ==, -1);
    g_assert_cmpuint (self.width, ==, sizes[i].width);
    g_assert_cmpuint (self.height, ==, sizes[i].height);
    g_assert_cmpuint (self.jpeg_head[0] << 8 | self.jpeg_head[1], ==, 0xffd8);
  }
  UsClip sound = { .audio = "sine" };
  g_autoptr (GBytes) bytes = us_clip_make (&sound);
  push (&self, US_DECODE_PICTURE, bytes);
  await (&self, G_N_ELEMENTS (sizes) + 1);
  g_assert_cmpuint (self.n_failed, ==, 1);
  stage_close (&self);
}

/* Bytes of strangers: damaged, cut, none at all. The child answers, or goes; the pool lives. */
static void
test_hostile (void) {
  Stage self;
  UsClip clip = { .video = "testsrc2=s=320x180:r=25", .audio = "sine" };
  g_autoptr (GBytes) sound = us_clip_make (&clip);
  clip.is_fmp4 = TRUE;
  g_autoptr (GBytes) fragments = us_clip_make (&clip);
  g_autoptr (GRand) rand = g_rand_new_with_seed (5);
  stage_open (&self, US_DECODE_WORKER_COMMAND, 1, 60000);
  for (guint i = 0; i < 30; i++) {
    gsize size;
    const guint8 *data = g_bytes_get_data (i % 2 == 0 ? sound : fragments, &size);
    guint8 *copy = g_memdup2 (data, size);
    for (guint n = 0; n < 1u << (i / 2); n++)
      copy[g_rand_int_range (rand, 0, (gint32)size)] ^= (guint8)g_rand_int (rand);
    if (i % 5 == 4)
      size = size / 2 / 188 * 188;
    g_autoptr (GBytes) bytes = g_bytes_new_take (copy, size);
    push (&self, i % 3, bytes);
    await (&self, i + 1);
  }
  g_autoptr (GBytes) nothing = g_bytes_new_static ("", 0);
  g_assert_cmpuint (push (&self, US_DECODE_ALL, nothing), ==, 0);
  push (&self, US_DECODE_ALL, sound);
  await (&self, 31);
  g_assert_cmpint (self.code, ==, -1);
  stage_close (&self);
}

/* ---- children that go astray ---- */

static void
test_astray (void) {
  static const struct {
    const char *child;
    UsDecodeKind kind;
    UsDecodeError code;
    guint n_crashes, n_timeouts;
  } children[] = {
    { "hang", US_DECODE_ALL, US_DECODE_ERROR_TIMEOUT, 0, 1 },
    { "deaf", US_DECODE_ALL, US_DECODE_ERROR_TIMEOUT, 0, 1 },
    { "crash", US_DECODE_ALL, US_DECODE_ERROR_CRASHED, 1, 0 },
    { "break-off", US_DECODE_PICTURE, US_DECODE_ERROR_CRASHED, 1, 0 },
    { "boast", US_DECODE_PICTURE, US_DECODE_ERROR_CRASHED, 1, 0 },
    { "mistake", US_DECODE_PICTURE, US_DECODE_ERROR_CRASHED, 1, 0 },
    { "mistake", US_DECODE_KEYS, US_DECODE_ERROR_CRASHED, 1, 0 },
    { "lie", US_DECODE_ALL, US_DECODE_ERROR_MEDIA, 0, 0 },
    { "refuse", US_DECODE_ALL, US_DECODE_ERROR_MEDIA, 0, 0 },
  };
  g_autofree guint8 *data = g_malloc0 (3 << 20); /* more than a pipe holds */
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, 3 << 20);
  for (guint i = 0; i < G_N_ELEMENTS (children); i++) {
    Stage self;
    UsDecoderStats stats;
    g_test_message ("%s", children[i].child);
    stage_open (&self, children[i].child, 1, children[i].n_timeouts > 0 ? 300 : 60000);
    push (&self, children[i].kind, bytes);
    push (&self, children[i].kind, bytes); /* the next one gets a child as well */
    await (&self, 2);
    g_assert_cmpint (self.code, ==, children[i].code);
    g_assert_true (g_utf8_validate (self.message, -1, NULL));
    us_decoder_get_stats (self.decoder, &stats);
    g_assert_cmpuint (stats.n_crashes, ==, 2 * children[i].n_crashes);
    g_assert_cmpuint (stats.n_timeouts, ==, 2 * children[i].n_timeouts);
    g_assert_cmpuint (stats.n_failed, ==, 2);
    g_assert_cmpuint (stats.n_running + stats.n_queued, ==, 0);
    stage_close (&self);
  }
}

/* A machine without a decoder: every job fails, and the log says so once. */
static void
test_no_decoder (void) {
  Stage self;
  char text[4096] = "";
  g_autofree guint8 *data = g_malloc0 (1000);
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, 1000);
  int log = open (g_get_tmp_dir (), O_TMPFILE | O_RDWR, 0600);
  int before = dup (STDERR_FILENO);
  g_assert_cmpint (log, >=, 0);
  dup2 (log, STDERR_FILENO);
  stage_open (&self, "lack", 1, 60000);
  for (guint i = 0; i < 5; i++) {
    push (&self, US_DECODE_PICTURE, bytes);
    await (&self, i + 1);
    g_assert_cmpint (self.code, ==, US_DECODE_ERROR_NO_DECODER);
  }
  stage_close (&self);
  dup2 (before, STDERR_FILENO);
  close (before);
  g_assert_cmpint (pread (log, text, sizeof text - 1, 0), >, 0);
  close (log);
  const char *first = strstr (text, "no h.264 [no-decoder]");
  g_assert_nonnull (first);
  g_assert_null (strstr (first + strlen ("no h.264 [no-decoder]"), "[no-decoder]"));
}

/* What does not even start is not started for ever. */
static void
test_no_child (void) {
  static const char *const children[] = { "quit", "babble", NULL };
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  for (guint i = 0; i < G_N_ELEMENTS (children); i++) {
    Stage self;
    UsDecoderStats stats;
    guint n = 0;
    if (children[i] != NULL) {
      stage_open (&self, children[i], 1, 1000);
    } else {
      const char *argv[] = { "/nonexistent/understudy", NULL };
      UsDecoderSettings settings;
      memset (&self, 0, sizeof self);
      us_decoder_settings_default (&settings);
      settings.argv = argv;
      self.decoder = us_decoder_new (&settings);
    }
    for (guint job = 0; job < 5; job++)
      n += push (&self, US_DECODE_ALL, bytes) != 0;
    await (&self, n);
    g_assert_cmpuint (self.n_failed, ==, n);
    us_decoder_get_stats (self.decoder, &stats);
    g_assert_cmpuint (stats.n_crashes, <=, 3);
    g_assert_cmpuint (push (&self, US_DECODE_ALL, bytes), ==, 0);
    stage_close (&self);
  }
}

/* ---- the queue ---- */

static void
test_queue (void) {
  Stage self;
  UsDecoderStats stats;
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  stage_open (&self, "hang", 2, 60000);
  guint n = 0, routine = 0;
  while (
      us_decoder_push (self.decoder, US_DECODE_ALL, US_DECODE_ROUTINE, bytes, NULL, on_done, &self)
      != 0)
    routine++;
  g_assert_cmpuint (routine, <=, 4);
  while (push (&self, US_DECODE_ALL, bytes) != 0)
    n++;
  g_assert_cmpuint (n + routine, ==, US_DECODE_MAX_QUEUED);
  us_decoder_get_stats (self.decoder, &stats);
  g_assert_cmpuint (stats.n_refused, ==, 2);
  g_assert_cmpuint (stats.n_workers, ==, 2);
  stage_close (&self);
  g_assert_cmpuint (self.n_done, ==, 0);

  g_autofree guint8 *data = g_malloc0 (US_DECODE_MAX_BYTES + 1);
  g_autoptr (GBytes) large = g_bytes_new_static (data, US_DECODE_MAX_BYTES);
  g_autoptr (GBytes) larger = g_bytes_new_static (data, US_DECODE_MAX_BYTES + 1);
  stage_open (&self, "hang", 1, 60000);
  g_assert_cmpuint (push (&self, US_DECODE_ALL, larger), ==, 0);
  for (n = 0; push (&self, US_DECODE_ALL, large) != 0; n++)
    continue;
  g_assert_cmpuint (n, ==, US_DECODE_MAX_QUEUED_BYTES / US_DECODE_MAX_BYTES);
  stage_close (&self);
}

/* Cancelled before it began, under way, and long done; the pool freed by a callback. */
static void
test_ends (void) {
  Stage self;
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  stage_open (&self, "refuse", 1, 60000);
  guint first = push (&self, US_DECODE_ALL, bytes);
  guint second = push (&self, US_DECODE_ALL, bytes);
  push (&self, US_DECODE_ALL, bytes);
  us_decoder_cancel (self.decoder, second);
  us_decoder_cancel (self.decoder, 0);
  await (&self, 2);
  us_decoder_cancel (self.decoder, first);
  guint under_way = push (&self, US_DECODE_ALL, bytes); /* there is an idle child */
  UsDecoderStats stats;
  us_decoder_get_stats (self.decoder, &stats);
  g_assert_cmpuint (stats.n_running, ==, 1);
  us_decoder_cancel (self.decoder, under_way);
  push (&self, US_DECODE_ALL, bytes);
  await (&self, 3);
  self.frees = TRUE;
  push (&self, US_DECODE_ALL, bytes);
  push (&self, US_DECODE_ALL, bytes);
  await (&self, 4);
  stage_close (&self);
  static const char *const children[] = { "crash", "quit", "hang" };
  for (guint i = 0; i < G_N_ELEMENTS (children); i++) {
    stage_open (&self, children[i], 1, 200);
    self.frees = TRUE;
    for (guint n = 0; n < 3; n++)
      push (&self, US_DECODE_ALL, bytes);
    await (&self, 1);
    stage_close (&self);
  }
}

/* A child without work goes, and comes back with the next job. */
static void
test_idle (void) {
  Stage self;
  UsDecoderStats stats;
  const char *argv[] = { "/proc/self/exe", "refuse", NULL };
  UsDecoderSettings settings;
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  memset (&self, 0, sizeof self);
  us_decoder_settings_default (&settings);
  settings.argv = argv;
  settings.idle_ms = 20;
  self.decoder = us_decoder_new (&settings);
  for (guint i = 1; i <= 2; i++) {
    push (&self, US_DECODE_ALL, bytes);
    await (&self, i);
    do {
      g_main_context_iteration (NULL, TRUE);
      us_decoder_get_stats (self.decoder, &stats);
    } while (stats.n_workers > 0);
  }
  g_assert_cmpuint (stats.n_crashes, ==, 0);
  stage_close (&self);
}

int
main (int argc, char **argv) {
  if (argc == 2 && argv[1][0] != '-')
    return be_child (argv[1]);
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/decoder/clips/ts", GINT_TO_POINTER (FALSE), test_clips);
  g_test_add_data_func ("/decoder/clips/fmp4", GINT_TO_POINTER (TRUE), test_clips);
  g_test_add_func ("/decoder/packed", test_packed);
  g_test_add_func ("/decoder/keys", test_keys);
  g_test_add_func ("/decoder/pictures", test_pictures);
  g_test_add_func ("/decoder/hostile", test_hostile);
  g_test_add_func ("/decoder/astray", test_astray);
  g_test_add_func ("/decoder/no-decoder", test_no_decoder);
  g_test_add_func ("/decoder/no-child", test_no_child);
  g_test_add_func ("/decoder/queue", test_queue);
  g_test_add_func ("/decoder/ends", test_ends);
  g_test_add_func ("/decoder/idle", test_idle);
  return g_test_run ();
}
