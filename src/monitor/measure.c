/* measure.c - from decoded frames and loudness to what is black, frozen and silent
 *
 * Pure; runs in the decoding child. Every picture is reduced to 160 x 90 cells by plain means, so
 * that noise averages out and a small thing that moves still shows; all is measured there. The
 * thresholds were measured (docs/adr/0011): between frames of a re-encoded still picture there is
 * nothing, between its key frames a little, and in anything that moves more than either.
 */
#include "monitor/measure.h"

#include <math.h>
#include <string.h>

#define FULL (255.0 * 256.0) /* of a cell */
/* Luma of legal black is 16 of 255, 0.063. A dark scene has shape: its cells differ, by more than
 * the noise of a camera with its cap on; and it moves. */
#define BLACK_LUMA 0.10
#define BLACK_VARIANCE 0.0001
#define BLACK_STILL_VARIANCE 0.0005
/* A logo may stay on a black picture when it does not move: the brightest cells, as blackdetect's
 * pic_th of 0.98. */
#define BRIGHT_SHARE 0.02
/* Between two frames; and when the second is a key frame, which shows the same picture anew. */
#define STILL_MEAN 0.0004
#define STILL_BLOCK 0.004
#define STILL_KEY_MEAN 0.02
#define STILL_KEY_BLOCK 0.06
#define BLOCK_WIDTH 8 /* cells */
#define BLOCK_HEIGHT 9
#define SILENT_DB (-60.0)
#define QUIETEST_DB (-700.0) /* what `level` says of digital zero */
#define BINS 256
#define LANES G_GUINT64_CONSTANT (0x00ff00ff00ff00ff)

/* ---- pictures ---- */

/* Columns: sums of the columns of some lines. Eight pixels are added at a time, every other one in
 * a word of four 16-bit lanes: compilers do not do it by themselves. */
typedef struct {
  guint64 even[US_MEASURE_MAX_SIDE / 8], odd[US_MEASURE_MAX_SIDE / 8];
  guint16 rest[8]; /* what is left of a line */
} Columns;

static void
add_line (Columns *columns, const guint8 *line, guint width) {
  guint n_words = width / 8;
  for (guint i = 0; i < n_words; i++) {
    guint64 pixels;
    memcpy (&pixels, line + i * 8, 8);
    pixels = GUINT64_FROM_LE (pixels);
    columns->even[i] += pixels & LANES;
    columns->odd[i] += pixels >> 8 & LANES;
  }
  for (guint x = n_words * 8; x < width; x++)
    columns->rest[x % 8] = (guint16)(columns->rest[x % 8] + line[x]);
}

static guint
column_sum (const Columns *columns, guint x, guint width) {
  if (x >= width / 8 * 8)
    return columns->rest[x % 8];
  guint64 word = x % 2 == 0 ? columns->even[x / 8] : columns->odd[x / 8];
  return word >> (x % 8 / 2 * 16) & 0xffff;
}

/* One row of cells from the lines @top to @bottom. */
static void
reduce_row (UsGrid *grid, guint row, const guint8 *luma, guint width, guint top, guint bottom,
            gsize stride) {
  Columns columns;
  guint16 *cells = grid->cells + row * grid->width;
  memset (columns.even, 0, width / 8 * sizeof *columns.even);
  memset (columns.odd, 0, width / 8 * sizeof *columns.odd);
  memset (columns.rest, 0, sizeof columns.rest);
  for (guint y = top; y < bottom; y++)
    add_line (&columns, luma + y * stride, width);
  for (guint cell = 0, x = 0; cell < grid->width; cell++) {
    guint begin = x, end = (cell + 1) * width / grid->width;
    guint32 sum = 0;
    for (; x < end; x++)
      sum += column_sum (&columns, x, width);
    cells[cell] = (guint16)((guint64)sum * 256 / ((end - begin) * (bottom - top)));
  }
}

/**
 * us_grid_reduce:
 * @luma: (array length=height*stride)
 * @width: at most US_MEASURE_MAX_SIDE; what lies beyond is left out, as of the height
 */
void
us_grid_reduce (UsGrid *grid, const guint8 *luma, guint width, guint height, gsize stride) {
  width = MIN (width, US_MEASURE_MAX_SIDE);
  height = MIN (height, US_MEASURE_MAX_SIDE);
  grid->width = MIN (width, US_MEASURE_WIDTH);
  grid->height = MIN (height, US_MEASURE_HEIGHT);
  for (guint row = 0; row < grid->height; row++)
    reduce_row (grid, row, luma, width, row * height / grid->height,
                (row + 1) * height / grid->height, stride);
}

