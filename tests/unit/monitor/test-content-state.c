/* test-content-state.c - what is decoded, and what is known of it, over many segments */
#include "monitor/content-state.h"

#include "media-case.h"
#include "monitor/measure.h"

#include <string.h>

/* Stage: a rendition with segments of 2 s, and what its decoder would say of the next ones. */
typedef struct {
  UsContentState state;
  guint64 number;
  gint64 now_us;
  UsDecoded next;
  guint32 delta_p90, audio_p90;
  gboolean fails, is_blind, has_turns;
  guint n_keys, n_all, n_wanted;
  UsContentFacts facts;
} Stage;

static void
stage_open (Stage *self) {
  memset (self, 0, sizeof *self);
  us_content_state_init (&self->state);
  us_decoded_init (&self->next);
  self->now_us = 1000 * S;
  self->delta_p90 = 20000;
  self->audio_p90 = 350;
  self->has_turns = TRUE;
  self->next = (UsDecoded){ .n_frames = 50,
                            .video_s = 2,
                            .luma = 0.4,
                            .luma_variance = 0.03,
                            .frozen_run_s = 0.04,
                            .audio_s = 2,
                            .audio_rms_db = -20,
                            .quiet_rms_db = -25 };
}

/* A picture that is @value all over. */
static void
show (Stage *self, guint8 value) {
  memset (self->next.first, value, US_DECODE_SIGNATURE);
  memset (self->next.last, value, US_DECODE_SIGNATURE);
}

static void
step (Stage *self) {
  UsSegmentSeen *seen = make_segment (self->number++);
  UsContentAim aim;
  seen->fetched.ended_us = self->now_us;
  seen->media->delta.p50 = seen->media->delta.p90 = self->delta_p90;
  seen->media->audio.p50 = seen->media->audio.p90 = self->audio_p90;
  /* every tenth second, as content.c has it */
  gboolean is_turn = self->has_turns && self->now_us - self->state.checked_us >= 10 * S;
  us_content_state_push (&self->state, seen, is_turn, &aim);
  us_segment_seen_free (seen);
  if (aim.is_wanted) {
    UsDecoded decoded = self->next;
    self->n_all += aim.kind == US_DECODE_ALL;
    self->n_keys += aim.kind == US_DECODE_KEYS;
    self->n_wanted += aim.priority == US_DECODE_WANTED;
    if (aim.kind == US_DECODE_KEYS)
      decoded.frozen_run_s = NAN;
    us_content_state_begin (&self->state, self->now_us);
    if (self->fails)
      us_content_state_fail (&self->state, &aim, self->is_blind, self->now_us);
    else
      us_content_state_take (&self->state, &aim, &decoded, self->now_us);
  }
  self->now_us += 2 * S;
  us_content_state_get (&self->state, &self->facts);
}

static void
steps (Stage *self, guint n) {
  self->n_keys = self->n_all = self->n_wanted = 0;
  while (n-- > 0)
    step (self);
}

/* A different picture each time. */
static void
steps_moving (Stage *self, guint n) {
  self->n_keys = self->n_all = self->n_wanted = 0;
  while (n-- > 0) {
    show (self, (guint8)(self->number * 37));
    step (self);
  }
}

static void
go_black (Stage *self) {
  show (self, 16);
  self->next.black_run_s = self->next.frozen_run_s = 2;
  self->next.luma = 0.063;
  self->next.luma_variance = 0;
}

static void
test_unknown (void) {
  Stage self;
  stage_open (&self);
  self.has_turns = FALSE;
  steps_moving (&self, 10);
  g_assert_cmpuint (self.n_keys + self.n_all, ==, 0);
  g_assert_true (isnan (self.facts.black_s) && isnan (self.facts.frozen_s)
                 && isnan (self.facts.silent_s));
}

