/* reading.c - takes a finished segment of our own apart; anything odd in it fails the test */
#include "reading.h"

#include <string.h>

#include "hls/mpegts-packet.h"

typedef struct {
  Reading *reading;
  GByteArray *video; /* the access unit being gathered */
  gint64 pts, dts;
} Reader;

static void
take_nal (Reading *reading, const guint8 *nal, gsize size, ReadPicture *picture) {
  switch (nal[0] & 0x1f) {
  case 5:
    picture->is_idr = TRUE;
    break;
  case 7:
    reading->n_sps++;
    G_GNUC_FALLTHROUGH;
  case 8:
    g_byte_array_append (reading->sets, (const guint8 *)"\0\0\1", 3);
    while (size > 0 && nal[size - 1] == 0) /* of the next start code */
      size--;
    g_byte_array_append (reading->sets, nal, (guint)size);
    break;
  case 1:
  case 6:
  case 9:
    break;
  default:
    reading->n_other++;
  }
}

static void
end_picture (Reader *reader) {
  static const guint8 start_code[] = { 0, 0, 1 };
  ReadPicture picture = { reader->pts, reader->dts, FALSE };
  if (reader->video->len == 0)
    return;
  const guint8 *end = reader->video->data + reader->video->len;
  const guint8 *at
      = memmem (reader->video->data, reader->video->len, start_code, sizeof start_code);
  while (at != NULL) {
    const guint8 *nal = at + sizeof start_code;
    at = memmem (nal, (gsize)(end - nal), start_code, sizeof start_code);
    take_nal (reader->reading, nal, (gsize)((at != NULL ? at : end) - nal), &picture);
  }
  g_array_append_val (reader->reading->pictures, picture);
  g_byte_array_set_size (reader->video, 0);
}

static void
take_packet (Reader *reader, const UsMpegtsPacket *packet, gboolean is_video) {
  const guint8 *payload = packet->payload;
  gsize size = packet->payload_size;
  if (packet->is_unit_start) {
    UsMpegtsPesHeader pes;
    g_assert_true (us_mpegts_read_pes (packet, &pes));
    payload += pes.size;
    size -= pes.size;
    if (is_video) {
      end_picture (reader);
      reader->pts = pes.pts;
      reader->dts = pes.dts >= 0 ? pes.dts : pes.pts;
    } else {
      g_array_append_val (reader->reading->sound_pts, pes.pts);
    }
  }
  g_byte_array_append (is_video ? reader->video : reader->reading->sound, payload, (guint)size);
}

Reading *
reading_new (GBytes *segment) {
  g_autoptr (GError) error = NULL;
  gsize size, pat, pmt;
  const guint8 *data = g_bytes_get_data (segment, &size);
  UsMpegtsTables tables = { 0 };
  (void)!us_mpegts_find_tables (data, size, &tables, &pat, &pmt, &error);
  g_assert_no_error (error);

  Reading *reading = g_new0 (Reading, 1);
  reading->pictures = g_array_new (FALSE, FALSE, sizeof (ReadPicture));
  reading->sound_pts = g_array_new (FALSE, FALSE, sizeof (gint64));
  reading->sets = g_byte_array_new ();
  reading->sound = g_byte_array_new ();
  Reader reader = { reading, g_byte_array_new (), -1, -1 };
  for (gsize i = 0; i < size / US_MPEGTS_PACKET; i++) {
    UsMpegtsPacket packet;
    (void)!us_mpegts_packet_read (&packet, data, i, &error);
    g_assert_no_error (error);
    for (guint k = 0; k < tables.n_streams; k++) {
      if (tables.streams[k].pid == packet.pid && packet.payload_size > 0)
        take_packet (&reader, &packet, us_mpegts_type_is_video (tables.streams[k].type));
    }
  }
  end_picture (&reader);
  g_byte_array_unref (reader.video);
  return reading;
}

void
reading_free (Reading *reading) {
  if (reading == NULL)
    return;
  g_array_unref (reading->pictures);
  g_array_unref (reading->sound_pts);
  g_byte_array_unref (reading->sets);
  g_byte_array_unref (reading->sound);
  g_free (reading);
}
