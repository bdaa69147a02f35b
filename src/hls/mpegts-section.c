/* mpegts-section.c - gathers the sections of PAT and PMT, which may take several packets
 *
 * Ours fit one packet (mpegts-packet.c reads those); a foreign PMT with many audio languages and
 * their descriptors does not, and other tables may stand beside it on its PID (ISO 13818-1 2.4.4).
 * Those are stepped over. Plain state that belongs to the caller, no allocation. */
#include "hls/mpegts-section.h"

#include <string.h>

#define SECTION_HEADER 3
#define TABLE_PAT 0x00
#define TABLE_PMT 0x02
#define STUFFING 0xff

static UsMpegtsSectionResult
fail (guint pid, const char *what, GError **error) {
  g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_TABLES, "PID %u: %s", pid, what);
  return US_MPEGTS_SECTION_BROKEN;
}

/* Reads one whole section by the functions for single packets: those want a pointer field before
 * it. */
static gboolean
read_table (guint pid, const guint8 *bytes, gsize size, UsMpegtsTables *tables, GError **error) {
  guint8 payload[1 + US_MPEGTS_SECTION_MAX] = { 0 };
  memcpy (payload + 1, bytes, size);
  UsMpegtsPacket packet = {
    .pid = (guint16)pid, .is_unit_start = TRUE, .payload = payload, .payload_size = 1 + size
  };
  return pid == 0 ? us_mpegts_read_pat (&packet, tables, error)
                  : us_mpegts_read_pmt (&packet, tables, error);
}

/* Appends bytes and reads every section that is whole with them. */
static UsMpegtsSectionResult
take (UsMpegtsSection *self, guint pid, const guint8 *data, gsize size, UsMpegtsTables *tables,
      GError **error) {
  guint8 wanted = pid == 0 ? TABLE_PAT : TABLE_PMT;
  UsMpegtsSectionResult result = US_MPEGTS_SECTION_NONE;
  if (self->size + size > sizeof self->bytes) /* cannot be: what is whole has left */
    return fail (pid, "a section that does not end", error);
  memcpy (self->bytes + self->size, data, size);
  self->size += size;
  while (self->is_open && self->size >= SECTION_HEADER) {
    if (self->bytes[0] == STUFFING) {
      self->is_open = FALSE;
      break;
    }
    gsize length = SECTION_HEADER + (gsize)((self->bytes[1] & 0x0f) << 8 | self->bytes[2]);
    gboolean is_wanted = self->bytes[0] == wanted;
    if (length > US_MPEGTS_SECTION_MAX) {
      self->is_open = FALSE; /* private sections may have 4096 */
      if (is_wanted)
        return fail (pid, "a section longer than 1024 bytes", error);
      break;
    }
    if (length > self->size)
      break;
    if (is_wanted && !read_table (pid, self->bytes, length, tables, error))
      return US_MPEGTS_SECTION_BROKEN;
    if (is_wanted)
      result = US_MPEGTS_SECTION_WHOLE;
    memmove (self->bytes, self->bytes + length, self->size - length);
    self->size -= length;
  }
  return result;
}

/**
 * us_mpegts_section_feed:
 * @section: of the packet's PID
 * @packet: one of the PAT's or the PMT's PID, with payload
 * @tables: its PAT half is filled from PID 0, its PMT half from any other
 * @error: US_MPEGTS_ERROR_TABLES
 */
UsMpegtsSectionResult
us_mpegts_section_feed (UsMpegtsSection *section, const UsMpegtsPacket *packet,
                        UsMpegtsTables *tables, GError **error) {
  const guint8 *p = packet->payload;
  gsize size = packet->payload_size;
  if (!packet->is_unit_start)
    return section->is_open ? take (section, packet->pid, p, size, tables, error)
                            : US_MPEGTS_SECTION_NONE;

  gsize pointer = p[0];
  if (1 + pointer > size)
    return fail (packet->pid, "no section starts in its packet", error);
  UsMpegtsSectionResult rest = US_MPEGTS_SECTION_NONE;
  if (section->is_open)
    rest = take (section, packet->pid, p + 1, pointer, tables, error);
  if (rest == US_MPEGTS_SECTION_BROKEN)
    return rest;
  section->is_open = TRUE;
  section->size = 0;
  UsMpegtsSectionResult result
      = take (section, packet->pid, p + 1 + pointer, size - 1 - pointer, tables, error);
  return result == US_MPEGTS_SECTION_NONE ? rest : result;
}
