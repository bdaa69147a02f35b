/* ring.c - bounded store of segments
 *
 * Owned by a stream's segmenter, main loop only. There is one ring and no queue per relay: a relay
 * holds a cursor (serial of a segment, index of an item), and one that reads too slowly finds its
 * segment gone. That bounds memory however many relays hang, and no relay can slow another.
 *
 * Items stay in order of arrival. An audio frame that arrives after a segment's opening key frame
 * belongs to that segment even when its time is a little smaller: relays have already sent the
 * mark, and since all of them send this one sequence, twin packagers get equal segments by
 * construction.
 */
#include "ingest/ring.h"

#define ITEM_COST                                                                                  \
  64 /* bytes of bookkeeping counted per item, so that tiny messages are bounded too */

struct UsRing {
  GQueue segments; /* UsRingSegment, oldest first */
  guint n_window;
  guint extra_ms;
  gsize max_bytes;
  gsize bytes;
  guint64 last_serial;
};

static void
item_clear (gpointer data) {
  UsRingItem *item = data;
  g_clear_pointer (&item->payload, g_bytes_unref);
}

static void
segment_free (gpointer data) {
  UsRingSegment *segment = data;
  g_clear_pointer (&segment->video_config, g_bytes_unref);
  g_clear_pointer (&segment->audio_config, g_bytes_unref);
  g_array_unref (segment->items);
  g_free (segment);
}

/**
 * us_ring_new:
 * @n_window: how many closed segments stay in any case, the playlist's length
 * @extra_ms: how much media stays before those
 * @max_bytes: upper bound of all payloads; wins over the two others
 *
 * Returns: (transfer full): an empty ring
 */
UsRing *
us_ring_new (guint n_window, guint extra_ms, gsize max_bytes) {
  UsRing *ring = g_new0 (UsRing, 1);
  g_queue_init (&ring->segments);
  ring->n_window = n_window;
  ring->extra_ms = extra_ms;
  ring->max_bytes = max_bytes;
  return ring;
}

static void
drop (UsRing *ring, UsRingSegment *segment) {
  ring->bytes -= segment->bytes;
  segment_free (segment);
}

static void
drop_oldest (UsRing *ring) {
  drop (ring, g_queue_pop_head (&ring->segments));
}

/* Media in the segments between the oldest and the window: what would still be kept without the
 * oldest. */
static gint64
extra_without_oldest_ms (UsRing *ring) {
  gint64 sum_ms = 0;
  guint n = ring->segments.length - 1;
  GList *link = ring->segments.head->next;
  for (; link != NULL && n > ring->n_window + 1; link = link->next, n--) {
    const UsRingSegment *segment = link->data;
    sum_ms += segment->end_ms - segment->media_ms;
  }
  return sum_ms;
}

static void
trim_time (UsRing *ring) {
  while (ring->segments.length > ring->n_window + 1
         && (ring->segments.length > ring->n_window + 1 + US_RING_MAX_EXTRA
             || extra_without_oldest_ms (ring) >= ring->extra_ms))
    drop_oldest (ring);
}

static void
count (UsRing *ring, UsRingSegment *segment, gsize bytes) {
  segment->bytes += bytes;
  ring->bytes += bytes;
}

static gsize
size_of (GBytes *config) {
  return config != NULL ? g_bytes_get_size (config) : 0;
}

void
us_ring_shrink (UsRing *ring, gsize bytes) {
  while (ring->bytes > bytes && ring->segments.length > 1)
    drop_oldest (ring);
}

/**
 * us_ring_open:
 * @ring: the ring; its newest segment must be closed
 * @epoch: epoch id
 * @number: segment number
 * @media_ms: media time of the first item
 * @wall_ms: Unix time of the first item
 * @video_config: (nullable) (transfer none): video sequence header in force
 * @audio_config: (nullable) (transfer none): audio sequence header in force
 *
 * Returns: (transfer none): the new segment
 */