static void
test_well (void) {
  Stage self;
  stage_open (&self);
  steps_moving (&self, 150);
  g_assert_cmpuint (self.n_all, ==, 0);
  g_assert_cmpuint (self.n_keys, ==, 30); /* every ten seconds */
  g_assert_cmpuint (self.n_wanted, ==, 0);
  g_assert_cmpfloat (self.facts.black_s, ==, 0);
  g_assert_cmpfloat (self.facts.silent_s, ==, 0);
  g_assert_true (isnan (self.facts.frozen_s));
  g_assert_cmpfloat (self.facts.luma, ==, 0.4);
}

/* Hidden by filler: the next routine look finds it, then every segment is looked at. */
static void
test_black_without_hint (void) {
  Stage self;
  stage_open (&self);
  steps_moving (&self, 20);
  go_black (&self);
  guint n = 0;
  for (; self.facts.black_s == 0; n++)
    step (&self);
  g_assert_cmpuint (n, <=, 5);
  steps (&self, 10);
  g_assert_cmpuint (self.n_all, ==, 0);
  g_assert_cmpuint (self.n_keys, ==, 10);
  g_assert_cmpfloat_with_epsilon (self.facts.black_s, 22, 0.01);
}

static void
test_black_with_hint (void) {
  Stage self;
  stage_open (&self);
  steps_moving (&self, 21);
  go_black (&self);
  self.delta_p90 = 48;
  steps (&self, 1);
  g_assert_cmpuint (self.n_all, ==, 1);
  g_assert_cmpfloat_with_epsilon (self.facts.black_s, 2, 0.01);
  g_assert_cmpfloat_with_epsilon (self.facts.frozen_s, 2, 0.01);
  steps (&self, 100); /* the longer it lasts, the less it is looked at */
  g_assert_cmpuint (self.n_all, ==, 0);
  g_assert_cmpuint (self.n_keys, <, 50);
  g_assert_cmpfloat (self.facts.black_s, >, 195);
}

static void
test_black_ends (void) {
  Stage self;
  stage_open (&self);
  go_black (&self);
  self.delta_p90 = 48;
  steps (&self, 60);
  g_assert_cmpfloat (self.facts.black_s, >, 100);
  self.next.black_run_s = 0;
  self.next.frozen_run_s = 0.04;
  self.delta_p90 = 20000;
  steps_moving (&self, 1);
  g_assert_cmpuint (self.n_keys, ==, 1);
  g_assert_cmpfloat (self.facts.black_s, ==, 0);
}

/* Begins in the middle of a segment, and ends in one. */
static void
test_black_in_part (void) {
  Stage self;
  stage_open (&self);
  go_black (&self);
  self.delta_p90 = 48;
  self.next.black_run_s = 1.2;
  step (&self);
  g_assert_cmpfloat_with_epsilon (self.facts.black_s, 1.2, 0.01);
  self.next.black_run_s = 2;
  step (&self);
  g_assert_cmpfloat_with_epsilon (self.facts.black_s, 3.2, 0.01);
  self.next.black_run_s = 0.5; /* it was not for a moment */
  step (&self);
  g_assert_cmpfloat_with_epsilon (self.facts.black_s, 0.5, 0.01);
}

static void
test_frozen_with_hint (void) {
  Stage self;
  stage_open (&self);
  steps_moving (&self, 10);
  show (&self, 99);
  self.delta_p90 = 48;
  self.next.frozen_run_s = 2;
  steps (&self, 3);
  g_assert_cmpuint (self.n_all, ==, 3);
  g_assert_cmpfloat_with_epsilon (self.facts.frozen_s, 6, 0.01);
  g_assert_cmpfloat (self.facts.black_s, ==, 0);
  steps (&self, 100);
  g_assert_cmpuint (self.n_all, <, 50);
  self.next.frozen_run_s = 0.04;
  self.delta_p90 = 20000;
  steps_moving (&self, 1);
  g_assert_cmpfloat (self.facts.frozen_s, <, 1);
}

/* Hidden by filler: two key frames alike are a reason to look. */
static void
test_frozen_without_hint (void) {
  Stage self;
  stage_open (&self);
  steps_moving (&self, 20);
  show (&self, 99);
  self.next.frozen_run_s = 2;
  guint n = 0;
  for (; isnan (self.facts.frozen_s) || self.facts.frozen_s < 5; n++) {
    g_assert_cmpuint (n, <, 15);
    step (&self);
  }
}

