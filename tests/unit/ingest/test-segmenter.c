/* test-segmenter.c - messages in, segments out: epochs, discontinuities, target duration, faults */
#include "ingest/segmenter.h"

#include "media.h"

#include <gio/gio.h>

#define UNIX_S 1800000000ll
#define V US_RTMP_VIDEO
#define A US_RTMP_AUDIO

typedef struct {
  UsFakeClock clock;
  UsState *state;
  UsSegmenter *segmenter;
  UsRing *ring;
  GError *error;
} Fixture;

static void
set_up_with (Fixture *fixture, guint target_duration_s, gsize ring_bytes) {
  UsSegmenterSettings settings = { 2000, target_duration_s, 10, ring_bytes };
  us_fake_clock_init (&fixture->clock, 1000000, UNIX_S * G_USEC_PER_SEC);
  fixture->state = us_state_new (NULL, &fixture->clock.clock);
  fixture->segmenter = us_segmenter_new ("s", &settings, fixture->state, &fixture->clock.clock);
  fixture->ring = us_segmenter_get_ring (fixture->segmenter);
  fixture->error = NULL;
}

static void
set_up (Fixture *fixture, gconstpointer data) {
  set_up_with (fixture, 0, 1 << 30);
}

static void
tear_down (Fixture *fixture, gconstpointer data) {
  us_segmenter_free (fixture->segmenter);
  us_state_free (fixture->state);
  g_clear_error (&fixture->error);
}

static UsSegmenterResult
push (Fixture *fixture, UsRtmpMessageType type, gint64 time_ms, GBytes *payload) {
  g_autoptr (GBytes) owned = payload;
  return us_segmenter_push (fixture->segmenter, type, (guint32)time_ms, owned, &fixture->error);
}

static void
push_configs (Fixture *fixture, gboolean has_audio) {
  (void)push (fixture, V, 0, media_video_config (1));
  if (has_audio)
    (void)push (fixture, A, 0, media_audio_config (FALSE));
}

/* 25 frames a second from @from_ms (excluded when it was pushed) up to @to_ms, key frames each
 * @gop_ms; the fake clocks go along. Audio every 20 ms. */
static void
push_range (Fixture *fixture, gint64 from_ms, gint64 to_ms, gint64 gop_ms, gboolean has_audio) {
  for (gint64 t = from_ms; t < to_ms; t += 20) {
    us_fake_clock_advance_us (&fixture->clock, 20000);
    if ((t - from_ms) % 40 == 0)
      (void)push (fixture, V, t, media_video ((t - from_ms) % gop_ms == 0, (guint32)t, 20));
    if (has_audio)
      (void)push (fixture, A, t, media_audio ((guint32)t));
  }
}

static const UsRingSegment *
segment (Fixture *fixture, guint64 serial) {
  const UsRingSegment *found = us_ring_get (fixture->ring, serial);
  g_assert_nonnull (found);
  return found;
}

static const UsRingItem *
item (const UsRingSegment *of, guint index) {
  g_assert_cmpuint (index, <, of->items->len);
  return &g_array_index (of->items, UsRingItem, index);
}

static void
test_plain (Fixture *fixture, gconstpointer data) {
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, TRUE);
  push_range (fixture, 5000, 15000, 1000, TRUE);
  g_assert_cmpuint (us_ring_get_newest (fixture->ring), ==, 5);
  for (guint64 serial = 1; serial <= 5; serial++) {
    const UsRingSegment *one = segment (fixture, serial);
    g_assert_cmpuint (one->number, ==, UNIX_S + serial - 1);
    g_assert_cmpuint (one->epoch, ==, segment (fixture, 1)->epoch);
    g_assert_cmpint (one->media_ms, ==, (serial - 1) * 2000);
    g_assert_cmpint (one->wall_ms - segment (fixture, 1)->wall_ms, ==, one->media_ms);
    g_assert_true (item (one, 0)->is_keyframe);
    g_assert_nonnull (one->video_config);
    g_assert_nonnull (one->audio_config);
    g_assert_cmpint (one->is_closed, ==, serial < 5);
    if (one->is_closed) {
      g_assert_cmpint (one->end_ms, ==, one->media_ms + 2000);
      g_assert_cmpuint (one->items->len, ==, 150);
      g_assert_false (one->is_discontinuous);
      g_assert_cmpuint (one->discontinuity, ==, 0);
      g_assert_cmpint (one->tracks, ==, US_TRACK_VIDEO | US_TRACK_AUDIO);
      g_assert_cmpuint (one->target_duration_s, ==, 2);
    }
  }
  /* what was sent, and not what it costs us to keep it */
  gsize n_bytes = 0;
  for (guint i = 0; i < segment (fixture, 4)->items->len; i++)
    n_bytes += g_bytes_get_size (item (segment (fixture, 4), i)->payload);
  UsSegmenterStats stats;
  us_segmenter_get_stats (fixture->segmenter, &stats);
  g_assert_cmpuint (stats.bitrate_bps, ==, n_bytes * 8 / 2);
}

/* The last, partial segment closes with its last frame when the publisher goes. */
static void
test_end (Fixture *fixture, gconstpointer data) {
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, FALSE);
  us_segmenter_end (fixture->segmenter);
  g_assert_cmpuint (us_ring_get_newest (fixture->ring), ==, 0);
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, FALSE);
  push_range (fixture, 0, 3000, 1000, FALSE);
  us_segmenter_end (fixture->segmenter);
  g_assert_null (us_ring_get_open (fixture->ring));
  g_assert_cmpint (segment (fixture, 2)->end_ms, ==, 3000);
  g_assert_cmpuint (segment (fixture, 2)->items->len, ==, 25);
}

static void
test_reconnect (Fixture *fixture, gconstpointer data) {
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, TRUE);
  push_range (fixture, 0, 3000, 1000, TRUE);
  us_segmenter_end (fixture->segmenter);
  us_fake_clock_advance_us (&fixture->clock, 60 * G_USEC_PER_SEC);
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, TRUE);
  push_range (fixture, 77000, 82000, 1000, TRUE);
  const UsRingSegment *before = segment (fixture, 2), *after = segment (fixture, 3);
  g_assert_cmpuint (after->number, ==, before->number + 1); /* no hole */
  g_assert_cmpuint (after->epoch, >, before->epoch);
  g_assert_cmpint (after->media_ms, ==, 0);
  g_assert_true (after->is_discontinuous);
  g_assert_cmpuint (after->discontinuity, ==, 1);
  g_assert_cmpint (after->wall_ms - before->wall_ms, >=, 61000);
  g_assert_false (segment (fixture, 4)->is_discontinuous);
  g_assert_cmpuint (segment (fixture, 4)->discontinuity, ==, 1);
}

