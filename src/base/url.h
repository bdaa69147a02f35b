/* url.h - URLs as people may read them */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *us_url_for_people (const char *url);
char *us_url_resolve (const char *base, const char *uri);

G_END_DECLS
