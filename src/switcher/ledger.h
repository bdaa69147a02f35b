/* ledger.h - the append-only account of what one stream has published, and its playlist */
#pragma once

#include <gio/gio.h>

#include "hls/segment.h"
#include "switcher/policy.h"
#include "switcher/shape.h"

G_BEGIN_DECLS

#define US_LEDGER_MAX_LISTED 250 /* rows, unless the window is larger */
#define US_LEDGER_TARGET_RATIO 4 /* a target duration longer than ours by this is a claim only */
#define US_LEDGER_MAX_GAP 3      /* segments missing in a row that are listed as EXT-X-GAP */

#define US_LEDGER_LEAVING G_MAXINT64 /* leaves when the playlist behind a step is shown */

#define US_LEDGER_ERROR us_ledger_error_quark ()
typedef enum {
  US_LEDGER_ERROR_NOT_NEXT, /* at or before what was published, or its name was used already */
  US_LEDGER_ERROR_VALUE,    /* no bytes, no duration, no target duration */
} UsLedgerError;
GQuark us_ledger_error_quark (void);

/* UsLedgerRow: one published segment; never changes. */
typedef struct {
  UsSegment *segment; /* number, discontinuity and name as published */
  UsOriginId origin;
  gboolean is_ours; /* named and numbered by one of our packagers */
  gboolean is_gap;  /* stands for a segment that no origin had */
  UsShape shape;
  UsSegment *map; /* (nullable): its initialisation section */
  char *key;      /* (nullable): attributes of its EXT-X-KEY, fit for our playlist */
  char *map_key;  /* (nullable): of that of @map */
  guint64 origin_number;
  guint64 origin_discontinuity;
  gint64 left_us; /* monotonic time at which it left the playlist; 0: listed; LEAVING */
} UsLedgerRow;

/* UsLedgerOffer: a whole segment as an origin delivered it, wanting to be published. */
typedef struct {
  UsOriginId origin;
  gboolean is_ours;
  gboolean is_join;   /* the first one after a change of sides */
  gboolean is_smooth; /* then: codecs and time stamps are known to go on all the same */
  guint64 epoch;      /* of ours */
  guint64 number;     /* as the origin numbers it */
  guint64 discontinuity;
  gboolean is_discontinuous;
  gint64 duration_us;
  gint64 wall_ms;       /* -1: unknown */
  gint64 before_end_ms; /* of ours: where the one before it ends, by the same list; -1: unknown */
  GBytes *bytes;
  UsSegment *segment; /* (nullable): of ours, hashed already and shared with nobody else yet */
  UsShape shape;
  UsSegment *map;            /* (nullable) */
  const char *key, *map_key; /* (nullable) */
} UsLedgerOffer;

typedef struct UsLedger UsLedger;

UsLedger *us_ledger_new (guint window, const char *prefix, guint64 id, guint64 first_number,
                         guint64 first_discontinuity);
void us_ledger_free (UsLedger *ledger);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsLedger, us_ledger_free)

char *us_ledger_name (const UsLedger *ledger, guint64 epoch, guint64 number);
gboolean us_ledger_set_target (UsLedger *ledger, guint target_duration_s);
guint us_ledger_get_target (const UsLedger *ledger);
gboolean us_ledger_append (UsLedger *ledger, const UsLedgerOffer *offer, gint64 now_us,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_ledger_recall (UsLedger *ledger, UsSegment *segment, UsOriginId origin, gint64 now_us);
gboolean us_ledger_is_long_enough (const UsLedger *ledger);
void us_ledger_settle (UsLedger *ledger, gint64 now_us);
guint us_ledger_expire (UsLedger *ledger, gint64 now_us);

guint us_ledger_get_n_rows (const UsLedger *ledger);
gsize us_ledger_get_bytes (const UsLedger *ledger);
guint us_ledger_get_n_listed (const UsLedger *ledger);
const UsLedgerRow *us_ledger_get_row (const UsLedger *ledger, guint index);
const UsLedgerRow *us_ledger_get_last (const UsLedger *ledger);
gint64 us_ledger_get_end_wall_ms (const UsLedger *ledger);
guint64 us_ledger_get_n_gaps (const UsLedger *ledger);
guint64 us_ledger_get_n_steps (const UsLedger *ledger);
guint64 us_ledger_get_n_over_target (const UsLedger *ledger);
char *us_ledger_render (const UsLedger *ledger);

G_END_DECLS
