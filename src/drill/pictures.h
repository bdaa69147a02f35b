/* pictures.h - from the bytes of a segment to the times of its pictures */
#pragma once

#include "drill/account.h"

G_BEGIN_DECLS

gboolean us_pictures_read (GBytes *segment, GBytes *init, UsPictures *pictures,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
