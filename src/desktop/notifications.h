/* notifications.h - what a person at the desktop is told, and when */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

typedef enum {
  US_URGENCY_NORMAL,
  US_URGENCY_HIGH,   /* viewers are or were about to be hurt */
  US_URGENCY_URGENT, /* viewers are hurt now */
} UsUrgency;

/* UsNotification: @id: one that is shown already under it is replaced
 * @is_withdrawn: it is taken away, and there is nothing else in it
 * @incident, @stream: (nullable): what "Open" shows; without both, the list of all streams
 * @can_acknowledge: @incident waits for somebody to look after it */
typedef struct {
  char *id;
  gboolean is_withdrawn;
  char *title, *body;
  UsUrgency urgency;
  char *incident, *stream;
  gboolean can_acknowledge;
} UsNotification;

UsNotification *us_notification_new (const char *id, UsUrgency urgency, const char *title,
                                     const char *body);
void us_notification_free (UsNotification *notification);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsNotification, us_notification_free)

#define US_NOTIFICATIONS_GAP_US (10 * G_USEC_PER_SEC) /* between two under one id */
#define US_NOTIFICATIONS_CALM_US (5 * 60 * G_USEC_PER_SEC)
#define US_NOTIFICATIONS_MAX 256 /* things that are remembered */
/* Of a list this many, the newest, are taken; the rest is room for what happens until the next. */
#define US_NOTIFICATIONS_MAX_LISTED 192

/* UsNotifications: what has been told; pure, time is passed in (microseconds, monotonic). */
typedef struct UsNotifications UsNotifications;
UsNotifications *us_notifications_new (void);
/* All three return: (transfer full) (nullable): what is to be done now; NULL: nothing */
UsNotification *us_notifications_take (UsNotifications *notifications, const char *kind,
                                       JsonNode *data, gint64 now_us);
UsNotification *us_notifications_take_due (UsNotifications *notifications, gint64 now_us);
/* Returns: (transfer full) (element-type UsNotification) */
GPtrArray *us_notifications_take_list (UsNotifications *notifications, JsonNode *incidents,
                                       gint64 now_us);
gint64 us_notifications_get_due_us (UsNotifications *notifications); /* -1: nothing waits */
void us_notifications_free (UsNotifications *notifications);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsNotifications, us_notifications_free)

G_END_DECLS
