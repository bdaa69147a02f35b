/* test-probe-ts.c - transport streams as foreign packagers may write them, and broken ones */
#include "fixture.h"
#include "synth.h"

#define SPS "\0\0\0\1\x67\x42\x1e\x11"
#define PPS "\0\0\0\1\x68\xce\x3c\x80"
#define AUD "\0\0\0\1\x09\xf0"
#define RECOVERY "\0\0\1\x06\x06\x01\xc4\x80"
#define IDR "\0\0\1\x65\x88\x84\x21\xa0"
#define SLICE "\0\0\1\x41\x9a\x21\x22"

/* A stream on its way. */
typedef struct {
  GByteArray *ts;
  guint video, audio; /* next counters */
} Stream;

static Stream
stream_new (guint8 video_type) {
  Stream stream = { .ts = synth_new () };
  synth_pat (stream.ts, 0);
  synth_pmt (stream.ts, 0, video_type);
  return stream;
}

/* Appends a PES packet; @length: what its header says, -1: nothing (video), else bytes too many. */
static void
add_pes (Stream *stream, gboolean is_video, gint64 pts, const char *data, gsize size,
         int too_many) {
  g_autoptr (GByteArray) pes = g_byte_array_new ();
  guint8 head[14] = { 0, 0, 1, is_video ? 0xe0 : 0xc0, 0, 0, 0x80, 0x80, 5 };
  synth_timestamp (head + 9, 2, pts);
  if (too_many >= 0 && !(is_video && too_many == 0)) {
    gsize length = sizeof head - 6 + size + too_many;
    head[4] = (guint8)(length >> 8);
    head[5] = (guint8)length;
  }
  g_byte_array_append (pes, head, sizeof head);
  g_byte_array_append (pes, (const guint8 *)data, size);
  guint *counter = is_video ? &stream->video : &stream->audio;
  *counter = synth_unit (stream->ts, is_video ? SYNTH_VIDEO : SYNTH_AUDIO, *counter, pes->data,
                         pes->len);
}
#define VIDEO(stream, pts, data) add_pes (stream, TRUE, pts, data, sizeof (data) - 1, 0)
#define AUDIO(stream, pts, data) add_pes (stream, FALSE, pts, data, sizeof (data) - 1, 0)

static UsProbe *
probe_stream (Stream *stream) {
  g_autoptr (GBytes) bytes = exact (stream->ts->data, stream->ts->len);
  g_clear_pointer (&stream->ts, g_byte_array_unref);
  return probe_ok (bytes, NULL);
}

static void
stream_fails (Stream *stream, UsProbeError code, const char *message) {
  g_autoptr (GBytes) bytes = exact (stream->ts->data, stream->ts->len);
  g_clear_pointer (&stream->ts, g_byte_array_unref);
  probe_fails (bytes, NULL, code, message);
}

/* Times in whole milliseconds, as RTMP gives them. @lost: a picture that is not there, 0: none */
static UsProbe *
probe_rate (guint rate, guint n, guint lost) {
  Stream stream = stream_new (US_MPEGTS_TYPE_H264);
  VIDEO (&stream, 0, SPS PPS IDR);
  for (guint i = 1; i < n; i++) {
    if (i != lost)
      VIDEO (&stream, (gint64)(i * 1000 / rate) * 90, SLICE);
  }
  return probe_stream (&stream);
}

/* A picture lasts no whole number of milliseconds: as many of them fill the segment as are in it,
 * and one more when one is missing. */
static void
test_rounded_times (void) {
  static const guint rates[] = { 15, 24, 30, 48, 60, 120 };
  for (guint i = 0; i < G_N_ELEMENTS (rates); i++) {
    for (guint seconds = 1; seconds <= 10; seconds += 3) {
      guint n = rates[i] * seconds;
      g_autoptr (UsProbe) whole = probe_rate (rates[i], n, 0);
      g_autoptr (UsProbe) holed = probe_rate (rates[i], n, n / 2);
      gint64 length_us = whole->end_video_us - whole->first_video_us;
      g_test_message ("%u pictures a second, %u s: %" G_GINT64_FORMAT " us each", rates[i], seconds,
                      whole->frame_us);
      g_assert_cmpuint (whole->n_video, ==, n);
      g_assert_cmpuint (holed->n_video, ==, n - 1);
      g_assert_cmpint ((length_us + whole->frame_us / 2) / whole->frame_us, ==, n);
      length_us = holed->end_video_us - holed->first_video_us;
      g_assert_cmpint ((length_us + holed->frame_us / 2) / holed->frame_us, ==, n);
    }
  }
}

