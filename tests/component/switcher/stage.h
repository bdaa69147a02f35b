/* stage.h - two fake origins, a real switcher between them and a viewer */
#pragma once

#include "fake-origin.h"
#include "switcher/switcher.h"
#include "viewer.h"

/* The system's clock, and what a test adds to it. */
typedef struct {
  UsClock clock;
  gint64 ahead_us;
} StageClock;

typedef struct {
  StageClock clock;
  FakeOrigin *fakes[2];
  UsSwitcher *switcher;
  UsViewer *viewer;
  guint64 number; /* of the last segment that exists */
  guint timer;
  guint required_windows;
  guint segment_megabytes, max_streams;
  gboolean has_self_verdict;
  const char *playlist_path;
  const char *user_info;    /* (nullable): in the primary's URL, "user:password" */
  gboolean is_stale[2];     /* foreign play: does not go on */
  guint64 base[2];          /* foreign play: each counts from here */
  guint64 without_duration; /* foreign play: the primary says so of this one */
  gboolean has_our_look;    /* foreign play: names that read like those of our packagers */
} Stage;

#define STAGE_EPOCH 0x19abcdef012

void stage_open (Stage *stage); /* no origin has anything yet */
void stage_start_switcher (Stage *stage);
void stage_stop_switcher (Stage *stage);
void stage_close (Stage *stage);

/* Ours: the next segment, the same bytes on those told. */
void stage_next (Stage *stage, gboolean on_primary, gboolean on_backup);
char *stage_name (Stage *stage); /* of the last one */

/* Foreign: every 300 ms each origin that is not stale appends one of its own. */
void stage_play_foreign (Stage *stage);

/* /healthz and /metrics */
char *stage_health (Stage *stage, guint *status);
double stage_metric (Stage *stage, const char *sample);
void stage_await_metric (Stage *stage, const char *sample, double value);
