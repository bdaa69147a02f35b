/* content.h - black, frozen, silent: suspected by the sizes of frames, confirmed by decoding */
#pragma once

#include "monitor/decoder.h"
#include "monitor/facts.h"

G_BEGIN_DECLS

typedef struct {
  gboolean has_black, has_frozen, has_silent;
} UsContentWanted;

/* @facts: valid during the call */
typedef void (*UsContentChanged) (int rendition, const UsContentFacts *facts, gpointer user_data);

/* UsContent: of one stream, all its renditions. */
typedef struct UsContent UsContent;

/* @decoder: (nullable): stays the caller's and outlives the content; without it nothing is known
 * @changed: called from the main loop, never from inside us_content_push() */
UsContent *us_content_new (UsDecoder *decoder, const UsContentWanted *wanted,
                           UsContentChanged changed, gpointer user_data);
void us_content_free (UsContent *content);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsContent, us_content_free)
void us_content_set_wanted (UsContent *content, const UsContentWanted *wanted);

/* Call it for every segment that was had, in order. @segment: with @segment->media, or it is
 * stepped over; @bytes: not encrypted; @init: (nullable) */
void us_content_push (UsContent *content, int rendition, const UsSegmentSeen *segment,
                      GBytes *bytes, GBytes *init);
/* The rendition left the ladder, or the stream was paused: nothing is known of it any more. */
void us_content_forget (UsContent *content, int rendition);
/* @facts: (out): all NAN when nothing is known */
void us_content_get (const UsContent *content, int rendition, UsContentFacts *facts);
/* Whether a decode of it is under way; the callback tells its end, however it ends. */
gboolean us_content_is_looking (const UsContent *content, int rendition);
void us_content_facts_init (UsContentFacts *facts);

G_END_DECLS
