/* muxer.c - one hlssink2 pipeline, run once per segment
 *
 * For each raw segment the pipeline goes to PLAYING, gets all access units in one burst, then end
 * of stream; hlssink2 writes exactly one fragment into memory; the pipeline goes back to READY.
 * Nothing survives in it from one segment to the next, so its output is a function of the segment
 * alone: that is what makes two packagers with different pasts byte-identical, and why no segment
 * has to wait for the key frame behind it. (docs/adr/0004-one-run-per-segment.md has the figures.)
 *
 * Time stamps are absolute: media time + BASE_MS, format=time. The base keeps them positive for
 * audio that lies a little before its first picture.
 *
 * Main loop: everything except on_fragment_stream(), which a streaming thread calls once per run
 * and which only takes a lock to hand out the output stream. A run ends with EOS or ERROR on the
 * bus, or at the deadline. The pipeline is built anew when the tracks or codecs change, and after
 * any error. Since a run is a function of its segment, one that failed is simply done once more in
 * a new pipeline: hlssink2 and splitmuxsink have races around end of stream that show up once in
 * some thousand runs of a busy machine ("Fragment closed without knowing its location"), and none
 * of them may cost a segment. A pipeline that did not reach EOS is taken down by a thread of its
 * own: its streaming threads may be stuck in a plugin, and gst_element_set_state() would then never
 * return. What that thread and the streaming threads touch is in the reference-counted Output,
 * never in the muxer.
 *
 * All muxers of a packager share a turnstile: a run waits for its turn, and gives it back when it
 * ends, however it ends. One that takes long goes on without a turn until its deadline: a few stuck
 * pipelines would otherwise hold up every other stream.
 */
#include "packager/muxer.h"

#include <gio/gio.h>
#include <gst/app/gstappsrc.h>
#include <string.h>

#define US_LOG_TOPIC "packager.muxer"
#include "base/log.h"
#include "base/names.h"
#include "base/timer.h"
#include "hls/mpegts.h"
#include "media/pipeline.h"
#include "packager/caps.h"

#define BASE_MS 10000
#define PACKETS_PER_BUFFER 64
/* A pipeline that encodes may take so many times the duration of its segment beyond the deadline:
 * slower than that is of no use to anyone, and cannot be told from one that hangs. */
#define ENCODING_PATIENCE 4
#define MAX_DURATION_MS (10 * 60 * 1000)
/* Turns and their length together say how many runs can begin in a second at least: 80 for each
 * core. A limit without it holds up everybody on a machine that is busy with other things: a run
 * takes many times as long there, and most of that it waits for a core. */
#define TURN_MS 25
/* An encoder keeps its turn for so many durations of its segment more: slower is of no use. */
#define ENCODING_TURN 2

/* Where the fragment of a run goes; shared with streaming threads. */
typedef struct {
  GMutex lock;           /* protects the rest; taken alone, held for moments */
  GOutputStream *stream; /* (nullable) what the run's fragment is written to */
  guint n_fragments;     /* asked for in this run; more than one is an error */
  gboolean has_begun;    /* the first unit of the leading track has passed in this run */
} Output;

struct UsMuxer {
  char *folder, *name;
  guint deadline_ms, max_waiting, video_kbps, turn_ms;
  UsMuxerFunc func;
  gpointer user_data;

  GQueue waiting; /* UsRawSegment, the head is the one in the pipeline while is_running */
  gboolean is_running;
  gboolean is_retry; /* the head of waiting has failed once */
  guint64 n_retried, n_missing;
  gboolean is_missing; /* pictures were missing in the last segment */
  GSource *deadline;   /* while is_running */
  gint64 begun_us;     /* monotonic: a turn was first asked for the head of waiting; or 0 */
  gint64 run_us;       /* how long the last answered segment took, with its second try */
  UsTurn *turn;        /* taken while is_running, but for a run that takes too long */
  GSource *overstay;   /* while is_running: gives the turn back before the run ends */
  gboolean is_resting; /* nothing more is expected: no pipeline is kept */
  GSource *kick;       /* starts the next run from the main loop, never from within push() */

