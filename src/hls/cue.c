/* cue.c - SCTE-35 cues in a media segment: where a break begins and ends
 *
 * splice_info_section of SCTE 35 9.6: splice_insert() says itself whether the programme is left,
 * time_signal() by the segmentation descriptors behind it. Encrypted and cancelled ones tell
 * nothing. What does not fit, or fails its checksum, is no cue: this is an observer, not a splicer.
 * In fragmented MP4 the same section stands in an event message (SCTE 214-3 7.3); those that carry
 * it as XML are passed over. Plain state that belongs to the caller, no allocation. */
#include "hls/cue.h"

#include "hls/mp4-box.h"
#include "hls/mpegts-packet.h"

#include <string.h>

#define TABLE_ID 0xfc
#define SECTION_HEADER 3
#define CRC_SIZE 4
#define COMMAND_INSERT 0x05
#define COMMAND_TIME_SIGNAL 0x06
#define LENGTH_UNKNOWN 0xfff
#define TAG_SEGMENTATION 0x02
#define CUEI 0x43554549
#define EVENT_SCHEME "urn:scte:scte35:2013:bin"

/* segmentation_type_id, SCTE 35 table 23: breaks, advertisements and their opportunities come in
 * pairs of an even start and an odd end. */
static void
add_type (UsCue *cue, guint type) {
  gboolean is_break = type == 0x22 || type == 0x23;
  gboolean is_advertisement = type >= 0x30 && type <= 0x3b;
  if (!is_break && !is_advertisement)
    return;
  cue->is_out |= (type & 1) == 0;
  cue->is_in |= (type & 1) == 1;
}

/* segmentation_descriptor(), 10.3.3 */
static void
read_segmentation (UsCue *cue, UsMp4Reader body) {
  guint32 identifier = (guint32)us_mp4_read (&body, 4);
  us_mp4_skip (&body, 4); /* event */
  gboolean is_cancelled = (us_mp4_read (&body, 1) & 0x80) != 0;
  if (identifier != CUEI || is_cancelled)
    return;
  guint flags = (guint)us_mp4_read (&body, 1);
  if ((flags & 0x80) == 0)
    us_mp4_skip (&body, 6 * (gsize)us_mp4_read (&body, 1)); /* components */
  if ((flags & 0x40) != 0)
    us_mp4_skip (&body, 5); /* duration */
  us_mp4_skip (&body, 1);
  us_mp4_skip (&body, (gsize)us_mp4_read (&body, 1)); /* upid */
  guint type = (guint)us_mp4_read (&body, 1);
  if (!body.is_short)
    add_type (cue, type);
}

static void
read_descriptors (UsCue *cue, UsMp4Reader rest) {
  gsize size = (gsize)us_mp4_read (&rest, 2);
  if (rest.is_short || size > rest.size)
    return;
  rest.size = size;
  while (rest.size >= 2) {
    guint tag = (guint)us_mp4_read (&rest, 1);
    gsize length = (gsize)us_mp4_read (&rest, 1);
    UsMp4Reader body = { .data = rest.data, .size = MIN (length, rest.size) };
    if (tag == TAG_SEGMENTATION)
      read_segmentation (cue, body);
    us_mp4_skip (&rest, length);
    if (rest.is_short)
      return;
  }
}

/* splice_insert(), 9.7.3 */
static void
read_insert (UsCue *cue, UsMp4Reader command) {
  us_mp4_skip (&command, 4);
  gboolean is_cancelled = (us_mp4_read (&command, 1) & 0x80) != 0;
  guint flags = (guint)us_mp4_read (&command, 1);
  if (command.is_short || is_cancelled)
    return;
  if ((flags & 0x80) != 0)
    cue->is_out = TRUE;
  else
    cue->is_in = TRUE;
}

/**
 * us_cue_read:
 * @cue: (out caller-allocates)
 * @section: (array length=size): from its table_id to its checksum
 *
 * Returns: FALSE when it is no whole splice_info_section
 */
