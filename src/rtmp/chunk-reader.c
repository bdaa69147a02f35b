/* chunk-reader.c - RTMP 1.0 sections 5.3.1 and 5.4.1 to 5.4.2
 *
 * A push machine with four steps per chunk: basic header, message header, extended time stamp,
 * payload. It takes whatever bytes there are, so it is fuzzed and tested without sockets, and it
 * copies each payload byte once, from the caller's read buffer into the memory that becomes the
 * message's payload. Set Chunk Size and Abort change its own state and are not handed out.
 *
 * Nothing is allocated by a number the peer sent without a limit: the message length, the number
 * of chunk streams and the sum of half-read messages are capped; the chunk size only says where
 * the next header stands and is never allocated.
 */
#include "rtmp/chunk-reader.h"

#include <string.h>

#include "rtmp/bytes.h"
#include "rtmp/error.h"

#define EXTENDED 0xffffff /* a 24 bit time field with this value: four more bytes follow */
#define DIRECT_CSIDS 64   /* csids of the one-byte form, found without search */
#define MAX_CHUNK_BYTES 0xffffff
/* First bytes of Enhanced RTMP messages with several tracks; a video one has its frame type too. */
#define EX_AUDIO_MULTITRACK 0x95
#define EX_VIDEO_MULTITRACK 0x86
#define EX_VIDEO_MASK 0x8f

/* The fmt of a basic header: how much of the message header is there (5.3.1.2). */
enum {
  FMT_FULL = 0,
  FMT_SAME_STREAM = 1,
  FMT_TIME_ONLY = 2,
  FMT_NONE = 3,
};
static const guint8 header_bytes[] = { 11, 7, 3, 0 };

/* What a chunk stream remembers between its chunks. */
typedef struct {
  guint32 csid;
  guint32 stream_id;
  guint32 timestamp_ms; /* of the current or last message */
  guint32 delta_ms;     /* what a type 3 chunk that begins a message adds (5.3.1.2.4) */
  guint32 field_ms;     /* the time field of the last header, extended or not */
  guint32 length;
  guint8 type;
  gboolean is_extended; /* the last header had an extended time stamp */
  gboolean is_bare;     /* the current message began with a type 3 chunk */
  guint8 *payload;      /* half-read message, else NULL */
  guint32 have;
} Stream;

typedef enum {
  STEP_BASIC,
  STEP_HEADER,
  STEP_EXTENDED,
  STEP_PAYLOAD,
} Step;

struct UsRtmpChunkReader {
  UsRtmpLimits limits;
  gboolean is_librtmp;
  guint32 chunk_bytes;
  gsize partial_bytes; /* declared lengths of all half-read messages */
  Stream *direct[DIRECT_CSIDS];
  GPtrArray *streams; /* owns all of them */

  Step step;
  guint8 fmt;
  Stream *stream;   /* of the current chunk, from STEP_HEADER on */
  guint32 left;     /* payload bytes of the current chunk still to come */
  guint8 field[11]; /* a header part that came in pieces */
  gsize have;
  /* Bytes taken for an extended time stamp that turned out to be something else. */
  guint8 again[8];
  gsize again_size;
};

static void
stream_free (gpointer data) {
  Stream *stream = data;
  g_free (stream->payload);
  g_free (stream);
}

/**
 * us_rtmp_chunk_reader_new:
 * @limits: its message, partial and chunk stream limits are used
 *
 * Returns: (transfer full): a reader that expects the first chunk, of up to 128 bytes
 */
UsRtmpChunkReader *
us_rtmp_chunk_reader_new (const UsRtmpLimits *limits) {
  UsRtmpChunkReader *reader = g_new0 (UsRtmpChunkReader, 1);
  reader->limits = *limits;
  reader->chunk_bytes = US_RTMP_DEFAULT_CHUNK_BYTES;
  reader->streams = g_ptr_array_new_with_free_func (stream_free);
  return reader;
}

/**
 * us_rtmp_chunk_reader_free:
 * @reader: (nullable) (transfer full): a reader; half-read messages are dropped
 */
void
us_rtmp_chunk_reader_free (UsRtmpChunkReader *reader) {
  if (reader == NULL)
    return;
  g_ptr_array_unref (reader->streams);
  g_free (reader);
}

