/* mpegts-finish.c - fits a segment from a freshly started muxer behind its predecessor
 *
 * A strict demuxer wants the continuity counters to run on from segment to segment. A packager
 * that joined late, or was restarted, cannot know where its twin's counters stand; so every
 * segment is made to leave them where it found them: each PID starts at 0 and has a multiple of 16
 * packets, and the tables, one packet each, take their counter from the segment number. The packets
 * that are missing to 16 come from cutting the last ones into smaller pieces, filled up with
 * adaptation field stuffing. (Packets without payload, as other packagers append, would not move
 * the counter of a correct demuxer.)
 *
 * A pure function, any thread. Two passes forward to read and to write, one backward to plan. */
#include "hls/mpegts-packet.h"

#include <string.h>

#define COUNTERS 16
#define BODY (US_MPEGTS_PACKET - 4)

typedef struct {
  guint16 pid;
  gsize n_payload; /* packets with payload in the input */
  guint missing;   /* packets to a multiple of 16 */
  guint8 next;     /* counter of the next packet with payload */
} Stream;

typedef struct {
  const guint8 *data;
  gsize n_packets;
  UsMpegtsTables tables;
  gsize pat_index, pmt_index;
  guint8 slots[US_MPEGTS_N_PIDS]; /* 0: dropped, else 1 + index into streams */
  Stream streams[US_MPEGTS_MAX_STREAMS + 1];
  guint n_streams;
  gsize n_out;
} Plan;

static Stream *
plan_find (Plan *plan, guint16 pid) {
  guint slot = plan->slots[pid];
  return slot > 0 ? &plan->streams[slot - 1] : NULL;
}

static void
plan_keep (Plan *plan, guint16 pid) {
  if (pid == US_MPEGTS_NULL_PID || pid == 0 || pid == plan->tables.pmt_pid || plan->slots[pid] > 0)
    return;
  plan->streams[plan->n_streams++].pid = pid;
  plan->slots[pid] = plan->n_streams;
}

/* A muxer repeats its tables; one that names other streams than before cannot be left out. */
static gboolean
check_same_streams (const Plan *plan, const UsMpegtsPacket *packet, gsize index, GError **error) {
  UsMpegtsTables again = { .pmt_pid = plan->tables.pmt_pid };
  if (packet->pid == 0 && !us_mpegts_read_pat (packet, &again, error))
    return FALSE;
  if (packet->pid != 0 && !us_mpegts_read_pmt (packet, &again, error))
    return FALSE;
  gboolean is_same = again.pmt_pid == plan->tables.pmt_pid;
  if (packet->pid != 0) {
    is_same = again.n_streams == plan->tables.n_streams && again.pcr_pid == plan->tables.pcr_pid;
    for (guint i = 0; is_same && i < again.n_streams; i++)
      is_same = again.streams[i].pid == plan->tables.streams[i].pid
                && again.streams[i].type == plan->tables.streams[i].type;
  }
  if (is_same)
    return TRUE;
  g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_TABLES,
               "packet %" G_GSIZE_FORMAT ": the program changes inside the segment", index);
  return FALSE;
}

/* Forward: checks the input and counts what stays. */
static gboolean
plan_read (Plan *plan, GError **error) {
  guint8 last[US_MPEGTS_N_PIDS];
  memset (last, US_MPEGTS_NO_COUNTER, sizeof last);
  for (gsize i = 0; i < plan->n_packets; i++) {
    UsMpegtsPacket packet;
    if (!us_mpegts_packet_read (&packet, plan->data, i, error))
      return FALSE;
    gboolean is_table = packet.pid == 0 || packet.pid == plan->tables.pmt_pid;
    if (is_table && packet.payload_size > 0 && !check_same_streams (plan, &packet, i, error))
      return FALSE;
    Stream *stream = plan_find (plan, packet.pid);
    if (stream == NULL)
      continue;
    /* A packet that the muxer lost must not be papered over by counting anew. */
    if (!us_mpegts_check_continuity (last, &packet, i, error))
      return FALSE;
    plan->n_out++;
    if (packet.payload_size > 0)
      stream->n_payload++;
  }
  return TRUE;
}

/* How many bytes of the payload must stay in the packet itself: a PES header is not split, since
 * many readers (us_mpegts_inspect() too) look no further than its packet. */
static gsize
min_payload (const UsMpegtsPacket *packet) {
  UsMpegtsPesHeader pes;
  if (!packet->is_unit_start)
    return 1;
  return us_mpegts_read_pes (packet, &pes) ? pes.size : packet->payload_size;
}

/* Backward: puts the missing packets where the payload for them is, as late as possible.
 * @extra: per input packet, how many pieces more than one it becomes. */
static gboolean
plan_spread (Plan *plan, guint8 *extra, GError **error) {
  guint total = 0;
  for (guint s = 0; s < plan->n_streams; s++) {
    plan->streams[s].missing = (COUNTERS - plan->streams[s].n_payload % COUNTERS) % COUNTERS;
    total += plan->streams[s].missing;
  }
  plan->n_out += total;
  for (gsize i = plan->n_packets; i-- > 0 && total > 0;) {
    UsMpegtsPacket packet;
    if (!us_mpegts_packet_read (&packet, plan->data, i, error))
      return FALSE;
    Stream *stream = plan_find (plan, packet.pid);
    if (stream == NULL || stream->missing == 0 || packet.payload_size == 0)
      continue;
    gsize room = packet.payload_size - min_payload (&packet);
    extra[i] = MIN (room, stream->missing);
    stream->missing -= extra[i];
    total -= extra[i];
  }
  for (guint s = 0; s < plan->n_streams; s++) {
    if (plan->streams[s].missing == 0)
      continue;
    g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_PES,
                 "PID %u: too few payload bytes to spread over a multiple of %d packets",
                 plan->streams[s].pid, COUNTERS);
    return FALSE;
  }
  return TRUE;
}

