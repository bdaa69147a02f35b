/* segmenter.c - timeline, cut rule, numbering and dates put together
 *
 * Owned by a stream, main loop only, no I/O: messages in, segments in the ring out. An epoch is a
 * continuous time line with constant codec configuration. It starts at a key frame (audio when
 * there is no video) with media time 0; a publish, a jump of the publisher's clock and a change of
 * configuration start a new one. While no epoch runs, frames wait in @pending: at the start of a
 * publish for the second track to show itself, so that a stream does not begin with a segment that
 * lacks it, and for a key frame.
 *
 * What can only be known when a segment ends (its length, tracks, discontinuity) is decided in
 * close_segment() and nowhere else. A segment in which the publisher broke off may not be worth
 * publishing (tail.c): then withdraw_segment() undoes its opening instead.
 */
#define US_LOG_TOPIC "ingest.segmenter"
#include "ingest/segmenter.h"

#include "base/log.h"
#include "base/names.h"
#include "ingest/cutter.h"
#include "ingest/tail.h"
#include "ingest/timeline.h"
#include "ingest/wallclock.h"

#include <gio/gio.h>

#define DEFAULT_VIDEO_FRAME_MS 40
#define DEFAULT_AUDIO_FRAME_MS 23
#define MAX_FRAME_MS 1000    /* a longer distance is a gap, not the length of a frame */
#define HOLE_FRAMES 3        /* usual distances of frames: less is no hole */
#define TARGET_MARGIN_MS 100 /* jitter of later segments against the one that was measured */

typedef struct {
  GBytes *payload;
  gint64 time_ms; /* on the timeline */
  gboolean is_video;
  gboolean is_keyframe;
} Frame;

struct UsSegmenter {
  char *name;
  UsSegmenterSettings settings;
  const UsClock *clock;
  UsState *state;
  UsStateStream *memory;
  UsRing *ring;
  UsInput video, audio;
  UsTruth *truth;
  UsTimeline timeline;
  UsCutter cutter;
  UsWallclock wallclock;

  gboolean is_publishing;
  gboolean is_analysing; /* this publisher has not started an epoch yet */
  gboolean is_epoch_open;
  const char *epoch_reason;   /* of the epoch that runs or is to come */
  gint64 base_ms;             /* timeline's time of the epoch's first frame */
  gboolean is_first_of_epoch; /* the open segment is */
  gboolean has_history;       /* the stream had a segment before the open one */
  gboolean is_number_guessed; /* that of the open segment, by the clock, and nobody has heard it */
  UsTracks last_tracks;
  gboolean is_long_logged;
  struct {
    gboolean has_time;
    gint64 last_ms;
    gint64 frame_ms;
  } tracks[US_TIMELINE_N_TRACKS]; /* of this epoch */

  GQueue pending; /* Frame */
  gsize pending_bytes;
  guint n_pending_keys;
  gint64 last_video_ms; /* any video while waiting, on the timeline ... */
  gint64 last_video_us; /* ... and when it arrived */
  gboolean has_waiting_video;

  guint n_epochs; /* since @epochs_since_us */
  gint64 epochs_since_us;

  gint64 age_ms; /* of what is pushed: it arrived so long ago */
  gint64 begin_us;
  gint64 last_data_us; /* anything came */
  gint64 last_use_us;  /* something passed the timeline */
  gint64 waiting_since_us;
  UsSegmenterStats stats;
};

static void
frame_free (gpointer data) {
  Frame *frame = data;
  g_bytes_unref (frame->payload);
  g_free (frame);
}

static gint64
now_us (UsSegmenter *segmenter) {
  return us_clock_monotonic_us (segmenter->clock);
}

static void
clear_pending (UsSegmenter *segmenter) {
  g_queue_clear_full (&segmenter->pending, frame_free);
  segmenter->pending_bytes = 0;
  segmenter->n_pending_keys = 0;
  segmenter->has_waiting_video = FALSE;
}

static UsInput *
input_of (UsSegmenter *segmenter, gboolean is_video) {
  return is_video ? &segmenter->video : &segmenter->audio;
}

/* --------------------------------------------------------------------- segments and epochs */

static guint
seconds_rounded (gint64 ms) {
  return (guint)((ms + 500) / 1000);
}

/* The smallest whole number of seconds that EXTINF, rounded, will not exceed (RFC 8216 4.3.3.1). */
static void
fix_target_duration (UsSegmenter *segmenter, gint64 length_ms) {
  guint target = segmenter->settings.target_duration_s;
  if (target == 0)
    target = us_state_get_target_duration (segmenter->state, segmenter->memory);
  if (target == 0) {
    gint64 longest_ms = MAX (length_ms, segmenter->cutter.longest_gop_ms);
    target = MAX ((segmenter->settings.segment_duration_ms + 999) / 1000,
                  seconds_rounded (longest_ms + TARGET_MARGIN_MS));
    us_info ("%s: target duration is %u s", segmenter->name, target);
  }
  if (segmenter->memory->target_duration_s != target)
    us_state_set_target_duration (segmenter->state, segmenter->memory, target);
  segmenter->stats.target_duration_s = target;
  segmenter->cutter.target_ms = target * 1000ll;
}