  GstElement *pipeline; /* (nullable) built for layout */
  char *layout;         /* tags of the pipeline, "h264 aac" */
  GstElement *video, *audio;
  gboolean is_encoding;
  GBytes *video_config, *audio_config; /* behind the caps that are set */
  GSource *bus_watch;                  /* while is_running */
  Output *output;                      /* of the pipeline */
};

static void schedule_next (UsMuxer *muxer);
static void on_turn (gpointer user_data);

/**
 * us_muxer_settings_default:
 * @settings: filled with the copying pipeline, 5 s, 64 segments, 2500 kbit/s and turns of 25 ms
 */
void
us_muxer_settings_default (UsMuxerSettings *settings) {
  *settings = (UsMuxerSettings){ NULL, "packager-copy", 5000, 64, 2500, NULL, TURN_MS };
}

/**
 * us_muxer_new:
 * @settings: copied; its turnstile has to outlive the muxer
 * @func: called once for every pushed segment
 * @user_data: for @func
 *
 * Returns: (transfer full): a muxer working in the thread-default main context
 */
UsMuxer *
us_muxer_new (const UsMuxerSettings *settings, UsMuxerFunc func, gpointer user_data) {
  UsMuxer *muxer = g_new0 (UsMuxer, 1);
  muxer->folder = g_strdup (settings->folder);
  muxer->name = g_strdup (settings->name);
  muxer->deadline_ms = settings->deadline_ms;
  muxer->max_waiting = settings->max_waiting;
  muxer->video_kbps = settings->video_kbps;
  muxer->turn_ms = settings->turn_ms;
  muxer->func = func;
  muxer->user_data = user_data;
  muxer->turn = us_turn_new (settings->turnstile, on_turn, muxer);
  g_queue_init (&muxer->waiting);
  return muxer;
}

static void
output_clear (gpointer data) {
  Output *output = data;
  g_clear_object (&output->stream);
  g_mutex_clear (&output->lock);
}

static void
output_unref (gpointer output) {
  g_atomic_rc_box_release_full (output, output_clear);
}

static Output *
output_new (void) {
  Output *output = g_atomic_rc_box_new0 (Output);
  g_mutex_init (&output->lock);
  return output;
}

/* A thread of splitmuxsink may wait for others that have ended already; a flush wakes it, so that
 * the state change does not wait for it for ever. */
static gpointer
take_down (gpointer data) {
  g_autoptr (GstElement) pipeline = data;
  const char *const names[] = { "video", "audio" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GstElement) source = gst_bin_get_by_name (GST_BIN (pipeline), names[i]);
    if (source != NULL)
      gst_element_send_event (source, gst_event_new_flush_start ());
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return NULL;
}

static void
drop_pipeline (UsMuxer *muxer) {
  if (muxer->pipeline == NULL)
    return;
  us_timer_stop (&muxer->bus_watch);
  if (muxer->is_running)
    g_thread_unref (g_thread_new ("take-down", take_down, gst_object_ref (muxer->pipeline)));
  else
    gst_element_set_state (muxer->pipeline, GST_STATE_NULL);
  g_clear_pointer (&muxer->output, output_unref);
  g_clear_object (&muxer->video);
  g_clear_object (&muxer->audio);
  g_clear_object (&muxer->pipeline);
  g_clear_pointer (&muxer->layout, g_free);
  g_clear_pointer (&muxer->video_config, g_bytes_unref);
  g_clear_pointer (&muxer->audio_config, g_bytes_unref);
}

/**
 * us_muxer_free:
 * @muxer: (nullable) (transfer full): the muxer; waiting segments are dropped without a call
 */
