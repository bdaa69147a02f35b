/* test-chunk-reader.c - every form of chunk, every limit, and the failures of other parsers
 *
 * Chunks are hexadecimal text. Each good dialogue is pushed whole and byte by byte, and has to
 * give the same messages.
 */
#include <string.h>

#include "fixture.h"
#include "rtmp/chunk-reader.h"
#include "rtmp/error.h"

/* Pushes all of @bytes in portions of @step; messages as "type/csid/stream/time:hex " */
static char *
read_in_steps (const UsRtmpLimits *limits, const GByteArray *bytes, gsize step, GError **error) {
  g_autoptr (UsRtmpChunkReader) reader = us_rtmp_chunk_reader_new (limits);
  g_autoptr (GString) text = g_string_new (NULL);
  for (gsize at = 0; at < bytes->len; at += step) {
    gsize size = MIN (step, bytes->len - at);
    g_autofree guint8 *exact = g_memdup2 (bytes->data + at, size);
    const guint8 *p = exact;
    for (;;) {
      g_auto (UsRtmpMessage) message = { 0 };
      UsRtmpChunkResult result = us_rtmp_chunk_reader_push (reader, &p, &size, &message, error);
      if (result == US_RTMP_CHUNK_ERROR)
        return NULL;
      if (result == US_RTMP_CHUNK_MORE)
        break;
      gsize length;
      const guint8 *data = g_bytes_get_data (message.payload, &length);
      g_string_append_printf (text, "%u/%u/%u/%u:", message.type, message.chunk_stream,
                              message.stream_id, message.timestamp_ms);
      for (gsize i = 0; i < MIN (length, 8); i++)
        g_string_append_printf (text, "%02x", data[i]);
      if (length > 8)
        g_string_append_printf (text, "+%" G_GSIZE_FORMAT, length - 8);
      g_string_append_c (text, ' ');
    }
    g_assert_cmpuint (size, ==, 0);
  }
  return g_strdup (g_strchomp (text->str));
}

static void
assert_reads (const GByteArray *bytes, const char *expected) {
  UsRtmpLimits limits;
  us_rtmp_limits_default (&limits);
  static const gsize steps[] = { 1 << 20, 1, 2, 3, 5, 64 };
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *text = read_in_steps (&limits, bytes, steps[i], &error);
    g_assert_no_error (error);
    g_assert_cmpstr (text, ==, expected);
  }
}

static void
assert_reads_hex (const char *hex, const char *expected) {
  g_autoptr (GByteArray) bytes = fixture_hex (hex);
  assert_reads (bytes, expected);
}

static void
assert_fails (const GByteArray *bytes, const UsRtmpLimits *limits, UsRtmpError code) {
  static const gsize steps[] = { 1 << 20, 1 };
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++) {
    g_autoptr (GError) error = NULL;
    g_autofree char *text = read_in_steps (limits, bytes, steps[i], &error);
    g_assert_null (text);
    g_assert_error (error, US_RTMP_ERROR, (gint)code);
  }
}

static void
assert_fails_hex (const char *hex, UsRtmpError code) {
  g_autoptr (GByteArray) bytes = fixture_hex (hex);
  UsRtmpLimits limits;
  us_rtmp_limits_default (&limits);
  assert_fails (bytes, &limits, code);
}

static void
append_hex (GByteArray *bytes, const char *hex) {
  g_autoptr (GByteArray) more = fixture_hex (hex);
  g_byte_array_append (bytes, more->data, more->len);
}

static void
test_header_types (void) {
  assert_reads_hex ("04 000064 000002 08 01000000 aabb" /* type 0: ts 100, audio, stream 1 */
                    "44 000017 000001 09 cc"            /* type 1: +23, video */
                    "84 00000a dd"                      /* type 2: +10 */
                    "c4 ee",                            /* type 3: +10 again */
                    "8/4/1/100:aabb 9/4/1/123:cc 9/4/1/133:dd 9/4/1/143:ee");
}

static void
test_type_3_after_type_0 (void) {
  /* ffmpeg's FCPublish and createStream: ts 0, so the repeated delta is 0. */
  assert_reads_hex ("03 000000 000001 14 00000000 aa c3 bb", "20/3/0/0:aa 20/3/0/0:bb");
  /* 5.3.1.2.4: the time stamp of the type 0 chunk is the delta. */
  assert_reads_hex ("03 000028 000001 14 00000000 aa c3 bb c3 cc",
                    "20/3/0/40:aa 20/3/0/80:bb 20/3/0/120:cc");
}

