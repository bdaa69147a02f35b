/* probe-fmp4.c - the probe of a fragmented MP4 segment
 *
 * One pass over the boxes (ISO 14496-12 8.8; RFC 8216 3.3): each moof says where in its mdat the
 * samples lie, how long they last and which are sync samples. Every sample must lie in the mdat
 * that follows, and every H.264 or HEVC sample must be filled by its NAL units, so that a segment
 * that was cut, or lost bytes in its middle, is seen. Only sync samples, and the first, are read
 * further.
 *
 * Times are those of the track: an edit list of the movie, which shifts all segments of a stream by
 * the same, is left out. */
#include "hls/hash.h"
#include "hls/mp4-init.h"
#include "hls/probe-private.h"

#include <string.h>

#define TFHD_BASE_OFFSET 0x1
#define TFHD_DESCRIPTION 0x2
#define TFHD_DURATION 0x8
#define TFHD_SIZE 0x10
#define TFHD_FLAGS 0x20
#define TFHD_BASE_IS_MOOF 0x20000
#define TRUN_OFFSET 0x1
#define TRUN_FIRST_FLAGS 0x4
#define TRUN_DURATION 0x100
#define TRUN_SIZE 0x200
#define TRUN_FLAGS 0x400
#define TRUN_COMPOSITION 0x800
#define SAMPLE_IS_NON_SYNC 0x10000

/* A time in us must leave room to add and subtract. */
#define MAX_SECONDS (G_GINT64_CONSTANT (1) << 40)

/* Track: one of the two that count, through all fragments. */
typedef struct {
  const UsMp4Track *track; /* nullable */
  gboolean has_time;
  gint64 next; /* decoding time of the next sample, ticks */
  guint64 n_samples;
} Track;

typedef struct {
  UsProbeBuilder *builder;
  UsMp4Init init;
  Track video, audio;
  const guint8 *segment;
  guint64 n_samples;
  gint64 last_video_duration; /* ticks */
} Scan;

/* Fragment: one moof and the bytes its samples may lie in, as offsets in the segment. */
typedef struct {
  guint64 moof;
  guint64 data_start, data_end;
  guint64 next; /* where the samples of the next run start, unless it says otherwise */
} Fragment;

/* Defaults of one traf. */
typedef struct {
  const UsMp4Track *track;
  Track *counted; /* nullable: a track that does not count is checked only */
  guint64 base;
  guint32 duration, size, flags;
} Defaults;

/* Sample: as its run describes it. */
typedef struct {
  guint32 duration, size, flags;
  gint64 composition; /* ticks from decoding to presentation */
  guint64 offset;     /* in the segment */
} Sample;

static gint64
us_from_ticks (gint64 ticks, guint32 timescale) {
  gint64 s = ticks / timescale, rest = ticks % timescale;
  if (rest < 0) {
    rest += timescale;
    s--;
  }
  return s * G_USEC_PER_SEC + rest * G_USEC_PER_SEC / timescale;
}

/* ---- samples ---- */

static gboolean
fail_sample (const Scan *scan, const Sample *sample, const char *what, GError **error) {
  return us_probe_fail (US_PROBE_ERROR_BROKEN, error,
                        "sample %" G_GUINT64_FORMAT " at byte %" G_GUINT64_FORMAT ": %s",
                        scan->n_samples, sample->offset, what);
}

static gboolean
is_in_band (guint32 entry) {
  return entry == US_MP4_TYPE ('a', 'v', 'c', '3') || entry == US_MP4_TYPE ('h', 'e', 'v', '1');
}

