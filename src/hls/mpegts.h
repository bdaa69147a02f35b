/* mpegts.h - MPEG transport stream segments: inspect one, and finish one for its place in a row */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_MPEGTS_PACKET 188
#define US_MPEGTS_MAX_BYTES (256 * 1024 * 1024)

#define US_MPEGTS_ERROR us_mpegts_error_quark ()
typedef enum {
  US_MPEGTS_ERROR_GRID,       /* not 0x47 every 188 bytes, or a partial packet */
  US_MPEGTS_ERROR_TABLES,     /* PAT or PMT missing, late or broken */
  US_MPEGTS_ERROR_CONTINUITY, /* continuity counter jumps inside the segment */
  US_MPEGTS_ERROR_START,      /* first video access unit is no random access point */
  US_MPEGTS_ERROR_EMPTY,
  US_MPEGTS_ERROR_PES,   /* a PES header is broken or split over packets */
  US_MPEGTS_ERROR_LIMIT, /* more than US_MPEGTS_MAX_BYTES */
} UsMpegtsError;
GQuark us_mpegts_error_quark (void);

/* What a segment says of itself. Times in 90 kHz ticks, 33 bit; -1: none. */
typedef struct {
  guint16 pmt_pid, video_pid, audio_pid, pcr_pid; /* 0: none */
  guint16 video_type, audio_type;                 /* as mpegts-packet.h names them */
  gint64 first_video_pts, first_video_dts, last_video_dts;
  gint64 first_audio_pts, last_audio_pts;
  guint n_video, n_audio;      /* PES packets */
  gboolean starts_with_tables; /* the first two packets are PAT and PMT */
  gboolean starts_with_idr;    /* H.264: an IDR slice in the first video PES */
  guint n_packets;
} UsMpegtsInfo;

/* Reads a whole segment. Strict: any fault of UsMpegtsError fails it. ISO 13818-1 2.4. */
gboolean us_mpegts_inspect (const guint8 *data, gsize size, UsMpegtsInfo *info,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Makes a segment that a muxer started afresh fit behind its predecessor, as a pure function of
 * its own bytes and number (so that twins stay byte-identical whatever came before):
 * one PAT and one PMT at the start with continuity counter = number & 15 and none later; every
 * other PID starts at counter 0 and is brought to a multiple of 16 packets by spreading its last
 * payload over more packets with adaptation-field stuffing (ISO 13818-1 2.4.3.3-2.4.3.5).
 * Returns: (transfer full): the new bytes, or NULL with US_MPEGTS_ERROR */
GBytes *us_mpegts_finish (GBytes *segment, guint64 number,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
GBytes *us_mpegts_relabel_eac3 (GBytes *segment, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
