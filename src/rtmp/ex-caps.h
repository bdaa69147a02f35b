/* ex-caps.h - what the two ends of a connection say they know of Enhanced RTMP */
#pragma once

#include "rtmp/amf0.h"

G_BEGIN_DECLS

#define US_EX_CAPS_MAX_CODECS 16 /* of a peer that are remembered */

char *us_ex_caps_read (const UsAmf0 *connect);
void us_ex_caps_add (UsAmf0 *properties);

G_END_DECLS