static void
test_times (void) {
  gint64 wrap = G_GINT64_CONSTANT (1) << 33;
  Stream stream = stream_new (US_MPEGTS_TYPE_H264);
  VIDEO (&stream, wrap - 3600, SPS PPS IDR);
  VIDEO (&stream, 3600 * 2, SLICE); /* B-frames: shown last, decoded second */
  VIDEO (&stream, 0, SLICE);
  VIDEO (&stream, 3600, SLICE);
  AUDIO (&stream, wrap - 4500, "x");
  AUDIO (&stream, 4500, "x");
  g_autoptr (UsProbe) probe = probe_stream (&stream);
  gint64 top_us = wrap * 100 / 9;
  g_assert_cmpuint (probe->n_video, ==, 4);
  g_assert_cmpint (probe->frame_us, ==, 40000);
  g_assert_cmpint (ABS (probe->first_video_us - (top_us - 40000)), <=, 1);
  g_assert_cmpint (probe->end_video_us - probe->first_video_us, ==, 160000);
  g_assert_cmpint (ABS (probe->first_audio_us - (top_us - 50000)), <=, 1);
  g_assert_cmpint (ABS (probe->end_audio_us - (top_us + 150000)), <=, 1); /* as long as before */
}

static void
test_tolerated (void) {
  Stream stream = stream_new (US_MPEGTS_TYPE_H264);
  guint8 sdt[] = { 0x42, 0, 0, 0, 1, 0xc1, 0, 0, 0, 1, 0xff };
  guint8 other[] = { 0xfc, 0, 0, 0, 1, 0xc1, 0, 0, 0, 1, 0xff };
  guint8 jump[] = { 0x80 };
  static const char PADDING[] = { 0, 0, 1, (char)0xbe, 0, 4, -1, -1, -1, -1 };
  /* what was open when the multiplex was cut */
  synth_packet (stream.ts, SYNTH_AUDIO, 9, FALSE, NULL, 0, "tail", 4);
  synth_packet (stream.ts, SYNTH_VIDEO, 9, FALSE, NULL, 0, "tail", 4);
  stream.video = stream.audio = 10;
  synth_section (stream.ts, 0x11, 0, sdt, sizeof sdt);
  VIDEO (&stream, 9000, AUD SPS PPS IDR);
  synth_pat (stream.ts, 0); /* no counting up */
  synth_section (stream.ts, SYNTH_PMT, 0, other, sizeof other);
  synth_pmt (stream.ts, 7, US_MPEGTS_TYPE_H264);
  synth_packet (stream.ts, US_MPEGTS_NULL_PID, 3, FALSE, NULL, 0, "null", 4);
  synth_packet (stream.ts, 0x99, 3, TRUE, NULL, 0, "no PES", 6);
  synth_packet (stream.ts, SYNTH_VIDEO, 5, FALSE, jump, 1, NULL, 0); /* a clock, no payload */
  VIDEO (&stream, 12600, SLICE);
  g_byte_array_append (stream.ts, stream.ts->data + stream.ts->len - 188, 188); /* sent twice */
  synth_packet (stream.ts, SYNTH_VIDEO, stream.video++, TRUE, NULL, 0, PADDING, sizeof PADDING);
  stream.video += 5; /* said to jump */
  VIDEO (&stream, 16200, SLICE);
  stream.ts->data[stream.ts->len - 188 + 5] |= 0x80;
  AUDIO (&stream, 9000, "sound");
  add_pes (&stream, FALSE, 12600, "cut", 3, 50); /* open when it was cut again */
  g_autoptr (UsProbe) probe = probe_stream (&stream);
  g_assert_cmpuint (probe->n_video, ==, 3);
  g_assert_cmpuint (probe->pictures->len, ==, 1);
  g_assert_cmpint (probe->first_audio_us, ==, 100000);
}

