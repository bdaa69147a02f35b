/* error.h - why an RTMP peer, its bytes or its payloads were refused */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_RTMP_ERROR us_rtmp_error_quark ()

/* UsRtmpError: the error domain of src/rtmp (AMF0 has its own, US_AMF0_ERROR).
 *
 * The first three mean that the peer does not speak RTMP at all and are logged with a hint.
 */
typedef enum {
  US_RTMP_ERROR_TLS,      /* first bytes of a TLS ClientHello: rtmps:// on a plain port */
  US_RTMP_ERROR_HTTP,     /* first bytes of an HTTP or RTSP request */
  US_RTMP_ERROR_VERSION,  /* any other first byte than 3 */
  US_RTMP_ERROR_PROTOCOL, /* bytes against the chunk or message format */
  US_RTMP_ERROR_LIMIT,    /* well-formed, but more than a named limit allows */
  US_RTMP_ERROR_STATE,    /* a command that has no place here: connect twice, publish twice ... */
  US_RTMP_ERROR_NAME,     /* app or key too long, not UTF-8, or with control characters */
  US_RTMP_ERROR_MEDIA,    /* FLV tag body or codec configuration that cannot be read */
  US_RTMP_ERROR_MARK,     /* a segment mark that cannot be read */
  US_RTMP_ERROR_URL,      /* not rtmp://host[:port]/app[/key] */
  US_RTMP_ERROR_BAD_NAME, /* the server said NetStream.Publish.BadName: the key is busy */
  US_RTMP_ERROR_REFUSED,  /* the server said another code; it begins the message */
  US_RTMP_ERROR_CLOSED,   /* the peer closed the connection */
  US_RTMP_ERROR_TIMEOUT,  /* a deadline passed */
} UsRtmpError;

GQuark us_rtmp_error_quark (void);

G_END_DECLS
