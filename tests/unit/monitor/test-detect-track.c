/* test-detect-track.c - tracks that are gone, and what the multivariant playlist says of them */
#include "media-case.h"

static void
test_lost (void) {
  static const struct {
    guint n_without_video, n_without_audio;
    gboolean has_had_video, has_had_audio;
    const char *expected;
  } rows[] = {
    { 0, 0, TRUE, TRUE, "" },
    { 1, 1, TRUE, TRUE, "" },
    { 2, 0, TRUE, TRUE, "video_lost:unhealthy" },
    { 0, 2, TRUE, TRUE, "audio_lost:unhealthy" },
    { 9, 9, TRUE, TRUE, "audio_lost:unhealthy video_lost:unhealthy" },
    { 9, 0, FALSE, TRUE, "" }, /* radio */
    { 0, 9, TRUE, FALSE, "" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    UsRenditionFacts facts = { .n_without_video = rows[i].n_without_video,
                               .n_without_audio = rows[i].n_without_audio,
                               .has_had_video = rows[i].has_had_video,
                               .has_had_audio = rows[i].has_had_audio };
    g_autoptr (UsHits) hits = us_hits_new ();
    us_detect_track (&facts, hits);
    assert_hits (hits, rows[i].expected);
  }
}

static void
test_codecs (void) {
  static const struct {
    const char *said, *video, *audio, *expected;
  } rows[] = {
    { NULL, "avc1.64001f", "mp4a.40.2", "" },
    { "avc1.64001f,mp4a.40.2", "avc1.64001f", "mp4a.40.2", "" },
    { " mp4a.40.2 , avc1.64001F", "avc1.64001f", "mp4a.40.2", "" },
    { "avc3.64001f,mp4a.40.2", "avc1.64001f", "mp4a.40.2", "" },
    { "avc1.64c01f,mp4a.40.2", "avc1.64001f", "mp4a.40.2", "" }, /* constraint flags */
    { "avc1.4d401f,mp4a.40.2", "avc1.64001f", "mp4a.40.2", "codecs_mismatch:info" },
    { "avc1.640028,mp4a.40.2", "avc1.64001f", "mp4a.40.2", "codecs_mismatch:info" },
    { "avc1.100.31,mp4a.40.2", "avc1.64001f", "mp4a.40.2", "" }, /* an old way to write it */
    { "avc1.64001f,mp4a.40.5", "avc1.64001f", "mp4a.40.2", "" }, /* implicit SBR */
    { "hvc1.1.6.L93.B0,mp4a.40.2", "avc1.64001f", "mp4a.40.2", "codecs_mismatch:degraded" },
    { "hev1.1.6.L93.B0,mp4a.40.2", "hvc1.1.6.L93.90", "mp4a.40.2", "" },
    { "dvh1.05.03,mp4a.40.2", "hvc1.2.4.L93.90", "mp4a.40.2", "" },
    { "avc1.64001f,ac-3", "avc1.64001f", "mp4a.40.2", "codecs_mismatch:degraded" },
    { "avc1.64001f,mp4a.40.34", "avc1.64001f", "mp4a.40.2", "codecs_mismatch:degraded" },
    { "avc1.64001f,mp4a.69", "avc1.64001f", "mp4a.40.34", "" },
    { "avc1.64001f,ac-3,mp4a.40.2", "avc1.64001f", "mp4a.40.2", "" }, /* two groups */
    { "avc1.64001f", "avc1.64001f", "mp4a.40.2", "codecs_mismatch:info" },
    { "mp4a.40.2", "avc1.64001f", "mp4a.40.2", "codecs_mismatch:info" },
    { "avc1.64001f,mp4a.40.2", "avc1.64001f", NULL, "" }, /* its sound is a rendition of its own */
    { "avc1.64001f,stpp.ttml.im1t", "avc1.64001f", "mp4a.40.2", "" }, /* not all is known here */
    { "xyz1", "avc1.64001f", "mp4a.40.2", "" },
    { "", "avc1.64001f", "mp4a.40.2", "codecs_mismatch:info" },
    { ",,,", "avc1.64001f", "mp4a.40.2", "" },
    { "avc1.64001f,mp4a.40.2", "avc1", "mp4a.40.2", "" },
    { "avc1.64001f,mp4a.40.2", "vp09.00.10.08", "mp4a.40.2", "codecs_mismatch:degraded" },
    { "avc1.64001f,mp4a.40.2", "mp4v", "mp4a.40.2", "" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("row %u", i);
    UsSegmentSeen *seen = make_segment (1);
    UsRenditionInfo info = { .codecs = (char *)rows[i].said };
    UsRenditionFacts facts = { .info = &info, .media = seen->media };
    if (rows[i].audio == NULL)
      drop_track (seen, FALSE);
    set_text (&seen->media->video_codec, rows[i].video);
    set_text (&seen->media->audio_codec, rows[i].audio);
    g_autoptr (UsHits) hits = us_hits_new ();
    us_detect_track (&facts, hits);
    assert_hits (hits, rows[i].expected);
    us_segment_seen_free (seen);
  }
}

static void
test_size_and_rate (void) {
  static const struct {
    guint width, height, rate_mhz, real_mhz;
    const char *expected;
  } rows[] = {
    { 0, 0, 0, 25000, "" },
    { 1280, 720, 25000, 25000, "" },
    { 1920, 1080, 25000, 25000, "codecs_mismatch:info" },
    { 1280, 720, 30000, 25000, "codecs_mismatch:info" },
    { 1280, 720, 29970, 30000, "" },
    { 1280, 720, 25000, 23000, "" },
    { 1280, 720, 25000, 0, "" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    UsSegmentSeen *seen = make_segment (1);
    UsRenditionInfo info
        = { .width = rows[i].width, .height = rows[i].height, .frame_rate_mhz = rows[i].rate_mhz };
    UsRenditionFacts facts = { .info = &info, .media = seen->media };
    seen->media->frame_rate_mhz = rows[i].real_mhz;
    g_autoptr (UsHits) hits = us_hits_new ();
    us_detect_track (&facts, hits);
    assert_hits (hits, rows[i].expected);
    us_segment_seen_free (seen);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/detect-track/lost", test_lost);
  g_test_add_func ("/detect-track/codecs", test_codecs);
  g_test_add_func ("/detect-track/size-and-rate", test_size_and_rate);
  return g_test_run ();
}
