/* bytes.h - big-endian reads and writes of the 16, 24 and 32 bit fields of RTMP, FLV and AMF0 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The caller has checked the length. */
static inline guint32
us_read_u16 (const guint8 *p) {
  return (guint32)p[0] << 8 | p[1];
}

static inline guint32
us_read_u24 (const guint8 *p) {
  return (guint32)p[0] << 16 | (guint32)p[1] << 8 | p[2];
}

static inline guint32
us_read_u32 (const guint8 *p) {
  return (guint32)p[0] << 24 | us_read_u24 (p + 1);
}

/* Two's complement, for FLV composition times. */
static inline gint32
us_read_s24 (const guint8 *p) {
  return (gint32)(us_read_u24 (p) ^ 0x800000) - 0x800000;
}

static inline void
us_write_u16 (guint8 *p, guint32 value) {
  p[0] = (guint8)(value >> 8);
  p[1] = (guint8)value;
}

static inline void
us_write_u24 (guint8 *p, guint32 value) {
  p[0] = (guint8)(value >> 16);
  us_write_u16 (p + 1, value);
}

static inline void
us_write_u32 (guint8 *p, guint32 value) {
  p[0] = (guint8)(value >> 24);
  us_write_u24 (p + 1, value);
}

G_END_DECLS
