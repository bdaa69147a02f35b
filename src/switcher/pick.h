/* pick.h - which segment a stream publishes next, from two playlists and what it has published */
#pragma once

#include "switcher/follower.h"
#include "switcher/ledger.h"

G_BEGIN_DECLS

/* An origin may list thousands at once. When more than this many of our windows are new they are
 * not gone through one by one: that is more than is ever held, and viewers would see them rush
 * past. */
#define US_PICK_MOST_WINDOWS 3

/* UsPickCursor: how far publishing has come, in the origins' own numbers. */
typedef struct {
  gboolean is_set;
  gboolean is_shared; /* number is that of our packagers, good for both origins */
  UsOriginId origin;  /* else: whose media sequence number it is */
  guint64 generation; /* and in which of its lives */
  guint64 number;     /* handled, published or given up */
  gboolean is_broken; /* that one was given up: a hole */
} UsPickCursor;

typedef struct {
  const UsPlaylistSegment *segment; /* (nullable): nothing to do now; valid until the next change */
  UsOriginId origin;                /* asked first */
  gboolean is_listed[US_N_ORIGINS];
  gboolean is_ours;
  guint64 epoch, number; /* as the name says; the media sequence number of a foreign one */
  gboolean is_shared;    /* picked from both origins as one list */
  guint64 rank;          /* what the cursor becomes */
  gboolean is_join;   /* first after a change of sides; of a foreign side: where is to be found */
  gboolean is_hole;   /* numbers are missing before it */
  guint n_skipped;    /* listed before it, and left out: see US_PICK_MOST_WINDOWS */
  gboolean is_passed; /* every origin that lists anything has moved past the missing ones */
} UsPick;

gboolean us_pick_may_start (const UsFollower *const followers[US_N_ORIGINS]);
UsPick us_pick_identical (const UsFollower *const followers[US_N_ORIGINS], const UsPolicy *policy,
                          const UsLedger *ledger, const UsPickCursor *cursor, guint window);
UsPick us_pick_foreign (const UsFollower *follower, UsOriginId origin, const UsLedger *ledger,
                        const UsPickCursor *cursor, guint window);
UsPick us_pick_listed (const UsFollower *follower, UsOriginId origin, guint index);
UsPick us_pick_new_life (const UsFollower *follower, UsOriginId origin, const UsLedger *ledger,
                         const UsPickCursor *cursor);
void us_pick_advance (UsPickCursor *cursor, const UsPick *pick, guint64 generation,
                      gboolean is_given_up);

G_END_DECLS
