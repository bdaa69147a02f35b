/* stream-name.h - app and key of an RTMP publisher: what may be in them, and their query */
#pragma once

#include <glib.h>

#include "rtmp/amf0.h"

G_BEGIN_DECLS

/* Longest app or key. */
#define US_RTMP_NAME_MAX 255
/* Longest tcUrl, query and encoder name; they serve the log and may be cut. */
#define US_RTMP_TEXT_MAX 1024

/* What a publish asked for. Strings are valid during the callback, are UTF-8 and at most
 * US_RTMP_NAME_MAX bytes, and contain no control bytes; the query is split off. */
typedef struct {
  const char *app;      /* "" when the client sent none */
  const char *key;      /* "" when the client sent none */
  const char *query;    /* "" or the text after '?' of the key (else of the app) */
  const char *tc_url;   /* "" when absent */
  const char *encoder;  /* flashVer, for the log */
  const char *enhanced; /* what the client knows of Enhanced RTMP, for people; "" nothing */
} UsRtmpPublish;

char *us_rtmp_stream_name_new (const UsAmf0 *value, const char *what, char **query,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
char *us_rtmp_stream_text_new (const UsAmf0 *value);

G_END_DECLS
