/* mp4-box.h - boxes of the ISO base media file format, read with their lengths checked */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_MP4_TYPE(a, b, c, d)                                                                    \
  ((guint32)(a) << 24 | (guint32)(b) << 16 | (guint32)(c) << 8 | (guint32)(d))

/* UsMp4Reader: bytes not read yet. Reading beyond the end gives 0 and sets @is_short. */
typedef struct {
  const guint8 *data;
  gsize size;
  gboolean is_short;
} UsMp4Reader;

typedef struct {
  guint32 type;
  const guint8 *start; /* of its header */
  UsMp4Reader body;
} UsMp4Box;

guint64 us_mp4_read (UsMp4Reader *reader, guint n_bytes);
void us_mp4_skip (UsMp4Reader *reader, gsize n_bytes);
gboolean us_mp4_box_next (UsMp4Reader *parent, UsMp4Box *box,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_mp4_box_find (UsMp4Reader parent, guint32 type, UsMp4Box *box,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_mp4_box_fail (const UsMp4Box *box, const char *what, GError **error);

G_END_DECLS
