/* small-role.h - what stands between a listener and a stream, as small as it can be
 *
 * For tests of one stream without an ingest around it. What a keys file would say of a publisher is
 * in its key: "0-main" is the key main with priority 0; any other key says nothing.
 */
#pragma once

#include "ingest/stream.h"
#include "rtmp/listener.h"

/* SmallRole: every publisher goes to @stream, which may come later than the listener. */
typedef struct {
  UsStream *stream;
  UsRtmpListener *listener;
  guint16 port;
} SmallRole;

void small_role_start (SmallRole *role);
/* Frees the listener, then the stream. */
void small_role_stop (SmallRole *role);
/* What tests of streams have in common. */
void small_role_settings (UsStreamSettings *settings);
