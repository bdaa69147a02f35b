/* inspect.c - what an operator wants to know of a segment's bytes, without decoding a picture
 *
 * The monitor calls this for every segment that it fetched, the first half of what its detectors
 * judge; the other half is the playlist. It is one pass of the probe (probe-ts.c, probe-fmp4.c)
 * with an inspector that is told what goes by: no byte is read twice. Packed
 * audio, which the switcher's probe refuses, is read by probe-packed.c. Pure function of the bytes,
 * any thread; under a millisecond for 600 kB.
 *
 * Sizes of frames are there because they tell of a frozen picture, or of silence, for nothing: what
 * does not change takes next to no bytes. */
#include "hls/inspect.h"

#include "hls/probe-private.h"

/* Room for 10 s of pictures and of sound, so that most segments need no second allocation. */
#define USUAL_FRAMES 600

static int
compare_sizes (gconstpointer a, gconstpointer b) {
  guint32 x = *(const guint32 *)a, y = *(const guint32 *)b;
  return x < y ? -1 : x > y;
}

static UsSizes
summarize (GArray *sizes) {
  UsSizes out = { .n = sizes->len };
  if (sizes->len == 0)
    return out;
  g_array_sort (sizes, compare_sizes);
  out.p50 = g_array_index (sizes, guint32, sizes->len / 2);
  out.p90 = g_array_index (sizes, guint32, (guint)((guint64)sizes->len * 9 / 10));
  out.max = g_array_index (sizes, guint32, sizes->len - 1);
  return out;
}

/* The greatest distance of random access points, the last one's from the end counted as well. */
static gint64
find_longest_gop_us (const UsProbe *probe) {
  gint64 longest_us = 0, from_us = probe->first_video_us;
  for (guint i = 0; i < probe->pictures->len; i++) {
    gint64 at_us = g_array_index (probe->pictures, UsPicture, i).pts_us;
    longest_us = MAX (longest_us, at_us - from_us);
    from_us = at_us;
  }
  return MAX (longest_us, probe->end_video_us - from_us);
}

/* Pictures a second, in thousandths: over the whole segment, since single distances of pictures
 * that came by RTMP are rounded to milliseconds. */
static guint
measure_rate (const UsProbe *probe) {
  if (probe->n_video < 2)
    return 0;
  gint64 span_us = probe->end_video_us - probe->frame_us - probe->first_video_us;
  if (span_us <= 0)
    return 0;
  gint64 rate = ((gint64)(probe->n_video - 1) * 1000 * G_USEC_PER_SEC + span_us / 2) / span_us;
  return (guint)MIN (rate, G_MAXUINT32);
}

static void
conclude (UsInspection *self, UsInspector *inspector) {
  const UsProbe *probe = self->probe;
  self->delta = summarize (inspector->deltas);
  self->audio = summarize (inspector->frames);
  self->has_cue_out = inspector->cues.has_out;
  self->has_cue_in = inspector->cues.has_in;
  self->skew_us = G_MININT64;
  if (probe->has_video) {
    self->duration_us = probe->end_video_us - probe->first_video_us;
    self->frame_rate_mhz = measure_rate (probe);
    self->longest_gop_us = find_longest_gop_us (probe);
  }
  if (probe->has_audio && probe->first_audio_us != G_MININT64)
    self->duration_us = MAX (self->duration_us, probe->end_audio_us - probe->first_audio_us);
  if (probe->has_video && probe->has_audio)
    self->skew_us
        = us_probe_time_diff_us (probe->container, probe->first_audio_us, probe->first_video_us)
          + inspector->audio_edit_us - inspector->video_edit_us;
}

/**
 * us_inspect_segment:
 * @segment: a whole media segment, not encrypted: transport stream, fragmented MP4 or packed audio
 * @init: (nullable): its EXT-X-MAP section
 *
 * More lenient than us_probe_segment(): a transport stream with damage that shows as such (lost
 * sync, lost packets, scrambled ones, no tables) is inspected as far as it goes and the damage
 * counted; its probe may then have no track at all. What contradicts itself without such a reason
 * is an error, as are all faults of fragmented MP4.
 *
 * Returns: (transfer full): or NULL with US_PROBE_ERROR
 */
UsInspection *
us_inspect_segment (GBytes *segment, GBytes *init, GError **error) {
  g_return_val_if_fail (segment != NULL, NULL);

  g_autoptr (UsInspection) self = g_new0 (UsInspection, 1);
  g_autoptr (GArray) deltas = g_array_sized_new (FALSE, FALSE, sizeof (guint32), USUAL_FRAMES);
  g_autoptr (GArray) frames = g_array_sized_new (FALSE, FALSE, sizeof (guint32), USUAL_FRAMES);
  UsInspector inspector = { .out = self, .deltas = deltas, .frames = frames };
  self->probe = us_probe_read (segment, init, &inspector, error);
  if (self->probe == NULL)
    return NULL;
  conclude (self, &inspector);
  return g_steal_pointer (&self);
}

/**
 * us_inspection_free:
 * @inspection: (transfer full)
 */
void
us_inspection_free (UsInspection *inspection) {
  g_return_if_fail (inspection != NULL);
  g_clear_pointer (&inspection->probe, us_probe_free);
  g_free (inspection->video_codec);
  g_free (inspection->audio_codec);
  g_free (inspection);
}
