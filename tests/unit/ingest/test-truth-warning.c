/* test-truth-warning.c - each warning's facts, words and patience, on a made-up clock */
#include "ingest/truth-warning.h"

#include <string.h>

#define WALL_MS G_GINT64_CONSTANT (1700000000000)

static UsWarningFacts
good_facts (void) {
  return (UsWarningFacts){
    .numbers = { .bitrate_1s_bps = 1000000,
                 .bitrate_10s_bps = 1000000,
                 .fps = 25,
                 .constant_fps = 25,
                 .gop_ms = 2000,
                 .gop_longest_ms = 2000,
                 .lateness_p95_ms = 30,
                 .has_lead = TRUE,
                 .has_rate = TRUE,
                 .media_rate = 1,
                 .has_drift = TRUE,
                 .drift_ppm = 40 },
    .age_ms = 60000,
    .segment_duration_ms = 2000,
    .has_video = TRUE,
    .has_audio = TRUE,
    .is_leading_bad = TRUE,
    .rtt_ms = 20,
  };
}

/* Publisher: @facts of them, stepped once a second. */
typedef struct {
  UsWarnings warnings;
  UsWarningFacts facts;
  gint64 now_us;
  guint n_began, n_ended;
} Publisher;

static guint32
step (Publisher *is) {
  is->now_us += G_USEC_PER_SEC;
  UsWarningChanges changes
      = us_warnings_step (&is->warnings, &is->facts, is->now_us, WALL_MS + is->now_us / 1000);
  g_assert_cmpuint (changes.began & changes.ended, ==, 0);
  for (UsWarning each = 0; each < US_N_WARNINGS; each++) {
    is->n_began += (changes.began >> each) & 1;
    is->n_ended += (changes.ended >> each) & 1;
  }
  guint32 active = 0;
  for (UsWarning each = 0; each < US_N_WARNINGS; each++) {
    const UsWarningState *state = &is->warnings.states[each];
    active |= state->is_active ? 1u << each : 0;
    g_assert_cmpint (state->text != NULL && state->remedy != NULL, ==, state->is_active);
  }
  g_assert_cmpuint (us_warnings_count (&is->warnings), ==, (guint)__builtin_popcount (active));
  return active;
}

static void
make_gop (UsWarningFacts *facts) {
  facts->numbers.gop_longest_ms = 4000;
}

static void
make_uneven (UsWarningFacts *facts) {
  facts->numbers.uneven_ratio = 0.34;
  facts->numbers.fps = 27.3;
}

static void
make_missing (UsWarningFacts *facts) {
  facts->numbers.missing_ratio = 0.021;
}

static void
make_mute (UsWarningFacts *facts) {
  facts->has_audio = FALSE;
  facts->numbers.audio_silent_ms = -1;
}

static void
make_audio_stop (UsWarningFacts *facts) {
  facts->numbers.audio_silent_ms = 4000;
}

static void
make_blind (UsWarningFacts *facts) {
  facts->has_video = FALSE;
  facts->numbers.video_silent_ms = -1;
}

static void
make_video_stop (UsWarningFacts *facts) {
  facts->numbers.video_silent_ms = 3500;
}

static void
make_jump (UsWarningFacts *facts) {
  facts->numbers.jump_us = 1000 * G_USEC_PER_SEC;
  facts->numbers.jump_ms = -1250;
}

static void
make_slow (UsWarningFacts *facts) {
  facts->numbers.media_rate = 0.87;
  facts->numbers.lateness_p95_ms = 1900; /* as a consequence */
}

static void
make_fast (UsWarningFacts *facts) {
  facts->numbers.media_rate = 3.5;
}

static void
make_far (UsWarningFacts *facts) {
  facts->rtt_ms = 420;
}

static void
make_lossy (UsWarningFacts *facts) {
  facts->disordered = 120;
  facts->disorder_ratio = 0.031;
  facts->numbers.media_rate = 0.9; /* as a consequence */
}

static void
make_late (UsWarningFacts *facts) {
  facts->numbers.lateness_p95_ms = 800;
}

static void
make_drift (UsWarningFacts *facts) {
  facts->numbers.drift_ppm = -1500;
}

static void
make_apart (UsWarningFacts *facts) {
  facts->numbers.audio_lead_ms = -1300;
}

static void
make_open (UsWarningFacts *facts) {
  facts->numbers.has_leading = TRUE;
}

static void
make_tracks (UsWarningFacts *facts) {
  facts->other_tracks = 3;
}

static void
make_codec (UsWarningFacts *facts) {
  facts->unsupported_audio = "Speex";
}

