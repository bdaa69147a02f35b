/* ex-header.h - headers of Enhanced RTMP messages; used by flv.c */
#pragma once

#include "rtmp/flv.h"

G_BEGIN_DECLS

/* @frame_type: of FLV E.4.3.1, of the first byte */
gboolean us_ex_header_parse_video (const guint8 *data, gsize size, guint frame_type, UsFlvTag *tag,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_ex_header_parse_audio (const guint8 *data, gsize size, UsFlvTag *tag,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
