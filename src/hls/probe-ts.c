/* probe-ts.c - the probe of a transport stream segment
 *
 * One pass over the packets (ISO 13818-1 2.4.3). The PES packets of the first video and the first
 * audio stream are gathered one at a time in a buffer each, since a NAL unit is scattered over
 * packets; of a picture that is no key picture only its beginning is kept. All else, whatever PIDs
 * and tables a packager adds, is stepped over.
 *
 * Unlike us_mpegts_inspect(), which judges our own packager, this accepts audio and video that was
 * cut inside a PES packet: some packagers cut a running multiplex at any packet. It shows at the
 * start of the segment, and only then an unfinished packet at the end is no fault.
 *
 * For an inspection (inspect.c) damage is counted and what it hit is left out, so that one lost
 * packet does not hide everything else that there is to say. */
#include "hls/audio-frame.h"
#include "hls/hash.h"
#include "hls/mpegts-section.h"
#include "hls/probe-private.h"

#include <string.h>

#define TICKS_PER_SECOND 90000
#define PES_LENGTH_HEADER 6
#define STREAM_ID_PADDING 0xbe
/* Bytes of a picture that are kept before asking whether they already show what it is. */
#define PEEK_BYTES 160

/* Pes: the packet of one stream that is being gathered. */
typedef struct {
  guint16 pid;         /* 0: the program has no such stream */
  guint16 type;        /* stream_type */
  guint8 n_channels;   /* Opus */
  guint8 counter;      /* of the last packet with payload */
  const guint8 *last;  /* that packet, to know a repeated one */
  gboolean is_open;    /* a PES packet has begun */
  gboolean is_inside;  /* the segment starts inside a PES packet */
  gboolean is_skipped; /* enough was seen: the rest is counted only */
  gboolean is_damaged; /* a part of it was lost: it tells nothing, inspection only */
  gsize n_packets;
  gsize offset; /* of the transport packet that starts it */
  gsize size;   /* bytes so far, kept or not */
  gsize n_kept;
  guint8 *kept; /* as large as the segment, so that no length can overrun it */
} Pes;