static guint32
read_time (UsRtmpChunkReader *reader, const char *hex) {
  g_autoptr (GByteArray) bytes = fixture_hex (hex);
  g_auto (UsRtmpMessage) message = { 0 };
  const guint8 *p = bytes->data;
  gsize size = bytes->len;
  g_assert_cmpint (us_rtmp_chunk_reader_push (reader, &p, &size, &message, NULL), ==,
                   US_RTMP_CHUNK_MESSAGE);
  g_assert_cmpuint (size, ==, 0);
  return message.timestamp_ms;
}

/* Of librtmp, only messages with several tracks have the time of the one before. */
static void
test_type_3_of_librtmp (void) {
  for (guint is_librtmp = 0; is_librtmp < 2; is_librtmp++) {
    UsRtmpLimits limits;
    us_rtmp_limits_default (&limits);
    g_autoptr (UsRtmpChunkReader) reader = us_rtmp_chunk_reader_new (&limits);
    us_rtmp_chunk_reader_set_is_librtmp (reader, (gboolean)is_librtmp);
    g_assert_cmpuint (read_time (reader, "04 000064 000003 08 01000000 af0100"), ==, 100);
    g_assert_cmpuint (read_time (reader, "84 000015 af0111"), ==, 121);
    guint32 same = is_librtmp ? 121 : 142;
    g_assert_cmpuint (read_time (reader, "c4 950122"), ==, same);
    same += is_librtmp ? 0 : 21;
    g_assert_cmpuint (read_time (reader, "c4 950133"), ==, same);
    g_assert_cmpuint (read_time (reader, "84 000015 af0144"), ==, same + 21);
    g_assert_cmpuint (read_time (reader, "c4 af0155"), ==, same + 42);
    g_assert_cmpuint (read_time (reader, "44 000015 000002 09 9601"), ==, same + 63);
    same += is_librtmp ? 63 : 84;
    g_assert_cmpuint (read_time (reader, "c4 a601"), ==, same);
    g_assert_cmpuint (read_time (reader, "44 000000 000000 08"), ==, same);
    g_assert_cmpuint (read_time (reader, "c4"), ==, same);
  }
}

static void
test_chunk_stream_forms (void) {
  assert_reads_hex ("02 000000 000001 03 00000000 01"
                    "3f 000000 000001 03 00000000 02"       /* 63 */
                    "00 00 000000 000001 03 00000000 03"    /* 64 */
                    "00 ff 000000 000001 03 00000000 04"    /* 319 */
                    "01 00 01 000000 000001 03 00000000 05" /* 320 */
                    "01 ff ff 000000 000001 03 00000000 06" /* 65599 */
                    "01 00 00 000000 000001 03 00000000 07" /* 64 in the long form */
                    "c0 00 08",                             /* type 3 on 64 */
                    "3/2/0/0:01 3/63/0/0:02 3/64/0/0:03 3/319/0/0:04 3/320/0/0:05 3/65599/0/0:06 "
                    "3/64/0/0:07 3/64/0/0:08");
}

static void
test_stream_id_is_little_endian (void) {
  assert_reads_hex ("04 000000 000001 08 04030201 aa", "8/4/16909060/0:aa");
}

static void
test_empty_messages (void) {
  assert_reads_hex ("04 000000 000000 08 01000000 c4 84 000005", "8/4/1/0: 8/4/1/0: 8/4/1/5:");
}

static void
test_first_chunk (void) {
  assert_reads_hex ("42 000007 000001 04 aa", "4/2/0/7:aa");
  assert_fails_hex ("82 000000", US_RTMP_ERROR_PROTOCOL);
  assert_fails_hex ("c2 00", US_RTMP_ERROR_PROTOCOL);
}

/* Appends a message of @size bytes @fill on a csid below 64, in chunks of @chunk. */
static void
append_message (GByteArray *bytes, guint csid, guint type, guint size, guint chunk, guint8 fill) {
  guint8 header[] = { (guint8)csid,
                      0,
                      0,
                      0,
                      (guint8)(size >> 16),
                      (guint8)(size >> 8),
                      (guint8)size,
                      (guint8)type,
                      1,
                      0,
                      0,
                      0 };
  g_byte_array_append (bytes, header, sizeof header);
  for (guint at = 0; at < size; at++) {
    guint8 next = (guint8)(0xc0 | csid);
    if (at > 0 && at % chunk == 0)
      g_byte_array_append (bytes, &next, 1);
    g_byte_array_append (bytes, &fill, 1);
  }
}

