/* stream.h - the GIOStream that libsoup sees of a connection */
#pragma once

#include "http/connection.h"

G_BEGIN_DECLS

#define US_TYPE_HTTP_STREAM us_http_stream_get_type ()
G_DECLARE_FINAL_TYPE (UsHttpStream, us_http_stream, US, HTTP_STREAM, GIOStream)

UsHttpStream *us_http_stream_new (UsHttpConnection *connection);
/* The connection is no longer behind it: every read and write fails from now on. */
void us_http_stream_detach (UsHttpStream *stream);

G_END_DECLS
