/* stand.h - an ingest between two recording packagers, with its state in a folder of its own */
#pragma once

#include "fakes.h"
#include "ingest/ingest.h"

/* Fixture: of g_test_add(); settings may be changed until start(). */
typedef struct {
  UsIngestSettings settings;
  FakeServer *twins[2];
  char *urls[3]; /* NULL-terminated */
  char *dir;
  UsIngest *ingest;
  guint16 port;
} Fixture;

void set_up (Fixture *fixture, gconstpointer data);
void tear_down (Fixture *fixture, gconstpointer data);
void start (Fixture *fixture, const UsClock *clock);

/* An ingest that can be killed: the test program again, whose main() calls serve_if_asked() first.
 */
void serve_if_asked (int argc, char **argv);
GSubprocess *spawn (Fixture *fixture);
void kill_child (GSubprocess *child);

/* Things to wait for: of a FakeServer, ... */
gboolean is_ended (gpointer server);
/* ... of an Encoder, ... */
gboolean is_closed (gpointer encoder);
gboolean is_ready (gpointer encoder);
/* ... of a Count, ... */
typedef struct {
  FakeServer *server;
  guint64 count;
} Count;

gboolean has_segments (gpointer count);
gboolean has_publishes (gpointer count);
gboolean has_closed (gpointer count);
/* ... of a Fixture. */
gboolean are_disconnected (gpointer fixture);

void check_equal (FakeServer *a, FakeServer *b, guint64 number);
guint64 first_number (FakeServer *server);
/* Of the status server, as "/metrics". Returns: (transfer full) */
char *fetch_page (Fixture *fixture, const char *path);
