/* test-inside-diff.c - two answers of a role, and what is told of the difference */
#include "incident/inside-diff.h"

#include <string.h>

#define NOW_US ((gint64)1700000000 * G_USEC_PER_SEC)

/* Pages are written short: 'S' begins a stream. */
#define PAGE(started, streams) "{\"started_ms\":" started ",\"streams\":[" streams "]}"
#define PUBLISHED(publishes, takeovers)                                                            \
  "{\"name\":\"a\",\"publisher\":{\"peer\":\"10.0.0.7\",\"encoder\":\"OBS\"},"                     \
  "\"publishes\":" publishes ",\"takeovers\":" takeovers "}"
#define SILENT(publishes) "{\"name\":\"a\",\"publisher\":null,\"publishes\":" publishes "}"
#define MUTE(ms)                                                                                   \
  "{\"name\":\"a\",\"publisher\":{\"silent_ms\":" ms "},\"publishes\":1,\"takeovers\":0}"
#define WARNED(warnings)                                                                           \
  "{\"name\":\"a\",\"publisher\":{\"peer\":\"10.0.0.7\",\"encoder\":\"OBS\"},"                     \
  "\"publishes\":1,\"takeovers\":0,\"warnings\":[" warnings "]}"
#define LONG(seconds)                                                                              \
  "{\"id\":\"keyframe-interval-long\",\"severity\":\"info\",\"text\":\"key frames are " seconds    \
  " s apart\",\"remedy\":\"set 2 s\"}"
#define STOPPED "{\"id\":\"audio-stopped\",\"severity\":\"degraded\",\"text\":\"audio stopped\"}"
#define PACKAGES(state) "{\"name\":\"a\",\"state\":\"" state "\",\"connected\":true}"
#define FEED(primary, backup, switches)                                                            \
  "{\"name\":\"a\",\"origins\":{\"primary\":{" primary "},\"backup\":{" backup                     \
  "}},\"switches\":[" switches "]}"
#define UP "\"state\":\"up\",\"reason\":\"ok\""
#define SUSPECT "\"state\":\"suspect\",\"reason\":\"late\""
#define FAILED "\"state\":\"failed\",\"reason\":\"refused\""
#define RECOVERING "\"state\":\"recovering\",\"reason\":\"recovering\""
#define UNKNOWN "\"state\":\"unknown\",\"reason\":\"starting\""
#define AWAY                                                                                       \
  "{\"from\":\"primary\",\"to\":\"backup\",\"reason\":\"refused\",\"gap_ms\":0,\"overlap_ms\":0,"  \
  "\"wall_ms\":1000}"
#define HOME                                                                                       \
  "{\"from\":\"backup\",\"to\":\"primary\",\"reason\":\"returned\",\"gap_ms\":0,\"overlap_ms\":0," \
  "\"wall_ms\":2000}"
#define ORDERED                                                                                    \
  "{\"from\":\"primary\",\"to\":\"backup\",\"reason\":\"operator-force\",\"gap_ms\":40,\"overlap_" \
  "ms\":0,\"wall_ms\":3000,\"who\":\"alice\",\"why\":\"new disk\"}"
#define CONTROL(started, streams, commands)                                                        \
  "{\"started_ms\":" started ",\"streams\":[" streams "],\"commands\":[" commands "]}"
#define HOLD                                                                                       \
  "{\"id\":1,\"time_ms\":500,\"stream\":\"a\",\"what\":\"a: "                                      \
  "hold\",\"who\":\"bob\",\"why\":null,\"refused\":null}"
#define FORCE                                                                                      \
  "{\"id\":2,\"time_ms\":600,\"stream\":null,\"what\":\"all: "                                     \
  "failover\",\"who\":\"bob\",\"why\":\"drill\",\"refused\":\"backup has failed\"}"