static void
test_split_messages (void) {
  static const guint sizes[] = { 127, 128, 129, 256, 257, 5000 };
  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autoptr (GByteArray) bytes = g_byte_array_new ();
    append_message (bytes, 6, 9, sizes[i], 128, 0xab);
    append_message (bytes, 4, 8, 1, 128, 0xcd);
    g_autofree char *expected
        = g_strdup_printf ("9/6/1/0:abababababababab+%u 8/4/1/0:cd", sizes[i] - 8);
    assert_reads (bytes, expected);
  }
}

static void
append_payload (GByteArray *bytes, guint count, guint8 fill) {
  for (guint i = 0; i < count; i++)
    g_byte_array_append (bytes, &fill, 1);
}

static void
test_interleaving (void) {
  g_autoptr (GByteArray) bytes = fixture_hex ("06 000000 000090 09 01000000");
  append_payload (bytes, 128, 0x11);
  append_hex (bytes, "04 000000 000002 08 01000000 2222");
  append_hex (bytes, "c6");
  append_payload (bytes, 16, 0x11);
  assert_reads (bytes, "8/4/1/0:2222 9/6/1/0:1111111111111111+136");
}

static void
test_header_inside_a_message (void) {
  static const char *const headers[] = {
    "06 000000 000090 09 01000000", /* the same */
    "06 000000 ffffff 09 01000000", /* CVE-2016-10191: another length */
    "46 000000 000002 09",
    "86 000000",
  };
  for (guint i = 0; i < G_N_ELEMENTS (headers); i++) {
    g_autoptr (GByteArray) bytes = fixture_hex ("06 000000 000090 09 01000000");
    append_payload (bytes, 128, 0x11);
    append_hex (bytes, headers[i]);
    UsRtmpLimits limits;
    us_rtmp_limits_default (&limits);
    assert_fails (bytes, &limits, US_RTMP_ERROR_PROTOCOL);
  }
}

static void
test_chunk_size_changes_inside_a_message (void) {
  /* nginx-rtmp 2f2db81: larger, then smaller, while another stream is half read. */
  g_autoptr (GByteArray) bytes = fixture_hex ("06 000000 0001f4 09 01000000"); /* 500 bytes */
  append_payload (bytes, 128, 0x11);
  append_hex (bytes, "02 000000 000004 01 00000000 00000100"); /* 256 */
  append_hex (bytes, "c6");
  append_payload (bytes, 256, 0x11);
  append_hex (bytes, "02 000000 000004 01 00000000 00000040"); /* 64 */
  append_hex (bytes, "c6");
  append_payload (bytes, 64, 0x11);
  append_hex (bytes, "c6");
  append_payload (bytes, 52, 0x11);
  assert_reads (bytes, "9/6/1/0:1111111111111111+492");
}

static void
test_chunk_sizes (void) {
  assert_fails_hex ("02 000000 000004 01 00000000 00000000", US_RTMP_ERROR_LIMIT);
  assert_fails_hex ("02 000000 000004 01 00000000 00000001", US_RTMP_ERROR_LIMIT);
  assert_fails_hex ("02 000000 000004 01 00000000 80000000", US_RTMP_ERROR_LIMIT);
  assert_fails_hex ("02 000000 000003 01 00000000 000001", US_RTMP_ERROR_PROTOCOL);
  static const char *const large[] = { "7fffffff", "ffffffff", "08000000", "00ffffff" };
  for (guint i = 0; i < G_N_ELEMENTS (large); i++) {
    g_autoptr (GByteArray) bytes = fixture_hex ("02 000000 000004 01 00000000");
    append_hex (bytes, large[i]);
    append_message (bytes, 6, 9, 100000, G_MAXUINT, 0x33);
    assert_reads (bytes, "9/6/1/0:3333333333333333+99992");
  }
}

static void
test_abort (void) {
  g_autoptr (GByteArray) bytes = fixture_hex ("06 000000 000090 09 01000000");
  append_payload (bytes, 128, 0x11);
  append_hex (bytes, "02 000000 000004 02 00000000 00000006");
  append_hex (bytes, "06 000001 000001 09 01000000 55");
  append_hex (bytes, "02 000000 000004 02 00000000 00000009"); /* a stream that is not there */
  assert_reads (bytes, "9/6/1/1:55");
  assert_fails_hex ("02 000000 000002 02 00000000 0006", US_RTMP_ERROR_PROTOCOL);
}