static void
warn_long_segment (UsSegmenter *segmenter, const UsRingSegment *segment) {
  gint64 length_ms = segment->end_ms - segment->media_ms;
  if (seconds_rounded (length_ms) <= segment->target_duration_s || segmenter->is_long_logged)
    return;
  if (segmenter->cutter.is_video_lost) {
    us_warning ("%s: video has stopped; segment %" G_GUINT64_FORMAT " lasts %.3f s, since it takes "
                "%d s to be certain of that",
                segmenter->name, segment->number, (double)length_ms / 1000.0,
                US_CUTTER_VIDEO_LOST_MS / 1000);
    return;
  }
  segmenter->is_long_logged = TRUE;
  us_event (US_LOG_WARNING, US_EVENT_KEYFRAME_INTERVAL,
            "%s: segment %" G_GUINT64_FORMAT " lasts %.3f s, longer than the target duration of "
            "%u s; set the encoder's key-frame interval to %.3g s, or target-duration to %u",
            segmenter->name, segment->number, (double)length_ms / 1000.0,
            segment->target_duration_s, (double)segmenter->settings.segment_duration_ms / 1000.0,
            seconds_rounded (length_ms));
}

static void
measure (UsSegmenter *segmenter, const UsRingSegment *segment) {
  gint64 length_ms = segment->end_ms - segment->media_ms;
  guint n_video = 0;
  guint64 n_bytes = 0; /* the segment's own count is of memory */
  for (guint i = 0; i < segment->items->len; i++) {
    const UsRingItem *item = &g_array_index (segment->items, UsRingItem, i);
    n_video += item->type == US_RTMP_VIDEO;
    n_bytes += g_bytes_get_size (item->payload);
  }
  segmenter->stats.fps = (double)n_video * 1000.0 / (double)length_ms;
  segmenter->stats.bitrate_bps = n_bytes * 8 * 1000 / (guint64)length_ms;
}

static void
close_segment (UsSegmenter *segmenter, gint64 end_ms) {
  UsRingSegment *segment = us_ring_get_open (segmenter->ring);
  if (segment == NULL)
    return;
  segment->end_ms = MAX (end_ms, segment->media_ms + 1);
  segment->is_discontinuous
      = segmenter->has_history
        && (segmenter->is_first_of_epoch || segment->tracks != segmenter->last_tracks);
  segment->discontinuity = segment->is_discontinuous
                               ? us_state_count_discontinuity (segmenter->state, segmenter->memory)
                               : segmenter->memory->discontinuity;
  fix_target_duration (segmenter, segment->end_ms - segment->media_ms);
  segment->target_duration_s = segmenter->stats.target_duration_s;
  us_state_note_closed (segmenter->state, segmenter->memory); /* before any relay hears of it */
  segmenter->is_number_guessed = FALSE;
  segment->is_closed = TRUE;
  segmenter->has_history = TRUE;
  segmenter->is_first_of_epoch = FALSE;
  segmenter->last_tracks = segment->tracks;
  segmenter->stats.segments_total++;
  measure (segmenter, segment);
  warn_long_segment (segmenter, segment);
}

static void
open_segment (UsSegmenter *segmenter, gint64 media_ms) {
  gint64 system_ms = us_clock_wall_us (segmenter->clock) / 1000 - segmenter->age_ms;
  gint64 offset_ms = segmenter->wallclock.offset_ms;
  gboolean is_running = segmenter->wallclock.is_started;
  gint64 wall_ms = us_wallclock_stamp (&segmenter->wallclock, media_ms, system_ms);
  gint64 moved_ms = segmenter->wallclock.offset_ms - offset_ms;
  if (is_running && ABS (moved_ms) > US_WALLCLOCK_STEP_MS)
    us_event (US_LOG_WARNING, US_EVENT_CLOCK_STEP,
              "%s: the system clock and the stream are %.1f s apart; the dates of segments step to "
              "the clock",
              segmenter->name, (double)moved_ms / 1000.0);
  segmenter->is_number_guessed = !segmenter->memory->is_exact;
  segmenter->stats.number = us_state_take_number (segmenter->state, segmenter->memory);
  (void)us_ring_open (segmenter->ring, segmenter->memory->epoch, segmenter->stats.number, media_ms,
                      wall_ms, segmenter->video.current.header, segmenter->audio.current.header);
}