static const struct {
  const char *what;
  UsInsideRole role;
  const char *before, *now, *told; /* "kind stream severity text", newline between */
} rows[] = {
  /* clang-format off */
  { "nothing", US_INSIDE_INGEST, PAGE ("1", PUBLISHED ("1", "0")), PAGE ("1", PUBLISHED ("1", "0")), "" },
  { "came", US_INSIDE_INGEST, PAGE ("1", ""), PAGE ("1", PUBLISHED ("1", "0")),
    "publisher a info An encoder publishes: OBS from 10.0.0.7" },
  { "came again", US_INSIDE_INGEST, PAGE ("1", SILENT ("1")), PAGE ("1", PUBLISHED ("2", "0")),
    "publisher a info An encoder publishes: OBS from 10.0.0.7" },
  { "went", US_INSIDE_INGEST, PAGE ("1", PUBLISHED ("1", "0")), PAGE ("1", SILENT ("1")),
    "publisher a degraded The encoder left" },
  { "went, and its stream", US_INSIDE_INGEST, PAGE ("1", PUBLISHED ("1", "0")), PAGE ("1", ""),
    "publisher a degraded The encoder left" },
  { "its stream is forgotten later", US_INSIDE_INGEST, PAGE ("1", SILENT ("1")), PAGE ("1", ""), "" },
  { "went and came between two looks", US_INSIDE_INGEST, PAGE ("1", PUBLISHED ("1", "0")), PAGE ("1", PUBLISHED ("2", "0")),
    "publisher a info The encoder left and came back: OBS from 10.0.0.7" },
  { "came and went between two looks", US_INSIDE_INGEST, PAGE ("1", SILENT ("1")), PAGE ("1", SILENT ("2")),
    "publisher a degraded An encoder came and left" },
  { "took over", US_INSIDE_INGEST, PAGE ("1", PUBLISHED ("1", "0")), PAGE ("1", PUBLISHED ("2", "1")),
    "publisher a info Another encoder took over: OBS from 10.0.0.7" },
  { "falls silent", US_INSIDE_INGEST, PAGE ("1", PUBLISHED ("1", "0")), PAGE ("1", MUTE ("3001")),
    "publisher a degraded The encoder is connected, but has sent nothing for 3 s" },
  { "a short pause", US_INSIDE_INGEST, PAGE ("1", PUBLISHED ("1", "0")), PAGE ("1", MUTE ("3000")), "" },
  { "sends again", US_INSIDE_INGEST, PAGE ("1", MUTE ("9000")), PAGE ("1", PUBLISHED ("1", "0")),
    "publisher a info The encoder sends again: OBS from 10.0.0.7" },
  { "silent, and gone", US_INSIDE_INGEST, PAGE ("1", MUTE ("9000")), PAGE ("1", SILENT ("1")),
    "publisher a degraded The encoder left" },
  { "a restarted ingest counts anew", US_INSIDE_INGEST, PAGE ("1", PUBLISHED ("7", "3")), PAGE ("2", PUBLISHED ("1", "0")), "" },
  { "a restarted ingest without it", US_INSIDE_INGEST, PAGE ("1", PUBLISHED ("7", "3")), PAGE ("2", ""),
    "publisher a degraded The encoder left" },

  { "a fault that viewers notice", US_INSIDE_INGEST, PAGE ("1", WARNED ("")), PAGE ("1", WARNED (STOPPED)),
    "publisher a degraded The ingest warns: audio stopped" },
  { "another fault, with its remedy", US_INSIDE_INGEST, PAGE ("1", WARNED (STOPPED)), PAGE ("1", WARNED (LONG ("4") "," STOPPED)),
    "publisher a info The ingest warns: key frames are 4 s apart; set 2 s" },
  { "its numbers change", US_INSIDE_INGEST, PAGE ("1", WARNED (LONG ("4"))), PAGE ("1", WARNED (LONG ("6"))), "" },
  { "mended", US_INSIDE_INGEST, PAGE ("1", WARNED (LONG ("4"))), PAGE ("1", WARNED ("")),
    "publisher a info No longer so: key frames are 4 s apart" },
  { "from the start", US_INSIDE_INGEST, PAGE ("1", ""), PAGE ("1", WARNED (STOPPED)),
    "publisher a info An encoder publishes: OBS from 10.0.0.7\npublisher a degraded The ingest warns: audio stopped" },
  { "gone with its faults", US_INSIDE_INGEST, PAGE ("1", WARNED (STOPPED)), PAGE ("1", SILENT ("1")),
    "publisher a degraded The encoder left" },
  { "faults of another version", US_INSIDE_INGEST, PAGE ("1", WARNED ("")), PAGE ("1", WARNED ("7,null,{},{\"id\":\"x\"},{\"text\":\"y\"}")), "" },

  { "packager well", US_INSIDE_PRIMARY, PAGE ("1", PACKAGES ("fresh")), PAGE ("1", PACKAGES ("fresh")), "" },
  { "starts", US_INSIDE_PRIMARY, PAGE ("1", ""), PAGE ("1", PACKAGES ("starting")), "" },
  { "started", US_INSIDE_PRIMARY, PAGE ("1", PACKAGES ("starting")), PAGE ("1", PACKAGES ("fresh")), "" },
  { "stale", US_INSIDE_PRIMARY, PAGE ("1", PACKAGES ("fresh")), PAGE ("1", PACKAGES ("stale")),
    "packager a degraded The primary packager has input, but makes no segments" },
  { "no input", US_INSIDE_BACKUP, PAGE ("1", PACKAGES ("fresh")), PAGE ("1", PACKAGES ("no-input")),
    "packager a degraded The backup packager has lost its input" },
  { "no publisher", US_INSIDE_BACKUP, PAGE ("1", PACKAGES ("fresh")), PAGE ("1", PACKAGES ("no-publisher")),
    "packager a degraded The backup packager makes no segments: the encoder has left" },
  { "back", US_INSIDE_BACKUP, PAGE ("1", PACKAGES ("no-input")), PAGE ("1", PACKAGES ("fresh")),
    "packager a info The backup packager makes segments again" },
  { "of another version", US_INSIDE_BACKUP, PAGE ("1", PACKAGES ("fresh")), PAGE ("1", PACKAGES ("smouldering")), "" },

  { "origins well", US_INSIDE_SWITCHER, PAGE ("1", FEED (UP, UP, AWAY)), PAGE ("1", FEED (UP, UP, AWAY)), "" },
  { "a soft sign", US_INSIDE_SWITCHER, PAGE ("1", FEED (UP, UP, "")), PAGE ("1", FEED (SUSPECT, UP, "")), "" },
  { "... and gone", US_INSIDE_SWITCHER, PAGE ("1", FEED (SUSPECT, UP, "")), PAGE ("1", FEED (UP, UP, "")), "" },
  { "failed", US_INSIDE_SWITCHER, PAGE ("1", FEED (SUSPECT, UP, "")), PAGE ("1", FEED (FAILED, UP, "")),
    "origin a degraded Origin primary failed: refused" },
  { "recovering", US_INSIDE_SWITCHER, PAGE ("1", FEED (UP, FAILED, "")), PAGE ("1", FEED (UP, RECOVERING, "")),
    "origin a info Origin backup is recovering" },
  { "up", US_INSIDE_SWITCHER, PAGE ("1", FEED (RECOVERING, UP, "")), PAGE ("1", FEED (UP, UP, "")),
    "origin a info Origin primary is up again" },
  { "seen for the first time", US_INSIDE_SWITCHER, PAGE ("1", FEED (UNKNOWN, UNKNOWN, "")), PAGE ("1", FEED (UP, FAILED, "")),
    "origin a degraded Origin backup failed: refused" },
  { "a restarted switcher knows nothing yet", US_INSIDE_SWITCHER, PAGE ("1", FEED (UP, UP, AWAY)), PAGE ("2", FEED (UNKNOWN, UNKNOWN, "")), "" },
  { "a failover", US_INSIDE_SWITCHER, PAGE ("1", FEED (UP, UP, "")), PAGE ("1", FEED (FAILED, UP, AWAY)),
    "origin a degraded Origin primary failed: refused\n"
    "switch a degraded Viewers get backup instead of primary: refused; gap 0 ms, overlap 0 ms" },
  { "there and back between two looks", US_INSIDE_SWITCHER, PAGE ("1", FEED (UP, UP, "")), PAGE ("1", FEED (UP, UP, AWAY "," HOME)),
    "switch a degraded Viewers get backup instead of primary: refused; gap 0 ms, overlap 0 ms\n"
    "switch a info Viewers get primary instead of backup: returned; gap 0 ms, overlap 0 ms" },
  { "an old one falls off the list", US_INSIDE_SWITCHER, PAGE ("1", FEED (UP, UP, AWAY "," HOME)), PAGE ("1", FEED (UP, UP, HOME "," ORDERED)),
    "switch a info Viewers get backup instead of primary: operator-force; gap 40 ms, overlap 0 ms, ordered by alice: new disk" },
  { "a stream that was not there: what was before is no news", US_INSIDE_SWITCHER, PAGE ("1", ""), PAGE ("1", FEED (UP, FAILED, AWAY)), "" },
  { "orders", US_INSIDE_SWITCHER, CONTROL ("1", "", ""), CONTROL ("1", "", HOLD "," FORCE),
    "order a info a: hold by bob\n"
    "order  info all: failover by bob: drill; refused: backup has failed" },
  { "known orders", US_INSIDE_SWITCHER, CONTROL ("1", "", HOLD), CONTROL ("1", "", HOLD), "" },
  { "a restarted switcher counts anew", US_INSIDE_SWITCHER, CONTROL ("1", "", HOLD "," FORCE), CONTROL ("2", "", HOLD),
    "order a info a: hold by bob" },
  { "orders are seen for the first time", US_INSIDE_SWITCHER, PAGE ("1", ""), CONTROL ("1", "", HOLD), "" },
  { "maintenance", US_INSIDE_SWITCHER, CONTROL ("1", FEED (UP, UP, ""), ""), CONTROL ("1", FEED (UP, UP ",\"is_drained\":true", ""), ""),
    "origin a info Maintenance of origin backup begins" },
  { "maintenance ends", US_INSIDE_SWITCHER, CONTROL ("1", FEED (UP, UP ",\"is_drained\":true", ""), ""), CONTROL ("1", FEED (UP, UP, ""), ""),
    "origin a info Maintenance of origin backup ends" },
  { "the small page does not tell", US_INSIDE_SWITCHER, CONTROL ("1", FEED (UP, UP ",\"is_drained\":true", ""), ""), PAGE ("1", FEED (UP, UP, "")), "" },
  /* clang-format on */
};