UsRingSegment *
us_ring_open (UsRing *ring, guint64 epoch, guint64 number, gint64 media_ms, gint64 wall_ms,
              GBytes *video_config, GBytes *audio_config) {
  g_return_val_if_fail (us_ring_get_open (ring) == NULL, NULL);
  UsRingSegment *segment = g_new0 (UsRingSegment, 1);
  segment->serial = ++ring->last_serial;
  segment->epoch = epoch;
  segment->number = number;
  segment->media_ms = media_ms;
  segment->wall_ms = wall_ms;
  segment->video_config = video_config != NULL ? g_bytes_ref (video_config) : NULL;
  segment->audio_config = audio_config != NULL ? g_bytes_ref (audio_config) : NULL;
  segment->items = g_array_sized_new (FALSE, FALSE, sizeof (UsRingItem), 256);
  g_array_set_clear_func (segment->items, item_clear);
  g_queue_push_tail (&ring->segments, segment);
  count (ring, segment, size_of (video_config) + size_of (audio_config));
  trim_time (ring);
  us_ring_shrink (ring, ring->max_bytes);
  return segment;
}

/**
 * us_ring_append:
 * @ring: a ring with an open segment
 * @type: %US_RTMP_AUDIO or %US_RTMP_VIDEO
 * @is_keyframe: a key frame of video
 * @media_ms: decoding time in the epoch
 * @payload: (transfer none): the message, unchanged
 */
void
us_ring_append (UsRing *ring, UsRtmpMessageType type, gboolean is_keyframe, gint64 media_ms,
                GBytes *payload) {
  UsRingSegment *segment = us_ring_get_open (ring);
  g_return_if_fail (segment != NULL);
  UsRingItem item = { g_bytes_ref (payload), media_ms, type, is_keyframe };
  g_array_append_val (segment->items, item);
  count (ring, segment, g_bytes_get_size (payload) + ITEM_COST);
  segment->tracks |= type == US_RTMP_VIDEO ? US_TRACK_VIDEO : US_TRACK_AUDIO;
  us_ring_shrink (ring, ring->max_bytes);
}

/**
 * us_ring_withdraw:
 * @ring: a ring with an open segment; the next to open must be of another epoch
 *
 * Takes the open segment out as if it had never been there; its serial is free again.
 */
void
us_ring_withdraw (UsRing *ring) {
  g_return_if_fail (us_ring_get_open (ring) != NULL);
  drop (ring, g_queue_pop_tail (&ring->segments));
  ring->last_serial--;
}

/**
 * us_ring_get_open:
 * @ring: the ring
 *
 * Returns: (transfer none) (nullable): the segment being filled
 */
UsRingSegment *
us_ring_get_open (UsRing *ring) {
  UsRingSegment *newest = g_queue_peek_tail (&ring->segments);
  return newest != NULL && !newest->is_closed ? newest : NULL;
}

/**
 * us_ring_get:
 * @ring: the ring
 * @serial: serial of a segment
 *
 * Returns: (transfer none) (nullable): the segment, %NULL when it is gone or still to come
 */
const UsRingSegment *
us_ring_get (UsRing *ring, guint64 serial) {
  /* Readers are nearly always at the newest end. */
  for (GList *link = ring->segments.tail; link != NULL; link = link->prev) {
    const UsRingSegment *segment = link->data;
    if (segment->serial == serial)
      return segment;
    if (segment->serial < serial)
      break;
  }
  return NULL;
}

/**
 * us_ring_find_number:
 * @ring: the ring
 * @number: a segment number
 *
 * Returns: (transfer none) (nullable): the segment with that number
 */
const UsRingSegment *
us_ring_find_number (UsRing *ring, guint64 number) {
  for (GList *link = ring->segments.tail; link != NULL; link = link->prev) {
    const UsRingSegment *segment = link->data;
    if (segment->number == number)
      return segment;
  }
  return NULL;
}

/**
 * us_ring_get_oldest:
 * @ring: the ring
 *
 * Returns: serial of the oldest segment; when empty that of the next one to come
 */
guint64
us_ring_get_oldest (UsRing *ring) {
  const UsRingSegment *oldest = g_queue_peek_head (&ring->segments);
  return oldest != NULL ? oldest->serial : ring->last_serial + 1;
}

/**
 * us_ring_get_newest:
 * @ring: the ring
 *
 * Returns: serial of the newest segment, 0 when there was none yet
 */
guint64
us_ring_get_newest (UsRing *ring) {
  return ring->last_serial;
}

/**
 * us_ring_get_bytes:
 * @ring: the ring
 *
 * Returns: bytes held, with bookkeeping
 */
gsize
us_ring_get_bytes (UsRing *ring) {
  return ring->bytes;
}

/**
 * us_ring_free:
 * @ring: (transfer full): the ring
 */
void
us_ring_free (UsRing *ring) {
  g_queue_clear_full (&ring->segments, segment_free);
  g_free (ring);
}
