/* content-state.h - what is known of the picture and sound of one rendition, and what to look at */
#pragma once

#include "monitor/decoder.h"
#include "monitor/facts.h"

G_BEGIN_DECLS

/* UsContentHint: what sizes of frames suggest; they can raise a suspicion, never clear one. */
typedef struct {
  gboolean is_picture_tiny, is_picture_large; /* neither: nothing to say */
  gboolean is_sound_tiny, is_sound_large;
} UsContentHint;
void us_content_hint (UsContentHint *hint, const UsInspection *media);

/* UsContentRun: seconds of media of this rendition. */
typedef struct {
  gboolean is_known;
  double since_s, until_s; /* first: NAN: it is not so */
} UsContentRun;

/* UsContentState: start with us_content_state_init(). Times of @..._us are monotonic. */
typedef struct {
  gboolean has_segment;
  guint64 number; /* of the newest segment */
  double end_s;   /* media up to its end */
  UsContentRun black, frozen, silent;
  double luma, luma_variance, audio_rms_db; /* newest; NAN */
  guint n_dead_channel;                     /* results in a row that say so */
  gboolean has_signature;
  guint8 signature[US_DECODE_SIGNATURE]; /* of the newest picture that was decoded */
  gboolean is_alike;                     /* the two newest key frames: frozen is suspected */
  guint n_refuted;                       /* suspicions of a freeze in a row that were wrong */
  gint64 all_not_before_us, not_before_us;
  gint64 checked_us; /* the last try; 0: never */
  guint n_failed;    /* tries in a row */
} UsContentState;

/* UsContentAim: what one decode is for. */
typedef struct {
  gboolean is_wanted;
  UsDecodeKind kind;
  UsDecodePriority priority;
  double begin_s, end_s; /* of the segment */
} UsContentAim;

void us_content_state_init (UsContentState *state);
/* The next segment, with its inspection. @is_turn: a routine look is due */
void us_content_state_push (UsContentState *state, const UsSegmentSeen *segment, gboolean is_turn,
                            UsContentAim *aim);
void us_content_state_begin (UsContentState *state, gint64 now_us);
void us_content_state_take (UsContentState *state, const UsContentAim *aim,
                            const UsDecoded *decoded, gint64 now_us);
void us_content_state_fail (UsContentState *state, const UsContentAim *aim, gboolean is_blind,
                            gint64 now_us);
gboolean us_content_state_is_suspect (const UsContentState *state);
void us_content_state_get (const UsContentState *state, UsContentFacts *facts);

G_END_DECLS