/* How a publish may end that has sent two whole segments of both tracks, and what is kept of its
 * last segment. */
typedef struct {
  const char *name;
  gint64 video_ms, audio_ms; /* how far either track got in that segment, -1: not one frame */
  gint64 ahead_ms;           /* how far audio runs ahead of pictures */
  gboolean is_jump;          /* time stamps jump, instead of the publisher's going */
  gboolean is_kept;
} Tail;

static const Tail tails[] = {
  { "one picture", 0, -1, 0, FALSE, FALSE },
  { "pictures for just below half a second", 480, -1, 0, FALSE, FALSE },
  { "pictures for longer", 520, -1, 0, FALSE, TRUE },
  { "a picture and its sound", 0, 0, 0, FALSE, TRUE },
  { "sound at the very last", 400, 400, 0, FALSE, TRUE },
  { "one picture, sound sent ahead of it", 0, -1, 600, FALSE, FALSE },
  { "one picture, then time jumps", 0, -1, 0, TRUE, FALSE },
  { "one picture and sound, then time jumps", 0, 0, 0, TRUE, TRUE },
};

/* The picture at 4000 ms opens the third segment. */
static void
push_tail (Fixture *fixture, const Tail *tail) {
  push_configs (fixture, TRUE);
  push_range (fixture, 0, 4000, 1000, TRUE);
  for (gint64 t = 4000; t < 4000 + tail->ahead_ms; t += 20)
    (void)push (fixture, A, t, media_audio ((guint32)t));
  for (gint64 t = 0; t <= MAX (tail->video_ms, tail->audio_ms); t += 20) {
    if (t <= tail->video_ms && t % 40 == 0)
      (void)push (fixture, V, 4000 + t, media_video (t == 0, (guint32)t, 20));
    if (t == tail->audio_ms)
      (void)push (fixture, A, 4000 + t, media_audio ((guint32)t));
  }
  g_assert_cmpuint (us_ring_get_open (fixture->ring)->number, ==, UNIX_S + 2);
}

static void
check_tail (Fixture *fixture, const Tail *tail) {
  us_segmenter_begin (fixture->segmenter);
  push_tail (fixture, tail);
  guint64 epoch = segment (fixture, 3)->epoch;
  gint64 opened_ms = segment (fixture, 3)->wall_ms;
  guint n_items = segment (fixture, 3)->items->len;
  if (!tail->is_jump) {
    us_segmenter_end (fixture->segmenter);
    us_segmenter_begin (fixture->segmenter);
    push_configs (fixture, TRUE);
  }
  push_range (fixture, 900000, 904100, 1000, TRUE);

  guint64 serial = tail->is_kept ? 4 : 3; /* the new timeline's first */
  const UsRingSegment *before = segment (fixture, serial - 1), *after = segment (fixture, serial);
  g_assert_cmpuint (before->epoch, ==, epoch);
  g_assert_true (before->is_closed);
  g_assert_cmpuint (after->number, ==, before->number + 1);
  g_assert_cmpuint (after->number, ==, UNIX_S + serial - 1);
  g_assert_cmpuint (after->epoch, >, epoch);
  g_assert_true (after->is_discontinuous);
  g_assert_false (segment (fixture, serial + 1)->is_discontinuous);
  gboolean is_kept_odd = tail->is_kept && before->tracks != (US_TRACK_VIDEO | US_TRACK_AUDIO);
  g_assert_cmpint (before->is_discontinuous, ==, is_kept_odd);
  g_assert_cmpuint (after->discontinuity, ==, is_kept_odd ? 2 : 1);
  g_assert_cmpint (after->wall_ms, >=, opened_ms); /* never before the end of what was published */
  UsSegmenterStats stats;
  us_segmenter_get_stats (fixture->segmenter, &stats);
  g_assert_cmpuint (stats.number, ==, us_ring_get_open (fixture->ring)->number);
  g_assert_cmpuint (us_segmenter_get_video (fixture->segmenter)->dropped[US_DROP_TAIL], ==,
                    tail->is_kept ? 0 : n_items);
}

static void
test_tails (Fixture *fixture, gconstpointer data) {
  for (guint i = 0; i < G_N_ELEMENTS (tails); i++) {
    g_test_message ("%s", tails[i].name);
    tear_down (fixture, NULL);
    set_up (fixture, NULL);
    check_tail (fixture, &tails[i]);
  }
}

/* Video is dead, sound goes on; the segment it opens for itself has hardly begun. */
static void
test_tail_without_video (Fixture *fixture, gconstpointer data) {
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, TRUE);
  push_range (fixture, 0, 5000, 1000, TRUE);
  guint64 newest = us_ring_get_newest (fixture->ring);
  for (gint64 t = 5000; us_ring_get_newest (fixture->ring) == newest; t += 20) {
    g_assert_cmpint (t, <, 20000);
    us_fake_clock_advance_us (&fixture->clock, 20000);
    (void)push (fixture, A, t, media_audio ((guint32)t));
  }
  g_assert_cmpint (us_ring_get_open (fixture->ring)->tracks, ==, US_TRACK_AUDIO);
  us_segmenter_end (fixture->segmenter);
  g_assert_cmpuint (us_ring_get_newest (fixture->ring), ==, newest);
  g_assert_cmpuint (us_segmenter_get_audio (fixture->segmenter)->dropped[US_DROP_TAIL], ==, 1);
}

/* An encoder that dies over and over before its first sound costs viewers nothing at all. */
static void
test_tails_in_a_row (Fixture *fixture, gconstpointer data) {
  us_segmenter_begin (fixture->segmenter);
  push_tail (fixture, &tails[0]);
  for (guint i = 0; i < 30; i++) {
    us_segmenter_end (fixture->segmenter);
    g_assert_cmpuint (us_ring_get_newest (fixture->ring), ==, 2);
    us_segmenter_begin (fixture->segmenter);
    push_configs (fixture, TRUE);
    (void)push (fixture, V, 0, media_video (TRUE, i, 20));
    g_assert_cmpuint (us_ring_get_open (fixture->ring)->number, ==, UNIX_S + 2);
  }
  us_segmenter_end (fixture->segmenter);
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, TRUE);
  push_range (fixture, 0, 2100, 1000, TRUE);
  g_assert_cmpuint (segment (fixture, 3)->number, ==, UNIX_S + 2);
  g_assert_cmpuint (segment (fixture, 3)->discontinuity, ==, 1);
}