static void
append (UsSegmenter *segmenter, const Frame *frame) {
  UsTimelineTrack track = frame->is_video ? US_TIMELINE_VIDEO : US_TIMELINE_AUDIO;
  gint64 media_ms = frame->time_ms - segmenter->base_ms;
  if (segmenter->tracks[track].has_time)
    segmenter->tracks[track].frame_ms
        = MIN (media_ms - segmenter->tracks[track].last_ms, MAX_FRAME_MS);
  segmenter->tracks[track].has_time = TRUE;
  segmenter->tracks[track].last_ms = media_ms;
  segmenter->stats.media_ms = MAX (segmenter->stats.media_ms, media_ms);
  segmenter->stats.keyframe_interval_ms = segmenter->cutter.gop_ms;
  us_ring_append (segmenter->ring, frame->is_video ? US_RTMP_VIDEO : US_RTMP_AUDIO,
                  frame->is_keyframe, media_ms, frame->payload);
}

static gint64
end_of_track_ms (UsSegmenter *segmenter, UsTimelineTrack track) {
  gboolean has_time = segmenter->tracks[track].has_time;
  return has_time ? segmenter->tracks[track].last_ms + segmenter->tracks[track].frame_ms : 0;
}

/* Where the last frames end, for a segment that no key frame closes. Audio that was sent ahead of
 * living video does not make it longer than the target duration. */
static gint64
end_of_frames_ms (UsSegmenter *segmenter) {
  gint64 video_end_ms = end_of_track_ms (segmenter, US_TIMELINE_VIDEO);
  gint64 audio_end_ms = end_of_track_ms (segmenter, US_TIMELINE_AUDIO);
  const UsRingSegment *open = us_ring_get_open (segmenter->ring);
  const UsCutter *cutter = &segmenter->cutter;
  if (cutter->has_video && !cutter->is_video_lost && open != NULL) {
    gint64 limit_ms
        = open->media_ms + (cutter->target_ms > 0 ? cutter->target_ms : cutter->duration_ms);
    audio_end_ms = MIN (audio_end_ms, limit_ms);
  }
  return MAX (video_end_ms, audio_end_ms);
}

static gint64
received_ms (const UsRingSegment *segment) {
  gint64 last_ms = segment->media_ms;
  for (guint i = 0; i < segment->items->len; i++)
    last_ms = MAX (last_ms, g_array_index (segment->items, UsRingItem, i).media_ms);
  return last_ms - segment->media_ms;
}

/* No relay has said that it is closed, so no packager can have published it. */
static void
withdraw_segment (UsSegmenter *segmenter, const UsRingSegment *open) {
  for (guint i = 0; i < open->items->len; i++) {
    gboolean is_video = g_array_index (open->items, UsRingItem, i).type == US_RTMP_VIDEO;
    input_of (segmenter, is_video)->dropped[US_DROP_TAIL]++;
  }
  us_info ("%s: segment %" G_GUINT64_FORMAT
           " broke off before its %s came and is left out, %u frames",
           segmenter->name, open->number, (open->tracks & US_TRACK_VIDEO) != 0 ? "audio" : "video",
           open->items->len);
  us_state_return_number (segmenter->memory, open->number);
  segmenter->stats.number = segmenter->memory->number;
  us_ring_withdraw (segmenter->ring);
}

static void
end_epoch (UsSegmenter *segmenter, gint64 end_ms, const char *next_reason) {
  if (segmenter->is_epoch_open) {
    close_segment (segmenter, end_ms);
    us_wallclock_end_epoch (&segmenter->wallclock, end_ms);
  }
  segmenter->is_epoch_open = FALSE;
  segmenter->epoch_reason = next_reason;
  segmenter->waiting_since_us = now_us (segmenter);
}

/* The same where no frame says where the epoch ends, for the publisher or its clock is gone. */
static void
break_off_epoch (UsSegmenter *segmenter, const char *next_reason) {
  gint64 end_ms = end_of_frames_ms (segmenter);
  const UsRingSegment *open = us_ring_get_open (segmenter->ring);
  if (open != NULL && us_tail_is_loose (segmenter->last_tracks, open->tracks, received_ms (open))) {
    end_ms = open->media_ms;
    withdraw_segment (segmenter, open);
  }
  end_epoch (segmenter, end_ms, next_reason);
}

static void
count_epoch (UsSegmenter *segmenter) {
  gint64 now = now_us (segmenter);
  if (now - segmenter->epochs_since_us >= US_SEGMENTER_EPOCHS_US) {
    segmenter->epochs_since_us = now;
    segmenter->n_epochs = 0;
  }
  segmenter->n_epochs++;
  segmenter->stats.epochs_total++;
}

