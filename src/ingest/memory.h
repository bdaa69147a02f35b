/* memory.h - what all streams together may hold, and what goes when it is too much */
#pragma once

#include "ingest/stream.h"

G_BEGIN_DECLS

/* UsMemory: of one role; all in bytes. */
typedef struct {
  gsize rings;   /* segments for packagers */
  gsize kept;    /* of publishers that stand by */
  gsize partial; /* half-read messages */
  gsize limit;   /* 0: none */
} UsMemory;

typedef enum {
  US_MEMORY_FINE,
  US_MEMORY_FULL, /* no room for one more stream */
  US_MEMORY_OVER, /* rings have to be trimmed */
} UsMemoryVerdict;

/* @streams: (element-type UsStream) */
void us_memory_measure (UsMemory *memory, GPtrArray *streams, gsize partial);
gsize us_memory_total (const UsMemory *memory);
UsMemoryVerdict us_memory_judge (const UsMemory *memory);
gsize us_memory_share (const UsMemory *memory, guint n_streams);
void us_memory_trim (const UsMemory *memory, GPtrArray *streams);

G_END_DECLS
