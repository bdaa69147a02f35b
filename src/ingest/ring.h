/* ring.h - the last segments of a stream as access units, for every relay to read at its own pace
 */
#pragma once

#include "rtmp/mark.h"
#include "rtmp/message.h"

G_BEGIN_DECLS

#define US_RING_MAX_EXTRA 512 /* segments before the window, however short they are */

/* UsRingItem: one audio or video message. */
typedef struct {
  GBytes *payload;
  gint64 media_ms; /* decoding time from the start of the epoch */
  UsRtmpMessageType type;
  gboolean is_keyframe;
} UsRingItem;

/* UsRingSegment: facts of the opening, items in order of arrival, facts of the closing. */
typedef struct {
  /* Counts segments of this ring from 1 without holes; cursors hold it. A withdrawn segment's is
   * given to the next one, which is of another epoch: who had begun to read has to compare. */
  guint64 serial;
  guint64 epoch, number;
  gint64 media_ms, wall_ms;
  GBytes *video_config, *audio_config; /* nullable: payloads of the sequence headers in force */
  GArray *items;                       /* element-type UsRingItem */
  gsize bytes;
  gboolean is_closed;
  /* valid when @is_closed */
  gint64 end_ms;
  guint64 discontinuity;
  gboolean is_discontinuous;
  UsTracks tracks;
  guint target_duration_s;
} UsRingSegment;

typedef struct UsRing UsRing;

/* @n_window segments and @extra_ms before them stay, within @max_bytes of messages */
UsRing *us_ring_new (guint n_window, guint extra_ms, gsize max_bytes);
UsRingSegment *us_ring_open (UsRing *ring, guint64 epoch, guint64 number, gint64 media_ms,
                             gint64 wall_ms, GBytes *video_config, GBytes *audio_config);
void us_ring_append (UsRing *ring, UsRtmpMessageType type, gboolean is_keyframe, gint64 media_ms,
                     GBytes *payload);
void us_ring_withdraw (UsRing *ring);
UsRingSegment *us_ring_get_open (UsRing *ring);
const UsRingSegment *us_ring_get (UsRing *ring, guint64 serial);
const UsRingSegment *us_ring_find_number (UsRing *ring, guint64 number);
guint64 us_ring_get_oldest (UsRing *ring);
guint64 us_ring_get_newest (UsRing *ring);
gsize us_ring_get_bytes (UsRing *ring);
/* Drops whole segments, oldest first, until at most @bytes are left or only the newest is. */
void us_ring_shrink (UsRing *ring, gsize bytes);
void us_ring_free (UsRing *ring);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsRing, us_ring_free)

G_END_DECLS
