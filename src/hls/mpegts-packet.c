/* mpegts-packet.c - one transport packet, and the two tables that say what the PIDs are
 *
 * ISO 13818-1 2.4.3 (packets, PES) and 2.4.4 (PAT, PMT), as far as HLS segments need it. Pure
 * functions over bytes that belong to the caller; no state, no allocation. Shared by inspection
 * and finishing, so that both mean the same by a well-formed segment.
 *
 * A table must fit one packet. Ours take 60 bytes, and a PMT with enough streams to need two does
 * not occur in HLS. */
#include "hls/mpegts-packet.h"

#include <string.h>

G_DEFINE_QUARK (us_mpegts_error, us_mpegts_error)

/* A table section's fields up to its content, and the CRC at its end. */
#define PAT_HEADER 8
#define PMT_HEADER 12
#define CRC_SIZE 4

#define TYPE_PRIVATE 0x06
#define TAG_REGISTRATION 0x05
#define TAG_AC3 0x6a /* DVB, EN 300 468 annex D */
#define TAG_EAC3 0x7a
#define TAG_EXTENSION 0x7f
#define EXTENSION_OPUS 0x80

/**
 * us_mpegts_check_grid:
 *
 * Returns: whether @data is a whole number of packets, at least one, that start with 0x47
 */
gboolean
us_mpegts_check_grid (const guint8 *data, gsize size, GError **error) {
  if (size == 0) {
    g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_EMPTY, "the segment has no bytes");
    return FALSE;
  }
  if (size > US_MPEGTS_MAX_BYTES) {
    g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_LIMIT,
                 "%" G_GSIZE_FORMAT " bytes are more than %d", size, US_MPEGTS_MAX_BYTES);
    return FALSE;
  }
  if (size % US_MPEGTS_PACKET != 0) {
    g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_GRID,
                 "%" G_GSIZE_FORMAT " bytes are no whole number of packets of %d", size,
                 US_MPEGTS_PACKET);
    return FALSE;
  }
  return TRUE;
}

/**
 * us_mpegts_packet_read:
 * @packet: (out caller-allocates): valid as long as @segment
 * @segment: bytes of at least @index + 1 packets
 *
 * Returns: FALSE with US_MPEGTS_ERROR_GRID when the packet is damaged. A scrambled packet is too:
 *   HLS encrypts whole segments, never packets.
 */
gboolean
us_mpegts_packet_read (UsMpegtsPacket *packet, const guint8 *segment, gsize index, GError **error) {
  const guint8 *p = segment + index * US_MPEGTS_PACKET;
  const char *fault = NULL;
  guint control = (p[3] >> 4) & 3;
  gsize head = 4;

  packet->data = p;
  packet->pid = (guint16)((p[1] & 0x1f) << 8 | p[2]);
  packet->continuity = p[3] & 0x0f;
  packet->is_unit_start = (p[1] & 0x40) != 0;
  packet->has_adaptation = (control & 2) != 0;
  packet->is_discontinuous = FALSE;

  if (p[0] != 0x47)
    fault = "no sync byte";
  else if ((p[1] & 0x80) != 0)
    fault = "marked as damaged in transport";
  else if ((p[3] & 0xc0) != 0 && packet->pid != US_MPEGTS_NULL_PID)
    fault = "scrambled";
  else if (control == 0)
    fault = "neither payload nor adaptation field";
  if (fault == NULL && packet->has_adaptation) {
    guint max = control == 2 ? 183 : 182;
    if (p[4] > max || (control == 2 && p[4] != max))
      fault = "wrong adaptation field length";
    head += 1 + (gsize)p[4];
    packet->is_discontinuous = p[4] > 0 && (p[5] & 0x80) != 0;
  }
  if (fault != NULL) {
    g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_GRID, "packet %" G_GSIZE_FORMAT ": %s",
                 index, fault);
    return FALSE;
  }
  gboolean has_payload = (control & 1) != 0;
  packet->payload = has_payload ? p + head : NULL;
  packet->payload_size = has_payload ? US_MPEGTS_PACKET - head : 0;
  return TRUE;
}