/* The codecs change while the publisher lives: its pictures are owed to viewers. */
static void
test_tail_before_config_change (Fixture *fixture, gconstpointer data) {
  us_segmenter_begin (fixture->segmenter);
  push_tail (fixture, &tails[0]);
  (void)push (fixture, V, 4040, media_video_config (2));
  g_assert_cmpint (push (fixture, V, 4040, media_video (TRUE, 0, 0)), ==, US_SEGMENTER_BOUNDARY);
  g_assert_cmpint (segment (fixture, 3)->end_ms, ==, 4040);
  g_assert_cmpint (segment (fixture, 3)->tracks, ==, US_TRACK_VIDEO);
}

/* The number of a tail whose successor a packager holds already is not used again. */
static void
test_tail_and_packager_ahead (Fixture *fixture, gconstpointer data) {
  us_segmenter_begin (fixture->segmenter);
  push_tail (fixture, &tails[0]);
  us_segmenter_note_packager (fixture->segmenter, UNIX_S + 100);
  us_segmenter_end (fixture->segmenter);
  g_assert_cmpuint (us_ring_get_newest (fixture->ring), ==, 2);
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, TRUE);
  push_range (fixture, 0, 100, 1000, TRUE);
  g_assert_cmpuint (segment (fixture, 3)->number, ==, UNIX_S + 101);
}

/* The state was lost, and the publisher was faster than the packagers: the first that is heard says
 * where numbers go on, as long as nobody was told of another. */
static void
test_packager_is_late (Fixture *fixture, gconstpointer data) {
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, TRUE);
  push_range (fixture, 0, 100, 1000, TRUE);
  g_assert_cmpuint (segment (fixture, 1)->number, ==, UNIX_S);
  us_segmenter_note_packager (fixture->segmenter, UNIX_S - 5);
  g_assert_cmpuint (segment (fixture, 1)->number, ==, UNIX_S - 4);
  us_segmenter_note_packager (fixture->segmenter, UNIX_S - 6); /* the other one: too late */
  g_assert_cmpuint (segment (fixture, 1)->number, ==, UNIX_S - 4);
  push_range (fixture, 100, 2500, 1000, FALSE);
  g_assert_true (segment (fixture, 1)->is_discontinuous);
  g_assert_cmpuint (segment (fixture, 2)->number, ==, UNIX_S - 3);
}

/* One that holds nothing was told of the guess, and keeps it. */
static void
test_packager_has_nothing (Fixture *fixture, gconstpointer data) {
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, TRUE);
  push_range (fixture, 0, 100, 1000, TRUE);
  us_segmenter_note_packager (fixture->segmenter, 0);
  us_segmenter_note_packager (fixture->segmenter, UNIX_S - 5);
  g_assert_cmpuint (segment (fixture, 1)->number, ==, UNIX_S);
}

/* Mid-GOP start: nothing before the key frame, no audio that is older. */
static void
test_starts_at_keyframe (Fixture *fixture, gconstpointer data) {
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, TRUE);
  g_assert_cmpint (push (fixture, A, 90, media_audio (0)), ==, US_SEGMENTER_NOTHING);
  g_assert_cmpint (push (fixture, V, 100, media_video (FALSE, 0, 0)), ==, US_SEGMENTER_NOTHING);
  g_assert_cmpint (push (fixture, A, 150, media_audio (1)), ==, US_SEGMENTER_NOTHING);
  g_assert_cmpint (push (fixture, V, 140, media_video (TRUE, 1, 0)), ==, US_SEGMENTER_BOUNDARY);
  g_assert_cmpint (push (fixture, A, 170, media_audio (2)), ==, US_SEGMENTER_STORED);
  const UsRingSegment *first = segment (fixture, 1);
  g_assert_cmpuint (first->items->len, ==, 3);
  g_assert_cmpint (item (first, 0)->type, ==, V);
  g_assert_cmpint (item (first, 0)->media_ms, ==, 0);
  g_assert_cmpint (item (first, 1)->media_ms, ==, 10);
  g_assert_cmpuint (us_segmenter_get_audio (fixture->segmenter)->dropped[US_DROP_EARLY], ==, 1);
  g_assert_cmpuint (us_segmenter_get_video (fixture->segmenter)->dropped[US_DROP_NO_KEYFRAME], ==,
                    1);
}

/* MP3 shows itself only with its first frame: the start waits for it, and loses no picture. */
static void
test_mp3_joins_first_segment (Fixture *fixture, gconstpointer data) {
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, FALSE);
  (void)push (fixture, V, 0, media_video (TRUE, 0, 0));
  (void)push (fixture, V, 40, media_video (FALSE, 1, 0));
  g_assert_cmpuint (us_ring_get_newest (fixture->ring), ==, 0);
  g_assert_cmpint (push (fixture, A, 41, media_mp3 (0)), ==, US_SEGMENTER_BOUNDARY);
  g_assert_cmpuint (segment (fixture, 1)->items->len, ==, 3);
  g_assert_cmpuint (us_segmenter_get_audio (fixture->segmenter)->current.codec, ==, US_CODEC_MP3);
}

static void
test_video_only_start (Fixture *fixture, gconstpointer data) {
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, FALSE);
  push_range (fixture, 0, 4080, 1000, FALSE);
  g_assert_cmpuint (us_ring_get_newest (fixture->ring), ==, 3);
  g_assert_cmpuint (segment (fixture, 1)->items->len, ==, 50);
  g_assert_cmpint (segment (fixture, 1)->tracks, ==, US_TRACK_VIDEO);
}

static void
test_audio_only (Fixture *fixture, gconstpointer data) {
  us_segmenter_begin (fixture->segmenter);
  (void)push (fixture, A, 0, media_audio_config (FALSE));
  for (gint64 t = 0; t < 6100; t += 20)
    (void)push (fixture, A, t, media_audio ((guint32)t));
  g_assert_cmpuint (us_ring_get_newest (fixture->ring), ==, 4);
  g_assert_cmpuint (segment (fixture, 1)->items->len, ==, 100); /* what waited was kept */
  g_assert_cmpint (segment (fixture, 1)->tracks, ==, US_TRACK_AUDIO);
  g_assert_null (segment (fixture, 1)->video_config);
}

/* Repeated equal configurations cost nothing, another one a new epoch at the key frame. */
static void
test_config_change (Fixture *fixture, gconstpointer data) {
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, TRUE);
  push_range (fixture, 0, 2500, 1000, TRUE);
  push_configs (fixture, TRUE);
  g_assert_cmpuint (us_ring_get_newest (fixture->ring), ==, 2);
  (void)push (fixture, V, 2500, media_video_config (2));
  g_assert_cmpint (push (fixture, V, 2520, media_video (FALSE, 0, 0)), ==, US_SEGMENTER_NOTHING);
  g_assert_cmpint (push (fixture, A, 2520, media_audio (0)), ==, US_SEGMENTER_STORED);
  g_assert_cmpint (push (fixture, V, 2560, media_video (TRUE, 0, 0)), ==, US_SEGMENTER_BOUNDARY);
  g_assert_cmpint (segment (fixture, 2)->end_ms, ==, 2560);
  g_assert_cmpuint (segment (fixture, 3)->epoch, >, segment (fixture, 2)->epoch);
  g_assert_cmpint (segment (fixture, 3)->media_ms, ==, 0);
  g_assert_cmpint (push (fixture, A, 2560, media_audio (0)), ==, US_SEGMENTER_STORED);
  us_segmenter_end (fixture->segmenter);
  g_assert_true (segment (fixture, 3)->is_discontinuous);
  g_assert_cmpuint (us_segmenter_get_video (fixture->segmenter)->dropped[US_DROP_CHANGING], ==, 1);
}

