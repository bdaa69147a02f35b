/* test-hostile.c - playlists that mean harm: the monitor says so, and stays small, quick and here
 *
 * docs: reference fault M1: self-reference, a million lines, absurd numbers, NULs, UTF-16, file:
 * URIs, redirects in circles and to addresses that are none of our business, masters in masters.
 */
#include "puppet.h"
#include "watching.h"

#include <string.h>
#include <sys/resource.h>

#define MEDIA "#EXTM3U\n#EXT-X-TARGETDURATION:1\n"
#define VARIANT "#EXT-X-STREAM-INF:BANDWIDTH=1000\n"

static const struct {
  const char *id, *text;
  gboolean is_unhealthy; /* nobody can play it */
} texts[] = {
  { "itself", "#EXTM3U\n" VARIANT "itself.m3u8\n", TRUE },
  { "nan", MEDIA "#EXTINF:NaN,\na.ts\n", TRUE },
  { "infinite", MEDIA "#EXTINF:1e300,\na.ts\n", TRUE },
  { "negative", MEDIA "#EXTINF:-5,\na.ts\n", TRUE },
  { "sequence",
    MEDIA "#EXT-X-MEDIA-SEQUENCE:18446744073709551615\n#EXTINF:1,\na.ts\n#EXTINF:1,\nb.ts\n",
    TRUE },
  { "over", MEDIA "#EXT-X-MEDIA-SEQUENCE:99999999999999999999999\n#EXTINF:1,\na.ts\n", TRUE },
  { "target", "#EXTM3U\n#EXT-X-TARGETDURATION:4294967296\n#EXTINF:1,\na.ts\n", TRUE },
  { "nothing", "#EXTM3U\n", FALSE },
  { "file", MEDIA "#EXT-X-MEDIA-SEQUENCE:1\n#EXTINF:1,\nfile:///etc/passwd\n", FALSE },
  { "data", MEDIA "#EXTINF:1,\ndata:text/plain,x\n", FALSE },
  { "metadata", MEDIA "#EXTINF:1,\nhttp://169.254.169.254/latest/meta-data/\n", FALSE },
  { "variants", "#EXTM3U\n" VARIANT "file:///etc/passwd\n" VARIANT "http://169.254.169.254/\n",
    FALSE },
  { "keys",
    MEDIA "#EXT-X-KEY:METHOD=AES-128,URI=\"file:///etc/shadow\"\n#EXTINF:1,\nfile:///etc/a\n",
    FALSE },
  { "userinfo", MEDIA "#EXTINF:1,\nhttp://user:secret@127.0.0.1/a.ts\n", FALSE },
};

static void
say_bytes (Puppet *puppet, const char *path, gconstpointer data, gsize size) {
  g_autoptr (GBytes) body = g_bytes_new (data, size);
  puppet_say (puppet, path, 200, "application/vnd.apple.mpegurl", body);
}

static void
watch (Watching *watching, Puppet *puppet, const char *id) {
  g_autofree char *path = g_strdup_printf ("/%s.m3u8", id);
  g_autofree char *url = puppet_url (puppet, path);
  watching_put (watching, id, url);
}

static glong
resident_kb (void) {
  struct rusage usage;
  getrusage (RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

static void
test_texts (void) {
  g_autoptr (Puppet) puppet = puppet_new ();
  Watching watching = { 0 };
  watching_open (&watching);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_autofree char *path = g_strdup_printf ("/%s.m3u8", texts[i].id);
    puppet_say_text (puppet, path, texts[i].text);
    watch (&watching, puppet, texts[i].id);
  }
  static const char nuls[] = MEDIA "#EXTINF:1,\na\0b.ts\n";
  static const guint8 utf16[] = { 0xff, 0xfe, '#', 0, 'E', 0, 'X', 0, 'T', 0, 'M', 0, '3', 0 };
  say_bytes (puppet, "/nuls.m3u8", nuls, sizeof nuls - 1);
  say_bytes (puppet, "/utf16.m3u8", utf16, sizeof utf16);
  watch (&watching, puppet, "nuls");
  watch (&watching, puppet, "utf16");
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++) {
    g_test_message ("%s", texts[i].id);
    if (texts[i].is_unhealthy)
      watching_await (watching_health (&watching, texts[i].id) == US_HEALTH_UNHEALTHY);
  }
  watching_await (watching_health (&watching, "utf16") == US_HEALTH_UNHEALTHY);
  watching_run (3);
  watching_close (&watching);
}

