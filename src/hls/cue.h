/* cue.h - SCTE-35 cues in a media segment: where a break begins and ends */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_CUE_MAX_SECTION 1024 /* sections of two cues; longer ones are not read */
#define US_MPEGTS_TYPE_SCTE35 0x86

/* UsCue: what one section says. */
typedef struct {
  gboolean is_out, is_in;
} UsCue;

gboolean us_cue_read (UsCue *cue, const guint8 *section, gsize size);

/* UsCueReader: gathers the sections of one PID. Start with zeros. */
typedef struct {
  gboolean is_open;
  gsize size;
  guint8 bytes[US_CUE_MAX_SECTION];
  gboolean has_out, has_in; /* of all sections that were whole */
} UsCueReader;

void us_cue_reader_feed (UsCueReader *reader, gboolean is_unit_start, const guint8 *payload,
                         gsize size);
/* Of fragmented MP4. @body: (array length=size): of an emsg box, behind its header */
void us_cue_reader_take_event (UsCueReader *reader, const guint8 *body, gsize size);

G_END_DECLS
