/* trace.h - watches one request on its way, and keeps it from addresses it may not reach */
#pragma once

#include "http/address-policy.h"
#include "http/facts.h"

#include <libsoup/soup.h>

G_BEGIN_DECLS

/* UsHttpTrace: part of a fetch. */
typedef struct {
  UsHttpFacts *facts;   /* nullable: taken */
  SoupMessage *message; /* nullable; of the current hop, not owned */
  gboolean has_reach;
  UsHttpReach reach;
  gint64 begun_us, hop_us, step_us; /* of the fetch, its hop, the step in it */
  gint64 first_byte_us;             /* of the hop: when; 0: not yet */
  guint n_tried;                    /* addresses that a connection was tried to */
  gboolean is_fresh;                /* the connection was made for this hop */
  char *forbidden;                  /* nullable: why one was not tried */
} UsHttpTrace;

void us_http_trace_init (UsHttpTrace *trace, const UsHttpReach *reach);
void us_http_trace_clear (UsHttpTrace *trace);
void us_http_trace_begin_hop (UsHttpTrace *trace, SoupMessage *message);
gboolean us_http_trace_send (UsHttpTrace *trace);
void us_http_trace_answered (UsHttpTrace *trace);
void us_http_trace_end (UsHttpTrace *trace, gsize n_wire_bytes);
gboolean us_http_trace_is_forbidden (const UsHttpTrace *trace);

G_END_DECLS
