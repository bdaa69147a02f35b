/* decode-worker.c - the child process that decodes for the monitor
 *
 * Decoders get a CVE every month, and what a monitor watches is made by strangers. So nothing is
 * decoded in the monitor: this child takes one segment at a time from its standard input, answers
 * on its standard output, and may crash or hang without anybody but that segment suffering. It
 * gives away what it does not need (descriptors, files, priority, new privileges) and ends with its
 * input, which ends with the monitor. docs/adr/0011 has what that costs.
 */
#include "monitor/decode-worker.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "hls/inspect.h"
#include "media/pipeline.h"
#include "media/segment-decode.h"
#include "media/thumbnail.h"
#include "monitor/decode-protocol.h"
#include "monitor/measure.h"

#define NICE 5
#define MAX_FILES 64
/* ORC, by which GStreamer converts pictures, maps its code from a temporary file. */
#define MAX_FILE ((rlim_t)64 << 20)
/* A picture of 16384 pixels a side in I420 has 400 MB; decoders hold several. */
#define MAX_MEMORY ((rlim_t)3 << 30)

typedef struct {
  int in, out;
  const char *pipelines;
} Worker;

/* ---- pipes ---- */

static gboolean
read_all (int fd, void *buffer, gsize size) {
  guint8 *at = buffer;
  while (size > 0) {
    gssize n = read (fd, at, size);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return FALSE;
    at += n;
    size -= (gsize)n;
  }
  return TRUE;
}

static gboolean
write_all (int fd, const void *buffer, gsize size) {
  const guint8 *at = buffer;
  while (size > 0) {
    gssize n = write (fd, at, size);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return FALSE;
    at += n;
    size -= (gsize)n;
  }
  return TRUE;
}

static gboolean
answer (Worker *self, UsDecodeStatus status, const void *data, gsize size, guint width,
        guint height) {
  UsDecodeAnswer head = { US_DECODE_MAGIC, status, (guint32)size, width, height };
  return write_all (self->out, &head, sizeof head) && write_all (self->out, data, size);
}

static gboolean
answer_error (Worker *self, const GError *error) {
  gboolean is_missing = g_error_matches (error, US_PIPELINE_ERROR, US_PIPELINE_ERROR_MISSING);
  gsize size = MIN (strlen (error->message), US_DECODE_MAX_TEXT);
  return answer (self, is_missing ? US_DECODE_STATUS_NO_DECODER : US_DECODE_STATUS_FAILED,
                 error->message, size, 0, 0);
}

/* Returns: (transfer full) (nullable): @size bytes from the input */
static GBytes *
read_bytes (Worker *self, gsize size) {
  guint8 *data = g_try_malloc (MAX (size, 1));
  if (data == NULL)
    return NULL;
  if (!read_all (self->in, data, size)) {
    g_free (data);
    return NULL;
  }
  return g_bytes_new_take (data, size);
}

/* ---- requests ---- */

static const char *
video_word (const char *codec) {
  if (codec == NULL)
    return NULL;
  if (g_str_has_prefix (codec, "avc"))
    return "h264";
  return g_str_has_prefix (codec, "hvc") || g_str_has_prefix (codec, "hev") ? "h265" : NULL;
}

static const char *
audio_word (const char *codec) {
  if (codec == NULL)
    return NULL;
  if (g_str_equal (codec, "mp4a.40.34"))
    return "mp3";
  if (g_str_has_prefix (codec, "mp4a.40."))
    return "aac";
  if (g_str_equal (codec, "ac-3"))
    return "ac3";
  if (g_ascii_strcasecmp (codec, "opus") == 0)
    return "opus";
  return g_str_equal (codec, "ec-3") ? "eac3" : NULL;
}

static void
on_frame (const UsLumaFrame *frame, gpointer measure) {
  us_measure_add_frame (measure, frame->at_s, frame->is_key, frame->luma, frame->width,
                        frame->height, frame->stride);
}

static void
on_sound (double duration_s, const double *rms_db, guint n_channels, gpointer measure) {
  us_measure_add_sound (measure, duration_s, rms_db, n_channels);
}

static const UsSegmentDecodeHandler handler = { on_frame, on_sound };

