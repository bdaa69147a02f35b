/* feeder.h - what ingest sends to a packager: one relay connection with marks and real material */
#pragma once

#include "helpers/material.h"
#include "rtmp/client.h"
#include "rtmp/mark.h"

#define FEEDER_WALL_MS G_GINT64_CONSTANT (1700000000000)
#define FEEDER_SEGMENT_MS 1000

/* UsFeeder: segment k holds the second k of the material and has the number first + k. */
typedef struct {
  UsRtmpClient *client;       /* NULL once closed */
  const UsMaterial *material; /* not owned */
  guint64 first;              /* number of segment 0 */
  guint64 epoch;
  guint64 discontinuity;
  guint target_duration_s;   /* 1 */
  gboolean is_discontinuous; /* of the next segment that is opened */
  guint64 resume;            /* what the packager said it holds */
  gboolean is_ready, is_closed, has_config;
  char *close_reason; /* nullable */
  UsMark closing;     /* of the segment sent last */
} UsFeeder;

/* Connects; the answer to publish is waited for by us_feeder_await_ready(). */
UsFeeder *us_feeder_connect (guint16 port, const char *stream, const UsMaterial *material);
void us_feeder_await_ready (UsFeeder *feeder);
/* Both of them. */
UsFeeder *us_feeder_new (guint16 port, const char *stream, const UsMaterial *material);
/* The mark that closes the segment before and opens @k, then all of its messages. */
void us_feeder_send (UsFeeder *feeder, guint k);
/* The mark that closes the last segment and opens none. */
void us_feeder_end (UsFeeder *feeder);
/* Any message, as it is. */
void us_feeder_send_raw (UsFeeder *feeder, UsRtmpMessageType type, const void *data, gsize size);
void us_feeder_free (UsFeeder *feeder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsFeeder, us_feeder_free)