void
us_muxer_free (UsMuxer *muxer) {
  if (muxer == NULL)
    return;
  us_timer_stop (&muxer->deadline);
  us_timer_stop (&muxer->overstay);
  us_timer_stop (&muxer->kick);
  drop_pipeline (muxer);
  us_turn_free (muxer->turn);
  g_queue_clear_full (&muxer->waiting, (GDestroyNotify)us_raw_segment_free);
  g_free (muxer->folder);
  g_free (muxer->name);
  g_free (muxer);
}

/**
 * us_muxer_get_n_waiting:
 * @muxer: the muxer
 *
 * Returns: raw segments pushed and not yet answered
 */
guint
us_muxer_get_n_waiting (const UsMuxer *muxer) {
  return muxer->waiting.length;
}

/**
 * us_muxer_get_n_retried:
 * @muxer: the muxer
 *
 * Returns: how many runs failed and were done once more
 */
guint64
us_muxer_get_n_retried (const UsMuxer *muxer) {
  return muxer->n_retried;
}

/**
 * us_muxer_get_n_missing:
 * @muxer: the muxer
 *
 * Returns: how many pictures went into an encoding pipeline and did not come out
 */
guint64
us_muxer_get_n_missing (const UsMuxer *muxer) {
  return muxer->n_missing;
}

/**
 * us_muxer_get_run_us:
 * @muxer: the muxer
 *
 * Returns: how long the segment that was answered last was the muxer's first: its wait for a turn,
 *   the pipeline's work, and its second try if it had one, without the time behind others of its
 *   own stream; -1 for one that was given up in the queue
 */
gint64
us_muxer_get_run_us (const UsMuxer *muxer) {
  return muxer->run_us;
}

/* --- the end of a run ------------------------------------------------------------------------ */

static GBytes *
take_fragment (UsMuxer *muxer, const UsRawSegment *raw, GError **error) {
  g_mutex_lock (&muxer->output->lock);
  guint n_fragments = muxer->output->n_fragments;
  g_autoptr (GOutputStream) stream = g_steal_pointer (&muxer->output->stream);
  g_mutex_unlock (&muxer->output->lock);

  if (n_fragments != 1) {
    g_set_error (error, US_PIPELINE_ERROR, US_PIPELINE_ERROR_RUNTIME,
                 "the pipeline made %u fragments of one segment", n_fragments);
    return NULL;
  }
  /* Left open: the sink flushes it once more when it stops, and would warn of a closed one; in
   * GStreamer 1.26 splitmuxsink leaks every warning that passes it. */
  GMemoryOutputStream *memory = G_MEMORY_OUTPUT_STREAM (stream);
  g_autoptr (GBytes) fragment = g_bytes_new_with_free_func (
      g_memory_output_stream_get_data (memory), g_memory_output_stream_get_data_size (memory),
      g_object_unref, g_object_ref (stream));
  g_autoptr (GBytes) finished = us_mpegts_finish (fragment, raw->open.number, error);
  if (finished == NULL || raw->audio_codec != US_CODEC_EAC3)
    return g_steal_pointer (&finished);
  return us_mpegts_relabel_eac3 (finished, error);
}

/* What a decoder cannot show does not reach the encoder, without an error. Said when it begins and
 * when it is over, since a stream with open groups of pictures has it in every segment. */
static void
count_pictures (UsMuxer *muxer, const UsRawSegment *raw, GBytes *bytes) {
  UsMpegtsInfo info = { 0 };
  guint n_in = 0;
  gsize size;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  if (!us_mpegts_inspect (data, size, &info, NULL))
    info.n_video = 0;
  for (guint i = 0; i < raw->units->len; i++)
    n_in += g_array_index (raw->units, UsAccessUnit, i).is_video ? 1 : 0;
  gboolean is_missing = info.n_video < n_in;
  muxer->n_missing += is_missing ? n_in - info.n_video : 0;
  if (is_missing && !muxer->is_missing)
    us_event (US_LOG_WARNING, US_EVENT_PICTURES_MISSING,
              "segment %" G_GUINT64_FORMAT ": %u of %u pictures could not be decoded",
              raw->open.number, n_in - info.n_video, n_in);
  else if (!is_missing && muxer->is_missing)
    us_event (US_LOG_NOTICE, US_EVENT_PICTURES_MISSING,
              "segment %" G_GUINT64_FORMAT " has all its pictures again", raw->open.number);
  muxer->is_missing = is_missing;
}

