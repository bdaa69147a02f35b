/* mp4-box.c - boxes of the ISO base media file format, read with their lengths checked
 *
 * ISO 14496-12 4.2. A reader is a view into bytes that belong to the caller and is copied freely;
 * it never points beyond its box. No state, no allocation. */
#include "hls/mp4-box.h"

#include "hls/probe-private.h"

/**
 * us_mp4_read:
 * @n_bytes: 1 to 8
 *
 * Returns: a big-endian number; 0 beyond the end
 */
guint64
us_mp4_read (UsMp4Reader *reader, guint n_bytes) {
  guint64 value = 0;
  if (reader->size < n_bytes) {
    reader->is_short = TRUE;
    reader->size = 0;
    return 0;
  }
  for (guint i = 0; i < n_bytes; i++)
    value = value << 8 | reader->data[i];
  reader->data += n_bytes;
  reader->size -= n_bytes;
  return value;
}

void
us_mp4_skip (UsMp4Reader *reader, gsize n_bytes) {
  gsize n = MIN (n_bytes, reader->size);
  reader->is_short |= n < n_bytes;
  reader->data += n;
  reader->size -= n;
}

/* Sets US_PROBE_ERROR_BROKEN with the name of the box; returns FALSE. */
gboolean
us_mp4_box_fail (const UsMp4Box *box, const char *what, GError **error) {
  char name[5] = { 0 };
  for (guint i = 0; i < 4; i++) {
    char c = (char)(box->type >> (24 - 8 * i));
    name[i] = g_ascii_isprint (c) ? c : '?';
  }
  return us_probe_fail (US_PROBE_ERROR_BROKEN, error, "box \"%s\": %s", name, what);
}

/**
 * us_mp4_box_next:
 * @parent: not empty; moved behind the box
 * @box: (out caller-allocates)
 *
 * Returns: FALSE with US_PROBE_ERROR_BROKEN when the box does not fit its parent
 */
gboolean
us_mp4_box_next (UsMp4Reader *parent, UsMp4Box *box, GError **error) {
  UsMp4Reader reader = *parent;
  box->start = parent->data;
  guint64 size = us_mp4_read (&reader, 4);
  box->type = (guint32)us_mp4_read (&reader, 4);
  if (size == 1)
    size = us_mp4_read (&reader, 8);
  else if (size == 0) /* up to the end of the file */
    size = parent->size;
  gsize header = reader.data - parent->data;
  if (reader.is_short)
    return us_probe_fail (US_PROBE_ERROR_BROKEN, error,
                          "%" G_GSIZE_FORMAT " bytes are too few for a box", parent->size);
  if (size < header)
    return us_mp4_box_fail (box, "shorter than its header", error);
  if (size > parent->size)
    return us_mp4_box_fail (box, "cut off", error);
  box->body.data = reader.data;
  box->body.size = size - header;
  box->body.is_short = FALSE;
  parent->data += size;
  parent->size -= size;
  return TRUE;
}

/**
 * us_mp4_box_find:
 * @box: (out caller-allocates): the first of @type in @parent; its start is %NULL without one
 *
 * Returns: FALSE with US_PROBE_ERROR_BROKEN when a box before it is broken
 */
gboolean
us_mp4_box_find (UsMp4Reader parent, guint32 type, UsMp4Box *box, GError **error) {
  while (parent.size > 0) {
    if (!us_mp4_box_next (&parent, box, error))
      return FALSE;
    if (box->type == type)
      return TRUE;
  }
  *box = (UsMp4Box){ .type = type, .body.data = parent.data };
  return TRUE;
}
