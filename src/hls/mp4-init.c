/* mp4-init.c - the initialisation section of fragmented MP4: tracks and their defaults
 *
 * ftyp and moov as RFC 8216 3.3 wants them (ISO 14496-12 8, 14496-15 5.3.3). Read anew for every
 * segment: it is about a kilobyte. Pure functions, no allocation. */
#include "hls/mp4-init.h"

#include "hls/hash.h"
#include "hls/probe-private.h"

#include <string.h>

/* Bytes of a sample entry before its boxes, without the header of the entry itself. */
#define VISUAL_ENTRY 78
#define AUDIO_ENTRY 28
#define AVCC_MIN 7
#define HVCC_MIN 23
/* Ticks of an edit that can still be reckoned with. */
#define MAX_EDIT (G_GINT64_CONSTANT (1) << 40)
#define ESDS_TAG_ES 3
#define ESDS_TAG_DECODER 4
#define ESDS_TAG_INFO 5

UsMp4Track *
us_mp4_init_find (UsMp4Init *init, guint32 id) {
  for (guint i = 0; i < init->n_tracks; i++)
    if (init->tracks[i].id == id)
      return &init->tracks[i];
  return NULL;
}

/* The first track of a kind is what players take. */
UsMp4Track *
us_mp4_init_first (UsMp4Init *init, UsMp4Media media) {
  for (guint i = 0; i < init->n_tracks; i++)
    if (init->tracks[i].media == media)
      return &init->tracks[i];
  return NULL;
}

/**
 * us_mp4_esds_read:
 * @esds: (out caller-allocates)
 * @body: of the box
 *
 * ISO 14496-1 7.2.6.
 */
void
us_mp4_esds_read (UsMp4Esds *esds, UsMp4Reader body) {
  memset (esds, 0, sizeof *esds);
  us_mp4_skip (&body, 4); /* version and flags */
  for (guint depth = 0; depth < 3; depth++) {
    guint tag = (guint)us_mp4_read (&body, 1);
    gsize length = 0;
    for (guint i = 0, more = 0x80; i < 4 && more != 0; i++) {
      guint byte = (guint)us_mp4_read (&body, 1);
      length = length << 7 | (byte & 0x7f);
      more = byte & 0x80;
    }
    if (tag == ESDS_TAG_ES) {
      us_mp4_skip (&body, 2);
      guint flags = (guint)us_mp4_read (&body, 1);
      us_mp4_skip (&body, (flags & 0x80) != 0 ? 2 : 0);
      us_mp4_skip (&body, (flags & 0x40) != 0 ? (gsize)us_mp4_read (&body, 1) : 0);
      us_mp4_skip (&body, (flags & 0x20) != 0 ? 2 : 0);
    } else if (tag == ESDS_TAG_DECODER) {
      esds->has_decoder = TRUE;
      esds->object_type = (guint)us_mp4_read (&body, 1);
      us_mp4_skip (&body, 12);
    } else if (tag == ESDS_TAG_INFO) {
      esds->info = body.data;
      esds->info_size = MIN (length, body.size);
      break;
    } else {
      break;
    }
  }
}

/* The object type and AudioSpecificConfig only: beside them stand bit rates, which a packager may
 * measure anew each time. */
static guint64
hash_esds (UsMp4Reader body) {
  UsMp4Esds esds;
  us_mp4_esds_read (&esds, body);
  guint64 hash = esds.has_decoder ? us_hash64 (esds.object_type, NULL, 0) : 0;
  return esds.info != NULL ? us_hash64 (hash, esds.info, esds.info_size) : hash;
}

static gboolean
is_config_box (guint32 type) {
  return type == US_MP4_TYPE ('a', 'v', 'c', 'C') || type == US_MP4_TYPE ('h', 'v', 'c', 'C')
         || type == US_MP4_TYPE ('e', 's', 'd', 's') || type == US_MP4_TYPE ('a', 'v', '1', 'C')
         || type == US_MP4_TYPE ('v', 'p', 'c', 'C');
}

static gboolean
read_codec_box (UsMp4Track *track, const UsMp4Box *box, GError **error) {
  const guint8 *p = box->body.data;
  gsize size = box->body.size;
  if (track->config_box.type == 0 && is_config_box (box->type))
    track->config_box = *box;
  switch (box->type) {
  case US_MP4_TYPE ('a', 'v', 'c', 'C'):
    if (size < AVCC_MIN || p[0] != 1)
      return us_mp4_box_fail (box, "no configuration of version 1", error);
    track->codec = US_NAL_H264;
    track->nal_length = 1 + (p[4] & 3);
    break;
  case US_MP4_TYPE ('h', 'v', 'c', 'C'):
    if (size < HVCC_MIN)
      return us_mp4_box_fail (box, "too short", error);
    track->codec = US_NAL_HEVC;
    track->nal_length = 1 + (p[21] & 3);
    break;
  case US_MP4_TYPE ('b', 't', 'r', 't'):
    return TRUE;
  case US_MP4_TYPE ('e', 's', 'd', 's'):
    track->config += hash_esds (box->body);
    return TRUE;
  default:
    break;
  }
  track->config += us_hash64 (box->type, p, size);
  return TRUE;
}