/* Takes the fragment out of a pipeline that has reached end of stream, and readies it for the next
 * run. */
static GBytes *
harvest (UsMuxer *muxer, const UsRawSegment *raw, GError **error) {
  GBytes *bytes = take_fragment (muxer, raw, error);
  if (bytes != NULL && muxer->is_encoding)
    count_pictures (muxer, raw, bytes);
  gst_element_set_state (muxer->pipeline, GST_STATE_READY);
  /* Messages of the run that is over must not be taken for the next one's. */
  g_autoptr (GstBus) bus = gst_element_get_bus (muxer->pipeline);
  gst_bus_set_flushing (bus, TRUE);
  gst_bus_set_flushing (bus, FALSE);
  return bytes;
}

/* @cause: (nullable): why the run failed; its pipeline is then thrown away */
static void
end_run (UsMuxer *muxer, const GError *cause) {
  g_autoptr (UsRawSegment) raw = g_queue_pop_head (&muxer->waiting);
  g_autoptr (GError) error = cause != NULL ? g_error_copy (cause) : NULL;
  g_autoptr (GBytes) bytes = NULL;

  us_timer_stop (&muxer->deadline);
  us_timer_stop (&muxer->overstay);
  us_timer_stop (&muxer->bus_watch);
  if (error == NULL)
    bytes = harvest (muxer, raw, &error);
  if (error != NULL)
    drop_pipeline (muxer);
  us_turn_give_back (muxer->turn);
  muxer->run_us = g_get_monotonic_time () - muxer->begun_us;
  muxer->is_running = FALSE;
  if (error != NULL && !muxer->is_retry) {
    muxer->is_retry = TRUE;
    muxer->n_retried++;
    us_info ("segment %" G_GUINT64_FORMAT " is made once more: %s", raw->open.number,
             error->message);
    g_queue_push_head (&muxer->waiting, g_steal_pointer (&raw));
    schedule_next (muxer);
    return;
  }
  muxer->is_retry = FALSE;
  muxer->begun_us = 0;
  if (muxer->is_resting && muxer->waiting.length == 0)
    drop_pipeline (muxer);
  schedule_next (muxer);
  muxer->func (raw, bytes, error, muxer->user_data);
}

static gboolean
on_bus_message (GstBus *bus, GstMessage *message, gpointer user_data) {
  UsMuxer *muxer = user_data;
  if (!muxer->is_running)
    return G_SOURCE_CONTINUE;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_EOS) {
    end_run (muxer, NULL);
    return G_SOURCE_REMOVE; /* with the run */
  } else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    g_autoptr (GError) error = us_pipeline_error_from_message (message);
    end_run (muxer, error);
    return G_SOURCE_REMOVE;
  }
  return G_SOURCE_CONTINUE;
}

static guint
deadline_of (const UsMuxer *muxer, const UsRawSegment *raw) {
  gint64 duration_ms = CLAMP (raw->end_ms - raw->open.media_ms, 0, MAX_DURATION_MS);
  return muxer->deadline_ms + (muxer->is_encoding ? ENCODING_PATIENCE * (guint)duration_ms : 0);
}

static guint
turn_ms_of (const UsMuxer *muxer, const UsRawSegment *raw) {
  gint64 duration_ms = CLAMP (raw->end_ms - raw->open.media_ms, 0, MAX_DURATION_MS);
  return muxer->turn_ms + (muxer->is_encoding ? ENCODING_TURN * (guint)duration_ms : 0);
}

