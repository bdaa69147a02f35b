/* mark.c - segment marks as AMF0 data messages; pure (docs/adr/0003-marks-in-band.md)
 *
 * A mark is the text US_MARK_MESSAGE and an object of numbers. Numbers are doubles, so integers
 * are exact up to 2^53, which Unix milliseconds and segment numbers never reach; anything else is
 * refused, because a packager that misread a number would no longer equal its twin.
 */
#include "rtmp/mark.h"

#include <math.h>
#include <string.h>

#include "rtmp/error.h"

#define MAX_EXACT 9007199254740992.0 /* 2^53 */

/* Also on the wire: both sides are of one version in any installation we support, but a name
 * that is not known is ignored, so that members can be added. */
#define EPOCH "epoch"
#define NUMBER "number"
#define MEDIA "mediaMs"
#define WALL "wallMs"
#define CLOSES "closes"
#define CLOSES_END "closesEndMs"
#define DISCONTINUITY "discontinuity"
#define DISCONTINUOUS "discontinuous"
#define TRACKS "tracks"
#define TARGET "targetDurationS"

/**
 * us_mark_is_mark:
 * @payload: payload of a data message
 *
 * Returns: %TRUE when it begins like a mark; a cheap test before us_mark_decode()
 */
gboolean
us_mark_is_mark (GBytes *payload) {
  static const char prefix[] = "\x02\x00\x0e" US_MARK_MESSAGE;
  G_STATIC_ASSERT (sizeof US_MARK_MESSAGE - 1 == 0x0e);
  gsize size;
  const guint8 *data = g_bytes_get_data (payload, &size);
  return size >= sizeof prefix - 1 && memcmp (data, prefix, sizeof prefix - 1) == 0;
}

static void
set_number (UsAmf0 *object, const char *name, double number) {
  us_amf0_set (object, name, us_amf0_new_number (number));
}

/**
 * us_mark_encode:
 * @mark: a mark; its numbers below 2^53
 *
 * Returns: (transfer full): the payload of an AMF0 data message
 */
GBytes *
us_mark_encode (const UsMark *mark) {
  g_autoptr (UsAmf0) name = us_amf0_new_string (US_MARK_MESSAGE);
  g_autoptr (UsAmf0) object = us_amf0_new_object ();
  set_number (object, EPOCH, (double)mark->epoch);
  set_number (object, NUMBER, (double)mark->number);
  set_number (object, MEDIA, (double)mark->media_ms);
  set_number (object, WALL, (double)mark->wall_ms);
  set_number (object, CLOSES, (double)mark->closes);
  set_number (object, CLOSES_END, (double)mark->closes_end_ms);
  set_number (object, DISCONTINUITY, (double)mark->discontinuity);
  us_amf0_set (object, DISCONTINUOUS, us_amf0_new_boolean (mark->is_discontinuous));
  set_number (object, TRACKS, mark->tracks);
  set_number (object, TARGET, mark->target_duration_s);
  GByteArray *bytes = g_byte_array_new ();
  us_amf0_encode (name, bytes);
  us_amf0_encode (object, bytes);
  return g_byte_array_free_to_bytes (bytes);
}

/* An integer between @low and @high; the first failure stays in @error. */
static gint64
get_integer (const UsAmf0 *object, const char *name, double low, double high, GError **error) {
  double number = us_amf0_get_number (us_amf0_get (object, name), NAN);
  if (number >= low && number <= high && number == floor (number))
    return (gint64)number;
  if (*error == NULL)
    g_set_error (error, US_RTMP_ERROR, US_RTMP_ERROR_MARK,
                 "a segment mark whose %s is missing or no integer of %.0f to %.0f", name, low,
                 high);
  return 0;
}

/**
 * us_mark_decode:
 * @payload: payload of an AMF0 data message
 * @mark: (out): the mark, only set on success
 * @error: (out): US_RTMP_ERROR_MARK, or US_AMF0_ERROR
 *
 * Returns: %FALSE when it is no mark or a broken one; us_mark_is_mark() tells these apart
 */
gboolean
us_mark_decode (GBytes *payload, UsMark *mark, GError **error) {
  gsize size;
  const guint8 *data = g_bytes_get_data (payload, &size);
  g_autoptr (GPtrArray) values = us_amf0_decode (data, size, error);
  if (values == NULL) {
    g_prefix_error (error, "a segment mark cannot be read: ");
    return FALSE;
  }
  const char *name = values->len > 0 ? us_amf0_get_string (values->pdata[0], "") : "";
  if (values->len < 2 || strcmp (name, US_MARK_MESSAGE) != 0) {
    g_set_error_literal (error, US_RTMP_ERROR, US_RTMP_ERROR_MARK,
                         "a data message that is no segment mark");
    return FALSE;
  }
  const UsAmf0 *object = values->pdata[1];
  g_autoptr (GError) first = NULL;
  UsMark result = {
    .epoch = (guint64)get_integer (object, EPOCH, 0, MAX_EXACT, &first),
    .number = (guint64)get_integer (object, NUMBER, 0, MAX_EXACT, &first),
    .media_ms = get_integer (object, MEDIA, -MAX_EXACT, MAX_EXACT, &first),
    .wall_ms = get_integer (object, WALL, -MAX_EXACT, MAX_EXACT, &first),
    .closes = (guint64)get_integer (object, CLOSES, 0, MAX_EXACT, &first),
    .closes_end_ms = get_integer (object, CLOSES_END, -MAX_EXACT, MAX_EXACT, &first),
    .discontinuity = (guint64)get_integer (object, DISCONTINUITY, 0, MAX_EXACT, &first),
    .is_discontinuous = us_amf0_get_boolean (us_amf0_get (object, DISCONTINUOUS), FALSE),
    .tracks = (UsTracks)get_integer (object, TRACKS, US_TRACK_NONE, US_TRACK_VIDEO | US_TRACK_AUDIO,
                                     &first),
    .target_duration_s = (guint)get_integer (object, TARGET, 0, 3600, &first),
  };
  if (first != NULL) {
    g_propagate_error (error, g_steal_pointer (&first));
    return FALSE;
  }
  *mark = result;
  return TRUE;
}