/**
 * us_rtmp_chunk_reader_set_max_bytes:
 * @reader: a reader
 * @message: longest message from now on
 * @partial: half-read messages in all from now on, not less than there are
 *
 * Commands need far less than media, so a peer that may not publish yet is kept short: what it
 * announces counts as memory, though it sends next to nothing of it.
 */
void
us_rtmp_chunk_reader_set_max_bytes (UsRtmpChunkReader *reader, gsize message, gsize partial) {
  reader->limits.max_message_bytes = message;
  reader->limits.max_partial_bytes = MAX (partial, reader->partial_bytes);
}

/**
 * us_rtmp_chunk_reader_set_is_librtmp:
 * @reader: a reader
 * @is_librtmp: whether the peer is OBS or another that uses its librtmp
 *
 * A type 3 chunk that begins a message adds the last difference of time (5.3.1.2.4). librtmp writes
 * one where type, length and *time* are those of the message before. That happens with several
 * tracks of sound: a frame of track 1 that has the length of the one of track 0. Each would move
 * the connection's time on by a frame, and it would never come back.
 */
void
us_rtmp_chunk_reader_set_is_librtmp (UsRtmpChunkReader *reader, gboolean is_librtmp) {
  reader->is_librtmp = is_librtmp;
}

/**
 * us_rtmp_chunk_reader_get_partial_bytes:
 * @reader: a reader
 *
 * Returns: memory set aside for half-read messages: the lengths that were announced
 */
gsize
us_rtmp_chunk_reader_get_partial_bytes (const UsRtmpChunkReader *reader) {
  return reader->partial_bytes;
}

static Stream *
find_stream (UsRtmpChunkReader *reader, guint32 csid) {
  if (csid < DIRECT_CSIDS)
    return reader->direct[csid];
  for (guint i = 0; i < reader->streams->len; i++) {
    Stream *stream = g_ptr_array_index (reader->streams, i);
    if (stream->csid == csid)
      return stream;
  }
  return NULL;
}

static Stream *
add_stream (UsRtmpChunkReader *reader, guint32 csid, GError **error) {
  if (reader->streams->len >= reader->limits.max_chunk_streams) {
    g_set_error (error, US_RTMP_ERROR, US_RTMP_ERROR_LIMIT, "more than %u chunk streams in use",
                 reader->limits.max_chunk_streams);
    return NULL;
  }
  Stream *stream = g_new0 (Stream, 1);
  stream->csid = csid;
  g_ptr_array_add (reader->streams, stream);
  if (csid < DIRECT_CSIDS)
    reader->direct[csid] = stream;
  return stream;
}

static void
drop_partial (UsRtmpChunkReader *reader, Stream *stream) {
  if (stream->payload == NULL)
    return;
  reader->partial_bytes -= stream->length;
  g_clear_pointer (&stream->payload, g_free);
  stream->have = 0;
}

/* Finds the chunk stream and whether this fmt may come on it now. */
static gboolean
begin_chunk (UsRtmpChunkReader *reader, guint32 csid, GError **error) {
  Stream *stream = find_stream (reader, csid);
  if (stream == NULL) {
    /* A first chunk as type 1 occurs (librtmp's ping) and says enough; 2 and 3 say no length. */
    if (reader->fmt == FMT_TIME_ONLY || reader->fmt == FMT_NONE) {
      g_set_error (error, US_RTMP_ERROR, US_RTMP_ERROR_PROTOCOL,
                   "the first chunk on chunk stream %u has type %u and so no length", csid,
                   reader->fmt);
      return FALSE;
    }
    stream = add_stream (reader, csid, error);
    if (stream == NULL)
      return FALSE;
  }
  /* The length is known to whoever allocated; a second header could only change it. */
  if (stream->payload != NULL && reader->fmt != FMT_NONE) {
    g_set_error (error, US_RTMP_ERROR, US_RTMP_ERROR_PROTOCOL,
                 "a header of type %u inside a message on chunk stream %u", reader->fmt, csid);
    return FALSE;
  }
  reader->stream = stream;
  reader->step = STEP_HEADER;
  return TRUE;
}

/* Makes @want bytes contiguous: straight from the input when they are there, else gathered in
 * field[] over several calls. Returns NULL until they are. */
