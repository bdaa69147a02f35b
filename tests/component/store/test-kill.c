/* test-kill.c - SIGKILL at any moment loses nothing that was confirmed, and doubles nothing
 *
 * A child process (this program, called with the path) writes incidents, notes and events, and
 * tells over a pipe what it began and what was confirmed. The parent kills it at a random moment,
 * opens the database itself and compares. The same file goes through all the deaths.
 */
#include "stage.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 50
#define IN_FLIGHT 4

/* ---- the child ---- */

typedef struct {
  UsStore *store;
  int fd;
  guint64 next;
} Child;

typedef struct {
  Child *child;
  char *line;
} Promise;

static void
say (int fd, const char *line) {
  gsize size = strlen (line);
  if (write (fd, line, size) != (gssize)size)
    _exit (3);
}

static void begin_one (Child *child);

static void
on_confirmed (const GError *error, gpointer user_data) {
  Promise *promise = user_data;
  Child *child = promise->child;
  if (error != NULL)
    _exit (4);
  say (child->fd, promise->line);
  g_free (promise->line);
  g_free (promise);
  begin_one (child);
}

static Promise *
promise_new (Child *child, char *line) {
  Promise *promise = g_new0 (Promise, 1);
  promise->child = child;
  promise->line = line;
  return promise;
}

/* Alternately a new incident, a note to it and its end, with events before each. */
static void
begin_one (Child *child) {
  guint64 n = child->next++;
  g_autofree char *incident = g_strdup_printf ("%d-%" G_GUINT64_FORMAT, (int)getpid (), n / 3);
  UsIncidentRow row = { .id = incident,
                        .stream = (char *)"studio",
                        .state = (char *)(n % 3 == 2 ? "resolved" : "open"),
                        .opened_us = T0 };
  UsNoteRow note = { .incident = incident, .author = incident, .text = (char *)"text" };

  for (guint i = 0; i < n % 5; i++) {
    UsEventRow event = { .stream = (char *)"studio", .kind = (char *)"segment-ok", .wall_us = T0 };
    g_autofree char *line
        = g_strdup_printf ("E %" G_GINT64_FORMAT "\n", us_store_add_event (child->store, &event));
    say (child->fd, line);
  }
  if (n % 3 == 1)
    us_store_add_note (child->store, &note, on_confirmed,
                       promise_new (child, g_strdup_printf ("N %s\n", incident)));
  else
    us_store_put_incident (
        child->store, &row, on_confirmed,
        promise_new (child, g_strdup_printf ("%c %s\n", n % 3 ? 'R' : 'I', incident)));
}

static int
run_child (const char *path) {
  g_autoptr (GError) error = NULL;
  UsStoreSettings settings;
  us_store_settings_default (&settings);
  settings.path = path;
  Child child = { .fd = STDOUT_FILENO };
  child.store = us_store_open (&settings, NULL, &error);
  if (child.store == NULL) {
    fprintf (stderr, "%s\n", error->message);
    return 2;
  }
  for (guint i = 0; i < IN_FLIGHT; i++)
    begin_one (&child);
  while (TRUE)
    g_main_context_iteration (NULL, TRUE);
}

/* ---- the parent ---- */

typedef struct {
  GHashTable *incidents; /* id to the state that was confirmed last */
  GHashTable *notes;     /* of these incidents */
  gint64 last_event;
  guint n_confirmed;
} Account;

static void
note_line (Account *account, const char *line) {
  if (line[0] == 'E') {
    gint64 id = g_ascii_strtoll (line + 2, NULL, 10);
    g_assert_cmpint (id, >, account->last_event); /* over all lives */
    account->last_event = id;
    return;
  }
  account->n_confirmed++;
  if (line[0] == 'N')
    g_hash_table_add (account->notes, g_strdup (line + 2));
  else
    g_hash_table_replace (account->incidents, g_strdup (line + 2),
                          (char *)(line[0] == 'R' ? "resolved" : "open"));
}

/* A line that was cut off by the death counts as not said. */
static void
note_output (Account *account, FILE *output) {
  char line[256];
  while (fgets (line, sizeof line, output) != NULL) {
    if (!g_str_has_suffix (line, "\n"))
      return;
    note_line (account, g_strchomp (line));
  }
}

