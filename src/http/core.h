/* core.h - what the listener, the shards and the server share: limits, routes, counters */
#pragma once

#include "http/guard.h"
#include "http/route.h"
#include "http/server.h"

G_BEGIN_DECLS

/* UsHttpSnapshot: one published picture; reference counted, any thread. */
typedef struct {
  gpointer data;
  GDestroyNotify destroy;
  gint n_refs;
} UsHttpSnapshot;

UsHttpSnapshot *us_http_snapshot_new (gpointer data, GDestroyNotify destroy);
UsHttpSnapshot *us_http_snapshot_ref (UsHttpSnapshot *snapshot);
void us_http_snapshot_unref (UsHttpSnapshot *snapshot);

/* Written by any thread, read for metrics: relaxed atomics. */
typedef struct {
  guint64 connections_total, requests_total, refused_total, timeouts_total, bytes_out_total;
  guint64 retired_total;
  guint connections, waiting;
} UsHttpCounters;

/* UsHttpCore: reference counted, so that a late answer from the main loop finds something. After
 * start everything but the counters and the address table stands still. */
typedef struct {
  gint n_refs;
  UsHttpServerSettings settings; /* with @address owned */
  UsGuardLimits limits;
  UsHttpRoutes *routes;
  GPtrArray *headers;         /* of every answer: name, value ... */
  GMainContext *main_context; /* where UsHttpHandle runs */
  gint is_stopped;
  UsHttpCounters counters;

  GMutex address_lock; /* protects @addresses; a leaf lock */
  GHashTable *addresses;
} UsHttpCore;

UsHttpCore *us_http_core_new (const UsHttpServerSettings *settings);
UsHttpCore *us_http_core_ref (UsHttpCore *core);
void us_http_core_unref (UsHttpCore *core);

/* Counts one connection in; FALSE (and nothing counted) when a cap is reached. */
gboolean us_http_core_admit (UsHttpCore *core, const char *peer);
void us_http_core_dismiss (UsHttpCore *core, const char *peer);

#define us_http_count(field, n) __atomic_fetch_add (&(field), (n), __ATOMIC_RELAXED)
#define us_http_uncount(field, n) __atomic_fetch_sub (&(field), (n), __ATOMIC_RELAXED)
#define us_http_counted(field) __atomic_load_n (&(field), __ATOMIC_RELAXED)

/* Runs @func once in @context, never in the caller's stack; @destroy always runs. */
void us_http_post (GMainContext *context, const char *name, GSourceFunc func, gpointer data,
                   GDestroyNotify destroy);

G_END_DECLS
