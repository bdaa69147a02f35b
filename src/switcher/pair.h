/* pair.h - what two origins are to each other */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* UsPairKind: how far the segments of one origin can stand for those of the other. */
typedef enum {
  US_PAIR_UNKNOWN,   /* one of them has not said anything yet */
  US_PAIR_IDENTICAL, /* the same numbers and the same bytes: either copy will do */
  US_PAIR_ALIGNED,   /* the same numbers and times, other bytes: interchangeable between segments */
  US_PAIR_FOREIGN,   /* numbers, names and cuts of their own */
} UsPairKind;
const char *us_pair_kind_word (UsPairKind kind);

G_END_DECLS