/* Differences of one block, in cells' units. */
static guint
compare_block (const UsGrid *a, const UsGrid *b, guint left, guint top) {
  guint right = MIN (left + BLOCK_WIDTH, a->width), bottom = MIN (top + BLOCK_HEIGHT, a->height);
  guint sum = 0;
  for (guint y = top; y < bottom; y++) {
    const guint16 *p = a->cells + y * a->width, *q = b->cells + y * b->width;
    for (guint x = left; x < right; x++)
      sum += (guint)ABS ((int)p[x] - (int)q[x]);
  }
  return sum;
}

/**
 * us_grid_compare:
 * @movement: (out caller-allocates): everything when the sizes differ
 */
void
us_grid_compare (const UsGrid *a, const UsGrid *b, UsMovement *movement) {
  guint64 total = 0;
  guint most = 0;
  movement->mean = movement->block = 1;
  if (a->width != b->width || a->height != b->height || a->width == 0 || a->height == 0)
    return;
  for (guint top = 0; top < a->height; top += BLOCK_HEIGHT)
    for (guint left = 0; left < a->width; left += BLOCK_WIDTH) {
      guint difference = compare_block (a, b, left, top);
      total += difference;
      most = MAX (most, difference);
    }
  movement->mean = (double)total / FULL / (a->width * a->height);
  movement->block = (double)most / FULL / (BLOCK_WIDTH * BLOCK_HEIGHT);
}

/* Mean and variance of the darkest @n_left cells, each 0 to 1. */
static void
summarize (const guint bins[BINS], guint n_left, double *mean, double *variance) {
  double sum = 0, squares = 0;
  guint n = 0;
  for (guint i = 0; i < BINS && n < n_left; i++) {
    guint take = MIN (bins[i], n_left - n);
    double value = i / 255.0;
    sum += take * value;
    squares += take * value * value;
    n += take;
  }
  *mean = n > 0 ? sum / n : 0;
  *variance = n > 0 ? MAX (squares / n - *mean * *mean, 0) : 0;
}

/* @is_still: a bright spot is allowed, and a little shape */
static gboolean
is_black (UsDecoded *out, const UsGrid *grid, gboolean is_still) {
  guint bins[BINS] = { 0 };
  guint n = grid->width * grid->height;
  double mean, variance;
  for (guint i = 0; i < n; i++)
    bins[grid->cells[i] / 256]++;
  summarize (bins, n, &mean, &variance);
  if (isnan (out->luma) || mean > out->luma) {
    out->luma = mean;
    out->luma_variance = variance;
  }
  if (is_still)
    summarize (bins, n - (guint)(n * BRIGHT_SHARE), &mean, &variance);
  return mean <= BLACK_LUMA && variance <= (is_still ? BLACK_STILL_VARIANCE : BLACK_VARIANCE);
}

static void
sign (const UsGrid *grid, guint8 signature[US_DECODE_SIGNATURE]) {
  for (guint cell = 0; cell < US_DECODE_SIGNATURE; cell++) {
    guint column = cell % 16, row = cell / 16;
    guint left = column * grid->width / 16, right = (column + 1) * grid->width / 16;
    guint top = row * grid->height / 9, bottom = (row + 1) * grid->height / 9;
    guint64 sum = 0, n = 0;
    for (guint y = top; y < MAX (bottom, top + 1) && y < grid->height; y++)
      for (guint x = left; x < MAX (right, left + 1) && x < grid->width; x++, n++)
        sum += grid->cells[y * grid->width + x];
    signature[cell] = n > 0 ? (guint8)(sum / n / 256) : 0;
  }
}

/**
 * us_signature_distance:
 *
 * Returns: 0: the same, to 1
 */
double
us_signature_distance (const guint8 a[US_DECODE_SIGNATURE], const guint8 b[US_DECODE_SIGNATURE]) {
  guint sum = 0;
  for (guint i = 0; i < US_DECODE_SIGNATURE; i++)
    sum += (guint)ABS ((int)a[i] - (int)b[i]);
  return sum / 255.0 / US_DECODE_SIGNATURE;
}

/* ---- one segment ---- */

/**
 * us_decoded_init:
 * @decoded: (out caller-allocates): nothing is known
 */
void
us_decoded_init (UsDecoded *decoded) {
  memset (decoded, 0, sizeof *decoded);
  decoded->luma = decoded->luma_variance = decoded->frozen_run_s = NAN;
  decoded->audio_rms_db = decoded->quiet_rms_db = NAN;
}

/**
 * us_measure_init:
 * @keys_only: what comes are key frames, between which nothing can be said of movement
 */
void
us_measure_init (UsMeasure *measure, gboolean keys_only) {
  memset (measure, 0, sizeof *measure);
  measure->keys_only = keys_only;
  measure->black_since_s = measure->still_since_s = NAN;
  us_decoded_init (&measure->out);
}

