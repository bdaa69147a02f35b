/* test-notifications.c - what a person at the desktop is told, and when */
#include "desktop/notifications.h"

#include <string.h>

/* "id urgency title|body [a]" of one; "-id" of a withdrawal; "" of none */
static char *
write_down (const UsNotification *notification) {
  if (notification == NULL)
    return g_strdup ("");
  if (notification->is_withdrawn)
    return g_strconcat ("-", notification->id, NULL);
  return g_strdup_printf ("%s %d %s|%s%s%s%s", notification->id, (int)notification->urgency,
                          notification->title, notification->body,
                          notification->can_acknowledge ? " [acknowledge]" : "",
                          notification->incident != NULL ? " [incident]" : "",
                          notification->stream != NULL ? " [stream]" : "");
}

#define INCIDENT(change, id, more)                                                                 \
  "{\"stream_id\":\"s\",\"change\":\"" change "\",\"incident\":{\"id\":\"" id                      \
  "\",\"stream_id\":\"s\",\"stream_name\":\"Sunday\",\"state\":\"UNHEALTHY\",\"reason\":\"No "     \
  "segment for 9 s\",\"reopened_count\":0,\"is_flapping\":false,\"duration_s\":134.2" more "}}"
#define DEGRADED(change, id, more)                                                                 \
  "{\"change\":\"" change "\",\"incident\":{\"id\":\"" id                                          \
  "\",\"stream_name\":\"Sunday\",\"state\":\"DEGRADED\",\"reason\":\"Slow\"" more "}}"
#define SLOW "incident-i1 1 Sunday: DEGRADED|Slow [acknowledge] [incident]"
#define SWITCH(to, severity)                                                                       \
  "{\"event_type\":\"switch\",\"stream_id\":\"own-mystream\",\"severity\":\"" severity             \
  "\",\"message\":\"Viewers get " to "\",\"metadata\":{\"to\":\"" to "\"}}"
#define OPENED "incident-i1 2 Sunday: UNHEALTHY|No segment for 9 s [acknowledge] [incident]"
#define RESOLVED "incident-i1 0 Sunday: resolved|No segment for 9 s\nIt lasted 2 min. [incident]"

typedef struct {
  guint at_s;
  const char *kind; /* NULL: the time has come for what waits */
  const char *json, *expected;
} Step;

typedef struct {
  const char *name;
  Step steps[12];
} Row;