gboolean
us_cue_read (UsCue *cue, const guint8 *section, gsize size) {
  memset (cue, 0, sizeof *cue);
  if (size < SECTION_HEADER + 11 + CRC_SIZE || section[0] != TABLE_ID
      || us_mpegts_crc32 (section, size) != 0)
    return FALSE;
  UsMp4Reader reader
      = { .data = section + SECTION_HEADER, .size = size - SECTION_HEADER - CRC_SIZE };
  us_mp4_skip (&reader, 1);
  if ((us_mp4_read (&reader, 1) & 0x80) != 0)
    return TRUE;                        /* encrypted */
  us_mp4_skip (&reader, 5 - 1 + 1 + 1); /* the rest of pts_adjustment, cw_index, half of tier */
  guint length = (guint)us_mp4_read (&reader, 2) & 0xfff;
  guint type = (guint)us_mp4_read (&reader, 1);
  if (type == COMMAND_INSERT)
    read_insert (cue, reader);
  if (type != COMMAND_TIME_SIGNAL)
    return TRUE;
  if (length == LENGTH_UNKNOWN) /* splice_time(), 9.8.1 */
    length = reader.size > 0 && (reader.data[0] & 0x80) != 0 ? 5 : 1;
  us_mp4_skip (&reader, length);
  if (!reader.is_short)
    read_descriptors (cue, reader);
  return TRUE;
}

/* @section: (array length=length): may be no cue at all */
static void
take_section (UsCueReader *reader, const guint8 *section, gsize length) {
  UsCue cue;
  if (!us_cue_read (&cue, section, length))
    return;
  reader->has_out |= cue.is_out;
  reader->has_in |= cue.is_in;
}

static gsize
section_length (const guint8 *section) {
  return SECTION_HEADER + (gsize)((section[1] & 0x0f) << 8 | section[2]);
}

/* Reads the section that @reader holds, once it is whole. */
static void
take (UsCueReader *reader) {
  if (reader->size < SECTION_HEADER)
    return;
  gsize length = section_length (reader->bytes);
  if (reader->bytes[0] != TABLE_ID || length > sizeof reader->bytes) {
    reader->is_open = FALSE;
    return;
  }
  if (length > reader->size)
    return;
  take_section (reader, reader->bytes, length);
  reader->is_open = FALSE;
}

/**
 * us_cue_reader_feed:
 * @payload: (array length=size): of one packet; not empty
 */
void
us_cue_reader_feed (UsCueReader *reader, gboolean is_unit_start, const guint8 *payload,
                    gsize size) {
  if (is_unit_start) {
    gsize pointer = payload[0];
    reader->is_open = 1 + pointer < size;
    reader->size = 0;
    if (!reader->is_open)
      return;
    payload += 1 + pointer;
    size -= 1 + pointer;
  }
  if (!reader->is_open)
    return;
  gsize n = MIN (size, sizeof reader->bytes - reader->size);
  memcpy (reader->bytes + reader->size, payload, n);
  reader->size += n;
  take (reader);
}

/* Moves behind a string and its NUL. Returns: (nullable): it; %NULL: it does not end */
static const char *
read_string (UsMp4Reader *reader) {
  const guint8 *end = reader->size > 0 ? memchr (reader->data, 0, reader->size) : NULL;
  const char *text = (const char *)reader->data;
  if (end == NULL) {
    reader->is_short = TRUE;
    return NULL;
  }
  us_mp4_skip (reader, (gsize)(end - reader->data) + 1);
  return text;
}

/**
 * us_cue_reader_take_event:
 * @body: (array length=size): of an emsg box, ISO 23009-1 5.10.3.3, behind its header
 */
void
us_cue_reader_take_event (UsCueReader *reader, const guint8 *body, gsize size) {
  UsMp4Reader rest = { .data = body, .size = size };
  guint version = (guint)us_mp4_read (&rest, 1);
  us_mp4_skip (&rest, 3);
  if (version == 1)
    us_mp4_skip (&rest, 4 + 8 + 4 + 4); /* time scale, time, duration, id */
  const char *scheme = read_string (&rest);
  const char *value = read_string (&rest);
  if (version == 0)
    us_mp4_skip (&rest, 4 + 4 + 4 + 4);
  if (version > 1 || rest.is_short || value == NULL || strcmp (scheme, EVENT_SCHEME) != 0
      || rest.size < SECTION_HEADER)
    return;
  gsize length = section_length (rest.data);
  if (length <= rest.size)
    take_section (reader, rest.data, length);
}
