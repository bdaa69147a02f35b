/* synth-mp4.h - fragmented MP4 made by hand, for the cases that no packager writes */
#pragma once

#include <glib.h>
#include <string.h>

#define SYNTH_FOURCC(text)                                                                         \
  ((guint32)(guint8)(text)[0] << 24 | (guint32)(guint8)(text)[1] << 16                             \
   | (guint32)(guint8)(text)[2] << 8 | (guint8)(text)[3])

static inline void
mp4_u8 (GByteArray *out, guint8 value) {
  g_byte_array_append (out, &value, 1);
}

static inline void
mp4_u32 (GByteArray *out, guint32 value) {
  value = GUINT32_TO_BE (value);
  g_byte_array_append (out, (const guint8 *)&value, 4);
}

static inline void
mp4_zeros (GByteArray *out, guint n) {
  while (n-- > 0)
    mp4_u8 (out, 0);
}

/* Opens a box; returns where it starts, for mp4_end(). */
static inline gsize
mp4_box (GByteArray *out, const char *type) {
  gsize start = out->len;
  mp4_u32 (out, 0);
  mp4_u32 (out, SYNTH_FOURCC (type));
  return start;
}

static inline gsize
mp4_full_box (GByteArray *out, const char *type, guint version, guint32 flags) {
  gsize start = mp4_box (out, type);
  mp4_u32 (out, version << 24 | flags);
  return start;
}

static inline void
mp4_end (GByteArray *out, gsize start) {
  guint32 size = GUINT32_TO_BE ((guint32)(out->len - start));
  memcpy (out->data + start, &size, 4);
}

typedef struct {
  guint32 id;
  const char *handler; /* "vide", "soun", other */
  const char *entry;   /* "avc1" ... */
  const char *config_type;
  const void *config;
  gsize config_size;
  guint32 timescale;
} SynthTrack;

static const guint8 SYNTH_AVCC[] = { 1, 0x42, 0xc0, 0x1e, 0xff, 0xe0, 0 };
static const guint8 SYNTH_ESDS[]
    = { 0, 0, 0, 0, 3, 0x80, 0x80, 0x80, 0x22, 0, 1, 0, 4, 0x14, 0x40, 0x15,
        0, 0, 0, 0, 0, 1,    0,    0,    0,    2, 0, 5, 2, 0x11, 0x90 };
static const SynthTrack SYNTH_PICTURE
    = { 1, "vide", "avc1", "avcC", SYNTH_AVCC, sizeof SYNTH_AVCC, 1000 };
static const SynthTrack SYNTH_SOUND
    = { 2, "soun", "mp4a", "esds", SYNTH_ESDS, sizeof SYNTH_ESDS, 48000 };

static inline void
mp4_track (GByteArray *out, const SynthTrack *track) {
  gsize trak = mp4_box (out, "trak");
  gsize tkhd = mp4_full_box (out, "tkhd", 0, 3);
  mp4_zeros (out, 8);
  mp4_u32 (out, track->id);
  mp4_zeros (out, 68);
  mp4_end (out, tkhd);
  gsize mdia = mp4_box (out, "mdia");
  gsize mdhd = mp4_full_box (out, "mdhd", 1, 0);
  mp4_zeros (out, 16);
  mp4_u32 (out, track->timescale);
  mp4_zeros (out, 12);
  mp4_end (out, mdhd);
  gsize hdlr = mp4_full_box (out, "hdlr", 0, 0);
  mp4_zeros (out, 4);
  mp4_u32 (out, SYNTH_FOURCC (track->handler));
  mp4_zeros (out, 13);
  mp4_end (out, hdlr);
  gsize minf = mp4_box (out, "minf");
  gsize stbl = mp4_box (out, "stbl");
  gsize stsd = mp4_full_box (out, "stsd", 0, 0);
  mp4_u32 (out, 1);
  gsize entry = mp4_box (out, track->entry);
  mp4_zeros (out, strcmp (track->handler, "vide") == 0 ? 78 : 28);
  gsize config = mp4_box (out, track->config_type);
  g_byte_array_append (out, track->config, track->config_size);
  mp4_end (out, config);
  mp4_end (out, entry);
  mp4_end (out, stsd);
  mp4_end (out, stbl);
  mp4_end (out, minf);
  mp4_end (out, mdia);
  mp4_end (out, trak);
}

/* ftyp and moov with @tracks; every trex gives samples of 40 ticks, 9 bytes and @flags. */
static inline GByteArray *
mp4_init (const SynthTrack *tracks, guint n_tracks, guint32 flags) {
  GByteArray *out = g_byte_array_new ();
  gsize ftyp = mp4_box (out, "ftyp");
  g_byte_array_append (out, (const guint8 *)"iso6\0\0\0\0", 8);
  mp4_end (out, ftyp);
  gsize moov = mp4_box (out, "moov");
  gsize mvhd = mp4_full_box (out, "mvhd", 0, 0);
  mp4_zeros (out, 96);
  mp4_end (out, mvhd);
  for (guint i = 0; i < n_tracks; i++)
    mp4_track (out, &tracks[i]);
  gsize mvex = mp4_box (out, "mvex");
  for (guint i = 0; i < n_tracks; i++) {
    gsize trex = mp4_full_box (out, "trex", 0, 0);
    mp4_u32 (out, tracks[i].id);
    mp4_u32 (out, 1);
    mp4_u32 (out, 40);
    mp4_u32 (out, 9);
    mp4_u32 (out, flags);
    mp4_end (out, trex);
  }
  mp4_end (out, mvex);
  mp4_end (out, moov);
  return out;
}