static const Row rows[] = {
  { "an incident from its beginning to its end",
    { { 1, "incident", INCIDENT ("opened", "i1", ""), OPENED },
      { 20, "incident", INCIDENT ("changed", "i1", ""), "" },
      { 21, "incident", INCIDENT ("recovering", "i1", ""), "" },
      { 22, "incident", INCIDENT ("relapsed", "i1", ""), "" },
      { 40, "incident", INCIDENT ("resolved", "i1", ""), RESOLVED } } },
  { "degraded is not urgent",
    { { 1, "incident",
        "{\"change\":\"opened\",\"incident\":{\"id\":\"x\",\"stream_id\":\"s\",\"state\":"
        "\"DEGRADED\",\"reason\":\"Slow\"}}",
        "incident-x 1 s: DEGRADED|Slow [acknowledge] [incident]" } } },
  { "it gets worse",
    { { 1, "incident", DEGRADED ("opened", "i1", ""), SLOW },
      { 20, "incident", DEGRADED ("changed", "i1", ""), "" },
      { 21, "incident", INCIDENT ("changed", "i1", ""), OPENED },
      { 50, "incident", INCIDENT ("changed", "i1", ""), "" },
      { 60, "incident", INCIDENT ("resolved", "i1", ""), RESOLVED } } },
  { "it comes back worse than it went",
    { { 1, "incident", DEGRADED ("opened", "i1", ""), SLOW },
      { 20, "incident", DEGRADED ("recovering", "i1", ""), "" },
      { 30, "incident", INCIDENT ("relapsed", "i1", ""), OPENED } } },
  { "it gets worse while somebody looks after it, or here nobody knows of it",
    { { 1, "incident", DEGRADED ("opened", "i1", ""), SLOW },
      { 20, "incident", DEGRADED ("acknowledged", "i1", ""), "-incident-i1" },
      { 30, "incident", INCIDENT ("changed", "i1", ",\"acknowledged_at\":\"2026-01-01T00:00:00Z\""),
        "" },
      { 31, "incident", INCIDENT ("changed", "i2", ""), "" } } },
  { "acknowledged: nobody needs to be asked any more, the end is told",
    { { 1, "incident", INCIDENT ("opened", "i1", ""), OPENED },
      { 5, "incident", INCIDENT ("acknowledged", "i1", ""), "-incident-i1" },
      { 6, "incident", INCIDENT ("acknowledged", "i1", ""), "" },
      { 40, "incident", INCIDENT ("resolved", "i1", ""), RESOLVED } } },
  { "the end of what nobody was told of",
    { { 1, "incident", INCIDENT ("resolved", "i1", ""), "" },
      { 2, "incident", INCIDENT ("changed", "i1", ""), "" } } },
  { "twice the same",
    { { 1, "incident", INCIDENT ("opened", "i1", ""), OPENED },
      { 30, "incident", INCIDENT ("opened", "i1", ""), "" } } },
  { "it comes back",
    { { 1, "incident", INCIDENT ("opened", "i1", ""), OPENED },
      { 30, "incident", INCIDENT ("resolved", "i1", ""), RESOLVED },
      { 60, "incident", INCIDENT ("reopened", "i1", ",\"reopened_count\":1,\"is_flapping\":true"),
        "incident-i1 2 Sunday: UNHEALTHY|No segment for 9 s\nIt came back 1 time. It is flapping. "
        "[acknowledge] [incident]" } } },
  { "the last word of a quick sequence comes when the gap is over",
    { { 1, "incident", INCIDENT ("opened", "i1", ""), OPENED },
      { 2, "incident", INCIDENT ("resolved", "i1", ""), "" },
      { 3, "incident", INCIDENT ("reopened", "i1", ",\"reopened_count\":1"), "" },
      { 4, "incident", INCIDENT ("resolved", "i1", ""), "" },
      { 10, NULL, NULL, "" },
      { 11, NULL, NULL, RESOLVED },
      { 12, NULL, NULL, "" } } },
  { "what waits is not told once it is acknowledged",
    { { 1, "incident", INCIDENT ("opened", "i1", ""), OPENED },
      { 2, "incident", INCIDENT ("resolved", "i1", ""), "" },
      { 3, "incident", INCIDENT ("reopened", "i1", ",\"reopened_count\":1"), "" },
      { 4, "incident", INCIDENT ("acknowledged", "i1", ""), "-incident-i1" },
      { 20, NULL, NULL, "" } } },
  { "a failover and the way home",
    { { 1, "event", SWITCH ("backup", "degraded"),
        "switch-own-mystream 1 mystream: viewers get the backup|Viewers get backup [stream]" },
      { 400, "event", SWITCH ("primary", "info"),
        "switch-own-mystream 0 mystream: viewers get the primary|Viewers get primary "
        "[stream]" } } },
  { "a pair that flaps is one notification with a number",
    { { 1, "event", SWITCH ("backup", "degraded"),
        "switch-own-mystream 1 mystream: viewers get the backup|Viewers get backup [stream]" },
      { 4, "event", SWITCH ("primary", "info"), "" },
      { 7, "event", SWITCH ("backup", "degraded"), "" },
      { 11, NULL, NULL,
        "switch-own-mystream 1 mystream: 3 changes of sides in 6 s, now the backup|Viewers get "
        "backup "
        "[stream]" },
      { 12, "event", SWITCH ("primary", "info"), "" },
      { 30, NULL, NULL,
        "switch-own-mystream 0 mystream: 4 changes of sides in 11 s, now the primary|Viewers get "
        "primary [stream]" },
      { 313, "event", SWITCH ("backup", "degraded"),
        "switch-own-mystream 1 mystream: viewers get the backup|Viewers get backup [stream]" } } },
  { "what is no news",
    { { 1, "event", "{\"event_type\":\"publisher\",\"stream_id\":\"s\",\"metadata\":{}}", "" },
      { 1, "health", "{\"state\":\"UNHEALTHY\"}", "" },
      { 1, "finding", "{}", "" } } },
  { "what is not as it should be",
    { { 1, "incident", "null", "" },
      { 1, "incident", "[]", "" },
      { 1, "incident", "{\"change\":\"opened\"}", "" },
      { 1, "incident", "{\"change\":\"opened\",\"incident\":{\"id\":7}}", "" },
      { 1, "incident", "{\"change\":\"opened\",\"incident\":[1]}", "" },
      { 1, "incident",
        "{\"change\":\"opened\",\"incident\":{\"id\":\"x\",\"state\":[],\"reason\":null,"
        "\"reopened_count\":\"many\",\"is_flapping\":\"yes\"}}",
        "incident-x 2 A stream: UNHEALTHY|no reason is known [acknowledge] [incident]" },
      { 1, "event", "{\"event_type\":\"switch\"}", "" },
      { 1, "event", "{\"event_type\":\"switch\",\"stream_id\":\"s\",\"metadata\":3}", "" } } },
  { "nothing in it is markup",
    { { 1, "incident",
        "{\"change\":\"opened\",\"incident\":{\"id\":\"x\",\"stream_name\":\"<b>a&amp;b\","
        "\"state\":\"UNHEALTHY\",\"reason\":\"one\\ntwo\\u0007\"}}",
        "incident-x 2 \xe2\x80\xb9"
        "b\xe2\x80\xba"
        "a\xef\xbc\x86"
        "amp;b: UNHEALTHY|one two  [acknowledge] [incident]" } } },
};

