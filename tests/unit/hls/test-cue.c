/* test-cue.c - SCTE-35 sections made by hand, whole, in parts and damaged */
#include "hls/cue.h"

#include "hls/mpegts-packet.h"

#include <string.h>

#define ROOM 256

/* A section with one command and one descriptor loop; returns its size. */
static gsize
make (guint8 *out, guint8 type, const guint8 *command, gsize command_size,
      const guint8 *descriptors, gsize descriptors_size, gboolean is_length_known) {
  guint8 head[] = { 0xfc, 0x30, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, type };
  if (is_length_known) {
    head[11] = (guint8)(0xf0 | command_size >> 8);
    head[12] = (guint8)command_size;
  }
  gsize n = sizeof head;
  memcpy (out, head, n);
  if (command_size > 0)
    memcpy (out + n, command, command_size);
  n += command_size;
  out[n++] = (guint8)(descriptors_size >> 8);
  out[n++] = (guint8)descriptors_size;
  if (descriptors_size > 0)
    memcpy (out + n, descriptors, descriptors_size);
  n += descriptors_size;
  out[1] = (guint8)(0x30 | (n + 4 - 3) >> 8);
  out[2] = (guint8)(n + 4 - 3);
  guint32 crc = GUINT32_TO_BE (us_mpegts_crc32 (out, n));
  memcpy (out + n, &crc, 4);
  return n + 4;
}

static gsize
make_insert (guint8 *out, gboolean is_out, gboolean is_cancelled) {
  guint8 command[] = { 0, 0, 0, 7, is_cancelled ? 0xff : 0x7f, is_out ? 0xdf : 0x5f, 0, 1, 0, 0 };
  return make (out, 5, command, sizeof command, NULL, 0, TRUE);
}

