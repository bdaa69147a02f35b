/* synth.h - transport packets and playlists made by hand, for the cases that no encoder writes */
#pragma once

#include "hls/mpegts-packet.h"

#include <string.h>

#define SYNTH_PMT 0x20
#define SYNTH_VIDEO 0x41
#define SYNTH_AUDIO 0x42

static inline GByteArray *
synth_new (void) {
  return g_byte_array_new ();
}

/* Appends one packet; @field: adaptation field content without its length byte, NULL for none.
 * Stuffs what @payload leaves free. */
static inline guint8 *
synth_packet (GByteArray *ts, guint pid, guint counter, gboolean is_start, const guint8 *field,
              gsize field_size, const void *payload, gsize size) {
  guint8 p[US_MPEGTS_PACKET];
  memset (p, 0xff, sizeof p);
  gsize free_bytes = 184 - size;
  g_assert_cmpuint (size, <=, 184);
  p[0] = 0x47;
  p[1] = (guint8)((is_start ? 0x40 : 0) | pid >> 8);
  p[2] = (guint8)pid;
  p[3] = (guint8)((size > 0 ? 0x10 : 0) | (free_bytes > 0 ? 0x20 : 0) | (counter & 15));
  if (free_bytes > 0) {
    g_assert_cmpuint (field_size + 1, <=, MAX (free_bytes, 1));
    p[4] = (guint8)(free_bytes - 1);
    if (free_bytes > 1)
      p[5] = 0;
    if (field_size > 0)
      memcpy (p + 5, field, field_size);
  }
  if (size > 0)
    memcpy (p + 188 - size, payload, size);
  g_byte_array_append (ts, p, sizeof p);
  return ts->data + ts->len - sizeof p;
}

static inline void
synth_section (GByteArray *ts, guint pid, guint counter, guint8 *section, gsize size) {
  guint8 payload[184];
  memset (payload, 0xff, sizeof payload);
  section[1] = (guint8)(0xb0 | (size + 4 - 3) >> 8);
  section[2] = (guint8)(size + 4 - 3);
  guint32 crc = GUINT32_TO_BE (us_mpegts_crc32 (section, size));
  payload[0] = 0;
  memcpy (payload + 1, section, size);
  memcpy (payload + 1 + size, &crc, 4);
  synth_packet (ts, pid, counter, TRUE, NULL, 0, payload, sizeof payload);
}

static inline void
synth_pat (GByteArray *ts, guint counter) {
  guint8 pat[] = { 0, 0, 0, 0, 1, 0xc1, 0, 0, 0, 1, 0xe0, SYNTH_PMT };
  synth_section (ts, 0, counter, pat, sizeof pat);
}

/* video_type 0: audio only */
static inline void
synth_pmt (GByteArray *ts, guint counter, guint8 video_type) {
  guint8 pmt[22]
      = { 2, 0,    0,    0,           1,    0xc1, 0,          0,    0xe0,        SYNTH_VIDEO, 0xf0,
          0, 0x0f, 0xe0, SYNTH_AUDIO, 0xf0, 0,    video_type, 0xe0, SYNTH_VIDEO, 0xf0,        0 };
  synth_section (ts, SYNTH_PMT, counter, pmt, video_type != 0 ? 22 : 17);
}

static inline void
synth_timestamp (guint8 *p, guint8 prefix, gint64 t) {
  p[0] = (guint8)(prefix << 4 | (t >> 30 & 7) << 1 | 1);
  p[1] = (guint8)(t >> 22);
  p[2] = (guint8)((t >> 15 & 0x7f) << 1 | 1);
  p[3] = (guint8)(t >> 7);
  p[4] = (guint8)((t & 0x7f) << 1 | 1);
}

/* A PES packet of @size bytes in all, at least 19 + 5; its elementary bytes start with @nal.
 * Free with g_free(). */
static inline guint8 *
synth_pes (gsize size, gint64 pts, gint64 dts, guint8 nal) {
  guint8 *pes = g_malloc (size);
  for (gsize i = 0; i < size; i++)
    pes[i] = (guint8)(0x80 | i * 7); /* no start codes */
  guint8 head[9] = { 0, 0, 1, 0xe0, 0, 0, 0x80, 0xc0, 10 };
  memcpy (pes, head, sizeof head);
  synth_timestamp (pes + 9, 3, pts);
  synth_timestamp (pes + 14, 1, dts);
  guint8 start[5] = { 0, 0, 0, 1, nal };
  memcpy (pes + 19, start, sizeof start);
  return pes;
}

/* Cuts a PES packet into transport packets as a muxer does; returns the next counter. */
static inline guint
synth_unit (GByteArray *ts, guint pid, guint counter, const guint8 *pes, gsize size) {
  gboolean is_start = TRUE;
  while (size > 0) {
    gsize n = MIN (size, 184);
    synth_packet (ts, pid, counter++, is_start, NULL, 0, pes, n);
    is_start = FALSE;
    pes += n;
    size -= n;
  }
  return counter;
}

/* Tables, one IDR picture of @video bytes and one audio packet of @audio bytes (0: none). */
static inline GByteArray *
synth_segment (gsize video, gsize audio) {
  GByteArray *ts = synth_new ();
  synth_pat (ts, 1);
  synth_pmt (ts, 1, US_MPEGTS_TYPE_H264);
  g_autofree guint8 *picture = synth_pes (video, 9000, 6000, 0x65);
  synth_unit (ts, SYNTH_VIDEO, 3, picture, video);
  if (audio > 0) {
    g_autofree guint8 *sound = synth_pes (audio, 8000, 8000, 0x80);
    synth_unit (ts, SYNTH_AUDIO, 9, sound, audio);
  }
  return ts;
}

static inline GBytes *
synth_fixture (const char *name) {
  g_autofree char *path = g_build_filename (g_getenv ("HLS_DATA"), name, NULL);
  g_autoptr (GError) error = NULL;
  char *data;
  gsize size;
  g_file_get_contents (path, &data, &size, &error);
  g_assert_no_error (error);
  return g_bytes_new_take (data, size);
}
