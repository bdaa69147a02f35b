/* segment.c - a finished segment: name, place in time, bytes and their hash
 *
 * Made once by whoever closes or fetches the segment, then only read: the ring of a packager, the
 * snapshots that HTTP threads serve from and the switcher's ledger share one copy by reference. The
 * count is atomic, so the last holder may be any thread. The plain fields may be filled by the
 * maker until it hands the first reference on, never later. */
#include "hls/segment.h"

#include <string.h>

#include "base/etag.h"

/* A reference count in front of the public part keeps it out of the callers' sight. */
typedef struct {
  UsSegment segment;
  gatomicrefcount count;
} Counted;

G_STATIC_ASSERT (G_STRUCT_OFFSET (Counted, segment) == 0);

/**
 * us_segment_name:
 * @epoch: the life of the stream that the segment belongs to
 * @number: media sequence number
 *
 * Returns: (transfer full): "<epoch in lower case hex>-<number>.ts"
 */
char *
us_segment_name (guint64 epoch, guint64 number) {
  return g_strdup_printf ("%" G_GINT64_MODIFIER "x-%" G_GUINT64_FORMAT ".ts", epoch, number);
}

/**
 * us_segment_parse_name:
 * @uri: a path or a URI; a query or fragment is not looked at
 * @epoch: (out) (optional): filled only on success
 * @number: (out) (optional): filled only on success
 *
 * Accepts exactly what us_segment_name() writes, so that one segment has one name: no leading
 * zeros, no upper case.
 *
 * Returns: whether the last path component of @uri is a name of ours
 */
gboolean
us_segment_parse_name (const char *uri, guint64 *epoch, guint64 *number) {
  g_return_val_if_fail (uri != NULL, FALSE);

  gsize path_length = strcspn (uri, "?#");
  const char *start = uri;
  for (const char *p = uri; p < uri + path_length; p++)
    if (*p == '/')
      start = p + 1;
  /* 16 hex digits, a dash, 20 digits and the suffix */
  gsize length = uri + path_length - start;
  if (length > 16 + 1 + 20 + 3)
    return FALSE;

  g_autofree char *name = g_strndup (start, length);
  char *dash = strchr (name, '-');
  if (dash == NULL || !g_str_has_suffix (name, ".ts"))
    return FALSE;
  guint64 parsed_epoch = g_ascii_strtoull (name, NULL, 16);
  guint64 parsed_number = g_ascii_strtoull (dash + 1, NULL, 10);
  /* Signs, spaces, prefixes, overflow: whatever the numbers were, they must print the same name. */
  g_autofree char *canonical = us_segment_name (parsed_epoch, parsed_number);
  if (strcmp (canonical, name) != 0)
    return FALSE;

  if (epoch != NULL)
    *epoch = parsed_epoch;
  if (number != NULL)
    *number = parsed_number;
  return TRUE;
}

/**
 * us_segment_is_same_uri:
 * @a: as one version of a playlist has it
 * @b: as another has it under the same number
 *
 * A server that signs its URIs writes another query each time the playlist is read.
 *
 * Returns: whether both are the same but for the query
 */
gboolean
us_segment_is_same_uri (const char *a, const char *b) {
  gsize length = strcspn (a, "?");
  return length == strcspn (b, "?") && strncmp (a, b, length) == 0;
}

/**
 * us_segment_new:
 * @epoch: the life of the stream that the segment belongs to
 * @number: media sequence number
 * @name: (nullable): as another packager named it; NULL makes it from @epoch and @number
 * @bytes: the whole segment; a reference is taken
 *
 * The rest (discontinuity, duration, wall time) is the caller's to fill before sharing.
 *
 * Returns: (transfer full): a segment with one reference
 */
UsSegment *
us_segment_new (guint64 epoch, guint64 number, const char *name, GBytes *bytes) {
  g_return_val_if_fail (bytes != NULL, NULL);

  Counted *counted = g_new0 (Counted, 1);
  g_atomic_ref_count_init (&counted->count);
  UsSegment *segment = &counted->segment;
  segment->epoch = epoch;
  segment->number = number;
  segment->wall_ms = -1;
  segment->name = name != NULL ? g_strdup (name) : us_segment_name (epoch, number);
  segment->bytes = g_bytes_ref (bytes);
  segment->etag = us_etag (bytes);
  return segment;
}

/**
 * us_segment_ref:
 *
 * Thread safe.
 *
 * Returns: (transfer full): @segment
 */
UsSegment *
us_segment_ref (UsSegment *segment) {
  g_return_val_if_fail (segment != NULL, NULL);
  g_atomic_ref_count_inc (&((Counted *)segment)->count);
  return segment;
}

/**
 * us_segment_unref:
 * @segment: (transfer full)
 *
 * Thread safe.
 */
void
us_segment_unref (UsSegment *segment) {
  g_return_if_fail (segment != NULL);
  Counted *counted = (Counted *)segment;
  if (!g_atomic_ref_count_dec (&counted->count))
    return;
  g_free (segment->name);
  g_free (segment->etag);
  g_bytes_unref (segment->bytes);
  g_free (counted);
}