static gboolean
read_video (Scan *scan, const Fragment *fragment, const Sample *sample, gint64 pts,
            GError **error) {
  const UsMp4Track *track = scan->video.track;
  UsProbe *probe = scan->builder->probe;
  const guint8 *data = scan->segment + sample->offset;
  gboolean is_first = scan->video.n_samples == 0;
  gboolean is_sync = (sample->flags & SAMPLE_IS_NON_SYNC) == 0;
  UsAccessUnit unit
      = { .codec = track->codec, .wants_parameters = is_first && is_in_band (track->entry) };
  if (track->nal_length > 0) {
    if (!us_access_unit_add_sample (&unit, data, sample->size, track->nal_length))
      return fail_sample (scan, sample, "its NAL units do not fill it", error);
    probe->config += unit.parameters;
  } else if (is_sync) {
    unit.is_key = TRUE;
    unit.hash = us_hash64 (0, data, sample->size);
  }
  gint64 pts_us = us_from_ticks (pts, track->timescale);
  scan->last_video_duration = sample->duration;
  return us_probe_add_picture (scan->builder, pts_us, &unit, fragment->moof, sample->size, error);
}

static void
read_audio (Scan *scan, const Sample *sample, gint64 pts) {
  UsProbe *probe = scan->builder->probe;
  gint64 start_us = us_from_ticks (pts, scan->audio.track->timescale);
  gint64 end_us = us_from_ticks (pts + sample->duration, scan->audio.track->timescale);
  if (!probe->has_audio || start_us < probe->first_audio_us)
    probe->first_audio_us = start_us;
  if (!probe->has_audio || end_us > probe->end_audio_us)
    probe->end_audio_us = end_us;
  probe->has_audio = TRUE;
  us_inspector_add_frame (scan->builder->inspector, sample->size);
}

static gboolean
read_sample (Scan *scan, Fragment *fragment, Track *counted, const Sample *sample, GError **error) {
  if (++scan->n_samples > US_PROBE_MAX_SAMPLES)
    return us_probe_fail (US_PROBE_ERROR_LIMIT, error, "more than %d samples",
                          US_PROBE_MAX_SAMPLES);
  if (sample->offset < fragment->data_start || sample->offset > fragment->data_end
      || sample->size > fragment->data_end - sample->offset)
    return fail_sample (scan, sample, "outside of the mdat box", error);
  fragment->next = sample->offset + sample->size;
  if (counted == NULL)
    return TRUE;
  gint64 pts = counted->next + sample->composition;
  if (counted == &scan->video && !read_video (scan, fragment, sample, pts, error))
    return FALSE;
  if (counted == &scan->audio)
    read_audio (scan, sample, pts);
  counted->n_samples++;
  counted->next += sample->duration;
  return TRUE;
}

/* One trun: ISO 14496-12 8.8.8. */
static gboolean
read_run (Scan *scan, Fragment *fragment, const Defaults *defaults, UsMp4Box *box, GError **error) {
  UsMp4Reader *reader = &box->body;
  guint version = (guint)us_mp4_read (reader, 1);
  guint32 flags = (guint32)us_mp4_read (reader, 3);
  guint64 n_samples = us_mp4_read (reader, 4);
  Sample sample = { .offset = fragment->next };
  if ((flags & TRUN_OFFSET) != 0)
    sample.offset = defaults->base + (guint64)(gint64)(gint32)us_mp4_read (reader, 4);
  guint32 first_flags = defaults->flags;
  if ((flags & TRUN_FIRST_FLAGS) != 0)
    first_flags = (guint32)us_mp4_read (reader, 4);
  guint64 fields = !!(flags & TRUN_DURATION) + !!(flags & TRUN_SIZE) + !!(flags & TRUN_FLAGS)
                   + !!(flags & TRUN_COMPOSITION);
  if (reader->is_short || fields * 4 * n_samples > reader->size)
    return us_mp4_box_fail (box, "shorter than its list of samples", error);

  for (guint64 i = 0; i < n_samples; i++) {
    sample.duration = defaults->duration;
    sample.size = defaults->size;
    sample.flags = i == 0 ? first_flags : defaults->flags;
    sample.composition = 0;
    if ((flags & TRUN_DURATION) != 0)
      sample.duration = (guint32)us_mp4_read (reader, 4);
    if ((flags & TRUN_SIZE) != 0)
      sample.size = (guint32)us_mp4_read (reader, 4);
    if ((flags & TRUN_FLAGS) != 0)
      sample.flags = (guint32)us_mp4_read (reader, 4);
    if ((flags & TRUN_COMPOSITION) != 0) {
      guint32 value = (guint32)us_mp4_read (reader, 4);
      sample.composition = version == 0 ? (gint64)value : (gint64)(gint32)value;
    }
    if (!read_sample (scan, fragment, defaults->counted, &sample, error))
      return FALSE;
    sample.offset = fragment->next;
  }
  return TRUE;
}

