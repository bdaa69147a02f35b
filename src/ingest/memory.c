/* memory.c - one budget over all streams
 *
 * ring-megabytes bounds one stream, max-streams their number; their product may be more than the
 * machine has, and whoever has many streams does not want each one small. So the sum has a limit
 * too. Near it, new publishers are refused. Above it the rings are cut to what is left for each: a
 * packager that comes back may then miss segments, which is better than that all of them do when
 * the kernel ends the process. Pure, but for us_memory_trim().
 */
#include "ingest/memory.h"

#define FULL_PERCENT 90

/**
 * us_memory_measure:
 * @memory: (inout): all but its limit is filled in
 * @streams: (element-type UsStream): all streams
 * @partial: bytes of half-read messages
 */
void
us_memory_measure (UsMemory *memory, GPtrArray *streams, gsize partial) {
  memory->rings = memory->kept = 0;
  memory->partial = partial;
  for (guint i = 0; i < streams->len; i++) {
    UsStream *stream = streams->pdata[i];
    memory->rings += us_ring_get_bytes (us_segmenter_get_ring (us_stream_get_segmenter (stream)));
    memory->kept += us_stream_get_kept_bytes (stream);
  }
}

/**
 * us_memory_total:
 * @memory: measured
 *
 * Returns: bytes in all
 */
gsize
us_memory_total (const UsMemory *memory) {
  return memory->rings + memory->kept + memory->partial;
}

/**
 * us_memory_judge:
 * @memory: measured
 *
 * Returns: how it is
 */
UsMemoryVerdict
us_memory_judge (const UsMemory *memory) {
  gsize total = us_memory_total (memory);
  if (memory->limit == 0)
    return US_MEMORY_FINE;
  if (total > memory->limit)
    return US_MEMORY_OVER;
  return total >= memory->limit / 100 * FULL_PERCENT ? US_MEMORY_FULL : US_MEMORY_FINE;
}

/**
 * us_memory_share:
 * @memory: measured
 * @n_streams: how many rings there are
 *
 * Returns: bytes that each ring may have, so that the whole is no more than nine tenths of the
 * limit
 */
gsize
us_memory_share (const UsMemory *memory, guint n_streams) {
  gsize others = memory->kept + memory->partial;
  gsize wanted = memory->limit / 100 * FULL_PERCENT;
  return n_streams > 0 && wanted > others ? (wanted - others) / n_streams : 0;
}

/**
 * us_memory_trim:
 * @memory: measured
 * @streams: (element-type UsStream): their rings lose their oldest segments; small ones none
 */
void
us_memory_trim (const UsMemory *memory, GPtrArray *streams) {
  gsize share = us_memory_share (memory, streams->len);
  for (guint i = 0; i < streams->len; i++)
    us_ring_shrink (us_segmenter_get_ring (us_stream_get_segmenter (streams->pdata[i])), share);
}