static void
start_epoch (UsSegmenter *segmenter, const Frame *first) {
  us_input_adopt (&segmenter->video);
  us_input_adopt (&segmenter->audio);
  UsCutterFrame cut = { first->is_video, first->is_keyframe, first->time_ms, now_us (segmenter) };
  us_cutter_start (&segmenter->cutter, segmenter->settings.segment_duration_ms, &cut);
  segmenter->cutter.target_ms
      = 1000ll * us_state_get_target_duration (segmenter->state, segmenter->memory);
  us_wallclock_start_epoch (&segmenter->wallclock);
  segmenter->tracks[US_TIMELINE_VIDEO].has_time = FALSE;
  segmenter->tracks[US_TIMELINE_VIDEO].frame_ms = DEFAULT_VIDEO_FRAME_MS;
  segmenter->tracks[US_TIMELINE_AUDIO].has_time = FALSE;
  segmenter->tracks[US_TIMELINE_AUDIO].frame_ms = DEFAULT_AUDIO_FRAME_MS;
  segmenter->base_ms = first->time_ms;
  segmenter->is_epoch_open = TRUE;
  segmenter->is_first_of_epoch = TRUE;
  segmenter->is_analysing = FALSE;
  segmenter->is_long_logged = FALSE;
  segmenter->stats.epoch = us_state_take_epoch (segmenter->state, segmenter->memory);
  count_epoch (segmenter);
  segmenter->stats.media_ms = 0;
  open_segment (segmenter, 0);
  append (segmenter, first);
  us_event (US_LOG_NOTICE, US_EVENT_EPOCH,
            "%s: epoch %" G_GUINT64_FORMAT " starts at segment %" G_GUINT64_FORMAT
            " (%s), video %s, audio %s",
            segmenter->name, segmenter->stats.epoch, segmenter->stats.number,
            segmenter->epoch_reason, us_codec_get_label (segmenter->video.current.codec),
            us_codec_get_label (segmenter->audio.current.codec));
}

/* ------------------------------------------------------------------------ frames in an epoch */

static void
note_truth (UsSegmenter *segmenter, gboolean is_video, guint32 timestamp_ms,
            const UsInputFrame *pushed) {
  us_truth_push (segmenter->truth, &(UsTruthFrame){ .is_video = is_video,
                                                    .is_keyframe = pushed->is_keyframe,
                                                    .time_ms = timestamp_ms,
                                                    .composition_ms = pushed->composition_ms,
                                                    .size = g_bytes_get_size (pushed->payload),
                                                    .arrival_us = segmenter->last_data_us
                                                                  - segmenter->age_ms * 1000 });
}

static UsSegmenterResult
drop (UsSegmenter *segmenter, const Frame *frame, UsDrop reason) {
  input_of (segmenter, frame->is_video)->dropped[reason]++;
  return US_SEGMENTER_NOTHING;
}

static UsSegmenterResult
fault_overlong (UsSegmenter *segmenter, GError **error) {
  us_event (US_LOG_WARNING, US_EVENT_KEYFRAME_INTERVAL,
            "%s: no key frame for %d s or %d MiB; set the encoder's key-frame interval to %.3g s",
            segmenter->name, US_CUTTER_MAX_SEGMENT_MS / 1000,
            US_SEGMENTER_MAX_SEGMENT_BYTES / (1024 * 1024),
            (double)segmenter->settings.segment_duration_ms / 1000.0);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "no key frame for %d s; set the encoder's key-frame interval to %.3g s",
               US_CUTTER_MAX_SEGMENT_MS / 1000,
               (double)segmenter->settings.segment_duration_ms / 1000.0);
  return US_SEGMENTER_FAULT;
}

static UsSegmenterResult
store (UsSegmenter *segmenter, const Frame *frame, GError **error) {
  gint64 media_ms = frame->time_ms - segmenter->base_ms;
  if (media_ms < 0)
    return drop (segmenter, frame, US_DROP_EARLY);
  UsCutterFrame cut = { frame->is_video, frame->is_keyframe, frame->time_ms, now_us (segmenter) };
  switch (us_cutter_step (&segmenter->cutter, &cut)) {
  case US_CUT_OPEN:
    close_segment (segmenter, media_ms);
    open_segment (segmenter, media_ms);
    append (segmenter, frame);
    return US_SEGMENTER_BOUNDARY;
  case US_CUT_DROP:
    return drop (segmenter, frame, US_DROP_NO_KEYFRAME);
  case US_CUT_OVERLONG:
    return fault_overlong (segmenter, error);
  case US_CUT_CONTINUE:
  default:
    append (segmenter, frame);
  }
  gsize limit = MIN (US_SEGMENTER_MAX_SEGMENT_BYTES, segmenter->settings.ring_max_bytes);
  if (us_ring_get_open (segmenter->ring)->bytes > limit)
    return fault_overlong (segmenter, error);
  return US_SEGMENTER_STORED;
}

/* A new configuration is in force from a key frame on; without living video from any audio frame,
 * unless it is video that is about to appear. */
static gboolean
may_start_changed_epoch (UsSegmenter *segmenter, const Frame *frame) {
  if (frame->is_video)
    return frame->is_keyframe;
  gboolean is_video_alive = segmenter->cutter.has_video && !segmenter->cutter.is_video_lost;
  return !is_video_alive && !segmenter->video.is_changing;
}

