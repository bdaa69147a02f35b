/* intake.c - the last pictures of a publisher that waits, from a key frame on
 *
 * One per publisher, owned by its stream, main loop only, no I/O. It reads the heads of messages
 * and nothing more: whether they parse all the way is the segmenter's business, once this publisher
 * feeds the stream. Messages are kept by reference and only for a publisher that stands by:
 * configurations always, frames from the oldest key frame that somebody may still want to start at.
 * A change of sides can thereby go back to the key frame nearest to the place where the other
 * publisher broke off.
 */
#include "ingest/intake.h"

#include "rtmp/codec-config.h"
#include "rtmp/flv.h"

enum { AUDIO, VIDEO, N_TRACKS };

typedef struct {
  UsRtmpMessageType type;
  gboolean is_config, is_key;
  guint32 timestamp_ms;
  gint64 arrived_us;
  GBytes *payload;
} Item;

struct UsIntake {
  GQueue items;            /* Item; the first is a key frame */
  GBytes *first[N_TRACKS]; /* nullable: configurations in force at the first item ... */
  GBytes *last[N_TRACKS];  /* ... and at the end */
  gsize bytes;             /* of @items */
  guint n_keys;            /* of @items */
  gboolean is_keeping;
  gboolean has_video; /* a stream without video may start at any frame */
  gboolean can_start; /* a configuration of video came that can be read */
  gint64 key_us, key_interval_us;
  UsPunctual punctual;
  UsRates rates;
};

static void
item_free (gpointer data) {
  Item *item = data;
  g_bytes_unref (item->payload);
  g_free (item);
}

static void
set_bytes (GBytes **place, GBytes *bytes) {
  GBytes *old = *place;
  *place = bytes != NULL ? g_bytes_ref (bytes) : NULL;
  g_clear_pointer (&old, g_bytes_unref);
}

static void
pop (UsIntake *intake) {
  Item *item = g_queue_pop_head (&intake->items);
  intake->bytes -= g_bytes_get_size (item->payload);
  intake->n_keys -= item->is_key;
  if (item->is_config)
    set_bytes (&intake->first[item->type == US_RTMP_VIDEO ? VIDEO : AUDIO], item->payload);
  item_free (item);
}

static void
drop_all (UsIntake *intake) {
  while (intake->items.length > 0)
    pop (intake);
  for (guint i = 0; i < N_TRACKS; i++)
    set_bytes (&intake->first[i], intake->last[i]);
}

/* Removes the oldest group of pictures; what is left starts with a key frame, or is nothing. */
static void
drop_group (UsIntake *intake) {
  do
    pop (intake);
  while (intake->items.length > 0 && !((Item *)intake->items.head->data)->is_key);
}

static gint64
second_key_us (const UsIntake *intake) {
  for (GList *link = intake->items.head->next; link != NULL; link = link->next) {
    const Item *item = link->data;
    if (item->is_key)
      return item->arrived_us;
  }
  return G_MAXINT64;
}

/* Dropping by groups would look for a key frame at each frame of a stream that has nothing else. */
static void
trim (UsIntake *intake, gint64 now_us) {
  gint64 from_us = now_us - US_INTAKE_KEEP_MS * G_GINT64_CONSTANT (1000);
  while (intake->n_keys > 1 && second_key_us (intake) <= from_us)
    drop_group (intake);
  while (intake->items.length > US_INTAKE_MAX_ITEMS || intake->bytes > US_INTAKE_MAX_BYTES) {
    if (intake->n_keys > 1)
      drop_group (intake);
    else
      drop_all (intake);
  }
}

static void
append (UsIntake *intake, const UsRtmpMessage *message, gboolean is_config, gboolean is_key,
        gint64 now_us) {
  if (!intake->is_keeping || (intake->items.length == 0 && !is_key))
    return;
  Item *item = g_new (Item, 1);
  *item = (Item){ message->type,         is_config, is_key,
                  message->timestamp_ms, now_us,    g_bytes_ref (message->payload) };
  g_queue_push_tail (&intake->items, item);
  intake->bytes += g_bytes_get_size (message->payload);
  intake->n_keys += is_key;
  if (is_key)
    trim (intake, now_us);
  else if (intake->items.length > US_INTAKE_MAX_ITEMS || intake->bytes > US_INTAKE_MAX_BYTES)
    trim (intake, now_us);
}