static gboolean
decode (Worker *self, gboolean keys_only, GBytes *segment, GBytes *init) {
  g_autoptr (GError) error = NULL;
  g_autoptr (UsInspection) media = us_inspect_segment (segment, init, &error);
  if (media == NULL)
    return answer_error (self, error);
  const UsProbe *probe = media->probe;
  UsSegmentFormat format = {
    .container = probe->container == US_CONTAINER_TS     ? US_SEGMENT_TS
                 : probe->container == US_CONTAINER_FMP4 ? US_SEGMENT_FMP4
                                                         : US_SEGMENT_PACKED,
    .video = probe->has_video ? video_word (media->video_codec) : NULL,
    .audio = probe->has_audio ? audio_word (media->audio_codec) : NULL,
    .keys_only = keys_only,
  };
  double video_s = probe->has_video
                       ? (double)(probe->end_video_us - probe->first_video_us) / G_USEC_PER_SEC
                       : 0;
  g_autofree UsMeasure *measure = g_new (UsMeasure, 1);
  us_measure_init (measure, keys_only);
  gboolean is_ok
      = us_segment_decode (self->pipelines, &format, segment, init, &handler, measure, &error);
  UsDecoded decoded;
  us_measure_end (measure, video_s, &decoded);
  if (!is_ok && decoded.n_frames == 0 && decoded.audio_s <= 0)
    return answer_error (self, error);
  return answer (self, US_DECODE_STATUS_DECODED, &decoded, sizeof decoded, 0, 0);
}

static gboolean
paint (Worker *self, GBytes *segment, GBytes *init) {
  guint width = 0, height = 0;
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) jpeg
      = us_thumbnail_make (self->pipelines, segment, init, &width, &height, &error);
  if (jpeg == NULL)
    return answer_error (self, error);
  gsize size;
  gconstpointer data = g_bytes_get_data (jpeg, &size);
  return answer (self, US_DECODE_STATUS_PICTURE, data, size, width, height);
}

static gboolean
serve (Worker *self) {
  UsDecodeRequest request;
  if (!read_all (self->in, &request, sizeof request) || !us_decode_request_is_valid (&request))
    return FALSE;
  g_autoptr (GBytes) init = request.init_size > 0 ? read_bytes (self, request.init_size) : NULL;
  if (request.init_size > 0 && init == NULL)
    return FALSE;
  g_autoptr (GBytes) segment = read_bytes (self, request.segment_size);
  if (segment == NULL)
    return FALSE;
  if (request.kind == US_DECODE_PICTURE)
    return paint (self, segment, init);
  return decode (self, request.kind == US_DECODE_KEYS, segment, init);
}

/* ---- the process ---- */

static void
limit (int resource, rlim_t value) {
  struct rlimit limits = { value, value };
  setrlimit ((__rlimit_resource_t)resource, &limits);
}

#if defined(__SANITIZE_ADDRESS__)
#define HAS_SHADOW_MEMORY 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_SHADOW_MEMORY 1
#endif
#endif

/* After GStreamer has read its plugins, and written its registry if it was out of date. */
static void
give_away (void) {
  limit (RLIMIT_CORE, 0);
  limit (RLIMIT_FSIZE, MAX_FILE);
  limit (RLIMIT_NOFILE, MAX_FILES);
#ifndef HAS_SHADOW_MEMORY
  limit (RLIMIT_AS, MAX_MEMORY);
#endif
  prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/**
 * us_decode_worker_run:
 * @in: the requests
 * @out: the answers
 * @pipelines: (nullable): see us_pipeline_find()
 *
 * Returns: 0 when the input has ended; 1 when GStreamer does not start
 */
int
us_decode_worker_run (int in, int out, const char *pipelines) {
  Worker self = { in, out, pipelines };
  g_autoptr (GError) error = NULL;
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (nice (NICE) == -1)
    errno = 0; /* it works as well without */
  if (!us_media_init (&error))
    return 1;
  give_away ();
  if (!answer (&self, US_DECODE_STATUS_READY, NULL, 0, 0, 0))
    return 0;
  while (serve (&self))
    continue;
  return 0;
}

/**
 * us_decode_worker_argv:
 * @pipelines: (nullable): folder of pipeline texts
 */
char **
us_decode_worker_argv (const char *pipelines) {
  g_autoptr (GStrvBuilder) argv = g_strv_builder_new ();
  g_strv_builder_add (argv, "/proc/self/exe");
  g_strv_builder_add (argv, US_DECODE_WORKER_COMMAND);
  if (pipelines != NULL)
    g_strv_builder_add (argv, pipelines);
  return g_strv_builder_end (argv);
}
