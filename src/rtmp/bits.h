/* bits.h - reads bits of codec configurations; behind the end come zeros, and it is remembered */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  const guint8 *data;
  gsize bits;
  gsize at;
  gboolean is_over; /* more was asked for than there is */
} UsBits;

static inline guint32
us_bits_take (UsBits *bits, guint count) {
  guint32 value = 0;
  for (guint i = 0; i < count; i++, bits->at++) {
    guint bit = 0;
    if (bits->at < bits->bits)
      bit = bits->data[bits->at / 8] >> (7 - bits->at % 8) & 1;
    else
      bits->is_over = TRUE;
    value = value << 1 | bit;
  }
  return value;
}

/* Exp-Golomb codes, H.264 9.1 and H.265 9.2. */
static inline guint32
us_bits_take_ue (UsBits *bits) {
  guint zeros = 0;
  while (!bits->is_over && zeros < 31 && us_bits_take (bits, 1) == 0)
    zeros++;
  return (1u << zeros) - 1 + us_bits_take (bits, zeros);
}

static inline gint32
us_bits_take_se (UsBits *bits) {
  guint32 code = us_bits_take_ue (bits);
  return code & 1 ? (gint32)((code + 1) / 2) : -(gint32)(code / 2);
}

/* H.264 7.4.1.1, H.265 7.4.2: a NAL unit without its @header bytes and without emulation prevention
 * bytes. Returns: bytes written to @clean, at most @room. */
static inline gsize
us_bits_unescape (const guint8 *nal, gsize size, gsize header, guint8 *clean, gsize room) {
  gsize n = 0;
  guint zeros = 0;
  for (gsize i = header; i < size && n < room; i++) {
    gboolean is_prevention = zeros >= 2 && nal[i] == 3;
    zeros = nal[i] == 0 ? zeros + 1 : 0;
    if (!is_prevention)
      clean[n++] = nal[i];
  }
  return n;
}

G_END_DECLS
