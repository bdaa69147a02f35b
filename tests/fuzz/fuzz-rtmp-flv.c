/* fuzz-rtmp-flv.c - payload headers and codec configurations; the first byte chooses the parser */
#include "fuzz-rtmp.h"
#include "rtmp/codec-config.h"
#include "rtmp/flv.h"

static void
check_tag (gboolean ok, const UsFlvTag *tag, gsize size) {
  if (ok && (tag->data_offset > size || tag->codec_name == NULL))
    g_error ("data begins behind the end");
  if (ok && tag->kind == US_FLV_FRAME && tag->data_offset >= size)
    g_error ("a frame without data");
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size) {
  if (size == 0)
    return 0;
  guint choice = data[0] & 3;
  gsize rest = size - 1;
  g_autofree guint8 *exact = fuzz_exact (data + 1, rest);
  UsFlvTag tag;
  UsAacConfig aac;
  UsVideoConfig avc;
  if (choice == 0)
    check_tag (us_flv_parse_video (exact, rest, &tag, NULL), &tag, rest);
  else if (choice == 1)
    check_tag (us_flv_parse_audio (exact, rest, &tag, NULL), &tag, rest);
  else if (choice == 2 && us_flv_parse_aac_config (exact, rest, &aac, NULL)
           && (aac.sample_rate_hz == 0 || aac.channels == 0))
    g_error ("an AAC configuration without rate or channels");
  else if (choice == 3 && us_flv_parse_avc_config (exact, rest, &avc, NULL)
           && (avc.width > 16384 || avc.height > 16384))
    g_error ("a picture too large");
  return 0;
}