/* A lecture: the camera does not move, the sizes are small, but there is movement. Each wrong
 * suspicion costs, so they become rare. */
static void
test_low_motion (void) {
  Stage self;
  stage_open (&self);
  show (&self, 99);
  self.delta_p90 = 100;
  self.next.frozen_run_s = 0.3;
  steps (&self, 300); /* ten minutes */
  g_assert_cmpuint (self.n_all, >=, 8);
  g_assert_cmpuint (self.n_all, <=, 14);
  g_assert_cmpfloat (self.facts.frozen_s, <, 1);
  /* and a freeze is found in spite of that, after a minute at worst */
  self.next.frozen_run_s = 2;
  guint n = 0;
  for (; self.facts.frozen_s < 5; n++) {
    g_assert_cmpuint (n, <, 35);
    step (&self);
  }
}

/* Pictures that stand for ten seconds each are no freeze of minutes. */
static void
test_slides (void) {
  Stage self;
  stage_open (&self);
  self.delta_p90 = 48;
  self.next.frozen_run_s = 2;
  for (guint i = 0; i < 20; i++) {
    show (&self, (guint8)(i * 50));
    steps (&self, 5);
    g_assert_cmpfloat_with_epsilon (self.facts.frozen_s, 10, 0.01);
  }
}

static void
test_silence (void) {
  Stage self;
  stage_open (&self);
  steps_moving (&self, 6);
  self.audio_p90 = 13;
  self.next.audio_rms_db = self.next.quiet_rms_db = -700;
  self.next.silent_run_s = 2;
  steps_moving (&self, 4);
  g_assert_cmpuint (self.n_keys, ==, 4);
  g_assert_cmpfloat_with_epsilon (self.facts.silent_s, 8, 0.01);
  self.next.silent_run_s = 1.9; /* a little is missing at its edges: still all through */
  steps_moving (&self, 1);
  g_assert_cmpfloat_with_epsilon (self.facts.silent_s, 10, 0.01);
  self.next.silent_run_s = 0;
  self.next.audio_rms_db = -20;
  self.audio_p90 = 350;
  steps_moving (&self, 1);
  g_assert_cmpfloat (self.facts.silent_s, ==, 0);
}

/* The padding of a last frame is silence; those behind it that nobody looked at were not. */
static void
test_padding (void) {
  Stage self;
  stage_open (&self);
  self.next.silent_run_s = 0.005;
  steps_moving (&self, 3); /* of which the first is looked at */
  self.audio_p90 = 13;
  self.next.audio_rms_db = self.next.quiet_rms_db = -700;
  self.next.silent_run_s = 2;
  steps_moving (&self, 4);
  g_assert_cmpfloat_with_epsilon (self.facts.silent_s, 8, 0.01);
}

static void
test_dead_channel (void) {
  Stage self;
  stage_open (&self);
  self.next.quiet_rms_db = -700;
  steps_moving (&self, 1);
  g_assert_false (self.facts.is_dead_channel); /* once is not enough */
  steps_moving (&self, 5);
  g_assert_true (self.facts.is_dead_channel);
  self.next.quiet_rms_db = NAN;
  steps_moving (&self, 5);
  g_assert_false (self.facts.is_dead_channel);
}

/* What cannot be decoded is not known, and asked for less and less. */
static void
test_failures (void) {
  Stage self;
  stage_open (&self);
  go_black (&self);
  self.delta_p90 = 48;
  steps (&self, 10);
  g_assert_cmpfloat (self.facts.black_s, >, 15);
  self.fails = TRUE;
  steps (&self, 300);
  g_assert_true (isnan (self.facts.black_s));
  g_assert_true (isnan (self.facts.luma));
  g_assert_cmpuint (self.n_all + self.n_keys, <, 12);
  self.fails = FALSE;
  steps (&self, 160); /* five minutes at worst */
  g_assert_cmpfloat (self.facts.black_s, >, 0);
}

