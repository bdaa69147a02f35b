/* status.h - the ingest role as JSON for /healthz and as Prometheus metrics */
#pragma once

#include "ingest/gate.h"
#include "ingest/memory.h"
#include "ingest/stream.h"

G_BEGIN_DECLS

/* UsIngestFacts: what the role knows besides its streams. */
typedef struct {
  gint64 now_us; /* on the role's monotonic clock */
  gboolean is_draining;
  guint connections;
  guint64 refused_total; /* publishes refused before they had a stream */
  UsGate *gate;
  UsMemory memory;
  gint64 certificate_expiry_s; /* 0: no RTMPS */
} UsIngestFacts;

/* @streams: (element-type UsStream) */
GBytes *us_ingest_status_json (const UsIngestFacts *facts, GPtrArray *streams);
GBytes *us_ingest_status_metrics (const UsIngestFacts *facts, GPtrArray *streams);

G_END_DECLS
