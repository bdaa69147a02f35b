/* route.h - "NAME=URL": where one stream comes from or goes to, and how that is shown to people */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_ROUTE_STREAM "{stream}" /* in the URL: stands for the stream's name */

char *us_route_split (const char *route, const char **url);
char *us_route_fill (const char *url, const char *stream);
char *us_route_for_people (const char *url);
char *us_route_scrub (const char *text, const char *url);

G_END_DECLS
