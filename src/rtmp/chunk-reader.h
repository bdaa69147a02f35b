/* chunk-reader.h - RTMP chunks in, whole messages out: a push parser without I/O */
#pragma once

#include <glib.h>

#include "rtmp/peer-limits.h"
#include "rtmp/message.h"

G_BEGIN_DECLS

typedef struct UsRtmpChunkReader UsRtmpChunkReader;

typedef enum {
  US_RTMP_CHUNK_MORE,    /* all bytes used, no message complete */
  US_RTMP_CHUNK_MESSAGE, /* a message; call again, bytes may be left */
  US_RTMP_CHUNK_ERROR,   /* the connection is lost: chunks cannot be found again */
} UsRtmpChunkResult;

/* A smaller chunk size would make us work more for a peer's byte than any publisher needs. */
#define US_RTMP_MIN_CHUNK_BYTES 64
#define US_RTMP_DEFAULT_CHUNK_BYTES 128

UsRtmpChunkReader *us_rtmp_chunk_reader_new (const UsRtmpLimits *limits);
void us_rtmp_chunk_reader_free (UsRtmpChunkReader *reader);
void us_rtmp_chunk_reader_set_max_bytes (UsRtmpChunkReader *reader, gsize message, gsize partial);
void us_rtmp_chunk_reader_set_is_librtmp (UsRtmpChunkReader *reader, gboolean is_librtmp);
UsRtmpChunkResult us_rtmp_chunk_reader_push (UsRtmpChunkReader *reader, const guint8 **data,
                                             gsize *size, UsRtmpMessage *message,
                                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
gsize us_rtmp_chunk_reader_get_partial_bytes (const UsRtmpChunkReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsRtmpChunkReader, us_rtmp_chunk_reader_free)

G_END_DECLS