/**
 * us_mpegts_check_continuity:
 * @last: (array fixed-size=8192): the last counter of each PID, US_MPEGTS_NO_COUNTER at first
 *
 * ISO 13818-1 2.4.3.3: only packets with payload count. A repeated packet, which the standard
 * allows and no HLS packager writes, counts as a fault.
 */
gboolean
us_mpegts_check_continuity (guint8 *last, const UsMpegtsPacket *packet, gsize index,
                            GError **error) {
  guint8 *counter = &last[packet->pid];
  guint8 due = packet->payload_size > 0 ? (*counter + 1) & 0x0f : *counter;
  gboolean is_free = *counter == US_MPEGTS_NO_COUNTER || packet->is_discontinuous;
  *counter = packet->continuity;
  if (is_free || packet->continuity == due)
    return TRUE;
  g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_CONTINUITY,
               "packet %" G_GSIZE_FORMAT ", PID %u: continuity counter %u where %u was due", index,
               packet->pid, packet->continuity, due);
  return FALSE;
}

/**
 * us_mpegts_crc32:
 *
 * Returns: the CRC of ISO 13818-1 annex A; 0 over a section that includes its own
 */
guint32
us_mpegts_crc32 (const guint8 *data, gsize size) {
  /* One row per half byte: small enough to stay in the cache beside the segment. */
  static const guint32 TABLE[16]
      = { 0x00000000, 0x04c11db7, 0x09823b6e, 0x0d4326d9, 0x130476dc, 0x17c56b6b,
          0x1a864db2, 0x1e475005, 0x2608edb8, 0x22c9f00f, 0x2f8ad6d6, 0x2b4bcb61,
          0x350c9b64, 0x31cd86d3, 0x3c8ea00a, 0x384fbdbd };
  guint32 crc = 0xffffffff;
  for (gsize i = 0; i < size; i++) {
    crc = (crc << 4) ^ TABLE[(crc >> 28) ^ (data[i] >> 4)];
    crc = (crc << 4) ^ TABLE[(crc >> 28) ^ (data[i] & 0x0f)];
  }
  return crc;
}

/* Finds the one whole section of a table in a packet. Returns its first byte and length with CRC,
 * or NULL. */
static const guint8 *
find_section (const UsMpegtsPacket *packet, const char *name, guint8 table_id, gsize header,
              gsize *length, GError **error) {
  const guint8 *p = packet->payload;
  gsize size = packet->payload_size;
  const char *fault = NULL;
  gsize section_size = 0;

  if (!packet->is_unit_start || size < 1 || 1 + (gsize)p[0] + 3 > size) {
    fault = "no section starts in its packet";
  } else {
    gsize skip = 1 + (gsize)p[0];
    p += skip;
    size -= skip;
    section_size = 3 + (gsize)((p[1] & 0x0f) << 8 | p[2]);
    if (p[0] != table_id || (p[1] & 0x80) == 0)
      fault = "another table stands in its place";
    else if (section_size < header + CRC_SIZE)
      fault = "too short";
    else if (section_size > size)
      fault = "takes more than one packet";
    else if (us_mpegts_crc32 (p, section_size) != 0)
      fault = "checksum does not match";
  }
  if (fault != NULL) {
    g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_TABLES, "%s: %s", name, fault);
    return NULL;
  }
  *length = section_size;
  return p;
}

/**
 * us_mpegts_read_pat:
 * @tables: takes the number of programs and the PMT's PID of the first
 *
 * ISO 13818-1 2.4.4.3.
 */
