/* watch.h - one watched stream: all its playlists, what is wrong with it, how it is */
#pragma once

#include "monitor/decoder.h"
#include "monitor/monitor.h"
#include "monitor/network.h"
#include "monitor/poller.h"
#include "monitor/schedule.h"

G_BEGIN_DECLS

/* UsWatchContext: what all watches share; the monitor's, which outlives them.
 * @network_problem: (nullable): our own network is at fault, and how that shows
 * @depth: calls of the handler under way: nothing is freed meanwhile */
typedef struct {
  UsMonitorSettings settings;
  const UsClock *clock;
  UsPoller *poller;
  UsSchedule *schedule;
  UsDecoder *decoder; /* nullable */
  UsMonitorHandler handler;
  gpointer user_data;
  char *network_problem;
  gboolean is_overloaded;
  guint depth;
} UsWatchContext;

typedef struct UsWatch UsWatch;

/* @delay_us: until its first poll */
UsWatch *us_watch_new (UsWatchContext *context, const UsStreamConfig *config, gint64 delay_us);
/* Not while a call of the handler is under way. */
void us_watch_free (UsWatch *watch);
/* It is gone for everybody else: no more requests, no more calls. */
void us_watch_retire (UsWatch *watch);
/* What is known is kept when the URL is the same. */
void us_watch_configure (UsWatch *watch, const UsStreamConfig *config);
/* What the inside of our own chain says. */
void us_watch_set_inside (UsWatch *watch, const UsSymptoms *inside);
void us_watch_want_thumbnail (UsWatch *watch, const char *reason);
/* This process stood still, or our network did: nothing that is old now is old for that. */
void us_watch_forgive (UsWatch *watch, gint64 pause_us);

const UsStreamConfig *us_watch_get_config (const UsWatch *watch);
void us_watch_view (UsWatch *watch, UsWatchView *view);
/* All but what stands under "elsewhere". */
void us_watch_get_symptoms (UsWatch *watch, UsSymptoms *symptoms);
/* @neighbour: (out): valid until the watch is configured */
void us_watch_get_neighbour (const UsWatch *watch, UsNeighbour *neighbour);

G_END_DECLS
