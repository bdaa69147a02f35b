/* test-hosts.c - who knows where he is, and who was led here */
#include "api/hosts.h"

static const char resolver[]
    = "# made by hand\nnameserver 192.0.2.1\nsearch Studio.Example. corp2.example\n"
      "  domain\tother.example\noptions ndots:1\nsearchx evil.example\n";

typedef struct {
  const char *authority;
  gboolean expected;
} Row;

static void
check (const UsHosts *hosts, const Row *rows, guint n) {
  for (guint i = 0; i < n; i++) {
    g_test_message ("%s", rows[i].authority);
    g_assert_cmpint (us_hosts_has (hosts, rows[i].authority), ==, rows[i].expected);
  }
}

static void
test_any_machine (void) {
  static const Row rows[] = {
    { NULL, TRUE }, /* no browser */
    { "", FALSE },
    { ":8000", FALSE },
    { "127.0.0.1:8000", TRUE },
    { "192.0.2.7", TRUE },
    { "[::1]:8000", TRUE },
    { "[fd00::17]", TRUE },
    { "[::1", FALSE },
    { "[evil]:8000", FALSE },
    { "localhost:8000", TRUE },
    { "LOCALHOST.", TRUE },
    { "studio", TRUE },
    { "studio.local:8000", TRUE },
    { "nas.lan", TRUE },
    { "box.home.arpa.", TRUE },
    { "desk.internal", TRUE },
    { "local", TRUE },
    { "evil.example:8000", FALSE },
    { "local.evil.example", FALSE },
    { "127.0.0.1.evil.example", FALSE },
    { "127.0.0.1.", TRUE },
    { "localhost.evil.example", FALSE },
    { "evillocal.example", FALSE },
    { "desk.evil-lan", FALSE },
    { ".lan", FALSE },
    { ".", FALSE },
  };
  g_autoptr (UsHosts) hosts = us_hosts_new (NULL, NULL, NULL);
  check (hosts, rows, G_N_ELEMENTS (rows));
}

static void
test_own_names (void) {
  static const Row rows[] = {
    { "camera.studio.example:8000", TRUE }, { "camera.corp2.example", TRUE },
    { "CAMERA.other.example.", TRUE },      { "camera.evil.example", FALSE },
    { "other.studio.example", FALSE },      { "studio.example", FALSE },
    { "desk.example.com", TRUE },           { "desk.example.com:443", TRUE },
    { "www.desk.example.com", FALSE },      { "example.com", FALSE },
  };
  g_autoptr (UsHosts) hosts
      = us_hosts_new ("Camera", resolver, "https://Desk.Example.com:8443/understudy/");
  check (hosts, rows, G_N_ELEMENTS (rows));
}

/* A machine that knows its domain needs no list of them. */
static void
test_full_name (void) {
  static const Row rows[] = {
    { "camera.far.example", TRUE },
    { "camera.far.example.studio.example", FALSE },
    { "camera.studio.example", FALSE },
  };
  g_autoptr (UsHosts) hosts = us_hosts_new ("camera.far.example", resolver, "no URL");
  check (hosts, rows, G_N_ELEMENTS (rows));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/api/hosts/any-machine", test_any_machine);
  g_test_add_func ("/api/hosts/own-names", test_own_names);
  g_test_add_func ("/api/hosts/full-name", test_full_name);
  return g_test_run ();
}