static gboolean
on_overstay (gpointer user_data) {
  UsMuxer *muxer = user_data;
  us_timer_stop (&muxer->overstay);
  us_turn_give_back (muxer->turn);
  return G_SOURCE_REMOVE;
}

static gboolean
on_deadline (gpointer user_data) {
  UsMuxer *muxer = user_data;
  g_autoptr (GError) error = g_error_new (US_PIPELINE_ERROR, US_PIPELINE_ERROR_RUNTIME,
                                          "the pipeline did not finish a segment within %u ms",
                                          deadline_of (muxer, g_queue_peek_head (&muxer->waiting)));
  end_run (muxer, error);
  return G_SOURCE_REMOVE;
}

/* --- building -------------------------------------------------------------------------------- */

static GOutputStream *
on_fragment_stream (GstElement *sink, const char *location, gpointer user_data) {
  Output *output = user_data;
  GOutputStream *stream = g_memory_output_stream_new_resizable ();
  g_mutex_lock (&output->lock);
  output->n_fragments++;
  g_set_object (&output->stream, stream);
  g_mutex_unlock (&output->lock);
  return stream;
}

/* To splitmuxsink a segment shall be one group of pictures. It gathers a group before it lets
 * anything out, and when the last of several groups ends with the stream while the one before is
 * still on its way out, 1.22.0 computes a negative duration and fails the whole run ("Timestamping
 * error on input streams"; seen in 1 of 25 segments with two groups on a busy machine). Without
 * video every audio frame would be a group of its own. Cost: only the first key frame of a segment
 * carries the transport stream's random access indicator. */
static GstPadProbeReturn
on_leading_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer user_data) {
  Output *output = user_data;
  g_mutex_lock (&output->lock);
  gboolean is_first = !output->has_begun;
  output->has_begun = TRUE;
  g_mutex_unlock (&output->lock);
  if (!is_first) {
    GstBuffer *buffer = gst_buffer_make_writable (GST_PAD_PROBE_INFO_BUFFER (info));
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    GST_PAD_PROBE_INFO_DATA (info) = buffer;
  }
  return GST_PAD_PROBE_OK;
}

static GOutputStream *
on_playlist_stream (GstElement *sink, const char *location, gpointer user_data) {
  /* hlssink2's own playlist has no PROGRAM-DATE-TIME and starts anew at each run: not used. */
  return g_memory_output_stream_new_resizable ();
}

static void
on_delete_fragment (GstElement *sink, const char *location, gpointer user_data) {
  /* Without a handler hlssink2 would unlink files that never existed and fail. */
}

/* Left alone, mpegtsmux hands every packet of 188 bytes down as a buffer of its own. What it pads
 * the last bundle with are null packets, which us_mpegts_finish() takes out. */
static void
bundle_packets (GstBin *bin) {
  g_autoptr (GstIterator) found = gst_bin_iterate_all_by_element_factory_name (bin, "mpegtsmux");
  g_auto (GValue) item = G_VALUE_INIT;
  while (gst_iterator_next (found, &item) == GST_ITERATOR_OK) {
    g_object_set (g_value_get_object (&item), "alignment", PACKETS_PER_BUFFER, NULL);
    g_value_reset (&item);
  }
}

static char *
layout_of (const UsRawSegment *raw) {
  const char *video = raw->tracks & US_TRACK_VIDEO ? us_codec_to_string (raw->video_codec) : NULL;
  const char *audio = raw->tracks & US_TRACK_AUDIO ? us_codec_to_string (raw->audio_codec) : NULL;
  if (video == NULL || audio == NULL)
    return g_strdup (video != NULL ? video : audio);
  return g_strconcat (video, " ", audio, NULL);
}

static gboolean
is_made_by (GstElement *element, const char *factory) {
  return element != NULL
         && g_strcmp0 (GST_OBJECT_NAME (gst_element_get_factory (element)), factory) == 0;
}

/* Every track of @tags must have a way in: one that is left out would be missing without an error.
 */
