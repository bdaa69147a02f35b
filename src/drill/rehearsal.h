/* rehearsal.h - drills one after another on one chain, watched by one viewer */
#pragma once

#include "drill/chain.h"
#include "drill/evidence.h"
#include "drill/relay.h"

G_BEGIN_DECLS

typedef enum { US_HIT_ACTIVE, US_HIT_PRIMARY, US_HIT_BACKUP } UsHit;

/* What the rehearsal says while it goes on; each line without its newline. */
typedef void (*UsRehearsalSay) (const char *line, gpointer user_data);

/* @drills: (element-type UsDrill)
 * @chain: not started
 * @relays: (nullable entries): between switcher and origins
 * @origins: (nullable entries): base URLs of somebody else's origins; else the chain's own
 * @pair: what is rehearsed, for the results
 * @announce: (nullable): file that says where to watch
 * @is_over: set from outside to end early */
typedef struct {
  const GPtrArray *drills;
  UsHit hit;
  guint runs;
  gint64 lead_in_ms;
  UsChain *chain;
  UsDrillRelay *relays[US_N_SIDES];
  const char *origins[US_N_SIDES];
  UsEvidence *evidence;
  const char *pair, *announce;
  const gboolean *is_over;
  UsRehearsalSay say;
  gpointer user_data;
} UsRehearsalSettings;

typedef struct UsRehearsal UsRehearsal;

UsRehearsal *us_rehearsal_new (const UsRehearsalSettings *settings);
gboolean us_rehearsal_begin (UsRehearsal *rehearsal, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_rehearsal_play (UsRehearsal *rehearsal, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_rehearsal_wait (UsRehearsal *rehearsal);
const GPtrArray *us_rehearsal_get_results (const UsRehearsal *rehearsal);
void us_rehearsal_free (UsRehearsal *rehearsal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsRehearsal, us_rehearsal_free)

G_END_DECLS