gboolean
us_mpegts_read_pat (const UsMpegtsPacket *packet, UsMpegtsTables *tables, GError **error) {
  gsize length;
  const guint8 *section = find_section (packet, "PAT", 0x00, PAT_HEADER, &length, error);
  if (section == NULL)
    return FALSE;
  tables->n_programs = 0;
  for (gsize at = PAT_HEADER; at + 4 <= length - CRC_SIZE; at += 4) {
    guint program = section[at] << 8 | section[at + 1];
    if (program == 0) /* the network information table */
      continue;
    if (tables->n_programs++ == 0)
      tables->pmt_pid = (guint16)((section[at + 2] & 0x1f) << 8 | section[at + 3]);
  }
  if (tables->n_programs == 0 || tables->pmt_pid == 0 || tables->pmt_pid == US_MPEGTS_NULL_PID) {
    g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_TABLES, "PAT: names no program");
    return FALSE;
  }
  return TRUE;
}

/**
 * us_mpegts_read_descriptor:
 * @data: (array length=size): a list of descriptors
 * @at: (inout): where the next one begins
 * @body: (out): behind its tag and length
 *
 * ISO 13818-1 2.6.
 *
 * Returns: FALSE at the end of the list, or when the next one is longer than what is left
 */
gboolean
us_mpegts_read_descriptor (const guint8 *data, gsize size, gsize *at, guint8 *tag,
                           const guint8 **body, gsize *body_size) {
  if (*at > size || size - *at < 2 || data[*at + 1] > size - *at - 2)
    return FALSE;
  *tag = data[*at];
  *body = data + *at + 2;
  *body_size = data[*at + 1];
  *at += 2 + *body_size;
  return TRUE;
}

/* What private data is: the registration of its owner (for Opus the
 * one that all muxers write), or a descriptor of DVB. @n_channels: (out): of Opus */
static guint16
read_private_type (const guint8 *data, gsize size, guint8 *n_channels) {
  static const struct {
    char name[5];
    guint16 type;
  } OWNERS[] = { { "Opus", US_MPEGTS_TYPE_OPUS },
                 { "AC-3", US_MPEGTS_TYPE_AC3 },
                 { "EAC3", US_MPEGTS_TYPE_EAC3 },
                 { "HEVC", US_MPEGTS_TYPE_HEVC } };
  guint16 type = TYPE_PRIVATE;
  guint8 tag;
  const guint8 *body;
  gsize length;
  for (gsize at = 0; us_mpegts_read_descriptor (data, size, &at, &tag, &body, &length);) {
    for (guint i = 0; tag == TAG_REGISTRATION && length >= 4 && i < G_N_ELEMENTS (OWNERS); i++)
      if (memcmp (body, OWNERS[i].name, 4) == 0)
        type = OWNERS[i].type;
    if (tag == TAG_AC3)
      type = US_MPEGTS_TYPE_AC3;
    if (tag == TAG_EAC3)
      type = US_MPEGTS_TYPE_EAC3;
    if (tag == TAG_EXTENSION && length >= 2 && body[0] == EXTENSION_OPUS)
      *n_channels = body[1] == 0 ? 2 : body[1] <= 8 ? body[1] : 0; /* 0: two mono channels */
  }
  return type;
}

/**
 * us_mpegts_read_pmt:
 * @tables: takes the streams and the PCR's PID
 *
 * ISO 13818-1 2.4.4.8.
 */
gboolean
us_mpegts_read_pmt (const UsMpegtsPacket *packet, UsMpegtsTables *tables, GError **error) {
  gsize length;
  const guint8 *section = find_section (packet, "PMT", 0x02, PMT_HEADER, &length, error);
  if (section == NULL)
    return FALSE;
  gsize end = length - CRC_SIZE;
  tables->pcr_pid = (guint16)((section[8] & 0x1f) << 8 | section[9]);
  tables->n_streams = 0;
  gsize at = PMT_HEADER + (gsize)((section[10] & 0x0f) << 8 | section[11]);
  while (at + 5 <= end && tables->n_streams < US_MPEGTS_MAX_STREAMS) {
    guint16 pid = (guint16)((section[at + 1] & 0x1f) << 8 | section[at + 2]);
    if (pid == 0 || pid == US_MPEGTS_NULL_PID || pid == tables->pmt_pid)
      break;
    gsize info = (gsize)((section[at + 3] & 0x0f) << 8 | section[at + 4]);
    guint8 n_channels = 0;
    guint16 type = section[at];
    if (type == TYPE_PRIVATE && info <= end - at - 5)
      type = read_private_type (section + at + 5, info, &n_channels);
    tables->streams[tables->n_streams].type = type;
    tables->streams[tables->n_streams].n_channels = n_channels;
    tables->streams[tables->n_streams++].pid = pid;
    at += 5 + info;
  }
  if (at != end) {
    g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_TABLES,
                 "PMT: its list of streams is broken or longer than %d", US_MPEGTS_MAX_STREAMS);
    return FALSE;
  }
  if (tables->n_streams == 0) {
    g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_TABLES, "PMT: names no stream");
    return FALSE;
  }
  return TRUE;
}

