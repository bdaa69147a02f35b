/* steady.h - the healthy publisher beside the faults, whom nothing may disturb */
#pragma once

#include "stand.h"

/* UsSteady: one frame for each turn of its timer, never two: a machine that stands still slows it
 * down instead of making bursts, so that "in time" is a question of order and not of a clock. The
 * ingest works in the same thread: how long it may keep the loop to itself is counted in the time
 * that the thread really worked, which other programs on the machine do not change. */
typedef struct {
  Fixture *fixture;
  Encoder *encoder;
  guint source;
  guint n_frames;
  guint worst_behind;     /* segments that a packager was short of, when another one began */
  gint64 worked_us;       /* of the processor's time, up to the last frame ... */
  gint64 worst_worked_us; /* ... and at most between two */
} Steady;

#define STEADY_FRAME_MS 40
#define STEADY_FRAMES 10 /* in a segment: the settings' segment_duration_ms must be 400 */
#define STEADY_SEGMENT_MS (STEADY_FRAMES * STEADY_FRAME_MS)

/* The first publisher of a started fixture; returns when its first segments are out. */
void steady_begin (Steady *steady, Fixture *fixture);
/* Turns the loop until @n more of its segments have begun. */
void steady_run (Steady *steady, guint n);
/* The same for @n frames of it. */
void steady_run_frames (Steady *steady, guint n);
/* Ends it, and asserts that both packagers have every segment: all frames, the same bytes,
 * numbers without a gap, no discontinuity, none later than while the next one was being sent, and
 * that nothing kept the loop busy for as long as a segment lasts. */
void steady_end (Steady *steady);

/* Run: what both packagers have of another stream, in order of its numbers. */
typedef struct {
  guint n_segments; /* that are whole */
  guint n_breaks;   /* of them behind a discontinuity */
  gint64 longest_ms;
  guint target_duration_s;
  guint64 first, last; /* numbers */
  gint64 media_ms;     /* of all of them */
} Run;

/* Asserts that both have the same of stream @key ("live/x"), and no number is missing. */
void run_read (Fixture *fixture, const char *key, Run *run);
/* To wait for: both packagers have @n whole segments of @key. */
typedef struct {
  Fixture *fixture;
  const char *key;
  guint n;
} RunCount;
gboolean run_has (gpointer run_count);

/* RawPeer: a socket to the ingest that says whatever a test wants. */
int raw_connect (Fixture *fixture);
/* The plain handshake; the answer is read away. */
int raw_handshake (Fixture *fixture);
/* Blocks neither here nor there: what the peer does not take is not sent. Returns: whether all was
 * taken */
gboolean raw_send (int fd, const void *data, gsize size);
void raw_send_bytes (int fd, GByteArray *bytes); /* (transfer full), all of it, with the loop */
/* connect, createStream, publish of @key */
void raw_append_publish (GByteArray *wire, const char *key);
/* The same, said after the handshake; returns when it is accepted or closed */
int raw_publish (Fixture *fixture, const char *key);
gboolean raw_is_closed (gpointer fd_pointer); /* to wait for: (int *), reads answers away */
