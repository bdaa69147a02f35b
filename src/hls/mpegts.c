/* mpegts.c - inspects a whole MPEG transport stream segment
 *
 * The switcher calls this for every segment it fetches, before it advertises it: one pass, no
 * allocation, no state beyond the stack, any thread. It is strict where a player would stumble
 * (grid, tables, continuity, a first picture that cannot be decoded) and silent on the rest.
 * Finishing a segment is in mpegts-finish.c. */
#include "hls/mpegts-packet.h"

#include <string.h>

/* Looks for the first slice of the first picture, across packets. */
typedef enum { LOOK_NOT_BEGUN, LOOK_ON, LOOK_RANDOM_ACCESS, LOOK_IDR, LOOK_OTHER } LookResult;

typedef struct {
  guint16 type;
  LookResult result;
  guint32 window; /* the last four bytes */
  guint skip;     /* header bytes of a NAL unit before its first payload byte */
  gboolean is_in_sei;
  gboolean has_recovery_point;
} Look;

/* SEI payload type 6 in H.264 and in HEVC (H.264 D.1.8, H.265 D.2.8) */
#define SEI_RECOVERY_POINT 6

static void
look_at_nal (Look *self, guint8 head) {
  guint type = self->type == US_MPEGTS_TYPE_H264 ? head & 0x1f : (head >> 1) & 0x3f;
  self->is_in_sei = FALSE;
  if (self->type == US_MPEGTS_TYPE_H264) {
    if (type == 5)
      self->result = LOOK_IDR;
    else if (type >= 1 && type <= 4)
      self->result = self->has_recovery_point ? LOOK_RANDOM_ACCESS : LOOK_OTHER;
    self->is_in_sei = type == 6;
    self->skip = 0;
  } else {
    if (type >= 16 && type <= 23)
      self->result = LOOK_IDR; /* IDR, BLA and CRA: all are random access points */
    else if (type < 16)
      self->result = self->has_recovery_point ? LOOK_RANDOM_ACCESS : LOOK_OTHER;
    self->is_in_sei = type == 39;
    self->skip = 1;
  }
}

static void
look_at_bytes (Look *self, const guint8 *data, gsize size) {
  for (gsize i = 0; i < size && self->result == LOOK_ON; i++) {
    gboolean is_nal_head = (self->window & 0xffffff) == 0x000001;
    self->window = self->window << 8 | data[i];
    if (is_nal_head) {
      look_at_nal (self, data[i]);
    } else if (self->is_in_sei && self->skip > 0) {
      self->skip--;
    } else if (self->is_in_sei) {
      /* The first message of the unit; encoders write one unit per message. */
      self->has_recovery_point |= data[i] == SEI_RECOVERY_POINT;
      self->is_in_sei = FALSE;
    }
  }
}

static gboolean
fail (UsMpegtsError code, gsize index, guint pid, const char *what, GError **error) {
  g_set_error (error, US_MPEGTS_ERROR, code, "packet %" G_GSIZE_FORMAT ", PID %u: %s", index, pid,
               what);
  return FALSE;
}

static gboolean
on_video (UsMpegtsInfo *info, Look *look, const UsMpegtsPacket *packet, gsize index,
          GError **error) {
  if (!packet->is_unit_start) {
    if (info->n_video == 0)
      return fail (US_MPEGTS_ERROR_START, index, packet->pid,
                   "the segment starts inside an access unit", error);
    if (look->result == LOOK_ON)
      look_at_bytes (look, packet->payload, packet->payload_size);
    return TRUE;
  }
  UsMpegtsPesHeader pes;
  if (!us_mpegts_read_pes (packet, &pes))
    return fail (US_MPEGTS_ERROR_PES, index, packet->pid, "broken PES header", error);
  if (info->n_video == 0) {
    info->first_video_pts = pes.pts;
    info->first_video_dts = pes.dts;
    look->result = LOOK_ON;
    look_at_bytes (look, packet->payload + pes.size, packet->payload_size - pes.size);
  } else if (look->result == LOOK_ON) {
    look->result = LOOK_OTHER; /* a whole access unit without a slice */
  }
  if (pes.dts >= 0)
    info->last_video_dts = pes.dts;
  info->n_video++;
  return TRUE;
}

static gboolean
on_audio (UsMpegtsInfo *info, const UsMpegtsPacket *packet, gsize index, GError **error) {
  if (!packet->is_unit_start)
    return TRUE;
  UsMpegtsPesHeader pes;
  if (!us_mpegts_read_pes (packet, &pes))
    return fail (US_MPEGTS_ERROR_PES, index, packet->pid, "broken PES header", error);
  if (info->n_audio == 0)
    info->first_audio_pts = pes.pts;
  if (pes.pts >= 0)
    info->last_audio_pts = pes.pts;
  info->n_audio++;
  return TRUE;
}

