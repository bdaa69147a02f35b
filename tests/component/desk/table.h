/* table.h - a desk to put streams on: a folder of its own, and all that it has told */
#pragma once

#include "desk/desk.h"

typedef struct {
  char *folder;
  UsDeskSettings settings;
  UsDesk *desk;
  GPtrArray *events; /* element-type UsEvent */
  GPtrArray *steps;  /* element-type char: "INC-1 1": incident and step */
  guint n_streams_told, n_streams_gone;
} Table;

void table_init (Table *table);
void table_open (Table *table);
void table_close (Table *table);
void table_clear (Table *table);
/* Returns: its id */
const char *table_add (Table *table, const char *name, const char *url);
UsHealth table_health (Table *table, const char *id);
const UsIncidentRow *table_incident (Table *table, const char *id);
const UsEvent *table_event (Table *table, const char *stream, UsEventKind kind);
/* Runs the loop until it holds, or fails the test after half a minute. */
void table_turn (void);
#define table_await(condition)                                                                     \
  G_STMT_START {                                                                                   \
    gint64 table_until = g_get_monotonic_time () + 30 * (gint64)G_USEC_PER_SEC;                    \
    while (!(condition)) {                                                                         \
      if (g_get_monotonic_time () > table_until)                                                   \
        g_error ("%s:%d: still not: %s", __FILE__, __LINE__, #condition);                          \
      table_turn ();                                                                               \
    }                                                                                              \
  }                                                                                                \
  G_STMT_END
