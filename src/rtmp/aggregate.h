/* aggregate.h - the messages inside an RTMP aggregate message */
#pragma once

#include <glib.h>

#include "rtmp/message.h"

G_BEGIN_DECLS

typedef void (*UsRtmpMessageFunc) (UsRtmpMessage *message, gpointer user_data);

gboolean us_rtmp_aggregate_foreach (const UsRtmpMessage *aggregate, UsRtmpMessageFunc func,
                                    gpointer user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