/* Some encoders mark HEVC as H.264. */
static gboolean
is_readable (const UsFlvTag *tag, const guint8 *data) {
  UsVideoConfig config;
  const guint8 *record = data + tag->data_offset;
  return (tag->codec == US_CODEC_H264
          && us_flv_parse_avc_config (record, tag->data_size, &config, NULL))
         || us_flv_parse_hevc_config (record, tag->data_size, &config, NULL);
}

static void
take_config (UsIntake *intake, const UsRtmpMessage *message, const UsFlvTag *tag,
             const guint8 *data, gint64 now_us) {
  guint track = message->type == US_RTMP_VIDEO ? VIDEO : AUDIO;
  intake->can_start = intake->can_start || (track == VIDEO && is_readable (tag, data));
  append (intake, message, TRUE, FALSE, now_us);
  set_bytes (&intake->last[track], message->payload);
  if (intake->items.length == 0)
    set_bytes (&intake->first[track], message->payload);
}

/* What was measured and kept so far was sound alone. */
static void
note_video (UsIntake *intake) {
  if (intake->has_video)
    return;
  intake->has_video = TRUE;
  intake->punctual = (UsPunctual){ 0 };
  drop_all (intake);
}

/* A key frame whose configuration never came, nor stands in it, is nothing to start with. */
static gboolean
is_start (UsIntake *intake, const UsFlvTag *tag, const guint8 *data) {
  if (!tag->is_keyframe || intake->can_start)
    return tag->is_keyframe;
  g_autoptr (GBytes) own = us_flv_gather_hevc_config (data + tag->data_offset, tag->data_size);
  return own != NULL;
}

static gboolean
take_frame (UsIntake *intake, const UsRtmpMessage *message, const UsFlvTag *tag, const guint8 *data,
            gint64 now_us, gint64 limit_ms) {
  gboolean is_video = message->type == US_RTMP_VIDEO;
  if (is_video)
    note_video (intake);
  gboolean is_key = is_video ? is_start (intake, tag, data) : !intake->has_video;
  if (is_video || !intake->has_video)
    us_punctual_push (&intake->punctual, message->timestamp_ms, now_us, limit_ms);
  if (is_key) {
    intake->key_interval_us = intake->key_us != 0 ? now_us - intake->key_us : 0;
    intake->key_us = now_us;
  }
  append (intake, message, FALSE, is_key, now_us);
  return is_key;
}

/**
 * us_intake_new:
 *
 * Returns: (transfer full): an intake that keeps nothing yet
 */
UsIntake *
us_intake_new (void) {
  UsIntake *intake = g_new0 (UsIntake, 1);
  g_queue_init (&intake->items);
  return intake;
}

/**
 * us_intake_push:
 * @intake: the intake
 * @message: its payload is referenced if it is audio or video; data has no place in a segment
 * @now_us: when it came
 * @limit_ms: setting, see us_punctual_get_limit_ms()
 *
 * Returns: %TRUE when a stream may start with this message
 */
gboolean
us_intake_push (UsIntake *intake, const UsRtmpMessage *message, gint64 now_us, gint64 limit_ms) {
  gsize size = 0;
  const guint8 *data = g_bytes_get_data (message->payload, &size);
  UsFlvTag tag = { 0 };
  if (size == 0 || (message->type != US_RTMP_VIDEO && message->type != US_RTMP_AUDIO)
      || !(message->type == US_RTMP_VIDEO ? us_flv_parse_video (data, size, &tag, NULL)
                                          : us_flv_parse_audio (data, size, &tag, NULL)))
    return FALSE;
  us_rates_push (&intake->rates, message->type == US_RTMP_VIDEO, &tag, size, now_us);
  if (tag.kind == US_FLV_CONFIG)
    take_config (intake, message, &tag, data, now_us);
  /* Pictures that cannot be packaged are pictures: with them the sound is no stream of its own, or
   * a publisher of AV1 would count as a good one and take the place of one whose pictures are. */
  if (tag.kind == US_FLV_UNSUPPORTED && message->type == US_RTMP_VIDEO)
    note_video (intake);
  return tag.kind == US_FLV_FRAME && take_frame (intake, message, &tag, data, now_us, limit_ms);
}