/* Too slow for all frames: key frames are still looked at. */
static void
test_too_slow (void) {
  Stage self;
  stage_open (&self);
  show (&self, 99);
  self.delta_p90 = 48;
  self.next.frozen_run_s = 2;
  self.fails = self.is_blind = TRUE;
  step (&self);
  g_assert_cmpuint (self.n_all, ==, 1);
  self.fails = FALSE;
  steps (&self, 30);
  g_assert_cmpuint (self.n_all, ==, 0);
  g_assert_cmpuint (self.n_keys, >=, 5);
  g_assert_cmpfloat (self.facts.black_s, ==, 0);
}

/* Only every third segment is fetched: what lies between counts as well. */
static void
test_share (void) {
  Stage self;
  stage_open (&self);
  go_black (&self);
  self.delta_p90 = 48;
  for (guint i = 0; i < 5; i++) {
    step (&self);
    self.number += 2;
  }
  g_assert_cmpfloat_with_epsilon (self.facts.black_s, 2 * (5 + 2 * 4), 0.01);
  self.number += 1000; /* nobody knows what was there */
  step (&self);
  g_assert_cmpfloat_with_epsilon (self.facts.black_s, 2 * (5 + 2 * 4) + 2 + 60, 5);
  self.number = 3; /* a restart */
  step (&self);
  g_assert_cmpfloat (self.facts.black_s, >, 20);
}

static void
test_hints (void) {
  static const struct {
    guint width, height, n_delta;
    guint32 p50, p90;
    gboolean is_tiny, is_large;
  } rows[] = {
    { 1280, 720, 49, 41, 48, TRUE, FALSE },      { 1280, 720, 49, 353, 353, TRUE, FALSE },
    { 1280, 720, 49, 242, 1111, TRUE, FALSE },   { 1280, 720, 49, 105, 44000, FALSE, TRUE },
    { 1280, 720, 49, 500, 500, FALSE, FALSE },   { 1280, 720, 49, 9107, 9107, FALSE, TRUE },
    { 320, 180, 49, 170, 170, TRUE, FALSE },     { 320, 180, 49, 400, 400, FALSE, FALSE },
    { 3840, 2160, 49, 2000, 2000, TRUE, FALSE }, { 1280, 720, 4, 48, 48, FALSE, FALSE },
    { 0, 0, 49, 100, 100, TRUE, FALSE },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    UsInspection media = { .width = rows[i].width,
                           .height = rows[i].height,
                           .delta = { rows[i].n_delta, rows[i].p50, rows[i].p90, rows[i].p90 } };
    UsContentHint hint;
    g_test_message ("row %u", i);
    us_content_hint (&hint, &media);
    g_assert_cmpint (hint.is_picture_tiny, ==, rows[i].is_tiny);
    g_assert_cmpint (hint.is_picture_large, ==, rows[i].is_large);
    g_assert_false (hint.is_sound_tiny || hint.is_sound_large);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/content-state/unknown", test_unknown);
  g_test_add_func ("/content-state/well", test_well);
  g_test_add_func ("/content-state/black-without-hint", test_black_without_hint);
  g_test_add_func ("/content-state/black-with-hint", test_black_with_hint);
  g_test_add_func ("/content-state/black-ends", test_black_ends);
  g_test_add_func ("/content-state/black-in-part", test_black_in_part);
  g_test_add_func ("/content-state/frozen-with-hint", test_frozen_with_hint);
  g_test_add_func ("/content-state/frozen-without-hint", test_frozen_without_hint);
  g_test_add_func ("/content-state/low-motion", test_low_motion);
  g_test_add_func ("/content-state/slides", test_slides);
  g_test_add_func ("/content-state/silence", test_silence);
  g_test_add_func ("/content-state/padding", test_padding);
  g_test_add_func ("/content-state/dead-channel", test_dead_channel);
  g_test_add_func ("/content-state/failures", test_failures);
  g_test_add_func ("/content-state/too-slow", test_too_slow);
  g_test_add_func ("/content-state/share", test_share);
  g_test_add_func ("/content-state/hints", test_hints);
  return g_test_run ();
}