static void
check (Stage *stage, Account *account) {
  g_autoptr (GError) error = NULL;
  GHashTableIter iter;
  gpointer id, state;

  stage_open (stage);
  g_hash_table_iter_init (&iter, account->incidents);
  while (g_hash_table_iter_next (&iter, &id, &state)) {
    g_auto (UsIncidentRow) row = { 0 };
    g_assert_true (us_store_get_incident (stage_settled (stage->store), id, &row, &error));
    if (strcmp (state, "resolved") == 0)
      g_assert_cmpstr (row.state, ==, "resolved");
  }
  g_hash_table_iter_init (&iter, account->notes);
  while (g_hash_table_iter_next (&iter, &id, NULL)) {
    g_autoptr (GArray) notes = us_store_list_notes (stage_settled (stage->store), id, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (notes->len, ==, 1);
  }
  g_hash_table_remove_all (account->incidents);
  g_hash_table_remove_all (account->notes);
  g_assert_cmpint (us_store_next_id (stage->store), >, account->last_event);
  stage_close (stage);

  g_autoptr (UsDatabase) database
      = us_database_open (stage->path, US_DATABASE_WRITER, NULL, &error);
  g_assert_no_error (error);
  sqlite3_stmt *statement = us_database_query (database, &error, "PRAGMA integrity_check", "");
  g_assert_cmpint (us_database_step (database, statement, &error), ==, SQLITE_ROW);
  g_assert_cmpstr ((const char *)sqlite3_column_text (statement, 0), ==, "ok");
  sqlite3_reset (statement);
  gint64 n_doubled = -1;
  g_assert_true (us_database_get_int (database, &n_doubled, &error,
                                      "SELECT count(*) FROM (SELECT incident FROM notes"
                                      " GROUP BY incident HAVING count(*) > 1)",
                                      ""));
  g_assert_cmpint (n_doubled, ==, 0);
}

static char *program;

static pid_t
spawn (const char *path, FILE **output) {
  int pair[2];
  g_assert_cmpint (pipe (pair), ==, 0);
  pid_t child = fork ();
  g_assert_cmpint (child, >=, 0);
  if (child == 0) {
    dup2 (pair[1], STDOUT_FILENO);
    close (pair[0]);
    close (pair[1]);
    execl (program, program, "--child", path, NULL);
    _exit (127);
  }
  close (pair[1]);
  *output = fdopen (pair[0], "r");
  return child;
}

static gpointer
kill_later (gpointer user_data) {
  pid_t child = GPOINTER_TO_INT (user_data);
  g_usleep ((gulong)g_random_int_range (0, 60000)); /* any moment will do, the first is special */
  kill (child, SIGKILL);
  return NULL;
}

static void
test_kill (void) {
  Stage stage;
  Account account = { g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
                      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL), 0, 0 };
  stage_init (&stage);
  for (guint round = 0; round < ROUNDS; round++) {
    FILE *output;
    char line[256];
    int status;
    pid_t child = spawn (stage.path, &output);
    /* Every other one may live to its first words, however long opening takes here. */
    if (round % 2 == 1 && fgets (line, sizeof line, output) != NULL)
      note_line (&account, g_strchomp (line));
    g_autoptr (GThread) killer = g_thread_new ("killer", kill_later, GINT_TO_POINTER (child));
    note_output (&account, output);
    g_thread_join (g_steal_pointer (&killer));
    g_assert_cmpint (waitpid (child, &status, 0), ==, child);
    g_assert_true (WIFSIGNALED (status));
    fclose (output);
    check (&stage, &account);
  }
  g_test_message ("%u confirmed writes over %u deaths", account.n_confirmed, ROUNDS);
  g_assert_cmpuint (account.n_confirmed, >, ROUNDS / 2);
  g_hash_table_unref (account.incidents);
  g_hash_table_unref (account.notes);
  stage_clear (&stage);
}

int
main (int argc, char **argv) {
  if (argc == 3 && strcmp (argv[1], "--child") == 0)
    return run_child (argv[2]);
  program = realpath ("/proc/self/exe", NULL);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/store/kill", test_kill);
  int status = g_test_run ();
  free (program);
  return status;
}