static gsize
make_signal (guint8 *out, guint8 type, gboolean has_duration, gboolean is_length_known) {
  guint8 command[] = { 0xfe, 0, 0, 0, 0 };
  guint8 descriptor[]
      = { 0x01, 4, 'C', 'U', 'E', 'I', /* another one first */
          0x02, 0, 'C', 'U', 'E', 'I', 0, 0, 0, 1, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
  gsize n = 17;
  descriptor[17] = has_duration ? 0xff : 0xbf;
  n = 18 + (has_duration ? 5 : 0);
  descriptor[n++] = 9; /* upid of two bytes */
  descriptor[n++] = 2;
  n += 2;
  descriptor[n++] = type;
  descriptor[7] = (guint8)(n - 8);
  return make (out, 6, command, sizeof command, descriptor, n, is_length_known);
}

static void
check (const guint8 *section, gsize size, gboolean is_out, gboolean is_in) {
  UsCue cue;
  g_autofree guint8 *exact = g_memdup2 (section, size);
  g_assert_true (us_cue_read (&cue, exact, size));
  g_assert_true (cue.is_out == is_out && cue.is_in == is_in);
}

static void
test_commands (void) {
  guint8 section[ROOM];
  check (section, make_insert (section, TRUE, FALSE), TRUE, FALSE);
  check (section, make_insert (section, FALSE, FALSE), FALSE, TRUE);
  check (section, make_insert (section, TRUE, TRUE), FALSE, FALSE);
  check (section, make_signal (section, 0x34, FALSE, TRUE), TRUE, FALSE);
  check (section, make_signal (section, 0x35, TRUE, TRUE), FALSE, TRUE);
  check (section, make_signal (section, 0x22, TRUE, FALSE), TRUE, FALSE);
  check (section, make_signal (section, 0x30, FALSE, FALSE), TRUE, FALSE);
  check (section, make_signal (section, 0x10, FALSE, TRUE), FALSE, FALSE);  /* programme start */
  check (section, make (section, 0, NULL, 0, NULL, 0, TRUE), FALSE, FALSE); /* splice_null */
}

static void
test_encrypted (void) {
  guint8 section[ROOM];
  gsize size = make_insert (section, TRUE, FALSE);
  section[4] |= 0x80;
  guint32 crc = GUINT32_TO_BE (us_mpegts_crc32 (section, size - 4));
  memcpy (section + size - 4, &crc, 4);
  check (section, size, FALSE, FALSE);
}

/* Every cut and every flipped byte is refused; with a right checksum nothing is read beyond. */
static void
test_damaged (void) {
  guint8 section[ROOM];
  UsCue cue;
  gsize size = make_signal (section, 0x34, TRUE, TRUE);
  for (gsize n = 0; n < size; n++) {
    g_autofree guint8 *part = g_memdup2 (section, n);
    g_assert_false (us_cue_read (&cue, part, n));
  }
  for (gsize i = 0; i < size; i++) {
    section[i] ^= 0x10;
    g_assert_false (us_cue_read (&cue, section, size));
    section[i] ^= 0x10;
  }
  for (gsize n = 18; n < size; n++) { /* shorter, and sealed again */
    g_autofree guint8 *part = g_memdup2 (section, n);
    guint32 crc = GUINT32_TO_BE (us_mpegts_crc32 (part, n - 4));
    memcpy (part + n - 4, &crc, 4);
    g_assert_true (us_cue_read (&cue, part, n));
    g_assert_false (cue.is_in);
  }
}

static void
test_reader (void) {
  guint8 section[ROOM], payload[ROOM + 3] = { 2, 0xff, 0xff };
  gsize size = make_insert (section, TRUE, FALSE);
  memcpy (payload + 3, section, size);
  UsCueReader reader = { 0 };
  us_cue_reader_feed (&reader, FALSE, payload, size); /* the middle of something */
  g_assert_false (reader.has_out);
  us_cue_reader_feed (&reader, TRUE, payload, 10);
  g_assert_false (reader.has_out);
  us_cue_reader_feed (&reader, FALSE, payload + 10, 3 + size - 10);
  g_assert_true (reader.has_out && !reader.has_in);
  size = make_insert (section, FALSE, FALSE);
  payload[0] = 0;
  memcpy (payload + 1, section, size);
  us_cue_reader_feed (&reader, TRUE, payload, 1 + size);
  g_assert_true (reader.has_out && reader.has_in);
}

/* A pointer beyond the packet, another table, a section that never ends. */
static void
test_reader_hostile (void) {
  UsCueReader reader = { 0 };
  guint8 payload[184];
  memset (payload, 0xfc, sizeof payload);
  us_cue_reader_feed (&reader, TRUE, payload, sizeof payload);
  g_assert_false (reader.is_open);
  payload[0] = 0;
  payload[1] = 0x00;
  us_cue_reader_feed (&reader, TRUE, payload, sizeof payload);
  g_assert_false (reader.is_open);
  payload[1] = 0xfc;
  payload[2] = 0x33; /* 1023 bytes */
  payload[3] = 0xff;
  us_cue_reader_feed (&reader, TRUE, payload, sizeof payload);
  for (guint i = 0; i < 20; i++)
    us_cue_reader_feed (&reader, FALSE, payload, sizeof payload);
  g_assert_false (reader.has_out || reader.has_in);
}

/* The body of an emsg box; returns its size. */
static gsize
make_event (guint8 *out, guint version, const char *scheme, const guint8 *message,
            gsize message_size) {
  gsize n = 4, scheme_size = strlen (scheme) + 1;
  memset (out, 0, ROOM);
  out[0] = (guint8)version;
  n += version == 1 ? 20 : 0;
  memcpy (out + n, scheme, scheme_size);
  n += scheme_size + 1; /* and an empty value */
  n += version == 0 ? 16 : 0;
  memcpy (out + n, message, message_size);
  return n + message_size;
}

static void
test_event (void) {
  static const struct {
    const char *scheme;
    guint version;
    gboolean is_read;
  } rows[] = {
    { "urn:scte:scte35:2013:bin", 0, TRUE },      { "urn:scte:scte35:2013:bin", 1, TRUE },
    { "urn:scte:scte35:2013:bin", 2, FALSE },     /* nobody knows what that is */
    { "urn:scte:scte35:2014:xml+bin", 1, FALSE }, /* as XML */
    { "https://aomedia.org/emsg/ID3", 1, FALSE }, { "", 0, FALSE },
  };
  guint8 section[ROOM], body[ROOM];
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    for (guint is_out = 0; is_out < 2; is_out++) {
      UsCueReader reader = { 0 };
      gsize size = make_event (body, rows[i].version, rows[i].scheme, section,
                               make_insert (section, is_out, FALSE));
      g_autofree guint8 *whole = g_memdup2 (body, size);
      us_cue_reader_take_event (&reader, whole, size);
      g_assert_cmpint (reader.has_out, ==, rows[i].is_read && is_out);
      g_assert_cmpint (reader.has_in, ==, rows[i].is_read && !is_out);
      for (gsize n = 0; n < size; n++) { /* cut anywhere, it is no cue */
        UsCueReader cut = { 0 };
        g_autofree guint8 *part = g_memdup2 (body, n);
        us_cue_reader_take_event (&cut, part, n);
        g_assert_false (cut.has_out || cut.has_in);
      }
    }
  }
  /* A scheme that does not end, a section longer than its message. */
  UsCueReader reader = { 0 };
  guint8 endless[64];
  memset (endless, 'u', sizeof endless);
  endless[0] = 0;
  us_cue_reader_take_event (&reader, endless, sizeof endless);
  gsize size = make_insert (section, TRUE, FALSE);
  section[2] = 0xff;
  size = make_event (body, 1, "urn:scte:scte35:2013:bin", section, size);
  us_cue_reader_take_event (&reader, body, size);
  g_assert_false (reader.has_out || reader.has_in);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cue/commands", test_commands);
  g_test_add_func ("/cue/encrypted", test_encrypted);
  g_test_add_func ("/cue/damaged", test_damaged);
  g_test_add_func ("/cue/reader", test_reader);
  g_test_add_func ("/cue/reader-hostile", test_reader_hostile);
  g_test_add_func ("/cue/event", test_event);
  return g_test_run ();
}
