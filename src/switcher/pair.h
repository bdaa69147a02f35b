/* pair.h - what two origins are to each other */
#pragma once

#include "switcher/follower.h"

G_BEGIN_DECLS

/* UsPairKind: how far the segments of one origin can stand for those of the other. */
typedef enum {
  US_PAIR_UNKNOWN,   /* one of them has not said anything yet */
  US_PAIR_IDENTICAL, /* the same numbers and the same bytes: either copy will do */
  US_PAIR_ALIGNED,   /* the same numbers and times, other bytes: interchangeable between segments */
  US_PAIR_FOREIGN,   /* numbers, names and cuts of their own */
} UsPairKind;
const char *us_pair_kind_word (UsPairKind kind);

typedef enum {
  US_PAIR_NEWS_NONE,
  US_PAIR_NEWS_ALIGNED,  /* seen for the first time that their bytes differ */
  US_PAIR_NEWS_DIVERGED, /* were the same, are no longer; or do not even last as long */
  US_PAIR_NEWS_EQUAL,    /* the same again */
} UsPairNews;

/* UsPair: the memory of that judgement; plain data, zero is a fresh one. */
typedef struct {
  UsPairKind kind;
  const char *why;             /* a sentence without its full stop */
  gboolean is_interchangeable; /* numbers compare, and either copy may be published */
  gboolean is_compared;        /* bytes were */
  gboolean is_equal;           /* and were the same; so far or again */
  gboolean is_unusable;        /* or the other's were no segment */
  gboolean is_misaligned;      /* the same number does not last as long on both sides */
  gint64 stranger_since_us;    /* since when they have had no epoch in common; 0: they have */
} UsPair;

void us_pair_judge (UsPair *pair, const UsFollower *const followers[US_N_ORIGINS],
                    gboolean has_published, gint64 now_us);
gboolean us_pair_is_misaligned (const UsPlaylist *one, const UsPlaylist *other);
UsPairNews us_pair_note_bytes (UsPair *pair, const UsFollower *const followers[US_N_ORIGINS],
                               gboolean is_equal, gboolean is_usable);

G_END_DECLS