static const guint8 *
gather (UsRtmpChunkReader *reader, gsize want, const guint8 **data, gsize *size) {
  if (reader->have == 0 && *size >= want) {
    const guint8 *p = *data;
    *data += want;
    *size -= want;
    return p;
  }
  gsize take = MIN (*size, want - reader->have);
  memcpy (reader->field + reader->have, *data, take);
  reader->have += take;
  *data += take;
  *size -= take;
  if (reader->have < want)
    return NULL;
  reader->have = 0;
  return reader->field;
}

/* 5.3.1.1: one byte for csids 2 to 63, two for 64 to 319, three for 64 to 65599. */
static gboolean
take_basic (UsRtmpChunkReader *reader, const guint8 **data, gsize *size, GError **error) {
  guint8 first = reader->have > 0 ? reader->field[0] : (*data)[0];
  guint32 form = first & 0x3f;
  const guint8 *p = gather (reader, form >= 2 ? 1 : form + 2, data, size);
  if (p == NULL)
    return TRUE;
  guint32 csid = form;
  if (form == 0)
    csid = p[1] + 64;
  else if (form == 1)
    csid = p[2] * 256 + p[1] + 64;
  reader->fmt = p[0] >> 6;
  return begin_chunk (reader, csid, error);
}

static gboolean
check_length (UsRtmpChunkReader *reader, guint32 length, GError **error) {
  if (length > reader->limits.max_message_bytes) {
    g_set_error (error, US_RTMP_ERROR, US_RTMP_ERROR_LIMIT,
                 "a message of %u bytes, at most %" G_GSIZE_FORMAT " are taken", length,
                 reader->limits.max_message_bytes);
    return FALSE;
  }
  if (length > reader->limits.max_partial_bytes - reader->partial_bytes) {
    g_set_error (error, US_RTMP_ERROR, US_RTMP_ERROR_LIMIT,
                 "half-read messages of more than %" G_GSIZE_FORMAT " bytes in all",
                 reader->limits.max_partial_bytes);
    return FALSE;
  }
  return TRUE;
}

/* The header is complete: a message begins, unless one is being continued. */
static gboolean
begin_payload (UsRtmpChunkReader *reader, GError **error) {
  Stream *stream = reader->stream;
  if (stream->payload == NULL) {
    if (!check_length (reader, stream->length, error))
      return FALSE;
    if (reader->fmt == FMT_FULL) {
      stream->timestamp_ms = stream->field_ms;
      stream->delta_ms = stream->field_ms;
    } else {
      if (reader->fmt != FMT_NONE)
        stream->delta_ms = stream->field_ms;
      stream->timestamp_ms += stream->delta_ms; /* wraps as the wire does */
    }
    stream->payload = g_try_malloc (MAX (stream->length, 1));
    if (stream->payload == NULL) {
      g_set_error (error, US_RTMP_ERROR, US_RTMP_ERROR_LIMIT, "no memory for %u bytes",
                   stream->length);
      return FALSE;
    }
    stream->have = 0;
    stream->is_bare = reader->fmt == FMT_NONE;
    reader->partial_bytes += stream->length;
  }
  reader->left = MIN (reader->chunk_bytes, stream->length - stream->have);
  reader->step = STEP_PAYLOAD;
  return TRUE;
}

static gboolean
take_header (UsRtmpChunkReader *reader, const guint8 **data, gsize *size, GError **error) {
  Stream *stream = reader->stream;
  const guint8 *p = NULL;
  if (reader->fmt != FMT_NONE) {
    p = gather (reader, header_bytes[reader->fmt], data, size);
    if (p == NULL)
      return TRUE;
    stream->field_ms = us_read_u24 (p);
    stream->is_extended = stream->field_ms == EXTENDED;
    if (reader->fmt <= FMT_SAME_STREAM) {
      stream->length = us_read_u24 (p + 3);
      stream->type = p[6];
    }
    if (reader->fmt == FMT_FULL) /* the only little-endian field of RTMP */
      stream->stream_id = p[7] | p[8] << 8 | p[9] << 16 | (guint32)p[10] << 24;
  }
  if (!stream->is_extended)
    return begin_payload (reader, error);
  reader->step = STEP_EXTENDED;
  return TRUE;
}