static gboolean
has_tracks (GstElement *pipeline, const char *const *tags) {
  guint n_found = 0;
  const char *const names[] = { "video", "audio" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GstElement) source = gst_bin_get_by_name (GST_BIN (pipeline), names[i]);
    if (source != NULL && !GST_IS_APP_SRC (source))
      return FALSE;
    n_found += source != NULL;
  }
  return n_found == g_strv_length ((GStrv)tags);
}

static GstElement *
parse_text (const char *folder, const char *name, guint video_kbps, const char *layout,
            GError **error) {
  g_auto (GStrv) tags = g_strsplit (layout, " ", -1);
  g_autofree char *kbps = g_strdup_printf ("%u", video_kbps);
  const UsPipelineKnob knobs[] = { { "video-bitrate", kbps }, { NULL, NULL } };
  g_autoptr (GstElement) pipeline
      = us_pipeline_parse_with (folder, name, (const char *const *)tags, knobs, error);
  if (pipeline == NULL)
    return NULL;
  g_autoptr (GstElement) hls = gst_bin_get_by_name (GST_BIN (pipeline), "hls");
  if (is_made_by (hls, "hlssink2") && has_tracks (pipeline, (const char *const *)tags))
    return g_steal_pointer (&pipeline);
  g_set_error (
      error, US_PIPELINE_ERROR, US_PIPELINE_ERROR_SYNTAX,
      "pipeline text '%s' needs an hlssink2 named 'hls' and, for the tracks '%s', an appsrc named "
      "'video' for pictures and one named 'audio' for sound, each in a paragraph that begins with "
      "'# only with:' and the track",
      name, layout);
  return NULL;
}

/**
 * us_muxer_check:
 * @settings: of a muxer
 * @is_encoding: (out): whether the text encodes pictures
 * @error: a sentence that names the text, and what it lacks or which plugin is not installed
 *
 * Tries the pipeline text with the tracks that most streams have, so that a packager refuses to
 * start rather than to lose every segment. Nothing runs. Codecs that a text need not know, such as
 * one that an operator wrote years ago, are an error when a stream brings them.
 *
 * Returns: whether the text can be used
 */
gboolean
us_muxer_check (const UsMuxerSettings *settings, gboolean *is_encoding, GError **error) {
  static const char *const layouts[] = { "h264 aac", "h264 mp3" };
  for (guint i = 0; i < G_N_ELEMENTS (layouts); i++) {
    g_autoptr (GstElement) pipeline
        = parse_text (settings->folder, settings->name, settings->video_kbps, layouts[i], error);
    if (pipeline == NULL)
      return FALSE;
    *is_encoding = us_pipeline_encodes_video (pipeline);
  }
  return TRUE;
}

static gboolean
build_pipeline (UsMuxer *muxer, const char *layout, GError **error) {
  muxer->pipeline = parse_text (muxer->folder, muxer->name, muxer->video_kbps, layout, error);
  if (muxer->pipeline == NULL)
    return FALSE;
  muxer->layout = g_strdup (layout);
  muxer->video = gst_bin_get_by_name (GST_BIN (muxer->pipeline), "video");
  muxer->audio = gst_bin_get_by_name (GST_BIN (muxer->pipeline), "audio");
  g_autoptr (GstElement) hls = gst_bin_get_by_name (GST_BIN (muxer->pipeline), "hls");
  muxer->is_encoding = us_pipeline_encodes_video (muxer->pipeline);
  bundle_packets (GST_BIN (muxer->pipeline));
  muxer->output = output_new ();
  g_signal_connect_data (hls, "get-fragment-stream", G_CALLBACK (on_fragment_stream),
                         g_atomic_rc_box_acquire (muxer->output),
                         (GClosureNotify)(GCallback)output_unref, 0);
  g_autoptr (GstPad) leading
      = gst_element_get_static_pad (hls, muxer->video != NULL ? "video" : "audio");
  if (leading != NULL)
    gst_pad_add_probe (leading, GST_PAD_PROBE_TYPE_BUFFER, on_leading_buffer,
                       g_atomic_rc_box_acquire (muxer->output), output_unref);
  g_signal_connect (hls, "get-playlist-stream", G_CALLBACK (on_playlist_stream), NULL);
  g_signal_connect (hls, "delete-fragment", G_CALLBACK (on_delete_fragment), NULL);

  us_event (US_LOG_INFO, US_EVENT_PACKAGER_PIPELINE, "pipeline '%s' for %s", muxer->name, layout);
  return TRUE;
}