static gboolean
is_still (const UsGrid *before, const UsGrid *now, gboolean is_key) {
  UsMovement movement;
  us_grid_compare (before, now, &movement);
  return movement.mean <= (is_key ? STILL_KEY_MEAN : STILL_MEAN)
         && movement.block <= (is_key ? STILL_KEY_BLOCK : STILL_BLOCK);
}

/**
 * us_measure_add_frame:
 * @at_s: in the order of showing
 * @luma: (array length=height*stride): 8 bits
 */
void
us_measure_add_frame (UsMeasure *measure, double at_s, gboolean is_key, const guint8 *luma,
                      guint width, guint height, gsize stride) {
  UsGrid *now = &measure->grids[measure->n_frames % 2];
  const UsGrid *before = &measure->grids[(measure->n_frames + 1) % 2];
  gboolean is_first = measure->n_frames == 0;
  if (width == 0 || height == 0)
    return;
  us_grid_reduce (now, luma, width, height, stride);
  if (is_first)
    measure->begin_s = measure->still_since_s = at_s;
  /* What moves too slowly to tell from frame to frame has moved all the same after a while. */
  gboolean has_not_moved = !is_first && !measure->keys_only && is_still (before, now, is_key)
                           && is_still (&measure->anchor, now, TRUE);
  if (!has_not_moved) {
    measure->still_since_s = at_s;
    measure->anchor = *now;
  }
  /* The first picture has none before it: the benefit of the doubt is the second one's. */
  if (!is_black (&measure->out, now, has_not_moved || (is_first && !measure->keys_only)))
    measure->black_since_s = NAN;
  else if (isnan (measure->black_since_s))
    measure->black_since_s = at_s;
  if (is_first)
    sign (now, measure->out.first);
  measure->last_s = at_s;
  measure->n_frames++;
}

/**
 * us_measure_add_sound:
 * @rms_db: (array length=n_channels): of the next @duration_s
 */
void
us_measure_add_sound (UsMeasure *measure, double duration_s, const double *rms_db,
                      guint n_channels) {
  UsDecoded *out = &measure->out;
  double loudest_db = QUIETEST_DB;
  n_channels = MIN (n_channels, US_MEASURE_MAX_CHANNELS);
  if (duration_s <= 0 || n_channels == 0)
    return;
  for (; measure->n_channels < n_channels; measure->n_channels++)
    measure->channel_rms_db[measure->n_channels] = QUIETEST_DB;
  for (guint i = 0; i < n_channels; i++) {
    double value = isnan (rms_db[i]) ? QUIETEST_DB : MAX (rms_db[i], QUIETEST_DB);
    measure->channel_rms_db[i] = MAX (measure->channel_rms_db[i], value);
    loudest_db = MAX (loudest_db, value);
  }
  out->audio_s += duration_s;
  out->silent_run_s = loudest_db <= SILENT_DB ? out->silent_run_s + duration_s : 0;
}

static void
end_sound (UsMeasure *measure) {
  UsDecoded *out = &measure->out;
  if (measure->n_channels == 0)
    return;
  out->audio_rms_db = QUIETEST_DB;
  double quietest_db = G_MAXDOUBLE;
  for (guint i = 0; i < measure->n_channels; i++) {
    out->audio_rms_db = MAX (out->audio_rms_db, measure->channel_rms_db[i]);
    quietest_db = MIN (quietest_db, measure->channel_rms_db[i]);
  }
  if (measure->n_channels == 2) /* of surround some may well be silent */
    out->quiet_rms_db = quietest_db;
}

/**
 * us_measure_end:
 * @video_s: how long the pictures last, as the container says; 0: not known
 * @decoded: (out caller-allocates)
 */
void
us_measure_end (UsMeasure *measure, double video_s, UsDecoded *decoded) {
  UsDecoded *out = &measure->out;
  double span_s = measure->last_s - measure->begin_s;
  end_sound (measure);
  out->n_frames = measure->n_frames;
  if (measure->n_frames > 1)
    span_s += span_s / (measure->n_frames - 1);
  if (measure->n_frames > 0)
    sign (&measure->grids[(measure->n_frames - 1) % 2], out->last);
  if (measure->n_frames > 0)
    out->video_s = MAX (video_s, measure->keys_only ? 0 : span_s);
  double end_s = measure->begin_s + out->video_s;
  if (!isnan (measure->black_since_s))
    out->black_run_s = CLAMP (end_s - measure->black_since_s, 0, out->video_s);
  if (measure->n_frames > 1 && !measure->keys_only)
    out->frozen_run_s = CLAMP (end_s - measure->still_since_s, 0, out->video_s);
  *decoded = *out;
}
