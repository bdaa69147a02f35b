/* test-ctl-desk.c - what the shell shows of the desk's answers, whatever they are */
#include "commands/ctl-desk.h"

#include <string.h>

#define NOW ((gint64)1900000000 * G_USEC_PER_SEC) /* 2030-03-17T17:46:40Z */

static void
test_shown (void) {
  static const struct {
    const char *verb, *json, *shown;
  } rows[] = {
    { "streams", "[]", "no streams\n" },
    { "streams",
      "[{\"id\":\"a\",\"state\":\"UNHEALTHY\",\"since\":\"2030-03-17T17:46:10.000Z\",\"reason\":"
      "\"no "
      "playlist\",\"active_incident_id\":\"INC-1\",\"manifest_url\":\"http://x\"},"
      "{\"id\":\"b\",\"state\":\"NO DATA\",\"paused\":true,\"since\":null,\"reason\":null,"
      "\"active_incident_id\":null,\"manifest_url\":\"http://y\"}]",
      "a                         UNHEALTHY  30 s     INC-1         no playlist\n"
      "b                         PAUSED     -        -             http://y\n" },
    { "add", "{\"id\":\"studio-1\"}", "studio-1: watched from now on\n" },
    { "remove", "{\"stream_id\":\"studio-1\"}", "studio-1: no longer watched\n" },
    { "incidents", "[]", "no incidents\n" },
    { "ack",
      "{\"id\":\"INC-1\",\"status\":\"acknowledged\",\"opened_at\":\"2030-03-17T14:46:40Z\","
      "\"stream_id\":\"a\",\"reason\":\"no playlist\",\"root_cause\":{\"title\":\"Origin down\","
      "\"confidence\":\"high\"}}",
      "INC-1         acknowledged  3 h      a                         no playlist\n"
      "  cause: Origin down, confidence high\n" },
    { "findings",
      "{\"findings\":[{\"severity\":\"degraded\",\"is_open\":true,\"first_at\":"
      "\"2030-03-17T17:36:40Z\",\"count\":3,\"check\":\"ttfb\",\"text\":\"slow\"}]}",
      "degraded   open    10 min   3x     ttfb                      slow\n" },
    { "findings", "[]", "no findings\n" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *shown = us_ctl_desk_print (rows[i].verb, rows[i].json, NOW);
    g_assert_cmpstr (shown, ==, rows[i].shown);
  }
}

/* Another version, or something else entirely, crashes nothing and writes no control bytes. */
static void
test_hostile (void) {
  static const char *const verbs[] = { "streams", "add", "remove", "incidents", "ack", "findings" };
  static const char *const answers[]
      = { "",
          "null",
          "7",
          "\"text\"",
          "{}",
          "[1,null,[],{}]",
          "{\"findings\":7}",
          "{\"root_cause\":[],\"id\":{}}",
          "[{\"id\":\"\\u001b[2J\\u0007\\n\",\"since\":\"yesterday\",\"opened_at\":\"9999\","
          "\"root_cause\":{\"title\":7}}]",
          "not json" };
  for (guint i = 0; i < G_N_ELEMENTS (verbs); i++) {
    g_assert_true (us_ctl_desk_knows (verbs[i]));
    for (guint k = 0; k < G_N_ELEMENTS (answers); k++) {
      g_autofree char *shown = us_ctl_desk_print (verbs[i], answers[k], NOW);
      g_assert_nonnull (shown);
      g_assert_null (strchr (shown, '\x1b'));
      g_assert_null (strchr (shown, '\a'));
    }
  }
  g_assert_false (us_ctl_desk_knows ("status"));
}

/* Names, and the ids that are made of them, are for everybody to read. */
static void
test_body (void) {
  g_autofree char *path = g_strnfill (300, 'x');
  g_autofree char *long_url = g_strconcat ("http://cdn/", path, NULL);
  g_autofree char *cut = g_strndup (long_url, 200);
  g_autofree char *long_body
      = g_strdup_printf ("{\"manifest_url\":\"%s\",\"name\":\"%s\"}", long_url, cut);
  const struct {
    UsCtlDeskOrder order;
    const char *body; /* NULL: none */
  } rows[] = {
    { { "add", "https://cdn/x.m3u8?token=abc", "", "", FALSE },
      "{\"manifest_url\":\"https://cdn/x.m3u8?token=abc\",\"name\":\"https://cdn/x.m3u8\"}" },
    { { "add", "https://u:pw@cdn/x.m3u8", "", "", FALSE },
      "{\"manifest_url\":\"https://u:pw@cdn/x.m3u8\",\"name\":\"https://u@cdn/x.m3u8\"}" },
    { { "add", "https://cdn/x.m3u8?token=abc", "Studio 1", "", FALSE },
      "{\"manifest_url\":\"https://cdn/x.m3u8?token=abc\",\"name\":\"Studio 1\"}" },
    { { "add", long_url, "", "", FALSE }, long_body },
    { { "add", "what?token=abc", "", "", FALSE },
      "{\"manifest_url\":\"what?token=abc\",\"name\":\"(no URL)\"}" },
    { { "ack", "INC-1", "", "I look", FALSE }, "{\"note\":\"I look\"}" },
    { { "streams", NULL, "", "", FALSE }, NULL },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (GBytes) body = us_ctl_desk_body (&rows[i].order);
    g_autofree char *text
        = body != NULL ? g_strndup (g_bytes_get_data (body, NULL), g_bytes_get_size (body)) : NULL;
    g_assert_cmpstr (text, ==, rows[i].body);
  }
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/commands/ctl-desk/shown", test_shown);
  g_test_add_func ("/commands/ctl-desk/hostile", test_hostile);
  g_test_add_func ("/commands/ctl-desk/body", test_body);
  return g_test_run ();
}
