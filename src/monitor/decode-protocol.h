/* decode-protocol.h - what the monitor and its decoding child say to one another over two pipes
 *
 * Both are the same program, so the byte order and layout are the machine's. The child is not
 * trusted: it has read bytes of strangers, and what it answers is checked like theirs.
 */
#pragma once

#include "monitor/decoder.h"

G_BEGIN_DECLS

#define US_DECODE_MAGIC 0x75736463
#define US_DECODE_MAX_TEXT 1024

typedef enum {
  US_DECODE_STATUS_READY, /* once, when the child has started */
  US_DECODE_STATUS_DECODED,
  US_DECODE_STATUS_PICTURE,
  US_DECODE_STATUS_NO_DECODER,
  US_DECODE_STATUS_FAILED,
} UsDecodeStatus;

/* To the child: this, the initialisation section, the segment. */
typedef struct {
  guint32 magic;
  guint32 kind; /* UsDecodeKind */
  guint32 init_size, segment_size;
} UsDecodeRequest;

/* From the child: this and @size bytes: a UsDecoded, a JPEG, or a sentence. */
typedef struct {
  guint32 magic;
  guint32 status;
  guint32 size;
  guint32 width, height;
} UsDecodeAnswer;

gboolean us_decode_request_is_valid (const UsDecodeRequest *request);
gboolean us_decode_answer_is_valid (const UsDecodeAnswer *answer);
gboolean us_decoded_is_valid (const UsDecoded *decoded);

G_END_DECLS
