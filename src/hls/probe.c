/* probe.c - what a media segment of either container says of itself: tracks, times, pictures
 *
 * The switcher calls this for every segment of an origin that is not ours, before it lists it: to
 * know whether it is whole, where it stands in time and by which pictures it can be laid over the
 * segments of the other origin. Tolerant where RFC 8216 is, strict on every length. This file finds
 * out the container and adds up; the reading is in probe-ts.c and probe-fmp4.c. Pure functions of
 * the bytes, any thread. */
#include "hls/probe.h"

#include "hls/mp4-init.h"
#include "hls/mpegts-packet.h"
#include "hls/probe-private.h"

#include <string.h>

G_DEFINE_QUARK (us_probe_error, us_probe_error)

#define WRAP_TICKS (G_GINT64_CONSTANT (1) << 33)
/* Room for the times of 10 s of pictures, so that most segments need no second allocation. */
#define USUAL_PICTURES 600

/* Sets the error; returns FALSE, so that a check is one line. */
gboolean
us_probe_fail (UsProbeError code, GError **error, const char *format, ...) {
  va_list args;
  va_start (args, format);
  g_autofree char *message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, US_PROBE_ERROR, code, message);
  return FALSE;
}

/* Takes over @cause, an error of mpegts.h, as one of ours. */
gboolean
us_probe_wrap (GError *cause, GError **error) {
  gboolean is_limit = g_error_matches (cause, US_MPEGTS_ERROR, US_MPEGTS_ERROR_LIMIT);
  us_probe_fail (is_limit ? US_PROBE_ERROR_LIMIT : US_PROBE_ERROR_BROKEN, error, "%s",
                 cause->message);
  g_error_free (cause);
  return FALSE;
}

/* Rounds down; as @ticks may lie before zero, not by the division of C. */
gint64
us_probe_us_from_ticks (gint64 ticks) {
  gint64 us = ticks * 100;
  return us >= 0 ? us / 9 : -((-us + 8) / 9);
}

/* Notes one picture, in decoding order. @unit: what is known of it; a codec that is not read has
 * a key picture with a hash, or none. @size: coded bytes */
gboolean
us_probe_add_picture (UsProbeBuilder *builder, gint64 pts_us, const UsAccessUnit *unit,
                      gsize offset, gsize size, GError **error) {
  UsProbe *probe = builder->probe;
  us_inspector_add_picture (builder->inspector, unit, size);
  if (probe->n_video == 0) {
    probe->starts_with_idr = unit->is_key;
    probe->starts_with_random_access = unit->is_key || unit->has_recovery_point;
  }
  probe->n_video++;
  g_array_append_val (builder->times, pts_us);
  if (!unit->is_key)
    return TRUE;
  if (probe->pictures->len >= US_PROBE_MAX_PICTURES)
    return us_probe_fail (US_PROBE_ERROR_LIMIT, error, "more than %d random access points",
                          US_PROBE_MAX_PICTURES);
  UsPicture picture = { .hash = unit->hash, .pts_us = pts_us, .offset = offset };
  g_array_append_val (probe->pictures, picture);
  return TRUE;
}

static int
compare_times (gconstpointer a, gconstpointer b) {
  gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;
  return x < y ? -1 : x > y;
}

/* Sorts @times in place; returns the mean of the distances that are about as long as their median,
 * or 0 without one. The median alone will not do: RTMP's times are milliseconds, in which a picture
 * of 33.3 lasts 33 or 34, and 60 pictures of 33 are a whole one shorter than what they fill. */
gint64
us_probe_usual_step (GArray *times) {
  g_array_sort (times, compare_times);
  g_autoptr (GArray) steps = g_array_sized_new (FALSE, FALSE, sizeof (gint64), times->len);
  for (guint i = 1; i < times->len; i++) {
    gint64 step = g_array_index (times, gint64, i) - g_array_index (times, gint64, i - 1);
    if (step > 0)
      g_array_append_val (steps, step);
  }
  if (steps->len == 0)
    return 0;
  g_array_sort (steps, compare_times);
  gint64 median = g_array_index (steps, gint64, steps->len / 2), sum = 0, n = 0;
  for (guint i = 0; i < steps->len; i++) {
    gint64 step = g_array_index (steps, gint64, i);
    if (ABS (step - median) > median / 4)
      continue;
    sum += step;
    n++;
  }
  return (sum + n / 2) / n;
}

static void
judge_times (UsProbeBuilder *builder) {
  UsProbe *probe = builder->probe;
  probe->has_video = builder->times->len > 0;
  if (!probe->has_video)
    return;
  gint64 step = us_probe_usual_step (builder->times);
  probe->frame_us = step > 0 ? step : probe->frame_us;
  probe->first_video_us = g_array_index (builder->times, gint64, 0);
  probe->end_video_us
      = g_array_index (builder->times, gint64, builder->times->len - 1) + probe->frame_us;
}

/* A transport stream whose first byte is damaged is still one. */
static gboolean
looks_like_ts (const guint8 *data, gsize size) {
  if (size > 2 * US_MPEGTS_PACKET && data[US_MPEGTS_PACKET] == 0x47
      && data[2 * US_MPEGTS_PACKET] == 0x47)
    return TRUE;
  return data[0] == 0x47;
}