static UsSegmenterResult
place (UsSegmenter *segmenter, const Frame *frame, GError **error) {
  if (segmenter->video.is_changing || segmenter->audio.is_changing) {
    if (frame->time_ms >= segmenter->base_ms && may_start_changed_epoch (segmenter, frame)) {
      end_epoch (segmenter, frame->time_ms - segmenter->base_ms, "codec configuration changed");
      start_epoch (segmenter, frame);
      return US_SEGMENTER_BOUNDARY;
    }
    if (input_of (segmenter, frame->is_video)->is_changing)
      return drop (segmenter, frame, US_DROP_CHANGING);
  }
  return store (segmenter, frame, error);
}

/* ------------------------------------------------------------------------ waiting for a start */

static const Frame *
find_pending_key (UsSegmenter *segmenter) {
  for (GList *link = segmenter->pending.head; link != NULL; link = link->next) {
    const Frame *frame = link->data;
    if (frame->is_keyframe)
      return frame;
  }
  return NULL;
}

static gint64
age_ms_of_publish (const UsSegmenter *segmenter) {
  return (segmenter->last_data_us - segmenter->begin_us) / 1000;
}

/* Pictures come, and their configuration may still do so; if it does not, is_hopeless() decides. */
static gboolean
is_waiting_for_config (const UsSegmenter *segmenter) {
  const UsInput *video = &segmenter->video;
  return !us_input_is_known (video) && video->unusable > 0
         && (us_input_is_unusable (video)
             || age_ms_of_publish (segmenter) < US_SEGMENTER_NO_VIDEO_MS);
}

/* Which waiting frame the epoch may start with now; NULL: keep waiting. */
static const Frame *
choose_first (UsSegmenter *segmenter, gint64 t) {
  gboolean is_first = segmenter->is_analysing;
  const Frame *key = segmenter->n_pending_keys > 0 ? find_pending_key (segmenter) : NULL;
  if (key != NULL) {
    gboolean is_complete = us_input_is_known (&segmenter->audio) || !is_first;
    return is_complete || t - key->time_ms >= US_SEGMENTER_ANALYSE_MS ? key : NULL;
  }
  const Frame *oldest = g_queue_peek_head (&segmenter->pending);
  if (oldest == NULL)
    return NULL;
  gint64 since_ms = oldest->time_ms, since_us = segmenter->waiting_since_us;
  if (segmenter->video.unsupported != NULL && !us_input_is_known (&segmenter->video))
    return NULL; /* the publisher will be refused: nobody is given a stream of its sound first */
  if (is_waiting_for_config (segmenter))
    return NULL;
  if (!us_input_is_known (&segmenter->video))
    return t - since_ms >= (is_first ? US_SEGMENTER_ANALYSE_MS : 0) ? oldest : NULL;
  if (segmenter->has_waiting_video) {
    since_ms = MAX (since_ms, segmenter->last_video_ms);
    since_us = MAX (since_us, segmenter->last_video_us);
  }
  return us_cutter_is_video_lost (t - since_ms, now_us (segmenter) - since_us) ? oldest : NULL;
}

static void
pop_pending (UsSegmenter *segmenter) {
  Frame *frame = g_queue_pop_head (&segmenter->pending);
  segmenter->pending_bytes -= g_bytes_get_size (frame->payload);
  segmenter->n_pending_keys -= frame->is_keyframe;
  frame_free (frame);
}

static UsSegmenterResult
start_from_pending (UsSegmenter *segmenter, const Frame *first, GError **error) {
  UsSegmenterResult result = US_SEGMENTER_BOUNDARY;
  start_epoch (segmenter, first);
  GQueue frames = segmenter->pending;
  g_queue_init (&segmenter->pending);
  clear_pending (segmenter);
  for (GList *link = frames.head; link != NULL && result != US_SEGMENTER_FAULT; link = link->next) {
    const Frame *frame = link->data;
    if (frame != first && place (segmenter, frame, error) == US_SEGMENTER_FAULT)
      result = US_SEGMENTER_FAULT;
  }
  g_queue_clear_full (&frames, frame_free);
  return result;
}

