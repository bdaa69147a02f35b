/* input.h - one media track of a publisher: its codec, the configuration in force, what is ignored
 */
#pragma once

#include "rtmp/codec-config.h"
#include "rtmp/flv.h"

G_BEGIN_DECLS

/* Why a message was not used; index of UsInput.dropped and label of a metric. */
typedef enum {
  US_DROP_UNSUPPORTED, /* a codec that cannot be packaged */
  US_DROP_MALFORMED,   /* headers or codec configuration that do not parse */
  US_DROP_NO_CONFIG,   /* frames before the codec configuration */
  US_DROP_EMPTY,       /* silence marks, zero-sized frames */
  US_DROP_ORDER,       /* time stamps out of order or standing still */
  US_DROP_NO_KEYFRAME, /* video before a key frame */
  US_DROP_EARLY,       /* audio before the first key frame */
  US_DROP_CHANGING,    /* of a new configuration, before the key frame that starts it */
  US_DROP_OTHER_TRACK, /* of tracks other than 0 (Enhanced RTMP multitrack) */
  US_DROP_TAIL,        /* of a segment in which the publisher broke off, see tail.c */
  US_DROP_N,
} UsDrop;

#define US_INPUT_UNUSABLE 3 /* messages that cannot be used: no accident any more */

const char *us_drop_to_string (UsDrop drop);

typedef enum {
  US_INPUT_NOTHING,
  US_INPUT_CHANGED, /* another codec or configuration waits in @next */
  US_INPUT_FRAME,
} UsInputResult;

typedef struct {
  UsCodec codec;
  GBytes *header; /* nullable: payload of the sequence header; codecs without one have none */
  GBytes
      *record; /* nullable: by what two configurations are compared, whatever header it came in */
} UsInputConfig;

/* UsInputFrame: what is to be stored. */
typedef struct {
  GBytes *payload; /* (owned): the message, or what replaces it */
  gboolean is_keyframe;
  gint32 composition_ms; /* presentation time - decoding time */
} UsInputFrame;

/* UsInput: clear with us_input_clear(). */
typedef struct {
  const char *label; /* "video" or "audio" */
  gboolean is_video;
  UsInputConfig current; /* in force in the running epoch */
  UsInputConfig next;    /* valid while @is_changing */
  gboolean is_changing;
  UsVideoConfig picture; /* of the latest good configuration */
  UsSoundConfig sound;
  const char *unsupported; /* nullable: name of the last codec that is not supported */
  gboolean has_data;       /* this publisher sent anything for this track */
  guint64 unusable;        /* ... and so many messages that lack a codec configuration, or are
                            * malformed; video before its first key frame is not counted */
  gboolean is_disguised;   /* HEVC in messages of H.264 */
  gboolean is_fault_logged, is_tracks_logged;
  guint64 frames, bytes;
  guint64 dropped[US_DROP_N];
} UsInput;

void us_input_init (UsInput *input, gboolean is_video);
UsInputResult us_input_push (UsInput *input, const char *stream, GBytes *payload,
                             UsInputFrame *frame);
char *us_input_explain_unsupported (const UsInput *input);
gboolean us_input_is_known (const UsInput *input);
gboolean us_input_is_unusable (const UsInput *input);
void us_input_adopt (UsInput *input);
void us_input_forget (UsInput *input);
void us_input_clear (UsInput *input);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UsInput, us_input_clear)

G_END_DECLS