static gboolean
configs_are_equal (GBytes *a, GBytes *b) {
  return a == b || (a != NULL && b != NULL && g_bytes_equal (a, b));
}

static void
remember (GBytes **slot, GBytes *config) {
  g_clear_pointer (slot, g_bytes_unref);
  *slot = config != NULL ? g_bytes_ref (config) : NULL;
}

static void
configure (UsMuxer *muxer, const UsRawSegment *raw) {
  if (muxer->video != NULL)
    us_caps_set (GST_APP_SRC (muxer->video), raw->video_codec, raw->video_config);
  if (muxer->audio != NULL)
    us_caps_set (GST_APP_SRC (muxer->audio), raw->audio_codec, raw->audio_config);
  remember (&muxer->video_config, raw->video_config);
  remember (&muxer->audio_config, raw->audio_config);
}

static gboolean
lacks_config (const UsRawSegment *raw) {
  return (us_codec_has_config (raw->video_codec) && raw->video_config == NULL)
         || (us_codec_has_config (raw->audio_codec) && raw->audio_config == NULL);
}

static gboolean
prepare (UsMuxer *muxer, const UsRawSegment *raw, GError **error) {
  g_autofree char *layout = layout_of (raw);
  if (layout == NULL || lacks_config (raw)) {
    g_set_error_literal (error, US_PIPELINE_ERROR, US_PIPELINE_ERROR_RUNTIME,
                         "frames without the codec configuration they need");
    return FALSE;
  }
  gboolean is_same = muxer->pipeline != NULL && g_str_equal (layout, muxer->layout)
                     && configs_are_equal (muxer->video_config, raw->video_config)
                     && configs_are_equal (muxer->audio_config, raw->audio_config);
  if (is_same)
    return TRUE;
  drop_pipeline (muxer);
  if (!build_pipeline (muxer, layout, error))
    return FALSE;
  configure (muxer, raw);
  return TRUE;
}

/* --- a run ----------------------------------------------------------------------------------- */

static void
push_units (UsMuxer *muxer, const UsRawSegment *raw) {
  for (guint i = 0; i < raw->units->len; i++) {
    const UsAccessUnit *unit = &g_array_index (raw->units, UsAccessUnit, i);
    GstElement *source = unit->is_video ? muxer->video : muxer->audio;
    gint64 dts_ms = unit->dts_ms + BASE_MS;
    gint64 pts_ms = unit->pts_ms + BASE_MS;
    if (source == NULL || dts_ms < 0 || pts_ms < 0)
      continue;
    GstBuffer *buffer = gst_buffer_new_wrapped_bytes (unit->data);
    GST_BUFFER_DTS (buffer) = (guint64)dts_ms * GST_MSECOND;
    GST_BUFFER_PTS (buffer) = (guint64)pts_ms * GST_MSECOND;
    if (!unit->is_keyframe)
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
    gst_app_src_push_buffer (GST_APP_SRC (source), buffer);
  }
  if (muxer->video != NULL)
    gst_app_src_end_of_stream (GST_APP_SRC (muxer->video));
  if (muxer->audio != NULL)
    gst_app_src_end_of_stream (GST_APP_SRC (muxer->audio));
}

/* Only while the pipeline runs: at every round of the main loop it looks at each watch and each
 * descriptor of one, and most pipelines of many streams rest. */
