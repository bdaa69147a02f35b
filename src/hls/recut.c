/* recut.c - the rest of a transport stream segment from one of its random access points on
 *
 * When two foreign origins carry the same pictures in segments that start elsewhere, the switcher
 * joins them in the middle of a segment. What comes before the joining picture is left out: the
 * viewer has it from the other origin. So has he the leading pictures of HEVC, which follow a CRA
 * picture, are shown before it, and could not be decoded here. Whole PES packets stay or go, so no
 * byte of a picture or a sound is changed, only the continuity counters are written anew.
 *
 * A pure function, any thread. One pass to copy, behind the search for the tables. */
#include "hls/recut.h"

#include "hls/mpegts-packet.h"
#include "hls/probe-private.h"

#include <string.h>

/* Rounding of ticks to us and back. */
#define TOLERANCE_US 12

typedef enum {
  DROP, /* nothing of this PID is kept yet, or not the PES packet that it is in */
  KEEP, /* the unit that it is in stays */
} PidState;

typedef struct {
  const guint8 *data;
  gsize n_packets, first; /* packets; the one that starts the picture */
  UsMpegtsTables tables;
  guint16 video_pid;
  gint64 start; /* time of the picture, ticks of 33 bits */
  guint8 state[US_MPEGTS_N_PIDS];
  guint8 counter[US_MPEGTS_N_PIDS]; /* of the next packet with payload, or NO_COUNTER */
  guint8 last[US_MPEGTS_N_PIDS];    /* of the segment's last packet with payload */
  guint8 *out;
  gsize n_out;
} Recut;

static gint64
ticks_after (gint64 later, gint64 earlier) {
  gint64 wrap = G_GINT64_CONSTANT (1) << 33;
  return (later - earlier + wrap + wrap / 2) % wrap - wrap / 2;
}

static gboolean
is_audio_pid (const Recut *self, guint16 pid) {
  for (guint i = 0; i < self->tables.n_streams; i++)
    if (self->tables.streams[i].pid == pid)
      return us_mpegts_type_is_audio (self->tables.streams[i].type);
  return FALSE;
}

static void
write_packet (Recut *self, const UsMpegtsPacket *packet) {
  guint8 *out = self->out + self->n_out++ * US_MPEGTS_PACKET;
  guint8 *next = &self->counter[packet->pid];
  memcpy (out, packet->data, US_MPEGTS_PACKET);
  if (*next == US_MPEGTS_NO_COUNTER)
    *next = packet->continuity;
  guint8 counter = packet->payload_size > 0 ? *next : (*next + 15) & 0x0f;
  if (packet->payload_size > 0)
    *next = (*next + 1) & 0x0f;
  out[3] = (guint8)((out[3] & 0xf0) | counter);
}

/* Whether the packet stays. A PID starts with a whole unit, or with a clock and nothing else. */
static gboolean
decide (Recut *self, const UsMpegtsPacket *packet, gsize index) {
  guint8 *state = &self->state[packet->pid];
  if (packet->pid == US_MPEGTS_NULL_PID)
    return FALSE;
  gboolean is_video = packet->pid == self->video_pid;
  if (is_video || is_audio_pid (self, packet->pid)) {
    if (is_video && index < self->first)
      return FALSE;
    if (packet->payload_size == 0)
      return index >= self->first;
    /* A unit without a time belongs to the one before it. */
    UsMpegtsPesHeader pes;
    if (packet->is_unit_start && us_mpegts_read_pes (packet, &pes) && pes.pts >= 0)
      *state = ticks_after (pes.pts, self->start) >= 0 ? KEEP : DROP;
    return *state == KEEP;
  }
  if (index < self->first)
    return FALSE;
  if (packet->payload_size == 0)
    return TRUE;
  if (packet->is_unit_start)
    *state = KEEP;
  return *state == KEEP;
}