/* After a header of type 0 to 2 the extended time stamp is certain. In a type 3 chunk it should be
 * repeated (5.3.1.3), but OBS before 30.1 and others leave it out. So bytes are taken for it only
 * while they equal what a repetition would say: the field, or the absolute time some send. At the
 * first other byte all of them are payload, and no byte is waited for that may never come. */
static gboolean
take_repeated (UsRtmpChunkReader *reader, const guint8 **data, gsize *size, GError **error) {
  guint8 field[4];
  guint8 absolute[4];
  us_write_u32 (field, reader->stream->field_ms);
  us_write_u32 (absolute, reader->stream->timestamp_ms);
  while (*size > 0) {
    reader->field[reader->have++] = **data;
    (*data)++;
    (*size)--;
    if (memcmp (reader->field, field, reader->have) != 0
        && memcmp (reader->field, absolute, reader->have) != 0) {
      memmove (reader->again + reader->have, reader->again, reader->again_size);
      memcpy (reader->again, reader->field, reader->have);
      reader->again_size += reader->have;
      reader->have = 0;
      return begin_payload (reader, error);
    }
    if (reader->have == 4) {
      reader->have = 0;
      return begin_payload (reader, error);
    }
  }
  return TRUE;
}

static gboolean
take_extended (UsRtmpChunkReader *reader, const guint8 **data, gsize *size, GError **error) {
  if (reader->fmt == FMT_NONE)
    return take_repeated (reader, data, size, error);
  const guint8 *p = gather (reader, 4, data, size);
  if (p == NULL)
    return TRUE;
  reader->stream->field_ms = us_read_u32 (p);
  return begin_payload (reader, error);
}

static gboolean
set_chunk_size (UsRtmpChunkReader *reader, const guint8 *p, guint32 length, GError **error) {
  /* 5.4.1: the first bit is zero; more than the longest message means: never split. */
  guint32 bytes = length >= 4 ? us_read_u32 (p) & 0x7fffffff : 0;
  if (bytes < US_RTMP_MIN_CHUNK_BYTES) {
    g_set_error (error, US_RTMP_ERROR, length >= 4 ? US_RTMP_ERROR_LIMIT : US_RTMP_ERROR_PROTOCOL,
                 "Set Chunk Size to %u bytes, at least %d are needed", bytes,
                 US_RTMP_MIN_CHUNK_BYTES);
    return FALSE;
  }
  reader->chunk_bytes = MIN (bytes, MAX_CHUNK_BYTES);
  return TRUE;
}

/* 5.4.2 */
static gboolean
abort_message (UsRtmpChunkReader *reader, const guint8 *p, guint32 length, GError **error) {
  if (length < 4) {
    g_set_error_literal (error, US_RTMP_ERROR, US_RTMP_ERROR_PROTOCOL,
                         "an Abort message without chunk stream");
    return FALSE;
  }
  Stream *stream = find_stream (reader, us_read_u32 (p));
  if (stream != NULL)
    drop_partial (reader, stream);
  return TRUE;
}

/* Enhanced RTMP: a message with a list of tracks. librtmp sends track 0 without one. */
static gboolean
is_track_list (const Stream *stream, const guint8 *payload) {
  if (stream->length == 0)
    return FALSE;
  if (stream->type == US_RTMP_AUDIO)
    return payload[0] == EX_AUDIO_MULTITRACK;
  return stream->type == US_RTMP_VIDEO && (payload[0] & EX_VIDEO_MASK) == EX_VIDEO_MULTITRACK;
}

/* See us_rtmp_chunk_reader_set_is_librtmp(). */
static void
take_back_time (const UsRtmpChunkReader *reader, Stream *stream, const guint8 *payload) {
  if (!reader->is_librtmp || !stream->is_bare || !is_track_list (stream, payload))
    return;
  stream->timestamp_ms -= stream->delta_ms;
  stream->delta_ms = 0;
}