/* ---- fragments ---- */

/* tfhd, ISO 14496-12 8.8.7. */
static gboolean
read_header (Scan *scan, const Fragment *fragment, UsMp4Reader traf, gboolean is_first,
             Defaults *defaults, GError **error) {
  UsMp4Box box;
  if (!us_mp4_box_find (traf, US_MP4_TYPE ('t', 'f', 'h', 'd'), &box, error))
    return FALSE;
  UsMp4Reader *reader = &box.body;
  us_mp4_skip (reader, 1);
  guint32 flags = (guint32)us_mp4_read (reader, 3);
  UsMp4Track *track = us_mp4_init_find (&scan->init, (guint32)us_mp4_read (reader, 4));
  if (box.start == NULL || reader->is_short)
    return us_mp4_box_fail (&box, "missing or too short", error);
  if (track == NULL)
    return us_mp4_box_fail (&box, "a track that the initialisation section does not have", error);
  defaults->track = track;
  defaults->counted = track == scan->video.track   ? &scan->video
                      : track == scan->audio.track ? &scan->audio
                                                   : NULL;
  /* Without a word the data of a later traf follows that of the one before. */
  defaults->base = is_first || (flags & TFHD_BASE_IS_MOOF) != 0 ? fragment->moof : fragment->next;
  defaults->duration = track->default_duration;
  defaults->size = track->default_size;
  defaults->flags = track->default_flags;
  if ((flags & TFHD_BASE_OFFSET) != 0)
    defaults->base = us_mp4_read (reader, 8);
  if ((flags & TFHD_DESCRIPTION) != 0)
    us_mp4_skip (reader, 4);
  if ((flags & TFHD_DURATION) != 0)
    defaults->duration = (guint32)us_mp4_read (reader, 4);
  if ((flags & TFHD_SIZE) != 0)
    defaults->size = (guint32)us_mp4_read (reader, 4);
  if ((flags & TFHD_FLAGS) != 0)
    defaults->flags = (guint32)us_mp4_read (reader, 4);
  return !reader->is_short || us_mp4_box_fail (&box, "too short", error);
}

/* tfdt, ISO 14496-12 8.8.12. */
static gboolean
read_time (UsMp4Reader traf, const Defaults *defaults, GError **error) {
  UsMp4Box box;
  Track *counted = defaults->counted;
  if (!us_mp4_box_find (traf, US_MP4_TYPE ('t', 'f', 'd', 't'), &box, error))
    return FALSE;
  if (counted == NULL || (box.start == NULL && counted->has_time))
    return TRUE;
  if (box.start == NULL)
    return us_mp4_box_fail (&box, "missing", error);
  guint version = (guint)us_mp4_read (&box.body, 1);
  us_mp4_skip (&box.body, 3);
  guint64 ticks = us_mp4_read (&box.body, version == 1 ? 8 : 4);
  if (box.body.is_short)
    return us_mp4_box_fail (&box, "too short", error);
  if (ticks / defaults->track->timescale >= (guint64)MAX_SECONDS || ticks > G_MAXINT64 / 2)
    return us_mp4_box_fail (&box, "a time out of range", error);
  counted->next = (gint64)ticks;
  counted->has_time = TRUE;
  return TRUE;
}

static gboolean
read_track_fragment (Scan *scan, Fragment *fragment, UsMp4Reader traf, gboolean is_first,
                     GError **error) {
  Defaults defaults = { 0 };
  if (!read_header (scan, fragment, traf, is_first, &defaults, error)
      || !read_time (traf, &defaults, error))
    return FALSE;
  fragment->next = defaults.base;
  while (traf.size > 0) {
    UsMp4Box box;
    if (!us_mp4_box_next (&traf, &box, error))
      return FALSE;
    if (box.type == US_MP4_TYPE ('t', 'r', 'u', 'n')
        && !read_run (scan, fragment, &defaults, &box, error))
      return FALSE;
  }
  return TRUE;
}