/* A million lines: more than any playlist has, and refused before it is read. */
static void
test_huge (void) {
  g_autoptr (Puppet) puppet = puppet_new ();
  g_autoptr (GString) many = g_string_new (MEDIA), wide = g_string_new ("#EXTM3U\n");
  Watching watching = { 0 };
  for (guint i = 0; i < 1000000; i++)
    g_string_append_printf (many, "#EXTINF:1,\n%u.ts\n", i);
  for (guint i = 0; i < 900; i++)
    g_string_append_printf (wide, VARIANT "v%u.m3u8\n", i);
  say_bytes (puppet, "/many.m3u8", many->str, many->len);
  say_bytes (puppet, "/wide.m3u8", wide->str, wide->len);
  glong before_kb = resident_kb ();
  watching_open (&watching);
  watch (&watching, puppet, "many");
  watch (&watching, puppet, "wide");
  watching_await (watching_health (&watching, "many") == US_HEALTH_UNHEALTHY);
  watching_await (watching_health (&watching, "wide") == US_HEALTH_UNHEALTHY); /* all are missing */
  UsWatchView view;
  g_assert_true (us_monitor_view (watching.monitor, "wide", &view));
  g_assert_cmpuint (view.n_renditions, ==, US_MAX_RENDITIONS);
  g_assert_nonnull (watching_find (&watching, "wide", US_CHECK_LADDER_MISMATCH));
  g_test_message ("%ld kB more", resident_kb () - before_kb);
  watching_close (&watching);
}

static void
test_redirects (void) {
  static const struct {
    const char *id, *location;
    UsCheck check;
  } rows[] = {
    { "circle", "/circle.m3u8", US_CHECK_REDIRECT },
    { "metadata", "http://169.254.169.254/latest/", US_CHECK_FORBIDDEN_ADDRESS },
    { "mapped", "http://[::ffff:169.254.169.254]/", US_CHECK_FORBIDDEN_ADDRESS },
    { "private", "http://10.0.0.1/", US_CHECK_FORBIDDEN_ADDRESS },
    { "file", "file:///etc/passwd", US_CHECK_FORBIDDEN_ADDRESS },
  };
  g_autoptr (Puppet) puppet = puppet_new ();
  Watching watching = { 0 };
  watching_open (&watching);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_autofree char *path = g_strdup_printf ("/%s.m3u8", rows[i].id);
    puppet_redirect (puppet, path, rows[i].location);
    watch (&watching, puppet, rows[i].id);
  }
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    g_test_message ("%s", rows[i].id);
    watching_await (watching_is_open (&watching, rows[i].id, rows[i].check));
  }
  watching_close (&watching);
}

/* Who is not told otherwise asks nothing of this machine. */
static void
test_loopback (void) {
  g_autoptr (Puppet) puppet = puppet_new ();
  Watching watching = { 0 };
  us_monitor_settings_default (&watching.settings);
  watching.settings.max_decodes = 0;
  puppet_say_text (puppet, "/a.m3u8", MEDIA);
  watching_open (&watching);
  watch (&watching, puppet, "a");
  watching_await (watching_is_open (&watching, "a", US_CHECK_FORBIDDEN_ADDRESS));
  g_assert_cmpuint (puppet_count (puppet, "/a.m3u8"), ==, 0);
  watching_close (&watching);
}

