/* ex-caps.c - Enhanced RTMP v2, "Enhancing NetConnection connect Command"
 *
 * Encoders need none of this: OBS and ffmpeg do not look at the answer. What is told is what is
 * done. Codecs are forwarded, never decoded or encoded here. Of capsEx only ModEx is: track lists
 * are read, but an encoder that is told of Multitrack would send tracks that nobody gets; a
 * nanosecond is finer than anything in a transport stream; and nobody is asked to reconnect. Pure.
 */
#include "rtmp/ex-caps.h"

#include <string.h>

#include "rtmp/bytes.h"
#include "rtmp/codec.h"

#define CAN_FORWARD 4 /* FourCcInfoMask */
#define CAPS_MOD_EX 4 /* CapsExMask */

/* A FourCC, or "*" for all; anything else a peer may have put there says nothing. */
static gboolean
is_fourcc (const char *text) {
  if (g_str_equal (text, "*"))
    return TRUE;
  for (guint i = 0; i < 4; i++) {
    if (!g_ascii_isgraph (text[i]) || text[i] == ',')
      return FALSE;
  }
  return text[4] == '\0';
}

static void
add_name (GPtrArray *names, const char *name) {
  if (name != NULL && is_fourcc (name) && names->len < US_EX_CAPS_MAX_CODECS
      && !g_ptr_array_find_with_equal_func (names, name, g_str_equal, NULL))
    g_ptr_array_add (names, (gpointer)name);
}

static void
add_names (GPtrArray *names, const UsAmf0 *list) {
  const UsAmf0 *item;
  const char *name = NULL;
  for (guint i = 0; (item = us_amf0_get_nth (list, i, &name)) != NULL; i++)
    add_name (names,
              us_amf0_get_type (list) == US_AMF0_OBJECT ? name : us_amf0_get_string (item, NULL));
}

/**
 * us_ex_caps_read:
 * @connect: (nullable): command object of a connect
 *
 * Returns: (transfer full) (nullable): what the client knows, for people: its codecs, of
 *   fourCcList and the two maps, and capsEx; %NULL when it says nothing of Enhanced RTMP
 */
char *
us_ex_caps_read (const UsAmf0 *connect) {
  static const char *const lists[] = { "fourCcList", "videoFourCcInfoMap", "audioFourCcInfoMap" };
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  gboolean is_enhanced = FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (lists); i++) {
    const UsAmf0 *list = us_amf0_get (connect, lists[i]);
    is_enhanced |= list != NULL;
    add_names (names, list);
  }
  const UsAmf0 *caps = us_amf0_get (connect, "capsEx");
  if (!is_enhanced && caps == NULL)
    return NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  for (guint i = 0; i < names->len; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? "," : "", (const char *)names->pdata[i]);
  double mask = us_amf0_get_number (caps, 0);
  if (mask >= 1 && mask <= G_MAXUINT32)
    g_string_append_printf (text, "%scapsEx=%u", text->len > 0 ? " " : "", (guint)mask);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/**
 * us_ex_caps_add:
 * @properties: first object of the answer to connect; gets our half
 */
void
us_ex_caps_add (UsAmf0 *properties) {
  UsAmf0 *video = us_amf0_new_object (), *audio = us_amf0_new_object ();
  for (UsCodec codec = US_CODEC_NONE + 1; codec < US_N_CODECS; codec++) {
    guint8 name[5] = { 0 };
    us_write_u32 (name, us_codec_get_fourcc (codec));
    us_amf0_set (us_codec_is_video (codec) ? video : audio, (const char *)name,
                 us_amf0_new_number (CAN_FORWARD));
  }
  us_amf0_set (properties, "videoFourCcInfoMap", video);
  us_amf0_set (properties, "audioFourCcInfoMap", audio);
  us_amf0_set (properties, "capsEx", us_amf0_new_number (CAPS_MOD_EX));
}