static void
test_config_change_taken_back (Fixture *fixture, gconstpointer data) {
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, FALSE);
  push_range (fixture, 0, 2500, 1000, FALSE);
  (void)push (fixture, V, 2500, media_video_config (2));
  (void)push (fixture, V, 2500, media_video_config (1));
  g_assert_cmpint (push (fixture, V, 2520, media_video (FALSE, 0, 0)), ==, US_SEGMENTER_STORED);
}

static void
test_audio_config_change (Fixture *fixture, gconstpointer data) {
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, TRUE);
  push_range (fixture, 0, 2500, 1000, TRUE);
  (void)push (fixture, A, 2500, media_audio_config (TRUE));
  g_assert_cmpint (push (fixture, A, 2500, media_audio (0)), ==, US_SEGMENTER_NOTHING);
  g_assert_cmpint (push (fixture, V, 2520, media_video (FALSE, 0, 0)), ==, US_SEGMENTER_STORED);
  g_assert_cmpint (push (fixture, V, 3000, media_video (TRUE, 0, 0)), ==, US_SEGMENTER_BOUNDARY);
  g_assert_cmpint (push (fixture, A, 3010, media_audio (0)), ==, US_SEGMENTER_STORED);
  g_assert_cmpuint (us_segmenter_get_audio (fixture->segmenter)->dropped[US_DROP_CHANGING], ==, 1);
  g_assert_false (
      g_bytes_equal (segment (fixture, 3)->audio_config, segment (fixture, 2)->audio_config));
}

static void
test_broken_config (Fixture *fixture, gconstpointer data) {
  static const guint8 broken[] = { 0x17, 0, 0, 0, 0, 1, 0x42, 0xc0, 0x0d, 0xff, 0xe1, 0xff, 0xff };
  us_segmenter_begin (fixture->segmenter);
  for (gsize size = 0; size <= sizeof broken; size++)
    g_assert_cmpint (push (fixture, V, 0, g_bytes_new (broken, size)), ==, US_SEGMENTER_NOTHING);
  g_assert_cmpint (push (fixture, V, 0, media_video (TRUE, 0, 0)), ==, US_SEGMENTER_NOTHING);
  push_configs (fixture, TRUE);
  g_assert_cmpint (push (fixture, V, 0, media_video (TRUE, 0, 0)), ==, US_SEGMENTER_BOUNDARY);
  /* and a broken one later leaves the good one in force */
  (void)push (fixture, V, 40, g_bytes_new (broken, sizeof broken));
  g_assert_cmpint (push (fixture, V, 40, media_video (FALSE, 0, 0)), ==, US_SEGMENTER_STORED);
}

static void
test_clock_reset (Fixture *fixture, gconstpointer data) {
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, TRUE);
  push_range (fixture, 100000, 103000, 1000, TRUE);
  g_assert_cmpint (push (fixture, V, 0, media_video (FALSE, 0, 0)), ==, US_SEGMENTER_BOUNDARY);
  g_assert_null (us_ring_get_open (fixture->ring)); /* closed at once, not at the key frame */
  g_assert_cmpint (segment (fixture, 2)->end_ms, ==, 3000);
  g_assert_cmpint (push (fixture, V, 400, media_video (TRUE, 0, 0)), ==, US_SEGMENTER_BOUNDARY);
  g_assert_cmpuint (segment (fixture, 3)->number, ==, segment (fixture, 2)->number + 1);
  g_assert_cmpint (segment (fixture, 3)->media_ms, ==, 0);
}

/* Nothing on any track for a while: what would make one segment far longer than all others is a
 * break, with a discontinuity; less is not. */
static void
test_hole (Fixture *fixture, gconstpointer data) {
  static const struct {
    gint64 hole_ms;
    guint n_breaks;
  } rows[] = { { 900, 0 }, { 1000, 0 }, { 2200, 1 }, { 9000, 1 } };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    guint64 first = us_ring_get_newest (fixture->ring) + 1;
    us_segmenter_begin (fixture->segmenter);
    push_configs (fixture, TRUE);
    push_range (fixture, 0, 5000, 1000, TRUE);
    push_range (fixture, 5000 + rows[i].hole_ms, 12000 + rows[i].hole_ms, 1000, TRUE);
    us_segmenter_end (fixture->segmenter);
    guint n_breaks = 0;
    for (guint64 serial = first; serial <= us_ring_get_newest (fixture->ring); serial++) {
      const UsRingSegment *one = segment (fixture, serial);
      n_breaks += serial > first && one->is_discontinuous;
      g_assert_cmpint (one->end_ms - one->media_ms, <=, 3000);
    }
    g_assert_cmpuint (n_breaks, ==, rows[i].n_breaks);
  }
}

/* A picture every two seconds, or every five, and no sound: seconds without a frame are no holes.
 */
static void
test_slide_show (Fixture *fixture, gconstpointer data) {
  static const gint64 distances_ms[] = { 500, 2000, 5000 };
  for (guint i = 0; i < G_N_ELEMENTS (distances_ms); i++) {
    tear_down (fixture, NULL);
    set_up (fixture, NULL);
    us_segmenter_begin (fixture->segmenter);
    push_configs (fixture, FALSE);
    for (gint64 t = 0; t < 30000; t += distances_ms[i]) {
      us_fake_clock_advance_us (&fixture->clock, distances_ms[i] * 1000);
      (void)push (fixture, V, t, media_video (TRUE, (guint32)t, 20));
    }
    us_segmenter_end (fixture->segmenter);
    g_assert_cmpuint (us_ring_get_newest (fixture->ring), >=, 5);
    for (guint64 serial = 1; serial <= us_ring_get_newest (fixture->ring); serial++)
      g_assert_false (segment (fixture, serial)->is_discontinuous);
  }
}

