/* shape.c - what kind of file a segment is: its name's ending, its media type, what can be read
 *
 * Pure. RFC 8216 3 allows transport streams, fragmented MP4, packed audio and WebVTT. Players go by
 * the bytes, caches and some players by the media type and the name.
 */
#include "switcher/shape.h"

#include <string.h>

static const struct {
  const char *ending, *content_type;
  gboolean is_probed;
} shapes[US_N_SHAPES] = {
  [US_SHAPE_TS] = { "ts", "video/mp2t", TRUE },   [US_SHAPE_FMP4] = { "m4s", "video/mp4", TRUE },
  [US_SHAPE_AAC] = { "aac", "audio/aac", FALSE }, [US_SHAPE_MP3] = { "mp3", "audio/mpeg", FALSE },
  [US_SHAPE_VTT] = { "vtt", "text/vtt", FALSE },
};

const char *
us_shape_ending (UsShape shape) {
  g_return_val_if_fail (shape < US_N_SHAPES, "ts");
  return shapes[shape].ending;
}

const char *
us_shape_content_type (UsShape shape) {
  g_return_val_if_fail (shape < US_N_SHAPES, "video/mp2t");
  return shapes[shape].content_type;
}

/* Returns: whether us_probe_segment() reads it */
gboolean
us_shape_is_probed (UsShape shape) {
  g_return_val_if_fail (shape < US_N_SHAPES, FALSE);
  return shapes[shape].is_probed;
}

/* Packed audio begins with an ID3 tag, RFC 8216 3.4; what follows tells the codec. */
static const guint8 *
skip_id3 (const guint8 *data, gsize size, gsize *left) {
  *left = size;
  if (size < 10 || memcmp (data, "ID3", 3) != 0)
    return data;
  gsize tag = 10
              + ((gsize)(data[6] & 0x7f) << 21 | (gsize)(data[7] & 0x7f) << 14
                 | (gsize)(data[8] & 0x7f) << 7 | (gsize)(data[9] & 0x7f));
  *left = tag < size ? size - tag : 0;
  return data + MIN (tag, size);
}

/**
 * us_shape_of_bytes:
 * @shape: (out): untouched on failure
 *
 * Returns: whether @bytes begin like a segment of any kind, unencrypted
 */
gboolean
us_shape_of_bytes (GBytes *bytes, UsShape *shape) {
  gsize size, left;
  const guint8 *data = g_bytes_get_data (bytes, &size);
  if (size >= 188 && data[0] == 0x47) {
    *shape = US_SHAPE_TS;
    return TRUE;
  }
  static const char *const boxes[] = { "styp", "moof", "sidx", "emsg", "prft", "ftyp" };
  for (guint i = 0; size >= 8 && i < G_N_ELEMENTS (boxes); i++) {
    if (memcmp (data + 4, boxes[i], 4) == 0) {
      *shape = US_SHAPE_FMP4;
      return TRUE;
    }
  }
  gsize mark = size >= 3 && memcmp (data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
  if (size >= mark + 6 && memcmp (data + mark, "WEBVTT", 6) == 0) {
    *shape = US_SHAPE_VTT;
    return TRUE;
  }
  const guint8 *audio = skip_id3 (data, size, &left);
  if (left < 2 || audio[0] != 0xff || (audio[1] & 0xe0) != 0xe0)
    return FALSE;
  *shape = (audio[1] & 0x06) == 0 ? US_SHAPE_AAC : US_SHAPE_MP3; /* ADTS has layer 0 */
  return TRUE;
}

/**
 * us_shape_of_uri:
 * @has_map: an EXT-X-MAP is in force
 *
 * For encrypted segments, whose bytes say nothing.
 */
UsShape
us_shape_of_uri (const char *uri, gboolean has_map) {
  gsize length = strcspn (uri, "?#");
  if (has_map)
    return US_SHAPE_FMP4;
  for (guint i = 0; i < US_N_SHAPES; i++) {
    gsize n = strlen (shapes[i].ending);
    if (length > n && uri[length - n - 1] == '.'
        && g_ascii_strncasecmp (uri + length - n, shapes[i].ending, n) == 0)
      return (UsShape)i;
  }
  return US_SHAPE_TS;
}
