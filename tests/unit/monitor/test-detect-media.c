/* test-detect-media.c - what is inside of segments, and between two of them */
#include "media-case.h"

typedef void (*Change) (UsSegmentSeen *before, UsSegmentSeen *now);

typedef struct {
  const char *name;
  Change change; /* nullable */
  const char *expected;
} Row;

static void
run (const Row *rows, guint n) {
  static const UsRenditionInfo info = { .label = (char *)"0", .bandwidth_bps = 3000000 };
  for (guint i = 0; i < n; i++) {
    g_test_message ("%s", rows[i].name);
    g_autoptr (UsHits) hits = us_hits_new ();
    UsSegmentSeen *before = make_segment (41), *now = make_segment (42);
    if (rows[i].change != NULL)
      rows[i].change (before, now);
    us_segment_seen_follow (now, before, &info);
    us_detect_media (before, now, &info, hits);
    assert_hits (hits, rows[i].expected);
    us_segment_seen_free (before);
    us_segment_seen_free (now);
  }
}
#define CASE(name) static void name (UsSegmentSeen *before, UsSegmentSeen *now)
#define PROBE(seen) ((seen)->media->probe)

/* ---- damage ---- */

CASE (lost_sync) {
  now->media->n_sync_lost = 3;
  now->media->n_continuity = 3;
}
CASE (lost_packets) {
  now->media->n_continuity = 1;
  PROBE (now)->starts_with_random_access = FALSE; /* it was in that packet */
  PROBE (now)->first_video_us += S;
  set_text (&now->media->video_codec, "avc1.000000");
}
CASE (scrambled) {
  now->media->n_scrambled = 2000;
}
CASE (no_tables) {
  now->media->has_tables = now->media->has_tables_first = FALSE;
  drop_track (now, TRUE);
  drop_track (now, FALSE);
}
CASE (tables_late) {
  now->media->has_tables_first = FALSE;
}
CASE (fragmented) {
  PROBE (now)->container = PROBE (before)->container = US_CONTAINER_FMP4;
  now->media->has_tables = now->media->has_tables_first = FALSE;
  before->media->has_tables = before->media->has_tables_first = FALSE;
}
CASE (unreadable) {
  g_clear_pointer (&now->media, us_inspection_free);
  now->media_error = g_strdup ("neither a transport stream nor fragmented MP4");
}
CASE (encrypted) {
  g_clear_pointer (&now->media, us_inspection_free);
}
CASE (not_had) {
  g_clear_pointer (&now->media, us_inspection_free);
  now->media_error = g_strdup ("never looked at");
  now->fetched.outcome = US_OUTCOME_5XX;
}
CASE (damaged_before) {
  before->media->n_continuity = 1;
  PROBE (before)->end_video_us -= S;
  PROBE (before)->end_audio_us -= S;
}

static void
test_damage (void) {
  static const Row rows[] = {
    { "sound", NULL, "" },
    { "lost sync", lost_sync, "ts_sync:degraded" },
    { "lost packets are one finding", lost_packets, "ts_continuity:degraded" },
    { "scrambled", scrambled, "media_broken:degraded" },
    { "no tables", no_tables, "ts_tables:degraded" },
    { "tables behind the first sound", tables_late, "ts_tables:info" },
    { "fragmented MP4 has no tables", fragmented, "" },
    { "unreadable", unreadable, "media_broken:degraded" },
    { "encrypted", encrypted, "" },
    { "not had", not_had, "" },
    { "the one before was damaged", damaged_before, "" },
  };
  run (rows, G_N_ELEMENTS (rows));
}

/* ---- key frames, skew, bit rate ---- */

CASE (no_keyframe) {
  PROBE (now)->starts_with_idr = PROBE (now)->starts_with_random_access = FALSE;
}
CASE (recovery_point) {
  PROBE (now)->starts_with_idr = FALSE;
}
CASE (no_keyframe_for_long) {
  no_keyframe (before, now);
  PROBE (before)->starts_with_random_access = FALSE;
  before->without_keyframe_us = 56 * S;
}
CASE (no_keyframe_for_less) {
  no_keyframe_for_long (before, now);
  before->without_keyframe_us = 55 * S;
}
CASE (unread_codec) {
  no_keyframe (before, now);
  g_clear_pointer (&now->media->video_codec, g_free);
}
CASE (sound_alone) {
  drop_track (before, TRUE);
  drop_track (now, TRUE);
  no_keyframe (before, now);
}
CASE (sound_late) {
  now->media->skew_us = 1081 * MS;
}
CASE (sound_early) {
  now->media->skew_us = -1081 * MS;
}
CASE (sound_a_little_early) {
  now->media->skew_us = -1079 * MS;
}
CASE (sound_late_after_break) {
  sound_late (before, now);
  now->is_discontinuous = TRUE;
}
CASE (fat) {
  now->fetched.n_bytes = before->fetched.n_bytes = 900000;
}
CASE (third_fat) {
  fat (before, now);
  before->n_over_bandwidth_before = 1;
}
CASE (third_nearly_fat) { /* 3.3 Mbit/s are allowed */
  third_fat (before, now);
  now->fetched.n_bytes = 825000;
}
CASE (fat_and_short) {
  third_fat (before, now);
  now->duration_us = before->duration_us = S - 1;
  PROBE (now)->first_video_us = PROBE (before)->end_video_us = PROBE (before)->first_video_us + S;
  PROBE (now)->first_audio_us = PROBE (before)->end_audio_us = PROBE (before)->first_audio_us + S;
  before->media->duration_us = S;
}

