/* gallery.c - the newest pictures of every stream, and which of them are kept
 *
 * Owned by the desk. A picture comes every few seconds and most are never looked at: only the
 * newest stays, in memory. When something happens, the newest is what it looked like before, and is
 * written; the next one that was asked for by that reason is what it looked like after.
 */
#include "desk/gallery.h"

#define INTERVAL "interval" /* the reason of a picture that nobody asked for */
#define EVERY_US ((gint64)5 * 60 * G_USEC_PER_SEC) /* one of those is kept all the same */

typedef struct {
  UsThumbnailRow row;
  gboolean is_kept;
  gint64 kept_us;     /* when the newest kept one was taken; 0: none */
  char *expected;     /* nullable: the id that the next picture gets */
  gint64 expected_us; /* it must have been taken since */
} Picture;

struct UsGallery {
  UsStore *store;
  GHashTable *pictures; /* stream id -> Picture */
};

static void
picture_free (gpointer data) {
  Picture *picture = data;
  us_thumbnail_row_clear (&picture->row);
  g_free (picture->expected);
  g_free (picture);
}

UsGallery *
us_gallery_new (UsStore *store) {
  UsGallery *self = g_new0 (UsGallery, 1);
  self->store = store;
  self->pictures = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, picture_free);
  return self;
}

void
us_gallery_free (UsGallery *self) {
  g_hash_table_unref (self->pictures);
  g_free (self);
}

static Picture *
ensure (UsGallery *self, const char *stream) {
  Picture *picture = g_hash_table_lookup (self->pictures, stream);
  if (picture == NULL) {
    picture = g_new0 (Picture, 1);
    g_hash_table_insert (self->pictures, g_strdup (stream), picture);
  }
  return picture;
}

static const char *
keep (UsGallery *self, Picture *picture) {
  if (!picture->is_kept) {
    us_store_add_thumbnail (self->store, &picture->row);
    picture->is_kept = TRUE;
    picture->kept_us = picture->row.wall_us;
  }
  return picture->row.id;
}

/**
 * us_gallery_show:
 * @wall_us: when it was taken, since the epoch
 * @reason: why; anything but "interval" is kept
 *
 * Takes the newest picture of @stream.
 *
 * Returns: (transfer full) (nullable): its id when it is kept because of @reason
 */
char *
us_gallery_show (UsGallery *self, const char *stream, gint64 wall_us, GBytes *jpeg, guint width,
                 guint height, const char *reason) {
  Picture *picture = ensure (self, stream);
  gboolean is_put_back = wall_us < picture->row.wall_us; /* the clock; pictures come in order */
  gboolean is_expected
      = picture->expected != NULL && (is_put_back || wall_us >= picture->expected_us);
  us_thumbnail_row_clear (&picture->row);
  picture->row = (UsThumbnailRow){ .id = is_expected ? g_steal_pointer (&picture->expected)
                                                     : g_uuid_string_random (),
                                   .stream = g_strdup (stream),
                                   .wall_us = wall_us,
                                   .width = width,
                                   .height = height,
                                   .reason = g_strdup (reason),
                                   .jpeg = g_bytes_ref (jpeg) };
  picture->is_kept = FALSE;
  gboolean is_wanted = g_strcmp0 (reason, INTERVAL) != 0;
  if (is_wanted || is_expected || is_put_back || wall_us - picture->kept_us >= EVERY_US)
    keep (self, picture);
  return is_wanted ? g_strdup (picture->row.id) : NULL;
}

/**
 * us_gallery_keep:
 * @reason: what it is the last picture before
 *
 * Returns: (nullable) (transfer none): the id of the newest picture, which is on disk from now on;
 *   %NULL: there is none
 */
const char *
us_gallery_keep (UsGallery *self, const char *stream, const char *reason) {
  Picture *picture = g_hash_table_lookup (self->pictures, stream);
  if (picture == NULL || picture->row.jpeg == NULL)
    return NULL;
  if (!picture->is_kept) {
    g_free (picture->row.reason);
    picture->row.reason = g_strdup (reason);
  }
  return keep (self, picture);
}

/**
 * us_gallery_expect:
 * @wall_us: since when it must have been taken
 *
 * Returns: (transfer none): the id that the next picture will have, and be kept under, so that what
 *   happens now can name what it looked like after
 */
const char *
us_gallery_expect (UsGallery *self, const char *stream, gint64 wall_us) {
  Picture *picture = ensure (self, stream);
  if (picture->expected == NULL) {
    picture->expected = g_uuid_string_random ();
    picture->expected_us = wall_us;
  }
  return picture->expected;
}

/**
 * us_gallery_get:
 * @wall_us: (out): when it was taken
 *
 * Returns: (nullable) (transfer none): the newest picture, JPEG
 */
GBytes *
us_gallery_get (const UsGallery *self, const char *stream, gint64 *wall_us) {
  const Picture *picture = g_hash_table_lookup (self->pictures, stream);
  *wall_us = picture != NULL ? picture->row.wall_us : 0;
  return picture != NULL ? picture->row.jpeg : NULL;
}

void
us_gallery_remove (UsGallery *self, const char *stream) {
  g_hash_table_remove (self->pictures, stream);
}