static UsPage *
read_text (const char *text) {
  g_autoptr (GBytes) body = g_bytes_new (text, strlen (text));
  UsPage *page = us_page_read (body);
  g_assert_nonnull (page);
  return page;
}

static char *
told (GPtrArray *events) {
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < events->len; i++) {
    const UsEvent *event = events->pdata[i];
    g_string_append_printf (text, "%s%s %s %s %s", i > 0 ? "\n" : "", us_event_word (event->kind),
                            event->stream, us_severity_word (event->severity), event->text);
  }
  return g_string_free (text, FALSE);
}

static void
test_table (void) {
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autoptr (UsPage) before = read_text (rows[i].before), now = read_text (rows[i].now);
    g_autoptr (GPtrArray) events = g_ptr_array_new_with_free_func ((GDestroyNotify)us_event_free);
    g_test_message ("%s", rows[i].what);
    us_inside_diff (rows[i].role, before, now, NOW_US, events);
    g_autofree char *text = told (events);
    g_assert_cmpstr (text, ==, rows[i].told);
    g_ptr_array_set_size (events, 0);
    us_inside_diff (rows[i].role, now, now, NOW_US, events);
    g_assert_cmpuint (events->len, ==, 0);
  }
}

/* A change of sides is told with the time at which it was decided, and as data. */
static void
test_switch (void) {
  g_autoptr (UsPage) before = read_text (PAGE ("1", FEED (UP, UP, "")));
  g_autoptr (UsPage) now = read_text (PAGE ("1", FEED (UP, UP, ORDERED)));
  g_autoptr (GPtrArray) events = g_ptr_array_new_with_free_func ((GDestroyNotify)us_event_free);
  us_inside_diff (US_INSIDE_SWITCHER, before, now, NOW_US, events);
  const UsEvent *event = events->pdata[0];
  g_assert_cmpint (event->wall_us, ==, 3000000);
  g_assert_cmpstr (event->source, ==, "switcher");
  g_assert_cmpstr (event->data, ==,
                   "{\"from\":\"primary\",\"to\":\"backup\",\"reason\":\"operator-force\","
                   "\"gap_ms\":40,\"overlap_ms\":0,\"who\":\"alice\",\"why\":\"new disk\"}");
}

