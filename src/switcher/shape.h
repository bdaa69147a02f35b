/* shape.h - what kind of file a segment is: its name's ending, its media type, what can be read */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  US_SHAPE_TS,
  US_SHAPE_FMP4,
  US_SHAPE_AAC, /* packed audio, RFC 8216 3.4 */
  US_SHAPE_MP3,
  US_SHAPE_VTT,
  US_N_SHAPES,
} UsShape;

const char *us_shape_ending (UsShape shape);
const char *us_shape_content_type (UsShape shape);
gboolean us_shape_is_probed (UsShape shape);
gboolean us_shape_of_bytes (GBytes *bytes, UsShape *shape);
UsShape us_shape_of_uri (const char *uri, gboolean has_map);

G_END_DECLS
