/* test-probe-fmp4.c - fragments by hand: every way to say a default, and every way to be wrong */
#include "fixture.h"
#include "synth-mp4.h"

#define NON_SYNC 0x10000

/* Run: one traf with one trun. */
typedef struct {
  guint32 track;
  guint32 header_flags; /* of tfhd; its values follow in the order of the fields */
  guint32 header[4];
  guint n_header;
  gint64 time; /* -1: no tfdt */
  guint time_version;
  guint32 flags; /* of trun */
  guint version;
  guint32 n_samples;
  gint32 offset; /* from the first byte of the mdat's content */
  guint32 fields[16];
  guint n_fields;
} Run;

static const char IDR[] = "\0\0\0\5\x65\1\2\3\4";   /* 9 bytes */
static const char SLICE[] = "\0\0\0\5\x41\1\2\3\4"; /* 9 bytes */

/* Appends a fragment; the offsets in the runs are moved behind the moof. */
static void
add_fragment (GByteArray *out, const Run *runs, guint n_runs, const char *data, gsize size) {
  gsize moof = mp4_box (out, "moof");
  gsize mfhd = mp4_full_box (out, "mfhd", 0, 0);
  mp4_u32 (out, 1);
  mp4_end (out, mfhd);
  gsize patch[4] = { 0 };
  for (guint r = 0; r < n_runs; r++) {
    const Run *run = &runs[r];
    gsize traf = mp4_box (out, "traf");
    gsize tfhd = mp4_full_box (out, "tfhd", 0, run->header_flags);
    mp4_u32 (out, run->track);
    for (guint i = 0; i < run->n_header; i++)
      mp4_u32 (out, run->header[i]);
    mp4_end (out, tfhd);
    if (run->time >= 0) {
      gsize tfdt = mp4_full_box (out, "tfdt", run->time_version, 0);
      if (run->time_version == 1)
        mp4_u32 (out, (guint32)(run->time >> 32));
      mp4_u32 (out, (guint32)run->time);
      mp4_end (out, tfdt);
    }
    gsize trun = mp4_full_box (out, "trun", run->version, run->flags);
    mp4_u32 (out, run->n_samples);
    if ((run->flags & 1) != 0) {
      patch[r] = out->len;
      mp4_u32 (out, 0);
    }
    for (guint i = 0; i < run->n_fields; i++)
      mp4_u32 (out, run->fields[i]);
    mp4_end (out, trun);
    mp4_end (out, traf);
  }
  mp4_end (out, moof);
  gsize mdat = mp4_box (out, "mdat");
  for (guint r = 0; r < n_runs; r++) {
    guint32 offset = GUINT32_TO_BE ((guint32)(gint32)(out->len - moof + runs[r].offset));
    if (patch[r] > 0)
      memcpy (out->data + patch[r], &offset, 4);
  }
  g_byte_array_append (out, (const guint8 *)data, size);
  mp4_end (out, mdat);
}

static GBytes *
default_init (void) {
  const SynthTrack tracks[] = { SYNTH_PICTURE, SYNTH_SOUND };
  g_autoptr (GByteArray) init = mp4_init (tracks, 2, NON_SYNC);
  return exact (init->data, init->len);
}

static GBytes *
one_fragment (const Run *runs, guint n_runs, const char *data, gsize size) {
  g_autoptr (GByteArray) out = g_byte_array_new ();
  add_fragment (out, runs, n_runs, data, size);
  return exact (out->data, out->len);
}

static char *
repeat (const char *first, guint n_more) {
  char *data = g_malloc (9 + 9 * (gsize)n_more);
  memcpy (data, first, 9);
  for (guint i = 0; i < n_more; i++)
    memcpy (data + 9 + 9 * (gsize)i, SLICE, 9);
  return data;
}

