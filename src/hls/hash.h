/* hash.h - a fast 64-bit hash of bytes, to tell pictures and configurations apart */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

guint64 us_hash64 (guint64 seed, const void *data, gsize size);

G_END_DECLS
