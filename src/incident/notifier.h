/* notifier.h - tells people: signed webhooks and Alertmanager, each once, with a delivery log */
#pragma once

#include "base/clock.h"
#include "incident/incident.h"
#include "store/store.h"

#include <gio/gio.h>

G_BEGIN_DECLS

/* UsNotifierSettings: strings are copied. A webhook is a URL; its secret ("whsec_..." of Standard
 * Webhooks) is read from a file, never from the command line. */
typedef struct {
  const char *const *webhooks;      /* nullable */
  const char *webhook_secret_file;  /* nullable: unsigned then, and said so once */
  const char *const *alertmanagers; /* nullable: base URLs; API v2 */
  const char *desk_url;             /* nullable: linked in what is sent */
  gboolean allow_private, allow_loopback;
  const UsClock *clock; /* nullable */
} UsNotifierSettings;

typedef struct UsNotifier UsNotifier;
UsNotifier *us_notifier_new (const UsNotifierSettings *settings, UsStore *store,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_notifier_free (UsNotifier *notifier);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsNotifier, us_notifier_free)

/* incident.opened, .acknowledged, .recovering, .resolved, .reopened: told once each; a standing
 * fault is not repeated (Alertmanager is re-sent what it needs to keep an alert alive). */
void us_notifier_tell (UsNotifier *notifier, const UsIncidentRow *row, UsIncidentStep step);

/* The same in two halves, for who must wait in between until the incident is on disk: what webhooks
 * will be told is in the store from the first one on, and is told after a restart if the second one
 * never came. */
typedef struct UsNotice UsNotice;
UsNotice *us_notifier_prepare (UsNotifier *notifier, const UsIncidentRow *row, UsIncidentStep step);
void us_notifier_tell_notice (UsNotifier *notifier, UsNotice *notice); /* @notice: transfer full */
void us_notice_free (UsNotice *notice);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsNotice, us_notice_free)

/* Sends what a former life could not deliver; what was for an address that is no longer set goes.
 */
void us_notifier_resume (UsNotifier *notifier);
void us_notifier_test (UsNotifier *notifier); /* webhook of type "test" to every target */

typedef struct {
  guint64 n_delivered, n_failed, n_given_up;
  guint n_pending, n_disabled;
  guint n_targets; /* that are set */
} UsNotifierStats;
void us_notifier_get_stats (UsNotifier *notifier, UsNotifierStats *stats);

G_END_DECLS