static void
test_abort_frees_the_budget (void) {
  UsRtmpLimits limits;
  us_rtmp_limits_default (&limits);
  g_autoptr (UsRtmpChunkReader) reader = us_rtmp_chunk_reader_new (&limits);
  g_autoptr (GByteArray) bytes = fixture_hex ("06 000000 000090 09 01000000 00");
  g_auto (UsRtmpMessage) message = { 0 };
  const guint8 *p = bytes->data;
  gsize size = bytes->len;
  g_assert_cmpint (us_rtmp_chunk_reader_push (reader, &p, &size, &message, NULL), ==,
                   US_RTMP_CHUNK_MORE);
  g_assert_cmpuint (us_rtmp_chunk_reader_get_partial_bytes (reader), ==, 0x90);
  g_autoptr (GByteArray) rest = g_byte_array_new ();
  append_payload (rest, 127, 0);
  append_hex (rest, "02 000000 000004 02 00000000 00000006");
  p = rest->data;
  size = rest->len;
  g_assert_cmpint (us_rtmp_chunk_reader_push (reader, &p, &size, &message, NULL), ==,
                   US_RTMP_CHUNK_MORE);
  g_assert_cmpuint (us_rtmp_chunk_reader_get_partial_bytes (reader), ==, 0);
}

static void
test_extended_time_stamps (void) {
  assert_reads_hex ("04 fffffe 000001 08 01000000 aa", "8/4/1/16777214:aa");
  assert_reads_hex ("04 ffffff 000001 08 01000000 00ffffff aa", "8/4/1/16777215:aa");
  assert_reads_hex ("04 ffffff 000001 08 01000000 01000000 aa", "8/4/1/16777216:aa");
  assert_reads_hex ("04 ffffff 000001 08 01000000 ffffffff aa 44 000002 000001 08 bb",
                    "8/4/1/4294967295:aa 8/4/1/1:bb"); /* wraps at 2^32 */
  assert_reads_hex ("04 000005 000001 08 01000000 aa 44 ffffff 000001 08 01000000 bb",
                    "8/4/1/5:aa 8/4/1/16777221:bb"); /* an extended delta */
}

/* A message of 200 bytes at 0x01020304 ms, whose second chunk begins with @middle. */
static void
assert_continues (const char *header, const char *middle, guint8 fill, const char *expected) {
  g_autoptr (GByteArray) bytes = fixture_hex (header);
  append_payload (bytes, 128, fill);
  append_hex (bytes, middle);
  append_payload (bytes, 72, fill);
  append_hex (bytes, "05 000000 000001 08 01000000 77");
  assert_reads (bytes, expected);
}

static void
test_extended_time_stamp_in_type_3 (void) {
  static const char header[] = "06 ffffff 0000c8 09 01000000 01020304";
  static const char expected[] = "9/6/1/16909060:1111111111111111+192 8/5/1/0:77";
  assert_continues (header, "c6 01020304", 0x11, expected); /* 5.3.1.3, ffmpeg, OBS from 30.1 */
  assert_continues (header, "c6", 0x11, expected);          /* older OBS: left out */
  /* Payload that looks like the beginning of it. */
  assert_continues (header, "c6", 0x01, "9/6/1/16909060:0101010101010101+192 8/5/1/0:77");
}

static void
test_extended_time_stamp_left_out_before_the_end (void) {
  /* One payload byte is left and equals the first byte of the time stamp; what follows is the
   * header of another chunk stream, and of that three bytes too: all must be given back. */
  g_autoptr (GByteArray) bytes = fixture_hex ("06 ffffff 000081 09 01000000 01040001");
  append_payload (bytes, 128, 0x11);
  append_hex (bytes, "c6 01 04 000000 000001 08 01000000 77");
  assert_reads (bytes, "9/6/1/17039361:1111111111111111+121 8/4/1/0:77");
}

static void
test_extended_delta_repeated_as_absolute_time (void) {
  g_autoptr (GByteArray) bytes = fixture_hex ("06 000005 000001 09 01000000 aa"
                                              "46 ffffff 000081 09 01000000");
  append_payload (bytes, 128, 0x11);
  append_hex (bytes, "c6 01000005 11");
  assert_reads (bytes, "9/6/1/5:aa 9/6/1/16777221:1111111111111111+121");
}

static void
test_extended_time_stamp_of_an_empty_message (void) {
  /* A type 3 chunk that begins an empty message: what follows is a header, not a time stamp. */
  assert_reads_hex ("04 ffffff 000000 08 01000000 05000000 c4 05 000001 000001 08 01000000 77",
                    "8/4/1/83886080: 8/4/1/167772160: 8/5/1/1:77");
}