static void
test_video_dies_and_returns (Fixture *fixture, gconstpointer data) {
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, TRUE);
  push_range (fixture, 0, 5000, 1000, TRUE);
  for (gint64 t = 5000; t < 12000; t += 20) {
    us_fake_clock_advance_us (&fixture->clock, 20000);
    (void)push (fixture, A, t, media_audio ((guint32)t));
  }
  push_range (fixture, 12000, 17000, 1000, TRUE);
  gboolean was_audio_only = FALSE;
  guint n_long = 0;
  UsTracks last = US_TRACK_NONE;
  for (guint64 serial = 1; us_ring_get (fixture->ring, serial) != NULL; serial++) {
    const UsRingSegment *one = segment (fixture, serial);
    if (!one->is_closed)
      break;
    was_audio_only |= one->tracks == US_TRACK_AUDIO;
    n_long += (one->end_ms - one->media_ms + 500) / 1000 > one->target_duration_s;
    g_assert_cmpint (one->end_ms - one->media_ms, <=, 4000);
    g_assert_cmpint (one->is_discontinuous, ==, serial > 1 && one->tracks != last);
    last = one->tracks;
  }
  g_assert_cmpuint (n_long, <=, 1); /* the one in which it was not certain yet */
  g_assert_true (was_audio_only);
  g_assert_cmpint (last, ==, US_TRACK_VIDEO | US_TRACK_AUDIO);
  UsSegmenterStats stats;
  us_segmenter_get_stats (fixture->segmenter, &stats);
  g_assert_cmpuint (stats.epochs_total, ==, 1);
}

/* An encoder that sends audio @lead_ms before the pictures it belongs to, @burst_ms at a time. */
static void
push_ahead (Fixture *fixture, gint64 length_ms, gint64 lead_ms, gint64 burst_ms) {
  for (gint64 t = 20; t <= lead_ms; t += 20)
    (void)push (fixture, A, t, media_audio ((guint32)t));
  for (gint64 from = 0; from < length_ms; from += burst_ms) {
    for (gint64 t = from + 20; t <= from + burst_ms; t += 20)
      (void)push (fixture, A, lead_ms + t, media_audio ((guint32)t));
    for (gint64 t = from; t < from + burst_ms; t += 40)
      (void)push (fixture, V, t, media_video (t % 1000 == 0, (guint32)t, 20));
    us_fake_clock_advance_us (&fixture->clock, burst_ms * 1000);
  }
}

static void
test_audio_ahead (Fixture *fixture, gconstpointer data) {
  static const struct {
    gint64 lead_ms, burst_ms;
  } rows[] = { { 3000, 40 }, { 3000, 2000 }, { 1200, 40 }, { 8000, 40 }, { 0, 2000 } };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("%" G_GINT64_FORMAT " ms ahead", rows[i].lead_ms);
    us_segmenter_begin (fixture->segmenter);
    push_configs (fixture, TRUE);
    guint64 serial = us_ring_get_newest (fixture->ring) + 1;
    push_ahead (fixture, 14000, rows[i].lead_ms, rows[i].burst_ms);
    us_segmenter_end (fixture->segmenter);
    g_assert_cmpuint (us_ring_get_newest (fixture->ring), ==, serial + 6);
    for (gint64 k = 0; k < 7; k++, serial++) {
      const UsRingSegment *one = segment (fixture, serial);
      g_assert_cmpint (one->tracks & US_TRACK_VIDEO, !=, 0);
      g_assert_cmpint (one->media_ms, ==, k * 2000);
      g_assert_cmpint (one->end_ms, ==, (k + 1) * 2000);
      g_assert_true (item (one, 0)->is_keyframe);
    }
  }
  UsSegmenterStats stats;
  us_segmenter_get_stats (fixture->segmenter, &stats);
  g_assert_cmpuint (stats.epochs_total, ==, G_N_ELEMENTS (rows));
  g_assert_cmpuint (us_segmenter_get_video (fixture->segmenter)->dropped[US_DROP_NO_KEYFRAME], ==,
                    0);
}

static void
test_target_duration (Fixture *fixture, gconstpointer data) {
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, FALSE);
  push_range (fixture, 0, 11000, 5000, FALSE);
  g_assert_cmpuint (segment (fixture, 1)->target_duration_s, ==, 5);
  us_segmenter_end (fixture->segmenter);
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, FALSE);
  push_range (fixture, 0, 11000, 1000, FALSE);
  g_assert_cmpuint (segment (fixture, us_ring_get_newest (fixture->ring) - 1)->target_duration_s,
                    ==, 5); /* never changes */
}

static void
test_target_duration_set (Fixture *fixture, gconstpointer data) {
  tear_down (fixture, NULL);
  set_up_with (fixture, 6, 1 << 30);
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, FALSE);
  push_range (fixture, 0, 5000, 1000, FALSE);
  g_assert_cmpuint (segment (fixture, 1)->target_duration_s, ==, 6);
}

static void
test_no_keyframe (Fixture *fixture, gconstpointer data) {
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, TRUE);
  UsSegmenterResult result = push (fixture, V, 0, media_video (TRUE, 0, 0));
  gint64 t = 0;
  for (; t <= 70000 && result != US_SEGMENTER_FAULT; t += 40)
    result = push (fixture, V, t + 40, media_video (FALSE, 0, 0));
  g_assert_cmpint (t, ==, 60000);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  us_segmenter_end (fixture->segmenter);
  g_assert_true (segment (fixture, 1)->is_closed);
}

static void
test_segment_bytes (Fixture *fixture, gconstpointer data) {
  tear_down (fixture, NULL);
  set_up_with (fixture, 0, 100000);
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, TRUE);
  UsSegmenterResult result = push (fixture, V, 0, media_video (TRUE, 0, 0));
  for (guint i = 1; i < 100 && result != US_SEGMENTER_FAULT; i++) {
    result = push (fixture, V, i * 40, media_video (FALSE, 0, 9000));
    g_assert_cmpuint (us_ring_get_bytes (fixture->ring), <, 120000);
  }
  g_assert_cmpint (result, ==, US_SEGMENTER_FAULT);
}

static void
check_fault (Fixture *fixture, const char *text) {
  g_assert_false (us_segmenter_check (fixture->segmenter, &fixture->error));
  g_assert_nonnull (strstr (fixture->error->message, text));
}

/* Pictures that no segment can carry: refused by name after a second, also when their sound could
 * go on alone. */
