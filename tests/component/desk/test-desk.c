/* test-desk.c - the desk as a whole: from a sick origin to an incident, over restarts and full
 * disks
 */
#include "table.h"

#include "../monitor/puppet.h"
#include "../store/fault-vfs.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WINDOW 6

/* A live playlist of segments of one second, for those who do not ask for them. */
typedef struct {
  Puppet *puppet;
  gboolean is_broken;
  guint source;
} Origin;

static gboolean
on_second (gpointer user_data) {
  Origin *origin = user_data;
  if (origin->is_broken) {
    g_autoptr (GBytes) nothing = g_bytes_new_static ("", 0);
    puppet_say (origin->puppet, "/live.m3u8", 500, "text/plain", nothing);
    return G_SOURCE_CONTINUE;
  }
  gint64 first = g_get_monotonic_time () / G_USEC_PER_SEC;
  GString *text = g_string_new (NULL);
  g_string_append_printf (text,
                          "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n"
                          "#EXT-X-MEDIA-SEQUENCE:%" G_GINT64_FORMAT "\n",
                          first);
  for (guint i = 0; i < WINDOW; i++)
    g_string_append_printf (text, "#EXTINF:1.0,\n%" G_GINT64_FORMAT ".ts\n", first + i);
  puppet_say_text (origin->puppet, "/live.m3u8", text->str);
  g_string_free (text, TRUE);
  return G_SOURCE_CONTINUE;
}

static char *
origin_init (Origin *origin) {
  *origin = (Origin){ .puppet = puppet_new () };
  on_second (origin);
  origin->source = g_timeout_add (50, on_second, origin);
  return puppet_url (origin->puppet, "/live.m3u8");
}

static void
origin_clear (Origin *origin) {
  g_source_remove (origin->source);
  puppet_free (origin->puppet);
}

/* ---- streams ---- */

static void
test_streams (void) {
  Origin origin;
  Table table;
  g_autofree char *url = origin_init (&origin);
  g_autoptr (GError) error = NULL;
  table_init (&table);
  table_open (&table);
  const char *id = table_add (&table, "Studio 1", url);
  g_assert_cmpstr (id, ==, "studio-1");
  g_assert_cmpuint (table.n_streams_told, ==, 1);
  g_assert_nonnull (table_event (&table, "studio-1", US_EVENT_STREAM_ADDED));
  table_await (table_health (&table, "studio-1") == US_HEALTH_HEALTHY);
  g_assert_null (table_incident (&table, "studio-1"));

  g_autoptr (UsStreamConfig) wanted
      = us_stream_config_copy (us_desk_get_stream (table.desk, "studio-1"));
  const char *pointer;
  wanted->is_paused = TRUE;
  g_assert_true (us_desk_change_stream (table.desk, wanted, "anna", &pointer, &error));
  const UsEvent *event = table_event (&table, "studio-1", US_EVENT_STREAM_PAUSED);
  g_assert_cmpstr (event->text, ==, "Paused by anna");
  table_await (table_health (&table, "studio-1") == US_HEALTH_NO_DATA);

  table_close (&table);
  table_open (&table); /* it is in the file, paused */
  g_assert_true (us_desk_get_stream (table.desk, "studio-1")->is_paused);
  g_assert_true (us_desk_remove_stream (table.desk, "studio-1", "anna", &error));
  g_assert_cmpuint (table.n_streams_gone, ==, 1);
  g_assert_false (us_desk_remove_stream (table.desk, "studio-1", "anna", &error));
  g_assert_error (error, US_STREAM_ERROR, US_STREAM_ERROR_UNKNOWN);
  table_clear (&table);
  origin_clear (&origin);
}

/* Maintenance ends by itself, and is no reason for an incident. */
static void
test_maintenance (void) {
  Origin origin;
  Table table;
  g_autofree char *url = origin_init (&origin);
  const char *pointer;
  origin.is_broken = TRUE;
  table_init (&table);
  table_open (&table);
  table_add (&table, "a", url);
  g_autoptr (UsStreamConfig) wanted = us_stream_config_copy (us_desk_get_stream (table.desk, "a"));
  wanted->maintenance_until_us = g_get_real_time () + 8 * G_USEC_PER_SEC;
  wanted->maintenance_reason = g_strdup ("new disk");
  g_assert_true (us_desk_change_stream (table.desk, wanted, "anna", &pointer, NULL));
  g_assert_nonnull (
      strstr (table_event (&table, "a", US_EVENT_MAINTENANCE)->text, "by anna: new disk"));
  table_await (table_health (&table, "a") == US_HEALTH_UNHEALTHY);
  g_assert_null (table_incident (&table, "a"));
  table_await (us_desk_get_stream (table.desk, "a")->maintenance_until_us == 0);
  g_assert_null (us_desk_get_stream (table.desk, "a")->maintenance_reason);
  g_assert_nonnull (
      strstr (table_event (&table, "a", US_EVENT_MAINTENANCE)->text, "its time has passed"));
  table_await (table_incident (&table, "a") != NULL);
  table_clear (&table);
  origin_clear (&origin);
}

/* ---- incidents ---- */

