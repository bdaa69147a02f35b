/* measure.h - from decoded frames and loudness to what is black, frozen and silent */
#pragma once

#include "monitor/decoder.h"

G_BEGIN_DECLS

#define US_MEASURE_WIDTH 160 /* cells of a reduced picture, at most */
#define US_MEASURE_HEIGHT 90
#define US_MEASURE_MAX_SIDE 16384 /* then the sums of 183 lines fit 16 bits */
#define US_MEASURE_MAX_CHANNELS 64

/* UsGrid: a picture reduced to means of cells, 256ths of a luma step. */
typedef struct {
  guint width, height;
  guint16 cells[US_MEASURE_WIDTH * US_MEASURE_HEIGHT];
} UsGrid;

void us_grid_reduce (UsGrid *grid, const guint8 *luma, guint width, guint height, gsize stride);

/* UsMovement: between two pictures; shares of the whole luma range. */
typedef struct {
  double mean;
  double block; /* of the block that differs most: a small thing that moves */
} UsMovement;
void us_grid_compare (const UsGrid *a, const UsGrid *b, UsMovement *movement);

/* UsMeasure: of one segment; start with us_measure_init(). */
typedef struct {
  gboolean keys_only;
  UsGrid grids[2];
  UsGrid anchor; /* since which nothing moved */
  guint n_frames;
  double begin_s, last_s;
  double black_since_s, still_since_s; /* NAN: not so now */
  UsDecoded out;
  guint n_channels;
  double channel_rms_db[US_MEASURE_MAX_CHANNELS];
} UsMeasure;

void us_measure_init (UsMeasure *measure, gboolean keys_only);
void us_measure_add_frame (UsMeasure *measure, double at_s, gboolean is_key, const guint8 *luma,
                           guint width, guint height, gsize stride);
void us_measure_add_sound (UsMeasure *measure, double duration_s, const double *rms_db,
                           guint n_channels);
void us_measure_end (UsMeasure *measure, double video_s, UsDecoded *decoded);
void us_decoded_init (UsDecoded *decoded);

/* Mean difference of two signatures, 0 to 1. */
double us_signature_distance (const guint8 a[US_DECODE_SIGNATURE],
                              const guint8 b[US_DECODE_SIGNATURE]);

G_END_DECLS