static void
test_unsupported (Fixture *fixture, gconstpointer data) {
  static const struct {
    guint8 bytes[16];
    gsize size;
    const char *name;
  } rows[] = {
    { { 0x90, 'a', 'v', '0', '1', 0x81 }, 6, "AV1" },
    { { 0xa1, 'v', 'p', '0', '9', 0 }, 6, "VP9" },
    { { 0x90, 'v', 'v', 'c', '1', 0 }, 6, "VVC" },
    { { 0x90, 'v', 'p', '0', '8', 0 }, 6, "VP8" },
    { { 0x96, 0x00, 'a', 'v', '0', '1', 0, 0x81 }, 8, "AV1" },
    { { 0x22, 0, 0 }, 3, "Sorenson" },
    { { 0x90, 'z', 'z', 'z', 'z', 0 }, 6, "unknown FourCC" },
  };
  for (guint row = 0; row < G_N_ELEMENTS (rows); row++) {
    us_segmenter_begin (fixture->segmenter);
    (void)push (fixture, A, 0, media_audio_config (FALSE));
    guint i = 0;
    UsSegmenterResult result = US_SEGMENTER_NOTHING;
    for (; i < 100 && result != US_SEGMENTER_FAULT; i++) {
      us_fake_clock_advance_us (&fixture->clock, 40000);
      (void)push (fixture, A, i * 40, media_audio (i));
      result = push (fixture, V, i * 40, g_bytes_new (rows[row].bytes, rows[row].size));
    }
    g_assert_cmpint (result, ==, US_SEGMENTER_FAULT);
    g_assert_cmpuint (i, >=, 25);
    g_assert_cmpuint (i, <=, 26);
    g_assert_nonnull (strstr (fixture->error->message, rows[row].name));
    g_assert_nonnull (strstr (fixture->error->message, "set the encoder to H.264 or HEVC"));
    g_assert_nonnull (us_segmenter_get_video (fixture->segmenter)->unsupported);
    g_assert_cmpuint (us_ring_get_newest (fixture->ring), ==, 0); /* not its sound alone, before */
    g_clear_error (&fixture->error);
    us_segmenter_end (fixture->segmenter);
  }
}

/* Sound that no segment can carry is left out; without pictures nothing would be left. */
static void
test_unsupported_sound (Fixture *fixture, gconstpointer data) {
  const guint8 flac[] = { 0x91, 'f', 'L', 'a', 'C', 0xff, 0xf8 };
  for (guint has_video = 0; has_video < 2; has_video++) {
    us_segmenter_begin (fixture->segmenter);
    if (has_video)
      (void)push (fixture, V, 0, media_video_config (1));
    UsSegmenterResult result = US_SEGMENTER_NOTHING;
    guint i = 0;
    for (; i < 200 && result != US_SEGMENTER_FAULT; i++) {
      us_fake_clock_advance_us (&fixture->clock, 40000);
      if (has_video)
        (void)push (fixture, V, i * 40, media_video (i % 25 == 0, i, 0));
      result = push (fixture, A, i * 40, g_bytes_new (flac, sizeof flac));
    }
    g_assert_cmpint (result, ==, has_video ? US_SEGMENTER_NOTHING : US_SEGMENTER_FAULT);
    g_assert_cmpuint (i, ==, has_video ? 200 : 125);
    if (!has_video)
      g_assert_nonnull (strstr (fixture->error->message, "FLAC"));
    g_clear_error (&fixture->error);
    us_segmenter_end (fixture->segmenter);
  }
}

/* @config: (nullable): what comes instead of a good configuration of video. Returns after how many
 * ms the publisher was refused, 0: it was not. */
static guint
push_unusable (Fixture *fixture, const char *config, gsize config_size, guint length_ms) {
  UsSegmenterResult result = US_SEGMENTER_NOTHING;
  guint t = 0;
  (void)push (fixture, A, 0, media_audio_config (FALSE));
  if (config != NULL)
    (void)push (fixture, V, 0, g_bytes_new (config, config_size));
  for (; t < length_ms && result != US_SEGMENTER_FAULT; t += 40) {
    us_fake_clock_advance_us (&fixture->clock, 40000);
    (void)push (fixture, A, t, media_audio (t));
    result = push (fixture, V, t, media_video (t % 1000 == 0, t, 20));
  }
  return result == US_SEGMENTER_FAULT ? t : 0;
}

/* Pictures whose configuration never comes, or is broken: sound alone does not go on air for them.
 */
static void
test_unusable_config (Fixture *fixture, gconstpointer data) {
  static const struct {
    const char *config;
    gsize size;
  } rows[] = {
    { NULL, 0 },
    { "\x17\0\0\0\0\1\x42\xc0\x0d\xff\xe1\0\x0b\x67", 14 }, /* cut off in its SPS */
    { "\x17\0\0\0\0", 5 },
  };
  for (guint row = 0; row < G_N_ELEMENTS (rows); row++) {
    us_segmenter_begin (fixture->segmenter);
    guint refused_ms = push_unusable (fixture, rows[row].config, rows[row].size, 20000);
    g_assert_cmpuint (refused_ms, >=, US_SEGMENTER_NO_VIDEO_MS);
    g_assert_cmpuint (refused_ms, <=, US_SEGMENTER_NO_VIDEO_MS + 80);
    g_assert_nonnull (strstr (fixture->error->message, "codec configuration (sequence header)"));
    g_assert_cmpuint (us_ring_get_newest (fixture->ring), ==, 0);
    g_clear_error (&fixture->error);
    us_segmenter_end (fixture->segmenter);
  }
}

/* A configuration that comes late is waited for, and one stray message of video is none. */
static void
test_late_config (Fixture *fixture, gconstpointer data) {
  us_segmenter_begin (fixture->segmenter);
  g_assert_cmpuint (push_unusable (fixture, NULL, 0, 3000), ==, 0);
  g_assert_cmpuint (us_ring_get_newest (fixture->ring), ==, 0);
  (void)push (fixture, V, 3000, media_video_config (1));
  push_range (fixture, 3000, 6000, 1000, TRUE);
  g_assert_cmpint (segment (fixture, 1)->tracks, ==, US_TRACK_VIDEO | US_TRACK_AUDIO);
  us_segmenter_end (fixture->segmenter);

  guint64 before = us_ring_get_newest (fixture->ring);
  us_segmenter_begin (fixture->segmenter);
  (void)push (fixture, A, 0, media_audio_config (FALSE));
  (void)push (fixture, V, 0, media_video (TRUE, 0, 20));
  for (guint t = 0; t < 12000; t += 20) {
    us_fake_clock_advance_us (&fixture->clock, 20000);
    g_assert_cmpint (push (fixture, A, t, media_audio (t)), !=, US_SEGMENTER_FAULT);
    g_assert_true (us_segmenter_check (fixture->segmenter, NULL));
  }
  g_assert_cmpint (segment (fixture, before + 1)->tracks, ==, US_TRACK_AUDIO);
}

#define HVCC                                                                                       \
  "\x01\x01\x60\x00\x00\x00\x90\x00\x00\x00\x00\x00\x3c\xf0\x00\xfc\xfd\xf8\xf8\x00\x00\x0f\x03"   \
  "\xa0\x00\x01\x00\x18" VPS "\xa1\x00\x01\x00\x2b" SPS "\xa2\x00\x01\x00\x06" PPS