static UsSegmenterResult
wait_with (UsSegmenter *segmenter, const Frame *frame, GError **error) {
  if (frame->is_video) {
    segmenter->has_waiting_video = TRUE;
    segmenter->last_video_ms = frame->time_ms;
    segmenter->last_video_us = now_us (segmenter);
    if (!frame->is_keyframe && segmenter->n_pending_keys == 0)
      return drop (segmenter, frame, US_DROP_NO_KEYFRAME);
  }
  Frame *copy = g_new (Frame, 1);
  *copy = *frame;
  g_bytes_ref (copy->payload);
  g_queue_push_tail (&segmenter->pending, copy);
  segmenter->pending_bytes += g_bytes_get_size (frame->payload);
  segmenter->n_pending_keys += frame->is_keyframe;

  const Frame *first = choose_first (segmenter, frame->time_ms);
  if (first != NULL)
    return start_from_pending (segmenter, first, error);
  /* Audio that the coming key frame will outdate, even if it is sent far ahead of video. */
  while (segmenter->n_pending_keys == 0 && segmenter->pending.length > 0
         && frame->time_ms - ((Frame *)segmenter->pending.head->data)->time_ms
                > US_CUTTER_VIDEO_GONE_MS) {
    segmenter->audio.dropped[US_DROP_EARLY]++;
    pop_pending (segmenter);
  }
  if (segmenter->pending.length > US_SEGMENTER_MAX_PENDING
      || segmenter->pending_bytes > US_SEGMENTER_MAX_PENDING_BYTES) {
    first = find_pending_key (segmenter);
    return start_from_pending (segmenter, first != NULL ? first : segmenter->pending.head->data,
                               error);
  }
  return US_SEGMENTER_NOTHING;
}

/* ------------------------------------------------------------------------------------ public */

/**
 * us_segmenter_new:
 * @name: stream name
 * @settings: copied
 * @state: numbering that outlives the segmenter
 * @clock: clock that outlives the segmenter
 *
 * Returns: (transfer full): a segmenter without publisher
 */
UsSegmenter *
us_segmenter_new (const char *name, const UsSegmenterSettings *settings, UsState *state,
                  const UsClock *clock) {
  UsSegmenter *segmenter = g_new0 (UsSegmenter, 1);
  segmenter->name = g_strdup (name);
  segmenter->settings = *settings;
  segmenter->clock = clock;
  segmenter->state = state;
  segmenter->memory = us_state_open (state, name);
  segmenter->has_history = segmenter->memory->number > 0;
  segmenter->ring = us_ring_new (settings->playlist_length, US_SEGMENTER_RING_EXTRA_MS,
                                 settings->ring_max_bytes);
  us_input_init (&segmenter->video, TRUE);
  us_input_init (&segmenter->audio, FALSE);
  segmenter->truth = us_truth_new ();
  g_queue_init (&segmenter->pending);
  return segmenter;
}

/**
 * us_segmenter_begin:
 * @segmenter: the segmenter
 *
 * A publisher begins: what the one before said about codecs and time is forgotten, segment numbers
 * go on.
 */
void
us_segmenter_begin (UsSegmenter *segmenter) {
  us_segmenter_end (segmenter);
  us_input_forget (&segmenter->video);
  us_input_forget (&segmenter->audio);
  us_truth_begin (segmenter->truth);
  segmenter->timeline = (UsTimeline){ 0 };
  segmenter->is_publishing = TRUE;
  segmenter->is_analysing = TRUE;
  segmenter->begin_us = segmenter->waiting_since_us = now_us (segmenter);
  segmenter->last_data_us = segmenter->last_use_us = segmenter->begin_us;
  segmenter->epochs_since_us = segmenter->begin_us;
  segmenter->n_epochs = 0;
  segmenter->epoch_reason = "publisher began";
  (void)us_state_get_target_duration (segmenter->state, segmenter->memory);
}

/* Pictures come, but not what is needed to package them. */
static gboolean
lacks_config (const UsSegmenter *segmenter, GError **error) {
  if (!us_input_is_unusable (&segmenter->video)
      || age_ms_of_publish (segmenter) < US_SEGMENTER_NO_VIDEO_MS)
    return FALSE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "video came for %d s without a codec configuration (sequence header) that can be "
               "read; start the encoder again, or set its video codec anew",
               US_SEGMENTER_NO_VIDEO_MS / 1000);
  return TRUE;
}

/* The publisher's pictures, or if it has none its sound, are of a codec that no segment carries,
 * and nothing else came in the time that encoders take to start all tracks; or its pictures lack
 * their configuration. Audio alone would go on as if all were well. */
static gboolean
is_hopeless (UsSegmenter *segmenter, GError **error) {
  const UsInput *video = &segmenter->video, *audio = &segmenter->audio;
  if (lacks_config (segmenter, error))
    return TRUE;
  const UsInput *input = video->has_data ? video : audio;
  if (input->unsupported == NULL || us_input_is_known (input))
    return FALSE;
  gint64 limit_ms = input->is_video ? US_SEGMENTER_ANALYSE_MS : US_SEGMENTER_NO_VIDEO_MS;
  if (age_ms_of_publish (segmenter) < limit_ms)
    return FALSE;
  g_autofree char *why = us_input_explain_unsupported (input);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, why);
  return TRUE;
}

/* Whether nothing came on any track for so long that the segment around the hole would last more
 * than 1.5 target durations: the encoder paused, or lost what it had. A slide show, with seconds
 * between all of its pictures, has no holes. */