/* Our own door: not by a stream's URL, its redirects nor its playlists; our own streams may. */
static void
test_own_port (void) {
  g_autoptr (Puppet) door = puppet_new ();
  g_autoptr (Puppet) outside = puppet_new ();
  g_autofree char *port_text = puppet_url (door, "");
  g_autofree char *direct = puppet_url (door, "/api/direct.m3u8");
  g_autofree char *redirected = puppet_url (door, "/api/redirected.m3u8");
  g_autofree char *variant = puppet_url (door, "/api/variant.m3u8");
  g_autofree char *ours = puppet_url (door, "/live/ours.m3u8");
  g_autofree char *variants = g_strconcat ("#EXTM3U\n" VARIANT, variant, "\n", NULL);
  g_autoptr (UsStreamConfig) own = us_stream_config_new ("ours", "ours", ours);
  Watching watching = { 0 };
  puppet_say_text (door, "/api/direct.m3u8", MEDIA);
  puppet_say_text (door, "/api/redirected.m3u8", MEDIA);
  puppet_say_text (door, "/api/variant.m3u8", MEDIA);
  puppet_say_text (door, "/live/ours.m3u8", MEDIA "#EXTINF:1,\na.ts\n");
  puppet_redirect (outside, "/redirect.m3u8", redirected);
  puppet_say_text (outside, "/variants.m3u8", variants);
  own->is_own = TRUE;
  watching_open (&watching);
  us_monitor_set_own_port (watching.monitor,
                           (guint16)g_ascii_strtoull (strrchr (port_text, ':') + 1, NULL, 10));
  us_monitor_put (watching.monitor, own);
  watching_put (&watching, "direct", direct);
  watch (&watching, outside, "redirect");
  watch (&watching, outside, "variants");
  watching_await (watching_is_open (&watching, "direct", US_CHECK_FORBIDDEN_ADDRESS));
  watching_await (watching_is_open (&watching, "redirect", US_CHECK_FORBIDDEN_ADDRESS));
  watching_await (watching_is_open (&watching, "variants", US_CHECK_FORBIDDEN_ADDRESS));
  watching_await (puppet_count (door, "/live/ours.m3u8") > 1);
  g_assert_cmpuint (puppet_count (door, "/api/direct.m3u8"), ==, 0);
  g_assert_cmpuint (puppet_count (door, "/api/redirected.m3u8"), ==, 0);
  g_assert_cmpuint (puppet_count (door, "/api/variant.m3u8"), ==, 0);
  g_assert_false (watching_is_open (&watching, "ours", US_CHECK_FORBIDDEN_ADDRESS));
  watching_close (&watching);
}

/* A master that names a master ... is followed no deeper than one step. */
static void
test_nested (void) {
  g_autoptr (Puppet) puppet = puppet_new ();
  Watching watching = { 0 };
  for (guint i = 0; i < 10; i++) {
    g_autofree char *path = g_strdup_printf ("/n%u.m3u8", i);
    g_autofree char *text = g_strdup_printf ("#EXTM3U\n" VARIANT "n%u.m3u8\n", i + 1);
    puppet_say_text (puppet, path, text);
  }
  watching_open (&watching);
  watch (&watching, puppet, "n0");
  watching_await (watching_health (&watching, "n0") == US_HEALTH_UNHEALTHY);
  g_assert_cmpuint (puppet_count (puppet, "/n1.m3u8"), >, 0);
  g_assert_cmpuint (puppet_count (puppet, "/n2.m3u8"), ==, 0);
  watching_close (&watching);
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/monitor/hostile/texts", test_texts);
  g_test_add_func ("/monitor/hostile/huge", test_huge);
  g_test_add_func ("/monitor/hostile/redirects", test_redirects);
  g_test_add_func ("/monitor/hostile/loopback", test_loopback);
  g_test_add_func ("/monitor/hostile/own-port", test_own_port);
  g_test_add_func ("/monitor/hostile/nested", test_nested);
  return g_test_run ();
}