#define VPS                                                                                        \
  "\x40\x01\x0c\x01\xff\xff\x01\x60\x00\x00\x03\x00\x90\x00\x00\x03\x00\x00\x03\x00\x3c\x95\x94"   \
  "\x09"
#define SPS                                                                                        \
  "\x42\x01\x01\x01\x60\x00\x00\x03\x00\x90\x00\x00\x03\x00\x00\x03\x00\x3c\xa0\x0a\x08\x0c\x1f"   \
  "\x3e"                                                                                           \
  "\x59\x59\x52\x93\x0b\xc0\x5a\x02\x00\x00\x03\x00\x02\x00\x00\x03\x00\x3c\x10"
#define PPS "\x44\x01\xc0\x73\xc1\x89"
#define SETS "\0\0\0\x18" VPS "\0\0\0\x2b" SPS "\0\0\0\x06" PPS
#define KEY "\0\0\0\3\x26\1\1"
#define DELTA "\0\0\0\3\x02\1\1"
#define BYTES(text) text, sizeof (text) - 1

/* HEVC in every form that encoders send it: what is stored is the same HEVC, under a mark of its
 * own where the encoder wrote H.264. */
static void
test_hevc_forms (Fixture *fixture, gconstpointer data) {
  static const struct {
    const char *config;
    gsize config_size;
    const char *key;
    gsize key_size;
    const char *delta;
    gsize delta_size;
    guint8 first_byte; /* of the stored key frame */
  } rows[] = {
    { BYTES ("\x90hvc1" HVCC), BYTES ("\x91hvc1\0\0\0" KEY), BYTES ("\xa3hvc1" DELTA), 0x91 },
    { BYTES ("\x1c\0\0\0\0" HVCC), BYTES ("\x1c\1\0\0\0" KEY), BYTES ("\x2c\1\0\0\0" DELTA), 0x1c },
    /* marked as H.264, with its configuration, and without any */
    { BYTES ("\x17\0\0\0\0" HVCC), BYTES ("\x17\1\0\0\0" KEY), BYTES ("\x27\1\0\0\0" DELTA), 0x1c },
    { BYTES ("\x17\0\0\0\0"), BYTES ("\x17\1\0\0\0" SETS KEY), BYTES ("\x27\1\0\0\0" DELTA), 0x1c },
    /* in a list of tracks, behind a modifier: both are taken off */
    { BYTES ("\x96\x00hvc1\0" HVCC), BYTES ("\x97\2\0\0\1\6\x01hvc1\0\0\0\0" KEY),
      BYTES ("\xa6\x11hvc1\1\0\0\2zz\0\0\0\x0a\0\0\0" DELTA), 0x91 },
  };
  for (guint row = 0; row < G_N_ELEMENTS (rows); row++) {
    g_test_message ("row %u", row);
    us_segmenter_begin (fixture->segmenter);
    guint64 serial = us_ring_get_newest (fixture->ring) + 1;
    (void)push (fixture, V, 0, g_bytes_new (rows[row].config, rows[row].config_size));
    for (guint t = 0; t <= 4000; t += 40) {
      us_fake_clock_advance_us (&fixture->clock, 40000);
      gboolean is_key = t % 2000 == 0;
      (void)push (fixture, V, t,
                  is_key ? g_bytes_new (rows[row].key, rows[row].key_size)
                         : g_bytes_new (rows[row].delta, rows[row].delta_size));
    }
    const UsInput *video = us_segmenter_get_video (fixture->segmenter);
    g_assert_cmpint (video->current.codec, ==, US_CODEC_HEVC);
    g_assert_cmpuint (video->picture.width, ==, 320);
    g_assert_cmpuint (video->picture.height, ==, 180);
    const UsRingSegment *one = segment (fixture, serial);
    g_assert_true (one->is_closed);
    g_assert_cmpuint (one->items->len, ==, 50);
    for (guint i = 0; i < 50; i++) {
      gsize size;
      const guint8 *bytes = g_bytes_get_data (item (one, i)->payload, &size);
      UsFlvTag tag;
      g_assert_true (us_flv_parse_video (bytes, size, &tag, NULL));
      g_assert_cmpint (tag.kind, ==, US_FLV_FRAME);
      g_assert_cmpint (tag.codec, ==, US_CODEC_HEVC);
      g_assert_false (tag.is_wrapped);
      g_assert_cmpint (tag.is_keyframe, ==, i == 0);
      g_assert_cmpint (bytes[0], ==, i == 0 ? rows[row].first_byte : bytes[0]);
      g_assert_cmpmem (bytes + size - 7, 7, i == 0 ? KEY : DELTA, 7);
    }
    UsFlvTag tag;
    gsize size;
    const guint8 *bytes = g_bytes_get_data (one->video_config, &size);
    g_assert_true (us_flv_parse_video (bytes, size, &tag, NULL));
    g_assert_cmpint (tag.kind, ==, US_FLV_CONFIG);
    g_assert_cmpint (tag.codec, ==, US_CODEC_HEVC);
    us_segmenter_end (fixture->segmenter);
  }
  /* One other track came with each delta picture of the last row. */
  g_assert_cmpuint (us_segmenter_get_video (fixture->segmenter)->dropped[US_DROP_OTHER_TRACK], ==,
                    98);
}

/* Codecs without a configuration say in each frame what they are, and may change like all others.
 */
static void
test_self_described (Fixture *fixture, gconstpointer data) {
  const guint8 stereo[] = "\x91"
                          "ac-3\x0b\x77\xfe\x95\x14\x40\x43\xe1";
  const guint8 surround[] = "\x91"
                            "ac-3\x0b\x77\0\0\x1c\x40\xe1\0";
  const guint8 nonsense[] = "\x91"
                            "ac-3\0\1\2\3\4\5\6\7";
  us_segmenter_begin (fixture->segmenter);
  const UsInput *audio = us_segmenter_get_audio (fixture->segmenter);
  for (guint t = 0; t <= 3200; t += 32) {
    us_fake_clock_advance_us (&fixture->clock, 32000);
    (void)push (fixture, A, t, g_bytes_new (stereo, sizeof stereo - 1));
  }
  g_assert_cmpint (audio->current.codec, ==, US_CODEC_AC3);
  g_assert_cmpuint (audio->sound.channels, ==, 2);
  guint64 epoch = segment (fixture, us_ring_get_newest (fixture->ring))->epoch;
  (void)push (fixture, A, 3232, g_bytes_new (nonsense, sizeof nonsense - 1));
  g_assert_cmpuint (audio->dropped[US_DROP_MALFORMED], ==, 1);
  for (guint t = 3264; t <= 6400; t += 32)
    (void)push (fixture, A, t, g_bytes_new (surround, sizeof surround - 1));
  g_assert_cmpuint (audio->sound.channels, ==, 6);
  g_assert_cmpuint (segment (fixture, us_ring_get_newest (fixture->ring))->epoch, >, epoch);
}

