/* test-inspect.c - segments of real muxers, sound and damaged, as an operator sees them */
#include "hls/inspect.h"

#include "hls/mpegts-packet.h"

#include "fixture.h"
#include "synth.h"

static GBytes *
data (const char *name) {
  g_autofree char *path = g_build_filename (g_getenv ("HLS_DATA"), name, NULL);
  char *bytes;
  gsize size;
  g_autoptr (GError) error = NULL;
  g_file_get_contents (path, &bytes, &size, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (bytes, size);
}

static UsInspection *
inspect (GBytes *segment, GBytes *init) {
  g_autoptr (GError) error = NULL;
  UsInspection *self = us_inspect_segment (segment, init, &error);
  g_assert_no_error (error);
  return self;
}

/* The last one is mono; its sample entry says two channels, as that of ffmpeg always does. */
static void
test_formats (void) {
  static const struct {
    const char *segment, *init, *video, *audio;
    guint width, height, rate_mhz, audio_hz, channels, n_delta, n_audio;
    gint64 duration_ms, skew_ms, gop_ms;
  } rows[] = {
    { "h264-ff.ts", NULL, "avc1.4d400a", "mp4a.40.2", 64, 48, 5000, 8000, 1, 8, 17, 2176, -128,
      1000 },
    { "h264-gst.ts", NULL, "avc1.4d400a", "mp4a.40.2", 64, 48, 5000, 8000, 1, 8, 15, 2000, 0,
      1000 },
    { "hevc-ff.ts", NULL, "hvc1.1.6.L30.90", "mp4a.40.34", 64, 48, 5000, 16000, 1, 8, 58, 2088, -69,
      1000 },
    { "h264.m4s", "h264-init.mp4", "avc1.4d400a", "mp4a.40.2", 64, 48, 5000, 8000, 1, 8, 17, 2128,
      -128, 1000 },
    { "hevc.m4s", "hevc-init.mp4", "hev1.1.6.L30.90", "mp4a.40.34", 64, 48, 5000, 16000, 2, 8, 58,
      2069, -70, 1000 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("%s", rows[i].segment);
    g_autoptr (GBytes) segment = fixture (rows[i].segment);
    g_autoptr (GBytes) init = rows[i].init != NULL ? fixture (rows[i].init) : NULL;
    g_autoptr (UsInspection) self = inspect (segment, init);
    g_assert_cmpstr (self->video_codec, ==, rows[i].video);
    g_assert_cmpstr (self->audio_codec, ==, rows[i].audio);
    g_assert_cmpuint (self->width, ==, rows[i].width);
    g_assert_cmpuint (self->height, ==, rows[i].height);
    g_assert_cmpuint (self->frame_rate_mhz, ==, rows[i].rate_mhz);
    g_assert_cmpuint (self->audio_rate_hz, ==, rows[i].audio_hz);
    g_assert_cmpuint (self->audio_channels, ==, rows[i].channels);
    g_assert_cmpuint (self->delta.n, ==, rows[i].n_delta);
    g_assert_cmpuint (self->audio.n, ==, rows[i].n_audio);
    g_assert_cmpint (ABS (self->duration_us / 1000 - rows[i].duration_ms), <=, 1);
    g_assert_cmpint (ABS (self->skew_us / 1000 - rows[i].skew_ms), <=, 1);
    g_assert_cmpint (ABS (self->longest_gop_us / 1000 - rows[i].gop_ms), <=, 1);
    g_assert_cmpuint (self->n_sync_lost + self->n_continuity + self->n_scrambled, ==, 0);
    gboolean is_ts = rows[i].init == NULL;
    g_assert_true (self->has_tables == is_ts && self->has_tables_first == is_ts);
    g_assert_cmpuint (self->n_packets, ==, is_ts ? g_bytes_get_size (segment) / 188 : 0);
  }
}

/* Segments of our own muxer, as they come: one has the sound before the tables. */
static void
test_ours (void) {
  static const char *const names[] = { "gst-1.ts", "gst-2.ts", "gst-3.ts", "gst-video.ts" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autoptr (GBytes) segment = data (names[i]);
    g_autoptr (UsInspection) self = inspect (segment, NULL);
    g_assert_cmpuint (self->width, ==, 160);
    g_assert_cmpuint (self->height, ==, 90); /* 96 less what is cropped, in 4:4:4 */
    g_assert_cmpstr (self->video_codec, ==, "avc1.f4000b");
    g_assert_cmpuint (self->frame_rate_mhz, ==, 30000);
    g_assert_cmpuint (self->delta.n, ==, 29);
    g_assert_cmpint (ABS (self->longest_gop_us - 1000000), <, 100);
    g_assert_cmpuint (self->n_sync_lost + self->n_continuity + self->n_scrambled, ==, 0);
    g_assert_true (self->has_tables);
  }
}

static void
test_sound_alone (void) {
  g_autoptr (GBytes) segment = data ("ff-audio.ts");
  g_autoptr (UsInspection) self = inspect (segment, NULL);
  g_assert_null (self->video_codec);
  g_assert_cmpuint (self->width + self->height + self->frame_rate_mhz, ==, 0);
  g_assert_cmpuint (self->audio.n, ==, 48);
  g_assert_cmpuint (self->audio.p50, <=, self->audio.p90);
  g_assert_cmpuint (self->audio.p90, <=, self->audio.max);
  g_assert_cmpint (self->duration_us, ==, 1024000);
  g_assert_cmpint (self->skew_us, ==, G_MININT64);
}

static GByteArray *
copy_of (const char *name) {
  g_autoptr (GBytes) segment = data (name);
  return g_bytes_unref_to_array (g_steal_pointer (&segment));
}

static UsInspection *
inspect_array (GByteArray *ts) {
  g_autoptr (GBytes) bytes = exact (ts->data, ts->len);
  g_autoptr (GError) error = NULL;
  UsInspection *self = us_inspect_segment (bytes, NULL, &error);
  g_assert_no_error (error);
  return self;
}

/* The place of the @n-th packet of a PID. */
static gsize
packet_of (GByteArray *ts, guint pid, guint n) {
  for (gsize at = 0; at < ts->len; at += 188)
    if ((guint)((ts->data[at + 1] & 0x1f) << 8 | ts->data[at + 2]) == pid && n-- == 0)
      return at;
  g_assert_not_reached ();
}

/* One packet lost: one picture less, all else is told. */
static void
test_lost_packet (void) {
  g_autoptr (GByteArray) ts = copy_of ("ff-av.ts");
  g_autoptr (UsInspection) whole = inspect_array (ts);
  g_byte_array_remove_range (ts, (guint)packet_of (ts, 0x100, 40), 188);
  g_autoptr (GBytes) bytes = g_bytes_new (ts->data, ts->len);
  probe_fails (bytes, NULL, US_PROBE_ERROR_BROKEN, "continuity counter");
  g_autoptr (UsInspection) self = inspect_array (ts);
  g_assert_cmpuint (self->n_continuity, ==, 1);
  g_assert_cmpuint (self->probe->n_video, <, whole->probe->n_video);
  g_assert_cmpuint (self->probe->n_video, >=, whole->probe->n_video - 2);
  g_assert_cmpstr (self->video_codec, ==, whole->video_codec);
  g_assert_cmpuint (self->audio.n, ==, whole->audio.n);
}

static void
test_lost_sync (void) {
  g_autoptr (GByteArray) ts = copy_of ("ff-av.ts");
  ts->data[packet_of (ts, 0x100, 30)] = 0x48;
  ts->data[packet_of (ts, 0x100, 40)] = 0x48;
  g_autoptr (UsInspection) self = inspect_array (ts);
  g_assert_cmpuint (self->n_sync_lost, ==, 2);
  g_assert_cmpuint (self->n_continuity, ==, 2);
  g_assert_true (self->probe->has_video);
}

static void
test_scrambled (void) {
  g_autoptr (GByteArray) ts = copy_of ("ff-av.ts");
  guint n = 0;
  for (gsize at = 0; at < ts->len; at += 188) {
    guint pid = (guint)((ts->data[at + 1] & 0x1f) << 8 | ts->data[at + 2]);
    if (pid == 0x100 || pid == 0x101) {
      ts->data[at + 3] |= 0x80;
      n++;
    }
  }
  g_autoptr (UsInspection) self = inspect_array (ts);
  g_assert_cmpuint (self->n_scrambled, ==, n);
  g_assert_false (self->probe->has_video || self->probe->has_audio);
  g_assert_cmpint (self->duration_us, ==, 0);
}

static void
test_no_tables (void) {
  g_autoptr (GByteArray) ts = copy_of ("ff-av.ts");
  for (gsize at = 0; at < ts->len; at += 188)
    if ((ts->data[at + 1] & 0x1f) == 0 && ts->data[at + 2] == 0)
      ts->data[at + 2] = 0x55; /* the PAT is somewhere else */
  g_autoptr (UsInspection) self = inspect_array (ts);
  g_assert_false (self->has_tables);
  g_assert_false (self->has_tables_first);
  g_assert_false (self->probe->has_video || self->probe->has_audio);
}

static void
test_tables_late (void) {
  g_autoptr (GByteArray) ts = copy_of ("ff-av.ts");
  g_autoptr (GByteArray) late = g_byte_array_new ();
  gsize first = packet_of (ts, 0x100, 0);
  g_autoptr (UsInspection) whole = inspect_array (ts);
  g_assert_true (whole->has_tables_first);
  /* One packet of video padding stands before everything. */
  synth_packet (late, 0x101, ts->data[packet_of (ts, 0x101, 0) + 3] - 1, TRUE, NULL, 0,
                "\0\0\1\xbe\0\0", 6);
  g_byte_array_append (late, ts->data, ts->len);
  g_autoptr (UsInspection) self = inspect_array (late);
  g_assert_true (self->has_tables);
  g_assert_false (self->has_tables_first);
  g_assert_cmpuint (first, >, 0);
}

/* What has no such excuse is an error. */
static void
test_broken (void) {
  g_autoptr (GByteArray) ts = copy_of ("ff-av.ts");
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) cut = exact (ts->data, ts->len - 100);
  g_assert_null (us_inspect_segment (cut, NULL, &error));
  g_assert_error (error, US_PROBE_ERROR, US_PROBE_ERROR_BROKEN);
  g_clear_error (&error);
  g_autoptr (GBytes) page = exact ("<html>Not found</html>", 22);
  g_assert_null (us_inspect_segment (page, NULL, &error));
  g_assert_error (error, US_PROBE_ERROR, US_PROBE_ERROR_CONTAINER);
  g_clear_error (&error);
  g_autoptr (GBytes) fragment = fixture ("h264.m4s");
  g_assert_null (us_inspect_segment (fragment, NULL, &error));
  g_assert_error (error, US_PROBE_ERROR, US_PROBE_ERROR_NO_MAP);
  g_clear_error (&error);
  g_autoptr (GBytes) nothing = exact ("", 0);
  g_assert_null (us_inspect_segment (nothing, NULL, &error));
  g_assert_error (error, US_PROBE_ERROR, US_PROBE_ERROR_BROKEN);
}

/* Pictures over the 33-bit wrap, a cue between them. */
static void
test_wrap_and_cue (void) {
  gint64 wrap = G_GINT64_CONSTANT (1) << 33;
  g_autoptr (GByteArray) ts = synth_new ();
  static const guint8 SLICES[2][12]
      = { { 0, 0, 1, 0x65, 0x88, 0x84, 0x21, 0xa0 }, { 0, 0, 1, 0x41, 0x9a, 0x21, 0x22, 0x11 } };
  guint8 pmt[]
      = { 2,           0,    0,    0,    1,    0xc1,        0,    0, 0xe0 | SYNTH_VIDEO >> 8,
          SYNTH_VIDEO, 0xf0, 0,    0x1b, 0xe0, SYNTH_VIDEO, 0xf0, 0, 0x86,
          0xe1,        0xf4, 0xf0, 0 };
  guint8 cue[] = { 0xfc, 0, 0, 0,    0,    0,    0, 0, 0, 0, 0xff, 0xf0, 0x0e, 5, 0,
                   0,    0, 1, 0x7f, 0xff, 0xfe, 0, 0, 0, 0, 0,    0,    0,    0, 0 };
  synth_pat (ts, 0);
  synth_section (ts, SYNTH_PMT, 0, pmt, sizeof pmt);
  guint counter = 0;
  for (guint i = 0; i < 4; i++) {
    guint8 pes[14 + 8] = { 0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 5 };
    synth_timestamp (pes + 9, 2, (wrap - 7200 + 3600 * i) % wrap);
    memcpy (pes + 14, SLICES[i > 0], 8);
    counter = synth_unit (ts, SYNTH_VIDEO, counter, pes, sizeof pes);
    if (i == 1)
      synth_section (ts, 0x1f4, 0, cue, sizeof cue);
  }
  g_autoptr (UsInspection) self = inspect_array (ts);
  g_assert_cmpint (ABS (self->duration_us - 160000), <=, 1);
  g_assert_cmpuint (self->frame_rate_mhz, ==, 25000);
  g_assert_cmpuint (self->delta.n, ==, 3);
  g_assert_cmpuint (self->delta.max, ==, 8);
  g_assert_true (self->has_cue_out);
  g_assert_false (self->has_cue_in);
  g_assert_cmpint (ABS (self->longest_gop_us - 160000), <=, 1);
}

static void
append_u32 (GByteArray *out, guint32 value) {
  value = GUINT32_TO_BE (value);
  g_byte_array_append (out, (const guint8 *)&value, 4);
}

/* An event message stands before the fragments: it is read where it is a cue, and passed over where
 * it is not; the segment is the same segment. */
static void
test_event_messages (void) {
  static const guint8 cue[]
      = { 0xfc, 0x30, 0x1b, 0,    0,    0, 0, 0, 0, 0, 0xff, 0xf0, 0x0a, 5, 0,
          0,    0,    7,    0x7f, 0xdf, 0, 1, 0, 0, 0, 0,    0,    0,    0, 0 };
  static const char *const schemes[]
      = { "urn:scte:scte35:2013:bin", "urn:scte:scte35:2014:xml+bin" };
  g_autoptr (GBytes) plain = fixture ("h264.m4s");
  g_autoptr (GBytes) init = fixture ("h264-init.mp4");
  g_autoptr (UsInspection) before = inspect (plain, init);
  g_assert_false (before->has_cue_out || before->has_cue_in);
  for (guint i = 0; i < G_N_ELEMENTS (schemes); i++) {
    guint8 section[sizeof cue];
    memcpy (section, cue, sizeof cue);
    guint32 crc = GUINT32_TO_BE (us_mpegts_crc32 (section, sizeof cue - 4));
    memcpy (section + sizeof cue - 4, &crc, 4);
    g_autoptr (GByteArray) bytes = g_byte_array_new ();
    gsize scheme_size = strlen (schemes[i]) + 1, size;
    append_u32 (bytes, (guint32)(8 + 4 + scheme_size + 1 + 16 + sizeof section));
    g_byte_array_append (bytes, (const guint8 *)"emsg\0\0\0\0", 8);
    g_byte_array_append (bytes, (const guint8 *)schemes[i], scheme_size);
    g_byte_array_append (bytes, (const guint8 *)"", 1);
    for (guint k = 0; k < 4; k++)
      append_u32 (bytes, 0);
    g_byte_array_append (bytes, section, sizeof section);
    const guint8 *rest = g_bytes_get_data (plain, &size);
    g_byte_array_append (bytes, rest, size);
    g_autoptr (GBytes) segment = exact (bytes->data, bytes->len);
    g_autoptr (UsInspection) self = inspect (segment, init);
    g_assert_cmpint (self->has_cue_out, ==, i == 0);
    g_assert_false (self->has_cue_in);
    g_assert_cmpint (self->duration_us, ==, before->duration_us);
    g_assert_cmpuint (self->delta.n, ==, before->delta.n);
    g_assert_cmpstr (self->video_codec, ==, before->video_codec);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/inspect/formats", test_formats);
  g_test_add_func ("/inspect/ours", test_ours);
  g_test_add_func ("/inspect/sound-alone", test_sound_alone);
  g_test_add_func ("/inspect/lost-packet", test_lost_packet);
  g_test_add_func ("/inspect/lost-sync", test_lost_sync);
  g_test_add_func ("/inspect/scrambled", test_scrambled);
  g_test_add_func ("/inspect/no-tables", test_no_tables);
  g_test_add_func ("/inspect/tables-late", test_tables_late);
  g_test_add_func ("/inspect/broken", test_broken);
  g_test_add_func ("/inspect/wrap-and-cue", test_wrap_and_cue);
  g_test_add_func ("/inspect/event-messages", test_event_messages);
  return g_test_run ();
}