/* Writes one packet with @size payload bytes, stuffed to its full length. The flags, the PCR and
 * the adaptation field of @packet belong to its first piece only. */
static void
write_piece (guint8 *out, const UsMpegtsPacket *packet, const guint8 *payload, gsize size,
             guint8 counter, gboolean is_first) {
  gsize field = BODY - size; /* bytes of the adaptation field with its length byte */
  memcpy (out, packet->data, 4);
  if (!is_first)
    out[1] &= (guint8)~0x40;
  out[3] = (guint8)((field > 0 ? 0x30 : 0x10) | counter);
  if (field > 0) {
    gsize used = 1;
    out[4] = (guint8)(field - 1);
    if (is_first && packet->has_adaptation && packet->data[4] > 0) {
      memcpy (out + 5, packet->data + 5, packet->data[4]);
      used += packet->data[4];
    } else if (field > 1) {
      out[5] = 0; /* no flags */
      used++;
    }
    memset (out + 4 + used, 0xff, field - used);
  }
  memcpy (out + 4 + field, payload, size);
}

static guint8 *
write_packet (guint8 *out, const UsMpegtsPacket *packet, guint n_extra, Stream *stream) {
  if (packet->payload_size == 0) { /* repeats the counter of the packet before */
    memcpy (out, packet->data, US_MPEGTS_PACKET);
    out[3] = (guint8)((out[3] & 0xf0) | ((stream->next + COUNTERS - 1) % COUNTERS));
    return out + US_MPEGTS_PACKET;
  }
  const guint8 *payload = packet->payload;
  gsize left = packet->payload_size;
  for (guint i = 0; i <= n_extra; i++) {
    gsize size = left / (n_extra + 1 - i);
    if (i == 0 && n_extra > 0)
      size = MAX (size, min_payload (packet));
    write_piece (out, packet, payload, size, stream->next, i == 0);
    stream->next = (stream->next + 1) % COUNTERS;
    payload += size;
    left -= size;
    out += US_MPEGTS_PACKET;
  }
  return out;
}

static guint8 *
write_table (guint8 *out, const Plan *plan, gsize index, guint64 number) {
  memcpy (out, plan->data + index * US_MPEGTS_PACKET, US_MPEGTS_PACKET);
  out[3] = (guint8)((out[3] & 0xf0) | (number % COUNTERS));
  return out + US_MPEGTS_PACKET;
}

static gboolean
plan_write (Plan *plan, const guint8 *extra, guint64 number, guint8 *out, GError **error) {
  out = write_table (out, plan, plan->pat_index, number);
  out = write_table (out, plan, plan->pmt_index, number);
  for (gsize i = 0; i < plan->n_packets; i++) {
    UsMpegtsPacket packet;
    if (!us_mpegts_packet_read (&packet, plan->data, i, error))
      return FALSE;
    Stream *stream = plan_find (plan, packet.pid);
    if (stream != NULL)
      out = write_packet (out, &packet, extra[i], stream);
  }
  return TRUE;
}

static gboolean
plan_begin (Plan *plan, gsize size, GError **error) {
  if (!us_mpegts_check_grid (plan->data, size, error)
      || !us_mpegts_find_tables (plan->data, size, &plan->tables, &plan->pat_index,
                                 &plan->pmt_index, error))
    return FALSE;
  if (plan->tables.n_programs > 1) {
    g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_TABLES, "PAT: %u programs, not one",
                 plan->tables.n_programs);
    return FALSE;
  }
  plan->n_packets = size / US_MPEGTS_PACKET;
  plan->n_out = 2;
  for (guint i = 0; i < plan->tables.n_streams; i++)
    plan_keep (plan, plan->tables.streams[i].pid);
  plan_keep (plan, plan->tables.pcr_pid);
  return TRUE;
}

/**
 * us_mpegts_finish:
 * @segment: what the muxer wrote between two cuts
 * @number: media sequence number
 *
 * See mpegts.h. Keeps the order of all elementary packets, their PCR values and flags; packets
 * that stood before the tables now stand behind them. Service information and null packets go.
 * Finishing a finished segment changes nothing but the number.
 *
 * Returns: (transfer full): the finished segment, or NULL with US_MPEGTS_ERROR
 */
GBytes *
us_mpegts_finish (GBytes *segment, guint64 number, GError **error) {
  g_return_val_if_fail (segment != NULL, NULL);

  gsize size;
  Plan plan = { 0 };
  plan.data = g_bytes_get_data (segment, &size);
  if (!plan_begin (&plan, size, error) || !plan_read (&plan, error))
    return NULL;
  if (plan.n_out == 2) {
    g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_EMPTY, "no packets but the tables");
    return NULL;
  }
  g_autofree guint8 *extra = g_try_malloc0 (plan.n_packets);
  if (extra == NULL || !plan_spread (&plan, extra, error)) {
    if (extra == NULL)
      g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_LIMIT,
                   "no memory for %" G_GSIZE_FORMAT " packets", plan.n_packets);
    return NULL;
  }
  g_autofree guint8 *out = g_try_malloc (plan.n_out * US_MPEGTS_PACKET);
  if (out == NULL) {
    g_set_error (error, US_MPEGTS_ERROR, US_MPEGTS_ERROR_LIMIT,
                 "no memory for %" G_GSIZE_FORMAT " packets", plan.n_out);
    return NULL;
  }
  if (!plan_write (&plan, extra, number, out, error))
    return NULL;
  return g_bytes_new_take (g_steal_pointer (&out), plan.n_out * US_MPEGTS_PACKET);
}
