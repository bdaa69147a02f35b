/* mpegts-section.h - gathers the sections of PAT and PMT, which may take several packets */
#pragma once

#include "hls/mpegts-packet.h"

G_BEGIN_DECLS

#define US_MPEGTS_SECTION_MAX 1024 /* ISO 13818-1 2.4.4.4: PAT and PMT */

/* UsMpegtsSection: of one PID. Start with zeros. */
typedef struct {
  gboolean is_open;
  gsize size;
  guint8 bytes[US_MPEGTS_SECTION_MAX + US_MPEGTS_PACKET];
} UsMpegtsSection;

typedef enum {
  US_MPEGTS_SECTION_NONE,  /* nothing whole yet */
  US_MPEGTS_SECTION_WHOLE, /* the tables were filled */
  US_MPEGTS_SECTION_BROKEN
} UsMpegtsSectionResult;

UsMpegtsSectionResult us_mpegts_section_feed (UsMpegtsSection *section,
                                              const UsMpegtsPacket *packet, UsMpegtsTables *tables,
                                              GError **error);

G_END_DECLS