/* The media data of a fragment is what stands in mdat boxes before the next moof. */
static gboolean
find_data (const Scan *scan, UsMp4Reader rest, Fragment *fragment, GError **error) {
  while (rest.size > 0) {
    UsMp4Box box;
    if (!us_mp4_box_next (&rest, &box, error))
      return FALSE;
    if (box.type == US_MP4_TYPE ('m', 'o', 'o', 'f'))
      break;
    if (box.type != US_MP4_TYPE ('m', 'd', 'a', 't'))
      continue;
    guint64 start = box.body.data - scan->segment;
    if (fragment->data_end == 0)
      fragment->data_start = start;
    fragment->data_end = start + box.body.size;
  }
  return TRUE;
}

static gboolean
read_fragment (Scan *scan, const UsMp4Box *moof, UsMp4Reader rest, GError **error) {
  Fragment fragment = { .moof = moof->start - scan->segment };
  UsMp4Reader body = moof->body;
  gboolean is_first = TRUE;
  if (!find_data (scan, rest, &fragment, error))
    return FALSE;
  while (body.size > 0) {
    UsMp4Box box;
    if (!us_mp4_box_next (&body, &box, error))
      return FALSE;
    if (box.type != US_MP4_TYPE ('t', 'r', 'a', 'f'))
      continue;
    if (!read_track_fragment (scan, &fragment, box.body, is_first, error))
      return FALSE;
    is_first = FALSE;
  }
  return TRUE;
}

static gboolean
scan_boxes (Scan *scan, gsize size, GError **error) {
  UsMp4Reader rest = { .data = scan->segment, .size = size };
  guint n_fragments = 0;
  while (rest.size > 0) {
    UsMp4Box box;
    if (!us_mp4_box_next (&rest, &box, error))
      return FALSE;
    if (box.type == US_MP4_TYPE ('e', 'm', 's', 'g') && scan->builder->inspector != NULL)
      us_cue_reader_take_event (&scan->builder->inspector->cues, box.body.data, box.body.size);
    if (box.type != US_MP4_TYPE ('m', 'o', 'o', 'f'))
      continue;
    n_fragments++;
    if (!read_fragment (scan, &box, rest, error))
      return FALSE;
  }
  if (n_fragments == 0)
    return us_probe_fail (US_PROBE_ERROR_BROKEN, error, "no movie fragment");
  if (scan->video.n_samples + scan->audio.n_samples == 0)
    return us_probe_fail (US_PROBE_ERROR_BROKEN, error, "neither a picture nor sound");
  return TRUE;
}

/* @init: (nullable): the EXT-X-MAP section */
gboolean
us_probe_fmp4 (UsProbeBuilder *builder, const guint8 *data, gsize size, const guint8 *init,
               gsize init_size, GError **error) {
  Scan scan = { .builder = builder, .segment = data };
  gboolean has_init = init != NULL;
  if (!us_mp4_init_read (&scan.init, has_init ? init : data, has_init ? init_size : size, error))
    return FALSE;
  UsProbe *probe = builder->probe;
  for (guint i = 0; i < scan.init.n_tracks; i++) {
    const UsMp4Track *track = &scan.init.tracks[i];
    guint64 id = GUINT64_TO_LE ((guint64)track->id);
    probe->config += us_hash64 (track->config, &id, sizeof id);
  }
  scan.video.track = us_mp4_init_first (&scan.init, US_MP4_VIDEO);
  scan.audio.track = us_mp4_init_first (&scan.init, US_MP4_AUDIO);
  us_inspector_set_track (builder->inspector, scan.video.track);
  us_inspector_set_track (builder->inspector, scan.audio.track);
  if (!scan_boxes (&scan, size, error))
    return FALSE;
  /* One picture has no distance to another; its own length stands in. */
  if (scan.video.n_samples == 1)
    probe->frame_us = us_from_ticks (scan.last_video_duration, scan.video.track->timescale);
  return TRUE;
}
