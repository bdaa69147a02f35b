/* test-event.c - a line of the timeline: its words, its bounds */
#include "finding/event.h"

#include "finding/finding.h"

#include <string.h>

static void
test_words (void) {
  g_autoptr (GHashTable) words = g_hash_table_new (g_str_hash, g_str_equal);
  for (UsEventKind kind = 0; kind < US_N_EVENTS; kind++) {
    g_assert_nonnull (us_event_word (kind));
    g_assert_true (g_hash_table_add (words, (gpointer)us_event_word (kind)));
    UsEventKind back = US_N_EVENTS;
    g_assert_true (us_event_from_word (us_event_word (kind), &back));
    g_assert_cmpint (back, ==, kind);
  }
  UsEventKind kind = US_EVENT_NOTE;
  g_assert_false (us_event_from_word (NULL, &kind));
  g_assert_false (us_event_from_word ("", &kind));
  g_assert_false (us_event_from_word ("segment", &kind));
  g_assert_cmpint (kind, ==, US_EVENT_NOTE);
}

/* Programs of the first generation look for these. */
static void
test_words_of_old (void) {
  static const char *const old[]
      = { "segment_ok",      "segment_error",         "health_change",
          "incident_opened", "incident_acknowledged", "incident_resolved" };
  UsEventKind kind;
  for (guint i = 0; i < G_N_ELEMENTS (old); i++)
    g_assert_true (us_event_from_word (old[i], &kind));
}

static void
test_new (void) {
  g_autoptr (UsEvent) event = us_event_new ("one", 5, US_EVENT_SWITCHED, US_SEVERITY_INFO,
                                            "switcher", "from %s to %s", "primary", "backup");
  g_assert_cmpstr (event->text, ==, "from primary to backup");
  g_assert_cmpint (event->rendition, ==, US_FINDING_WHOLE);
  g_assert_cmpuint (event->id, ==, 0);
  g_assert_null (event->data);
}

static void
test_bounds (void) {
  static const struct {
    const char *unit;
    guint n;
  } rows[] = {
    { "x", 1024 },          { "x", 1025 },          { "x", 100000 },
    { "\xc3\xa4", 512 },    { "\xc3\xa4", 100000 }, { "\xf0\x9f\x8e\xac", 5000 },
    { "\xff", 900 },        { "\x80", 5000 },       { "\xff", 5000 },
    { "ab\xe2\x82", 4000 },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GString) text = g_string_new (NULL);
    for (guint n = 0; n < rows[i].n; n++)
      g_string_append (text, rows[i].unit);
    g_autoptr (UsEvent) event
        = us_event_new ("s", 1, US_EVENT_NOTE, US_SEVERITY_INFO, "operator", "%s", text->str);
    g_assert_cmpuint (strlen (event->text), <=, US_EVENT_MAX_TEXT);
    g_assert_cmpuint (strlen (event->text), >=, MIN (text->len, US_EVENT_MAX_TEXT - 4));
    g_assert_true (g_utf8_validate (event->text, -1, NULL));
  }
}

static void
test_copy (void) {
  g_autoptr (UsEvent) event
      = us_event_new ("s", 7, US_EVENT_ORIGIN, US_SEVERITY_DEGRADED, "switcher", "late");
  event->data = g_strdup ("{}");
  event->incident = g_strdup ("INC-1");
  event->thumbnail = g_strdup ("t");
  event->id = 99;
  g_autoptr (UsEvent) copy = us_event_copy (event);
  g_assert_true (copy->text != event->text && copy->data != event->data);
  g_assert_cmpstr (copy->stream, ==, "s");
  g_assert_cmpstr (copy->data, ==, "{}");
  g_assert_cmpstr (copy->incident, ==, "INC-1");
  g_assert_cmpstr (copy->thumbnail, ==, "t");
  g_assert_cmpuint (copy->id, ==, 99);
  g_assert_cmpint (copy->severity, ==, US_SEVERITY_DEGRADED);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/finding/event/words", test_words);
  g_test_add_func ("/finding/event/words-of-old", test_words_of_old);
  g_test_add_func ("/finding/event/new", test_new);
  g_test_add_func ("/finding/event/bounds", test_bounds);
  g_test_add_func ("/finding/event/copy", test_copy);
  return g_test_run ();
}
