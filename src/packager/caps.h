/* caps.h - tells GStreamer what the frames of a codec are */
#pragma once

#include <gst/app/gstappsrc.h>

#include "rtmp/codec.h"

G_BEGIN_DECLS

void us_caps_set (GstAppSrc *source, UsCodec codec, GBytes *config);

G_END_DECLS
