/* status-truth.h - what is measured of a stream's publisher, and what is wrong with it, for
 * status.c
 */
#pragma once

#include "http/exposition.h"
#include "ingest/stream.h"

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

void us_ingest_status_add_truth (JsonBuilder *builder, UsStream *stream, gint64 now_us);
/* @streams: (element-type UsStream) */
void us_ingest_status_render_truth (UsExposition *out, GPtrArray *streams);

G_END_DECLS
