/* flv-write.h - payloads of RTMP audio and video messages (FLV tag bodies) from coded data */
#pragma once

#include "rtmp/flv.h"

G_BEGIN_DECLS

GBytes *us_flv_write_avc_config (const guint8 *record, gsize size);
GBytes *us_flv_write_avc_frame (const guint8 *data, gsize size, gboolean is_keyframe,
                                gint32 composition_time_ms);
GBytes *us_flv_write_aac_config (const guint8 *config, gsize size);
GBytes *us_flv_write_aac_frame (const guint8 *data, gsize size);
GBytes *us_flv_write_mp3_frame (const guint8 *data, gsize size);
GBytes *us_flv_write_config (UsCodec codec, const guint8 *record, gsize size);
GBytes *us_flv_write_frame (UsCodec codec, const guint8 *data, gsize size, gboolean is_keyframe,
                            gint32 composition_time_ms);
GBytes *us_flv_write_plain (GBytes *payload, const UsFlvTag *tag);

G_END_DECLS
