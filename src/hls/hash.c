/* hash.c - a fast 64-bit hash of bytes, to tell pictures and configurations apart
 *
 * MurmurHash64A: eight bytes a step, good spread, no tables. It is for the same picture in two
 * containers and for a configuration that changed, not against somebody who makes collisions on
 * purpose: what is served is compared by SHA-256 (base/etag.h). Pure function, any thread. */
#include "hls/hash.h"

#include <string.h>

#define FACTOR G_GUINT64_CONSTANT (0xc6a4a7935bd1e995)
#define SHIFT 47

/**
 * us_hash64:
 * @seed: 0, or the hash of what stands before
 * @data: (array length=size): may be %NULL when @size is 0
 *
 * Returns: a value that is the same on every machine
 */
guint64
us_hash64 (guint64 seed, const void *data, gsize size) {
  const guint8 *p = data;
  guint64 hash = seed ^ ((guint64)size * FACTOR);
  for (gsize left = size; left > 0;) {
    guint64 word = 0;
    gsize n = MIN (left, 8);
    memcpy (&word, p, n);
    p += n;
    left -= n;
    word = GUINT64_FROM_LE (word) * FACTOR;
    word = (word ^ word >> SHIFT) * FACTOR;
    hash = (hash ^ word) * FACTOR;
  }
  hash = (hash ^ hash >> SHIFT) * FACTOR;
  return hash ^ hash >> SHIFT;
}