/* The last byte of a message is there. */
static UsRtmpChunkResult
end_message (UsRtmpChunkReader *reader, UsRtmpMessage *message, GError **error) {
  Stream *stream = reader->stream;
  g_autofree guint8 *payload = g_steal_pointer (&stream->payload);
  reader->partial_bytes -= stream->length;
  stream->have = 0;
  gboolean ok = TRUE;
  switch (stream->type) {
  case US_RTMP_SET_CHUNK_SIZE:
    ok = set_chunk_size (reader, payload, stream->length, error);
    break;
  case US_RTMP_ABORT:
    ok = abort_message (reader, payload, stream->length, error);
    break;
  default:
    take_back_time (reader, stream, payload);
    *message = (UsRtmpMessage){
      .type = (UsRtmpMessageType)stream->type,
      .chunk_stream = stream->csid,
      .stream_id = stream->stream_id,
      .timestamp_ms = stream->timestamp_ms,
      .payload = g_bytes_new_take (g_steal_pointer (&payload), stream->length),
    };
    return US_RTMP_CHUNK_MESSAGE;
  }
  return ok ? US_RTMP_CHUNK_MORE : US_RTMP_CHUNK_ERROR;
}

static UsRtmpChunkResult
take_payload (UsRtmpChunkReader *reader, const guint8 **data, gsize *size, UsRtmpMessage *message,
              GError **error) {
  Stream *stream = reader->stream;
  guint32 take = (guint32)MIN (*size, reader->left);
  memcpy (stream->payload + stream->have, *data, take);
  stream->have += take;
  reader->left -= take;
  *data += take;
  *size -= take;
  if (reader->left > 0)
    return US_RTMP_CHUNK_MORE;
  reader->step = STEP_BASIC;
  if (stream->have < stream->length)
    return US_RTMP_CHUNK_MORE;
  return end_message (reader, message, error);
}

/* Takes steps until a message is complete or the bytes are used up. */
static UsRtmpChunkResult
run (UsRtmpChunkReader *reader, const guint8 **data, gsize *size, UsRtmpMessage *message,
     GError **error) {
  /* A message without payload is complete without another byte. */
  while (*size > 0 || (reader->step == STEP_PAYLOAD && reader->left == 0)
         || (reader->step == STEP_HEADER && reader->fmt == FMT_NONE)) {
    gboolean ok = TRUE;
    switch (reader->step) {
    case STEP_BASIC:
      ok = take_basic (reader, data, size, error);
      break;
    case STEP_HEADER:
      ok = take_header (reader, data, size, error);
      break;
    case STEP_EXTENDED:
      ok = take_extended (reader, data, size, error);
      break;
    case STEP_PAYLOAD:
    default: {
      UsRtmpChunkResult result = take_payload (reader, data, size, message, error);
      if (result != US_RTMP_CHUNK_MORE)
        return result;
      break;
    }
    }
    if (!ok)
      return US_RTMP_CHUNK_ERROR;
    if (reader->again_size > 0)
      break;
  }
  return US_RTMP_CHUNK_MORE;
}

/* Runs the bytes that were wrongly taken for a time stamp before any new ones. */
static UsRtmpChunkResult
run_again (UsRtmpChunkReader *reader, UsRtmpMessage *message, GError **error) {
  guint8 bytes[sizeof reader->again];
  gsize size = reader->again_size;
  reader->again_size = 0;
  memcpy (bytes, reader->again, size);
  const guint8 *p = bytes;
  UsRtmpChunkResult result = run (reader, &p, &size, message, error);
  /* What is left stands behind what run() itself may have put back. */
  memcpy (reader->again + reader->again_size, p, size);
  reader->again_size += size;
  return result;
}

/**
 * us_rtmp_chunk_reader_push:
 * @reader: a reader
 * @data: (inout): bytes from the peer; moved behind what was used
 * @size: (inout): how many
 * @message: (out): a whole message when the result is %US_RTMP_CHUNK_MESSAGE; the caller clears it
 * @error: (out): US_RTMP_ERROR_PROTOCOL or US_RTMP_ERROR_LIMIT
 *
 * Call until it returns something else than %US_RTMP_CHUNK_MESSAGE; never again after an error.
 *
 * Returns: what came out
 */
UsRtmpChunkResult
us_rtmp_chunk_reader_push (UsRtmpChunkReader *reader, const guint8 **data, gsize *size,
                           UsRtmpMessage *message, GError **error) {
  for (;;) {
    UsRtmpChunkResult result;
    if (reader->again_size > 0)
      result = run_again (reader, message, error);
    else
      result = run (reader, data, size, message, error);
    if (result != US_RTMP_CHUNK_MORE || (*size == 0 && reader->again_size == 0))
      return result;
  }
}