static void
test_alone (void) {
  static const Row rows[] = {
    { "no key frame", no_keyframe, "no_keyframe:degraded" },
    { "recovery point", recovery_point, "" },
    { "no key frame for a minute", no_keyframe_for_long, "no_keyframe:unhealthy" },
    { "no key frame for less", no_keyframe_for_less, "no_keyframe:degraded" },
    { "codec that is not read", unread_codec, "" },
    { "sound alone", sound_alone, "" },
    { "sound late", sound_late, "av_skew:degraded" },
    { "sound early", sound_early, "av_skew:degraded" },
    { "sound a little early", sound_a_little_early, "" },
    { "sound late after a break", sound_late_after_break, "" },
    { "second above BANDWIDTH", fat, "" },
    { "third above BANDWIDTH", third_fat, "bandwidth_exceeded:degraded" },
    { "third nearly above", third_nearly_fat, "" },
    { "short ones are no sample", fat_and_short, "" },
  };
  run (rows, G_N_ELEMENTS (rows));
}

/* ---- neighbours ---- */

CASE (gap_of_sound) {
  PROBE (now)->first_audio_us += 101 * MS;
}
CASE (small_gap_of_sound) {
  PROBE (now)->first_audio_us += 99 * MS;
}
CASE (gap_of_pictures) {
  PROBE (before)->end_video_us -= 251 * MS;
}
CASE (small_gap_of_pictures) {
  PROBE (before)->end_video_us -= 249 * MS;
}
CASE (gap_of_slow_pictures) { /* five a second: three may be missing */
  PROBE (before)->frame_us = 200 * MS;
  PROBE (before)->end_video_us -= 590 * MS;
}
CASE (overlap) {
  PROBE (before)->end_audio_us += 101 * MS;
}
CASE (hole) {
  shift (now, 700 * MS);
}
CASE (reset) {
  shift (now, -84 * S);
}
CASE (reset_after_break) {
  reset (before, now);
  now->is_discontinuous = TRUE;
  now->discontinuity = 1;
}
CASE (reset_after_gap) {
  reset (before, now);
  now->is_after_gap = TRUE;
}
CASE (reset_after_unseen) {
  reset (before, now);
  now->number = 44;
}
CASE (ahead) {
  shift (now, 11 * S);
}
CASE (sound_missing_before) {
  drop_track (before, FALSE);
}
CASE (sound_missing_now) {
  drop_track (now, FALSE);
}
CASE (wrapped) { /* the 33 bits, as the probe of one segment unwraps them */
  gint64 wrap_us = (G_GINT64_CONSTANT (1) << 33) * 100 / 9;
  shift (before, wrap_us - 84 * S);
  shift (now, -84 * S);
}
CASE (no_wrap_in_fragments) {
  wrapped (before, now);
  fragmented (before, now);
}

static void
test_neighbours (void) {
  static const Row rows[] = {
    { "gap of sound", gap_of_sound, "pts_gap:degraded" },
    { "small gap of sound", small_gap_of_sound, "" },
    { "gap of pictures", gap_of_pictures, "pts_gap:degraded" },
    { "small gap of pictures", small_gap_of_pictures, "" },
    { "gap of slow pictures", gap_of_slow_pictures, "" },
    { "overlap", overlap, "pts_gap:degraded" },
    { "hole", hole, "pts_gap:degraded" },
    { "reset", reset, "pts_reset:degraded" },
    { "reset after DISCONTINUITY", reset_after_break, "" },
    { "reset after a segment that was not had", reset_after_gap, "" },
    { "reset after segments that were not asked for", reset_after_unseen, "" },
    { "ahead", ahead, "pts_reset:degraded" },
    { "no sound before", sound_missing_before, "" },
    { "no sound now", sound_missing_now, "" },
    { "wrapped", wrapped, "" },
    { "fragments do not wrap", no_wrap_in_fragments, "pts_reset:degraded" },
  };
  run (rows, G_N_ELEMENTS (rows));
}