static gboolean
is_hole (const UsSegmenter *segmenter, const Frame *frame) {
  const UsCutter *cutter = &segmenter->cutter;
  if (!segmenter->is_epoch_open)
    return FALSE;
  gint64 target_ms = cutter->target_ms > 0 ? cutter->target_ms : cutter->duration_ms;
  gint64 gap_ms = frame->time_ms - segmenter->base_ms - segmenter->stats.media_ms;
  gint64 usual_ms = 0;
  for (guint i = 0; i < US_TIMELINE_N_TRACKS; i++)
    usual_ms = MAX (usual_ms, segmenter->tracks[i].has_time ? segmenter->tracks[i].frame_ms : 0);
  return gap_ms > MAX (target_ms / 2, HOLE_FRAMES * usual_ms)
         && frame->time_ms - cutter->open_ms > target_ms * 3 / 2;
}

/**
 * us_segmenter_push:
 * @segmenter: a segmenter with a publisher
 * @type: %US_RTMP_AUDIO or %US_RTMP_VIDEO; anything else is ignored
 * @timestamp_ms: as on the wire
 * @payload: the message, referenced when kept
 * @error: set with %US_SEGMENTER_FAULT: %G_IO_ERROR_INVALID_DATA, a sentence for the publisher
 *
 * Returns: what came of it
 */
UsSegmenterResult
us_segmenter_push (UsSegmenter *segmenter, UsRtmpMessageType type, guint32 timestamp_ms,
                   GBytes *payload, GError **error) {
  if (!segmenter->is_publishing || (type != US_RTMP_AUDIO && type != US_RTMP_VIDEO))
    return US_SEGMENTER_NOTHING;
  UsInputFrame pushed = { 0 };
  UsInput *input = input_of (segmenter, type == US_RTMP_VIDEO);
  segmenter->last_data_us = now_us (segmenter);
  if (us_input_push (input, segmenter->name, payload, &pushed) != US_INPUT_FRAME)
    return is_hopeless (segmenter, error) ? US_SEGMENTER_FAULT : US_SEGMENTER_NOTHING;

  g_autoptr (GBytes) kept = pushed.payload;
  note_truth (segmenter, input->is_video, timestamp_ms, &pushed);
  Frame frame = { .payload = kept, .is_video = input->is_video, .is_keyframe = pushed.is_keyframe };
  UsTimelineTrack track = frame.is_video ? US_TIMELINE_VIDEO : US_TIMELINE_AUDIO;
  UsTimelineVerdict verdict
      = us_timeline_push (&segmenter->timeline, track, timestamp_ms, &frame.time_ms);
  if (verdict == US_TIMELINE_DROP)
    return drop (segmenter, &frame, US_DROP_ORDER);
  segmenter->last_use_us = segmenter->last_data_us;
  gboolean is_boundary = FALSE;
  if (verdict == US_TIMELINE_NEW_EPOCH || is_hole (segmenter, &frame)) {
    is_boundary = segmenter->is_epoch_open;
    break_off_epoch (segmenter, verdict == US_TIMELINE_NEW_EPOCH ? "time stamps jumped"
                                                                 : "a hole in the time stamps");
    clear_pending (segmenter);
  }
  UsSegmenterResult result = segmenter->is_epoch_open ? place (segmenter, &frame, error)
                                                      : wait_with (segmenter, &frame, error);
  if (result != US_SEGMENTER_FAULT && segmenter->n_epochs > US_SEGMENTER_MAX_EPOCHS) {
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 "codec configuration or time stamps start anew too often: %u times within 10 s",
                 segmenter->n_epochs);
    return US_SEGMENTER_FAULT;
  }
  return is_boundary && result != US_SEGMENTER_FAULT ? US_SEGMENTER_BOUNDARY : result;
}

/**
 * us_segmenter_set_age:
 * @segmenter: the segmenter
 * @age_ms: how long ago the messages that follow arrived; 0: now
 *
 * Pictures that were kept for a change of publishers are dated by their arrival.
 */
void
us_segmenter_set_age (UsSegmenter *segmenter, gint64 age_ms) {
  segmenter->age_ms = age_ms;
}

/**
 * us_segmenter_check:
 * @segmenter: the segmenter
 * @error: %G_IO_ERROR_INVALID_DATA with a sentence for the publisher
 *
 * To be called about once a second: finds publishers that send much and nothing useful.
 *
 * Returns: %FALSE when the publisher should be closed with @error
 */
gboolean
us_segmenter_check (UsSegmenter *segmenter, GError **error) {
  gint64 now = now_us (segmenter);
  if (!segmenter->is_publishing)
    return TRUE;
  if (is_hopeless (segmenter, error))
    return FALSE;
  const UsInput *video = &segmenter->video, *audio = &segmenter->audio;
  gint64 useless_ms = (segmenter->last_data_us - segmenter->last_use_us) / 1000;
  if (useless_ms >= US_SEGMENTER_USELESS_MS) {
    const UsInput *refused = video->unsupported != NULL ? video : audio;
    g_autofree char *why = us_input_explain_unsupported (refused);
    if (us_input_is_known (video) || us_input_is_known (audio))
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "no usable frame for %" G_GINT64_FORMAT " s: time stamps do not advance",
                   useless_ms / 1000);
    else if (refused->unsupported != NULL)
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, why);
    else
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   "no codec configuration (sequence header) within %" G_GINT64_FORMAT " s",
                   useless_ms / 1000);
    return FALSE;
  }
  if (!segmenter->is_epoch_open && segmenter->has_waiting_video
      && (now - segmenter->waiting_since_us) / 1000 >= US_SEGMENTER_NO_KEYFRAME_MS)
    return fault_overlong (segmenter, error) != US_SEGMENTER_FAULT;
  return TRUE;
}