/* The same three pictures of 40 ms in every way that the format has to say it. */
static void
test_defaults (void) {
  static const Run RUNS[] = {
    /* trex, and the offset */
    { 1, 0x20000, { 0 }, 0, 1000, 1, 0x1, 0, 3, 0, { 0 }, 0 },
    { 1, 0x20000, { 0 }, 0, 1000, 0, 0x5, 0, 3, 0, { 0x2000000 }, 1 },
    /* tfhd: duration, size, flags */
    { 1, 0x20038, { 40, 9, 0 }, 3, 1000, 1, 0x1, 0, 3, 0, { 0 }, 0 },
    { 1, 0x2003a, { 1, 40, 9, 0 }, 4, 1000, 1, 0x1, 0, 3, 0, { 0 }, 0 },
    /* without default-base-is-moof the first traf counts from the moof all the same */
    { 1, 0x0, { 0 }, 0, 1000, 1, 0x1, 0, 3, 0, { 0 }, 0 },
    /* every field of every sample */
    { 1,
      0x20000,
      { 0 },
      0,
      1000,
      1,
      0x701,
      0,
      3,
      0,
      { 40, 9, 0, 40, 9, NON_SYNC, 40, 9, NON_SYNC },
      9 },
    { 1,
      0x20000,
      { 0 },
      0,
      1000,
      1,
      0xf01,
      1,
      3,
      0,
      { 40, 9, 0, 0, 40, 9, NON_SYNC, 40, 40, 9, NON_SYNC, -40 },
      12 },
    { 1, 0x20000, { 0 }, 0, 1000, 1, 0x801, 1, 3, 0, { 0, 40, -40 }, 3 },
    { 1, 0x20000, { 0 }, 0, 920, 1, 0x801, 0, 3, 0, { 80, 120, 40 }, 3 },
  };
  g_autoptr (GBytes) init = default_init ();
  g_autofree char *data = repeat (IDR, 2);
  guint64 hash = 0;
  for (guint i = 0; i < G_N_ELEMENTS (RUNS); i++) {
    g_test_message ("case %u", i);
    g_autoptr (GBytes) segment = one_fragment (&RUNS[i], 1, data, 27);
    g_autoptr (UsProbe) probe = probe_ok (segment, init);
    g_assert_cmpuint (probe->n_video, ==, 3);
    g_assert_cmpint (probe->first_video_us, ==, 1000000);
    g_assert_cmpint (probe->end_video_us, ==, 1120000);
    g_assert_cmpint (probe->frame_us, ==, 40000);
    g_assert_false (probe->has_audio);
    g_assert_cmpuint (probe->pictures->len, ==, 1); /* an IDR is one, whatever the flags say */
    g_assert_cmpint (picture_at (probe, 0)->pts_us, ==, 1000000);
    g_assert_cmpuint (picture_at (probe, 0)->offset, ==, 0);
    hash = i == 0 ? picture_at (probe, 0)->hash : hash;
    g_assert_cmpuint (picture_at (probe, 0)->hash, ==, hash);
  }
}

static void
test_two_tracks (void) {
  g_autoptr (GBytes) init = default_init ();
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autofree char *data = repeat (IDR, 3);
  /* sound behind the pictures: by its offset, or because it says nothing */
  Run runs[2] = { { 1, 0x20000, { 0 }, 0, 1000, 1, 0x1, 0, 2, 0, { 0 }, 0 },
                  { 2, 0x8, { 1024 }, 1, 48000, 1, 0x0, 0, 2, 0, { 0 }, 0 } };
  add_fragment (out, runs, 2, data, 36);
  gsize second = out->len;
  runs[0].time = -1; /* goes on */
  runs[1].time = -1;
  runs[1].header_flags |= 0x20000;
  runs[1].flags = 0x1;
  runs[1].offset = 18;
  add_fragment (out, runs, 2, data, 36);
  gsize tail = mp4_box (out, "uuid"); /* what it does not know, it steps over */
  mp4_zeros (out, 20);
  mp4_end (out, tail);
  g_autoptr (GBytes) segment = exact (out->data, out->len);
  g_autoptr (UsProbe) probe = probe_ok (segment, init);
  g_assert_cmpuint (probe->n_video, ==, 4);
  g_assert_cmpint (probe->end_video_us, ==, 1160000);
  g_assert_cmpuint (probe->pictures->len, ==, 2);
  g_assert_cmpuint (picture_at (probe, 1)->offset, ==, second);
  g_assert_cmpint (probe->first_audio_us, ==, 1000000);
  g_assert_cmpint (probe->end_audio_us, ==,
                   1000000 + 4 * 1024 * G_GINT64_CONSTANT (1000000) / 48000);
}