static void
test_row (gconstpointer data) {
  const Row *row = data;
  g_autoptr (UsNotifications) notifications = us_notifications_new ();
  for (guint i = 0; i < G_N_ELEMENTS (row->steps) && row->steps[i].expected != NULL; i++) {
    const Step *step = &row->steps[i];
    gint64 now_us = (gint64)step->at_s * G_USEC_PER_SEC;
    g_autoptr (JsonNode) json = step->json != NULL ? json_from_string (step->json, NULL) : NULL;
    g_autoptr (UsNotification) notification
        = step->kind != NULL ? us_notifications_take (notifications, step->kind, json, now_us)
                             : us_notifications_take_due (notifications, now_us);
    g_autofree char *got = write_down (notification);
    g_assert_cmpstr (got, ==, step->expected);
  }
}

/* After a while away. */
static void
test_list (void) {
  g_autoptr (UsNotifications) notifications = us_notifications_new ();
  static const char *const list
      = "[{\"id\":\"i3\",\"stream_id\":\"s\",\"state\":\"UNHEALTHY\",\"reason\":\"r\","
        "\"acknowledged_at\":\"2026-01-01T00:00:00Z\"},"
        "{\"id\":\"i2\",\"stream_id\":\"s\",\"state\":\"UNHEALTHY\",\"reason\":\"r\","
        "\"acknowledged_at\":null}, 7]";
  g_autoptr (JsonNode) opened = json_from_string (INCIDENT ("opened", "i1", ""), NULL);
  g_autoptr (UsNotification) first
      = us_notifications_take (notifications, "incident", opened, G_USEC_PER_SEC);
  g_assert_nonnull (first);
  g_autoptr (JsonNode) incidents = json_from_string (list, NULL);
  g_autoptr (GPtrArray) taken
      = us_notifications_take_list (notifications, incidents, 2 * G_USEC_PER_SEC);
  g_assert_cmpuint (taken->len, ==, 2); /* i2 is new, i1 was resolved, i3 is looked after */
  g_autofree char *a = write_down (taken->pdata[0]);
  g_autofree char *b = write_down (taken->pdata[1]);
  g_assert_cmpstr (a, ==, "incident-i2 2 s: UNHEALTHY|r [acknowledge] [incident]");
  g_assert_cmpstr (b, ==, "-incident-i1");
  g_autoptr (GPtrArray) again
      = us_notifications_take_list (notifications, incidents, 3 * G_USEC_PER_SEC);
  g_assert_cmpuint (again->len, ==, 0);
  g_autoptr (JsonNode) resolved = json_from_string (INCIDENT ("resolved", "i3", ""), NULL);
  g_assert_null (us_notifications_take (notifications, "incident", resolved, 4 * G_USEC_PER_SEC));
  g_autoptr (JsonNode) broken = json_from_string ("{}", NULL);
  g_autoptr (GPtrArray) none = us_notifications_take_list (notifications, broken, 0);
  g_autoptr (GPtrArray) nothing = us_notifications_take_list (notifications, NULL, 0);
  g_assert_cmpuint (none->len + nothing->len, ==, 0);
}