static void
pes_clear (Pes *pes) {
  g_clear_pointer (&pes->kept, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Pes, pes_clear)

typedef struct {
  UsProbeBuilder *builder;
  UsInspector *inspector; /* nullable: of the builder */
  gboolean has_pes;
  UsMpegtsTables tables;
  gboolean has_reference;
  gint64 reference; /* the first time of the segment: the others are unwrapped around it */
  gboolean has_parameters, has_audio_config;
  guint n_audio;
  gint64 first_audio, last_audio, last_audio_ticks; /* ticks; how long the last one is, or -1 */
} Scan;

/* ---- tables ---- */

/* Finds the first PMT. Other than in a segment of ours it may stand behind anything. @is_lenient:
 * steps over damaged packets */
static gboolean
find_tables (const guint8 *data, gsize size, gboolean is_lenient, UsMpegtsTables *tables,
             GError **error) {
  UsMpegtsSection pat = { 0 }, pmt = { 0 };
  gboolean has_pat = FALSE;
  for (gsize i = 0; i < size / US_MPEGTS_PACKET; i++) {
    UsMpegtsPacket packet;
    UsMpegtsSectionResult result = US_MPEGTS_SECTION_NONE;
    g_autoptr (GError) cause = NULL;
    if (!us_mpegts_packet_read (&packet, data, i, is_lenient ? NULL : &cause)) {
      if (is_lenient)
        continue;
      return us_probe_wrap (g_steal_pointer (&cause), error);
    }
    gboolean is_pat = packet.pid == 0;
    if (packet.payload_size > 0 && (is_pat || (has_pat && packet.pid == tables->pmt_pid)))
      result = us_mpegts_section_feed (is_pat ? &pat : &pmt, &packet, tables, &cause);
    if (result == US_MPEGTS_SECTION_BROKEN)
      return us_probe_wrap (g_steal_pointer (&cause), error);
    has_pat |= is_pat && result == US_MPEGTS_SECTION_WHOLE;
    if (!is_pat && result == US_MPEGTS_SECTION_WHOLE)
      return TRUE;
  }
  return us_probe_fail (US_PROBE_ERROR_BROKEN, error, "no %s", has_pat ? "PMT" : "PAT");
}

static guint64
hash_streams (const UsMpegtsTables *tables) {
  guint64 hash = 0;
  for (guint i = 0; i < tables->n_streams; i++) {
    guint16 stream[3]
        = { GUINT16_TO_LE (tables->streams[i].pid), GUINT16_TO_LE (tables->streams[i].type),
            GUINT16_TO_LE ((guint16)tables->streams[i].n_channels) };
    hash = us_hash64 (hash, stream, sizeof stream);
  }
  return hash;
}

/* ---- PES packets ---- */

/* Unwraps a 33-bit time to the value nearest the first one. */
static gint64
unwrap (Scan *scan, gint64 ticks) {
  if (!scan->has_reference) {
    scan->has_reference = TRUE;
    scan->reference = ticks;
  }
  gint64 wrap = G_GINT64_CONSTANT (1) << 33;
  gint64 ahead = (ticks - scan->reference + wrap + wrap / 2) % wrap - wrap / 2;
  return scan->reference + ahead;
}

static gboolean
codec_of (const Pes *pes, UsNalCodec *codec) {
  *codec = pes->type == US_MPEGTS_TYPE_HEVC ? US_NAL_HEVC : US_NAL_H264;
  return pes->type == US_MPEGTS_TYPE_H264 || pes->type == US_MPEGTS_TYPE_HEVC;
}

static gboolean
read_header (const Pes *pes, UsMpegtsPesHeader *header) {
  UsMpegtsPacket whole
      = { .is_unit_start = TRUE, .payload = pes->kept, .payload_size = pes->n_kept };
  return us_mpegts_read_pes (&whole, header);
}

static gboolean
take_picture (Scan *scan, const Pes *pes, const UsMpegtsPesHeader *header, GError **error) {
  UsAccessUnit unit = { .wants_parameters = !scan->has_parameters };
  UsProbeBuilder *builder = scan->builder;
  if (header->pts < 0)
    return TRUE; /* goes on with the picture before */
  if (codec_of (pes, &unit.codec)) {
    if (!us_access_unit_add_annex_b (&unit, pes->kept + header->size, pes->n_kept - header->size))
      return us_probe_fail (US_PROBE_ERROR_BROKEN, error,
                            "packet %" G_GSIZE_FORMAT ", PID %u: a damaged NAL unit",
                            pes->offset / US_MPEGTS_PACKET, pes->pid);
    if (!unit.has_slice)
      return TRUE; /* no picture in it */
    builder->probe->config += unit.parameters;
    scan->has_parameters |= unit.is_key;
  }
  gint64 pts_us = us_probe_us_from_ticks (unwrap (scan, header->pts));
  return us_probe_add_picture (builder, pts_us, &unit, pes->offset, pes->size - header->size,
                               error);
}

/* Ticks of the frames that begin in @data, or -1 when none can be read. @config: (out): of the
 * first. */
static gint64
frames_ticks (UsInspector *inspector, const Pes *pes, const guint8 *data, gsize size,
              guint32 *config) {
  guint64 n_samples = 0;
  guint rate = 0;
  UsAudioFrame frame;
  for (gsize at = 0; at < size && us_audio_frame_read (pes->type, data + at, size - at, &frame);
       at += frame.size) {
    if (rate == 0) {
      *config = frame.config;
      us_inspector_set_sound (inspector, pes->type, pes->n_channels, &frame);
    }
    us_inspector_add_frame (inspector, frame.size);
    rate = frame.rate;
    n_samples += frame.n_samples;
  }
  return rate > 0 ? (gint64)(n_samples * TICKS_PER_SECOND / rate) : -1;
}

static void
take_sound (Scan *scan, const Pes *pes, const UsMpegtsPesHeader *header) {
  const guint8 *data = pes->kept + header->size;
  gsize size = pes->n_kept - header->size;
  guint32 config = 0;
  gint64 ticks = frames_ticks (scan->inspector, pes, data, size, &config);
  if (!scan->has_audio_config && config != 0) {
    config = GUINT32_TO_LE (config);
    scan->builder->probe->config += us_hash64 (pes->type, &config, sizeof config);
    scan->has_audio_config = TRUE;
  }
  if (header->pts < 0)
    return;
  gint64 pts = unwrap (scan, header->pts);
  if (scan->n_audio == 0 || pts < scan->first_audio)
    scan->first_audio = pts;
  if (scan->n_audio == 0 || pts >= scan->last_audio) {
    scan->last_audio = pts;
    scan->last_audio_ticks = ticks;
  }
  scan->n_audio++;
}

/* Judges the gathered packet, if there is one, and makes room for the next. */
static gboolean
close_packet (Scan *scan, Pes *pes, gboolean is_video, gboolean is_end, GError **error) {
  gsize packet = pes->offset / US_MPEGTS_PACKET;
  if (!pes->is_open)
    return TRUE;
  pes->is_open = FALSE;
  if (pes->is_damaged)
    return TRUE;
  const guint8 *p = pes->kept;
  if (pes->n_kept < PES_LENGTH_HEADER || p[0] != 0 || p[1] != 0 || p[2] != 1)
    return us_probe_fail (US_PROBE_ERROR_BROKEN, error,
                          "packet %" G_GSIZE_FORMAT ", PID %u: no PES start code", packet,
                          pes->pid);
  gsize length = (gsize)p[4] << 8 | p[5]; /* 0: up to the next one, video only */
  gsize due = PES_LENGTH_HEADER + length;
  if (length > 0 && pes->size < due && is_end && pes->is_inside)
    return TRUE;
  if (length > 0 && pes->size != due)
    return us_probe_fail (US_PROBE_ERROR_BROKEN, error,
                          "packet %" G_GSIZE_FORMAT ", PID %u: a PES packet of %" G_GSIZE_FORMAT
                          " bytes has %" G_GSIZE_FORMAT,
                          packet, pes->pid, due, pes->size);
  if (p[3] == STREAM_ID_PADDING)
    return TRUE;
  UsMpegtsPesHeader header;
  if (!read_header (pes, &header))
    return us_probe_fail (US_PROBE_ERROR_BROKEN, error,
                          "packet %" G_GSIZE_FORMAT ", PID %u: broken PES header", packet,
                          pes->pid);
  if (is_video)
    return take_picture (scan, pes, &header, error);
  take_sound (scan, pes, &header);
  return TRUE;
}

/* Once its first slice is known to be of no key picture, the rest of a picture tells nothing. */
static void
peek (Pes *pes) {
  UsAccessUnit unit = { 0 };
  UsMpegtsPesHeader header;
  if (!codec_of (pes, &unit.codec) || pes->n_kept < PEEK_BYTES || !read_header (pes, &header))
    return;
  if (us_access_unit_add_annex_b (&unit, pes->kept + header.size, pes->n_kept - header.size))
    pes->is_skipped = unit.has_slice && !unit.is_key;
}

static gboolean
check_counter (const Scan *scan, Pes *pes, const UsMpegtsPacket *packet, gsize index,
               gboolean *is_repeated, GError **error) {
  guint8 due = (pes->counter + 1) & 0x0f;
  *is_repeated = FALSE;
  if (pes->counter != US_MPEGTS_NO_COUNTER && !packet->is_discontinuous
      && packet->continuity != due) {
    /* ISO 13818-1 2.4.3.3 allows to send a packet twice. */
    *is_repeated = packet->continuity == pes->counter
                   && memcmp (pes->last + US_MPEGTS_PACKET - packet->payload_size, packet->payload,
                              packet->payload_size)
                          == 0;
    if (!*is_repeated && scan->inspector != NULL) {
      scan->inspector->out->n_continuity++;
      pes->is_damaged = TRUE;
    } else if (!*is_repeated)
      return us_probe_fail (US_PROBE_ERROR_BROKEN, error,
                            "packet %" G_GSIZE_FORMAT
                            ", PID %u: continuity counter %u where %u was due",
                            index, packet->pid, packet->continuity, due);
  }
  pes->counter = packet->continuity;
  pes->last = packet->data;
  return TRUE;
}

static gboolean
feed (Scan *scan, Pes *pes, gboolean is_video, const UsMpegtsPacket *packet, gsize index,
      GError **error) {
  gboolean is_repeated;
  if (!check_counter (scan, pes, packet, index, &is_repeated, error))
    return FALSE;
  if (is_repeated)
    return TRUE;
  pes->n_packets++;
  if (packet->is_unit_start) {
    if (!close_packet (scan, pes, is_video, FALSE, error))
      return FALSE;
    pes->is_open = scan->has_pes = TRUE;
    pes->is_skipped = pes->is_damaged = FALSE;
    pes->offset = index * US_MPEGTS_PACKET;
    pes->size = pes->n_kept = 0;
  } else if (!pes->is_open) {
    pes->is_inside = TRUE;
    return TRUE;
  }
  pes->size += packet->payload_size;
  if (pes->is_skipped)
    return TRUE;
  memcpy (pes->kept + pes->n_kept, packet->payload, packet->payload_size);
  pes->n_kept += packet->payload_size;
  if (is_video && pes->n_kept < 4 * PEEK_BYTES)
    peek (pes);
  return TRUE;
}

/* ---- the segment ---- */

static gboolean
pes_begin (Pes *pes, const UsMpegtsTables *tables, gboolean (*is_type) (guint16), gsize size,
           GError **error) {
  pes->counter = US_MPEGTS_NO_COUNTER;
  for (guint i = 0; i < tables->n_streams && pes->pid == 0; i++) {
    if (!is_type (tables->streams[i].type))
      continue;
    pes->pid = tables->streams[i].pid;
    pes->type = tables->streams[i].type;
    pes->n_channels = tables->streams[i].n_channels;
  }
  if (pes->pid == 0)
    return TRUE;
  pes->kept = g_try_malloc (size);
  return pes->kept != NULL
         || us_probe_fail (US_PROBE_ERROR_LIMIT, error, "no memory for %" G_GSIZE_FORMAT " bytes",
                           size);
}

/* Counts what is wrong with a packet that cannot be read. */
static void
count_damage (UsInspector *inspector, const guint8 *packet) {
  if (packet[0] != 0x47)
    inspector->out->n_sync_lost++;
  else if ((packet[1] & 0x80) == 0 && (packet[3] & 0xc0) != 0)
    inspector->out->n_scrambled++;
  else
    inspector->out->n_continuity++;
}

static void
feed_cues (UsInspector *inspector, const UsMpegtsTables *tables, const UsMpegtsPacket *packet) {
  for (guint i = 0; inspector != NULL && i < tables->n_streams; i++)
    if (tables->streams[i].pid == packet->pid && tables->streams[i].type == US_MPEGTS_TYPE_SCTE35)
      us_cue_reader_feed (&inspector->cues, packet->is_unit_start, packet->payload,
                          packet->payload_size);
}

static gboolean
scan_packets (Scan *scan, Pes *video, Pes *audio, const guint8 *data, gsize size, GError **error) {
  UsMpegtsSection pat = { 0 }, pmt = { 0 };
  guint64 first_streams = hash_streams (&scan->tables);
  guint16 pmt_pid = scan->tables.pmt_pid;
  for (gsize i = 0; i < size / US_MPEGTS_PACKET; i++) {
    UsMpegtsPacket packet;
    g_autoptr (GError) cause = NULL;
    if (!us_mpegts_packet_read (&packet, data, i, scan->inspector != NULL ? NULL : &cause)) {
      if (scan->inspector == NULL)
        return us_probe_wrap (g_steal_pointer (&cause), error);
      count_damage (scan->inspector, data + i * US_MPEGTS_PACKET);
      continue;
    }
    if (packet.payload_size == 0)
      continue;
    gboolean is_ok = TRUE;
    if (packet.pid == video->pid && video->pid != 0) {
      is_ok = feed (scan, video, TRUE, &packet, i, error);
    } else if (packet.pid == audio->pid && audio->pid != 0) {
      is_ok = feed (scan, audio, FALSE, &packet, i, error);
    } else if (packet.pid == 0 || packet.pid == pmt_pid) {
      UsMpegtsTables again = scan->tables;
      UsMpegtsSectionResult result
          = us_mpegts_section_feed (packet.pid == 0 ? &pat : &pmt, &packet, &again, &cause);
      if (result == US_MPEGTS_SECTION_BROKEN)
        return us_probe_wrap (g_steal_pointer (&cause), error);
      /* Another program inside the segment: the first one is read, but it is not the same. */
      if (result == US_MPEGTS_SECTION_WHOLE && packet.pid != 0
          && hash_streams (&again) != first_streams)
        scan->builder->probe->config += hash_streams (&again);
      if (result == US_MPEGTS_SECTION_WHOLE && packet.pid != 0 && scan->inspector != NULL)
        scan->inspector->out->has_tables_first |= !scan->has_pes;
    } else {
      feed_cues (scan->inspector, &scan->tables, &packet);
    }
    if (!is_ok)
      return FALSE;
  }
  return close_packet (scan, video, TRUE, TRUE, error)
         && close_packet (scan, audio, FALSE, TRUE, error);
}

static gboolean
judge (Scan *scan, const Pes *video, const Pes *audio, GError **error) {
  UsProbe *probe = scan->builder->probe;
  if (scan->inspector != NULL && us_inspector_has_damage (scan->inspector)
      && probe->n_video + scan->n_audio == 0)
    return TRUE;
  if (video->n_packets > 0 && probe->n_video == 0)
    return us_probe_fail (US_PROBE_ERROR_BROKEN, error, "PID %u: no whole picture", video->pid);
  if (audio->n_packets > 0 && scan->n_audio == 0 && probe->n_video == 0)
    return us_probe_fail (US_PROBE_ERROR_BROKEN, error, "PID %u: no whole audio packet",
                          audio->pid);
  if (probe->n_video + scan->n_audio == 0)
    return us_probe_fail (US_PROBE_ERROR_BROKEN, error, "neither a picture nor sound");
  if (scan->n_audio == 0)
    return TRUE;
  probe->has_audio = TRUE;
  if (scan->last_audio_ticks < 0) /* no frame was read: as long as the mean of those before */
    scan->last_audio_ticks
        = scan->n_audio > 1 ? (scan->last_audio - scan->first_audio) / (scan->n_audio - 1) : 0;
  probe->first_audio_us = us_probe_us_from_ticks (scan->first_audio);
  probe->end_audio_us = us_probe_us_from_ticks (scan->last_audio + scan->last_audio_ticks);
  return TRUE;
}

/* @init: (nullable): a section with the tables (RFC 8216 3.2) */
gboolean
us_probe_ts (UsProbeBuilder *builder, const guint8 *data, gsize size, const guint8 *init,
             gsize init_size, GError **error) {
  if (size % US_MPEGTS_PACKET != 0)
    return us_probe_fail (US_PROBE_ERROR_BROKEN, error,
                          "%" G_GSIZE_FORMAT " bytes are no whole number of packets of %d", size,
                          US_MPEGTS_PACKET);
  UsInspector *inspector = builder->inspector;
  Scan scan = { .builder = builder, .inspector = inspector };
  gboolean has_init = init != NULL && find_tables (init, init_size, FALSE, &scan.tables, NULL);
  gboolean has_tables
      = has_init
        || find_tables (data, size, inspector != NULL, &scan.tables, inspector ? NULL : error);
  if (inspector != NULL) {
    inspector->out->n_packets = (guint)(size / US_MPEGTS_PACKET);
    inspector->out->has_tables = has_tables;
    inspector->out->has_tables_first = has_init;
  }
  if (!has_tables)
    return inspector != NULL;
  g_auto (Pes) video = { 0 };
  g_auto (Pes) audio = { 0 };
  if (!pes_begin (&video, &scan.tables, us_mpegts_type_is_video, size, error)
      || !pes_begin (&audio, &scan.tables, us_mpegts_type_is_audio, size, error))
    return FALSE;
  builder->probe->config = hash_streams (&scan.tables);
  return scan_packets (&scan, &video, &audio, data, size, error)
         && judge (&scan, &video, &audio, error);
}