static void
watch_bus (UsMuxer *muxer) {
  g_autoptr (GstBus) bus = gst_element_get_bus (muxer->pipeline);
  muxer->bus_watch = gst_bus_create_watch (bus);
  g_source_set_name (muxer->bus_watch, "understudy muxer bus");
  g_source_set_callback (muxer->bus_watch, G_SOURCE_FUNC (on_bus_message), muxer, NULL);
  g_source_attach (muxer->bus_watch, g_main_context_get_thread_default ());
}

/* Has the turn. */
static void
run_head (UsMuxer *muxer) {
  UsRawSegment *raw = g_queue_peek_head (&muxer->waiting);
  g_autoptr (GError) error = NULL;
  if (!prepare (muxer, raw, &error)) {
    end_run (muxer, error);
    return;
  }
  g_mutex_lock (&muxer->output->lock);
  muxer->output->n_fragments = 0;
  muxer->output->has_begun = FALSE;
  g_mutex_unlock (&muxer->output->lock);
  muxer->is_running = TRUE;
  if (muxer->begun_us == 0) /* who asked for the turn was given up while it was waited for */
    muxer->begun_us = g_get_monotonic_time ();
  us_timer_start (&muxer->deadline, deadline_of (muxer, raw), "muxer deadline", on_deadline, muxer);
  us_timer_start (&muxer->overstay, turn_ms_of (muxer, raw), "muxer overstay", on_overstay, muxer);
  watch_bus (muxer);
  gst_element_set_state (muxer->pipeline, GST_STATE_PLAYING);
  push_units (muxer, raw);
}

static void
on_turn (gpointer user_data) {
  run_head (user_data);
}

/* What waits never becomes nothing while a turn is asked for: us_muxer_push() gives one up only for
 * another. */
static gboolean
on_kick (gpointer user_data) {
  UsMuxer *muxer = user_data;
  us_timer_stop (&muxer->kick);
  if (muxer->waiting.length == 0 || muxer->is_running)
    return G_SOURCE_REMOVE;
  if (muxer->begun_us == 0)
    muxer->begun_us = g_get_monotonic_time ();
  if (us_turn_ask (muxer->turn))
    run_head (muxer);
  return G_SOURCE_REMOVE;
}

static void
schedule_next (UsMuxer *muxer) {
  if (!muxer->is_running && muxer->waiting.length > 0)
    us_timer_start (&muxer->kick, 0, "muxer kick", on_kick, muxer);
}

/**
 * us_muxer_rest:
 * @muxer: the muxer
 *
 * Says that the stream has ended. The pipeline goes as soon as nothing waits for it; another
 * segment will build a new one.
 */
void
us_muxer_rest (UsMuxer *muxer) {
  muxer->is_resting = TRUE;
  if (muxer->waiting.length == 0)
    drop_pipeline (muxer);
}

/**
 * us_muxer_push:
 * @muxer: the muxer
 * @raw: (transfer full): a whole segment
 *
 * Queues @raw. When more than the settings' number already wait, the oldest waiting one is given
 * up with an error: a packager that cannot keep up must fall behind visibly, not grow.
 */
void
us_muxer_push (UsMuxer *muxer, UsRawSegment *raw) {
  muxer->is_resting = FALSE;
  g_queue_push_tail (&muxer->waiting, raw);
  if (muxer->waiting.length > muxer->max_waiting) {
    gboolean has_begun = muxer->is_running || muxer->is_retry;
    g_autoptr (UsRawSegment) late = g_queue_pop_nth (&muxer->waiting, has_begun ? 1 : 0);
    muxer->run_us = -1;
    muxer->begun_us = has_begun ? muxer->begun_us : 0;
    g_autoptr (GError) error
        = g_error_new (US_PIPELINE_ERROR, US_PIPELINE_ERROR_RUNTIME,
                       "given up, since %u segments are waiting", muxer->max_waiting);
    muxer->func (late, NULL, error, muxer->user_data);
  }
  schedule_next (muxer);
}
