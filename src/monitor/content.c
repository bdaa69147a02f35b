/* content.c - black, frozen, silent: suspected by the sizes of frames, confirmed by decoding
 *
 * One per watched stream, in the monitor's loop. It takes the bytes of every segment for a moment,
 * lets content-state.c decide whether they are worth decoding, gives them to the pool of children
 * (decoder.c) and keeps what comes back. At most one decode of a rendition is under way; what the
 * pool refuses is simply not known yet. Freed, or told to forget a rendition, it cancels what is
 * under way.
 *
 * Routine looks are shared by all renditions of a stream, one at a time in turn, so that a ladder
 * costs as much as a lone rendition; while one of them shows a fault, the others are looked at
 * soon.
 */
#include "monitor/content.h"

#include <math.h>

#include "monitor/content-state.h"

#define TURN_US (10 * (gint64)G_USEC_PER_SEC)
#define SUSPECT_TURN_US (2 * (gint64)G_USEC_PER_SEC)

typedef struct {
  UsContent *content;
  int rendition;
  UsContentState state;
  guint job; /* 0: none under way */
  UsContentAim aim;
  gint64 aimed_us;
} Rendition;

struct UsContent {
  UsDecoder *decoder; /* nullable */
  UsContentWanted wanted;
  UsContentChanged changed;
  gpointer user_data;
  GHashTable *renditions; /* element-type int, Rendition */
  gint64 turn_us;         /* the last routine look; 0: never */
};

static void
rendition_free (gpointer data) {
  Rendition *self = data;
  if (self->job != 0)
    us_decoder_cancel (self->content->decoder, self->job);
  g_free (self);
}

static Rendition *
find_rendition (UsContent *self, int rendition) {
  Rendition *found = g_hash_table_lookup (self->renditions, GINT_TO_POINTER (rendition));
  if (found != NULL || g_hash_table_size (self->renditions) >= US_MAX_RENDITIONS)
    return found;
  found = g_new0 (Rendition, 1);
  found->content = self;
  found->rendition = rendition;
  us_content_state_init (&found->state);
  g_hash_table_insert (self->renditions, GINT_TO_POINTER (rendition), found);
  return found;
}

/* Whether nobody waits longer for a look than @rendition, and somebody should have one. */
static gboolean
is_turn (const UsContent *self, const Rendition *rendition, gint64 now_us) {
  gboolean is_suspect = FALSE, is_first = TRUE;
  GHashTableIter iter;
  gpointer value;
  g_hash_table_iter_init (&iter, self->renditions);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const Rendition *other = value;
    is_suspect |= us_content_state_is_suspect (&other->state);
    is_first &= other->state.checked_us >= rendition->state.checked_us;
  }
  gint64 since_us = now_us - self->turn_us;
  gint64 due_us = is_suspect ? SUSPECT_TURN_US : TURN_US;
  /* Who comes first may have no segments any more. */
  return self->turn_us == 0 || (since_us >= due_us && is_first) || since_us >= 2 * due_us;
}

static void
mask (const UsContent *self, UsContentFacts *facts) {
  if (!self->wanted.has_black)
    facts->black_s = NAN;
  if (!self->wanted.has_frozen)
    facts->frozen_s = NAN;
  if (!self->wanted.has_silent) {
    facts->silent_s = NAN;
    facts->is_dead_channel = FALSE;
  }
}

static void
on_done (const UsDecoded *decoded, const UsDecodedPicture *picture, const GError *error,
         gpointer data) {
  Rendition *rendition = data;
  UsContent *self = rendition->content;
  UsContentFacts facts;
  rendition->job = 0;
  if (decoded != NULL) {
    us_content_state_take (&rendition->state, &rendition->aim, decoded, rendition->aimed_us);
  } else {
    gboolean is_blind = !g_error_matches (error, US_DECODE_ERROR, US_DECODE_ERROR_MEDIA);
    us_content_state_fail (&rendition->state, &rendition->aim, is_blind, rendition->aimed_us);
  }
  us_content_state_get (&rendition->state, &facts);
  mask (self, &facts);
  self->changed (rendition->rendition, &facts, self->user_data); /* last: it may free us */
}

/**
 * us_content_push:
 *
 * Steps over what was not inspected, or was pushed twice.
 */
void
us_content_push (UsContent *content, int rendition, const UsSegmentSeen *segment, GBytes *bytes,
                 GBytes *init) {
  UsContentWanted *wanted = &content->wanted;
  if (content->decoder == NULL || segment->media == NULL || bytes == NULL
      || !(wanted->has_black || wanted->has_frozen || wanted->has_silent))
    return;
  Rendition *self = find_rendition (content, rendition);
  if (self == NULL || (self->state.has_segment && self->state.number == segment->number))
    return;
  gint64 now_us = segment->fetched.ended_us;
  UsContentAim aim;
  us_content_state_push (&self->state, segment, is_turn (content, self, now_us), &aim);
  if (!aim.is_wanted || self->job != 0)
    return;
  self->job
      = us_decoder_push (content->decoder, aim.kind, aim.priority, bytes, init, on_done, self);
  if (self->job == 0)
    return;
  self->aim = aim;
  self->aimed_us = now_us;
  us_content_state_begin (&self->state, now_us);
  if (aim.priority == US_DECODE_ROUTINE)
    content->turn_us = now_us;
}

/**
 * us_content_new:
 * @decoder: (nullable)
 */
UsContent *
us_content_new (UsDecoder *decoder, const UsContentWanted *wanted, UsContentChanged changed,
                gpointer user_data) {
  UsContent *self = g_new0 (UsContent, 1);
  self->decoder = decoder;
  self->wanted = *wanted;
  self->changed = changed;
  self->user_data = user_data;
  self->renditions = g_hash_table_new_full (NULL, NULL, NULL, rendition_free);
  return self;
}

/**
 * us_content_free:
 * @content: (transfer full)
 */
void
us_content_free (UsContent *content) {
  g_hash_table_unref (content->renditions);
  g_free (content);
}

/**
 * us_content_set_wanted:
 *
 * What is no longer wanted is not known from here on.
 */
void
us_content_set_wanted (UsContent *content, const UsContentWanted *wanted) {
  content->wanted = *wanted;
}

/**
 * us_content_forget:
 */
void
us_content_forget (UsContent *content, int rendition) {
  g_hash_table_remove (content->renditions, GINT_TO_POINTER (rendition));
}

/**
 * us_content_facts_init:
 * @facts: (out caller-allocates): nothing is known
 */
void
us_content_facts_init (UsContentFacts *facts) {
  *facts = (UsContentFacts){ .black_s = NAN,
                             .frozen_s = NAN,
                             .silent_s = NAN,
                             .luma = NAN,
                             .luma_variance = NAN,
                             .audio_rms_db = NAN };
}

/**
 * us_content_get:
 * @facts: (out caller-allocates)
 */
void
us_content_get (const UsContent *content, int rendition, UsContentFacts *facts) {
  const Rendition *self = g_hash_table_lookup (content->renditions, GINT_TO_POINTER (rendition));
  us_content_facts_init (facts);
  if (self == NULL)
    return;
  us_content_state_get (&self->state, facts);
  mask (content, facts);
}

/**
 * us_content_is_looking:
 */
gboolean
us_content_is_looking (const UsContent *content, int rendition) {
  const Rendition *self = g_hash_table_lookup (content->renditions, GINT_TO_POINTER (rendition));
  return self != NULL && self->job != 0;
}