static void
test_due (void) {
  g_autoptr (UsNotifications) notifications = us_notifications_new ();
  g_autoptr (JsonNode) opened = json_from_string (INCIDENT ("opened", "i1", ""), NULL);
  g_autoptr (JsonNode) resolved = json_from_string (INCIDENT ("resolved", "i1", ""), NULL);
  g_autoptr (UsNotification) first
      = us_notifications_take (notifications, "incident", opened, G_USEC_PER_SEC);
  g_assert_nonnull (first);
  g_assert_cmpint (us_notifications_get_due_us (notifications), ==, -1);
  g_assert_null (us_notifications_take (notifications, "incident", resolved, 2 * G_USEC_PER_SEC));
  g_assert_cmpint (us_notifications_get_due_us (notifications), ==,
                   G_USEC_PER_SEC + US_NOTIFICATIONS_GAP_US);
}

/* A peer that makes new names for ever. */
static void
test_bounds (void) {
  g_autoptr (UsNotifications) notifications = us_notifications_new ();
  for (guint i = 0; i < 3 * US_NOTIFICATIONS_MAX; i++) {
    g_autofree char *text = g_strdup_printf (
        "{\"change\":\"opened\",\"incident\":{\"id\":\"%u\",\"stream_id\":\"s\"}}", i);
    g_autoptr (JsonNode) json = json_from_string (text, NULL);
    g_autoptr (UsNotification) notification
        = us_notifications_take (notifications, "incident", json, (gint64)(i + 1) * G_USEC_PER_SEC);
    g_assert_nonnull (notification);
  }
  g_autoptr (JsonNode) empty = json_from_string ("[]", NULL);
  g_autoptr (GPtrArray) withdrawn = us_notifications_take_list (notifications, empty, 0);
  g_assert_cmpuint (withdrawn->len, ==, US_NOTIFICATIONS_MAX);
  g_autofree char *long_text = g_strnfill (5000, 'x');
  g_autoptr (UsNotification) bounded
      = us_notification_new ("x", US_URGENCY_NORMAL, long_text, long_text);
  g_assert_cmpint (g_utf8_strlen (bounded->title, -1), ==, 121);
  g_assert_cmpint (g_utf8_strlen (bounded->body, -1), ==, 401);
}

/* More incidents than are remembered: each connection would tell them all again. */
static void
test_many (void) {
  g_autoptr (UsNotifications) notifications = us_notifications_new ();
  g_autoptr (GString) list = g_string_new ("[");
  for (guint i = 300; i > 0; i--)
    g_string_append_printf (list, "{\"id\":\"%u\",\"stream_id\":\"s\",\"state\":\"UNHEALTHY\"}%s",
                            i, i > 1 ? "," : "]");
  g_autoptr (JsonNode) incidents = json_from_string (list->str, NULL);
  g_autoptr (GPtrArray) taken
      = us_notifications_take_list (notifications, incidents, G_USEC_PER_SEC);
  g_assert_cmpuint (taken->len, ==, US_NOTIFICATIONS_MAX_LISTED);
  const UsNotification *last = taken->pdata[taken->len - 1];
  g_assert_cmpstr (last->id, ==, "incident-300"); /* the newest is what is seen last */
  for (guint i = 1; i <= US_NOTIFICATIONS_MAX - US_NOTIFICATIONS_MAX_LISTED; i++) {
    g_autofree char *text = g_strdup_printf (
        "{\"event_type\":\"switch\",\"stream_id\":\"s%u\",\"metadata\":{\"to\":\"backup\"}}", i);
    g_autoptr (JsonNode) json = json_from_string (text, NULL);
    g_autoptr (UsNotification) notification
        = us_notifications_take (notifications, "event", json, (gint64)(i + 1) * G_USEC_PER_SEC);
    g_assert_nonnull (notification);
  }
  g_autoptr (GPtrArray) again
      = us_notifications_take_list (notifications, incidents, 100 * G_USEC_PER_SEC);
  g_assert_cmpuint (again->len, ==, 0);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = g_strconcat ("/desktop/notifications/", rows[i].name, NULL);
    g_test_add_data_func (path, &rows[i], test_row);
  }
  g_test_add_func ("/desktop/notifications/list", test_list);
  g_test_add_func ("/desktop/notifications/due", test_due);
  g_test_add_func ("/desktop/notifications/bounds", test_bounds);
  g_test_add_func ("/desktop/notifications/many", test_many);
  return g_test_run ();
}