/* ---- EXTINF ---- */

CASE (says_more) {
  before->duration_us = 4 * S;
}
CASE (says_a_little_more) {
  before->duration_us = 2099 * MS;
}
CASE (says_too_much) {
  before->duration_us = 2151 * MS;
  PROBE (before)->end_audio_us -= 50 * MS;
}
CASE (rounded) {
  before->duration_us = 2 * S;
  shift (now, 400 * MS);
  PROBE (before)->end_video_us += 400 * MS;
  PROBE (before)->end_audio_us += 400 * MS;
  before->media->duration_us = 2400 * MS;
}
CASE (still_pictures) { /* one every second: the last one's length is unknown */
  drop_track (before, FALSE);
  drop_track (now, FALSE);
  PROBE (before)->frame_us = 900 * MS;
  PROBE (before)->end_video_us = PROBE (before)->first_video_us + 900 * MS;
  before->media->duration_us = 900 * MS;
}
CASE (alone_says_more) {
  now->is_after_gap = TRUE;
  now->duration_us = 4001 * MS;
}
CASE (alone_pictures_only) {
  alone_says_more (before, now);
  drop_track (now, FALSE);
}
CASE (alone_first_after_break) {
  now->is_discontinuous = TRUE;
  now->duration_us = 2050 * MS;
}

static void
test_durations (void) {
  static const Row rows[] = {
    { "says more", says_more, "duration_mismatch:degraded" },
    { "says a little more", says_a_little_more, "" },
    { "says too much", says_too_much, "duration_mismatch:degraded" },
    { "a whole number may be rounded", rounded, "" },
    { "pictures now and then", still_pictures, "" },
    { "alone, says more", alone_says_more, "duration_mismatch:degraded" },
    { "alone, pictures only", alone_pictures_only, "" },
    { "alone, first after a break", alone_first_after_break, "" },
  };
  run (rows, G_N_ELEMENTS (rows));
}

/* ---- codecs ---- */

CASE (other_video) {
  set_text (&now->media->video_codec, "avc1.42c01f");
}
CASE (other_video_after_break) {
  other_video (before, now);
  now->is_discontinuous = TRUE;
}
CASE (no_parameter_sets) {
  set_text (&now->media->video_codec, "avc1");
}
CASE (other_size) {
  now->media->width = 640;
  now->media->height = 360;
}
CASE (other_rate) {
  now->media->audio_rate_hz = 44100;
}
CASE (other_channels) {
  now->media->audio_channels = 1;
}
CASE (other_audio) {
  set_text (&now->media->audio_codec, "mp4a.40.34");
}
CASE (unknown_audio) {
  g_clear_pointer (&now->media->audio_codec, g_free);
  now->media->audio_rate_hz = now->media->audio_channels = 0;
}
CASE (other_hash) { /* the same to every player that is told of codecs */
  PROBE (now)->config = 12345;
}

static void
test_codecs (void) {
  static const Row rows[] = {
    { "other profile", other_video, "codec_changed:degraded" },
    { "other profile after DISCONTINUITY", other_video_after_break, "" },
    { "no parameter sets", no_parameter_sets, "" },
    { "other size", other_size, "codec_changed:degraded" },
    { "other rate", other_rate, "codec_changed:degraded" },
    { "other channels", other_channels, "codec_changed:degraded" },
    { "other sound", other_audio, "codec_changed:degraded" },
    { "sound that is not read", unknown_audio, "" },
    { "other configuration only", other_hash, "" },
  };
  run (rows, G_N_ELEMENTS (rows));
}

static void
test_first (void) {
  UsRenditionInfo info = { .kind = US_RENDITION_VIDEO };
  g_autoptr (UsHits) hits = us_hits_new ();
  UsSegmentSeen *now = make_segment (42);
  us_segment_seen_follow (now, NULL, &info);
  us_detect_media (NULL, now, &info, hits);
  assert_hits (hits, "");
  unreadable (NULL, now);
  info.kind = US_RENDITION_SUBTITLES;
  us_detect_media (NULL, now, &info, hits);
  assert_hits (hits, "");
  us_segment_seen_free (now);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/detect-media/damage", test_damage);
  g_test_add_func ("/detect-media/alone", test_alone);
  g_test_add_func ("/detect-media/neighbours", test_neighbours);
  g_test_add_func ("/detect-media/durations", test_durations);
  g_test_add_func ("/detect-media/codecs", test_codecs);
  g_test_add_func ("/detect-media/first", test_first);
  return g_test_run ();
}
