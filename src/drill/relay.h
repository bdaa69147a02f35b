/* relay.h - a TCP relay on loopback that can spoil what passes: for drills and tests only
 *
 * It listens on 127.0.0.1 and nowhere else, knows nothing of who asks, and is no proxy to put in
 * front of anything: its only purpose is to break.
 */
#pragma once

#include <gio/gio.h>

#include "drill/fault.h"

G_BEGIN_DECLS

#define US_DRILL_RELAY_MAX_LINKS 512

typedef struct UsDrillRelay UsDrillRelay;

typedef struct {
  guint64 n_requests;
  guint64 n_touched; /* requests or connections that a fault has met, since the relay began */
} UsDrillRelayStats;

UsDrillRelay *us_drill_relay_new (GError **error) G_GNUC_WARN_UNUSED_RESULT;
guint16 us_drill_relay_get_port (const UsDrillRelay *relay);
gboolean us_drill_relay_set_origin (UsDrillRelay *relay, const char *base_url,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean us_drill_relay_set_fault (UsDrillRelay *relay, const UsFault *fault,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_drill_relay_reset_links (UsDrillRelay *relay);
void us_drill_relay_get_stats (const UsDrillRelay *relay, UsDrillRelayStats *stats);
void us_drill_relay_free (UsDrillRelay *relay);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsDrillRelay, us_drill_relay_free)

G_END_DECLS
