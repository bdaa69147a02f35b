/* film.h - foreign origins that show one film in real time */
#pragma once

#include "material.h"
#include "stage.h"

typedef struct {
  FakeOrigin *fake;
  const Material *material;
  guint next;      /* segment to be listed next */
  gint64 due_us;   /* when, in film time */
  gint64 late_us;  /* behind the film */
  gint64 clock_ms; /* its clock is ahead */
  gboolean has_no_dates;
  gboolean is_stopped; /* makes nothing more */
  const char *map_uri; /* (nullable) */
  const char *ending;  /* of its segments */
} FilmOrigin;

typedef struct {
  FilmOrigin *origins;
  guint n_origins;
  gint64 begun_us;
  guint timer;
} Film;

/* The first @head_us of the film are there at once. */
void film_begin (Film *film, FilmOrigin *origins, guint n_origins, gint64 head_us);
void film_end (Film *film);