static guint
count_incidents (Table *table) {
  const UsIncidentQuery query = { .limit = 100 };
  g_autoptr (GError) error = NULL;
  us_store_flush (us_desk_get_store (table->desk), 30000);
  g_autoptr (GArray) rows
      = us_store_list_incidents (us_desk_get_store (table->desk), &query, &error);
  g_assert_no_error (error);
  return rows->len;
}

static guint
count_findings (Table *table, const char *stream, gboolean is_open_only) {
  g_autoptr (GError) error = NULL;
  us_store_flush (us_desk_get_store (table->desk), 30000);
  g_autoptr (GArray) rows = us_store_list_findings (us_desk_get_store (table->desk), stream,
                                                    is_open_only, 0, 100, &error);
  g_assert_no_error (error);
  return rows->len;
}

/* Returns: of findings that the disk calls open */
static guint
count_open (Table *table, const char *stream) {
  return count_findings (table, stream, TRUE);
}

/* What a power cut or kill -9 leaves: the files as they are, taken by another process. */
static void
die_and_return (Table *table, const char *url, const char *id) {
  pid_t pid;
  g_autofree char *folder = g_strdup (table->folder);
  g_assert_nonnull (url);
  table_close (table);
  pid = fork ();
  if (pid == 0) {
    execl ("/proc/self/exe", "child", folder, id, NULL);
    _exit (127);
  }
  int status = 0;
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
  table_open (table);
}

/* The child: a desk on the same folder, which is killed in the middle of its work. */
static int
be_child (const char *folder, const char *id) {
  Table table;
  table_init (&table);
  g_rmdir (table.folder);
  g_free (table.folder);
  table.folder = g_strdup (folder);
  table.settings.state_dir = table.folder;
  table_open (&table);
  table_await (table_health (&table, id) == US_HEALTH_UNHEALTHY);
  table_await (table_incident (&table, id) != NULL);
  raise (SIGKILL);
  return 1;
}

static void
test_incident (void) {
  Table table;
  Origin origin;
  g_autofree char *url = origin_init (&origin);
  table_init (&table);
  table_open (&table);
  table_add (&table, "a", url);
  table_await (table_health (&table, "a") == US_HEALTH_HEALTHY);
  origin.is_broken = TRUE;
  table_await (table_incident (&table, "a") != NULL);
  g_autofree char *incident = g_strdup (table_incident (&table, "a")->id);
  g_assert_cmpuint (table.steps->len, >=, 1);
  g_autofree char *opens = g_strdup_printf ("%s %d", incident, US_INCIDENT_OPENS);
  g_assert_cmpstr (table.steps->pdata[0], ==, opens);
  g_assert_nonnull (table_event (&table, "a", US_EVENT_INCIDENT_OPENED));
  g_assert_nonnull (table_event (&table, "a", US_EVENT_FINDING_OPENED));
  g_assert_nonnull (table_event (&table, "a", US_EVENT_HEALTH_CHANGE));
  g_autoptr (GPtrArray) diagnoses = us_desk_diagnose (table.desk, "a");
  g_assert_cmpuint (diagnoses->len, >, 0);
  table_await (count_open (&table, "a") > 0);

  /* The origin has gone too: whoever watches next finds it as sick as before. */
  g_source_remove (origin.source);
  puppet_free (origin.puppet);
  die_and_return (&table, url, "a");
  g_assert_nonnull (table_incident (&table, "a"));
  g_assert_cmpstr (table_incident (&table, "a")->id, ==, incident);
  table_await (count_open (&table, "a") == 0 || table_health (&table, "a") == US_HEALTH_UNHEALTHY);
  table_await (table_health (&table, "a") == US_HEALTH_UNHEALTHY);
  g_assert_cmpuint (count_incidents (&table), ==, 1);

  /* Findings of the lives before are closed, each with a row of its own. */
  UsWatchView view;
  g_assert_true (us_desk_view (table.desk, "a", &view));
  g_autoptr (GPtrArray) open = us_findings_list (view.findings);
  guint n_open = open->len;
  g_assert_cmpuint (n_open, >, 0);
  table_await (count_open (&table, "a") == n_open);
  g_autoptr (GArray) all
      = us_store_list_findings (us_desk_get_store (table.desk), "a", FALSE, 0, 100, NULL);
  g_assert_cmpuint (all->len, >=, 3 * 1);
  table_clear (&table);
}

/* Its stream was taken out of the file by hand, while no desk was there. */
static void
test_orphan (void) {
  Table table;
  Origin origin;
  g_autofree char *url = origin_init (&origin);
  origin.is_broken = TRUE;
  table_init (&table);
  table_open (&table);
  table_add (&table, "a", url);
  table_await (table_incident (&table, "a") != NULL);
  table_close (&table);
  g_autofree char *file = g_build_filename (table.folder, "streams.json", NULL);
  g_assert_cmpint (g_unlink (file), ==, 0);
  table_open (&table);
  g_assert_cmpuint (us_incidents_n_active (us_desk_get_incidents (table.desk)), ==, 0);
  g_assert_cmpuint (count_incidents (&table), ==, 1); /* it happened all the same */
  table_clear (&table);
  origin_clear (&origin);
}

