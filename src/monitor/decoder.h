/* decoder.h - decodes segments in child processes: pictures, luma, movement, loudness */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define US_DECODE_SIGNATURE 144        /* cells of 16 x 9, the mean luma of each */
#define US_DECODE_MAX_BYTES (64 << 20) /* of one segment and its initialisation section */
#define US_DECODE_MAX_QUEUED 64        /* jobs that wait */
#define US_DECODE_MAX_QUEUED_BYTES (256 << 20)
#define US_DECODE_MAX_JPEG (1 << 20)

typedef enum {
  US_DECODE_PICTURE, /* the first key frame, as JPEG */
  US_DECODE_KEYS,    /* key frames and the sound: cheap, cannot tell what is frozen */
  US_DECODE_ALL,     /* every frame and the sound */
} UsDecodeKind;

/* US_DECODE_ROUTINE is refused as soon as jobs wait; US_DECODE_WANTED goes before all others. */
typedef enum { US_DECODE_ROUTINE, US_DECODE_WANTED } UsDecodePriority;

#define US_DECODE_ERROR us_decode_error_quark ()
typedef enum {
  US_DECODE_ERROR_REFUSED,    /* too much waits, or too large */
  US_DECODE_ERROR_NO_DECODER, /* no element for this codec is installed */
  US_DECODE_ERROR_MEDIA,      /* nothing in it can be decoded */
  US_DECODE_ERROR_TIMEOUT,    /* the child was ended at its deadline */
  US_DECODE_ERROR_CRASHED,    /* the child ended by itself: crashed, or cannot be started */
} UsDecodeError;
GQuark us_decode_error_quark (void);

/* UsDecoded: what came out. Seconds of media time; a run is counted back from the end of the
 * segment: how long it has been so when the segment ends. */
typedef struct {
  guint n_frames;             /* decoded pictures; 0: no video was asked for, or there is none */
  double video_s;             /* length of the pictures */
  double luma, luma_variance; /* 0 to 1: of the brightest picture */
  double black_run_s;         /* at most @video_s, which means all of them */
  double frozen_run_s;        /* NAN: not all frames were decoded, or only one */
  guint8 first[US_DECODE_SIGNATURE], last[US_DECODE_SIGNATURE]; /* of these pictures */
  double audio_s;                                               /* length of the sound; 0: none */
  double audio_rms_db; /* the loudest channel in its loudest tenth of a second */
  double silent_run_s; /* at most @audio_s */
  double quiet_rms_db; /* the same of the quietest channel; NAN: only one channel */
} UsDecoded;

/* @argv: (array zero-terminated=1) (nullable): starts the child that us_decode_worker_run() serves;
 *   NULL: this program as us_decode_worker_argv() says
 * @max_workers: children at once
 * @deadline_ms: of one job, without the start of the child
 * @idle_ms: a child without a job ends after it */
typedef struct {
  const char *const *argv;
  guint max_workers;
  guint deadline_ms;
  guint idle_ms;
} UsDecoderSettings;
void us_decoder_settings_default (UsDecoderSettings *settings);

typedef struct UsDecoder UsDecoder;
UsDecoder *us_decoder_new (const UsDecoderSettings *settings);
void us_decoder_free (UsDecoder *decoder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsDecoder, us_decoder_free)

typedef struct {
  GBytes *jpeg;
  guint width, height;
} UsDecodedPicture;

/* Called once, later, in the main context of us_decoder_new(). @decoded: (nullable): of KEYS and
 * ALL; @picture: (nullable): of PICTURE; @error: (nullable): then both are NULL */
typedef void (*UsDecodeDone) (const UsDecoded *decoded, const UsDecodedPicture *picture,
                              const GError *error, gpointer user_data);
/* Returns: id of the job for us_decoder_cancel(); 0: refused, @done is not called */
guint us_decoder_push (UsDecoder *decoder, UsDecodeKind kind, UsDecodePriority priority,
                       GBytes *segment, GBytes *init, UsDecodeDone done, gpointer user_data);
/* @done will not be called. */
void us_decoder_cancel (UsDecoder *decoder, guint job);

typedef struct {
  guint n_workers, n_running, n_queued;
  guint64 n_done, n_failed, n_refused, n_timeouts, n_crashes;
} UsDecoderStats;
void us_decoder_get_stats (const UsDecoder *decoder, UsDecoderStats *stats);

G_END_DECLS