static void
test_message_limit (void) {
  UsRtmpLimits limits;
  us_rtmp_limits_default (&limits);
  limits.max_message_bytes = 1000;
  g_autoptr (GByteArray) bytes = fixture_hex ("06 000000 0003e9 09 01000000");
  assert_fails (bytes, &limits, US_RTMP_ERROR_LIMIT);
  g_autoptr (GByteArray) fits = g_byte_array_new ();
  append_message (fits, 6, 9, 1000, 128, 1);
  g_autofree char *text = read_in_steps (&limits, fits, 100, NULL);
  g_assert_nonnull (text);
}

static void
test_partial_limit (void) {
  /* Red5 #456: messages are declared on many chunk streams and never sent. */
  UsRtmpLimits limits;
  us_rtmp_limits_default (&limits);
  limits.max_partial_bytes = 3 * 1024 * 1024;
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  for (guint csid = 4; csid < 8; csid++) {
    guint8 header[] = { (guint8)csid, 0, 0, 0, 0x10, 0, 0, 9, 1, 0, 0, 0 };
    g_byte_array_append (bytes, header, sizeof header);
    append_payload (bytes, 128, 1);
  }
  assert_fails (bytes, &limits, US_RTMP_ERROR_LIMIT);
}

static void
test_chunk_stream_limit (void) {
  UsRtmpLimits limits;
  us_rtmp_limits_default (&limits);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  for (guint csid = 64; csid < 64 + limits.max_chunk_streams; csid++) {
    guint8 chunk[] = { 0, (guint8)(csid - 64), 0, 0, 0, 0, 0, 0, 8, 1, 0, 0, 0 };
    g_byte_array_append (bytes, chunk, sizeof chunk);
  }
  g_autofree char *text = read_in_steps (&limits, bytes, 1 << 20, NULL);
  g_assert_nonnull (text);
  append_hex (bytes, "03 000000 000000 08 01000000");
  assert_fails (bytes, &limits, US_RTMP_ERROR_LIMIT);
}

static void
test_set_max_bytes (void) {
  UsRtmpLimits limits;
  us_rtmp_limits_default (&limits);
  g_autoptr (UsRtmpChunkReader) reader = us_rtmp_chunk_reader_new (&limits);
  us_rtmp_chunk_reader_set_max_bytes (reader, 1, 1);
  g_autoptr (GByteArray) bytes = fixture_hex ("06 000000 000002 09 01000000 0102");
  const guint8 *p = bytes->data;
  gsize size = bytes->len;
  g_auto (UsRtmpMessage) message = { 0 };
  g_autoptr (GError) error = NULL;
  g_assert_cmpint (us_rtmp_chunk_reader_push (reader, &p, &size, &message, &error), ==,
                   US_RTMP_CHUNK_ERROR);
  g_assert_error (error, US_RTMP_ERROR, US_RTMP_ERROR_LIMIT);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
#define ADD(name, func) g_test_add_func ("/rtmp/chunk-reader/" name, func)
  ADD ("header-types", test_header_types);
  ADD ("type-3-after-type-0", test_type_3_after_type_0);
  ADD ("type-3-of-librtmp", test_type_3_of_librtmp);
  ADD ("chunk-stream-forms", test_chunk_stream_forms);
  ADD ("stream-id-is-little-endian", test_stream_id_is_little_endian);
  ADD ("empty-messages", test_empty_messages);
  ADD ("first-chunk", test_first_chunk);
  ADD ("split-messages", test_split_messages);
  ADD ("interleaving", test_interleaving);
  ADD ("header-inside-a-message (CVE-2016-10191)", test_header_inside_a_message);
  ADD ("chunk-size-changes-inside-a-message (nginx-rtmp 2f2db81)",
       test_chunk_size_changes_inside_a_message);
  ADD ("chunk-sizes (nginx-rtmp 1042, Red5 475)", test_chunk_sizes);
  ADD ("abort", test_abort);
  ADD ("abort-frees-the-budget", test_abort_frees_the_budget);
  ADD ("extended-time-stamps", test_extended_time_stamps);
  ADD ("extended-in-type-3", test_extended_time_stamp_in_type_3);
  ADD ("extended-left-out-before-the-end", test_extended_time_stamp_left_out_before_the_end);
  ADD ("extended-delta-as-absolute-time", test_extended_delta_repeated_as_absolute_time);
  ADD ("extended-of-an-empty-message", test_extended_time_stamp_of_an_empty_message);
  ADD ("message-limit", test_message_limit);
  ADD ("partial-limit (Red5 456)", test_partial_limit);
  ADD ("chunk-stream-limit", test_chunk_stream_limit);
  ADD ("set-max-bytes", test_set_max_bytes);
  return g_test_run ();
}
