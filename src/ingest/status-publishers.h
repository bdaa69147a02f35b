/* status-publishers.h - the publishers of a stream, the one that feeds it and those that stand by,
 * in status and metrics */
#pragma once

#include <json-glib/json-glib.h>

#include "http/exposition.h"
#include "ingest/stream.h"

G_BEGIN_DECLS

void us_ingest_status_add_publishers (JsonBuilder *builder, UsStream *stream, gint64 now_us);
/* @streams: (element-type UsStream) */
void us_ingest_status_render_publishers (UsExposition *out, GPtrArray *streams);

G_END_DECLS