static gboolean
looks_like_mp4 (const guint8 *data, gsize size) {
  static const char *TYPES[]
      = { "styp", "sidx", "moof", "ftyp", "moov", "emsg", "prft", "mdat", "free", "skip", "uuid" };
  for (guint i = 0; size >= 8 && i < G_N_ELEMENTS (TYPES); i++)
    if (memcmp (data + 4, TYPES[i], 4) == 0)
      return TRUE;
  return FALSE;
}

/**
 * us_probe_segment:
 * @segment: a whole media segment
 * @init: (nullable): its EXT-X-MAP section. Fragmented MP4 needs it, unless the segment brings its
 *   own moov; for a transport stream it may hold the tables (RFC 8216 3.2)
 *
 * Finds damage that the container can show: a packet or box cut off, a lost grid, counters that
 * jump, PES packets shorter or longer than they say, samples outside their mdat, NAL units that
 * do not fill their sample. The first program, the first video and the first audio track count.
 *
 * Codecs other than H.264 and HEVC have times; in fragmented MP4 also pictures, hashed as whole
 * samples; in a transport stream none.
 *
 * Returns: (transfer full): the probe, or NULL with US_PROBE_ERROR
 */
UsProbe *
us_probe_segment (GBytes *segment, GBytes *init, GError **error) {
  g_return_val_if_fail (segment != NULL, NULL);
  return us_probe_read (segment, init, NULL, error);
}

/* us_probe_segment() with an @inspector (nullable), which is told on the way. */
UsProbe *
us_probe_read (GBytes *segment, GBytes *init, UsInspector *inspector, GError **error) {
  gsize size, init_size = 0;
  const guint8 *data = g_bytes_get_data (segment, &size);
  const guint8 *init_data = init != NULL ? g_bytes_get_data (init, &init_size) : NULL;
  if (size == 0) {
    us_probe_fail (US_PROBE_ERROR_BROKEN, error, "the segment has no bytes");
    return NULL;
  }
  if (size > US_MPEGTS_MAX_BYTES) {
    us_probe_fail (US_PROBE_ERROR_LIMIT, error, "%" G_GSIZE_FORMAT " bytes are more than %d", size,
                   US_MPEGTS_MAX_BYTES);
    return NULL;
  }

  g_autoptr (UsProbe) probe = g_new0 (UsProbe, 1);
  probe->first_video_us = probe->end_video_us = G_MININT64;
  probe->first_audio_us = probe->end_audio_us = G_MININT64;
  probe->pictures = g_array_new (FALSE, FALSE, sizeof (UsPicture));
  g_autoptr (GArray) times = g_array_sized_new (FALSE, FALSE, sizeof (gint64), USUAL_PICTURES);
  UsProbeBuilder builder = { probe, times, inspector };
  gboolean is_ok = FALSE;
  if (looks_like_mp4 (data, size)) {
    probe->container = US_CONTAINER_FMP4;
    is_ok = us_probe_fmp4 (&builder, data, size, init_data, init_size, error);
  } else if (looks_like_ts (data, size)) {
    probe->container = US_CONTAINER_TS;
    is_ok = us_probe_ts (&builder, data, size, init_data, init_size, error);
  } else if (inspector != NULL && us_probe_looks_packed (data, size)) {
    probe->container = US_CONTAINER_PACKED;
    is_ok = us_probe_packed (&builder, data, size, error);
  } else {
    us_probe_fail (US_PROBE_ERROR_CONTAINER, error,
                   "neither a transport stream nor fragmented MP4");
  }
  if (!is_ok)
    return NULL;
  judge_times (&builder);
  return g_steal_pointer (&probe);
}

/**
 * us_probe_check_init:
 *
 * RFC 8216 3.3 and 4.3.2.5.
 *
 * Returns: whether @init is an initialisation section that us_probe_segment() can use
 */
gboolean
us_probe_check_init (GBytes *init, GError **error) {
  g_return_val_if_fail (init != NULL, FALSE);

  gsize size;
  const guint8 *data = g_bytes_get_data (init, &size);
  UsMp4Init tracks;
  if (size == 0)
    return us_probe_fail (US_PROBE_ERROR_BROKEN, error, "the section has no bytes");
  if (!looks_like_mp4 (data, size))
    return us_probe_fail (US_PROBE_ERROR_CONTAINER, error, "no fragmented MP4");
  if (!us_mp4_init_read (&tracks, data, size, error))
    return FALSE;
  if (!tracks.has_file_type)
    return us_probe_fail (US_PROBE_ERROR_BROKEN, error, "no ftyp box");
  return TRUE;
}

/**
 * us_probe_free:
 * @probe: (transfer full)
 */
void
us_probe_free (UsProbe *probe) {
  g_return_if_fail (probe != NULL);
  g_array_unref (probe->pictures);
  g_free (probe);
}

/**
 * us_probe_time_diff_us:
 *
 * Returns: @later_us - @earlier_us; but in fragmented MP4 the shorter way round, to 1 us
 */
gint64
us_probe_time_diff_us (UsContainer container, gint64 later_us, gint64 earlier_us) {
  gint64 wrap_us = WRAP_TICKS * 100 / 9;
  gint64 diff_us = later_us - earlier_us;
  if (container == US_CONTAINER_FMP4)
    return diff_us;
  diff_us %= wrap_us;
  if (diff_us > wrap_us / 2)
    diff_us -= wrap_us;
  else if (diff_us < -wrap_us / 2)
    diff_us += wrap_us;
  return diff_us;
}
