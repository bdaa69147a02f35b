/* framing.h - is the header of a request whole, and can it be read in one way only? */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_FRAMING_MAX_HEADER (32 * 1024)
#define US_FRAMING_MAX_TARGET (8 * 1024)
#define US_FRAMING_MAX_FIELDS 100

/* Returns: bytes up to and including the empty line, or 0 when that is not there yet */
gsize us_framing_find_end (const char *data, gsize size);
/* Returns: 0, or the status to refuse with: 400 or 413 */
guint us_framing_judge (const char *header, gsize size, guint64 max_body);

G_END_DECLS