/**
 * us_intake_keep:
 * @intake: the intake
 * @is_wanted: whether this publisher stands by; what is kept goes when it does not
 */
void
us_intake_keep (UsIntake *intake, gboolean is_wanted) {
  if (intake->is_keeping == is_wanted)
    return;
  intake->is_keeping = is_wanted;
  drop_all (intake);
}

/**
 * us_intake_is_ready:
 * @intake: the intake
 *
 * Returns: %TRUE when a key frame is kept
 */
gboolean
us_intake_is_ready (const UsIntake *intake) {
  return intake->n_keys > 0;
}

/**
 * us_intake_get_punctual:
 * @intake: the intake
 *
 * Returns: (transfer none): how it is in time, by its video, or its audio when there is no video
 */
const UsPunctual *
us_intake_get_punctual (const UsIntake *intake) {
  return &intake->punctual;
}

/**
 * us_intake_get_rates:
 * @intake: the intake
 *
 * Returns: (transfer none): what this publisher sends, roughly
 */
const UsRates *
us_intake_get_rates (const UsIntake *intake) {
  return &intake->rates;
}

/**
 * us_intake_nearest_key_us:
 * @intake: the intake
 * @at_us: a moment
 *
 * Returns: when the kept key frame arrived that is nearest to @at_us; 0: none is kept
 */
gint64
us_intake_nearest_key_us (const UsIntake *intake, gint64 at_us) {
  gint64 best_us = 0;
  for (GList *link = intake->items.head; link != NULL; link = link->next) {
    const Item *item = link->data;
    if (item->is_key && (best_us == 0 || ABS (item->arrived_us - at_us) < ABS (best_us - at_us)))
      best_us = item->arrived_us;
  }
  return best_us;
}

/**
 * us_intake_next_key_us:
 * @intake: the intake
 *
 * Returns: when its next key frame is to be expected; 0: nothing is known of that
 */
gint64
us_intake_next_key_us (const UsIntake *intake) {
  return intake->key_interval_us > 0 ? intake->key_us + intake->key_interval_us : 0;
}

/**
 * us_intake_get_bytes:
 * @intake: the intake
 *
 * Returns: payload that is kept
 */
gsize
us_intake_get_bytes (const UsIntake *intake) {
  return intake->bytes;
}

/**
 * us_intake_replay:
 * @intake: the intake
 * @key_us: arrival of a kept key frame, or 0: configurations only
 * @func: called for the configurations in force there, then for every message kept from that key
 *   frame on
 * @user_data: for @func
 */
void
us_intake_replay (UsIntake *intake, gint64 key_us, UsIntakeFunc func, gpointer user_data) {
  while (key_us != 0 && intake->items.length > 0
         && ((Item *)intake->items.head->data)->arrived_us < key_us)
    pop (intake);
  const Item *key = key_us != 0 ? g_queue_peek_head (&intake->items) : NULL;
  guint32 start_ms = key != NULL ? key->timestamp_ms : 0;
  gint64 start_us = key != NULL ? key->arrived_us : 0;
  GBytes **configs = key != NULL ? intake->first : intake->last;
  for (guint i = 0; i < N_TRACKS; i++) {
    if (configs[i] != NULL)
      func (i == VIDEO ? US_RTMP_VIDEO : US_RTMP_AUDIO, start_ms, configs[i], start_us, user_data);
  }
  for (GList *link = key != NULL ? intake->items.head : NULL; link != NULL; link = link->next) {
    const Item *item = link->data;
    func (item->type, item->timestamp_ms, item->payload, item->arrived_us, user_data);
  }
}

/**
 * us_intake_free:
 * @intake: (transfer full): the intake
 */
void
us_intake_free (UsIntake *intake) {
  g_queue_clear_full (&intake->items, item_free);
  for (guint i = 0; i < N_TRACKS; i++) {
    g_clear_pointer (&intake->first[i], g_bytes_unref);
    g_clear_pointer (&intake->last[i], g_bytes_unref);
  }
  g_free (intake);
}