static void
make_unusable (UsWarningFacts *facts) {
  facts->is_audio_unusable = TRUE;
}

static const struct {
  const char *id;
  void (*make) (UsWarningFacts *facts);
  guint begins_after_s, ends_after_s; /* steps of a second */
  gboolean is_severe;
  const char *text, *remedy; /* what they say among other things */
} rows[] = {
  { "keyframe-interval-long", make_gop, 1, 6, FALSE,
    "up to 4.0 s apart, longer than a segment of 2 s", "key-frame interval to 2 s" },
  { "frame-rate-variable", make_uneven, 6, 11, FALSE, "34 % of the distances",
    "constant frame rate" },
  { "frames-missing", make_missing, 3, 11, TRUE, "2.1 % of the pictures", "encoder's load" },
  { "audio-missing", make_mute, 1, 1, FALSE, "sends no audio", "add an audio track" },
  { "audio-stopped", make_audio_stop, 1, 3, TRUE, "audio stopped 4 s ago", "audio source" },
  { "video-missing", make_blind, 1, 1, FALSE, "sends no video", "video source" },
  { "video-stopped", make_video_stop, 1, 3, TRUE, "video stopped 3 s ago", "video source" },
  { "timestamps-jump", make_jump, 1, 1, TRUE, "jumped by -1.250 s", "source" },
  { "encoder-slow", make_slow, 6, 11, TRUE, "0.87 s of stream in a second", "preset" },
  { "faster-than-real-time", make_fast, 31, 11, FALSE, "3.50 s of it in a second", "-re" },
  { "link-slow", make_far, 6, 21, TRUE, "takes 420 ms", "lower the bit rate" },
  { "link-slow", make_lossy, 6, 21, TRUE, "3.1 % of the packets", "lower the bit rate" },
  { "link-slow", make_late, 6, 21, TRUE, "800 ms or more too late", "lower the bit rate" },
  { "clock-drift", make_drift, 31, 61, FALSE, "0.15 % slow", "NTP" },
  { "audio-video-apart", make_apart, 6, 11, FALSE, "1.3 s behind those of video", "offset" },
  { "open-gop", make_open, 1, 1, FALSE, "open GOP", "open-gop=0" },
  { "multitrack-ignored", make_tracks, 1, 1, FALSE, "track 0", "one track" },
  { "codec-unsupported", make_codec, 1, 1, TRUE, "audio codec Speex", "AAC" },
  { "config-missing", make_unusable, 3, 1, TRUE, "audio comes without a codec configuration",
    "stereo" },
};

/* Each alone, after its time and no sooner; it ends after its time, and no other comes up. */
static void
test_table (void) {
  guint32 seen = 0;
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    Publisher is = { .facts = good_facts (), .now_us = 1000 * G_USEC_PER_SEC };
    guint32 active = 0;
    guint n = 0;
    g_test_message ("row %u: %s", i, rows[i].id);
    g_assert_cmpuint (step (&is), ==, 0);
    rows[i].make (&is.facts);
    while (active == 0 && n < 100) {
      active = step (&is);
      n++;
    }
    g_assert_cmpuint (n, ==, rows[i].begins_after_s);
    g_assert_cmpint (__builtin_popcount (active), ==, 1);
    UsWarning warning = (UsWarning)__builtin_ctz (active);
    const UsWarningState *state = &is.warnings.states[warning];
    g_assert_cmpstr (us_warning_to_string (warning), ==, rows[i].id);
    g_assert_cmpint (us_warning_is_severe (warning), ==, rows[i].is_severe);
    g_assert_cmpint (state->since_ms, ==, WALL_MS + is.now_us / 1000);
    g_assert_nonnull (strstr (state->text, rows[i].text));
    g_assert_nonnull (strstr (state->remedy, rows[i].remedy));
    g_assert_false (g_str_has_suffix (state->text, "."));
    g_assert_cmpuint (step (&is), ==, active);
    is.facts = good_facts ();
    for (n = 0; active != 0 && n < 100; n++)
      active = step (&is);
    g_assert_cmpuint (n, ==, rows[i].ends_after_s);
    g_assert_cmpuint (is.n_began, ==, 1);
    g_assert_cmpuint (is.n_ended, ==, 1);
    seen |= 1u << warning;
    us_warnings_clear (&is.warnings);
  }
  g_assert_cmpuint (seen, ==, (1u << US_N_WARNINGS) - 1);
}

