/* caps.c - the caps of a pipeline's appsrc elements
 *
 * A function of codec and configuration alone: nothing that a twin could have seen otherwise. The
 * configuration goes along where frames cannot be read without it.
 */
#include "packager/caps.h"

#include "rtmp/codec-config.h"

/* mpegtsmux wants all fields of the mapping; opusparse, which would add them, guesses them from the
 * first packet when there is no header in the stream. */
static GstCaps *
make_opus (GBytes *config) {
  UsOpusConfig opus = { 0 };
  gsize size = 0;
  const guint8 *data = config != NULL ? g_bytes_get_data (config, &size) : NULL;
  if (!us_flv_parse_opus_config (data, size, &opus, NULL))
    return gst_caps_new_empty_simple ("audio/x-opus");
  GstCaps *caps = gst_caps_new_simple (
      "audio/x-opus", "rate", G_TYPE_INT, 48000, "channels", G_TYPE_INT, (gint)opus.channels,
      "channel-mapping-family", G_TYPE_INT, (gint)opus.mapping_family, "stream-count", G_TYPE_INT,
      (gint)opus.n_streams, "coupled-count", G_TYPE_INT, (gint)opus.n_coupled, NULL);
  if (opus.mapping_family == 0)
    return caps;
  g_auto (GValue) mapping = G_VALUE_INIT;
  g_value_init (&mapping, GST_TYPE_ARRAY);
  for (guint i = 0; i < opus.channels; i++) {
    g_auto (GValue) one = G_VALUE_INIT;
    g_value_init (&one, G_TYPE_INT);
    g_value_set_int (&one, opus.mapping[i]);
    gst_value_array_append_value (&mapping, &one);
  }
  gst_caps_set_value (caps, "channel-mapping", &mapping);
  return caps;
}

static GstCaps *
make_caps (UsCodec codec, GBytes *config) {
  switch (codec) {
  case US_CODEC_H264:
    return gst_caps_from_string ("video/x-h264,stream-format=avc,alignment=au");
  case US_CODEC_HEVC:
    return gst_caps_from_string ("video/x-h265,stream-format=hvc1,alignment=au");
  case US_CODEC_AAC:
    return gst_caps_from_string ("audio/mpeg,mpegversion=4,stream-format=raw");
  case US_CODEC_MP3:
    return gst_caps_from_string ("audio/mpeg,mpegversion=1,layer=3");
  case US_CODEC_OPUS:
    return make_opus (config);
  case US_CODEC_AC3:
    return gst_caps_from_string ("audio/x-ac3");
  case US_CODEC_EAC3:
    return gst_caps_from_string ("audio/x-eac3");
  case US_CODEC_NONE:
  case US_N_CODECS:
  default:
    return gst_caps_new_any ();
  }
}

/**
 * us_caps_set:
 * @source: takes the frames
 * @codec: of the frames
 * @config: (nullable): its decoder configuration record
 */
void
us_caps_set (GstAppSrc *source, UsCodec codec, GBytes *config) {
  g_autoptr (GstCaps) caps = make_caps (codec, config);
  if (config != NULL && codec != US_CODEC_OPUS) {
    g_autoptr (GstBuffer) codec_data = gst_buffer_new_wrapped_bytes (config);
    gst_caps_set_simple (caps, "codec_data", GST_TYPE_BUFFER, codec_data, NULL);
  }
  gst_app_src_set_caps (source, caps);
}
