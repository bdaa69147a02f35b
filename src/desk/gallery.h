/* gallery.h - the newest pictures of every stream, and which of them are kept */
#pragma once

#include "store/store.h"

G_BEGIN_DECLS

/* UsGallery: one picture per stream in memory; on disk those of moments that somebody will ask
 * about, the one before and the one after. */
typedef struct UsGallery UsGallery;

/* @store: outlives it */
UsGallery *us_gallery_new (UsStore *store);
void us_gallery_free (UsGallery *gallery);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsGallery, us_gallery_free)

char *us_gallery_show (UsGallery *gallery, const char *stream, gint64 wall_us, GBytes *jpeg,
                       guint width, guint height, const char *reason);
const char *us_gallery_expect (UsGallery *gallery, const char *stream, gint64 wall_us);
const char *us_gallery_keep (UsGallery *gallery, const char *stream, const char *reason);
GBytes *us_gallery_get (const UsGallery *gallery, const char *stream, gint64 *wall_us);
void us_gallery_remove (UsGallery *gallery, const char *stream);

G_END_DECLS