/**
 * us_segmenter_end:
 * @segmenter: the segmenter
 *
 * The publisher has gone: the open segment closes with its last frame, so that no picture is lost,
 * or is withdrawn when it is but a loose tail (us_tail_is_loose()).
 */
void
us_segmenter_end (UsSegmenter *segmenter) {
  if (!segmenter->is_publishing)
    return;
  break_off_epoch (segmenter, "publisher began");
  clear_pending (segmenter);
  segmenter->is_publishing = FALSE;
}

/* The publisher was faster than the packager's answer. */
static void
go_on_behind (UsSegmenter *segmenter, guint64 number) {
  UsRingSegment *open = us_ring_get_open (segmenter->ring);
  if (open == NULL)
    return;
  us_warning ("%s: a packager holds segment %" G_GUINT64_FORMAT
              ", nothing is known here; numbering "
              "goes on from the packager's, %" G_GUINT64_FORMAT " is not used",
              segmenter->name, number, open->number);
  us_state_lower_number (segmenter->state, segmenter->memory, number + 1);
  open->number = segmenter->stats.number = number + 1;
  segmenter->has_history = TRUE;
}

/**
 * us_segmenter_note_packager:
 * @segmenter: the segmenter
 * @number: number of the last segment that a packager holds; 0: none
 *
 * Matters when the state was lost: numbers must not fall behind those that viewers have seen, nor
 * leave a hole behind them. To be called before the packager is told of any segment.
 */
void
us_segmenter_note_packager (UsSegmenter *segmenter, guint64 number) {
  gboolean is_guessed = segmenter->is_number_guessed;
  segmenter->is_number_guessed = FALSE;
  if (is_guessed && number > 0 && number + 1 < segmenter->memory->number)
    go_on_behind (segmenter, number);
  if (number <= segmenter->memory->number)
    return;
  us_warning ("%s: a packager holds segment %" G_GUINT64_FORMAT ", the last number known here is "
              "%" G_GUINT64_FORMAT "; numbering goes on from the packager's",
              segmenter->name, number, segmenter->memory->number);
  us_state_raise_number (segmenter->state, segmenter->memory, number);
  segmenter->has_history = TRUE;
}

/**
 * us_segmenter_get_ring:
 * @segmenter: the segmenter
 *
 * Returns: (transfer none): its segments
 */
UsRing *
us_segmenter_get_ring (UsSegmenter *segmenter) {
  return segmenter->ring;
}

/**
 * us_segmenter_get_video:
 * @segmenter: the segmenter
 *
 * Returns: (transfer none): the video track
 */
const UsInput *
us_segmenter_get_video (UsSegmenter *segmenter) {
  return &segmenter->video;
}

/**
 * us_segmenter_get_audio:
 * @segmenter: the segmenter
 *
 * Returns: (transfer none): the audio track
 */
const UsInput *
us_segmenter_get_audio (UsSegmenter *segmenter) {
  return &segmenter->audio;
}

/**
 * us_segmenter_get_truth:
 * @segmenter: the segmenter
 *
 * Returns: (transfer none): what the publisher really sends, measured
 */
const UsTruth *
us_segmenter_get_truth (UsSegmenter *segmenter) {
  return segmenter->truth;
}

/**
 * us_segmenter_get_duration_ms:
 * @segmenter: the segmenter
 *
 * Returns: how long segments are wanted to be
 */
guint
us_segmenter_get_duration_ms (UsSegmenter *segmenter) {
  return segmenter->settings.segment_duration_ms;
}

/**
 * us_segmenter_get_stats:
 * @segmenter: the segmenter
 * @stats: (out): facts for status and metrics
 */
void
us_segmenter_get_stats (UsSegmenter *segmenter, UsSegmenterStats *stats) {
  *stats = segmenter->stats;
}

/**
 * us_segmenter_free:
 * @segmenter: (transfer full): the segmenter
 */
void
us_segmenter_free (UsSegmenter *segmenter) {
  clear_pending (segmenter);
  us_input_clear (&segmenter->video);
  us_input_clear (&segmenter->audio);
  us_truth_free (segmenter->truth);
  us_ring_free (segmenter->ring);
  us_state_close (segmenter->state, segmenter->memory);
  g_free (segmenter->name);
  g_free (segmenter);
}