/* Facts that are no fault. */
static void
test_tolerated (void) {
  Publisher is = { .facts = good_facts (), .now_us = 1000 * G_USEC_PER_SEC };
  is.facts.numbers.gop_longest_ms = 2190;
  is.facts.numbers.uneven_ratio = 0.09;
  is.facts.numbers.missing_ratio = 0.009;
  is.facts.numbers.media_rate = 0.98;
  is.facts.numbers.lateness_p95_ms = 450;
  is.facts.numbers.drift_ppm = 450;
  is.facts.numbers.audio_lead_ms = 900;
  is.facts.numbers.has_leading = TRUE;
  is.facts.is_leading_bad = FALSE; /* HEVC */
  is.facts.rtt_ms = 299;
  is.facts.disordered = 9; /* of a hundred packets: a very thin stream */
  is.facts.disorder_ratio = 0.09;
  for (guint i = 0; i < 100; i++)
    g_assert_cmpuint (step (&is), ==, 0);
  us_warnings_clear (&is.warnings);
}

/* Young, silent, or of one kind by choice: nothing can be said yet. */
static void
test_not_yet (void) {
  Publisher is = { .facts = good_facts (), .now_us = 1000 * G_USEC_PER_SEC };
  is.facts.age_ms = 9000;
  is.facts.has_audio = FALSE;
  is.facts.numbers.audio_silent_ms = -1;
  is.facts.numbers.media_rate = 2; /* what was in its buffers */
  is.facts.numbers.lateness_p95_ms = 5000;
  for (guint i = 0; i < 20; i++)
    g_assert_cmpuint (step (&is), ==, 0);
  is.facts = good_facts ();
  is.facts.numbers.audio_silent_ms = is.facts.numbers.video_silent_ms = 8000; /* all is silent */
  for (guint i = 0; i < 20; i++)
    g_assert_cmpuint (step (&is), ==, 0);
  us_warnings_clear (&is.warnings);
}

/* A case on the edge begins once and goes on; it does not come and go with every second. */
static void
test_flicker (void) {
  Publisher is = { .facts = good_facts (), .now_us = 1000 * G_USEC_PER_SEC };
  for (guint i = 0; i < 300; i++) {
    is.facts.numbers.uneven_ratio = i < 10 || i % 3 == 0 ? 0.12 : 0.06;
    is.facts.numbers.media_rate = i % 4 == 0 ? 1.0 : 0.9;
    step (&is);
  }
  g_assert_cmpuint (is.n_began, ==, 1); /* the frame rate; slowness never lasted five seconds */
  g_assert_cmpuint (is.n_ended, ==, 0);
  us_warnings_clear (&is.warnings);
}

static void
test_text_follows (void) {
  Publisher is = { .facts = good_facts (), .now_us = 1000 * G_USEC_PER_SEC };
  const UsWarningState *state = &is.warnings.states[US_WARNING_KEYFRAME_INTERVAL];
  is.facts.numbers.gop_longest_ms = 4000;
  step (&is);
  gint64 since_ms = state->since_ms;
  is.facts.numbers.gop_longest_ms = 9500;
  step (&is);
  g_assert_nonnull (strstr (state->text, "9.5 s"));
  g_assert_cmpint (state->since_ms, ==, since_ms);
  is.facts.numbers.gop_longest_ms = 2000; /* it keeps what it said until it ends */
  step (&is);
  g_assert_nonnull (strstr (state->text, "9.5 s"));
  UsWarningChanges changes = us_warnings_end (&is.warnings);
  g_assert_cmpuint (changes.ended, ==, 1u << US_WARNING_KEYFRAME_INTERVAL);
  g_assert_cmpuint (us_warnings_count (&is.warnings), ==, 0);
  g_assert_null (state->text);
  changes = us_warnings_end (&is.warnings);
  g_assert_cmpuint (changes.ended, ==, 0);
}

static void
test_jump_ages (void) {
  Publisher is = { .facts = good_facts (), .now_us = 1000 * G_USEC_PER_SEC };
  make_jump (&is.facts);
  for (guint i = 0; i < 59; i++)
    g_assert_cmpuint (step (&is), ==, 1u << US_WARNING_TIMESTAMPS_JUMP);
  g_assert_cmpuint (step (&is), ==, 0);
  us_warnings_clear (&is.warnings);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/truth-warning/table", test_table);
  g_test_add_func ("/truth-warning/tolerated", test_tolerated);
  g_test_add_func ("/truth-warning/not-yet", test_not_yet);
  g_test_add_func ("/truth-warning/flicker", test_flicker);
  g_test_add_func ("/truth-warning/text-follows", test_text_follows);
  g_test_add_func ("/truth-warning/jump-ages", test_jump_ages);
  return g_test_run ();
}
