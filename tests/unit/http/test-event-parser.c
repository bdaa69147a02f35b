/* test-event-parser.c - server-sent events from bytes, however they are cut */
#include "http/event-parser.h"

#include <string.h>

static void
on_parsed (const char *kind, const char *data, gboolean is_lost, gpointer user_data) {
  g_string_append_printf (user_data, "[%s|%s%s]", kind, is_lost ? "LOST" : "", data);
}

static const struct {
  const char *bytes, *events, *last_id;
} rows[] = {
  { "data: a\n\n", "[message|a]", NULL },
  { "event: health\ndata: {}\n\n", "[health|{}]", NULL },
  { "id: 7\nevent: x\ndata:a\ndata: b\n\n", "[x|a\nb]", "7" },
  { ": a comment\n\n:\n\ndata: a\n\n", "[message|a]", NULL },
  { "data: a\r\n\r\ndata: b\r\rdata: c\n\n", "[message|a][message|b][message|c]", NULL },
  { "\xef\xbb\xbf"
    "data: a\n\n",
    "[message|a]", NULL },
  { "data\n\n", "[message|]", NULL },
  { "event: x\n\n", "", NULL },                      /* without data it is none */
  { "id: 1\n\nid\ndata: a\n\n", "[message|a]", "" }, /* an empty id takes it back */
  { "data: a\n", "", NULL },                         /* not at its end */
  { "id: 3\ndata: a\n", "", NULL },
  { "retry: 1\nunknown: 2\ndata: a\n\n", "[message|a]", NULL },
  { "data:  two\n\n", "[message| two]", NULL }, /* one blank is not part of it */
  { "data: \xff\n\n", "[message|\xef\xbf\xbd]", NULL },
};

static void
feed_in_parts (UsEventParser *parser, const char *bytes, gsize size, gsize part) {
  for (gsize at = 0; at < size; at += part)
    us_event_parser_feed (parser, bytes + at, MIN (part, size - at));
}

static void
test_rows (void) {
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    for (gsize part = 1; part <= 16; part++) {
      g_autoptr (GString) told = g_string_new (NULL);
      g_autoptr (UsEventParser) parser = us_event_parser_new (on_parsed, told);
      feed_in_parts (parser, rows[i].bytes, strlen (rows[i].bytes), part);
      g_assert_cmpstr (told->str, ==, rows[i].events);
      g_assert_cmpstr (us_event_parser_get_last_id (parser), ==, rows[i].last_id);
    }
  }
}

/* What is too large is lost, whole, and nothing after it. */
static void
test_too_large (void) {
  g_autoptr (GString) told = g_string_new (NULL);
  g_autoptr (UsEventParser) parser = us_event_parser_new (on_parsed, told);
  g_autofree char *line = g_strnfill (US_EVENT_PARSER_MAX_LINE + 1, 'x');
  g_autofree char *half = g_strnfill (US_EVENT_PARSER_MAX_EVENT / 2, 'x');
  g_autofree char *long_line = g_strdup_printf ("id: 1\ndata: %s\n\n", line);
  g_autofree char *many_lines
      = g_strdup_printf ("id: 2\ndata: %s\ndata: %s\ndata: %s\n\n", half, half, half);
  feed_in_parts (parser, long_line, strlen (long_line), 10000);
  feed_in_parts (parser, many_lines, strlen (many_lines), 10000);
  us_event_parser_feed (parser, "data: a\n\n", 9);
  g_assert_cmpstr (told->str, ==, "[message|LOST][message|LOST][message|a]");
  g_assert_cmpstr (us_event_parser_get_last_id (parser), ==, "2");
}

static void
test_zero_bytes (void) {
  static const char bytes[] = "data: a\0b\n\ndata: c\n\n";
  g_autoptr (GString) told = g_string_new (NULL);
  g_autoptr (UsEventParser) parser = us_event_parser_new (on_parsed, told);
  us_event_parser_feed (parser, bytes, sizeof bytes - 1);
  g_assert_cmpstr (told->str, ==, "[message|LOST][message|c]");
}

static void
test_long_words (void) {
  g_autoptr (GString) told = g_string_new (NULL);
  g_autoptr (UsEventParser) parser = us_event_parser_new (on_parsed, told);
  g_autofree char *word = g_strnfill (US_EVENT_PARSER_MAX_WORD + 1, 'x');
  g_autofree char *bytes = g_strdup_printf ("event: %s\nid: %s\ndata: a\n\n", word, word);
  us_event_parser_feed (parser, bytes, strlen (bytes));
  g_assert_cmpstr (told->str, ==, "[message|a]");
  g_assert_null (us_event_parser_get_last_id (parser));
}

/* Half an event of one connection is not put together with half an event of the next. */
static void
test_restart (void) {
  g_autoptr (GString) told = g_string_new (NULL);
  g_autoptr (UsEventParser) parser = us_event_parser_new (on_parsed, told);
  static const char *const first = "id: 5\ndata: a\n\nid: 6\nevent: x\ndata: b\nda";
  us_event_parser_feed (parser, first, strlen (first));
  us_event_parser_restart (parser);
  g_assert_cmpstr (us_event_parser_get_last_id (parser), ==, "5");
  us_event_parser_feed (parser, "ta: c\n\ndata: d\n\n", 16);
  g_assert_cmpstr (told->str, ==, "[message|a][message|d]");
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/http/event-parser/rows", test_rows);
  g_test_add_func ("/http/event-parser/too-large", test_too_large);
  g_test_add_func ("/http/event-parser/zero-bytes", test_zero_bytes);
  g_test_add_func ("/http/event-parser/long-words", test_long_words);
  g_test_add_func ("/http/event-parser/restart", test_restart);
  return g_test_run ();
}
