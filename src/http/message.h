/* message.h - copies of requests, for another thread */
#pragma once

#include "http/server.h"

G_BEGIN_DECLS

void us_http_request_copy (UsHttpRequest *copy, const UsHttpRequest *request);
void us_http_request_clear (UsHttpRequest *copy);
gboolean us_http_request_note_header (UsHttpRequest *request, const char *name, const char *value);

G_END_DECLS