/* An encrypted sample holds no readable NAL units, whatever its configuration says. */
static gboolean
is_encrypted (guint32 entry) {
  return entry == US_MP4_TYPE ('e', 'n', 'c', 'v') || entry == US_MP4_TYPE ('e', 'n', 'c', 'a');
}

static gboolean
read_entry (UsMp4Track *track, const UsMp4Box *entry, GError **error) {
  UsMp4Reader reader = entry->body;
  gsize fixed = track->media == US_MP4_VIDEO ? VISUAL_ENTRY : AUDIO_ENTRY;
  if (track->entry == 0) {
    track->entry = entry->type;
    track->entry_body = entry->body.data;
    track->entry_size = entry->body.size;
  }
  track->config = us_hash64 (track->config + entry->type, reader.data, MIN (fixed, reader.size));
  if (track->media == US_MP4_OTHER)
    return TRUE;
  us_mp4_skip (&reader, fixed);
  if (reader.is_short)
    return us_mp4_box_fail (entry, "too short for a sample entry", error);
  while (reader.size >= 8) { /* QuickTime ends the list with four zero bytes */
    UsMp4Box box;
    if (!us_mp4_box_next (&reader, &box, error) || !read_codec_box (track, &box, error))
      return FALSE;
  }
  if (is_encrypted (entry->type))
    track->nal_length = 0;
  return TRUE;
}

static gboolean
read_descriptions (UsMp4Track *track, const UsMp4Box *stsd, GError **error) {
  UsMp4Reader reader = stsd->body;
  us_mp4_skip (&reader, 8); /* version, flags and the number of entries */
  if (reader.is_short || reader.size == 0)
    return us_mp4_box_fail (stsd, "no sample entry", error);
  while (reader.size > 0) {
    UsMp4Box entry;
    if (!us_mp4_box_next (&reader, &entry, error) || !read_entry (track, &entry, error))
      return FALSE;
  }
  return TRUE;
}

/* Finds a box that must be there. */
static gboolean
need (UsMp4Reader parent, guint32 type, UsMp4Box *box, GError **error) {
  if (!us_mp4_box_find (parent, type, box, error))
    return FALSE;
  return box->start != NULL || us_mp4_box_fail (box, "missing", error);
}

static gboolean
read_track_header (UsMp4Track *track, UsMp4Reader trak, GError **error) {
  UsMp4Box box;
  if (!need (trak, US_MP4_TYPE ('t', 'k', 'h', 'd'), &box, error))
    return FALSE;
  guint version = (guint)us_mp4_read (&box.body, 1);
  us_mp4_skip (&box.body, version == 1 ? 3 + 16 : 3 + 8);
  track->id = (guint32)us_mp4_read (&box.body, 4);
  return (!box.body.is_short && track->id != 0) || us_mp4_box_fail (&box, "no track id", error);
}

static gboolean
read_media (UsMp4Track *track, UsMp4Reader mdia, GError **error) {
  UsMp4Box box;
  if (!need (mdia, US_MP4_TYPE ('m', 'd', 'h', 'd'), &box, error))
    return FALSE;
  guint version = (guint)us_mp4_read (&box.body, 1);
  us_mp4_skip (&box.body, version == 1 ? 3 + 16 : 3 + 8);
  track->timescale = (guint32)us_mp4_read (&box.body, 4);
  if (track->timescale == 0)
    return us_mp4_box_fail (&box, "no timescale", error);

  if (!need (mdia, US_MP4_TYPE ('h', 'd', 'l', 'r'), &box, error))
    return FALSE;
  us_mp4_skip (&box.body, 8);
  guint32 handler = (guint32)us_mp4_read (&box.body, 4);
  if (handler == US_MP4_TYPE ('v', 'i', 'd', 'e'))
    track->media = US_MP4_VIDEO;
  else if (handler == US_MP4_TYPE ('s', 'o', 'u', 'n'))
    track->media = US_MP4_AUDIO;

  return need (mdia, US_MP4_TYPE ('m', 'i', 'n', 'f'), &box, error)
         && need (box.body, US_MP4_TYPE ('s', 't', 'b', 'l'), &box, error)
         && need (box.body, US_MP4_TYPE ('s', 't', 's', 'd'), &box, error)
         && read_descriptions (track, &box, error);
}

/* elst, ISO 14496-12 8.6.6: an empty edit delays the track, the first other one says which of its
 * times is shown first. Further ones would cut inside; no packager writes them in HLS. */