static void
test_standing_time (Fixture *fixture, gconstpointer data) {
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, TRUE);
  for (guint i = 0; i < 400; i++) {
    us_fake_clock_advance_us (&fixture->clock, 40000);
    (void)push (fixture, V, 0, media_video (i % 25 == 0, i, 0));
  }
  check_fault (fixture, "do not advance");
}

static void
test_never_a_keyframe (Fixture *fixture, gconstpointer data) {
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, FALSE);
  for (guint i = 0; i < 1500; i++) {
    g_assert_true (us_segmenter_check (fixture->segmenter, NULL));
    us_fake_clock_advance_us (&fixture->clock, 40000);
    (void)push (fixture, V, i * 40, media_video (FALSE, i, 0));
  }
  check_fault (fixture, "no key frame");
}

/* Audio config but frames only of video without configuration: pending memory stays bounded. */
static void
test_pending_bounded (Fixture *fixture, gconstpointer data) {
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, FALSE);
  (void)push (fixture, V, 0, media_video (TRUE, 0, 0));
  UsSegmenterResult result = US_SEGMENTER_NOTHING;
  for (guint i = 1; i < 40 && result == US_SEGMENTER_NOTHING; i++)
    result = push (fixture, V, i * 10, media_video (FALSE, i, 1024 * 1024));
  g_assert_cmpint (result, ==, US_SEGMENTER_BOUNDARY);
}

static void
test_packager_ahead (Fixture *fixture, gconstpointer data) {
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, FALSE);
  push_range (fixture, 0, 1500, 1000, FALSE);
  us_segmenter_note_packager (fixture->segmenter, UNIX_S + 100);
  us_segmenter_note_packager (fixture->segmenter, UNIX_S + 50);
  push_range (fixture, 2000, 2500, 1000, FALSE);
  g_assert_cmpuint (segment (fixture, 2)->number, ==, UNIX_S + 101);
}

static void
test_too_many_epochs (Fixture *fixture, gconstpointer data) {
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, TRUE);
  UsSegmenterResult result = US_SEGMENTER_NOTHING;
  guint n = 0;
  for (; n < 1000 && result != US_SEGMENTER_FAULT; n++) {
    (void)push (fixture, V, n * 40, media_video_config ((guint8)n));
    result = push (fixture, V, n * 40, media_video (TRUE, n, 0));
  }
  g_assert_cmpuint (n, ==, US_SEGMENTER_MAX_EPOCHS + 1);
}

/* Random hostile bytes: never a crash, never out of bounds. */
static void
test_garbage (Fixture *fixture, gconstpointer data) {
  g_autoptr (GRand) random = g_rand_new_with_seed (7);
  us_segmenter_begin (fixture->segmenter);
  push_configs (fixture, TRUE);
  for (guint i = 0; i < 20000; i++) {
    guint8 bytes[24];
    for (guint k = 0; k < sizeof bytes; k++)
      bytes[k] = (guint8)g_rand_int (random);
    if (g_rand_boolean (random))
      bytes[0] = g_rand_boolean (random) ? 0x17 : 0xaf;
    gsize size = (gsize)g_rand_int_range (random, 0, sizeof bytes);
    g_assert_true (us_segmenter_check (fixture->segmenter, NULL)); /* the clock stands still */
    if (push (fixture, g_rand_boolean (random) ? V : A, g_rand_int (random),
              g_bytes_new (bytes, size))
        == US_SEGMENTER_FAULT) {
      g_clear_error (&fixture->error);
      us_segmenter_begin (fixture->segmenter);
    }
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add (name, Fixture, NULL, set_up, function, tear_down)
  ADD ("/segmenter/plain", test_plain);
  ADD ("/segmenter/end", test_end);
  ADD ("/segmenter/reconnect", test_reconnect);
  ADD ("/segmenter/tails", test_tails);
  ADD ("/segmenter/tail-without-video", test_tail_without_video);
  ADD ("/segmenter/tails-in-a-row", test_tails_in_a_row);
  ADD ("/segmenter/tail-before-config-change", test_tail_before_config_change);
  ADD ("/segmenter/tail-and-packager-ahead", test_tail_and_packager_ahead);
  ADD ("/segmenter/packager-is-late", test_packager_is_late);
  ADD ("/segmenter/packager-has-nothing", test_packager_has_nothing);
  ADD ("/segmenter/starts-at-keyframe", test_starts_at_keyframe);
  ADD ("/segmenter/mp3-joins-first-segment", test_mp3_joins_first_segment);
  ADD ("/segmenter/video-only-start", test_video_only_start);
  ADD ("/segmenter/audio-only", test_audio_only);
  ADD ("/segmenter/config-change", test_config_change);
  ADD ("/segmenter/config-change-taken-back", test_config_change_taken_back);
  ADD ("/segmenter/audio-config-change", test_audio_config_change);
  ADD ("/segmenter/broken-config", test_broken_config);
  ADD ("/segmenter/clock-reset", test_clock_reset);
  ADD ("/segmenter/hole", test_hole);
  ADD ("/segmenter/slide-show", test_slide_show);
  ADD ("/segmenter/video-dies-and-returns", test_video_dies_and_returns);
  ADD ("/segmenter/audio-ahead", test_audio_ahead);
  ADD ("/segmenter/target-duration", test_target_duration);
  ADD ("/segmenter/target-duration-set", test_target_duration_set);
  ADD ("/segmenter/no-keyframe", test_no_keyframe);
  ADD ("/segmenter/segment-bytes", test_segment_bytes);
  ADD ("/segmenter/unsupported", test_unsupported);
  ADD ("/segmenter/hevc-forms", test_hevc_forms);
  ADD ("/segmenter/self-described", test_self_described);
  ADD ("/segmenter/unsupported-sound", test_unsupported_sound);
  ADD ("/segmenter/broken-config-at-start", test_unusable_config);
  ADD ("/segmenter/late-config", test_late_config);
  ADD ("/segmenter/standing-time", test_standing_time);
  ADD ("/segmenter/never-a-keyframe", test_never_a_keyframe);
  ADD ("/segmenter/pending-bounded", test_pending_bounded);
  ADD ("/segmenter/packager-ahead", test_packager_ahead);
  ADD ("/segmenter/too-many-epochs", test_too_many_epochs);
  ADD ("/segmenter/garbage", test_garbage);
  return g_test_run ();
}