static void
test_roles (void) {
  static const struct {
    UsInsideRole role;
    const char *gone, *back;
  } lines[] = {
    { US_INSIDE_INGEST, "publisher  degraded The ingest does not answer any more: refused",
      "publisher  info The ingest answers again" },
    { US_INSIDE_PRIMARY,
      "packager  degraded The primary packager does not answer any more: refused",
      "packager  info The primary packager answers again" },
    { US_INSIDE_BACKUP, "packager  degraded The backup packager does not answer any more: refused",
      "packager  info The backup packager answers again" },
    { US_INSIDE_SWITCHER, "origin  degraded The switcher does not answer any more: refused",
      "origin  info The switcher answers again" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++) {
    g_autoptr (GPtrArray) events = g_ptr_array_new_with_free_func ((GDestroyNotify)us_event_free);
    us_inside_tell_gone (lines[i].role, "refused", NOW_US, events);
    g_autofree char *gone = told (events);
    g_assert_cmpstr (gone, ==, lines[i].gone);
    g_ptr_array_set_size (events, 0);
    us_inside_tell_back (lines[i].role, FALSE, NOW_US, events);
    g_autofree char *back = told (events);
    g_assert_cmpstr (back, ==, lines[i].back);
    g_ptr_array_set_size (events, 0);
    us_inside_tell_back (lines[i].role, TRUE, NOW_US, events);
    g_assert_nonnull (strstr (((UsEvent *)events->pdata[0])->text, "restarted"));
  }
  g_autoptr (UsPage) old = read_text (PAGE ("0", "")), first = read_text (PAGE ("1", ""));
  g_autoptr (UsPage) second = read_text (PAGE ("2", ""));
  g_assert_false (us_inside_is_restarted (old, first)); /* of a version that does not say */
  g_assert_false (us_inside_is_restarted (NULL, first));
  g_assert_false (us_inside_is_restarted (first, first));
  g_assert_true (us_inside_is_restarted (first, second));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/incident/inside-diff/table", test_table);
  g_test_add_func ("/incident/inside-diff/switch", test_switch);
  g_test_add_func ("/incident/inside-diff/roles", test_roles);
  return g_test_run ();
}