/* The first video and the first audio stream of the program are what players take. */
static void
choose_streams (UsMpegtsInfo *info, const UsMpegtsTables *tables) {
  info->pmt_pid = tables->pmt_pid;
  info->pcr_pid = tables->pcr_pid == US_MPEGTS_NULL_PID ? 0 : tables->pcr_pid;
  for (guint i = 0; i < tables->n_streams; i++) {
    if (info->video_pid == 0 && us_mpegts_type_is_video (tables->streams[i].type)) {
      info->video_pid = tables->streams[i].pid;
      info->video_type = tables->streams[i].type;
    }
    if (info->audio_pid == 0 && us_mpegts_type_is_audio (tables->streams[i].type)) {
      info->audio_pid = tables->streams[i].pid;
      info->audio_type = tables->streams[i].type;
    }
  }
}

static gboolean
judge_start (UsMpegtsInfo *info, const Look *look, GError **error) {
  if (info->n_video + info->n_audio == 0) {
    g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_EMPTY,
                 "neither a picture nor sound in %u packets", info->n_packets);
    return FALSE;
  }
  gboolean is_known
      = info->video_type == US_MPEGTS_TYPE_H264 || info->video_type == US_MPEGTS_TYPE_HEVC;
  if (info->n_video == 0 || !is_known)
    return TRUE;
  info->starts_with_idr = look->result == LOOK_IDR;
  if (!info->starts_with_idr && look->result != LOOK_RANDOM_ACCESS)
    return fail (US_MPEGTS_ERROR_START, 0, info->video_pid,
                 "the first picture needs pictures before it", error);
  return TRUE;
}

/* Judges one packet of the pass. @pmt_index: where the first PMT stands. */
static gboolean
inspect_packet (UsMpegtsInfo *info, Look *look, const UsMpegtsPacket *packet, gsize index,
                gsize pmt_index, GError **error) {
  UsMpegtsTables again;
  if (packet->payload_size == 0)
    return TRUE;
  if (packet->pid == 0)
    return us_mpegts_read_pat (packet, &again, error);
  if (packet->pid == info->pmt_pid) {
    again.pmt_pid = info->pmt_pid;
    return us_mpegts_read_pmt (packet, &again, error);
  }
  if (packet->pid == info->video_pid) {
    if (index < pmt_index)
      return fail (US_MPEGTS_ERROR_TABLES, index, packet->pid, "video before the PMT", error);
    return on_video (info, look, packet, index, error);
  }
  if (packet->pid == info->audio_pid)
    return on_audio (info, packet, index, error);
  return TRUE;
}

/**
 * us_mpegts_inspect:
 * @data: (array length=size): a whole segment, from anywhere
 * @info: (out caller-allocates): filled as far as reading came, also on failure
 *
 * A later PAT or PMT is checked for itself only. Audio may stand before the tables (players skip
 * it), video may not. An H.264 segment may start with a recovery point instead of an IDR picture;
 * @info tells.
 *
 * Returns: FALSE with US_MPEGTS_ERROR at the first fault
 */
gboolean
us_mpegts_inspect (const guint8 *data, gsize size, UsMpegtsInfo *info, GError **error) {
  g_return_val_if_fail ((data != NULL || size == 0) && info != NULL, FALSE);

  memset (info, 0, sizeof *info);
  info->first_video_pts = info->first_video_dts = info->last_video_dts = -1;
  info->first_audio_pts = info->last_audio_pts = -1;
  UsMpegtsTables tables;
  gsize pat_index = 0, pmt_index = 0;
  if (!us_mpegts_check_grid (data, size, error)
      || !us_mpegts_find_tables (data, size, &tables, &pat_index, &pmt_index, error))
    return FALSE;
  choose_streams (info, &tables);
  info->n_packets = size / US_MPEGTS_PACKET;
  info->starts_with_tables = pat_index == 0 && pmt_index == 1;

  guint8 last[US_MPEGTS_N_PIDS];
  memset (last, US_MPEGTS_NO_COUNTER, sizeof last);
  Look look = { .type = info->video_type, .window = 0xffffffff };
  for (gsize i = 0; i < info->n_packets; i++) {
    UsMpegtsPacket packet;
    if (!us_mpegts_packet_read (&packet, data, i, error))
      return FALSE;
    if (packet.pid == US_MPEGTS_NULL_PID) /* its counter is undefined */
      continue;
    if (!us_mpegts_check_continuity (last, &packet, i, error)
        || !inspect_packet (info, &look, &packet, i, pmt_index, error))
      return FALSE;
  }
  return judge_start (info, &look, error);
}