static void
test_one_picture (void) {
  g_autoptr (GBytes) init = default_init ();
  const Run run = { 1, 0x20000, { 0 }, 0, 1000, 1, 0x1, 0, 1, 0, { 0 }, 0 };
  g_autoptr (GBytes) segment = one_fragment (&run, 1, IDR, 9);
  g_autoptr (UsProbe) probe = probe_ok (segment, init);
  g_assert_cmpint (probe->end_video_us, ==, 1040000);
}

/* A codec that is not read has its sync samples as pictures. */
static void
test_other_codec (void) {
  const SynthTrack track = { 1, "vide", "av01", "av1C", "\x81\4\f", 3, 1000 };
  g_autoptr (GByteArray) bytes = mp4_init (&track, 1, NON_SYNC);
  g_autoptr (GBytes) init = exact (bytes->data, bytes->len);
  const Run run = { 1, 0x20000, { 0 }, 0, 0, 1, 0x5, 0, 3, 0, { 0 }, 1 };
  g_autoptr (GBytes) segment = one_fragment (&run, 1, "no NAL units, but 27 bytes.", 27);
  g_autoptr (UsProbe) probe = probe_ok (segment, init);
  g_assert_cmpuint (probe->n_video, ==, 3);
  g_assert_cmpuint (probe->pictures->len, ==, 1);
  g_assert_true (probe->starts_with_random_access);
}