/**
 * us_mpegts_find_tables:
 * @pat_index: (out): packet number of the first PAT
 * @pmt_index: (out): packet number of the first PMT after it
 *
 * Reads as far as the first PMT, which may stand behind other packets: mpegtsmux writes audio
 * before the tables when the audio comes first.
 */
gboolean
us_mpegts_find_tables (const guint8 *data, gsize size, UsMpegtsTables *tables, gsize *pat_index,
                       gsize *pmt_index, GError **error) {
  gboolean has_pat = FALSE;
  memset (tables, 0, sizeof *tables);
  for (gsize i = 0; i < size / US_MPEGTS_PACKET; i++) {
    UsMpegtsPacket packet;
    if (!us_mpegts_packet_read (&packet, data, i, error))
      return FALSE;
    if (packet.pid == 0 && !has_pat) {
      if (!us_mpegts_read_pat (&packet, tables, error))
        return FALSE;
      has_pat = TRUE;
      *pat_index = i;
    } else if (has_pat && packet.pid == tables->pmt_pid) {
      *pmt_index = i;
      return us_mpegts_read_pmt (&packet, tables, error);
    }
  }
  g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_TABLES, "no %s", has_pat ? "PMT" : "PAT");
  return FALSE;
}

static gint64
read_timestamp (const guint8 *p) {
  return (gint64)(p[0] >> 1 & 7) << 30 | (gint64)p[1] << 22 | (gint64)(p[2] >> 1) << 15
         | (gint64)p[3] << 7 | (gint64)p[4] >> 1;
}

/**
 * us_mpegts_read_pes:
 * @packet: one with is_unit_start
 *
 * ISO 13818-1 2.4.3.6. Muxers keep the header in one packet, and so does finishing.
 *
 * Returns: FALSE when no whole PES header stands at the start of the payload
 */
gboolean
us_mpegts_read_pes (const UsMpegtsPacket *packet, UsMpegtsPesHeader *header) {
  const guint8 *p = packet->payload;
  header->pts = header->dts = -1;
  if (packet->payload_size < 9 || p[0] != 0 || p[1] != 0 || p[2] != 1 || (p[6] & 0xc0) != 0x80)
    return FALSE;
  header->size = 9 + (gsize)p[8];
  if (header->size > packet->payload_size)
    return FALSE;
  guint flags = p[7] >> 6;
  if ((flags & 2) != 0) {
    if (p[8] < 5)
      return FALSE;
    header->pts = header->dts = read_timestamp (p + 9);
  }
  if (flags == 3) {
    if (p[8] < 10)
      return FALSE;
    header->dts = read_timestamp (p + 14);
  }
  return flags != 1;
}

gboolean
us_mpegts_type_is_video (guint16 type) {
  return type == US_MPEGTS_TYPE_H264 || type == US_MPEGTS_TYPE_HEVC || type == 0x01 || type == 0x02
         || type == 0x10;
}

gboolean
us_mpegts_type_is_audio (guint16 type) {
  return type == US_MPEGTS_TYPE_AAC || type == US_MPEGTS_TYPE_AAC_LATM || type == US_MPEGTS_TYPE_MP3
         || type == US_MPEGTS_TYPE_MP3_LSF || type == US_MPEGTS_TYPE_AC3
         || type == US_MPEGTS_TYPE_EAC3 || type == US_MPEGTS_TYPE_OPUS;
}
