/* alertmanager.h - keeps one Alertmanager told of what is active, API v2 */
#pragma once

#include "incident/delivery.h"

G_BEGIN_DECLS

#define US_ALERTMANAGER_PATH "/api/v2/alerts"
#define US_ALERTMANAGER_RESEND_US (60 * G_USEC_PER_SEC)
#define US_ALERTMANAGER_RESOLVED_US (300 * G_USEC_PER_SEC) /* resolved ones are re-sent so long */
#define US_ALERTMANAGER_MAX_ALERTS 5000
#define US_ALERTMANAGER_MAX_BATCH 250

/* UsAlert: what is to be told now of one incident. Its labels are what makes it one alert: those it
 * was first told with stay until it is resolved. */
typedef struct {
  const char *incident;
  const char *event; /* static: "incident.opened"; NULL: nothing that people are waiting for */
  const char *name, *stream, *severity, *cause, *instance;   /* labels */
  const char *summary, *description, *url, *acknowledged_by; /* url, the last: nullable */
  gint64 starts_us, ends_us;                                 /* since the epoch; 0: it is active */
} UsAlert;

typedef struct UsAlertmanager UsAlertmanager;

/* @peer: (transfer full): its contents */
UsAlertmanager *us_alertmanager_new (const UsPeer *peer);
void us_alertmanager_free (UsAlertmanager *alertmanager);
void us_alertmanager_put (UsAlertmanager *alertmanager, const UsAlert *alert);
const UsDeliveryCounts *us_alertmanager_get_counts (const UsAlertmanager *alertmanager);
guint us_alertmanager_get_n_waiting (const UsAlertmanager *alertmanager);

G_END_DECLS