static void
test_faults (void) {
  g_autoptr (GBytes) init = default_init ();
  g_autofree char *data = repeat (IDR, 2);
  static const struct {
    Run run;
    gsize size;
    UsProbeError code;
    const char *message;
  } CASES[] = {
    { { 1, 0x20000, { 0 }, 0, 0, 1, 0x1, 0, 3, 0, { 0 }, 0 },
      26,
      US_PROBE_ERROR_BROKEN,
      "sample 3 at byte 114: outside of the mdat box" },
    { { 1, 0x20000, { 0 }, 0, 0, 1, 0x1, 0, 4, 0, { 0 }, 0 },
      27,
      US_PROBE_ERROR_BROKEN,
      "outside" },
    { { 1, 0x20000, { 0 }, 0, 0, 1, 0x1, 0, 3, -1, { 0 }, 0 },
      27,
      US_PROBE_ERROR_BROKEN,
      "outside" },
    { { 1, 0x20000, { 0 }, 0, 0, 1, 0x1, 0, 3, G_MAXINT32, { 0 }, 0 },
      27,
      US_PROBE_ERROR_BROKEN,
      "outside" },
    { { 1, 0x20000, { 0 }, 0, 0, 1, 0x1, 0, 3, G_MININT32, { 0 }, 0 },
      27,
      US_PROBE_ERROR_BROKEN,
      "outside" },
    { { 1, 0x1, { 0xffffffff, 0xffffffff }, 2, 0, 1, 0x0, 0, 3, 0, { 0 }, 0 },
      27,
      US_PROBE_ERROR_BROKEN,
      "outside" },
    { { 1, 0x20000, { 0 }, 0, 0, 1, 0x1, 0, 2, 1, { 0 }, 0 },
      27,
      US_PROBE_ERROR_BROKEN,
      "NAL units do not fill it" },
    { { 1, 0x20010, { 8 }, 1, 0, 1, 0x1, 0, 1, 0, { 0 }, 0 },
      27,
      US_PROBE_ERROR_BROKEN,
      "NAL units do not fill it" },
    { { 3, 0x20000, { 0 }, 0, 0, 1, 0x1, 0, 3, 0, { 0 }, 0 },
      27,
      US_PROBE_ERROR_BROKEN,
      "a track that the initialisation section does not have" },
    { { 1, 0x20038, { 40 }, 1, 0, 1, 0x1, 0, 3, 0, { 0 }, 0 },
      27,
      US_PROBE_ERROR_BROKEN,
      "\"tfhd\": too short" },
    { { 1, 0x20000, { 0 }, 0, -1, 1, 0x1, 0, 3, 0, { 0 }, 0 },
      27,
      US_PROBE_ERROR_BROKEN,
      "\"tfdt\": missing" },
    { { 1, 0x20000, { 0 }, 0, G_MAXINT64, 1, 0x1, 0, 3, 0, { 0 }, 0 },
      27,
      US_PROBE_ERROR_BROKEN,
      "a time out of range" },
    { { 1, 0x20000, { 0 }, 0, 0, 1, 0x201, 0, 4, 0, { 9, 9, 9 }, 3 },
      27,
      US_PROBE_ERROR_BROKEN,
      "\"trun\": shorter than its list" },
    { { 1, 0x20000, { 0 }, 0, 0, 1, 0xf01, 0, G_MAXUINT32, 0, { 9, 9, 9 }, 3 },
      27,
      US_PROBE_ERROR_BROKEN,
      "shorter than its list" },
    { { 2, 0x20010, { 0 }, 1, 0, 1, 0x1, 0, G_MAXUINT32, 0, { 0 }, 0 },
      27,
      US_PROBE_ERROR_LIMIT,
      "1048576 samples" },
    { { 1, 0x20000, { 0 }, 0, 0, 1, 0x1, 0, 0, 0, { 0 }, 0 },
      27,
      US_PROBE_ERROR_BROKEN,
      "neither a picture nor sound" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    g_autoptr (GBytes) segment = one_fragment (&CASES[i].run, 1, data, CASES[i].size);
    g_test_message ("case %u: %s", i, CASES[i].message);
    probe_fails (segment, init, CASES[i].code, CASES[i].message);
  }
  g_autoptr (GByteArray) none = g_byte_array_new ();
  gsize styp = mp4_box (none, "styp");
  mp4_end (none, styp);
  g_autoptr (GBytes) nothing = exact (none->data, none->len);
  probe_fails (nothing, init, US_PROBE_ERROR_BROKEN, "no movie fragment");
}

static void
test_box_sizes (void) {
  g_autoptr (GBytes) init = default_init ();
  g_autofree char *data = repeat (IDR, 2);
  const Run run = { 1, 0x20000, { 0 }, 0, 1000, 1, 0x1, 0, 3, 0, { 0 }, 0 };
  g_autoptr (GByteArray) out = g_byte_array_new ();
  gsize wide = mp4_box (out, "free"); /* a length of 64 bits */
  mp4_u32 (out, 0);
  mp4_u32 (out, 20);
  mp4_u32 (out, 0);
  memcpy (out->data + wide, "\0\0\0\1", 4);
  add_fragment (out, &run, 1, data, 27);
  memset (out->data + out->len - 27 - 8, 0, 4); /* an mdat up to the end of the file */
  g_autoptr (GBytes) segment = exact (out->data, out->len);
  g_autoptr (UsProbe) probe = probe_ok (segment, init);
  g_assert_cmpuint (picture_at (probe, 0)->offset, ==, 20);
  out->data[wide + 15] = 15; /* shorter than its own header */
  g_autoptr (GBytes) small = exact (out->data, out->len);
  probe_fails (small, init, US_PROBE_ERROR_BROKEN, "shorter than its header");
  memset (out->data + wide + 8, 0xff, 8);
  g_autoptr (GBytes) large = exact (out->data, out->len);
  probe_fails (large, init, US_PROBE_ERROR_BROKEN, "\"free\": cut off");
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hls/probe-fmp4/defaults", test_defaults);
  g_test_add_func ("/hls/probe-fmp4/two-tracks", test_two_tracks);
  g_test_add_func ("/hls/probe-fmp4/one-picture", test_one_picture);
  g_test_add_func ("/hls/probe-fmp4/other-codec", test_other_codec);
  g_test_add_func ("/hls/probe-fmp4/faults", test_faults);
  g_test_add_func ("/hls/probe-fmp4/box-sizes", test_box_sizes);
  return g_test_run ();
}
