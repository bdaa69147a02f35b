/* mpegts-relabel.c - says that the sound of a finished segment is E-AC-3
 *
 * mpegtsmux takes AC-3 only (GStreamer 1.22 and 1.26). Both are carried in the same way (ATSC A/52
 * annexes A.3 and G), just under another stream type and descriptors, so E-AC-3 goes through it as
 * AC-3, and the table of streams is written anew here. A pure function, any thread. */
#include "hls/mpegts-packet.h"

#include <string.h>

#define PMT_HEADER 12
#define CRC_SIZE 4

/* @section: (array length=length): a PMT without its CRC. Writes the new one to @out, which is as
 * large: what is left out is longer than what is put in its place. Returns: its length, or 0 */
static gsize
rewrite_section (const guint8 *section, gsize length, guint8 *out) {
  static const guint8 REGISTRATION[] = { 0x05, 4, 'E', 'A', 'C', '3' };
  gsize at = PMT_HEADER + (gsize)((section[10] & 0x0f) << 8 | section[11]);
  gsize n = at;
  if (at > length)
    return 0;
  memcpy (out, section, at);
  while (at + 5 <= length) {
    gsize entry = 5 + (gsize)((section[at + 3] & 0x0f) << 8 | section[at + 4]);
    if (entry > length - at)
      return 0;
    if (section[at] != US_MPEGTS_TYPE_AC3) {
      memcpy (out + n, section + at, entry);
      n += entry;
    } else {
      if (entry < 5 + sizeof REGISTRATION)
        return 0;
      memcpy (out + n, section + at, 3);
      out[n] = US_MPEGTS_TYPE_EAC3;
      out[n + 3] = 0xf0;
      out[n + 4] = sizeof REGISTRATION;
      memcpy (out + n + 5, REGISTRATION, sizeof REGISTRATION);
      n += 5 + sizeof REGISTRATION;
    }
    at += entry;
  }
  return at == length ? n : 0;
}

/* @packet: the PMT's, in place */
static gboolean
rewrite_packet (guint8 *packet, gsize payload_at) {
  guint8 out[US_MPEGTS_PACKET];
  gsize at = payload_at + 1 + (gsize)packet[payload_at];
  guint8 *section = packet + at;
  gsize size = 3 + (gsize)((section[1] & 0x0f) << 8 | section[2]);
  gsize n = rewrite_section (section, size - CRC_SIZE, out);
  if (n == 0)
    return FALSE;
  gsize length = n + CRC_SIZE - 3;
  out[1] = (guint8)((out[1] & 0xf0) | length >> 8);
  out[2] = (guint8)length;
  guint32 crc = us_mpegts_crc32 (out, n);
  memset (section, 0xff, US_MPEGTS_PACKET - at);
  memcpy (section, out, n);
  for (guint i = 0; i < CRC_SIZE; i++)
    section[n + i] = (guint8)(crc >> (24 - 8 * i));
  return TRUE;
}

/**
 * us_mpegts_relabel_eac3:
 * @segment: from us_mpegts_finish(), with AC-3 in its table
 *
 * Returns: (transfer full): the same bytes but for the table, or NULL with US_MPEGTS_ERROR_TABLES
 */
GBytes *
us_mpegts_relabel_eac3 (GBytes *segment, GError **error) {
  g_return_val_if_fail (segment != NULL, NULL);

  gsize size, pat_index, pmt_index;
  const guint8 *data = g_bytes_get_data (segment, &size);
  UsMpegtsTables tables;
  UsMpegtsPacket packet;
  if (!us_mpegts_check_grid (data, size, error)
      || !us_mpegts_find_tables (data, size, &tables, &pat_index, &pmt_index, error)
      || !us_mpegts_packet_read (&packet, data, pmt_index, error))
    return NULL;
  g_autofree guint8 *copy = g_try_malloc (size);
  if (copy == NULL) {
    g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_LIMIT,
                 "no memory for %" G_GSIZE_FORMAT " bytes", size);
    return NULL;
  }
  memcpy (copy, data, size);
  gsize payload_at = (gsize)(packet.payload - packet.data);
  if (!rewrite_packet (copy + pmt_index * US_MPEGTS_PACKET, payload_at)) {
    g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_TABLES,
                 "PMT: has no room to say that the sound is E-AC-3");
    return NULL;
  }
  return g_bytes_new_take (g_steal_pointer (&copy), size);
}
