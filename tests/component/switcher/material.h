/* material.h - one short film, packaged several times over, and played to fake origins in real time
 *
 * The film has 25 pictures per second and a key frame every 0.2 s, so that a segment lasts well
 * below a second and tests are quick.
 */
#pragma once

#include "fake-origin.h"
#include "hls/probe.h"

#define MATERIAL_GOP_MS 200
#define MATERIAL_SECONDS 20
#define MATERIAL_LOOP_SECONDS 8

typedef enum {
  MATERIAL_PLAIN,   /* its own time stamps, segments of 0.4 s, from the first picture */
  MATERIAL_SHIFTED, /* other time stamps, segments of 0.6 s, from the second key frame */
  MATERIAL_ENCODED, /* other pictures (encoded again), segments of 0.6 s */
  MATERIAL_FMP4,    /* as plain, fragmented MP4 */
  MATERIAL_SOUND,   /* as plain, sound alone */
  MATERIAL_BROTHER, /* cut like plain, encoded again: what an aligned twin has */
  MATERIAL_LOOP,    /* the first 8 s over and over, segments of 1.2 s */
  MATERIAL_ROUND,   /* as loop, other time stamps */
  MATERIAL_WRAPPED, /* as shifted; its 33 bits of time stamps are at their end 5 s into the film */
} MaterialKind;

typedef struct {
  GPtrArray *bytes;     /* GBytes of each segment */
  GArray *durations_us; /* gint64 */
  gint64 start_us;      /* of the first segment in the film */
  GBytes *init;         /* (nullable) */
} Material;

Material *material_new (MaterialKind kind);
void material_free (Material *material);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Material, material_free)

/* Where in the film (in key frames, from 0) a picture comes; -1: it is in none of its segments. */
int material_find_picture (const Material *material, guint64 hash);