/* ---- the disk ---- */

static void
test_full_disk (void) {
  Table table;
  Origin origin;
  g_autofree char *url = origin_init (&origin);
  const char *vfs = fault_vfs_register ();
  sqlite3_vfs *before = sqlite3_vfs_find (NULL);
  g_assert_cmpint (sqlite3_vfs_register (sqlite3_vfs_find (vfs), 1), ==, SQLITE_OK);
  table_init (&table);
  table_open (&table);
  table_add (&table, "a", url);
  table_await (table_health (&table, "a") == US_HEALTH_HEALTHY);
  g_assert_null (us_desk_get_store_problem (table.desk));

  fault_vfs_set_full (TRUE);
  origin.is_broken = TRUE; /* something to write */
  table_await (us_desk_get_store_problem (table.desk) != NULL);
  const UsEvent *event = table_event (&table, "", US_EVENT_FINDING_OPENED);
  g_assert_nonnull (event);
  g_assert_true (g_str_has_prefix (event->text, "History cannot be written: "));
  g_assert_nonnull (strstr (event->data, "\"check\":\"store\""));
  const UsFinding *finding
      = us_findings_find (us_desk_get_findings (table.desk), US_CHECK_STORE, US_FINDING_WHOLE);
  g_assert_nonnull (finding);
  g_assert_cmpint (finding->severity, ==, US_SEVERITY_DEGRADED);
  g_assert_cmpstr (finding->text, ==, us_desk_get_store_problem (table.desk));
  table_await (table_incident (&table, "a") != NULL); /* watching goes on */
  g_autoptr (GBytes) metrics = us_desk_metrics (table.desk, US_EXPOSITION_CLASSIC);
  g_assert_nonnull (g_strstr_len (g_bytes_get_data (metrics, NULL),
                                  (gssize)g_bytes_get_size (metrics),
                                  "understudy_store_failing 1\n"));

  fault_vfs_set_full (FALSE);
  table_await (us_desk_get_store_problem (table.desk) == NULL);
  g_assert_nonnull (table_event (&table, "", US_EVENT_FINDING_CLOSED));
  g_assert_false (us_findings_has (us_desk_get_findings (table.desk), US_CHECK_STORE));
  table_await (count_incidents (&table) == 1); /* nothing was lost */
  table_await (count_findings (&table, "", FALSE) == 1);
  table_await (count_findings (&table, "", TRUE) == 0);
  table_clear (&table);
  sqlite3_vfs_register (before, 1);
  origin_clear (&origin);
}

/* ---- our own chain ---- */

static void
say_status (Puppet *puppet, const char *streams) {
  g_autofree char *text = g_strdup_printf ("{\"streams\":[%s]}", streams);
  g_autoptr (GBytes) body = g_bytes_new (text, strlen (text));
  puppet_say (puppet, "/control/status", 200, "application/json", body);
}

#define OWN                                                                                        \
  "{\"name\":\"Studio\",\"path\":\"/live.m3u8\",\"is_served\":true,\"active\":\"%s\","             \
  "\"switches\":[%s]}"
#define SWITCH                                                                                     \
  "{\"time_ms\":1900000000000,\"from\":\"primary\",\"to\":\"backup\",\"reason\":\"refused\","      \
  "\"gap_ms\":0,\"overlap_ms\":0}"

static void
test_own (void) {
  Table table;
  Origin origin;
  g_autofree char *url = origin_init (&origin);
  g_autofree char *base = puppet_url (origin.puppet, "");
  g_autofree char *calm = g_strdup_printf (OWN, "primary", "");
  g_autofree char *switched = g_strdup_printf (OWN, "backup", SWITCH);
  table_init (&table);
  table.settings.inside.switcher_url = base;
  say_status (origin.puppet, calm);
  table_open (&table);
  table_await (us_desk_get_stream (table.desk, "own-studio") != NULL);
  g_assert_cmpstr (us_desk_get_stream (table.desk, "own-studio")->url, ==, url);

  say_status (origin.puppet, switched);
  table_await (table_event (&table, "own-studio", US_EVENT_SWITCHED) != NULL);
  const UsEvent *event = table_event (&table, "own-studio", US_EVENT_SWITCHED);
  g_assert_nonnull (strstr (event->text, "backup"));
  g_assert_nonnull (strstr (event->data, "\"thumbnail_after\":"));
  g_assert_nonnull (strstr (event->data, "refused")); /* what was there is still there */
  table_clear (&table);
  origin_clear (&origin);
}

int
main (int argc, char **argv) {
  if (argc == 3 && g_strcmp0 (argv[0], "child") == 0)
    return be_child (argv[1], argv[2]);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/desk/desk/streams", test_streams);
  g_test_add_func ("/desk/desk/maintenance", test_maintenance);
  g_test_add_func ("/desk/desk/incident", test_incident);
  g_test_add_func ("/desk/desk/orphan", test_orphan);
  g_test_add_func ("/desk/desk/full-disk", test_full_disk);
  g_test_add_func ("/desk/desk/own", test_own);
  return g_test_run ();
}
