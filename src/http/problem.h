/* problem.h - RFC 9457 problem+json bodies */
#pragma once

#include "http/server.h"

G_BEGIN_DECLS

/* Fills @response. @type: short stable word, sent as "urn:understudy:problem:<type>"; @detail names
 * the value, what was expected, and the remedy. */
void us_http_problem (UsHttpResponse *response, guint status, const char *type, const char *title,
                      const char *detail_format, ...) G_GNUC_PRINTF (5, 6);
/* The same about one value of the request's body. @pointer: "#/seconds", RFC 6901 */
void us_http_problem_at (UsHttpResponse *response, guint status, const char *type,
                         const char *title, const char *pointer, const char *detail_format, ...)
    G_GNUC_PRINTF (6, 7);
/* The same about one parameter of the query. */
void us_http_problem_of_parameter (UsHttpResponse *response, const char *type, const char *title,
                                   const char *parameter, const char *detail_format, ...)
    G_GNUC_PRINTF (5, 6);

G_END_DECLS
