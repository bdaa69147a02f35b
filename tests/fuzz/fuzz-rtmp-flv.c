/* fuzz-rtmp-flv.c - payload headers and codec configurations; the first byte chooses the parser */
#include "fuzz-rtmp.h"
#include "rtmp/codec-config.h"
#include "rtmp/flv.h"

static void
parse_tag (gboolean is_video, const guint8 *data, gsize size) {
  UsFlvTag tag;
  if (!(is_video ? us_flv_parse_video : us_flv_parse_audio) (data, size, &tag, NULL))
    return;
  if (tag.data_offset > size || tag.codec_name == NULL)
    g_error ("data begins behind the end");
  if (tag.kind == US_FLV_FRAME && tag.data_offset >= size)
    g_error ("a frame without data");
  if (!g_utf8_validate (tag.codec_name, -1, NULL))
    g_error ("a codec's name that is no text");
}

static void
parse_aac (const guint8 *data, gsize size) {
  UsAacConfig aac;
  if (us_flv_parse_aac_config (data, size, &aac, NULL)
      && (aac.sample_rate_hz == 0 || aac.channels == 0))
    g_error ("an AAC configuration without rate or channels");
}

static void
parse_picture (gboolean is_hevc, const guint8 *data, gsize size) {
  UsVideoConfig config;
  if (!(is_hevc ? us_flv_parse_hevc_config : us_flv_parse_avc_config) (data, size, &config, NULL))
    return;
  if (config.width > 16384 || config.height > 16384)
    g_error ("a picture too large");
  if (config.nal_length_size != 1 && config.nal_length_size != 2 && config.nal_length_size != 4)
    g_error ("lengths of %u bytes", config.nal_length_size);
}

static void
parse_opus (const guint8 *data, gsize size) {
  UsOpusConfig opus;
  if (us_flv_parse_opus_config (data, size, &opus, NULL)
      && (opus.channels == 0 || opus.channels > 8 || opus.n_streams == 0
          || opus.n_coupled > opus.n_streams || opus.mapping_family > 1))
    g_error ("an Opus configuration that makes no sense");
}

static void
parse_sound (UsCodec codec, const guint8 *data, gsize size) {
  UsSoundConfig sound;
  if (us_flv_read_sound_frame (codec, data, size, &sound)
      && (sound.sample_rate_hz == 0 || sound.channels == 0))
    g_error ("sound without rate or channels");
}

/* A configuration made of a key frame's parameter sets is one that can be read. */
static void
gather (const guint8 *data, gsize size) {
  g_autoptr (GBytes) made = us_flv_gather_hevc_config (data, size);
  if (made == NULL)
    return;
  gsize made_size;
  const guint8 *bytes = g_bytes_get_data (made, &made_size);
  parse_picture (TRUE, bytes, made_size);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size) {
  if (size == 0)
    return 0;
  guint choice = data[0] & 7;
  gsize rest = size - 1;
  g_autofree guint8 *exact = fuzz_exact (data + 1, rest);
  switch (choice) {
  case 0:
  case 1:
    parse_tag (choice == 0, exact, rest);
    break;
  case 2:
    parse_aac (exact, rest);
    break;
  case 3:
  case 4:
    parse_picture (choice == 4, exact, rest);
    break;
  case 5:
    parse_opus (exact, rest);
    break;
  case 6:
    parse_sound ((UsCodec)((data[0] >> 3) % US_N_CODECS), exact, rest);
    break;
  case 7:
  default:
    gather (exact, rest);
    break;
  }
  return 0;
}
