/* negotiate.h - Range, If-None-Match and Accept-Encoding: header text in, decision out */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum {
  US_RANGE_WHOLE,         /* none, not understood, or more than one: serve everything */
  US_RANGE_PART,          /* serve [first, last] */
  US_RANGE_UNSATISFIABLE, /* 416 */
} UsRange;

UsRange us_negotiate_range (const char *header, gsize size, gsize *first, gsize *last);
gboolean us_negotiate_may_change (const char *if_match, const char *etag);
gboolean us_negotiate_etag_matches (const char *if_none_match, const char *etag);
gboolean us_negotiate_takes_gzip (const char *accept_encoding);

G_END_DECLS
