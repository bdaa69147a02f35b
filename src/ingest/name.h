/* name.h - which stream a publisher means: from RTMP application and key to a stream name */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_STREAM_NAME_MAX 64

/* @name: nullable. The characters that are safe in a URL, a file name and a metric label. */
gboolean us_stream_name_is_valid (const char *name, const char **why);
char *us_stream_name_from_publish (const char *app, const char *key, const char *default_stream,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *us_stream_name_raw (const char *app, const char *key);
char *us_stream_query_get (const char *query, const char *name);
char *us_stream_query_without (const char *query, const char *name);

G_END_DECLS