static gboolean
read_edits (UsMp4Track *track, UsMp4Reader trak, guint32 movie_timescale, GError **error) {
  UsMp4Box box;
  if (!us_mp4_box_find (trak, US_MP4_TYPE ('e', 'd', 't', 's'), &box, error))
    return FALSE;
  if (box.start == NULL)
    return TRUE;
  if (!us_mp4_box_find (box.body, US_MP4_TYPE ('e', 'l', 's', 't'), &box, error))
    return FALSE;
  if (box.start == NULL)
    return TRUE;
  guint wide = us_mp4_read (&box.body, 1) == 1 ? 8 : 4;
  us_mp4_skip (&box.body, 3);
  guint n = (guint)us_mp4_read (&box.body, 4);
  for (guint i = 0; i < n; i++) {
    guint64 length = us_mp4_read (&box.body, wide);
    guint64 raw = us_mp4_read (&box.body, wide);
    us_mp4_skip (&box.body, 4);
    gint64 time = wide == 8 ? (gint64)raw : (gint64)(gint32)raw;
    if (box.body.is_short || length > MAX_EDIT || time > MAX_EDIT)
      return TRUE; /* an edit that nobody can follow is as good as none */
    if (time < 0 && movie_timescale > 0) {
      track->edit_us += (gint64)(length * G_USEC_PER_SEC / movie_timescale);
    } else if (time >= 0) {
      track->edit_us -= time * G_USEC_PER_SEC / track->timescale;
      return TRUE;
    }
  }
  return TRUE;
}

static gboolean
read_track (UsMp4Init *init, UsMp4Reader trak, GError **error) {
  UsMp4Box mdia;
  if (init->n_tracks >= US_PROBE_MAX_TRACKS)
    return us_probe_fail (US_PROBE_ERROR_LIMIT, error, "more than %d tracks", US_PROBE_MAX_TRACKS);
  UsMp4Track *track = &init->tracks[init->n_tracks++];
  return read_track_header (track, trak, error)
         && need (trak, US_MP4_TYPE ('m', 'd', 'i', 'a'), &mdia, error)
         && read_media (track, mdia.body, error)
         && read_edits (track, trak, init->timescale, error);
}

/* Defaults of the fragments (mvex, ISO 14496-12 8.8.3). */
static gboolean
read_defaults (UsMp4Init *init, UsMp4Reader mvex, GError **error) {
  while (mvex.size > 0) {
    UsMp4Box box;
    if (!us_mp4_box_next (&mvex, &box, error))
      return FALSE;
    if (box.type != US_MP4_TYPE ('t', 'r', 'e', 'x'))
      continue;
    us_mp4_skip (&box.body, 4);
    UsMp4Track *track = us_mp4_init_find (init, (guint32)us_mp4_read (&box.body, 4));
    us_mp4_skip (&box.body, 4);
    guint32 values[3];
    for (guint i = 0; i < G_N_ELEMENTS (values); i++)
      values[i] = (guint32)us_mp4_read (&box.body, 4);
    if (box.body.is_short)
      return us_mp4_box_fail (&box, "too short", error);
    if (track == NULL)
      continue;
    track->default_duration = values[0];
    track->default_size = values[1];
    track->default_flags = values[2];
  }
  return TRUE;
}

static gboolean
read_movie (UsMp4Init *init, UsMp4Reader moov, GError **error) {
  UsMp4Reader rest = moov;
  UsMp4Box box;
  if (!us_mp4_box_find (moov, US_MP4_TYPE ('m', 'v', 'h', 'd'), &box, error))
    return FALSE;
  if (box.start != NULL) {
    us_mp4_skip (&box.body, us_mp4_read (&box.body, 1) == 1 ? 3 + 16 : 3 + 8);
    init->timescale = (guint32)us_mp4_read (&box.body, 4);
  }
  while (rest.size > 0) {
    if (!us_mp4_box_next (&rest, &box, error)
        || (box.type == US_MP4_TYPE ('t', 'r', 'a', 'k') && !read_track (init, box.body, error)))
      return FALSE;
  }
  if (init->n_tracks == 0)
    return us_probe_fail (US_PROBE_ERROR_BROKEN, error, "box \"moov\": no track");
  return us_mp4_box_find (moov, US_MP4_TYPE ('m', 'v', 'e', 'x'), &box, error)
         && read_defaults (init, box.body, error);
}

/**
 * us_mp4_init_read:
 * @init: (out caller-allocates)
 * @data: (array length=size): the section, or a segment that holds one
 *
 * Reads up to the end of moov; what stands behind it is not looked at.
 *
 * Returns: FALSE with US_PROBE_ERROR; NO_MAP when there is no moov
 */
gboolean
us_mp4_init_read (UsMp4Init *init, const guint8 *data, gsize size, GError **error) {
  UsMp4Reader rest = { .data = data, .size = size };
  memset (init, 0, sizeof *init);
  while (rest.size > 0) {
    UsMp4Box box;
    if (!us_mp4_box_next (&rest, &box, error))
      return FALSE;
    init->has_file_type |= box.type == US_MP4_TYPE ('f', 't', 'y', 'p');
    if (box.type == US_MP4_TYPE ('m', 'o', 'o', 'v'))
      return read_movie (init, box.body, error);
  }
  return us_probe_fail (US_PROBE_ERROR_NO_MAP, error,
                        "no moov box: fragmented MP4 needs its EXT-X-MAP section");
}