static gboolean
find_picture (Recut *self, const UsPicture *picture, GError **error) {
  UsMpegtsPacket packet;
  UsMpegtsPesHeader pes;
  for (guint i = 0; i < self->tables.n_streams && self->video_pid == 0; i++)
    if (us_mpegts_type_is_video (self->tables.streams[i].type))
      self->video_pid = self->tables.streams[i].pid;
  self->first = picture->offset / US_MPEGTS_PACKET;
  gboolean is_there = picture->offset % US_MPEGTS_PACKET == 0 && self->first < self->n_packets
                      && us_mpegts_packet_read (&packet, self->data, self->first, NULL)
                      && self->video_pid != 0 && packet.pid == self->video_pid
                      && packet.is_unit_start && packet.payload_size > 0
                      && us_mpegts_read_pes (&packet, &pes) && pes.pts >= 0;
  if (is_there) {
    gint64 off_us = us_probe_time_diff_us (US_CONTAINER_TS, us_probe_us_from_ticks (pes.pts),
                                           picture->pts_us);
    is_there = ABS (off_us) <= TOLERANCE_US;
    self->start = pes.pts;
  }
  return is_there
         || us_probe_fail (US_PROBE_ERROR_BROKEN, error,
                           "no such picture at byte %" G_GSIZE_FORMAT " of the segment",
                           picture->offset);
}

static gboolean
copy_packet (Recut *self, gsize index, GError **error) {
  UsMpegtsPacket packet;
  GError *cause = NULL;
  if (!us_mpegts_packet_read (&packet, self->data, index, &cause))
    return us_probe_wrap (cause, error);
  if (packet.payload_size > 0)
    self->last[packet.pid] = packet.continuity;
  if (decide (self, &packet, index))
    write_packet (self, &packet);
  return TRUE;
}

/* The counters go on where the next segment takes them up; before the first packet a viewer expects
 * none. */
static void
end_as_before (Recut *self) {
  for (gsize i = 0; i < self->n_out; i++) {
    guint8 *out = self->out + i * US_MPEGTS_PACKET;
    guint16 pid = (guint16)((out[1] & 0x1f) << 8 | out[2]);
    guint shift = self->last[pid] + 1u - self->counter[pid];
    if (self->last[pid] == US_MPEGTS_NO_COUNTER)
      continue;
    out[3] = (guint8)((out[3] & 0xf0) | ((out[3] + shift) & 0x0f));
  }
}

/**
 * us_recut_from:
 * @ts: a segment that us_probe_segment() took
 * @picture: one of its pictures
 *
 * See recut.h. The tables must each fit one packet. When the picture is the first one, what stood
 * before it still goes. Null packets go too.
 *
 * Returns: (transfer full): NULL with US_PROBE_ERROR
 */
GBytes *
us_recut_from (GBytes *ts, const UsPicture *picture, GError **error) {
  g_return_val_if_fail (ts != NULL && picture != NULL, NULL);

  gsize size, pat_index, pmt_index;
  GError *cause = NULL;
  g_autofree Recut *self = g_new0 (Recut, 1);
  self->data = g_bytes_get_data (ts, &size);
  self->n_packets = size / US_MPEGTS_PACKET;
  memset (self->counter, US_MPEGTS_NO_COUNTER, sizeof self->counter);
  memset (self->last, US_MPEGTS_NO_COUNTER, sizeof self->last);
  if (!us_mpegts_check_grid (self->data, size, &cause)
      || !us_mpegts_find_tables (self->data, size, &self->tables, &pat_index, &pmt_index, &cause)) {
    us_probe_wrap (cause, error);
    return NULL;
  }
  if (!find_picture (self, picture, error))
    return NULL;
  /* The tables may stand behind the picture: two more than all. */
  g_autofree guint8 *out = g_try_malloc ((self->n_packets + 2) * US_MPEGTS_PACKET);
  self->out = out;
  if (out == NULL) {
    us_probe_fail (US_PROBE_ERROR_LIMIT, error, "no memory for %" G_GSIZE_FORMAT " bytes", size);
    return NULL;
  }
  UsMpegtsPacket table;
  if (us_mpegts_packet_read (&table, self->data, pat_index, NULL))
    write_packet (self, &table);
  if (us_mpegts_packet_read (&table, self->data, pmt_index, NULL))
    write_packet (self, &table);
  for (gsize i = 0; i < self->n_packets; i++)
    if (!copy_packet (self, i, error))
      return NULL;
  end_as_before (self);
  /* No larger than it is: it is held for as long as a viewer may ask for it. */
  out = g_realloc (out, self->n_out * US_MPEGTS_PACKET);
  return g_bytes_new_take (g_steal_pointer (&out), self->n_out * US_MPEGTS_PACKET);
}
