/* client-request.h - what a fetch asks: method, headers, range and body, the same on every hop */
#pragma once

#include "http/client.h"

#include <libsoup/soup.h>

G_BEGIN_DECLS

typedef struct {
  char *method;
  GPtrArray *common;  /* header names and values in turn */
  GPtrArray *private; /* the same, for the first hop only */
  GBytes *body;       /* nullable */
  char *body_type;
  guint64 range_from, range_length; /* both 0: no range */
} UsClientRequest;

gboolean us_client_request_init (UsClientRequest *request, const UsHttpFetch *fetch,
                                 char **problem) G_GNUC_WARN_UNUSED_RESULT;
void us_client_request_clear (UsClientRequest *request);
gboolean us_client_request_may_redirect (const UsClientRequest *request);
SoupMessage *us_client_request_make (const UsClientRequest *request, GUri *uri,
                                     gboolean is_first_hop);
gboolean us_client_request_check_range (const UsClientRequest *request, SoupMessageHeaders *headers,
                                        goffset *expected);

G_END_DECLS