static void
test_pes_faults (void) {
  static const struct {
    int too_many;
    gboolean is_last;
    const char *message;
  } CASES[] = {
    { 1, FALSE, "PID 66: a PES packet of 17 bytes has 16" },
    { 500, FALSE, "a PES packet of 516 bytes has 16" },
    { 1, TRUE, "PID 66: a PES packet of 17 bytes has 16" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    Stream stream = stream_new (US_MPEGTS_TYPE_H264);
    VIDEO (&stream, 9000, IDR);
    add_pes (&stream, FALSE, 9000, "ab", 2, CASES[i].too_many);
    if (!CASES[i].is_last)
      AUDIO (&stream, 9900, "ab");
    stream_fails (&stream, US_PROBE_ERROR_BROKEN, CASES[i].message);
  }
  static const struct {
    guint at;
    guint8 value;
    const char *message;
  } BYTES[] = {
    { 0, 1, "packet 2, PID 65: no PES start code" },
    { 2, 2, "no PES start code" },
    { 6, 0, "broken PES header" },
    { 7, 0x40, "broken PES header" },
    { 8, 200, "broken PES header" },
    { 17, 0xe5, "packet 2, PID 65: a damaged NAL unit" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (BYTES); i++) {
    Stream stream = stream_new (US_MPEGTS_TYPE_H264);
    VIDEO (&stream, 9000, IDR SLICE);
    guint8 *packet = stream.ts->data + 2 * 188;
    packet[5 + packet[4] + BYTES[i].at] = BYTES[i].value;
    VIDEO (&stream, 12600, SLICE);
    g_test_message ("case %u", i);
    stream_fails (&stream, US_PROBE_ERROR_BROKEN, BYTES[i].message);
  }
}

static void
test_nothing_whole (void) {
  Stream none = stream_new (US_MPEGTS_TYPE_H264);
  stream_fails (&none, US_PROBE_ERROR_BROKEN, "neither a picture nor sound");
  Stream tail = stream_new (US_MPEGTS_TYPE_H264);
  synth_packet (tail.ts, SYNTH_VIDEO, 0, FALSE, NULL, 0, "tail", 4);
  AUDIO (&tail, 9000, "x");
  stream_fails (&tail, US_PROBE_ERROR_BROKEN, "PID 65: no whole picture");
  Stream empty = stream_new (US_MPEGTS_TYPE_H264);
  VIDEO (&empty, 9000, AUD);
  stream_fails (&empty, US_PROBE_ERROR_BROKEN, "no whole picture");
  Stream sound = stream_new (0);
  synth_packet (sound.ts, SYNTH_AUDIO, 0, FALSE, NULL, 0, "tail", 4);
  stream_fails (&sound, US_PROBE_ERROR_BROKEN, "PID 66: no whole audio packet");
  Stream silent = stream_new (US_MPEGTS_TYPE_H264);
  AUDIO (&silent, 9000, "x"); /* the picture is away for a while */
  g_autoptr (UsProbe) probe = probe_stream (&silent);
  g_assert_false (probe->has_video);
  g_assert_true (probe->has_audio);
  g_assert_cmpint (probe->first_video_us, ==, G_MININT64);
}

static void
test_tables (void) {
  g_autoptr (GByteArray) tables = synth_new ();
  synth_pat (tables, 0);
  synth_pmt (tables, 0, US_MPEGTS_TYPE_H264);
  g_autoptr (GBytes) map = exact (tables->data, tables->len);
  Stream bare = { .ts = synth_new () };
  VIDEO (&bare, 9000, IDR);
  g_autoptr (GBytes) segment = exact (bare.ts->data, bare.ts->len);
  g_autoptr (UsProbe) probe = probe_ok (segment, map);
  g_assert_cmpuint (probe->n_video, ==, 1);
  stream_fails (&bare, US_PROBE_ERROR_BROKEN, "no PAT");

  Stream no_pmt = { .ts = synth_new () };
  synth_pat (no_pmt.ts, 0);
  stream_fails (&no_pmt, US_PROBE_ERROR_BROKEN, "no PMT");

  for (guint i = 0; i < 2; i++) { /* damage to a table that is repeated */
    Stream again = stream_new (US_MPEGTS_TYPE_H264);
    VIDEO (&again, 9000, IDR);
    if (i == 0)
      synth_pat (again.ts, 1);
    else
      synth_pmt (again.ts, 1, US_MPEGTS_TYPE_H264);
    again.ts->data[again.ts->len - 188 + 14] ^= 1;
    stream_fails (&again, US_PROBE_ERROR_BROKEN, "checksum");
  }
}

static guint64
config_of (guint8 type, const char *data, gsize size, guint8 later_type) {
  Stream stream = stream_new (type);
  add_pes (&stream, TRUE, 9000, data, size, 0);
  if (later_type != 0)
    synth_pmt (stream.ts, 1, later_type);
  g_autoptr (UsProbe) probe = probe_stream (&stream);
  return probe->config;
}
#define CONFIG(data) config_of (US_MPEGTS_TYPE_H264, data, sizeof (data) - 1, 0)

static void
test_config (void) {
  guint64 config = CONFIG (SPS PPS IDR);
  g_assert_cmpuint (config, ==, CONFIG (AUD SPS PPS SPS PPS IDR IDR));
  g_assert_cmpuint (config, ==, CONFIG (PPS SPS IDR));
  g_assert_cmpuint (config, !=, CONFIG (SPS IDR));
  g_assert_cmpuint (config, !=, CONFIG (SPS "\x01" PPS IDR));
  static const char SAME[] = SPS PPS IDR;
  g_assert_cmpuint (config, ==,
                    config_of (US_MPEGTS_TYPE_H264, SAME, sizeof SAME - 1, US_MPEGTS_TYPE_H264));
  g_assert_cmpuint (config, !=,
                    config_of (US_MPEGTS_TYPE_H264, SAME, sizeof SAME - 1, US_MPEGTS_TYPE_HEVC));

  Stream adts[3];
  guint64 configs[3];
  for (guint i = 0; i < 3; i++) {
    static const char *FRAMES[]
        = { "\xff\xf1\x4c\x80\x01\x1f\xfc!", "\xff\xf1\x4c\x80\x01\x1f\xfc?",
            "\xff\xf1\x50\x80\x01\x1f\xfc!" };
    adts[i] = stream_new (0);
    add_pes (&adts[i], FALSE, 9000, FRAMES[i], 8, 0);
    g_autoptr (UsProbe) probe = probe_stream (&adts[i]);
    configs[i] = probe->config;
    g_assert_cmpint (probe->end_audio_us - probe->first_audio_us, >=, 21333);
  }
  g_assert_cmpuint (configs[0], ==, configs[1]);
  g_assert_cmpuint (configs[0], !=, configs[2]);
}

static void
test_random_access (void) {
  static const struct {
    guint8 type;
    const char *data;
    gsize size;
    gboolean is_idr, is_random_access;
  } CASES[] = {
    { US_MPEGTS_TYPE_H264, IDR, sizeof IDR - 1, TRUE, TRUE },
    { US_MPEGTS_TYPE_H264, SLICE, sizeof SLICE - 1, FALSE, FALSE },
    { US_MPEGTS_TYPE_H264, RECOVERY SLICE, sizeof RECOVERY SLICE - 1, FALSE, TRUE },
    { US_MPEGTS_TYPE_HEVC, "\0\0\1\x26\1\x80", 6, TRUE, TRUE },
    { US_MPEGTS_TYPE_HEVC, "\0\0\1\x02\1\x80", 6, FALSE, FALSE },
    { 0x02, "\0\0\1\xb3", 4, FALSE, FALSE }, /* MPEG-2 video: times only */
  };
  for (guint i = 0; i < G_N_ELEMENTS (CASES); i++) {
    Stream stream = stream_new (CASES[i].type);
    add_pes (&stream, TRUE, 9000, CASES[i].data, CASES[i].size, 0);
    g_autoptr (UsProbe) probe = probe_stream (&stream);
    g_test_message ("case %u", i);
    g_assert_cmpuint (probe->n_video, ==, 1);
    g_assert_cmpint (probe->starts_with_idr, ==, CASES[i].is_idr);
    g_assert_cmpint (probe->starts_with_random_access, ==, CASES[i].is_random_access);
    g_assert_cmpuint (probe->pictures->len, ==, CASES[i].is_idr);
    g_assert_cmpint (probe->frame_us, ==, 0);
  }
}

static void
test_limit (void) {
  Stream stream = stream_new (US_MPEGTS_TYPE_H264);
  for (guint i = 0; i < US_PROBE_MAX_PICTURES; i++)
    VIDEO (&stream, 9000 + 3600 * i, IDR);
  Stream more = { g_byte_array_new (), stream.video, 0 };
  g_byte_array_append (more.ts, stream.ts->data, stream.ts->len);
  VIDEO (&more, 0, IDR);
  g_autoptr (UsProbe) probe = probe_stream (&stream);
  g_assert_cmpuint (probe->pictures->len, ==, US_PROBE_MAX_PICTURES);
  stream_fails (&more, US_PROBE_ERROR_LIMIT, "4096 random access points");
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/hls/probe-ts/times", test_times);
  g_test_add_func ("/hls/probe-ts/rounded-times", test_rounded_times);
  g_test_add_func ("/hls/probe-ts/tolerated", test_tolerated);
  g_test_add_func ("/hls/probe-ts/pes-faults", test_pes_faults);
  g_test_add_func ("/hls/probe-ts/nothing-whole", test_nothing_whole);
  g_test_add_func ("/hls/probe-ts/tables", test_tables);
  g_test_add_func ("/hls/probe-ts/config", test_config);
  g_test_add_func ("/hls/probe-ts/random-access", test_random_access);
  g_test_add_func ("/hls/probe-ts/limit", test_limit);
  return g_test_run ();
}
