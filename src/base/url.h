/* url.h - URLs as people may read them */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *us_url_for_people (const char *url);

G_END_DECLS
