/* mpegts-packet.h - one transport packet, and the two tables that say what the PIDs are */
#pragma once

#include "hls/mpegts.h"

G_BEGIN_DECLS

#define US_MPEGTS_N_PIDS 8192
#define US_MPEGTS_NULL_PID 0x1fff
#define US_MPEGTS_MAX_STREAMS 16
#define US_MPEGTS_NO_COUNTER 0xff

#define US_MPEGTS_TYPE_MP3 0x03
#define US_MPEGTS_TYPE_MP3_LSF 0x04
#define US_MPEGTS_TYPE_AAC 0x0f
#define US_MPEGTS_TYPE_AAC_LATM 0x11
#define US_MPEGTS_TYPE_H264 0x1b
#define US_MPEGTS_TYPE_HEVC 0x24
#define US_MPEGTS_TYPE_AC3 0x81
#define US_MPEGTS_TYPE_EAC3 0x87
/* Not of the PMT's eight bits: private data (0x06) whose descriptors say that it is Opus. */
#define US_MPEGTS_TYPE_OPUS 0x106

/* UsMpegtsPacket: a view into the 188 bytes it was read from. */
typedef struct {
  const guint8 *data;
  guint16 pid;
  guint8 continuity;
  gboolean is_unit_start;    /* payload_unit_start_indicator */
  gboolean has_adaptation;   /* also when the field is one zero byte */
  gboolean is_discontinuous; /* discontinuity_indicator */
  const guint8 *payload;
  gsize payload_size; /* 0: adaptation field only */
} UsMpegtsPacket;

/* UsMpegtsTables: the first program of a PAT and its PMT. */
typedef struct {
  guint n_programs;
  guint16 pmt_pid, pcr_pid;
  guint n_streams;
  struct {
    guint16 pid;
    guint16 type;      /* stream_type; of private data what the descriptors say, if they do */
    guint8 n_channels; /* Opus: of its descriptor; else 0 */
  } streams[US_MPEGTS_MAX_STREAMS];
} UsMpegtsTables;

/* UsMpegtsPesHeader: times in 90 kHz ticks, -1 without. */
typedef struct {
  gsize size; /* header bytes before the first payload byte */
  gint64 pts, dts;
} UsMpegtsPesHeader;

gboolean us_mpegts_check_grid (const guint8 *data, gsize size,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_mpegts_packet_read (UsMpegtsPacket *packet, const guint8 *segment, gsize index,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_mpegts_read_pat (const UsMpegtsPacket *packet, UsMpegtsTables *tables,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_mpegts_read_pmt (const UsMpegtsPacket *packet, UsMpegtsTables *tables,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_mpegts_find_tables (const guint8 *data, gsize size, UsMpegtsTables *tables,
                                gsize *pat_index, gsize *pmt_index,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_mpegts_check_continuity (guint8 *last, const UsMpegtsPacket *packet, gsize index,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_mpegts_read_pes (const UsMpegtsPacket *packet, UsMpegtsPesHeader *header);
gboolean us_mpegts_read_descriptor (const guint8 *data, gsize size, gsize *at, guint8 *tag,
                                    const guint8 **body, gsize *body_size);
guint32 us_mpegts_crc32 (const guint8 *data, gsize size);
gboolean us_mpegts_type_is_video (guint16 type);
gboolean us_mpegts_type_is_audio (guint16 type);

G_END_DECLS
