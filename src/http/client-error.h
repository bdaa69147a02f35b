/* client-error.h - why a fetch failed, in the words that an operator tells apart */
#pragma once

#include "http/client.h"

G_BEGIN_DECLS

typedef enum { US_FETCH_CONNECT, US_FETCH_FIRST_BYTE, US_FETCH_BODY } UsFetchStep;

UsHttpError us_http_error_code_of (const GError *error, UsFetchStep step);
const char *us_http_error_sentence (UsHttpError code);

G_END_DECLS
