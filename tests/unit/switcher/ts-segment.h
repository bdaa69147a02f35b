/* ts-segment.h - the smallest transport stream that passes for a segment: tables and one IDR */
#pragma once

#include <glib.h>
#include <string.h>

static inline guint32
ts_crc (const guint8 *data, gsize size) {
  guint32 crc = 0xffffffff;
  for (gsize i = 0; i < size; i++) {
    crc ^= (guint32)data[i] << 24;
    for (guint bit = 0; bit < 8; bit++)
      crc = crc & 0x80000000 ? crc << 1 ^ 0x04c11db7 : crc << 1;
  }
  return crc;
}

static inline void
ts_table (guint8 *packet, guint16 pid, guint8 counter, const guint8 *section, gsize size) {
  memset (packet, 0xff, 188);
  const guint8 head[] = { 0x47, 0x40 | pid >> 8, pid & 0xff, 0x10 | counter, 0 };
  memcpy (packet, head, sizeof head);
  memcpy (packet + sizeof head, section, size);
  guint32 crc = GUINT32_TO_BE (ts_crc (section, size));
  memcpy (packet + sizeof head + size, &crc, 4);
}

/* A segment whose bytes depend on @number and @variant, of 3 packets. */
static inline GBytes *
ts_segment (guint64 number, guint8 variant) {
  static const guint8 pat[] = { 0x00, 0xb0, 0x0d, 0, 1, 0xc1, 0, 0, 0, 1, 0xe1, 0x00 };
  static const guint8 pmt[] = { 0x02, 0xb0, 0x12, 0,    1,    0xc1, 0,    0,   0xe1,
                                0x01, 0xf0, 0x00, 0x1b, 0xe1, 0x01, 0xf0, 0x00 };
  guint8 *data = g_malloc (3 * 188);
  ts_table (data, 0, number & 15, pat, sizeof pat);
  ts_table (data + 188, 0x100, number & 15, pmt, sizeof pmt);

  guint8 *video = data + 2 * 188;
  guint64 pts = number * 180000;
  const guint8 access_unit[] = {
    0x47, 0x41, 0x01, 0x30, 188 - 5 - 40, 0x50, /* adaptation field with PCR, filled up */
  };
  memset (video, 0xff, 188);
  memcpy (video, access_unit, sizeof access_unit);
  const guint8 pcr[] = { pts >> 25, pts >> 17, pts >> 9, pts >> 1, (pts & 1) << 7 | 0x7e, 0 };
  memcpy (video + 6, pcr, sizeof pcr);
  const guint8 pes[] = { 0,         0,
                         1,         0xe0,
                         0,         0,
                         0x84,      0x80,
                         5,         0x21 | (pts >> 29 & 0x0e),
                         pts >> 22, (pts >> 14 & 0xfe) | 1,
                         pts >> 7,  (pts << 1 & 0xfe) | 1,
                         0,         0,
                         0,         1,
                         0x65,      0x88 };
  memset (video + 188 - 40, 0x42, 40);
  memcpy (video + 188 - 40, pes, sizeof pes);
  video[187] = variant;
  return g_bytes_new_take (data, 3 * 188);
}
