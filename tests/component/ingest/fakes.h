/* fakes.h - an RTMP server that records what a relay sends, and an encoder that sends what it is
 * told */
#pragma once

#include "rtmp/client.h"
#include "rtmp/listener.h"
#include "rtmp/mark.h"

/* FakeSegment: what a packager knows of one segment. */
typedef struct {
  UsMark opening, closing; /* closing.closes 0: not closed */
  GByteArray *bytes;       /* all media payloads with their time stamps, in order */
  guint n_items;
} FakeSegment;

typedef struct {
  GMainContext *context; /* nullable: own loop, run only by fake_server_run() */
  UsRtmpListener *listener;
  UsRtmpConnection *connection; /* latest */
  gboolean is_packager;         /* says at publish what it has whole; else ... */
  gboolean has_resume;          /* ... whether it says something ... */
  guint64 resume;               /* ... and what */
  GHashTable *segments; /* guint64 number -> FakeSegment; of a second stream number + 2^40 ... */
  GPtrArray *keys;      /* of all streams, in order of arrival */
  guint n_publishes, n_closed, n_end_marks, n_media, n_data, n_configs;
  guint n_abandoned;       /* segments that were begun and that the next mark did not close ... */
  guint n_abandoned_items; /* ... and what had come of them */
  gboolean is_rising;      /* time stamps never fell on any track */
  guint32 last_ms[2];
  char *key; /* of the latest publish */
} FakeServer;

FakeServer *fake_server_new (guint16 port, gboolean has_own_loop);
char *fake_server_url (FakeServer *server);
FakeSegment *fake_server_get (FakeServer *server, guint64 number);
guint64 fake_server_last_closed (FakeServer *server);
void fake_server_run (FakeServer *server);
void fake_server_free (FakeServer *server);

/* Encoder: queues messages, sends them as the connection takes them. */
typedef struct {
  UsRtmpClient *client;
  GQueue queue;
  gboolean is_ready, is_closed;
  gboolean is_finishing; /* once the queue is empty */
  char *fault;           /* nullable: why it was closed */
  gint64 time_ms;        /* of the next frame */
} Encoder;

Encoder *encoder_new (guint16 port, const char *path);
void encoder_send (Encoder *encoder, UsRtmpMessageType type, gint64 time_ms, GBytes *payload);
void encoder_send_configs (Encoder *encoder, guint8 variant);
/* @length_ms of 25 fps video and audio, a key frame each second, frames of @frame_bytes */
void encoder_send_media (Encoder *encoder, gint64 length_ms, gsize frame_bytes);
/* Sends what encoder_send() has queued. */
void encoder_flush (Encoder *encoder);
void encoder_finish (Encoder *encoder);
void encoder_free (Encoder *encoder);

typedef gboolean (*WaitFunc) (gpointer data);
/* Runs the default main context until @func is true; aborts the test after 30 s. */
void wait_until (WaitFunc func, gpointer data, FakeServer *also, const char *what);
